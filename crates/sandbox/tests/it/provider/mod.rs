//! The stand-in provider under real Terraform, compared with recordings of the official one.

pub(crate) mod org;
pub(crate) mod workspace;

use std::io::BufRead as _;
use std::os::unix::process::CommandExt as _;
use std::process::Stdio;

use divvy_sandbox::emulator::{Effect, Fault, Lag, Refusal};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, Signal, kill_process, kill_process_group, pidfd_open};
use serde_json::{Value, json};

use self::workspace::{Workspace, providers_with};

const SAMPLES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/provider-samples");

const ENGINEERING: &str = r#"resource "genesyscloud_auth_division" "eng" {
  name = "Engineering"
}
"#;

fn sample(file: &str) -> String {
    std::fs::read_to_string(format!("{SAMPLES}/{file}")).unwrap()
}

/// The diagnostics of a recorded `-json` run.
fn recorded_diagnostics(file: &str) -> Vec<Value> {
    let text = sample(file);
    let lines = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    lines
        .filter(|line| line["type"] == "diagnostic")
        .map(|line| line["diagnostic"].clone())
        .collect()
}

#[test]
fn an_apply_ends_in_409_word_for_word_as_recorded() {
    let workspace = Workspace::new(&sample("main.tf"));
    let conflict = Refusal {
        message: Some(
            "The request could not be completed: a division named Engineering already exists."
                .to_owned(),
        ),
        ..Refusal::status(409)
    };
    let mut fault = Fault::once("POST", "/**", Effect::Status(conflict));
    fault.on.name = Some("Engineering".to_owned());
    let org = workspace.org.handle();
    org.add_faults(vec![fault]);
    let ended = workspace.apply().fails();
    let requests = org.requests();
    let refused = requests.iter().find(|request| request.status == Some(409));
    let recorded = recorded_diagnostics("apply-409.jsonl")[0].to_string();
    let recorded =
        recorded.replace("eea9288d-759f-42da-b51d-0fd04447cb09", &refused.unwrap().correlation_id);
    let recorded: Value = serde_json::from_str(&recorded).unwrap();
    assert_eq!(ended.diagnostics(), [recorded]);
    assert_eq!(workspace.instances().len(), 2);
}

#[test]
fn a_division_is_created_changed_and_destroyed() {
    let workspace = Workspace::new(ENGINEERING);
    workspace.apply().succeeds();
    let id = workspace.org.find("Engineering").id;
    assert_eq!(
        workspace.org.take_requests(),
        [
            "POST /api/v2/authorization/divisions".to_owned(),
            format!("GET /api/v2/authorization/divisions/{id}?objectCount=false"),
        ]
    );
    let instance = workspace.instances().remove(0);
    let attributes = json!({"id": id, "name": "Engineering", "description": "", "home": false});
    assert_eq!(instance["attributes"], attributes);
    assert_eq!(instance["schema_version"], 1);
    assert_eq!(instance["private"], "eyJzY2hlbWFfdmVyc2lvbiI6IjEifQ==");

    workspace.configure(&ENGINEERING.replace("Engineering", "Research"));
    assert_eq!(workspace.planned_change()["change"]["actions"], json!(["update"]));
    workspace.apply().succeeds();
    assert_eq!(workspace.org.names(), ["Home", "Research"]);
    assert_eq!(workspace.planned_change()["change"]["actions"], json!(["no-op"]));

    workspace.terraform(&["destroy", "-auto-approve"]).succeeds();
    assert_eq!(workspace.org.names(), ["Home"]);
    assert_eq!(workspace.instances(), [] as [Value; 0]);
}

