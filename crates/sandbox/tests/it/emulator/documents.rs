//! Seeds and fault files: what the schemas of `docs` allow is what the emulator reads.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use divvy_sandbox::emulator::{Fault, Seed};
use jsonschema::Validator;
use serde_json::{Value, json};

use super::raw::{Client, DIVISIONS, emulator};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn schema(name: &str) -> (Value, Validator) {
    let schema = serde_json::from_str(&read(&root().join("docs").join(name))).expect("JSON");
    let validator = jsonschema::validator_for(&schema).expect("a schema");
    (schema, validator)
}

/// Every JSON file below a directory.
fn files(directory: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).expect("a directory") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            found.extend(files(&path));
        } else if path.extension().is_some_and(|extension| extension == "json") {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// The seeds of `fixtures`: those of the cases are called `org*.json`.
fn seeds() -> Vec<PathBuf> {
    let is_org = |path: &PathBuf| {
        path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("org"))
    };
    let mut seeds = files(&root().join("fixtures/seeds"));
    seeds.extend(files(&root().join("fixtures/cases")).into_iter().filter(is_org));
    seeds
}

/// The blocks of `docs/emulator.md` that are marked with a word.
fn examples(word: &str) -> Vec<String> {
    let page = read(&root().join("docs/emulator.md"));
    let opening = format!("```json {word}\n");
    let blocks = page.split(&opening).skip(1).map(|rest| rest.split("```").next().expect("an end"));
    blocks.map(str::to_owned).collect()
}

#[test]
fn every_seed_is_valid_and_starts_an_emulator() {
    let (_, validator) = schema("seed.schema.json");
    let mut texts: Vec<_> = seeds().iter().map(|path| read(path)).collect();
    assert!(texts.len() > 20, "{}", texts.len());
    texts.extend(examples("seed"));
    for text in texts {
        let document = serde_json::from_str(&text).expect("JSON");
        let problems: Vec<_> = validator.iter_errors(&document).map(|e| e.to_string()).collect();
        assert!(problems.is_empty(), "{problems:?}\n{text}");
        let seed = Seed::from_json(&text).unwrap_or_else(|error| panic!("{error}\n{text}"));
        let takes_any_client = seed.clients.is_empty();
        let emulator = emulator(seed);
        if takes_any_client {
            Client::of(emulator.url()).get(DIVISIONS).expect(200);
        }
    }
}

#[test]
fn every_fault_file_is_valid_and_is_read() {
    let (_, validator) = schema("faults.schema.json");
    let files = files(&root().join("fixtures/faults"));
    let mut texts: Vec<_> = files.iter().map(|path| read(path)).collect();
    assert!(texts.len() >= 3);
    texts.extend(examples("faults"));
    for text in texts {
        let document = serde_json::from_str(&text).expect("JSON");
        let problems: Vec<_> = validator.iter_errors(&document).map(|e| e.to_string()).collect();
        assert!(problems.is_empty(), "{problems:?}\n{text}");
        assert!(!Fault::script_from_json(&text).unwrap().is_empty());
    }
}

#[test]
fn schema_and_reader_refuse_the_same() {
    let (_, seeds) = schema("seed.schema.json");
    for wrong in [
        json!({ "homes": {} }),
        json!({ "divisions": [{}] }),
        json!({ "divisions": [{ "name": "A", "colour": "red" }] }),
        json!({ "clients": [{ "id": "a" }] }),
        json!({ "policy": { "search": "fuzzy" } }),
        json!({ "pathed": [{ "name": "A" }] }),
        json!({ "limit": -1 }),
        json!({ "collections": { "/api/v2/routing/skills": ["Spanish"] } }),
        json!([]),
    ] {
        assert!(!seeds.is_valid(&wrong), "the schema takes {wrong}");
        // A sequence of all fields in order is read, too; no person writes that.
        assert!(wrong.is_array() || Seed::from_json(&wrong.to_string()).is_err(), "{wrong}");
    }
    let (_, faults) = schema("faults.schema.json");
    for wrong in [
        json!([{ "do": "clsoe" }]),
        json!([{ "do": { "hold": 1, "close": 2 } }]),
        json!([{ "on": { "verb": "GET" }, "do": "close" }]),
        json!([{ "do": { "status": { "code": "x" } } }]),
        json!([{ "do": { "status": { "status": 42 } } }]),
        json!([{ "do": { "list_lag": { "writes": 1 } } }]),
        json!([{ "nth": 0, "do": "close" }]),
        json!([{ "on": {} }]),
    ] {
        assert!(!faults.is_valid(&wrong), "the schema takes {wrong}");
        assert!(Fault::script_from_json(&wrong.to_string()).is_err(), "{wrong}");
    }
}

#[test]
fn the_schema_names_every_field_of_a_seed() {
    let (schema, validator) = schema("seed.schema.json");
    let path = root().join("fixtures/seeds/two-regions-one-role.json");
    let seed = Seed::from_json(&read(&path)).unwrap();
    let written = serde_json::to_value(seed).unwrap();
    assert!(validator.is_valid(&written), "what is written can be read: {written}");
    let keys = |value: &Value| -> BTreeSet<String> {
        value.as_object().expect("an object").keys().cloned().collect()
    };
    assert_eq!(keys(&schema["properties"]), keys(&written));
    assert_eq!(keys(&schema["$defs"]["policy"]["properties"]), keys(&written["policy"]));
    assert_eq!(keys(&schema["$defs"]["division"]["properties"]), keys(&written["divisions"][0]));
    assert_eq!(keys(&schema["$defs"]["client"]["properties"]), keys(&written["clients"][0]));
    let pathed = &schema["$defs"]["pathedDivision"]["properties"];
    assert_eq!(keys(pathed), keys(&written["pathed"][0]));
}
