//! The resource types that the stand-in serves beside the division, made of two files: `kinds.json` has
//! keys, paths and what replaces an object, `schemas.json` the further attributes.
//!
//! Only data. Invariant: a type whose key or paths the facts do not describe whole is not served, unless
//! `schemas.json` has it: then it lives in the state alone.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;

use super::schema::{ApiRow, AttributeRow, Need, Shape, TypeRow};

/// Every type but the division.
pub(crate) static TYPES: LazyLock<Vec<&'static TypeRow>> = LazyLock::new(|| {
    let facts: Facts =
        serde_json::from_str(FACTS).expect("a test of the crate that owns the file reads it");
    let mut schemas: Schemas = serde_json::from_str(SCHEMAS).expect("a test of this file reads it");
    let mut types: Vec<TypeRow> = facts
        .kinds
        .into_iter()
        .filter(|fact| fact.name != NOT_HERE)
        .filter_map(|fact| {
            let schema = schemas.types.remove(fact.name);
            fact.served(schema.unwrap_or_default())
        })
        .collect();
    types.extend(schemas.types.into_iter().map(|(name, schema)| schema.in_state_alone(name)));
    types.into_iter().map(|row| &*Box::leak(Box::new(row))).collect()
});

const FACTS: &str = include_str!("../../../core/kinds.json");
const SCHEMAS: &str = include_str!("../../schemas.json");

/// The division has a file of its own.
const NOT_HERE: &str = "genesyscloud_auth_division";

/// Finds a type that is no division.
pub(crate) fn named(name: &str) -> Option<&'static TypeRow> {
    TYPES.iter().find(|row| row.name == name).copied()
}

#[derive(Deserialize)]
#[serde(bound(deserialize = "'de: 'static"))]
struct Facts {
    kinds: Vec<Fact>,
}

#[derive(Deserialize)]
struct Fact {
    #[serde(rename = "type")]
    name: &'static str,
    #[serde(default)]
    noun: Option<&'static str>,
    adoption: &'static str,
    scope: &'static str,
    #[serde(default)]
    key: Vec<FactPart>,
    create: Option<FactCreate>,
    item: Option<&'static str>,
    import_id: Option<&'static str>,
    #[serde(default)]
    replaced_by: Vec<&'static str>,
}

#[derive(Deserialize)]
struct FactPart {
    attribute: &'static str,
    field: Option<&'static str>,
    in_path: Option<&'static str>,
    parent: Option<&'static str>,
}

impl FactPart {
    /// The object's own, and no field is known that shows it: a create says it all the same.
    fn is_said_alone(&self) -> bool {
        self.field.is_none() && self.in_path.is_some() && self.parent.is_none()
    }
}

#[derive(Deserialize)]
struct FactCreate {
    way: &'static str,
    path: Option<&'static str>,
}

#[derive(Deserialize)]
#[serde(bound(deserialize = "'de: 'static"))]
struct Schemas {
    types: BTreeMap<&'static str, SchemaRow>,
}

#[derive(Default, Deserialize)]
#[serde(default, bound(deserialize = "'de: 'static"))]
struct SchemaRow {
    version: i64,
    attributes: BTreeMap<&'static str, Spec>,
}

/// What `schemas.json` says of an attribute.
#[derive(Deserialize)]
#[serde(untagged)]
enum Spec {
    /// Its shape, and who fills it.
    Plain(String),
    /// Blocks, and what each has.
    Blocks(BTreeMap<String, Spec>),
}

impl Spec {
    fn row(&self, name: &'static str) -> AttributeRow {
        let (shape, need) = match self {
            Self::Plain(text) => {
                let (shape, word) = text.split_once(' ').unwrap_or((text.as_str(), ""));
                let shape = match shape {
                    "map" => Shape::Map,
                    "number" => Shape::Number,
                    "flag" => Shape::Flag,
                    "texts" => Shape::Texts,
                    _ => Shape::Text,
                };
                let need = match word {
                    "required" => Need::Required,
                    "computed" => Need::Computed,
                    "defaulted" => Need::OptionalComputed,
                    _ => Need::Optional,
                };
                (shape, need)
            }
            Self::Blocks(inner) => {
                let rows: Vec<_> =
                    inner.iter().map(|(name, spec)| spec.row(name.clone().leak())).collect();
                (Shape::Blocks(rows.leak()), Need::Optional)
            }
        };
        AttributeRow { name, shape, need, forces_replacement: false }
    }
}

impl SchemaRow {
    fn attributes(&self) -> Vec<AttributeRow> {
        self.attributes.iter().map(|(name, spec)| spec.row(name)).collect()
    }

    fn in_state_alone(self, name: &'static str) -> TypeRow {
        TypeRow { name, version: self.version, attributes: sorted(self.attributes()), api: None }
    }
}

fn sorted(mut attributes: Vec<AttributeRow>) -> &'static [AttributeRow] {
    attributes.push(AttributeRow {
        name: "id",
        shape: Shape::Text,
        need: Need::Computed,
        forces_replacement: false,
    });
    attributes.sort_by_key(|row| row.name);
    attributes.leak()
}

