//! Where the configuration wants the divisions that `ensure` makes, and how the import lines are
//! typed: with for_each, count and modules, in another directory, with OpenTofu, and without any.

use std::path::Path;

use divvy_sandbox::emulator::Seed;

use crate::ensure_story::run_in_shell;
use crate::world::{World, seed, terraform};

const PROVIDER: &str = "terraform {\n  required_providers {\n    genesyscloud = { source = \"mypurecloud/genesyscloud\" }\n  }\n}\n";

const COMPUTED: &str = r#"
variable "regions" {
  default = {
    emea = ["Sales", "Claims"]
  }
}
variable "prefix" {}
resource "genesyscloud_auth_division" "desk" {
  for_each = toset(["Contact Centre 1", "Tom's \"VIP\" desk"])
  name     = each.key
}
resource "genesyscloud_auth_division" "line" {
  count = 1
  name  = "${var.prefix} ${count.index + 1}"
}
module "org" {
  source   = "./org"
  for_each = var.regions
  names    = each.value
}
"#;

const MODULE: &str = r#"
variable "names" {
  type = set(string)
}
resource "genesyscloud_auth_division" "of" {
  for_each = var.names
  name     = each.key
}
"#;

const NAMES: [&str; 5] = ["Contact Centre 1", "Tom's \"VIP\" desk", "Line 1", "Sales", "Claims"];

fn computed(directory: &str) -> World {
    let mut world = World::new(Seed::default());
    let file = |name: &str| Path::new(directory).join(name).to_str().unwrap().to_owned();
    world.write(&file("main.tf"), &format!("{PROVIDER}{COMPUTED}"));
    world.write(&file("org/main.tf"), &format!("{PROVIDER}{MODULE}"));
    world.set("TF_VAR_prefix", "Line");
    world
}

fn ensure<'a>(more: &[&'a str]) -> Vec<&'a str> {
    [&["ensure"], &NAMES[..], more].concat()
}

#[test]
fn names_in_for_each_count_and_modules_get_their_real_addresses() {
    let world = computed("");
    world.init();
    let ran = world.divvy(&ensure(&["-o", "commands"])).ended(0);
    let kind = "genesyscloud_auth_division";
    for address in [
        format!("'{kind}.desk[\"Contact Centre 1\"]'"),
        format!("'{kind}.desk[\"Tom'\\''s \\\"VIP\\\" desk\"]'"),
        format!("'{kind}.line[0]'"),
        format!("'module.org[\"emea\"].{kind}.of[\"Sales\"]'"),
        format!("'module.org[\"emea\"].{kind}.of[\"Claims\"]'"),
    ] {
        assert!(ran.stdout.contains(&address), "{address}\n{}", ran.stdout);
    }
    assert!(!ran.stderr.contains("made up"), "{}", ran.stderr);
    for line in ran.stdout.lines() {
        let _ = run_in_shell(&world, line);
    }
    world.has_no_changes();
}

#[test]
fn another_directory_is_named_in_the_line_and_values_are_passed_on() {
    let mut world = computed("infra");
    world.unset("TF_VAR_prefix");
    let chdir = "-chdir=infra";
    let _ = world.terraform(&[chdir, "init", "-input=false"]).ended(0);
    let arguments = ensure(&["--chdir", "infra", "-o", "commands", "--", "-var=prefix=Line"]);
    let ran = world.divvy(&arguments).ended(0);
    assert!(ran.stdout.contains("'genesyscloud_auth_division.line[0]'"), "{}", ran.stdout);
    world.set("TF_VAR_prefix", "Line");
    for line in ran.stdout.lines() {
        assert!(line.starts_with("terraform -chdir=infra import "), "{line}");
        let _ = run_in_shell(&world, line);
    }
    let plan = world.terraform(&[chdir, "plan", "-input=false"]).ended(0);
    assert!(plan.stdout.contains("No changes"), "{}", plan.stdout);
    let missing = world.divvy(&ensure(&["--chdir", "elsewhere"])).ended(1);
    assert!(missing.stderr.contains("elsewhere"), "{}", missing.stderr);
    let flag = world.divvy(&ensure(&["--", "-backup=x"])).ended(64);
    assert!(flag.stderr.contains("-backup"), "{}", flag.stderr);
}

