//! What is asked at a terminal, and what the answers come to.

use rustix::process::Signal;
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
    terminal.shows("Which one? [1-2, Enter for none]");
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
    terminal.shows("Which one? [1-2, Enter for none]");
    terminal.types("7\n");
    terminal.shows("Please type 1-2, or Enter for none:");
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

/// Three divisions that differ from the configuration by their description.
fn drifted() -> World {
    let world = World::new(seed_of(&json!({ "divisions": [
        { "id": "id-a", "name": "A", "description": "Ours" },
        { "id": "id-b", "name": "B", "description": "Theirs" },
        { "id": "id-c", "name": "C", "description": "Nobody's" },
    ] })));
    let blocks = [("a", "name = \"A\""), ("b", "name = \"B\""), ("c", "name = \"C\"")];
    // A state that is there and empty: a missing one is another question.
    world.divisions(&blocks).tracks(&[]).init();
    world
}

fn description(world: &World, id: &str) -> String {
    world.divisions_of_org(0)[id]["description"].as_str().unwrap_or_default().to_owned()
}

#[test]
fn drift_is_asked_for_each_address_and_one_is_kept_one_updated_one_left() {
    let world = drifted();
    let terminal = Terminal::start(&world, &["fix"]);
    for (nth, answer) in ["2\n", "\n", "1\n"].into_iter().enumerate() {
        terminal.shows_again("Which one? [1-2, Enter for none", nth + 1);
        terminal.types(answer);
    }
    terminal.shows("One is then updated in");
    terminal.types("y\n");
    let (code, shown) = terminal.end();
    assert_eq!(code, 3, "{shown}");
    let ids: Vec<_> = world.state().into_iter().map(|(_, id)| id).collect();
    assert_eq!(ids, ["id-a", "id-c"], "{shown}");
    assert_eq!(description(&world, "id-a"), "", "updated: {shown}");
    assert_eq!(description(&world, "id-b"), "Theirs");
    assert_eq!(description(&world, "id-c"), "Nobody's", "kept: {shown}");
    leaves_nothing(&world);
}

#[test]
fn one_answer_may_be_for_all_questions_that_are_alike() {
    let world = drifted();
    let terminal = Terminal::start(&world, &["fix"]);
    terminal.shows("Which one? [1-2, Enter for none; add \"all\" for all 3 of them]");
    terminal.types("1 all\n");
    terminal.shows("Import these 3 divisions into the Terraform state?");
    terminal.types("y\n");
    let (_, shown) = terminal.end();
    assert_eq!(shown.matches("Which one?").count(), 1, "{shown}");
    assert_eq!(world.state().len(), 3, "{shown}");
    assert_eq!(description(&world, "id-b"), "Theirs");
}

#[test]
fn a_near_name_may_be_new_and_is_left_for_the_apply_to_create() {
    let world =
        World::new(seed_of(&json!({ "divisions": [{ "id": "id-1", "name": "engineering" }] })));
    world.divisions(&[("eng", "name = \"Engineering\"")]).init();
    let terminal = Terminal::start(&world, &["fix"]);
    terminal.shows("2) None of them: it is new, and the next apply creates it");
    terminal.types("2\n");
    let (code, shown) = terminal.end();
    assert_eq!(code, 0, "{shown}");
    assert!(shown.contains("For the apply to create (1)"), "{shown}");
    assert_eq!(world.read("terraform.tfstate"), "");
}

#[test]
fn prompts_fit_80_and_120_columns_and_arrows_choose() {
    for columns in [80, 120] {
        let world = drifted();
        let terminal = Terminal::start_full(&world, &["fix", "--only", "*.b"], columns);
        terminal.shows("Leave it alone");
        // Down once: import it, leave the org as it is.
        terminal.types("\u{1b}[B\r");
        terminal.shows("(y/N)");
        terminal.types("maybe\r");
        terminal.shows("Please type y or n");
        terminal.types(&"\u{7f}".repeat(5));
        terminal.types("y\r");
        let (code, shown) = terminal.end_and_give_back();
        assert_eq!(code, 3, "{shown}");
        assert_eq!(world.state(), [("genesyscloud_auth_division.b".to_owned(), "id-b".to_owned())]);
        assert_eq!(description(&world, "id-b"), "Theirs");
        // As the terminal draws it: nothing of what is asked goes beyond its edge.
        let (asked, _) = shown.rsplit_once("Do this?").expect("it was asked");
        let tall = 200.try_into().expect("a height");
        let mut drawn = vt100::Parser::new(tall, columns.try_into().expect("a width"), 0);
        drawn.process(asked.as_bytes());
        let screen = drawn.screen();
        let wrapped: Vec<_> = (0..200).filter(|row| screen.row_wrapped(*row)).collect();
        assert!(wrapped.is_empty(), "{wrapped:?}: {}", screen.contents());
        for part in ["Leave it alone", "Import it, and update it in Genesys Cloud"] {
            assert!(asked.contains(part), "{part}: {asked}");
        }
    }
}