impl Fact {
    /// Makes the type, if the facts say all that serving it takes.
    fn served(self, schema: SchemaRow) -> Option<TypeRow> {
        let has_schema = !schema.attributes.is_empty();
        match self.api(&schema) {
            Some(api) => {
                let attributes = sorted(self.attributes(&schema));
                Some(TypeRow { name: self.name, version: 1, attributes, api: Some(api) })
            }
            None => has_schema.then(|| schema.in_state_alone(self.name)),
        }
    }

    fn api(&self, schema: &SchemaRow) -> Option<ApiRow> {
        let create = self.create.as_ref().filter(|create| create.way == "post")?.path?;
        let item = self.item?;
        // An id that follows from the configuration is the part of the key that is no parent's.
        let has_own = self.key.iter().any(|part| part.parent.is_none());
        match self.adoption {
            "list" => {}
            "derived" if has_own => {}
            _ => return None,
        }
        let mut parents = Vec::new();
        let mut fields = Vec::new();
        for part in &self.key {
            match (part.in_path, part.field) {
                (Some(placeholder), field) => {
                    parents.push((part.attribute, placeholder));
                    let said = part.is_said_alone().then(|| &*camel(part.attribute).leak());
                    fields.extend(field.or(said).map(|field| (part.attribute, field)));
                }
                (None, Some(field)) => fields.push((part.attribute, field)),
                (None, None) => return None,
            }
        }
        if self.scope == "division" {
            fields.push(("division_id", "division.id"));
        }
        let others = schema.attributes.keys().map(|name| (*name, &*camel(name).leak()));
        fields.extend(others);
        Some(ApiRow {
            create,
            item,
            parents,
            fields,
            import_id: self.import_id?,
            holds_own_id: self.name == "genesyscloud_routing_email_route",
            noun: self.noun.unwrap_or_else(|| {
                self.name.trim_start_matches("genesyscloud_").replace('_', " ").leak()
            }),
        })
    }

    fn attributes(&self, schema: &SchemaRow) -> Vec<AttributeRow> {
        let mut attributes = schema.attributes();
        for part in &self.key {
            let mut steps = part.attribute.splitn(3, '.');
            let name = steps.next().unwrap_or_default();
            // The schema knows better.
            if schema.attributes.contains_key(name) {
                continue;
            }
            let row = |name, shape| AttributeRow {
                name,
                shape,
                need: Need::Required,
                forces_replacement: self.replaced_by.contains(&name),
            };
            attributes.push(match (steps.next(), steps.next()) {
                (Some(_), Some(inner)) => {
                    row(name, Shape::Block(vec![row(inner, Shape::Text)].leak()))
                }
                // One of a list: `library_ids.0`.
                (Some(_), None) => row(name, Shape::Texts),
                _ => row(name, Shape::Text),
            });
        }
        if self.scope == "division" {
            attributes.push(AttributeRow {
                name: "division_id",
                shape: Shape::Text,
                need: Need::OptionalComputed,
                forces_replacement: self.replaced_by.contains(&"division_id"),
            });
        }
        for row in &mut attributes {
            row.forces_replacement |= self.replaced_by.contains(&row.name);
        }
        attributes
    }
}

/// The API's spelling of an attribute.
pub(crate) fn camel(name: &str) -> String {
    let mut words = name.split('_');
    let first = words.next().unwrap_or_default().to_owned();
    words.fold(first, |text, word| {
        let (head, tail) = word.split_at(word.len().min(1));
        text + &head.to_uppercase() + tail
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(name: &str) -> &'static TypeRow {
        TYPES.iter().find(|row| row.name == name).copied().expect("a type")
    }

    #[test]
    fn nearly_all_types_that_are_listed_are_served_by_the_api() {
        let served = TYPES.iter().filter(|row| row.api.is_some()).count();
        assert!(served > 90, "{served}");
        let names: std::collections::BTreeSet<_> = TYPES.iter().map(|row| row.name).collect();
        assert_eq!(names.len(), TYPES.len(), "a type is served twice");
    }

    #[test]
    fn a_type_has_its_key_its_division_and_what_replaces_it() {
        let attribute = |name: &str, of: &'static TypeRow| {
            of.attributes.iter().find(|row| row.name == name).map(|row| row.forces_replacement)
        };
        let list = row("genesyscloud_outbound_contact_list");
        assert_eq!(attribute("column_names", list), Some(true));
        assert_eq!(attribute("name", list), Some(false));
        assert_eq!(attribute("division_id", list), Some(false));
        let fields = &list.api.as_ref().unwrap().fields;
        assert!(fields.contains(&("column_names", "columnNames")), "{fields:?}");
        assert!(row("genesyscloud_user_roles").api.is_none());
    }

    #[test]
    fn blocks_are_within_blocks() {
        let times = row("genesyscloud_outbound_callabletimeset").attributes;
        let inner = |rows: &'static [AttributeRow], name: &str| match rows
            .iter()
            .find(|row| row.name == name)
            .map(|row| row.shape)
        {
            Some(Shape::Blocks(inner)) => inner,
            other => panic!("{name} is {other:?}"),
        };
        let slots = inner(inner(times, "callable_times"), "time_slots");
        assert!(slots.iter().any(|row| row.name == "day" && row.shape == Shape::Number));
    }
}
