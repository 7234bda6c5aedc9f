//! What is to be created.
//!
//! Never sends anything. Invariant: the parts of its key come in the order of the kind's.

use divvy_core::name::{self, Likeness};
use divvy_core::{Entity, Key};

/// What is to be created.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewEntity {
    /// What makes it unique, in the order of [`Kind::key`]; under the pathed dialect name and path.
    pub key: Key,
    /// Description; none is sent as `""`.
    pub description: Option<String>,
}

impl NewEntity {
    /// Makes one that is known by its name.
    pub fn new(name: impl Into<String>) -> Self {
        Self { key: Key::name(name), description: None }
    }

    /// Adds a path (pathed dialect).
    #[must_use]
    pub fn with_path(self, path: impl Into<String>) -> Self {
        let key = Key::from_parts(vec![self.name().to_owned(), path.into()]);
        Self { key, ..self }
    }

    /// Returns its name, the first part of the key.
    pub fn name(&self) -> &str {
        self.key.parts().first().map_or("", String::as_str)
    }

    /// Returns its full path (pathed dialect).
    pub fn path(&self) -> Option<&str> {
        self.key.parts().get(1).map(String::as_str)
    }

    /// Adds a description.
    #[must_use]
    pub fn with_description(mut self, description: impl Into<String>) -> Self {
        self.description = Some(description.into());
        self
    }

    /// Returns whether an entity is the one that this asks for: the same key on the NFC form.
    pub fn is(&self, entity: &Entity) -> bool {
        name::compare_keys(&self.key, &entity.key) == Likeness::Equal
    }
}
