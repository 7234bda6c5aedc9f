//! Entities: what exists in an org.
//!
//! Never compares names: that is [`crate::name`]. Invariant: an entity is as the API showed it.

use serde_json::Value;

pub use crate::identity::{Attributes, EntityId, Key, OrgId, key_text, value_at};
use crate::kind::Kind;

/// An entity as an org's listing (or a request by id) shows it.
#[derive(Clone, Debug, PartialEq)]
pub struct Entity {
    /// The kind that it is an entry of.
    pub kind: &'static Kind,
    /// Its id.
    pub id: EntityId,
    /// What makes it unique; for a division its name.
    pub key: Key,
    /// Attributes under Terraform's names; a field that the API left out is left out here too.
    pub attributes: Attributes,
    /// True for the org's home division (`homeDivision` of the reply, never the word "Home").
    pub is_home: bool,
}

impl Entity {
    /// Returns an attribute as text; absent and null are both `None`.
    pub fn text(&self, attribute: &str) -> Option<&str> {
        self.attributes.get(attribute).and_then(Value::as_str)
    }
}
