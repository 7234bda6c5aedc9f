//! Where everything of a survey is: by address, by id, and by key in each org.
//!
//! Holds positions instead of references, so that it can grow with its survey. Never decides.
//! Invariant: after each of its methods it is what [`Index::of`] would make of the survey.

use std::collections::{BTreeSet, HashMap};

use crate::address::Address;
use crate::alias::Alias;
use crate::entities::{exact_form, loosest_form};
use crate::entity::{EntityId, Key, OrgId};
use crate::failure::Shape;
use crate::kind::Kind;
use crate::survey::{AliasTarget, Planned, Survey, TrackedInstance};

/// A position in `survey.desired.planned`, `survey.tracked.instances` or `survey.failures`.
type Position = usize;

/// An org by its number here, and a kind.
pub(crate) type Place = (usize, &'static Kind);

/// The positions of everything in one survey.
#[derive(Debug, Default)]
pub(crate) struct Index {
    orgs: HashMap<OrgId, usize>,
    pub(crate) planned: HashMap<Address, Position>,
    /// Current instances, without the deposed ones.
    pub(crate) tracked: HashMap<Address, Position>,
    /// Every instance at an address, deposed ones too.
    instances: HashMap<Address, Vec<Position>>,
    pub(crate) holders: HashMap<(Place, EntityId), Vec<Position>>,
    pub(crate) deposed: HashMap<(Place, EntityId), Vec<Position>>,
    /// Every instance that holds an id, whatever its org; deposed ones too.
    pub(crate) holding: HashMap<EntityId, Vec<Position>>,
    pub(crate) wanting: HashMap<(Place, Key), Vec<Position>>,
    pub(crate) wanting_loosely: HashMap<(Place, Vec<String>), Vec<Position>>,
    pub(crate) wanting_home: HashMap<Place, Vec<Position>>,
    pub(crate) failures: HashMap<Address, Vec<Position>>,
    /// The units that failures are of.
    units: BTreeSet<String>,
    /// True if some failure says that the state could not be saved.
    pub(crate) is_state_lost: bool,
}

impl Index {
    /// Indexes a whole survey.
    pub(crate) fn of(survey: &Survey) -> Self {
        let led_to = survey.aliases.values().filter_map(|target| match target {
            AliasTarget::Org(org) => Some(org),
            AliasTarget::Unresolved(_) => None,
        });
        let orgs: BTreeSet<&OrgId> = survey.orgs.keys().chain(led_to).collect();
        let mut index =
            Self { orgs: orgs.into_iter().cloned().zip(0..).collect(), ..Self::default() };
        let count = survey.desired.as_ref().map_or(0, |desired| desired.planned.len());
        (0..count).for_each(|at| index.plan(survey, at));
        let count = survey.tracked.as_ref().map_or(0, |tracked| tracked.instances.len());
        (0..count).for_each(|at| index.track(survey, at));
        (0..survey.failures.len()).for_each(|at| index.fail(survey, at));
        index
    }

    /// Takes in a planned instance.
    pub(crate) fn plan(&mut self, survey: &Survey, at: Position) {
        let Some(planned) = planned(survey, at) else { return };
        let here = self.leave(survey, &planned.address);
        self.planned.insert(planned.address.clone(), at);
        let wants = self.wants(survey, planned);
        if let Some((place, key)) = wants.key {
            self.wanting_loosely.entry((place, loosest_form(&key))).or_default().push(at);
            self.wanting.entry((place, exact_form(&key))).or_default().push(at);
        }
        if let Some(place) = wants.home {
            self.wanting_home.entry(place).or_default().push(at);
        }
        for tracked in here {
            self.enter(survey, tracked);
        }
    }

    /// Takes a planned instance out, before it changes.
    pub(crate) fn unplan(&mut self, survey: &Survey, at: Position) {
        let Some(planned) = planned(survey, at) else { return };
        let here = self.leave(survey, &planned.address);
        if self.planned.get(&planned.address) == Some(&at) {
            self.planned.remove(&planned.address);
        }
        let wants = self.wants(survey, planned);
        if let Some((place, key)) = wants.key {
            take_out(&mut self.wanting_loosely, &(place, loosest_form(&key)), at);
            take_out(&mut self.wanting, &(place, exact_form(&key)), at);
        }
        if let Some(place) = wants.home {
            take_out(&mut self.wanting_home, &place, at);
        }
        for tracked in here {
            self.enter(survey, tracked);
        }
    }

    /// Takes in an instance of the state.
    pub(crate) fn track(&mut self, survey: &Survey, at: Position) {
        let Some(instance) = tracked(survey, at) else { return };
        self.holding.entry(instance.id.clone()).or_default().push(at);
        self.instances.entry(instance.address.clone()).or_default().push(at);
        if !instance.is_deposed {
            self.tracked.insert(instance.address.clone(), at);
        }
        self.enter(survey, at);
    }

    /// Takes in a failure.
    pub(crate) fn fail(&mut self, survey: &Survey, at: Position) {
        let Some(failure) = survey.failures.get(at) else { return };
        if let Some(address) = &failure.address {
            self.failures.entry(address.clone()).or_default().push(at);
        }
        self.units.extend(failure.unit.clone());
        self.is_state_lost |= failure.shape == Shape::StateNotSaved;
    }

    /// Reports whether the failures are of several units, so that none of them is known to be this
    /// one.
    pub(crate) fn tells_of_several_units(&self) -> bool {
        self.units.len() > 1
    }

    /// Returns the place of a kind in an org that the survey knows.
    pub(crate) fn place(&self, org: &OrgId, kind: &'static Kind) -> Option<Place> {
        Some((*self.orgs.get(org)?, kind))
    }

    /// Finds the provider configuration that the state names; the root module's wins. Only an
    /// address that stays is better known to the plan: its JSON forgets the alias of a deleted block.
    pub(crate) fn alias_of_tracked<'s>(
        &self,
        survey: &'s Survey,
        instance: &TrackedInstance,
    ) -> Option<&'s Alias> {
        let here = self.planned.get(&instance.address).and_then(|at| planned(survey, *at));
        if let Some(planned) = here.filter(|planned| planned.stays()) {
            return Some(&planned.alias);
        }
        let names_it = |alias: &&Alias| {
            let local = alias.as_str().rsplit(':').next().unwrap_or_default();
            local.split_once('.').map(|(_, alias)| alias) == instance.provider_alias.as_deref()
        };
        survey.aliases.keys().filter(names_it).min_by_key(|alias| alias.as_str().contains(':'))
    }

    fn wants(&self, survey: &Survey, planned: &Planned) -> Wants {
        let place = org_of_alias(survey, &planned.alias)
            .filter(|_| planned.stays())
            .and_then(|org| self.place(org, planned.kind));
        let claims_home =
            planned.kind.special.is_some_and(|special| planned.flag(special.attribute));
        Wants { key: place.zip(planned.wanted_key()), home: place.filter(|_| claims_home) }
    }

    /// Puts an instance of the state under the org that it belongs to.
    fn enter(&mut self, survey: &Survey, at: Position) {
        let Some(instance) = tracked(survey, at) else { return };
        let Some(place) = self.place_of_tracked(survey, instance) else { return };
        let held = if instance.is_deposed { &mut self.deposed } else { &mut self.holders };
        held.entry((place, instance.id.clone())).or_default().push(at);
    }

    /// Takes the instances at an address out of their orgs, before the plan's word on it changes;
    /// returns them.
    fn leave(&mut self, survey: &Survey, address: &Address) -> Vec<Position> {
        let here = self.instances.get(address).cloned().unwrap_or_default();
        for at in &here {
            let Some(instance) = tracked(survey, *at) else { continue };
            let Some(place) = self.place_of_tracked(survey, instance) else { continue };
            let held = if instance.is_deposed { &mut self.deposed } else { &mut self.holders };
            take_out(held, &(place, instance.id.clone()), *at);
        }
        here
    }

    fn place_of_tracked(&self, survey: &Survey, instance: &TrackedInstance) -> Option<Place> {
        let org = org_of_alias(survey, self.alias_of_tracked(survey, instance)?)?;
        self.place(org, instance.kind)
    }
}

/// What a planned instance wants to be in its org.
struct Wants {
    key: Option<(Place, Key)>,
    home: Option<Place>,
}

/// Returns the org that an alias leads to.
pub(crate) fn org_of_alias<'s>(survey: &'s Survey, alias: &Alias) -> Option<&'s OrgId> {
    match survey.aliases.get(alias)? {
        AliasTarget::Org(org) => Some(org),
        AliasTarget::Unresolved(_) => None,
    }
}

/// Returns a planned instance by its position.
pub(crate) fn planned(survey: &Survey, at: Position) -> Option<&Planned> {
    survey.desired.as_ref()?.planned.get(at)
}

/// Returns an instance of the state by its position.
pub(crate) fn tracked(survey: &Survey, at: Position) -> Option<&TrackedInstance> {
    survey.tracked.as_ref()?.instances.get(at)
}

fn take_out<K: std::hash::Hash + Eq>(
    from: &mut HashMap<K, Vec<Position>>,
    key: &K,
    position: Position,
) {
    if let Some(positions) = from.get_mut(key) {
        positions.retain(|other| *other != position);
    }
}
