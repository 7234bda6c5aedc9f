//! What an apply adopts, and what it leaves.

use divvy_sandbox::emulator::{Effect, Fault, Refusal, SeedDivision, Standing};
use serde_json::{Value, json};

use crate::world::{Ran, World, seed, seed_of};

pub(super) const ADOPT: &[&str] =
    &["run", "--on-conflict", "adopt", "--report", "report.json", "--"];
pub(super) const APPLY: &[&str] = &["terraform", "apply", "-auto-approve", "-no-color"];

pub(super) fn run(world: &World, words: &[&[&str]]) -> Ran {
    world.divvy(&words.concat())
}

/// Terraform prints errors to stderr and warnings to stdout, and breaks lines at its own width.
pub(super) fn said(ran: &Ran) -> String {
    format!("{}{}", ran.stdout, ran.stderr).split_whitespace().collect::<Vec<_>>().join(" ")
}

pub(super) fn report(world: &World) -> Value {
    serde_json::from_str(&world.read("report.json")).expect("a report")
}

pub(super) fn at(report: &Value, name: &str) -> Value {
    let findings = report["findings"].as_array().expect("findings");
    findings
        .iter()
        .find(|finding| finding["name"] == name)
        .unwrap_or_else(|| panic!("{name}: {report:#}"))
        .clone()
}

#[test]
fn an_apply_adopts_what_exists_and_plain_terraform_agrees() {
    let world = World::new(seed(&[("id-eng", "Engineering"), ("id-sales", "Sales")]));
    world.divisions(&[
        ("eng", "name = \"Engineering\""),
        ("sales", "name = \"Sales\""),
        ("new", "name = \"Claims\""),
    ]);
    world.init();
    let ran = run(&world, &[ADOPT, APPLY]).ended(0);
    assert!(ran.stdout.contains("Apply complete! Resources: 3 added"), "{}", ran.stdout);
    assert!(ran.stdout.contains("\"Engineering\" was adopted (id-eng)"), "{}", ran.stdout);
    assert!(!ran.stdout.contains("already exists"), "told twice: {}", ran.stdout);
    let requests = world.org().requests();
    let lists =
        requests.iter().filter(|request| request.is("GET", "/api/v2/authorization/divisions"));
    assert_eq!(lists.count(), 1, "plan and apply share one listing: {requests:?}");
    assert_eq!(world.id_at("genesyscloud_auth_division.eng").as_deref(), Some("id-eng"));
    assert_eq!(world.id_at("genesyscloud_auth_division.sales").as_deref(), Some("id-sales"));
    world.has_no_changes();
    assert_eq!(world.litter(), Vec::<String>::new());

    let report = report(&world);
    assert_eq!(report["command"], "run");
    let found = at(&report, "Engineering");
    assert_eq!(found["address"], "genesyscloud_auth_division.eng");
    assert_eq!(found["action"], json!({ "do": "import", "id": "id-eng" }));
    assert_eq!(found["entity"]["id"], "id-eng");

    let undone = world.divvy(&["undo", "--yes"]).ended(0);
    assert!(
        undone.stderr.contains("genesyscloud_auth_division.eng leaves the state"),
        "{}",
        undone.stderr
    );
    assert_eq!(world.state().len(), 1);
}

#[test]
fn fifty_conflicts_five_new_one_home_and_one_near_miss_in_one_apply() {
    let existing: Vec<Value> = (0..50)
        .map(|number| json!({ "id": format!("id-{number:02}"), "name": format!("Team {number:02}") }))
        .chain([json!({ "id": "id-near", "name": "Near Miss" })])
        .collect();
    let world =
        World::new(seed_of(&json!({ "divisions": existing, "policy": { "ignoreCase": true } })));
    world.divisions(&[("home", "name = \"Home\""), ("near", "name = \"near miss\"")]);
    world.write(
        "teams.tf",
        "resource \"genesyscloud_auth_division\" \"team\" {\n  for_each = toset([for n in range(55) : format(\"Team %02d\", n)])\n  name     = each.key\n}\n",
    );
    world.init();
    let ran = run(&world, &[ADOPT, APPLY]).ended(1);
    let state = world.state();
    assert_eq!(state.len(), 55, "{}", ran.stderr);
    for number in 0..50 {
        let address = format!("genesyscloud_auth_division.team[\"Team {number:02}\"]");
        let id = format!("id-{number:02}");
        assert!(state.contains(&(address, id)), "{number}");
    }
    assert!(said(&ran).contains("is not adopted"), "{}", said(&ran));
    let report = report(&world);
    assert_eq!(report["summary"]["adopt"], 50, "{report:#}");
    assert_eq!(report["summary"]["create"], 5);
    assert_eq!(at(&report, "Home")["verdict"], "home");
    assert_eq!(at(&report, "near miss")["verdict"], "near_miss");
    let adopted = report["findings"].as_array().expect("findings").iter();
    assert_eq!(adopted.filter(|finding| finding["action"]["do"] == "import").count(), 50);

    // Without the two that a person must settle, nothing is left to do.
    world.divisions(&[]);
    world.has_no_changes();
}

