//! A survey that grows while it is asked: under `run` the creates come one by one, and each is to be
//! decided about at once.
//!
//! Never asks anybody. Invariant: whatever grew, an answer is the one that the survey as it is now
//! would get if it were indexed anew. What is added costs what it is, not what is there already.

use std::ops::Deref;

use crate::address::Address;
use crate::entity::{EntityId, OrgId};
use crate::failure::Failure;
use crate::finding::Resolution;
use crate::index::Index;
use crate::kind::Kind;
use crate::resolve::{resolve_at, resolve_world};
use crate::survey::{Listing, Planned, Seen, Survey, TrackedInstance};
use crate::world::World;

/// A survey with an index that grows with it.
#[derive(Debug)]
pub struct GrowingSurvey {
    survey: Survey,
    index: Index,
    indexed: usize,
}

impl GrowingSurvey {
    /// Indexes a survey.
    pub fn new(survey: Survey) -> Self {
        let index = Index::of(&survey);
        Self { survey, index, indexed: 1 }
    }

    /// Returns how many times the whole survey was indexed: the one work here that grows with all
    /// that is there.
    pub fn indexed(&self) -> usize {
        self.indexed
    }

    /// Changes anything, and indexes everything anew.
    pub fn change<T>(&mut self, change: impl FnOnce(&mut Survey) -> T) -> T {
        let changed = change(&mut self.survey);
        self.index = Index::of(&self.survey);
        self.indexed += 1;
        changed
    }

    /// Adds a planned instance; returns its position.
    pub fn plan(&mut self, planned: Planned) -> usize {
        let all = &mut self.survey.desired.get_or_insert_default().planned;
        all.push(planned);
        let at = all.len() - 1;
        self.index.plan(&self.survey, at);
        at
    }

    /// Changes a planned instance.
    pub fn plan_again(&mut self, at: usize, change: impl FnOnce(&mut Planned)) {
        self.index.unplan(&self.survey, at);
        if let Some(planned) =
            self.survey.desired.as_mut().and_then(|desired| desired.planned.get_mut(at))
        {
            change(planned);
        }
        self.index.plan(&self.survey, at);
    }

    /// Adds an instance of the state.
    pub fn track(&mut self, instance: TrackedInstance) {
        let all = &mut self.survey.tracked.get_or_insert_default().instances;
        all.push(instance);
        let at = all.len() - 1;
        self.index.track(&self.survey, at);
    }

    /// Adds a failure; returns its position.
    pub fn fail(&mut self, failure: Failure) -> usize {
        self.survey.failures.push(failure);
        let at = self.survey.failures.len() - 1;
        self.index.fail(&self.survey, at);
        at
    }

    /// Takes in whether this very run caused a failure.
    pub fn caused(&mut self, at: usize, is_self_made: bool) {
        if let Some(failure) = self.survey.failures.get_mut(at) {
            failure.is_self_made = is_self_made;
        }
    }

    /// Adds what was read of a kind in an org that the survey knows.
    pub fn list(&mut self, org: &OrgId, kind: &'static Kind, seen: Seen) {
        // What an org lists is not in the index.
        if let Some(org) = self.survey.orgs.get_mut(org) {
            org.listings.add(kind, seen);
        }
    }

    /// Returns a listing, to add to it.
    pub fn listing_mut(&mut self, org: &OrgId, kind: &Kind) -> Option<&mut Listing> {
        // What an org lists is not in the index.
        self.survey.orgs.get_mut(org)?.listings.get_mut(kind)
    }

    /// Returns what is planned at an address.
    pub fn planned_at(&self, address: &Address) -> Option<&Planned> {
        self.world().planned_at(address)
    }

    /// Returns the position of what is planned at an address.
    pub fn position(&self, address: &Address) -> Option<usize> {
        self.index.planned.get(address).copied()
    }

    /// Returns what the state holds at an address; no deposed object.
    pub fn tracked_at(&self, address: &Address) -> Option<&TrackedInstance> {
        self.world().subject_at(address).tracked
    }

    /// Returns the instances that hold an id, whatever their org; deposed ones too.
    pub fn holding(&self, id: &EntityId) -> Vec<&TrackedInstance> {
        self.world().holding(id)
    }

    /// As [`crate::resolve::resolve`].
    pub fn resolve(&self) -> Resolution {
        resolve_world(&self.world())
    }

    /// Resolves one address, together with those that want its name: what an id may be taken for
    /// depends on no others. As [`Self::resolve`] does, but for the headlines: only those that stop
    /// every write are there, since the others count findings.
    pub fn resolve_at(&self, address: &Address) -> Resolution {
        resolve_at(&self.world(), address)
    }

    fn world(&self) -> World<'_> {
        World::new(&self.survey, &self.index)
    }
}

impl Deref for GrowingSurvey {
    type Target = Survey;

    fn deref(&self) -> &Survey {
        &self.survey
    }
}

impl From<GrowingSurvey> for Survey {
    fn from(growing: GrowingSurvey) -> Self {
        growing.survey
    }
}
