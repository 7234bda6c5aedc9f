//! In what an entity differs from the instance that is to adopt it: what the next apply changes.
//!
//! Never decides. Invariant: a value that Terraform holds to be sensitive is concealed.

use crate::entity::EntityId;
use crate::finding::{Drift, Finding};
use crate::survey::Survey;

/// Returns what an apply would change in the entity of this id once the finding's address holds it,
/// its key first; empty where the entity or the plan for the address is not known.
pub fn differences(survey: &Survey, finding: &Finding, id: &EntityId) -> Vec<Drift> {
    let mut planned = survey.desired.iter().flat_map(|desired| &desired.planned);
    let planned = planned.find(|planned| Some(&planned.address) == finding.address.as_ref());
    let listing = finding.org.as_ref().zip(finding.kind).and_then(|(org, kind)| {
        survey.orgs.get(org).and_then(|org| org.listings.get(kind.terraform_type))
    });
    let entity = listing.and_then(|listing| listing.entity(id));
    planned.zip(entity).map(|(planned, entity)| planned.changes_to(entity)).unwrap_or_default()
}
