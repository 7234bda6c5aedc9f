//! What is to be said about one create: what `resolve` makes of it, and what may be done.
//!
//! Never asks anybody. Invariant: nothing is permitted of which a headline, the state or the flags say
//! that it must not be done.

use std::collections::{BTreeMap, BTreeSet};

use divvy_core::decide::{Action, Decided, Decision, Decisions, Expect, Policy, decide};
use divvy_core::shown::Shown;
use divvy_core::survey::Planned;
use divvy_core::{EntityId, Finding, Resolution, catalogue, kinds};
use divvy_plugin::proxy::Differences;

use super::Ledger;
use super::asked::{Opinion, Phase};
use super::compared::Compared;
use crate::run::announcements::Announcement;
use crate::run::creates::shown;
use crate::run::failures;
use crate::run::policy::Stance;

impl Ledger {
    /// Says what `resolve` makes of one create, and what may be done about it.
    pub(crate) fn opinion(&mut self, number: usize, phase: Phase) -> Option<Opinion> {
        let address = self.address(number).clone();
        let decisions = self.decided(self.survey.resolve_at(&address));
        let mut all = decisions.all.iter();
        let one = all.find(|one| one.finding.address.as_ref() == Some(&address))?;
        let finding = &one.finding;
        let is_self_made = self.is_self_made(finding);
        for phase in [Phase::Plan, Phase::Apply] {
            let is_permitted = self.permitted(&decisions, one, phase).is_ok();
            self.count(number, phase, is_permitted);
        }
        let mut adoption = self.permitted(&decisions, one, phase);
        if adoption.is_ok() && !is_self_made {
            adoption = self.policy.permits_so_many(self.counted(phase)).and(adoption);
        }
        let finding = self.as_compared(shown(finding, &BTreeMap::new(), &self.labels), number);
        let is_foretold = finding.kind.is_none_or(|kind| kind.drifting.is_some())
            || self.compared(number, &finding).is_some();
        Some(Opinion { finding, adoption, is_self_made, is_foretold, gap: self.gap(number) })
    }

    /// Takes in what an apply would change about the entity of this id.
    pub(crate) fn compare(&mut self, number: usize, id: &str, differences: &Differences) {
        let kind = self.planned(number).kind;
        let compared = Compared::of(differences, kind, &self.configuration.blocks);
        self.entries[number].compared = Some((EntityId::new(id), compared));
    }

    /// Returns what is known to differ of the entity that a finding is about.
    pub(super) fn compared(&self, number: usize, finding: &Finding) -> Option<&Compared> {
        let (id, compared) = self.entries[number].compared.as_ref()?;
        finding.evidence.entity.as_ref().filter(|entity| entity.id == *id)?;
        Some(compared)
    }

    /// Returns a finding with what is known to differ.
    pub(super) fn as_compared(&self, finding: Finding, number: usize) -> Finding {
        match self.compared(number, &finding).cloned() {
            // What differs is foretold of some kinds, in words of their own.
            Some(compared) if finding.kind.is_none_or(|kind| kind.drifting.is_none()) => {
                finding.as_planned(compared.drift, compared.is_replaced)
            }
            Some(_) | None => finding,
        }
    }

    /// Counts what would be adopted of everything seen so far: `--max-adopt` limits it.
    fn count(&mut self, number: usize, phase: Phase, is_permitted: bool) {
        let counted = self.permitted.entry(phase).or_default();
        if is_permitted {
            counted.insert(number);
        } else {
            counted.remove(&number);
        }
    }

    fn counted(&self, phase: Phase) -> usize {
        self.permitted.get(&phase).map_or(0, BTreeSet::len)
    }

    /// Remembers that a person was shown this adoption.
    pub(crate) fn announce(&mut self, number: usize, opinion: &Opinion) {
        if self.entries[number].was_shown {
            self.shown.extend(announcement(&opinion.finding));
            self.count(number, Phase::Apply, opinion.adoption.is_ok());
        }
    }

