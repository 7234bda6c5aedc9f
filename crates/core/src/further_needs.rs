//! Which second look at an org is worth a request, told from what the first look found.
//!
//! Never asks anything itself. Invariant: nothing is asked twice.

use std::collections::{BTreeMap, BTreeSet};

use crate::entity::{EntityId, OrgId};
use crate::failure::Operation;
use crate::finding::Resolution;
use crate::kind::Kind;
use crate::resolve::resolve;
use crate::survey::Survey;
use crate::verdict::Verdict;

/// What is still worth asking one org about one kind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Needs {
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

/// Returns what is worth asking, by org and kind. `chosen` are ids that a person named.
pub fn further_needs(
    survey: &Survey,
    chosen: &BTreeSet<EntityId>,
) -> BTreeMap<(OrgId, &'static Kind), Needs> {
    let resolution = resolve(survey);
    let mut needs: BTreeMap<(OrgId, &'static Kind), Needs> = BTreeMap::new();
    for finding in &resolution.findings {
        let Some((org, kind)) = finding.org.clone().zip(finding.kind) else {
            continue;
        };
        let Some(listing) =
            survey.orgs.get(&org).and_then(|org| org.listings.get(kind.terraform_type))
        else {
            continue;
        };
        let need = needs.entry((org, kind)).or_default();
        need.limit |=
            finding.verdict == Verdict::Create && kind.limit.is_some() && listing.limit.is_none();
        let create_failed = finding
            .failure
            .and_then(|index| survey.failures.get(index))
            .is_some_and(|failure| failure.operation == Operation::Create);
        need.deleted |= create_failed && kind.deleted.is_some() && listing.deleted.is_none();
        let ids =
            tracked_id(survey, &resolution, finding).into_iter().chain(chosen.iter().cloned());
        for id in ids {
            let is_known = listing.entities.iter().any(|entity| entity.id == id)
                || listing.by_id.contains_key(&id);
            if !is_known {
                need.ids.insert(id);
            }
        }
    }
    needs.retain(|_, need| !need.is_empty());
    needs
}

fn tracked_id(survey: &Survey, _: &Resolution, finding: &crate::Finding) -> Option<EntityId> {
    let address = finding.address.as_ref()?;
    let tracked = survey.tracked.iter().flat_map(|tracked| &tracked.instances);
    let planned = survey.desired.iter().flat_map(|desired| &desired.planned);
    tracked
        .filter(|tracked| !tracked.is_deposed && tracked.address == *address)
        .map(|tracked| tracked.id.clone())
        .chain(
            planned
                .filter(|planned| planned.address == *address)
                .filter_map(|planned| planned.import_id.clone()),
        )
        .next()
}
