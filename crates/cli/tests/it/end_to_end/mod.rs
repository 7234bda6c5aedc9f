//! From 409 to a clean plan, with real Terraform. The name of this module is what `scripts/test
//! --all` runs again with other Terraform versions.

mod cases;
mod configs;
mod elsewhere;
mod flags;
mod headlines;
mod killed;
mod limits;
mod logs;
mod property;
mod scene;
mod surroundings;
mod verdicts;

use crate::world::{World, seed};

#[test]
fn a_failed_apply_is_foretold_adopted_and_proved() {
    let world = World::new(seed(&[("id-eng", "Engineering"), ("id-sales", "Sales")]));
    world.divisions(&[
        ("eng", "name = \"Engineering\""),
        ("sales", "name = \"Sales\""),
        ("claims", "name = \"Claims\""),
    ]);
    world.init();
    let apply = world.terraform(&["apply", "-auto-approve", "-input=false"]).ended(1);
    assert!(apply.stderr.contains("409"), "{}", apply.stderr);

    let check = world.divvy(&["check", "-o", "json"]).ended(2).json();
    assert_eq!(check["summary"]["adopt"], 2, "{check:#}");

    let fix = world.divvy(&["fix", "--yes", "-o", "json"]).ended(0).json();
    assert_eq!(fix["clean"], true, "{fix:#}");
    assert_eq!(world.id_at("genesyscloud_auth_division.eng").as_deref(), Some("id-eng"));
    world.has_no_changes();
    assert_eq!(world.litter(), Vec::<String>::new());
}
