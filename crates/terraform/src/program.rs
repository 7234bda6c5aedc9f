//! Terraform as a program: finding it, and the one function that runs it.
//!
//! Never reads the environment (the caller hands in a snapshot) and never kills Terraform: an
//! interrupt is passed on, to Terraform alone, and then waited for; a second one is its hard stop.
//! The official provider dies of a signal to the group and leaves objects behind, hence the process
//! group of its own.

mod finding;
mod not_started;

use std::env::consts::EXE_SUFFIX;
use std::ffi::OsString;
use std::fmt;
use std::fs::File;
use std::io::{self, Read as _, Seek as _};
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use divvy_core::effect::{Effect, Observer, Outcome, Unobserved};
use divvy_os::process;
use serde::Deserialize;
use tokio::io::AsyncWriteExt;
use tokio::process::{Child, ChildStdin, Command};
use tokio_util::sync::CancellationToken;

pub use self::finding::PROGRAM_VARIABLE;
use self::finding::{BEHIND_WRAPPER, WRAPPER_DIRECTORY, behind_wrapper, on_path, usable};
use self::not_started::not_started;
use crate::Environment;
use crate::error::{Document, DocumentProblem, Error};
use crate::failure::Failure;
use crate::invocation::Invocation;

/// Two signals of one kind that come together are one to whoever gets them.
const SIGNALS_APART: Duration = Duration::from_millis(100);

/// Terraform, and everything that its starts have in common.
#[derive(Clone)]
pub struct Terraform {
    program: PathBuf,
    environment: Environment,
    leash: Vec<OsString>,
    observer: Arc<dyn Observer>,
    interrupt: CancellationToken,
    at_once: CancellationToken,
}

impl fmt::Debug for Terraform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Terraform").field("program", &self.program).finish_non_exhaustive()
    }
}

/// What a successful call printed.
#[derive(Debug)]
pub(crate) struct Output {
    pub(crate) stdout: Vec<u8>,
}

impl Terraform {
    /// Finds the program: `explicit`, else `DIVVY_TERRAFORM`, else `terraform`, else `tofu` on the
    /// snapshot's `PATH`.
    ///
    /// # Errors
    /// [`Error::ProgramNotFound`] and [`Error::ProgramUnusable`].
    pub fn find(explicit: Option<&Path>, environment: Environment) -> Result<Self, Error> {
        let named =
            environment.get(PROGRAM_VARIABLE).filter(|value| !value.is_empty()).map(PathBuf::from);
        let search_path = environment.get("PATH").map_or("", String::as_str);
        let program = match explicit.map(Path::to_owned).or(named) {
            Some(named) => usable(named, search_path)?,
            None => ["terraform", "tofu"]
                .iter()
                .find_map(|name| on_path(name, search_path))
                .ok_or(Error::ProgramNotFound)?,
        };
        let program = behind_wrapper(&program, &environment).unwrap_or(program);
        Ok(Self {
            program,
            environment,
            leash: Vec::new(),
            observer: Arc::new(Unobserved),
            interrupt: CancellationToken::new(),
            at_once: CancellationToken::new(),
        })
    }

    /// Puts words in front of the program, e.g. `/proc/self/exe __leashed PID`.
    #[must_use]
    pub fn leashed(mut self, leash: Vec<OsString>) -> Self {
        self.leash = leash;
        self
    }

    /// Tells every start to an observer.
    #[must_use]
    pub fn observed_by(mut self, observer: Arc<dyn Observer>) -> Self {
        self.observer = observer;
        self
    }

    /// Ends what runs when the token fires, and starts nothing after it.
    #[must_use]
    pub fn interrupted_by(mut self, interrupt: CancellationToken) -> Self {
        self.interrupt = interrupt;
        self
    }

    /// Tells what runs a second time when this token fires after the first: Terraform then stops at
    /// once, by its own rules, and is waited for all the same.
    #[must_use]
    pub fn stopped_at_once_by(mut self, at_once: CancellationToken) -> Self {
        self.at_once = at_once;
        self
    }

    /// Sets a variable of the environment that every call gets.
    #[must_use]
    pub fn with_variable(mut self, name: &str, value: &str) -> Self {
        self.environment.insert(name.to_owned(), value.to_owned());
        self
    }

    /// Returns the program's path.
    pub fn program(&self) -> &Path {
        &self.program
    }

