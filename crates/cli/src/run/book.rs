//! What one run has seen so far, as a survey: creates, orgs, what the state holds.
//!
//! Never asks anybody. The plugin protocol tells no addresses, so each create stands at an address
//! of its own that only this file knows. Invariant: `survey.desired.planned[i]` is the create of
//! `entries[i]`.

use std::collections::{BTreeMap, BTreeSet};

use divvy_core::decide::{Action, Decision, Expect, Policy, Question, decide};
use divvy_core::resolve::resolve;
use divvy_core::survey::{
    Alias, AliasTarget, Change, Desired, Planned, Survey, Tracked, TrackedInstance, key_of,
};
use divvy_core::{Address, Entity, EntityId, Failure, Finding, Kind, Resolution, catalogue};
use divvy_plugin::Value;
use divvy_plugin::proxy::{AliasToken, Create, Settled};

use crate::run::announcements::Announcement;
use crate::run::creates::{attributes, holds_unknown, shown, unaddressed};
use crate::run::failures;
use crate::run::orgs::Answer;
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
}

/// What one run has seen.
pub(crate) struct Book {
    policy: RunPolicy,
    survey: Survey,
    entries: Vec<Entry>,
    aliases: BTreeMap<AliasToken, Alias>,
    credentials_from: BTreeMap<Alias, String>,
    /// Everything that the state or a plan file holds.
    tracked: Result<Tracked, String>,
    knows_tracked: bool,
    announced: BTreeSet<Announcement>,
    /// Ids that Terraform has shown to be managed.
    managed: BTreeSet<(String, EntityId)>,
    /// Ids that the first listing lacked.
    late: BTreeSet<EntityId>,
    /// Provider configurations whose plan-time block was not fully known.
    has_open_blocks: bool,
}

impl Book {
    pub(crate) fn new(policy: RunPolicy, announced: BTreeSet<Announcement>) -> Self {
        let survey = Survey { desired: Some(Desired::default()), ..Survey::default() };
        Self {
            policy,
            survey,
            entries: Vec::new(),
            aliases: BTreeMap::new(),
            credentials_from: BTreeMap::new(),
            tracked: Err("it was not read yet".to_owned()),
            knows_tracked: false,
            announced,
            managed: BTreeSet::new(),
            late: BTreeSet::new(),
            has_open_blocks: false,
        }
    }

    pub(crate) fn policy(&self) -> &RunPolicy {
        &self.policy
    }

    pub(crate) fn survey_mut(&mut self) -> &mut Survey {
        &mut self.survey
    }

    /// Begins a walk of Terraform over the instances of one provider configuration.
    pub(crate) fn begin_walk(&mut self, token: &AliasToken, block: &Value) {
        self.has_open_blocks |= holds_unknown(block);
        for entry in self.entries.iter_mut().filter(|entry| entry.token == *token) {
            entry.is_seen = false;
        }
    }

    /// Takes in what the state and, if there is one, the plan file hold; the first word counts.
    pub(crate) fn hold_once(&mut self, tracked: Result<Tracked, String>) {
        if !self.knows_tracked {
            self.knows_tracked = true;
            self.tracked = tracked;
            self.place_tracked();
        }
    }

    /// Takes in where a provider configuration leads; once for each.
    pub(crate) fn lead(&mut self, token: &AliasToken, answer: &Answer) {
        if self.aliases.contains_key(token) {
            return;
        }
        let alias = if self.aliases.is_empty() {
            Alias::new(FIRST_ALIAS)
        } else {
            Alias::new(format!("{FIRST_ALIAS}.{token}"))
        };
        self.aliases.insert(token.clone(), alias.clone());
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
        let Ok(tracked) = &self.tracked else { return };
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
    }

