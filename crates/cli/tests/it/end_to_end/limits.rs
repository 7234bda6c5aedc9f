//! The subject that a person gives is the limit of what is done, in every round.

use std::time::Duration;

use divvy_sandbox::emulator::{Effect, Fault, Refusal, Seed};
use serde_json::json;

use super::scene::{does, finding, full};
use crate::world::{World, fixture, seed_of, terraform, terraform_minor};

/// A world with the configuration of an open case, which leads to a port.
pub(crate) fn open_case(name: &str, seed: Seed) -> World {
    let world = World::new(seed);
    let port = world.gateway(0)["port"].as_str().expect("a port").to_owned();
    let text = std::fs::read_to_string(fixture("cases").join(name).join("main.tf"));
    world.write("main.tf", &text.expect("the case").replace("PORT", &port)).init();
    world
}

fn two() -> World {
    let org = json!({ "divisions": [
        { "id": "id-eng", "name": "Engineering" },
        { "id": "id-sales", "name": "Sales" },
    ] });
    open_case("33-targeted-plan-file", seed_of(&org))
}

const ENG: (&str, &str) = ("division.eng", "import id-eng");

#[test]
fn case_33_nothing_outside_a_plan_made_with_target_is_adopted() {
    let world = two();
    let target = format!("-target={}", full("division.eng"));
    let _ = world.terraform(&["plan", "-input=false", &target, "-out=tfplan"]).ended(0);
    let ran = world.divvy(&["fix", "--yes", "--plan", "tfplan"]).ended(0);
    assert_eq!(world.state().len(), 1, "{}", ran.stdout);
    let left = format!("not in the plan file: {}", full("division.sales"));
    assert!(ran.stdout.replace('\n', " ").contains(&left), "{}", ran.stdout);
    assert_eq!(ran.stdout.lines().last(), Some("next: divvy fix"), "{}", ran.stdout);
}

#[test]
fn a_target_of_the_environment_or_of_the_command_line_limits_a_run_and_what_is_left_is_said() {
    for from_environment in [true, false] {
        let mut world = two();
        let target = format!("-target={}", full("division.eng"));
        let mut after: Vec<&str> = vec!["--", &target];
        if from_environment {
            world.set("TF_CLI_ARGS_plan", &target);
            after.clear();
        }
        let check = world.divvy(&[&["check"], after.as_slice()].concat()).ended(2);
        assert!(check.stdout.contains("1 adopt"), "{}", check.stdout);
        assert!(check.stdout.contains(&format!("Only what {target}")), "{}", check.stdout);
        let ran = world.divvy(&[&["fix", "--yes"], after.as_slice()].concat()).ended(0);
        world.unset("TF_CLI_ARGS_plan");
        assert_eq!(world.state().len(), 1, "{}", ran.stdout);
        assert!(ran.stdout.contains(&full("division.sales")), "{}", ran.stdout);
    }
}

#[test]
fn only_what_a_pattern_matches_is_adopted_and_what_is_left_out_is_reported() {
    for (flags, variable) in [
        (&["--only", "Eng*"][..], None),
        (&["--only", "*.eng"], None),
        (&["--only", "No such name", "--only", "Engineerin?"], None),
        (&[], Some("No such name\n*.eng")),
        (&["--only", "Eng*"], Some("Sales")),
    ] {
        let mut world = two();
        if let Some(patterns) = variable {
            world.set("DIVVY_ONLY", patterns);
        }
        let org = world.divisions_of_org(0);
        let report = does(&world, flags, 0, &[ENG]);
        let left = finding(&report, "division.sales");
        assert_eq!(left["action"]["do"], "none", "{report:#}");
        assert_eq!(left["left_out"], "not selected by --only", "{report:#}");
        assert_eq!(finding(&report, "division.eng")["left_out"], serde_json::Value::Null);
        assert_eq!(world.state(), [(full("division.eng"), "id-eng".to_owned())]);
        assert_eq!(world.divisions_of_org(0), org);
    }
}

#[test]
fn a_pattern_that_matches_nothing_here_is_reported_and_nothing_is_adopted() {
    let world = two();
    let ran = world.divvy(&["fix", "--yes", "--only", "Enginering"]).ended(0);
    let warning = "warning: --only Enginering: no name and no address here matches";
    assert!(ran.stderr.contains(warning), "{}", ran.stderr);
    let left = format!("not selected by --only: {}", full("division.eng"));
    assert!(ran.stdout.replace('\n', " ").contains(&left), "{}", ran.stdout);
    assert_eq!(world.read("terraform.tfstate"), "");
    // What is adopted by now is matched still.
    let _ = world.divvy(&["fix", "--yes", "--only", "Eng*"]).ended(0);
    let ran = world.divvy(&["fix", "--yes", "--only", "Eng*"]).ended(0);
    assert!(!ran.stderr.contains("warning"), "{}", ran.stderr);
}

