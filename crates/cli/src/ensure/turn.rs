//! Taking turns: processes of one machine create divisions in an org one after the other.
//!
//! Where the org refuses a taken name this only saves requests. Where it would take one twice, two
//! processes that look, miss and create at the same time would make twins. The lock is advisory, on
//! an empty file that only this user reaches, and ends with the process. Invariant: nobody waits
//! longer than [`PATIENCE`], and a lock that cannot be had stops nobody.

use std::collections::BTreeMap;
use std::fs::{File, TryLockError};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use divvy_genesys::Connection;
use sha2::{Digest as _, Sha256};
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

/// How long another process is waited for.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// How often the lock is tried.
const PULSE: Duration = Duration::from_millis(25);

/// One process's turn; over when it is dropped.
#[derive(Debug)]
pub(crate) struct Turn {
    file: Result<File, String>,
    is_taken: bool,
    was_busy: bool,
}

/// Why there was no turn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum NoTurn {
    /// There is no place for the file, or no lock on it.
    Impossible(String),
    /// Somebody else has it still.
    Busy,
}

impl Turn {
    /// The turn of whoever creates in an org as the same client.
    pub(crate) fn in_org(variables: &BTreeMap<String, String>, connection: &Connection) -> Self {
        let digest = Sha256::digest(connection.fingerprint());
        let digest: String = digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
        let opened = places(variables)
            .map(|place| open(&place.join(format!("ensure-{digest}.lock"))))
            .reduce(Result::or)
            .unwrap_or_else(|| Err("HOME is not set".to_owned()));
        Self { file: opened, is_taken: false, was_busy: false }
    }

    /// The turn of whoever names the same file.
    #[cfg(test)]
    pub(crate) fn at(path: &Path) -> Self {
        Self { file: open(path), is_taken: false, was_busy: false }
    }

    /// Takes the turn if nobody has it.
    ///
    /// # Errors
    /// [`NoTurn`], both kinds.
    pub(crate) fn take(&mut self) -> Result<(), NoTurn> {
        let file = self.file.as_ref().map_err(|reason| NoTurn::Impossible(reason.clone()))?;
        if !self.is_taken {
            match file.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => {
                    self.was_busy = true;
                    // A mark for whoever has it. Without one it only looks once less.
                    let _ = (&*file).write_all(b"+");
                    return Err(NoTurn::Busy);
                }
                Err(TryLockError::Error(error)) => {
                    return Err(NoTurn::Impossible(error.to_string()));
                }
            }
            self.is_taken = true;
            let _ = file.set_len(0);
        }
        Ok(())
    }

    /// Returns whether others may have created at the same time: somebody had this turn before,
    /// somebody wants it next, or there is none.
    pub(crate) fn is_shared(&self) -> bool {
        let others_came = || {
            let marks = self.file.as_ref().ok().and_then(|file| file.metadata().ok());
            marks.is_none_or(|marks| marks.len() > 0)
        };
        self.was_busy || !self.is_taken || others_came()
    }

    /// Ends the turn, so that the next one need not wait for what only looks.
    pub(crate) fn end(&mut self) {
        if let Ok(file) = &self.file
            && std::mem::take(&mut self.is_taken)
        {
            let _ = file.unlock();
        }
    }

    /// Waits for the turn. An interrupt ends the wait as if it had come; the next request tells.
    ///
    /// # Errors
    /// [`NoTurn`], both kinds.
    pub(crate) async fn wait(&mut self, interrupt: &CancellationToken) -> Result<(), NoTurn> {
        let start = Instant::now();
        loop {
            match self.take() {
                Err(NoTurn::Busy) if start.elapsed() < PATIENCE && !interrupt.is_cancelled() => {}
                answer => return answer,
            }
            tokio::select! {
                () = interrupt.cancelled() => {}
                () = sleep(PULSE) => {}
            }
        }
    }
}

/// Where the file may lie, the place that all of a user's processes agree on first.
fn places(variables: &BTreeMap<String, String>) -> impl Iterator<Item = PathBuf> {
    divvy_os::places::for_locks(variables).into_iter().map(|place| place.join("divvy"))
}

fn open(path: &Path) -> Result<File, String> {
    let told = |error: std::io::Error| format!("{}: {error}", path.display());
    if let Some(parent) = path.parent() {
        divvy_os::files::make_private_directories(parent).map_err(told)?;
    }
    File::options().create(true).truncate(false).write(true).open(path).map_err(told)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_turn_is_one_at_a_time_and_nobody_waits_for_ever() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("below/lock");
        let interrupt = CancellationToken::new();
        let (mut first, mut second) = (Turn::at(&path), Turn::at(&path));
        assert_eq!(first.take(), Ok(()));
        assert_eq!(first.take(), Ok(()), "it is taken once");
        assert_eq!(second.take(), Err(NoTurn::Busy));
        let start = Instant::now();
        assert_eq!(second.wait(&interrupt).await, Err(NoTurn::Busy));
        assert!(start.elapsed() >= PATIENCE && start.elapsed() < PATIENCE + 2 * PULSE);

        let (waited, ()) = tokio::join!(second.wait(&interrupt), async {
            sleep(3 * PULSE).await;
            drop(first);
        });
        assert_eq!(waited, Ok(()));
    }

    #[test]
    fn a_turn_knows_that_others_want_it_too() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("lock");
        let (mut first, mut second) = (Turn::at(&path), Turn::at(&path));
        first.take().unwrap();
        assert!(!first.is_shared());
        assert_eq!(second.take(), Err(NoTurn::Busy));
        assert!(first.is_shared());
        first.end();
        second.take().unwrap();
        assert!(second.is_shared(), "it was somebody else's before");
        second.end();
        let mut alone = Turn::at(&path);
        alone.take().unwrap();
        assert!(!alone.is_shared(), "marks of an earlier turn do not count");
    }

    #[tokio::test(start_paused = true)]
    async fn an_interrupt_ends_the_wait() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("lock");
        let interrupt = CancellationToken::new();
        let (mut first, mut second) = (Turn::at(&path), Turn::at(&path));
        first.take().unwrap();
        let start = Instant::now();
        let _ = tokio::join!(second.wait(&interrupt), async { interrupt.cancel() });
        assert_eq!(start.elapsed(), Duration::ZERO);
    }

    #[test]
    fn the_file_lies_where_only_the_user_is_and_without_a_place_that_is_said() {
        let home = tempfile::tempdir().unwrap();
        let text = |path: &Path| path.display().to_string();
        let found = |pairs: &[(&str, &str)]| -> Vec<PathBuf> {
            let variables = pairs.iter().map(|(name, value)| ((*name).into(), (*value).into()));
            places(&variables.collect()).collect()
        };
        assert!(found(&[("HOME", ""), ("XDG_CACHE_HOME", "relative")]).is_empty());
        assert_eq!(found(&[("XDG_RUNTIME_DIR", "/run/user/1")]), [Path::new("/run/user/1/divvy")]);
        let root = text(home.path());
        assert!(found(&[("HOME", &root)])[0].starts_with(home.path()));
        std::fs::write(home.path().join("file"), "").unwrap();
        let blocked = Turn::at(&home.path().join("file/divvy/lock")).take();
        assert!(matches!(blocked, Err(NoTurn::Impossible(reason)) if reason.contains("file")));
    }
}
