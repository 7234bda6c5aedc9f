//! Subjects: whatever plan, state and failures say under one address.
//!
//! Never decides. Invariant: the order of the failures is irrelevant.

use std::collections::BTreeSet;

use crate::address::Address;
use crate::failure::Failure;
use crate::kind::Kind;
use crate::survey::{Planned, TrackedInstance};

/// One thing that a finding may be about: whatever is known under one address.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Subject<'s> {
    pub(crate) planned: Option<&'s Planned>,
    pub(crate) tracked: Option<&'s TrackedInstance>,
    /// The latest failure at the address; `None` where units contradict each other.
    pub(crate) failure: Option<&'s Failure>,
    /// Failures of several units of a log are told of this address, and nobody said whose it is.
    pub(crate) is_of_several_units: bool,
}

impl<'s> Subject<'s> {
    /// Takes in the failures at the address: of one unit's the latest counts. Where `has_strangers`,
    /// the log tells of several units and nobody knows which of them is here: what one of them says is
    /// no evidence for an instance of this configuration.
    pub(crate) fn with_failures(self, failures: &[&'s Failure], has_strangers: bool) -> Self {
        let units: BTreeSet<_> =
            failures.iter().filter_map(|failure| failure.unit.as_ref()).collect();
        if units.len() > 1 {
            return Self { failure: None, is_of_several_units: true, ..self };
        }
        let is_here = self.planned.is_some() || self.tracked.is_some();
        let is_evidence =
            |failure: &&&Failure| failure.unit.is_none() || !(has_strangers && is_here);
        let evidence = failures.iter().filter(is_evidence).copied();
        Self { failure: evidence.max_by_key(|failure| rank(failure)), ..self }
    }

    pub(crate) fn address(&self) -> Option<&'s Address> {
        self.planned
            .map(|planned| &planned.address)
            .or(self.tracked.map(|tracked| &tracked.address))
            .or(self.failure.and_then(|failure| failure.address.as_ref()))
    }

    pub(crate) fn kind(&self) -> Option<&'static Kind> {
        self.planned
            .map(|planned| planned.kind)
            .or(self.tracked.map(|tracked| tracked.kind))
            .or_else(|| {
                let failure = self.failure?;
                crate::kinds::of_terraform_type(failure.terraform_type.as_deref()?)
            })
    }
}

/// Which failure at one address is the later one: what was heard live, then what stands further
/// down in a log.
fn rank(failure: &Failure) -> impl Ord + '_ {
    (failure.origin, failure.line, &failure.correlation_id, &failure.summary)
}
