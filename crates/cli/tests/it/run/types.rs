//! Types beside the division under `run`: an apply of a configuration whose objects exist ends with each
//! of them in the state.

use std::collections::BTreeSet;

use divvy_sandbox::emulator::{Effect, Fault, Refusal};
use serde_json::{Value, json};

use super::adoption::{ADOPT, APPLY, at, report, run, said};
use crate::kinds::scene::{self, Thing, lost, queue, things};
use crate::world::{HOME, World};

const QUEUES: &str = "/api/v2/routing/queues";
const SKILLS: &str = "/api/v2/routing/skills";

/// The requests that neither Terraform's start nor divvy's needs.
fn asked(world: &World) -> Vec<String> {
    let requests = world.org().requests();
    let requests = requests.iter().filter(|one| {
        one.path != "/oauth/token"
            && !one.path.starts_with("/api/v2/organizations")
            && one.path != "/api/v2/authorization/products"
    });
    requests.map(|one| format!("{} {}", one.method, one.path)).collect()
}

/// The creates, changes and deletes that were sent.
fn writes(world: &World) -> Vec<String> {
    let mut writes = asked(world);
    writes.retain(|request| {
        !request.starts_with("GET ")
            && !request.ends_with("/query")
            && !request.ends_with("/search")
    });
    writes
}

/// The verdict at an address.
#[track_caller]
fn verdict(report: &Value, terraform_type: &str, name: &str) -> String {
    let findings = report["findings"].as_array().expect("findings");
    let noun = divvy_core::kinds::of_terraform_type(terraform_type).expect("a kind").words.noun;
    let found = findings.iter().find(|one| one["kind"] == noun && one["name"] == name);
    let found = found.unwrap_or_else(|| panic!("no {noun} {name}: {report:#}"));
    found["verdict"].as_str().expect("a verdict").to_owned()
}

fn chosen(names: &[&str]) -> Vec<Thing> {
    let things: Vec<_> =
        things().into_iter().filter(|thing| names.contains(&thing.name())).collect();
    assert_eq!(things.len(), names.len());
    things
}

fn block(terraform_type: &str, label: &str, body: &str) -> String {
    format!("resource \"genesyscloud_{terraform_type}\" \"{label}\" {{\n  {body}\n}}\n")
}

/// An org with a queue and a skill, wanted by a configuration.
fn queue_and_skill(policy: &Value) -> World {
    let org = json!({ "policy": policy, "collections": {
        QUEUES: [{ "id": "q-1", "name": "Support" }],
        SKILLS: [{ "id": "s-1", "name": "French" }],
    } });
    let queue = block("routing_queue", "x", "name = \"Support\"");
    let skill = block("routing_skill", "x", "name = \"French\"");
    scene::world(&org, &format!("{queue}{skill}"))
}

/// Lets the next listing show nothing: what is there comes to be later.
fn is_empty_once(world: &World, path: &str) {
    let empty =
        json!({ "entities": [], "total": 0, "pageCount": 1, "pageSize": 100, "pageNumber": 1 });
    let effect = Effect::Status(Refusal { body: Some(empty), ..Refusal::status(200) });
    world.org().add_faults(vec![Fault::once("GET", path, effect)]);
}

#[test]
fn an_apply_of_several_types_adopts_each_and_creates_nothing() {
    let wanted = [
        "auth_division",
        "routing_queue",
        "routing_skill",
        "routing_wrapupcode",
        "group",
        "user",
        "architect_datatable",
        "telephony_providers_edges_did_pool",
        "integration",
        "integration_action",
        "task_management_worktype",
        "task_management_worktype_status",
    ];
    let things = chosen(&wanted);
    let world = lost(&things, "");
    world.org().clear_requests();
    let ran = run(&world, &[ADOPT, APPLY]).ended(0);
    assert_eq!(world.state().len(), things.len(), "{}", said(&ran));
    assert!(ran.stdout.contains("It exists already. Nothing was created."), "{}", ran.stdout);
    // Only the division's create is sent: the org refuses it at once.
    assert_eq!(writes(&world), ["POST /api/v2/authorization/divisions"]);
    let asked = asked(&world);
    let lists = asked.iter().filter(|request| !request.contains("/id-"));
    let lists: Vec<_> = lists.filter(|request| request.starts_with("GET ")).collect();
    let different: BTreeSet<_> = lists.iter().collect();
    assert_eq!(lists.len(), different.len(), "plan and apply share one listing: {lists:?}");
    let report = report(&world);
    assert_eq!(report["summary"]["adopt"], things.len(), "{report:#}");
    world.has_no_changes();
}

