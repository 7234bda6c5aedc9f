//! Why something is not adopted, or not started: each reason once, with what is left afterwards.

use std::os::unix::fs::PermissionsExt as _;
use std::process::{Child, Stdio};

use divvy_sandbox::emulator::{Effect, Fault, Refusal, SeedDivision, Standing};
use serde_json::json;

use super::adoption::{ADOPT, APPLY, at, report, run, said};
use super::{DIVISIONS, wait_until_held};
use crate::world::{DIVVY, Ran, World, program, registry, seed, seed_of, terraform};

fn engineering() -> World {
    let world = World::new(seed(&[("id-eng", "Engineering")]));
    world.divisions(&[("eng", "name = \"Engineering\"")]).init();
    world
}

/// Starts an apply whose create is held, and then refused.
fn held_until_refused(world: &World) -> Child {
    let refused = Effect::Status(Refusal::status(409));
    let faults = [Effect::Hold, refused].map(|effect| Fault::once("POST", DIVISIONS, effect));
    world.org().add_faults(faults.to_vec());
    let mut command = world.command(DIVVY);
    command
        .args([ADOPT, &[program()], &APPLY[1..]].concat())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let child = command.spawn().expect("divvy starts");
    wait_until_held(world);
    child
}

fn let_go(world: &World, child: Child) -> Ran {
    world.org().release();
    let output = child.wait_with_output().expect("divvy ends");
    Ran {
        code: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

#[test]
fn warn_and_error_adopt_nothing_and_say_so() {
    for stance in ["warn", "error"] {
        let world = engineering();
        // A plan that nobody has stopped.
        let _ = world.terraform(&["plan", "-out=the.plan"]).ended(0);
        let words = ["run", "--on-conflict", stance, "--", "terraform", "apply", "-no-color"];
        let ran = run(&world, &[&words, &["the.plan"]]).ended(1);
        let reason = format!("--on-conflict {stance} adopts nothing.");
        assert!(said(&ran).contains(&reason), "{}", said(&ran));
        // An error comes before the create: an apply plans once more.
        assert_eq!(ran.stderr.contains("API Error: 409"), stance == "warn", "{}", ran.stderr);
        assert_eq!(world.state(), []);
    }
}

#[test]
fn what_went_away_while_its_create_was_refused_is_not_adopted() {
    let mut world = engineering();
    world.set("GENESYSCLOUD_CUSTOM_RETRY_TIMEOUT", "0s");
    let child = held_until_refused(&world);
    assert!(world.org().remove_division("id-eng").expect("an org"));
    let ran = let_go(&world, child).ended(1);
    assert!(said(&ran).contains("finds no object with the id id-eng"), "{}", said(&ran));
    assert_eq!(world.state(), []);
}

#[test]
fn what_was_renamed_while_its_create_was_refused_is_not_adopted() {
    let world = engineering();
    let child = held_until_refused(&world);
    let rename =
        |division: &mut divvy_sandbox::emulator::Division| division.name = "Other".to_owned();
    assert!(world.org().edit_division("id-eng", rename).expect("an org"));
    let ran = let_go(&world, child).ended(1);
    assert!(said(&ran).contains("Its name is not the planned one any more"), "{}", said(&ran));
    assert_eq!(world.state(), []);
}

#[test]
fn what_the_provider_may_not_read_is_not_adopted() {
    let world = engineering();
    let refused = Effect::Status(Refusal::status(403));
    let path = format!("{DIVISIONS}/id-eng");
    world.org().add_faults(vec![Fault::once("GET", &path, refused)]);
    let ran = run(&world, &[ADOPT, APPLY]).ended(1);
    assert!(said(&ran).contains("Existing id-eng was not adopted"), "{}", said(&ran));
    assert!(said(&ran).contains("The provider says: Failed to read division"), "{}", said(&ran));
    assert_eq!(world.state(), []);
}

#[test]
fn an_update_that_the_org_refuses_leaves_an_adopted_instance_that_is_not_tainted() {
    let drifted = json!({ "divisions": [{ "id": "id-sales", "name": "Sales", "description": "Owned by IT" }] });
    let world = World::new(seed_of(&drifted));
    world.divisions(&[("sales", "name = \"Sales\"")]).init();
    let refused = Effect::Status(Refusal::status(403));
    world.org().add_faults(vec![Fault::once("PUT", &format!("{DIVISIONS}/id-sales"), refused)]);
    let ran = run(&world, &[&["run", "--accept-drift"], &ADOPT[1..], APPLY]).ended(0);
    assert!(said(&ran).contains("Adopted id-sales was not updated"), "{}", said(&ran));
    let plan = world.terraform(&["plan", "-detailed-exitcode"]).ended(2);
    assert!(plan.stdout.contains("0 to add, 1 to change, 0 to destroy"), "{}", plan.stdout);
}

#[test]
fn a_state_that_cannot_be_read_stops_adoptions() {
    let world = engineering();
    let no_pull = "if [ \"$1 $2\" = 'state pull' ]; then echo 'no state for you' >&2; exit 1; fi";
    let program = launcher(&world, "terraform", no_pull);
    let ran = run(&world, &[ADOPT, &[&program], &APPLY[1..]]).ended(1);
    assert!(said(&ran).contains("The state could not be read, so another"), "{}", said(&ran));
    assert_eq!(world.state(), []);
}

/// A launcher of Terraform that runs these lines of shell first; returns its path.
fn launcher(world: &World, name: &str, lines: &str) -> String {
    world.program(name, &format!("{lines}\nexec '{}' \"$@\"", terraform().display()))
}

#[test]
fn what_is_neither_terraform_nor_tofu_is_not_run() {
    let world = engineering();
    world.write("mark.sh", "#!/bin/sh\ncase \"$1\" in apply) touch was-run ;; esac\n");
    let script = world.directory().join("mark.sh");
    std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o755)).expect("permissions");
    for program in ["./mark.sh", "echo", "yes"] {
        for subcommand in ["apply", "init"] {
            let ran = world.divvy(&["run", "--", program, subcommand]).ended(125);
            assert!(ran.stderr.contains("neither Terraform nor OpenTofu"), "{}", ran.stderr);
            assert!(ran.stderr.contains("divvy run -- terraform apply"), "{}", ran.stderr);
            assert_eq!(ran.stdout, "");
        }
    }
    assert!(!world.directory().join("was-run").exists());
}

