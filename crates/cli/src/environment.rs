//! The one snapshot of the process's surroundings, and the other selves of the binary.
//!
//! Libraries read no environment: they get what is read here. Invariant: [`other_self`] is looked
//! at before anything else, so a provider or a leash never parses arguments of the command line.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::PathBuf;
use std::process::{Command, ExitCode};

use divvy_os::leash::{self, MARK};
use divvy_os::{places, process};
#[cfg(feature = "sandbox")]
use divvy_sandbox::provider::main as stand_in;

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
            Some((places::variable_name(name.into_string().ok()?), value.into_string().ok()?))
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
        return Some(stand_in());
    }
    if let Some(terraform) = std::env::var_os(ACT_AS_TERRAFORM)
        && std::env::args_os().nth(1).is_none_or(|argument| argument != MARK)
    {
        return Some(become_terraform(&terraform, arguments));
    }
    if arguments.next().is_some_and(|argument| argument == MARK) {
        return Some(leash::run(arguments));
    }
    None
}

/// Fails: no mirror leads to a divvy without the stand-in, since only the demo lays one out.
#[cfg(not(feature = "sandbox"))]
fn stand_in() -> ExitCode {
    ExitCode::from(126)
}

/// Answers the provider in Terraform's place: it asks the program of its parent process for a
/// version, and its parent is divvy.
fn become_terraform(terraform: &OsStr, arguments: impl Iterator<Item = OsString>) -> ExitCode {
    let mut command = Command::new(terraform);
    // Returns only if it failed.
    let _ = process::become_program(command.args(arguments).env_remove(ACT_AS_TERRAFORM));
    ExitCode::from(126)
}
