//! What a configuration and a command line can say beside plain blocks: import blocks, `-target`,
//! `-replace`, `home = true`, tainted and stale instances, several provider configurations.

use serde_json::json;

use super::adoption::{ADOPT, APPLY, at, report, run, said};
use super::names;
use crate::world::{HOME, World, seed, seed_of};

const ENG: &str = "genesyscloud_auth_division.eng";

#[test]
fn an_id_that_a_saved_plan_imports_is_not_adopted_beside_it() {
    let import = "import {\n  to = genesyscloud_auth_division.old\n  id = \"id-eng\"\n}\n";
    for planned_by in ["divvy", "terraform"] {
        let world = World::new(seed(&[("id-eng", "Engineering")]));
        world.divisions(&[("old", "name = \"Engineering\""), ("new", "name = \"Engineering\"")]);
        world.write("import.tf", import).init();
        let plan = ["plan", "-out=the.plan"];
        let _ = match planned_by {
            "divvy" => run(&world, &[ADOPT, &["terraform"], &plan]),
            _ => world.terraform(&plan),
        }
        .ended(0);
        let ran = run(&world, &[ADOPT, &["terraform", "apply", "-no-color", "the.plan"]]).ended(1);
        assert!(said(&ran).contains("is not adopted"), "{planned_by}: {}", said(&ran));
        let held = ("genesyscloud_auth_division.old".to_owned(), "id-eng".to_owned());
        assert_eq!(world.state(), [held], "{planned_by}");
    }
}

#[test]
fn an_import_block_and_an_adoption_go_together_in_one_apply() {
    let world = World::new(seed(&[("id-eng", "Engineering"), ("id-ops", "Operations")]));
    world.divisions(&[("eng", "name = \"Engineering\""), ("ops", "name = \"Operations\"")]);
    world.write("import.tf", &format!("import {{\n  to = {ENG}\n  id = \"id-eng\"\n}}\n")).init();
    let _ = run(&world, &[ADOPT, &["terraform", "plan", "-out=the.plan"]]).ended(0);
    let _ = run(&world, &[ADOPT, &["terraform", "apply", "the.plan"]]).ended(0);
    assert_eq!(world.id_at(ENG).as_deref(), Some("id-eng"));
    assert_eq!(world.id_at("genesyscloud_auth_division.ops").as_deref(), Some("id-ops"));
    world.has_no_changes();
}

#[test]
fn only_what_is_targeted_is_adopted() {
    let world = World::new(seed(&[("id-eng", "Engineering"), ("id-ops", "Operations")]));
    world.divisions(&[("eng", "name = \"Engineering\""), ("ops", "name = \"Operations\"")]).init();
    let _ = run(&world, &[ADOPT, APPLY, &["-target", ENG]]).ended(0);
    assert_eq!(world.state(), [(ENG.to_owned(), "id-eng".to_owned())]);
    assert_eq!(report(&world)["summary"], json!({ "adopt": 1 }));
}

#[test]
fn a_block_with_a_new_label_is_told_of_moved_and_not_adopted() {
    let world = World::new(seed(&[("id-eng", "Engineering")]));
    world.tracks(&[json!({ "label": "old", "id": "id-eng", "name": "Engineering" })]);
    world.divisions(&[("eng", "name = \"Engineering\"")]).init();
    // Without -target Terraform deletes the old one at the same time.
    let ran = run(&world, &[ADOPT, APPLY, &["-target", ENG]]).ended(1);
    assert!(said(&ran).contains("moved"), "{}", said(&ran));
    assert_eq!(at(&report(&world), "Engineering")["verdict"], "moved");
    assert_eq!(world.state().len(), 1);
    assert_eq!(world.id_at(ENG), None);
}

#[test]
fn a_replacement_that_creates_first_does_not_adopt_what_it_is_to_replace() {
    let world = World::new(seed(&[("id-eng", "Engineering")]));
    world.tracks(&[json!({ "label": "eng", "id": "id-eng", "name": "Engineering" })]);
    let lifecycle = "name = \"Engineering\"\n  lifecycle {\n    create_before_destroy = true\n  }";
    world.divisions(&[("eng", lifecycle)]).init();
    let ran = run(&world, &[ADOPT, APPLY, &["-replace", ENG]]).ended(1);
    assert!(said(&ran).contains("is not adopted"), "{}", said(&ran));
    let found = at(&report(&world), "Engineering");
    assert_eq!((&found["verdict"], &found["address"]), (&json!("replace_cycle"), &json!(ENG)));
    assert_eq!(world.state(), [(ENG.to_owned(), "id-eng".to_owned())]);
    world.has_no_changes();
}

