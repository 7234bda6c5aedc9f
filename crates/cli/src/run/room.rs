//! The private directory of one run: sockets and whatever else must not outlive it.
//!
//! Invariant: it is gone after the run; what a killed run left is removed by the same user's next.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use divvy_os::places;
use divvy_terraform::PrivateDirectory;

const PREFIX: &str = "divvy-run-";

/// A directory that nobody else may enter.
pub(crate) struct Room(PrivateDirectory);

impl Room {
    /// Makes a room in the temporary directory, and clears those away whose owners are dead.
    pub(crate) fn open(temporary: &Path) -> io::Result<Self> {
        PrivateDirectory::make(places::for_sockets(temporary), PREFIX).map(Self)
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    /// Makes a directory in the room.
    pub(crate) fn directory(&self, name: &str) -> io::Result<PathBuf> {
        let path = self.path().join(name);
        fs::create_dir(&path)?;
        Ok(path)
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
        fs::write(dead.join("owner"), "").unwrap();
        let first = Room::open(temporary.path()).unwrap();
        assert!(!dead.exists());
        let second = Room::open(temporary.path()).unwrap();
        assert!(first.path().exists());
        drop((first, second));
        assert_eq!(fs::read_dir(temporary.path()).unwrap().count(), 0);
    }
}
