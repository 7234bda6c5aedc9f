//! Types beside the division, end to end: a configuration whose objects exist and whose state is lost.
//!
//! Made of the table: whatever the stand-in can serve is in it.

mod ranked;
pub(crate) mod scene;

use std::collections::{BTreeMap, BTreeSet};

use divvy_sandbox::emulator::{Effect, Fault, Refusal};
use serde_json::{Value, json};

use self::scene::{Thing, lost, queue, things};
use crate::world::{World, program};

/// The finding of one address.
#[track_caller]
fn finding<'r>(report: &'r Value, address: &str) -> &'r Value {
    let findings = report["findings"].as_array().expect("findings");
    let found = findings.iter().find(|finding| finding["address"] == address);
    found.unwrap_or_else(|| panic!("no finding at {address}: {report:#}"))
}

/// Each address and its verdict.
fn verdicts(report: &Value) -> BTreeMap<String, String> {
    let findings = report["findings"].as_array().expect("findings");
    let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    findings.iter().map(|one| (text(&one["address"]), text(&one["verdict"]))).collect()
}

/// The paths that the org was asked for, but for what every start asks for.
fn lists(world: &World) -> Vec<String> {
    let requests = world.org().requests();
    let requests = requests.iter().filter(|one| {
        one.path != "/oauth/token"
            && !one.path.starts_with("/api/v2/organizations")
            && one.path != "/api/v2/authorization/products"
    });
    let mut paths: Vec<_> = requests.map(|one| format!("{} {}", one.method, one.path)).collect();
    paths.sort();
    paths
}

fn writes(world: &World) -> Vec<String> {
    let requests = world.org().requests();
    let writes = requests.iter().filter(|one| match one.method.as_str() {
        "GET" => false,
        "POST" => {
            one.path != "/oauth/token"
                && !one.path.ends_with("/query")
                && !one.path.ends_with("/search")
        }
        _ => true,
    });
    writes.map(|one| format!("{} {}", one.method, one.path)).collect()
}

#[test]
fn a_lost_state_of_ten_everyday_types_is_whole_again_after_one_fix() {
    let everyday = [
        "routing_queue",
        "routing_skill",
        "routing_language",
        "routing_wrapupcode",
        "auth_role",
        "group",
        "user",
        "architect_datatable",
        "architect_schedules",
        "flow_milestone",
    ];
    let things: Vec<Thing> =
        things().into_iter().filter(|thing| everyday.contains(&thing.name())).collect();
    assert_eq!(things.len(), everyday.len());
    let world = lost(&things, "");
    world.org().clear_requests();

    let report = world.divvy(&["check", "-o", "json"]).ended(2).json();
    let found = verdicts(&report);
    assert!(found.values().all(|verdict| verdict == "adopt"), "{report:#}");
    assert_eq!(found.len(), everyday.len());
    let message = finding(&report, "genesyscloud_routing_queue.x")["message"].to_string();
    assert!(message.contains("What differs is shown before anything is imported"), "{message}");
    let listed: BTreeSet<_> = lists(&world).into_iter().collect();
    assert_eq!(listed.len(), everyday.len(), "{listed:?}");
    assert_eq!(lists(&world).len(), everyday.len(), "nothing is asked twice");

    let report = world.divvy(&["fix", "--yes", "-o", "json"]).ended(0).json();
    assert_eq!(report["clean"], true, "{report:#}");
    assert_eq!(report["rounds"], 1, "{report:#}");
    assert_eq!(writes(&world), Vec::<String>::new());
    world.has_no_changes();
}

#[test]
fn every_type_that_is_told_by_its_key_is_adopted_and_children_follow_their_parents() {
    let things = things();
    // All but the script, which an upload makes, and the external identity, which nobody reads by its id.
    assert_eq!(things.len(), 106);
    let world = lost(&things, "");
    let report = world.divvy(&["fix", "--yes", "-o", "json"]).ended(0).json();
    assert_eq!(report["clean"], true, "{report:#}");
    let rounds = report["rounds"].as_u64().expect("rounds");
    assert!((2..=4).contains(&rounds), "{rounds}");
    let adopted = report["summary"]["adopt"].as_u64();
    assert_eq!(adopted, Some(things.len() as u64), "{}", report["summary"]);
    assert_eq!(writes(&world), Vec::<String>::new());
    world.has_no_changes();
}

