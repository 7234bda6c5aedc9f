//! `divvy doctor` against the emulator, with real Terraform and the stand-in provider.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use divvy_sandbox::emulator::{Effect, Fault, Refusal, Seed};
use serde_json::{Value, json};

use crate::world::{Ran, SECRET, World, fixture, seed, seed_of, state_text};

const DIVISIONS: &str = "/api/v2/authorization/divisions";
const HOME: &str = "1b870573-cadb-4195-848d-756cd9a509a1";

/// A seed with one client, who holds these permissions (all, if none are named) in these divisions.
fn client(permissions: Option<&[&str]>, divisions: Option<&[&str]>) -> Seed {
    let mut client = json!({ "id": "client", "secret": SECRET });
    if let Some(permissions) = permissions {
        client["permissions"] = json!(permissions);
    }
    if let Some(divisions) = divisions {
        client["divisions"] = json!(divisions);
    }
    seed_of(&json!({
        "org": { "id": "org-1", "name": "Test Org" },
        "divisions": [{ "id": "id-eng", "name": "Engineering" }, { "id": "id-sales", "name": "Sales" }],
        "clients": [client],
        "limit": 50,
    }))
}

/// A world in which all is well: Engineering is managed.
fn well(seed: Seed) -> World {
    let world = World::new(seed);
    world.divisions(&[("eng", "name = \"Engineering\"")]).init();
    world
}

/// Runs doctor and reads its JSON, which is held to the schema.
#[track_caller]
fn checks(world: &World, code: i32) -> Checks {
    Checks::of(&world.divvy(&["doctor", "-o", "json"]).ended(code))
}

struct Checks(Vec<Value>);

impl Checks {
    #[track_caller]
    fn of(ran: &Ran) -> Self {
        let document = ran.json();
        let errors: Vec<_> = validator()
            .iter_errors(&document)
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect();
        assert!(errors.is_empty(), "{errors:#?}\n{document:#}");
        Self(document["checks"].as_array().expect("checks").clone())
    }

    #[track_caller]
    fn of_id(&self, id: &str) -> &Value {
        self.0.iter().find(|check| check["id"] == id).unwrap_or_else(|| panic!("{id} is missing"))
    }

    /// The ids of those that came to `ok`.
    fn that_are(&self, ok: &Value) -> BTreeSet<&str> {
        let found = self.0.iter().filter(|check| check["ok"] == *ok);
        found.map(|check| check["id"].as_str().expect("an id")).collect()
    }

    fn crosses(&self) -> BTreeSet<&str> {
        self.that_are(&json!(false))
    }

    #[track_caller]
    fn says(&self, id: &str, parts: &[&str]) {
        let text = self.of_id(id).to_string();
        for part in parts {
            assert!(text.contains(part), "{part} is not in {text}");
        }
    }
}

/// The schema, closed: a field that it does not describe is an error here.
fn validator() -> jsonschema::Validator {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/doctor.schema.json");
    let mut schema: Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    schema["additionalProperties"] = json!(false);
    schema["properties"]["checks"]["items"]["additionalProperties"] = json!(false);
    jsonschema::validator_for(&schema).unwrap()
}

#[test]
fn all_is_well() {
    let world = well(client(None, None));
    let _ = world.divvy(&["fix", "--yes"]).ended(0);
    let checks = checks(&world, 0);
    assert_eq!(checks.crosses(), BTreeSet::new(), "{:#?}", checks.0);
    assert_eq!(checks.that_are(&Value::Null), BTreeSet::new(), "{:#?}", checks.0);
    checks.says("lock_file", &["mypurecloud/genesyscloud", "1.84.1"]);
    checks.says("state", &["backend local", "workspace default", "1 instances"]);
    checks.says("credentials", &["OAuth client client, from environment"]);
    checks.says("region", &["http://127.0.0.1:", "~/.genesyscloudgo/config"]);
    checks.says("org", &["Test Org", "org-1"]);
    checks.says("state_ids", &["all 1 tracked divisions"]);
    checks.says("limit", &["3 of 50"]);
}