#[test]
fn create_before_destroy_is_told_as_check_tells_it_and_never_as_its_own_duplicate() {
    let world = World::new(seed(&[]));
    let case = crate::world::fixture("cases/35-create-before-destroy-under-run/main.tf");
    let text = std::fs::read_to_string(case).expect("the case");
    let port = world.gateway(0)["port"].as_str().expect("a port").to_owned();
    let text = text.replace("PORT", &port);
    world.write("main.tf", &text).init();
    let _ = run(&world, &[ADOPT, APPLY]).ended(0);
    world.write("main.tf", &text.replace("input = \"1\"", "input = \"2\""));
    let checked = world.divvy(&["check", "-o", "json"]).json();
    let expected = at(&checked, "Engineering");
    assert_eq!(expected["verdict"], "replace_cycle");
    for words in [&["terraform", "plan", "-no-color"][..], APPLY] {
        let ran = run(&world, &[ADOPT, words]);
        let message = expected["message"].as_str().expect("a message");
        assert!(said(&ran).contains(message), "{message}: {}", said(&ran));
        assert!(!said(&ran).contains("wants the same name"), "{}", said(&ran));
        let found = at(&report(&world), "Engineering");
        for field in ["verdict", "address", "message"] {
            assert_eq!(found[field], expected[field], "{field}");
        }
    }
    assert_eq!(names(&world), ["Engineering"]);
}

#[test]
fn a_replacement_that_destroys_first_is_terraform_s_alone() {
    let world = World::new(seed(&[("id-eng", "Engineering")]));
    world.tracks(&[json!({ "label": "eng", "id": "id-eng", "name": "Engineering" })]);
    world.divisions(&[("eng", "name = \"Engineering\"")]).init();
    let plan = ["terraform", "plan", "-no-color", "-replace", ENG];
    let ran = run(&world, &[&["run", "--on-conflict", "error", "--"], &plan]).ended(0);
    assert!(!said(&ran).contains("is not adopted"), "{}", said(&ran));
    let _ = run(&world, &[ADOPT, APPLY, &["-replace", ENG]]).ended(0);
    assert_ne!(world.id_at(ENG).as_deref(), Some("id-eng"));
    world.has_no_changes();
}

#[test]
fn a_tainted_instance_is_told_before_terraform_replaces_it() {
    let tainted =
        json!({ "label": "eng", "id": "id-eng", "name": "Engineering", "status": "tainted" });
    let world = World::new(seed(&[("id-eng", "Engineering")]));
    world.tracks(std::slice::from_ref(&tainted));
    world.divisions(&[("eng", "name = \"Engineering\"")]).init();
    let plan = ["terraform", "plan", "-no-color"];
    let ran = run(&world, &[ADOPT, &plan]).ended(0);
    assert!(said(&ran).contains("\"Engineering\" is not adopted"), "{}", said(&ran));
    assert!(said(&ran).contains("divvy fix --repair"), "{}", said(&ran));
    assert_eq!(at(&report(&world), "Engineering")["verdict"], "tainted");
    let ran = run(&world, &[&["run", "--on-conflict", "error", "--"], &plan]).ended(1);
    assert!(said(&ran).contains("\"Engineering\" is not adopted"), "{}", said(&ran));
    // What the apply does is Terraform's own: it deletes the division and makes another.
    let _ = run(&world, &[ADOPT, APPLY]).ended(0);
    let id = world.id_at(ENG).expect("an id");
    assert_ne!(id, "id-eng");
    assert!(world.divisions_of_org(0).get(&id).is_some());
    world.has_no_changes();
}

#[test]
fn home_with_its_flag_is_terraform_s_alone() {
    let world = World::new(seed(&[]));
    world.divisions(&[("home", "name = \"Home\"\n  home = true")]).init();
    let ran = run(&world, &[&["run", "--on-conflict", "error", "--"], APPLY]).ended(0);
    assert!(!ran.stdout.contains("Warning"), "{}", ran.stdout);
    assert_eq!(world.id_at("genesyscloud_auth_division.home").as_deref(), Some(HOME));
    world.has_no_changes();
}

