//! Names and lists of which nobody meant what they would make, and what a terminal shows.

use std::collections::BTreeSet;

use divvy_sandbox::emulator::Seed;
use serde_json::Value;

use crate::run::terminal::Terminal;
use crate::world::{DIVVY, World, fixture, seed};

/// Names of the org's divisions without Home, sorted: it keeps them by id.
fn names(world: &World) -> Vec<String> {
    let all = world.org().org().divisions.into_iter().map(|division| division.name);
    let names: BTreeSet<String> = all.filter(|name| name != "Home").collect();
    names.into_iter().collect()
}

#[test]
fn a_name_that_nearly_exists_is_not_created_without_a_word_and_the_others_are() {
    for name in ["sales", "Sales\u{a0}", "Ｓales", "Sаles"] {
        let world = World::new(seed(&[("a", "Sales")]));
        let ran = world.divvy(&["ensure", name, "Claims"]).ended(3);
        assert_eq!(names(&world), ["Claims", "Sales"], "{name:?}");
        assert_eq!(ran.json().as_array().unwrap().len(), 1, "{}", ran.stdout);
        assert!(ran.stderr.contains("\"Sales\" exists (a) and differs only in"), "{}", ran.stderr);
        assert!(ran.stderr.contains("add --new "), "{}", ran.stderr);
        let _ = world.divvy(&["ensure", name, "--dry-run"]).ended(3);
        let _ = world.divvy(&["ensure", name, "--new", name]).ended(0);
        assert_eq!(names(&world).len(), 3, "{name:?}");
        // It exists now.
        assert_eq!(world.divvy(&["ensure", name]).ended(0).json()["created"], false);
    }
}

#[test]
fn two_near_names_of_one_list_are_both_left_out_until_one_is_called_new() {
    let world = World::new(Seed::default());
    world.write("list.txt", "Sales\nsales\nOps\n");
    let ran = world.divvy(&["ensure", "--from", "list.txt", "-o", "ids"]).ended(3);
    assert_eq!(names(&world), ["Ops"]);
    assert!(
        ran.stderr.contains("is asked for too and differs only in letter case"),
        "{}",
        ran.stderr
    );
    let _ = world.divvy(&["ensure", "--from", "list.txt", "--new", "sales"]).ended(0);
    assert_eq!(names(&world).len(), 3);
}

#[test]
fn what_would_lie_in_a_name_that_was_left_out_is_left_out_too() {
    let world = World::new(Seed::default());
    let path = ["ensure", "--dialect", "pathed"];
    let _ = world.divvy(&[&path[..], &["/Engineering"]].concat()).ended(0);
    let ran = world.divvy(&[&path[..], &["/engineering/Backend", "/Ops"]].concat()).ended(3);
    let paths: BTreeSet<String> =
        world.org().org().pathed.into_iter().map(|one| one.path).collect();
    assert_eq!(Vec::from_iter(paths), ["/Engineering", "/Ops"]);
    assert!(ran.stderr.contains("--new /engineering"), "{}", ran.stderr);
}

#[test]
fn on_a_terminal_a_near_name_is_asked_about_and_the_answer_counts() {
    for (answer, made) in [("n", 1), ("y", 2)] {
        let mut world = World::new(seed(&[("a", "Sales")]));
        world.set("TERM", "xterm");
        let line = format!("stty rows 50 cols 120; {DIVVY} ensure SALES");
        let mut terminal = Terminal::start(world.command("script"), &line);
        terminal.wait_for("differs only in letter case");
        terminal.wait_for("Create it as well?");
        terminal.wait_for("(y/N)");
        terminal.type_in(&format!("{answer}\r"));
        let (code, shown) = terminal.end();
        assert_eq!((code, names(&world).len()), (if made == 1 { 3 } else { 0 }, made), "{shown}");
    }
}