#[test]
fn case_38_a_division_that_fails_a_rule_of_its_block_is_named_and_the_rest_is_adopted() {
    let org = json!({ "divisions": [
        { "id": "id-eng", "name": "Engineering" },
        { "id": "id-sales", "name": "Sales" },
    ] });
    let world = open_case("38-a-postcondition-the-existing-one-fails", seed_of(&org));
    let ran = world.divvy(&["fix", "--yes"]).ended(3);
    assert_eq!(world.state().len(), 1, "{}", ran.stdout);
    assert!(world.id_at(&full("division.sales")).is_some());
    let text = ran.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    for part in [&full("division.eng"), "id-eng", "Every division needs an owner"] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert_eq!(world.litter(), Vec::<String>::new());
}

#[test]
fn an_import_block_of_an_id_that_the_org_lacks_is_reported_before_a_plan_hangs_on_it() {
    let org = json!({ "divisions": [{ "id": "id-eng", "name": "Engineering" }] });
    let world = World::new(seed_of(&org));
    world.divisions(&[("eng", "name = \"Engineering\""), ("a", "name = \"A\"")]);
    let import = |id: &str| {
        format!("import {{\n  to = genesyscloud_auth_division.eng\n  id = \"{id}\"\n}}\n")
    };
    world.write("imports.tf", &import("id-gone")).init();
    for command in [&["check", "-o", "json"][..], &["fix", "--yes", "-o", "json"]] {
        let report = world.divvy(command).ended(3).json();
        let found = finding(&report, "division.eng");
        assert_eq!(found["verdict"], "planned_import", "{report:#}");
        assert!(found["message"].as_str().is_some_and(|text| text.contains("id-gone")));
        assert_eq!(report["terraform_runs"], 1, "only the state was read: {report:#}");
    }
    world.write("imports.tf", &import("id-eng"));
    let report = world.divvy(&["check", "-o", "json"]).ended(0).json();
    assert_eq!(finding(&report, "division.a")["verdict"], "create", "{report:#}");
}

