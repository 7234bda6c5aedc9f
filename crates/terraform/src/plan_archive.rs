//! A saved plan as the ZIP archive that it is, and one entry more in it.
//!
//! Terraform and OpenTofu read the entries that they know by name and pass over any other. Never
//! understands an entry of theirs: each is copied as it is. Invariants: the archive is written anew
//! beside the old one and renamed, so it is whole at any time; only a regular file is ever replaced.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::path::Path;

use sha2::{Digest as _, Sha256};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

use crate::files::{self, Origin};

/// The entry of Terraform's own that makes an archive a plan.
const OWN_ENTRY: &str = "tfplan";
/// What is added is a few lines; a larger entry of this name was not written by us.
const LONGEST_ENTRY: u64 = 64 << 20;

/// What became of the wish to add an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Attached {
    /// The entry is in the archive.
    Inside,
    /// The file is no archive, or a link to one: it was left alone.
    NoArchive,
    /// It is a device, a pipe or a directory, or not there: it was left alone.
    NoFile,
}

/// An entry that was added to a plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// What it holds.
    pub content: Vec<u8>,
    /// The hash of all other entries, as they are now.
    pub hash_of_others: String,
}

/// Adds an entry to a saved plan; one of the same name is replaced. `content` is given the hash of all
/// other entries.
///
/// # Errors
/// If the file cannot be read or written anew.
pub fn attach(
    plan: &Path,
    name: &str,
    content: impl FnOnce(&str) -> Vec<u8>,
) -> io::Result<Attached> {
    let Ok(kind) = fs::symlink_metadata(plan).map(|metadata| metadata.file_type()) else {
        return Ok(Attached::NoFile);
    };
    if kind.is_symlink() {
        let is_file = fs::metadata(plan).is_ok_and(|metadata| metadata.is_file());
        return Ok(if is_file { Attached::NoArchive } else { Attached::NoFile });
    }
    if !kind.is_file() {
        return Ok(Attached::NoFile);
    }
    let Some(mut archive) = open(plan)? else { return Ok(Attached::NoArchive) };
    let hash = hash_of_others(&mut archive, name)?;
    let directory =
        plan.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut beside = tempfile::NamedTempFile::new_in(directory)?;
    {
        let mut writer = ZipWriter::new(io::BufWriter::new(beside.as_file_mut()));
        for index in 0..archive.len() {
            let entry = archive.by_index_raw(index)?;
            if entry.name()? != name {
                writer.raw_copy_file(entry)?;
            }
        }
        let stored = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
        writer.start_file(name, stored)?;
        writer.write_all(&content(&hash))?;
        writer.finish()?.flush()?;
    }
    beside.as_file().set_permissions(fs::metadata(plan)?.permissions())?;
    beside.as_file().sync_all()?;
    // Windows replaces no file that is open.
    drop(archive);
    beside.persist(plan).map_err(|error| error.error)?;
    // Not every file system has directories that can be synchronised.
    let _ = File::open(directory).and_then(|directory| directory.sync_all());
    Ok(Attached::Inside)
}

/// Reads an entry that was added to a saved plan; nothing if there is none, or the file is no archive.
///
/// # Errors
/// If the file cannot be read, or it holds several entries of this name.
pub fn attached(plan: &Path, name: &str) -> io::Result<Option<Entry>> {
    let Some(mut archive) = open(plan)? else { return Ok(None) };
    let named = |archive: &mut ZipArchive<File>, index| {
        archive.by_index_raw(index).is_ok_and(|entry| entry.name().is_ok_and(|found| found == name))
    };
    let indices: Vec<usize> =
        (0..archive.len()).filter(|index| named(&mut archive, *index)).collect();
    let index = match indices.as_slice() {
        [] => return Ok(None),
        [index] => *index,
        _ => {
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                "it holds several entries of ours",
            ));
        }
    };
    let hash_of_others = hash_of_others(&mut archive, name)?;
    let mut content = Vec::new();
    archive.by_index(index)?.take(LONGEST_ENTRY).read_to_end(&mut content)?;
    Ok(Some(Entry { content, hash_of_others }))
}

/// Returns whether a file is a saved plan in an archive.
pub fn is_archive(plan: &Path) -> bool {
    matches!(open(plan), Ok(Some(_)))
}

/// Opens the archive of a saved plan; nothing if the file is something else.
fn open(plan: &Path) -> io::Result<Option<ZipArchive<File>>> {
    if !fs::metadata(plan)?.is_file() {
        return Ok(None);
    }
    let Ok(archive) = ZipArchive::new(files::open(plan, Origin::Found)?) else { return Ok(None) };
    let is_plan = archive.index_for_name(OWN_ENTRY).is_some();
    Ok(is_plan.then_some(archive))
}

