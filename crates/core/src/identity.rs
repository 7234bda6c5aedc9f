//! What names an entity: ids, keys, and the attributes that hold them.
//!
//! Never compares names: that is [`crate::name`]. Invariant: an id is kept as the text that the API
//! sent; divvy never requires it to be a GUID.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Attribute values of an instance or entity, under Terraform's attribute names.
pub type Attributes = serde_json::Map<String, Value>;

/// The id of an entity, as the API spells it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct EntityId(String);

impl EntityId {
    /// Wraps an id exactly as it was read.
    pub fn new(id: impl Into<String>) -> Self {
        Self(id.into())
    }

    /// Returns the id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for EntityId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The id of an organization (`GET /api/v2/organizations/me`), or a stand-in text for an org that
/// does not tell it. Two aliases with equal `OrgId` are one org.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct OrgId(String);

impl OrgId {
    /// Wraps an organization id.
    pub fn new(id: impl Into<String>) -> Self {
        Self(id.into())
    }

    /// Returns the id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for OrgId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What makes an entity unique within its org and kind: one or several parts, in the order of
/// [`crate::Kind::key`]. For a division: its name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Key(Vec<String>);

impl Key {
    /// Makes a key of one part, for kinds that are known by name alone.
    pub fn name(name: impl Into<String>) -> Self {
        Self(vec![name.into()])
    }

    /// Makes a key of several parts, in the order of [`crate::Kind::key`].
    pub fn from_parts(parts: Vec<String>) -> Self {
        Self(parts)
    }

    /// Returns the parts.
    pub fn parts(&self) -> &[String] {
        &self.0
    }
}

/// Follows a path such as `config.0.name` from a field; `None` where it leads nowhere.
pub fn value_at<'v>(fields: &'v Attributes, path: &str) -> Option<&'v Value> {
    let mut steps = path.split('.');
    let first = fields.get(steps.next()?)?;
    steps.try_fold(first, |value, step| match step.parse::<usize>() {
        Ok(index) => value.get(index),
        Err(_) => value.get(step),
    })
}

/// Returns a value as a part of a key: text as it is, a map of texts in one spelling
/// (`de='Mittag', en='Lunch'`) that no other map has; `None` for anything else.
pub fn key_text(value: &Value) -> Option<Cow<'_, str>> {
    match value {
        Value::String(text) => Some(Cow::Borrowed(text)),
        Value::Object(entries) => {
            let quoted = |text: &str| text.replace('\\', "\\\\").replace('\'', "\\'");
            let sorted: BTreeMap<_, _> = entries.iter().collect();
            let entries = sorted.into_iter().map(|(name, value)| {
                let is_plain = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
                let name = if is_plain { name.clone() } else { format!("'{}'", quoted(name)) };
                Some(format!("{name}='{}'", quoted(value.as_str()?)))
            });
            let entries: Option<Vec<_>> = entries.collect();
            entries.map(|entries| Cow::Owned(entries.join(", ")))
        }
        _ => None,
    }
}

impl fmt::Display for Key {
    /// Shows the parts joined by ` / `; a one-part key is its name and nothing else.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join(" / "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_map_has_one_spelling_that_no_other_map_has() {
        let text = |value: Value| key_text(&value).map(Cow::into_owned);
        let labels = json!({ "en_US": "Lunch", "de": "Mittag" });
        assert_eq!(text(labels).unwrap(), "de='Mittag', en_US='Lunch'");
        let others = [
            json!({ "de": "Mittag', en_US='Lunch" }),
            json!({ "de='Mittag', en_US": "Lunch" }),
            json!({ "de": "Mittag\\', en_US='Lunch" }),
            json!({ "de": "Mittag\\", ", en_US=": "Lunch" }),
        ];
        let spelled: std::collections::BTreeSet<_> = others.into_iter().map(text).collect();
        assert_eq!(spelled.len(), 4);
        assert!(!spelled.contains(&Some("de='Mittag', en_US='Lunch'".to_owned())));
        assert_eq!(text(json!({ "de": 1 })), None);
        assert_eq!(text(json!(["de"])), None);
    }
}
