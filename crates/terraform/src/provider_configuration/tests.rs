//! Provider blocks of recorded and hand-made plans; the console's part is played by a map.

use std::path::Path;

use secrecy::ExposeSecret;

use super::*;
use crate::blocks::{Argument as WrittenArgument, ImportBlock, Place};
use crate::tests::fixture;

struct Case {
    plan: PlanDocument,
    blocks: Blocks,
}

impl Case {
    fn new(plan: &[u8], files: &[(&str, &str)]) -> Self {
        let root = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let path = root.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        Self {
            plan: PlanDocument::read(plan).unwrap(),
            blocks: Blocks::read(root.path(), Path::new(".terraform")).unwrap(),
        }
    }

    fn open(&self) -> Vec<String> {
        Reader::new(&self.plan, &self.blocks).open_expressions()
    }

    fn of(&self, alias: &str, evaluated: &[(&str, Value)]) -> ProviderArguments {
        let evaluated =
            evaluated.iter().map(|(text, value)| ((*text).to_owned(), value.clone())).collect();
        let mut all = Reader::new(&self.plan, &self.blocks).arguments(&evaluated);
        all.remove(&Alias::new(alias)).unwrap()
    }
}

fn secret(argument: &Argument<SecretString>) -> &str {
    argument.known().unwrap().expose_secret()
}

fn text(argument: &Argument<String>) -> &str {
    argument.known().unwrap()
}

#[test]
fn constants_and_root_variables_need_no_console() {
    let plan = fixture("terraform-samples/plan-provider-aliases-and-secrets.json");
    let case = Case::new(
        &plan,
        &[(
            "main.tf",
            "provider \"genesyscloud\" {\n  alias = \"eu\"\n  oauthclient_secret = var.secret\n}\n",
        )],
    );
    assert!(case.open().is_empty());
    let default = case.of("genesyscloud", &[]);
    assert_eq!(text(&default.aws_region), "us-east-1");
    assert_eq!(secret(&default.oauthclient_secret), "s3cr3t-const");
    let eu = case.of("genesyscloud.eu", &[]);
    assert_eq!(text(&eu.oauthclient_id), "id-eu");
    assert_eq!(secret(&eu.oauthclient_secret), "s3cr3t-var");
    assert!(!format!("{eu:?}").contains("s3cr3t"));
}

#[test]
fn without_the_files_a_reference_stays_open_by_its_name() {
    let plan = fixture("terraform-samples/plan-provider-aliases-and-secrets.json");
    let case = Case::new(&plan, &[]);
    assert!(matches!(
        case.of("genesyscloud.eu", &[]).oauthclient_secret,
        Argument::Open(reference) if reference == "var.secret"
    ));
}

#[test]
fn the_gateway_of_a_recorded_plan_is_read() {
    let plan = fixture("provider-samples/plan-import-home-with-flag.json");
    let gateway = Case::new(&plan, &[]).of("genesyscloud", &[]).gateway.unwrap();
    assert_eq!(text(&gateway.host), "127.0.0.1");
    assert_eq!(text(&gateway.port), "8080");
    assert_eq!(text(&gateway.protocol), "http");
    assert!(gateway.auth.is_none() && gateway.path_params.is_empty());
}

const NESTED: &str = r#"{"format_version":"1.2","planned_values":{},"variables":{"port":{"value":8080}},"configuration":{"provider_config":{
  "genesyscloud":{"name":"genesyscloud","full_name":"genesys.com/mypurecloud/genesyscloud","expressions":{
    "aws_region":{"references":["terraform.workspace"]},
    "oauthclient_id":{"references":["var.x"]},
    "access_token":{"constant_value":null},
    "gateway":[{"port":{"references":["var.port"]},
      "auth":[{"username":{"constant_value":"u"},"password":{"references":["local.p"]}}],
      "path_params":[{"path_name":{"constant_value":"login"},"path_value":{"constant_value":"l"}},
                     {"path_name":{"constant_value":"api"},"path_value":{"references":["local.api"]}}]}],
    "proxy":[{}]}},
  "genesyscloud.empty":{"name":"genesyscloud","alias":"empty","expressions":{"gateway":[{}]}},
  "genesyscloud.dynamic":{"name":"genesyscloud","alias":"dynamic","expressions":{}},
  "other":{"name":"other","full_name":"a/b/other","expressions":{}}}}}"#;

