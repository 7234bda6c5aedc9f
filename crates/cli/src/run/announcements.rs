//! What a saved plan announced, kept with the plan file and bound to it by a hash.
//!
//! It is the entry `divvy.json` of the plan file, which is an archive; so it goes wherever the plan
//! goes. Where the file is none (OpenTofu encrypts plans), it lies beside it, as `PLANFILE.divvy.json`.
//! Holds ids, and names that Terraform shows; no secret. Invariant: announcements of another plan
//! are not read.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fmt::Write as _;
use std::io;
use std::path::{Path, PathBuf};

use divvy_core::{EntityId, OrgId};
use divvy_terraform::files::{self, Origin};
use divvy_terraform::plan_archive::{self, Attached};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::output;

const SCHEMA_VERSION: u32 = 1;
const ENTRY: &str = "divvy.json";

/// One adoption that a plan has shown. The id is what counts: the name is there to be read, and only
/// where Terraform shows it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Announcement {
    pub(crate) org: OrgId,
    #[serde(rename = "type")]
    pub(crate) terraform_type: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) name: Option<String>,
    pub(crate) id: EntityId,
}

impl Announcement {
    fn key(&self) -> (&OrgId, &str, &EntityId) {
        (&self.org, &self.terraform_type, &self.id)
    }
}

impl PartialEq for Announcement {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}

impl Eq for Announcement {}

impl PartialOrd for Announcement {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Announcement {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.key().cmp(&other.key())
    }
}

#[derive(Serialize, Deserialize)]
struct File {
    schema_version: u32,
    plan_sha256: String,
    announced: BTreeSet<Announcement>,
}

/// Why nothing of a plan file counts as announced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum NotBound {
    /// There are no announcements; the text says where they should be.
    None(String),
    /// They are of another plan file, or cannot be read; the text says which ones.
    Other(String),
}

fn beside(plan: &Path) -> PathBuf {
    let mut name = OsString::from(plan);
    name.push(".divvy.json");
    name.into()
}

/// Keeps what a plan announced with its file; older announcements go if there is nothing.
///
/// # Errors
/// Why that could not be done, as a sentence.
pub(crate) fn write(plan: &Path, announced: &BTreeSet<Announcement>) -> Result<(), String> {
    if announced.is_empty() {
        remove_older(plan);
        return Ok(());
    }
    let content = |plan_sha256: &str| {
        let plan_sha256 = plan_sha256.to_owned();
        let content =
            File { schema_version: SCHEMA_VERSION, plan_sha256, announced: announced.clone() };
        // Nothing in it can fail to be JSON.
        let text = serde_json::to_string_pretty(&content).unwrap_or_default();
        format!("{text}\n").into_bytes()
    };
    let failed = |error: &dyn std::fmt::Display| {
        let plan = plan.display();
        format!(
            "What this plan announced could not be added to {plan} ({error}): an apply of that file adopts nothing."
        )
    };
    match plan_archive::attach(plan, ENTRY, content).map_err(|error| failed(&error))? {
        Attached::Inside => {
            remove_older(plan);
            Ok(())
        }
        Attached::NoArchive => {
            let hash = hash(plan).map_err(|error| failed(&error))?;
            output::write_file(&beside(plan), &content(&hash))
                .map_err(|error| failed(&error.message))
        }
        Attached::NoFile => Err(failed(&"it is no regular file")),
    }
}

/// Removes what an older plan of this name left beside it: it would be of another plan.
fn remove_older(plan: &Path) {
    let file = beside(plan);
    let is_ours = files::read(&file, Origin::Found)
        .is_ok_and(|text| serde_json::from_slice::<File>(&text).is_ok());
    if is_ours {
        let _ = std::fs::remove_file(file);
    }
}

/// Reads what a plan file announced.
///
/// # Errors
/// If nothing was, or by another plan file.
pub(crate) fn read(plan: &Path) -> Result<BTreeSet<Announcement>, NotBound> {
    let shown = plan.display();
    let inside = match plan_archive::attached(plan, ENTRY) {
        Ok(inside) => inside,
        // Terraform reports it best.
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Err(NotBound::None(format!("{shown} is not there")));
        }
        Err(error) => {
            return Err(NotBound::Other(format!("{ENTRY} in {shown} cannot be read ({error})")));
        }
    };
    if let Some(entry) = inside {
        let is_bound = |file: &File| file.plan_sha256 == entry.hash_of_others;
        return parse(&entry.content, is_bound)
            .ok_or_else(|| NotBound::Other(format!("{ENTRY} in {shown} is not of this plan")));
    }
    let file = beside(plan);
    let text = match files::read(&file, Origin::Found) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Err(NotBound::None(if plan_archive::is_archive(plan) {
                format!("{shown} holds no {ENTRY}, in which divvy run notes what a plan announced")
            } else {
                format!(
                    "{} is missing, in which divvy run notes what a plan announced: where it was written, copy it together with {shown}",
                    file.display()
                )
            }));
        }
        Err(error) => {
            return Err(NotBound::Other(format!("{} cannot be read ({error})", file.display())));
        }
    };
    let is_bound = |read: &File| hash(plan).is_ok_and(|hash| hash == read.plan_sha256);
    parse(&text, is_bound)
        .ok_or_else(|| NotBound::Other(format!("{} is not of {shown}", file.display())))
}

fn parse(text: &[u8], is_bound: impl FnOnce(&File) -> bool) -> Option<BTreeSet<Announcement>> {
    let file: File = serde_json::from_slice(text).ok()?;
    (file.schema_version == SCHEMA_VERSION && is_bound(&file)).then_some(file.announced)
}

fn hash(path: &Path) -> io::Result<String> {
    let content = files::read(path, Origin::Found)?;
    Ok(Sha256::digest(content).iter().fold(String::new(), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn announced() -> BTreeSet<Announcement> {
        BTreeSet::from([Announcement {
            org: OrgId::new("o"),
            terraform_type: "t".to_owned(),
            name: None,
            id: EntityId::new("i"),
        }])
    }

    #[test]
    fn beside_a_file_that_is_no_archive_announcements_count_for_that_file_only() {
        let directory = tempfile::tempdir().unwrap();
        let plan = directory.path().join("plan");
        std::fs::write(&plan, "one plan").unwrap();
        let Err(NotBound::None(missing)) = read(&plan) else { panic!() };
        assert!(missing.contains("plan.divvy.json is missing"), "{missing}");
        write(&plan, &announced()).unwrap();
        assert_eq!(read(&plan), Ok(announced()));
        std::fs::write(&plan, "another plan").unwrap();
        assert!(matches!(read(&plan), Err(NotBound::Other(_))));
        write(&plan, &BTreeSet::new()).unwrap();
        assert!(matches!(read(&plan), Err(NotBound::None(_))));
    }

    #[test]
    fn a_file_of_somebody_else_beside_the_plan_is_not_removed() {
        let directory = tempfile::tempdir().unwrap();
        let plan = directory.path().join("plan");
        std::fs::write(&plan, "one plan").unwrap();
        std::fs::write(beside(&plan), "notes").unwrap();
        write(&plan, &BTreeSet::new()).unwrap();
        assert!(beside(&plan).exists());
    }

    #[test]
    fn a_device_is_left_alone_and_named() {
        let error = write(Path::new("/dev/null"), &announced()).unwrap_err();
        assert!(error.contains("/dev/null (it is no regular file)"), "{error}");
    }
}
