//! Which second look at an org is worth a request, told from what the first look found.
//!
//! Never asks anything itself. Invariant: nothing is asked twice.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::address::Address;
use crate::entity::{EntityId, OrgId};
use crate::facts::Facts;
use crate::failure::Operation;
use crate::finding::Finding;
use crate::index::Index;
use crate::kind::{Adoption, Filling, Kind, Visibility};
use crate::resolve::finding;
use crate::survey::{Listings, Survey};
use crate::verdict::Verdict;
use crate::world::World;

/// What is still worth asking one org about one kind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Needs {
    /// Listings that nobody asked for yet, by what fills their path.
    pub listings: BTreeSet<Filling>,
    /// How many entities the org may have: something is to be created.
    pub limit: bool,
    /// The soft-deleted ones: a create failed.
    pub deleted: bool,
    /// Ids that are tracked, planned for import or chosen by a person, and missing from the listing.
    pub ids: BTreeSet<EntityId>,
}

impl Needs {
    /// Says whether nothing is left to ask.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// Returns what is worth asking, by org and kind.
pub fn further_needs(survey: &Survey) -> BTreeMap<(OrgId, &'static Kind), Needs> {
    let index = Index::of(survey);
    let world = World::new(survey, &index);
    let held_ids = held_ids(survey);
    let mut needs: BTreeMap<(OrgId, &'static Kind), Needs> = BTreeMap::new();
    for subject in world.subjects() {
        let facts = Facts::of(&world, subject);
        let Some(finding) = finding(&facts) else { continue };
        let Some((org, kind)) = finding.org.clone().zip(finding.kind) else { continue };
        let Some(listings) = survey.orgs.get(&org).map(|org| &org.listings) else { continue };
        if kind.adoption == Adoption::NotNeeded {
            continue;
        }
        let need = needs.entry((org, kind)).or_default();
        if is_worth_listing(&finding, kind) {
            need.listings.extend(unread(&facts, kind, listings));
        }
        let Some(listing) = listings.get(kind) else { continue };
        need.limit |=
            finding.verdict == Verdict::Create && kind.limit.is_some() && listing.limit.is_none();
        let create_failed =
            finding.failure().is_some_and(|failure| failure.operation == Operation::Create);
        need.deleted |= create_failed && kind.deleted.is_some() && listing.deleted.is_none();
        let held = finding.address.as_ref().and_then(|address| held_ids.get(address)).copied();
        // That a client does not see what is in a division proves nothing.
        let is_telling = kind.visibility == Visibility::WholeOrg || facts.imports();
        need.ids.extend(held.filter(|_| is_telling).cloned());
        let chosen = survey.chosen.iter();
        let chosen = chosen.filter(|(at, _)| at.terraform_type() == kind.terraform_type);
        need.ids.extend(chosen.map(|(_, id)| id.clone()));
    }
    for ((org, kind), need) in &mut needs {
        let listing = survey.orgs.get(org).and_then(|org| org.listings.get(kind));
        if let Some(listing) = listing {
            for entity in &listing.entities {
                need.ids.remove(&entity.id);
            }
            need.ids.retain(|id| !listing.by_id.contains_key(id));
        }
    }
    needs.retain(|_, need| !need.is_empty());
    needs
}

/// Says whether it matters what the org has: something is to be made, imported or renamed. What has an
/// entity with a rule of its own is always looked at.
fn is_worth_listing(finding: &Finding, kind: &Kind) -> bool {
    kind.special.is_some()
        || finding.verdict == Verdict::Unlisted
        || finding.also.contains(&Verdict::Unlisted)
}

/// Returns what fills the path of the listing that the subject needs, where nobody has asked for it.
fn unread(facts: &Facts<'_, '_>, kind: &Kind, listings: &Listings) -> Option<Filling> {
    let filling = match facts.filling() {
        Some(filling) => filling,
        None if kind.is_read_whole() => Filling::new(),
        None => return None,
    };
    let is_read = match listings.get(kind) {
        Some(listing) => listing.covers(&filling),
        None => !listings.is_unasked(kind),
    };
    (!is_read).then_some(filling)
}

/// The id that state or plan holds at each address.
fn held_ids(survey: &Survey) -> HashMap<&Address, &EntityId> {
    let planned = survey.desired.iter().flat_map(|desired| &desired.planned);
    let tracked = survey.tracked.iter().flat_map(|tracked| &tracked.instances);
    planned
        .filter_map(|planned| Some((&planned.address, planned.import_id.as_ref()?)))
        .chain(
            tracked
                .filter(|tracked| !tracked.is_deposed)
                .map(|tracked| (&tracked.address, &tracked.id)),
        )
        .collect()
}
