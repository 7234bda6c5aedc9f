//! What is served beyond the facts of `kinds.json`, from `endpoints.json`: the parts of an object that have
//! paths of their own, and what the platform fills in.
//!
//! Only data. Invariant: a type or a path that the file lacks is served from the facts alone.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;
use serde_json::{Map, Value};

/// The file, read once.
pub(crate) static ENDPOINTS: LazyLock<Endpoints> = LazyLock::new(|| {
    serde_json::from_str(include_str!("../../endpoints.json"))
        .expect("a test of this file reads it")
});

/// What most types have: nothing beyond the facts.
static NOTHING: LazyLock<TypeEndpoints> = LazyLock::new(TypeEndpoints::default);

/// The file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Endpoints {
    #[serde(rename = "about")]
    _about: Vec<String>,
    pub(crate) types: BTreeMap<String, TypeEndpoints>,
    /// Paths that always answer the same.
    pub(crate) constants: BTreeMap<String, Value>,
}

/// What a type has beyond its facts.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct TypeEndpoints {
    /// The fields that an object has unless it was sent with them.
    pub(crate) defaults: Map<String, Value>,
    /// The field whose value is the object's id.
    pub(crate) id: Option<String>,
    /// The fields that are never shown.
    pub(crate) hidden: Vec<String>,
    /// Each object has a division, although its key is unique in the org.
    pub(crate) in_division: bool,
    /// What was deleted softly is not found by its id, unless `state` asks for it.
    pub(crate) gone: bool,
    /// The fields that a delete sets: it leaves the object, and its key is free.
    pub(crate) delete_sets: Map<String, Value>,
    /// The fields that a PUT without them leaves.
    pub(crate) keeps: Vec<String>,
    /// Query parameters of the listing that compare a field.
    pub(crate) filters: Vec<String>,
    /// Fields that are gone when they are sent empty.
    pub(crate) gone_when_empty: Vec<String>,
    /// Fields that show objects, and the field that is sent with their ids.
    pub(crate) references: BTreeMap<String, String>,
    /// What a refused create says.
    pub(crate) taken: Option<String>,
    pub(crate) parts: Vec<Part>,
}

/// A part of an object that has a path of its own.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Part {
    /// Where; the first placeholder is the object's id.
    pub(crate) path: String,
    pub(crate) style: Style,
    /// The field of the object that keeps it and shows it.
    #[serde(default)]
    pub(crate) field: Option<String>,
    /// The part whose entries it has.
    #[serde(default)]
    pub(crate) like: Option<String>,
    /// What it is before anything was written.
    #[serde(default)]
    pub(crate) default: Value,
    /// What each write adds to a document.
    #[serde(default)]
    pub(crate) written: Map<String, Value>,
    /// What a new entry has.
    #[serde(default)]
    pub(crate) entry: Map<String, Value>,
    /// The field of a body that has the ids to add.
    #[serde(default)]
    pub(crate) adds: Option<String>,
    /// The field of a body that has the ids to remove.
    #[serde(default)]
    pub(crate) removes: Option<String>,
    /// The field of the object that counts the entries.
    #[serde(default)]
    pub(crate) counted: Option<String>,
    /// The fields of a document that are the object's.
    #[serde(default)]
    pub(crate) shared: Vec<String>,
    /// Query parameters that show no entry unless they have this value.
    #[serde(default)]
    pub(crate) only: BTreeMap<String, String>,
    /// The status of every answer.
    #[serde(default = "usual")]
    pub(crate) status: u16,
}

fn usual() -> u16 {
    200
}

/// How a part is read and written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Style {
    /// A list of objects with ids.
    Entries,
    /// One value.
    Document,
    /// The object, under another path.
    Itself,
    /// A field of the object, as plain text.
    Text,
    /// A listing of the object alone.
    Versions,
    /// Whatever is sent is taken, and nothing is kept.
    Nothing,
}

impl Part {
    /// Returns the field of the object that keeps it. No name of the API's has a slash.
    pub(crate) fn kept_in(&self) -> &str {
        self.field.as_deref().or(self.like.as_deref()).unwrap_or(&self.path)
    }
}

/// Returns what a type has beyond its facts.
pub(crate) fn of(kind: &str) -> &'static TypeEndpoints {
    ENDPOINTS.types.get(kind).unwrap_or(&NOTHING)
}

#[cfg(test)]
mod tests {
    use super::super::kinds::Collection;
    use super::*;

    #[test]
    fn every_type_is_a_collection_and_every_part_is_below_one_id() {
        for (kind, endpoints) in &ENDPOINTS.types {
            assert!(Collection::named(kind).is_some(), "{kind}");
            for part in &endpoints.parts {
                assert!(part.path.contains("{id}"), "{}", part.path);
                let known = |path: &String| endpoints.parts.iter().any(|part| part.path == *path);
                assert!(part.like.as_ref().is_none_or(known), "{}", part.path);
            }
        }
    }
}
