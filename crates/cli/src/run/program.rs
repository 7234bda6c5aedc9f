//! Which programs `divvy run` runs: Terraform, OpenTofu, and launchers of theirs.
//!
//! A program of another name is asked for its version once; one that does not answer as they do is
//! not run. Invariant: `terraform` and `tofu` are never started for this.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use divvy_core::CommandLine;
use tokio::io::AsyncReadExt as _;
use tokio::process::Command;

use crate::error::{CommandError, CommandResult, ErrorKind};

/// The names of the programs themselves.
const NAMES: [&str; 3] = ["terraform", "tofu", "opentofu"];
/// A version is told at once, and in few words; what is no Terraform may do anything.
const PATIENCE: Duration = Duration::from_secs(10);
const LONGEST_ANSWER: u64 = 64 << 10;

/// Makes sure that a program is one that `divvy run` is for.
///
/// # Errors
/// If it is neither named nor answers like Terraform or OpenTofu.
pub(crate) async fn require_terraform(program: &Path) -> CommandResult<()> {
    let target = program.canonicalize();
    let is_known = is_named(program) || target.is_ok_and(|target| is_named(&target));
    if is_known || answers(program).await {
        return Ok(());
    }
    let error = CommandError::failed(format!(
        "{} is neither Terraform nor OpenTofu, and does not answer `version -json` as they do: \
         divvy run stands between them and the provider, so that an apply adopts what exists",
        program.display()
    ));
    Err(CommandError { kind: ErrorKind::Refused, ..error }
        .hint(CommandLine::divvy("run -- terraform apply").because("or tofu apply")))
}

/// Returns whether a file is called after one of the programs, perhaps with a version behind.
fn is_named(program: &Path) -> bool {
    let name = program.file_name().unwrap_or_default().to_string_lossy();
    let name = name.strip_suffix(std::env::consts::EXE_SUFFIX).unwrap_or(&name);
    NAMES.iter().filter_map(|known| name.strip_prefix(known)).any(|rest| {
        rest.chars()
            .all(|letter| letter.is_ascii_digit() || matches!(letter, '.' | '-' | '_' | 'v'))
    })
}

/// Asks a program for its version, as somebody who takes it for Terraform.
async fn answers(program: &Path) -> bool {
    let mut command = Command::new(program);
    command
        .args(["version", "-json"])
        .env("CHECKPOINT_DISABLE", "1")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true);
    let Ok(mut child) = command.spawn() else { return false };
    let Some(stdout) = child.stdout.take() else { return false };
    let mut answer = Vec::new();
    let mut stdout = stdout.take(LONGEST_ANSWER);
    let read = stdout.read_to_end(&mut answer);
    if !matches!(tokio::time::timeout(PATIENCE, read).await, Ok(Ok(_))) {
        return false;
    }
    let answer = serde_json::from_slice::<serde_json::Value>(&answer).unwrap_or_default();
    answer["terraform_version"].is_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_programs_are_known_by_name_and_their_neighbours_are_not() {
        for (name, expected) in [
            ("terraform", true),
            ("/usr/bin/tofu", true),
            ("/opt/terraform-1.11.4", true),
            ("terraform_v1.5", true),
            ("opentofu", true),
            ("terraform-docs", false),
            ("terraformer", false),
            ("terragrunt", false),
            ("/terraform/run.sh", false),
            ("", false),
        ] {
            assert_eq!(is_named(Path::new(name)), expected, "{name}");
        }
    }
}
