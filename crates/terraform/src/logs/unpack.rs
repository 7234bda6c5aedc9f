//! Takes an input out of gzip, ZIP and tar, also of one in the other, and gives each text within.
//!
//! Never trusts what an archive says of its size. Invariant: no more than [`MOST_BYTES`] are
//! expanded of one input, whatever it holds.

use std::cell::Cell;
use std::io::{self, Read, Seek as _, Write as _};

use flate2::read::MultiGzDecoder;
use zip::ZipArchive;

/// The bytes by which an input is known.
pub(super) const HEAD: usize = 512;
/// More than any log; an archive of a megabyte can hold a thousand times as much.
const MOST_BYTES: u64 = 1 << 30;
/// Beyond this, an archive is not copied to where it can be read from its end.
const MOST_PACKED: u64 = 256 << 20;
const MOST_ENTRIES: usize = 5_000;
/// Archives within archives.
const DEEPEST: usize = 4;

/// What is to be said of the packing, as sentences.
#[derive(Debug, Default)]
pub(super) struct Packing {
    pub(super) notes: Vec<String>,
}

/// A text that was unpacked: its first bytes, and all of it.
pub(super) type Text<'a> = (&'a [u8], &'a mut dyn Read);

/// Gives each text of an input in its order.
///
/// # Errors
/// What `input` or `give` fail with. An archive that is damaged is noted and read as far as it goes.
pub(super) fn each_text(
    input: impl Read,
    packing: &mut Packing,
    give: &mut dyn FnMut(Text<'_>) -> io::Result<()>,
) -> io::Result<()> {
    let bounds = Bounds { left: Cell::new(MOST_BYTES), is_spent: Cell::new(false) };
    let mut input = Fused { inner: input, is_ended: false, is_failed: false };
    let result = unpack(&mut input, &bounds, 0, packing, give);
    if bounds.is_spent.get() {
        packing.notes.push(format!(
            "The archive holds more than {} MB: the rest was not read.",
            MOST_BYTES >> 20
        ));
    }
    match result {
        // The archive ends or is damaged; the input itself did not fail.
        Err(error) if is_damage(&error) && !input.is_failed => {
            packing.notes.push("The archive is damaged: there may be more failures.".to_owned());
            Ok(())
        }
        result => result,
    }
}

fn is_damage(error: &io::Error) -> bool {
    use io::ErrorKind::{InvalidData, InvalidInput, UnexpectedEof};
    matches!(error.kind(), InvalidData | InvalidInput | UnexpectedEof)
}

struct Bounds {
    left: Cell<u64>,
    is_spent: Cell<bool>,
}

/// Ends an expansion when the bound is reached.
struct Bounded<'b, R> {
    inner: R,
    bounds: &'b Bounds,
}

impl<R: Read> Read for Bounded<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = self.bounds.left.get();
        if left == 0 {
            self.bounds.is_spent.set(true);
            return Ok(0);
        }
        let most = buffer.len().min(usize::try_from(left).unwrap_or(usize::MAX));
        let length = self.inner.read(&mut buffer[..most])?;
        self.bounds.left.set(left - length as u64);
        Ok(length)
    }
}

/// An end is remembered: a terminal that is read again waits for a second one.
struct Fused<R> {
    inner: R,
    is_ended: bool,
    is_failed: bool,
}

impl<R: Read> Read for Fused<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.is_ended || buffer.is_empty() {
            return Ok(0);
        }
        let result = self.inner.read(buffer);
        self.is_ended = matches!(result, Ok(0));
        let is_repeated = |error: &io::Error| error.kind() == io::ErrorKind::Interrupted;
        self.is_failed |= result.as_ref().is_err_and(|error| !is_repeated(error));
        result
    }
}

