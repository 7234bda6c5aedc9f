//! How Terraform is held: interrupt, pipes, leash, repeats. A script plays its part.

use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use divvy_terraform::{Error, FailureKind, PassedFlags, PlanRequest, Terraform, WorkingDirectory};
use tokio_util::sync::CancellationToken;

use crate::support::{Sandbox, block_on};

fn script(sandbox: &Sandbox, text: &str) -> PathBuf {
    let path = sandbox.path().join("script");
    std::fs::write(&path, format!("#!/bin/sh\n{text}\n")).unwrap();
    std::fs::set_permissions(&path, PermissionsExt::from_mode(0o755)).unwrap();
    path
}

fn open(sandbox: &Sandbox, text: &str) -> (Terraform, WorkingDirectory) {
    let path = script(sandbox, text);
    let terraform = Terraform::find(Some(&path), sandbox.environment.clone())
        .unwrap()
        .observed_by(sandbox.effects.clone());
    let directory =
        WorkingDirectory::open(&sandbox.path(), terraform.clone(), PassedFlags::default()).unwrap();
    (terraform, directory)
}

#[test]
fn an_interrupt_is_passed_on_to_terraform_alone_and_then_waited_for() {
    let sandbox = Sandbox::new("");
    let ready = sandbox.path().join("ready");
    let made = std::process::Command::new("mkfifo").arg(&ready).status();
    assert!(made.unwrap().success());
    // A child of Terraform's in its group must not hear of it.
    let (terraform, _) = open(
        &sandbox,
        "sh -c 'trap \"echo child >> heard\" INT; echo up > ready; read x < end' &\n\
         trap 'echo parent >> heard; echo > end; wait; exit 1' INT\nwait",
    );
    let end = sandbox.path().join("end");
    let made = std::process::Command::new("mkfifo").arg(&end).status();
    assert!(made.unwrap().success());
    let interrupt = CancellationToken::new();
    let terraform = terraform.interrupted_by(interrupt.clone());
    let directory =
        WorkingDirectory::open(&sandbox.path(), terraform, PassedFlags::default()).unwrap();
    let waiting = std::thread::spawn(move || {
        std::fs::read(ready).unwrap();
        interrupt.cancel();
    });
    let error = block_on(directory.plan(PlanRequest::default())).unwrap_err();
    waiting.join().unwrap();
    assert!(matches!(error, Error::Interrupted { subcommand: "plan" }));
    let heard = std::fs::read_to_string(sandbox.path().join("heard")).unwrap();
    assert_eq!(heard, "parent\n");
    sandbox.effects.take();
    let error = block_on(directory.state_pull()).unwrap_err();
    assert!(matches!(error, Error::Interrupted { .. }));
    assert!(sandbox.effects.take().is_empty());
}

#[test]
fn more_than_a_pipe_holds_is_read_from_both_sides() {
    let sandbox = Sandbox::new("");
    let (_, directory) =
        open(&sandbox, "head -c 3000000 /dev/zero >&2; head -c 3000000 /dev/zero | tr '\\0' ' '");
    let state = block_on(directory.state_pull()).unwrap();
    assert!(state.addresses().is_empty());
}

#[test]
fn it_runs_in_its_own_group_without_input_and_behind_the_leash() {
    let sandbox = Sandbox::new("");
    let (terraform, _) = open(
        &sandbox,
        "read line; echo \"[$line]\" > seen; test $(ps -o pgid= -p $$) = $$ && echo own >> seen; echo $LEASH >> seen",
    );
    let terraform = terraform.leashed(vec!["/usr/bin/env".into(), "LEASH=tight".into()]);
    let directory =
        WorkingDirectory::open(&sandbox.path(), terraform, PassedFlags::default()).unwrap();
    block_on(directory.state_pull()).unwrap();
    let seen = std::fs::read_to_string(sandbox.path().join("seen")).unwrap();
    assert_eq!(seen, "[]\nown\ntight\n");
}

#[test]
fn a_read_that_kills_the_provider_is_tried_once_more_and_only_once() {
    let dies = "echo 'Error: Plugin did not respond' >&2; exit 1";
    let sandbox = Sandbox::new("");
    let (_, directory) = open(&sandbox, &format!("test -e again && exit 0; touch again; {dies}"));
    block_on(directory.state_pull()).unwrap();
    assert_eq!(sandbox.effects.take(), ["state pull", "state pull"]);
    let sandbox = Sandbox::new("");
    let (_, directory) = open(&sandbox, dies);
    let error = block_on(directory.state_pull()).unwrap_err();
    assert_eq!(error.failure().unwrap().kind, FailureKind::PluginDied);
    assert_eq!(directory.terraform_runs(), 2);
}
