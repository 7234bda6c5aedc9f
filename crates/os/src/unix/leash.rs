//! Children that must not outlive us: a signal that comes with the parent's death.
//!
//! It is tied to the thread that started the child, hence one thread for everything.

use std::ffi::OsString;
use std::io::Write as _;
use std::os::unix::process::CommandExt as _;
use std::process::{Command, ExitCode};

use rustix::process::{Pid, Signal, getppid, set_parent_process_death_signal};

use crate::leash::{Death, MARK};

const ALL: [(Death, &str, Signal); 3] = [
    (Death::InGoodOrder, "int", Signal::INT),
    (Death::InGoodOrderWithoutHangUp, "int-nohup", Signal::INT),
    (Death::AtOnce, "kill", Signal::KILL),
];

/// Returns what to put in front of a program so that it ends when this process dies:
/// `/proc/self/exe __leashed PID DEATH`.
pub fn prefix(death: Death) -> Vec<OsString> {
    let pid = std::process::id().to_string();
    let word = ALL.iter().find(|(known, ..)| *known == death).map_or("", |(_, word, _)| word);
    vec!["/proc/self/exe".into(), MARK.into(), pid.into(), word.into()]
}

/// Ties this process to its parent, then becomes the program named by the arguments.
pub fn run(mut arguments: impl Iterator<Item = OsString>) -> ExitCode {
    let parent =
        arguments.next().and_then(|pid| pid.to_str()?.parse::<i32>().ok()).and_then(Pid::from_raw);
    let word = arguments.next().unwrap_or_default();
    let death = ALL.iter().find(|(_, known, _)| word == *known);
    let (Some((death, _, signal)), Some(program)) = (death, arguments.next()) else {
        return ExitCode::from(64);
    };
    if set_parent_process_death_signal(Some(*signal)).is_err() || getppid() != parent {
        return ExitCode::from(1);
    }
    let arguments: Vec<OsString> = arguments.collect();
    if *death == Death::InGoodOrderWithoutHangUp && std::env::vars_os().all(is_for_a_shell) {
        // A shell can ignore a signal, which only unsafe code could do here. Where there is none,
        // the program is started without it.
        let _ = Command::new("/bin/sh")
            .args(["-c", "trap '' HUP; exec \"$@\"", "sh"])
            .arg(&program)
            .args(&arguments)
            .exec();
    }
    // exec returns only if it failed.
    let error = Command::new(&program).args(arguments).exec();
    // Read by the parent as what the program said; a closed pipe leaves the exit code.
    let _ =
        writeln!(std::io::stderr(), "Error: {} could not be started: {error}", program.display());
    ExitCode::from(if error.kind() == std::io::ErrorKind::NotFound { 127 } else { 126 })
}

/// Returns whether a shell hands a variable on: some drop those whose names are no names there.
fn is_for_a_shell((name, _): (OsString, OsString)) -> bool {
    let name = name.as_encoded_bytes();
    !name.first().is_some_and(u8::is_ascii_digit)
        && name.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'_')
}
