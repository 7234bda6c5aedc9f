//! Values that may be shown, and the mark of those that may not.
//!
//! Terraform marks values as sensitive; divvy works with them and never shows them. What is sensitive
//! of a finding is decided in [`crate::conceal`]. Invariant: a concealed value is gone.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Serialize, Serializer};
use serde_json::Value;

use crate::entity::{Entity, EntityId, Key};
use crate::kind::Kind;
use crate::name::visible;

/// What is written in place of a sensitive value: Terraform's own words.
pub const CONCEALED: &str = "(sensitive value)";

/// A value that may be shown, or the mark of one that may not. The sensitive value itself is gone.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Shown<T> {
    /// May be shown.
    Plain(T),
    /// Terraform holds it to be sensitive.
    Sensitive,
}

impl<T> Shown<T> {
    /// Returns the value where it may be shown.
    pub fn plain(&self) -> Option<&T> {
        match self {
            Self::Plain(value) => Some(value),
            Self::Sensitive => None,
        }
    }

    /// Reports whether the value is concealed.
    pub fn is_sensitive(&self) -> bool {
        matches!(self, Self::Sensitive)
    }

    /// Makes another value of a plain one.
    pub fn map<U>(&self, change: impl FnOnce(&T) -> U) -> Shown<U> {
        match self {
            Self::Plain(value) => Shown::Plain(change(value)),
            Self::Sensitive => Shown::Sensitive,
        }
    }

    /// Lets the value go.
    pub fn conceal(&mut self) {
        *self = Self::Sensitive;
    }
}

impl<T: fmt::Display> Shown<T> {
    /// Returns the value as a name in quotes (see [`visible`]), or the words for a concealed one.
    pub fn visible(&self) -> String {
        match self {
            Self::Plain(value) => visible(&value.to_string()),
            Self::Sensitive => CONCEALED.to_owned(),
        }
    }
}

impl<T: fmt::Display> fmt::Display for Shown<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Plain(value) => value.fmt(f),
            Self::Sensitive => f.write_str(CONCEALED),
        }
    }
}

impl<T: Serialize> Serialize for Shown<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Plain(value) => value.serialize(serializer),
            Self::Sensitive => serializer.serialize_str(CONCEALED),
        }
    }
}

impl From<&str> for Shown<Value> {
    fn from(text: &str) -> Self {
        Self::Plain(text.into())
    }
}

impl<T> From<T> for Shown<T> {
    fn from(value: T) -> Self {
        Self::Plain(value)
    }
}

/// An entity of the org as a finding may show it.
#[derive(Clone, Debug, PartialEq)]
pub struct ShownEntity {
    /// The kind that it is an entry of.
    pub kind: &'static Kind,
    /// Its id.
    pub id: EntityId,
    /// What makes it unique.
    pub key: Shown<Key>,
    /// Attributes under Terraform's names.
    pub attributes: BTreeMap<String, Shown<Value>>,
    /// True for the org's home entity.
    pub is_home: bool,
}

impl ShownEntity {
    /// Returns an attribute as text; absent and null are both `None`.
    pub fn text(&self, attribute: &str) -> Option<Shown<String>> {
        match self.attributes.get(attribute)? {
            Shown::Sensitive => Some(Shown::Sensitive),
            Shown::Plain(value) => value.as_str().map(|text| Shown::Plain(text.to_owned())),
        }
    }

    pub(crate) fn conceal(&mut self, sensitive: &BTreeSet<String>) {
        if is_key_sensitive(self.kind, sensitive) {
            self.key.conceal();
        }
        for (name, value) in &mut self.attributes {
            if sensitive.contains(name) {
                value.conceal();
            }
        }
    }
}

impl From<&Entity> for ShownEntity {
    fn from(entity: &Entity) -> Self {
        let attributes = entity.attributes.iter();
        Self {
            kind: entity.kind,
            id: entity.id.clone(),
            key: Shown::Plain(entity.key.clone()),
            attributes: attributes
                .map(|(name, value)| (name.clone(), Shown::Plain(value.clone())))
                .collect(),
            is_home: entity.is_home,
        }
    }
}

/// Returns whether any part of a kind's key that is shown is sensitive.
pub(crate) fn is_key_sensitive(kind: &Kind, sensitive: &BTreeSet<String>) -> bool {
    kind.shown_parts().any(|(_, part)| sensitive.contains(part.attribute()))
}

/// Returns a text with every occurrence of these values concealed. A short value is looked for as a
/// word of its own, since it is part of many others.
pub fn without<'v>(text: &str, values: impl IntoIterator<Item = impl AsRef<str> + 'v>) -> String {
    const SHORT: usize = 4;
    let mut values: Vec<_> = values.into_iter().collect();
    // One value may begin another: the longer one goes first.
    values.sort_by_key(|value| std::cmp::Reverse(value.as_ref().len()));
    values.iter().map(AsRef::as_ref).filter(|value| !value.trim().is_empty()).fold(
        text.to_owned(),
        |text, value| {
            let stands_alone = |at: usize| {
                let is_part = |c: char| c.is_alphanumeric() || c == '_';
                !text[..at].chars().next_back().is_some_and(is_part)
                    && !text[at + value.len()..].chars().next().is_some_and(is_part)
            };
            let mut concealed = String::with_capacity(text.len());
            let mut rest = 0;
            for (at, _) in text.match_indices(value) {
                if value.chars().count() >= SHORT || stands_alone(at) {
                    concealed.push_str(&text[rest..at]);
                    concealed.push_str(CONCEALED);
                    rest = at + value.len();
                }
            }
            concealed.push_str(&text[rest..]);
            concealed
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sensitive_value_leaves_no_trace_in_debug_text_or_json() {
        let mut value = Shown::Plain("hush".to_owned());
        assert_eq!((value.visible(), value.to_string()), ("\"hush\"".into(), "hush".into()));
        value.conceal();
        let json = serde_json::to_string(&value).unwrap();
        for text in [format!("{value:?}"), value.to_string(), value.visible(), json] {
            assert!(!text.contains("hush"), "{text}");
        }
    }

    #[test]
    fn values_go_out_of_a_text_and_words_that_hold_a_short_one_stay() {
        assert_eq!(
            without("a is taken, said \"a\"", ["a"]),
            format!("{CONCEALED} is taken, said \"{CONCEALED}\"")
        );
        assert_eq!(
            without("TopSecret_2: Top", ["Top", "TopSecret"]),
            format!("{CONCEALED}_2: {CONCEALED}")
        );
        assert_eq!(without("as it was", ["", " ", "x"]), "as it was");
    }
}