#[test]
fn home_with_its_flag_and_another_name_is_told_and_never_adopted() {
    let world = World::new(seed(&[("id-eng", "Engineering")]));
    // The provider renames Home, which the org refuses: the name is another division's.
    world.divisions(&[("home", "name = \"Engineering\"\n  home = true")]).init();
    let ran = run(&world, &[ADOPT, APPLY]).ended(1);
    assert!(said(&ran).contains("\"Engineering\" is not adopted"), "{}", said(&ran));
    assert_eq!(at(&report(&world), "Engineering")["verdict"], "home");
    assert!(!world.state().iter().any(|(_, id)| id == "id-eng"), "{:?}", world.state());
    let divisions = world.divisions_of_org(0);
    assert_eq!(
        (&divisions[HOME]["name"], &divisions["id-eng"]["name"]),
        (&json!("Home"), &json!("Engineering"))
    );
}

#[test]
fn a_stale_id_heals_in_one_apply() {
    let mut world = World::new(seed(&[("id-new", "Engineering"), ("id-ops", "Operations")]));
    // Otherwise the provider looks for the old id for five minutes.
    world.set("GENESYSCLOUD_CUSTOM_RETRY_TIMEOUT", "0s");
    world.tracks(&[json!({ "label": "eng", "id": "id-old", "name": "Engineering" })]);
    world.divisions(&[("eng", "name = \"Engineering\"")]).init();
    let _ = run(&world, &[ADOPT, APPLY]).ended(0);
    assert_eq!(world.id_at(ENG).as_deref(), Some("id-new"));
    world.has_no_changes();
}

#[test]
fn two_aliases_of_one_org_do_not_share_a_name() {
    let world = World::new(seed_of(&json!({ "divisions": [
        { "id": "id-sales", "name": "Sales" }, { "id": "id-ops", "name": "Operations" },
    ] })));
    world.write(
        "main.tf",
        "terraform {\n  required_providers {\n    genesyscloud = { source = \"mypurecloud/genesyscloud\" }\n  }\n}\n\
         provider \"genesyscloud\" {}\n\
         provider \"genesyscloud\" {\n  alias = \"other\"\n  token_pool_size = 2\n}\n\
         resource \"genesyscloud_auth_division\" \"here\" {\n  name = \"Sales\"\n}\n\
         resource \"genesyscloud_auth_division\" \"there\" {\n  provider = genesyscloud.other\n  name = \"Sales\"\n}\n\
         resource \"genesyscloud_auth_division\" \"ops\" {\n  provider = genesyscloud.other\n  name = \"Operations\"\n}\n",
    );
    world.init();
    let ran = run(&world, &[ADOPT, APPLY]).ended(1);
    assert_eq!(report(&world)["summary"]["duplicate_in_config"], 2, "{}", said(&ran));
    let requests = world.org().requests();
    let lists =
        requests.iter().filter(|request| request.is("GET", "/api/v2/authorization/divisions"));
    assert_eq!(lists.count(), 1, "one listing for the org: {requests:?}");
    let held = ("genesyscloud_auth_division.ops".to_owned(), "id-ops".to_owned());
    assert_eq!(world.state(), [held]);
}

#[test]
fn a_provider_block_that_is_known_only_at_apply_announces_nothing() {
    let world = World::new(seed(&[("id-eng", "Engineering")]));
    let text = format!(
        "terraform {{\n  required_providers {{\n    genesyscloud = {{ source = \"mypurecloud/genesyscloud\" }}\n  }}\n}}\n\
         resource \"terraform_data\" \"id\" {{\n  input = \"client\"\n}}\n\
         provider \"genesyscloud\" {{\n  oauthclient_id = terraform_data.id.output\n{}}}\n\
         resource \"genesyscloud_auth_division\" \"eng\" {{\n  name = \"Engineering\"\n}}\n",
        world.gateway_block(0)
    );
    world.write("main.tf", &text).init();
    let ran = run(&world, &[ADOPT, &["terraform", "plan", "-no-color"]]).ended(0);
    assert!(said(&ran).contains("Nothing can be foretold"), "{}", said(&ran));
    let ran = run(&world, &[ADOPT, APPLY]).ended(0);
    assert_eq!(world.id_at(ENG).as_deref(), Some("id-eng"), "{}", said(&ran));
    let report = report(&world);
    assert_eq!(report["summary"], json!({ "adopt": 1 }), "{report:#}");
    assert_eq!(report["orgs"][0]["alias"], "genesyscloud", "{report:#}");
    world.has_no_changes();
}
