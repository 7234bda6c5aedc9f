//! `.divvy/`: the run lock and the journal of what was done.
//!
//! Made by writing commands only; ignores itself in git. Holds ids and correlation ids, never a
//! secret. Invariant: a line is on disk before the effect that it tells of begins.

use std::fs::{File, TryLockError};
use std::io::{self, Write};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use divvy_core::Consent;
use divvy_core::effect::{Effect, Observer, Outcome};
use divvy_terraform::files::{self, Origin};
use serde_json::{Value, json};

use crate::error::{CommandError, CommandResult};
use crate::terraform_errors::MAKE_ROOM;

/// The journal of one run, and the lock that keeps other runs out while it is open.
pub(crate) struct Journal {
    id: String,
    lines: Mutex<Arc<File>>,
    /// How many lines were noted, and how many of them are known to be on disk.
    noted: AtomicU64,
    secured: tokio::sync::Mutex<u64>,
    /// Held until the journal is dropped.
    _lock: File,
}

impl Journal {
    /// Takes the run lock of a working directory and begins a journal.
    pub(crate) fn begin(
        _consent: &Consent,
        working_directory: &Path,
        command: &str,
    ) -> CommandResult<Self> {
        let home = working_directory.join(".divvy");
        let failed = |action: &str, error: &io::Error| {
            let hint = match error.kind() {
                io::ErrorKind::StorageFull => MAKE_ROOM,
                _ => "divvy fix needs to write beside the configuration; divvy check does not",
            };
            CommandError::failed(format!("could not {action} {}: {error}", home.display()))
                .hint(hint)
        };
        for directory in [home.clone(), home.join("runs")] {
            files::make_directory(&directory).map_err(|error| failed("make", &error))?;
        }
        files::replace(&home.join(".gitignore"), b"*\n")
            .map_err(|error| failed("write into", &error))?;
        let lock = Self::lock(&home).map_err(|error| match error {
            Some(error) => failed("lock", &error),
            None => CommandError::failed(format!(
                "another divvy is at work in {} ({})",
                working_directory.display(),
                files::read_text(&home.join("owner"), Origin::Ours)
                    .unwrap_or_else(|_| "it did not say who".to_owned())
                    .trim()
            ))
            .hint("wait for it to end, then run this command again"),
        })?;
        let owner = format!("process {}, divvy {command}", std::process::id());
        files::replace(&home.join("owner"), owner.as_bytes())
            .map_err(|error| failed("write into", &error))?;
        let started = jiff::Timestamp::now();
        let id = format!("{}-{}", started.strftime("%Y%m%dT%H%M%SZ"), std::process::id());
        let directory = home.join("runs").join(&id);
        files::make_directory(&directory).map_err(|error| failed("write into", &error))?;
        let lines = files::append(&directory.join("journal.jsonl"));
        let lines = lines.map_err(|error| failed("write into", &error))?;
        let journal = Self {
            id,
            lines: Mutex::new(Arc::new(lines)),
            noted: AtomicU64::new(0),
            secured: tokio::sync::Mutex::new(0),
            _lock: lock,
        };
        journal.write(&json!({ "event": "began", "command": command, "at": started.to_string(), "version": env!("CARGO_PKG_VERSION") }));
        Ok(journal)
    }

    /// `Err(None)` if somebody else has it.
    fn lock(home: &Path) -> Result<File, Option<io::Error>> {
        let lock = files::append(&home.join("lock")).map_err(Some)?;
        match lock.try_lock() {
            Ok(()) => Ok(lock),
            Err(TryLockError::WouldBlock) => Err(None),
            Err(TryLockError::Error(error)) => Err(Some(error)),
        }
    }

    /// Returns the run's id.
    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    /// Writes one line and waits until it is on disk.
    pub(crate) fn write(&self, event: &Value) {
        let (file, written) = self.append(event);
        warn_of(written.and_then(|()| file.sync_data()));
    }

    /// Writes one line; [`Self::secure`] waits until it is on disk.
    pub(crate) fn note(&self, event: &Value) {
        let (_, written) = self.append(event);
        warn_of(written);
        self.noted.fetch_add(1, Ordering::Relaxed);
    }

    /// Waits until all that was noted is on disk. Those who wait at the same time share one wait: a disk
    /// takes longer to confirm than all else that an adoption needs.
    pub(crate) async fn secure(&self) {
        let noted = self.noted.load(Ordering::Relaxed);
        let mut secured = self.secured.lock().await;
        if *secured >= noted {
            return;
        }
        let all = self.noted.load(Ordering::Relaxed);
        let file = Arc::clone(&self.lines.lock().unwrap_or_else(PoisonError::into_inner));
        let synced = tokio::task::spawn_blocking(move || file.sync_data()).await;
        warn_of(synced.unwrap_or_else(|error| Err(io::Error::other(error))));
        *secured = all;
    }

    fn append(&self, event: &Value) -> (Arc<File>, io::Result<()>) {
        let file = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        let written = (&**file).write_all(format!("{event}\n").as_bytes());
        (Arc::clone(&file), written)
    }
}

