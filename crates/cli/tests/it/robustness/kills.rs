//! kill -9 right before and right after every effect: the same command, run again, ends as if the
//! first run had never been killed.

use std::fs;

use rustix::process::Signal;

use super::running::{LONG, Running, held, hold, processes_of};
use super::watch::{leaves_nothing, org};
use crate::world::{World, seed, seed_of};

const ENGINEERING: &str = "genesyscloud_auth_division.eng";

/// A flow of `fix`, from a state to its end.
struct Flow {
    world: World,
    arguments: &'static [&'static str],
    /// The state file before, if there is one.
    state: Option<String>,
    /// What the org says before; only `--accept-drift` changes it.
    seed: divvy_sandbox::emulator::Seed,
}

impl Flow {
    fn new(world: World, arguments: &'static [&'static str]) -> Self {
        let state = fs::read_to_string(world.directory().join("terraform.tfstate")).ok();
        let seed = world.org().org();
        Self { world, arguments, state, seed }
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
    fn is_killed_everywhere(&self) {
        let _ = self.world.divvy(self.arguments).ended(0);
        let expected = (resources(&self.world), org(&self.world));
        self.world.has_no_changes();
        let mut at = 0;
        loop {
            at += 1;
            self.begin_again();
            let killed = Running::of(self.world.command(crate::world::DIVVY).args(self.arguments).env("DIVVY_KILL_AT", at.to_string())).end();
            if killed.code == 0 {
                break;
            }
            assert_eq!(killed.signal, Some(Signal::KILL.as_raw()), "effect {at}: {killed:?}");
            let again = self.world.divvy(&[self.arguments, &["--", "-lock-timeout=60s"]].concat());
            assert_eq!(again.code, 0, "after a kill at effect {at}: {again:?}");
            assert_eq!((resources(&self.world), org(&self.world)), expected, "after a kill at effect {at}");
            leaves_nothing(&self.world);
        }
        assert!(at > 10, "only {at} effects: was the hook there?");
        self.world.has_no_changes();
    }
}

/// Address and attributes of everything in the state file; serial and lineage do not count.
fn resources(world: &World) -> serde_json::Value {
    let state: serde_json::Value = serde_json::from_str(&world.read("terraform.tfstate")).expect("a state");
    state["resources"].clone()
}

#[test]
fn an_adoption_survives_kill_9_at_every_effect() {
    let world = World::new(seed(&[("id-eng", "Engineering"), ("id-sales", "Sales")]));
    world.divisions(&[("eng", "name = \"Engineering\""), ("sales", "name = \"Sales\"")]);
    world.init();
    Flow::new(world, &["fix", "--yes"]).is_killed_everywhere();
}
