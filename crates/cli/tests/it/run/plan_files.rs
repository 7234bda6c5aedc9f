//! What a saved plan announces goes with its file, wherever that is applied.

use std::path::PathBuf;

use divvy_terraform::plan_archive::{attach, attached};
use serde_json::Value;

use super::adoption::said;
use crate::world::{World, seed};

const ENG: &str = "genesyscloud_auth_division.eng";
const ENTRY: &str = "divvy.json";

/// A directory with a conflict, and a plan of it that divvy saved.
fn planned() -> World {
    let world = World::new(seed(&[("id-eng", "Engineering")]));
    world.divisions(&[("eng", "name = \"Engineering\"")]).init();
    let _ = world.divvy(&["run", "--", "terraform", "plan", "-out=the.plan"]).ended(0);
    world
}

fn plan(world: &World) -> PathBuf {
    world.directory().join("the.plan")
}

#[test]
fn a_plan_file_alone_that_is_applied_in_a_fresh_checkout_meets_no_409() {
    let world = planned();
    assert!(!world.directory().join("the.plan.divvy.json").exists());
    let checkout = world.beside().join("checkout");
    std::fs::create_dir(&checkout).expect("a directory");
    for file in ["main.tf", "the.plan", ".terraform.lock.hcl"] {
        std::fs::copy(world.directory().join(file), checkout.join(file)).expect("a copy");
    }
    let _ = world.terraform(&["-chdir=../checkout", "init", "-input=false"]).ended(0);
    let apply = ["run", "--", "terraform", "-chdir=../checkout", "apply", "-no-color", "the.plan"];
    let ran = world.divvy(&apply).ended(0);
    assert!(ran.stdout.contains("was adopted (id-eng)"), "{}", ran.stdout);
    let state = std::fs::read_to_string(checkout.join("terraform.tfstate")).expect("a state");
    assert!(state.contains("id-eng"), "{state}");
}

#[test]
fn terraform_itself_shows_and_applies_a_plan_that_holds_announcements() {
    let world = planned();
    let entry = attached(&plan(&world), ENTRY).expect("an archive").expect("announcements");
    let announced: Value = serde_json::from_slice(&entry.content).expect("JSON");
    assert_eq!(announced["announced"][0]["id"], "id-eng");
    assert_eq!(announced["announced"][0]["name"], "Engineering");
    let shown = world.terraform(&["show", "the.plan"]).ended(0);
    assert!(shown.stdout.contains("1 to add"), "{}", shown.stdout);
    let refused = world.terraform(&["apply", "the.plan"]).ended(1);
    assert!(said(&refused).contains("409"), "{}", said(&refused));
}

#[test]
fn announcements_that_were_put_into_another_plan_do_not_count() {
    let world = planned();
    let entry = attached(&plan(&world), ENTRY).expect("an archive").expect("announcements");
    world.divisions(&[("eng", "name = \"Engineering\""), ("more", "name = \"More\"")]);
    let _ = world.terraform(&["plan", "-out=the.plan"]).ended(0);
    let _ = attach(&plan(&world), ENTRY, |_| entry.content).expect("an archive");
    let ran = world.divvy(&["run", "--", "terraform", "apply", "-no-color", "the.plan"]).ended(1);
    assert!(said(&ran).contains("is not of this plan: nothing counts"), "{}", said(&ran));
    assert_eq!(world.id_at(ENG), None);
}

#[test]
fn a_plan_that_plain_terraform_saved_is_named_where_it_lacks_announcements() {
    let world = World::new(seed(&[("id-eng", "Engineering")]));
    world.divisions(&[("eng", "name = \"Engineering\"")]).init();
    let _ = world.terraform(&["plan", "-out=the.plan"]).ended(0);
    let ran = world.divvy(&["run", "--", "terraform", "apply", "-no-color", "the.plan"]).ended(1);
    let said = said(&ran);
    assert!(said.contains("the.plan holds no divvy.json"), "{said}");
    assert_eq!(world.id_at(ENG), None);
}

#[test]
fn a_link_for_the_plan_file_stays_a_link() {
    let world = World::new(seed(&[("id-eng", "Engineering")]));
    world.divisions(&[("eng", "name = \"Engineering\"")]).init();
    world.write("target", "");
    std::os::unix::fs::symlink("target", plan(&world)).expect("a link");
    let _ = world.divvy(&["run", "--", "terraform", "plan", "-out=the.plan"]).ended(0);
    assert!(std::fs::symlink_metadata(plan(&world)).expect("a link").is_symlink());
    let ran = world.divvy(&["run", "--", "terraform", "apply", "-no-color", "the.plan"]).ended(0);
    assert!(ran.stdout.contains("was adopted (id-eng)"), "{}", ran.stdout);
}
