//! `--on-conflict error` and `adopt`: a run that relies on divvy does not go on without it.

use divvy_sandbox::emulator::{Effect, Fault, Refusal};
use serde_json::json;

use super::DIVISIONS;
use super::adoption::{run, said};
use crate::world::{World, seed};

const ERROR: &[&str] = &["run", "--on-conflict", "error", "--"];
const PLAN: &[&str] = &["terraform", "plan", "-no-color"];

fn conflict() -> World {
    let world = World::new(seed(&[("id-eng", "Engineering"), ("id-sales", "Sales")]));
    world.divisions(&[("eng", "name = \"Engineering\""), ("sales", "name = \"Sales\"")]);
    world
}

fn reattached(world: &mut World, address: &str) {
    let socket = json!({ "Network": "unix", "String": "/no/such/socket" });
    let provider =
        json!({ "Protocol": "grpc", "ProtocolVersion": 5, "Pid": 1, "Test": true, "Addr": socket });
    world.set("TF_REATTACH_PROVIDERS", &json!({ address: provider }).to_string());
}

#[test]
fn a_running_provider_of_another_address_does_not_open_the_error_gate() {
    let mut world = conflict();
    world.init();
    for other in [
        "genesys.com/mypurecloud/genesyscloud",
        "registry.terraform.io/notmypurecloud/genesyscloud",
        "mypurecloud/genesyscloud2",
        "genesyscloud",
    ] {
        reattached(&mut world, other);
        let ran = run(&world, &[ERROR, PLAN]).ended(1);
        assert!(said(&ran).contains("\"Engineering\" already exists"), "{other}: {}", said(&ran));
    }
}

#[test]
fn a_gate_beside_a_running_provider_of_the_same_address_is_refused() {
    let mut world = conflict();
    world.init();
    let whole = if crate::world::program().contains("tofu") {
        "registry.opentofu.org/mypurecloud/genesyscloud"
    } else {
        "registry.terraform.io/mypurecloud/genesyscloud"
    };
    for same in [whole, "mypurecloud/genesyscloud", "MyPureCloud/genesyscloud"] {
        reattached(&mut world, same);
        for what in ["error", "adopt"] {
            let ran = run(&world, &[&["run", "--on-conflict", what, "--"], PLAN]).ended(125);
            assert!(ran.stderr.contains("TF_REATTACH_PROVIDERS names a running"), "{}", ran.stderr);
            assert_eq!(ran.stdout, "", "{same}: Terraform was started");
        }
    }
}

#[test]
fn a_gate_is_refused_where_divvy_cannot_be_between_terraform_and_the_provider() {
    let world = conflict();
    // Not initialised.
    let ran = run(&world, &[ERROR, PLAN]).ended(125);
    assert!(ran.stderr.contains("--on-conflict error cannot be kept"), "{}", ran.stderr);
    let ran = run(&world, &[ERROR, &["terraform", "test"]]).ended(125);
    assert!(ran.stderr.contains("watches plan and apply"), "{}", ran.stderr);
    assert_eq!(world.org().requests().len(), 0);
    // What creates nothing passes.
    let _ = run(&world, &[ERROR, &["terraform", "init", "-input=false", "-no-color"]]).ended(0);
    let _ = run(&world, &[ERROR, &["terraform", "validate", "-no-color"]]).ended(0);
}

#[test]
fn a_gate_that_cannot_ask_the_org_fails_the_plan() {
    let world = World::new(seed(&[]));
    world.divisions(&[("eng", "name = \"Engineering\"")]).init();
    let refused = Effect::Status(Refusal::status(403));
    world.org().add_faults(vec![Fault::once("GET", DIVISIONS, refused).always()]);
    let ran = run(&world, &[ERROR, PLAN]).ended(1);
    assert!(said(&ran).contains("Nothing can be foretold"), "{}", said(&ran));
    let _ = run(&world, &[&["run", "--"], PLAN]).ended(0);
}
