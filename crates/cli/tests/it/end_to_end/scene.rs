//! Small scenes for one verdict each, and what `check` and `fix` must say and do in them.
//!
//! Tables write `division` for the resource type: `module.a.division.eng["x"]`.

use std::collections::BTreeMap;

use divvy_core::verdict::Verdict;
use serde_json::Value;

use crate::world::{World, seed_of};

const HEADER: &str = "terraform {\n  required_providers {\n    genesyscloud = { source = \"mypurecloud/genesyscloud\" }\n  }\n}\n\nprovider \"genesyscloud\" {}\n";

/// A world with one configuration, one org and one state; `tracked` as in [`World::tracks`].
pub(crate) fn scene(configuration: &str, divisions: Value, tracked: &[Value]) -> World {
    let org = Value::Object([("divisions".to_owned(), divisions)].into_iter().collect());
    scene_of(configuration, &org, tracked)
}

/// As [`scene`], with the whole seed of the org.
pub(crate) fn scene_of(configuration: &str, org: &Value, tracked: &[Value]) -> World {
    let world = World::new(seed_of(org));
    world.write("main.tf", &format!("{HEADER}\n{configuration}"));
    if !tracked.is_empty() {
        world.tracks(tracked);
    }
    world.init();
    world
}

/// A division block.
pub(crate) fn division(label: &str, body: &str) -> String {
    format!("resource \"genesyscloud_auth_division\" \"{label}\" {{\n  {body}\n}}\n")
}

/// Expands `division` in an address of a table.
pub(crate) fn full(address: &str) -> String {
    match address.strip_prefix("division.") {
        Some(rest) => format!("genesyscloud_auth_division.{rest}"),
        None => address.replacen(".division.", ".genesyscloud_auth_division.", 1),
    }
}

/// The finding of one address.
#[track_caller]
pub(crate) fn finding<'r>(report: &'r Value, address: &str) -> &'r Value {
    let findings = report["findings"].as_array().expect("findings");
    let found = findings.iter().find(|finding| finding["address"] == full(address));
    found.unwrap_or_else(|| panic!("no finding at {address}: {report:#}"))
}

/// Runs `check` with flags and holds it to an exit code and to exactly these verdicts, codes
/// included. Returns the report.
#[track_caller]
pub(crate) fn finds_with(
    world: &World,
    flags: &[&str],
    exit: i32,
    expected: &[(&str, &str)],
) -> Value {
    let before = snapshot(world);
    let arguments: Vec<&str> = ["check", "-o", "json"].into_iter().chain(flags.to_vec()).collect();
    let report = world.divvy(&arguments).ended(exit).json();
    assert_eq!(verdicts(&report), pairs(expected), "{report:#}");
    for finding in report["findings"].as_array().expect("findings") {
        let known = Verdict::ALL.iter().find(|verdict| finding["verdict"] == verdict.word());
        assert_eq!(finding["code"], known.expect("a verdict").code(), "{finding:#}");
        assert!(finding["message"].as_str().is_some_and(|text| !text.is_empty()), "{finding:#}");
    }
    assert_eq!(snapshot(world), before, "check changed something");
    report
}

/// As [`finds_with`], without flags.
#[track_caller]
pub(crate) fn finds(world: &World, exit: i32, expected: &[(&str, &str)]) -> Value {
    finds_with(world, &[], exit, expected)
}

/// Runs `fix --yes` with flags, which must leave state and org as they are. Returns the report.
#[track_caller]
pub(crate) fn hands_off(world: &World, flags: &[&str], exit: i32) -> Value {
    let before = snapshot(world);
    let report = does(world, flags, exit, &[]);
    assert_eq!(snapshot(world), before, "fix changed something");
    report
}

/// Runs `fix --yes` with flags and holds it to an exit code and to exactly these actions
/// (`import ID`, `update ID`, `state_mv FROM`, `state_rm_import ID`, `untaint ID`).
#[track_caller]
pub(crate) fn does(world: &World, flags: &[&str], exit: i32, expected: &[(&str, &str)]) -> Value {
    let arguments: Vec<&str> =
        ["fix", "--yes", "-o", "json"].into_iter().chain(flags.to_vec()).collect();
    let report = world.divvy(&arguments).ended(exit).json();
    let expected: BTreeMap<_, _> =
        expected.iter().map(|(address, action)| (full(address), full_words(action))).collect();
    assert_eq!(actions(&report), expected, "{report:#}");
    assert_eq!(world.litter(), Vec::<String>::new());
    report
}

fn full_words(action: &str) -> String {
    action.split(' ').map(full).collect::<Vec<_>>().join(" ")
}

/// Each address and its verdict.
pub(crate) fn verdicts(report: &Value) -> BTreeMap<String, String> {
    let findings = report["findings"].as_array().expect("findings");
    let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    findings.iter().map(|one| (text(&one["address"]), text(&one["verdict"]))).collect()
}

/// Each address at which something was done, and what.
pub(crate) fn actions(report: &Value) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    for finding in report["findings"].as_array().expect("findings") {
        let action = &finding["action"];
        let Some(word) = action["do"].as_str().filter(|word| *word != "none") else { continue };
        let object = if word == "state_mv" { &action["from"] } else { &action["id"] };
        let text = format!("{word} {}", object.as_str().unwrap_or("?"));
        found.insert(finding["address"].as_str().unwrap_or("-").to_owned(), text);
    }
    found
}

/// State file and orgs, byte for byte.
pub(crate) fn snapshot(world: &World) -> (String, Vec<Value>) {
    let orgs = (0..world.orgs()).map(|index| world.divisions_of_org(index)).collect();
    (world.read("terraform.tfstate"), orgs)
}

fn pairs(expected: &[(&str, &str)]) -> BTreeMap<String, String> {
    expected.iter().map(|(address, verdict)| (full(address), (*verdict).to_owned())).collect()
}
