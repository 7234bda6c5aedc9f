//! Names that only an evaluation tells, evaluated by a real console. The resource blocks lie apart
//! from the rest: Terraform itself would look for their provider.

use std::path::Path;

use divvy_terraform::{Blocks, Error};

use crate::support::{Sandbox, block_on};

const ROOT: &str = r#"
variable "prefix" {
  default = "Main"
}
variable "on" {
  default = true
}
variable "regions" {
  default = { emea = ["Sales", "Ops"], "a \"b\"" = [] }
}
locals {
  desks = {
    one = { name = "Desk One" }
    two = { name = "Desk Two" }
  }
}
resource "terraform_data" "later" {}
"#;

const BLOCKS: &str = r#"
resource "division" "plain" {
  name = "Plain"
}
resource "division" "set" {
  for_each = toset(["A", "B c"])
  name     = each.key
}
resource "division" "map" {
  for_each = {
    # two of them
    one = local.desks.one
    two = local.desks["two"] // the other
  }
  name = "${var.prefix} ${each.value.name}"
}
resource "division" "many" {
  count = 2
  name  = "Line ${count.index + 1}"
}
resource "division" "maybe" {
  count = var.on ? 1 : 0
  name  = "Maybe"
}
resource "division" "never" {
  count = var.on ? 0 : 1
  name  = "Never"
}
resource "division" "computed" {
  name = format("%s Ops", var.prefix)
}
resource "division" "unknown" {
  name = terraform_data.later.id
}
resource "division" "wrong" {
  name = "x ${local.desks.three.name}"
}
module "org" {
  source   = "./org"
  for_each = var.regions
  names    = each.value
}
module "pair" {
  source = "./org"
  count  = 2
  names  = [upper(var.prefix)]
  region = "r${count.index}"
}
"#;

const MODULE: &str = r#"
variable "names" {
  type = set(string)
}
variable "region" {
  default = "eu"
}
locals {
  suffix = "(${local.region})"
  region = upper(var.region)
}
resource "division" "of" {
  for_each = var.names
  name     = "${each.key} ${local.suffix}"
}
resource "division" "fixed" {
  name = "Fixed"
}
data "x" "y" {}
resource "division" "late" {
  name = data.x.y.name
}
module "deep" {
  source = "./deep"
  names  = { for name in var.names : lower(name) => "${name}!" }
}
"#;

const DEEP: &str = r#"
variable "names" {}
resource "division" "in" {
  for_each = var.names
  name     = each.value
}
"#;

const MODULES: &str = r#"{"Modules": [{"Key": "", "Dir": "."}, {"Key": "org", "Dir": "org"},
    {"Key": "org.deep", "Dir": "org/deep"}, {"Key": "pair", "Dir": "org"},
    {"Key": "pair.deep", "Dir": "org/deep"}]}"#;

/// The sandbox and its blocks, of which `main` holds the root's.
fn sandbox(main: (&str, &str)) -> (Sandbox, Blocks) {
    let sandbox = Sandbox::new(ROOT);
    for (name, text) in [
        main,
        ("org/main.tf", MODULE),
        ("org/deep/main.tf", DEEP),
        (".terraform/modules/modules.json", MODULES),
    ] {
        sandbox.write(&format!("beside/{name}"), text);
    }
    let blocks = Blocks::read(&sandbox.path().join("beside"), Path::new(".terraform")).unwrap();
    assert!(blocks.unreadable().is_empty());
    (sandbox, blocks)
}

fn computed(sandbox: &Sandbox, blocks: &Blocks) -> Vec<String> {
    let found = block_on(sandbox.open().computed_instances(blocks, "division")).unwrap();
    let mut found: Vec<String> =
        found.into_iter().map(|(address, name)| format!("{address} = {name}")).collect();
    found.sort();
    found
}

#[test]
fn each_count_variables_locals_and_modules_are_evaluated_in_one_start() {
    let (sandbox, blocks) = sandbox(("main.tf", BLOCKS));
    assert_eq!(
        blocks.named_instances("division"),
        [("division.plain".to_owned(), "Plain".to_owned())]
    );
    assert!(blocks.has_computed_instances("division"));
    assert_eq!(
        computed(&sandbox, &blocks),
        [
            "division.computed = Main Ops",
            "division.many[0] = Line 1",
            "division.many[1] = Line 2",
            r#"division.map["one"] = Main Desk One"#,
            r#"division.map["two"] = Main Desk Two"#,
            "division.maybe[0] = Maybe",
            r#"division.set["A"] = A"#,
            r#"division.set["B c"] = B c"#,
            r#"module.org["a \"b\""].division.fixed = Fixed"#,
            r#"module.org["emea"].division.fixed = Fixed"#,
            r#"module.org["emea"].division.of["Ops"] = Ops (EU)"#,
            r#"module.org["emea"].division.of["Sales"] = Sales (EU)"#,
            r#"module.org["emea"].module.deep.division.in["ops"] = Ops!"#,
            r#"module.org["emea"].module.deep.division.in["sales"] = Sales!"#,
            "module.pair[0].division.fixed = Fixed",
            r#"module.pair[0].division.of["MAIN"] = MAIN (R0)"#,
            r#"module.pair[0].module.deep.division.in["main"] = MAIN!"#,
            "module.pair[1].division.fixed = Fixed",
            r#"module.pair[1].division.of["MAIN"] = MAIN (R1)"#,
            r#"module.pair[1].module.deep.division.in["main"] = MAIN!"#,
        ]
    );
    assert_eq!(sandbox.effects.take(), ["console"]);
}

#[test]
fn json_syntax_is_evaluated_as_well() {
    let (sandbox, blocks) = sandbox((
        "cdk.tf.json",
        r#"{"resource": {"division": {
            "map": {"for_each": {"a": {"n": "A"}}, "name": "${var.prefix} ${each.value.n}"},
            "set": {"for_each": "${toset([\"B\"])}", "name": "${each.key}"},
            "two": {"count": 2, "name": "T"},
            "one": {"name": "One"}}},
         "module": {"org": {"source": "./org", "names": ["X"]}}}"#,
    ));
    let found = computed(&sandbox, &blocks);
    assert_eq!(
        found[..4],
        [
            r#"division.map["a"] = Main A"#,
            r#"division.set["B"] = B"#,
            "division.two[0] = T",
            "division.two[1] = T",
        ]
    );
    assert!(found.contains(&r#"module.org.division.of["X"] = X (EU)"#.to_owned()), "{found:?}");
    let named = blocks.named_instances("division");
    assert!(named.contains(&("division.one".to_owned(), "One".to_owned())), "{named:?}");
}

#[test]
fn where_nothing_is_computed_nothing_is_started() {
    let sandbox = Sandbox::new(ROOT);
    sandbox.write("beside/main.tf", "resource \"division\" \"a\" {\n  name = \"A\"\n}\n");
    let blocks = Blocks::read(&sandbox.path().join("beside"), Path::new(".terraform")).unwrap();
    assert!(!blocks.has_computed_instances("division"));
    assert_eq!(computed(&sandbox, &blocks), [""; 0]);
    assert!(sandbox.effects.take().is_empty());
}

#[test]
fn a_console_that_fails_is_an_error_and_no_guess() {
    let (sandbox, blocks) = sandbox(("main.tf", BLOCKS));
    sandbox.write("broken.tf", "resource {");
    let failed = block_on(sandbox.open().computed_instances(&blocks, "division"));
    assert!(matches!(failed, Err(Error::Terraform(_))), "{failed:?}");
}