#[test]
fn a_child_of_what_is_to_be_adopted_is_said_to_follow_it_and_does() {
    let wanted = ["responsemanagement_library", "responsemanagement_response"];
    let things: Vec<Thing> =
        things().into_iter().filter(|thing| wanted.contains(&thing.name())).collect();
    assert_eq!(things.len(), wanted.len());
    let world = lost(&things, "");
    let report = world.divvy(&["check", "-o", "json"]).ended(2).json();
    let child = finding(&report, "genesyscloud_responsemanagement_response.x");
    assert_eq!(child["verdict"], "unknown_name", "{report:#}");
    let message = child["message"].as_str().expect("a message");
    assert!(message.contains("goes on with this by itself"), "{message}");
    world.org().clear_requests();
    let report = world.divvy(&["fix", "--yes", "-o", "json"]).ended(0).json();
    assert_eq!(report["summary"]["adopt"], 2, "{report:#}");
    // The library is read by its own import, by that of its child, and by the one plan that proves both.
    let reads = lists(&world).into_iter().filter(|one| one.contains("/libraries/"));
    assert_eq!(reads.count(), 3);
    let of_library = lists(&world).into_iter().find(|one| one.ends_with("/responses"));
    assert!(of_library.is_some(), "{:?}", lists(&world));
    world.has_no_changes();

    // The id of a parent is not shown, so what it is made of hides no name.
    world.tracks(&[]);
    let apply = ["apply", "-auto-approve", "-input=false", "-no-color"];
    let run = ["run", "--on-conflict", "adopt", "--", program()];
    let ran = world.divvy(&[&run[..], &apply].concat()).ended(0);
    let said = format!("{}{}", ran.stdout, ran.stderr);
    assert!(said.contains("name of canned response") && !said.contains("sensitive"), "{said}");
    world.has_no_changes();
}

#[test]
fn failures_of_many_types_in_a_log_are_told_by_type_and_status() {
    let is_alone = |thing: &Thing| thing.kind.key.iter().all(|part| part.parent.is_none());
    let things: Vec<Thing> = things().into_iter().filter(is_alone).collect();
    let refused: BTreeSet<&str> = things.iter().map(Thing::name).collect();
    let world = lost(&things, "");
    let apply = world.terraform(&["apply", "-auto-approve", "-input=false", "-no-color"]).ended(1);
    world.write("apply.log", &format!("{}{}", apply.stdout, apply.stderr));

    let offline = world.divvy(&["explain", "--offline", "apply.log", "-o", "json"]).ended(3);
    let offline = offline.json();
    let findings = offline["findings"].as_array().expect("findings");
    assert_eq!(findings.len(), refused.len(), "{offline:#}");
    for finding in findings {
        let message = finding["message"].as_str().expect("a message");
        let noun = finding["kind"].as_str().expect("a kind");
        assert!(message.contains("(409)") && message.contains(noun), "{finding:#}");
    }

    let report = world.divvy(&["explain", "apply.log", "-o", "json"]).ended(2).json();
    assert!(verdicts(&report).values().all(|verdict| verdict == "adopt"), "{report:#}");
    assert_eq!(verdicts(&report).len(), refused.len());
    let fix = ["fix", "--yes", "--from-log", "apply.log", "-o", "json"];
    assert_eq!(world.divvy(&fix).ended(0).json()["clean"], true);
}

#[test]
fn a_type_that_may_not_be_listed_keeps_no_other_from_being_adopted() {
    let wanted = ["routing_queue", "routing_skill"];
    let things: Vec<Thing> =
        things().into_iter().filter(|thing| wanted.contains(&thing.name())).collect();
    let world = lost(&things, "");
    let refusal = Refusal {
        code: Some("missing.permission".into()),
        message: Some(
            "Unable to perform the requested action. You are missing the following permission(s): routing:skill:view".into(),
        ),
        ..Refusal::status(403)
    };
    let skills = "/api/v2/routing/skills";
    world.org().add_faults(vec![Fault::once("GET", skills, Effect::Status(refusal)).always()]);
    let report = world.divvy(&["check", "-o", "json"]).ended(3).json();
    let skill = finding(&report, "genesyscloud_routing_skill.x");
    assert_eq!(skill["verdict"], "unlisted", "{report:#}");
    assert!(skill["message"].to_string().contains("routing:skill:view"), "{skill:#}");
    assert_eq!(finding(&report, "genesyscloud_routing_queue.x")["verdict"], "adopt");
}