#[test]
fn a_schedule_is_kept_by_the_api_and_a_refused_change_is_planned_again() {
    const SCHEDULE: &str = r#"resource "genesyscloud_architect_schedules" "weekdays" {
  name  = "Weekdays"
  start = "2026-01-01T08:00:00.000000"
  end   = "2026-01-01T18:00:00.000000"
}
"#;
    let path = "/api/v2/architect/schedules";
    let workspace = Workspace::new(SCHEDULE);
    workspace.apply().succeeds();
    let instance = workspace.instances().remove(0);
    let id = instance["attributes"]["id"].as_str().unwrap().to_owned();
    let is_asked = |method: &str, path: &str| {
        workspace.org.handle().requests().iter().any(|request| request.is(method, path))
    };
    assert!(is_asked("POST", path));
    assert_eq!(workspace.planned_change()["change"]["actions"], json!(["no-op"]));

    workspace.configure(&SCHEDULE.replace("T18:00", "T19:00"));
    let busy = Fault::once("PUT", "/**", Effect::Status(Refusal::status(409)));
    workspace.org.handle().add_faults(vec![busy]);
    let refused = workspace.apply().fails().diagnostics().remove(0);
    let summary = refused["summary"].as_str().unwrap();
    assert!(summary.starts_with("Failed to update schedule Weekdays error: API Error: 409 - "));
    assert!(refused["detail"].as_str().unwrap().contains(&format!("\"{path}/{id}\"")));
    assert_eq!(workspace.planned_change()["change"]["actions"], json!(["update"]));
    workspace.apply().succeeds();
    assert_eq!(workspace.planned_change()["change"]["actions"], json!(["no-op"]));

    workspace.terraform(&["destroy", "-auto-approve"]).succeeds();
    assert!(is_asked("DELETE", &format!("{path}/{id}")));
    assert_eq!(workspace.instances(), [] as [Value; 0]);
}

#[test]
fn each_configured_start_fetches_a_token_for_itself_and_one_per_slot() {
    let mut workspace = Workspace::new(ENGINEERING);
    workspace.terraform(&["plan"]).succeeds();
    assert_eq!(workspace.org.tokens(), 2);
    workspace.set("GENESYSCLOUD_TOKEN_POOL_SIZE", "");
    workspace.terraform(&["plan"]).succeeds();
    assert_eq!(workspace.org.tokens(), 2 + 11);
    workspace.terraform(&["validate"]).succeeds();
    assert_eq!(workspace.org.tokens(), 2 + 11);
    workspace.set("GENESYSCLOUD_ACCESS_TOKEN", "not a token of this org");
    let refused = workspace.terraform(&["plan"]).fails();
    let summary = "Error: API Error: 401 - Invalid login credentials. (";
    assert!(refused.stderr.contains(summary), "{}", refused.stderr);
    assert_eq!(workspace.org.tokens(), 2 + 11);
}

#[test]
fn a_plan_of_creates_has_the_recorded_changes() {
    let workspace = Workspace::new(&sample("main.tf"));
    workspace.terraform(&["plan", "-out=plan"]).succeeds();
    let shown = workspace.terraform(&["show", "-json", "plan"]).succeeds();
    let plan: Value = serde_json::from_str(&shown.stdout).unwrap();
    let recorded: Value = serde_json::from_str(&sample("plan-create.json")).unwrap();
    assert_eq!(plan["resource_changes"], recorded["resource_changes"]);
    assert_eq!(plan["planned_values"], recorded["planned_values"]);
}

#[test]
fn an_import_of_what_the_configuration_says_is_clean() {
    let workspace = Workspace::new(ENGINEERING);
    let id = workspace.org.add("Engineering", "");
    let address = "genesyscloud_auth_division.eng";
    let ended = workspace.terraform(&["import", address, &id]).succeeds();
    let recorded = sample("import-ok.txt");
    let recorded = recorded.replace("c000055c-4691-4337-b9a2-6ce6ee8a4c88", &id);
    assert_eq!(ended.stdout.trim(), recorded.trim());
    assert_eq!(workspace.planned_change()["change"]["actions"], json!(["no-op"]));
}

/// Plans an import of `id` and compares the change with a recorded one.
#[track_caller]
fn import_is_planned_as(workspace: &Workspace, block: &str, id: &str, file: &str) {
    let name = if block.contains("\"home\"") { "home" } else { "eng" };
    let import =
        format!("import {{\n to = genesyscloud_auth_division.{name}\n id = \"{id}\"\n}}\n");
    workspace.configure(&format!("{block}{import}"));
    let recorded: Value = serde_json::from_str(&sample(file)).unwrap();
    let mut recorded = recorded["resource_changes"][0].clone();
    for pointer in ["/change/before/id", "/change/after/id", "/change/importing/id"] {
        if let Some(place) = recorded.pointer_mut(pointer) {
            *place = id.into();
        }
    }
    assert_eq!(workspace.planned_change(), recorded, "{file}");
}

