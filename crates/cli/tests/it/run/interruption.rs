//! Prompts, Ctrl-C, kill -9 and lost replies: nothing is orphaned for good.

use std::process::{Child, Command, Stdio};

use divvy_sandbox::emulator::Effect;
use rustix::process::{Pid, Signal, kill_process};

use super::terminal::Terminal;
use super::{names, next_create, wait_until_held};
use crate::world::{DIVVY, World, program, seed};

/// An apply that asks, through divvy, on a terminal.
fn terminal(world: &World) -> Terminal {
    let line = format!("exec {DIVVY} run -- {} apply -no-color", program());
    Terminal::start(world.command("script"), &line)
}

#[test]
fn a_yes_on_the_terminal_is_the_consent_to_what_the_plan_announced() {
    let world = World::new(seed(&[("id-eng", "Engineering")]));
    world.divisions(&[("eng", "name = \"Engineering\""), ("new", "name = \"Claims\"")]).init();
    let mut terminal = terminal(&world);
    terminal.wait_for("Enter a value:");
    terminal.type_in("yes\n");
    let (code, shown) = terminal.end();
    assert_eq!(code, 0, "{shown}");
    let announced = shown.find("already exists (id-eng)").expect("an announcement");
    assert!(announced < shown.find("Enter a value:").expect("a prompt"), "{shown}");
    assert_eq!(world.id_at("genesyscloud_auth_division.eng").as_deref(), Some("id-eng"));
    world.has_no_changes();
}

#[test]
fn a_no_on_the_terminal_adopts_nothing() {
    let world = World::new(seed(&[("id-eng", "Engineering")]));
    world.divisions(&[("eng", "name = \"Engineering\"")]).init();
    let mut terminal = terminal(&world);
    terminal.wait_for("Enter a value:");
    terminal.type_in("no\n");
    let (code, shown) = terminal.end();
    assert_eq!(code, 1, "{shown}");
    assert_eq!(world.state(), []);
}

/// An apply that was interrupted by Ctrl-C while its one create is made.
fn interrupted_in_a_create() -> (World, Terminal) {
    let world = World::new(seed(&[]));
    world.divisions(&[("eng", "name = \"Engineering\"")]).init();
    next_create(&world, Effect::HoldReply);
    let mut terminal = terminal(&world);
    terminal.wait_for("Enter a value:");
    terminal.type_in("yes\n");
    wait_until_held(&world);
    terminal.type_in("\u{3}");
    terminal.wait_for("Interrupt received");
    (world, terminal)
}

#[test]
fn ctrl_c_during_a_create_leaves_no_orphan() {
    let (world, terminal) = interrupted_in_a_create();
    world.org().release();
    let (code, shown) = terminal.end();
    assert_eq!(code, 1, "{shown}");
    assert!(!shown.contains("Two interrupts received"), "{shown}");
    assert_eq!(names(&world), ["Engineering"]);
    assert_eq!(world.state().len(), 1, "{shown}");
    world.has_no_changes();
    assert_eq!(world.litter(), Vec::<String>::new());
}

#[test]
fn a_second_ctrl_c_is_survived_by_the_next_run() {
    let (world, mut terminal) = interrupted_in_a_create();
    terminal.type_in("\u{3}");
    // Terraform ends at once, whatever the provider is doing.
    terminal.wait_for("Two interrupts received");
    let (code, shown) = terminal.end();
    assert_eq!(code, 1, "{shown}");
    assert_eq!(names(&world), ["Engineering"]);
    converges(&world);
}

/// An apply without a terminal, whose first create is held.
fn held_apply(world: &World) -> Child {
    world.divisions(&[("eng", "name = \"Engineering\"")]).init();
    next_create(world, Effect::HoldReply);
    // A session of its own has no terminal, wherever the tests are run.
    let mut command = world.command("setsid");
    command.args([
        DIVVY,
        "run",
        "--on-conflict",
        "adopt",
        "--",
        program(),
        "apply",
        "-auto-approve",
    ]);
    let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("divvy starts");
    wait_until_held(world);
    child
}

/// Processes whose environment belongs to this world and whose command line has this word.
pub(super) fn processes(world: &World, word: &str) -> Vec<Pid> {
    let home = format!("HOME={}", world.beside().join("home").display());
    let has = |process: &std::path::Path, file: &str, text: &str| {
        let content = std::fs::read(process.join(file)).unwrap_or_default();
        String::from_utf8_lossy(&content)
            .split('\0')
            .any(|part| part == text || part.ends_with(text))
    };
    let all = std::fs::read_dir("/proc").expect("/proc").flatten().map(|entry| entry.path());
    all.filter(|process| has(process, "environ", &home))
        .filter(|process| {
            let line = std::fs::read(process.join("cmdline")).unwrap_or_default();
            String::from_utf8_lossy(&line).contains(word)
        })
        .filter_map(|process| Pid::from_raw(process.file_name()?.to_str()?.parse().ok()?))
        .collect()
}

pub(super) fn pid(child: &Child) -> Pid {
    Pid::from_raw(child.id().cast_signed()).expect("a process id")
}

