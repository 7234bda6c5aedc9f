//! Ctrl-C at every step: Terraform ends by itself, nothing is left, the state is as before or as
//! after, and the exit code says that somebody interrupted.

use rustix::process::Signal;
use serde_json::Value;

use super::running::{Ended, Running, held, hold_any, processes_of};
use super::watch::{leaves_nothing, org};
use crate::world::{DIVVY, World, seed, seed_of};

const FIX: [&str; 2] = ["fix", "--yes"];

fn conflict() -> World {
    let world = World::new(seed(&[("id-eng", "Engineering"), ("id-sales", "Sales")]));
    world.divisions(&[("eng", "name = \"Engineering\""), ("sales", "name = \"Sales\"")]);
    world.init();
    world
}

/// What the state file holds; nothing where there is none.
fn resources(world: &World) -> Value {
    let state: Value = serde_json::from_str(&world.read("terraform.tfstate")).unwrap_or_default();
    state["resources"].as_array().cloned().unwrap_or_default().into()
}

fn begin_again(world: &World) {
    let _ = std::fs::remove_file(world.directory().join("terraform.tfstate"));
    let _ = std::fs::remove_dir_all(world.directory().join(".divvy"));
}

/// The promise, for one interrupted run.
#[track_caller]
fn has_ended_well(world: &World, ran: &Ended, after: &Value, step: &str) {
    assert!(ran.code == 130 || ran.code == 0, "{step}: {ran:?}");
    if ran.code == 130 {
        assert!(ran.stderr.contains("interrupted"), "{step}: {ran:?}");
    }
    let now = resources(world);
    assert!(now == Value::Array(Vec::new()) || &now == after, "{step}: half a state: {now:#}");
    assert_eq!(processes_of(world), Vec::<i32>::new(), "{step}: somebody is left");
    leaves_nothing(world);
}

#[test]
fn at_every_effect_of_fix() {
    let world = conflict();
    let org_before = org(&world);
    let _ = world.divvy(&FIX).ended(0);
    let after = resources(&world);
    let mut interrupted = 0;
    for at in 1_u64.. {
        begin_again(&world);
        let mut command = world.command(DIVVY);
        let running = Running::of(command.args(FIX).env("DIVVY_STOP_AT", at.to_string()));
        if !running.stops() {
            let _ = running.end().ended(0);
            break;
        }
        // Whatever asks for it, the end is the same.
        let asks = [Signal::INT, Signal::HUP, Signal::TERM];
        running.signal(asks[usize::try_from(at).expect("few effects") % asks.len()]);
        running.signal(Signal::CONT);
        let ran = running.end();
        interrupted += usize::from(ran.code == 130);
        has_ended_well(&world, &ran, &after, &format!("effect {at}"));
    }
    assert!(interrupted > 10, "only {interrupted} were interrupted");
    assert_eq!(org(&world), org_before);
    let _ = world.divvy(&FIX).ended(0);
    world.has_no_changes();
}

#[test]
fn at_every_request_of_fix_also_to_the_whole_group() {
    let world = conflict();
    let _ = world.divvy(&FIX).ended(0);
    let after = resources(&world);
    let mut interrupted = 0;
    for at in 1_u64.. {
        begin_again(&world);
        world.org().clear_faults();
        world.org().clear_requests();
        hold_any(&world, at);
        let mut command = world.command(DIVVY);
        let mut running =
            Running::of(std::os::unix::process::CommandExt::process_group(command.args(FIX), 0));
        if !running.reaches_a_held_request(&world) {
            let _ = running.end().ended(0);
            break;
        }
        if at % 2 == 0 {
            running.signal(Signal::INT);
        } else {
            running.signal_group(Signal::INT);
        }
        world.org().release();
        let ran = running.end();
        interrupted += usize::from(ran.code == 130);
        has_ended_well(&world, &ran, &after, &format!("request {at}"));
    }
    assert!(interrupted > 10, "only {interrupted} were interrupted");
}

