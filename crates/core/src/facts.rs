//! Facts: what is known of one subject, as each rule of [`crate::resolve`] wants to ask it.
//!
//! Never decides. Invariant: a fact is computed from the survey alone, in one way, for every rule.

use std::collections::BTreeSet;

use crate::address::Address;
use crate::conceal;
use crate::drift::is_replaced_for;
use crate::entity::{Entity, EntityId, Key, OrgId};
use crate::failure::{Failure, Operation, Shape};
use crate::finding::{Candidate, Choice, Drift, Evidence};
use crate::kind::{Adoption, DIVISION_ID, Filling, Kind};
use crate::name::{self, Difference, Likeness};
use crate::subject::Subject;
use crate::survey::{
    Alias, ById, Change, Listing, OtherState, Planned, Seen, TrackedInstance, key_of,
};
use crate::world::{Existence, Place, World};

/// What is known of one subject, as the rules ask it.
pub(crate) struct Facts<'s, 'w> {
    pub(crate) world: &'w World<'s>,
    pub(crate) subject: Subject<'s>,
    pub(crate) kind: Option<&'static Kind>,
    pub(crate) alias: Option<&'s Alias>,
    pub(crate) org: Option<&'s OrgId>,
    pub(crate) listing: Option<&'s Listing>,
    pub(crate) place: Option<Place<'s>>,
    /// The key that is wanted: of the plan, else of the state, else of the failure.
    pub(crate) wanted: Option<Key>,
    /// Entities whose key equals it, and which may be in the division that is wanted.
    pub(crate) exact: Vec<&'s Entity>,
    /// Entities whose key equals it, in another division than the one that is wanted.
    pub(crate) elsewhere: Vec<&'s Entity>,
}

impl<'s, 'w> Facts<'s, 'w> {
    /// Gathers what is known of one subject.
    pub(crate) fn of(world: &'w World<'s>, subject: Subject<'s>) -> Self {
        let kind = subject.kind();
        let alias = world.alias_of(subject);
        let org = alias.and_then(|alias| world.org_of_alias(alias));
        let place = org.zip(kind);
        let wanted = subject
            .planned
            .and_then(Planned::wanted_key)
            .or_else(|| {
                subject.tracked.and_then(|tracked| key_of(tracked.kind, &tracked.attributes))
            })
            .or_else(|| {
                // A log tells one name, which is the key only where that has one part.
                let is_whole = kind.is_none_or(|kind| kind.key.len() == 1);
                subject.failure.filter(|_| is_whole)?.name.clone().map(Key::name)
            });
        let listing = place.and_then(|(org, kind)| world.listing(org, kind));
        let filling = kind.zip(wanted.as_ref()).and_then(|(kind, key)| kind.filling(key));
        let listing = listing
            .filter(|listing| filling.as_ref().is_none_or(|filling| listing.covers(filling)));
        let exact = listing.zip(wanted.as_ref());
        let exact = exact.map(|(listing, key)| listing.entities.equal_to(key)).unwrap_or_default();
        let division = subject.planned.and_then(Planned::division);
        let (exact, elsewhere) = exact.into_iter().partition(|entity| may_be_in(entity, division));
        let exact = narrowed(exact, wanted.as_ref());
        Self { world, subject, kind, alias, org, listing, place, wanted, exact, elsewhere }
    }
}

/// Among several entities of one key the one with its very bytes counts.
fn narrowed<'s>(exact: Vec<&'s Entity>, wanted: Option<&Key>) -> Vec<&'s Entity> {
    let mut identical = exact.iter().filter(|entity| Some(&entity.key) == wanted);
    match (identical.next(), identical.next()) {
        (Some(only), None) => vec![*only],
        _ => exact,
    }
}

/// Returns whether an entity is in a division, as far as both are known.
fn may_be_in(entity: &Entity, division: Option<&str>) -> bool {
    division.zip(entity.text(DIVISION_ID)).is_none_or(|(wanted, found)| wanted == found)
}

