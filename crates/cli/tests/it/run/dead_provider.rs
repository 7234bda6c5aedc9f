//! A provider process that is killed while a create is with it.

use std::process::{Child, Stdio};

use divvy_sandbox::emulator::Effect;
use rustix::process::{Signal, kill_process};

use super::interruption::{converges, processes};
use super::terminal::Terminal;
use super::{names, next_create, provider_script, wait_until_held};
use crate::world::{DIVVY, Ran, World, program, seed};

/// Starts an apply without a terminal; `flags` are those of `divvy run`.
pub(super) fn apply(world: &World, flags: &[&str]) -> Child {
    let mut command = world.command("setsid");
    command.arg(DIVVY).arg("run").args(flags);
    command.args(["--", program(), "apply", "-auto-approve", "-no-color", "-parallelism=1"]);
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("divvy starts")
}

pub(super) fn end(child: Child) -> Ran {
    let output = child.wait_with_output().expect("divvy ends");
    Ran {
        code: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// Kills every provider process as soon as a create is held.
pub(super) fn kill_providers(world: &World) {
    wait_until_held(world);
    world.org().clear_requests();
    let providers = processes(world, "terraform-provider-genesyscloud");
    assert!(!providers.is_empty());
    for provider in providers {
        // One that ended by itself meanwhile is as dead.
        let _ = kill_process(provider, Signal::KILL);
    }
}

#[test]
fn a_create_that_was_made_when_the_provider_died_is_kept_in_the_same_apply() {
    for stance in ["adopt", "announced", "warn"] {
        let world = World::new(seed(&[]));
        world.divisions(&[("eng", "name = \"Engineering\""), ("ops", "name = \"Operations\"")]);
        world.init();
        next_create(&world, Effect::HoldReply);
        let child = apply(&world, &["--on-conflict", stance]);
        kill_providers(&world);
        let ran = end(child).ended(0);
        assert!(ran.stdout.contains("was created"), "{stance}: {}", ran.stdout);
        // The second create went to the process that took the place of the dead one.
        let mut created = names(&world);
        created.sort();
        assert_eq!(created, ["Engineering", "Operations"], "{stance}");
        assert_eq!(world.state().len(), 2, "{stance}");
        world.has_no_changes();
        assert_eq!(world.litter(), Vec::<String>::new());
    }
}

#[test]
fn a_create_that_was_not_made_when_the_provider_died_stays_an_error() {
    let world = World::new(seed(&[]));
    world.divisions(&[("eng", "name = \"Engineering\"")]).init();
    next_create(&world, Effect::Hold);
    let child = apply(&world, &["--on-conflict", "adopt"]);
    kill_providers(&world);
    let ran = end(child).ended(1);
    assert!(ran.stderr.contains("Plugin did not respond"), "{}", ran.stderr);
    assert!(ran.stderr.contains("genesyscloud_auth_division.eng"), "{}", ran.stderr);
    assert_eq!((world.state(), names(&world)), (vec![], vec![]));
    converges(&world);
}

#[test]
fn a_division_that_was_there_before_the_provider_died_is_somebody_else_s() {
    let world = World::new(seed(&[("id-theirs", "Engineering")]));
    world.divisions(&[("eng", "name = \"Engineering\"")]).init();
    next_create(&world, Effect::Hold);
    let child = apply(&world, &["--on-conflict", "warn"]);
    kill_providers(&world);
    let ran = end(child).ended(1);
    assert!(ran.stderr.contains("Plugin did not respond"), "{}", ran.stderr);
    assert!(ran.stdout.contains("is not adopted (id-their)"), "{}", ran.stdout);
    assert_eq!(world.state(), []);
    assert_eq!(names(&world), ["Engineering"]);
}

#[test]
fn a_provider_that_dies_twice_is_not_replaced_a_second_time() {
    let world = World::new(seed(&[]));
    world.divisions(&[
        ("a", "name = \"A\""),
        ("b", "name = \"B\"\n  depends_on = [genesyscloud_auth_division.a]"),
        ("c", "name = \"C\"\n  depends_on = [genesyscloud_auth_division.a]"),
    ]);
    world.init();
    next_create(&world, Effect::HoldReply);
    let child = apply(&world, &["--on-conflict", "adopt"]);
    kill_providers(&world);
    // Counts from here: the one that follows the revival.
    next_create(&world, Effect::HoldReply);
    kill_providers(&world);
    let ran = end(child).ended(1);
    assert_eq!(ran.stderr.matches("Error: Plugin did not respond").count(), 1, "{}", ran.stderr);
    // Nobody was left to be asked for the third.
    assert_eq!(world.state().len(), 1);
    assert_eq!(names(&world).len(), 2);
    let signed_in = world.org().requests();
    let signed_in = signed_in.iter().filter(|request| request.path == "/oauth/token");
    assert_eq!(signed_in.count(), 0, "a third process was configured");
}

#[test]
fn providers_that_die_while_a_person_thinks_are_not_missed() {
    let world = World::new(seed(&[("id-eng", "Engineering")]));
    world.divisions(&[("eng", "name = \"Engineering\""), ("new", "name = \"Claims\"")]).init();
    let line = format!("exec {DIVVY} run -- {} apply -no-color", program());
    let mut terminal = Terminal::start(world.command("script"), &line);
    terminal.wait_for("Enter a value:");
    let providers = processes(&world, "terraform-provider-genesyscloud");
    assert!(providers.len() >= 2, "{providers:?}");
    for provider in providers {
        let _ = kill_process(provider, Signal::KILL);
    }
    terminal.type_in("yes\n");
    let (code, shown) = terminal.end();
    assert_eq!(code, 0, "{shown}");
    assert_eq!(world.state().len(), 2);
    world.has_no_changes();
}

#[test]
fn the_last_words_of_a_provider_that_died_are_shown() {
    let world = World::new(seed(&[]));
    world.divisions(&[("eng", "name = \"Engineering\"")]).init();
    let provider = provider_script(&world, "echo 'panic: the sky is falling' >&2");
    next_create(&world, Effect::Hold);
    let child = apply(&world, &["--provider-binary", &provider]);
    kill_providers(&world);
    let ran = end(child).ended(1);
    assert!(ran.stderr.contains("panic: the sky is falling"), "{}", ran.stderr);
}
