//! kill -9 right before and right after every effect: the same command, run again, ends as if the
//! first run had never been killed.

use std::fs;

use divvy_sandbox::emulator::{Seed, SeedDivision, Standing};
use rustix::process::Signal;

use super::running::{Running, held, hold_reply, processes_of};
use super::watch::{leaves_nothing, org};
use crate::world::{World, seed, seed_of};

const ENGINEERING: &str = "genesyscloud_auth_division.eng";

/// A flow of `fix`, from a state to its end.
struct Flow {
    world: World,
    arguments: &'static [&'static str],
    /// The state file before, if there is one.
    state: Option<String>,
    /// The exit code of a run that nobody kills.
    code: i32,
    /// What the org says before; only `--accept-drift` changes it.
    seed: Seed,
}

impl Flow {
    fn new(world: World, arguments: &'static [&'static str]) -> Self {
        let state = fs::read_to_string(world.directory().join("terraform.tfstate")).ok();
        let seed = world.org().org();
        Self { world, arguments, state, code: 0, seed }
    }

    /// Puts everything back to the beginning.
    fn begin_again(&self) {
        for name in ["terraform.tfstate", "terraform.tfstate.backup"] {
            let _ = fs::remove_file(self.world.directory().join(name));
        }
        let _ = fs::remove_dir_all(self.world.directory().join(".divvy"));
        if let Some(state) = &self.state {
            self.world.write("terraform.tfstate", state);
        }
        self.world.org().replace_org(self.seed.clone()).expect("the seed");
    }

    /// Kills a run at every effect, and runs the same command again.
    fn is_killed(&self, which: At) {
        let _ = self.world.divvy(self.arguments).ended(self.code);
        let expected = (resources(&self.world), org(&self.world));
        if self.code == 0 {
            self.world.has_no_changes();
        }
        let mut at = 0;
        loop {
            at += 1;
            self.begin_again();
            let killed = Running::of(
                self.world
                    .command(crate::world::DIVVY)
                    .args(self.arguments)
                    .env("DIVVY_KILL_AT", which.word(at)),
            )
            .end();
            if killed.code == self.code {
                break;
            }
            assert_eq!(killed.signal, Some(Signal::KILL.as_raw()), "effect {at}: {killed:?}");
            let again = self.world.divvy(&[self.arguments, &["--", "-lock-timeout=60s"]].concat());
            // What a finished run has adopted is managed, and no longer a reason to ask.
            assert!(
                again.code == self.code || again.code == 0,
                "after a kill at effect {at}: {again:?}"
            );
            assert_eq!(
                (resources(&self.world), org(&self.world)),
                expected,
                "after a kill at effect {at}"
            );
            leaves_nothing(&self.world);
        }
        assert!(at > 2, "only {at} effects: was the hook there?");
    }
}

/// Which effects of a flow count.
#[derive(Clone, Copy, PartialEq)]
enum At {
    EveryEffect,
    /// With `scripts/test --all` every effect. The reads are alike in all flows.
    EveryWrite,
}

impl At {
    /// The hook's word for the n-th.
    fn word(self, number: u32) -> String {
        let is_all = self == Self::EveryEffect || std::env::var_os("DIVVY_TEST_ALL").is_some();
        format!("{}{number}", if is_all { "" } else { "w" })
    }
}

/// Address and attributes of everything in the state file; serial and lineage do not count.
fn resources(world: &World) -> serde_json::Value {
    let state: serde_json::Value =
        serde_json::from_str(&world.read("terraform.tfstate")).expect("a state");
    state["resources"].clone()
}

/// An empty org, and what a configuration made of it; then the configuration, the org or the state
/// changes.
fn applied(blocks: &[(&str, &str)]) -> World {
    let world = World::new(seed(&[]));
    world.divisions(blocks).init();
    let _ = world.terraform(&["apply", "-auto-approve", "-input=false"]).ended(0);
    let _ = fs::remove_file(world.directory().join("terraform.tfstate.backup"));
    world
}

