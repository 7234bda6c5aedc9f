//! The attributes of one instance as a document's JSON has them, and which of them are kept.
//!
//! A queue has a hundred attributes, and a decision reads five. Invariant: what is kept is as the document
//! has it, whatever is left out.

use std::collections::BTreeSet;
use std::fmt;

use divvy_core::{Attributes, Kind};
use serde::Deserialize;
use serde::de::{DeserializeOwned, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

/// Reads a document; one that is UTF-8 as a whole needs no look at each of its texts.
pub(crate) fn document<'j, T: Deserialize<'j>>(json: &'j [u8]) -> serde_json::Result<T> {
    match std::str::from_utf8(json) {
        Ok(text) => serde_json::from_str(text),
        Err(_) => serde_json::from_slice(json),
    }
}

/// Reads every attribute.
pub(crate) fn all(json: Option<&RawValue>) -> serde_json::Result<Option<Attributes>> {
    read_or_default(json)
}

/// Reads what was passed; the default where nothing was there.
pub(crate) fn read_or_default<T: Default + DeserializeOwned>(
    json: Option<&RawValue>,
) -> serde_json::Result<T> {
    json.map_or_else(|| Ok(T::default()), |json| serde_json::from_str(json.get()))
}

/// Reads what decides about an instance of a kind, and what is sensitive: that has to be known to be hidden.
pub(crate) fn what_decides(
    json: Option<&RawValue>,
    kind: &Kind,
    sensitive: &BTreeSet<String>,
) -> serde_json::Result<Option<Attributes>> {
    let read = |json: &RawValue| {
        let mut json = serde_json::Deserializer::from_str(json.get());
        json.deserialize_map(Kept { kind, sensitive })
    };
    json.map(read).transpose()
}

struct Kept<'k> {
    kind: &'k Kind,
    sensitive: &'k BTreeSet<String>,
}

impl<'de> Visitor<'de> for Kept<'_> {
    type Value = Attributes;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the attributes of an instance")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Attributes, A::Error> {
        let mut attributes = Attributes::new();
        while let Some(name) = map.next_key_seed(Name(&self))? {
            match name {
                Some(name) => drop(attributes.insert(name, map.next_value()?)),
                None => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(attributes)
    }
}

/// Reads the name of an attribute, if it is kept.
struct Name<'k>(&'k Kept<'k>);

impl<'de> DeserializeSeed<'de> for Name<'_> {
    type Value = Option<String>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Name<'_> {
    type Value = Option<String>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name of an attribute")
    }

    fn visit_str<E>(self, name: &str) -> Result<Option<String>, E> {
        let is_kept = self.0.kind.decides_by(name) || self.0.sensitive.contains(name);
        Ok(is_kept.then(|| name.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use divvy_core::kinds::of_terraform_type;

    use super::*;

    #[test]
    fn the_key_the_division_and_what_is_sensitive_are_kept() {
        let json = r#"{"id":"1","name":"N","division_id":"d","description":"D","na\u006de2":1,"secret":["s"],"home":true}"#;
        let raw: &RawValue = serde_json::from_str(json).unwrap();
        let queue = of_terraform_type("genesyscloud_routing_queue").unwrap();
        let sensitive = BTreeSet::from(["secret".to_owned()]);
        let kept = what_decides(Some(raw), queue, &sensitive).unwrap().unwrap();
        let names: Vec<_> = kept.keys().map(String::as_str).collect();
        assert_eq!(names, ["division_id", "id", "name", "secret"]);
        let division = of_terraform_type("genesyscloud_auth_division").unwrap();
        let kept = what_decides(Some(raw), division, &BTreeSet::new()).unwrap().unwrap();
        let names: Vec<_> = kept.keys().map(String::as_str).collect();
        assert_eq!(names, ["description", "division_id", "home", "id", "name"]);
        assert_eq!(all(Some(raw)).unwrap().unwrap().len(), 7);
        assert!(what_decides(None, queue, &sensitive).unwrap().is_none());
    }
}
