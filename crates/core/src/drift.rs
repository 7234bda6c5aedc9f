//! Drift: what an import would find different between configuration and org.
//!
//! Types only.

use serde_json::Value;

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

impl Drift {
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
