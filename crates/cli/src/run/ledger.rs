//! What one run has seen so far, as a survey: creates, orgs, what the state holds.
//!
//! Never asks anybody. The plugin protocol tells no addresses, so each create is at an address of its
//! own that only this file knows. Invariants: what is planned at `entries[i].at` is the create of
//! `entries[i]`; what comes in costs what it is, not what is there already.

mod asked;
mod compared;
mod conclusion;
mod opinion;
mod orgs;
mod plain_text;
mod subject;
#[cfg(test)]
mod tests;
mod waiting;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use divvy_core::kind::Filling;
use divvy_core::survey::{Alias, Change, Desired, ErroredState, Planned, Survey, key_of};
use divvy_core::{Address, EntityId, Failure, GrowingSurvey, Key, Kind, OrgId};
use divvy_plugin::Value;
use divvy_plugin::proxy::{AliasToken, Create, Settled};
use divvy_terraform::Blocks;

pub(crate) use self::asked::{Opinion, Phase};
use self::compared::Compared;
pub(crate) use self::conclusion::{Conclusion, Identity, Places, places};
use self::plain_text::PlainText;
use self::waiting::Waiting;
use crate::run::aliases::AliasNames;
use crate::run::announcements::Announcement;
use crate::run::creates::{attributes, unaddressed};
use crate::run::failures;
use crate::run::holdings::Held;
use crate::run::policy::RunPolicy;
use crate::run::reader::Wanted;

/// The alias of the provider configuration that comes first.
const FIRST_ALIAS: &str = "genesyscloud";

/// What is remembered of a create beside the survey.
struct Entry {
    token: AliasToken,
    /// Where the survey has it.
    at: usize,
    /// True if its name was known when the plan was shown.
    was_shown: bool,
    /// The id of what it replaces.
    replaces: Option<EntityId>,
    settled: Option<Settled>,
    /// What an apply would change about the entity of this id, once the provider has said it.
    compared: Option<(EntityId, Compared)>,
}

/// What the configuration's text tells that the plugin protocol does not.
#[derive(Clone)]
pub(crate) struct Configuration {
    pub(crate) blocks: Arc<Blocks>,
    pub(crate) names: Arc<AliasNames>,
}

