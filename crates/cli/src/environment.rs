//! The one snapshot of the process's surroundings, and the other selves of the binary.
//!
//! Libraries read no environment: they get what is read here. Invariant: [`other_self`] is looked
//! at before anything else, so a provider or a leash never parses arguments of the command line.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{Command, ExitCode};

/// The first argument of a child on a leash.
const MARK: &str = "__leashed";

/// The variable that tells a child of the provider which Terraform to be.
pub(crate) const ACT_AS_TERRAFORM: &str = "DIVVY_ACT_AS_TERRAFORM";

/// The environment as it was when divvy started.
#[derive(Clone, Debug, Default)]
pub(crate) struct Environment {
    /// Variables whose name and value are text.
    pub(crate) variables: BTreeMap<String, String>,
    /// The directory divvy was started in.
    pub(crate) current_directory: PathBuf,
}

impl Environment {
    /// Takes the snapshot.
    pub(crate) fn snapshot() -> Self {
        let text = |(name, value): (OsString, OsString)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        };
        Self {
            variables: std::env::vars_os().filter_map(text).collect(),
            current_directory: std::env::current_dir().unwrap_or_default(),
        }
    }
}

impl Environment {
    /// Returns the values that their names call secret.
    pub(crate) fn secrets(&self) -> impl Iterator<Item = &str> {
        const NAMES: [&str; 4] = ["_TOKEN", "_SECRET", "_PASSWORD", "_PRIVATE_KEY"];
        let is_secret = |name: &str| NAMES.iter().any(|end| name.to_uppercase().ends_with(end));
        self.variables
            .iter()
            .filter(move |(name, _)| is_secret(name))
            .map(|(_, value)| value.as_str())
    }
}

/// Returns all variables, those that are no text too: what a child gets that is not our own call.
pub(crate) fn everything() -> Vec<(OsString, OsString)> {
    std::env::vars_os().collect()
}

/// Runs as somebody else if this process was started as somebody else: the stand-in provider, a
/// child on a leash, or Terraform itself when the provider asks its parent for the version.
pub(crate) fn other_self() -> Option<ExitCode> {
    let mut arguments = std::env::args_os();
    let program = arguments.next().map(PathBuf::from)?;
    let name = program.file_name()?.to_string_lossy().into_owned();
    if name.starts_with("terraform-provider-genesyscloud") {
        return Some(divvy_sandbox::provider::main());
    }
    if let Some(terraform) = std::env::var_os(ACT_AS_TERRAFORM)
        && std::env::args_os().nth(1).is_none_or(|argument| argument != MARK)
    {
        return Some(become_terraform(&terraform, arguments));
    }
    #[cfg(target_os = "linux")]
    if arguments.next().is_some_and(|argument| argument == MARK) {
        return Some(leash::run(arguments));
    }
    None
}

/// Answers the provider in Terraform's place: it asks the program of its parent process for a
/// version, and its parent is divvy.
fn become_terraform(terraform: &OsStr, arguments: impl Iterator<Item = OsString>) -> ExitCode {
    // exec returns only if it failed.
    let _ = Command::new(terraform).args(arguments).env_remove(ACT_AS_TERRAFORM).exec();
    ExitCode::from(126)
}

/// Children that must not outlive us (Linux).
#[cfg(target_os = "linux")]
pub(crate) mod leash {
    use std::ffi::OsString;
    use std::io::Write as _;
    use std::os::unix::process::CommandExt as _;
    use std::process::{Command, ExitCode};

    use rustix::process::{Pid, Signal, getppid, set_parent_process_death_signal};

    use super::MARK;

    /// How a child ends when we die.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub(crate) enum Death {
        /// By SIGINT: Terraform saves its state and gives up its lock.
        InGoodOrder,
        /// As `InGoodOrder`, and without hearing of the terminal's end, which would end it at once: we
        /// hear of that and pass it on.
        InGoodOrderWithoutHangUp,
        /// By SIGKILL: a provider of our own, which nobody can talk to any more.
        AtOnce,
    }

    impl Death {
        const ALL: [(Self, &'static str, Signal); 3] = [
            (Self::InGoodOrder, "int", Signal::INT),
            (Self::InGoodOrderWithoutHangUp, "int-nohup", Signal::INT),
            (Self::AtOnce, "kill", Signal::KILL),
        ];

        fn word(self) -> &'static str {
            Self::ALL.iter().find(|(death, ..)| *death == self).map_or("", |(_, word, _)| word)
        }
    }

    /// Returns what to put in front of a program so that it ends when this process dies:
    /// `/proc/self/exe __leashed PID DEATH`.
    pub(crate) fn prefix(death: Death) -> Vec<OsString> {
        let pid = std::process::id().to_string();
        vec!["/proc/self/exe".into(), MARK.into(), pid.into(), death.word().into()]
    }

    /// Ties this process to its parent, then becomes the program named by the arguments.
    pub(super) fn run(mut arguments: impl Iterator<Item = OsString>) -> ExitCode {
        let parent = arguments
            .next()
            .and_then(|pid| pid.to_str()?.parse::<i32>().ok())
            .and_then(Pid::from_raw);
        let word = arguments.next().unwrap_or_default();
        let death = Death::ALL.iter().find(|(_, known, _)| word == *known);
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
        let _ = writeln!(
            std::io::stderr(),
            "Error: {} could not be started: {error}",
            program.display()
        );
        ExitCode::from(if error.kind() == std::io::ErrorKind::NotFound { 127 } else { 126 })
    }

    /// Returns whether a shell hands a variable on: some drop those whose names are no names there.
    fn is_for_a_shell((name, _): (OsString, OsString)) -> bool {
        let name = name.as_encoded_bytes();
        !name.first().is_some_and(u8::is_ascii_digit)
            && name.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'_')
    }
}
