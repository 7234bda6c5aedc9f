//! What one run comes to, once Terraform has ended: the ledger's findings at the addresses that the
//! state tells by then.
//!
//! Never asks anybody. Invariant: an address that stands for an unknown one is taken out.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use divvy_core::decide::{Action, Decided, Decision, Decisions, Expect, Question};
use divvy_core::survey::{Alias, Survey, Tracked, TrackedInstance};
use divvy_core::{Address, EntityId, Kind};
use divvy_plugin::proxy::Settled;

use super::{Ledger, Phase};
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

impl Ledger {
    /// Lists the ids that this run has adopted.
    pub(crate) fn adopted(&self) -> BTreeSet<Identity> {
        let numbers = 0..self.entries.len();
        numbers.filter_map(|number| self.adopted_by(number)).collect()
    }

    fn adopted_by(&self, number: usize) -> Option<Identity> {
        match self.entries[number].settled.as_ref()? {
            Settled::Adopted { id, .. } => Some((self.planned(number).kind, EntityId::new(id))),
            _ => None,
        }
    }

    /// Takes in that adoptions did not reach the state.
    pub(crate) fn are_not_saved(&mut self, lost: &BTreeSet<Identity>, because: &str) {
        for number in 0..self.entries.len() {
            if let Some(held) = self.adopted_by(number).filter(|held| lost.contains(held)) {
                let (id, reason) = (held.1.to_string(), because.to_owned());
                self.entries[number].settled = Some(Settled::NotAdopted { id, reason });
            }
        }
    }

    /// Returns survey, findings and what became of each, at the addresses that the state tells now.
    pub(crate) fn conclude(mut self, places: &Places) -> Conclusion {
        self.forget_what_came_again();
        let decisions = self.decided(self.survey.resolve());
        let known = self.known_addresses(places);
        let ended = |one: &Decided| {
            let number = one.finding.address.as_ref().and_then(|at| self.numbers.get(at));
            let finding = shown(&one.finding, &known, &self.labels);
            let finding = match number {
                Some(number) => self.as_compared(finding, *number),
                None => finding,
            };
            Decided { finding, decision: self.outcome(&decisions, one) }
        };
        let all = decisions.all.iter().map(ended).collect();
        Conclusion {
            has_adopted: self
                .entries
                .iter()
                .any(|entry| matches!(entry.settled, Some(Settled::Adopted { .. }))),
            decisions: Decisions { headlines: decisions.headlines, all },
            labels: self.labels,
            survey: self.survey.into(),
            credentials_from: self.credentials_from,
        }
    }

    /// Takes out each create of a provider block that was not fully known, if it came again when the
    /// block was.
    fn forget_what_came_again(&mut self) {
        if self.open.is_empty() {
            return;
        }
        let key = |number: usize| {
            let planned = self.planned(number);
            (planned.kind, planned.wanted_key())
        };
        let numbers = 0..self.entries.len();
        let is_open = |number: &usize| self.open.contains(&self.entries[*number].token);
        let again: HashSet<_> = numbers.clone().filter(|one| !is_open(one)).map(key).collect();
        let is_gone = |number: &usize| {
            is_open(number)
                && self.entries[*number].settled.is_none()
                && again.contains(&key(*number))
        };
        let gone: HashSet<usize> = numbers.filter(is_gone).collect();
        let mut number = 0..;
        self.entries.retain(|_| number.next().is_some_and(|number| !gone.contains(&number)));
        let addresses =
            (0..self.entries.len()).map(|number| (self.address(number).clone(), number));
        self.numbers = addresses.collect();
        self.place_tracked();
    }

    /// Finds the real address of each create by the id that it ended with.
    fn known_addresses(&self, places: &Places) -> BTreeMap<Address, Address> {
        let ended = self.entries.iter().enumerate().filter_map(|(number, entry)| {
            let (Settled::Adopted { id, .. } | Settled::Created { id } | Settled::Tainted { id }) =
                entry.settled.as_ref()?
            else {
                return None;
            };
            let (address, _) =
                places.get(&(self.planned(number).kind, EntityId::new(id.clone())))?;
            Some((self.address(number).clone(), address.clone()))
        });
        ended.collect()
    }

    /// Says what became of a finding; before anything was applied, what would become of it.
    fn outcome(&self, decisions: &Decisions, one: &Decided) -> Decision {
        let decision = one.decision.clone();
        let number = one.finding.address.as_ref().and_then(|address| self.numbers.get(address));
        let compared = number.and_then(|number| self.compared(*number, &one.finding));
        if compared.is_some_and(|compared| compared.is_replaced) {
            return Decision::Ask { question: Question::Elsewhere, then: None };
        }
        match number.and_then(|number| self.entries[*number].settled.as_ref()) {
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

/// An id of a kind: a user's roles have the id of the user.
pub(crate) type Identity = (&'static Kind, EntityId);

/// Which id stands where: its address, and the alias of its provider configuration.
pub(crate) type Places = BTreeMap<Identity, (Address, Option<String>)>;

/// Returns which id stands where, as the state tells it.
pub(crate) fn places(tracked: &Tracked) -> Places {
    let place = |instance: &TrackedInstance| {
        let held = (instance.kind, instance.id.clone());
        (held, (instance.address.clone(), instance.provider_alias.clone()))
    };
    tracked.instances.iter().map(place).collect()
}