impl<'s> Facts<'s, '_> {
    /// Returns the units whose failures a log tells of at this address, each once.
    pub(crate) fn units_of_failures(&self) -> Vec<String> {
        let here = self.subject.address().map(|address| self.world.failures_at(address));
        let here = here.into_iter().flatten();
        let units: BTreeSet<_> = here.filter_map(|failure| failure.unit.clone()).collect();
        units.into_iter().collect()
    }

    /// Returns whether a create here updates what exists, so that nothing has to be looked for.
    pub(crate) fn updates_existing(&self) -> bool {
        self.kind.is_some_and(|kind| {
            let is_set =
                |attribute| self.subject.planned.is_some_and(|planned| planned.sets(attribute));
            kind.adoption == Adoption::NotNeeded || kind.updates_when.is_some_and(is_set)
        })
    }

    /// Returns what fills the path at which an entity of the wanted key is read, as far as it is known.
    pub(crate) fn filling(&self) -> Option<Filling> {
        self.kind?.filling(self.wanted.as_ref()?)
    }

    /// Returns a key of this kind as it is shown.
    pub(crate) fn shown(&self, key: &Key) -> String {
        self.kind.map_or_else(|| key.to_string(), |kind| kind.shown_key(key))
    }

    pub(crate) fn change(&self) -> Option<Change> {
        self.subject.planned.map(|planned| planned.change)
    }

    /// Returns whether a new object is to be made here: planned, or tried and failed, and not tracked.
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

    /// Returns what is known of the kind in its org; `None` where no org is known.
    pub(crate) fn seen(&self) -> Option<&'s Seen> {
        let (org, kind) = self.place?;
        Some(self.world.survey.orgs.get(org)?.listings.seen(kind))
    }

    /// Returns whether what the listing lacks is not in the org.
    pub(crate) fn absence_is_proof(&self) -> bool {
        self.kind
            .zip(self.listing)
            .is_some_and(|(kind, listing)| listing.is_complete && listing.shows_all(kind))
    }

    /// Returns whether the plan itself imports an id here.
    pub(crate) fn imports(&self) -> bool {
        self.subject.planned.is_some_and(|planned| planned.import_id.is_some())
    }

    /// Returns whether what is tracked here is to get another key, or has it in the state alone.
    pub(crate) fn renames(&self) -> bool {
        let keeps_its_object =
            matches!(self.change(), Some(Change::Update | Change::NoOp | Change::Replace { .. }));
        keeps_its_object && self.subject.tracked.is_some() && !self.keeps_its_key()
    }

    /// Returns whether an object is made here, also to replace another.
    pub(crate) fn makes_an_object(&self) -> bool {
        self.creates() || self.subject.planned.is_some_and(Planned::makes_an_object)
    }

    /// Returns the one entity that has the wanted key, where a new object is to be made.
    pub(crate) fn only_match(&self) -> Option<&'s Entity> {
        match self.exact.as_slice() {
            [entity] if self.creates() => Some(entity),
            _ => None,
        }
    }

    /// Returns whether a new object is to be made whose key no entity has.
    pub(crate) fn lacks_a_match(&self) -> bool {
        self.creates() && self.exact.is_empty()
    }

    /// Returns the failure if it is one of making an object here, however it showed.
    pub(crate) fn failed_create(&self) -> Option<&'s Failure> {
        self.subject.failure.filter(|failure| failure.operation == Operation::Create)
    }

    /// Returns what may be named here: each candidate, and what a person named already.
    pub(crate) fn choices(&self, candidates: &[Candidate]) -> Vec<Choice> {
        let named = self.subject.address().and_then(|at| self.world.survey.chosen.get(at));
        let mut ids: Vec<_> = candidates.iter().map(|candidate| &candidate.entity.id).collect();
        ids.extend(named.filter(|named| !ids.contains(named)));
        ids.into_iter().map(|id| self.choice(id)).collect()
    }

    fn choice(&self, id: &EntityId) -> Choice {
        let entity = self.listing.and_then(|listing| listing.entity(id));
        let is_absent =
            self.listing.is_some_and(|listing| listing.by_id.get(id) == Some(&ById::Absent));
        let own = self.subject.address();
        // An id may be that of another kind's object too: a user's roles have the user's.
        let holders = self.world.holding(id).into_iter();
        let mut holders = holders.filter(|holder| Some(holder.kind) == self.kind);
        let is_held = holders.any(|holder| holder.is_deposed || Some(&holder.address) != own);
        let drift = entity.map(|entity| self.changes_to(entity)).unwrap_or_default();
        let is_replaced = self.kind.is_some_and(|kind| is_replaced_for(kind, &drift));
        let is_home = entity.is_some_and(|entity| entity.is_home);
        Choice {
            id: id.clone(),
            is_forbidden: is_absent || is_held || is_home || is_replaced,
            drift,
        }
    }

    /// Returns the failure of the subject, without what is sensitive there.
    pub(crate) fn shown_failure(&self) -> Option<Failure> {
        Some(conceal::failure_at(self.subject.failure?, self.subject.planned))
    }

    /// Returns the attributes whose values must not be shown, given the other addresses that take part:
    /// they may share an entity, and what is sensitive at one of them is hidden at all.
    pub(crate) fn sensitive(&self, others: &[Address]) -> BTreeSet<String> {
        let planned = self.subject.planned.map(|planned| &planned.sensitive);
        let tracked = self.subject.tracked.map(|tracked| &tracked.sensitive);
        let others = others.iter().filter_map(|address| self.planned_at(address));
        let of_others = others.map(|planned| &planned.sensitive);
        planned.into_iter().chain(tracked).chain(of_others).flatten().cloned().collect()
    }

    /// Returns whether the API itself said that the name is taken.
    pub(crate) fn was_told_duplicate(&self) -> bool {
        self.kind.zip(self.failed_create()).is_some_and(|(kind, failure)| {
            failure.shape == Shape::Refused
                && failure.method.as_deref().is_none_or(|method| method == "POST")
                && failure.path.as_deref().is_none_or(|path| kind.is_created_at(path))
                && failure.status.is_some_and(|status| kind.is_duplicate(status, None))
        })
    }

    pub(crate) fn home(&self) -> Option<&'s Entity> {
        self.listing?.entities.home()
    }

    pub(crate) fn wants_home(&self) -> bool {
        self.kind
            .and_then(|kind| kind.special)
            .zip(self.subject.planned)
            .is_some_and(|(special, planned)| planned.flag(special.attribute))
    }

    pub(crate) fn existence(&self) -> Option<Existence<'s>> {
        self.subject.tracked.map(|tracked| self.world.existence(tracked))
    }

    /// Returns whether an id exists, as far as this client can prove it.
    pub(crate) fn existence_of(&self, id: &EntityId) -> Existence<'s> {
        match self.place {
            Some((org, kind)) => self.world.existence_of(org, kind, id),
            None => Existence::Unproven,
        }
    }

    /// Returns the id that the state holds here and keeps, if it is proved that the org has it no longer.
    pub(crate) fn absent_id(&self) -> Option<&'s EntityId> {
        let tracked = self.subject.tracked?;
        // What the plan takes out of the state anyway needs no repair, and is not made again.
        let is_absent = self.existence()? == Existence::Absent && !self.leaves_the_configuration();
        is_absent.then_some(&tracked.id)
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

    /// Returns whether the tracked entity already has the wanted key in the org.
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
        let mut holders = self.world.holders(place, id);
        holders.retain(|holder| Some(&holder.address) != own);
        holders
    }

    /// Returns the addresses of [`Self::other_holders`].
    pub(crate) fn other_addresses(&self, id: &'s EntityId) -> Vec<Address> {
        self.other_holders(id).into_iter().map(|holder| holder.address.clone()).collect()
    }

    /// Returns the deposed instance that holds the id, at any address: the next apply deletes it.
    pub(crate) fn deposed_holder(&self, id: &'s EntityId) -> Option<&'s TrackedInstance> {
        self.world.deposed(self.place?, id)
    }

    /// Returns the plan's word on another address.
    pub(crate) fn planned_at(&self, address: &Address) -> Option<&'s Planned> {
        self.world.planned_at(address)
    }

    /// Returns other addresses that stay in the configuration and want the same key.
    pub(crate) fn rivals(&self) -> Vec<&'s Address> {
        let Some((place, key)) = self.place.zip(self.wanted.as_ref()) else {
            return Vec::new();
        };
        self.others(self.world.wanting(place, key))
    }

    /// Returns other addresses that want a key which differs only as a person may overlook.
    pub(crate) fn near_rivals(&self) -> Vec<&'s Address> {
        let Some((place, key)) = self.place.zip(self.wanted.as_ref()) else {
            return Vec::new();
        };
        let exact = self.rivals();
        let mut near = self.others(self.world.wanting_loosely(place, key));
        // Both are in order.
        near.retain(|address| exact.binary_search(address).is_err());
        near
    }

    /// Returns other addresses that claim the home entity of the same org.
    pub(crate) fn home_rivals(&self) -> Vec<&'s Address> {
        self.place.map(|place| self.others(self.world.wanting_home(place))).unwrap_or_default()
    }

    fn others(&self, planned: Vec<&'s Planned>) -> Vec<&'s Address> {
        let own = self.subject.address();
        let division = self.subject.planned.and_then(Planned::division);
        let mut addresses: Vec<_> = planned
            .into_iter()
            .filter(|other| division.zip(other.division()).is_none_or(|(one, two)| one == two))
            .map(|planned| &planned.address)
            .filter(|address| Some(*address) != own)
            .collect();
        addresses.sort();
        addresses
    }

    /// Returns the entities whose key equals the wanted one, by id.
    pub(crate) fn exact_candidates(&self) -> Vec<Candidate> {
        let exact = self.exact.iter().map(|entity| Candidate::exact(entity));
        let mut candidates: Vec<_> = exact.collect();
        candidates.sort_by(|a, b| a.entity.id.cmp(&b.entity.id));
        candidates
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
        let Some((listing, key)) = self.listing.zip(self.wanted.as_ref()) else {
            return Default::default();
        };
        let division = self.subject.planned.and_then(Planned::division);
        let mut near: Vec<Candidate> = listing
            .entities
            .around(key)
            .into_iter()
            .filter(|entity| may_be_in(entity, division))
            .filter_map(|entity| match name::compare_keys(key, &entity.key) {
                Likeness::Near(differs) => Some(Candidate {
                    entity: entity.into(),
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
            // The API has said that the name is taken: divisions may share their names after all.
            near.extend(self.namesakes());
            return (near, Vec::new());
        }
        near.into_iter().partition(|candidate| !candidate.differs.contains(&Difference::LookAlike))
    }

    /// Returns the entities of the wanted key that are in another division.
    pub(crate) fn namesakes(&self) -> Vec<Candidate> {
        let elsewhere = self.elsewhere.iter();
        elsewhere
            .map(|entity| Candidate {
                entity: (*entity).into(),
                differs: vec![Difference::Division],
            })
            .collect()
    }

    /// Returns attributes in which an import of this entity would find the configuration different.
    pub(crate) fn drift_from(&self, entity: &Entity) -> Vec<Drift> {
        self.subject.planned.map(|planned| planned.drift_from(entity)).unwrap_or_default()
    }

    /// Returns what an apply would change in this entity once the instance holds it, its key first.
    pub(crate) fn changes_to(&self, entity: &Entity) -> Vec<Drift> {
        self.subject.planned.map(|planned| planned.changes_to(entity)).unwrap_or_default()
    }

    /// Returns whether the plan knows the address and keeps it.
    pub(crate) fn stays(&self) -> bool {
        self.subject.planned.is_some_and(Planned::stays)
    }

    /// Returns whether the plan takes the address out of the state, with the entity or without.
    pub(crate) fn leaves_the_configuration(&self) -> bool {
        self.subject.planned.is_some_and(|planned| !planned.stays())
    }

    /// Returns whether the plan forgets this address: the entity stays.
    pub(crate) fn is_forgotten(&self) -> bool {
        self.change() == Some(Change::Forget)
    }

    /// Returns whether the plan forgets another address.
    pub(crate) fn forgets(&self, address: &Address) -> bool {
        self.planned_at(address).is_some_and(|planned| planned.change == Change::Forget)
    }

    /// Returns the evidence that an entity gives, with what an import of it would find different.
    pub(crate) fn about(&self, entity: &Entity) -> Evidence {
        Evidence { drift: self.drift_from(entity), ..Evidence::of(entity) }
    }

    /// Returns soft-deleted entities with the wanted key.
    pub(crate) fn deleted_twins(&self) -> Vec<&'s Entity> {
        let Some((listing, key)) = self.listing.zip(self.wanted.as_ref()) else {
            return Vec::new();
        };
        listing.deleted.as_ref().map(|deleted| deleted.equal_to(key)).unwrap_or_default()
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
