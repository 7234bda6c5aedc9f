//! `fix --from-log` in the directory that failed, with real Terraform: units of one log, other
//! owners, conflicts that are no duplicates, lost replies, addresses of other configurations.

use divvy_sandbox::emulator::{Effect, Fault};
use serde_json::Value;

use super::scene::finding;
use crate::world::{Ran, World, seed};

const DIVISIONS: &str = "/api/v2/authorization/divisions";
const TERRAGRUNT: &str = "02-terragrunt-and-tofu-prefixes";
const SALES: &str = "genesyscloud_auth_division.this[\"sales\"]";
const SALES_IN_DEV: &str = "e4f59451-18e4-445d-b626-e8295f5e72fc";
const SALES_IN_PROD: &str = "2ae61230-ef0f-4526-bf73-857d7c8fd77a";

const REQUIRED_PROVIDERS: &str = "terraform {\n  required_providers {\n    genesyscloud = { source = \"mypurecloud/genesyscloud\" }\n  }\n}\n";

/// Runs Terraform in a directory below the world's.
fn terraform_in(world: &World, directory: &str, arguments: &[&str]) -> Ran {
    let chdir = format!("-chdir={directory}");
    let mut all = vec![chdir.as_str()];
    all.extend(arguments);
    world.terraform(&all)
}

/// Fixes one directory from a log.
fn fix_in(world: &World, directory: &str, log: &str, flags: &[&str]) -> Ran {
    let mut all = vec!["fix", "--yes", "-o", "json", "--chdir", directory, "--from-log", log];
    all.extend(flags);
    world.divvy(&all)
}

/// The address and id of everything that was imported.
fn imported(report: &Value) -> Vec<(&str, &str)> {
    let findings = report["findings"].as_array().expect("findings").iter();
    let imports = findings.filter(|finding| finding["action"]["do"] == "import");
    imports
        .filter_map(|one| Some((one["address"].as_str()?, one["action"]["id"].as_str()?)))
        .collect()
}

#[test]
fn case_02_each_unit_adopts_from_its_own_org_where_the_path_tells_which_it_is() {
    let log = "terragrunt-run-all.log";
    for (org, unit, id) in [
        ("org-dev.json", "orgs/dev/divisions", SALES_IN_DEV),
        ("org-prod.json", "orgs/prod/divisions", SALES_IN_PROD),
    ] {
        let world = World::of_case(TERRAGRUNT, org);
        let _ = terraform_in(&world, unit, &["init", "-input=false"]).ended(0);
        let ran = fix_in(&world, unit, log, &[]).ended(0);
        assert!(ran.stderr.contains(&format!("taken to be {unit}")), "{}", ran.stderr);
        let report = ran.json();
        assert_eq!(imported(&report), [(SALES, id)], "{report:#}");
        assert_eq!(finding(&report, SALES)["unit"], unit);
        let plan = terraform_in(&world, unit, &["plan", "-input=false", "-detailed-exitcode"]);
        assert!(plan.ended(0).stdout.contains("No changes"));
    }
}

#[test]
fn case_02_the_logs_of_one_unit_and_of_a_wrapper_are_fixed_where_they_came_from() {
    let support = "genesyscloud_auth_division.support";
    for (org, directory, log, address, id) in [
        ("org-dev.json", "orgs/dev/divisions", "terragrunt-json.log", SALES, SALES_IN_DEV),
        (
            "org-prod.json",
            "wrapper",
            "wrapper-tofu.log",
            support,
            "f510bb1d-6c7c-4c09-96b0-a979793f464f",
        ),
    ] {
        let world = World::of_case(TERRAGRUNT, org);
        let _ = terraform_in(&world, directory, &["init", "-input=false"]).ended(0);
        let report = fix_in(&world, directory, log, &[]).ended(0).json();
        assert_eq!(imported(&report), [(address, id)], "{report:#}");
        let plan = terraform_in(&world, directory, &["plan", "-input=false", "-detailed-exitcode"]);
        assert!(plan.ended(0).stdout.contains("No changes"));
    }
}

#[test]
fn case_02_what_two_units_tell_of_one_address_is_asked_about_where_the_path_does_not_tell() {
    let log = "terragrunt-run-all.log";
    let world = World::of_case(TERRAGRUNT, "org-dev.json");
    let text = world.read("orgs/dev/divisions/main.tf");
    world.write("somewhere/main.tf", &text);
    let _ = terraform_in(&world, "somewhere", &["init", "-input=false"]).ended(0);

    let ran = fix_in(&world, "somewhere", log, &[]).ended(3);
    assert!(ran.stderr.contains("path does not say which"), "{}", ran.stderr);
    let report = ran.json();
    assert_eq!(imported(&report), []);
    let asked = finding(&report, SALES);
    assert_eq!(asked["verdict"], "ambiguous", "{report:#}");
    assert_eq!(asked["candidates"][0]["id"], SALES_IN_DEV);
    assert!(asked["hints"].to_string().contains("--unit orgs/prod/divisions"), "{asked:#}");

    let unknown = fix_in(&world, "somewhere", log, &["--unit", "orgs/test"]).ended(64);
    assert!(unknown.stderr.contains("--unit orgs/dev/divisions"), "{}", unknown.stderr);
    let report = fix_in(&world, "somewhere", log, &["--unit", "./orgs/dev/divisions"]).ended(0);
    assert_eq!(imported(&report.json()), [(SALES, SALES_IN_DEV)]);
}

