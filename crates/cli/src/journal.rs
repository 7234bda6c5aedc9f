//! `.divvy/`: the run lock and the journal of what was done.
//!
//! Made by writing commands only; ignores itself in git. Holds ids and correlation ids, never a
//! secret. Invariant: a line is on disk before the effect that it tells of begins.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use divvy_core::Consent;
use divvy_core::effect::{Effect, Observer, Outcome};
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
        fs::create_dir_all(home.join("runs")).map_err(|error| failed("make", &error))?;
        fs::write(home.join(".gitignore"), "*\n").map_err(|error| failed("write into", &error))?;
        let lock = Self::lock(&home).map_err(|error| match error {
            Some(error) => failed("lock", &error),
            None => CommandError::failed(format!(
                "another divvy is at work in {} ({})",
                working_directory.display(),
                fs::read_to_string(home.join("owner"))
                    .unwrap_or_else(|_| "it did not say who".to_owned())
                    .trim()
            ))
            .hint("wait for it to end, then run this command again"),
        })?;
        let owner = format!("process {}, divvy {command}", std::process::id());
        fs::write(home.join("owner"), owner).map_err(|error| failed("write into", &error))?;
        let started = jiff::Timestamp::now();
        let id = format!("{}-{}", started.strftime("%Y%m%dT%H%M%SZ"), std::process::id());
        let directory = home.join("runs").join(&id);
        fs::create_dir_all(&directory).map_err(|error| failed("write into", &error))?;
        let lines =
            OpenOptions::new().create(true).append(true).open(directory.join("journal.jsonl"));
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
        let lock = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(home.join("lock"))
            .map_err(Some)?;
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
    use super::*;

    #[expect(clippy::disallowed_methods, reason = "a test consents")]
    fn consent() -> Consent {
        Consent::given(divvy_core::consent::Source::Flag)
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
