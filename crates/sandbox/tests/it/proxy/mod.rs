//! The plugin crate's proxy between real Terraform and the stand-in provider.
//!
//! Stands here because the plugin crate has no provider of its own to put behind the proxy.

mod adopter;
mod hostile;
mod wire;

use std::path::Path;
use std::sync::Arc;

use divvy_plugin::proxy::{Proxy, Settled};
use divvy_sandbox::emulator::{Effect, Lag};
use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use serde_json::json;

use self::adopter::{Adopter, through_proxy};
use self::wire::bare_launch;
use crate::provider::org::Org;
use crate::provider::workspace::{Ended, Workspace, providers_with};

const ADDRESS: &str = "registry.terraform.io/mypurecloud/genesyscloud";

fn run(workspace: &Workspace, arguments: &[&str]) -> (Ended, Vec<(String, Settled)>) {
    through_proxy(workspace, Adopter::of(&[&workspace.org]), &[], arguments, |_, _| {})
}

fn apply(workspace: &Workspace) -> (Ended, Vec<(String, Settled)>) {
    run(workspace, &["apply", "-auto-approve", "-json", "-parallelism=1"])
}

fn adopted(id: &str, differing: &[&str], updated: bool) -> Settled {
    let differing = differing.iter().map(|name| (*name).to_owned()).collect();
    Settled::Adopted { id: id.to_owned(), differing, updated }
}

fn blocks(names: &[&str]) -> String {
    let block = |name: &&str| {
        let label = name.to_lowercase();
        format!("resource \"genesyscloud_auth_division\" \"{label}\" {{\n  name = \"{name}\"\n}}\n")
    };
    names.iter().map(block).collect()
}

#[test]
fn an_apply_adopts_what_exists_and_creates_the_rest() {
    let workspace = Workspace::new(&blocks(&["Engineering", "Sales", "Support"]));
    let engineering = workspace.org.add("Engineering", "");
    let sales = workspace.org.add("Sales", "Owned by IT");
    let (ended, mut settled) = apply(&workspace);
    let ended = ended.succeeds();
    settled.sort_by(|one, other| one.0.cmp(&other.0));
    let settled: Vec<_> = settled.into_iter().map(|(_, settled)| settled).collect();
    assert_eq!(settled[0], adopted(&engineering, &[], false));
    assert_eq!(settled[1], adopted(&sales, &["description"], false));
    assert!(matches!(settled[2], Settled::Created { .. }), "{:?}", settled[2]);
    assert_eq!(workspace.org.names(), ["Home", "Engineering", "Sales", "Support"]);

    // Said during plan, and once more beside the adoption itself; the second walk is silent.
    let said: Vec<_> = ended
        .diagnostics()
        .into_iter()
        .filter(|one| one["address"] == "genesyscloud_auth_division.engineering")
        .collect();
    assert_eq!(said.len(), 2, "{said:?}");
    assert_eq!(said[0]["severity"], "warning");

    // Plain Terraform takes the state: what is left is the description that nobody accepted.
    let plan = workspace.terraform(&["plan"]).succeeds().stdout;
    assert!(plan.contains("Plan: 0 to add, 1 to change, 0 to destroy."), "{plan}");
    let mut instances = workspace.instances();
    instances.retain(|one| one["attributes"]["name"] == "Engineering");
    let attributes =
        json!({"id": engineering, "name": "Engineering", "description": "", "home": false});
    assert_eq!(instances[0]["attributes"], attributes);
    assert_eq!(instances[0]["private"], "eyJzY2hlbWFfdmVyc2lvbiI6IjEifQ==");
}

#[test]
fn a_plan_announces_with_addresses_and_changes_nothing() {
    let workspace = Workspace::new(&blocks(&["Engineering"]));
    workspace.org.add("Engineering", "");
    let (ended, settled) = run(&workspace, &["plan", "-json"]);
    let diagnostics = ended.succeeds().diagnostics();
    assert_eq!(diagnostics.len(), 1, "{diagnostics:?}");
    assert_eq!(diagnostics[0]["address"], "genesyscloud_auth_division.engineering");
    assert_eq!(diagnostics[0]["summary"], "\"Engineering\" already exists in the org");
    assert_eq!(settled, []);
    assert_eq!(workspace.org.take_requests(), [] as [String; 0]);
}