#[test]
fn every_type_that_is_told_by_its_key_is_adopted_by_one_apply() {
    // The provider would replace this one, whatever its block ignores.
    let is_left = |thing: &Thing| thing.name() == "responsemanagement_responseasset";
    let things: Vec<Thing> = things().into_iter().filter(|thing| !is_left(thing)).collect();
    assert_eq!(things.len(), 105);
    let world = lost(&things, "");
    world.org().clear_requests();
    let ran = run(&world, &[ADOPT, APPLY]).ended(0);
    assert_eq!(world.state().len(), things.len(), "{}", said(&ran));
    assert_eq!(writes(&world), ["POST /api/v2/authorization/divisions"]);
    assert_eq!(report(&world)["summary"]["adopt"], things.len());
    world.has_no_changes();
}

#[test]
fn what_only_a_block_that_ignores_an_attribute_keeps_from_being_replaced_is_left_to_fix() {
    let things = chosen(&["responsemanagement_responseasset"]);
    let world = lost(&things, "");
    let ran = run(&world, &[ADOPT, APPLY]).ended(1);
    assert!(said(&ran).contains("ignore_changes = [filename] } to the block"), "{}", said(&ran));
    assert_eq!(world.state().len(), 0);
    let _ = world.divvy(&["fix", "--yes", "--adopt-all"]).ended(0);
    world.has_no_changes();
}

#[test]
fn only_types_with_planned_creates_are_listed() {
    let world = queue_and_skill(&json!({}));
    let skill = block("routing_skill", "x", "name = \"French\"");
    let both = world.read("main.tf");
    world.write("main.tf", &both.replace(&skill, ""));
    let _ = run(&world, &[ADOPT, APPLY]).ended(0);
    world.write("main.tf", &both);
    world.org().clear_requests();
    let ran = run(&world, &[&["run", "--", "terraform", "plan", "-no-color"]]).ended(0);
    assert!(said(&ran).contains("\"French\" already exists (s-1)"), "{}", said(&ran));
    let mut asked = asked(&world);
    asked.sort();
    let of_plan =
        [format!("GET {QUEUES}/q-1"), format!("GET {SKILLS}"), format!("GET {SKILLS}/s-1")];
    assert_eq!(asked, of_plan, "the refresh, the list, and what an import would find");
}

#[test]
fn what_was_made_since_the_plan_looked_is_adopted_after_409_and_400_alike() {
    for (duplicate, status) in [("conflict", "409"), ("bad_request", "400")] {
        let world = queue_and_skill(&json!({ "duplicate": duplicate }));
        is_empty_once(&world, QUEUES);
        let ran = run(&world, &[ADOPT, APPLY]).ended(0);
        assert_eq!(writes(&world), [format!("POST {QUEUES}")], "{status}");
        assert!(ran.stdout.contains("The create was refused because it exists"), "{}", ran.stdout);
        let id = world.id_at("genesyscloud_routing_queue.x");
        assert_eq!(id.as_deref(), Some("q-1"), "{status}: {}", said(&ran));
        world.has_no_changes();
    }
}

#[test]
fn a_400_that_is_about_something_else_is_passed_on_after_one_look() {
    let queue = block("routing_queue", "x", "name = \"New\"");
    let world = scene::world(&json!({}), &queue);
    let refused = Effect::Status(Refusal::status(400));
    world.org().add_faults(vec![Fault::once("POST", QUEUES, refused)]);
    let ran = run(&world, &[ADOPT, APPLY]).ended(1);
    assert!(ran.stderr.contains("API Error: 400"), "{}", ran.stderr);
    assert!(!said(&ran).contains("is not adopted"), "{}", said(&ran));
    let lists = asked(&world).into_iter().filter(|one| *one == format!("GET {QUEUES}"));
    assert_eq!(lists.count(), 2, "one for the plan, one after the refusal");
}

