//! `PLANFILE.divvy.json`: what a saved plan announced, bound to that very plan file by its hash.
//!
//! Holds names and ids, no secret. Invariant: announcements of another plan file are not read.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fmt::Write as _;
use std::io;
use std::path::{Path, PathBuf};

use divvy_core::{EntityId, OrgId};
use divvy_terraform::files::{self, Origin};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::error::CommandResult;
use crate::output;

const SCHEMA_VERSION: u32 = 1;

/// One adoption that a plan has shown.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Announcement {
    pub(crate) org: OrgId,
    #[serde(rename = "type")]
    pub(crate) terraform_type: String,
    pub(crate) name: String,
    pub(crate) id: EntityId,
}

#[derive(Serialize, Deserialize)]
struct File {
    schema_version: u32,
    plan_sha256: String,
    announced: BTreeSet<Announcement>,
}

/// Why the announcements of a plan file do not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NotBound {
    /// There are none.
    None,
    /// They are of another plan file, or cannot be read.
    Other,
}

fn beside(plan: &Path) -> PathBuf {
    let mut name = OsString::from(plan);
    name.push(".divvy.json");
    name.into()
}

/// Writes what a plan announced; an older file goes if there is nothing.
pub(crate) fn write(plan: &Path, announced: BTreeSet<Announcement>) -> CommandResult<()> {
    let file = beside(plan);
    let Some(plan_sha256) = hash(plan).ok().filter(|_| !announced.is_empty()) else {
        // It would be of another plan, and so not count anyway.
        let _ = std::fs::remove_file(file);
        return Ok(());
    };
    let content = File { schema_version: SCHEMA_VERSION, plan_sha256, announced };
    let text = serde_json::to_string_pretty(&content).unwrap_or_default();
    output::write_file(&file, format!("{text}\n").as_bytes())
}

/// Reads what a plan file announced.
///
/// # Errors
/// If nothing was, or by another plan file.
pub(crate) fn read(plan: &Path) -> Result<BTreeSet<Announcement>, NotBound> {
    let text = match files::read(&beside(plan), Origin::Found) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(NotBound::None),
        Err(_) => return Err(NotBound::Other),
    };
    let file: File = serde_json::from_slice(&text).map_err(|_| NotBound::Other)?;
    let is_bound = file.schema_version == SCHEMA_VERSION
        && hash(plan).is_ok_and(|hash| hash == file.plan_sha256);
    if is_bound { Ok(file.announced) } else { Err(NotBound::Other) }
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

    #[test]
    fn announcements_count_for_their_own_plan_file_only() {
        let directory = tempfile::tempdir().unwrap();
        let plan = directory.path().join("plan");
        std::fs::write(&plan, "one plan").unwrap();
        assert_eq!(read(&plan), Err(NotBound::None));
        let announced = BTreeSet::from([Announcement {
            org: OrgId::new("o"),
            terraform_type: "t".to_owned(),
            name: "n".to_owned(),
            id: EntityId::new("i"),
        }]);
        write(&plan, announced.clone()).unwrap();
        assert_eq!(read(&plan), Ok(announced));
        std::fs::write(&plan, "another plan").unwrap();
        assert_eq!(read(&plan), Err(NotBound::Other));
        write(&plan, BTreeSet::new()).unwrap();
        assert_eq!(read(&plan), Err(NotBound::None));
    }
}