#[test]
fn enter_alone_changes_nothing_and_plain_asks_in_lines() {
    let world = drifted();
    let terminal = Terminal::start_full(&world, &["fix", "--only", "*.b"], 80);
    terminal.shows("Which one?");
    terminal.types("\r");
    let (code, shown) = terminal.end_and_give_back();
    assert_eq!((code, world.state().len()), (3, 0), "{shown}");
    let terminal = Terminal::start_full(&world, &["fix", "--plain"], 80);
    terminal.shows("Which one? [1-2, Enter for none; add \"all\"");
    terminal.types("none all\n");
    let (code, shown) = terminal.end_and_give_back();
    assert_eq!((code, world.state().len()), (3, 0), "{shown}");
}

#[test]
fn at_a_prompt_an_interrupt_or_a_signal_gives_the_terminal_back() {
    let world = drifted();
    for how in [None, Some(Signal::TERM), Some(Signal::INT), Some(Signal::HUP)] {
        let terminal = Terminal::start_full(&world, &["fix"], 80);
        terminal.shows("Which one?");
        match how {
            None => terminal.types("\u{3}"),
            Some(signal) => terminal.signal(signal),
        }
        let (code, shown) = terminal.end_and_give_back();
        assert_eq!(code, 130, "{how:?}: {shown}");
        assert_eq!(world.state().len(), 0);
        leaves_nothing(&world);
    }
}

#[test]
fn several_repairs_are_marked_one_by_one_with_keys() {
    let world = World::new(seed_of(&json!({ "divisions": [
        { "id": "id-a", "name": "A" },
        { "id": "id-b", "name": "B" },
    ] })));
    world.divisions(&[("a", "name = \"A\""), ("b", "name = \"B\"")]);
    world.tracks(&[
        json!({ "label": "a", "id": "id-a", "name": "A", "status": "tainted" }),
        json!({ "label": "b", "id": "id-b", "name": "B", "status": "tainted" }),
    ]);
    world.init();
    let terminal = Terminal::start_full(&world, &["fix"], 80);
    terminal.shows("space to mark");
    terminal.types("\u{1b}[B \r");
    terminal.shows("(y/N)");
    terminal.types("y\r");
    let (code, shown) = terminal.end_and_give_back();
    assert_eq!(code, 3, "{shown}");
    let state: serde_json::Value =
        serde_json::from_str(&world.read("terraform.tfstate")).expect("a state");
    let tainted: Vec<_> = state["resources"]
        .as_array()
        .into_iter()
        .flatten()
        .filter(|resource| resource["instances"][0]["status"] == "tainted")
        .map(|resource| resource["name"].clone())
        .collect();
    assert_eq!(tainted, ["a"], "{shown}");
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

#[test]
fn a_near_name_that_an_apply_would_replace_is_not_offered_and_what_is_new_can_be_said() {
    let org = json!({ "collections": { "/api/v2/routing/skills": [
        { "id": "skill-1", "name": "french" },
    ] } });
    let block = "resource \"genesyscloud_routing_skill\" \"x\" {\n  name = \"French\"\n}\n";
    let world = crate::kinds::scene::world(&org, block);
    let terminal = Terminal::start(&world, &["fix"]);
    terminal.shows("Is it new?");
    terminal.shows("1) None of them: it is new, and the next apply creates it");
    terminal.types("1\n");
    let (code, shown) = terminal.end();
    assert_eq!(code, 0, "{shown}");
    assert!(shown.contains("For the apply to create (1)"), "{shown}");
    assert_eq!(world.state().len(), 0, "{shown}");
}
