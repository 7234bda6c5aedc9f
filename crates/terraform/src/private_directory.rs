//! A private temporary directory: of plan files, which hold secrets, or of sockets.
//!
//! Mode 0700, removed when it is dropped. Invariant: one whose owner was killed is removed by the
//! user's next run; one whose owner lives never is, because the owner holds a lock in it.

use std::fs::{self, File};
use std::io;
use std::path::Path;

use divvy_os::files as system;
use tempfile::TempDir;

use crate::files::{self, Origin};

/// What the directories of plan files are called.
pub(crate) const PLANS: &str = "divvy-plans-";
const OWNER: &str = "owner";

/// A directory that only its owner may enter, and the lock by which others know that the owner lives.
#[derive(Debug)]
pub struct PrivateDirectory {
    directory: TempDir,
    prefix: &'static str,
    /// `None` where the file system knows no locks; such a directory is never taken for abandoned.
    owner: Option<File>,
}

impl PrivateDirectory {
    /// Makes one below `place`, after removing those of this prefix that killed runs of this user have
    /// left there.
    ///
    /// # Errors
    /// If it cannot be made.
    pub fn make(place: &Path, prefix: &'static str) -> io::Result<Self> {
        remove_abandoned(place, prefix);
        let mut directory = tempfile::Builder::new();
        directory.prefix(prefix);
        if let Some(permissions) = system::permissions(0o700) {
            directory.permissions(permissions);
        }
        let directory = directory.tempdir_in(place)?;
        let owner = lock(directory.path())?;
        Ok(Self { directory, prefix, owner })
    }

    /// Returns where it is.
    pub fn path(&self) -> &Path {
        self.directory.path()
    }
}

/// Once more at the end: a process that outlived its killed run for a moment may have been writing
/// into what was being removed.
impl Drop for PrivateDirectory {
    fn drop(&mut self) {
        // Where open files cannot be removed, the lock would keep the directory.
        self.owner = None;
        if let Some(place) = self.directory.path().parent() {
            remove_abandoned(place, self.prefix);
        }
    }
}

/// The lock gets its name only once it is held: nobody ever sees it free while the owner lives.
fn lock(directory: &Path) -> io::Result<Option<File>> {
    let unnamed = directory.join("owner.new");
    let file = File::create_new(&unnamed)?;
    if file.try_lock().is_err() {
        return Ok(None);
    }
    fs::rename(&unnamed, directory.join(OWNER))?;
    Ok(Some(file))
}

/// What cannot be read or removed is left alone: it is not needed for the work at hand.
fn remove_abandoned(place: &Path, prefix: &str) {
    let Ok(entries) = fs::read_dir(place) else { return };
    for entry in entries.flatten() {
        let is_ours = entry.file_name().to_string_lossy().starts_with(prefix);
        if is_ours && is_abandoned(&entry.path()) {
            let removed = fs::remove_dir_all(entry.path());
            tracing::debug!(path = %entry.path().display(), ok = removed.is_ok(), "removed what a killed run left");
        }
    }
}

fn is_abandoned(directory: &Path) -> bool {
    let is_of_this_user = fs::symlink_metadata(directory)
        .is_ok_and(|metadata| metadata.is_dir() && system::is_of_this_user(&metadata));
    let owner = directory.join(OWNER);
    is_of_this_user
        && files::open(&owner, Origin::Private).is_ok_and(|owner| owner.try_lock().is_ok())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::MetadataExt as _;

    use super::*;

    #[test]
    fn a_pipe_or_a_link_in_the_place_of_the_lock_is_not_waited_for() {
        let place = tempfile::tempdir().unwrap();
        let (pipe, link) =
            (place.path().join("divvy-run-pipe"), place.path().join("divvy-run-link"));
        for directory in [&pipe, &link] {
            fs::create_dir(directory).unwrap();
        }
        let mode = rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR;
        let kind = rustix::fs::FileType::Fifo;
        rustix::fs::mknodat(rustix::fs::CWD, pipe.join(OWNER), kind, mode, 0).unwrap();
        fs::write(place.path().join("file"), "").unwrap();
        std::os::unix::fs::symlink(place.path().join("file"), link.join(OWNER)).unwrap();
        // Would hang for ever.
        drop(PrivateDirectory::make(place.path(), "divvy-run-").unwrap());
        assert!(pipe.exists() && link.exists());
    }

    #[test]
    fn the_plans_of_a_killed_run_are_removed_and_those_of_a_living_one_stay() {
        let place = tempfile::tempdir().unwrap();
        let living = PrivateDirectory::make(place.path(), PLANS).unwrap();
        let killed = place.path().join("divvy-plans-killed");
        let beginning = place.path().join("divvy-plans-beginning");
        let foreign = place.path().join("divvy-demo-x");
        for directory in [&killed, &beginning, &foreign] {
            fs::create_dir(directory).unwrap();
        }
        fs::write(killed.join(OWNER), "").unwrap();
        fs::write(killed.join("plan-0"), "secret").unwrap();
        fs::write(foreign.join(OWNER), "").unwrap();
        std::os::unix::fs::symlink(&foreign, place.path().join("divvy-plans-link")).unwrap();
        let pipe = place.path().join("divvy-plans-pipe");
        fs::create_dir(&pipe).unwrap();
        let made = std::process::Command::new("mkfifo").arg(pipe.join(OWNER)).status();
        assert!(made.unwrap().success(), "a pipe under the owner's name hangs nobody");

        let next = PrivateDirectory::make(place.path(), PLANS).unwrap();
        assert!(!killed.exists());
        let late = place.path().join("divvy-plans-late");
        fs::create_dir(&late).unwrap();
        fs::write(late.join(OWNER), "").unwrap();
        drop(PrivateDirectory::make(Path::new(&beginning), PLANS).unwrap());
        assert!(late.exists(), "it lies elsewhere");
        let path = next.path().to_owned();
        drop(next);
        assert!(!late.exists() && !path.exists());
        for directory in [living.path(), &beginning, &foreign] {
            assert!(directory.exists(), "{}", directory.display());
        }
        assert!(foreign.join(OWNER).exists());
    }

    #[test]
    fn it_is_private_and_goes_with_its_owner() {
        let place = tempfile::tempdir().unwrap();
        let directory = PrivateDirectory::make(place.path(), PLANS).unwrap();
        let path = directory.path().to_owned();
        assert_eq!(path.metadata().unwrap().mode() & 0o777, 0o700);
        drop(directory);
        assert!(!path.exists());
    }
}
