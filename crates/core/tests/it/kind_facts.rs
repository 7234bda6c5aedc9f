//! The facts of every resource type, `kinds.json`: what a person who mends them may get wrong.

use std::collections::BTreeSet;

use divvy_core::Key;
use divvy_core::kind::{Adoption, Shows};
use divvy_core::kinds::{KINDS, rows};
use serde_json::Value;

fn kinds() -> Vec<Value> {
    let facts: Value = serde_json::from_str(include_str!("../../kinds.json")).expect("JSON");
    facts["kinds"].as_array().expect("a list of types").clone()
}

fn text<'v>(value: &'v Value, field: &str) -> &'v str {
    value[field].as_str().unwrap_or_default()
}

/// The words between braces.
fn placeholders(text: &str) -> Vec<&str> {
    text.split('{').skip(1).map(|part| part.split('}').next().unwrap_or_default()).collect()
}

#[test]
fn each_type_has_one_row() {
    let kinds = kinds();
    let types: BTreeSet<_> = kinds.iter().map(|kind| text(kind, "type")).collect();
    assert_eq!(types.len(), kinds.len(), "a type has two rows");
    assert!(types.iter().all(|name| name.starts_with("genesyscloud_")), "{types:?}");
    let sorted = kinds.windows(2).all(|pair| text(&pair[0], "type") < text(&pair[1], "type"));
    assert!(sorted, "the rows are in the order of their types");
}

#[test]
fn no_row_has_a_field_or_a_word_that_nobody_reads() {
    let fields = [
        "type",
        "noun",
        "plural",
        "in_provider",
        "adoption",
        "scope",
        "key",
        "list",
        "search",
        "create",
        "item",
        "limit",
        "deleted",
        "made_of_key",
        "updates_when",
        "import_id",
        "secrets",
        "duplicate",
        "soft_delete",
        "replaced_by",
        "drifting",
        "permissions",
        "source",
    ];
    for kind in kinds() {
        let object = kind.as_object().expect("an object");
        for field in object.keys() {
            assert!(fields.contains(&field.as_str()), "{field}: {kind}");
        }
        let among = |value: &Value, field: &str, words: &[&str]| {
            let word = text(value, field);
            assert!(words.contains(&word), "{field} is {word:?}: {kind}");
        };
        among(&kind, "adoption", &["list", "derived", "not_needed", "none"]);
        among(&kind, "scope", &["org", "division", "parent", "singleton", "local"]);
        if let Some(list) = kind.get("list") {
            among(list, "method", &["GET", "POST"]);
            among(list, "paging", &["", "pages", "cursor", "next_uri", "next_page", "none"]);
            assert!(text(list, "path").starts_with("/api/v2/"), "{kind}");
        }
        if let Some(create) = kind.get("create") {
            let ways = ["post", "update", "adopts", "action", "job", "upload", "local"];
            among(create, "way", &ways);
        }
        assert!(!text(&kind["source"], "package").is_empty(), "where from? {kind}");
    }
}

#[test]
fn what_is_adopted_by_listing_has_a_listing_a_key_and_an_import_id() {
    let listed: Vec<_> = kinds().into_iter().filter(|k| text(k, "adoption") == "list").collect();
    assert_eq!(listed.len(), 104);
    for kind in listed {
        assert!(!text(&kind["list"], "paging").is_empty(), "{kind}");
        assert!(!kind["key"].as_array().expect("a key").is_empty(), "{kind}");
        assert!(kind.get("import_id").is_some(), "{kind}");
    }
}

#[test]
fn every_parent_is_a_type_of_the_table_and_every_path_is_filled_by_the_key() {
    let kinds = kinds();
    let types: BTreeSet<_> = kinds.iter().map(|kind| text(kind, "type")).collect();
    for kind in &kinds {
        let key = kind["key"].as_array().cloned().unwrap_or_default();
        for part in &key {
            if let Some(parent) = part.get("parent") {
                assert!(types.contains(parent.as_str().unwrap_or_default()), "{parent}: {kind}");
            }
            if part.get("in_path").is_some() && text(kind, "adoption") != "derived" {
                assert!(part.get("parent").is_some(), "a path holds an id of a parent: {kind}");
            }
        }
        if !matches!(text(kind, "adoption"), "list" | "derived") {
            continue;
        }
        for placeholder in placeholders(text(&kind["list"], "path")) {
            let is_filled = key.iter().any(|part| {
                let told = text(part, "in_path");
                told == placeholder || told.contains(&format!("{{{placeholder}}}"))
            });
            assert!(is_filled, "{placeholder}: {kind}");
        }
    }
}

#[test]
fn import_ids_are_made_of_the_id_and_attributes_of_the_key() {
    for kind in kinds() {
        let key = kind["key"].as_array().cloned().unwrap_or_default();
        for part in placeholders(text(&kind, "import_id")) {
            let is_known = part == "id" || key.iter().any(|known| text(known, "attribute") == part);
            assert!(is_known, "{part}: {kind}");
        }
    }
}

#[test]
fn every_row_that_can_be_adopted_is_a_kind() {
    let gaps: Vec<_> = rows()
        .into_iter()
        .filter(|row| row.adoption != "none")
        .map(|row| (row.terraform_type, row.kind().err()))
        .filter_map(|(name, gap)| Some((name.trim_start_matches("genesyscloud_"), gap?)))
        .collect();
    assert_eq!(gaps, []);
    let found_by_key = KINDS.iter().filter(|kind| kind.adoption == Adoption::ByKey).count();
    let not_needed = KINDS.iter().filter(|kind| kind.adoption == Adoption::NotNeeded).count();
    assert_eq!((found_by_key, not_needed), (108, 30));
}

#[test]
fn every_placeholder_of_what_is_read_is_filled_by_the_key() {
    for kind in KINDS.iter() {
        // Where a value is made of several, each has a part in it.
        let parts = kind.key.iter().map(|part| match part.shows {
            Shows::InPath(template) => template.0.replace(['{', '}'], "-"),
            Shows::Field(_) => part.terraform.to_owned(),
        });
        let key = Key::from_parts(parts.collect());
        let Some(list) = kind.list else { continue };
        let filling = kind.filling(&key).unwrap_or_else(|| panic!("{kind:?}"));
        assert_eq!(filling.len(), placeholders(list.path).len(), "{kind:?}");
        let id = kind.entity_id("its-id", &key);
        let parts = kind.import_id.split(id.as_str()).unwrap_or_else(|| panic!("{kind:?}"));
        assert!(!parts.is_empty(), "{kind:?}");
    }
}

#[test]
fn a_refusal_of_a_taken_key_is_a_client_error() {
    for kind in kinds() {
        let Some(duplicate) = kind.get("duplicate") else { continue };
        let status = duplicate.get("status").and_then(Value::as_u64);
        assert!(status.is_none_or(|status| status == 400 || status == 409), "{kind}");
        assert!(!text(&kind["source"], "duplicate").is_empty(), "who says so? {kind}");
    }
}