#[test]
fn the_line_names_the_program_that_is_used() {
    let mut world = computed("");
    world.init();
    let tofu = world.program("tofu", &format!("exec {} \"$@\"", terraform().display()));
    let by_flag = world.divvy(&ensure(&["-o", "commands", "--terraform-bin", &tofu])).ended(0);
    world.set("DIVVY_TERRAFORM", &tofu);
    let by_variable = world.divvy(&ensure(&["-o", "commands"])).ended(0);
    world
        .unset("DIVVY_TERRAFORM")
        .set("PATH", Path::new(&tofu).parent().unwrap().to_str().unwrap());
    let by_path = world.divvy(&ensure(&["-o", "commands"])).ended(0);
    for ran in [&by_flag, &by_variable, &by_path] {
        let all = ran.stdout.lines().all(|line| line.starts_with("tofu import 'genesyscloud_"));
        assert!(all || ran.stdout.contains("module.org[\"emea\"]"), "{}", ran.stdout);
        assert!(ran.stdout.starts_with("tofu import '"), "{}", ran.stdout);
        assert_eq!(ran.stdout, by_flag.stdout);
    }
}

#[test]
fn without_init_or_terraform_the_labels_are_made_and_that_is_said() {
    let mut world = computed("");
    let made = "terraform import genesyscloud_auth_division.line_1 ";
    let uninitialised = world.divvy(&ensure(&["-o", "commands"])).ended(0);
    assert!(uninitialised.stdout.contains(made), "{}", uninitialised.stdout);
    assert!(uninitialised.stderr.contains("(terraform init)"), "{}", uninitialised.stderr);

    world.init();
    world.write("broken.tf", "variable \"x\" {");
    let broken = world.divvy(&ensure(&["-o", "commands"])).ended(0);
    assert!(broken.stdout.contains(made), "{}", broken.stdout);
    assert!(broken.stderr.contains("`terraform console` failed"), "{}", broken.stderr);

    world.set("DIVVY_TERRAFORM", "/nowhere/terraform");
    let wrong = world.divvy(&ensure(&["-o", "commands"])).ended(0);
    assert!(wrong.stdout.contains(made), "{}", wrong.stdout);
    assert!(wrong.stderr.contains("/nowhere/terraform"), "{}", wrong.stderr);

    world.unset("DIVVY_TERRAFORM").set("PATH", "");
    let without = world.divvy(&ensure(&["-o", "commands"])).ended(0);
    assert!(without.stdout.contains(made), "{}", without.stdout);
    assert!(without.stderr.contains("no terraform or tofu"), "{}", without.stderr);
}

#[test]
fn terraform_is_started_only_where_nothing_else_tells_the_address() {
    let mut world = World::new(seed(&[("a", "Sales")]));
    let witness = world.beside().join("started");
    let script = format!("touch {}; exec {} \"$@\"", witness.display(), terraform().display());
    let terraform = world.program("terraform", &script);
    world.set("DIVVY_TERRAFORM", &terraform);
    let line = |name: &str| world.divvy(&["ensure", name, "-o", "commands"]).ended(0).stdout;

    assert_eq!(line("Sales"), "terraform import genesyscloud_auth_division.sales a\n");
    world.divisions(&[("literal", "name = \"Sales\"")]).init();
    assert_eq!(line("Sales"), "terraform import genesyscloud_auth_division.literal a\n");
    let _ = line("Claims");
    assert!(!witness.exists(), "nothing is computed here");

    world.divisions(&[("literal", "name = \"Sales\""), ("computed", "name = upper(\"claims\")")]);
    let _ = line("Sales");
    assert!(!witness.exists(), "the address is known");
    let _ = world.divvy(&["ensure", "--new", "CLAIMS", "--dry-run"]).ended(0);
    assert!(witness.exists());
    let line = world.divvy(&["ensure", "--new", "CLAIMS", "-o", "commands"]).ended(0).stdout;
    assert!(line.contains("genesyscloud_auth_division.computed "), "{line}");
    assert!(witness.exists());
}