/// Computes the hash of all entries but those of one name, in the order of their names.
fn hash_of_others(archive: &mut ZipArchive<File>, name: &str) -> io::Result<String> {
    let mut entries = Vec::new();
    for index in 0..archive.len() {
        let mut entry = archive.by_index_raw(index)?;
        let entry_name = entry.name()?.into_owned();
        if entry_name != name {
            let mut hash = Sha256::new();
            let mut buffer = vec![0; 1 << 16];
            loop {
                match entry.read(&mut buffer)? {
                    0 => break,
                    length => hash.update(&buffer[..length]),
                }
            }
            let hash = hash.finalize();
            entries.push((entry_name, entry.size(), hash));
        }
    }
    entries.sort();
    let mut whole = Sha256::new();
    for (name, size, hash) in entries {
        whole.update(format!("{}:{name}:{size}:", name.len()));
        whole.update(hash);
    }
    Ok(whole.finalize().iter().fold(String::new(), |mut text, byte| {
        // Writing into a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    }))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};

    use super::*;

    const NAME: &str = "divvy.json";

    fn archive(path: &Path, entries: &[(&str, &str)]) {
        let mut writer = ZipWriter::new(File::create(path).unwrap());
        for (name, content) in entries {
            writer.start_file(*name, SimpleFileOptions::default()).unwrap();
            writer.write_all(content.as_bytes()).unwrap();
        }
        writer.finish().unwrap();
    }

    fn text(path: &Path, name: &str) -> String {
        let mut text = String::new();
        let mut archive = ZipArchive::new(File::open(path).unwrap()).unwrap();
        archive.by_name(name).unwrap().read_to_string(&mut text).unwrap();
        text
    }

    #[test]
    fn an_entry_is_added_and_everything_else_stays_as_it_was() {
        let directory = tempfile::tempdir().unwrap();
        let plan = directory.path().join("plan");
        archive(&plan, &[("tfplan", "one"), ("tfstate", &"two".repeat(1000))]);
        fs::set_permissions(&plan, fs::Permissions::from_mode(0o640)).unwrap();
        assert_eq!(attached(&plan, NAME).unwrap(), None);
        for content in ["first", "second"] {
            let mut told = String::new();
            let added = attach(&plan, NAME, |hash| {
                hash.clone_into(&mut told);
                content.into()
            });
            assert_eq!(added.unwrap(), Attached::Inside);
            let entry = attached(&plan, NAME).unwrap().unwrap();
            assert_eq!(entry, Entry { content: content.into(), hash_of_others: told });
        }
        assert_eq!(
            (text(&plan, "tfplan"), text(&plan, "tfstate")),
            ("one".to_owned(), "two".repeat(1000))
        );
        assert_eq!(fs::metadata(&plan).unwrap().mode() & 0o777, 0o640);
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
    }

    #[test]
    fn any_change_of_another_entry_changes_the_hash() {
        let directory = tempfile::tempdir().unwrap();
        let plan = directory.path().join("plan");
        let mut hashes = std::collections::BTreeSet::new();
        for entries in [
            &[("tfplan", "one"), ("a", "x")][..],
            &[("tfplan", "other"), ("a", "x")],
            &[("tfplan", "one"), ("a", "y")],
            &[("tfplan", "one"), ("b", "x")],
            &[("tfplan", "one")],
        ] {
            archive(&plan, entries);
            assert_eq!(attach(&plan, NAME, |_| b"x".to_vec()).unwrap(), Attached::Inside);
            hashes.insert(attached(&plan, NAME).unwrap().unwrap().hash_of_others);
        }
        assert_eq!(hashes.len(), 5);
        archive(&plan, &[("a", "x"), ("tfplan", "one")]);
        let _ = attach(&plan, NAME, |_| b"x".to_vec()).unwrap();
        assert!(
            hashes.contains(&attached(&plan, NAME).unwrap().unwrap().hash_of_others),
            "order is none"
        );
    }

    #[test]
    fn what_is_no_plan_in_an_archive_is_left_alone() {
        let directory = tempfile::tempdir().unwrap();
        let at = |name: &str| directory.path().join(name);
        archive(&at("plan"), &[("tfplan", "one")]);
        std::os::unix::fs::symlink(at("plan"), at("link")).unwrap();
        archive(&at("other.zip"), &[("a", "x")]);
        fs::write(at("encrypted"), r#"{"meta":1}"#).unwrap();
        fs::write(at("empty"), "").unwrap();
        rustix::fs::mknodat(
            rustix::fs::CWD,
            at("fifo"),
            rustix::fs::FileType::Fifo,
            rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR,
            0,
        )
        .unwrap();
        for (name, expected) in [
            ("link", Attached::NoArchive),
            ("other.zip", Attached::NoArchive),
            ("encrypted", Attached::NoArchive),
            ("empty", Attached::NoArchive),
            ("fifo", Attached::NoFile),
            (".", Attached::NoFile),
            ("missing", Attached::NoFile),
        ] {
            assert_eq!(attach(&at(name), NAME, |_| b"x".to_vec()).unwrap(), expected, "{name}");
        }
        assert_eq!(attach(Path::new("/dev/null"), NAME, |_| Vec::new()).unwrap(), Attached::NoFile);
        assert!(fs::symlink_metadata(at("link")).unwrap().is_symlink());
        assert_eq!(attached(&at("plan"), NAME).unwrap(), None);
        assert_eq!(attached(&at("fifo"), NAME).unwrap(), None);
    }
}
