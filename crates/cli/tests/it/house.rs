//! The house itself: which crate may lean on which, and what must not come into the tree.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use serde_json::Value;

fn metadata() -> Value {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--locked", "--manifest-path"])
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/../../Cargo.toml"))
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("cargo metadata is JSON")
}

fn text<'v>(value: &'v Value, field: &str) -> &'v str {
    value[field].as_str().unwrap_or_default()
}

#[test]
fn the_arrows_between_the_crates_are_those_of_the_architecture() {
    let allowed: BTreeMap<&str, &[&str]> = BTreeMap::from([
        ("divvy-core", &[][..]),
        ("divvy-plugin", &[][..]),
        ("divvy-genesys", &["divvy-core"][..]),
        ("divvy-terraform", &["divvy-core"][..]),
        ("divvy-sandbox", &["divvy-plugin"][..]),
        (
            "divvy",
            &["divvy-core", "divvy-genesys", "divvy-plugin", "divvy-sandbox", "divvy-terraform"][..],
        ),
    ]);
    let metadata = metadata();
    let mut seen = BTreeSet::new();
    for package in metadata["packages"].as_array().expect("packages") {
        let name = text(package, "name");
        let Some(allowed) = allowed.get(name) else { continue };
        seen.insert(name);
        // Development dependencies are arrows too: a test that leans the wrong way ties the rooms.
        for dependency in package["dependencies"].as_array().expect("dependencies") {
            let other = text(dependency, "name");
            assert!(
                !other.starts_with("divvy") || allowed.contains(&other),
                "{name} leans on {other}"
            );
        }
    }
    assert_eq!(seen.len(), allowed.len(), "a crate is missing: {seen:?}");
}

#[test]
fn every_file_that_the_architecture_names_is_there() {
    let root = std::path::Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."));
    let architecture = std::fs::read_to_string(root.join("ARCHITECTURE.md")).expect("a page");
    let named = architecture.split('`').skip(1).step_by(2).filter(|text| text.contains("/src/"));
    let mut checked = 0;
    for path in named {
        let is_there = root.join(path).exists() || root.join("crates").join(path).exists();
        assert!(is_there, "{path}");
        checked += 1;
    }
    assert!(checked > 15, "{checked}");
}

#[test]
fn no_c_library_for_tls_came_in() {
    for package in metadata()["packages"].as_array().expect("packages") {
        let name = text(package, "name");
        assert!(
            !matches!(name, "openssl-sys" | "aws-lc-sys" | "native-tls"),
            "{name} came into the tree"
        );
    }
}
