//! Processes: groups, signals to one of them, the terminal.

use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::time::Duration;

use rustix::process::{Pid, Signal, getpgrp, getpid, getppid, kill_process};

use crate::process::Halt;

/// How often is looked whether the parent still lives.
const PARENT_CHECK: Duration = Duration::from_millis(250);

/// Gives a child a process group of its own: what a terminal tells ours does not reach it.
pub fn give_own_group(command: &mut Command) {
    command.process_group(0);
}

/// Asks one process to end in good order; one that has ended is nobody to tell.
pub fn interrupt(process: u32) {
    send(process, Signal::INT);
}

pub(crate) fn send(process: u32, signal: Signal) {
    if let Some(pid) = Pid::from_raw(process.cast_signed()) {
        // It may have ended just now; then there is nobody left to tell.
        let _ = kill_process(pid, signal);
    }
}

/// Becomes another program; returns only if that failed.
pub fn become_program(command: &mut Command) -> io::Error {
    command.exec()
}

/// Returns the exit code of a process as a shell tells it.
pub fn exit_code(status: ExitStatus) -> u8 {
    let code = status.code().or(status.signal().map(|signal| 128 + signal)).unwrap_or(1);
    u8::try_from(code).unwrap_or(1)
}

/// Stops this very process, before it returns.
pub fn halt(how: Halt) {
    let signal = match how {
        Halt::Killed => Signal::KILL,
        Halt::Stopped => Signal::STOP,
    };
    let _ = kill_process(getpid(), signal);
}

/// The process that started this one.
#[derive(Debug)]
pub struct Parent(Option<Pid>);

impl Parent {
    /// Asks who it is, now.
    pub fn of_this() -> Self {
        Self(getppid())
    }

    /// Ends when it is gone.
    pub async fn gone(self) {
        while getppid() == self.0 {
            tokio::time::sleep(PARENT_CHECK).await;
        }
    }
}

/// Returns the program that started this one: where it can be run from, and what it is; nothing where
/// the system does not say.
pub fn parent_program() -> Option<(PathBuf, PathBuf)> {
    let running = PathBuf::from(format!("/proc/{}/exe", std::os::unix::process::parent_id()));
    let program = std::fs::read_link(&running).ok()?;
    Some((running, program))
}

/// Returns whether a file is a program that somebody may run.
pub fn is_executable(path: &Path) -> bool {
    path.metadata()
        .is_ok_and(|metadata| metadata.is_file() && metadata.permissions().mode() & 0o111 != 0)
}

/// Returns the file names of a program that is typed as `name`.
pub fn names_of_program(name: &str) -> Vec<String> {
    vec![name.to_owned()]
}

/// Returns whether this process has a terminal, from which a child is told by itself.
pub fn has_terminal() -> bool {
    std::fs::File::open("/dev/tty").is_ok()
}

/// Returns whether the terminal's Ctrl-C goes to our process group.
pub fn is_in_foreground() -> bool {
    let terminal = std::fs::File::open("/dev/tty").ok();
    terminal.is_some_and(|terminal| {
        rustix::termios::tcgetpgrp(terminal).is_ok_and(|group| group == getpgrp())
    })
}