#[test]
fn a_refusal_stops_the_plan_at_its_address() {
    let workspace = Workspace::new(&blocks(&["Engineering"]));
    workspace.org.add("Engineering", "");
    let adopter = Adopter::of(&[&workspace.org]).refusing();
    let (ended, _) = through_proxy(&workspace, adopter, &[], &["plan", "-json"], |_, _| {});
    let diagnostics = ended.fails().diagnostics();
    assert_eq!(diagnostics[0]["severity"], "error");
    assert_eq!(diagnostics[0]["address"], "genesyscloud_auth_division.engineering");
}

#[test]
fn accepted_drift_is_brought_to_the_configuration_in_the_same_apply() {
    let workspace = Workspace::new(&blocks(&["Sales"]));
    let sales = workspace.org.add("Sales", "Owned by IT");
    let adopter = Adopter::of(&[&workspace.org]).accepting_drift();
    let arguments = ["apply", "-auto-approve", "-json"];
    let (ended, settled) = through_proxy(&workspace, adopter, &[], &arguments, |_, _| {});
    ended.succeeds();
    assert_eq!(settled, [("Sales".to_owned(), adopted(&sales, &["description"], true))]);
    assert_eq!(workspace.org.find("Sales").description.unwrap_or_default(), "");
    let plan = workspace.terraform(&["plan"]).succeeds().stdout;
    assert!(plan.contains("No changes."), "{plan}");
}

#[track_caller]
fn is_not_adopted(settled: &[(String, Settled)], because: &str) {
    let refused = settled.iter().any(|(_, settled)| {
        matches!(settled, Settled::NotAdopted { reason, .. } if reason.contains(because))
    });
    assert!(refused, "{settled:?}");
}

#[test]
fn one_division_never_ends_at_two_addresses() {
    let twice =
        "resource \"genesyscloud_auth_division\" \"twice\" {\n  count = 2\n  name = \"X\"\n}\n";
    let workspace = Workspace::new(twice);
    let (ended, settled) = apply(&workspace);
    ended.fails();
    is_not_adopted(&settled, "another address holds it");
    assert_eq!(workspace.instances().len(), 1);
    assert_eq!(workspace.org.names(), ["Home", "X"]);
}

#[test]
fn a_division_that_this_run_is_still_creating_is_not_adopted_beside_it() {
    let twice =
        "resource \"genesyscloud_auth_division\" \"twice\" {\n  count = 2\n  name = \"X\"\n}\n";
    let mut workspace = Workspace::new(twice);
    // With one slot the provider itself would send one create after the other.
    workspace.set("GENESYSCLOUD_TOKEN_POOL_SIZE", "2");
    workspace.org.next_create(Effect::HoldReply);
    let org = workspace.org.handle();
    // The one create is made and not answered; the other is refused because of it.
    let let_go_after_the_409 = move |_: u32, _: &Path| {
        let patience = std::time::Duration::from_secs(30);
        let refused = org.wait_for_request(patience, |request| request.status == Some(409));
        assert!(refused.is_some());
        org.release();
    };
    let adopter = Adopter::of(&[&workspace.org]);
    let arguments = ["apply", "-auto-approve", "-json"];
    let (ended, settled) =
        through_proxy(&workspace, adopter, &[], &arguments, let_go_after_the_409);
    ended.fails();
    is_not_adopted(&settled, "another address holds it");
    assert_eq!(workspace.instances().len(), 1);
}

#[test]
fn an_id_that_the_state_holds_is_not_adopted_even_when_terraform_does_not_look() {
    let workspace = Workspace::new(&blocks(&["Engineering"]));
    let id = workspace.org.add("Engineering", "");
    let held = [("genesyscloud_auth_division", id.as_str())];
    let arguments = ["apply", "-auto-approve", "-json"];
    let adopter = Adopter::of(&[&workspace.org]);
    let (ended, settled) = through_proxy(&workspace, adopter, &held, &arguments, |_, _| {});
    ended.fails();
    is_not_adopted(&settled, "another address holds it");
}

