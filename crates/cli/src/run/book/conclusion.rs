//! What one run comes to, once Terraform has ended: the book's findings at the addresses that the
//! state tells by then.
//!
//! Never asks anybody. Invariant: an address that stands for an unknown one is taken out.

use std::collections::BTreeMap;

use divvy_core::decide::{Action, Decided, Decision, Decisions, Expect, Question};
use divvy_core::survey::{Alias, Planned, Survey, Tracked, TrackedInstance};
use divvy_core::{Address, EntityId};
use divvy_plugin::proxy::Settled;

use super::{Book, Entry, Phase};
use crate::run::creates::shown;

/// How a run ended, for its report.
pub(crate) struct Conclusion {
    pub(crate) survey: Survey,
    pub(crate) decisions: Decisions,
    pub(crate) credentials_from: BTreeMap<Alias, String>,
    /// The names of the provider blocks, by the aliases that survey and findings have here.
    pub(crate) labels: BTreeMap<Alias, String>,
    pub(crate) has_adopted: bool,
}

impl Book {
    /// Lists the ids that this run has adopted.
    pub(crate) fn adopted(&self) -> Vec<EntityId> {
        let settled = self.entries.iter().filter_map(|entry| entry.settled.as_ref());
        let ids = settled.filter_map(|settled| match settled {
            Settled::Adopted { id, .. } => Some(EntityId::new(id.clone())),
            _ => None,
        });
        ids.collect()
    }

    /// Takes in that an adoption did not reach the state.
    pub(crate) fn is_not_saved(&mut self, lost: &EntityId, because: &str) {
        for entry in &mut self.entries {
            if let Some(Settled::Adopted { id, .. }) = &entry.settled
                && id == lost.as_str()
            {
                let reason = because.to_owned();
                entry.settled = Some(Settled::NotAdopted { id: id.clone(), reason });
            }
        }
    }

    /// Returns survey, findings and what became of each, at the addresses that the state tells now.
    pub(crate) fn conclude(mut self, places: &Places) -> Conclusion {
        self.forget_what_came_again();
        let decisions = self.decided();
        let known = self.known_addresses(places);
        let ended = |one: &Decided| Decided {
            finding: shown(&one.finding, &known, &self.labels),
            decision: self.outcome(&decisions, one),
        };
        let all = decisions.all.iter().map(ended).collect();
        Conclusion {
            has_adopted: self
                .entries
                .iter()
                .any(|entry| matches!(entry.settled, Some(Settled::Adopted { .. }))),
            decisions: Decisions { headlines: decisions.headlines, all },
            labels: self.labels,
            survey: self.survey,
            credentials_from: self.credentials_from,
        }
    }

    /// Takes out each create of a provider block that was not fully known, if it came again when the
    /// block was.
    fn forget_what_came_again(&mut self) {
        let numbers = 0..self.entries.len();
        let came_again = |number: usize| {
            let (planned, entry) = (&self.planned()[number], &self.entries[number]);
            let is_again = |(other, other_entry): (&Planned, &Entry)| {
                !self.open.contains(&other_entry.token)
                    && other.kind == planned.kind
                    && other.wanted_key() == planned.wanted_key()
            };
            self.open.contains(&entry.token)
                && entry.settled.is_none()
                && self.planned().iter().zip(&self.entries).any(is_again)
        };
        let came_again: Vec<bool> = numbers.map(came_again).collect();
        let mut gone = came_again.iter();
        self.entries.retain(|_| gone.next() == Some(&false));
        let mut gone = came_again.iter();
        self.desired().planned.retain(|_| gone.next() == Some(&false));
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
    fn outcome(&self, decisions: &Decisions, one: &Decided) -> Decision {
        let decision = one.decision.clone();
        let is_about = |planned: &Planned| Some(&planned.address) == one.finding.address.as_ref();
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
            None if self.has_settled() || self.permitted(decisions, one, Phase::Plan).is_err() => {
                left_to_a_person(decision)
            }
            None => decision,
        }
    }
}

fn left_to_a_person(decision: Decision) -> Decision {
    match decision {
        Decision::Act(action) => {
            Decision::Ask { question: Question::Elsewhere, then: Some(action) }
        }
        other => other,
    }
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
