//! Several who create at once, where the org itself would take a name twice.

use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Child, Stdio};
use std::time::Duration;

use divvy_sandbox::emulator::{Effect, Exchange, Fault, Lag, Outcome, Policy, Refusal, Seed};
use serde_json::{Value, json};

use crate::ensure::ids;
use crate::world::{DIVVY, World, seed};

const PUBLISHED: &str = "/api/v2/authorization/divisions";

/// An org that takes every name as often as it is sent.
fn careless(seed: Seed) -> World {
    let world = World::new(seed);
    world.org().set_policy(Policy { accept_duplicates: true, ..Policy::default() }).unwrap();
    world
}

fn is_held(request: &Exchange) -> bool {
    request.outcome == Outcome::Held
}

fn start(world: &World, arguments: &[&str]) -> Child {
    let mut command = world.command(DIVVY);
    command.args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

#[test]
fn processes_at_once_make_one_division_per_name_and_tell_the_same_ids() {
    for fault in [None, Some(Effect::CommitThenClose)] {
        let world = careless(Seed::default());
        world.org().add_faults(
            fault
                .into_iter()
                .map(|effect| Fault::once("POST", PUBLISHED, effect).always())
                .collect(),
        );
        let names: Vec<String> = (0..12).map(|index| format!("Division {index}")).collect();
        let processes: Vec<Child> = (0..4)
            .map(|turn| {
                let mut names = names.clone();
                names.rotate_left(turn * 3);
                let names = names.iter().map(String::as_str);
                let arguments = ["ensure", "--rate", "100000"].into_iter().chain(names);
                start(&world, &arguments.collect::<Vec<_>>())
            })
            .collect();
        for process in processes {
            let output = process.wait_with_output().unwrap();
            assert!(output.status.success(), "{output:?}");
            let told: Value = serde_json::from_slice(&output.stdout).unwrap();
            let held = ids(&world);
            assert_eq!((held.len(), told.as_array().unwrap().len()), (12, 12));
            for one in told.as_array().unwrap() {
                assert_eq!(one["id"], held[one["name"].as_str().unwrap()]);
            }
        }
    }
}

#[test]
fn a_second_process_says_that_it_waits_and_for_what() {
    let world = careless(Seed::default());
    let mut hold = Fault::once("POST", PUBLISHED, Effect::Hold);
    hold.on.name = Some("Sales".to_owned());
    world.org().add_faults(vec![hold]);
    let first = start(&world, &["ensure", "Sales", "Claims"]);
    let claims_exist = |request: &Exchange| {
        request.method == "POST" && request.path == PUBLISHED && request.status.is_some()
    };
    for awaited in [is_held, claims_exist] {
        assert!(world.org().wait_for_request(Duration::from_secs(20), awaited).is_some());
    }

    let mut second = start(&world, &["ensure", "Sales"]);
    let mut talk = BufReader::new(second.stderr.take().unwrap());
    let mut line = String::new();
    talk.read_line(&mut line).unwrap();
    assert!(line.starts_with("Another divvy on this machine creates divisions"), "{line}");
    // What exists is told without waiting, and so is a look alone.
    let claims = world.divvy(&["ensure", "Claims"]).ended(0).json();
    assert_eq!(claims["created"], false);
    let _ = world.divvy(&["ensure", "Ops", "--dry-run"]).ended(0);
    world.org().release();

    let first: Value = serde_json::from_slice(&first.wait_with_output().unwrap().stdout).unwrap();
    talk.read_to_string(&mut line).unwrap();
    let output = second.wait_with_output().unwrap();
    let second: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&second["id"], &second["created"]), (&first[0]["id"], &json!(false)), "{line}");
    assert_eq!(ids(&world).len(), 2);
}

#[test]
fn a_process_that_was_killed_keeps_nobody_waiting() {
    let world = careless(Seed::default());
    world.org().add_faults(vec![Fault::once("POST", PUBLISHED, Effect::Hold)]);
    let mut first = start(&world, &["ensure", "Sales"]);
    assert!(world.org().wait_for_request(Duration::from_secs(20), is_held).is_some());
    first.kill().unwrap();
    first.wait().unwrap();
    let ran = world.divvy(&["ensure", "Claims"]).ended(0);
    assert!(!ran.stderr.contains("waiting"), "{}", ran.stderr);
}