#[test]
fn what_terraform_reads_from_its_state_counts_as_managed() {
    let workspace = Workspace::new(&blocks(&["Engineering"]));
    let id = workspace.org.add("Engineering", "");
    workspace.terraform(&["import", "genesyscloud_auth_division.engineering", &id]).succeeds();
    let second = blocks(&["Engineering"]).replace("\"engineering\"", "\"second\"");
    workspace.configure(&format!("{}{second}", blocks(&["Engineering"])));
    for refresh in ["-refresh=true", "-refresh=false"] {
        let adopter = Adopter::of(&[&workspace.org]);
        let managed = Arc::clone(&adopter.managed);
        let arguments = ["apply", "-auto-approve", "-json", refresh];
        let (ended, settled) = through_proxy(&workspace, adopter, &[], &arguments, |_, _| {});
        ended.fails();
        is_not_adopted(&settled, "another address holds it");
        assert_eq!(*managed.lock().unwrap(), [id.as_str()], "{refresh}");
        assert_eq!(workspace.instances().len(), 1);
    }
}

#[test]
fn home_is_not_adopted_by_a_block_without_its_flag() {
    let workspace = Workspace::new(&blocks(&["Home"]));
    let (ended, settled) = apply(&workspace);
    let diagnostics = ended.fails().diagnostics();
    is_not_adopted(&settled, "delete and replace it, because it differs in home");
    let original = diagnostics.iter().any(|one| {
        one["severity"] == "error" && one["summary"].as_str().unwrap().contains("API Error: 409")
    });
    assert!(original, "{diagnostics:?}");
    assert_eq!(workspace.instances(), [] as [serde_json::Value; 0]);
    assert_eq!(workspace.org.names(), ["Home"]);
}

#[test]
fn a_lost_reply_is_healed_in_the_same_apply() {
    let workspace = Workspace::new(&blocks(&["Engineering"]));
    workspace.org.next_create(Effect::CommitThenClose);
    let (ended, settled) = apply(&workspace);
    ended.succeeds();
    assert!(matches!(settled[0].1, Settled::Adopted { .. }), "{settled:?}");
    let plan = workspace.terraform(&["plan"]).succeeds().stdout;
    assert!(plan.contains("No changes."), "{plan}");
}

#[test]
fn a_read_that_lags_does_not_lose_the_division() {
    let mut workspace = Workspace::new(&blocks(&["Engineering"]));
    workspace.set("GENESYSCLOUD_CUSTOM_RETRY_TIMEOUT", "0s");
    workspace.org.next_create(Effect::GetLag(Lag::Reads(1)));
    let (ended, _) = apply(&workspace);
    ended.succeeds();
    assert_eq!(workspace.org.names(), ["Home", "Engineering"]);
    assert_eq!(workspace.instances().len(), 1);
}

#[test]
fn ctrl_c_lets_the_create_finish_and_keeps_it() {
    let workspace = Workspace::new(&blocks(&["Engineering"]));
    workspace.org.next_create(Effect::HoldReply);
    let workspace = Arc::new(workspace);
    let watched = Arc::clone(&workspace);
    let interrupt = move |id: u32, _: &Path| {
        watched.org.wait_until_held();
        let group = Pid::from_raw(id.try_into().unwrap()).unwrap();
        kill_process_group(group, Signal::INT).unwrap();
        watched.org.release();
    };
    let arguments = ["apply", "-auto-approve", "-no-color"];
    let adopter = Adopter::of(&[&workspace.org]);
    let (_, settled) = through_proxy(&workspace, adopter, &[], &arguments, interrupt);
    assert!(matches!(settled[0].1, Settled::Created { .. }), "{settled:?}");
    assert_eq!(workspace.instances().len(), 1);
}

