//! An API that contradicts itself: other entities in answers, listings without end or with gaps.

use std::time::{Duration, Instant};

use divvy_sandbox::emulator::{Effect, Fault, Refusal, Seed};
use serde_json::{Value, json};

use crate::world::{World, seed};

const PUBLISHED: &str = "/api/v2/authorization/divisions";

fn says(body: &Value) -> Refusal {
    Refusal { body: Some(body.clone()), ..Refusal::status(200) }
}

fn posts(world: &World) -> usize {
    world.org().requests().iter().filter(|request| request.is("POST", PUBLISHED)).count()
}

/// A listing of three, of which `total` are said to be.
fn listing(total: u64, pages: u64) -> Value {
    let entities = json!([
        { "id": "home", "name": "Home", "homeDivision": true },
        { "id": "a", "name": "Sales" },
        { "id": "b", "name": "Ops" },
    ]);
    json!({ "entities": entities, "total": total, "pageCount": pages, "pageSize": 100, "pageNumber": 1 })
}

#[test]
fn a_create_that_is_answered_with_another_name_is_looked_up_and_not_believed() {
    for body in [
        json!({ "id": "x", "name": "Claims" }),
        json!({ "id": "", "name": "Sales" }),
        json!({ "name": "Sales" }),
        json!({ "id": "x", "name": null }),
        json!([]),
        json!("Sales"),
    ] {
        // Carried out all the same: the look-up finds what was really made.
        let world = World::new(Seed::default());
        let lie = Effect::CommitThenStatus(says(&body));
        world.org().add_faults(vec![Fault::once("POST", PUBLISHED, lie)]);
        let made = world.divvy(&["ensure", "Sales"]).ended(0).json();
        let real = world.org().org().divisions.into_iter().find(|one| one.name == "Sales").unwrap();
        assert_eq!(made["id"], real.id, "{body}");
        assert_eq!(posts(&world), 1, "{body}");
    }
    // Not carried out: nothing is said to exist, and nothing is sent twice.
    let world = World::new(Seed::default());
    let lie = Effect::Status(says(&json!({ "id": "x", "name": "Claims" })));
    world.org().add_faults(vec![Fault::once("POST", PUBLISHED, lie).always()]);
    let ran = world.divvy(&["ensure", "Sales"]).ended(1);
    assert_eq!((ran.stdout.as_str(), posts(&world)), ("", 1));
    assert!(ran.stderr.contains("\"Claims\" with the id \"x\""), "{}", ran.stderr);
}

#[test]
fn a_create_that_is_answered_with_the_id_of_another_division_is_not_believed() {
    let world = World::new(seed(&[("a", "Ops")]));
    let lie = Effect::Status(says(&json!({ "id": "a", "name": "Sales" })));
    world.org().add_faults(vec![Fault::once("POST", PUBLISHED, lie)]);
    let ran = world.divvy(&["ensure", "Sales"]).ended(1);
    assert!(ran.stderr.contains("the id \"a\" of another division"), "{}", ran.stderr);
    assert_eq!(ran.stdout, "");
}

#[test]
fn a_listing_that_promises_pages_without_end_ends_and_is_called_incomplete() {
    for (total, pages) in [(3_000_000_000_000, 1_000_000_000_000), (u64::MAX, u64::MAX), (9, 1)] {
        let world = World::new(Seed::default());
        let lie = Effect::Status(says(&listing(total, pages)));
        world.org().add_faults(vec![Fault::once("GET", PUBLISHED, lie).always()]);
        let start = Instant::now();
        let ran = world.divvy(&["ensure", "Claims"]).ended(3);
        assert!(start.elapsed() < Duration::from_secs(20), "{pages}");
        assert!(ran.stderr.contains("lists 3"), "{}", ran.stderr);
        assert!(ran.stderr.contains("\"Claims\" was not created"), "{}", ran.stderr);
        assert_eq!(posts(&world), 0);
        let ran = world.divvy(&["list"]).ended(3);
        assert!(ran.stderr.contains("lists 3"), "{}", ran.stderr);
        // What is there is there, however the list goes on.
        let _ = world.divvy(&["ensure", "Sales"]).ended(0);
        // Who knows better says so.
        let _ = world.divvy(&["ensure", "--new", "Claims"]).ended(0);
    }
}

#[test]
fn a_check_that_rests_on_an_incomplete_listing_ends_with_3_and_says_so() {
    let world = World::new(Seed::default());
    world.divisions(&[("new", "name = \"Claims\"")]).init();
    let lie = Effect::Status(says(&listing(9, 1)));
    world.org().add_faults(vec![Fault::once("GET", PUBLISHED, lie).always()]);
    let ran = world.divvy(&["check", "-o", "json"]).ended(3);
    assert_eq!(ran.json()["headline"]["code"], "DVY206", "{}", ran.stdout);
    world.org().clear_faults();
    let _ = world.divvy(&["check"]).ended(0);
    // One that is whole again in the next reading is no trouble.
    let once = Effect::Status(says(&listing(9, 1)));
    world.org().add_faults(vec![Fault::once("GET", PUBLISHED, once)]);
    let _ = world.divvy(&["check"]).ended(0);
}

#[test]
fn one_id_with_two_names_and_entries_without_names_are_said() {
    for (second, told) in [
        (
            json!({ "id": "a", "name": "Claims" }),
            "the id \"a\" is listed as \"Sales\" and as \"Claims\"",
        ),
        (json!({ "id": "b", "name": null }), "1 entries have no id or no name"),
        (json!({ "name": "Claims" }), "1 entries have no id or no name"),
    ] {
        let world = World::new(Seed::default());
        let body = json!({ "entities": [{ "id": "a", "name": "Sales" }, second], "pageCount": 1 });
        let lie = Effect::Status(says(&body));
        world.org().add_faults(vec![Fault::once("GET", PUBLISHED, lie).always()]);
        for command in ["list", "ensure"] {
            let arguments: &[&str] = if command == "list" { &["list"] } else { &["ensure", "New"] };
            let ran = world.divvy(arguments).ended(3);
            assert!(ran.stderr.contains(told), "{command}: {}", ran.stderr);
        }
    }
}
