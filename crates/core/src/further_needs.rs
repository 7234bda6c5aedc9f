//! Which second look at an org is worth a request, told from what the first look found.
//!
//! Never asks anything itself. Invariant: nothing is asked twice.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::address::Address;
use crate::entity::{EntityId, OrgId};
use crate::failure::Operation;
use crate::kind::Kind;
use crate::resolve::resolve;
use crate::survey::Survey;
use crate::verdict::Verdict;

/// What is still worth asking one org about one kind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Needs {
    /// The listing itself: nobody asked for it yet.
    pub listing: bool,
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
    let resolution = resolve(survey);
    let held_ids = held_ids(survey);
    let mut needs: BTreeMap<(OrgId, &'static Kind), Needs> = BTreeMap::new();
    for finding in &resolution.findings {
        let Some((org, kind)) = finding.org.clone().zip(finding.kind) else {
            continue;
        };
        let Some(listings) = survey.orgs.get(&org).map(|org| &org.listings) else { continue };
        let need = needs.entry((org, kind)).or_default();
        need.listing |= listings.is_unasked(kind);
        let Some(listing) = listings.get(kind) else { continue };
        need.limit |=
            finding.verdict == Verdict::Create && kind.limit.is_some() && listing.limit.is_none();
        let create_failed =
            finding.failure().is_some_and(|failure| failure.operation == Operation::Create);
        need.deleted |= create_failed && kind.deleted.is_some() && listing.deleted.is_none();
        let held = finding.address.as_ref().and_then(|address| held_ids.get(address)).copied();
        need.ids.extend(held.into_iter().chain(survey.chosen.values()).cloned());
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
