//! `run`: what the proxy between Terraform and the provider costs, and an apply that adopts.

use std::time::Duration;

use super::reading::is_there;
use super::{NONE_SET, Row, compared, missing};
use crate::measure::{Turns, time};
use crate::world::{Credentials, WANTED, World, name, terraform};

pub(super) fn run(turns: usize) -> Vec<Row> {
    let planning = "`run -- terraform plan` : `terraform plan`";
    let applying =
        "`run --on-conflict adopt -- terraform apply`, 50 conflicts : `terraform apply`, 50 new";
    let world = World::new(Credentials::Environment);
    if !is_there(&world, "run") {
        return vec![missing(planning, NONE_SET), missing(applying, NONE_SET)];
    }
    let others = World::new(Credentials::Environment);
    others.want((900..900 + WANTED).map(name), Credentials::Environment);
    let plan = ["plan", "-input=false", "-no-color"];
    let apply = ["apply", "-input=false", "-no-color", "-auto-approve"];
    let watch = |what, turns: &Turns| Row {
        what,
        measured: compared(turns, turns.ratio()),
        bar: NONE_SET,
        is_met: None,
    };
    let plans =
        Turns::take(turns, || wrapped(&world, &[], &plan), || time(&mut world.terraform(&plan), 0));
    let applies = Turns::take(
        turns,
        || {
            world.forget();
            wrapped(&world, &["--on-conflict", "adopt"], &apply)
        },
        || {
            others.forget();
            others.reset_org();
            time(&mut others.terraform(&apply), 0)
        },
    );
    vec![watch(planning, &plans), watch(applying, &applies)]
}

/// Runs Terraform through divvy.
fn wrapped(world: &World, flags: &[&str], words: &[&str]) -> Duration {
    let program = terraform().to_str().expect("a path in UTF-8");
    let arguments = [&["run", "--quiet"], flags, &["--", program], words].concat();
    time(&mut world.divvy(&arguments), 0)
}
