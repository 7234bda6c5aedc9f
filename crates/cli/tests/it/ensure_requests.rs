//! What `ensure` asks, in which order, and what it shows meanwhile: searches that mislead or refuse,
//! parents and siblings, a terminal, and the emulator as a user starts it.

use std::io::{BufRead as _, BufReader};
use std::process::Stdio;
use std::time::Duration;

use divvy_sandbox::emulator::{Effect, Exchange, Fault, Outcome, Policy, Refusal, Search, Seed};
use serde_json::{Value, json};

use crate::run::terminal::Terminal;
use crate::world::{DIVVY, World, seed, seed_of};

const PUBLISHED: &str = "/api/v2/authorization/divisions";
const PATHED: &str = "/api/v2/auth/divisions";
const PATIENCE: Duration = Duration::from_secs(20);

fn posts(world: &World) -> usize {
    world.org().requests().iter().filter(|request| request.is("POST", PUBLISHED)).count()
}

#[test]
fn a_search_is_no_equality_test_whatever_it_means() {
    for search in [Search::Contains, Search::Prefix, Search::Exact] {
        let world = World::new(seed(&[("a", "sales"), ("b", "Sales EMEA"), ("c", "Presales")]));
        world.org().set_policy(Policy { search, ..Policy::default() }).unwrap();
        let found = world.divvy(&["ensure", "Sales EMEA"]).ended(0).json();
        assert_eq!((&found["id"], &found["created"]), (&json!("b"), &json!(false)), "{search:?}");
        let made = world.divvy(&["ensure", "--new", "Sales"]).ended(0).json();
        assert_eq!(made["created"], true, "{search:?}");
        assert!(!["a", "b", "c"].contains(&made["id"].as_str().unwrap()), "{search:?}");
        let found = world.divvy(&["list", "sales", "-o", "json"]).ended(0).json();
        assert_eq!(found[0]["id"], "a", "{search:?}");
    }
}

#[test]
fn what_a_search_does_not_show_or_refuses_is_found_in_the_list() {
    let empty =
        json!({ "entities": [], "total": 0, "pageCount": 0, "pageSize": 100, "pageNumber": 1 });
    let blind = Refusal { body: Some(empty), ..Refusal::status(200) };
    for answer in [blind, Refusal::status(400)] {
        for command in ["ensure", "list"] {
            let world = World::new(seed(&[("a", "R&D [50%]")]));
            let search = Fault::once("GET", PUBLISHED, Effect::Status(answer.clone()));
            world.org().add_faults(vec![search]);
            let ran = world.divvy(&[command, "R&D [50%]", "-o", "json"]).ended(0);
            assert!(ran.stdout.contains("\"id\": \"a\""), "{}", ran.stdout);
            assert_eq!((world.org().requests().len(), posts(&world)), (3, 0));
        }
    }
    // After a 409 it is looked up in the same way.
    let world = World::new(seed(&[("a", "R&D")]));
    let mut choke = Fault::once("GET", PUBLISHED, Effect::Status(Refusal::status(400)));
    choke.nth = 3.try_into().unwrap();
    let empty =
        json!({ "entities": [], "total": 0, "pageCount": 0, "pageSize": 100, "pageNumber": 1 });
    let mut blind = Fault::once(
        "GET",
        PUBLISHED,
        Effect::Status(Refusal { body: Some(empty), ..Refusal::status(200) }),
    );
    blind.count = 2;
    world.org().add_faults(vec![blind, choke]);
    let ran = world.divvy(&["ensure", "R&D"]).ended(0).json();
    assert_eq!((&ran["id"], &ran["created"], posts(&world)), (&json!("a"), &json!(false), 1));
}

#[test]
fn parents_come_first_and_siblings_at_the_same_time() {
    let world = World::new(Seed::default());
    world.org().add_faults(vec![Fault::once("POST", PATHED, Effect::HoldReply).always()]);
    let process = world
        .command(DIVVY)
        .args(["ensure", "--dialect", "pathed", "/A/B", "/A/C", "/A/D"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let held = |path: &'static str| {
        move |request: &Exchange| {
            let body = request.body.as_ref();
            request.outcome == Outcome::Held && body.is_some_and(|body| body["path"] == path)
        }
    };
    let wait_for = |path| {
        let found = world.org().wait_for_request(PATIENCE, held(path));
        found.unwrap_or_else(|| panic!("{path} was not sent"))
    };
    let parent = wait_for("/A");
    let sent = world.org().requests();
    assert_eq!(sent.iter().filter(|one| one.is("POST", PATHED)).count(), 1, "{parent:?}");
    world.org().release();
    for sibling in ["/A/B", "/A/C", "/A/D"] {
        let _ = wait_for(sibling);
    }
    world.org().release();
    let output = process.wait_with_output().unwrap();
    assert!(output.status.success(), "{output:?}");
    assert_eq!(world.org().org().pathed.len(), 4);
}

#[test]
fn a_terminal_shows_how_far_it_is_and_how_long_it_will_take() {
    let mut world = World::new(Seed::default());
    world.set("TERM", "xterm");
    let mut hold = Fault::once("POST", PUBLISHED, Effect::HoldReply);
    hold.on.name = Some("D2".to_owned());
    world.org().add_faults(vec![hold]);
    let line = format!("stty rows 50 cols 80; {DIVVY} ensure D0 D1 D2 --rate 60 -o ids");
    let mut terminal = Terminal::start(world.command("script"), &line);
    terminal.wait_for("2 of 3 divisions, less than a minute left");
    world.org().release();
    let (code, shown) = terminal.end();
    assert_eq!(code, 0, "{shown}");
}

#[test]
fn the_emulator_speaks_the_dialect_that_it_is_told() {
    let pathed = ["ensure", "--dialect", "pathed", "/Engineering", "/Engineering/Backend"];
    let published = ["ensure", "Engineering", "Backend"];
    for (dialect, takes_published, takes_pathed) in
        [("published", true, false), ("pathed", false, true), ("both", true, true)]
    {
        let world = World::new(Seed::default());
        let mut emulator = world
            .command(DIVVY)
            .args(["emulate", "--dialect", dialect])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut url = String::new();
        BufReader::new(emulator.stdout.take().unwrap()).read_line(&mut url).unwrap();
        let made = |arguments: &[&str]| {
            let ran = world.divvy(&[arguments, &["--api-url", url.trim()]].concat());
            let told: Value = serde_json::from_str(&ran.stdout).unwrap_or_default();
            let all = told.as_array().cloned().unwrap_or_default();
            ran.code == 0 && all.len() == 2 && all.iter().all(|one| one["created"] == true)
        };
        assert_eq!((made(&published), made(&pathed)), (takes_published, takes_pathed), "{dialect}");
        emulator.kill().unwrap();
        emulator.wait().unwrap();
    }
}

#[test]
fn a_dry_run_needs_the_right_to_read_alone() {
    let world = World::new(seed_of(&json!({
        "divisions": [{ "id": "a", "name": "Sales" }],
        "clients": [{ "id": "client", "secret": crate::world::SECRET, "permissions": [] }],
    })));
    let ran = world.divvy(&["ensure", "Sales", "Claims", "--dry-run"]).ended(0).json();
    assert_eq!((&ran[0]["id"], &ran[1]["id"]), (&json!("a"), &Value::Null));
    let refused = world.divvy(&["ensure", "Claims"]).ended(1);
    assert!(refused.stderr.contains("authorization:division:add"), "{}", refused.stderr);
}
