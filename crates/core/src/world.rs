//! The survey, indexed once: by address, by id, and by key in each org.
//!
//! Never decides. Invariant: two instances meet here only if they belong to the same org, whatever
//! their aliases are called.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::address::Address;
use crate::entities::{exact_form, loosest_form};
use crate::entity::{Entity, EntityId, Key, OrgId};
use crate::failure::Failure;
use crate::kind::Kind;
use crate::subject::Subject;
use crate::survey::{Alias, AliasTarget, Listing, Planned, Survey, TrackedInstance};

/// Where an entity of a kind lives, for the indexes.
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
pub(crate) struct World<'s> {
    pub(crate) survey: &'s Survey,
    pub(crate) holders: HashMap<(Place<'s>, &'s EntityId), Vec<&'s TrackedInstance>>,
    pub(crate) deposed: HashMap<(Place<'s>, &'s EntityId), &'s TrackedInstance>,
    /// Every instance that holds an id, whatever its org; deposed ones too.
    pub(crate) holding: HashMap<&'s EntityId, Vec<&'s TrackedInstance>>,
    pub(crate) planned: HashMap<&'s Address, &'s Planned>,
    tracked: HashMap<&'s Address, &'s TrackedInstance>,
    pub(crate) wanting: HashMap<(Place<'s>, Key), Vec<&'s Planned>>,
    pub(crate) wanting_loosely: HashMap<(Place<'s>, Vec<String>), Vec<&'s Planned>>,
    pub(crate) wanting_home: HashMap<Place<'s>, Vec<&'s Planned>>,
}

impl<'s> World<'s> {
    pub(crate) fn new(survey: &'s Survey) -> Self {
        let mut world = Self {
            survey,
            holders: HashMap::new(),
            deposed: HashMap::new(),
            holding: HashMap::new(),
            planned: HashMap::new(),
            tracked: HashMap::new(),
            wanting: HashMap::new(),
            wanting_loosely: HashMap::new(),
            wanting_home: HashMap::new(),
        };
        for planned in survey.desired.iter().flat_map(|desired| &desired.planned) {
            world.planned.insert(&planned.address, planned);
            let Some(org) = world.org_of_alias(&planned.alias) else {
                continue;
            };
            let place = (org, planned.kind);
            if !planned.stays() {
                continue;
            }
            if let Some(key) = planned.wanted_key() {
                world.wanting_loosely.entry((place, loosest_form(&key))).or_default().push(planned);
                world.wanting.entry((place, exact_form(&key))).or_default().push(planned);
            }
            if planned.kind.special.is_some_and(|special| planned.flag(special.attribute)) {
                world.wanting_home.entry(place).or_default().push(planned);
            }
        }
        for tracked in survey.tracked.iter().flat_map(|tracked| &tracked.instances) {
            world.holding.entry(&tracked.id).or_default().push(tracked);
            let org = world.org_of_tracked(tracked);
            let place = org.map(|org| (org, tracked.kind));
            if tracked.is_deposed {
                world.deposed.extend(place.map(|place| ((place, &tracked.id), tracked)));
                continue;
            }
            world.tracked.insert(&tracked.address, tracked);
            if let Some(place) = place {
                world.holders.entry((place, &tracked.id)).or_default().push(tracked);
            }
        }
        // The order of inputs must not show.
        world.holders.values_mut().for_each(|held| held.sort_by(|a, b| a.address.cmp(&b.address)));
        world
    }

    /// Returns every subject, by address; failures without an address come last.
    pub(crate) fn subjects(&self) -> Vec<Subject<'s>> {
        let mut by_address: BTreeMap<&Address, Subject<'s>> = BTreeMap::new();
        for (address, planned) in &self.planned {
            by_address.entry(address).or_default().planned = Some(planned);
        }
        for (address, tracked) in &self.tracked {
            by_address.entry(address).or_default().tracked = Some(tracked);
        }
        let mut failures: BTreeMap<&Address, Vec<&Failure>> = BTreeMap::new();
        let mut unaddressed = Vec::new();
        for failure in &self.survey.failures {
            match &failure.address {
                Some(address) => failures.entry(address).or_default().push(failure),
                None => unaddressed.push(Subject { failure: Some(failure), ..Subject::default() }),
            }
        }
        let has_strangers = self.tells_of_several_units();
        for (address, failures) in failures {
            let subject = by_address.entry(address).or_default();
            *subject = subject.with_failures(&failures, has_strangers);
        }
        by_address.into_values().chain(unaddressed).collect()
    }

    /// Says whether the failures are of several units, so that none of them is known to be this one.
    fn tells_of_several_units(&self) -> bool {
        let units: BTreeSet<_> =
            self.survey.failures.iter().filter_map(|failure| failure.unit.as_ref()).collect();
        units.len() > 1
    }

    /// Returns the subject at one address, as [`Self::subjects`] has it.
    pub(crate) fn subject_at(&self, address: &Address) -> Subject<'s> {
        let failures = self.survey.failures.iter();
        let here: Vec<&Failure> =
            failures.filter(|failure| failure.address.as_ref() == Some(address)).collect();
        let subject = Subject {
            planned: self.planned.get(address).copied(),
            tracked: self.tracked.get(address).copied(),
            ..Subject::default()
        };
        subject.with_failures(&here, self.tells_of_several_units())
    }

    pub(crate) fn alias_of(&self, subject: Subject<'s>) -> Option<&'s Alias> {
        let stays = subject.planned.filter(|planned| planned.stays());
        stays
            .map(|planned| &planned.alias)
            .or_else(|| self.alias_of_tracked(subject.tracked?))
            .or(subject.planned.map(|planned| &planned.alias))
            .or_else(|| match self.survey.aliases.len() {
                1 => self.survey.aliases.keys().next(),
                _ => None,
            })
    }

    /// Finds the provider configuration that the state names; the root module's wins. Only an
    /// address that stays is better known to the plan: its JSON forgets the alias of a deleted block.
    fn alias_of_tracked(&self, tracked: &'s TrackedInstance) -> Option<&'s Alias> {
        if let Some(planned) = self.planned.get(&tracked.address).filter(|planned| planned.stays())
        {
            return Some(&planned.alias);
        }
        let names_it = |alias: &&Alias| {
            let local = alias.as_str().rsplit(':').next().unwrap_or_default();
            local.split_once('.').map(|(_, alias)| alias) == tracked.provider_alias.as_deref()
        };
        self.survey.aliases.keys().filter(names_it).min_by_key(|alias| alias.as_str().contains(':'))
    }

    pub(crate) fn org_of_alias(&self, alias: &Alias) -> Option<&'s OrgId> {
        match self.survey.aliases.get(alias)? {
            AliasTarget::Org(org) => Some(org),
            AliasTarget::Unresolved(_) => None,
        }
    }

    fn org_of_tracked(&self, tracked: &'s TrackedInstance) -> Option<&'s OrgId> {
        self.org_of_alias(self.alias_of_tracked(tracked)?)
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

    /// Returns each tracked instance of an org, of any kind.
    pub(crate) fn tracked_in(&self, org: &OrgId) -> impl Iterator<Item = &'s TrackedInstance> {
        let mut tracked: Vec<_> = self
            .tracked
            .values()
            .copied()
            .filter(|tracked| self.org_of_tracked(tracked) == Some(org))
            .collect();
        tracked.sort_by(|a, b| a.address.cmp(&b.address));
        tracked.into_iter()
    }
}