#[test]
fn where_no_turn_can_be_had_it_is_said_and_the_work_is_done() {
    let mut world = World::new(Seed::default());
    let url = world.org().url().to_owned();
    world.unset("HOME");
    let ran = world.divvy(&["ensure", "Sales", "--api-url", &url]).ended(0);
    assert!(ran.stderr.contains("could not be told to wait (HOME is not set)"), "{}", ran.stderr);
    let again = world.divvy(&["ensure", "Sales", "--api-url", &url]).ended(0);
    assert_eq!(again.stderr.lines().count(), 2, "nothing is created: {}", again.stderr);
}

#[test]
fn twins_after_a_doubtful_create_are_told_and_everybody_names_the_same() {
    // Another machine's division, which the look-ups before the create do not show yet.
    for theirs in ["00000000-theirs", "zzzzzzzz-theirs"] {
        let world = careless(seed(&[(theirs, "Sales")]));
        let empty =
            json!({ "entities": [], "total": 0, "pageCount": 0, "pageSize": 100, "pageNumber": 1 });
        let empty = Refusal { body: Some(empty), ..Refusal::status(200) };
        let mut blind = Fault::once("GET", PUBLISHED, Effect::Status(empty));
        blind.count = 2;
        let lost = Fault::once("POST", PUBLISHED, Effect::CommitThenClose);
        world.org().add_faults(vec![blind, lost]);
        let ran = world.divvy(&["ensure", "Sales"]).ended(3);
        let mut ids: Vec<String> =
            world.org().org().divisions.into_iter().map(|division| division.id).collect();
        ids.sort();
        assert_eq!(ids.len(), 2, "nothing is deleted");
        assert_eq!(ran.json()["id"], ids[0]);
        let told = format!("\"Sales\" exists 2 times: {}", ids.join(", "));
        assert!(ran.stderr.contains(&told), "{}", ran.stderr);
        assert!(ran.stderr.contains("rename or delete the others"), "{}", ran.stderr);
        // From then on there is a choice to be made, and that is a person's.
        let again = world.divvy(&["ensure", "Sales", "Ops"]).ended(1);
        assert!(again.stderr.contains("exists more than once"), "{}", again.stderr);
        assert!(world.org().org().divisions.iter().all(|division| division.name != "Ops"));
    }
}

#[test]
fn a_plain_answer_needs_no_second_look() {
    let world = World::new(Seed::default());
    let _ = world.divvy(&["ensure", "Sales", "Claims"]).ended(0);
    // A token, a listing, and a create for each.
    assert_eq!(world.org().requests().len(), 4);
}

#[test]
fn processes_at_once_against_a_list_that_lags_say_which_twins_they_see() {
    let world = careless(Seed::default());
    let lag = Effect::ListLag(Lag::Milliseconds(1500));
    world.org().add_faults(vec![Fault::once("POST", PUBLISHED, lag).always()]);
    let arguments = ["ensure", "--rate", "100000", "Sales", "Claims", "Ops"];
    let processes: Vec<Child> = (0..4).map(|_| start(&world, &arguments)).collect();
    let outputs: Vec<_> =
        processes.into_iter().map(|process| process.wait_with_output().unwrap()).collect();
    let all = world.org().org().divisions;
    let sales: Vec<&str> =
        all.iter().filter(|one| one.name == "Sales").map(|one| one.id.as_str()).collect();
    assert!(sales.len() > 1, "without twins this shows nothing: {all:?}");
    // Whoever was ready before the next one began can know of none; whoever made a later twin does.
    let mut told_of_twins = 0;
    for output in outputs {
        let told = String::from_utf8_lossy(&output.stderr);
        let names_twins = told.contains("\"Sales\" exists ") && told.contains(" times: ");
        if names_twins {
            told_of_twins += 1;
            assert_eq!(output.status.code(), Some(3), "{told}");
            assert!(sales.iter().any(|id| told.contains(id)), "{told}");
        }
    }
    assert!(told_of_twins >= sales.len() - 1, "{told_of_twins} of {}", sales.len());
}
