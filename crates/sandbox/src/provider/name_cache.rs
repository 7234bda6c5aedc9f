//! What the division data source remembers of its one listing.
//!
//! Never refreshed while a provider runs, as in the official one. Invariant: of two names that differ
//! in case only one is kept.

use std::collections::HashMap;

/// Ids by lower-cased name.
pub(crate) type NameCache = HashMap<String, String>;
