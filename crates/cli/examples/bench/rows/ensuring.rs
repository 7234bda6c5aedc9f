//! `ensure` beside the script that people write: look for each name, create what is missing.

use std::time::Duration;

use super::reading::is_there;
use super::{Row, compared, missing};
use crate::measure::{Turns, time};
use crate::script;
use crate::world::{Credentials, WANTED, World, name};

/// A turn of the script takes ten seconds.
const FEW_TURNS: usize = 5;

const BAR: &str = "at least 10 ×";

pub(super) fn ensure(turns: usize) -> Vec<Row> {
    let (new, existing) =
        ("script : `ensure`, 50 new divisions", "script : `ensure`, 50 existing divisions");
    let world = World::new(Credentials::Environment);
    if !is_there(&world, "ensure") {
        return vec![missing(new, BAR), missing(existing, BAR)];
    }
    [(new, 900), (existing, 1)]
        .into_iter()
        .map(|(what, first)| {
            let names: Vec<String> = (first..first + WANTED).map(name).collect();
            let turns = Turns::take(
                turns.min(FEW_TURNS),
                || {
                    world.reset_org();
                    script::ensure(world.org.url(), &names)
                },
                || ensuring(&world, &names),
            );
            let ratio = turns.ratio();
            Row { what, measured: compared(&turns, ratio), bar: BAR, is_met: Some(ratio >= 10.0) }
        })
        .collect()
}

fn ensuring(world: &World, names: &[String]) -> Duration {
    world.reset_org();
    let mut arguments = vec!["ensure", "--quiet", "--api-url", world.org.url(), "-o", "json"];
    arguments.extend(names.iter().map(String::as_str));
    time(&mut world.divvy(&arguments), 0)
}
