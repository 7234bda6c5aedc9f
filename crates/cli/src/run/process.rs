//! Terraform itself, as the user called it: its streams, its terminal, its exit code.
//!
//! Never kills it. Invariant: Terraform hears of each signal exactly once. On a terminal it stays
//! in our process group, where its prompt can be answered and Ctrl-C reaches it by itself; without
//! one it has a group of its own, and signals are passed on. SIGHUP, which would end it at once, is kept
//! from it and passed on as SIGTERM.

use std::ffi::OsString;
use std::path::Path;
use std::process::ExitStatus;

use divvy_core::effect::{Effect, Observer, Outcome};
pub(crate) use divvy_os::process::exit_code;
use divvy_os::signals::PassedOn;
use divvy_os::{leash, process};
use tokio::process::Command;

use crate::error::{CommandError, ErrorKind};

/// How Terraform is to be started.
pub(crate) struct Start<'s> {
    pub(crate) program: &'s Path,
    pub(crate) arguments: &'s [OsString],
    pub(crate) variable: (&'static str, String),
}

/// Becomes Terraform; returns only if that failed.
pub(crate) fn become_terraform(program: &Path, arguments: &[OsString]) -> CommandError {
    let error = process::become_program(std::process::Command::new(program).args(arguments));
    let error = CommandError::failed(format!("could not start {}: {error}", program.display()));
    CommandError { kind: ErrorKind::Refused, ..error }
}

/// Runs Terraform to its end, whatever signals come.
pub(crate) async fn run(start: &Start<'_>, observer: &dyn Observer) -> std::io::Result<ExitStatus> {
    let effect = Effect::Terraform { subcommand: "run".to_owned(), writes: true };
    let mut signals = PassedOn::install()?;
    observer.before(&effect);
    let started = std::time::Instant::now();
    let mut child = command(start).spawn()?;
    let id = child.id();
    let status = loop {
        tokio::select! {
            biased;
            status = child.wait() => break status?,
            () = signals.next(id) => {}
        }
    };
    let outcome = Outcome {
        succeeded: status.success(),
        code: status.code(),
        correlation_id: None,
        took: started.elapsed(),
    };
    observer.after(&effect, &outcome);
    Ok(status)
}

fn command(start: &Start<'_>) -> Command {
    let (name, value) = &start.variable;
    let mut command = leashed(start.program);
    command.args(start.arguments).env(name, value);
    if !process::has_terminal() {
        process::give_own_group(command.as_std_mut());
    }
    command
}

fn leashed(program: &Path) -> Command {
    let mut words = leash::prefix(leash::Death::InGoodOrderWithoutHangUp);
    words.push(program.into());
    let mut command = Command::new(&words[0]);
    command.args(&words[1..]);
    command
}
