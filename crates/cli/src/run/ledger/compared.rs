//! What an apply after an adoption would change, by the provider's own plan: for kinds of which nobody
//! foretells it.
//!
//! Never asks anybody. Invariant: a value is shown only where neither the schema nor the configuration
//! can hold it to be sensitive.

use divvy_core::Kind;
use divvy_core::decide::Expect;
use divvy_core::drift::{Drift, attribute_name};
use divvy_core::shown::Shown;
use divvy_plugin::Value;
use divvy_plugin::proxy::{Difference, Differences};
use divvy_terraform::Blocks;
use serde_json::Value as Json;

use crate::run::creates::json;
use crate::run::policy::RunPolicy;

/// What the provider said of one entity.
#[derive(Clone, Debug)]
pub(super) struct Compared {
    pub(super) drift: Vec<Drift>,
    /// True if the apply would delete it and make another.
    pub(super) is_replaced: bool,
}

impl Compared {
    /// Reads what the provider said; of what it would replace, what forces it.
    pub(super) fn of(differences: &Differences, kind: &Kind, blocks: &Blocks) -> Self {
        let Differences { all, replacing } = differences;
        let is_told =
            |one: &&Difference| replacing.is_empty() || replacing.contains(&one.attribute);
        let drift = all.iter().filter(is_told).map(|one| drift_of(one, kind, blocks));
        Self { drift: drift.collect(), is_replaced: !replacing.is_empty() }
    }

    /// Returns what an adoption comes to.
    pub(super) fn expect(&self, policy: &RunPolicy) -> Expect {
        match (self.drift.is_empty(), policy.accept_drift) {
            (true, _) => Expect::NoOp,
            (false, true) => Expect::Update,
            (false, false) => Expect::DriftStays,
        }
    }
}

fn drift_of(difference: &Difference, kind: &Kind, blocks: &Blocks) -> Drift {
    let Difference { attribute, before, after, is_sensitive } = difference;
    // What one block may hide is shown of none.
    let is_plain = blocks.visibility(kind.terraform_type, attribute).is_whole;
    let is_nested = [before, after].into_iter().any(holds_map);
    let is_shown = is_plain && !is_sensitive && !is_nested;
    let value = |value: &Value| {
        let value = Some(json(value)).filter(|value| *value != Json::Null)?;
        Some(if is_shown { Shown::Plain(value) } else { Shown::Sensitive })
    };
    Drift { attribute: attribute_name(attribute), config: value(after), org: value(before) }
}

/// Returns whether a value is, or holds, what a nested block would be.
fn holds_map(value: &Value) -> bool {
    match value {
        Value::Map(_) => true,
        Value::List(elements) => elements.iter().any(holds_map),
        _ => false,
    }
}
