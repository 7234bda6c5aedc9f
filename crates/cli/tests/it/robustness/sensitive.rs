//! Values that Terraform holds to be sensitive: in no output of any command, in no file that stays.

use std::fs;
use std::path::Path;

use serde_json::json;

use crate::world::{Ran, World, seed_of};

/// Both names and both descriptions; the org's is as telling as the configuration's.
const HUSH: [&str; 4] = ["hush-Name", "hush-name", "hush-description", "hush-other"];

fn world(blocks: &str) -> World {
    let world = World::new(seed_of(&json!({ "divisions": [
        { "id": "id-name", "name": "hush-Name", "description": "hush-other" },
        { "id": "id-open", "name": "Open", "description": "hush-other" },
        { "id": "id-near", "name": "hush-near" },
    ]})));
    world.divisions(&[]);
    let variables =
        [("name", "hush-Name"), ("near", "hush-NEAR"), ("description", "hush-description")];
    let mut text = world.read("main.tf");
    for (name, value) in variables {
        text.push_str(&format!(
            "variable \"{name}\" {{\n  sensitive = true\n  default   = \"{value}\"\n}}\n"
        ));
    }
    world.write("main.tf", &format!("{text}{blocks}"));
    world.init();
    world
}

const BLOCKS: &str = r#"
resource "genesyscloud_auth_division" "name" {
  name        = var.name
  description = var.description
}
resource "genesyscloud_auth_division" "open" {
  name        = "Open"
  description = var.description
}
resource "genesyscloud_auth_division" "near" {
  name = var.near
}
resource "genesyscloud_auth_division" "plain" {
  name = nonsensitive(var.name)
}
"#;

#[track_caller]
fn is_silent(what: &str, text: &str) {
    for word in HUSH.iter().chain(&["hush-near", "hush-NEAR"]) {
        assert!(!text.contains(word), "{what} tells {word}:\n{text}");
    }
}

fn files_below(directory: &Path) -> Vec<String> {
    let mut texts = Vec::new();
    for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
        if entry.path().is_dir() {
            texts.extend(files_below(&entry.path()));
        } else {
            texts.extend(fs::read_to_string(entry.path()).ok());
        }
    }
    texts
}

#[track_caller]
fn tells_nothing(world: &World, arguments: &[&str], code: i32) -> Ran {
    let ran = world.divvy(arguments).ended(code);
    is_silent("stdout", &ran.stdout);
    is_silent("stderr", &ran.stderr);
    for text in files_below(&world.directory().join(".divvy")) {
        is_silent("the journal", &text);
    }
    ran
}

#[test]
fn are_told_by_no_form_of_check_and_fix() {
    let world = world(BLOCKS);
    let reports = world.beside().join("reports");
    fs::create_dir_all(&reports).expect("a directory");
    let forms = super::FORMS_OF_CHECK;
    let outputs: Vec<String> =
        forms.iter().map(|form| format!("{form}={}", reports.join(form).display())).collect();
    let mut arguments = vec!["-vvv", "check"];
    for output in &outputs {
        arguments.extend(["-o", output]);
    }
    let _ = tells_nothing(&world, &arguments, 3);
    for form in forms {
        let text = fs::read_to_string(reports.join(form)).expect("a report");
        is_silent(form, &text);
    }
    let json = fs::read_to_string(reports.join("json")).expect("a report");
    let report: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    let open = report["findings"].as_array().expect("findings").iter();
    let open = open.clone().find(|finding| finding["name"] == "Open").expect("the open one");
    assert_eq!(open["drift"][0]["org"], "(sensitive value)", "{open}");
    let _ = tells_nothing(&world, &["fix", "--dry-run"], 3);
    let _ = tells_nothing(&world, &["-v", "fix", "--yes", "--accept-drift", "-o", "json"], 3);
}
