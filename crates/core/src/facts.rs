//! Facts: the survey, indexed once, as each rule of [`crate::resolve`] wants to ask it.
//!
//! Never decides. Invariant: two instances meet here only if they belong to the same org, whatever
//! their aliases are called.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::address::Address;
use crate::entity::{Entity, EntityId, Key, OrgId};
use crate::failure::{Failure, Operation, Shape};
use crate::finding::{Candidate, Drift};
use crate::kind::Kind;
use crate::kinds::division::HOME_ATTRIBUTE;
use crate::name::{self, Difference, Likeness};
use crate::subject::Subject;
use crate::survey::{
    Alias, AliasTarget, ById, Change, Listing, OtherState, Planned, Survey, TrackedInstance, key_of,
};

/// Where an entity of a kind lives, for the indexes.
type Place<'s> = (&'s OrgId, &'static str);

/// Whether a tracked id exists.
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
    by_id: HashMap<(Place<'s>, &'s EntityId), &'s Entity>,
    by_key: HashMap<(Place<'s>, Key), Vec<&'s Entity>>,
    by_loosest: HashMap<(Place<'s>, Vec<String>), Vec<&'s Entity>>,
    holders: HashMap<(Place<'s>, &'s EntityId), Vec<&'s TrackedInstance>>,
    deposed: HashMap<(Place<'s>, &'s EntityId), &'s TrackedInstance>,
    planned: HashMap<&'s Address, &'s Planned>,
    tracked: HashMap<&'s Address, &'s TrackedInstance>,
    wanting: HashMap<(Place<'s>, Key), Vec<&'s Planned>>,
    wanting_loosely: HashMap<(Place<'s>, Vec<String>), Vec<&'s Planned>>,
    wanting_home: HashMap<Place<'s>, Vec<&'s Planned>>,
}

fn exact_form(key: &Key) -> Key {
    Key::from_parts(key.parts().iter().map(|part| name::nfc(part)).collect())
}

fn loosest_form(key: &Key) -> Vec<String> {
    key.parts().iter().map(|part| name::loosest(part)).collect()
}

impl<'s> World<'s> {
    pub(crate) fn new(survey: &'s Survey) -> Self {
        let mut world = Self {
            survey,
            by_id: HashMap::new(),
            by_key: HashMap::new(),
            by_loosest: HashMap::new(),
            holders: HashMap::new(),
            deposed: HashMap::new(),
            planned: HashMap::new(),
            tracked: HashMap::new(),
            wanting: HashMap::new(),
            wanting_loosely: HashMap::new(),
            wanting_home: HashMap::new(),
        };
        for (org_id, org) in &survey.orgs {
            for (terraform_type, listing) in &org.listings {
                for entity in &listing.entities {
                    let place = (org_id, *terraform_type);
                    world.by_id.insert((place, &entity.id), entity);
                    world.by_key.entry((place, exact_form(&entity.key))).or_default().push(entity);
                    world
                        .by_loosest
                        .entry((place, loosest_form(&entity.key)))
                        .or_default()
                        .push(entity);
                }
            }
        }
        for planned in survey.desired.iter().flat_map(|desired| &desired.planned) {
            world.planned.insert(&planned.address, planned);
            let Some(org) = world.org_of_alias(&planned.alias) else {
                continue;
            };
            let place = (org, planned.kind.terraform_type);
            if !planned.stays() {
                continue;
            }
            if let Some(key) = planned.wanted_key() {
                world.wanting_loosely.entry((place, loosest_form(&key))).or_default().push(planned);
                world.wanting.entry((place, exact_form(&key))).or_default().push(planned);
            }
            if planned.flag(HOME_ATTRIBUTE) {
                world.wanting_home.entry(place).or_default().push(planned);
            }
        }
        for tracked in survey.tracked.iter().flat_map(|tracked| &tracked.instances) {
            let org = world.org_of_tracked(tracked);
            let place = org.map(|org| (org, tracked.kind.terraform_type));
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
        let entities = world.by_key.values_mut().chain(world.by_loosest.values_mut());
        entities.for_each(|entities| entities.sort_by(|a, b| a.id.cmp(&b.id)));
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
        for (address, failures) in failures {
            let subject = by_address.entry(address).or_default();
            *subject = subject.with_failures(&failures);
        }
        by_address.into_values().chain(unaddressed).collect()
    }

    /// Returns what is known of one subject.
    pub(crate) fn facts(&self, subject: Subject<'s>) -> Facts<'s, '_> {
        let kind = subject.kind();
        let alias = self.alias_of(subject);
        let org = alias.and_then(|alias| self.org_of_alias(alias));
        let listing = kind.zip(org).and_then(|(kind, org)| {
            self.survey.orgs.get(org).and_then(|org| org.listings.get(kind.terraform_type))
        });
        let wanted = subject
            .planned
            .and_then(Planned::wanted_key)
            .or_else(|| {
                subject.tracked.and_then(|tracked| key_of(tracked.kind, &tracked.attributes))
            })
            .or_else(|| subject.failure.and_then(|failure| failure.name.clone().map(Key::name)));
        let place = kind.zip(org).map(|(kind, org)| (org, kind.terraform_type));
        let exact = place
            .zip(wanted.as_ref())
            .and_then(|(place, key)| self.by_key.get(&(place, exact_form(key))))
            .cloned()
            .unwrap_or_default();
        Facts { world: self, subject, kind, alias, org, listing, place, wanted, exact }
    }

    fn alias_of(&self, subject: Subject<'s>) -> Option<&'s Alias> {
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

    fn org_of_alias(&self, alias: &Alias) -> Option<&'s OrgId> {
        match self.survey.aliases.get(alias)? {
            AliasTarget::Org(org) => Some(org),
            AliasTarget::Unresolved(_) => None,
        }
    }

    fn org_of_tracked(&self, tracked: &'s TrackedInstance) -> Option<&'s OrgId> {
        self.org_of_alias(self.alias_of_tracked(tracked)?)
    }

    /// Says whether a tracked id exists in its org, as far as this client can prove it.
    pub(crate) fn existence(&self, tracked: &'s TrackedInstance) -> Existence<'s> {
        let Some(org) = self.org_of_tracked(tracked) else { return Existence::Unproven };
        if let Some(entity) = self.entity(org, tracked.kind, &tracked.id) {
            return Existence::Present(entity);
        }
        match self.listing(org, tracked.kind) {
            Some(listing)
                if listing.by_id.get(&tracked.id) == Some(&ById::Absent)
                    && !listing.only_home_is_visible() =>
            {
                Existence::Absent
            }
            _ => Existence::Unproven,
        }
    }

    /// Returns an entity by id, from the listing or from a request for that id.
    pub(crate) fn entity(
        &self,
        org: &'s OrgId,
        kind: &Kind,
        id: &'s EntityId,
    ) -> Option<&'s Entity> {
        let listed = self.by_id.get(&((org, kind.terraform_type), id)).copied();
        listed.or_else(|| match self.listing(org, kind)?.by_id.get(id)? {
            ById::Present(entity) => Some(entity),
            ById::Absent => None,
        })
    }

    pub(crate) fn listing(&self, org: &OrgId, kind: &Kind) -> Option<&'s Listing> {
        self.survey.orgs.get(org)?.listings.get(kind.terraform_type)
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

/// What is known of one subject, as the rules ask it.
pub(crate) struct Facts<'s, 'w> {
    pub(crate) world: &'w World<'s>,
    pub(crate) subject: Subject<'s>,
    pub(crate) kind: Option<&'static Kind>,
    pub(crate) alias: Option<&'s Alias>,
    pub(crate) org: Option<&'s OrgId>,
    pub(crate) listing: Option<&'s Listing>,
    place: Option<Place<'s>>,
    /// The key that is wanted: of the plan, else of the state, else of the failure.
    pub(crate) wanted: Option<Key>,
    /// Entities whose key equals it.
    pub(crate) exact: Vec<&'s Entity>,
}

impl<'s> Facts<'s, '_> {
    /// Returns the units whose failures a log tells of at this address, each once.
    pub(crate) fn units_of_failures(&self) -> Vec<String> {
        let failures = self.world.survey.failures.iter();
        let here = failures.filter(|failure| failure.address.as_ref() == self.subject.address());
        let units: BTreeSet<_> = here.filter_map(|failure| failure.unit.clone()).collect();
        units.into_iter().collect()
    }

    pub(crate) fn change(&self) -> Option<Change> {
        self.subject.planned.map(|planned| planned.change)
    }

    /// Says whether a new object is to be made here: planned, or tried and failed, and not tracked.
    /// A saved plan may be older than a state that holds the object by now.
    pub(crate) fn creates(&self) -> bool {
        match self.subject.planned {
            Some(planned) => {
                planned.change == Change::Create
                    && !matches!(self.existence(), Some(Existence::Present(_)))
            }
            None => self.subject.tracked.is_none() && self.failed_create().is_some(),
        }
    }

    /// Returns the failure if it is one of making an object here, however it showed.
    pub(crate) fn failed_create(&self) -> Option<&'s Failure> {
        self.subject.failure.filter(|failure| failure.operation == Operation::Create)
    }

    /// Says whether the API itself said that the name is taken.
    pub(crate) fn was_told_duplicate(&self) -> bool {
        self.kind.zip(self.failed_create()).is_some_and(|(kind, failure)| {
            failure.shape == Shape::Refused
                && failure.method.as_deref().is_none_or(|method| method == "POST")
                && failure.path.as_deref().is_none_or(|path| path == kind.collection)
                && kind
                    .duplicates
                    .iter()
                    .any(|reply| Some(reply.status) == failure.status && reply.code.is_none())
        })
    }

    pub(crate) fn home(&self) -> Option<&'s Entity> {
        self.listing?.entities.iter().find(|entity| entity.is_home)
    }

    pub(crate) fn wants_home(&self) -> bool {
        self.kind.is_some_and(|kind| kind.home_field.is_some())
            && self.subject.planned.is_some_and(|planned| planned.flag(HOME_ATTRIBUTE))
    }

    pub(crate) fn existence(&self) -> Option<Existence<'s>> {
        self.subject.tracked.map(|tracked| self.world.existence(tracked))
    }

    /// Returns the key that the tracked entity has now: the org's word, not the state's.
    pub(crate) fn present_key(&self) -> Option<Key> {
        match self.existence()? {
            Existence::Present(entity) => Some(entity.key.clone()),
            Existence::Absent | Existence::Unproven => {
                key_of(self.kind?, &self.subject.tracked?.attributes)
            }
        }
    }

    /// Says whether the tracked entity already has the wanted key in the org.
    pub(crate) fn keeps_its_key(&self) -> bool {
        self.wanted
            .as_ref()
            .zip(self.present_key().as_ref())
            .is_some_and(|(wanted, present)| name::compare_keys(wanted, present) == Likeness::Equal)
    }

    /// Returns instances of this state, at other addresses, that hold the id.
    pub(crate) fn other_holders(&self, id: &'s EntityId) -> Vec<&'s TrackedInstance> {
        let Some(place) = self.place else {
            return Vec::new();
        };
        let own = self.subject.address();
        self.world
            .holders
            .get(&(place, id))
            .into_iter()
            .flatten()
            .copied()
            .filter(|holder| Some(&holder.address) != own)
            .collect()
    }

    /// Returns the deposed instance that holds the id, at any address: the next apply deletes it.
    pub(crate) fn deposed_holder(&self, id: &'s EntityId) -> Option<&'s TrackedInstance> {
        self.world.deposed.get(&(self.place?, id)).copied()
    }

    /// Returns the plan's word on another address.
    pub(crate) fn planned_at(&self, address: &Address) -> Option<&'s Planned> {
        self.world.planned.get(address).copied()
    }

    /// Returns other addresses that stay in the configuration and want the same key.
    pub(crate) fn rivals(&self) -> Vec<&'s Address> {
        let Some((place, key)) = self.place.zip(self.wanted.as_ref()) else {
            return Vec::new();
        };
        self.others(self.world.wanting.get(&(place, exact_form(key))))
    }

    /// Returns other addresses that want a key which differs only as a person may overlook.
    pub(crate) fn near_rivals(&self) -> Vec<&'s Address> {
        let Some((place, key)) = self.place.zip(self.wanted.as_ref()) else {
            return Vec::new();
        };
        let exact = self.rivals();
        let mut near = self.others(self.world.wanting_loosely.get(&(place, loosest_form(key))));
        near.retain(|address| !exact.contains(address));
        near
    }

    /// Returns other addresses that claim the home entity of the same org.
    pub(crate) fn home_rivals(&self) -> Vec<&'s Address> {
        self.others(self.place.and_then(|place| self.world.wanting_home.get(&place)))
    }

    fn others(&self, planned: Option<&Vec<&'s Planned>>) -> Vec<&'s Address> {
        let own = self.subject.address();
        let mut addresses: Vec<_> = planned
            .into_iter()
            .flatten()
            .map(|planned| &planned.address)
            .filter(|address| Some(*address) != own)
            .collect();
        addresses.sort();
        addresses
    }

    /// Returns entities whose key is near the wanted one, never those that equal it. Look-alike
    /// letters count only once the API has said that the name is taken.
    pub(crate) fn near(&self) -> Vec<Candidate> {
        let (strict, _) = self.near_and_look_alikes();
        strict
    }

    /// Returns entities that only look alike: a note, as long as no 409 came.
    pub(crate) fn look_alikes(&self) -> Vec<Candidate> {
        let (_, look_alikes) = self.near_and_look_alikes();
        look_alikes
    }

    fn near_and_look_alikes(&self) -> (Vec<Candidate>, Vec<Candidate>) {
        let Some((place, key)) = self.place.zip(self.wanted.as_ref()) else {
            return Default::default();
        };
        let mut near: Vec<Candidate> = self
            .world
            .by_loosest
            .get(&(place, loosest_form(key)))
            .into_iter()
            .flatten()
            .filter_map(|entity| match name::compare_keys(key, &entity.key) {
                Likeness::Near(differs) => Some(Candidate {
                    entity: (*entity).clone(),
                    differs: differs.into_iter().collect(),
                }),
                Likeness::Equal | Likeness::Different => None,
            })
            .collect();
        near.sort_by(|a, b| {
            (a.differs.len(), &a.entity.key, &a.entity.id).cmp(&(
                b.differs.len(),
                &b.entity.key,
                &b.entity.id,
            ))
        });
        if self.was_told_duplicate() {
            return (near, Vec::new());
        }
        near.into_iter().partition(|candidate| !candidate.differs.contains(&Difference::LookAlike))
    }

    /// Returns attributes in which an import of this entity would find the configuration different.
    pub(crate) fn drift_from(&self, entity: &Entity) -> Vec<Drift> {
        self.subject.planned.map(|planned| planned.drift_from(entity)).unwrap_or_default()
    }

    /// Returns soft-deleted entities with the wanted key.
    pub(crate) fn deleted_twins(&self) -> Vec<&'s Entity> {
        let Some((listing, key)) = self.listing.zip(self.wanted.as_ref()) else {
            return Vec::new();
        };
        listing
            .deleted
            .iter()
            .flatten()
            .filter(|entity| name::compare_keys(&entity.key, key) == Likeness::Equal)
            .collect()
    }

    /// Returns other states that manage this id.
    pub(crate) fn other_owners(&self, id: &EntityId) -> Vec<(&'s OtherState, &'s TrackedInstance)> {
        self.world
            .survey
            .surroundings
            .other_states
            .iter()
            .flat_map(|state| state.tracked.instances.iter().map(move |tracked| (state, tracked)))
            .filter(|(_, tracked)| tracked.id == *id && Some(tracked.kind) == self.kind)
            .collect()
    }
}