#[test]
fn imports_of_home_and_of_a_drifted_division_are_planned_as_recorded() {
    let home = r#"resource "genesyscloud_auth_division" "home" {
  name = "Home"
}
"#;
    let with_flag = home.replace('}', "  home = true\n}");
    let workspace = Workspace::new(home);
    let home_id = workspace.org.home_id();
    let drifted = workspace.org.add("Engineering", "Owned by IT");
    for (block, id, file) in [
        (home, home_id.as_str(), "plan-import-home-without-flag.json"),
        (&with_flag, &home_id, "plan-import-home-with-flag.json"),
        (ENGINEERING, &drifted, "plan-import-description-drift.json"),
    ] {
        import_is_planned_as(&workspace, block, id, file);
    }
}

#[test]
fn importing_home_without_its_flag_loses_it_from_the_state() {
    let home = r#"resource "genesyscloud_auth_division" "home" {
  name = "Home"
}
"#;
    let workspace = Workspace::new(home);
    let address = "genesyscloud_auth_division.home";
    workspace.terraform(&["import", address, &workspace.org.home_id()]).succeeds();
    workspace.org.take_requests();
    workspace.apply().fails();
    let requests = workspace.org.take_requests();
    assert!(!requests.iter().any(|line| line.starts_with("DELETE")), "{requests:?}");
    assert!(requests.iter().any(|line| line.starts_with("POST")), "{requests:?}");
    assert_eq!(workspace.instances(), [] as [Value; 0]);
    assert_eq!(workspace.org.names(), ["Home"]);
}

#[test]
fn a_new_block_with_home_renames_home() {
    let block = r#"resource "genesyscloud_auth_division" "home" {
  name = "Head office"
  home = true
}
"#;
    let workspace = Workspace::new(block);
    workspace.apply().succeeds();
    assert_eq!(workspace.org.names(), ["Head office"]);
    workspace.terraform(&["destroy", "-auto-approve"]).succeeds();
    assert_eq!(workspace.org.names(), ["Head office"]);
}

#[test]
fn importing_a_wrong_id_fails_at_once_when_told_not_to_wait() {
    let mut workspace = Workspace::new(ENGINEERING);
    workspace.set("GENESYSCLOUD_CUSTOM_RETRY_TIMEOUT", "0s");
    let wrong = "11111111-2222-3333-4444-555555555555";
    let ended = workspace.terraform(&["import", "genesyscloud_auth_division.eng", wrong]).fails();
    let text = format!("{}{}", ended.stdout, ended.stderr);
    assert_eq!(text.trim(), sample("import-wrong-id.txt").trim());
}

