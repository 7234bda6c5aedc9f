//! What ten times the work costs: divvy's own processor time at 200 and at 2,000 divisions.
//!
//! Terraform's share and the org's answers are not in it. Invariant: both sizes are measured in the
//! same minutes, by the same command.

use std::fmt::Write as _;
use std::time::Duration;

use super::Row;
use crate::measure::{median, own_cpu};
use crate::world::{Credentials, World, name, terraform};

const FEW: usize = 200;
const MANY: usize = 2_000;

/// What the large size may cost of the small one.
const MOST: f64 = 12.0;

/// The large size takes a minute with Terraform.
const FEW_TURNS: usize = 3;

/// One command: what it is called in the table, and how it is run once.
type Command = (&'static str, fn(&World, usize) -> Duration);

const COMMANDS: [Command; 5] = [
    ("`check`", check),
    ("`fix`", fix),
    ("`run --on-conflict adopt -- terraform apply`", run),
    ("`ensure --from`, all of them new", ensure),
    ("`explain --offline` of a log with as many 409", explain),
];

pub(super) fn growth(turns: usize) -> Vec<Row> {
    let worlds =
        [FEW, MANY].map(|count| (World::sized(Credentials::Environment, count, count), count));
    let worlds = worlds.map(|(world, count)| (world.without_delay(), count));
    let what = |(called, run): Command| {
        let costs = worlds.each_ref().map(|(world, count)| {
            eprintln!("bench: growth of {called}, {count}");
            let times: Vec<_> = (0..turns.min(FEW_TURNS)).map(|_| run(world, *count)).collect();
            median(&times)
        });
        let [few, many] = costs.map(|cost| cost.as_secs_f64());
        let growth = many / few;
        Row {
            what: called,
            measured: format!("{growth:.1} × (own processor time {few:.3} s : {many:.3} s)"),
            bar: "at most 12 × for 2,000 : 200",
            is_met: Some(growth <= MOST),
        }
    };
    COMMANDS.into_iter().map(what).collect()
}

fn check(world: &World, _count: usize) -> Duration {
    world.forget();
    own_cpu(&mut world.divvy(&["check", "--quiet"]), 2)
}

fn fix(world: &World, _count: usize) -> Duration {
    world.forget();
    own_cpu(&mut world.divvy(&["fix", "--yes", "--quiet"]), 0)
}

fn run(world: &World, _count: usize) -> Duration {
    world.forget();
    let program = terraform().to_str().expect("a path in UTF-8");
    let words = ["run", "--quiet", "--on-conflict", "adopt", "--", program, "apply"];
    let flags = ["-input=false", "-no-color", "-auto-approve"];
    own_cpu(&mut world.divvy(&[&words[..], &flags].concat()), 0)
}

fn ensure(world: &World, count: usize) -> Duration {
    world.reset_org();
    let list = (0..count).fold(String::new(), |mut list, number| {
        // Writing to a String cannot fail.
        let _ = writeln!(list, "New {number:04}");
        list
    });
    let path = world.beside("list.txt");
    std::fs::write(&path, list).expect("a file");
    let path = path.to_str().expect("a path in UTF-8");
    let words = ["ensure", "--quiet", "--api-url", world.org.url(), "--rate", "4000000"];
    own_cpu(&mut world.divvy(&[&words[..], &["--from", path, "-o", "json"]].concat()), 0)
}

fn explain(world: &World, count: usize) -> Duration {
    let log = (1..=count).fold(String::new(), |mut log, number| {
        let (name, label) = (name(number), format!("division_{number:03}"));
        let _ = writeln!(
            log,
            "╷\n│ Error: Failed to create division {name} error: API Error: 409 - taken ({number:08})\n│ \n\
             │   with genesyscloud_auth_division.{label},\n\
             │   on main.tf line 3, in resource \"genesyscloud_auth_division\" \"{label}\":\n\
             │    3: resource \"genesyscloud_auth_division\" \"{label}\" {{\n│ \n\
             │ {{\"resourceType\":\"genesyscloud_auth_division\",\"method\":\"POST\",\"path\":\"/api/v2/authorization/divisions\",\"statusCode\":409,\"errorMessage\":\"taken\",\"correlationId\":\"{number:08}\"}}\n╵"
        );
        log
    });
    let path = world.beside("failed.log");
    std::fs::write(&path, log).expect("a file");
    let path = path.to_str().expect("a path in UTF-8");
    own_cpu(&mut world.divvy(&["explain", "--offline", path]), 3)
}
