//! Reads and writes files by name: the one door, for every room.
//!
//! Who chose a path decides what may lie there ([`Origin`]). Never waits for a pipe or a device that
//! lies under a name which nobody typed, and never writes through a link. Invariant: what is returned
//! was a whole file of at most [`LARGEST`] bytes, and text is valid UTF-8 without a mark, however the
//! file spells it.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Read as _, Write as _};
use std::path::Path;

use divvy_os::files as system;

/// The largest file that is read. Plans and states of the largest configurations stay below a tenth
/// of it.
pub const LARGEST: u64 = 512 << 20;

/// Who chose a path, which decides what may lie there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The user typed it: anything that can be read, such as `<(command)`, `/dev/stdin`, or `-` for
    /// standard input. A read may take as long as its writer likes, so the caller makes it beside the
    /// interrupt.
    Typed,
    /// A name that is looked for in a checkout or a home directory: a regular file, or a link to one.
    Found,
    /// A file of ours in a checkout: a regular file, never behind a link.
    Ours,
    /// A file of ours in a directory that other users share, such as the temporary one: as
    /// [`Origin::Ours`], and it belongs to this user.
    Private,
}

/// Opens a file for reading.
///
/// # Errors
/// The operating system's, and one that says what lies there instead of a file.
pub fn open(path: &Path, origin: Origin) -> io::Result<File> {
    if origin == Origin::Typed {
        return File::open(path);
    }
    opened(OpenOptions::new().read(true), path, origin)
}

/// Opens a file of ours for appending, and makes it if there is none: a lock, a journal.
///
/// # Errors
/// As [`open`].
pub fn append(path: &Path) -> io::Result<File> {
    opened(OpenOptions::new().append(true).create(true), path, Origin::Ours)
}

/// Reads a whole file.
///
/// # Errors
/// As [`open`], and for a file that is larger than [`LARGEST`].
pub fn read(path: &Path, origin: Origin) -> io::Result<Vec<u8>> {
    if origin == Origin::Typed && path.as_os_str() == "-" {
        return read_bounded(io::stdin().lock(), LARGEST);
    }
    read_bounded(open(path, origin)?, LARGEST)
}

/// Reads a whole file as text.
///
/// # Errors
/// As [`read`], and as [`text_of`].
pub fn read_text(path: &Path, origin: Origin) -> io::Result<String> {
    text_of(read(path, origin)?)
}

/// Makes text of a file's bytes, as [`divvy_core::text::decode`] does.
///
/// # Errors
/// Where the bytes are text in neither UTF-8 nor UTF-16.
pub fn text_of(bytes: Vec<u8>) -> io::Result<String> {
    let bytes = match String::from_utf8(bytes) {
        // Nearly all of it, and plans can be large.
        Ok(text) if !text.starts_with('\u{feff}') && !text.contains('\0') => return Ok(text),
        Ok(text) => text.into_bytes(),
        Err(error) => error.into_bytes(),
    };
    divvy_core::text::decode(&bytes).map_err(|error| {
        io::Error::new(ErrorKind::InvalidData, format!("{error}; save it as UTF-8"))
    })
}

/// Replaces a file of ours in a directory of ours, whatever lay under its name: a link is replaced,
/// not followed. Readers see the old content or the new one.
///
/// # Errors
/// The operating system's.
pub fn replace(path: &Path, content: &[u8]) -> io::Result<()> {
    let directory = path.parent().unwrap_or(Path::new("."));
    let mut file = tempfile::Builder::new();
    file.prefix(".divvy-");
    if let Some(permissions) = system::permissions(0o666) {
        // As any other new file: the user's umask takes from it.
        file.permissions(permissions);
    }
    let mut file = file.tempfile_in(directory).map_err(without_path)?;
    file.write_all(content).map_err(without_path)?;
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}

/// Returns the operating system's word alone: the temporary name means nothing to a reader.
fn without_path(error: io::Error) -> io::Error {
    if error.raw_os_error().is_some() { error } else { io::Error::from(error.kind()) }
}