    /// Returns the program's file name: `terraform` or `tofu`, as a user would type it.
    pub fn name(&self) -> String {
        let name = self.program.file_name().unwrap_or(self.program.as_os_str());
        if name == BEHIND_WRAPPER && self.passes_wrapper_by() {
            return "terraform".to_owned();
        }
        let name = name.to_string_lossy();
        name.strip_suffix(EXE_SUFFIX).unwrap_or(&name).to_owned()
    }

    /// Reports whether the program that was found is the wrapper of GitHub's setup-terraform, which
    /// prints and keeps more than Terraform does; the program behind it is run instead.
    pub fn passes_wrapper_by(&self) -> bool {
        let directory = self.environment.get(WRAPPER_DIRECTORY);
        directory.is_some_and(|directory| self.program == Path::new(directory).join(BEHIND_WRAPPER))
    }

    /// Asks the program for its version, such as `1.11.4`. A plan's JSON tells it as well.
    ///
    /// # Errors
    /// [`Error::Terraform`], [`Error::Interrupted`], [`Error::CannotRun`], [`Error::Document`].
    pub async fn version(&self, directory: &Path) -> Result<String, Error> {
        #[derive(Deserialize)]
        struct Version {
            terraform_version: String,
        }
        let output = self.run(directory, &Invocation::version()).await?;
        let version: Version = serde_json::from_slice(&output.stdout).map_err(|error| {
            let problem = DocumentProblem::of_parse(&output.stdout, &error);
            Error::document(Document::Version, problem)
        })?;
        Ok(version.terraform_version)
    }

    pub(crate) fn environment(&self) -> &Environment {
        &self.environment
    }

    pub(crate) fn observer(&self) -> &Arc<dyn Observer> {
        &self.observer
    }

    /// Runs one call to its end in `directory`.
    pub(crate) async fn run(
        &self,
        directory: &Path,
        invocation: &Invocation,
    ) -> Result<Output, Error> {
        let subcommand = invocation.subcommand.words();
        if self.interrupt.is_cancelled() {
            return Err(Error::Interrupted { subcommand });
        }
        let effect = Effect::Terraform {
            subcommand: subcommand.to_owned(),
            writes: invocation.subcommand.writes(),
        };
        self.observer.before(&effect);
        let started = Instant::now();
        let ended = self.drive(directory, invocation).await;
        let status = ended.as_ref().ok().map(|ended| ended.status);
        let outcome = Outcome {
            succeeded: status.is_some_and(|status| status.success()),
            code: status.and_then(|status| status.code()),
            correlation_id: None,
            took: started.elapsed(),
        };
        self.observer.after(&effect, &outcome);
        let cannot_run = |source| Error::CannotRun { path: self.program.clone(), source };
        let ended = ended.map_err(cannot_run)?;
        tracing::debug!(subcommand, code = ?outcome.code, took = ?outcome.took, "terraform ended");
        if outcome.succeeded {
            Ok(Output { stdout: ended.stdout })
        } else if self.interrupt.is_cancelled() {
            Err(Error::Interrupted { subcommand })
        } else if let Some(source) = not_started(&self.program, &ended.stdout, &ended.stderr) {
            Err(cannot_run(source))
        } else {
            let failure = Failure::of_output(
                self.name(),
                subcommand,
                outcome.code,
                &ended.stdout,
                &ended.stderr,
            );
            Err(Error::Terraform(Box::new(failure)))
        }
    }

    async fn drive(&self, directory: &Path, invocation: &Invocation) -> io::Result<Ended> {
        // Not pipes: one that breaks because we were killed would end Terraform before it has given
        // up its lock.
        let (stdout, stderr) = (sink()?, sink()?);
        let mut command = self.command(directory, invocation);
        command.stdout(stdout.try_clone()?).stderr(stderr.try_clone()?);
        let mut child = command.spawn()?;
        drop(command);
        let input = child.stdin.take();
        let status = {
            let talking = tell(input, invocation.input.as_deref());
            let ending = self.wait(&mut child);
            tokio::pin!(talking, ending);
            tokio::select! {
                talked = &mut talking => {
                    talked?;
                    ending.await?
                }
                status = &mut ending => status?,
            }
        };
        Ok(Ended { status, stdout: content(stdout)?, stderr: content(stderr)? })
    }

