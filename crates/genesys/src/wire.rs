//! The API's JSON, field for field.
//!
//! Never interprets: what a value means is said in `entities` and `classify`. Invariant: fields
//! that the documentation does not promise are optional.

use std::collections::BTreeMap;

use divvy_core::kind::KeyPart;
use divvy_core::{Attributes, Entity, EntityId, Key, Kind};
use secrecy::SecretString;
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

/// Answer of `POST /oauth/token`.
#[derive(Deserialize)]
pub(crate) struct TokenReply {
    pub(crate) access_token: SecretText,
}

/// A text that is a secret from the moment it is parsed.
#[derive(Deserialize)]
#[serde(from = "String")]
pub(crate) struct SecretText(pub(crate) SecretString);

impl From<String> for SecretText {
    fn from(text: String) -> Self {
        Self(text.into())
    }
}

/// Answer of `GET /api/v2/organizations/me`.
#[derive(Deserialize)]
pub(crate) struct OrganizationReply {
    pub(crate) id: String,
    pub(crate) name: Option<String>,
}

/// One page of an entity listing (`AuthzDivisionEntityListing` and its like).
#[derive(Deserialize)]
pub(crate) struct Page {
    pub(crate) entities: Vec<WireEntity>,
    #[serde(rename = "pageSize")]
    pub(crate) size: Option<u64>,
    /// How many pages there are.
    #[serde(rename = "pageCount")]
    pub(crate) count: Option<u64>,
    pub(crate) total: Option<u64>,
}

/// One entity of any kind.
#[derive(Deserialize)]
pub(crate) struct WireEntity {
    /// Promised, and still missing in what a proxy or a broken reply makes of it; empty then.
    #[serde(default, deserialize_with = "text_or_nothing")]
    pub(crate) id: String,
    #[serde(flatten)]
    pub(crate) fields: Map<String, Value>,
}

fn text_or_nothing<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    Option::<String>::deserialize(deserializer).map(Option::unwrap_or_default)
}

impl WireEntity {
    /// Returns the parts of its key, joined for comparing; `None` where one is missing or no text.
    pub(crate) fn name(&self, kind: &Kind) -> Option<String> {
        let text = |part: &KeyPart| self.fields.get(part.api).and_then(Value::as_str);
        let parts: Option<Vec<&str>> = kind.key.iter().map(text).collect();
        parts.map(|parts| parts.join(" / "))
    }

    /// Turns it into an entity: key, drifting attributes, home. Under the pathed dialect its
    /// `path`, `externalId` and `active` stand among the attributes too.
    pub(crate) fn into_entity(self, kind: &'static Kind) -> Entity {
        let text = |field: &str| {
            let value = self.fields.get(field).and_then(Value::as_str);
            value.unwrap_or_default().to_owned()
        };
        let key = kind.key.iter().map(|part| text(part.api)).collect();
        let own = kind.key.iter().map(|part| (&part.terraform, &part.api));
        let drifting = kind.drifting.iter().map(|attribute| (&attribute.terraform, &attribute.api));
        let attributes: Attributes = own
            .chain(drifting)
            .chain(PATHED_FIELDS.iter().map(|(ours, api)| (ours, api)))
            .filter_map(|(ours, api)| Some(((*ours).to_owned(), self.fields.get(*api)?.clone())))
            .collect();
        let is_home =
            kind.special.is_some_and(|it| self.fields.get(it.field) == Some(&Value::Bool(true)));
        Entity { kind, id: EntityId::new(self.id), key: Key::from_parts(key), attributes, is_home }
    }

    /// Returns how many objects of each type belong to it (`objectCount=true`).
    pub(crate) fn object_counts(&self) -> BTreeMap<String, u64> {
        let counts = self.fields.get("objectCounts").and_then(Value::as_object);
        counts
            .into_iter()
            .flatten()
            .filter_map(|(object_type, count)| Some((object_type.clone(), count.as_u64()?)))
            .collect()
    }
}

/// Fields that only the pathed dialect has: our name, the API's.
const PATHED_FIELDS: &[(&str, &str)] =
    &[("path", "path"), ("external_id", "externalId"), ("active", "active")];

#[cfg(test)]
mod tests {
    use super::*;
    use divvy_core::kinds::division::DIVISION;
    use serde_json::json;

    fn read(value: Value) -> Entity {
        let wire: WireEntity = serde_json::from_value(value).unwrap();
        wire.into_entity(&DIVISION)
    }

    #[test]
    fn a_division_keeps_what_the_api_sent_and_nothing_else() {
        let entity = read(json!({
            "id": "ABC", "name": "Sales/EMEA", "description": null, "homeDivision": false,
            "selfUri": "/x", "objectCounts": {"QUEUE": 2}
        }));
        assert_eq!(entity.id.as_str(), "ABC");
        assert_eq!(entity.key, Key::name("Sales/EMEA"));
        assert_eq!(
            Value::Object(entity.attributes),
            json!({"name": "Sales/EMEA", "description": null})
        );
        assert!(!entity.is_home);
    }

    #[test]
    fn home_is_told_by_its_field_and_never_by_its_name() {
        assert!(read(json!({"id": "1", "name": "Zuhause", "homeDivision": true})).is_home);
        assert!(!read(json!({"id": "1", "name": "Home"})).is_home);
    }
}
