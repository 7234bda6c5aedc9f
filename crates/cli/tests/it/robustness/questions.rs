//! What is asked at a terminal, and what the answers come to.

use serde_json::json;

use super::running::Terminal;
use super::watch::leaves_nothing;
use crate::world::{World, seed_of};

const LEFT_OVER: &str = "divvy_imports_20260101T000000Z-7.tf.json";

/// Import blocks as a killed run leaves them.
fn left_over() -> String {
    let begin = r#"{
  "//": "Import blocks of a divvy fix, which removes them when it ends",
  "import": [{ "to": "genesyscloud_auth_division.eng", "id": "id-eng" }]
}"#;
    format!("{begin}\n")
}

fn conflict() -> World {
    let world = World::new(seed_of(&json!({ "divisions": [
        { "id": "id-eng", "name": "Engineering" },
    ] })));
    world.divisions(&[("eng", "name = \"Engineering\"")]).init();
    world
}

#[test]
fn a_no_holds_for_the_whole_run_and_each_question_says_what_yes_does() {
    let world = World::new(seed_of(&json!({ "divisions": [
        { "id": "id-a", "name": "A" },
        { "id": "id-b", "name": "B", "description": "Ours" },
        { "id": "id-team", "name": "Team id-a" },
    ] })));
    world
        .divisions(&[
            ("a", "name = \"A\""),
            ("b", "name = \"B\""),
            ("team", "name = \"Team ${genesyscloud_auth_division.a.id}\""),
        ])
        .init();
    let terminal = Terminal::start(&world, &["fix"]);
    terminal.shows("state although the configuration");
    terminal.types("n\n");
    terminal.shows("Import this division into the Terraform state?");
    terminal.types("sure\n");
    terminal.shows("Please type y or n");
    terminal.types("y\n");
    terminal.shows("\"Team id-a\" (id-team)");
    terminal.types("y\n");
    let (code, shown) = terminal.end();
    assert_eq!(code, 3, "{shown}");
    assert_eq!(shown.matches("state although the configuration").count(), 1, "{shown}");
    let flat = shown.split_whitespace().collect::<Vec<_>>().join(" ");
    for part in [
        "Nothing changes in Genesys Cloud. [y/N]",
        "the next apply changes its description from \"Ours\" to none",
    ] {
        assert!(flat.contains(part), "{part}: {shown}");
    }
    assert_eq!(world.state().len(), 2, "{shown}");
    leaves_nothing(&world);
}

#[test]
fn a_choice_outside_the_list_is_asked_again_and_says_what_is_renamed() {
    let world = World::new(seed_of(&json!({ "divisions": [
        { "id": "id-1", "name": "engineering" },
    ] })));
    world.divisions(&[("eng", "name = \"Engineering\"")]).init();
    let terminal = Terminal::start(&world, &["fix"]);
    terminal.shows("Which one? [1, Enter for none]");
    terminal.types("7\n");
    terminal.shows("Please type 1, or Enter for none:");
    terminal.types("1\n");
    terminal.shows("[y/N]");
    terminal.types("y\n");
    let (code, shown) = terminal.end();
    assert_eq!(code, 3, "{shown}");
    let question = shown.split("Which one?").next().unwrap_or_default();
    let question = question.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        question.contains("the next apply renames \"engineering\" to \"Engineering\""),
        "{shown}"
    );
    assert_eq!(world.id_at("genesyscloud_auth_division.eng").as_deref(), Some("id-1"));
}

#[test]
fn what_a_killed_run_left_is_removed_only_after_a_yes() {
    let world = conflict();
    world.write(LEFT_OVER, &left_over());
    for command in [&["check"][..], &["fix"], &["fix", "--dry-run"]] {
        let _ = world.divvy(command);
        assert_eq!(world.read(LEFT_OVER), left_over(), "{command:?}");
    }
    let terminal = Terminal::start(&world, &["fix"]);
    terminal.shows("Remove them? [y/N]");
    assert_eq!(world.read(LEFT_OVER), left_over());
    assert!(!world.directory().join(".divvy").exists(), "nothing is written before an answer");
    terminal.types("n\n");
    let (code, shown) = terminal.end();
    assert_eq!((code, world.read(LEFT_OVER)), (3, left_over()), "{shown}");

    let terminal = Terminal::start(&world, &["fix"]);
    terminal.shows("Remove them? [y/N]");
    terminal.types("y\n");
    terminal.shows("Import this division into the Terraform state?");
    terminal.types("y\n");
    let (code, shown) = terminal.end();
    assert_eq!(code, 0, "{shown}");
    world.has_no_changes();
    leaves_nothing(&world);
}

#[test]
fn import_blocks_that_divvy_did_not_write_stay_whatever_their_name_is() {
    let world = conflict();
    let text = r#"{"import":[{"to":"genesyscloud_auth_division.eng","id":"id-eng"}]}"#;
    world.write(LEFT_OVER, text);
    let ran = world.divvy(&["fix", "--yes"]).ended(0);
    assert_eq!(world.read(LEFT_OVER), text);
    assert!(ran.stderr.contains("was not written by divvy"), "{}", ran.stderr);
}

#[test]
fn undo_asks_and_takes_back_only_after_a_yes() {
    let world = conflict();
    let _ = world.divvy(&["fix", "--yes"]).ended(0);
    let terminal = Terminal::start(&world, &["undo"]);
    terminal.shows("Undo this in the Terraform state, at this address?");
    terminal.types("n\n");
    let (code, shown) = terminal.end();
    assert_eq!((code, world.state().len()), (3, 1), "{shown}");

    let terminal = Terminal::start(&world, &["undo"]);
    terminal.shows("[y/N]");
    terminal.types("perhaps\n");
    terminal.shows("Please type y or n");
    assert_eq!(world.state().len(), 1, "a wrong answer is none");
    terminal.types("y\n");
    let (code, shown) = terminal.end();
    assert_eq!((code, world.state().len()), (0, 0), "{shown}");
    assert!(shown.contains("leaves the state"), "{shown}");
    leaves_nothing(&world);
}
