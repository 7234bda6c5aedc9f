//! Drift: what an import would find different between configuration and org.
//!
//! Types only.

use serde_json::Value;

/// An attribute in which configuration and org differ; an unset value is `None`.
#[derive(Clone, Debug, PartialEq)]
pub struct Drift {
    /// Terraform's name of the attribute.
    pub attribute: &'static str,
    /// What the configuration wants.
    pub config: Option<Value>,
    /// What the org has.
    pub org: Option<Value>,
}
