//! What of a finding may be shown: the one place that decides it, for every output.
//!
//! Invariant: what leaves [`crate::resolve`] holds no sensitive value at all, only the mark of one, so
//! no output can print one by mistake.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::address::Address;
use crate::entity::{Entity, EntityId};
use crate::failure::Failure;
use crate::finding::Finding;
use crate::shown::{is_key_sensitive, without};
use crate::survey::{Planned, Survey};

impl Finding {
    /// Lets go of every value of the attributes that Terraform holds to be sensitive: of the wanted
    /// name, of each entity that takes part (a near name tells the wanted one), and of both sides of
    /// what differs.
    pub fn conceal(&mut self, sensitive: &BTreeSet<String>) {
        if sensitive.is_empty() {
            return;
        }
        if self.kind.is_some_and(|kind| is_key_sensitive(kind, sensitive))
            && let Some(name) = &mut self.name
        {
            name.conceal();
        }
        let candidates = self.evidence.candidates.iter_mut().map(|candidate| &mut candidate.entity);
        for entity in self.evidence.entity.iter_mut().chain(candidates) {
            entity.conceal(sensitive);
        }
        let choices = self.evidence.choices.iter_mut().flat_map(|choice| &mut choice.drift);
        for drift in self.evidence.drift.iter_mut().chain(choices) {
            if sensitive.contains(drift.attribute) {
                drift.conceal();
            }
        }
    }
}

impl Planned {
    /// Returns the texts that Terraform holds to be sensitive here, before and after the change.
    fn sensitive_texts(&self) -> impl Iterator<Item = &str> {
        let sides = [&self.before, &self.after].into_iter().flatten();
        sides.flatten().filter(|(name, _)| self.sensitive.contains(*name)).filter_map(
            |(_, value)| match value {
                Value::String(text) => Some(text.as_str()),
                _ => None,
            },
        )
    }
}

impl Survey {
    /// Returns a text that Terraform said about an address and an id, without what it holds to be
    /// sensitive: a rule's message and a provider's diagnostic quote the values that they were given.
    pub fn without_secrets(&self, text: &str, address: &Address, id: &EntityId) -> String {
        let planned = || self.desired.iter().flat_map(|desired| &desired.planned);
        let wanted = planned().flat_map(Planned::sensitive_texts);
        let here = planned().find(|planned| planned.address == *address);
        let listings = self.orgs.values().flat_map(|org| org.listings.values());
        // What the org has in the place of a sensitive value is as telling.
        let entities: Vec<_> = listings.filter_map(|listing| listing.entity(id)).collect();
        let present = here.into_iter().flat_map(|planned| {
            entities.iter().flat_map(|entity| sensitive_texts_of(entity, &planned.sensitive))
        });
        without(text, wanted.chain(present))
    }
}

fn sensitive_texts_of<'e>(
    entity: &'e Entity,
    sensitive: &BTreeSet<String>,
) -> impl Iterator<Item = &'e str> {
    let key = entity.kind.key.iter().zip(entity.key.parts());
    let key = key.filter(|(part, _)| sensitive.contains(part.terraform));
    let others = entity.attributes.iter().filter(|(name, _)| sensitive.contains(*name));
    let others = others.filter_map(|(_, value)| value.as_str());
    key.map(|(_, text)| text.as_str()).chain(others)
}

/// Returns a failure without what Terraform holds to be sensitive at its address: a provider's
/// diagnostic quotes the values that it was given.
pub(crate) fn failure_at(failure: &Failure, planned: Option<&Planned>) -> Failure {
    let mut concealed = failure.clone();
    let secrets: Vec<_> = planned.into_iter().flat_map(Planned::sensitive_texts).collect();
    concealed.summary = without(&concealed.summary, &secrets);
    for text in [&mut concealed.name, &mut concealed.path].into_iter().flatten() {
        *text = without(text, &secrets);
    }
    concealed
}
