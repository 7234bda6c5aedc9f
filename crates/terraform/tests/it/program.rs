//! How Terraform is held: interrupt, pipes, leash, repeats. A script plays its part.

use divvy_terraform::{Error, FailureKind, PlanRequest};
use tokio_util::sync::CancellationToken;

use crate::support::{Sandbox, block_on, cancel_when_written};

#[test]
fn an_interrupt_is_passed_on_to_terraform_alone_and_then_waited_for() {
    let sandbox = Sandbox::new("");
    let (ready, _end) = (sandbox.pipe("ready"), sandbox.pipe("end"));
    let interrupt = CancellationToken::new();
    // A child of Terraform's in its group must not hear of it. A shell's background job ignores
    // the signal unless it is told otherwise; the parent listens before the child calls.
    let terraform = sandbox.scripted(
        "exec 3<>end; trap 'echo parent >> heard; echo >&3; wait; exit 1' INT\n\
         env --default-signal=INT sh -c 'trap \"echo child >> heard\" INT; echo up > ready; read x <&3' &\n\
         wait",
    );
    let directory = sandbox.open_scripted(terraform.interrupted_by(interrupt.clone()));
    let waiting = cancel_when_written(ready, interrupt);
    let error = block_on(directory.plan(PlanRequest::default())).unwrap_err();
    waiting.join().unwrap();
    assert!(matches!(error, Error::Interrupted { subcommand: "plan" }));
    let heard = std::fs::read_to_string(sandbox.path().join("heard")).unwrap();
    assert_eq!(heard, "parent\n");
    assert_eq!(sandbox.effects.take(), ["plan"]);
    let error = block_on(directory.state_pull()).unwrap_err();
    assert!(matches!(error, Error::Interrupted { .. }));
    assert!(sandbox.effects.take().is_empty());
}

#[test]
fn a_second_interrupt_is_passed_on_and_waited_for_as_well() {
    let sandbox = Sandbox::new("");
    let (ready, heard, _never) =
        (sandbox.pipe("ready"), sandbox.pipe("heard"), sandbox.pipe("never"));
    let (interrupt, at_once) = (CancellationToken::new(), CancellationToken::new());
    let terraform = sandbox.scripted(
        "cat never & reader=$!\n\
         trap 'echo once > heard; trap \"echo twice > end; kill $reader; exit 1\" INT' INT\n\
         echo up > ready; while :; do wait; done",
    );
    let terraform = terraform.interrupted_by(interrupt.clone()).stopped_at_once_by(at_once.clone());
    let directory = sandbox.open_scripted(terraform);
    let waiting = [cancel_when_written(ready, interrupt), cancel_when_written(heard, at_once)];
    let error = block_on(directory.plan(PlanRequest::default())).unwrap_err();
    for thread in waiting {
        thread.join().unwrap();
    }
    assert!(matches!(error, Error::Interrupted { subcommand: "plan" }));
    assert_eq!(std::fs::read_to_string(sandbox.path().join("end")).unwrap(), "twice\n");
}

#[test]
fn a_call_that_ends_well_in_spite_of_the_interrupt_has_done_its_work() {
    let sandbox = Sandbox::new("");
    let (ready, _end) = (sandbox.pipe("ready"), sandbox.pipe("end"));
    let interrupt = CancellationToken::new();
    let terraform = sandbox.scripted(
        "cat end > nothing &\ntrap 'echo > end; wait; exit 0' INT; echo up > ready; wait",
    );
    let directory = sandbox.open_scripted(terraform.interrupted_by(interrupt.clone()));
    let waiting = cancel_when_written(ready, interrupt);
    block_on(directory.state_pull()).unwrap();
    waiting.join().unwrap();
}

#[test]
fn a_child_that_outlives_it_and_holds_its_pipes_is_not_waited_for() {
    let sandbox = Sandbox::new("");
    let end = sandbox.pipe("end");
    let terraform = sandbox.scripted("cat end &\necho '{\"terraform_version\":\"1.11.4\"}'");
    let directory = sandbox.open_scripted(terraform);
    let version = block_on(directory.terraform().version(&sandbox.path())).unwrap();
    assert_eq!(version, "1.11.4");
    // Its writing end opens and closes, and the child goes.
    std::fs::write(end, "").unwrap();
}

#[test]
fn more_than_a_pipe_holds_is_read_from_both_sides() {
    let sandbox = Sandbox::new("");
    let terraform =
        sandbox.scripted("head -c 3000000 /dev/zero >&2; head -c 3000000 /dev/zero | tr '\\0' ' '");
    let state = block_on(sandbox.open_scripted(terraform).state_pull()).unwrap();
    assert!(state.addresses().is_empty());
}

#[test]
fn it_runs_in_its_own_group_without_input_and_behind_the_leash() {
    let sandbox = Sandbox::new("");
    let terraform = sandbox.scripted(
        "read line; echo \"[$line]\" > seen; test $(ps -o pgid= -p $$) = $$ && echo own >> seen; echo $LEASH >> seen",
    );
    let terraform = terraform.leashed(vec!["/usr/bin/env".into(), "LEASH=tight".into()]);
    block_on(sandbox.open_scripted(terraform).state_pull()).unwrap();
    let seen = std::fs::read_to_string(sandbox.path().join("seen")).unwrap();
    assert_eq!(seen, "[]\nown\ntight\n");
}

#[test]
fn a_read_that_kills_the_provider_is_tried_once_more_and_only_once() {
    for text in ["Plugin did not respond", "Request cancelled"] {
        let dies = format!("echo 'Error: {text}' >&2; exit 1");
        let sandbox = Sandbox::new("");
        let terraform = sandbox.scripted(&format!("test -e again && exit 0; touch again; {dies}"));
        block_on(sandbox.open_scripted(terraform).state_pull()).unwrap();
        assert_eq!(sandbox.effects.take(), ["state pull", "state pull"]);
        let sandbox = Sandbox::new("");
        let directory = sandbox.open_scripted(sandbox.scripted(&dies));
        let error = block_on(directory.state_pull()).unwrap_err();
        assert_eq!(error.failure().unwrap().kind, FailureKind::PluginDied);
        assert_eq!(directory.terraform_runs(), 2);
    }
}
