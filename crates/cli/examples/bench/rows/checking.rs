//! `check`: how many requests it sends, and what it adds to the plan that it makes.

use std::process::Command;

use super::{Row, compared};
use crate::measure::{Turns, time};
use crate::world::{Credentials, REQUEST, WANTED, World, name};

/// Exit code of a check that found something for `fix`.
const FOUND: i32 = 2;

/// What the provider is told by divvy in plans with few reads; by hand it gets the same.
pub(super) const FEW_READS: [(&str, &str); 2] =
    [("GENESYSCLOUD_CUSTOM_RETRY_TIMEOUT", "0s"), ("GENESYSCLOUD_TOKEN_POOL_SIZE", "1")];

/// The same with many reads.
pub(super) const MANY_READS: [(&str, &str); 2] =
    [("GENESYSCLOUD_CUSTOM_RETRY_TIMEOUT", "0s"), ("GENESYSCLOUD_TOKEN_POOL_SIZE", "10")];

/// Counts what reaches the org, by the org's own journal. The plan is made before, because the
/// provider's requests would stand in the same journal.
pub(super) fn requests(_turns: usize) -> Vec<Row> {
    let world = World::new(Credentials::Environment);
    let sent = |wanted: usize| -> Vec<String> {
        world.want((1..=WANTED).chain(900..900 + wanted).map(name), Credentials::Environment);
        let plan = plan_as_json(&world);
        world.org.clear_requests();
        time(&mut world.divvy(&["check", "--quiet", "--plan", &plan]), FOUND);
        let mut sent: Vec<String> =
            world.org.requests().into_iter().map(|request| request.path).collect();
        sent.sort();
        sent
    };
    let divisions = "/api/v2/authorization/divisions";
    let limit = "/api/v2/authorization/divisions/limit";
    let organization = "/api/v2/organizations/me";
    let expected = [divisions, divisions, divisions, organization, "/oauth/token"];
    let existing = sent(0);
    let with_new = sent(1);
    let expected_with_new = [divisions, divisions, divisions, limit, organization, "/oauth/token"];
    vec![
        Row {
            what: "requests of `check`, 50 conflicts in an org of 250",
            measured: existing.len().to_string(),
            bar: "5: token, 3 lists, organizations/me",
            is_met: Some(existing == expected),
        },
        Row {
            what: "the same with a division to be created",
            measured: with_new.len().to_string(),
            bar: "6: also the limit",
            is_met: Some(with_new == expected_with_new),
        },
    ]
}

/// Compares `check` with the two Terraform calls that it makes, for each place of the credentials.
pub(super) fn check(turns: usize) -> Vec<Row> {
    const BESIDE: f64 = 1.10;
    let compare = |credentials| {
        let world = World::new(credentials);
        let plan = world.beside("by-hand.plan").display().to_string();
        Turns::take(
            turns,
            || time(&mut world.divvy(&["check", "--quiet"]), FOUND),
            || survey_by_hand(&world, &plan),
        )
    };
    let environment = compare(Credentials::Environment);
    let ratio = environment.ratio();
    let mut rows = vec![Row {
        what: "`check` : `plan -refresh=false` + `show -json`, credentials in the environment",
        measured: compared(&environment, ratio),
        bar: "at most 1.10 ×",
        is_met: Some(ratio <= BESIDE),
    }];
    for (what, credentials) in [
        ("the same, credentials in variables of the block", Credentials::Variables),
        ("the same, credentials in expressions of the block", Credentials::Expressions),
    ] {
        let turns = compare(credentials);
        let excess = turns.excess(BESIDE) / REQUEST.as_secs_f64();
        rows.push(Row {
            what,
            measured: format!(
                "1.10 × and {excess:.1} requests ({})",
                compared(&turns, turns.ratio())
            ),
            bar: "at most 1.10 × and 4 requests",
            is_met: Some(excess <= 4.0),
        });
    }
    rows
}

/// The survey's Terraform calls, by hand.
pub(super) fn survey_by_hand(world: &World, plan: &str) -> std::time::Duration {
    let out = format!("-out={plan}");
    let mut planning =
        world.terraform(&["plan", "-json", "-input=false", "-no-color", &out, "-refresh=false"]);
    time(planning.envs(FEW_READS), 0) + time(&mut showing(world, plan), 0)
}

pub(super) fn showing(world: &World, plan: &str) -> Command {
    world.terraform(&["show", "-json", "-no-color", plan])
}

/// Makes a plan and returns the path of its JSON.
fn plan_as_json(world: &World) -> String {
    let plan = world.beside("requests.plan").display().to_string();
    survey_by_hand(world, &plan);
    let json = showing(world, &plan).output().expect("terraform starts").stdout;
    let path = world.beside("requests.json");
    std::fs::write(&path, json).expect("a file");
    path.display().to_string()
}