#[test]
fn a_type_that_may_not_be_listed_is_named_with_its_permission_and_bars_no_other() {
    let org = json!({ "collections": { QUEUES: [{ "id": "q-1", "name": "Support" }] } });
    let queue = block("routing_queue", "x", "name = \"Support\"");
    let skill = block("routing_skill", "x", "name = \"New\"");
    let world = scene::world(&org, &format!("{queue}{skill}"));
    let refusal = Refusal {
        code: Some("missing.permission".into()),
        message: Some(
            "Unable to perform the requested action. You are missing the following permission(s): routing:skill:view".into(),
        ),
        ..Refusal::status(403)
    };
    world.org().add_faults(vec![Fault::once("GET", SKILLS, Effect::Status(refusal)).always()]);
    let gate = ["run", "--on-conflict", "error", "--", "terraform", "plan", "-no-color"];
    let told = said(&run(&world, &[&gate]).ended(1));
    assert!(told.contains("Nothing can be foretold about existing skills"), "{told}");

    let ran = run(&world, &[ADOPT, APPLY]).ended(0);
    assert!(said(&ran).contains("routing:skill:view"), "{}", said(&ran));
    assert_eq!(world.state().len(), 2);
    assert_eq!(world.id_at("genesyscloud_routing_queue.x").as_deref(), Some("q-1"));
    let report = report(&world);
    assert_eq!(verdict(&report, "genesyscloud_routing_skill", "New"), "unlisted");
    assert_eq!(verdict(&report, "genesyscloud_routing_queue", "Support"), "adopt");
}

#[test]
fn a_queue_that_could_be_one_of_two_is_nobody_s_to_choose() {
    let org = json!({
        "divisions": [{ "id": "d-care", "name": "Care" }],
        "collections": { QUEUES: [queue("q-1", "Twice", HOME), queue("q-2", "Twice", "d-care")] },
    });
    let world = scene::world(&org, &block("routing_queue", "x", "name = \"Twice\""));
    let ran = run(&world, &[ADOPT, APPLY]).ended(1);
    assert_eq!(verdict(&report(&world), "genesyscloud_routing_queue", "Twice"), "ambiguous");
    let told = said(&ran);
    assert!(told.contains("q-1") && told.contains("q-2; division d-care"), "{told}");
    assert_eq!(world.state(), []);

    // With its division it is one.
    let named = block("routing_queue", "x", "name = \"Twice\"\n  division_id = \"d-care\"");
    let text = world.read("main.tf");
    world.write("main.tf", &text.replace(&block("routing_queue", "x", "name = \"Twice\""), &named));
    let _ = run(&world, &[ADOPT, APPLY]).ended(0);
    assert_eq!(world.id_at("genesyscloud_routing_queue.x").as_deref(), Some("q-2"));
}

#[test]
fn what_the_next_apply_would_replace_is_shown_in_the_plan_and_never_adopted() {
    let org = json!({ "collections": { "/api/v2/outbound/contactlists": [
        { "id": "l-1", "name": "Leads", "columnNames": ["phone"] },
    ] } });
    let list = "name = \"Leads\"\n  column_names = [\"phone\", \"mail\"]";
    let world = scene::world(&org, &block("outbound_contact_list", "x", list));
    let plan = ["run", "--on-conflict", "adopt", "--", "terraform", "plan", "-no-color"];
    let told = said(&run(&world, &[&plan]).ended(0));
    assert!(told.contains("would delete it and make another"), "{told}");
    assert!(told.contains("column_names"), "{told}");
    for flags in [&["run"][..], &["run", "--accept-drift"]] {
        let ran = run(&world, &[flags, &ADOPT[1..], APPLY]).ended(1);
        assert!(said(&ran).contains("would delete it and make another"), "{}", said(&ran));
        let report = report(&world);
        let found = verdict(&report, "genesyscloud_outbound_contact_list", "Leads");
        assert_eq!(found, "would_replace", "{report:#}");
        assert_eq!(world.state(), []);
    }
}

#[test]
fn what_differs_is_shown_in_the_plan_and_stays_unless_it_is_accepted() {
    let org = json!({ "collections": {
        QUEUES: [{ "id": "q-1", "name": "Support", "description": "old" }],
    } });
    let body = "name = \"Support\"\n  description = \"new\"";
    let fresh = || scene::world(&org, &block("routing_queue", "x", body));
    let world = fresh();
    let plan = ["run", "--", "terraform", "plan", "-no-color", "-out=the.plan"];
    let told = said(&run(&world, &[&plan]).ended(0));
    assert!(told.contains("description") && told.contains("\"old\""), "{told}");
    assert!(!told.contains("before anything is imported"), "{told}");
    let ran =
        run(&world, &[&["run", "--", "terraform", "apply", "-no-color", "the.plan"]]).ended(0);
    assert!(said(&ran).contains("It differs in description"), "{}", said(&ran));
    assert_eq!(world.id_at("genesyscloud_routing_queue.x").as_deref(), Some("q-1"));
    assert_eq!(writes(&world), Vec::<String>::new());
    let plan = world.terraform(&["plan", "-detailed-exitcode"]).ended(2);
    assert!(plan.stdout.contains("0 to add, 1 to change, 0 to destroy"), "{}", plan.stdout);

    let world = fresh();
    let _ = run(&world, &[&["run", "--accept-drift"], &ADOPT[1..], APPLY]).ended(0);
    assert_eq!(report(&world)["findings"][0]["action"]["do"], "update");
    world.has_no_changes();
}

