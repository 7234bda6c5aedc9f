//! The survey and its index, as the rules ask them.
//!
//! Never decides. Invariant: two instances meet here only if they belong to the same org, whatever
//! their aliases are called.

use std::collections::BTreeMap;

use crate::address::Address;
use crate::entities::{exact_form, loosest_form};
use crate::entity::{Entity, EntityId, Key, OrgId};
use crate::failure::Failure;
use crate::index::{self, Index};
use crate::kind::Kind;
use crate::subject::Subject;
use crate::survey::{Alias, Listing, Planned, Survey, TrackedInstance};

/// Where an entity of a kind lives.
pub(crate) type Place<'s> = (&'s OrgId, &'static Kind);

/// Whether an id exists.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Existence<'s> {
    /// It does.
    Present(&'s Entity),
    /// It was asked for by id, and the org has no such entity.
    Absent,
    /// Nobody asked, or this client's view proves nothing.
    Unproven,
}

/// The indexed survey.
#[derive(Clone, Copy)]
pub(crate) struct World<'s> {
    pub(crate) survey: &'s Survey,
    index: &'s Index,
}

impl<'s> World<'s> {
    pub(crate) fn new(survey: &'s Survey, index: &'s Index) -> Self {
        Self { survey, index }
    }

    /// Returns every subject, by address; failures without an address come last.
    pub(crate) fn subjects(&self) -> Vec<Subject<'s>> {
        let mut by_address: BTreeMap<&Address, Subject<'s>> = BTreeMap::new();
        for (address, at) in &self.index.planned {
            by_address.entry(address).or_default().planned = index::planned(self.survey, *at);
        }
        for (address, at) in &self.index.tracked {
            by_address.entry(address).or_default().tracked = index::tracked(self.survey, *at);
        }
        for address in self.index.failures.keys() {
            let subject = by_address.entry(address).or_default();
            *subject = self.with_failures(*subject, address);
        }
        let unaddressed = self.survey.failures.iter().filter(|failure| failure.address.is_none());
        let unaddressed =
            unaddressed.map(|failure| Subject { failure: Some(failure), ..Subject::default() });
        by_address.into_values().chain(unaddressed).collect()
    }

    /// Returns the subject at one address, as [`Self::subjects`] has it.
    pub(crate) fn subject_at(&self, address: &Address) -> Subject<'s> {
        let tracked = self.index.tracked.get(address);
        let subject = Subject {
            planned: self.planned_at(address),
            tracked: tracked.and_then(|at| index::tracked(self.survey, *at)),
            ..Subject::default()
        };
        self.with_failures(subject, address)
    }

    fn with_failures(&self, subject: Subject<'s>, address: &Address) -> Subject<'s> {
        let here: Vec<&Failure> = self.failures_at(address).collect();
        subject.with_failures(&here, self.index.tells_of_several_units())
    }

    /// Returns the failures at an address.
    pub(crate) fn failures_at(&self, address: &Address) -> impl Iterator<Item = &'s Failure> {
        let positions = self.index.failures.get(address).into_iter().flatten();
        positions.filter_map(|at| self.survey.failures.get(*at))
    }

    /// Reports whether some failure says that the state could not be saved.
    pub(crate) fn is_state_lost(&self) -> bool {
        self.index.is_state_lost
    }

    /// Returns what the plan says of an address.
    pub(crate) fn planned_at(&self, address: &Address) -> Option<&'s Planned> {
        index::planned(self.survey, *self.index.planned.get(address)?)
    }

    /// Returns the instances of an org that hold an id, by address.
    pub(crate) fn holders(
        &self,
        (org, kind): Place<'s>,
        id: &EntityId,
    ) -> Vec<&'s TrackedInstance> {
        let place = self.index.place(org, kind);
        let held = place.and_then(|place| self.index.holders.get(&(place, id.clone())));
        let mut held = self.instances(held);
        // The order of inputs must not show.
        held.sort_by(|a, b| a.address.cmp(&b.address));
        held
    }

    /// Returns the deposed instance of an org that holds an id.
    pub(crate) fn deposed(
        &self,
        (org, kind): Place<'s>,
        id: &EntityId,
    ) -> Option<&'s TrackedInstance> {
        let place = self.index.place(org, kind)?;
        self.instances(self.index.deposed.get(&(place, id.clone()))).pop()
    }

    /// Returns every instance that holds an id, whatever its org; deposed ones too.
    pub(crate) fn holding(&self, id: &EntityId) -> Vec<&'s TrackedInstance> {
        self.instances(self.index.holding.get(id))
    }

    /// Returns the planned instances that want this key in this place.
    pub(crate) fn wanting(&self, (org, kind): Place<'s>, key: &Key) -> Vec<&'s Planned> {
        let place = self.index.place(org, kind);
        self.plans(place.and_then(|place| self.index.wanting.get(&(place, exact_form(key)))))
    }

    /// Returns the planned instances that want this key, or one that may be near it.
    pub(crate) fn wanting_loosely(&self, (org, kind): Place<'s>, key: &Key) -> Vec<&'s Planned> {
        let place = self.index.place(org, kind);
        self.plans(
            place.and_then(|place| self.index.wanting_loosely.get(&(place, loosest_form(key)))),
        )
    }

    /// Returns the planned instances that claim the home entity.
    pub(crate) fn wanting_home(&self, (org, kind): Place<'s>) -> Vec<&'s Planned> {
        let place = self.index.place(org, kind);
        self.plans(place.and_then(|place| self.index.wanting_home.get(&place)))
    }

    fn plans(&self, positions: Option<&Vec<usize>>) -> Vec<&'s Planned> {
        let positions = positions.into_iter().flatten();
        positions.filter_map(|at| index::planned(self.survey, *at)).collect()
    }

    fn instances(&self, positions: Option<&Vec<usize>>) -> Vec<&'s TrackedInstance> {
        let positions = positions.into_iter().flatten();
        positions.filter_map(|at| index::tracked(self.survey, *at)).collect()
    }

    pub(crate) fn alias_of(&self, subject: Subject<'s>) -> Option<&'s Alias> {
        let stays = subject.planned.filter(|planned| planned.stays());
        stays
            .map(|planned| &planned.alias)
            .or_else(|| self.index.alias_of_tracked(self.survey, subject.tracked?))
            .or(subject.planned.map(|planned| &planned.alias))
            .or_else(|| match self.survey.aliases.len() {
                1 => self.survey.aliases.keys().next(),
                _ => None,
            })
    }

    pub(crate) fn org_of_alias(&self, alias: &Alias) -> Option<&'s OrgId> {
        index::org_of_alias(self.survey, alias)
    }

    fn org_of_tracked(&self, tracked: &TrackedInstance) -> Option<&'s OrgId> {
        self.org_of_alias(self.index.alias_of_tracked(self.survey, tracked)?)
    }

    /// Returns whether a tracked id exists in its org, as far as this client can prove it.
    pub(crate) fn existence(&self, tracked: &'s TrackedInstance) -> Existence<'s> {
        match self.org_of_tracked(tracked) {
            Some(org) => self.existence_of(org, tracked.kind, &tracked.id),
            None => Existence::Unproven,
        }
    }

    /// Returns whether an id exists in an org. The one place where absence is decided.
    pub(crate) fn existence_of(&self, org: &OrgId, kind: &Kind, id: &EntityId) -> Existence<'s> {
        let Some(listing) = self.listing(org, kind) else { return Existence::Unproven };
        match listing.entity(id) {
            Some(entity) => Existence::Present(entity),
            None if listing.proves_absent(kind, id) => Existence::Absent,
            None => Existence::Unproven,
        }
    }

    /// Returns the listing of a kind, wherever it was read.
    pub(crate) fn listing(&self, org: &OrgId, kind: &Kind) -> Option<&'s Listing> {
        self.survey.orgs.get(org)?.listings.get(kind)
    }

    /// Returns each tracked instance of an org, of any kind, by address.
    pub(crate) fn tracked_in(&self, org: &OrgId) -> Vec<&'s TrackedInstance> {
        let current = self.index.tracked.values().filter_map(|at| index::tracked(self.survey, *at));
        let mut tracked: Vec<_> =
            current.filter(|tracked| self.org_of_tracked(tracked) == Some(org)).collect();
        tracked.sort_by(|a, b| a.address.cmp(&b.address));
        tracked
    }
}