#[test]
fn two_aliases_keep_to_their_own_orgs() {
    let second = Org::start();
    let workspace = Workspace::new("");
    workspace.configure(&format!(
        r#"
        provider "genesyscloud" {{
          alias              = "eu"
          oauthclient_id     = "EXAMPLE"
          oauthclient_secret = "EXAMPLE"
          gateway {{
            protocol = "http"
            host     = "127.0.0.1"
            port     = "{}"
          }}
        }}
        resource "genesyscloud_auth_division" "here" {{
          name = "Sales"
        }}
        resource "genesyscloud_auth_division" "there" {{
          provider = genesyscloud.eu
          name     = "Sales"
        }}
        "#,
        second.port()
    ));
    let (here, there) = (workspace.org.add("Sales", ""), second.add("Sales", ""));
    let adopter = Adopter::of(&[&workspace.org, &second]);
    let arguments = ["apply", "-auto-approve", "-json"];
    let (ended, _) = through_proxy(&workspace, adopter, &[], &arguments, |_, _| {});
    ended.succeeds();
    let id = |label: &str| {
        let address = format!("genesyscloud_auth_division.{label}");
        let shown = workspace.terraform(&["state", "show", &address]).succeeds().stdout;
        shown.split('"').find(|word| *word == here || *word == there).unwrap().to_owned()
    };
    assert_eq!((id("here"), id("there")), (here.clone(), there.clone()));
    let plan = workspace.terraform(&["plan"]).succeeds().stdout;
    assert!(plan.contains("No changes."), "{plan}");
}

#[test]
fn the_user_s_own_reattach_variable_is_kept() {
    let sockets = tempfile::tempdir().unwrap();
    let launch = bare_launch(sockets.path());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let proxy = Proxy::start(launch, Adopter::default()).await.unwrap();
        let existing = r#"{"registry.terraform.io/hashicorp/random":{"Pid":1}}"#;
        let (_, value) = proxy.reattach_variable([ADDRESS], Some(existing)).unwrap();
        let value: serde_json::Value = serde_json::from_str(&value).unwrap();
        assert_eq!(value["registry.terraform.io/hashicorp/random"]["Pid"], 1);
        assert_eq!(value[ADDRESS]["ProtocolVersion"], 5);
        assert_eq!(value[ADDRESS]["Test"], true);
        assert!(proxy.reattach_variable([ADDRESS], Some("{")).is_err());
        proxy.stop().await;
    });
}

#[cfg(target_os = "linux")]
#[test]
fn what_a_dead_provider_left_behind_is_adopted_by_the_next_run() {
    let workspace = Arc::new(Workspace::new(&blocks(&["Engineering"])));
    workspace.org.next_create(Effect::HoldReply);
    let watched = Arc::clone(&workspace);
    let kill_providers = move |_: u32, sockets: &Path| {
        watched.org.wait_until_held();
        let directory = format!("PLUGIN_UNIX_SOCKET_DIR={}", sockets.display());
        for provider in providers_with(&directory) {
            kill_process(provider, Signal::KILL).unwrap();
        }
        watched.org.release();
    };
    let adopter = Adopter::of(&[&workspace.org]);
    let arguments = ["apply", "-auto-approve", "-json"];
    let (ended, _) = through_proxy(&workspace, adopter, &[], &arguments, kill_providers);
    let diagnostics = ended.fails().diagnostics();
    let detail = diagnostics[0]["detail"].as_str().unwrap();
    assert!(detail.contains("the connection to the provider broke"), "{diagnostics:?}");
    assert_eq!(workspace.instances(), [] as [serde_json::Value; 0]);

    let (ended, settled) = apply(&workspace);
    ended.succeeds();
    assert!(matches!(settled[0].1, Settled::Adopted { .. }), "{settled:?}");
    assert_eq!(workspace.org.names(), ["Home", "Engineering"]);
}

#[test]
fn data_sources_pass() {
    let workspace = Workspace::new(
        r#"
        data "genesyscloud_auth_division" "sales" { name = "Sales" }
        output "sales" { value = data.genesyscloud_auth_division.sales.id }
        "#,
    );
    let id = workspace.org.add("Sales", "");
    apply(&workspace).0.succeeds();
    let output = workspace.terraform(&["output", "-raw", "sales"]).succeeds();
    assert_eq!(output.stdout, id);
}
