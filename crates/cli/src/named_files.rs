//! Writes files that a person or a pipeline named: the one function for all of them.
//!
//! A new or regular file is written whole beside its place and renamed, so it is never half there. What
//! is no regular file (a device, a FIFO, a descriptor of `/dev/fd`) is opened and written as it is.
//! Invariants: what stood there keeps its kind, a link stays a link, and a new file gets the mode that
//! the user's umask leaves.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use divvy_os::files as system;

/// How many links are followed, as in the kernel.
const MOST_LINKS: usize = 40;

/// How long a FIFO may wait for its reader.
const PATIENCE: Duration = Duration::from_secs(10);

/// Where the bytes go.
#[derive(Debug, PartialEq, Eq)]
enum Target {
    /// One of this process's own streams.
    Stdout,
    Stderr,
    /// Opened and written as it is.
    InPlace(PathBuf),
    /// Replaced by a whole file; the path is no link.
    Replaced(PathBuf),
}

/// Writes a file.
///
/// # Errors
/// When it cannot be opened or written; nothing is left half-written in a regular file then.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let written = match target(path)? {
        Target::Stdout => {
            let mut stdout = io::stdout().lock();
            stdout.write_all(bytes).and_then(|()| stdout.flush())
        }
        Target::Stderr => io::stderr().lock().write_all(bytes),
        Target::InPlace(path) => write_in_place(&path, bytes),
        Target::Replaced(path) => return replace(&path, bytes),
    };
    match written {
        // Whoever read has seen enough.
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        other => other,
    }
}

/// Follows links as far as they are ours to follow: what `/dev` and `/proc` hold are descriptors and
/// devices, and a link there may name a file that somebody has open.
fn target(path: &Path) -> io::Result<Target> {
    let mut path = path.to_owned();
    for _ in 0..MOST_LINKS {
        if let Some(stream) = stream(&path) {
            return Ok(stream);
        }
        match fs::symlink_metadata(&path) {
            Ok(metadata) if metadata.is_symlink() => {
                let next = fs::read_link(&path)?;
                let parent = path.parent().unwrap_or(Path::new(""));
                path = parent.join(next);
            }
            Ok(metadata) if metadata.is_file() => return Ok(Target::Replaced(path)),
            Ok(_) => return Ok(Target::InPlace(path)),
            Err(error) if error.kind() == ErrorKind::NotFound => {
                return Ok(Target::Replaced(path));
            }
            Err(error) => return Err(error),
        }
    }
    Err(io::Error::new(ErrorKind::InvalidInput, "it is a link that leads round and round"))
}

fn stream(path: &Path) -> Option<Target> {
    match path.to_str()? {
        "/dev/stdout" | "/dev/fd/1" | "/proc/self/fd/1" => Some(Target::Stdout),
        "/dev/stderr" | "/dev/fd/2" | "/proc/self/fd/2" => Some(Target::Stderr),
        _ => system::is_device(path).then(|| Target::InPlace(path.to_owned())),
    }
}

/// Writes behind what is there: a descriptor may lead to a file that others write as well.
fn write_in_place(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = open_in_place(path)?;
    file.write_all(bytes)?;
    file.flush()
}

/// Opens without waiting for ever: a FIFO that nobody reads is an error after a while.
fn open_in_place(path: &Path) -> io::Result<File> {
    let begun = Instant::now();
    loop {
        if let Some(file) = system::open_for_appending(path)? {
            return Ok(file);
        }
        if begun.elapsed() >= PATIENCE {
            return Err(io::Error::new(ErrorKind::TimedOut, "no program reads from it"));
        }
        thread::sleep(Duration::from_millis(20));
    }
}