    /// Returns what was announced and would, with everything seen, still be adopted.
    pub(crate) fn announcements(&self) -> BTreeSet<Announcement> {
        let decisions = self.decided(self.survey.resolve());
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
        let planned = finding.address.as_ref().and_then(|address| self.survey.planned_at(address));
        let key = planned.and_then(Planned::wanted_key);
        let shown = finding.name.as_ref().and_then(Shown::plain).cloned();
        let whole = planned.zip(key).map(|(planned, key)| planned.kind.shown_key(&key));
        whole.or(shown).unwrap_or_default()
    }

    /// Decides about what was resolved.
    pub(super) fn decided(&self, resolution: Resolution) -> Decisions {
        // The plan shows each adoption by name, also where the whole state seems to be missing.
        let policy = Policy {
            adopt_all: true,
            adopt_drifted: true,
            accept_drift: self.policy.accept_drift,
            ..Policy::default()
        };
        decide(resolution, &policy)
    }

    pub(super) fn permitted(
        &self,
        decisions: &Decisions,
        Decided { finding, decision }: &Decided,
        phase: Phase,
    ) -> Result<(EntityId, Expect), String> {
        let Decision::Act(Action::Import { id, expect }) = decision else {
            return Err(String::new());
        };
        let number = finding.address.as_ref().and_then(|address| self.numbers.get(address));
        let compared = number.and_then(|number| self.compared(*number, finding));
        let expect = match compared {
            Some(compared) if compared.is_replaced => return Err(String::new()),
            Some(compared) => compared.expect(&self.policy),
            None => *expect,
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
            return Ok((id.clone(), expect));
        }
        self.policy.permits(&self.name_at(finding))?;
        if self.policy.stance != Stance::Announced || phase == Phase::Plan {
            return Ok((id.clone(), expect));
        }
        let is_in = |all: &BTreeSet<Announcement>| {
            announcement(finding).is_some_and(|one| all.contains(&one))
        };
        if is_in(&self.shown) {
            // The plan went on to more of them than are allowed, and said so.
            self.policy.permits_so_many(self.counted(Phase::Plan))?;
        } else if !is_in(&self.announced) {
            return Err(match &self.unannounced {
                Some(because) => format!(
                    "Nothing counts as announced: {because}. Plan again with divvy run, or say --on-conflict adopt."
                ),
                None => self.unannounced_because(number.copied()),
            });
        }
        Ok((id.clone(), expect))
    }

    fn unannounced_because(&self, number: Option<usize>) -> String {
        let because = number.and_then(|number| {
            if self.belongs_to_adopted(number) {
                Some("what it belongs to was adopted only now")
            } else if !self.entries[number].was_shown {
                Some("its name was not known yet")
            } else {
                None
            }
        });
        let why = "No plan that was agreed to announced it";
        match because {
            Some(because) => format!(
                "{why}: {because}. Plan and apply again with divvy run, or say --on-conflict adopt."
            ),
            None => format!("{why}."),
        }
    }

    /// Returns whether a part of a create's key is the id of what this run has adopted.
    fn belongs_to_adopted(&self, number: usize) -> bool {
        let planned = self.planned(number);
        let Some(key) = planned.wanted_key() else { return false };
        let adopted = self.adopted();
        let mut parts = planned.kind.key.iter().zip(key.parts());
        parts.any(|(part, id)| {
            let parent = part.parent.and_then(kinds::of_terraform_type);
            parent.is_some_and(|parent| adopted.contains(&(parent, EntityId::new(id))))
        })
    }

    /// Returns whether this very run made the entity: the org lacked it when it was listed, the create
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
            .filter(|name| {
                entity.key.plain().is_some_and(|key| **name == entity.kind.shown_key(key))
            })
            .cloned(),
        id: entity.id.clone(),
    })
}
