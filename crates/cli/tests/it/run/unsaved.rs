//! A state that Terraform cannot save: `run` reads it before it says what was adopted.

use divvy_sandbox::emulator::{Effect, Fault, Refusal};

use super::adoption::{report, said};
use crate::world::{Ran, World, is_opentofu, seed, terraform};

const ADOPT: &[&str] = &["run", "--on-conflict", "adopt", "--report", "report.json", "--"];
const APPLY: &[&str] = &["apply", "-auto-approve", "-no-color"];

fn conflicts() -> World {
    let world = World::new(seed(&[("id-eng", "Engineering"), ("id-ops", "Operations")]));
    world.divisions(&[("eng", "name = \"Engineering\""), ("ops", "name = \"Operations\"")]).init();
    world
}

/// Nothing is called adopted, and nothing was changed in the org.
#[track_caller]
fn claims_nothing(world: &World, ran: &Ran, org_before: &str) {
    assert_ne!(ran.code, 0, "{}", ran.stderr);
    assert!(!said(ran).contains("is in the state now"), "{}", said(ran));
    assert!(!ran.stderr.contains("Adopted ("), "{}", ran.stderr);
    for finding in report(world)["findings"].as_array().expect("findings") {
        assert_ne!(finding["action"]["do"], "import", "{finding:#}");
    }
    assert_eq!(format!("{:?}", world.org().org()), org_before);
}

/// The same command without the fault adopts both.
#[track_caller]
fn converges(world: &World) {
    for file in ["errored.tfstate", "terraform.tfstate"] {
        let _ = std::fs::remove_file(world.directory().join(file));
    }
    let _ = world.divvy(&[ADOPT, &["terraform"], APPLY].concat()).ended(0);
    assert_eq!(world.state().len(), 2);
    world.has_no_changes();
}

#[test]
fn on_a_full_disk_nothing_is_called_adopted() {
    let world = conflicts();
    let before = format!("{:?}", world.org().org());
    // Terraform can write no file larger than a block: its state is cut off, and so is its rescue.
    let limit = "if [ \"$1\" = apply ]; then trap '' XFSZ; ulimit -f 1; fi";
    let program = format!("{limit}\nexec '{}' \"$@\"", terraform().display());
    let limited = world.program("terraform", &program);
    let ran = world.divvy(&[ADOPT, &[&limited], APPLY].concat());
    claims_nothing(&world, &ran, &before);
    assert!(
        said(&ran).contains("whether it holds what was adopted is not known"),
        "{}",
        said(&ran)
    );
    converges(&world);
}

#[test]
fn a_state_that_its_store_refuses_is_in_the_rescue_file_and_is_pushed_by_the_line_that_is_printed()
{
    let world = conflicts();
    let before = format!("{:?}", world.org().org());
    let store = format!("{}/state", world.org().url());
    let backend =
        format!("terraform {{\n  backend \"http\" {{\n    address = \"{store}\"\n  }}\n}}\n");
    world.org().add_faults(vec![
        Fault::once("GET", "/state", Effect::Status(Refusal::status(404))).always(),
        Fault::once("POST", "/state", Effect::Status(Refusal::status(403))).always(),
    ]);
    let reconfigured = ["init", "-input=false", "-reconfigure"];
    world.write("backend.tf", &backend);
    let _ = world.terraform(&reconfigured).ended(0);
    let ran = world.divvy(&[ADOPT, &["terraform"], APPLY].concat());
    claims_nothing(&world, &ran, &before);
    let told = said(&ran);
    assert!(told.contains("2 adopted, but not saved in the state (id-eng)"), "{told}");
    assert!(told.contains("state push errored.tfstate next: "), "{told}");
    let name = if is_opentofu() { "tofu" } else { "terraform" };
    assert!(
        told.trim_end().ends_with(&format!("next: {name} state push errored.tfstate")),
        "{told}"
    );

    world.org().clear_faults();
    for gone in ["backend.tf", ".terraform/terraform.tfstate"] {
        std::fs::remove_file(world.directory().join(gone)).expect("the backend");
    }
    let _ = world.terraform(&reconfigured).ended(0);
    let _ = world.terraform(&["state", "push", "errored.tfstate"]).ended(0);
    assert_eq!(world.state().len(), 2);
    world.has_no_changes();
}
