//! Names that want to be more than names: in every form of `check` and `fix` they stay text.

use std::fs;

use super::watch::leaves_nothing;
use crate::world::{Ran, World, seed};

/// What a name may hold; each is one division in the org and in the configuration.
const NAMES: [&str; 7] = [
    "\u{1b}[31mred\u{1b}[0m",
    "two\nlines\r\n::error::injected",
    "</script><script>alert(1)</script>",
    "\u{202e}gnireenignE",
    "it's \"quoted\" `id` $(id)",
    "${path.root} %{if true}",
    "| a | b | <!-- @team -->",
];

/// What no output may hold raw: escape, bidirectional override, carriage return.
const NEVER: [char; 3] = ['\u{1b}', '\u{202e}', '\r'];

fn world() -> World {
    let named: Vec<(String, &str)> =
        NAMES.iter().enumerate().map(|(number, name)| (format!("id-{number}"), *name)).collect();
    let pairs: Vec<(&str, &str)> = named.iter().map(|(id, name)| (id.as_str(), *name)).collect();
    let world = World::new(seed(&pairs));
    world.divisions(&[("free", "name = \"Free\"")]);
    let values: Vec<&str> = named.iter().map(|(_, name)| *name).collect();
    let resource = serde_json::json!({
        "locals": { "names": values.iter().map(|name| name.replace("${", "$${").replace("%{", "%%{")).collect::<Vec<_>>() },
        "resource": { "genesyscloud_auth_division": { "x": { "for_each": "${toset(local.names)}", "name": "${each.key}" } } },
    });
    world.write("names.tf.json", &resource.to_string());
    world.init();
    // Without any state, adopting them all would be a question of its own.
    let _ = world
        .terraform(&[
            "apply",
            "-auto-approve",
            "-input=false",
            "-target=genesyscloud_auth_division.free",
        ])
        .ended(0);
    world
}

#[track_caller]
fn is_tame(form: &str, text: &str) {
    for wild in NEVER {
        assert!(!text.contains(wild), "{form} holds {wild:?}:\n{text:?}");
    }
    assert!(!text.contains("\n::error::injected"), "{form}: a line of its own:\n{text}");
}

/// JSON is for programs: every name arrives as it is.
#[track_caller]
fn keeps_names(text: &str) {
    let report: serde_json::Value = serde_json::from_str(text).expect("JSON");
    let findings = report["findings"].as_array().expect("findings");
    for name in NAMES {
        assert!(
            findings.iter().any(|finding| finding["name"] == name),
            "{name:?} is not in:\n{text}"
        );
    }
}

#[track_caller]
fn all_are_tame(world: &World, command: &[&str], forms: &[&str], code: i32) {
    let reports = world.beside().join("reports");
    fs::create_dir_all(&reports).expect("a directory");
    let outputs: Vec<String> =
        forms.iter().map(|form| format!("{form}={}", reports.join(form).display())).collect();
    let mut arguments = command.to_vec();
    for output in &outputs {
        arguments.extend(["-o", output]);
    }
    let ran: Ran = world.divvy(&arguments).ended(code);
    is_tame("stdout", &ran.stdout);
    is_tame("stderr", &ran.stderr);
    for form in forms {
        let text = fs::read_to_string(reports.join(form)).expect("a report");
        match *form {
            "json" => keeps_names(&text),
            "html" => {
                // The JSON that the page carries is for programs too, but ends no script.
                is_tame("html", text.split("<script").next().unwrap_or_default());
                assert!(!text.contains("<script>alert"), "{text}");
            }
            form => is_tame(form, &text),
        }
        assert!(text.contains("id-0"), "{form} does not tell of the first division:\n{text}");
    }
    leaves_nothing(world);
}

#[test]
fn in_every_form_of_check_and_fix() {
    let world = world();
    all_are_tame(
        &world,
        &["check"],
        &["table", "json", "blocks", "commands", "markdown", "github", "html"],
        2,
    );
    for shell in ["powershell", "cmd"] {
        let ran = world.divvy(&["check", "-o", "commands", "--shell", shell]).ended(2);
        is_tame(shell, &ran.stdout);
    }
    let _ = world.divvy(&["-v", "check"]).ended(2);
    all_are_tame(&world, &["fix", "--yes"], &["table", "json", "markdown", "github", "html"], 0);
    world.has_no_changes();
}
