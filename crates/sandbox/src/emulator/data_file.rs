//! The file that keeps an org: one JSON document, written whole after each change.
//!
//! Never shared: a lock file beside it keeps a second emulator out. It holds the clients' secrets, so
//! only its owner may read it. Invariant: whenever the process or the machine stops, the file holds
//! the org as it was after some [`DataFile::write`] that began last or next to last, whole.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, BufWriter, Write as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use tempfile::NamedTempFile;

use super::error::Error;
use super::org::Org;
use super::seed::Seed;

/// The version of [`Kept`]. A file of another version is refused, never converted.
const SCHEMA: u64 = 2;

/// What a data file holds.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Kept {
    schema: u64,
    /// What the org was last made from.
    pub(crate) seed: Seed,
    /// The org as it is.
    pub(crate) org: Org,
}

impl Kept {
    /// Makes the org of a seed.
    pub(crate) fn of(seed: Seed) -> Result<Self, Error> {
        Ok(Self { schema: SCHEMA, org: seed.clone().into_org()?, seed })
    }
}

/// The one field that files of every version have.
#[derive(Deserialize)]
struct Version {
    schema: u64,
}

/// A data file that no other emulator has open.
pub(crate) struct DataFile {
    path: PathBuf,
    /// Held as long as this value lives. The data file itself cannot bear the lock: each write
    /// replaces it.
    _lock: File,
}

impl DataFile {
    /// Locks a data file, which need not exist yet.
    pub(crate) fn open(path: &Path) -> Result<Self, Error> {
        let failed = |source| Error::Store { path: path.to_owned(), source };
        let mut lock = path.as_os_str().to_owned();
        lock.push(".lock");
        let lock = OpenOptions::new().create(true).append(true).open(lock).map_err(failed)?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { path: path.to_owned(), _lock: lock }),
            Err(TryLockError::WouldBlock) => Err(Error::InUse { path: path.to_owned() }),
            Err(TryLockError::Error(source)) => Err(failed(source)),
        }
    }

    /// Reads the file; `None` if there is none yet.
    pub(crate) fn read(&self) -> Result<Option<Kept>, Error> {
        let text = match std::fs::read(&self.path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(self.failed(source)),
        };
        let foreign = |source| Error::Foreign { path: self.path.clone(), source };
        let Version { schema } = serde_json::from_slice(&text).map_err(foreign)?;
        if schema != SCHEMA {
            return Err(Error::Schema { found: schema, known: SCHEMA });
        }
        serde_json::from_slice(&text).map(Some).map_err(foreign)
    }

    /// Replaces the file; when this returns, neither a kill nor a power failure undoes it.
    pub(crate) fn write(&self, kept: &Kept) -> Result<(), Error> {
        self.replace(kept).map_err(|source| self.failed(source))
    }

    fn replace(&self, kept: &Kept) -> io::Result<()> {
        let directory = match self.path.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        let mut file = NamedTempFile::new_in(directory)?;
        let mut writer = BufWriter::new(&mut file);
        serde_json::to_writer(&mut writer, kept)?;
        writer.flush()?;
        drop(writer);
        file.as_file().sync_all()?;
        file.persist(&self.path)?;
        // The new name is durable once its directory is.
        divvy_os::files::sync_directory(directory)
    }

    fn failed(&self, source: io::Error) -> Error {
        Error::Store { path: self.path.clone(), source }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_another_schema_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("org.json");
        let file = DataFile::open(&path).unwrap();
        file.write(&Kept { schema: SCHEMA + 1, ..Kept::of(Seed::default()).unwrap() }).unwrap();
        let refused = file.read().err();
        assert!(matches!(refused, Some(Error::Schema { found, .. }) if found == SCHEMA + 1));
    }

    #[test]
    fn a_file_of_something_else_is_refused_and_stays() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("notes.txt");
        for text in ["redb\u{1a}", "", "{}", r#"{"divisions":[]}"#] {
            std::fs::write(&path, text).unwrap();
            let refused = DataFile::open(&path).unwrap().read().err();
            assert!(matches!(refused, Some(Error::Foreign { .. })), "{text}: {refused:?}");
            assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
        }
    }

    #[test]
    fn only_the_owner_may_read_the_secrets_of_a_data_file() {
        use std::os::unix::fs::PermissionsExt as _;

        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("org.json");
        DataFile::open(&path).unwrap().write(&Kept::of(Seed::default()).unwrap()).unwrap();
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}
