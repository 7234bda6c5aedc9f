//! Processes: groups, console events to one of them, exit codes.

use std::io;
use std::os::windows::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};

use windows_sys::Win32::System::Console::{CTRL_BREAK_EVENT, GenerateConsoleCtrlEvent};

use crate::process::Halt;

/// `CREATE_NEW_PROCESS_GROUP`: the console's Ctrl-C does not reach it, Ctrl-Break to its id does.
const NEW_PROCESS_GROUP: u32 = 0x0000_0200;

/// Gives a child a process group of its own: the console's Ctrl-C does not reach it.
pub fn give_own_group(command: &mut Command) {
    command.creation_flags(NEW_PROCESS_GROUP);
}

/// Asks one process that leads a group of its own to end in good order. Go programs take Ctrl-Break for
/// Ctrl-C, and only it can be sent to one group; without a console there is nobody to tell.
pub fn interrupt(process: u32) {
    #[expect(unsafe_code, reason = "no crate wraps this call")]
    // SAFETY: it takes two numbers and keeps nothing.
    let told = unsafe { GenerateConsoleCtrlEvent(CTRL_BREAK_EVENT, process) };
    if told == 0 {
        let error = io::Error::last_os_error();
        tracing::debug!(process, %error, "a process could not be told to end");
    }
}

/// Becomes another program, as far as that goes here: waits for it and ends with its code. Returns only
/// if it did not start.
pub fn become_program(command: &mut Command) -> io::Error {
    // Ctrl-C is for the program: it is waited for, whatever it makes of that.
    let _heard = tokio::signal::windows::ctrl_c();
    match command.status() {
        Ok(status) => std::process::exit(status.code().unwrap_or(1)),
        Err(error) => error,
    }
}

/// Returns the exit code of a process as far as it fits; a larger one is a failure.
pub fn exit_code(status: ExitStatus) -> u8 {
    status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(1)
}

/// Ends this very process.
pub fn halt(_how: Halt) {
    std::process::abort();
}

/// The process that started this one.
#[derive(Debug)]
pub struct Parent;

impl Parent {
    /// Asks who it is, now.
    pub fn of_this() -> Self {
        Self
    }

    /// Ends when it is gone, which is not told here: whoever is connected leaves.
    pub async fn gone(self) {
        std::future::pending().await
    }
}

/// Returns the program that started this one: the system does not say so that it could be run.
pub fn parent_program() -> Option<(PathBuf, PathBuf)> {
    None
}

/// Returns whether a file is a program that somebody may run.
pub fn is_executable(path: &Path) -> bool {
    path.is_file()
}

/// Returns the file names of a program that is typed as `name`.
pub fn names_of_program(name: &str) -> Vec<String> {
    let has_ending = Path::new(name).extension().is_some_and(|end| end.eq_ignore_ascii_case("exe"));
    if has_ending { vec![name.to_owned()] } else { vec![format!("{name}.exe"), name.to_owned()] }
}

/// Returns whether this process has a console, from which a child is told by itself.
pub fn has_terminal() -> bool {
    true
}

/// Returns whether the console's Ctrl-C reaches our children too.
pub fn is_in_foreground() -> bool {
    true
}