fn only_id(world: &World) -> String {
    world.id_at(ENGINEERING).expect("an id")
}

#[test]
fn an_adoption() {
    let world = World::new(seed(&[("id-eng", "Engineering"), ("id-sales", "Sales")]));
    world.divisions(&[("eng", "name = \"Engineering\""), ("sales", "name = \"Sales\"")]);
    world.init();
    Flow::new(world, &["fix", "--yes"]).is_killed(At::EveryEffect);
}

#[test]
fn the_repair_of_a_stale_id() {
    let world = applied(&[("eng", "name = \"Engineering\"")]);
    assert!(world.org().remove_division(&only_id(&world)).expect("the store"));
    let again = SeedDivision { id: "id-again".to_owned(), ..SeedDivision::named("Engineering") };
    world.org().add_division(again, Standing::Live).expect("the store");
    Flow::new(world, &["fix", "--yes", "--repair"]).is_killed(At::EveryWrite);
}

#[test]
fn the_repair_of_a_renamed_address() {
    let world = applied(&[("eng", "name = \"Engineering\"")]);
    world.divisions(&[("engineering", "name = \"Engineering\"")]);
    Flow::new(world, &["fix", "--yes", "--repair"]).is_killed(At::EveryWrite);
}

#[test]
fn the_repair_of_a_taint() {
    let world = applied(&[("eng", "name = \"Engineering\"")]);
    let _ = world.terraform(&["taint", ENGINEERING]).ended(0);
    let _ = fs::remove_file(world.directory().join("terraform.tfstate.backup"));
    Flow::new(world, &["fix", "--yes", "--repair"]).is_killed(At::EveryWrite);
}

#[test]
fn an_adoption_with_an_update() {
    let world = drifted();
    Flow::new(world, &["fix", "--yes", "--accept-drift"]).is_killed(At::EveryWrite);
}

#[test]
fn an_adoption_that_leaves_the_drift() {
    let world = drifted();
    let flow = Flow { code: 3, ..Flow::new(world, &["fix", "--yes", "--adopt-drifted"]) };
    flow.is_killed(At::EveryWrite);
}

fn drifted() -> World {
    let world = World::new(seed_of(&serde_json::json!({
        "divisions": [{ "id": "id-eng", "name": "Engineering", "description": "by hand" }],
    })));
    world.divisions(&[("eng", "name = \"Engineering\"\n  description = \"by Terraform\"")]);
    world.init();
    world
}

#[test]
fn while_terraform_plans_no_lock_stays() {
    let world = drifted();
    // The plan reads the org, and holds the lock meanwhile.
    super::running::hold_any(&world, 3);
    let mut running = Running::start(&world, &["fix", "--yes"]);
    assert!(running.reaches_a_held_request(&world), "no request was held");
    running.signal(Signal::KILL);
    assert_eq!(running.end().signal, Some(Signal::KILL.as_raw()));
    world.org().release();
    let deadline = std::time::Instant::now() + super::running::LONG;
    while !processes_of(&world).is_empty() {
        assert!(std::time::Instant::now() < deadline, "somebody is left");
        std::thread::yield_now();
    }
    assert!(!world.directory().join(".terraform.tfstate.lock.info").exists());
    world.org().clear_faults();
    let _ = world.divvy(&["fix", "--yes", "--accept-drift"]).ended(0);
}

#[test]
fn while_terraform_updates_the_org() {
    let world = drifted();
    hold_reply(&world, "PUT", "/api/v2/authorization/divisions/id-eng");
    let running = Running::start(&world, &["fix", "--yes", "--accept-drift"]);
    held(&world);
    running.signal(Signal::KILL);
    assert_eq!(running.end().signal, Some(Signal::KILL.as_raw()));
    world.org().release();
    // Terraform finishes what it has begun; the next run waits for its lock.
    let _ = world.divvy(&["fix", "--yes", "--accept-drift", "--", "-lock-timeout=60s"]).ended(0);
    world.has_no_changes();
    leaves_nothing(&world);
    assert_eq!(processes_of(&world), Vec::<i32>::new());
}
