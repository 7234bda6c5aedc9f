//! Aliases: provider configurations, as a plan names them.
//!
//! Types only.

use std::fmt;

use serde::Serialize;

/// A provider configuration as the plan JSON names it: `genesyscloud`, `genesyscloud.prod`, or
/// `module.x:genesyscloud` for one that a module declares itself.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Alias(String);

impl Alias {
    /// Wraps a `provider_config_key` of the plan JSON.
    pub fn new(provider_config_key: impl Into<String>) -> Self {
        Self(provider_config_key.into())
    }

    /// Returns the key as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Alias {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
