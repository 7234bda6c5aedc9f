//! Worlds of many types: configuration and org from the table of kinds.

use std::collections::{BTreeMap, BTreeSet};

use divvy_core::Kind;
use divvy_core::kind::Shows;
use divvy_core::kinds::division::DIVISION;
use divvy_core::kinds::{KINDS, rows};
use divvy_sandbox::fields::put;
use serde_json::{Map, Value, json};

use crate::world::{World, seed_of};

const HEADER: &str = "terraform {\n  required_providers {\n    genesyscloud = { source = \"mypurecloud/genesyscloud\" }\n  }\n}\n\nprovider \"genesyscloud\" {}\n";

/// What a type needs beside its key: attribute, field, value.
const REQUIRED: &[(&str, &str, &str)] = &[
    ("genesyscloud_architect_schedules", "start", "2026-01-01T08:00:00.000000"),
    ("genesyscloud_architect_schedules", "end", "2026-01-01T17:00:00.000000"),
    ("genesyscloud_user", "name", "Ann"),
    ("genesyscloud_responsemanagement_responseasset", "filename", "logo.png"),
];

/// What the API never tells, so that Terraform would replace what was imported.
const IGNORED: &[(&str, &str)] = &[("genesyscloud_responsemanagement_responseasset", "filename")];

/// Parts of keys that a path holds and no listing shows, and the emulator's field.
const SAID: &[(&str, &str)] = &[("language", "language"), ("contact_id", "contactId")];

/// Parts of keys that are maps.
const MAPS: &[&str] = &["language_labels"];

/// One object of a type, in the configuration at `TYPE.x` and in the org.
pub(crate) struct Thing {
    pub(crate) kind: &'static Kind,
    id: String,
    /// Each part of its key: as HCL has it, and as the API has it.
    parts: Vec<(String, Value)>,
}

impl Thing {
    /// The type without the provider's name.
    pub(crate) fn name(&self) -> &'static str {
        self.kind.terraform_type.trim_start_matches("genesyscloud_")
    }

    fn block(&self) -> String {
        let mut arguments = String::new();
        for (part, (hcl, _)) in self.kind.key.iter().zip(&self.parts) {
            let steps: Vec<_> = part.terraform.split('.').collect();
            arguments.push_str(&match steps.as_slice() {
                [block, _, inner] => format!("  {block} {{\n    {inner} = {hcl}\n  }}\n"),
                [list, _] => format!("  {list} = [{hcl}]\n"),
                _ => format!("  {} = {hcl}\n", part.terraform),
            });
        }
        for (_, attribute, value) in self.required() {
            arguments.push_str(&format!("  {attribute} = \"{value}\"\n"));
        }
        for (_, attribute) in IGNORED.iter().filter(|(name, _)| *name == self.kind.terraform_type) {
            arguments
                .push_str(&format!("  lifecycle {{\n    ignore_changes = [{attribute}]\n  }}\n"));
        }
        format!("resource \"{}\" \"x\" {{\n{arguments}}}\n", self.kind.terraform_type)
    }

    fn required(
        &self,
    ) -> impl Iterator<Item = &'static (&'static str, &'static str, &'static str)> {
        REQUIRED.iter().filter(|(name, ..)| *name == self.kind.terraform_type)
    }

    /// Where the org keeps it, and its fields.
    fn object(&self) -> (String, Value) {
        let mut fields = Map::from_iter([("id".to_owned(), json!(self.id))]);
        let mut path = self.kind.collection.to_owned();
        let row = rows().into_iter().find(|row| row.terraform_type == self.kind.terraform_type);
        let shown = row.expect("a row").key;
        for ((part, (_, value)), row) in self.kind.key.iter().zip(&self.parts).zip(shown) {
            let mut field = row.field;
            if let (Some(placeholder), Some(id)) = (row.placeholder(), value.as_str()) {
                path = path.replace(&format!("{{{placeholder}}}"), id);
            }
            if let Shows::InPath(_) = part.shows {
                // What an import does not tell, the object shows: a greeting says whose it is.
                field = field.filter(|_| !self.kind.import_id.0.contains(part.terraform));
            }
            // A create says it, and the emulator keeps it under this name.
            let said = SAID.iter().find(|(attribute, _)| *attribute == part.terraform);
            let Some(field) = field.or(said.map(|(_, field)| *field)) else { continue };
            put(&mut fields, field, value.clone());
        }
        for (_, attribute, value) in self.required() {
            fields.insert((*attribute).to_owned(), json!(value));
        }
        (path, fields.into())
    }
}

/// One thing of each type that a POST makes and that the stand-in serves.
pub(crate) fn things() -> Vec<Thing> {
    let posted: BTreeSet<_> = rows()
        .iter()
        .filter(|row| row.adoption != "not_needed" && row.create_way() == Some("post"))
        .map(|row| row.terraform_type)
        .collect();
    let served =
        |kind: &&&'static Kind| posted.contains(kind.terraform_type) && kind.item.is_some();
    let id = |kind: &str| format!("id-{}", kind.trim_start_matches("genesyscloud_"));
    let things = KINDS.iter().filter(served).map(|kind| {
        let parts = kind.key.iter().map(|part| match part.parent {
            Some(parent) if posted.contains(parent) => {
                (format!("{parent}.x.id"), json!(id(parent)))
            }
            _ if MAPS.contains(&part.terraform) => {
                let labels = r#"{ en_US = "Lunch", de = "Mittag" }"#;
                (labels.to_owned(), json!({ "de": "Mittag", "en_US": "Lunch" }))
            }
            _ => {
                let value = format!("{} of {}", part.attribute(), kind.words.noun);
                // A domain is the only parent that is written as it is.
                let value = if part.parent.is_some() { "acme.example".to_owned() } else { value };
                (format!("\"{value}\""), json!(value))
            }
        });
        Thing { kind, id: id(kind.terraform_type), parts: parts.collect() }
    });
    things.collect()
}

/// A world whose org has these things, whose configuration wants them, and whose state is empty.
pub(crate) fn lost(things: &[Thing], more: &str) -> World {
    let mut collections: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for (path, object) in things.iter().map(Thing::object) {
        collections.entry(path).or_default().push(object);
    }
    // They have a place of their own.
    let divisions = collections.remove(DIVISION.collection).unwrap_or_default();
    let blocks: String = things.iter().map(Thing::block).collect();
    let org = json!({ "divisions": divisions, "collections": collections });
    world(&org, &format!("{blocks}{more}"))
}

/// A world with this org, this configuration, and a state that is there and empty.
pub(crate) fn world(org: &Value, blocks: &str) -> World {
    let world = World::new(seed_of(org));
    world.write("main.tf", &format!("{HEADER}\n{blocks}"));
    world.tracks(&[]);
    world.init();
    world
}

/// A queue of an org.
pub(crate) fn queue(id: &str, name: &str, division: &str) -> Value {
    json!({ "id": id, "name": name, "division": { "id": division } })
}