#[test]
fn two_aliases_with_one_name_in_two_orgs_get_their_own_ids() {
    let mut world = World::new(seed(&[("id-here", "Sales")]));
    let second = world.add_org(seed(&[("id-there", "Sales")]));
    let (first, second) = (world.gateway_block(0), world.gateway_block(second));
    world.write(
        "main.tf",
        &format!(
            "terraform {{\n  required_providers {{\n    genesyscloud = {{ source = \"mypurecloud/genesyscloud\" }}\n  }}\n}}\n\
             provider \"genesyscloud\" {{\n{first}}}\n\
             provider \"genesyscloud\" {{\nalias = \"eu\"\n{second}}}\n\
             resource \"genesyscloud_auth_division\" \"here\" {{\n  name = \"Sales\"\n}}\n\
             resource \"genesyscloud_auth_division\" \"there\" {{\n  provider = genesyscloud.eu\n  name = \"Sales\"\n}}\n"
        ),
    );
    world.init();
    let _ = run(&world, &[ADOPT, APPLY]).ended(0);
    assert_eq!(world.id_at("genesyscloud_auth_division.here").as_deref(), Some("id-here"));
    assert_eq!(world.id_at("genesyscloud_auth_division.there").as_deref(), Some("id-there"));
    world.has_no_changes();
    let report = report(&world);
    let aliases: Vec<_> = report["findings"]
        .as_array()
        .expect("findings")
        .iter()
        .map(|one| one["alias"].clone())
        .collect();
    assert!(aliases.contains(&json!("genesyscloud.eu")), "{report:#}");
}

#[test]
fn auto_approve_adopts_nothing_unless_it_is_said() {
    let mut world = World::new(seed(&[("id-eng", "Engineering")]));
    world.divisions(&[("eng", "name = \"Engineering\"")]).init();
    let ran = run(&world, &[&["run", "--"], APPLY]).ended(1);
    assert!(ran.stderr.contains("API Error: 409"), "{}", ran.stderr);
    assert!(said(&ran).contains("is not adopted (id-eng)"), "{}", said(&ran));
    assert!(said(&ran).contains("say --on-conflict adopt"), "{}", said(&ran));
    assert_eq!(world.state(), []);
    world.set("TF_CLI_ARGS_apply", "-auto-approve -input=false");
    let _ = world.divvy(&["run", "--", "terraform", "apply"]).ended(1);
    assert_eq!(world.state(), []);
}

#[test]
fn a_saved_plan_announces_and_its_apply_adopts_exactly_that() {
    let world = World::new(seed(&[("id-eng", "Engineering")]));
    world.divisions(&[("eng", "name = \"Engineering\""), ("late", "name = \"Late\"")]).init();
    let ran = world.divvy(&["run", "--", "terraform", "plan", "-out=the.plan", "-json"]).ended(0);
    let lines: Vec<Value> =
        ran.stdout.lines().map(|line| serde_json::from_str(line).expect(line)).collect();
    let told: Vec<&Value> = lines.iter().filter(|line| line["type"] == "diagnostic").collect();
    assert_eq!(told.len(), 1, "{}", ran.stdout);
    assert_eq!(told[0]["diagnostic"]["address"], "genesyscloud_auth_division.eng");
    assert_eq!(told[0]["diagnostic"]["summary"], "\"Engineering\" already exists (id-eng)");
    let plan = world.directory().join("the.plan");
    let entry = divvy_terraform::plan_archive::attached(&plan, "divvy.json").expect("an archive");
    let announced: Value =
        serde_json::from_slice(&entry.expect("announcements").content).expect("JSON");
    assert_eq!(announced["announced"][0]["id"], "id-eng");
    assert_eq!(announced["announced"].as_array().map(Vec::len), Some(1));

    let other =
        SeedDivision { id: "id-late".to_owned(), name: "Late".to_owned(), ..Default::default() };
    world.org().add_division(other, Standing::Live).expect("a division");
    let ran = world.divvy(&["run", "--", "terraform", "apply", "-no-color", "the.plan"]).ended(1);
    assert!(said(&ran).contains("No plan that was agreed to announced it."), "{}", said(&ran));
    assert_eq!(world.state(), [("genesyscloud_auth_division.eng".to_owned(), "id-eng".to_owned())]);
}

