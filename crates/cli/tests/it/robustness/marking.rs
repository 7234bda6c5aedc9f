//! The full-screen list of `fix`, on a pseudo-terminal: what is marked is done, and nothing else.

use rustix::process::Signal;
use serde_json::json;

use super::running::Terminal;
use super::watch::leaves_nothing;
use crate::world::{World, seed_of};

/// Six divisions that exist, and one that differs from the configuration.
fn seven() -> World {
    let mut divisions: Vec<_> =
        (1..=6).map(|n| json!({ "id": format!("id-{n}"), "name": format!("Team {n}") })).collect();
    divisions.push(json!({ "id": "id-drift", "name": "Drift", "description": "Ours" }));
    let world = World::new(seed_of(&json!({ "divisions": divisions })));
    let names: Vec<_> =
        (1..=6).map(|n| (format!("t{n}"), format!("name = \"Team {n}\""))).collect();
    let mut blocks: Vec<(&str, &str)> =
        names.iter().map(|(label, body)| (label.as_str(), body.as_str())).collect();
    blocks.extend([("drift", "name = \"Drift\""), ("new", "name = \"New\"")]);
    // A state that is there and empty: a missing one is another question.
    world.divisions(&blocks).tracks(&[]).init();
    world
}

fn adopted(world: &World) -> Vec<String> {
    world.state().into_iter().map(|(_, id)| id).collect()
}

#[test]
fn what_is_marked_is_done_after_one_yes_and_what_is_not_is_left() {
    for columns in [80, 120] {
        let world = seven();
        let terminal = Terminal::start_full(&world, &["fix"], columns);
        terminal.has_on_screen("6 of 7 marked");
        // The first one is not wanted; the one that differs is, with an update.
        terminal.types(" ");
        terminal.has_on_screen("5 of 7 marked");
        terminal.types("/drift\r");
        terminal.has_on_screen("\"Ours\"");
        terminal.types("2");
        terminal.has_on_screen("6 of 7 marked");
        terminal.types("\r");
        terminal.has_on_screen("y yes, n no");
        assert_eq!(adopted(&world), Vec::<String>::new(), "nothing is done before the yes");
        terminal.types("y");
        let (code, shown) = terminal.end_and_give_back();
        assert_eq!(code, 0, "{shown}");
        assert_eq!(adopted(&world), ["id-drift", "id-2", "id-3", "id-4", "id-5", "id-6"]);
        assert_eq!(world.divisions_of_org(0)["id-drift"]["description"], "");
        let text = shown.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(text.contains("left alone, not marked: genesyscloud_auth_division.t1"), "{text}");
        leaves_nothing(&world);
    }
}

#[test]
fn whoever_leaves_the_list_changes_nothing_and_gets_the_terminal_back() {
    let world = seven();
    for (keys, expected) in [("q", 3), ("\rq", 3), ("\u{3}", 130)] {
        let terminal = Terminal::start_full(&world, &["fix"], 80);
        terminal.has_on_screen("6 of 7 marked");
        terminal.types(keys);
        let (code, shown) = terminal.end_and_give_back();
        assert_eq!((code, adopted(&world)), (expected, Vec::new()), "{shown}");
    }
    for signal in [Signal::TERM, Signal::INT, Signal::HUP] {
        let terminal = Terminal::start_full(&world, &["fix"], 80);
        terminal.has_on_screen("6 of 7 marked");
        terminal.signal(signal);
        let (code, shown) = terminal.end_and_give_back();
        assert_eq!((code, adopted(&world)), (130, Vec::new()), "{shown}");
    }
    // F12 panics in a build for tests.
    let terminal = Terminal::start_full(&world, &["fix"], 80);
    terminal.has_on_screen("6 of 7 marked");
    terminal.types("\u{1b}[24~");
    let (code, shown) = terminal.end_and_give_back();
    assert_eq!((code, adopted(&world)), (1, Vec::new()), "{shown}");
    let left = shown.rfind("\u{1b}[?1049l").expect("the screen is left");
    assert!(shown[left..].contains("a panic, as a test wants it"), "it can be read: {shown}");
    leaves_nothing(&world);
}

#[test]
fn what_is_typed_before_the_list_is_shown_answers_nothing() {
    let world = seven();
    let terminal = Terminal::start_full(&world, &["fix"], 80);
    terminal.shows("terraform");
    terminal.types("\ry\ry");
    terminal.has_on_screen("6 of 7 marked");
    terminal.types("q");
    let (code, shown) = terminal.end_and_give_back();
    assert_eq!((code, adopted(&world)), (3, Vec::new()), "{shown}");
    assert!(!shown.contains("y yes, n no"), "{shown}");
}

#[test]
fn plain_a_small_screen_and_a_handful_are_asked_in_prompts_and_lines() {
    let world = seven();
    let terminal = Terminal::start_full(&world, &["fix", "--plain"], 80);
    terminal.shows("Which one? [1-2, Enter for none]");
    terminal.types("\n");
    terminal.shows("[y/N]");
    terminal.types("n\n");
    let (_, shown) = terminal.end_and_give_back();
    assert!(!shown.contains("\u{1b}[?1049h"), "{shown}");
    for (arguments, columns, asked) in
        [(&["fix"][..], 50, "Which one?"), (&["fix", "--only", "*.t1"], 80, "(y/N)")]
    {
        let terminal = Terminal::start_full(&world, arguments, columns);
        terminal.shows(asked);
        terminal.types("\u{3}");
        let (_, shown) = terminal.end_and_give_back();
        assert!(!shown.contains("\u{1b}[?1049h"), "{shown}");
    }
    assert_eq!(adopted(&world), Vec::<String>::new());
}
