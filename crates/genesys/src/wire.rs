//! The API's JSON, field for field.
//!
//! Never interprets: what a value means is said in `entities` and `classify`. Invariant: fields
//! that the documentation does not promise are optional.

use std::borrow::Cow;
use std::collections::BTreeMap;

use divvy_core::kind::{DIVISION_ID, Scope, Shows, placeholders};
use divvy_core::{Attributes, Entity, EntityId, Key, Kind, key_text, value_at};
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
#[derive(Default, Deserialize)]
pub(crate) struct Page {
    #[serde(alias = "results")]
    pub(crate) entities: Vec<WireEntity>,
    #[serde(rename = "pageSize")]
    pub(crate) size: Option<u64>,
    /// How many pages there are.
    #[serde(rename = "pageCount")]
    pub(crate) count: Option<u64>,
    pub(crate) total: Option<u64>,
    #[serde(rename = "nextUri")]
    pub(crate) next_uri: Option<String>,
    #[serde(rename = "nextPage")]
    pub(crate) further: Option<String>,
    pub(crate) after: Option<String>,
    pub(crate) cursors: Option<Cursors>,
}

/// Where some listings put the cursor of the next page.
#[derive(Default, Deserialize)]
pub(crate) struct Cursors {
    pub(crate) after: Option<String>,
}

/// A listing of one page: some answer with the bare list.
#[derive(Deserialize)]
#[serde(untagged)]
pub(crate) enum WholeList {
    Page(Page),
    Bare(Vec<WireEntity>),
}

impl From<WholeList> for Page {
    fn from(list: WholeList) -> Self {
        match list {
            WholeList::Page(page) => page,
            WholeList::Bare(entities) => Self { entities, ..Self::default() },
        }
    }
}

/// What entities are read of: their kind, and what fills the path that is read.
#[derive(Clone, Copy)]
pub(crate) struct Reading<'f> {
    pub(crate) kind: &'static Kind,
    pub(crate) filling: &'f [String],
}

impl Reading<'_> {
    /// Returns what fills a placeholder of the path.
    fn filled(&self, placeholder: &str) -> Option<&str> {
        let path = self.kind.list?.path;
        let at = placeholders(path).position(|name| name == placeholder)?;
        self.filling.get(at).map(String::as_str)
    }
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
    /// Returns a part of its key, as far as it is text.
    fn part<'v>(&'v self, shows: Shows, reading: &'v Reading<'_>) -> Option<Cow<'v, str>> {
        match shows {
            Shows::InPath(template) => {
                let filled = |name: &str| reading.filled(name).map(str::to_owned);
                template.compose(filled).map(Cow::Owned)
            }
            Shows::Field("id") => Some(Cow::Borrowed(&self.id)),
            Shows::Field(path) => key_text(value_at(&self.fields, path)?),
        }
    }

    /// Lets go of what nobody reads: an object may have a hundred fields, and an org many thousands.
    pub(crate) fn slim(&mut self, kind: &Kind) {
        let of_key = |name: &str| {
            kind.key.iter().any(|part| match part.shows {
                Shows::Field(path) => path.split('.').next() == Some(name),
                Shows::InPath(_) => false,
            })
        };
        self.fields.retain(|name, _| {
            ALWAYS_READ.contains(&name.as_str())
                || of_key(name)
                || kind.drifting().iter().any(|known| known.api == name)
                || kind.special.is_some_and(|special| special.field == name)
                || PATHED_FIELDS.iter().any(|(_, api)| *api == name)
        });
    }

    /// Returns whether it is only kept to be restored: some listings show such ones too.
    pub(crate) fn is_deleted(&self) -> bool {
        self.fields.get("state").is_some_and(|state| state == "deleted")
    }

    /// Returns the parts of its key, joined for comparing; `None` where one is missing or no text.
    pub(crate) fn name(&self, reading: &Reading<'_>) -> Option<String> {
        let parts: Option<Vec<_>> =
            reading.kind.key.iter().map(|part| self.part(part.shows, reading)).collect();
        parts.map(|parts| parts.join(" / "))
    }

    /// Returns the id that an import takes; empty where the reply lacks a part of it.
    pub(crate) fn identity(&self, reading: &Reading<'_>) -> EntityId {
        let composed = reading.kind.import_id.compose(|name| match name {
            "id" => (!self.id.is_empty()).then(|| self.id.clone()),
            _ => {
                let part = reading.kind.key.iter().find(|part| part.terraform == name)?;
                self.part(part.shows, reading).map(Cow::into_owned)
            }
        });
        EntityId::new(composed.unwrap_or_default())
    }

    /// Returns the id of the division that it is in.
    fn division(&self) -> Option<&Value> {
        let nested = self.fields.get("division").and_then(|division| division.get("id"));
        nested.or_else(|| self.fields.get("divisionId")).filter(|id| id.is_string())
    }

    /// Turns it into an entity: key, drifting attributes, division, home. Under the pathed dialect its
    /// `path`, `externalId` and `active` stand among the attributes too.
    pub(crate) fn into_entity(self, reading: &Reading<'_>) -> Entity {
        let kind = reading.kind;
        let part = |shows| self.part(shows, reading).unwrap_or_default().into_owned();
        let key = Key::from_parts(kind.key.iter().map(|known| part(known.shows)).collect());
        let own = kind.key.iter().filter_map(|part| match part.shows {
            Shows::Field(field) => Some((part.terraform, field)),
            Shows::InPath(_) => None,
        });
        let drifting = kind.drifting().iter().map(|known| (known.terraform, known.api));
        let mut attributes: Attributes = own
            .chain(drifting)
            .chain(PATHED_FIELDS.iter().copied())
            .filter_map(|(ours, api)| Some((ours.to_owned(), self.fields.get(api)?.clone())))
            .collect();
        if let Some(division) = self.division().filter(|_| kind.scope == Scope::Division) {
            attributes.insert(DIVISION_ID.to_owned(), division.clone());
        }
        let is_home =
            kind.special.is_some_and(|it| self.fields.get(it.field) == Some(&Value::Bool(true)));
        Entity { kind, id: self.identity(reading), key, attributes, is_home }
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

/// Fields that are read whatever the kind.
const ALWAYS_READ: &[&str] = &["division", "divisionId", "state", "objectCounts"];

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
        wire.into_entity(&Reading { kind: &DIVISION, filling: &[] })
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
