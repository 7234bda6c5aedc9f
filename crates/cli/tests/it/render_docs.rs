//! The documents that must agree with the code: the JSON Schema, the contract, the diagnostics.

use std::path::{Path, PathBuf};
use std::{env, fs};

use divvy::render::{Format, diagnostics};
use divvy::report::{Command, RunInfo};
use divvy_core::catalogue;
use divvy_core::decide::Policy;
use divvy_core::name::Difference;
use divvy_core::survey::Survey;
use divvy_core::verdict::Verdict;
use serde_json::{Value, json};

use crate::render::rendered;
use crate::render_survey::{every_verdict, info, permissive, report};
use crate::world::{World, seed};

fn document(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs").join(name)
}

fn schema() -> Value {
    serde_json::from_str(&fs::read_to_string(document("report.schema.json")).unwrap()).unwrap()
}

/// Forbids every field that a described object does not describe.
fn closed(schema: &mut Value) {
    match schema {
        Value::Object(object) => {
            object.values_mut().for_each(closed);
            if object.contains_key("properties") && object.contains_key("type") {
                object.insert("additionalProperties".to_owned(), json!(false));
            }
        }
        Value::Array(values) => values.iter_mut().for_each(closed),
        _ => {}
    }
}

fn json_of(command: Command, survey: &Survey, policy: &Policy, info: RunInfo) -> Value {
    serde_json::from_str(&rendered(&report(command, survey, policy, info), Format::Json)).unwrap()
}

#[test]
fn every_report_is_valid_and_has_no_field_that_the_schema_lacks() {
    let mut closed_schema = schema();
    closed(&mut closed_schema);
    let validator = jsonschema::validator_for(&closed_schema).unwrap();
    let accept = Policy { accept_drift: true, ..permissive() };
    let mut wrong_org = every_verdict();
    wrong_org.surroundings.errored_state =
        Some(divvy_core::survey::ErroredState { lineage: None, serial: None });
    let done = RunInfo { rounds: Some(2), clean: Some(true), is_carried_out: true, ..info() };
    let fresh = every_verdict().desired.into_iter().flat_map(|desired| desired.planned);
    let left_out = fresh.map(|planned| (planned.address, "not selected by --only")).collect();
    let limited = RunInfo { left_out, ..info() };
    for report in [
        json_of(Command::Check, &every_verdict(), &Policy::default(), info()),
        json_of(Command::Check, &every_verdict(), &permissive(), info()),
        json_of(Command::Fix, &every_verdict(), &accept, done),
        json_of(Command::Fix, &every_verdict(), &Policy::default(), limited),
        json_of(Command::Run, &wrong_org, &Policy::default(), info()),
        json_of(Command::Explain, &Survey::default(), &Policy::default(), RunInfo::default()),
    ] {
        let errors: Vec<_> = validator
            .iter_errors(&report)
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect();
        assert!(errors.is_empty(), "{errors:#?}");
    }
}

#[test]
fn the_schema_lists_every_verdict_and_every_difference() {
    let schema = schema();
    let words: Vec<_> = Verdict::ALL.iter().map(|verdict| json!(verdict.word())).collect();
    assert_eq!(schema["$defs"]["verdict"]["enum"], json!(words));
    let differences = [
        Difference::Case,
        Difference::Blanks,
        Difference::CompatibilityForm,
        Difference::LookAlike,
        Difference::Division,
    ];
    let candidate = &schema["$defs"]["finding"]["properties"]["candidates"]["items"];
    assert_eq!(candidate["properties"]["differs"]["items"]["enum"], json!(differences));
}