/// What one run has seen.
pub(crate) struct Ledger {
    policy: RunPolicy,
    configuration: Configuration,
    /// By type and attribute: what Terraform would show, and how often it was wanted.
    written_values: HashMap<(&'static str, &'static str), PlainText>,
    survey: GrowingSurvey,
    entries: Vec<Entry>,
    /// The number of the create at an address.
    numbers: HashMap<Address, usize>,
    waiting: Waiting,
    aliases: BTreeMap<AliasToken, Alias>,
    /// The evaluated blocks. They hold secrets.
    evaluated: BTreeMap<AliasToken, Value>,
    credentials_from: BTreeMap<Alias, String>,
    /// The name of each provider block, by the name that it has here.
    labels: BTreeMap<Alias, String>,
    /// Configurations whose org is asked name by name.
    by_name: BTreeSet<Alias>,
    /// What was read of each org: by kind, and by what fills its path.
    listed: HashSet<(OrgId, &'static Kind, Filling)>,
    held: Held,
    is_held: bool,
    /// What a plan file would make, by address and by key.
    planned_at: HashMap<Address, usize>,
    planned_as: HashMap<(&'static Kind, Key), Vec<usize>>,
    /// What a plan file announced.
    announced: BTreeSet<Announcement>,
    /// What this run's own plan has shown.
    shown: BTreeSet<Announcement>,
    /// Why a plan file announced nothing.
    unannounced: Option<String>,
    /// The creates of which the latest opinion permits an adoption, by phase.
    permitted: BTreeMap<Phase, BTreeSet<usize>>,
    /// Ids of what this run has deleted.
    deleted: HashSet<(String, EntityId)>,
    /// Ids that Terraform has shown to be managed.
    managed: HashSet<(String, EntityId)>,
    /// Ids that the first listing lacked.
    late: HashSet<EntityId>,
    /// Provider configurations whose block was not fully known; at apply they have another token.
    open: BTreeSet<AliasToken>,
    /// Address and name of each block whose single instance is in the configuration's text.
    written: HashSet<(String, String)>,
    /// Tainted and deposed instances of the state, by key.
    left: HashMap<(&'static Kind, Key), Vec<Address>>,
}

impl Ledger {
    pub(crate) fn new(
        policy: RunPolicy,
        announced: BTreeSet<Announcement>,
        configuration: Configuration,
    ) -> Self {
        let survey = Survey { desired: Some(Desired::default()), ..Survey::default() };
        Self {
            policy,
            configuration,
            written_values: HashMap::new(),
            survey: GrowingSurvey::new(survey),
            entries: Vec::new(),
            numbers: HashMap::new(),
            waiting: Waiting::default(),
            aliases: BTreeMap::new(),
            evaluated: BTreeMap::new(),
            credentials_from: BTreeMap::new(),
            labels: BTreeMap::new(),
            by_name: BTreeSet::new(),
            listed: HashSet::new(),
            held: Err("it was not read yet".to_owned()),
            is_held: false,
            planned_at: HashMap::new(),
            planned_as: HashMap::new(),
            announced,
            shown: BTreeSet::new(),
            unannounced: None,
            permitted: BTreeMap::new(),
            deleted: HashSet::new(),
            managed: HashSet::new(),
            late: HashSet::new(),
            open: BTreeSet::new(),
            written: HashSet::new(),
            left: HashMap::new(),
        }
    }

    /// Takes in which instances are in the configuration's text: address and name. The protocol tells
    /// no address, so nothing else says that a tracked one stays.
    pub(crate) fn is_written(&mut self, instances: impl IntoIterator<Item = (String, String)>) {
        self.written.extend(instances);
        self.place_tracked();
    }

    pub(crate) fn policy(&self) -> &RunPolicy {
        &self.policy
    }

    pub(crate) fn configuration(&self) -> &Configuration {
        &self.configuration
    }

    /// Takes in why a plan file announced nothing.
    pub(crate) fn is_unannounced(&mut self, because: Option<String>) {
        self.unannounced = because;
    }

    /// Takes in that a state which could not be saved is there.
    pub(crate) fn lies_beside(&mut self, errored_state: Option<ErroredState>) {
        self.survey.change(|survey| survey.surroundings.errored_state = errored_state);
    }

    /// Begins a walk of Terraform over the instances of one provider configuration.
    pub(crate) fn begin_walk(&mut self, token: &AliasToken, block: &Value) {
        self.evaluated.entry(token.clone()).or_insert_with(|| block.clone());
        if block.holds_unknown() {
            self.open.insert(token.clone());
        }
        self.waiting.begin_walk(token);
    }

    /// Takes in a create, or finds the one of an earlier walk again; returns its number.
    pub(crate) fn enter(&mut self, create: &Create, kind: &'static Kind) -> usize {
        let (after, unknown) = attributes(create, kind);
        let key = key_of(kind, &after);
        let found = self.waiting.unseen(&create.alias, kind, key.as_ref());
        let number = found.unwrap_or_else(|| self.enter_new(create, kind, key.as_ref()));
        let at = self.entries[number].at;
        let before = self.survey.desired.as_ref().map(|desired| &desired.planned[at]);
        let before = before.and_then(|planned| planned.after.clone());
        self.waiting.see(number, &create.alias, kind, key);
        self.want_values(kind, before.as_ref(), &after);
        let sensitive = self.sensitive(&self.address(number).clone(), kind, &after);
        self.survey.plan_again(at, |planned| {
            (planned.after, planned.unknown) = (Some(after), unknown);
            planned.sensitive = sensitive;
        });
        number
    }

    fn enter_new(&mut self, create: &Create, kind: &'static Kind, key: Option<&Key>) -> usize {
        let number = self.entries.len();
        let alias = self.aliases.get(&create.alias).cloned();
        let alias = alias.unwrap_or_else(|| Alias::new(FIRST_ALIAS));
        let (address, change) = self
            .instance_of(create, kind, key)
            .unwrap_or_else(|| (unaddressed(kind, number), Change::Create));
        let planned = Planned::new(address.clone(), kind, alias, change);
        // A tracked instance may have been planned there, as one that stays.
        let at = match self.survey.position(&address) {
            Some(at) => {
                self.survey.plan_again(at, |kept| *kept = planned);
                at
            }
            None => self.survey.plan(planned),
        };
        self.numbers.insert(address, number);
        self.entries.push(Entry {
            token: create.alias.clone(),
            at,
            was_shown: key.is_some() && self.open.is_empty(),
            replaces: create.replaces.clone().map(EntityId::new),
            settled: None,
            compared: None,
        });
        number
    }

    /// Returns the number of a create that is being applied.
    pub(crate) fn applied(&self, create: &Create, kind: &'static Kind) -> Option<usize> {
        let key = key_of(kind, &attributes(create, kind).0)?;
        self.waiting.unsettled(&create.alias, kind, &key)
    }

    /// Returns what is planned of a create.
    fn planned(&self, number: usize) -> &Planned {
        let desired = self.survey.desired.as_ref();
        // An entry is made together with its place in the survey.
        &desired.expect("there is a plan from the start").planned[self.entries[number].at]
    }

    /// Returns the address under which a create is known here.
    pub(crate) fn address(&self, number: usize) -> &Address {
        &self.planned(number).address
    }

    /// Returns the name that a create wants.
    pub(crate) fn name(&self, number: usize) -> Option<String> {
        let planned = self.planned(number);
        planned.wanted_key().map(|key| planned.kind.shown_key(&key))
    }

    /// Returns what a refused create looks for; `is_there` says that something of its key is there for
    /// certain.
    pub(crate) fn wanted(&self, number: usize, is_there: bool) -> Option<Wanted> {
        let planned = self.planned(number);
        let division = planned.division().map(str::to_owned);
        Some(Wanted { key: planned.wanted_key()?, division, is_there })
    }

    /// Takes in that a create was refused; returns the failure's number.
    pub(crate) fn refused(&mut self, number: usize, mut failure: Failure) -> usize {
        let planned = self.planned(number);
        let terraform_type = planned.kind.terraform_type.to_owned();
        let is_taken = failures::says_taken(&failure, planned.kind);
        if planned.kind.key.iter().any(|part| planned.sensitive.contains(part.attribute())) {
            // What the provider says holds the name.
            failure.name = None;
            "the create was refused".clone_into(&mut failure.summary);
        }
        let Entry { replaces, at, .. } = &self.entries[number];
        let replaced = replaces.clone();
        if is_taken && replaced.is_some_and(|id| !self.deleted.contains(&(terraform_type, id))) {
            // What it replaces is still there, so this create came first.
            let change = Change::Replace { create_first: true };
            self.survey.plan_again(*at, |planned| planned.change = change);
        }
        self.survey.fail(failure)
    }

    /// Takes in that an object is being deleted.
    pub(crate) fn deletes(&mut self, terraform_type: &str, id: &str) {
        self.deleted.insert((terraform_type.to_owned(), EntityId::new(id)));
    }

    /// Takes in whether this very run caused a failure.
    pub(crate) fn caused(&mut self, failure: usize, is_self_made: bool) {
        self.survey.caused(failure, is_self_made);
    }

    /// Takes in an id that some address holds.
    pub(crate) fn manage(&mut self, terraform_type: &str, id: &str) {
        self.managed.insert((terraform_type.to_owned(), EntityId::new(id)));
    }

    /// Takes in how a create ended.
    pub(crate) fn settle(&mut self, number: usize, settled: &Settled) {
        self.waiting.settle(number);
        self.entries[number].settled = Some(settled.clone());
    }

    /// Reports whether an apply came to any create.
    pub(crate) fn has_settled(&self) -> bool {
        self.entries.iter().any(|entry| entry.settled.is_some())
    }
}