fn unpack(
    input: &mut dyn Read,
    bounds: &Bounds,
    depth: usize,
    packing: &mut Packing,
    give: &mut dyn FnMut(Text<'_>) -> io::Result<()>,
) -> io::Result<()> {
    let mut head = Vec::with_capacity(HEAD);
    (&mut *input).take(HEAD as u64).read_to_end(&mut head)?;
    let mut input = (&head[..]).chain(input);
    let is_packed = depth < DEEPEST;
    if is_packed && head.starts_with(b"\x1f\x8b") {
        let decoder = MultiGzDecoder::new(io::BufReader::new(input));
        let mut inner = Bounded { inner: decoder, bounds };
        return unpack(&mut inner, bounds, depth + 1, packing, give);
    }
    if is_packed && head.starts_with(b"PK\x03\x04") {
        return unpack_zip(&mut input, bounds, depth, packing, give);
    }
    if is_packed && head.get(TAR_MAGIC) == Some(b"ustar") {
        return unpack_tar(&mut input, bounds, depth, packing, give);
    }
    give((&head, &mut input))
}

/// Where a tar archive says that it is one.
const TAR_MAGIC: std::ops::Range<usize> = 257..262;

/// Gives each file of a tar archive (POSIX, "ustar Interchange Format").
fn unpack_tar(
    mut input: &mut dyn Read,
    bounds: &Bounds,
    depth: usize,
    packing: &mut Packing,
    give: &mut dyn FnMut(Text<'_>) -> io::Result<()>,
) -> io::Result<()> {
    const BLOCK: usize = 512;
    const SIZE: std::ops::Range<usize> = 124..136;
    const KIND: usize = 156;
    let mut header = [0; BLOCK];
    loop {
        input.read_exact(&mut header)?;
        let size = String::from_utf8_lossy(&header[SIZE]);
        let size = size.trim_matches(['\0', ' ']);
        if header.get(TAR_MAGIC) != Some(b"ustar") {
            return Ok(());
        }
        let size = u64::from_str_radix(size, 8).map_err(|_| io::ErrorKind::InvalidData)?;
        let mut entry = (&mut input).take(size.next_multiple_of(BLOCK as u64));
        if matches!(header[KIND], b'0' | 0) {
            unpack(&mut (&mut entry).take(size), bounds, depth + 1, packing, give)?;
        }
        io::copy(&mut entry, &mut io::sink())?;
    }
}

fn unpack_zip(
    input: &mut dyn Read,
    bounds: &Bounds,
    depth: usize,
    packing: &mut Packing,
    give: &mut dyn FnMut(Text<'_>) -> io::Result<()>,
) -> io::Result<()> {
    // The list of its entries stands at its end. The file has no name and goes with its handle.
    let mut file = tempfile::tempfile()?;
    let copied = io::copy(&mut input.take(MOST_PACKED), &mut file)?;
    if copied == MOST_PACKED {
        bounds.is_spent.set(true);
    }
    file.flush()?;
    file.rewind()?;
    let mut archive = ZipArchive::new(io::BufReader::new(file))?;
    if archive.len() > MOST_ENTRIES {
        bounds.is_spent.set(true);
    }
    for place in 0..archive.len().min(MOST_ENTRIES) {
        let entry = match archive.by_index(place) {
            Ok(entry) => entry,
            Err(error) => {
                packing.notes.push(format!("An entry of the archive cannot be read: {error}."));
                continue;
            }
        };
        if !entry.is_file() {
            continue;
        }
        let mut inner = Bounded { inner: entry, bounds };
        match unpack(&mut inner, bounds, depth + 1, packing, give) {
            Err(error) if is_damage(&error) => {
                packing.notes.push(
                    "An entry of the archive is damaged: there may be more failures.".to_owned(),
                );
            }
            result => result?,
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use flate2::Compression;
    use flate2::write::GzEncoder;
    use zip::ZipWriter;
    use zip::write::SimpleFileOptions;

    use super::*;

    pub(super) fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn zipped(entries: &[&[u8]]) -> Vec<u8> {
        let mut writer = ZipWriter::new(io::Cursor::new(Vec::new()));
        writer.add_directory("job", SimpleFileOptions::default()).unwrap();
        for (number, bytes) in entries.iter().enumerate() {
            writer.start_file(format!("job/{number}.txt"), SimpleFileOptions::default()).unwrap();
            writer.write_all(bytes).unwrap();
        }
        writer.finish().unwrap().into_inner()
    }

    fn texts(bytes: &[u8]) -> (Vec<String>, Vec<String>) {
        let (mut texts, mut packing) = (Vec::new(), Packing::default());
        each_text(bytes, &mut packing, &mut |(_, input)| {
            let mut text = Vec::new();
            let result = input.read_to_end(&mut text);
            texts.push(String::from_utf8(text).unwrap());
            result.map(|_| ())
        })
        .unwrap();
        (texts, packing.notes)
    }

    #[test]
    fn gzip_and_zip_in_each_other_give_each_text_once() {
        for (bytes, expected) in [
            (b"plain".to_vec(), vec!["plain"]),
            (Vec::new(), vec![""]),
            (gzip(b"a"), vec!["a"]),
            ([gzip(b"a"), gzip(b"b")].concat(), vec!["ab"]),
            (zipped(&[b"a", b"b"]), vec!["a", "b"]),
            (zipped(&[&gzip(b"a"), &zipped(&[b"b"])]), vec!["a", "b"]),
        ] {
            assert_eq!(
                texts(&bytes),
                (expected.into_iter().map(str::to_owned).collect(), Vec::new())
            );
        }
    }

    #[test]
    fn a_cut_archive_is_read_as_far_as_it_goes_and_said() {
        let long: Vec<u8> = (0_u32..20_000)
            .flat_map(|number| format!("{}\n", number.wrapping_mul(2_654_435_761)).into_bytes())
            .collect();
        let packed = gzip(&long);
        let (found, notes) = texts(&packed[..packed.len() / 2]);
        assert!(found[0].len() > 1000, "{}", found[0].len());
        assert_eq!(notes.len(), 1);
        let packed = zipped(&[b"a"]);
        assert_eq!(texts(&packed[..packed.len() - 30]).1.len(), 1);
    }

    #[test]
    fn a_bomb_ends_at_the_bound() {
        let bounds = Bounds { left: Cell::new(1000), is_spent: Cell::new(false) };
        let mut packing = Packing::default();
        let mut length = 0;
        let bomb = zipped(&[&gzip(&vec![b'a'; 1 << 20]), b"more"]);
        unpack(&mut &bomb[..], &bounds, 0, &mut packing, &mut |(_, input)| {
            length += input.read_to_end(&mut Vec::new())?;
            Ok(())
        })
        .unwrap();
        assert!(length <= 1000 && bounds.is_spent.get(), "{length}");
    }
}
