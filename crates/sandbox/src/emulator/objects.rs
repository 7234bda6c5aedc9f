//! Objects of the API that are no divisions: per path a plain collection of JSON documents, so that
//! a run can meet other types than the division.
//!
//! Never checks what a document holds. Invariant: an object has the fields that it was sent with,
//! and an id. They last as long as the emulator, whatever keeps the divisions.

use std::collections::BTreeMap;
use std::sync::Mutex;

use serde_json::{Map, Value};

use super::locked::lock;

/// The collections, as paths under `/api/v2/`. A further type is one entry.
pub(crate) const COLLECTIONS: &[&str] = &["architect/schedules"];

/// An object's fields.
pub(crate) type Fields = Map<String, Value>;

/// What all collections hold, by collection and by id.
#[derive(Default)]
pub(crate) struct Objects(Mutex<BTreeMap<(String, String), Fields>>);

impl Objects {
    /// Forgets all of them.
    pub(crate) fn clear(&self) {
        lock(&self.0).clear();
    }

    /// Keeps an object under its id, and returns it as it is kept.
    pub(crate) fn keep(&self, collection: &str, id: String, mut fields: Fields) -> Fields {
        fields.insert("id".to_owned(), id.clone().into());
        lock(&self.0).insert((collection.to_owned(), id), fields.clone());
        fields
    }

    /// Returns an object.
    pub(crate) fn find(&self, collection: &str, id: &str) -> Option<Fields> {
        lock(&self.0).get(&(collection.to_owned(), id.to_owned())).cloned()
    }

    /// Removes an object; false if there is none.
    pub(crate) fn remove(&self, collection: &str, id: &str) -> bool {
        lock(&self.0).remove(&(collection.to_owned(), id.to_owned())).is_some()
    }
}