#[test]
fn error_fails_the_plan_at_the_address() {
    let world = World::new(seed(&[("id-eng", "Engineering")]));
    world.divisions(&[("eng", "name = \"Engineering\""), ("new", "name = \"Claims\"")]).init();
    let ran = world
        .divvy(&["run", "--on-conflict", "error", "--", "terraform", "plan", "-json"])
        .ended(1);
    let is_error = |line: &Value| {
        line["@level"] == "error"
            && line["diagnostic"]["address"] == "genesyscloud_auth_division.eng"
    };
    assert!(
        ran.stdout.lines().any(|line| is_error(&serde_json::from_str(line).expect(line))),
        "{}",
        ran.stdout
    );
    let new_only = world.divisions(&[("new", "name = \"Claims\"")]);
    let _ = new_only.divvy(&["run", "--on-conflict", "error", "--", "terraform", "plan"]).ended(0);
}

#[test]
fn what_differs_stays_until_it_is_accepted() {
    let drifted = json!({ "divisions": [{ "id": "id-sales", "name": "Sales", "description": "Owned by IT" }] });
    let world = World::new(seed_of(&drifted));
    world.divisions(&[("sales", "name = \"Sales\"")]).init();
    let ran = run(&world, &[ADOPT, APPLY]).ended(0);
    assert!(
        ran.stdout.contains("Owned by IT") && ran.stdout.contains("--accept-drift"),
        "{}",
        ran.stdout
    );
    assert_eq!(world.org().org().divisions[0].description.as_deref(), Some("Owned by IT"));
    let plan = world.terraform(&["plan", "-detailed-exitcode"]).ended(2);
    assert!(plan.stdout.contains("0 to add, 1 to change, 0 to destroy"), "{}", plan.stdout);

    let world = World::new(seed_of(&drifted));
    world.divisions(&[("sales", "name = \"Sales\"")]).init();
    let _ = run(&world, &[&["run", "--accept-drift"], &ADOPT[1..], APPLY]).ended(0);
    world.has_no_changes();
    assert_eq!(report(&world)["findings"][0]["action"]["do"], "update");
}

#[test]
fn patterns_and_numbers_keep_adoptions_small() {
    let divisions = [("id-a", "Team A"), ("id-b", "Team B"), ("id-c", "Other")];
    let blocks =
        [("a", "name = \"Team A\""), ("b", "name = \"Team B\""), ("c", "name = \"Other\"")];
    let world = World::new(seed(&divisions));
    world.divisions(&blocks).init();
    let few = run(&world, &[&["run", "--max-adopt", "2"], &ADOPT[1..], APPLY]).ended(1);
    assert!(said(&few).contains("--max-adopt allows 2"), "{}", said(&few));
    assert_eq!(world.state(), []);
    let some =
        run(&world, &[&["run", "--adopt-only", "Team *", "--max-adopt", "2"], &ADOPT[1..], APPLY])
            .ended(1);
    assert!(said(&some).contains("--adopt-only leaves it out"), "{}", said(&some));
    assert_eq!(world.state().len(), 2);
}

