//! The one file that divvy writes into a working directory: import blocks, as `.tf.json`.
//!
//! Never an override file, never a user's file. Invariant: the file is gone when its guard is
//! dropped; those of killed runs are removed before the next one is written. A file without our mark is
//! never removed.

use std::collections::BTreeMap;
use std::fs;
use std::io::{ErrorKind, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use divvy_core::effect::{Effect, Observer, Outcome};
use divvy_core::{Address, EntityId};
use serde_json::json;

use crate::error::Error;
use crate::files::{self, Origin};

/// What a file of ours begins with: a comment of Terraform's JSON syntax, which says whose it is.
const HEADER: &str =
    "{\n  \"//\": \"Import blocks of a divvy fix, which removes them when it ends\",\n";

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
        let written = told(observer, &effect, || {
            let mut file = fs::File::create_new(&guard.path)?;
            file.write_all(text.as_bytes())
        });
        match written {
            Ok(()) => Ok(guard),
            Err(error) => {
                let path = guard.path.clone();
                if error.kind() == ErrorKind::AlreadyExists {
                    // It is not ours to remove.
                    std::mem::forget(guard);
                }
                Err(Error::file(&path, "written", error))
            }
        }
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

/// What lies in a directory under the name of a blocks file.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct LeftOver {
    /// Written by runs of divvy that were killed before they could remove them.
    pub ours: Vec<PathBuf>,
    /// Only called like that, or a link, or no file: never removed.
    pub of_others: Vec<PathBuf>,
}

/// Finds the files of import blocks of runs that were killed before they could remove them.
///
/// # Errors
/// [`Error::File`] if the directory cannot be read.
pub fn left_over(directory: &Path) -> Result<Vec<PathBuf>, Error> {
    find(directory).map(|found| found.ours)
}

/// Finds whatever has the name of a blocks file, and sorts it by who wrote it.
pub(super) fn find(directory: &Path) -> Result<LeftOver, Error> {
    let entries = fs::read_dir(directory).map_err(|e| Error::file(directory, "read", e))?;
    let mut found = LeftOver::default();
    for entry in entries {
        let entry = entry.map_err(|e| Error::file(directory, "read", e))?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        let Some(run) = name.strip_prefix(PREFIX).and_then(|name| name.strip_suffix(SUFFIX)) else {
            continue;
        };
        // The type of the entry itself: a link is never followed.
        let is_file = entry.file_type().is_ok_and(|kind| kind.is_file());
        if is_file && is_ours(&entry.path(), run) {
            found.ours.push(entry.path());
        } else {
            found.of_others.push(entry.path());
        }
    }
    found.ours.sort();
    found.of_others.sort();
    Ok(found)
}

/// Says whether a file begins with our mark, or was being written when its run was killed.
fn is_ours(path: &Path, run: &str) -> bool {
    let mut begin = Vec::new();
    let read = files::open(path, Origin::Found).and_then(|file| {
        file.take(u64::try_from(HEADER.len()).unwrap_or(u64::MAX)).read_to_end(&mut begin)
    });
    if read.is_err() {
        return false;
    }
    begin == HEADER.as_bytes() || (HEADER.as_bytes().starts_with(&begin) && is_of_a_run(run))
}

/// Says whether a word is what runs are called: a time and a process id.
fn is_of_a_run(word: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let parts = word.split_once('-').and_then(|(time, process)| {
        let (date, time) = time.strip_suffix('Z')?.split_once('T')?;
        Some([date, time, process])
    });
    parts.is_some_and(|parts| parts.into_iter().all(digits))
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
    let text = format!("{:#}\n", json!({"import": blocks}));
    text.replacen("{\n", HEADER, 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written() -> String {
        let pair = (Address::parse("a.b").unwrap(), EntityId::new("1"));
        text_of(&BTreeMap::from([pair]))
    }

    #[test]
    fn a_file_that_divvy_did_not_write_is_never_its_left_over() {
        let directory = tempfile::tempdir().unwrap();
        let path = |run: &str| directory.path().join(format!("{PREFIX}{run}{SUFFIX}"));
        let write = |run: &str, text: &str| fs::write(path(run), text).unwrap();
        let text = written();
        write("20260101T000000Z-7", &text);
        write("20260101T000000Z-8", &text[..20]);
        write("20260101T000000Z-9", "");
        write("mine", r#"{"import":[{"to":"a.b","id":"1"}]}"#);
        write("20260101T000000Z-1", r#"{"import":[]}"#);
        write("empty", "");
        let elsewhere = directory.path().join("elsewhere.json");
        fs::write(&elsewhere, &text).unwrap();
        std::os::unix::fs::symlink(&elsewhere, path("20260101T000000Z-2")).unwrap();
        fs::create_dir(path("20260101T000000Z-3")).unwrap();

        let found = find(directory.path()).unwrap();
        let ours = ["7", "8", "9"].map(|n| path(&format!("20260101T000000Z-{n}")));
        assert_eq!(found.ours, ours);
        assert_eq!(found.of_others.len(), 5, "{found:?}");
    }

    #[test]
    fn the_mark_stands_in_a_whole_json_document() {
        let document: serde_json::Value = serde_json::from_str(&written()).unwrap();
        assert_eq!(document["import"][0]["id"], "1");
        assert!(document["//"].as_str().unwrap().contains("divvy"));
    }
}
