//! Finds the provider binary that Terraform itself would start, and checks it as Terraform would.
//!
//! Under `TF_REATTACH_PROVIDERS` Terraform checks neither the checksum nor the version constraint
//! of a provider, so both are checked here. Reads files only. Invariant: a returned binary lies in
//! a package whose `h1:` hash stands in the lock file.

use std::fmt::Write as _;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};

use crate::cli_configuration::provider_binaries;
use crate::constraint;
use crate::files::{self, Origin};
use crate::lock_file::{LockFile, LockedProvider};
use crate::provider_address::ProviderAddress;

/// A provider as the lock file names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Located {
    /// `registry.terraform.io/mypurecloud/genesyscloud`.
    pub address: String,
    /// The locked version.
    pub version: String,
    /// The binary under its own name, which may be a link: some programs are a provider only under
    /// that name.
    pub binary: PathBuf,
}

impl Located {
    /// Returns whether the locked version is one that a constraint of the configuration allows.
    pub fn satisfies(&self, constraints: &str) -> bool {
        constraint::allows(constraints, &self.version)
    }
}

/// Why there is no binary that may be started.
#[derive(Debug, thiserror::Error)]
pub enum LocateError {
    /// `terraform init` has not been run.
    #[error("there is no {}: run terraform init first", path.display())]
    NoLockFile {
        /// Where it should lie.
        path: PathBuf,
    },
    /// The lock file cannot be read as one.
    #[error("{} cannot be read: run terraform init", path.display())]
    UnreadableLockFile {
        /// Where it lies.
        path: PathBuf,
    },
    /// The configuration does not use the provider, or uses it through `dev_overrides`.
    #[error("{} does not lock {provider}", path.display())]
    NotLocked {
        /// The lock file.
        path: PathBuf,
        /// The provider's namespace and type.
        provider: String,
    },
    /// The lock file says a version that its own constraint excludes.
    #[error(
        "{address} is locked at {version}, which does not satisfy {constraints:?}: run terraform init -upgrade"
    )]
    Constraint {
        /// The provider.
        address: String,
        /// The locked version.
        version: String,
        /// What the configuration asked for at the last `init`.
        constraints: String,
    },
    /// The package is not there.
    #[error("{address} {version} is not installed: run terraform init")]
    NotInstalled {
        /// The provider.
        address: String,
        /// The locked version.
        version: String,
    },
    /// The package is not the one that was locked.
    #[error("the package in {} does not have the checksum that the lock file has for {address} {version}: run terraform init", directory.display())]
    Checksum {
        /// The provider.
        address: String,
        /// The locked version.
        version: String,
        /// The package's directory.
        directory: PathBuf,
    },
    /// A file could not be read.
    #[error("reading {}: {source}", path.display())]
    Io {
        /// Which file or directory.
        path: PathBuf,
        /// The system's own error.
        source: io::Error,
    },
}

/// Finds every address of a provider (`mypurecloud/genesyscloud`) that the working directory has
/// locked. `data_directory` is `TF_DATA_DIR`, or `.terraform` in the working directory.
///
/// # Errors
/// If nothing is locked or installed, or what is installed is not what was locked.
pub fn locate(
    working_directory: &Path,
    data_directory: &Path,
    provider: &str,
) -> Result<Vec<Located>, LocateError> {
    let path = LockFile::path(working_directory);
    let locked = match LockFile::read(working_directory) {
        LockFile::Missing => return Err(LocateError::NoLockFile { path }),
        LockFile::Unreadable => return Err(LocateError::UnreadableLockFile { path }),
        LockFile::Read(locked) => locked,
    };
    // A lock file holds whole addresses, so whose defaults fill them in does not matter.
    let is_meant = |lock: &&LockedProvider| {
        ProviderAddress::parse(&lock.source, "").is_some_and(|address| address.is(provider))
    };
    let locked: Vec<_> = locked.iter().filter(is_meant).collect();
    if locked.is_empty() {
        return Err(LocateError::NotLocked { path, provider: provider.to_owned() });
    }
    locked.into_iter().map(|lock| find(lock, data_directory)).collect()
}