    /// Waits for the end; the interrupt is passed on, and the wish to stop at once after it.
    async fn wait(&self, child: &mut Child) -> io::Result<ExitStatus> {
        for (wish, apart) in [(&self.interrupt, Duration::ZERO), (&self.at_once, SIGNALS_APART)] {
            tokio::select! {
                biased;
                status = child.wait() => return status,
                () = async { wish.cancelled().await; tokio::time::sleep(apart).await } => {}
            }
            if let Some(id) = child.id() {
                process::interrupt(id);
            }
        }
        child.wait().await
    }

    fn command(&self, directory: &Path, invocation: &Invocation) -> Command {
        let mut words = self.leash.iter().map(OsString::as_os_str);
        let mut command = match words.next() {
            Some(first) => {
                let mut command = Command::new(first);
                command.args(words).arg(&self.program);
                command
            }
            None => Command::new(&self.program),
        };
        let stdin = match invocation.input {
            Some(_) => Stdio::piped(),
            None => Stdio::null(),
        };
        command
            .args(&invocation.arguments)
            .current_dir(directory)
            .env_clear()
            .envs(child_environment(&self.environment, &invocation.settings))
            .stdin(stdin);
        process::give_own_group(command.as_std_mut());
        command
    }
}

/// Makes a file without a name, in memory where the system has such.
fn sink() -> io::Result<File> {
    divvy_os::files::unnamed().map_or_else(tempfile::tempfile, Ok)
}

/// Reads what was written so far: what outlives Terraform, such as a provider, is not waited for.
fn content(mut sink: File) -> io::Result<Vec<u8>> {
    let mut content =
        Vec::with_capacity(usize::try_from(sink.metadata()?.len()).unwrap_or_default());
    sink.rewind()?;
    sink.read_to_end(&mut content)?;
    Ok(content)
}

/// Writes the whole input; a program that ended without reading it says so by its status.
async fn tell(pipe: Option<ChildStdin>, input: Option<&str>) -> io::Result<()> {
    let (Some(mut pipe), Some(input)) = (pipe, input) else { return Ok(()) };
    match pipe.write_all(input.as_bytes()).await {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error),
        _ => Ok(()),
    }
}

struct Ended {
    status: ExitStatus,
    stdout: Vec<u8>,
    stderr: Vec<u8>,
}