#[test]
fn a_lost_reply_becomes_a_409_of_the_run_s_own_making() {
    let mut workspace = Workspace::new(ENGINEERING);
    workspace.org.next_create(Effect::CommitThenClose);
    workspace.set("TF_LOG_PROVIDER", "INFO");
    let log = workspace.path().join("provider.log").display().to_string();
    workspace.set("TF_LOG_PATH", &log);
    let ended = workspace.apply().fails();
    let summary = ended.diagnostics()[0]["summary"].as_str().unwrap().to_owned();
    assert!(summary.contains("API Error: 409"), "{summary}");
    assert_eq!(workspace.org.names(), ["Home", "Engineering"]);
    assert_eq!(workspace.instances(), [] as [Value; 0]);

    let posts = |text: &str| -> Vec<(String, Value)> {
        let lines = text.lines().filter(|line| line.contains(r#""invocation_method":"POST""#));
        lines
            .map(|line| {
                let (start, rest) = line.split_once(" {").unwrap();
                let json = rest.rsplit_once(": timestamp=").unwrap().0;
                let mut json: Value = serde_json::from_str(&format!("{{{json}")).unwrap();
                json["transaction_id"] = "".into();
                // Everything but the two times.
                let words: Vec<&str> = start.split_whitespace().skip(1).take(2).collect();
                (words.join(" "), json)
            })
            .collect()
    };
    let log = std::fs::read_to_string(&log).unwrap();
    assert!(log.contains("Detected executing platform is: terraform"), "{log}");
    let ours = posts(&log);
    let recorded = posts(&sample("provider-log-lost-reply.log"));
    assert_eq!(ours.len(), 3);
    assert_eq!(ours, recorded);
}

#[test]
fn a_read_that_is_refused_after_the_create_leaves_a_tainted_instance() {
    let workspace = Workspace::new(ENGINEERING);
    workspace.org.next_read(Effect::Status(Refusal::status(403)));
    let ended = workspace.apply().fails();
    let diagnostic = &ended.diagnostics()[0];
    assert_eq!(diagnostic["detail"], "");
    let id = workspace.org.find("Engineering").id;
    let summary = diagnostic["summary"].as_str().unwrap();
    assert!(summary.starts_with(&format!("Failed to read division {id} | error: ")), "{summary}");
    let instance = workspace.instances().remove(0);
    assert_eq!(instance["status"], "tainted");
    let attributes = json!({"id": id, "name": "Engineering", "description": null, "home": null});
    assert_eq!(instance["attributes"], attributes);
}

#[test]
fn a_read_that_lags_without_patience_loses_the_division() {
    let mut workspace = Workspace::new(ENGINEERING);
    workspace.set("GENESYSCLOUD_CUSTOM_RETRY_TIMEOUT", "0s");
    workspace.org.next_create(Effect::GetLag(Lag::Reads(1)));
    let ended = workspace.apply().fails();
    let recorded = recorded_diagnostics("diag-object-absent-retry-timeout-0.json");
    assert_eq!(ended.diagnostics(), recorded);
    assert_eq!(workspace.org.names(), ["Home", "Engineering"]);
    assert_eq!(workspace.instances(), [] as [Value; 0]);
}

#[test]
fn a_refused_rename_leaves_the_refused_name_in_the_state() {
    let workspace = Workspace::new(ENGINEERING);
    workspace.apply().succeeds();
    workspace.org.add("Taken", "");
    workspace.configure(&ENGINEERING.replace("Engineering", "Taken"));
    let ended = workspace.apply().fails();
    let summary = ended.diagnostics()[0]["summary"].as_str().unwrap().to_owned();
    let start = "Failed to update division Taken error: API Error: 409 - ";
    assert!(summary.starts_with(start), "{summary}");
    assert_eq!(workspace.instances()[0]["attributes"]["name"], "Taken");
    assert_eq!(workspace.org.names(), ["Home", "Engineering", "Taken"]);
}

#[test]
fn data_sources_find_any_spelling_home_and_the_org() {
    let workspace = Workspace::new(
        r#"
        data "genesyscloud_auth_division" "sales" { name = "SALES" }
        data "genesyscloud_auth_division_home" "home" {}
        data "genesyscloud_organizations_me" "me" {}
        output "org" { value = data.genesyscloud_organizations_me.me.id }
        output "sales" { value = data.genesyscloud_auth_division.sales.id }
        output "home" { value = data.genesyscloud_auth_division_home.home.name }
        "#,
    );
    let id = workspace.org.add("Sales", "");
    workspace.apply().succeeds();
    let outputs = workspace.terraform(&["output", "-json"]).succeeds();
    let outputs: Value = serde_json::from_str(&outputs.stdout).unwrap();
    assert_eq!(outputs["sales"]["value"], json!(id));
    assert_eq!(outputs["home"]["value"], "Home");
    assert_eq!(outputs["org"]["value"], json!(workspace.org.handle().org().org.id));
}

#[test]
fn a_bad_client_is_refused_as_recorded() {
    let workspace = Workspace::new(ENGINEERING);
    let body = json!({"error": "invalid_client", "error_description": "client not found"});
    let refusal = Refusal { body: Some(body), ..Refusal::status(400) };
    workspace.org.once("POST", "/oauth/token", Effect::Status(refusal));
    let ended = workspace.terraform(&["plan", "-json"]).fails();
    let recorded = &recorded_diagnostics("diag-provider-bad-client.json")[0];
    let diagnostic = &ended.diagnostics()[0];
    for part in ["summary", "detail", "address", "severity"] {
        assert_eq!(diagnostic[part], recorded[part], "{part}");
    }
}

#[test]
fn it_works_without_tls_too() {
    let mut workspace = Workspace::new(ENGINEERING);
    workspace.set("TF_DISABLE_PLUGIN_TLS", "1");
    workspace.apply().succeeds();
    assert_eq!(workspace.org.names(), ["Home", "Engineering"]);
}

/// Interrupts an apply in the middle of its create, and lets the create go on when standard error
/// says `until`. Returns all of standard error.
fn interrupted_apply(
    workspace: &mut Workspace,
    interrupt: impl FnOnce(Pid),
    until: &'static str,
) -> String {
    workspace.set("TF_LOG_PROVIDER", "INFO");
    workspace.org.next_create(Effect::HoldReply);
    let mut command = workspace.command(&["apply", "-auto-approve"]);
    let output = Stdio::null;
    command.process_group(0).stdout(output()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    workspace.org.wait_until_held();
    interrupt(Pid::from_raw(child.id().try_into().unwrap()).unwrap());
    let mut text = String::new();
    let stderr = std::io::BufReader::new(child.stderr.take().unwrap());
    for line in stderr.lines().map(Result::unwrap) {
        if line.contains(until) {
            workspace.org.release();
        }
        text.push_str(&line);
        text.push('\n');
    }
    assert_eq!(child.wait().unwrap().code(), Some(1), "{text}");
    text
}

#[test]
fn ctrl_c_kills_the_provider_and_leaves_a_division_that_no_state_knows() {
    let mut workspace = Workspace::new(ENGINEERING);
    let interrupt = |terraform| kill_process_group(terraform, Signal::INT).unwrap();
    // Which of the two it says depends on what it sees first: the lost connection or the process's end.
    let died = ["Plugin did not respond", "Request cancelled"];
    let errors = interrupted_apply(&mut workspace, interrupt, died[0]);
    assert!(died.iter().any(|text| errors.contains(text)), "{errors}");
    assert_eq!(workspace.instances(), [] as [Value; 0]);
    assert_eq!(workspace.org.names(), ["Home", "Engineering"]);
}

#[test]
fn an_interrupt_of_terraform_alone_taints_the_division() {
    let mut workspace = Workspace::new(ENGINEERING);
    let interrupt = |terraform| kill_process(terraform, Signal::INT).unwrap();
    let errors = interrupted_apply(&mut workspace, interrupt, "Stopping");
    assert!(errors.contains("Error: context canceled"), "{errors}");
    assert_eq!(workspace.instances()[0]["status"], "tainted");
}

#[cfg(target_os = "linux")]
#[test]
fn a_provider_whose_terraform_was_killed_finishes_its_request_and_ends() {
    let workspace = Workspace::new(ENGINEERING);
    workspace.org.next_create(Effect::HoldReply);
    let mut terraform = workspace.command(&["apply", "-auto-approve"]);
    terraform.stdout(Stdio::null()).stderr(Stdio::null());
    let mut terraform = terraform.spawn().unwrap();
    workspace.org.wait_until_held();
    let temporary = format!("TMPDIR={}/t", workspace.path().display());
    let providers = providers_with(&temporary);
    assert!(!providers.is_empty());
    terraform.kill().unwrap();
    terraform.wait().unwrap();
    workspace.org.release();
    for provider in providers {
        // Already gone is as good.
        let Ok(process) = pidfd_open(provider, PidfdFlags::empty()) else {
            continue;
        };
        let patience = Timespec { tv_sec: 30, tv_nsec: 0 };
        let ended = poll(&mut [PollFd::new(&process, PollFlags::IN)], Some(&patience));
        assert_eq!(ended, Ok(1), "it lives on");
    }
    assert_eq!(std::fs::read_dir(workspace.path().join("t")).unwrap().count(), 0);
}

#[test]
fn an_exported_state_with_flat_attributes_is_read() {
    let workspace = Workspace::new(ENGINEERING);
    let id = workspace.org.add("Engineering", "");
    let state = json!({
        "version": 4, "terraform_version": "1.11.4", "serial": 1, "lineage": "exported",
        "outputs": {}, "check_results": null,
        "resources": [{
            "mode": "managed", "type": "genesyscloud_auth_division", "name": "eng",
            "provider": "provider[\"registry.terraform.io/mypurecloud/genesyscloud\"]",
            "instances": [{
                "schema_version": 1,
                "attributes_flat": {"id": id, "name": "Engineering", "home": "false"},
            }],
        }],
    });
    std::fs::write(workspace.path().join("terraform.tfstate"), state.to_string()).unwrap();
    assert_eq!(workspace.planned_change()["change"]["actions"], json!(["no-op"]));
}
