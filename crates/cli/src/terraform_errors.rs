//! From Terraform's failures to messages with the next command.
//!
//! Invariant: the failure's own text is kept; a kind only adds hints.

use std::io;
use std::path::Path;

use divvy_core::{CommandLine, Hint};
use divvy_os::Trouble;
use divvy_terraform::{Document, DocumentProblem, Error, Failure, FailureKind};

use crate::error::CommandError;

/// What to do about a full disk.
pub(crate) const MAKE_ROOM: &str = "make room on that disk, then run the same command again";

/// What to do about a program in front of Terraform that prints lines of its own.
pub(crate) const WITHOUT_WRAPPER: &str = "name Terraform itself with --terraform-bin PATH; with GitHub's setup-terraform set `terraform_wrapper: false`";

/// What to do about the limit of open files.
const ALLOW_MORE_FILES: &str =
    "allow more open files (ulimit -n 4096), then run the same command again";

/// Turns an error of the terraform crate into the command's.
pub(crate) fn of_terraform(error: Error) -> CommandError {
    let hints: Vec<Hint> = match &error {
        Error::Interrupted { .. } => return CommandError::interrupted(),
        Error::FlagNotAllowed { .. } => {
            return CommandError::usage(error);
        }
        Error::LockNeeded => {
            return CommandError::usage(error).hint(
                CommandLine::divvy("check -- -lock=false")
                    .because("only looks; so does: divvy fix --dry-run"),
            );
        }
        Error::FlagWithoutValue { flag } => {
            return CommandError::usage(&error).hint(format!("pass it as -- {flag}=VALUE"));
        }
        Error::Document { problem: DocumentProblem::Surrounded, .. } => {
            vec![WITHOUT_WRAPPER.into()]
        }
        Error::CannotRun { path, source } if start_hint(path, source).is_some() => {
            start_hint(path, source).into_iter().collect()
        }
        Error::NoTemporaryDirectory { source, .. } | Error::File { source, .. }
            if place_hint(source).is_some() =>
        {
            place_hint(source).map(Hint::from).into_iter().collect()
        }
        Error::ProgramNotFound
        | Error::ProgramUnusable { .. }
        | Error::CannotRun { .. }
        | Error::NoResult { .. }
        | Error::Document { document: Document::Version, .. } => {
            vec!["install terraform or tofu, or name it with --terraform-bin".into()]
        }
        Error::NoDirectory { .. } | Error::NoConfiguration { .. } => {
            vec!["name the directory of the configuration with --chdir".into()]
        }
        Error::Document { document: Document::Plan | Document::State, .. } => {
            vec![CommandLine::divvy("doctor").into()]
        }
        Error::NoTemporaryDirectory { .. } => {
            vec!["name a directory that can be written: TMPDIR=DIR divvy …".into()]
        }
        other => other.failure().map(hints_of_failure).unwrap_or_default(),
    };
    CommandError::failed(error).hints(hints)
}

/// What to do where the system has no room for another file, or lets none be opened.
fn place_hint(error: &io::Error) -> Option<&'static str> {
    match Trouble::of(error)? {
        Trouble::NoRoom => Some(MAKE_ROOM),
        Trouble::TooManyFiles => Some(ALLOW_MORE_FILES),
        _ => None,
    }
}

/// What to do where a program that exists cannot be started.
fn start_hint(path: &Path, error: &io::Error) -> Option<Hint> {
    if let Some(hint) = place_hint(error) {
        return Some(hint.into());
    }
    Some(match Trouble::of(error)? {
        Trouble::NotPermitted => {
            CommandLine::of("chmod").words("+x").word(&path.display().to_string()).into()
        }
        Trouble::NotThere if path.exists() => {
            "it is there, but its interpreter or loader is not: install a build for this system".into()
        }
        Trouble::BeingWritten => "it is being written just now: run the same command again".into(),
        Trouble::OtherMachine => {
            "it is a program for another system or processor: name one for this one with --terraform-bin".into()
        }
        Trouble::NoProcess => {
            "the system has no room for another process: end some, then run the same command again".into()
        }
        _ => return None,
    })
}

