//! Plan, show, state and its repairs on a real directory.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use divvy_core::survey::{Change, StatePresence};
use divvy_terraform::{Error, FailureKind, PassedFlags, PlanRequest, WorkingDirectory};

use crate::support::{Sandbox, address, block_on, consent};

const ODD_KEYS: &str = r#"
resource "terraform_data" "odd" {
  for_each = toset(["x", "q\"u$${o}", "ü\n\t\\", "<a&b>", "%%{y}", "\u0001\u007f\u00a0", "\U0001F600", "\u0301", "it's"])
  input    = each.key
}
resource "terraform_data" "counted" {
  count = 2
}
"#;

fn kind_of(error: &Error) -> &FailureKind {
    &error.failure().expect("a failure of Terraform's").kind
}

#[test]
fn a_plan_is_saved_privately_shown_and_removed_with_its_directory() {
    let sandbox = Sandbox::new(ODD_KEYS);
    block_on(async {
        let directory = sandbox.open();
        let plan = directory.plan(PlanRequest::default()).await.unwrap();
        let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(plan.path()), 0o600);
        assert_eq!(mode(plan.path().parent().unwrap()), 0o700);
        let document = directory.show(&plan).await.unwrap();
        assert_eq!(document.pending().create, 11);
        assert!(document.terraform_version().is_some());
        assert_eq!(directory.terraform_runs(), 2);
        let read = directory.read_plan_file(plan.path()).await.unwrap();
        assert_eq!(read.changes().len(), 11);
    });
    assert_eq!(sandbox.effects.take(), ["plan", "show", "show"]);
    assert_eq!(sandbox.files(), ["main.tf"]);
    assert!(sandbox.temporary_files().is_empty());
}

#[test]
fn addresses_rebuilt_from_the_state_are_the_ones_that_terraform_prints() {
    let sandbox = Sandbox::new(ODD_KEYS);
    block_on(async {
        let directory = sandbox.open();
        let before = directory.state_pull().await.unwrap().tracked().unwrap();
        assert_eq!(before.presence, StatePresence::Nothing);
        let plan = directory.plan(PlanRequest::default()).await.unwrap();
        directory.apply_plan(&consent(), &plan).await.unwrap();
        let state = directory.state_pull().await.unwrap();
        let mut rebuilt = state.addresses();
        let printed = sandbox.by_hand(&["state", "list"]);
        let mut printed: Vec<&str> = printed.lines().collect();
        rebuilt.sort();
        printed.sort_unstable();
        assert_eq!(rebuilt, printed);
        assert_eq!(state.tracked().unwrap().presence, StatePresence::Present);
        let again = directory.plan(PlanRequest::default()).await.unwrap();
        assert!(directory.show(&again).await.unwrap().pending().is_clean());
    });
}

#[test]
fn a_state_that_lies_here_is_read_without_terraform_and_any_other_is_asked_for() {
    let held = "resource \"terraform_data\" \"a\" {}\n";
    let backend = "terraform {\n  backend \"local\" {\n    path = \"elsewhere.tfstate\"\n  }\n}\n";
    let sandbox = Sandbox::new(held);
    block_on(async {
        let state = async || sandbox.open().state().await.unwrap().addresses();
        assert_eq!(state().await, Vec::<String>::new());
        assert_eq!(sandbox.effects.take(), ["state pull"], "a state that was never written");
        sandbox.by_hand(&["apply", "-auto-approve"]);
        assert_eq!(state().await, ["terraform_data.a"]);
        assert_eq!(sandbox.effects.take(), Vec::<String>::new());

        let whole = std::fs::read_to_string(sandbox.path().join("terraform.tfstate")).unwrap();
        for half in ["", &whole[..whole.len() / 2], "{\"encrypted_data\": \"x\"}"] {
            sandbox.write("terraform.tfstate", half);
            let _ = sandbox.open().state().await;
            assert_eq!(sandbox.effects.take(), ["state pull"], "{half:?}");
        }
        sandbox.write("terraform.tfstate", &whole);

        sandbox.by_hand(&["workspace", "new", "other"]);
        assert_eq!(state().await, Vec::<String>::new());
        assert_eq!(sandbox.effects.take(), ["state pull"], "another workspace");
        sandbox.by_hand(&["workspace", "select", "default"]);
        sandbox.by_hand(&["workspace", "delete", "other"]);

        sandbox.write("backend.tf", backend);
        sandbox.by_hand(&["init", "-migrate-state", "-force-copy"]);
        sandbox.write("terraform.tfstate", &whole.replace("terraform_data", "another"));
        assert_eq!(state().await, ["terraform_data.a"]);
        assert_eq!(sandbox.effects.take(), ["state pull"], "a backend");
    });
}

#[test]
fn the_state_is_repaired_by_terraforms_own_commands() {
    let sandbox = Sandbox::new("resource \"terraform_data\" \"a\" {}\n");
    block_on(async {
        let directory = sandbox.open_with(&["-lock-timeout=1s", "-compact-warnings"]);
        let (a, b) = (address("terraform_data.a"), address("terraform_data.b"));
        let id = divvy_core::EntityId::new("some id");
        directory.import(&consent(), &a, &id).await.unwrap();
        let twice = directory.import(&consent(), &a, &id).await.unwrap_err();
        assert_eq!(kind_of(&twice), &FailureKind::AlreadyManaged);
        sandbox.by_hand(&["taint", "terraform_data.a"]);
        directory.untaint(&consent(), &a).await.unwrap();
        directory.state_mv(&consent(), &a, &b).await.unwrap();
        let held = async || directory.state_pull().await.unwrap().addresses();
        assert_eq!(held().await, ["terraform_data.b"]);
        directory.state_rm(&consent(), &b).await.unwrap();
        assert!(held().await.is_empty());
        let missing = directory.state_rm(&consent(), &b).await.unwrap_err();
        assert!(missing.to_string().contains("No matching objects found"));
    });
}

