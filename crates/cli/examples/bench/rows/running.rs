//! `run`: what the proxy between Terraform and the provider costs, and an apply that adopts.

use std::process::Command;
use std::time::Duration;

use super::reading::is_there;
use super::{Row, compared, megabytes, missing};
use crate::measure::{Turns, time, time_and_peak};
use crate::world::{Credentials, WANTED, World, name, terraform};

const PLAN: [&str; 3] = ["plan", "-input=false", "-no-color"];
const APPLY: [&str; 4] = ["apply", "-input=false", "-no-color", "-auto-approve"];
const ADOPT: [&str; 2] = ["--on-conflict", "adopt"];

/// More than plain Terraform, at most.
const BESIDE: f64 = 1.1;
const BESIDE_BAR: &str = "at most 1.1 ×";
/// What a run costs that is none of divvy's business.
const ALONE: Duration = Duration::from_millis(10);
const PEAK: u64 = 15_000_000;

pub(super) fn run(turns: usize) -> Vec<Row> {
    let world = World::new(Credentials::Environment);
    if !is_there(&world, "run") {
        return vec![missing("`run -- terraform plan`", BESIDE_BAR)];
    }
    let mut rows = vec![memory(&world, turns)];
    rows.extend(beside_terraform(
        turns,
        |world| world,
        [
            "`run -- terraform plan` : `terraform plan`, 50 new, 100 ms a request",
            "`run --on-conflict adopt -- terraform apply`, 50 conflicts : `terraform apply`, 50 new, 100 ms a request",
        ],
    ));
    rows.extend(beside_terraform(
        turns,
        World::without_delay,
        ["the same plan, org without delay", "the same apply, org without delay"],
    ));
    rows.push(without_the_provider(&world, turns));
    rows
}

/// A plan of creates, and an apply that adopts beside one that creates as many.
fn beside_terraform(
    turns: usize,
    delayed: impl Fn(World) -> World,
    [planning, applying]: [&'static str; 2],
) -> [Row; 2] {
    let conflicts = delayed(World::new(Credentials::Environment));
    let creates = World::new(Credentials::Environment);
    creates.want((900..900 + WANTED).map(name), Credentials::Environment);
    let creates = delayed(creates);
    let plans = Turns::take(
        turns,
        || time(&mut through(&creates, &[], &PLAN), 0),
        || time(&mut creates.terraform(&PLAN), 0),
    );
    let applies = Turns::take(
        turns,
        || {
            conflicts.forget();
            time(&mut through(&conflicts, &ADOPT, &APPLY), 0)
        },
        || {
            creates.forget();
            creates.reset_org();
            time(&mut creates.terraform(&APPLY), 0)
        },
    );
    [(planning, plans), (applying, applies)].map(|(what, turns)| {
        let ratio = turns.ratio();
        let measured = compared(&turns, ratio);
        Row { what, measured, bar: BESIDE_BAR, is_met: Some(ratio <= BESIDE) }
    })
}

fn memory(world: &World, turns: usize) -> Row {
    let peaks = (0..turns).map(|_| {
        world.forget();
        time_and_peak(&mut through(world, &ADOPT, &APPLY), 0).1
    });
    let peak = peaks.max().expect("at least one turn");
    Row {
        what: "peak memory of `run --on-conflict adopt -- terraform apply`, 50 conflicts",
        measured: format!("{:.1} MB", megabytes(peak)),
        bar: "at most 15 MB",
        is_met: Some(peak <= PEAK),
    }
}

fn without_the_provider(world: &World, turns: usize) -> Row {
    world.want_nothing();
    let turns = Turns::take(
        turns,
        || time(&mut through(world, &[], &PLAN), 0),
        || time(&mut world.terraform(&PLAN), 0),
    );
    let excess = turns.excess(1.0);
    Row {
        what: "`run -- terraform plan` : `terraform plan`, a configuration without the provider",
        measured: format!("{:.1} ms more ({})", excess * 1e3, compared(&turns, turns.ratio())),
        bar: "at most 10 ms more",
        is_met: Some(excess <= ALONE.as_secs_f64()),
    }
}

/// Terraform through divvy.
fn through(world: &World, flags: &[&str], words: &[&str]) -> Command {
    let program = terraform().to_str().expect("a path in UTF-8");
    world.divvy(&[&["run", "--quiet"], flags, &["--", program], words].concat())
}
