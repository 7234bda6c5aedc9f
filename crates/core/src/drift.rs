//! Drift: what an import would find different between configuration and org.
//!
//! Reads nothing. Invariant: a concealed value is in no line that is written.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use serde_json::Value;

use crate::hcl::hcl;
use crate::kind::Kind;
use crate::shown::Shown;

/// An attribute in which configuration and org differ; an unset value is `None`.
#[derive(Clone, Debug, PartialEq)]
pub struct Drift {
    /// Terraform's name of the attribute.
    pub attribute: &'static str,
    /// What the configuration wants.
    pub config: Option<Shown<Value>>,
    /// What the org has.
    pub org: Option<Shown<Value>>,
}

/// Returns a name that lives as long as the program, as those of the table do. Names come from the
/// provider's schema, so there are few of them.
pub fn attribute_name(name: &str) -> &'static str {
    static NAMES: Mutex<BTreeSet<&'static str>> = Mutex::new(BTreeSet::new());
    let mut names = NAMES.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = names.get(name) {
        return known;
    }
    let kept: &'static str = Box::leak(name.into());
    names.insert(kept);
    kept
}

/// Returns whether an apply would replace an object of this kind for one of these differences.
pub fn is_replaced_for(kind: &Kind, drift: &[Drift]) -> bool {
    drift.iter().any(|drift| kind.replacing.contains(&drift.attribute))
}

impl Drift {
    /// Writes the line of configuration that keeps the org's value; nothing where the value is concealed.
    pub fn line_to_keep(&self) -> Option<String> {
        if self.is_concealed() {
            return None;
        }
        Some(match self.org.as_ref().and_then(Shown::plain) {
            Some(value) => format!("{} = {}", self.attribute, hcl(value)),
            None => format!("remove {}", self.attribute),
        })
    }

    /// Reports whether the values are concealed.
    pub fn is_concealed(&self) -> bool {
        [&self.config, &self.org].into_iter().flatten().any(Shown::is_sensitive)
    }

    /// Takes out the values.
    pub(crate) fn conceal(&mut self) {
        for value in [&mut self.config, &mut self.org].into_iter().flatten() {
            value.conceal();
        }
    }
}