/// Makes the environment of a parsed call: logging and extra arguments off, no questions, and
/// `settings` where the user has not set them. Credentials, `TF_VAR_*`, `TF_WORKSPACE`,
/// `TF_DATA_DIR`, `TF_CLI_CONFIG_FILE` stay.
fn child_environment(user: &Environment, settings: &[(&str, &str)]) -> Environment {
    let mut environment: Environment = user
        .iter()
        .filter(|(name, _)| !name.starts_with("TF_LOG") && !name.starts_with("TF_CLI_ARGS"))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    for (name, value) in [("TF_IN_AUTOMATION", "1"), ("TF_INPUT", "0")] {
        environment.insert(name.to_owned(), value.to_owned());
    }
    for (name, value) in settings.iter().chain([&("CHECKPOINT_DISABLE", "1")]) {
        environment.entry((*name).to_owned()).or_insert_with(|| (*value).to_owned());
    }
    environment
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use rustix::io::Errno;

    use super::*;

    fn environment(pairs: &[(&str, &str)]) -> Environment {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn the_child_gets_no_logging_no_extra_arguments_and_no_questions() {
        let user = environment(&[
            ("TF_LOG_PROVIDER", "TRACE"),
            ("TF_CLI_ARGS_plan", "-json"),
            ("TF_VAR_x", "1"),
            ("TF_INPUT", "1"),
            ("GENESYSCLOUD_CUSTOM_RETRY_TIMEOUT", "3m"),
        ]);
        let child = child_environment(
            &user,
            &[("GENESYSCLOUD_CUSTOM_RETRY_TIMEOUT", "0s"), ("GENESYSCLOUD_TOKEN_POOL_SIZE", "1")],
        );
        assert_eq!(
            child,
            environment(&[
                ("CHECKPOINT_DISABLE", "1"),
                ("GENESYSCLOUD_CUSTOM_RETRY_TIMEOUT", "3m"),
                ("GENESYSCLOUD_TOKEN_POOL_SIZE", "1"),
                ("TF_INPUT", "0"),
                ("TF_IN_AUTOMATION", "1"),
                ("TF_VAR_x", "1"),
            ])
        );
    }

    /// Places an executable of this content in a directory of its own.
    fn executable(directory: &Path, name: &str, content: &[u8]) -> PathBuf {
        std::fs::create_dir_all(directory).unwrap();
        let path = directory.join(name);
        std::fs::write(&path, content).unwrap();
        std::fs::set_permissions(&path, PermissionsExt::from_mode(0o755)).unwrap();
        path
    }

    #[test]
    fn the_wrapper_of_setup_terraform_is_passed_by_and_no_other_program_is() {
        let root = tempfile::tempdir().unwrap();
        let tools = root.path().join("tools");
        executable(&tools, "terraform", b"#!/usr/bin/env node\n");
        let other = executable(&root.path().join("other"), "terraform", b"");
        let find = |path: &Path, explicit: Option<&Path>| {
            let variables = environment(&[
                ("PATH", path.to_str().unwrap()),
                ("TERRAFORM_CLI_PATH", tools.to_str().unwrap()),
            ]);
            Terraform::find(explicit, variables).unwrap()
        };
        assert!(
            !find(&tools, None).passes_wrapper_by(),
            "without a wrapper it is Terraform itself"
        );
        let behind = executable(&tools, "terraform-bin", b"");
        let found = find(&tools, None);
        assert_eq!((found.program(), found.name().as_str()), (behind.as_path(), "terraform"));
        assert!(found.passes_wrapper_by());
        let linked = root.path().join("link");
        std::os::unix::fs::symlink(tools.join("terraform"), &linked).unwrap();
        assert!(find(&tools, Some(&linked)).passes_wrapper_by());
        let found = find(other.parent().unwrap(), None);
        assert_eq!(found.program(), other);
        assert!(!found.passes_wrapper_by());
    }

    #[tokio::test]
    async fn a_binary_of_another_machine_is_said_to_be_that() {
        let root = tempfile::tempdir().unwrap();
        let mut foreign = b"\x7fELF\x02\x01\x01".to_vec();
        foreign.resize(64, 0);
        // Motorola 68000: nobody builds Terraform for it, or this test there.
        foreign[18] = 4;
        let run = async |content: &[u8]| {
            let program = executable(root.path(), "terraform", content);
            let terraform = Terraform::find(Some(&program), Environment::new()).unwrap();
            terraform.version(root.path()).await.unwrap_err()
        };
        let wrong_format = |error: &Error| {
            matches!(error, Error::CannotRun { source, .. }
                if source.raw_os_error() == Some(Errno::NOEXEC.raw_os_error()))
        };
        let error = run(&foreign).await;
        assert!(wrong_format(&error), "{error:?}");
        let error = run(b"#!/bin/sh\nexit 2\n").await;
        assert!(!wrong_format(&error), "{error:?}");
        let error = run(b"#!/nowhere/sh\n").await;
        assert!(
            matches!(&error, Error::CannotRun { source, .. } if source.kind() == io::ErrorKind::NotFound),
            "{error:?}"
        );
    }

    #[test]
    fn the_word_of_the_operating_system_comes_through_the_leash() {
        let program = Path::new("/opt/terraform");
        let text =
            "Error: /opt/terraform could not be started: Too many open files (os error 24)\n";
        let error = not_started(program, b"", text.as_bytes()).unwrap();
        assert_eq!(error.raw_os_error(), Some(Errno::MFILE.raw_os_error()));
        assert!(not_started(program, b"", b"Error: No value for required variable\n").is_none());
    }

    #[test]
    fn the_first_program_of_the_path_is_found_and_terraform_comes_before_tofu() {
        let directory = tempfile::tempdir().unwrap();
        let place = |name: &str, mode: u32| {
            let path = directory.path().join(name);
            std::fs::write(&path, "").unwrap();
            std::fs::set_permissions(&path, PermissionsExt::from_mode(mode)).unwrap();
            path
        };
        let search_path = directory.path().display().to_string();
        let find = |explicit: Option<&Path>| {
            Terraform::find(explicit, environment(&[("PATH", &search_path)]))
        };
        assert!(matches!(find(None), Err(Error::ProgramNotFound)));
        let tofu = place("tofu", 0o755);
        let plain = place("terraform", 0o644);
        assert_eq!(find(None).unwrap().program(), tofu);
        assert!(matches!(
            find(Some(&plain)),
            Err(Error::ProgramUnusable { reason: "it is not executable", .. })
        ));
        let terraform = place("terraform", 0o755);
        assert_eq!(find(None).unwrap().program(), terraform);
        let named = environment(&[("DIVVY_TERRAFORM", "tofu"), ("PATH", &search_path)]);
        assert_eq!(Terraform::find(None, named).unwrap().name(), "tofu");
    }
}