#[test]
fn on_a_terminal_ensure_shows_a_table_and_through_a_pipe_json() {
    let mut world = World::new(seed(&[("a", "Sales")]));
    assert_eq!(world.divvy(&["ensure", "Sales"]).ended(0).json()["id"], "a");
    world.set("TERM", "xterm");
    let line = format!("stty rows 50 cols 80; {DIVVY} ensure Sales");
    let (code, shown) = Terminal::start(world.command("script"), &line).end();
    assert_eq!(code, 0, "{shown}");
    assert!(
        shown.contains("STATUS   ID  NAME") && shown.contains("existed  a   \"Sales\""),
        "{shown}"
    );
}

#[test]
fn list_has_a_header_and_is_written_as_ids_and_csv_that_ensure_reads_again() {
    let world = World::new(seed(&[("a", "Sales, Direct"), ("bb", "Ops")]));
    let table = world.divvy(&["list", "Ops", "Sales, Direct"]).ended(0).stdout;
    assert_eq!(table, "ID  NAME\nbb  \"Ops\"\na   \"Sales, Direct\"\n");
    assert_eq!(world.divvy(&["list", "Ops", "-o", "ids"]).ended(0).stdout, "bb\n");
    let csv = world.divvy(&["list", "-o", "csv"]).ended(0).stdout;
    assert!(
        csv.starts_with("id,name,description,home\n")
            && csv.contains("a,\"Sales, Direct\",,false\n"),
        "{csv}"
    );
    world.write("again.csv", &csv);
    let again = world.divvy(&["ensure", "--from", "again.csv"]).ended(0).json();
    assert!(again.as_array().unwrap().iter().all(|one| one["created"] == false), "{again}");
}

#[test]
fn lists_as_tools_print_them_make_what_they_say_and_nothing_else() {
    for file in ["jq-c.ndjson", "jq-without-r.txt"] {
        let world = World::new(Seed::default());
        let list = fixture(&format!("cases/31-lists-as-tools-print-them/{file}"));
        let _ = world.divvy(&["ensure", "--from", list.to_str().unwrap()]).ended(0);
        assert_eq!(names(&world), ["Engineering", "Sales"], "{file}");
    }
}

#[test]
fn one_line_of_another_format_means_that_nothing_is_asked_and_nothing_created() {
    let world = World::new(Seed::default());
    for (list, told) in [
        ("Sales\n- Ops\n", "line 2: \"- Ops\" looks like an item of a list"),
        ("Sales\n\nname: Ops\n", "line 3: \"name: Ops\" looks like an assignment"),
        ("<!DOCTYPE html>\n<p>Sign in</p>\n", "line 1: \"<!DOCTYPE html>\" looks like HTML"),
        ("[{\"name\": \"Sales\"}, {\"id\": \"1\"}]", "entry 2: there is neither name nor path"),
    ] {
        world.write("list", list);
        let ran = world.divvy(&["ensure", "--from", "list"]).ended(1);
        assert!(ran.stderr.contains(told), "{told}\n{}", ran.stderr);
        assert!(ran.stderr.contains("nothing was created"), "{}", ran.stderr);
    }
    assert!(world.org().requests().is_empty());
    // Who means it says so.
    let _ = world.divvy(&["ensure", "--new", "- Ops"]).ended(0);
    assert_eq!(names(&world), ["- Ops"]);
}

#[test]
fn a_name_of_a_hundred_kilobytes_is_called_too_long_and_nothing_is_asked() {
    let world = World::new(Seed::default());
    let ran = world.divvy(&["ensure", &"x".repeat(100_000)]).ended(64);
    assert!(ran.stderr.contains("100000 characters"), "{}", ran.stderr);
    assert!(ran.stderr.len() < 1000 && !ran.stderr.contains("credentials"), "{}", ran.stderr);
    assert!(world.org().requests().is_empty());
    // Too long for a search, but no longer than a name may be: the list is asked.
    let long = "é".repeat(1500);
    let made = world.divvy(&["ensure", &long]).ended(0).json();
    assert_eq!(made["name"], Value::from(long));
}