#[test]
fn a_name_in_another_division_is_another_object_and_a_name_twice_is_asked_about() {
    let org = json!({
        "divisions": [{ "id": "d-sales", "name": "Sales" }, { "id": "d-care", "name": "Care" }],
        "policy": { "acceptDuplicates": true },
        "collections": { "/api/v2/routing/queues": [
            queue("q-1", "Support", "d-sales"), queue("q-2", "Support", "d-care"),
            queue("q-3", "Billing", "d-care"), queue("q-4", "Twice", "d-care"),
            queue("q-5", "Twice", "d-sales"),
        ] },
    });
    let block = |label: &str, name: &str, division: &str| {
        format!(
            "resource \"genesyscloud_routing_queue\" \"{label}\" {{\n  name = \"{name}\"\n  {division}\n}}\n"
        )
    };
    let text = [
        block("support", "Support", "division_id = \"d-care\""),
        block("billing", "Billing", "division_id = \"d-sales\""),
        block("twice", "Twice", ""),
    ]
    .concat();
    let world = scene::world(&org, &text);
    let report = world.divvy(&["check", "-o", "json"]).ended(3).json();
    let support = finding(&report, "genesyscloud_routing_queue.support");
    assert_eq!((&support["verdict"], &support["entity"]["id"]), (&json!("adopt"), &json!("q-2")));
    let billing = finding(&report, "genesyscloud_routing_queue.billing");
    assert_eq!(billing["verdict"], "create", "{billing:#}");
    let message = billing["message"].to_string();
    assert!(message.contains("in another division") && message.contains("d-care"), "{message}");
    let twice = finding(&report, "genesyscloud_routing_queue.twice");
    assert_eq!(twice["verdict"], "ambiguous", "{twice:#}");
    let message = twice["message"].to_string();
    assert!(message.contains("q-4; division d-care"), "{message}");
    assert!(message.contains("q-5; division d-sales"), "{message}");
}

#[test]
fn a_type_whose_create_updates_what_exists_is_looked_up_nowhere_and_not_printed() {
    let text = "resource \"genesyscloud_routing_settings\" \"x\" {\n  reset_agent_on_presence_change = true\n}\nresource \"genesyscloud_routing_skill\" \"x\" {\n  name = \"French\"\n}\n";
    let world = scene::world(&json!({}), text);
    let check = world.divvy(&["check"]).ended(0);
    assert!(!check.stdout.contains("routing_settings"), "{}", check.stdout);
    let report = world.divvy(&["check", "-o", "json"]).ended(0).json();
    let settings = finding(&report, "genesyscloud_routing_settings.x");
    assert_eq!(settings["verdict"], "updates_existing", "{settings:#}");
    assert_eq!(finding(&report, "genesyscloud_routing_skill.x")["verdict"], "create");
}

#[test]
fn what_an_import_would_change_is_left_to_a_person_and_the_rest_is_adopted() {
    let org = json!({ "collections": {
        "/api/v2/routing/queues": [{ "id": "q-1", "name": "Support", "description": "old" }],
        "/api/v2/routing/skills": [{ "id": "s-1", "name": "French" }],
    } });
    let text = "resource \"genesyscloud_routing_queue\" \"x\" {\n  name = \"Support\"\n  description = \"new\"\n}\nresource \"genesyscloud_routing_skill\" \"x\" {\n  name = \"French\"\n}\n";
    let world = scene::world(&org, text);
    let report = world.divvy(&["fix", "--yes", "-o", "json"]).ended(3).json();
    let queue = finding(&report, "genesyscloud_routing_queue.x");
    assert_eq!(queue["verdict"], "adopt_with_drift", "{queue:#}");
    let drift = json!([{ "attribute": "description", "config": "new", "org": "old" }]);
    assert_eq!(queue["drift"], drift);
    assert_eq!(world.state().len(), 1, "the skill is adopted: {:?}", world.state());
    assert_eq!(writes(&world), Vec::<String>::new());

    let report = world.divvy(&["fix", "--yes", "--adopt-drifted", "-o", "json"]).ended(3).json();
    assert_eq!(finding(&report, "genesyscloud_routing_queue.x")["action"]["do"], "import");
    assert_eq!(writes(&world), Vec::<String>::new());
    assert_eq!(world.state().len(), 2);
}