#[test]
fn while_an_update_is_under_way_the_update_is_finished_and_recorded() {
    let world = World::new(seed_of(&serde_json::json!({
        "divisions": [{ "id": "id-eng", "name": "Engineering", "description": "by hand" }],
    })));
    world.divisions(&[("eng", "name = \"Engineering\"\n  description = \"by Terraform\"")]);
    world.init();
    super::running::hold_reply(&world, "PUT", "/api/v2/authorization/divisions/id-eng");
    let running = Running::start(&world, &["fix", "--yes", "--accept-drift"]);
    held(&world);
    running.signal(Signal::TERM);
    world.org().release();
    let _ = running.end().ended(130);
    assert_eq!(processes_of(&world), Vec::<i32>::new());
    leaves_nothing(&world);
    assert_eq!(world.id_at("genesyscloud_auth_division.eng").as_deref(), Some("id-eng"));
    let _ = world.divvy(&["fix", "--yes", "--accept-drift"]).ended(0);
    world.has_no_changes();
}

#[test]
fn a_second_one_ends_a_terraform_that_waits_for_its_provider() {
    let world = World::new(seed_of(&serde_json::json!({
        "divisions": [{ "id": "id-eng", "name": "Engineering", "description": "by hand" }],
    })));
    world.divisions(&[("eng", "name = \"Engineering\"\n  description = \"by Terraform\"")]);
    world.init();
    super::running::hold_reply(&world, "PUT", "/api/v2/authorization/divisions/id-eng");
    let fix = ["fix", "--yes", "--accept-drift"];
    let terminal = super::running::Terminal::start(&world, &fix);
    held(&world);
    terminal.types("\u{3}");
    terminal.shows("apply to end in good order (Ctrl-C again: it stops at once; what it has not");
    terminal.types("\u{3}");
    terminal.shows("to stop at once");
    let (code, shown) = terminal.end();
    assert_eq!(code, 130, "{shown}");
    world.org().release();
    assert_eq!(processes_of(&world), Vec::<i32>::new(), "{shown}");
    leaves_nothing(&world);
    let _ = world.divvy(&fix).ended(0);
    world.has_no_changes();
}

#[test]
fn while_standard_input_is_read() {
    let world = conflict();
    for arguments in [
        &["list", "--client-id", "client", "--client-secret-file", "-"][..],
        &["explain", "-"],
        &["fix", "--from-log", "-"],
        &["ensure", "--from", "-"],
    ] {
        let mut command = world.command(DIVVY);
        let mut running = Running::of(command.args(arguments).stdin(std::process::Stdio::piped()));
        let mut input = running.input();
        // More than a pipe holds: it is being read.
        std::io::Write::write_all(&mut input, "a line\n".repeat(100_000).as_bytes()).unwrap();
        running.signal(Signal::INT);
        let _ = running.end().ended(130);
        drop(input);
    }
}

#[test]
fn at_the_question() {
    let world = conflict();
    let before = super::watch::Everything::of(&world);
    let terminal = super::running::Terminal::start(&world, &["fix"]);
    terminal.shows("[y/N]");
    terminal.types("\u{3}");
    let (ran, shown) = terminal.end();
    assert_eq!(ran, 130, "{shown}");
    assert!(shown.contains("interrupted"), "{shown}");
    assert_eq!(super::watch::Everything::of(&world), before);
    leaves_nothing(&world);
}

#[test]
fn an_answer_at_the_terminal_is_taken() {
    let world = conflict();
    let terminal = super::running::Terminal::start(&world, &["fix"]);
    terminal.shows("[y/N]");
    terminal.types("y\n");
    let (code, shown) = terminal.end();
    assert_eq!(code, 0, "{shown}");
    world.has_no_changes();
    leaves_nothing(&world);
}

#[test]
fn what_another_run_adopts_while_the_question_waits_is_reported_as_managed() {
    let world = conflict();
    let terminal = super::running::Terminal::start(&world, &["fix"]);
    terminal.shows("[y/N]");
    let _ = world.divvy(&["fix", "--yes"]).ended(0);
    terminal.types("y\n");
    let (code, shown) = terminal.end();
    assert_eq!(code, 0, "{shown}");
    assert!(shown.contains("2 managed"), "{shown}");
    assert!(!shown.contains("Needs you"), "{shown}");
    world.has_no_changes();
    leaves_nothing(&world);
}
