//! Files: opened without waiting for a pipe, with a mode, in the name of a user.

use std::fs::{DirBuilder, File, FileType, Metadata, OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::{
    DirBuilderExt as _, FileTypeExt as _, MetadataExt as _, OpenOptionsExt as _,
    PermissionsExt as _,
};
use std::path::{Path, PathBuf};

use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};
use rustix::io::Errno;

/// Opens a file; a pipe or a device is opened without waiting for its other end.
///
/// # Errors
/// The system's, and `InvalidInput` where a link is not to be followed or nobody reads a pipe.
pub fn open_without_waiting(
    options: &mut OpenOptions,
    path: &Path,
    follows_links: bool,
) -> io::Result<File> {
    let mut flags = OFlags::NONBLOCK | OFlags::NOCTTY;
    if !follows_links {
        flags |= OFlags::NOFOLLOW;
    }
    let wrong = |text| io::Error::new(io::ErrorKind::InvalidInput, text);
    options.custom_flags(flags.bits().cast_signed()).open(path).map_err(|error| {
        match error.raw_os_error().map(Errno::from_raw_os_error) {
            Some(Errno::LOOP) if !follows_links => wrong("it is a link, where only a file is read"),
            Some(Errno::NXIO) => wrong("it is a pipe or a device, where only a file is read"),
            _ => error,
        }
    })
}

/// Opens what lies there for writing behind its end; nothing while a pipe has no reader.
///
/// # Errors
/// The system's.
pub fn open_for_appending(path: &Path) -> io::Result<Option<File>> {
    let flags = OFlags::NONBLOCK.bits().cast_signed();
    match OpenOptions::new().append(true).custom_flags(flags).open(path) {
        Ok(file) => {
            let flags = fcntl_getfl(&file)?;
            fcntl_setfl(&file, flags - OFlags::NONBLOCK)?;
            Ok(Some(file))
        }
        Err(error) if error.raw_os_error() == Some(Errno::NXIO.raw_os_error()) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Returns whether a name is that of a device or a descriptor, whatever lies there.
pub fn is_device(path: &Path) -> bool {
    path.starts_with("/dev") || path.starts_with("/proc")
}

/// Returns whether a file belongs to the user of this process.
pub fn is_of_this_user(metadata: &Metadata) -> bool {
    metadata.uid() == rustix::process::geteuid().as_raw()
}

/// Returns whether a file has further names, which a new file in its place would not have.
pub fn has_other_names(metadata: &Metadata) -> bool {
    metadata.nlink() > 1
}

/// Names what is neither file, directory nor link.
pub fn word_for(kind: FileType) -> &'static str {
    match () {
        () if kind.is_fifo() => "a named pipe",
        () if kind.is_socket() => "a socket",
        () => "a device",
    }
}

/// Returns a mode as permissions, where files have modes.
pub fn permissions(mode: u32) -> Option<Permissions> {
    Some(Permissions::from_mode(mode))
}

/// Returns a file's mode.
pub fn mode(metadata: &Metadata) -> u32 {
    metadata.mode() & 0o7777
}

/// Makes directories that nobody else may enter.
///
/// # Errors
/// The system's.
pub fn make_private_directories(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)
}

/// Returns a path without links and `..`.
///
/// # Errors
/// The system's.
pub fn canonical(path: &Path) -> io::Result<PathBuf> {
    path.canonicalize()
}

/// Makes `place` lead to a program.
///
/// # Errors
/// The system's.
pub fn link_or_copy(program: &Path, place: &Path) -> io::Result<()> {
    std::os::unix::fs::symlink(program, place)
}

/// Waits until the names in a directory are on the disk.
///
/// # Errors
/// The system's.
pub fn sync_directory(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

/// Reports whether a file system has no room for one more file: no space, or no inode.
pub fn is_full(place: &Path) -> bool {
    rustix::fs::statvfs(place)
        .is_ok_and(|room| room.f_bavail == 0 || (room.f_files > 0 && room.f_favail == 0))
}

/// Makes a file without a name, in memory; nothing where the system has no such.
pub fn unnamed() -> Option<File> {
    #[cfg(target_os = "linux")]
    {
        let made = rustix::fs::memfd_create("divvy", rustix::fs::MemfdFlags::CLOEXEC);
        made.ok().map(File::from)
    }
    #[cfg(not(target_os = "linux"))]
    None
}