#[test]
fn what_differs_in_a_secret_is_not_shown() {
    let org = json!({ "collections": {
        QUEUES: [{ "id": "q-1", "name": "Support", "description": "theirs-hush" }],
    } });
    let secret = "variable \"s\" {\n  sensitive = true\n  default = \"ours-hush\"\n}\n";
    let queue = block("routing_queue", "x", "name = \"Support\"\n  description = var.s");
    let world = scene::world(&org, &format!("{secret}{queue}"));
    let plan = ["run", "--report", "report.json", "--", "terraform", "plan", "-no-color"];
    let ran = run(&world, &[&plan]).ended(0);
    assert!(said(&ran).contains("description"), "{}", said(&ran));
    for text in [said(&ran), world.read("report.json")] {
        assert!(!text.contains("hush"), "{text}");
    }
}

#[test]
fn a_child_whose_parent_is_adopted_by_the_same_apply_is_announced_by_the_next_plan() {
    let things = chosen(&["task_management_worktype", "task_management_worktype_status"]);
    let world = lost(&things, "");
    let plan = ["run", "--", "terraform", "plan", "-no-color", "-out=the.plan"];
    let _ = run(&world, &[&plan]).ended(0);
    let apply = ["run", "--", "terraform", "apply", "-no-color", "the.plan"];
    let ran = run(&world, &[&apply]).ended(1);
    assert!(said(&ran).contains("what it belongs to was adopted only now"), "{}", said(&ran));
    assert_eq!(world.state().len(), 1);
    let _ = run(&world, &[&plan]).ended(0);
    let _ = run(&world, &[&apply]).ended(0);
    assert_eq!(world.state().len(), 2);
    world.has_no_changes();
}

#[test]
fn what_the_provider_may_not_read_is_not_made_a_second_time() {
    let world = queue_and_skill(&json!({ "acceptDuplicates": true }));
    let refused = Effect::Status(Refusal::status(403));
    world.org().add_faults(vec![Fault::once("GET", &format!("{QUEUES}/q-1"), refused)]);
    let ran = run(&world, &[ADOPT, APPLY]).ended(1);
    assert!(said(&ran).contains("Existing q-1 was not adopted"), "{}", said(&ran));
    assert!(said(&ran).contains("Nothing was created"), "{}", said(&ran));
    assert_eq!(writes(&world), Vec::<String>::new());
    assert_eq!(world.state().len(), 1, "the skill is adopted");
}

#[test]
fn a_type_whose_create_updates_what_exists_is_looked_up_nowhere() {
    let settings = block("routing_settings", "x", "reset_agent_on_presence_change = true");
    let world = scene::world(&json!({}), &settings);
    let ran = run(&world, &[ADOPT, APPLY]).ended(0);
    assert_eq!(asked(&world), Vec::<String>::new(), "{}", said(&ran));
    assert!(!ran.stdout.contains("Warning"), "{}", ran.stdout);
}

#[test]
fn a_near_name_that_the_apply_created_is_not_said_to_be_left_alone() {
    let org = json!({ "collections": {
        QUEUES: [{ "id": "q-1", "name": "Support" }],
        SKILLS: [{ "id": "s-1", "name": "French" }],
    } });
    let queue = block("routing_queue", "x", "name = \"Support\"");
    let skill = block("routing_skill", "x", "name = \"french\"");
    let world = scene::world(&org, &format!("{queue}{skill}"));
    let _ = run(&world, &[ADOPT, APPLY]).ended(0);
    let report = report(&world);
    assert_eq!(at(&report, "french")["verdict"], "near_miss");
    assert_eq!(at(&report, "french")["outcome"], "created", "{report:#}");
    assert_eq!(at(&report, "Support")["outcome"], "adopted");
}