#[test]
fn case_05_another_state_that_owns_it_is_asked_about_and_else_it_is_adopted() {
    let claims = "module.org.genesyscloud_auth_division.claims";
    let root = "roots/contact-center";
    let world = World::of_case("05-atlantis-other-state-owns-it", "org.json");
    // The case's module names its provider nowhere; Terraform would take another one.
    world.write("roots/modules/org/versions.tf", REQUIRED_PROVIDERS);
    let _ = terraform_in(&world, root, &["init", "-input=false"]).ended(0);

    let other = ["--other-state", "roots/legacy/terraform.tfstate"];
    let report = fix_in(&world, root, "comment.md", &other).ended(3).json();
    assert_eq!(imported(&report), []);
    let asked = finding(&report, claims);
    assert_eq!(asked["verdict"], "other_owner", "{report:#}");
    let said = asked.to_string();
    for needed in ["roots/legacy", "genesyscloud_auth_division.claims", "removed block", "data "] {
        assert!(said.contains(needed), "{needed}: {said}");
    }
    let state = terraform_in(&world, root, &["state", "list"]);
    assert!(!state.stdout.contains(claims), "{}", state.stdout);

    let report = fix_in(&world, root, "comment.md", &[]).ended(0).json();
    assert_eq!(imported(&report), [(claims, "e9502f1f-b828-40a5-a650-a2084a76009b")]);
    let plan = terraform_in(&world, root, &["plan", "-input=false", "-detailed-exitcode"]);
    assert!(plan.ended(0).stdout.contains("No changes"));
}

#[test]
fn an_address_of_the_log_that_the_configuration_does_not_have_is_left_out_and_said() {
    let world = World::new(seed(&[("id-eng", "Engineering"), ("id-old", "Old")]));
    world.divisions(&[("eng", "name = \"Engineering\""), ("old", "name = \"Old\"")]).init();
    let apply = world.terraform(&["apply", "-auto-approve", "-input=false"]).ended(1);
    world.write("apply.log", &apply.stderr);
    world.divisions(&[("eng", "name = \"Engineering\"")]);
    let ran = world.divvy(&["fix", "--yes", "--from-log", "apply.log", "-o", "json"]).ended(0);
    assert!(ran.stderr.contains("left out"), "{}", ran.stderr);
    assert!(ran.stderr.contains("genesyscloud_auth_division.old"), "{}", ran.stderr);
    let report = ran.json();
    assert_eq!(imported(&report), [("genesyscloud_auth_division.eng", "id-eng")], "{report:#}");
    world.has_no_changes();
}

/// A real apply in which the reply to one create is lost, and another name was there before; its
/// output, and the provider's own log beside it or among its lines.
fn apply_with_a_lost_reply(has_own_log: bool) -> World {
    let mut world = World::new(seed(&[("id-sales", "Sales")]));
    world.divisions(&[("eng", "name = \"Engineering\""), ("sales", "name = \"Sales\"")]).init();
    let mut lost = Fault::once("POST", DIVISIONS, Effect::CommitThenClose);
    lost.on.name = Some("Engineering".to_owned());
    world.org().add_faults(vec![lost]);
    world.set("TF_LOG_PROVIDER", "INFO");
    if has_own_log {
        world.set("TF_LOG_PATH", "provider.log");
    }
    let apply = world.terraform(&["apply", "-auto-approve", "-input=false"]).ended(1);
    world.unset("TF_LOG_PROVIDER").unset("TF_LOG_PATH");
    world.write("apply.log", &format!("{}{}", apply.stdout, apply.stderr));
    let posts = world.org().requests();
    let posts =
        posts.iter().filter(|request| request.method == "POST" && request.path == DIVISIONS);
    assert_eq!(posts.count(), 3, "the create whose reply was lost was sent again");
    world
}

#[test]
fn a_409_against_the_runs_own_lost_create_is_told_from_a_foreign_one() {
    for (has_own_log, flags) in [(true, &["--provider-log", "provider.log"][..]), (false, &[])] {
        let world = apply_with_a_lost_reply(has_own_log);
        let explained = |more: &[&str]| {
            let arguments = [&["explain", "apply.log", "-o", "json"], flags, more].concat();
            world.divvy(&arguments)
        };
        let alone = explained(&["--offline"]).ended(3).json();
        let looked_up = explained(&[]).ended(2).json();
        for (report, own) in
            [(&alone, "own first try"), (&looked_up, "earlier try of the same run")]
        {
            let message = |label: &str| finding(report, label)["message"].to_string();
            assert!(message("division.eng").contains(own), "{report:#}");
            assert!(!message("division.sales").contains(own), "{report:#}");
        }
        let report = world.divvy(&["fix", "--yes", "--from-log", "apply.log", "-o", "json"]);
        assert_eq!(imported(&report.ended(0).json()).len(), 2);
        world.has_no_changes();
    }
}

#[test]
fn without_the_providers_own_log_a_409_is_nobodys_in_particular() {
    let world = apply_with_a_lost_reply(true);
    let report = world.divvy(&["explain", "apply.log", "--offline", "-o", "json"]).ended(3).json();
    for label in ["division.eng", "division.sales"] {
        let message = finding(&report, label)["message"].to_string();
        assert!(message.contains("most likely a division of that name exists"), "{message}");
    }
}