#[test]
fn a_directory_without_configuration_is_refused_before_terraform_starts() {
    let sandbox = Sandbox::new("");
    std::fs::remove_file(sandbox.path().join("main.tf")).unwrap();
    let open = |path: &Path| {
        WorkingDirectory::open(path, sandbox.terraform(), PassedFlags::default()).unwrap_err()
    };
    assert!(matches!(open(&sandbox.path()), Error::NoConfiguration { .. }));
    assert!(matches!(open(&sandbox.path().join("missing")), Error::NoDirectory { .. }));
    assert!(sandbox.effects.take().is_empty());
}

#[test]
fn terraforms_refusals_become_kinds_that_a_caller_can_act_on() {
    let cases = [
        ("variable \"x\" {}\n", FailureKind::MissingVariable),
        ("resource \"terraform_data\" \"x\" {\n", FailureKind::ConfigurationInvalid),
        (
            "resource \"terraform_data\" \"x\" {\n  bogus = 1\n}\n",
            FailureKind::ConfigurationInvalid,
        ),
        (
            "resource \"genesyscloud_auth_division\" \"x\" {\n  name = \"x\"\n}\n",
            FailureKind::NotInitialised,
        ),
        ("module \"x\" {\n  source = \"./x\"\n}\n", FailureKind::NotInitialised),
        ("terraform {\n  backend \"s3\" {}\n}\n", FailureKind::BackendInitialisation),
        (
            "terraform {\n  cloud {\n    organization = \"x\"\n  }\n}\n",
            FailureKind::BackendInitialisation,
        ),
        ("terraform {\n  required_version = \">= 99\"\n}\n", FailureKind::TooOld),
    ];
    for (configuration, kind) in cases {
        let sandbox = Sandbox::new(configuration);
        let error = block_on(async {
            let directory = sandbox.open();
            directory.plan(PlanRequest::default()).await.unwrap_err()
        });
        assert_eq!(kind_of(&error), &kind, "{configuration}: {error}");
        assert!(sandbox.temporary_files().is_empty());
    }
}

#[test]
fn flags_and_environment_of_the_user_reach_the_plan_and_extra_arguments_do_not() {
    let mut sandbox = Sandbox::new(
        "variable \"a\" {}\nvariable \"b\" {}\nresource \"terraform_data\" \"x\" {\n  count = var.a == \"1\" && var.b == \"2\" ? 3 : 0\n}\n",
    );
    sandbox.environment.insert("TF_VAR_b".into(), "2".into());
    sandbox.environment.insert("TF_CLI_ARGS".into(), "-var b=9".into());
    sandbox.environment.insert("TF_LOG".into(), "TRACE".into());
    block_on(async {
        let directory = sandbox.open_with(&["-var", "a=1"]);
        let plan = directory.plan(PlanRequest::default()).await.unwrap();
        let document = directory.show(&plan).await.unwrap();
        let creates = document.changes().iter().filter(|c| c.action == Some(Change::Create));
        assert_eq!(creates.count(), 3);
    });
}

#[test]
fn an_unsaved_state_and_the_workspace_are_seen() {
    let sandbox = Sandbox::new("");
    let directory = sandbox.open();
    assert_eq!(directory.errored_state(), None);
    assert_eq!(directory.workspace(), None);
    let unsaved = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../fixtures/cases/17-errored-tfstate/errored.tfstate"
    );
    std::fs::copy(unsaved, sandbox.path().join("errored.tfstate")).unwrap();
    sandbox.by_hand(&["workspace", "new", "uat"]);
    assert_eq!(directory.errored_state().unwrap().serial, Some(9));
    assert_eq!(directory.workspace().as_deref(), Some("uat"));
}

#[test]
fn a_state_that_is_locked_by_somebody_else_names_them() {
    let sandbox = Sandbox::new("resource \"terraform_data\" \"a\" {}\n");
    sandbox.by_hand(&["apply", "-auto-approve"]);
    sandbox.write(
        ".terraform.tfstate.lock.info",
        r#"{"ID":"5b","Operation":"OperationTypeApply","Info":"","Who":"me@host","Version":"1.11.4","Created":"2026-11-24T02:46:29Z","Path":"terraform.tfstate"}"#,
    );
    let state = std::fs::File::options()
        .read(true)
        .write(true)
        .open(sandbox.path().join("terraform.tfstate"))
        .unwrap();
    let lock = rustix::fs::FlockOperation::NonBlockingLockExclusive;
    rustix::fs::fcntl_lock(&state, lock).unwrap();
    let directory = sandbox.open();
    let error = block_on(directory.plan(PlanRequest::default())).unwrap_err();
    let FailureKind::StateLocked(holder) = kind_of(&error) else {
        panic!("{error}");
    };
    assert_eq!(holder.who.as_deref(), Some("me@host"));
    assert_eq!(holder.id.as_deref(), Some("5b"));
    assert_eq!(holder.operation.as_deref(), Some("OperationTypeApply"));
    block_on(directory.state_pull()).unwrap();
}