#[test]
fn check_with_diff_shows_what_each_import_would_change_and_imports_nothing() {
    let org = json!({ "collections": {
        "/api/v2/routing/queues": [{ "id": "q-1", "name": "Support", "description": "old" }],
        "/api/v2/routing/skills": [{ "id": "s-1", "name": "French" }],
        "/api/v2/outbound/contactlists": [{ "id": "l-1", "name": "Leads", "columnNames": ["phone"] }],
    } });
    let text = "resource \"genesyscloud_routing_queue\" \"x\" {\n  name = \"Support\"\n  description = \"new\"\n}\nresource \"genesyscloud_routing_skill\" \"x\" {\n  name = \"French\"\n}\nresource \"genesyscloud_outbound_contact_list\" \"x\" {\n  name = \"Leads\"\n  column_names = [\"phone\", \"mail\"]\n}\n";
    let world = scene::world(&org, text);
    let verdicts = |flags: &[&str], code: i32| {
        let arguments = [&["check", "-o", "json"], flags].concat();
        let report = world.divvy(&arguments).ended(code).json();
        let names = ["routing_queue", "routing_skill", "outbound_contact_list"];
        let addresses = names.map(|name| format!("genesyscloud_{name}.x"));
        (addresses.map(|at| finding(&report, &at)["verdict"].as_str().map(str::to_owned)), report)
    };
    let is = |verdicts: [&str; 3]| verdicts.map(|verdict| Some(verdict.to_owned()));
    assert_eq!(verdicts(&[], 2).0, is(["adopt"; 3]));
    let (told, report) = verdicts(&["--diff"], 3);
    assert_eq!(told, is(["adopt_with_drift", "adopt", "would_replace"]), "{report:#}");
    let drift = json!([{ "attribute": "description", "config": "new", "org": "old" }]);
    assert_eq!(finding(&report, "genesyscloud_routing_queue.x")["drift"], drift);
    assert_eq!(finding(&report, "genesyscloud_routing_skill.x")["action"]["do"], "import");
    assert_eq!(world.state().len(), 0, "nothing is imported");
    let text = world.divvy(&["check", "--diff"]).ended(3).stdout;
    assert!(text.contains("planned the imports: 1 of 3 would change nothing."), "{text}");
    assert_eq!(writes(&world), Vec::<String>::new());
    let files = std::fs::read_dir(world.directory()).unwrap();
    let names = files.map(|file| file.unwrap().file_name().to_string_lossy().into_owned());
    let left: Vec<String> = names.filter(|name| name.contains("import")).collect();
    assert_eq!(left, Vec::<String>::new());
    let undo = world.divvy(&["undo", "--yes"]).ended(1);
    assert!(undo.stderr.contains("no run here to undo"), "{}", undo.stderr);
    assert_eq!(verdicts(&[], 2).0, is(["adopt"; 3]), "what was compared is not remembered");
}

#[test]
fn check_with_diff_says_of_an_object_that_terraform_does_not_find_that_it_would_be_left_out() {
    let org = json!({ "collections": {
        "/api/v2/routing/skills": [{ "id": "s-1", "name": "French" }, { "id": "s-2", "name": "Dutch" }],
    } });
    let text = "resource \"genesyscloud_routing_skill\" \"x\" {\n  name = \"French\"\n  lifecycle {\n    postcondition {\n      condition     = self.id == \"s-9\"\n      error_message = \"Only s-9 will do.\"\n    }\n  }\n}\nresource \"genesyscloud_routing_skill\" \"y\" {\n  name = \"Dutch\"\n}\n";
    let world = scene::world(&org, text);
    let report = world.divvy(&["check", "--diff", "-o", "json"]).ended(3).json();
    let text = world.divvy(&["check", "--diff"]).ended(3).stdout;
    assert!(text.contains("genesyscloud_routing_skill.x would be left out"), "{text}");
    assert!(text.contains("Only s-9 will do"), "{text}");
    assert_eq!(finding(&report, "genesyscloud_routing_skill.y")["action"]["do"], "import");
    assert!(finding(&report, "genesyscloud_routing_skill.x")["action"]["do"] != "import");
    assert_eq!(world.state().len(), 0);
}