/// A journal that cannot be written must not stop a repair that is under way.
fn warn_of(written: io::Result<()>) {
    if let Err(error) = written {
        tracing::warn!(%error, "the journal could not be written");
    }
}

impl Observer for Journal {
    fn before(&self, effect: &Effect) {
        match effect {
            Effect::Request { writes: true, method, path } => {
                self.write(&json!({ "event": "request", "method": method, "path": path }));
            }
            Effect::Terraform { writes: true, subcommand } => {
                self.write(&json!({ "event": "terraform", "subcommand": subcommand }));
            }
            Effect::WriteFile { path } | Effect::RemoveFile { path } => {
                let event = if matches!(effect, Effect::WriteFile { .. }) {
                    "write_file"
                } else {
                    "remove_file"
                };
                self.write(&json!({ "event": event, "path": path }));
            }
            Effect::Request { .. } | Effect::Terraform { .. } => {}
        }
    }

    fn after(&self, effect: &Effect, outcome: &Outcome) {
        let writes = match effect {
            Effect::Request { writes, .. } | Effect::Terraform { writes, .. } => *writes,
            Effect::WriteFile { .. } | Effect::RemoveFile { .. } => false,
        };
        if writes {
            self.write(&json!({
                "event": "ended",
                "succeeded": outcome.succeeded,
                "code": outcome.code,
                "correlation_id": outcome.correlation_id,
            }));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::*;

    #[expect(clippy::disallowed_methods, reason = "a test consents")]
    fn consent() -> Consent {
        Consent::given(divvy_core::consent::Source::Flag)
    }

    #[test]
    fn a_link_under_one_of_its_names_is_replaced_and_its_target_is_left_alone() {
        let directory = tempfile::tempdir().unwrap();
        let victim = directory.path().join("victim");
        fs::write(&victim, "keep").unwrap();
        let home = directory.path().join(".divvy");
        fs::create_dir(&home).unwrap();
        for name in ["owner", ".gitignore"] {
            symlink(&victim, home.join(name)).unwrap();
        }
        Journal::begin(&consent(), directory.path(), "fix").unwrap();
        assert_eq!(fs::read_to_string(&victim).unwrap(), "keep");
        assert!(home.join("owner").symlink_metadata().unwrap().is_file());
    }

    #[test]
    fn a_link_in_the_place_of_its_directory_lock_or_journal_is_refused() {
        let elsewhere = tempfile::tempdir().unwrap();
        for name in [".divvy", ".divvy/runs", ".divvy/lock"] {
            let directory = tempfile::tempdir().unwrap();
            let link = directory.path().join(name);
            fs::create_dir_all(link.parent().unwrap()).unwrap();
            symlink(elsewhere.path(), &link).unwrap();
            let error = Journal::begin(&consent(), directory.path(), "fix").err().unwrap();
            assert!(error.message.contains("it is a link"), "{name}: {error}");
        }
        assert_eq!(fs::read_dir(elsewhere.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_pipe_under_one_of_its_names_does_not_hang_it() {
        for (name, is_refused) in [("owner", false), (".gitignore", false), ("lock", true)] {
            let directory = tempfile::tempdir().unwrap();
            let home = directory.path().join(".divvy");
            fs::create_dir(&home).unwrap();
            let made = std::process::Command::new("mkfifo").arg(home.join(name)).status();
            assert!(made.unwrap().success());
            assert_eq!(
                Journal::begin(&consent(), directory.path(), "fix").is_err(),
                is_refused,
                "{name}"
            );
        }
    }

    #[tokio::test]
    async fn lines_that_are_written_at_once_are_each_on_disk_before_their_writer_goes_on() {
        let directory = tempfile::tempdir().unwrap();
        let journal = Journal::begin(&consent(), directory.path(), "run").unwrap();
        let file = directory.path().join(format!(".divvy/runs/{}/journal.jsonl", journal.id()));
        let write = |number: u64| {
            let (journal, file) = (&journal, &file);
            async move {
                journal.note(&json!({ "number": number }));
                journal.secure().await;
                assert!(*journal.secured.lock().await > number);
                fs::read_to_string(file).unwrap().contains(&format!("{{\"number\":{number}}}\n"))
            }
        };
        let written = futures_util::future::join_all((0..20).map(write)).await;
        assert_eq!(written, [true; 20]);
        assert_eq!(*journal.secured.lock().await, 20);
        assert_eq!(fs::read_to_string(file).unwrap().lines().count(), 21);
    }

    #[test]
    fn a_second_run_is_told_who_holds_the_lock_and_a_later_one_gets_it() {
        let directory = tempfile::tempdir().unwrap();
        let first = Journal::begin(&consent(), directory.path(), "fix").unwrap();
        let error = Journal::begin(&consent(), directory.path(), "fix").err().unwrap();
        assert!(error.message.contains(&format!("process {}", std::process::id())), "{error}");
        drop(first);
        Journal::begin(&consent(), directory.path(), "fix").unwrap();
        assert_eq!(fs::read_to_string(directory.path().join(".divvy/.gitignore")).unwrap(), "*\n");
    }
}