/// A provider that did not start has most often been told why by the API: what it was told is in
/// the text.
fn hints_of_failure(failure: &Failure) -> Vec<Hint> {
    let told = match failure.kind {
        FailureKind::ProviderStart => status_in(&failure.diagnostic.summary),
        _ => None,
    };
    let mut hints = told.map(divvy_genesys::hints_of_status).unwrap_or_default();
    hints.extend(hints_of(failure).into_iter().filter(|_| told != Some(401)));
    hints
}

/// Reads the status out of `API Error: 403 - …`. The login service's 400 means wrong credentials.
fn status_in(summary: &str) -> Option<u16> {
    if summary.contains("Auth Error: 400 - invalid_client") {
        return Some(401);
    }
    let (_, rest) = summary.split_once("API Error: ")?;
    rest.split(' ').next()?.parse().ok()
}

fn hints_of(failure: &Failure) -> Vec<Hint> {
    let Failure { program, subcommand, .. } = failure;
    let command = |words| CommandLine::of(program).words(words);
    let hint: Hint = match &failure.kind {
        FailureKind::NotInitialised | FailureKind::BackendInitialisation => command("init").into(),
        FailureKind::StateLocked(holder) => {
            let who = holder.who.as_deref().map_or_else(String::new, |who| format!(" ({who})"));
            let wait =
                format!("wait until the other run{who} has ended, or pass -- -lock-timeout=60s");
            // Without an id the backend's lock goes with whoever holds it.
            let unlock = holder.id.as_deref().map(|id| {
                command("force-unlock").word(id).because("once no other run is at work").into()
            });
            return [wait.into()].into_iter().chain(unlock).collect();
        }
        FailureKind::LockFailed => CommandLine::divvy("check")
            .because("needs no lock, since it only looks; to write, the backend has to lock")
            .into(),
        FailureKind::LockRace => "run the same command again".into(),
        FailureKind::MissingVariable => {
            "pass the variable on: put -- -var NAME=VALUE or -- -var-file FILE at the end".into()
        }
        FailureKind::ConfigurationInvalid => command("validate").into(),
        FailureKind::ConditionFails => {
            "that rule does not hold for what exists now: change the object or the rule, then run this again"
                .into()
        }
        FailureKind::ImportWithoutConfiguration => {
            command("plan -generate-config-out=generated.tf")
                .because("writes the missing block; or remove the import block")
                .into()
        }
        FailureKind::NoConfiguration => {
            "name the directory of the configuration with --chdir".into()
        }
        FailureKind::ProviderStart => CommandLine::divvy("doctor").into(),
        FailureKind::PluginDied => {
            "run the same command again; if it dies again, the provider's own output says why"
                .into()
        }
        FailureKind::TooOld => {
            "use the version that required_version asks for: --terraform-bin PATH".into()
        }
        FailureKind::UnknownFlag => {
            "divvy needs Terraform 1.0 or newer, or OpenTofu: name one with --terraform-bin PATH"
                .into()
        }
        FailureKind::UnreadableState => {
            return vec![
                command("state pull").because("see what the backend holds").into(),
                "a local state has its last version beside it: terraform.tfstate.backup".into(),
            ];
        }
        FailureKind::UnreadablePlan | FailureKind::StalePlan => {
            command("plan -out=FILE").because("make the plan again").into()
        }
        FailureKind::StateNotSaved => {
            command("state push errored.tfstate").because("before anything else").into()
        }
        FailureKind::NewerState => {
            "the state was written by a newer version: name that one with --terraform-bin PATH".into()
        }
        FailureKind::StateRefused => "no other run holds the lock: the backend's credentials may not \
             read, write or lock this state"
            .into(),
        FailureKind::DiskFull => MAKE_ROOM.into(),
        FailureKind::TooManyFiles => ALLOW_MORE_FILES.into(),
        FailureKind::NotWritable => {
            "make the place writable: Terraform locks a local state by writing beside it".into()
        }
        FailureKind::NothingToImport => "correct or remove the import block".into(),
        FailureKind::TargetingRefused | FailureKind::AlreadyManaged => return Vec::new(),
        FailureKind::Other => {
            CommandLine::of(program).word(subcommand).because("see all that it says").into()
        }
    };
    vec![hint]
}

