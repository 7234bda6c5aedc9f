//! Input that cannot be worked with: each has its own clear message, and the next command in it.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use super::watch::{both_refuse, refuses};
use crate::world::{World, is_opentofu, seed};

/// One conflict, ready to be fixed.
fn conflict() -> World {
    let world = World::new(seed(&[("id-eng", "Engineering")]));
    world.divisions(&[("eng", "name = \"Engineering\"")]);
    world
}

fn conflict_initialised() -> World {
    let world = conflict();
    world.init();
    world
}

#[test]
fn no_such_directory() {
    both_refuse(&conflict(), "no_such_directory", 1, &["--chdir", "elsewhere"]);
}

#[test]
fn a_directory_without_configuration() {
    let world = World::new(seed(&[]));
    world.write("README.md", "nothing of Terraform's");
    both_refuse(&world, "a_directory_without_configuration", 1, &[]);
}

#[test]
fn a_directory_that_is_not_initialised() {
    both_refuse(&conflict(), "a_directory_that_is_not_initialised", 1, &[]);
}

#[test]
fn a_backend_that_is_not_initialised() {
    let world = conflict_initialised();
    world.write(
        "backend.tf",
        "terraform {\n  backend \"local\" {\n    path = \"other.tfstate\"\n  }\n}\n",
    );
    both_refuse(&world, "a_backend_that_is_not_initialised", 1, &[]);
}

#[test]
fn no_terraform_on_the_path() {
    let mut world = conflict();
    world.unset("DIVVY_TERRAFORM").set("PATH", "/nowhere");
    both_refuse(&world, "no_terraform_on_the_path", 1, &[]);
}

#[test]
fn a_terraform_that_does_not_exist() {
    both_refuse(
        &conflict(),
        "a_terraform_that_does_not_exist",
        1,
        &["--terraform-bin", "/nowhere/terraform"],
    );
}

#[test]
fn a_terraform_that_is_not_executable() {
    let world = conflict();
    world.write("terraform", "not a program");
    both_refuse(
        &world,
        "a_terraform_that_is_not_executable",
        1,
        &["--terraform-bin", "./terraform"],
    );
}

#[test]
fn a_terraform_of_another_machine() {
    let world = conflict();
    world.write("terraform", "\u{7f}ELF of another machine");
    fs::set_permissions(world.directory().join("terraform"), fs::Permissions::from_mode(0o755))
        .expect("a mode");
    both_refuse(&world, "a_terraform_of_another_machine", 1, &["--terraform-bin", "./terraform"]);
}

#[test]
fn a_terraform_that_says_nothing() {
    let world = conflict();
    let program = world.program("program", "exit 0");
    both_refuse(&world, "a_terraform_that_says_nothing", 1, &["--terraform-bin", &program]);
}

#[test]
fn a_terraform_that_answers_with_a_web_page() {
    let world = conflict();
    let program =
        world.program("program", "echo '<!DOCTYPE html><html><title>Sign in</title></html>'");
    both_refuse(
        &world,
        "a_terraform_that_answers_with_a_web_page",
        1,
        &["--terraform-bin", &program],
    );
}

#[test]
fn a_terraform_that_fails_without_a_word() {
    let world = conflict();
    let program = world.program("program", "exit 3");
    both_refuse(&world, "a_terraform_that_fails_without_a_word", 1, &["--terraform-bin", &program]);
}

#[test]
fn a_terraform_that_is_ended_by_a_signal() {
    let world = conflict();
    let program = world.program("program", "kill -9 $$");
    both_refuse(&world, "a_terraform_that_is_ended_by_a_signal", 1, &["--terraform-bin", &program]);
}

#[test]
fn a_terraform_before_plan_json() {
    let world = conflict();
    // Terraform 0.11 knows no -json: it prints its usage.
    let program = world.program(
        "program",
        "case \"$1\" in version) echo 'Terraform v0.11.15';; *) echo 'Usage: terraform plan [options] [DIR-OR-PLAN]' >&2; echo 'flag provided but not defined: -json' >&2; exit 1;; esac",
    );
    both_refuse(&world, "a_terraform_before_plan_json", 1, &["--terraform-bin", &program]);
}

#[test]
fn a_configuration_that_wants_another_terraform() {
    let world = conflict_initialised();
    // OpenTofu takes what a .tf file wants for a wish about Terraform.
    let file = if is_opentofu() { "versions.tofu" } else { "versions.tf" };
    world.write(file, "terraform {\n  required_version = \">= 99.0\"\n}\n");
    both_refuse(&world, "a_configuration_that_wants_another_terraform", 1, &[]);
}

#[test]
fn a_configuration_that_does_not_parse() {
    let world = conflict_initialised();
    world.write("broken.tf", "resource \"genesyscloud_auth_division\" {\n  name = \"x\n");
    both_refuse(&world, "a_configuration_that_does_not_parse", 1, &[]);
}

#[test]
fn a_reference_to_nothing() {
    let world = conflict_initialised();
    world.write(
        "more.tf",
        "resource \"genesyscloud_auth_division\" \"x\" {\n  name = local.nowhere\n}\n",
    );
    both_refuse(&world, "a_reference_to_nothing", 1, &[]);
}

#[test]
fn a_variable_without_a_value() {
    let world = conflict_initialised();
    world.write("more.tf", "variable \"site\" {}\n");
    both_refuse(&world, "a_variable_without_a_value", 1, &[]);
}

