//! An org whose listing contradicts itself or does not end, under `run`: it ends all the same, an
//! interrupt is heard, and nothing is concluded from what is missing there without a word.

use std::process::Stdio;
use std::time::{Duration, Instant};

use divvy_sandbox::emulator::{Effect, Fault, Refusal, Seed};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use super::adoption::{run, said};
use super::{DIVISIONS, wait_until_held};
use crate::world::{DIVVY, World, program};

const GATE: &[&str] = &["run", "--on-conflict", "error", "--", "terraform", "plan", "-no-color"];
const PLAN: &[&str] = &["run", "--", "terraform", "plan", "-no-color"];

fn world(lie: Value) -> World {
    let world = World::new(Seed::default());
    world.divisions(&[("claims", "name = \"Claims\""), ("sales", "name = \"Sales\"")]).init();
    let lie = Effect::Status(Refusal { body: Some(lie), ..Refusal::status(200) });
    world.org().add_faults(vec![Fault::once("GET", DIVISIONS, lie).always()]);
    world
}

fn listing(total: u64, pages: u64) -> Value {
    let entities = json!([
        { "id": "home", "name": "Home", "homeDivision": true },
        { "id": "a", "name": "Sales" },
    ]);
    json!({ "entities": entities, "total": total, "pageCount": pages, "pageSize": 100, "pageNumber": 1 })
}

#[test]
fn a_listing_that_lies_ends_and_no_verdict_rests_on_it_without_a_word() {
    for (total, pages) in [(3_000_000_000_000, 1_000_000_000_000), (500, 5), (9, 1)] {
        let world = world(listing(total, pages));
        let start = Instant::now();
        let gate = run(&world, &[GATE]).ended(1);
        assert!(start.elapsed() < Duration::from_secs(60), "{pages} pages");
        let told = said(&gate);
        assert!(told.contains("lists 2"), "{told}");
        assert!(told.contains("\"Claims\" may already exist"), "{told}");
        let told = said(&run(&world, &[PLAN]).ended(0));
        assert!(told.contains("The org's list of divisions is incomplete"), "{told}");
        // What it does show is there.
        assert!(told.contains("\"Sales\" already exists (a)"), "{told}");
    }
}

#[test]
fn a_listing_of_gigantic_pages_is_given_up_and_opens_no_gate() {
    let world = world(json!({ "entities": [], "x": "x".repeat(33 << 20) }));
    let told = said(&run(&world, &[GATE]).ended(1));
    assert!(told.contains("Nothing can be foretold about existing divisions"), "{told}");
    assert!(!told.contains("xxxxxxxx"), "the body is not shown");
}

#[test]
fn an_interrupt_is_heard_while_the_org_does_not_answer() {
    let world = World::new(Seed::default());
    world.divisions(&[("claims", "name = \"Claims\"")]).init();
    world.org().add_faults(vec![Fault::once("GET", DIVISIONS, Effect::Hold).always()]);
    let mut command = world.command("setsid");
    command.args([DIVVY, "run", "--", program(), "plan", "-no-color"]);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("divvy");
    wait_until_held(&world);
    // Terraform comes to the create while its org is being listed.
    std::thread::sleep(Duration::from_secs(1));
    kill_process(Pid::from_child(&child), Signal::INT).expect("it runs");
    let start = Instant::now();
    let output = child.wait_with_output().expect("divvy ends");
    assert!(start.elapsed() < Duration::from_secs(10), "{output:?}");
    assert_eq!(world.litter(), Vec::<String>::new());
}