#[test]
fn an_id_that_the_state_holds_is_never_adopted_again() {
    let world = World::new(seed(&[("id-eng", "Engineering")]));
    world.divisions(&[("old", "name = \"Engineering\"")]).init();
    let _ = run(&world, &[ADOPT, APPLY]).ended(0);
    // Both blocks: the same name twice. With -target Terraform does not look at the other one.
    world.divisions(&[("old", "name = \"Engineering\""), ("new", "name = \"Engineering\"")]);
    for more in [&[][..], &["-target=genesyscloud_auth_division.new"], &["-refresh=false"]] {
        let ran = run(&world, &[ADOPT, APPLY, more]).ended(1);
        assert!(said(&ran).contains("is not adopted"), "{}", said(&ran));
        // Neither block goes, so it is no matter of a `moved` block.
        let found = at(&report(&world), "Engineering");
        assert_eq!(found["verdict"], "duplicate_in_config", "{more:?}");
        assert!(said(&ran).contains("wanted by genesyscloud_auth_division.old"), "{}", said(&ran));
        assert_eq!(world.state().len(), 1);
    }
    let _ = world
        .divvy(&["run", "--on-conflict", "adopt", "--", "terraform", "plan", "-out=p"])
        .ended(0);
    let _ = run(&world, &[ADOPT, APPLY, &["p"]]).ended(1);
    assert_eq!(world.state().len(), 1);
}

#[test]
fn an_id_that_a_named_state_file_holds_is_never_adopted_again() {
    let world = World::new(seed(&[("id-eng", "Engineering")]));
    world.divisions(&[("old", "name = \"Engineering\"")]).init();
    let elsewhere = ["-state=elsewhere.tfstate", "-refresh=false"];
    let ran = run(&world, &[ADOPT, APPLY, &elsewhere]).ended(0);
    assert!(said(&ran).contains("genesyscloud_auth_division.old"), "{}", said(&ran));
    // Terraform is told to delete the old one, in any order, and does not look at it before.
    world.divisions(&[("new", "name = \"Engineering\"")]);
    let plan = ["run", "--on-conflict", "adopt", "--", "terraform", "plan", "-no-color"];
    let ran = world.divvy(&[&plan[..], &elsewhere].concat()).ended(0);
    assert!(said(&ran).contains("genesyscloud_auth_division.old"), "{}", said(&ran));
    assert!(!said(&ran).contains("will be adopted"), "{}", said(&ran));
    let _ = run(&world, &[ADOPT, APPLY, &elsewhere]);
    let state: Value = serde_json::from_str(&world.read("elsewhere.tfstate")).expect("a state");
    let mut resources = state["resources"].as_array().expect("resources").iter();
    let new = resources.find(|resource| resource["name"] == "new");
    assert_ne!(new.map(|new| &new["instances"][0]["attributes"]["id"]), Some(&"id-eng".into()));
}

#[test]
fn two_blocks_with_one_name_are_told_and_neither_is_adopted() {
    let world = World::new(seed(&[("id-eng", "Engineering")]));
    world.divisions(&[("a", "name = \"Engineering\""), ("b", "name = \"Engineering\"")]).init();
    let _ = run(&world, &[ADOPT, APPLY]).ended(1);
    assert_eq!(world.state(), []);
    assert_eq!(report(&world)["summary"]["duplicate_in_config"], 2);
}

#[test]
fn an_org_that_cannot_be_listed_is_said_and_nothing_is_adopted() {
    let world = World::new(seed(&[("id-a", "A")]));
    world.divisions(&[("a", "name = \"A\"")]).init();
    let refused = Effect::Status(Refusal::status(403));
    world.org().add_faults(vec![Fault::once("GET", "/api/v2/authorization/divisions", refused)]);
    let ran = run(&world, &[ADOPT, APPLY]).ended(1);
    assert!(
        said(&ran).contains("Nothing can be foretold about existing divisions"),
        "{}",
        said(&ran)
    );
    assert_eq!(world.state(), []);
    assert_eq!(at(&report(&world), "A")["verdict"], "unlisted");
}

#[test]
fn the_report_keeps_to_its_schema() {
    let schema = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/report.schema.json");
    let schema: Value =
        serde_json::from_str(&std::fs::read_to_string(schema).expect("the schema")).expect("JSON");
    let world = World::new(seed(&[("id-eng", "Engineering")]));
    world.divisions(&[("eng", "name = \"Engineering\""), ("home", "name = \"Home\"")]).init();
    let _ = run(&world, &[ADOPT, APPLY]).ended(1);
    let validator = jsonschema::validator_for(&schema).expect("a schema");
    let report = report(&world);
    let errors: Vec<String> =
        validator.iter_errors(&report).map(|error| error.to_string()).collect();
    assert_eq!(errors, Vec::<String>::new());
}
