//! The dependency lock file, `.terraform.lock.hcl`: which provider `init` chose.
//!
//! Reads only; checks no hash: see [`crate::locate`]. Invariant: a file that is there and cannot be parsed is never taken
//! for a missing one.

use std::path::{Path, PathBuf};

use hcl_edit::structure::Body;

use crate::files::{self, Origin};

/// The file's name, in the root of a configuration.
const NAME: &str = ".terraform.lock.hcl";

/// What the lock file says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LockFile {
    /// There is none: `init` has not run, or the file was left out of version control.
    Missing,
    /// It is there and cannot be read.
    Unreadable,
    /// Its entries.
    Read(Vec<LockedProvider>),
}

/// One entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LockedProvider {
    /// `registry.terraform.io/mypurecloud/genesyscloud`.
    pub source: String,
    /// The version that was chosen.
    pub version: String,
    /// The constraints that it was chosen under, where there were any.
    pub constraints: Option<String>,
    /// The checksums of its packages: `h1:…`, `zh:…`.
    pub hashes: Vec<String>,
}

impl LockFile {
    /// Returns where the lock file of the configuration in `root` lies.
    pub fn path(root: &Path) -> PathBuf {
        root.join(NAME)
    }

    /// Reads the lock file of the configuration in `root`.
    pub fn read(root: &Path) -> Self {
        match files::read_text(&Self::path(root), Origin::Found) {
            Ok(text) => Self::parse(&text),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Self::Missing,
            Err(_) => Self::Unreadable,
        }
    }

    fn parse(text: &str) -> Self {
        let Ok(body) = hcl_edit::parser::parse_body(text) else { return Self::Unreadable };
        let value =
            |body: &Body, name: &str| Some(body.get_attribute(name)?.value.as_str()?.to_owned());
        let entries = body.get_blocks("provider").filter_map(|block| {
            Some(LockedProvider {
                source: block.labels.first()?.as_str().to_owned(),
                version: value(&block.body, "version")?,
                constraints: value(&block.body, "constraints"),
                hashes: texts(&block.body, "hashes"),
            })
        });
        Self::Read(entries.collect())
    }

    /// Returns the entry of a provider, whichever registry it came from:
    /// `mypurecloud/genesyscloud`, in any letter case.
    pub fn provider(&self, source: &str) -> Option<&LockedProvider> {
        let Self::Read(entries) = self else { return None };
        entries.iter().find(|entry| entry.is(source))
    }
}

fn texts(body: &Body, name: &str) -> Vec<String> {
    let list = body.get_attribute(name).and_then(|attribute| attribute.value.as_array());
    let texts = list.into_iter().flatten().filter_map(|item| Some(item.as_str()?.to_owned()));
    texts.collect()
}

impl LockedProvider {
    fn is(&self, source: &str) -> bool {
        let path = self.source.split_once('/').map_or("", |(_, path)| path);
        path.eq_ignore_ascii_case(source)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = r#"# This file is maintained automatically by "terraform init".
provider "registry.terraform.io/hashicorp/null" {
  version = "3.2.4"
  hashes  = ["h1:x="]
}

provider "registry.opentofu.org/mypurecloud/genesyscloud" {
  version     = "1.60.0"
  constraints = ">= 1.53.0"
  hashes = [
    "h1:abc=",
  ]
}
"#;

    #[test]
    fn an_entry_is_found_whichever_registry_it_came_from() {
        let lock = LockFile::parse(FILE);
        let entry = lock.provider("MyPureCloud/genesyscloud").unwrap();
        assert_eq!(entry.version, "1.60.0");
        assert_eq!(entry.constraints.as_deref(), Some(">= 1.53.0"));
        assert_eq!(entry.hashes, ["h1:abc="]);
        assert_eq!(lock.provider("hashicorp/null").unwrap().constraints, None);
        assert_eq!(lock.provider("genesyscloud"), None);
    }

    #[test]
    fn a_missing_file_and_a_broken_one_are_told_apart() {
        let directory = tempfile::tempdir().unwrap();
        assert_eq!(LockFile::read(directory.path()), LockFile::Missing);
        std::fs::write(directory.path().join(NAME), "provider {{").unwrap();
        assert_eq!(LockFile::read(directory.path()), LockFile::Unreadable);
    }
}
