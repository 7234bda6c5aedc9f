//! `divvy run` between real Terraform, the stand-in provider and emulated orgs.

mod adoption;
mod blocks;
#[cfg(target_os = "linux")]
mod dead_provider;
mod extremes;
mod gates;
#[cfg(target_os = "linux")]
mod interruption;
mod lies;
mod plan_files;
mod refusals;
mod sensitive;
#[cfg(target_os = "linux")]
pub(crate) mod terminal;
mod transparency;
mod types;
mod unsaved;
mod without_credentials;

use std::os::unix::fs::symlink;

use std::time::Duration;

use divvy_sandbox::emulator::{Effect, Fault, Outcome};
use divvy_sandbox::provider::BINARY_NAME;

use crate::world::{DIVVY, World};

const DIVISIONS: &str = "/api/v2/authorization/divisions";
const PATIENCE: Duration = Duration::from_secs(30);

/// A provider binary that runs these lines of shell first; returns its path.
fn provider_script(world: &World, lines: &str) -> String {
    let directory = world.beside().join("provider");
    std::fs::create_dir_all(&directory).expect("a directory");
    let stand_in = directory.join(BINARY_NAME);
    symlink(DIVVY, &stand_in).expect("a link");
    world.program("provider-script", &format!("{lines}\nexec '{}'", stand_in.display()))
}

fn next_create(world: &World, effect: Effect) {
    world.org().add_faults(vec![Fault::once("POST", DIVISIONS, effect)]);
}

#[track_caller]
fn wait_until_held(world: &World) {
    let held = world.org().wait_for_request(PATIENCE, |request| request.outcome == Outcome::Held);
    assert!(held.is_some(), "no create came");
}

fn names(world: &World) -> Vec<String> {
    world.org().org().divisions.into_iter().map(|division| division.name).collect()
}