#[test]
fn the_page_shows_the_same_and_nothing_is_written() {
    let world = well(client(None, None));
    let before = format!("{:?}", world.org().org());
    let files = || {
        let entries = fs::read_dir(world.directory()).unwrap();
        entries.map(|entry| entry.unwrap().file_name()).collect::<BTreeSet<_>>()
    };
    let there = files();
    world.org().clear_requests();
    let page = world.divvy(&["doctor"]).ended(0).stdout;
    assert!(page.contains("✓ terraform: ") && page.ends_with("next: divvy check\n"), "{page}");
    assert!(!page.contains('\u{1b}'), "{page}");
    let writes: Vec<_> = world
        .org()
        .requests()
        .into_iter()
        .filter(|request| request.method != "GET" && request.path != "/oauth/token")
        .collect();
    assert!(writes.is_empty(), "{writes:?}");
    assert_eq!(format!("{:?}", world.org().org()), before);
    assert_eq!(files(), there);
    assert_eq!(world.litter(), Vec::<String>::new());
}

#[test]
fn a_wrong_secret_is_one_cross_and_is_not_shown() {
    let mut world = well(client(None, None));
    let wrong = "wr0ng-secret-of-the-test";
    world.set("GENESYSCLOUD_OAUTHCLIENT_SECRET", wrong);
    let ran = world.divvy(&["doctor", "-vvv", "-o", "json"]).ended(2);
    assert!(!ran.stdout.contains(wrong) && !ran.stderr.contains(wrong), "{}", ran.stderr);
    let checks = Checks::of(&ran);
    assert_eq!(checks.crosses(), BTreeSet::from(["token"]));
    checks.says("token", &["not accepted", "check client id and secret", "correlation id"]);
    assert_eq!(checks.of_id("may_create")["ok"], Value::Null);
}

#[test]
fn a_temporary_directory_that_cannot_be_made_is_not_called_a_missing_terraform() {
    let mut world = well(client(None, None));
    world.set("TMPDIR", "/nowhere/at/all");
    let ran = world.divvy(&["doctor", "-vvv", "-o", "json"]).ended(2);
    let checks = Checks::of(&ran);
    assert_eq!(checks.of_id("terraform")["ok"], true, "{}", ran.stdout);
    checks.says("state", &["no temporary directory can be made in `/nowhere/at/all`"]);
}

#[test]
fn each_type_of_the_configuration_that_may_not_be_listed_is_named_with_its_permission() {
    let world = well(client(None, None));
    world.write(
        "more.tf",
        "resource \"genesyscloud_routing_queue\" \"x\" {\n  name = \"Support\"\n}\nresource \"genesyscloud_routing_skill\" \"x\" {\n  name = \"French\"\n}\n",
    );
    let listed = || checks(&world, 0).of_id("listable").clone();
    assert_eq!(listed()["message"], "yes, all 2 types of the configuration");
    let refusal = Refusal {
        code: Some("missing.permission".into()),
        message: Some(
            "Unable to perform the requested action. You are missing the following permission(s): routing:skill:view".into(),
        ),
        ..Refusal::status(403)
    };
    let skills = "/api/v2/routing/skills";
    world.org().add_faults(vec![Fault::once("GET", skills, Effect::Status(refusal)).always()]);
    let checks = checks(&world, 2);
    assert_eq!(checks.crosses(), BTreeSet::from(["listable"]));
    checks.says("listable", &["skills", "routing:skill:view", "Admin > Integrations > OAuth"]);
}

#[test]
fn a_client_that_may_not_create_is_told_what_to_grant_and_where() {
    let permissions = ["authorization:grant:add"];
    let world = well(client(Some(&permissions), None));
    let checks = checks(&world, 2);
    assert_eq!(checks.crosses(), BTreeSet::from(["may_create"]));
    checks.says("may_create", &["authorization:division:add", "Admin >", "five minutes"]);
    let hints = checks.of_id("may_create")["hints"].to_string();
    assert!(!hints.contains("grant:add to"), "what is held is not asked for: {hints}");
    assert_eq!(checks.of_id("may_list_deleted")["ok"], Value::Null);
}

#[test]
fn a_client_of_home_alone_sees_why() {
    let world = well(client(None, Some(&[HOME])));
    let checks = checks(&world, 2);
    assert_eq!(checks.crosses(), BTreeSet::from(["visible"]));
    checks.says("visible", &["Home alone", "all divisions"]);
    assert_eq!(checks.of_id("limit")["ok"], Value::Null);
}

