//! What a plan's JSON leaves open, evaluated by a real console. The plan is hand-made, because the
//! provider needs no part in this; the configuration is real.

use std::path::Path;

use divvy_core::provider_arguments::Argument;
use divvy_core::survey::Alias;
use divvy_terraform::{Blocks, PlanDocument};
use secrecy::ExposeSecret;

use crate::support::{Sandbox, block_on};

const PLAN: &str = r#"{"format_version":"1.2","planned_values":{},"variables":{"region":{"value":"eu-west-3"}},"configuration":{"provider_config":{
  "genesyscloud":{"name":"genesyscloud","expressions":{
    "aws_region":{"references":["var.region"]},
    "oauthclient_id":{"references":["terraform.workspace","var.client_lab","var.client_uat"]},
    "oauthclient_secret":{"references":["local.secrets","terraform.workspace"]},
    "access_token":{"references":["terraform_data.later"]},
    "gateway":[{"port":{"references":["local.port"]}}]}}}}}"#;

#[test]
fn workspace_ternaries_locals_and_sensitive_variables_are_evaluated_in_one_start() {
    let sandbox = Sandbox::new(
        r#"
variable "client_lab" {}
variable "client_uat" {}
variable "secret" {
  sensitive = true
}
locals {
  secrets = { default = var.secret, uat = "other" }
  port    = 8000 + 80
}
resource "terraform_data" "later" {}
"#,
    );
    // Apart from the rest: Terraform itself would look for this provider. The reader does not ask.
    let provider = r#"
provider "genesyscloud" {
  aws_region         = var.region
  oauthclient_id     = terraform.workspace == "default" ? var.client_lab : var.client_uat
  oauthclient_secret = local.secrets[terraform.workspace]
  access_token       = terraform_data.later.id
  gateway {
    port = local.port
  }
}
"#;
    sandbox.write("beside/main.tf", provider);
    let blocks = Blocks::read(&sandbox.path().join("beside"), Path::new(".terraform")).unwrap();
    let plan = PlanDocument::read(PLAN.as_bytes()).unwrap();
    let directory =
        sandbox.open_with(&["-var=client_lab=lab", "-var=client_uat=uat", "-var=secret=q\"ü${x}"]);
    let all = block_on(directory.provider_arguments(&plan, &blocks)).unwrap();
    let arguments = &all[&Alias::new("genesyscloud")];
    assert_eq!(arguments.aws_region.known().unwrap(), "eu-west-3");
    assert_eq!(arguments.oauthclient_id.known().unwrap(), "lab");
    let secret = arguments.oauthclient_secret.known().unwrap();
    assert_eq!(secret.expose_secret(), "q\"ü${x}");
    let gateway = arguments.gateway.as_ref().unwrap();
    assert_eq!(gateway.port.known().unwrap(), "8080");
    assert!(matches!(
        &arguments.access_token,
        Argument::Open(reference) if reference == "terraform_data.later"
    ));
    assert_eq!(sandbox.effects.take(), ["console"]);
}

#[test]
fn without_a_plan_the_blocks_and_a_console_tell_the_same() {
    let sandbox = Sandbox::new("variable \"secret\" {\n  sensitive = true\n}\n");
    // Apart from the rest: Terraform itself would look for this provider. The reader does not ask.
    let provider = "provider \"genesyscloud\" {\n  oauthclient_id     = \"id-1\"\n  oauthclient_secret = var.secret\n}\n";
    sandbox.write("beside/main.tf", provider);
    let blocks = Blocks::read(&sandbox.path().join("beside"), Path::new(".terraform")).unwrap();
    let directory = sandbox.open_with(&["-var=secret=hush"]);
    let all = block_on(directory.provider_arguments_without_plan(&blocks)).unwrap();
    let arguments = &all[&Alias::new("genesyscloud")];
    assert_eq!(arguments.oauthclient_id.known().unwrap(), "id-1");
    assert_eq!(arguments.oauthclient_secret.known().unwrap().expose_secret(), "hush");
    assert_eq!(sandbox.effects.take(), ["console"]);
}