/// As [`of_terraform`], for a file that the user named: the message says which, and `remedy` is the
/// command that makes such a file.
pub(crate) fn of_file(path: &Path, error: Error, remedy: impl Into<Hint>) -> CommandError {
    match error {
        Error::Document { .. } => {
            CommandError::failed(format!("{}: {error}", path.display())).hint(remedy)
        }
        Error::File { .. } => CommandError::failed(error).hint(remedy),
        other => of_terraform(other),
    }
}

#[cfg(test)]
mod tests {
    use divvy_terraform::LockHolder;

    use super::*;

    #[test]
    fn a_program_that_cannot_be_started_is_not_always_missing() {
        use rustix::io::Errno;
        let hint = |errno: Errno| {
            let source = io::Error::from_raw_os_error(errno.raw_os_error());
            let path = "/opt/my tools/terraform".into();
            let hints = of_terraform(Error::CannotRun { path, source }).hints;
            hints.iter().map(Hint::to_string).collect::<Vec<_>>().join("; ")
        };
        for (errno, expected) in [
            (Errno::NOSPC, "make room"),
            (Errno::MFILE, "ulimit -n"),
            (Errno::NFILE, "ulimit -n"),
            (Errno::ACCESS, "chmod +x '/opt/my tools/terraform'"),
            (Errno::NOEXEC, "another system or processor"),
            (Errno::AGAIN, "another process"),
            (Errno::NOENT, "install terraform"),
        ] {
            assert!(hint(errno).contains(expected), "{errno}: {}", hint(errno));
        }
    }

    #[test]
    fn hints_name_the_program_that_failed_and_leave_its_own_words_alone() {
        let text = b"Error: terraform apply\n\nof an address like that";
        let failed = Failure::of_output("tofu".to_owned(), "plan", Some(1), b"", text);
        let holder = LockHolder { id: Some("a b".to_owned()), ..LockHolder::default() };
        for (kind, command) in [
            (FailureKind::NotInitialised, "tofu init"),
            (FailureKind::BackendInitialisation, "tofu init"),
            (FailureKind::StateLocked(holder), "tofu force-unlock 'a b'"),
            (FailureKind::ConfigurationInvalid, "tofu validate"),
            (FailureKind::UnreadableState, "tofu state pull"),
            (FailureKind::UnreadablePlan, "tofu plan -out=FILE"),
            (FailureKind::StalePlan, "tofu plan -out=FILE"),
            (FailureKind::StateNotSaved, "tofu state push errored.tfstate"),
            (FailureKind::Other, "tofu plan"),
        ] {
            let failure = Failure { kind: kind.clone(), ..failed.clone() };
            let error = of_terraform(Error::Terraform(Box::new(failure)));
            let hints: Vec<_> = error.hints.iter().map(ToString::to_string).collect();
            let hints = hints.join("\n");
            assert!(hints.contains(command) && !hints.contains("terraform "), "{kind:?}: {hints}");
            assert!(error.message.starts_with("`tofu plan` failed: terraform apply"), "{error}");
        }
    }

    #[test]
    fn a_failed_lock_is_not_another_run() {
        let text = b"Error: Error acquiring the state lock";
        let failed = Failure::of_output("terraform".to_owned(), "plan", Some(1), b"", text);
        let hints = hints_of(&Failure { kind: FailureKind::LockFailed, ..failed });
        let hints: Vec<_> = hints.iter().map(ToString::to_string).collect();
        let hints = hints.join("\n");
        assert!(!hints.contains("other run") && hints.contains("divvy check"), "{hints}");
    }

    #[test]
    fn what_the_api_told_the_provider_is_read_out_of_its_text() {
        for (summary, status) in [
            ("API Error: 403 - You are not authorized (1-2-3)", Some(403)),
            ("API Error: 429 - Rate limit (1)", Some(429)),
            ("failed to authorize: Auth Error: 400 - invalid_client (x)", Some(401)),
            (
                "failed to authorize: Auth Error: 400 - invalid_request (rate limit exceeded; 5)",
                None,
            ),
            ("context deadline exceeded", None),
        ] {
            assert_eq!(status_in(summary), status, "{summary}");
        }
    }
}
