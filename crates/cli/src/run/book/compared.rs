//! What an apply after an adoption would change, by the provider's own plan: for kinds of which nobody
//! foretells it.
//!
//! Never asks anybody. Invariant: a value is shown only where neither the schema nor the configuration
//! can hold it to be sensitive.

use divvy_core::decide::Expect;
use divvy_core::drift::{Drift, attribute_name};
use divvy_core::shown::Shown;
use divvy_core::{EntityId, Finding, Kind};
use divvy_plugin::Value;
use divvy_plugin::proxy::{Difference, Differences};
use serde_json::Value as Json;

use super::Book;
use crate::run::creates::json;
use crate::run::policy::RunPolicy;

/// What the provider said of one entity.
#[derive(Clone, Debug)]
pub(super) struct Compared {
    drift: Vec<Drift>,
    /// True if the apply would delete it and make another.
    pub(super) is_replaced: bool,
}

impl Compared {
    /// Returns what an adoption comes to.
    pub(super) fn expect(&self, policy: &RunPolicy) -> Expect {
        match (self.drift.is_empty(), policy.accept_drift) {
            (true, _) => Expect::NoOp,
            (false, true) => Expect::Update,
            (false, false) => Expect::DriftStays,
        }
    }
}

impl Book {
    /// Takes in what an apply would change about the entity of this id; of what it would replace, what
    /// forces it.
    pub(crate) fn compare(&mut self, number: usize, id: &str, differences: &Differences) {
        let Differences { all, replacing } = differences;
        let is_told =
            |one: &&Difference| replacing.is_empty() || replacing.contains(&one.attribute);
        let kind = self.planned(number).kind;
        let drift = all.iter().filter(is_told).map(|one| self.drift_of(kind, one)).collect();
        let compared = Compared { drift, is_replaced: !replacing.is_empty() };
        self.entries[number].compared = Some((EntityId::new(id), compared));
    }

    /// Returns what is known to differ of the entity that a finding is about.
    pub(super) fn compared(&self, number: usize, finding: &Finding) -> Option<&Compared> {
        let (id, compared) = self.entries[number].compared.as_ref()?;
        finding.evidence.entity.as_ref().filter(|entity| entity.id == *id)?;
        Some(compared)
    }

    /// Returns a finding with what is known to differ.
    pub(super) fn as_compared(&self, finding: Finding, number: usize) -> Finding {
        match self.compared(number, &finding).cloned() {
            // What differs is foretold of some kinds, in words of their own.
            Some(compared) if finding.kind.is_none_or(|kind| kind.drifting.is_none()) => {
                finding.as_planned(compared.drift, compared.is_replaced)
            }
            Some(_) | None => finding,
        }
    }

    fn drift_of(&self, kind: &'static Kind, difference: &Difference) -> Drift {
        let Difference { attribute, before, after, is_sensitive } = difference;
        // What one block may hide is shown of none.
        let blocks = &self.configuration.blocks;
        let is_plain = blocks.visibility(kind.terraform_type, attribute).is_whole;
        let is_shown = is_plain && !is_sensitive;
        let is_nested = [before, after].into_iter().any(holds_map);
        let value = |value: &Value| {
            let value = Some(json(value)).filter(|value| *value != Json::Null)?;
            Some(if is_shown && !is_nested { Shown::Plain(value) } else { Shown::Sensitive })
        };
        Drift { attribute: attribute_name(attribute), config: value(after), org: value(before) }
    }
}

/// Returns whether a value is, or holds, what a nested block would be.
fn holds_map(value: &Value) -> bool {
    match value {
        Value::Map(_) => true,
        Value::List(elements) => elements.iter().any(holds_map),
        _ => false,
    }
}
