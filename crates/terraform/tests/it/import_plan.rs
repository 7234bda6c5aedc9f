//! Adoption with a real Terraform. `terraform_data` takes any id, and an imported one differs from
//! the configuration as soon as the block sets `input`.

use std::collections::BTreeSet;

use divvy_core::EntityId;
use divvy_terraform::{
    Adoption, Error, Failure, Import, LeftOut, PlanRequest, Reason, Way, WhenDrifted,
};

use tokio_util::sync::CancellationToken;

use crate::support::{Sandbox, address, block_on, cancel_when_written, consent};

fn import(text: &str, id: &str) -> Import {
    Import { address: address(text), id: EntityId::new(id), when_drifted: WhenDrifted::LeaveOut }
}

fn adopt(sandbox: &Sandbox, imports: &[Import]) -> Adoption {
    let adoption =
        block_on(sandbox.open().adopt(&consent(), imports, &BTreeSet::new(), "t", None)).unwrap();
    let leftovers = sandbox.files().into_iter().filter(|name| name.contains("divvy"));
    assert_eq!(leftovers.count(), 0);
    assert!(sandbox.temporary_files().is_empty());
    adoption
}

fn ways(adoption: &Adoption) -> Vec<(&str, &str, Way)> {
    let imported = adoption.imported.iter();
    imported
        .map(|imported| (imported.address.as_str(), imported.id.as_str(), imported.way))
        .collect()
}