#[test]
fn a_launcher_is_asked_once_and_terraform_by_its_own_name_never() {
    for (name, asked) in [("our-launcher", 1), ("terraform", 0), ("tofu", 0)] {
        let world = engineering();
        let log = world.beside().join("log");
        let program = launcher(&world, name, &format!("echo \"$@\" >> '{}'", log.display()));
        let _ = run(&world, &[ADOPT, &[&program], &APPLY[1..]]).ended(0);
        assert_eq!(world.state().len(), 1, "{name}");
        let log = std::fs::read_to_string(log).expect("a log");
        let questions = log.lines().filter(|line| *line == "version -json").count();
        assert_eq!(questions, asked, "{name}: {log}");
        assert!(log.contains("apply -auto-approve"), "{log}");
    }
}

#[test]
fn a_state_that_was_never_saved_stops_adoptions() {
    let world = engineering();
    world.write(
        "errored.tfstate",
        "{\"version\":4,\"serial\":3,\"lineage\":\"x\",\"resources\":[]}",
    );
    let ran = run(&world, &[ADOPT, APPLY]).ended(1);
    assert!(said(&ran).contains("is not adopted"), "{}", said(&ran));
    assert!(said(&ran).contains("errored.tfstate"), "{}", said(&ran));
    assert_eq!(world.state(), []);
}

#[test]
fn a_409_that_nothing_explains_is_called_hidden() {
    let world =
        World::new(seed_of(&json!({ "hidden": [{ "id": "id-eng", "name": "Engineering" }] })));
    world.divisions(&[("eng", "name = \"Engineering\"")]).init();
    let ran = run(&world, &[ADOPT, APPLY]).ended(1);
    assert_eq!(at(&report(&world), "Engineering")["verdict"], "hidden", "{}", said(&ran));
    assert!(said(&ran).contains("\"Engineering\" is not adopted"), "{}", said(&ran));
    assert_eq!(world.state(), []);
}

#[test]
fn a_409_that_a_deleted_one_explains_comes_with_its_restore_request() {
    let deleted = json!({
        "deleted": [{ "id": "id-eng", "name": "Engineering" }, { "id": "id-ops", "name": "Ops" }],
        "policy": { "deletedNamesBlock": true },
    });
    let world = World::new(seed_of(&deleted));
    world.divisions(&[("eng", "name = \"Engineering\""), ("ops", "name = \"Ops\"")]).init();
    let ran = run(&world, &[ADOPT, APPLY]).ended(1);
    assert_eq!(report(&world)["summary"], json!({ "deleted_twin": 2 }), "{}", said(&ran));
    assert!(said(&ran).contains("id-eng"), "{}", said(&ran));
    let requests = world.org().requests();
    let lists = requests.iter().filter(|request| request.path.ends_with("/divisions/deleted"));
    assert_eq!(lists.count(), 1, "one list for both");
    assert_eq!(world.state(), []);
}

