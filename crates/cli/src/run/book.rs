//! What one run has seen so far, as a survey: creates, orgs, what the state holds.
//!
//! Never asks anybody. The plugin protocol tells no addresses, so each create stands at an address
//! of its own that only this file knows. Invariant: `survey.desired.planned[i]` is the create of
//! `entries[i]`.

mod conclusion;
mod subject;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use divvy_core::decide::{Action, Decided, Decision, Decisions, Expect, Policy, decide};
use divvy_core::resolve::{resolve, resolve_at};
use divvy_core::shown::Shown;
use divvy_core::survey::{
    Alias, AliasTarget, Change, Desired, ErroredState, Listing, Planned, Survey, Tracked,
    TrackedInstance, key_of,
};
use divvy_core::{Address, Entity, EntityId, Failure, Finding, Kind, Resolution, catalogue};
use divvy_plugin::Value;
use divvy_plugin::proxy::{AliasToken, Create, Settled};
use divvy_terraform::{Blocks, Visibility};

pub(crate) use self::conclusion::{Conclusion, Places, places};
use crate::run::aliases::AliasNames;
use crate::run::announcements::Announcement;
use crate::run::creates::{attributes, holds_unknown, shown, unaddressed};
use crate::run::failures;
use crate::run::holdings::{Held, Holdings};
use crate::run::orgs::{Answer, Asked};
use crate::run::policy::{RunPolicy, Stance};

/// The alias of the provider configuration that comes first.
const FIRST_ALIAS: &str = "genesyscloud";

/// What is remembered of a create beside the survey.
struct Entry {
    token: AliasToken,
    /// False while an apply's second walk has not come to it.
    is_seen: bool,
    /// True if its name was known when the plan was shown.
    was_shown: bool,
    /// The id of what it replaces.
    replaces: Option<EntityId>,
    settled: Option<Settled>,
}

/// When something is asked of the book.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// While the plan is made: what would be permitted after a yes.
    Plan,
    /// After a create was refused.
    Apply,
}

/// What is to be said about one create.
pub(crate) struct Opinion {
    /// The finding; it names no address that does not exist.
    pub(crate) finding: Finding,
    /// The adoption that is permitted, or why there is none.
    pub(crate) adoption: Result<(EntityId, Expect), String>,
    /// True if this very run made what is there.
    pub(crate) is_self_made: bool,
    /// Why the org was not seen whole, where it was not.
    pub(crate) gap: Option<String>,
}

/// What the configuration's text tells that the plugin protocol does not.
#[derive(Clone)]
pub(crate) struct Configuration {
    pub(crate) blocks: Arc<Blocks>,
    pub(crate) names: Arc<AliasNames>,
}

/// What one run has seen.
pub(crate) struct Book {
    policy: RunPolicy,
    configuration: Configuration,
    /// By type and attribute: what Terraform would show.
    visibility: BTreeMap<(&'static str, &'static str), Visibility>,
    survey: Survey,
    entries: Vec<Entry>,
    aliases: BTreeMap<AliasToken, Alias>,
    /// The evaluated blocks. They hold secrets.
    evaluated: BTreeMap<AliasToken, Value>,
    credentials_from: BTreeMap<Alias, String>,
    /// The name of each provider block, by the name that it has here.
    labels: BTreeMap<Alias, String>,
    /// Configurations whose org is asked name by name.
    by_name: BTreeSet<Alias>,
    held: Held,
    is_held: bool,
    announced: BTreeSet<Announcement>,
    /// Why a plan file announced nothing.
    unannounced: Option<String>,
    /// Ids of what this run has deleted.
    deleted: BTreeSet<(String, EntityId)>,
    /// Ids that Terraform has shown to be managed.
    managed: BTreeSet<(String, EntityId)>,
    /// Ids that the first listing lacked.
    late: BTreeSet<EntityId>,
    /// Provider configurations whose block was not fully known; at apply they have another token.
    open: BTreeSet<AliasToken>,
    /// Address and name of each block whose single instance stands in the configuration's text.
    written: BTreeSet<(String, String)>,
    /// The tracked instances of those blocks.
    kept: Vec<Planned>,
}

