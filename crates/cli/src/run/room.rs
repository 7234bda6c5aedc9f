//! The private directory of one run: sockets and whatever else must not outlive it.
//!
//! Invariant: it is gone after the run; what a killed run left is removed by the next, which knows
//! by the lock inside that its owner is dead.

use std::fs::{self, File, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use divvy_terraform::files::{self, Origin};
use tempfile::TempDir;

const PREFIX: &str = "divvy-run-";
const LOCK: &str = "lock";
/// A socket's path has room for about a hundred bytes, and its name needs some of them.
const LONGEST: usize = 64;

/// A directory that nobody else may enter.
pub(crate) struct Room {
    directory: TempDir,
    /// Held until the room goes.
    _lock: File,
}

impl Room {
    /// Makes a room in the temporary directory, and clears those away whose owners are dead.
    pub(crate) fn open(temporary: &Path) -> io::Result<Self> {
        let temporary =
            if temporary.as_os_str().len() > LONGEST { Path::new("/tmp") } else { temporary };
        clear(temporary);
        let directory = tempfile::Builder::new()
            .prefix(PREFIX)
            .permissions(Permissions::from_mode(0o700))
            .tempdir_in(temporary)?;
        let lock = File::create(directory.path().join(LOCK))?;
        lock.lock()?;
        Ok(Self { directory, _lock: lock })
    }

    pub(crate) fn path(&self) -> &Path {
        self.directory.path()
    }

    /// Makes a directory in the room.
    pub(crate) fn directory(&self, name: &str) -> io::Result<PathBuf> {
        let path = self.path().join(name);
        fs::create_dir(&path)?;
        Ok(path)
    }
}

fn clear(temporary: &Path) {
    for entry in fs::read_dir(temporary).into_iter().flatten().flatten() {
        if !entry.file_name().to_string_lossy().starts_with(PREFIX) {
            continue;
        }
        // A room whose lock can be had is nobody's; one without a lock is only just being made.
        let lock = files::open(&entry.path().join(LOCK), Origin::Private);
        let is_left = lock.is_ok_and(|lock| lock.try_lock().is_ok());
        if is_left && let Err(error) = fs::remove_dir_all(entry.path()) {
            tracing::debug!(%error, "a room of a killed run could not be removed");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_room_is_removed_by_its_owner_or_after_its_death_but_not_before() {
        let temporary = tempfile::tempdir().unwrap();
        let dead = temporary.path().join("divvy-run-dead");
        fs::create_dir(&dead).unwrap();
        fs::write(dead.join(LOCK), "").unwrap();
        let pipe = temporary.path().join("divvy-run-pipe");
        fs::create_dir(&pipe).unwrap();
        let made = std::process::Command::new("mkfifo").arg(pipe.join(LOCK)).status();
        assert!(made.unwrap().success(), "a pipe under the lock's name hangs nobody");
        let first = Room::open(temporary.path()).unwrap();
        assert!(!dead.exists());
        let second = Room::open(temporary.path()).unwrap();
        assert!(first.path().exists());
        drop((first, second));
        assert_eq!(
            fs::read_dir(temporary.path()).unwrap().count(),
            1,
            "what is no lock of ours stays"
        );
    }
}
