//! A snapshot of environment variables, made by the caller.
//!
//! Never reads the process's environment. Invariant: `Debug` shows no value.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

/// The environment variables of a run, taken once.
#[derive(Clone, Default)]
pub struct Environment(BTreeMap<String, String>);

impl Environment {
    /// Wraps a snapshot.
    pub fn new(variables: BTreeMap<String, String>) -> Self {
        Self(variables)
    }

    /// Returns a variable; an empty one counts as unset, as it does for the provider.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// Returns the home directory.
    pub(crate) fn home(&self) -> Option<PathBuf> {
        self.get("HOME").or_else(|| self.get("USERPROFILE")).map(PathBuf::from)
    }
}

impl<K: Into<String>, V: Into<String>> FromIterator<(K, V)> for Environment {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(variables: I) -> Self {
        Self(variables.into_iter().map(|(name, value)| (name.into(), value.into())).collect())
    }
}

impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Environment({} variables)", self.0.len())
    }
}