/// Runs the same command again: it ends as if nothing had happened.
#[track_caller]
pub(super) fn converges(world: &World) {
    world.org().release();
    world.org().clear_faults();
    // What was killed lets go of the state's lock when its last process ends.
    while !processes(world, program()).is_empty() {
        std::thread::yield_now();
    }
    let _ = world
        .divvy(&["run", "--on-conflict", "adopt", "--", "terraform", "apply", "-auto-approve"])
        .ended(0);
    assert_eq!(names(world), ["Engineering"]);
    assert_eq!(world.state().len(), 1);
    world.has_no_changes();
    assert_eq!(world.litter(), Vec::<String>::new());
}

#[test]
fn a_killed_divvy_takes_terraform_with_it_and_the_next_run_converges() {
    let world = World::new(seed(&[]));
    let mut child = held_apply(&world);
    child.kill().expect("it runs");
    let _ = child.wait();
    converges(&world);
}

#[test]
fn a_terminal_that_goes_ends_terraform_in_good_order() {
    let world = World::new(seed(&[]));
    world.divisions(&[("eng", "name = \"Engineering\"")]).init();
    next_create(&world, Effect::HoldReply);
    let mut terminal = terminal(&world);
    terminal.wait_for("Enter a value:");
    terminal.type_in("yes\n");
    wait_until_held(&world);
    // The kernel tells every process of the terminal's foreground group, and perhaps twice.
    for _ in 0..2 {
        for process in processes(&world, "apply") {
            let name = std::fs::read_to_string(format!("/proc/{process}/comm")).unwrap_or_default();
            // The program that makes the terminal would take it away.
            if name.trim() != "script" {
                let _ = kill_process(process, Signal::HUP);
            }
        }
        std::thread::sleep(std::time::Duration::from_millis(200));
    }
    // Terraform has heard of it before its create ends.
    terminal.wait_for("Interrupt received");
    world.org().release();
    let (code, shown) = terminal.end();
    assert_ne!(code, 0, "{shown}");
    assert_eq!(names(&world), ["Engineering"]);
    assert_eq!(world.state().len(), 1, "{shown}");
    world.has_no_changes();
    assert_eq!(world.litter(), Vec::<String>::new());
}

#[test]
fn a_killed_divvy_leaves_no_lock_and_no_provider() {
    let world = World::new(seed(&[]));
    let mut child = held_apply(&world);
    child.kill().expect("it runs");
    let _ = child.wait();
    // The create is still held: nothing here waits for it.
    let deadline = std::time::Instant::now() + super::PATIENCE;
    while processes(&world, program()).len() + processes(&world, "terraform-provider").len() > 0 {
        assert!(std::time::Instant::now() < deadline, "somebody is left");
        std::thread::yield_now();
    }
    assert!(!world.directory().join(".terraform.tfstate.lock.info").exists());
    converges(&world);
}

#[test]
fn a_killed_terraform_is_survived_by_the_next_run() {
    let world = World::new(seed(&[]));
    let mut child = held_apply(&world);
    for terraform in
        processes(&world, "-auto-approve").into_iter().filter(|process| *process != pid(&child))
    {
        let _ = kill_process(terraform, Signal::KILL);
    }
    world.org().release();
    assert_eq!(child.wait().expect("divvy ends").code(), Some(137));
    assert_eq!(processes(&world, program()), []);
    converges(&world);
}

#[test]
fn a_signal_to_divvy_alone_reaches_terraform_once() {
    for signal in [Signal::TERM, Signal::INT, Signal::HUP] {
        let world = World::new(seed(&[]));
        let mut child = held_apply(&world);
        kill_process(pid(&child), signal).expect("it runs");
        world.org().release();
        let _ = child.wait().expect("divvy ends");
        assert_eq!(names(&world), ["Engineering"]);
        assert_eq!(world.state().len(), 1, "{signal:?}");
        converges(&world);
    }
}

#[test]
fn a_reply_that_is_lost_after_the_commit_becomes_a_success() {
    for stance in ["adopt", "announced", "warn"] {
        let world = World::new(seed(&[]));
        world.divisions(&[("eng", "name = \"Engineering\"")]).init();
        next_create(&world, Effect::CommitThenClose);
        let ran = world
            .divvy(&[
                "run",
                "--on-conflict",
                stance,
                "--",
                "terraform",
                "apply",
                "-auto-approve",
                "-no-color",
            ])
            .ended(0);
        assert!(ran.stdout.contains("\"Engineering\" was created"), "{}", ran.stdout);
        world.has_no_changes();
        assert_eq!(names(&world), ["Engineering"]);
    }
}

#[test]
fn a_division_that_somebody_else_made_meanwhile_is_not_taken_for_the_run_s_own() {
    let world = World::new(seed(&[]));
    world.divisions(&[("eng", "name = \"Engineering\"")]).init();
    next_create(&world, Effect::Hold);
    let mut command: Command = world.command(DIVVY);
    command.args(["run", "--", program(), "apply", "-auto-approve"]);
    let mut child =
        command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("divvy starts");
    wait_until_held(&world);
    let division = divvy_sandbox::emulator::SeedDivision {
        id: "id-theirs".to_owned(),
        name: "Engineering".to_owned(),
        ..Default::default()
    };
    world
        .org()
        .add_division(division, divvy_sandbox::emulator::Standing::Live)
        .expect("a division");
    world.org().release();
    assert_eq!(child.wait().expect("divvy ends").code(), Some(1));
    assert_eq!(world.state(), []);
}