#[test]
fn an_import_whose_key_and_id_are_expressions_is_reported_before_a_plan_too() {
    if terraform_minor() < 7 {
        return;
    }
    let org = json!({ "divisions": [
        { "id": "id-eng", "name": "Engineering" },
        { "id": "id-sales", "name": "Sales" },
    ] });
    let mut world = World::new(seed_of(&org));
    let division = |repetition: &str, name: &str| format!("{repetition}\n  name = {name}");
    world.divisions(&[
        ("each", &division("for_each = local.names", "each.value")),
        ("count", &division("count = 1", "\"Sales\"")),
        ("kept", "name = \"Kept\""),
    ]);
    let imports = |sales: &str| {
        let values = format!(
            "locals {{\n  names = {{ eng = \"Engineering\", b = \"B\" }}\n  ids = jsondecode(file(\"${{path.module}}/ids.json\"))\n}}\n\
             variable \"sales\" {{\n  default = \"{sales}\"\n}}\n\
             variable \"kept\" {{\n  type = string\n}}\n"
        );
        let each = "import {\n  for_each = local.ids\n  to = genesyscloud_auth_division.each[each.key]\n  id = each.value\n}\n";
        let count = "import {\n  for_each = [var.sales]\n  to = genesyscloud_auth_division.count[each.key]\n  id = \"id-${each.value}\"\n}\n";
        // What this one depends on is known to a plan alone.
        let later = "resource \"terraform_data\" \"later\" {\n  input = \"id-later\"\n}\nimport {\n  to = genesyscloud_auth_division.kept\n  id = try(terraform_data.later.output, var.kept)\n}\n";
        format!("{values}{each}{count}{later}")
    };
    let wrong = imports("nowhere");
    world.write("ids.json", r#"{"eng": "id-eng", "b": "id-gone"}"#);
    world.set("TF_VAR_kept", "id-kept").write("imports.tf", &wrong).init();
    let report = world.divvy(&["check", "-o", "json"]).ended(3).json();
    assert_eq!(report["terraform_runs"], 2, "the state and one console: {report:#}");
    assert_eq!(report["findings"].as_array().map(Vec::len), Some(2), "{report:#}");
    for (address, id) in [("division.each[\"b\"]", "id-gone"), ("division.count[0]", "id-nowhere")]
    {
        let found = finding(&report, address);
        assert_eq!(found["verdict"], "planned_import", "{report:#}");
        assert!(found["message"].as_str().is_some_and(|text| text.contains(id)), "{found:#}");
    }
    let secret = wrong.replace("variable \"sales\" {", "variable \"sales\" {\n  sensitive = true");
    world.write("imports.tf", &secret);
    let ran = world.divvy(&["check", "-o", "json"]).ended(3);
    assert!(!ran.stdout.contains("nowhere") && ran.stdout.contains("id-gone"), "{}", ran.stdout);
    // And what is there is left to the plan.
    let right = imports("sales");
    let right = right.split("resource").next().unwrap_or_default();
    world.write("imports.tf", right).write("ids.json", r#"{"eng": "id-eng"}"#);
    let report = world.divvy(&["check", "-o", "json"]).ended(0).json();
    let verdict = |address: &str| finding(&report, address)["verdict"].clone();
    assert_eq!(verdict("division.each[\"eng\"]"), "planned_import", "{report:#}");
    assert_eq!(verdict("division.each[\"b\"]"), "create", "{report:#}");
}

#[test]
fn an_import_of_an_id_that_only_another_org_has_is_reported_before_a_plan() {
    let here = json!({ "divisions": [{ "id": "id-eng", "name": "Engineering" }] });
    let there = json!({ "divisions": [{ "id": "id-sales", "name": "Sales" }] });
    let mut world = World::new(seed_of(&here));
    world.add_org(seed_of(&there));
    let import = |label: &str, id: &str| {
        format!("import {{\n  to = genesyscloud_auth_division.{label}\n  id = \"{id}\"\n}}\n")
    };
    let secret = "variable \"secret\" {\n  type = string\n}\n";
    let text = format!(
        "terraform {{\n  required_providers {{\n    genesyscloud = {{ source = \"mypurecloud/genesyscloud\" }}\n  }}\n}}\n{secret}provider \"genesyscloud\" {{\n  {}}}\nprovider \"genesyscloud\" {{\n  alias = \"there\"\n  oauthclient_id = \"there\"\n  oauthclient_secret = var.secret\n  {}}}\n{}{}",
        world.gateway_block(0),
        world.gateway_block(1),
        "resource \"genesyscloud_auth_division\" \"eng\" {\n  name = \"Engineering\"\n}\n",
        "resource \"genesyscloud_auth_division\" \"sales\" {\n  provider = genesyscloud.there\n  name = \"Sales\"\n}\n"
    );
    world.set("TF_VAR_secret", "a secret").write("main.tf", &text);
    world.write("imports.tf", &format!("{}{}", import("eng", "id-eng"), import("sales", "id-eng")));
    world.init();
    let report = world.divvy(&["check", "-o", "json"]).ended(3).json();
    let sales = finding(&report, "division.sales");
    assert_eq!(sales["verdict"], "planned_import", "{report:#}");
    assert!(sales["message"].to_string().contains("id-eng"), "{sales:#}");
    assert_eq!(report["findings"].as_array().map(Vec::len), Some(1), "the other one is right");
    assert!(world.divvy(&["check"]).stdout.contains("No plan was made"));
    world.write(
        "imports.tf",
        &format!("{}{}", import("eng", "id-eng"), import("sales", "id-sales")),
    );
    let ran = world.divvy(&["check"]).ended(0);
    assert!(!ran.stdout.contains("No plan was made"), "{}", ran.stdout);
}

#[test]
fn an_import_beside_a_client_that_is_refused_waits_for_no_plan() {
    let org = json!({ "divisions": [{ "id": "id-eng", "name": "Engineering" }] });
    let world = World::new(seed_of(&org));
    world.divisions(&[("eng", "name = \"Engineering\"")]);
    let import = "import {\n  to = genesyscloud_auth_division.eng\n  id = \"id-eng\"\n}\n";
    world.write("imports.tf", import).init();
    let refused = Fault::once("POST", "/oauth/token", Effect::Status(Refusal::status(401)));
    world.org().add_faults(vec![refused.always()]);
    let ran = world.divvy(&["check", "-vv"]).ended(1);
    assert!(ran.stderr.contains("401"), "{}", ran.stderr);
    let plan = "subcommand=\"plan";
    assert!(!ran.stderr.contains(plan), "{}", ran.stderr);
    world.org().clear_faults();
    let ran = world.divvy(&["check", "-vv"]).ended(0);
    assert!(ran.stderr.contains(plan), "{}", ran.stderr);
}

#[test]
fn a_plan_that_was_begun_is_stopped_when_the_client_is_refused() {
    let mut world = World::new(seed_of(&json!({})));
    world.divisions(&[("eng", "name = \"Engineering\"")]).init();
    let waits = format!(
        "for word; do\n[ \"$word\" = plan ] && {{ trap 'echo told >>told; [ -e twice ] && exit 1; touch twice' INT; : >begun; while :; do sleep 0.05; done; }}\ndone\nexec '{}' \"$@\"",
        terraform().display()
    );
    let patient = world.program("patient", &waits);
    world.set("DIVVY_TERRAFORM", &patient);
    let token = |effect| Fault::once("POST", "/oauth/token", effect).always();
    let refused = Effect::Status(Refusal::status(401));
    world.org().add_faults(vec![token(Effect::Hold), token(refused)]);
    let ran = std::thread::scope(|scope| {
        let check = scope.spawn(|| world.divvy(&["check"]));
        let begun = world.directory().join("begun");
        while !begun.exists() && !check.is_finished() {
            std::thread::sleep(Duration::from_millis(10));
        }
        world.org().release();
        check.join().expect("check ends")
    });
    let ran = ran.ended(1);
    assert!(ran.stderr.contains("401"), "{}", ran.stderr);
    assert!(!ran.stderr.contains("interrupted"), "{}", ran.stderr);
    assert_eq!(world.read("told"), "told\ntold\n", "first in good order, then at once");
}

#[test]
fn an_import_block_without_its_resource_gets_the_flag_that_writes_it() {
    let world = World::new(seed_of(&json!({})));
    world.divisions(&[("eng", "name = \"Engineering\"")]);
    let import = "import {\n  to = genesyscloud_auth_division.nowhere\n  id = \"1b870573-cadb-4195-848d-756cd9a509a1\"\n}\n";
    world.write("imports.tf", import).init();
    let ran = world.divvy(&["check"]).ended(1);
    assert!(ran.stderr.contains("-generate-config-out=generated.tf"), "{}", ran.stderr);
}

#[test]
fn whatever_the_next_apply_changes_is_said_from_what_to_what_and_next_is_the_configuration() {
    let org = json!({ "divisions": [
        { "id": "id-eng", "name": "engineering", "description": "Ours" },
        { "id": "id-sales", "name": "Sales", "description": "Field" },
    ] });
    let world = World::new(seed_of(&org));
    world.divisions(&[("eng", "name = \"Engineering\""), ("sales", "name = \"Sales\"")]).init();
    let rename = "renames \"engineering\" to \"Engineering\"";
    let check = world.divvy(&["check", "-o", "json"]).ended(3).json();
    let near = finding(&check, "division.eng");
    assert!(near["message"].as_str().is_some_and(|text| text.contains(rename)), "{near:#}");
    let name = json!({ "attribute": "name", "config": "Engineering", "org": "engineering" });
    assert_eq!(near["drift"][0], name, "{near:#}");
    let drifted = finding(&check, "division.sales")["message"].to_string().replace('\\', "");
    assert!(drifted.contains("description from \"Field\" to none"), "{drifted}");

    let id = format!("{}=id-eng", full("division.eng"));
    let ran = world.divvy(&["fix", "--yes", "--adopt-drifted", "--id", &id]).ended(3);
    let text = ran.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    for part in [rename, "description from \"Field\" to none", "name = \"engineering\""] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let next = ran.stdout.lines().last().expect("a line");
    assert!(next.starts_with("next: ") && next.contains("name = \"engineering\""), "{next}");
    assert!(!next.contains(" apply"), "{next}");
    assert_eq!(world.divisions_of_org(0)["id-eng"]["name"], "engineering");

    let check = world.divvy(&["check"]).ended(0);
    let text = check.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(text.contains(rename), "an adopted one is not simply managed: {text}");
    assert!(!check.stdout.lines().last().is_some_and(|next| next.contains(" apply")), "{text}");
    let kept = "name = \"engineering\"\n  description = \"Ours\"";
    let sales = "name = \"Sales\"\n  description = \"Field\"";
    world.divisions(&[("eng", kept), ("sales", sales)]).has_no_changes();
}
