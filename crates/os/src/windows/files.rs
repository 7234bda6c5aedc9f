//! Files: no modes, no pipes among them, and links that few may make.
//!
//! Who may read a file is decided by the directory that it lies in: a user's temporary and settings
//! directories are that user's own.

use std::fs::{File, FileType, Metadata, OpenOptions, Permissions};
use std::io;
use std::os::windows::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

/// `FILE_FLAG_OPEN_REPARSE_POINT`: opens a link itself.
const OPEN_LINK_ITSELF: u32 = 0x0020_0000;
/// `FILE_ATTRIBUTE_REPARSE_POINT`.
const IS_LINK: u32 = 0x0400;

/// Opens a file; named pipes lie elsewhere than files here.
///
/// # Errors
/// The system's, and `InvalidInput` where a link is not to be followed.
pub fn open_without_waiting(
    options: &mut OpenOptions,
    path: &Path,
    follows_links: bool,
) -> io::Result<File> {
    if follows_links {
        return options.open(path);
    }
    let file = options.custom_flags(OPEN_LINK_ITSELF).open(path)?;
    if file.metadata()?.file_attributes() & IS_LINK != 0 {
        let text = "it is a link, where only a file is read";
        return Err(io::Error::new(io::ErrorKind::InvalidInput, text));
    }
    Ok(file)
}

/// Opens what lies there for writing behind its end.
///
/// # Errors
/// The system's.
pub fn open_for_appending(path: &Path) -> io::Result<Option<File>> {
    OpenOptions::new().write(true).open(path).map(Some)
}

/// Returns whether a name is that of a device (`NUL`, `CON`, `COM1`), whatever lies there.
pub fn is_device(path: &Path) -> bool {
    const NAMES: [&str; 6] = ["NUL", "CON", "CONOUT$", "CONIN$", "AUX", "PRN"];
    let name = path.file_name().unwrap_or_default().to_string_lossy().to_uppercase();
    let is_numbered = ["COM", "LPT"].iter().any(|port| {
        name.strip_prefix(port).is_some_and(|rest| matches!(rest.as_bytes(), [b'1'..=b'9']))
    });
    NAMES.contains(&name.as_str()) || is_numbered || path.starts_with(r"\\.\")
}

/// Returns whether a file belongs to the user of this process: the directories that are asked about
/// are the user's own.
pub fn is_of_this_user(_metadata: &Metadata) -> bool {
    true
}

/// Returns whether a file has further names; they are not counted here.
pub fn has_other_names(_metadata: &Metadata) -> bool {
    false
}

/// Names what is neither file, directory nor link.
pub fn word_for(_kind: FileType) -> &'static str {
    "a device"
}

/// Returns a mode as permissions: there are none.
pub fn permissions(_mode: u32) -> Option<Permissions> {
    None
}

/// Returns a file's mode: there is none.
pub fn mode(_metadata: &Metadata) -> u32 {
    0
}

/// Makes directories; below a user's own ones nobody else may enter them.
///
/// # Errors
/// The system's.
pub fn make_private_directories(path: &Path) -> io::Result<()> {
    std::fs::create_dir_all(path)
}

/// Returns a path without links and `..`, and without `\\?\` where it can do without: Terraform and
/// shells do not know that.
///
/// # Errors
/// The system's.
pub fn canonical(path: &Path) -> io::Result<PathBuf> {
    dunce::canonicalize(path)
}

/// Makes `place` lead to a program: symbolic links are for administrators and developers here, so it
/// is a second name, or a copy on another drive.
///
/// # Errors
/// The system's.
pub fn link_or_copy(program: &Path, place: &Path) -> io::Result<()> {
    std::fs::hard_link(program, place).or_else(|_| std::fs::copy(program, place).map(|_| ()))
}

/// Does nothing: no directory is opened as a file here.
///
/// # Errors
/// None.
pub fn sync_directory(_path: &Path) -> io::Result<()> {
    Ok(())
}

/// Reports whether a file system has no room for one more file; a write says so by itself here.
pub fn is_full(_place: &Path) -> bool {
    false
}

/// Makes a file without a name, in memory: there is no such.
pub fn unnamed() -> Option<File> {
    None
}