/// Writes a whole file beside the place and renames it. Where that is not possible, because the
/// directory is not writable, the file is mounted, or it has a second name, it is written as it is.
fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let directory =
        path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let existing = fs::metadata(path).ok();
    if existing.as_ref().is_some_and(system::has_other_names) {
        return overwrite(path, bytes);
    }
    let mode = existing.as_ref().map_or(0o666, system::mode);
    let mut made = tempfile::Builder::new();
    // The umask takes its part of the mode of a new file.
    if let Some(permissions) = system::permissions(if existing.is_some() { 0o600 } else { mode }) {
        made.permissions(permissions);
    }
    let made = made.tempfile_in(directory);
    let mut file = match made {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::PermissionDenied && existing.is_some() => {
            return overwrite(path, bytes);
        }
        Err(error) => return Err(error),
    };
    file.write_all(bytes)?;
    if let Some(permissions) = existing.as_ref().and_then(|_| system::permissions(mode)) {
        file.as_file().set_permissions(permissions)?;
    }
    file.as_file().sync_all()?;
    match file.persist(path) {
        Ok(_) => Ok(()),
        Err(error) if existing.is_some() && error.error.kind() == ErrorKind::ResourceBusy => {
            overwrite(path, bytes)
        }
        Err(error) => Err(error.error),
    }
}

fn overwrite(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).truncate(true).open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use std::fs::Permissions;
    use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _, PermissionsExt as _, symlink};

    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().mode() & 0o777
    }

    #[test]
    fn a_device_a_fifo_and_a_descriptor_are_written_and_stay_what_they_are() {
        let directory = tempfile::tempdir().unwrap();
        let fifo = directory.path().join("fifo");
        rustix::fs::mknodat(
            rustix::fs::CWD,
            &fifo,
            rustix::fs::FileType::Fifo,
            rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR,
            0,
        )
        .unwrap();
        let link = directory.path().join("link");
        symlink(&fifo, &link).unwrap();
        for path in [&fifo, &link] {
            let reader = {
                let fifo = fifo.clone();
                thread::spawn(move || fs::read_to_string(fifo).unwrap())
            };
            write(path, b"text").unwrap();
            assert_eq!(reader.join().unwrap(), "text");
            assert!(fs::metadata(&fifo).unwrap().file_type().is_fifo());
        }
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        write(Path::new("/dev/null"), b"text").unwrap();
        assert!(fs::metadata("/dev/null").unwrap().file_type().is_char_device());
        let null = directory.path().join("null");
        symlink("/dev/null", &null).unwrap();
        write(&null, b"text").unwrap();
        assert!(fs::symlink_metadata(&null).unwrap().is_symlink());
        assert_eq!(target(Path::new("/dev/stdout")).unwrap(), Target::Stdout);
        let out = directory.path().join("out");
        symlink("/dev/stdout", &out).unwrap();
        assert_eq!(target(&out).unwrap(), Target::Stdout);
    }

    #[test]
    fn a_link_stays_a_link_and_what_it_leads_to_gets_the_text() {
        let directory = tempfile::tempdir().unwrap();
        let path = |name: &str| directory.path().join(name);
        fs::create_dir(path("below")).unwrap();
        fs::write(path("below/file"), "old and longer").unwrap();
        fs::set_permissions(path("below/file"), Permissions::from_mode(0o640)).unwrap();
        symlink("below/file", path("link")).unwrap();
        symlink("link", path("link-to-link")).unwrap();
        symlink("below/new", path("dangling")).unwrap();
        symlink("round", path("round")).unwrap();
        for (name, file) in
            [("link", "below/file"), ("link-to-link", "below/file"), ("dangling", "below/new")]
        {
            write(&path(name), name.as_bytes()).unwrap();
            assert!(fs::symlink_metadata(path(name)).unwrap().is_symlink(), "{name}");
            assert_eq!(fs::read_to_string(path(file)).unwrap(), name);
        }
        assert_eq!(mode(&path("below/file")), 0o640);
        write(&path("round"), b"x").unwrap_err();
        // A second name of the file sees the text, too.
        fs::hard_link(path("below/file"), path("second")).unwrap();
        write(&path("below/file"), b"again").unwrap();
        assert_eq!(fs::read_to_string(path("second")).unwrap(), "again");
    }

    #[test]
    fn a_new_file_has_the_mode_that_any_program_would_give_it() {
        let directory = tempfile::tempdir().unwrap();
        let (ours, theirs) = (directory.path().join("ours"), directory.path().join("theirs"));
        write(&ours, b"text").unwrap();
        fs::write(&theirs, "text").unwrap();
        assert_eq!(mode(&ours), mode(&theirs));
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 2);
    }
}