/// Makes a directory of ours if there is none.
///
/// # Errors
/// The operating system's, and where something else lies there: a file, or a link to a directory.
pub fn make_directory(path: &Path) -> io::Result<()> {
    match fs::create_dir(path) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            let kind = fs::symlink_metadata(path)?.file_type();
            if kind.is_dir() { Ok(()) } else { Err(instead_of("a directory", kind)) }
        }
        made => made,
    }
}

fn opened(options: &mut OpenOptions, path: &Path, origin: Origin) -> io::Result<File> {
    let file = system::open_without_waiting(options, path, origin == Origin::Found)?;
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        return Err(instead_of("a file", metadata.file_type()));
    }
    if origin == Origin::Private && !system::is_of_this_user(&metadata) {
        return Err(io::Error::new(ErrorKind::PermissionDenied, "it belongs to another user"));
    }
    Ok(file)
}

fn instead_of(wanted: &str, kind: fs::FileType) -> io::Error {
    let found = match () {
        () if kind.is_dir() => "a directory",
        () if kind.is_symlink() => "a link",
        () if kind.is_file() => "a file",
        () => system::word_for(kind),
    };
    io::Error::new(ErrorKind::InvalidInput, format!("it is {found}, not {wanted}"))
}

fn read_bounded(from: impl io::Read, largest: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    from.take(largest + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > largest {
        let text = format!("it is larger than {} MiB", largest >> 20);
        return Err(io::Error::new(ErrorKind::FileTooLarge, text));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;
    use std::path::PathBuf;
    use std::process::Command;

    use super::*;

    const FOUND_BY_NAME: [Origin; 3] = [Origin::Found, Origin::Ours, Origin::Private];

    struct Place(tempfile::TempDir);

    impl Place {
        fn new() -> Self {
            Self(tempfile::tempdir().unwrap())
        }

        fn path(&self, name: &str) -> PathBuf {
            self.0.path().join(name)
        }

        fn file(&self, name: &str, content: &[u8]) -> PathBuf {
            fs::write(self.path(name), content).unwrap();
            self.path(name)
        }

        fn pipe(&self, name: &str) -> PathBuf {
            let path = self.path(name);
            assert!(Command::new("mkfifo").arg(&path).status().unwrap().success());
            path
        }
    }

    fn utf_16(text: &str, order: fn(u16) -> [u8; 2]) -> Vec<u8> {
        text.encode_utf16().flat_map(order).collect()
    }

    #[test]
    fn text_as_windows_writes_it_is_the_same_text() {
        let plain = "{\"name\": \"Büro\u{1F389}\"}\r\n";
        let marked = format!("\u{feff}{plain}");
        let mut spellings = vec![plain.as_bytes().to_vec(), marked.as_bytes().to_vec()];
        for order in [u16::to_le_bytes, u16::to_be_bytes] {
            spellings.extend([utf_16(plain, order), utf_16(&marked, order)]);
        }
        for bytes in spellings {
            assert_eq!(text_of(bytes.clone()).unwrap(), plain, "{bytes:?}");
        }
        assert_eq!(text_of(Vec::new()).unwrap(), "");
        assert_eq!(text_of(vec![0xFF, 0xFE]).unwrap(), "");
    }

    #[test]
    fn bytes_that_are_no_text_are_refused_and_never_repaired() {
        let lone_surrogate = [0xFF, 0xFE, 0x00, 0xD8];
        let odd = [0xFF, 0xFE, b'a', 0, b'b'];
        let utf_32 = [b'a', 0, 0, 0, b'b', 0, 0, 0];
        for bytes in [&b"B\xfcro"[..], b"PK\x03\x04\0\0\xff", &lone_surrogate, &odd, &utf_32] {
            let read = text_of(bytes.to_vec());
            assert!(
                read.as_ref().is_err_and(|error| error.to_string().contains("UTF-8")),
                "{bytes:?}: {read:?}"
            );
        }
    }

    #[test]
    fn a_pipe_under_a_name_that_nobody_typed_does_not_hang() {
        let place = Place::new();
        let pipe = place.pipe("errored.tfstate");
        symlink(&pipe, place.path("link")).unwrap();
        for origin in FOUND_BY_NAME {
            let error = read(&pipe, origin).unwrap_err();
            assert_eq!(error.to_string(), "it is a named pipe, not a file", "{origin:?}");
            read(&place.path("link"), origin).unwrap_err();
            read(Path::new("/dev/zero"), origin).unwrap_err();
            read(place.0.path(), origin).unwrap_err();
        }
        append(&pipe).unwrap_err();
    }

    #[test]
    fn what_belongs_to_another_user_is_never_read_in_a_place_that_users_share() {
        const NOBODY: u32 = 65_534;
        let place = Place::new();
        let own = place.file("owner", b"text");
        assert_eq!(read_text(&own, Origin::Private).unwrap(), "text");
        // Only root can give a file away; whoever is not root finds one of root's.
        let foreign = match std::os::unix::fs::chown(&own, Some(NOBODY), None) {
            Ok(()) => own,
            Err(_) => PathBuf::from("/etc/passwd"),
        };
        let error = read(&foreign, Origin::Private).unwrap_err().to_string();
        assert_eq!(error, "it belongs to another user");
        read(&foreign, Origin::Found).unwrap();
    }

    #[test]
    fn a_pipe_that_was_typed_is_read_to_its_end() {
        let place = Place::new();
        let pipe = place.pipe("pipe");
        let writer = std::thread::spawn({
            let pipe = pipe.clone();
            move || fs::write(pipe, "secret").unwrap()
        });
        assert_eq!(read_text(&pipe, Origin::Typed).unwrap(), "secret");
        writer.join().unwrap();
    }

    #[test]
    fn a_link_in_a_checkout_is_followed_unless_the_file_is_ours() {
        let place = Place::new();
        symlink(place.file("target", b"text"), place.path("link")).unwrap();
        let link = place.path("link");
        assert_eq!(read_text(&link, Origin::Found).unwrap(), "text");
        for origin in [Origin::Ours, Origin::Private] {
            let error = read(&link, origin).unwrap_err().to_string();
            assert!(error.contains("link"), "{error}");
        }
        append(&link).unwrap_err();
        assert_eq!(fs::read(place.path("target")).unwrap(), b"text");
    }

    #[test]
    fn what_is_replaced_is_the_name_and_not_what_a_link_leads_to() {
        let place = Place::new();
        symlink(place.file("victim", b"keep"), place.path("owner")).unwrap();
        replace(&place.path("owner"), b"ours").unwrap();
        assert_eq!(fs::read(place.path("victim")).unwrap(), b"keep");
        assert_eq!(read(&place.path("owner"), Origin::Ours).unwrap(), b"ours");
        let pipe = place.pipe("pipe");
        replace(&pipe, b"ours").unwrap();
        assert_eq!(read(&pipe, Origin::Ours).unwrap(), b"ours");
        assert_eq!(fs::read_dir(place.0.path()).unwrap().count(), 3, "nothing else is left");
    }

    #[test]
    fn a_link_is_no_directory_of_ours() {
        let place = Place::new();
        make_directory(&place.path("ours")).unwrap();
        make_directory(&place.path("ours")).unwrap();
        symlink(place.path("ours"), place.path("link")).unwrap();
        let error = make_directory(&place.path("link")).unwrap_err().to_string();
        assert_eq!(error, "it is a link, not a directory");
        make_directory(&place.file("file", b"")).unwrap_err();
    }

    #[test]
    fn a_file_without_end_is_not_read_for_ever() {
        let error = read_bounded(io::repeat(b'x'), 2 << 20).unwrap_err();
        assert_eq!(error.to_string(), "it is larger than 2 MiB");
        assert_eq!(read_bounded(io::repeat(b'x').take(2 << 20), 2 << 20).unwrap().len(), 2 << 20);
    }
}