/// The example of the contract: an adoption in a module, with a near name and drift beside it.
const CONTRACT: &str = r#"{"schema_version":1,"command":"check",
 "terraform":{"program":"terraform","version":"1.11.4"},
 "orgs":[{"alias":"genesyscloud","id":"o","name":"n","region":"r","credentials_from":"provider block"}],
 "findings":[{"code":"DVY101","verdict":"adopt","also":[],"kind":"division",
   "address":"module.a.genesyscloud_auth_division.eng[\"x\"]","alias":"genesyscloud",
   "name":"Engineering",
   "entity":{"id":"i","name":"Engineering","description":"d","home":false},
   "candidates":[{"id":"i","name":"n","differs":["case"]}],
   "drift":[{"attribute":"description","config":null,"org":"d"}],
   "message":"m","hints":["h"],"action":{"do":"import","id":"i"}}],
 "headline":null,"summary":{"adopt":1},"rounds":1,"clean":true,
 "pending":{"create":0,"update":0,"delete":0},"api_requests":3,"terraform_runs":3}"#;

/// Lists the fields of a document as paths; the elements of an array are one path.
fn fields(value: &Value, path: &str, found: &mut Vec<String>) {
    match value {
        Value::Object(object) => {
            for (name, value) in object {
                let path = format!("{path}.{name}");
                fields(value, &path, found);
                found.push(path);
            }
        }
        Value::Array(values) => {
            for value in values {
                fields(value, &format!("{path}[]"), found);
            }
        }
        _ => {}
    }
}

#[test]
fn a_report_has_every_field_of_the_contract() {
    let contract: Value = serde_json::from_str(CONTRACT).unwrap();
    jsonschema::validate(&schema(), &contract).unwrap();
    let json =
        rendered(&report(Command::Check, &every_verdict(), &permissive(), info()), Format::Json);
    let (mut promised, mut written) = (Vec::new(), Vec::new());
    fields(&contract, "", &mut promised);
    fields(&serde_json::from_str(&json).unwrap(), "", &mut written);
    for field in promised {
        assert!(written.contains(&field), "{field} is missing");
    }
}

/// Fails if a generated document differs from what the code says; writes it with `UPDATE_DOCS=1`.
pub(crate) fn assert_generated(name: &str, content: &str) {
    let path = document(name);
    if env::var_os("UPDATE_DOCS").is_some() {
        fs::write(&path, content).unwrap();
    }
    let written = fs::read_to_string(&path).unwrap_or_default();
    assert!(written == content, "docs/{name} is out of date: run the test with UPDATE_DOCS=1");
}

#[test]
fn diagnostics_are_what_the_catalogue_says() {
    let mut document = Vec::new();
    diagnostics::write_all(&mut document).unwrap();
    assert_generated("diagnostics.md", &String::from_utf8(document).unwrap());
}

#[test]
fn the_command_line_is_what_its_help_says() {
    let world = World::new(seed(&[]));
    let help = world.divvy(&["help"]).ended(0).stdout;
    let lines = help.lines().skip_while(|line| *line != "Commands:").skip(1);
    let commands: Vec<&str> = lines
        .take_while(|line| !line.is_empty())
        .filter_map(|line| line.strip_prefix("  ")?.split(' ').next())
        .filter(|name| !name.is_empty() && *name != "help")
        .collect();
    assert!(commands.len() >= 12, "{commands:?}");
    let mut content = "# The command line\n\n<!-- Generated from the program's own help: \
                       UPDATE_DOCS=1 cargo test -p divvy --test it command_line -->\n"
        .to_owned();
    let mut add = |title: &str, help: &str| {
        content += &format!("\n## {title}\n\n```text\n{}\n```\n", help.trim_end());
    };
    add("divvy", &help);
    for name in commands {
        add(&format!("divvy {name}"), &world.divvy(&[name, "--help"]).ended(0).stdout);
    }
    assert_generated("cli.md", &content);
}

#[test]
fn one_page_of_the_diagnostics_reads_like_this() {
    let mut page = Vec::new();
    let entry = catalogue::entry("dvy102").unwrap();
    diagnostics::write_page(&entry, Format::Table, 80, &mut page).unwrap();
    insta::assert_snapshot!("page", String::from_utf8(page).unwrap());
}
