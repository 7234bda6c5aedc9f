//! Terraform itself, as the user called it: its streams, its terminal, its exit code.
//!
//! Never kills it. Invariant: Terraform hears of each signal exactly once. On a terminal it stays
//! in our process group, where its prompt can be answered and Ctrl-C reaches it by itself; without
//! one it has a group of its own, and signals are passed on. SIGHUP, which would end it at once, is kept
//! from it and passed on as SIGTERM.

use std::ffi::OsString;
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::path::Path;
use std::process::ExitStatus;

use divvy_core::effect::{Effect, Observer, Outcome};
use rustix::process::{Pid, Signal, getpgrp, kill_process};
use tokio::process::Command;
use tokio::signal::unix::{SignalKind, signal};

#[cfg(target_os = "linux")]
use crate::environment::leash;
use crate::error::{CommandError, ErrorKind};
use crate::interrupt;

/// How Terraform is to be started.
pub(crate) struct Start<'s> {
    pub(crate) program: &'s Path,
    pub(crate) arguments: &'s [OsString],
    pub(crate) variable: (&'static str, String),
}

/// Becomes Terraform; returns only if that failed.
pub(crate) fn become_terraform(program: &Path, arguments: &[OsString]) -> CommandError {
    let error = std::process::Command::new(program).args(arguments).exec();
    let error = CommandError::failed(format!("could not start {}: {error}", program.display()));
    CommandError { kind: ErrorKind::Refused, ..error }
}

/// Runs Terraform to its end, whatever signals come.
pub(crate) async fn run(start: &Start<'_>, observer: &dyn Observer) -> std::io::Result<ExitStatus> {
    let effect = Effect::Terraform { subcommand: "run".to_owned(), writes: true };
    let (mut interrupts, mut ends) =
        (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    let mut hang_ups = interrupt::hang_ups();
    observer.before(&effect);
    let started = std::time::Instant::now();
    let mut child = command(start).spawn()?;
    let pid = child.id().and_then(|id| Pid::from_raw(id.cast_signed()));
    let pass_on = |signal| {
        if let Some(pid) = pid {
            // It may have ended just now; then there is nobody left to tell.
            let _ = kill_process(pid, signal);
        }
    };
    // A terminal that goes may say so twice, and a second signal would end Terraform at once.
    let mut is_told = false;
    let status = loop {
        tokio::select! {
            biased;
            status = child.wait() => break status?,
            _ = interrupts.recv() => {
                is_told = true;
                if !is_in_foreground() { pass_on(Signal::INT) }
            }
            _ = ends.recv() => {
                is_told = true;
                pass_on(Signal::TERM);
            }
            () = hang_ups.next() => if !std::mem::replace(&mut is_told, true) {
                pass_on(Signal::TERM);
            },
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

/// Returns the exit code of a process as a shell tells it.
pub(crate) fn exit_code(status: ExitStatus) -> u8 {
    let code = status.code().or(status.signal().map(|signal| 128 + signal)).unwrap_or(1);
    u8::try_from(code).unwrap_or(1)
}

fn command(start: &Start<'_>) -> Command {
    let (name, value) = &start.variable;
    let mut command = leashed(start.program);
    command.args(start.arguments).env(name, value);
    if !has_terminal() {
        command.process_group(0);
    }
    command
}

#[cfg(target_os = "linux")]
fn leashed(program: &Path) -> Command {
    let mut words = leash::prefix(leash::Death::InGoodOrderWithoutHangUp);
    words.push(program.into());
    let mut command = Command::new(&words[0]);
    command.args(&words[1..]);
    command
}

#[cfg(not(target_os = "linux"))]
fn leashed(program: &Path) -> Command {
    Command::new(program)
}

fn has_terminal() -> bool {
    std::fs::File::open("/dev/tty").is_ok()
}

/// Returns whether the terminal's Ctrl-C goes to our process group.
fn is_in_foreground() -> bool {
    let terminal = std::fs::File::open("/dev/tty").ok();
    terminal.is_some_and(|terminal| {
        rustix::termios::tcgetpgrp(terminal).is_ok_and(|group| group == getpgrp())
    })
}
