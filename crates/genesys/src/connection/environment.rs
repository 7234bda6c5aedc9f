//! A snapshot of environment variables, made by the caller, and the caller's way to read files.
//!
//! Never reads the process's environment, nor opens a file. Invariant: `Debug` shows no value.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::{fmt, io};

use divvy_core::text;

use super::error::ConnectionError;

/// The environment variables of a run, taken once.
#[derive(Clone)]
pub struct Environment {
    variables: BTreeMap<String, String>,
    read_file: ReadFile,
}

/// Reads a file that is looked for by its name. Whoever has the one reader of files hands it in.
pub type ReadFile = fn(&Path) -> io::Result<Vec<u8>>;

impl Default for Environment {
    /// Without variables and without files.
    fn default() -> Self {
        Self { variables: BTreeMap::new(), read_file: |_| Err(io::ErrorKind::NotFound.into()) }
    }
}

impl Environment {
    /// Wraps a snapshot, and the way files are read.
    pub fn new(variables: BTreeMap<String, String>, read_file: ReadFile) -> Self {
        Self { variables, read_file }
    }

    /// Reads a file as text, in UTF-8 or UTF-16; nothing if there is none.
    ///
    /// # Errors
    /// If the file cannot be read, or is no text.
    pub(crate) fn text_of(
        &self,
        path: &Path,
        expected: &'static str,
    ) -> Result<Option<String>, ConnectionError> {
        use io::ErrorKind::{NotADirectory, NotFound};
        let bytes = match (self.read_file)(path) {
            Ok(bytes) => bytes,
            Err(error) if matches!(error.kind(), NotFound | NotADirectory) => return Ok(None),
            Err(source) => {
                return Err(ConnectionError::Unreadable { path: path.to_owned(), source });
            }
        };
        text::decode(&bytes).map(Some).map_err(|error| ConnectionError::Malformed {
            path: path.to_owned(),
            expected,
            place: error.to_string(),
        })
    }

    /// Returns a variable; an empty one counts as unset, as it does for the provider.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// Returns the home directory.
    pub(crate) fn home(&self) -> Option<PathBuf> {
        self.get("HOME").or_else(|| self.get("USERPROFILE")).map(PathBuf::from)
    }
}

impl<K: Into<String>, V: Into<String>> FromIterator<(K, V)> for Environment {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(variables: I) -> Self {
        let variables = variables.into_iter();
        let variables = variables.map(|(name, value)| (name.into(), value.into())).collect();
        Self { variables, ..Self::default() }
    }
}

impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Environment({} variables)", self.variables.len())
    }
}