impl Book {
    pub(crate) fn new(
        policy: RunPolicy,
        announced: BTreeSet<Announcement>,
        configuration: Configuration,
    ) -> Self {
        let survey = Survey { desired: Some(Desired::default()), ..Survey::default() };
        Self {
            policy,
            configuration,
            visibility: BTreeMap::new(),
            survey,
            entries: Vec::new(),
            aliases: BTreeMap::new(),
            evaluated: BTreeMap::new(),
            credentials_from: BTreeMap::new(),
            labels: BTreeMap::new(),
            by_name: BTreeSet::new(),
            held: Err("it was not read yet".to_owned()),
            is_held: false,
            announced,
            unannounced: None,
            deleted: BTreeSet::new(),
            managed: BTreeSet::new(),
            late: BTreeSet::new(),
            open: BTreeSet::new(),
            written: BTreeSet::new(),
            kept: Vec::new(),
        }
    }

    /// Takes in which instances stand in the configuration's text: address and name. The protocol
    /// tells no address, so nothing else says that a tracked one stays.
    pub(crate) fn is_written(&mut self, instances: impl IntoIterator<Item = (String, String)>) {
        self.written.extend(instances);
        self.kept = self.staying();
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

    /// Takes in that a state which could not be saved lies there.
    pub(crate) fn lies_beside(&mut self, errored_state: Option<ErroredState>) {
        self.survey.surroundings.errored_state = errored_state;
    }

    /// Begins a walk of Terraform over the instances of one provider configuration.
    pub(crate) fn begin_walk(&mut self, token: &AliasToken, block: &Value) {
        self.evaluated.entry(token.clone()).or_insert_with(|| block.clone());
        if holds_unknown(block) {
            self.open.insert(token.clone());
        }
        for entry in self.entries.iter_mut().filter(|entry| entry.token == *token) {
            entry.is_seen = false;
        }
    }

    /// Takes in what the state and, if there is one, the plan file hold; the first word counts.
    pub(crate) fn hold_once(&mut self, held: Held) {
        if !self.is_held {
            self.is_held = true;
            self.held = held;
            self.place_tracked();
        }
    }

    /// Takes in where a provider configuration leads; once for each.
    pub(crate) fn lead(&mut self, token: &AliasToken, answer: &Answer) {
        if self.aliases.contains_key(token) {
            return;
        }
        let is_asked_by_name = answer.as_ref().is_ok_and(Asked::is_asked_by_name);
        let alias = if self.aliases.is_empty() {
            Alias::new(FIRST_ALIAS)
        } else {
            Alias::new(format!("{FIRST_ALIAS}.{token}"))
        };
        self.aliases.insert(token.clone(), alias.clone());
        if let Some(block) = self.evaluated.get(token) {
            self.labels.insert(alias.clone(), self.configuration.names.name(block));
        }
        if is_asked_by_name {
            self.by_name.insert(alias.clone());
        }
        let target = match answer {
            Ok(asked) => {
                self.survey.orgs.entry(asked.id.clone()).or_insert_with(|| asked.org.clone());
                self.credentials_from.insert(alias.clone(), asked.credentials_from.clone());
                AliasTarget::Org(asked.id.clone())
            }
            Err(reason) => AliasTarget::Unresolved(reason.clone()),
        };
        self.survey.aliases.insert(alias, target);
        self.place_tracked();
    }

    /// Puts each tracked instance under the configuration whose org shows its id: the protocol does
    /// not tell which alias of the state a configuration is.
    fn place_tracked(&mut self) {
        let Ok(Holdings { tracked, .. }) = &self.held else { return };
        let instances = tracked.instances.iter().filter_map(|instance| {
            let alias = self.survey.aliases.iter().find(|(_, target)| self.shows(target, instance));
            let alias = match (alias, self.survey.aliases.len()) {
                (Some((alias, _)), _) => {
                    alias.as_str().split_once('.').map(|(_, token)| token.to_owned())
                }
                (None, 1) => None,
                (None, _) => return None,
            };
            Some(TrackedInstance { provider_alias: alias, ..instance.clone() })
        });
        let instances = instances.collect();
        self.survey.tracked = Some(Tracked { instances, ..tracked.clone() });
        self.kept = self.staying();
    }

    fn shows(&self, target: &AliasTarget, instance: &TrackedInstance) -> bool {
        let AliasTarget::Org(org) = target else { return false };
        let listing = self.survey.orgs.get(org).and_then(|org| org.listings.get(instance.kind));
        listing.is_some_and(|listing| listing.entities.with_id(&instance.id).is_some())
    }

    /// Takes in a create, or finds the one of an earlier walk again; returns its number.
    pub(crate) fn enter(&mut self, create: &Create, kind: &'static Kind) -> usize {
        let alias =
            self.aliases.get(&create.alias).cloned().unwrap_or_else(|| Alias::new(FIRST_ALIAS));
        let (after, unknown) = attributes(create, kind);
        let key = key_of(kind, &after);
        let found = self.number(create, kind, false).or_else(|| {
            // A name that the first walk did not know.
            self.planned().iter().zip(&self.entries).position(|(planned, entry)| {
                !entry.is_seen
                    && entry.token == create.alias
                    && planned.kind == kind
                    && planned.wanted_key().is_none()
            })
        });
        let number = found.unwrap_or(self.entries.len());
        if found.is_none() {
            let (address, change) = self
                .instance_of(create, kind, key.as_ref())
                .unwrap_or_else(|| (unaddressed(kind, number), Change::Create));
            let planned = Planned::new(address, kind, alias, change);
            self.entries.push(Entry {
                token: create.alias.clone(),
                is_seen: true,
                was_shown: key.is_some() && self.open.is_empty(),
                replaces: create.replaces.clone().map(EntityId::new),
                settled: None,
            });
            self.desired().planned.push(planned);
            self.desired().pending.create += 1;
        }
        self.entries[number].is_seen = true;
        let planned = &mut self.desired().planned[number];
        (planned.after, planned.unknown) = (Some(after), unknown);
        let sensitive = self.sensitive(number);
        self.desired().planned[number].sensitive = sensitive;
        number
    }

    /// Returns the number of a create that was entered before; of several equal ones, the first that
    /// this walk has not seen, or that is not settled.
    fn number(&self, create: &Create, kind: &'static Kind, is_seen: bool) -> Option<usize> {
        let key = key_of(kind, &attributes(create, kind).0)?;
        self.planned().iter().zip(&self.entries).position(|(planned, entry)| {
            entry.token == create.alias
                && planned.kind == kind
                && planned.wanted_key().as_ref() == Some(&key)
                && if is_seen { entry.settled.is_none() } else { !entry.is_seen }
        })
    }

    /// Returns the number of a create that is being applied.
    pub(crate) fn applied(&self, create: &Create, kind: &'static Kind) -> Option<usize> {
        self.number(create, kind, true)
    }

    /// Returns the address under which a create is known here.
    pub(crate) fn address(&self, number: usize) -> &Address {
        &self.planned()[number].address
    }

    /// Returns the name that a create wants.
    pub(crate) fn name(&self, number: usize) -> Option<String> {
        self.planned()[number].wanted_key().map(|key| key.to_string())
    }

    /// Takes in that a create was refused; returns the failure's number.
    pub(crate) fn refused(&mut self, number: usize, mut failure: Failure) -> usize {
        let planned = &self.planned()[number];
        let terraform_type = planned.kind.terraform_type.to_owned();
        if planned.kind.key.iter().any(|part| planned.sensitive.contains(part.terraform)) {
            // What the provider says holds the name.
            failure.name = None;
            "the create was refused".clone_into(&mut failure.summary);
        }
        let replaced = self.entries[number].replaces.clone();
        if failure.status == Some(409)
            && replaced.is_some_and(|id| !self.deleted.contains(&(terraform_type, id)))
        {
            // What it replaces is still there, so this create came first.
            self.desired().planned[number].change = Change::Replace { create_first: true };
        }
        self.survey.failures.push(failure);
        self.survey.failures.len() - 1
    }

    /// Takes in that an object is being deleted.
    pub(crate) fn deletes(&mut self, terraform_type: &str, id: &str) {
        self.deleted.insert((terraform_type.to_owned(), EntityId::new(id)));
    }

    /// Takes in whether this very run caused a failure.
    pub(crate) fn caused(&mut self, failure: usize, is_self_made: bool) {
        if let Some(failure) = self.survey.failures.get_mut(failure) {
            failure.is_self_made = is_self_made;
        }
    }

    /// Takes in an entity of an org that is asked name by name.
    pub(crate) fn found(&mut self, token: &AliasToken, entity: Entity) {
        if let Some(listing) = self.listing(token, entity.kind)
            && listing.entities.with_id(&entity.id).is_none()
        {
            listing.entities.push(entity);
            // Its address may have been without an org until now.
            self.place_tracked();
        }
    }

    /// Takes in what was deleted and may be restored.
    pub(crate) fn found_deleted(&mut self, token: &AliasToken, kind: &Kind, deleted: Vec<Entity>) {
        if let Some(listing) = self.listing(token, kind) {
            listing.deleted = Some(deleted);
        }
    }

    fn listing(&mut self, token: &AliasToken, kind: &Kind) -> Option<&mut Listing> {
        match self.survey.aliases.get(self.aliases.get(token)?)? {
            AliasTarget::Org(org) => self.survey.orgs.get_mut(org)?.listings.get_mut(kind),
            AliasTarget::Unresolved(_) => None,
        }
    }

    /// Takes in an entity that the first listing lacked.
    pub(crate) fn found_late(&mut self, token: &AliasToken, entity: Entity) {
        if !self.shows_id(&entity) {
            self.late.insert(entity.id.clone());
        }
        self.found(token, entity);
    }

    fn shows_id(&self, entity: &Entity) -> bool {
        let listings = self.survey.orgs.values().flat_map(|org| org.listings.values());
        listings.flat_map(|listing| &listing.entities).any(|known| known.id == entity.id)
    }

    /// Takes in how a create ended.
    pub(crate) fn settle(&mut self, number: usize, settled: &Settled) {
        self.entries[number].settled = Some(settled.clone());
    }

    /// Says what `resolve` makes of one create, and what may be done about it.
    pub(crate) fn opinion(&mut self, number: usize, phase: Phase) -> Option<Opinion> {
        let address = self.address(number).clone();
        let decisions = self.decided_by(|survey| resolve_at(survey, &address));
        let mut all = decisions.all.iter();
        let one = all.find(|one| one.finding.address.as_ref() == Some(&address))?;
        let finding = &one.finding;
        let is_self_made = self.is_self_made(finding);
        let mut adoption = self.permitted(&decisions, one, phase);
        if adoption.is_ok() && !is_self_made && self.policy.max_adopt.is_some() {
            let count = self.permitted_count(phase);
            adoption = self.policy.permits_so_many(count).and(adoption);
        }
        let finding = shown(finding, &BTreeMap::new(), &self.labels);
        Some(Opinion { finding, adoption, is_self_made, gap: self.gap(number) })
    }

    /// Counts what would be adopted of everything seen so far.
    fn permitted_count(&mut self, phase: Phase) -> usize {
        let decisions = self.decided();
        decisions.all.iter().filter(|one| self.permitted(&decisions, one, phase).is_ok()).count()
    }

    /// Takes in an id that some address holds.
    pub(crate) fn manage(&mut self, terraform_type: &str, id: &str) {
        self.managed.insert((terraform_type.to_owned(), EntityId::new(id)));
    }

    /// Says whether an apply came to any create.
    pub(crate) fn has_settled(&self) -> bool {
        self.entries.iter().any(|entry| entry.settled.is_some())
    }

    /// Remembers that a person was shown this adoption.
    pub(crate) fn announce(&mut self, number: usize, opinion: &Opinion) {
        if self.entries[number].was_shown {
            self.announced.extend(announcement(&opinion.finding));
        }
    }

    /// Returns what was announced and would, with everything seen, still be adopted.
    pub(crate) fn announcements(&mut self) -> BTreeSet<Announcement> {
        let decisions = self.decided();
        let permitted = decisions
            .all
            .iter()
            .filter(|one| self.permitted(&decisions, one, Phase::Apply).is_ok());
        let announced: BTreeSet<_> =
            permitted.filter_map(|one| announcement(&one.finding)).collect();
        match self.policy.permits_so_many(announced.len()) {
            Ok(()) => announced,
            Err(_) => BTreeSet::new(),
        }
    }

    /// Returns the name that a finding is about, also where it is not to be shown.
    fn name_at(&self, finding: &Finding) -> String {
        let is_about = |planned: &&Planned| Some(&planned.address) == finding.address.as_ref();
        let planned = self.planned().iter().find(is_about);
        let key = planned.and_then(Planned::wanted_key);
        let shown = finding.name.as_ref().and_then(Shown::plain).cloned();
        key.map(|key| key.to_string()).or(shown).unwrap_or_default()
    }

    fn decided(&mut self) -> Decisions {
        self.decided_by(resolve)
    }

    /// Lets the survey be resolved in this way, and decides about what comes out. The book is read
    /// anew each time: nothing that was decided before it changed can come out.
    fn decided_by(&mut self, resolve: impl FnOnce(&Survey) -> Resolution) -> Decisions {
        let creates = self.planned().len();
        let mut kept = std::mem::take(&mut self.kept);
        // What is planned at an address is not there twice.
        kept.retain(|one| !self.planned().iter().any(|planned| planned.address == one.address));
        self.desired().planned.append(&mut kept);
        let resolution = resolve(&self.survey);
        // The plan shows each adoption by name, also where the whole state seems to be missing.
        let policy = Policy {
            adopt_all: true,
            adopt_drifted: true,
            accept_drift: self.policy.accept_drift,
            ..Policy::default()
        };
        self.kept = self.desired().planned.split_off(creates);
        decide(resolution, &policy)
    }

    /// The tracked instances that stay: their blocks are in the text, under the name they have.
    fn staying(&self) -> Vec<Planned> {
        let tracked = self.survey.tracked.iter().flat_map(|tracked| &tracked.instances);
        let stays = |instance: &&TrackedInstance| {
            let name = key_of(instance.kind, &instance.attributes).map(|key| key.to_string());
            let written = name.map(|name| (instance.address.as_str().to_owned(), name));
            written.is_some_and(|written| self.written.contains(&written))
                && !(instance.is_tainted || instance.is_deposed)
        };
        let planned = tracked.filter(stays).map(|instance| {
            let alias = instance.provider_alias.as_ref();
            let alias = alias.map(|token| format!("{FIRST_ALIAS}.{token}"));
            let alias = Alias::new(alias.unwrap_or_else(|| FIRST_ALIAS.to_owned()));
            Planned::new(instance.address.clone(), instance.kind, alias, Change::NoOp)
        });
        planned.collect()
    }

    fn permitted(
        &self,
        decisions: &Decisions,
        Decided { finding, decision }: &Decided,
        phase: Phase,
    ) -> Result<(EntityId, Expect), String> {
        let Decision::Act(Action::Import { id, expect }) = decision else {
            return Err(String::new());
        };
        if let Err(reason) = &self.held {
            return Err(format!(
                "The state could not be read, so another address may hold it: {reason}"
            ));
        }
        if let Some(headline) =
            decisions.headlines.iter().find(|headline| headline.kind.stops_writing())
        {
            return Err(catalogue::headline_message(headline));
        }
        let terraform_type = finding.kind.map_or("", |kind| kind.terraform_type);
        if self.managed.contains(&(terraform_type.to_owned(), id.clone())) {
            return Err("Another address holds it already.".to_owned());
        }
        if self.is_self_made(finding) {
            return Ok((id.clone(), *expect));
        }
        self.policy.permits(&self.name_at(finding))?;
        let is_announced =
            || announcement(finding).is_some_and(|one| self.announced.contains(&one));
        if self.policy.stance == Stance::Announced && phase == Phase::Apply && !is_announced() {
            return Err(match &self.unannounced {
                Some(because) => format!(
                    "Nothing counts as announced: {because}. Plan again with divvy run, or say --on-conflict adopt."
                ),
                None => "No plan that was agreed to announced it.".to_owned(),
            });
        }
        Ok((id.clone(), *expect))
    }

    /// Says whether this very run made the entity: the org lacked it when it was listed, the create
    /// got no answer (or the provider's log shows that an earlier try got none), and it is now there
    /// as it was to be.
    fn is_self_made(&self, finding: &Finding) -> bool {
        let failure = finding.failure();
        let entity = finding.evidence.entity.as_ref();
        finding.evidence.drift.is_empty()
            && entity.is_some_and(|entity| self.late.contains(&entity.id))
            && failure
                .is_some_and(|failure| failure.is_self_made || failures::is_outcome_open(failure))
    }

    fn planned(&self) -> &[Planned] {
        self.survey.desired.as_ref().map(|desired| desired.planned.as_slice()).unwrap_or_default()
    }

    fn desired(&mut self) -> &mut Desired {
        self.survey.desired.get_or_insert_default()
    }
}

fn announcement(finding: &Finding) -> Option<Announcement> {
    let entity = finding.evidence.entity.as_ref()?;
    Some(Announcement {
        org: finding.org.clone()?,
        terraform_type: entity.kind.terraform_type.to_owned(),
        // A name that is not to be shown has been taken out of the finding.
        name: finding
            .name
            .as_ref()
            .and_then(Shown::plain)
            .filter(|name| entity.key.plain().is_some_and(|key| **name == key.to_string()))
            .cloned(),
        id: entity.id.clone(),
    })
}
