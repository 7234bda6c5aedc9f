//! Where Terraform runs elsewhere, or behind another program: remote runs that leave a plan's JSON and
//! nothing else, and the wrapper that a CI action puts in front of Terraform.

use std::fs;

use serde_json::json;

use super::scene::{division, scene};
use crate::world::{World, terraform};

/// Two blocks to adopt and one that is tracked, with the JSON of the plan in `plan.json`.
fn planned() -> World {
    let names = ["eng", "ops", "sales"];
    let blocks = names.map(|name| division(name, &format!("name = \"{name}\"")));
    let org = names.map(|name| json!({ "id": format!("id-{name}"), "name": name }));
    let tracked = [json!({ "label": "ops", "id": "id-ops", "name": "ops" })];
    let world = scene(&blocks.concat(), json!(org), &tracked);
    let _ = world.terraform(&["plan", "-input=false", "-out=tfplan"]).ended(0);
    world.write("plan.json", &world.terraform(&["show", "-json", "tfplan"]).ended(0).stdout);
    world
}

/// Holds every command that needs nothing but a plan's JSON to its word; returns the blocks.
fn blocks_from_the_json_alone(world: &World) -> String {
    let page = world.divvy(&["check", "--plan", "plan.json"]).ended(2).stdout;
    assert!(page.contains("2 adopt, 1 managed"), "{page}");
    let shown = world.divvy(&["check", "--plan", "plan.json", "-o", "blocks"]).ended(2).stdout;
    let _ = world.divvy(&["fix", "--plan", "plan.json", "--write", "written.tf"]).ended(0);
    let written = world.read("written.tf");
    fs::remove_file(world.directory().join("written.tf")).expect("the blocks");
    assert!(shown.contains(written.trim()), "{shown}\n{written}");
    written
}

/// Lets Terraform prove that the blocks import both and leave nothing to do.
fn proves_itself(world: &World, blocks: &str) {
    world.write("imports.tf", blocks).init();
    let applied = world.terraform(&["apply", "-auto-approve", "-input=false"]).ended(0).stdout;
    assert!(applied.contains("2 imported, 0 added, 0 changed, 0 destroyed"), "{applied}");
    world.has_no_changes();
}

#[test]
fn a_plans_json_is_enough_where_there_is_neither_a_terraform_nor_a_configuration() {
    let mut world = planned();
    let configuration = world.read("main.tf");
    for gone in ["main.tf", "terraform.tfstate"] {
        fs::rename(world.directory().join(gone), world.beside().join(gone)).expect("a file");
    }
    let path = std::env::var("PATH").expect("a path");
    world.set("PATH", "/nowhere").unset("DIVVY_TERRAFORM");
    let blocks = blocks_from_the_json_alone(&world);
    let refused = world.divvy(&["fix", "--yes", "--plan", "plan.json"]);
    assert_ne!(refused.code, 0, "nothing was adopted: {refused:?}");

    world.set("PATH", &path).write("main.tf", &configuration);
    let state = world.directory().join("terraform.tfstate");
    fs::rename(world.beside().join("terraform.tfstate"), state).expect("the state");
    proves_itself(&world, &blocks);
}

#[test]
fn where_runs_are_remote_the_state_comes_from_the_plans_json_and_none_is_pulled() {
    let cloud =
        "cloud {\n    organization = \"o\"\n    workspaces {\n      name = \"w\"\n    }\n  }";
    for block in [cloud, "backend \"remote\" {}"] {
        let world = planned();
        world.write("cloud.tf", &format!("terraform {{\n  {block}\n}}\n"));
        fs::remove_dir_all(world.directory().join(".terraform")).expect("the providers");
        let blocks = blocks_from_the_json_alone(&world);
        let refused = world.divvy(&["fix", "--yes", "--plan", "plan.json"]);
        assert_ne!(refused.code, 0, "nothing was adopted: {refused:?}");
        fs::remove_file(world.directory().join("cloud.tf")).expect("the cloud block");
        proves_itself(&world, &blocks);
    }
}

/// What the action's wrapper does: it copies the output of Terraform and adds words of its own.
const WRAPPER: &str = "echo \"[command]$TERRAFORM_CLI_PATH/terraform-bin $*\"\n\
    \"$TERRAFORM_CLI_PATH/terraform-bin\" \"$@\"\ncode=$?\n\
    echo \"::debug::Terraform exited with code $code.\"\nexit $code";

#[test]
fn a_wrapper_that_prints_before_terraform_is_passed_by_or_named() {
    let mut world = planned();
    let wrapper = world.program("terraform", WRAPPER);
    let tools = world.beside().join("bin");
    std::os::unix::fs::symlink(terraform(), tools.join("terraform-bin")).expect("a link");
    let path = format!("{}:{}", tools.display(), std::env::var("PATH").expect("a path"));
    world.set("PATH", &path).unset("DIVVY_TERRAFORM");
    world.set("TERRAFORM_CLI_PATH", tools.to_str().expect("UTF-8"));
    let _ = world.divvy(&["check"]).ended(2);

    // A wrapper that nothing leads by: it is called by its name, with the word that ends it.
    world.set("DIVVY_TERRAFORM", &wrapper);
    let hidden = tools.join("hidden");
    fs::create_dir(&hidden).expect("a directory");
    fs::rename(tools.join("terraform-bin"), hidden.join("terraform-bin")).expect("a link");
    let script = WRAPPER.replace("$TERRAFORM_CLI_PATH", hidden.to_str().expect("UTF-8"));
    world.program("terraform", &script);
    world.unset("TERRAFORM_CLI_PATH");
    let error = world.divvy(&["check"]).ended(1).stderr;
    assert!(error.contains("terraform_wrapper: false"), "{error}");
    let doctor = world.divvy(&["doctor"]).ended(2).stdout;
    assert!(doctor.contains("wrapper"), "{doctor}");

    let _ = world.set("DIVVY_TERRAFORM", terraform().to_str().expect("UTF-8"));
    let _ = world.divvy(&["fix", "--yes"]).ended(0);
    world.has_no_changes();
}

#[test]
fn the_instances_of_one_for_each_are_written_as_one_block_that_terraform_imports() {
    let names = ["Sales \"EMEA\"", "Zürich", "${x} %{y}"];
    let body = r#"for_each = toset(["Sales \"EMEA\"", "Zürich", "$${x} %%{y}"])
  name = each.key"#;
    let org = names.map(|name| json!({ "id": format!("id-{}", name.len()), "name": name }));
    let world = scene(&division("sales", body), json!(org), &[]);
    let minor = crate::world::terraform_minor();
    let _ = world.divvy(&["fix", "--adopt-all", "--write", "imports.tf"]).ended(0);
    let written = world.read("imports.tf");
    let blocks = if minor >= 7 { 1 } else { names.len() };
    assert_eq!(written.matches("import {").count(), blocks, "{written}");
    let applied = world.terraform(&["apply", "-auto-approve", "-input=false"]).ended(0).stdout;
    assert!(applied.contains("3 imported, 0 added, 0 changed, 0 destroyed"), "{applied}");
    world.has_no_changes();
}
