//! `divvy explain` and `fix` on what Terraform itself says where an apply meets 409s of several kinds
//! at once: another type, a division in the way, a division that is not, and the state's storage.

use divvy_sandbox::emulator::{Effect, Exchange, Fault, Refusal};
use serde_json::Value;

use crate::explain::{assert_as_expected, expected, explained};
use crate::world::World;

/// Case 13 as Terraform itself meets it, beside a division that does exist: the schedule is to be
/// changed, the two divisions to be created, and each request is refused with 409.
fn refused_for_three_reasons() -> World {
    let world = World::of_case("13-conflict-but-no-duplicate", "org.json");
    let claims = "resource \"genesyscloud_auth_division\" \"claims\" {\n  name = \"Claims\"\n}\n";
    world.write("claims.tf", claims).init();
    let schedule = "-target=genesyscloud_architect_schedules.weekdays";
    let _ = world.terraform(&["apply", "-auto-approve", "-input=false", schedule]).ended(0);
    world.write("main.tf", &world.read("main.tf").replace("T18:00", "T19:00"));
    let refused = |method, path, message: &str| {
        let message = Some(message.to_owned());
        let refusal = Refusal { message, ..Refusal::status(409) };
        Fault::once(method, path, Effect::Status(refusal)).always()
    };
    let busy = "Resource is being changed by another request";
    let put = refused("PUT", "/api/v2/architect/schedules/*", busy);
    let busy = "Another change to divisions is in progress, try again.";
    let mut post = refused("POST", "/api/v2/authorization/divisions", busy);
    post.on.name = Some("Depot".to_owned());
    world.org().add_faults(vec![put, post]);
    world
}

/// Applies, and keeps what Terraform says as a CI system does.
fn fails_to_apply(world: &World) {
    let apply = world.terraform(&["apply", "-auto-approve", "-input=false"]).ended(1);
    world.write("apply.log", &format!("{}{}", apply.stdout, apply.stderr));
}

#[test]
fn of_refusals_of_several_types_only_the_conflict_is_adopted() {
    let case = "13-conflict-but-no-duplicate";
    let world = refused_for_three_reasons();
    fails_to_apply(&world);
    let report = explained(&world, &["apply.log"], 2);
    assert_as_expected(&report, &expected(case, |item| !item["address"].is_null()));
    let findings = report["findings"].as_array().unwrap();
    assert_eq!(findings.len(), 3, "{report:#}");
    let claims = findings.iter().find(|finding| finding["verdict"] == "adopt").unwrap();
    assert_eq!(claims["address"], "genesyscloud_auth_division.claims");

    let org = world.divisions_of_org(0);
    let schedule = world.id_at("genesyscloud_architect_schedules.weekdays").unwrap();
    let _ = world.divvy(&["fix", "--yes", "--from-log", "apply.log"]).ended(0);
    let owned = |address: &str, id: &str| (address.to_owned(), id.to_owned());
    let expected = [
        owned("genesyscloud_architect_schedules.weekdays", &schedule),
        owned("genesyscloud_auth_division.claims", "b61b2f5d-96d8-4050-96ce-25ca4206a407"),
    ];
    assert_eq!(world.state(), expected);
    assert_eq!(world.divisions_of_org(0), org);

    world.org().clear_faults();
    let _ = world.terraform(&["apply", "-auto-approve", "-input=false"]).ended(0);
    world.has_no_changes();
}

#[test]
fn a_409_of_the_state_store_is_no_conflict_and_stops_every_import() {
    let world = refused_for_three_reasons();
    let state = world.read("terraform.tfstate");
    let store = format!("{}/state", world.org().url());
    world.write(
        "backend.tf",
        &format!("terraform {{\n  backend \"http\" {{\n    address = \"{store}\"\n  }}\n}}\n"),
    );
    let stored = Refusal { body: Some(Value::String(state)), ..Refusal::status(200) };
    world.org().add_faults(vec![
        Fault::once("GET", "/state", Effect::Status(stored)).always(),
        Fault::once("POST", "/state", Effect::Status(Refusal::status(409))).always(),
    ]);
    let _ = world.terraform(&["init", "-input=false", "-reconfigure"]).ended(0);
    fails_to_apply(&world);
    let report = explained(&world, &["--offline", "apply.log"], 3);
    assert_eq!(report["headline"]["code"], "DVY201", "{report:#}");
    let of = |address: &str| {
        let findings = report["findings"].as_array().unwrap();
        findings.iter().find(|finding| finding["address"] == address).unwrap()["verdict"].clone()
    };
    assert_eq!(of("genesyscloud_architect_schedules.weekdays"), "not_a_conflict");
    let org = world.divisions_of_org(0);
    let fixed = world.divvy(&["fix", "--yes", "--from-log", "apply.log"]).ended(3);
    assert!(fixed.stdout.contains("state push errored.tfstate"), "{}", fixed.stdout);
    assert_eq!(world.divisions_of_org(0), org);
    let written = |request: &Exchange| request.path == "/state" && request.method == "POST";
    let tries = world.org().requests().iter().filter(|request| written(request)).count();
    assert_eq!(tries, 1, "only the apply itself wrote to the state store");
}
