//! The one file that divvy writes into a working directory: import blocks, as `.tf.json`.
//!
//! Never an override file, never a user's file. Invariant: the file is gone when its guard is
//! dropped; those of killed runs are removed before the next one is written.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use divvy_core::effect::{Effect, Observer, Outcome};
use divvy_core::{Address, EntityId};
use serde_json::json;

use crate::error::Error;

const PREFIX: &str = "divvy_imports_";
const SUFFIX: &str = ".tf.json";

/// Removes the file when it goes.
pub(super) struct BlocksFile {
    path: PathBuf,
    observer: Arc<dyn Observer>,
}

impl BlocksFile {
    /// Writes import blocks; `run` makes the name unique and is a word of a file name.
    pub(super) fn write(
        directory: &Path,
        run: &str,
        imports: &BTreeMap<Address, EntityId>,
        observer: &Arc<dyn Observer>,
    ) -> Result<Self, Error> {
        let path = directory.join(format!("{PREFIX}{run}{SUFFIX}"));
        let text = text_of(imports);
        // The guard exists before the file: whatever happens from here on, it is removed.
        let guard = Self { path, observer: Arc::clone(observer) };
        let effect = Effect::WriteFile { path: guard.path.clone() };
        told(observer, &effect, || {
            let mut file = fs::File::create_new(&guard.path)?;
            file.write_all(text.as_bytes())
        })
        .map_err(|e| Error::file(&guard.path, "written", e))?;
        Ok(guard)
    }
}

impl Drop for BlocksFile {
    fn drop(&mut self) {
        if self.path.exists()
            && let Err(error) = remove(&self.path, &self.observer)
        {
            tracing::error!(%error, "remove it by hand");
        }
    }
}

/// Finds the files of import blocks of runs that were killed before they could remove them.
///
/// # Errors
/// [`Error::File`] if the directory cannot be read.
pub fn left_over(directory: &Path) -> Result<Vec<PathBuf>, Error> {
    let entries = fs::read_dir(directory).map_err(|e| Error::file(directory, "read", e))?;
    let mut found = Vec::new();
    for entry in entries {
        let entry = entry.map_err(|e| Error::file(directory, "read", e))?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if name.starts_with(PREFIX) && name.ends_with(SUFFIX) {
            found.push(entry.path());
        }
    }
    found.sort();
    Ok(found)
}

/// Removes one of our files.
pub(super) fn remove(path: &Path, observer: &Arc<dyn Observer>) -> Result<(), Error> {
    let effect = Effect::RemoveFile { path: path.to_owned() };
    told(observer, &effect, || fs::remove_file(path)).map_err(|e| Error::file(path, "removed", e))
}

fn told(
    observer: &Arc<dyn Observer>,
    effect: &Effect,
    work: impl FnOnce() -> std::io::Result<()>,
) -> std::io::Result<()> {
    observer.before(effect);
    let started = Instant::now();
    let ended = work();
    let outcome = Outcome {
        succeeded: ended.is_ok(),
        code: None,
        correlation_id: None,
        took: started.elapsed(),
    };
    observer.after(effect, &outcome);
    ended
}

/// `to` is read as an address, `id` as a template: its markers are doubled.
fn text_of(imports: &BTreeMap<Address, EntityId>) -> String {
    let blocks: Vec<_> = imports
        .iter()
        .map(|(address, id)| {
            let id = id.as_str().replace("${", "$${").replace("%{", "%%{");
            json!({"to": address.as_str(), "id": id})
        })
        .collect();
    format!("{:#}\n", json!({"import": blocks}))
}