const NESTED_FILE: &str = r#"
provider "genesyscloud" {
  aws_region     = terraform.workspace == "prod" ? "eu-west-2" : "eu-west-1"
  oauthclient_id = upper(var.x)
  access_token   = null
  gateway {
    port = var.port
    auth {
      username = "u"
      password = local.p
    }
    path_params {
      path_name  = "login"
      path_value = "l"
    }
    path_params {
      path_name  = "api"
      path_value = local.api
    }
  }
  proxy {}
}
provider "genesyscloud" {
  alias = "dynamic"
  dynamic "gateway" {
    for_each = []
    content {}
  }
}
"#;

#[test]
fn what_the_json_leaves_open_is_asked_for_by_its_text_and_filled_in() {
    let case = Case::new(NESTED.as_bytes(), &[("main.tf", NESTED_FILE)]);
    let ternary = "terraform.workspace == \"prod\" ? \"eu-west-2\" : \"eu-west-1\"";
    assert_eq!(case.open(), ["local.api", "local.p", ternary, "upper(var.x)"]);
    let arguments = case.of(
        "genesyscloud",
        &[
            (ternary, Value::from("eu-west-1")),
            ("local.p", Value::from("pw")),
            ("local.api", Value::Null),
        ],
    );
    assert_eq!(text(&arguments.aws_region), "eu-west-1");
    assert!(arguments.access_token.is_absent());
    assert!(matches!(&arguments.oauthclient_id, Argument::Open(name) if name == "var.x"));
    let gateway = arguments.gateway.unwrap();
    assert_eq!(text(&gateway.port), "8080");
    assert_eq!(secret(&gateway.auth.unwrap().password), "pw");
    assert_eq!(text(&gateway.path_params[0].1), "l");
    assert!(gateway.path_params[1].1.is_absent());
    assert!(arguments.proxy.unwrap().host.is_absent());
}

#[test]
fn an_empty_gateway_is_there_and_a_dynamic_one_is_open() {
    let case = Case::new(NESTED.as_bytes(), &[("main.tf", NESTED_FILE)]);
    assert!(case.of("genesyscloud.empty", &[]).gateway.is_some());
    let dynamic = case.of("genesyscloud.dynamic", &[]).gateway.unwrap();
    assert!(matches!(dynamic.host, Argument::Open(_)));
}

#[test]
fn variables_of_a_module_are_followed_up_to_the_root() {
    let plan = r#"{"format_version":"1.2","planned_values":{},"variables":{"token":{"value":"t"}},"configuration":{
      "provider_config":{"module.a.module.b:genesyscloud":{"name":"genesyscloud","module_address":"module.a.module.b",
        "expressions":{"access_token":{"references":["var.t"]},"aws_region":{"references":["var.r"]},
                       "oauthclient_id":{"references":["var.i"]},"oauthclient_secret":{"references":["var.s"]}}}},
      "root_module":{"module_calls":{"a":{"expressions":{"t":{"references":["var.token"]},"i":{"references":["local.i"]}},
        "module":{"variables":{"t":{},"i":{}},"module_calls":{"b":{
          "expressions":{"t":{"references":["var.t"]},"i":{"references":["var.i"]},"s":{"references":["var.t"]}},
          "module":{"variables":{"t":{},"i":{},"s":{},"r":{"default":"eu-west-1"}}}}}}}}}}}"#;
    let case = Case::new(
        plan.as_bytes(),
        &[
            ("main.tf", "module \"a\" {\n  source = \"./a\"\n  t = var.token\n  i = local.i\n}\n"),
            (
                "a/main.tf",
                "module \"b\" {\n  source = \"./b\"\n  t = var.t\n  i = var.i\n  s = upper(var.t)\n}\n",
            ),
            (
                "a/b/main.tf",
                "provider \"genesyscloud\" {\n  access_token = var.t\n  aws_region = var.r\n  oauthclient_id = var.i\n  oauthclient_secret = var.s\n}\n",
            ),
            (
                ".terraform/modules/modules.json",
                r#"{"Modules":[{"Key":"","Dir":"."},{"Key":"a","Dir":"a"},{"Key":"a.b","Dir":"a/b"}]}"#,
            ),
        ],
    );
    assert_eq!(case.open(), ["local.i"]);
    let arguments = case.of("module.a.module.b:genesyscloud", &[("local.i", Value::from("id"))]);
    assert_eq!(secret(&arguments.access_token), "t");
    assert_eq!(text(&arguments.aws_region), "eu-west-1");
    assert_eq!(text(&arguments.oauthclient_id), "id");
    assert!(matches!(&arguments.oauthclient_secret, Argument::Open(name) if name == "var.t"));
}

