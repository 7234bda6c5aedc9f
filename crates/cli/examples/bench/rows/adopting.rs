//! `fix`: what it adds to its own Terraform runs, and what it saves beside `terraform import`.

use std::fmt::Write as _;
use std::fs;
use std::time::Duration;

use super::checking::{FEW_READS, MANY_READS, showing, survey_by_hand};
use super::{Row, compared};
use crate::measure::{Turns, time};
use crate::world::{Credentials, World};

/// Turns against fifty imports take a minute each.
const FEW_TURNS: usize = 3;

/// Compares `fix` with the same Terraform calls made by hand, one after the other.
pub(super) fn fix(turns: usize) -> Vec<Row> {
    let world = World::new(Credentials::Environment);
    let conflicts = world.conflicts();
    let turns = Turns::take(turns, || fixing(&world), || by_hand(&world, &conflicts));
    let ratio = turns.ratio();
    vec![Row {
        what: "`fix` of 50 conflicts : its own Terraform runs, by hand",
        measured: compared(&turns, ratio),
        bar: "at most 1.1 ×",
        is_met: Some(ratio <= 1.1),
    }]
}

/// Compares `fix` with what a person would type: one `terraform import` per address.
pub(super) fn import(turns: usize) -> Vec<Row> {
    let world = World::new(Credentials::Environment);
    let conflicts = world.conflicts();
    let turns =
        Turns::take(turns.min(FEW_TURNS), || importing(&world, &conflicts), || fixing(&world));
    let ratio = turns.ratio();
    vec![Row {
        what: "50 × `terraform import` : `fix` of 50 conflicts",
        measured: compared(&turns, ratio),
        bar: "at least 4.5 ×",
        is_met: Some(ratio >= 4.5),
    }]
}

fn fixing(world: &World) -> Duration {
    world.forget();
    time(&mut world.divvy(&["fix", "--yes", "--quiet"]), 0)
}

/// Everything that `fix` runs: survey, import-only plan, its apply, the proving plan.
fn by_hand(world: &World, conflicts: &[(String, String)]) -> Duration {
    world.forget();
    let path = |name: &str| world.beside(name).display().to_string();
    let plan = |words: &[&str], plan: &str, settings: [(&str, &str); 2]| {
        let out = format!("-out={plan}");
        let mut arguments = vec!["plan", "-json", "-input=false", "-no-color", &out];
        arguments.extend(words);
        time(world.terraform(&arguments).envs(settings), 0)
    };
    let survey = survey_by_hand(world, &path("survey.plan"));
    let blocks = world.root().join("imports.tf");
    let text = conflicts.iter().fold(String::new(), |mut text, (address, id)| {
        // Writing to a String cannot fail.
        let _ = write!(text, "import {{\n  to = {address}\n  id = \"{id}\"\n}}\n");
        text
    });
    fs::write(&blocks, text).expect("a file");
    let targets: Vec<String> =
        conflicts.iter().map(|(address, _)| format!("-target={address}")).collect();
    let targets: Vec<&str> = targets.iter().map(String::as_str).collect();
    let adoption = path("adoption.plan");
    let planned = plan(&targets, &adoption, MANY_READS);
    fs::remove_file(&blocks).expect("our file");
    let shown = time(&mut showing(world, &adoption), 0);
    let mut apply = world.terraform(&["apply", "-json", "-input=false", "-no-color", &adoption]);
    let applied = time(apply.env("GENESYSCLOUD_TOKEN_POOL_SIZE", "1"), 0);
    survey + planned + shown + applied + plan(&[], &path("proof.plan"), MANY_READS)
}

/// One import per address, with the settings that make the provider start fastest.
fn importing(world: &World, conflicts: &[(String, String)]) -> Duration {
    world.forget();
    let one = |(address, id): &(String, String)| {
        let mut command = world.terraform(&["import", "-input=false", "-no-color", address, id]);
        time(command.envs(FEW_READS), 0)
    };
    conflicts.iter().map(one).sum()
}
