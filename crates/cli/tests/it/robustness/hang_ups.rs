//! SIGHUP right before and right after the effects of `run` and `ensure`: nothing is left behind, and
//! the same command, run again, ends as if nothing had happened. Those of `fix` are in
//! [`super::interrupts`]. Invariant: every effect with `scripts/test --all`, else a few of them.

use rustix::process::Signal;

use super::running::{Ended, LONG, Running, processes_of};
use super::watch::leaves_nothing;
use crate::world::{DIVVY, World, program, seed};

const RUN: [&str; 3] = ["run", "--on-conflict", "adopt"];
const APPLY: [&str; 5] =
    ["apply", "-auto-approve", "-no-color", "-input=false", "-lock-timeout=60s"];

/// Stops divvy at the n-th effect, hangs up and lets it go on; nothing if there are fewer.
fn hung_up_at(world: &World, words: &[&str], at: usize) -> Option<Ended> {
    let mut command = world.command(DIVVY);
    let running = Running::of(command.args(words).env("DIVVY_STOP_AT", at.to_string()));
    if !running.stops() {
        let _ = running.end().ended(0);
        return None;
    }
    running.signal(Signal::HUP);
    running.signal(Signal::CONT);
    Some(running.end())
}

/// Waits until every process of this world has ended.
#[track_caller]
fn nobody_is_left(world: &World, step: &str) {
    let deadline = std::time::Instant::now() + LONG;
    while !processes_of(world).is_empty() {
        assert!(std::time::Instant::now() < deadline, "{step}: somebody is left");
        std::thread::yield_now();
    }
}

/// No lock, no blocks file, and every JSON document is whole.
#[track_caller]
fn is_tidy(world: &World, step: &str) {
    nobody_is_left(world, step);
    assert!(!world.directory().join(".terraform.tfstate.lock.info").exists(), "{step}: a lock");
    let state = world.read("terraform.tfstate");
    let is_whole = serde_json::from_str::<serde_json::Value>(&state).is_ok();
    assert!(state.is_empty() || is_whole, "{step}: half a state: {state}");
    assert!(!world.directory().join("errored.tfstate").exists(), "{step}: an unsaved state");
    leaves_nothing(world);
}

fn sorted_names(world: &World) -> Vec<String> {
    let divisions = world.org().org().divisions;
    let mut names: Vec<_> = divisions.into_iter().map(|division| division.name).collect();
    names.sort();
    names
}

fn is_all() -> bool {
    std::env::var_os("DIVVY_TEST_ALL").is_some()
}

#[test]
fn at_the_effects_of_run_nothing_is_left_and_the_next_run_converges() {
    let world = World::new(seed(&[("id-eng", "Engineering")]));
    world.divisions(&[("eng", "name = \"Engineering\""), ("new", "name = \"New\"")]).init();
    let before = world.org().org();
    let words = [&RUN[..], &["--", program()], &APPLY].concat();
    let mut hung_up = 0;
    for at in (1..).step_by(if is_all() { 1 } else { 3 }) {
        world.org().replace_org(before.clone()).expect("the seed");
        for name in ["terraform.tfstate", "terraform.tfstate.backup"] {
            let _ = std::fs::remove_file(world.directory().join(name));
        }
        let Some(ended) = hung_up_at(&world, &words, at) else { break };
        hung_up += 1;
        let step = format!("effect {at}: {ended:?}");
        is_tidy(&world, &step);
        let _ = Running::start(&world, &words).end().ended(0);
        assert_eq!(sorted_names(&world), ["Engineering", "New"], "{step}");
        assert_eq!(world.state().len(), 2, "{step}");
        world.has_no_changes();
        is_tidy(&world, &step);
    }
    assert!(hung_up > 2, "only {hung_up} effects: was the hook there?");
}

#[test]
fn at_every_effect_of_ensure_nothing_is_left_and_the_next_run_makes_no_twin() {
    let words = ["ensure", "Sales", "Claims", "Ops"];
    let mut hung_up = 0;
    for at in 1.. {
        let world = World::new(seed(&[]));
        let Some(ended) = hung_up_at(&world, &words, at) else { break };
        hung_up += 1;
        let step = format!("effect {at}: {ended:?}");
        is_tidy(&world, &step);
        let _ = Running::start(&world, &words).end().ended(0);
        assert_eq!(sorted_names(&world), ["Claims", "Ops", "Sales"], "{step}");
        is_tidy(&world, &step);
    }
    assert!(hung_up > 8, "only {hung_up} effects: was the hook there?");
}