#[test]
fn a_state_that_is_cut_off() {
    let world = conflict_initialised();
    world.write("terraform.tfstate", "{\n  \"version\": 4,\n  \"serial\": 3,\n");
    both_refuse(&world, "a_state_that_is_cut_off", 1, &[]);
}

#[test]
fn a_state_of_a_newer_terraform() {
    let world = conflict_initialised();
    world.write(
        "terraform.tfstate",
        r#"{"version": 4, "terraform_version": "99.0.0", "serial": 1, "lineage": "5c3a7a34-0000-4000-8000-000000000000", "outputs": {}, "resources": []}"#,
    );
    // Terraform itself decides from the format, which is known: it works.
    let _ = world.divvy(&["check"]).ended(2);
    world.write("terraform.tfstate", r#"{"version": 5, "terraform_version": "99.0.0"}"#);
    both_refuse(&world, "a_state_of_a_newer_terraform", 1, &[]);
}

#[test]
fn flags_that_are_not_passed_on() {
    let world = conflict();
    refuses(&world, "flags_that_are_not_passed_on", 64, &["check", "--", "-backup=x"]);
    refuses(&world, "a_flag_without_a_value", 64, &["check", "--", "-var"]);
    refuses(&world, "an_unknown_flag", 64, &["fix", "--force"]);
    refuses(
        &world,
        "an_address_without_an_id",
        64,
        &["fix", "--id", "genesyscloud_auth_division.eng"],
    );
    refuses(&world, "a_form_that_fix_does_not_write", 64, &["fix", "--yes", "-o", "blocks"]);
    refuses(&world, "two_forms_on_standard_output", 64, &["check", "-o", "json", "-o", "table"]);
}

#[test]
fn plan_files_that_are_none() {
    let world = conflict_initialised();
    let planned = world.terraform(&["plan", "-input=false", "-out=saved.plan"]).ended(0);
    assert!(planned.stdout.contains("1 to add"), "{planned:?}");
    let shown = world.terraform(&["show", "-json", "saved.plan"]).ended(0);
    let _ = world.divvy(&["check", "--plan", "saved.plan"]).ended(2);

    both_refuse(&world, "no_plan_file", 1, &["--plan", "nowhere.plan"]);
    world.write("empty.plan", "");
    both_refuse(&world, "an_empty_plan_file", 1, &["--plan", "empty.plan"]);
    let whole = fs::read(world.directory().join("saved.plan")).expect("a plan");
    fs::write(world.directory().join("cut.plan"), &whole[..whole.len() / 2]).expect("a file");
    both_refuse(&world, "a_plan_file_cut_off", 1, &["--plan", "cut.plan"]);
    world.write("cut.json", &shown.stdout[..shown.stdout.len() / 2]);
    both_refuse(&world, "a_plan_json_cut_off", 1, &["--plan", "cut.json"]);
    world.write(
        "next.json",
        &shown.stdout.replacen("\"format_version\":\"1.", "\"format_version\":\"2.", 1),
    );
    both_refuse(&world, "a_plan_json_of_another_version", 1, &["--plan", "next.json"]);
    world.write("state.json", r#"{"format_version":"1.0"}"#);
    both_refuse(&world, "a_state_json_instead_of_a_plan", 1, &["--plan", "state.json"]);
    world.write("page.json", "<html><body>502 Bad Gateway</body></html>\n");
    both_refuse(&world, "a_web_page_instead_of_a_plan", 1, &["--plan", "page.json"]);
    world.write("plan.txt", "Terraform will perform the following actions:\n");
    both_refuse(&world, "a_plan_printed_as_text", 1, &["--plan", "plan.txt"]);
    both_refuse(&world, "a_directory_instead_of_a_plan", 1, &["--plan", "."]);
    refuses(&world, "a_log_that_does_not_exist", 1, &["fix", "--yes", "--from-log", "nowhere.log"]);
    refuses(
        &world,
        "an_approval_that_does_not_exist",
        1,
        &["fix", "--yes", "--approved", "nowhere.json"],
    );
    refuses(&world, "an_approval_that_is_none", 1, &["fix", "--yes", "--approved", "cut.json"]);
    both_refuse(&world, "another_state_that_is_none", 1, &["--other-state", "page.json"]);
}

#[test]
fn a_terraform_whose_interpreter_is_missing() {
    let world = conflict();
    world.write("terraform", "#!/nowhere/sh\n");
    fs::set_permissions(world.directory().join("terraform"), fs::Permissions::from_mode(0o755))
        .expect("a mode");
    both_refuse(
        &world,
        "a_terraform_whose_interpreter_is_missing",
        1,
        &["--terraform-bin", "./terraform"],
    );
}

#[test]
fn a_log_on_standard_input_is_read_also_where_questions_could_be_asked() {
    let world = conflict_initialised();
    let log = world.terraform(&["apply", "-input=false", "-auto-approve"]).ended(1);
    world.write("apply.log", &log.stderr);
    let input = fs::File::open(world.directory().join("apply.log")).expect("the log");
    let output = world
        .command(crate::world::DIVVY)
        .args(["fix", "--yes", "--from-log", "-"])
        .stdin(input)
        .output()
        .expect("divvy");
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    world.has_no_changes();
}