    fn shows(&self, target: &AliasTarget, instance: &TrackedInstance) -> bool {
        let AliasTarget::Org(org) = target else { return false };
        let listing = self
            .survey
            .orgs
            .get(org)
            .and_then(|org| org.listings.get(instance.kind.terraform_type));
        listing
            .is_some_and(|listing| listing.entities.iter().any(|entity| entity.id == instance.id))
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
            let address = self.unused_address(kind, key.as_ref());
            let (address, change) = match address {
                Some(tainted) => (tainted, Change::Replace { create_first: false }),
                None => (unaddressed(kind, number), Change::Create),
            };
            let planned = Planned::new(address, kind, alias, change);
            self.entries.push(Entry {
                token: create.alias.clone(),
                is_seen: true,
                was_shown: key.is_some() && !self.has_open_blocks,
                settled: None,
            });
            self.desired().planned.push(planned);
            self.desired().pending.create += 1;
        }
        self.entries[number].is_seen = true;
        let planned = &mut self.desired().planned[number];
        (planned.after, planned.unknown) = (Some(after), unknown);
        number
    }

    /// Terraform deletes a tainted instance before it creates: that create stands at its address.
    fn unused_address(&self, kind: &Kind, key: Option<&divvy_core::Key>) -> Option<Address> {
        let tracked = self.survey.tracked.iter().flat_map(|tracked| &tracked.instances);
        let mut tainted = tracked.filter(|instance| {
            let is_used =
                || self.planned().iter().any(|planned| planned.address == instance.address);
            instance.is_tainted
                && instance.kind == kind
                && key.is_some()
                && key_of(kind, &instance.attributes).as_ref() == key
                && !is_used()
        });
        tainted.next().map(|instance| instance.address.clone())
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

    /// Takes in that a create was refused.
    pub(crate) fn refused(&mut self, failure: Failure) {
        self.survey.failures.push(failure);
    }

    /// Takes in an entity that the first listing lacked.
    pub(crate) fn found_late(&mut self, token: &AliasToken, entity: Entity) {
        let alias = self.aliases.get(token);
        let Some(AliasTarget::Org(org)) = alias.and_then(|alias| self.survey.aliases.get(alias))
        else {
            return;
        };
        let listing = self
            .survey
            .orgs
            .get_mut(org)
            .and_then(|org| org.listings.get_mut(entity.kind.terraform_type));
        if let Some(listing) = listing
            && !listing.entities.iter().any(|known| known.id == entity.id)
        {
            self.late.insert(entity.id.clone());
            listing.entities.push(entity);
        }
    }

    /// Takes in how a create ended.
    pub(crate) fn settle(&mut self, number: usize, settled: &Settled) {
        self.entries[number].settled = Some(settled.clone());
    }

    /// Says what `resolve` makes of one create, and what may be done about it.
    pub(crate) fn opinion(&self, number: usize, phase: Phase) -> Option<Opinion> {
        let (resolution, decisions) = self.decided();
        let address = self.address(number);
        let at = resolution
            .findings
            .iter()
            .position(|finding| finding.address.as_ref() == Some(address))?;
        let finding = &resolution.findings[at];
        let is_self_made = self.is_self_made(finding);
        let mut adoption = self.permitted(&resolution, finding, &decisions[at], phase);
        if adoption.is_ok() && !is_self_made && self.policy.max_adopt.is_some() {
            let all = resolution.findings.iter().zip(&decisions);
            let permitted = all.filter(|(finding, decision)| {
                self.permitted(&resolution, finding, decision, phase).is_ok()
            });
            adoption = self.policy.permits_so_many(permitted.count()).and(adoption);
        }
        let finding = shown(finding, &BTreeMap::new());
        Some(Opinion { finding, adoption, is_self_made })
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
    pub(crate) fn announcements(&self) -> BTreeSet<Announcement> {
        let (resolution, decisions) = self.decided();
        let pairs = resolution.findings.iter().zip(&decisions);
        let permitted = pairs.filter(|(finding, decision)| {
            self.permitted(&resolution, finding, decision, Phase::Apply).is_ok()
        });
        let announced: BTreeSet<_> =
            permitted.filter_map(|(finding, _)| announcement(finding)).collect();
        match self.policy.permits_so_many(announced.len()) {
            Ok(()) => announced,
            Err(_) => BTreeSet::new(),
        }
    }

    fn decided(&self) -> (Resolution, Vec<Decision>) {
        let resolution = resolve(&self.survey);
        // The plan shows each adoption by name, also where the whole state seems to be missing.
        let policy = Policy {
            adopt_all: true,
            adopt_drifted: true,
            accept_drift: self.policy.accept_drift,
            ..Policy::default()
        };
        let decisions = decide(&self.survey, &resolution, &policy);
        (resolution, decisions)
    }

    fn permitted(
        &self,
        resolution: &Resolution,
        finding: &Finding,
        decision: &Decision,
        phase: Phase,
    ) -> Result<(EntityId, Expect), String> {
        let Decision::Act(Action::Import { id, expect }) = decision else {
            return Err(String::new());
        };
        if let Err(reason) = &self.tracked {
            return Err(format!(
                "The state could not be read, so another address may hold it: {reason}"
            ));
        }
        if let Some(headline) =
            resolution.headlines.iter().find(|headline| headline.kind.stops_writing())
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
        self.policy.permits(finding.name.as_deref().unwrap_or_default())?;
        let is_announced =
            || announcement(finding).is_some_and(|one| self.announced.contains(&one));
        if self.policy.stance == Stance::Announced && phase == Phase::Apply && !is_announced() {
            return Err("No plan that was agreed to announced it.".to_owned());
        }
        Ok((id.clone(), *expect))
    }

    /// Says whether this very run made the entity: the org lacked it when it was listed, the create
    /// got no answer (or the provider's log shows that an earlier try got none), and it is now there
    /// as it was to be.
    fn is_self_made(&self, finding: &Finding) -> bool {
        let failure = finding.failure.and_then(|index| self.survey.failures.get(index));
        let entity = finding.evidence.entity.as_ref();
        finding.evidence.drift.is_empty()
            && entity.is_some_and(|entity| self.late.contains(&entity.id))
            && failure
                .is_some_and(|failure| failure.is_self_made || failures::is_outcome_open(failure))
    }

    /// Returns survey, findings and what became of each, at the addresses that the state tells now.
    pub(crate) fn conclude(self, places: &Places) -> Conclusion {
        let (resolution, decisions) = self.decided();
        let known = self.known_addresses(places);
        let findings = resolution.findings.iter().map(|finding| shown(finding, &known)).collect();
        let pairs = resolution.findings.iter().zip(decisions);
        let decisions =
            pairs.map(|(finding, decision)| self.outcome(&resolution, finding, decision)).collect();
        Conclusion {
            has_adopted: self
                .entries
                .iter()
                .any(|entry| matches!(entry.settled, Some(Settled::Adopted { .. }))),
            resolution: Resolution { headlines: resolution.headlines, findings },
            decisions,
            survey: self.survey,
            credentials_from: self.credentials_from,
        }
    }

    /// Finds the real address of each create by the id that it ended with.
    fn known_addresses(&self, places: &Places) -> BTreeMap<Address, Address> {
        let ended = self.entries.iter().enumerate().filter_map(|(number, entry)| {
            let (Settled::Adopted { id, .. } | Settled::Created { id } | Settled::Tainted { id }) =
                entry.settled.as_ref()?
            else {
                return None;
            };
            let (address, _) = places.get(&EntityId::new(id.clone()))?;
            Some((self.address(number).clone(), address.clone()))
        });
        ended.collect()
    }

    /// Says what became of a finding; before anything was applied, what would become of it.
    fn outcome(&self, resolution: &Resolution, finding: &Finding, decision: Decision) -> Decision {
        let is_about = |planned: &Planned| Some(&planned.address) == finding.address.as_ref();
        let number = self.planned().iter().position(is_about);
        match number.and_then(|number| self.entries[number].settled.as_ref()) {
            Some(Settled::Adopted { id, differing, updated }) => {
                let expect = match (differing.is_empty(), updated) {
                    (true, _) => Expect::NoOp,
                    (false, true) => Expect::Update,
                    (false, false) => Expect::DriftStays,
                };
                Decision::Act(Action::Import { id: EntityId::new(id.clone()), expect })
            }
            Some(Settled::Created { .. } | Settled::Tainted { .. }) => Decision::Nothing,
            Some(Settled::NotAdopted { .. } | Settled::Failed) => left_to_a_person(decision),
            None if self.has_settled()
                || self.permitted(resolution, finding, &decision, Phase::Plan).is_err() =>
            {
                left_to_a_person(decision)
            }
            None => decision,
        }
    }

    fn planned(&self) -> &[Planned] {
        self.survey.desired.as_ref().map(|desired| desired.planned.as_slice()).unwrap_or_default()
    }

    fn desired(&mut self) -> &mut Desired {
        self.survey.desired.get_or_insert_default()
    }
}

/// How a run ended, for its report.
pub(crate) struct Conclusion {
    pub(crate) survey: Survey,
    pub(crate) resolution: Resolution,
    pub(crate) decisions: Vec<Decision>,
    pub(crate) credentials_from: BTreeMap<Alias, String>,
    pub(crate) has_adopted: bool,
}

fn left_to_a_person(decision: Decision) -> Decision {
    match decision {
        Decision::Act(action) => {
            Decision::Ask { question: Question::Elsewhere, then: Some(action) }
        }
        other => other,
    }
}

fn announcement(finding: &Finding) -> Option<Announcement> {
    let entity = finding.evidence.entity.as_ref()?;
    Some(Announcement {
        org: finding.org.clone()?,
        terraform_type: entity.kind.terraform_type.to_owned(),
        name: entity.key.to_string(),
        id: entity.id.clone(),
    })
}

/// Which id stands where: its address, and the alias of its provider configuration.
pub(crate) type Places = BTreeMap<EntityId, (Address, Option<String>)>;

/// Returns which id stands where, as the state tells it.
pub(crate) fn places(tracked: &Tracked) -> Places {
    let place = |instance: &TrackedInstance| {
        (instance.id.clone(), (instance.address.clone(), instance.provider_alias.clone()))
    };
    tracked.instances.iter().map(place).collect()
}