#[test]
fn ids_of_another_org_are_named() {
    let world = well(client(None, None));
    let _ = world.divvy(&["fix", "--yes"]).ended(0);
    let mut other = client(None, None);
    other.divisions.clear();
    other.divisions.extend(seed(&[("id-other", "Other")]).divisions);
    world.org().replace_org(other).expect("another org");
    let checks = checks(&world, 2);
    assert_eq!(checks.crosses(), BTreeSet::from(["state_ids"]));
    checks.says("state_ids", &["genesyscloud_auth_division.eng", "another org"]);
}

#[test]
fn what_was_left_behind_is_named_and_never_quoted() {
    let mut world = well(client(None, None));
    let planted = "pl4nted-in-the-file";
    world
        .write("errored.tfstate", &state_text(&[]))
        .write(".terraform.tfstate.lock.info", r#"{"ID":"1","Who":"ann@host","Operation":"OperationTypeApply"}"#)
        .write("divvy_imports_20260101T000000Z-1.tf.json", "{\n  \"//\": \"Import blocks of a divvy fix, which removes them when it ends\",\n  \"import\": [{ \"to\": \"genesyscloud_auth_division.eng\", \"id\": \"id-eng\" }]\n}\n")
        .write("sdk_debug.log", planted)
        .write("eu.tf", &format!("provider \"genesyscloud\" {{\n  alias = \"eu\"\n  oauthclient_id = \"a\"\n  oauthclient_secret = \"{planted}\"\n  {}}}\n", world.gateway_block(0)));
    world.set("COLUMNS", "80");
    let ran = world.divvy(&["doctor", "-vvv", "-o", "json"]).ended(2);
    assert!(!ran.stdout.contains(planted) && !ran.stderr.contains(planted), "{}", ran.stdout);
    let checks = Checks::of(&ran);
    for (id, part) in [
        ("errored_state", "terraform state push errored.tfstate"),
        ("state_lock", "ann@host"),
        ("import_blocks", "divvy_imports_20260101T000000Z-1.tf.json"),
        ("debug_log", "sdk_debug.log"),
        ("literal_credentials", "eu.tf:4"),
    ] {
        assert_eq!(checks.of_id(id)["ok"], false, "{id}");
        checks.says(id, &[part]);
    }
    let tokens: Vec<_> = checks.0.iter().filter(|check| check["id"] == "token").collect();
    assert_eq!(tokens.len(), 2);
    assert_eq!((&tokens[0]["about"], &tokens[0]["ok"]), (&json!("genesyscloud"), &json!(true)));
    assert_eq!((&tokens[1]["about"], &tokens[1]["ok"]), (&json!("genesyscloud.eu"), &json!(false)));
}

#[test]
fn without_a_network_the_rest_is_still_told() {
    let mut world = well(client(None, None));
    // Port 1 of loopback: nobody listens there, and no name has to be looked up.
    world.divisions(&[("eng", "name = \"Engineering\"")]);
    let home = world.beside().join("home/.genesyscloudgo/config");
    fs::write(home, r#"{"gateway":{"protocol":"http","host":"127.0.0.1","port":"1"}}"#).unwrap();
    world.set("GENESYSCLOUD_REGION", "");
    let checks = checks(&world, 2);
    assert_eq!(checks.crosses(), BTreeSet::from(["token"]));
    checks.says("token", &["connection refused", "127.0.0.1:1"]);
    assert_eq!(checks.of_id("lock_file")["ok"], true);
    assert_eq!(checks.of_id("clock")["ok"], Value::Null);
}

#[test]
fn without_terraform_configuration_and_credentials_everything_still_answers() {
    let mut world = World::new(client(None, None));
    world.unset("DIVVY_TERRAFORM").unset("GENESYSCLOUD_OAUTHCLIENT_ID").set("PATH", "");
    let checks = checks(&world, 2);
    assert_eq!(checks.crosses(), BTreeSet::from(["terraform", "configuration", "credentials"]));
    for id in ["terraform", "configuration", "credentials"] {
        assert_ne!(checks.of_id(id)["hints"], json!([]), "{id}");
    }
}

#[test]
fn who_has_set_nothing_up_is_told_of_all_that_is_missing() {
    let mut world = World::new(client(None, None));
    fs::remove_dir_all(world.beside().join("home/.genesyscloudgo")).unwrap();
    for name in
        ["GENESYSCLOUD_OAUTHCLIENT_ID", "GENESYSCLOUD_OAUTHCLIENT_SECRET", "GENESYSCLOUD_REGION"]
    {
        world.unset(name);
    }
    let bare = checks(&world, 2);
    assert_eq!(bare.crosses(), BTreeSet::from(["configuration", "credentials", "region"]));
    bare.says("credentials", &["GENESYSCLOUD_OAUTHCLIENT_ID"]);
    bare.says("region", &["GENESYSCLOUD_REGION"]);
    world.divisions(&[("eng", "name = \"Engineering\"")]).init();
    let configured = checks(&world, 2);
    assert_eq!(configured.crosses(), BTreeSet::from(["credentials", "region"]));
}

#[test]
fn without_init_the_lock_file_says_so_and_the_org_is_asked_all_the_same() {
    let world = World::new(client(None, None));
    world.divisions(&[("eng", "name = \"Engineering\"")]);
    let checks = checks(&world, 2);
    assert_eq!(checks.crosses(), BTreeSet::from(["lock_file"]));
    checks.says("lock_file", &["terraform init"]);
    assert_eq!(checks.of_id("org")["ok"], true);
}

#[test]
fn case_39_a_provider_that_dev_overrides_names_needs_no_init() {
    let mut world = World::new(client(None, None));
    world.divisions(&[("eng", "name = \"Engineering\"")]);
    let build = world.beside().join("build");
    fs::create_dir_all(&build).unwrap();
    let devrc = world.beside().join("devrc");
    let text = fs::read_to_string(fixture("cases/39-dev-overrides-without-init/devrc")).unwrap();
    fs::write(&devrc, text.replace("/path/to/build", &build.display().to_string())).unwrap();
    world.set("TF_CLI_CONFIG_FILE", devrc.to_str().unwrap());
    let without_binary = checks(&world, 2);
    assert_eq!(without_binary.crosses(), BTreeSet::from(["lock_file"]));
    assert!(!without_binary.of_id("lock_file").to_string().contains("init"));

    fs::write(build.join("terraform-provider-genesyscloud"), "").unwrap();
    let checks = checks(&world, 0);
    let row = checks.of_id("lock_file").to_string();
    assert!(row.contains("terraform-provider-genesyscloud") && row.contains("devrc"), "{row}");
    assert!(!row.contains("init"), "{row}");
}

#[test]
fn a_state_that_cannot_be_read_is_a_cross_with_something_to_type() {
    let world = well(client(None, None));
    world.write(
        "backend.tf",
        "terraform {\n  backend \"local\" {\n    path = \"other.tfstate\"\n  }\n}\n",
    );
    let first = checks(&world, 2);
    assert_eq!(first.crosses(), BTreeSet::from(["state"]));
    first.says("state", &["terraform init"]);
    fs::remove_file(world.directory().join("backend.tf")).unwrap();
    world.write("terraform.tfstate", "{\"version\":4");
    let second = checks(&world, 2);
    assert_eq!(second.crosses(), BTreeSet::from(["state"]));
    assert_ne!(second.of_id("state")["hints"], json!([]));
}

#[test]
fn a_variable_of_the_provider_block_is_evaluated() {
    let world = World::new(client(None, None));
    world.divisions(&[("eng", "name = \"Engineering\"")]).write(
        "eu.tf",
        "variable \"secret\" {\n  sensitive = true\n}\nprovider \"genesyscloud\" {\n  alias = \"eu\"\n  oauthclient_id = \"client\"\n  oauthclient_secret = var.secret\n}\n",
    );
    world.init();
    let variable = format!("-var=secret={SECRET}");
    let checks = Checks::of(&world.divvy(&["doctor", "-o", "json", "--", &variable]).ended(0));
    let from: Vec<_> = checks.0.iter().filter(|check| check["id"] == "credentials").collect();
    assert_eq!(from[1]["message"], "OAuth client client, from provider block");
    assert_eq!(from[1]["about"], "genesyscloud.eu");
}

#[test]
fn another_provider_is_a_cross_and_so_is_an_org_that_is_full() {
    let mut full = client(None, None);
    full.limit = 3;
    let world = well(full);
    world.write("main.tf", "terraform {\n  required_providers {\n    genesyscloud = { source = \"acme/genesyscloud\" }\n  }\n}\n");
    let checks = checks(&world, 2);
    for (id, part) in [("provider", "mypurecloud/genesyscloud"), ("limit", "3 of 3 divisions")] {
        assert_eq!(checks.of_id(id)["ok"], false, "{id}");
        checks.says(id, &[part]);
    }
}

#[test]
fn a_region_that_contradicts_the_credentials_is_a_cross() {
    let mut world = World::new(client(None, None));
    // No gateway: the region counts. No proxy, no network: nothing leaves this machine.
    fs::remove_dir_all(world.beside().join("home/.genesyscloudgo")).unwrap();
    world.write("main.tf", "terraform {\n  required_providers {\n    genesyscloud = { source = \"mypurecloud/genesyscloud\" }\n  }\n}\nprovider \"genesyscloud\" {\n  aws_region = \"eu-west-1\"\n  proxy {\n    protocol = \"http\"\n    host = \"127.0.0.1\"\n    port = \"1\"\n  }\n}\n");
    world.set("GENESYSCLOUD_REGION", "us-east-1");
    let checks = checks(&world, 2);
    assert_eq!(checks.of_id("region")["ok"], false);
    checks.says("region", &["eu-west-1", "us-east-1"]);
    assert_eq!(checks.of_id("proxy")["ok"], false, "{:#}", checks.of_id("proxy"));
}

/// A request that the provider makes too: what its failed start tells is not the only help.
#[test]
fn a_client_that_the_provider_cannot_start_with_is_found_out() {
    for (path, id) in
        [("/api/v2/organizations/me", "org"), ("/api/v2/authorization/products", "products")]
    {
        let world = well(client(None, None));
        world.org().add_faults(vec![
            Fault::once("GET", path, Effect::Status(Refusal::status(403))).always(),
        ]);
        let checks = checks(&world, 2);
        assert_eq!(checks.crosses(), BTreeSet::from([id]), "{path}");
        checks.says(id, &["Admin > Integrations > OAuth", "five minutes"]);
        let check = world.divvy(&["check"]).ended(1).stderr;
        for part in ["403", "Admin > Integrations > OAuth", "five minutes", "divvy doctor"] {
            assert!(check.contains(part), "{part} is not in {check}");
        }
    }
}

#[test]
fn a_401_is_explained_everywhere() {
    let parts = ["401", "correlation id", "Admin > Integrations > OAuth", "minutes"];
    explained(Refusal::status(401), &parts);
}

#[test]
fn a_403_is_explained_everywhere() {
    let parts = [
        "403",
        "correlation id",
        "authorization:readonly",
        "Admin > Integrations > OAuth",
        "five minutes",
    ];
    explained(Refusal::status(403), &parts);
}

#[test]
fn a_429_is_explained_everywhere() {
    // Longer than anybody waits, so it is told at once.
    let refusal = Refusal { retry_after: Some(200), ..Refusal::status(429) };
    explained(refusal, &["429", "correlation id", "200 s", "300 requests a minute"]);
}

#[test]
fn a_503_is_explained_everywhere() {
    let parts = ["503", "correlation id", "in a few minutes", "Genesys Cloud Care"];
    explained(Refusal::status(503), &parts);
}

/// A create that is refused says the same as a list that is; nothing was created.
#[test]
fn a_refused_create_is_explained_with_the_permission_and_the_place_to_grant_it() {
    const GRANT: &str = "Admin > Integrations > OAuth";
    for (refusal, parts) in [
        (Refusal::status(401), &["401", "correlation id", GRANT, "minutes"][..]),
        (
            Refusal::status(403),
            &["403", "correlation id", "authorization:division:add", GRANT, "five minutes"],
        ),
        (
            Refusal { retry_after: Some(200), ..Refusal::status(429) },
            &["429", "correlation id", "200 s", "--rate"],
        ),
        (Refusal::status(503), &["503", "correlation id", "run the same command again"]),
    ] {
        let world = World::new(Seed::default());
        world
            .org()
            .add_faults(vec![Fault::once("POST", DIVISIONS, Effect::Status(refusal)).always()]);
        let ran = world.divvy(&["ensure", "Sales"]).ended(1);
        for part in parts {
            assert!(ran.stderr.contains(part), "{part} is not in\n{}", ran.stderr);
        }
        assert!(world.org().org().divisions.is_empty());
    }
}

/// The token's own refusals.
#[test]
fn a_refused_login_is_explained_everywhere() {
    let wrong = Refusal {
        body: Some(json!({ "error": "invalid_client", "description": "client not found" })),
        ..Refusal::status(400)
    };
    for (refusal, parts) in [
        (
            wrong,
            &["invalid_client", "correlation id", "Admin > Integrations > OAuth", "minutes"][..],
        ),
        (
            Refusal { retry_after: Some(200), ..Refusal::status(429) },
            &["429", "correlation id", "200 s"],
        ),
    ] {
        let fault = Fault::once("POST", "/oauth/token", Effect::Status(refusal)).always();
        explained_of(&fault, parts, ASKING);
    }
}

/// A refusal of one org among several does not end the command, and is explained all the same.
#[test]
fn a_403_of_one_org_among_two_is_explained_at_its_addresses() {
    let mut world = well(client(None, None));
    let second = world.add_org(seed(&[("id-ops", "Ops")]));
    world.write("main.tf", &format!(
        "terraform {{\n  required_providers {{\n    genesyscloud = {{ source = \"mypurecloud/genesyscloud\" }}\n  }}\n}}\n\
         provider \"genesyscloud\" {{}}\nprovider \"genesyscloud\" {{\n  alias = \"eu\"\n  {}}}\n\
         resource \"genesyscloud_auth_division\" \"eng\" {{\n  name = \"Engineering\"\n}}\n\
         resource \"genesyscloud_auth_division\" \"ops\" {{\n  provider = genesyscloud.eu\n  name     = \"Ops\"\n}}\n",
        world.gateway_block(second)
    ));
    let refusal = Effect::Status(Refusal::status(403));
    world.org_at(second).add_faults(vec![Fault::once("GET", DIVISIONS, refusal).always()]);
    let report = world.divvy(&["check", "-o", "json"]).ended(3).json();
    let findings = report["findings"].as_array().unwrap();
    let of = |name: &str| findings.iter().find(|finding| finding["name"] == name).unwrap();
    assert_eq!(of("Engineering")["verdict"], "adopt");
    let refused = of("Ops");
    assert_eq!(refused["verdict"], "unresolved_credentials");
    for part in [
        "403",
        "correlation id",
        "authorization:readonly",
        "Admin > Integrations > OAuth",
        "five minutes",
        "divvy doctor",
    ] {
        assert!(refused.to_string().contains(part), "{part} is not in {refused:#}");
    }
}

/// Commands that ask the org for its divisions, and how they end if it refuses.
const ASKING: &[(&[&str], i32)] = &[
    (&["check"], 1),
    (&["fix", "--yes"], 1),
    (&["list"], 1),
    (&["ensure", "Engineering"], 1),
    (&["doctor"], 2),
];

/// Holds every command that asks the org to what it says of a refused list.
#[track_caller]
fn explained(refusal: Refusal, parts: &[&str]) {
    let fault = Fault::once("GET", DIVISIONS, Effect::Status(refusal)).always();
    explained_of(&fault, parts, ASKING);
    // Terraform's own exit code: its plan needs nothing of what was asked for in vain.
    let run = ["run", "--", "terraform", "plan", "-input=false", "-no-color"];
    explained_of(&fault, parts, &[(&run, 0)]);
}

#[track_caller]
fn explained_of(fault: &Fault, parts: &[&str], commands: &[(&[&str], i32)]) {
    let world = well(client(None, None));
    world.org().add_faults(vec![fault.clone()]);
    for (arguments, code) in commands {
        let ran = world.divvy(arguments).ended(*code);
        let text = format!("{}{}", ran.stdout, ran.stderr);
        // The page is wrapped.
        let text = text.replace('│', " ");
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        for part in parts {
            assert!(text.contains(part), "{arguments:?}: {part} is not in\n{text}");
        }
    }
}