#[test]
fn odd_keys_and_modules_are_adopted_by_one_targeted_plan_that_leaves_other_changes_alone() {
    let sandbox = Sandbox::new(
        r#"
resource "terraform_data" "pending" {}
resource "terraform_data" "odd" {
  for_each = toset(["q\"u$${o}", "back\\slash", "new\nline", "%%{y}", "\u0001"])
}
module "m" {
  source   = "./m"
  for_each = toset(["k.1"])
}
output "id" {
  value = terraform_data.odd["back\\slash"].id
}
"#,
    );
    sandbox.write("m/main.tf", "resource \"terraform_data\" \"x\" {\n  count = 2\n}\n");
    sandbox.by_hand(&["init"]);
    // Addresses as the plan spells them.
    let addresses = block_on(async {
        let directory = sandbox.open();
        let plan = directory.plan(PlanRequest::default()).await.unwrap();
        let document = directory.show(&plan).await.unwrap();
        let changes = document.changes().iter().map(|change| change.address.clone());
        changes.collect::<Vec<_>>()
    });
    sandbox.effects.take();
    let imports: Vec<Import> = addresses
        .iter()
        .filter(|text| *text != "terraform_data.pending")
        .enumerate()
        .map(|(index, text)| import(text, &format!("id ${{{index}}}")))
        .collect();
    let adoption = adopt(&sandbox, &imports);
    assert_eq!(sandbox.effects.take(), ["write", "plan", "remove", "show", "apply"]);
    assert_eq!(adoption.terraform_runs, 3);
    assert_eq!(adoption.imported.len(), 7);
    assert!(adoption.left_out.is_empty());
    assert!(adoption.imported.iter().all(|imported| imported.way == Way::TargetedPlan));
    assert_eq!(adoption.changed_outputs, ["id"]);
    let state = sandbox.by_hand(&["state", "pull"]);
    assert!(state.contains(r#""id": "id ${0}""#), "{state}");
    let held = sandbox.by_hand(&["state", "list"]);
    assert_eq!(held.lines().count(), 7, "{held}");
}

#[test]
fn an_import_with_drift_is_left_out_or_imported_alone_or_updated_as_told() {
    let configuration = r#"
resource "terraform_data" "plain" {}
resource "terraform_data" "drifted" {
  input = "set"
}
"#;
    for (policy, way) in [
        (WhenDrifted::LeaveOut, None),
        (WhenDrifted::ImportOnly, Some(Way::Command)),
        (WhenDrifted::Update, Some(Way::TargetedPlan)),
    ] {
        let sandbox = Sandbox::new(configuration);
        let mut drifted = import("terraform_data.drifted", "d");
        drifted.when_drifted = policy;
        let adoption = adopt(&sandbox, &[drifted, import("terraform_data.plain", "p")]);
        let done = adoption.imported.iter().find(|imported| imported.id.as_str() == "d");
        assert_eq!(done.map(|imported| imported.way), way);
        assert_eq!(done.is_some_and(|imported| imported.updated), policy == WhenDrifted::Update);
        let reasons: Vec<&Reason> = adoption.left_out.iter().map(|left| &left.reason).collect();
        match policy {
            WhenDrifted::LeaveOut => assert_eq!(reasons, [&Reason::WouldUpdate]),
            _ => assert!(reasons.is_empty()),
        }
        assert!(ways(&adoption).contains(&("terraform_data.plain", "p", Way::TargetedPlan)));
        let state = sandbox.by_hand(&["state", "pull"]);
        assert_eq!(state.contains("\"set\""), policy == WhenDrifted::Update);
    }
}

#[test]
fn a_pending_move_elsewhere_makes_it_plan_the_whole() {
    let sandbox = Sandbox::new("resource \"terraform_data\" \"old\" {}\n");
    sandbox.by_hand(&["apply", "-auto-approve"]);
    sandbox.write(
        "main.tf",
        "resource \"terraform_data\" \"new\" {}\nresource \"terraform_data\" \"x\" {}\nmoved {\n  from = terraform_data.old\n  to   = terraform_data.new\n}\n",
    );
    let adoption = adopt(&sandbox, &[import("terraform_data.x", "1")]);
    assert_eq!(ways(&adoption), [("terraform_data.x", "1", Way::WholePlan)]);
    assert_eq!(
        adoption.moved,
        [("terraform_data.old".to_owned(), "terraform_data.new".to_owned())]
    );
    assert_eq!(adoption.terraform_runs, 4);
}

#[test]
fn where_every_plan_would_create_something_else_the_import_command_is_used() {
    let sandbox = Sandbox::new(
        "resource \"terraform_data\" \"first\" {}\nresource \"terraform_data\" \"x\" {\n  depends_on = [terraform_data.first]\n}\n",
    );
    let adoption = adopt(&sandbox, &[import("terraform_data.x", "1")]);
    assert_eq!(ways(&adoption), [("terraform_data.x", "1", Way::Command)]);
    let held = sandbox.by_hand(&["state", "list"]);
    assert_eq!(held.trim(), "terraform_data.x");
}

#[test]
fn only_what_waits_for_something_that_is_to_be_created_is_imported_by_command() {
    let sandbox = Sandbox::new(
        "resource \"terraform_data\" \"first\" {}\n\
         resource \"terraform_data\" \"waits\" {\n  count = 1\n  depends_on = [terraform_data.first]\n}\n\
         resource \"terraform_data\" \"x\" {}\nresource \"terraform_data\" \"y\" {}\n",
    );
    let imports = ["terraform_data.waits[0]", "terraform_data.x", "terraform_data.y"];
    let adoption = adopt(&sandbox, &imports.map(|address| import(address, "1")));
    let mut told = ways(&adoption);
    told.sort_unstable_by_key(|(address, ..)| *address);
    assert_eq!(
        told,
        [
            ("terraform_data.waits[0]", "1", Way::Command),
            ("terraform_data.x", "1", Way::TargetedPlan),
            ("terraform_data.y", "1", Way::TargetedPlan),
        ]
    );
    let held = sandbox.by_hand(&["state", "list"]);
    assert!(!held.contains("terraform_data.first"), "{held}");
}

#[test]
fn an_address_in_the_state_is_left_out_and_the_others_are_adopted() {
    let sandbox = Sandbox::new(
        "resource \"terraform_data\" \"a\" {}\nresource \"terraform_data\" \"b\" {}\n",
    );
    sandbox.by_hand(&["import", "terraform_data.a", "mine"]);
    let adoption =
        adopt(&sandbox, &[import("terraform_data.a", "other"), import("terraform_data.b", "1")]);
    assert_eq!(ways(&adoption), [("terraform_data.b", "1", Way::TargetedPlan)]);
    assert_eq!(
        adoption.left_out,
        [LeftOut {
            address: address("terraform_data.a"),
            id: EntityId::new("other"),
            reason: Reason::NotImported,
            differences: Vec::new(),
        }]
    );
}

#[test]
fn a_terraform_without_import_blocks_imports_one_by_one() {
    let sandbox = Sandbox::new("resource \"terraform_data\" \"a\" {\n  count = 2\n}\n");
    let imports = [import("terraform_data.a[0]", "0"), import("terraform_data.a[7]", "7")];
    let directory = sandbox.open();
    let adoption =
        block_on(directory.adopt(&consent(), &imports, &BTreeSet::new(), "t", Some("1.4.6")))
            .unwrap();
    assert_eq!(sandbox.effects.take(), ["import", "import"]);
    assert_eq!(ways(&adoption), [("terraform_data.a[0]", "0", Way::Command)]);
    assert!(matches!(
        &adoption.left_out[0].reason,
        Reason::Refused(failure) if failure.to_string().contains("target does not exist")
    ));
}

#[test]
fn who_refers_to_imported_instances_is_planned_although_a_new_one_stands_beside_them() {
    let module = "module \"m\" {\n  source = \"./m\"\n  for_each = toset([\"old\", \"new\"])\n}\n";
    let of_type = |meta: &str| format!("resource \"terraform_data\" \"some\" {{\n  {meta}\n}}\n");
    for (text, on, old, new) in [
        (
            of_type("for_each = toset([\"old\", \"new\"])"),
            "terraform_data.some",
            "terraform_data.some[\"old\"]",
            "terraform_data.some[\"new\"]",
        ),
        (
            of_type("count = 2"),
            "terraform_data.some",
            "terraform_data.some[0]",
            "terraform_data.some[1]",
        ),
        (
            module.to_owned(),
            "module.m",
            "module.m[\"old\"].terraform_data.x",
            "module.m[\"new\"].terraform_data.x",
        ),
    ] {
        let user = format!("resource \"terraform_data\" \"user\" {{\n  depends_on = [{on}]\n}}\n");
        let sandbox = Sandbox::new(&format!("{text}{user}"));
        if on == "module.m" {
            std::fs::create_dir(sandbox.path().join("m")).unwrap();
            sandbox.write("m/main.tf", "resource \"terraform_data\" \"x\" {}\n");
            sandbox.by_hand(&["init"]);
        }
        let imports = [import(old, "1"), import("terraform_data.user", "2")];
        let created = BTreeSet::from([address(new)]);
        let adoption =
            block_on(sandbox.open().adopt(&consent(), &imports, &created, "t", None)).unwrap();
        let mut expected =
            [(old, "1", Way::TargetedPlan), ("terraform_data.user", "2", Way::TargetedPlan)];
        expected.sort_by_key(|(address, ..)| *address);
        assert_eq!(ways(&adoption), expected, "{text}");
    }
}

#[test]
fn what_waits_for_something_new_is_told_by_the_graph_before_the_only_plan() {
    let text = "resource \"terraform_data\" \"fresh\" {}\n\
                resource \"terraform_data\" \"alone\" {}\n\
                resource \"terraform_data\" \"waits\" {\n  depends_on = [terraform_data.fresh]\n}\n";
    let sandbox = Sandbox::new(text);
    let imports = [import("terraform_data.alone", "1"), import("terraform_data.waits", "2")];
    let created = BTreeSet::from([address("terraform_data.fresh")]);
    let adoption =
        block_on(sandbox.open().adopt(&consent(), &imports, &created, "t", None)).unwrap();
    let expected = [
        ("terraform_data.alone", "1", Way::TargetedPlan),
        ("terraform_data.waits", "2", Way::Command),
    ];
    assert_eq!(ways(&adoption), expected);
    let seen = sandbox.effects.take();
    assert_eq!(seen[0], "graph", "{seen:?}");
    assert_eq!(seen.iter().filter(|one| *one == "plan").count(), 1, "{seen:?}");
}

#[test]
fn what_a_killed_run_left_is_removed_and_a_failed_plan_leaves_nothing() {
    let sandbox = Sandbox::new("variable \"x\" {}\nresource \"terraform_data\" \"a\" {}\n");
    sandbox.write("divvy_imports_20260101T000000Z-7.tf.json", "");
    let directory = sandbox.open();
    assert_eq!(directory.left_over_blocks().unwrap().ours.len(), 1);
    let imports = [import("terraform_data.a", "1")];
    let error =
        block_on(directory.adopt(&consent(), &imports, &BTreeSet::new(), "t", None)).unwrap_err();
    assert!(matches!(&error, Error::Terraform(_)), "{error}");
    let failure: &Failure = error.failure().unwrap();
    assert!(failure.diagnostic.detail.contains("\"x\""));
    assert_eq!(sandbox.files(), ["main.tf"]);
    assert_eq!(sandbox.effects.take(), ["remove", "write", "plan", "remove"]);
}

#[test]
fn an_ephemeral_variable_is_given_to_the_apply_as_well() {
    let sandbox = Sandbox::new(
        "variable \"e\" {\n  ephemeral = true\n}\nresource \"terraform_data\" \"a\" {}\n",
    );
    let directory = sandbox.open_with(&["-var", "e=1"]);
    let imports = [import("terraform_data.a", "1")];
    let adoption =
        block_on(directory.adopt(&consent(), &imports, &BTreeSet::new(), "t", None)).unwrap();
    assert_eq!(adoption.imported.len(), 1);
    assert_eq!(sandbox.effects.take(), ["write", "plan", "remove", "show", "apply", "apply"]);
}

#[test]
fn an_id_that_does_not_exist_is_left_out_and_the_rest_is_planned_again() {
    let sandbox = Sandbox::new(
        "resource \"terraform_data\" \"a\" {\n  for_each = toset([\"x\", \"y\"])\n}\n",
    );
    // No built-in resource has a missing id, so the first plan is answered as the provider would.
    let refusal = r#"{"type":"diagnostic","diagnostic":{"severity":"error","summary":"Cannot import non-existent remote object","detail":"While attempting to import an existing object to \"terraform_data.a[\\\"x\\\"]\", the provider detected that no object exists with the given id."}}"#;
    let terraform = sandbox.scripted(&format!(
        "if [ $1 = plan ] && ! [ -e ../home/refused ]; then touch ../home/refused; cat <<'END'\n{refusal}\nEND\nexit 1; fi\nexec $REAL \"$@\""
    ));
    let imports =
        [import("terraform_data.a[\"x\"]", "gone"), import("terraform_data.a[\"y\"]", "1")];
    let directory = sandbox.open_scripted(terraform);
    let adoption =
        block_on(directory.adopt(&consent(), &imports, &BTreeSet::new(), "t", None)).unwrap();
    assert_eq!(ways(&adoption), [("terraform_data.a[\"y\"]", "1", Way::TargetedPlan)]);
    assert_eq!(adoption.left_out[0].id.as_str(), "gone");
    assert_eq!(adoption.left_out[0].reason, Reason::NotFound);
    assert_eq!(adoption.terraform_runs, 4);
}

#[test]
fn an_interrupt_removes_the_blocks_file_and_applies_nothing() {
    let sandbox = Sandbox::new("resource \"terraform_data\" \"a\" {}\n");
    let (ready, _end) = (sandbox.pipe("ready"), sandbox.pipe("end"));
    let interrupt = CancellationToken::new();
    let terraform = sandbox
        .scripted("ls > ../home/seen\ncat end > ../home/nothing &\ntrap 'echo > end; wait; exit 1' INT; echo up > ready; wait")
        .interrupted_by(interrupt.clone());
    let waiting = cancel_when_written(ready, interrupt);
    let directory = sandbox.open_scripted(terraform);
    let imports = [import("terraform_data.a", "1")];
    let error =
        block_on(directory.adopt(&consent(), &imports, &BTreeSet::new(), "t", None)).unwrap_err();
    waiting.join().unwrap();
    assert!(matches!(error, Error::Interrupted { subcommand: "plan" }));
    let seen = sandbox.left_in_home("seen");
    assert!(seen.contains("divvy_imports_t.tf.json"), "{seen}");
    assert_eq!(sandbox.files(), ["end", "main.tf", "ready"]);
    assert_eq!(sandbox.effects.take(), ["write", "plan", "remove"]);
}
