//! Blocks of small files written here, and of the public shapes among the fixtures.

use super::*;

fn read(files: &[(&str, &str)]) -> Blocks {
    let root = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = root.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    Blocks::read(root.path(), Path::new(".terraform")).unwrap()
}

fn place_of(blocks: &Blocks, address: &str) -> Option<String> {
    let address = Address::parse(address).unwrap();
    blocks.resource(&address).map(ToString::to_string)
}

fn form<'a>(blocks: &'a Blocks, alias: Option<&str>, name: &str) -> &'a Form {
    &blocks.provider_body(&[], "genesyscloud", alias).unwrap().arguments[name].form
}

#[test]
fn finds_the_place_of_an_instance_through_modules_and_past_a_byte_order_mark() {
    let blocks = read(&[
        (
            "main.tf",
            "\u{feff}# ü\r\nresource \"a\" \"x\" {\r\n  for_each = {}\r\n}\r\nmodule \"m\" {\n  source = \"./m\"\n}\n",
        ),
        ("m/main.tf", "\n\nresource \"a\" \"y\" {}\n"),
        (
            ".terraform/modules/modules.json",
            r#"{"Modules":[{"Key":"","Dir":"."},{"Key":"m","Dir":"m"},{"Key":"gone","Dir":"gone"}]}"#,
        ),
    ]);
    assert_eq!(place_of(&blocks, r#"a.x["k"]"#).as_deref(), Some("main.tf:2"));
    assert_eq!(place_of(&blocks, r#"module.m["k"].a.y[0]"#).as_deref(), Some("m/main.tf:3"));
    assert_eq!(place_of(&blocks, "a.z"), None);
    let bytes = blocks.resource(&Address::parse("a.x").unwrap()).unwrap().bytes;
    assert_eq!(bytes, (9, 9 + "resource \"a\" \"x\" {\r\n  for_each = {}\r\n}".len()));
}

#[test]
fn a_broken_file_is_named_and_hides_nothing_else() {
    let blocks = read(&[
        ("broken.tf", "resource \"a\" \"x\" {\n"),
        ("also.tf.json", "{"),
        ("good.tf", "resource \"a\" \"y\" {}\n"),
        (".hidden.tf", "resource \"a\" \"z\" {}\n"),
    ]);
    assert_eq!(blocks.unreadable(), [Path::new("also.tf.json"), Path::new("broken.tf")]);
    assert_eq!(place_of(&blocks, "a.y").as_deref(), Some("good.tf:1"));
    assert_eq!(place_of(&blocks, "a.z"), None);
}

#[test]
fn tells_whether_a_provider_block_says_who_is_asking() {
    let blocks = read(&[(
        "main.tf",
        r#"
provider "genesyscloud" {
  aws_region = "eu-west-1"
  oauthclient_secret = ""
  access_token = null
}
provider "genesyscloud" {
  alias = "eu"
  oauthclient_id     = "visible"
  oauthclient_secret = var.secret
}
provider "genesyscloud" {
  alias = "us"
  oauthclient_secret = "hunter2"
  gateway {
    host = (var.a
      ? var.b : "x")
    dynamic "path_params" {
      for_each = []
      content {}
    }
  }
}
"#,
    )]);
    let said: Vec<Credentials> =
        blocks.providers("genesyscloud").map(|block| block.credentials).collect();
    assert_eq!(said, [Credentials::NotSet, Credentials::Literal, Credentials::Literal]);
    let places: Vec<String> =
        blocks.literal_credentials().iter().map(ToString::to_string).collect();
    assert_eq!(places, ["main.tf:14"]);
    assert!(
        form(&blocks, Some("eu"), "oauthclient_secret") == &Form::Expression("var.secret".into())
    );
    let body = blocks.provider_body(&[], "genesyscloud", Some("us")).unwrap();
    let gateway = &body.blocks[0].1;
    assert!(gateway.arguments["host"].form == Form::Expression("(var.a ? var.b : \"x\")".into()));
    assert_eq!(gateway.dynamic, ["path_params"]);
    assert!(!format!("{:?}", blocks.providers).contains("hunter2"));
}

#[test]
fn an_override_file_wins() {
    let blocks = read(&[
        ("a_override.tf", "provider \"genesyscloud\" {\n  oauthclient_id = var.b\n}\n"),
        (
            "b.tf",
            "provider \"genesyscloud\" {\n  oauthclient_id = var.a\n  aws_region = var.r\n}\n",
        ),
    ]);
    assert!(form(&blocks, None, "oauthclient_id") == &Form::Expression("var.b".into()));
    assert!(form(&blocks, None, "aws_region") == &Form::Expression("var.r".into()));
    assert_eq!(blocks.providers("genesyscloud").count(), 1);
}

#[test]
fn json_syntax_is_read_with_lines_and_single_interpolations_as_expressions() {
    let blocks = read(&[(
        "main.tf.json",
        r#"{
  "terraform": {"backend": {"pg": {}}, "required_providers": {"genesyscloud": {"source": "mypurecloud/genesyscloud"}}},
  "provider": {"genesyscloud": [
    {"oauthclient_secret": "${var.s}", "aws_region": "eu-${var.r}", "gateway": {"host": "h"}},
    {"alias": "x", "access_token": "plain"}
  ]},
  "resource": {
    "a": {
      "x": {"name": "x"},
      "y": [{"name": "y"}]
    }
  },
  "import": [{"to": "a.x", "id": "1"}]
}"#,
    )]);
    assert_eq!(place_of(&blocks, "a.y").as_deref(), Some("main.tf.json:10"));
    assert_eq!(blocks.backend(), Some("pg"));
    assert_eq!(blocks.required_provider("genesyscloud"), Some("mypurecloud/genesyscloud"));
    assert_eq!(blocks.imports()[0].to, "a.x");
    assert!(form(&blocks, None, "oauthclient_secret") == &Form::Expression("var.s".into()));
    assert!(form(&blocks, None, "aws_region") == &Form::Opaque);
    assert_eq!(blocks.literal_credentials()[0].line, 5);
}

#[test]
fn settings_and_import_blocks_are_read() {
    let blocks = read(&[(
        "main.tf",
        r#"
terraform {
  cloud {
    organization = "x"
  }
  required_providers {
    genesyscloud = {
      source = "mypurecloud/genesyscloud"
    }
  }
}
import {
  to = a.x["k"]
  id = "1"
}
"#,
    )]);
    assert_eq!(blocks.backend(), Some("cloud"));
    assert_eq!(blocks.required_provider("genesyscloud"), Some("mypurecloud/genesyscloud"));
    assert_eq!(blocks.imports()[0].to, r#"a.x["k"]"#);
    assert_eq!(blocks.imports()[0].place.line, 12);
}

#[test]
fn every_public_shape_is_read_without_a_broken_file() {
    let configurations = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/configs");
    let mut divisions = 0;
    for entry in fs::read_dir(configurations).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            let blocks = Blocks::read(&path, Path::new(".terraform")).unwrap();
            assert!(blocks.unreadable().is_empty(), "{path:?}");
            divisions += blocks.resources_of_type("genesyscloud_auth_division").count();
        }
    }
    assert!(divisions >= 10, "{divisions}");
}
