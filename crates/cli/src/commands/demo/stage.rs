//! Where a story is told: what each step runs with, what it shows, and how it must end.
//!
//! Never knows which story it is. Invariant: what is shown is what was run, and a step that ends
//! otherwise than told ends the demo.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use divvy_core::shell::word;
use tokio::process::Command;

use super::place::{self, Place};
use crate::context::Context;
use crate::error::{CommandError, CommandResult};

/// What becomes of the output of a step.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Output {
    Shown,
    /// Of interest only if it fails.
    Hidden,
    /// The first of its errors, and how many there are.
    FirstError,
    /// What it says beside its progress.
    WithoutProgress,
}

/// What the demo runs with.
pub(super) struct Stage<'c> {
    pub(super) context: &'c Context,
    pub(super) place: Place,
    pub(super) divvy: PathBuf,
    pub(super) terraform: PathBuf,
    pub(super) variables: BTreeMap<OsString, OsString>,
}

impl Stage<'_> {
    /// Says what comes next.
    pub(super) fn tell(&self, text: &str) {
        self.context.console.say(&format!("\n# {text}"));
    }

    pub(super) async fn terraform(
        &self,
        arguments: &[&str],
        output: Output,
        code: i32,
    ) -> CommandResult<()> {
        self.step(&self.terraform, arguments, output, code).await
    }

    pub(super) async fn divvy(&self, arguments: &[&str], code: i32) -> CommandResult<()> {
        self.step(&self.divvy, arguments, Output::Shown, code).await
    }

    /// Shows a command, runs it, and holds it to the exit code that the story needs.
    async fn step(
        &self,
        program: &Path,
        arguments: &[&str],
        output: Output,
        code: i32,
    ) -> CommandResult<()> {
        let name = |path: &Path| {
            let is_terraform = path == self.terraform;
            if is_terraform { self.terraform_name() } else { "divvy".to_owned() }
        };
        let typed: Vec<String> = arguments
            .iter()
            .map(|word| {
                let path = Path::new(word);
                if path == self.terraform { name(path) } else { (*word).to_owned() }
            })
            .collect();
        let typed = format!("{} {}", name(program), typed.join(" "));
        self.context.console.say(&format!("$ {typed}"));
        let mut command = Command::new(program);
        command
            .args(arguments)
            .current_dir(&self.place.directory)
            .env_clear()
            .envs(&self.variables)
            .stdin(Stdio::null());
        let failed = |error: std::io::Error| {
            CommandError::failed(format!("could not run {}: {error}", program.display()))
        };
        let status = match output {
            Output::Shown => command.status().await.map_err(failed)?,
            Output::Hidden => command.stdout(Stdio::null()).status().await.map_err(failed)?,
            Output::FirstError | Output::WithoutProgress => {
                let ended = command.output().await.map_err(failed)?;
                let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
                let told = match output {
                    Output::FirstError => first_error(&text(&ended.stderr)),
                    _ => without_progress(&text(&ended.stdout)),
                };
                self.context.console.say(&told);
                ended.status
            }
        };
        match status.code() {
            Some(ended) if ended == code => Ok(()),
            ended => Err(CommandError::failed(format!(
                "`{typed}` ended with {}, which is not how this story goes",
                ended.map_or_else(|| "a signal".to_owned(), |ended| ended.to_string())
            ))),
        }
    }

    /// Says which commands work in the directory from now on; each line can be pasted into a shell.
    pub(super) fn how_to_play_on(&self, address: &str) -> String {
        if !self.place.is_kept {
            return "\nTo keep the directory and play on in it: divvy demo --directory DIR"
                .to_owned();
        }
        let directory = self.place.directory.to_string_lossy();
        let terraform = self.terraform_name();
        format!(
            "\nThe directory stays, and so does its org. To play on, paste into a shell:\n\n  \
             cd {}\n  . ./{}\n  divvy emulate --listen {address} --data {} &\n  \
             divvy list --api-url http://{address}\n  \
             divvy check\n  {terraform} plan\n  kill $! # ends the org",
            word(&directory),
            place::ENVIRONMENT,
            place::ORG,
        )
    }

    /// Returns the program as one types it.
    fn terraform_name(&self) -> String {
        let name = self.terraform.file_name().unwrap_or_default();
        name.to_string_lossy().into_owned()
    }
}

/// Returns the first error of a failed run's standard error, and how many more there are.
fn first_error(told: &str) -> String {
    let bare = |line: &'_ str| line.trim_start_matches(['│', '╷', '╵', ' ']).to_owned();
    let lines: Vec<_> = told.lines().map(bare).collect();
    // Terraform wraps long lines, and what an error holds may go on with the same word.
    let begins =
        |at: &usize| lines[*at].starts_with("Error: ") && (*at == 0 || lines[at - 1].is_empty());
    let errors: Vec<_> = (0..lines.len()).filter(begins).collect();
    let first = errors.first().copied().unwrap_or(lines.len());
    let end = errors.get(1).copied().unwrap_or(lines.len());
    let more = errors.len().saturating_sub(1);
    format!("{}\n\n… and {more} more errors", lines[first..end].join("\n").trim_end())
}

/// Returns what Terraform says beside its progress.
fn without_progress(told: &str) -> String {
    let lines = told.lines().filter(|line| !line.contains(": Refreshing state..."));
    lines.collect::<Vec<_>>().join("\n").trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_many_errors_the_first_is_shown_and_the_others_are_counted() {
        let told = "╷\n│ Error: one\n│ \n│   with a.b,\n╵\n╷\n│ Error: two\n╵\n";
        assert_eq!(first_error(told), "Error: one\n\nwith a.b,\n\n… and 1 more errors");
        let plain = "\nError: one\n\n  with a.b,\nError: 409\n\nError: two\n\nError: three\n";
        let first = "Error: one\n\nwith a.b,\nError: 409\n\n… and 2 more errors";
        assert_eq!(first_error(plain), first);
    }
}