fn find(lock: &LockedProvider, data_directory: &Path) -> Result<Located, LocateError> {
    let (address, version) = (lock.source.clone(), lock.version.clone());
    let constraints = lock.constraints.clone().unwrap_or_default();
    if !constraint::allows(&constraints, &version) {
        return Err(LocateError::Constraint { address, version, constraints });
    }
    let package = data_directory.join("providers").join(&address).join(&version);
    let name = address.rsplit('/').next().unwrap_or_default();
    let Some((directory, binary)) = installed(&package, name)? else {
        return Err(LocateError::NotInstalled { address, version });
    };
    let hash = package_hash(&directory)?;
    if !lock.hashes.contains(&hash) {
        return Err(LocateError::Checksum { address, version, directory });
    }
    Ok(Located { address, version, binary })
}

/// Finds the package directory (there is one, named after the platform; perhaps a link) and the
/// binary in it, which is the first that may be the provider's.
fn installed(package: &Path, name: &str) -> Result<Option<(PathBuf, PathBuf)>, LocateError> {
    let Ok(platforms) = std::fs::read_dir(package) else {
        return Ok(None);
    };
    // OpenTofu keeps a lock file beside the package's directory.
    for platform in platforms.flatten().filter(|platform| platform.path().is_dir()) {
        let directory = canonicalize(&platform.path())?;
        if let Some(binary) = provider_binaries(&directory, name).into_iter().next() {
            return Ok(Some((directory, binary)));
        }
    }
    Ok(None)
}

fn canonicalize(path: &Path) -> Result<PathBuf, LocateError> {
    divvy_os::files::canonical(path)
        .map_err(|source| LocateError::Io { path: path.to_owned(), source })
}

/// Computes the `h1:` hash of a package: of all lines `HASH␠␠NAME`, sorted by name.
fn package_hash(directory: &Path) -> Result<String, LocateError> {
    let mut files = files(directory)?;
    files.sort();
    let mut whole = Sha256::new();
    for (name, path) in files {
        let hash = file_hash(&path).map_err(|source| LocateError::Io { path, source })?;
        whole.update(hash);
        whole.update(format!("  {name}\n"));
    }
    Ok(format!("h1:{}", STANDARD.encode(whole.finalize())))
}

