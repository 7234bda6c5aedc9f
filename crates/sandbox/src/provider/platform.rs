//! The stand-in and its surroundings: signals, and the process that started it.
//!
//! Where the system does not tell a parent's executable, the question is left out.

use std::process::Stdio;

use divvy_os::process::parent_program;
use divvy_os::signals::Signals;

use super::log;

/// Ends at the first signal that asks a process to end.
pub(crate) async fn interrupted() {
    // Without handlers the default action ends the process just as well.
    Signals::install().interrupt().await;
}

/// Runs the parent's executable with `version`, as the official provider does in every Configure to
/// tell Terraform from OpenTofu. Whoever stands between Terraform and a provider must bear it.
///
/// Only a parent with a fitting name is asked: a test binary would take the word for a filter.
pub(crate) async fn ask_who_started_us() {
    const NAMES: [&str; 3] = ["terraform", "tofu", "divvy"];
    let Some((executable, target)) = parent_program() else { return };
    let name = target.file_name().unwrap_or_default().to_string_lossy().into_owned();
    if !NAMES.iter().any(|known| name.starts_with(known)) {
        return;
    }
    let answer = tokio::process::Command::new(&executable)
        .arg("version")
        .env("CHECKPOINT_DISABLE", "1")
        .stdin(Stdio::null())
        .output()
        .await;
    let text = answer.map(|output| String::from_utf8_lossy(&output.stdout).into_owned());
    let platform = match text.unwrap_or_default().lines().next().unwrap_or_default() {
        line if line.starts_with("Terraform ") => "terraform",
        line if line.starts_with("OpenTofu ") => "tofu",
        _ => "unknown",
    };
    log::write(&format!("Detected executing platform is: {platform}"));
}