#[test]
fn an_alias_without_any_block_is_an_empty_configuration() {
    let plan = r#"{"format_version":"1.2","planned_values":{},"configuration":{"root_module":{"resources":[{"mode":"managed",
      "type":"genesyscloud_auth_division","name":"x","provider_config_key":"genesyscloud"}]}}}"#;
    let arguments = Case::new(plan.as_bytes(), &[]).of("genesyscloud", &[]);
    assert!(arguments.sets_no_credentials() && arguments.gateway.is_none());
}

#[test]
fn a_block_of_constants_is_known_before_a_plan_and_any_other_is_not() {
    let known = |text: &str| {
        Case::new(br#"{"format_version":"1.2","planned_values":{}}"#, &[("main.tf", text)])
            .blocks
            .arguments_known_before_a_plan("genesyscloud")
    };
    assert!(known("").unwrap().sets_no_credentials());
    let arguments = known(
        "provider \"genesyscloud\" {\n  aws_region = \"eu-west-1\"\n  access_token = null\n  gateway {\n    port = 80\n  }\n}\n",
    )
    .unwrap();
    assert_eq!(text(&arguments.aws_region), "eu-west-1");
    assert_eq!(text(&arguments.gateway.as_ref().unwrap().port), "80");
    assert!(arguments.sets_no_credentials());
    for open in [
        "provider \"genesyscloud\" {\n  aws_region = var.x\n}\n",
        "provider \"genesyscloud\" {\n  gateway {\n    host = local.h\n  }\n}\n",
        "provider \"genesyscloud\" {\n  dynamic \"gateway\" {\n    for_each = []\n    content {}\n  }\n}\n",
        "provider \"genesyscloud\" {}\nprovider \"genesyscloud\" {\n  alias = \"b\"\n}\n",
        "provider \"genesyscloud\" {\n",
    ] {
        assert!(known(open).is_none(), "{open}");
    }
}

#[test]
fn blocks_alone_tell_constants_and_what_stays_open_without_showing_an_expression() {
    let files = [
        (
            "main.tf",
            r#"
provider "genesyscloud" {
  oauthclient_id     = "id-1"
  oauthclient_secret = "hu${var.sh}"
  aws_region         = var.region
  gateway {
    host = local.host
    port = "8080"
  }
}
provider "genesyscloud" {
  alias      = "eu"
  aws_region = "eu-west-1"
}
"#,
        ),
        ("modules/a/main.tf", "provider \"genesyscloud\" {\n  aws_region = \"ap-south-1\"\n}\n"),
        (
            ".terraform/modules/modules.json",
            r#"{"Modules":[{"Key":"","Dir":"."},{"Key":"a","Dir":"modules/a"}]}"#,
        ),
    ];
    let case = Case::new(
        br#"{"format_version":"1.2","planned_values":{},"resource_changes":[],"configuration":{}}"#,
        &files,
    );
    let all = case.blocks.constant_provider_arguments();
    let keys: Vec<&str> = all.keys().map(Alias::as_str).collect();
    assert_eq!(keys, ["genesyscloud", "genesyscloud.eu", "module.a:genesyscloud"]);
    let default = &all[&Alias::new("genesyscloud")];
    assert_eq!(text(&default.oauthclient_id), "id-1");
    assert!(
        matches!(&default.oauthclient_secret, Argument::Open(shown) if shown == "an expression")
    );
    assert!(matches!(&default.aws_region, Argument::Open(shown) if shown == "var.region"));
    let gateway = default.gateway.as_ref().unwrap();
    assert_eq!(text(&gateway.port), "8080");
    assert!(matches!(&gateway.host, Argument::Open(shown) if shown == "local.host"));
    assert_eq!(text(&all[&Alias::new("module.a:genesyscloud")].aws_region), "ap-south-1");

    let plan = case.blocks.as_plan();
    let open = Reader::new(&plan, &case.blocks).open_expressions();
    assert_eq!(open, ["\"hu${var.sh}\"", "local.host", "var.region"]);
}

#[test]
fn the_blocks_tell_which_provider_configuration_serves_an_import() {
    let two = "provider \"genesyscloud\" {}\nprovider \"genesyscloud\" {\n  alias = \"eu\"\n}\n";
    let resource = |label: &str, provider: &str| {
        format!("resource \"genesyscloud_auth_division\" \"{label}\" {{\n{provider}}}\n")
    };
    let root = [
        resource("plain", ""),
        resource("eu", "  provider = genesyscloud.eu\n"),
        resource("other", "  provider = gc\n"),
        "module \"silent\" {\n  source = \"./m\"\n}\n".to_owned(),
        "module \"told\" {\n  source = \"./m\"\n  providers = {\n    genesyscloud = genesyscloud.eu\n  }\n}\n".to_owned(),
        "module \"empty\" {\n  source = \"./m\"\n  providers = {}\n}\n".to_owned(),
        "module \"own\" {\n  source = \"./own\"\n}\n".to_owned(),
        "module \"bare\" {\n  source = \"./bare\"\n}\n".to_owned(),
        "module \"proxy\" {\n  source = \"./bare\"\n  providers = { genesyscloud = genesyscloud.eu }\n}\n".to_owned(),
        "module \"noted\" {\n  source = \"./m\"\n  providers = {\n    genesyscloud = genesyscloud.eu # Europe\n  }\n}\n".to_owned(),
    ];
    let manifest = r#"{"Modules":[{"Key":"silent","Dir":"m"},{"Key":"told","Dir":"m"},{"Key":"empty","Dir":"m"},{"Key":"own","Dir":"own"},{"Key":"bare","Dir":"bare"},{"Key":"proxy","Dir":"bare"},{"Key":"noted","Dir":"m"},{"Key":"json","Dir":"m"}]}"#;
    let json =
        r#"{"module":{"json":{"source":"./m","providers":{"genesyscloud":"genesyscloud.eu"}}}}"#;
    let own = format!(
        "provider \"genesyscloud\" {{\n  aws_region = \"eu-west-1\"\n}}\n{}",
        resource("x", "")
    );
    let bare = format!("provider \"genesyscloud\" {{}}\n{}", resource("x", ""));
    let case = |providers: &str| {
        let main = format!("{providers}{}", root.concat());
        let module = resource("x", "");
        let files = [
            ("main.tf", main.as_str()),
            ("more.tf.json", json),
            ("m/main.tf", &module),
            ("own/main.tf", &own),
            ("bare/main.tf", &bare),
            (".terraform/modules/modules.json", manifest),
        ];
        Case::new(&fixture("terraform-samples/plan-provider-aliases-and-secrets.json"), &files)
    };
    let alias = |case: &Case, to: &str, provider: Option<&str>| {
        let (module, label) = to.rsplit_once('.').unwrap_or(("", to));
        let separator = if module.is_empty() { "" } else { "." };
        let place = Place { file: "main.tf".into(), line: 1, bytes: (0, 0) };
        let to = format!("{module}{separator}genesyscloud_auth_division.{label}");
        let address = divvy_core::Address::parse(&to).unwrap();
        let mut import = ImportBlock { to, place: place.clone(), body: Written::default() };
        if let Some(named) = provider {
            let form = Form::Expression(named.to_owned());
            import.body.arguments.insert("provider".into(), WrittenArgument { place, form });
        }
        case.blocks.alias_of_import(&address, &import).map(|alias| alias.to_string())
    };
    let several = case(two);
    for (to, provider, expected) in [
        ("plain", None, Some("genesyscloud")),
        ("eu", None, Some("genesyscloud.eu")),
        ("without_a_block", Some("genesyscloud.eu"), Some("genesyscloud.eu")),
        ("other", None, None),
        ("misspelled", Some("genesyscloud.eux"), None),
        ("module.silent.x", None, Some("genesyscloud")),
        ("module.told.x", None, Some("genesyscloud.eu")),
        ("module.empty.x", None, None),
        ("module.own.x", None, Some("module.own:genesyscloud")),
        ("module.bare.x", None, None),
        ("module.proxy.x", None, Some("genesyscloud.eu")),
        ("module.noted.x", None, Some("genesyscloud.eu")),
        ("module.json.x", None, Some("genesyscloud.eu")),
    ] {
        assert_eq!(alias(&several, to, provider).as_deref(), expected, "{to}");
    }
    assert_eq!(alias(&case(""), "plain", None).as_deref(), Some("genesyscloud"));
    let one = case("provider \"genesyscloud\" {\n  alias = \"eu\"\n}\n");
    assert_eq!(alias(&one, "eu", None).as_deref(), Some("genesyscloud.eu"));
}