#[test]
fn what_refers_to_an_instance_that_is_left_out_is_adopted_without_it() {
    let org = json!({
        "divisions": [{ "id": "d-a", "name": "North" }, { "id": "d-b", "name": "South" }],
        "collections": { "/api/v2/users": [{ "id": "u-1", "name": "Ann", "email": "ann@example.com" }] },
    });
    let text = "resource \"genesyscloud_auth_division\" \"d\" {\n  for_each = toset([\"North\", \"South\"])\n  name = each.key\n}\nresource \"genesyscloud_user\" \"x\" {\n  name = \"Ann\"\n  email = \"ann@example.com\"\n  division_id = genesyscloud_auth_division.d[\"South\"].id\n}\n";
    let world = scene::world(&org, text);
    let only = ["--only", "*[\"North\"]", "--only", "genesyscloud_user.x"];
    let arguments = [&["fix", "--yes", "--adopt-drifted", "-o", "json"], &only[..]].concat();
    let ran = world.divvy(&arguments);
    let held: Vec<_> = world.state().into_iter().map(|(address, _)| address).collect();
    assert!(
        held.contains(&"genesyscloud_auth_division.d[\"North\"]".to_owned()),
        "{held:?}\n{}\n{}",
        ran.stdout,
        ran.stderr
    );
    assert!(!held.contains(&"genesyscloud_auth_division.d[\"South\"]".to_owned()), "{held:?}");
    assert_eq!(writes(&world), Vec::<String>::new());
}

#[test]
fn what_the_next_apply_would_replace_is_never_adopted_by_a_flag() {
    let org = json!({ "collections": { "/api/v2/outbound/contactlists": [
        { "id": "l-1", "name": "Leads", "columnNames": ["phone"] },
    ] } });
    let text = "resource \"genesyscloud_outbound_contact_list\" \"x\" {\n  name = \"Leads\"\n  column_names = [\"phone\", \"mail\"]\n}\n";
    let world = scene::world(&org, text);
    let at = "genesyscloud_outbound_contact_list.x";
    for flag in
        ["--adopt-drifted", "--accept-drift", "--id=genesyscloud_outbound_contact_list.x=l-1"]
    {
        let report = world.divvy(&["fix", "--yes", flag, "-o", "json"]).ended(3).json();
        let list = finding(&report, at);
        assert_eq!(list["verdict"], "would_replace", "{flag}: {list:#}");
        assert_eq!(list["drift"][0]["attribute"], "column_names", "{list:#}");
        assert!(list["hints"].to_string().contains("column_names = [\\\"phone\\\"]"), "{list:#}");
        assert_eq!(world.state().len(), 0, "{flag}");
    }
    assert_eq!(writes(&world), Vec::<String>::new());
}

#[test]
fn what_the_api_never_tells_and_cannot_be_changed_is_adopted_only_where_terraform_ignores_it() {
    let assets = things().into_iter().filter(|thing| thing.name().ends_with("_responseasset"));
    let world = lost(&assets.collect::<Vec<_>>(), "");
    let at = "genesyscloud_responsemanagement_responseasset.x";
    let ignoring = world.read("main.tf");
    let (before, _) = ignoring.split_once("  lifecycle").expect("a block that ignores it");
    world.write("main.tf", &format!("{before}}}\n"));
    for flag in ["--adopt-drifted", "--accept-drift"] {
        let report = world.divvy(&["fix", "--yes", flag, "-o", "json"]).ended(3).json();
        let asset = finding(&report, at);
        assert_eq!(asset["verdict"], "would_replace", "{flag}: {asset:#}");
        let hints = asset["hints"].to_string();
        assert!(hints.contains("lifecycle { ignore_changes = [filename] }"), "{hints}");
        assert_eq!(world.state().len(), 0, "{flag}");
    }
    world.write("main.tf", &ignoring);
    let report = world.divvy(&["fix", "--yes", "-o", "json"]).ended(0).json();
    assert_eq!(report["clean"], true, "{report:#}");
    assert_eq!(writes(&world), Vec::<String>::new());
    world.has_no_changes();
}