#[test]
fn a_division_that_the_first_listing_lacked_is_not_hidden_by_its_deleted_twin() {
    let world =
        World::new(seed_of(&json!({ "deleted": [{ "id": "id-old", "name": "Engineering" }] })));
    world.divisions(&[("eng", "name = \"Engineering\"")]).init();
    // Somebody makes it between the listing and the create.
    let child = held_until_refused(&world);
    let live = SeedDivision { id: "id-eng".to_owned(), ..SeedDivision::named("Engineering") };
    world.org().add_division(live, Standing::Live).expect("the store");
    let ran = let_go(&world, child);
    assert!(!said(&ran).contains("id-old"), "{}", said(&ran));
    assert!(said(&ran).contains("id-eng"), "{}", said(&ran));
}

#[test]
fn several_of_one_name_are_nobody_s_to_choose_from() {
    let world = engineering();
    let twin = SeedDivision {
        id: "id-twin".to_owned(),
        name: "Engineering".to_owned(),
        ..SeedDivision::default()
    };
    world.org().add_division(twin, Standing::Live).expect("a division");
    let ran = run(&world, &[ADOPT, APPLY]).ended(1);
    assert_eq!(at(&report(&world), "Engineering")["verdict"], "ambiguous", "{}", said(&ran));
    assert_eq!(world.state(), []);
}

#[test]
fn a_400_counts_only_where_the_listing_explains_it() {
    let refused = |world: &World| {
        let refused = Effect::Status(Refusal::status(400));
        world.org().add_faults(vec![Fault::once("POST", DIVISIONS, refused)]);
    };
    let world = engineering();
    refused(&world);
    let _ = run(&world, &[ADOPT, APPLY]).ended(0);
    assert_eq!(world.state().len(), 1);
    let world = World::new(seed(&[]));
    world.divisions(&[("eng", "name = \"Engineering\"")]).init();
    refused(&world);
    let ran = run(&world, &[ADOPT, APPLY]).ended(1);
    assert!(ran.stderr.contains("API Error: 400"), "{}", ran.stderr);
    assert!(!said(&ran).contains("is not adopted"), "{}", said(&ran));
}

#[test]
fn a_403_is_passed_on_as_it_is() {
    let world = World::new(seed(&[]));
    world.divisions(&[("eng", "name = \"Engineering\"")]).init();
    let refused = Effect::Status(Refusal::status(403));
    world.org().add_faults(vec![Fault::once("POST", DIVISIONS, refused)]);
    let ran = run(&world, &[ADOPT, APPLY]).ended(1);
    assert!(ran.stderr.contains("API Error: 403"), "{}", ran.stderr);
    assert!(!ran.stdout.contains("Warning"), "{}", ran.stdout);
}

#[test]
fn a_provider_that_is_none_is_refused_before_terraform_starts() {
    let world = engineering();
    let flags = |binary: &str| run(&world, &[&["run", "--provider-binary", binary, "--"], APPLY]);
    let ran = flags("/no/such/provider").ended(125);
    assert!(ran.stderr.contains("there is no such file"), "{}", ran.stderr);
    let ran = flags("/bin/true").ended(125);
    assert!(ran.stderr.contains("is no Terraform provider"), "{}", ran.stderr);
    assert_eq!(ran.stdout, "");
}

#[test]
fn a_temporary_directory_that_takes_nothing_is_refused_before_terraform_starts() {
    let mut world = engineering();
    world.set("TMPDIR", "/no/such/directory");
    let ran = run(&world, &[ADOPT, APPLY]).ended(125);
    assert!(ran.stderr.contains("could not write into /no/such/directory"), "{}", ran.stderr);
}

#[test]
fn a_provider_that_somebody_else_runs_is_left_to_them() {
    let mut world = engineering();
    let address = json!({ "Network": "unix", "String": "/no/such/socket" });
    let provider = json!({ "Protocol": "grpc", "ProtocolVersion": 5, "Pid": 1, "Test": true, "Addr": address });
    let providers = json!({ format!("{}/mypurecloud/genesyscloud", registry()): provider });
    world.set("TF_REATTACH_PROVIDERS", &providers.to_string());
    let ran = run(&world, &[ADOPT, APPLY]).ended(125);
    assert!(said(&ran).contains("cannot be kept"), "{}", said(&ran));
    assert_eq!(world.org().requests().len(), 0);
}