fn file_hash(path: &Path) -> io::Result<String> {
    let mut file = files::open(path, Origin::Found)?;
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 1 << 16];
    loop {
        match file.read(&mut buffer)? {
            0 => break,
            length => hash.update(&buffer[..length]),
        }
    }
    Ok(hash.finalize().iter().fold(String::new(), |mut text, byte| {
        // Writing into a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    }))
}

/// Lists all files below a directory with their names relative to it.
fn files(directory: &Path) -> Result<Vec<(String, PathBuf)>, LocateError> {
    let mut found = Vec::new();
    let mut pending = vec![(String::new(), directory.to_owned())];
    while let Some((prefix, directory)) = pending.pop() {
        let failed = |source| LocateError::Io { path: directory.clone(), source };
        for entry in std::fs::read_dir(&directory).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
            if entry.path().is_dir() {
                pending.push((format!("{name}/"), entry.path()));
            } else {
                found.push((name, entry.path()));
            }
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PROVIDER: &str = "mypurecloud/genesyscloud";
    const ADDRESS: &str = "registry.terraform.io/mypurecloud/genesyscloud";

    fn lock_file(version: &str, hash: &str) -> String {
        format!(
            r#"# This file is maintained automatically by "terraform init".

provider "registry.terraform.io/hashicorp/random" {{
  version = "3.6.0"
  hashes = [
    "h1:other",
  ]
}}

provider "{ADDRESS}" {{
  version     = "{version}"
  constraints = ">= 1.60.0, < 2.0.0"
  hashes = [
    "{hash}",
    "zh:0000",
  ]
}}
"#
        )
    }

    /// A working directory with one installed package; returns it with the package's hash.
    fn working_directory(version: &str) -> (tempfile::TempDir, String) {
        let directory = tempfile::tempdir().unwrap();
        let package = directory
            .path()
            .join(".terraform/providers")
            .join(ADDRESS)
            .join(version)
            .join("linux_amd64");
        std::fs::create_dir_all(&package).unwrap();
        std::fs::write(package.join("terraform-provider-genesyscloud_v1"), "binary").unwrap();
        std::fs::write(package.join("LICENSE"), "text").unwrap();
        let hash = package_hash(&package).unwrap();
        (directory, hash)
    }

    fn find(directory: &Path) -> Result<Vec<Located>, LocateError> {
        locate(directory, &directory.join(".terraform"), PROVIDER)
    }

    #[test]
    fn the_locked_package_is_found() {
        let (directory, hash) = working_directory("1.60.0");
        std::fs::write(directory.path().join(".terraform.lock.hcl"), lock_file("1.60.0", &hash))
            .unwrap();
        let found = find(directory.path()).unwrap();
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].address, ADDRESS);
        assert!(found[0].binary.ends_with("terraform-provider-genesyscloud_v1"));
    }

    #[test]
    fn the_lock_that_opentofu_leaves_beside_the_package_is_no_package() {
        let (directory, hash) = working_directory("1.60.0");
        let packages = directory.path().join(".terraform/providers").join(ADDRESS).join("1.60.0");
        std::fs::write(packages.join("linux_amd64.lock"), "").unwrap();
        std::fs::write(directory.path().join(".terraform.lock.hcl"), lock_file("1.60.0", &hash))
            .unwrap();
        assert_eq!(find(directory.path()).unwrap().len(), 1);
        std::fs::remove_dir_all(packages.join("linux_amd64")).unwrap();
        assert!(matches!(find(directory.path()), Err(LocateError::NotInstalled { .. })));
    }

    #[test]
    fn each_reason_to_refuse_is_told_apart() {
        let (directory, hash) = working_directory("1.60.0");
        let lock = directory.path().join(".terraform.lock.hcl");
        assert!(matches!(find(directory.path()), Err(LocateError::NoLockFile { .. })));
        std::fs::write(&lock, "").unwrap();
        assert!(matches!(find(directory.path()), Err(LocateError::NotLocked { .. })));
        std::fs::write(&lock, lock_file("1.61.0", &hash)).unwrap();
        assert!(matches!(find(directory.path()), Err(LocateError::NotInstalled { .. })));
        std::fs::write(&lock, lock_file("2.0.0", &hash)).unwrap();
        assert!(matches!(find(directory.path()), Err(LocateError::Constraint { .. })));
        std::fs::write(&lock, lock_file("1.60.0", "h1:tampered")).unwrap();
        assert!(matches!(find(directory.path()), Err(LocateError::Checksum { .. })));
        std::fs::write(&lock, "provider {{").unwrap();
        assert!(matches!(find(directory.path()), Err(LocateError::UnreadableLockFile { .. })));
    }

    #[test]
    fn a_hash_in_a_comment_of_the_lock_file_is_none() {
        let (directory, hash) = working_directory("1.60.0");
        let text = lock_file("1.60.0", "h1:other")
            .replace("hashes = [", &format!("hashes = [\n    # \"{hash}\","));
        std::fs::write(directory.path().join(".terraform.lock.hcl"), text).unwrap();
        assert!(matches!(find(directory.path()), Err(LocateError::Checksum { .. })));
    }

    #[test]
    fn the_hash_is_that_of_the_sorted_list_of_files() {
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join("b"), "").unwrap();
        std::fs::create_dir(directory.path().join("a")).unwrap();
        std::fs::write(directory.path().join("a/c"), "").unwrap();
        let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        let list = format!("{empty}  a/c\n{empty}  b\n");
        let expected = format!("h1:{}", STANDARD.encode(Sha256::digest(list)));
        assert_eq!(package_hash(directory.path()).unwrap(), expected);
    }
}
