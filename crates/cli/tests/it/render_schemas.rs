//! SARIF and JUnit are what their readers expect: the schema of the standard, and the types of crates
//! that read such files.

use std::path::Path;

use divvy::render::Format;
use divvy::report::{Command, Report, RunInfo};
use divvy_core::Survey;
use divvy_core::decide::Policy;
use quick_junit::TestCaseStatus;
use serde_json::Value;

use crate::render::rendered;
use crate::render_hostile::hostile;
use crate::render_survey::{every_verdict, info, permissive, report};

/// Reports of every sort: all verdicts before and after, names that would be markup, nothing at all.
fn reports() -> Vec<Report> {
    let done = RunInfo { is_carried_out: true, rounds: Some(1), clean: Some(true), ..info() };
    vec![
        report(Command::Check, &every_verdict(), &Policy::default(), info()),
        report(Command::Fix, &every_verdict(), &permissive(), done),
        report(Command::Check, &Survey::default(), &Policy::default(), RunInfo::default()),
        hostile(),
    ]
}

/// The schema that OASIS publishes, as the crate serde-sarif carries it for its types.
fn schema_of_sarif() -> Value {
    let output = std::process::Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--offline", "--locked"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo");
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("metadata is JSON");
    let packages = metadata["packages"].as_array().expect("packages");
    let package = packages.iter().find(|package| package["name"] == "serde-sarif");
    let manifest = package.and_then(|package| package["manifest_path"].as_str()).expect("a path");
    let schema = Path::new(manifest).with_file_name("src").join("schema.json");
    let text = std::fs::read_to_string(schema).expect("the crate has the schema");
    let mut schema: Value = serde_json::from_str(&text).expect("a schema is JSON");
    // The pattern of a language ends in a stray bracket, which no reader of patterns takes.
    for definition in ["run", "toolComponent"] {
        let language = &mut schema["definitions"][definition]["properties"]["language"];
        language.as_object_mut().expect("a property").remove("pattern");
    }
    schema
}

#[test]
fn sarif_is_valid_by_its_schema_and_holds_nothing_that_its_readers_do_not_know() {
    let validator = jsonschema::validator_for(&schema_of_sarif()).expect("a schema");
    for report in reports() {
        let log: Value =
            serde_json::from_str(&rendered(&report, Format::Sarif)).expect("SARIF is JSON");
        let errors: Vec<_> = validator.iter_errors(&log).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{errors:#?}");
        let typed: serde_sarif::sarif::Sarif =
            serde_json::from_value(log.clone()).expect("SARIF as a reader knows it");
        assert_eq!(serde_json::to_value(typed).expect("JSON"), log, "a field is not known");
    }
    let mut wrong: Value =
        serde_json::from_str(&rendered(&reports()[0], Format::Sarif)).expect("SARIF is JSON");
    wrong["runs"][0]["results"][0]["level"] = "loud".into();
    assert!(!validator.is_valid(&wrong), "the schema refuses what is no level");
}

#[test]
fn junit_is_read_as_tests_and_counts_what_it_holds() {
    for ours in reports() {
        let text = rendered(&ours, Format::Junit);
        let read = quick_junit::Report::deserialize_from_str(&text)
            .unwrap_or_else(|error| panic!("{error}: {text}"));
        let cases: Vec<_> = read.test_suites.iter().flat_map(|suite| &suite.test_cases).collect();
        let failed = cases
            .iter()
            .filter(|case| matches!(case.status, TestCaseStatus::NonSuccess { .. }))
            .count();
        assert_eq!((read.tests, read.failures), (cases.len(), failed), "{text}");
        let told = ours.findings.len() + ours.headlines().count();
        assert_eq!(cases.len(), told, "{text}");
        for suite in &read.test_suites {
            assert_eq!((suite.tests, suite.failures), (cases.len(), failed), "{text}");
        }
    }
}
