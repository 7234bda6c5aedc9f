//! Makes text lines of a log's bytes: UTF-8, UTF-16 with or without a mark, other bytes as code
//! page 1252, in constant memory.
//!
//! Never looks at what a line says. Invariant: line numbers count line feeds of the input, and no
//! line is longer than [`LONGEST_LINE`]: a longer one comes in pieces.

use std::borrow::Cow;
use std::io::{self, Read};

use encoding_rs::{Decoder, Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};

use super::seek;

/// No diagnostic comes near it.
pub(super) const LONGEST_LINE: usize = 4 << 20;
/// How much is read at once.
const CHUNK: usize = 64 << 10;
const UTF_8_MARK: &[u8] = b"\xEF\xBB\xBF";

/// What decoding did to a line, for the damage of a failure that stands in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Harm {
    /// Nothing: the text is what was written.
    None,
    /// Bytes that are no UTF-8 and letters in code page 1252.
    Guessed,
    /// Bytes that are no text in the log's encoding.
    Lost,
}

/// The lines of an input.
pub(super) struct Lines<R> {
    input: R,
    /// Turns UTF-16 into UTF-8; `None` for bytes that are passed as they are.
    decoder: Option<Decoder>,
    is_exhausted: bool,
    chunk: Vec<u8>,
    /// Bytes not yet given out: `text[at..]`, without a line feed before `searched`.
    text: Vec<u8>,
    at: usize,
    searched: usize,
    number: usize,
}

/// Where a line stands, and how sound it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// From 1.
    pub(super) number: usize,
    /// False for a last line that no line feed ends, which may be cut, and for a piece of a line.
    pub(super) is_ended: bool,
    pub(super) harm: Harm,
}

/// One line, without its line end.
pub(super) struct Line<'a> {
    pub(super) text: Cow<'a, str>,
    pub(super) place: Place,
}

impl<R: Read> Lines<R> {
    /// `head` is the beginning of the input, by which the encoding is known.
    pub(super) fn new(head: &[u8], input: R) -> Self {
        Self {
            input,
            decoder: encoding_of(head).map(Encoding::new_decoder),
            is_exhausted: false,
            chunk: vec![0; CHUNK],
            text: Vec::new(),
            at: 0,
            searched: 0,
            number: 1,
        }
    }

    /// Number of the line that is being read.
    pub(super) fn number(&self) -> usize {
        self.number
    }

    /// Returns the next line; `None` at the end.
    pub(super) fn next(&mut self) -> io::Result<Option<Line<'_>>> {
        loop {
            if let Some(end) = memchr::memchr(b'\n', &self.text[self.searched..]) {
                return Ok(Some(self.give(self.searched + end, true)));
            }
            self.searched = self.text.len();
            if self.text.len() - self.at >= LONGEST_LINE {
                return Ok(Some(self.give(self.text.len(), false)));
            }
            if self.is_exhausted {
                return Ok((self.at < self.text.len()).then(|| self.give(self.text.len(), false)));
            }
            self.fill()?;
        }
    }

    fn give(&mut self, end: usize, is_ended: bool) -> Line<'_> {
        let (start, number) = (self.at, self.number);
        self.at = end + usize::from(is_ended);
        self.searched = self.at;
        self.number += usize::from(is_ended);
        let mut bytes = &self.text[start..end];
        if number == 1 {
            bytes = bytes.strip_prefix(UTF_8_MARK).unwrap_or(bytes);
        }
        to_text(bytes.strip_suffix(b"\r").unwrap_or(bytes), number, is_ended)
    }

    /// Reads another chunk behind what has not been given out.
    fn fill(&mut self) -> io::Result<()> {
        self.text.drain(..self.at);
        self.searched -= self.at;
        self.at = 0;
        let length = loop {
            match self.input.read(&mut self.chunk) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                result => break result?,
            }
        };
        self.is_exhausted = length == 0;
        let chunk = &self.chunk[..length];
        match &mut self.decoder {
            None => self.text.extend_from_slice(chunk),
            Some(decoder) => decode(decoder, chunk, self.is_exhausted, &mut self.text),
        }
        Ok(())
    }
}

/// Appends the decoded chunk; what is no text becomes U+FFFD.
fn decode(decoder: &mut Decoder, mut bytes: &[u8], is_last: bool, text: &mut Vec<u8>) {
    let mut buffer = [0_u8; 8 << 10];
    loop {
        let (result, read, written, _) = decoder.decode_to_utf8(bytes, &mut buffer, is_last);
        text.extend_from_slice(&buffer[..written]);
        bytes = &bytes[read..];
        if result == encoding_rs::CoderResult::InputEmpty {
            return;
        }
    }
}

/// Tells UTF-16 from its mark, or from zero bytes in every other place; `None` = bytes as they are.
fn encoding_of(head: &[u8]) -> Option<&'static Encoding> {
    if let Some((encoding, _)) = Encoding::for_bom(head) {
        return (encoding != UTF_8).then_some(encoding);
    }
    let head = &head[..head.len() & !1];
    let [first, second, ..] = head else {
        return None;
    };
    let zeros = |offset: usize| head.iter().skip(offset).step_by(2).filter(|&&b| b == 0).count();
    let half = head.len() / 2;
    match (zeros(0), zeros(1)) {
        (0, odd) if *second == 0 && odd * 2 > half => Some(UTF_16LE),
        (even, 0) if *first == 0 && even * 2 > half => Some(UTF_16BE),
        _ => None,
    }
}

fn to_text(bytes: &[u8], number: usize, is_ended: bool) -> Line<'_> {
    let (text, harm) = match std::str::from_utf8(bytes) {
        Ok(text) if !is_harmed(text) => (Cow::Borrowed(text), Harm::None),
        result => repaired(bytes, result.err().is_some_and(|error| error.error_len().is_some())),
    };
    Line { text, place: Place { number, is_ended, harm } }
}

/// True for a text that somebody else decoded badly, or that is half of UTF-16.
fn is_harmed(text: &str) -> bool {
    seek::has(text, 0) || !text.is_ascii() && text.contains('\u{fffd}')
}

/// Reads a line that is no sound UTF-8; one that is merely cut within a character is no other code
/// page.
fn repaired(bytes: &[u8], is_other_code_page: bool) -> (Cow<'_, str>, Harm) {
    if bytes.contains(&0) {
        // UTF-16 that a shell appended to another encoding: its ASCII survives without the zeros.
        let kept: Vec<u8> = bytes.iter().copied().filter(|&byte| byte != 0).collect();
        return (Cow::Owned(String::from_utf8_lossy(&kept).into_owned()), Harm::Lost);
    }
    if !is_other_code_page {
        return (Cow::Owned(String::from_utf8_lossy(bytes).into_owned()), Harm::Lost);
    }
    // Other code pages have their letters where 1252 has signs, and lines where it has letters.
    const LETTERS: u8 = 0xC0;
    let is_likely = bytes.iter().all(|byte| byte.is_ascii() || *byte >= LETTERS);
    let harm = if is_likely { Harm::Guessed } else { Harm::Lost };
    (WINDOWS_1252.decode_without_bom_handling(bytes).0, harm)
}

/// Gives every line of an input, in pieces where carriage returns overwrite.
pub(super) fn each_line(
    head: &[u8],
    input: impl Read,
    number: &mut usize,
    mut take: impl FnMut(&str, Place),
) -> io::Result<()> {
    let mut lines = Lines::new(head, input);
    loop {
        *number = lines.number() - 1;
        let Some(line) = lines.next()? else { return Ok(()) };
        each_row(&line.text, |row| take(row, line.place));
    }
}

/// Gives the pieces of a line in which carriage returns overwrite.
pub(super) fn each_row(line: &str, mut take: impl FnMut(&str)) {
    if !seek::has(line, b'\r') {
        return take(line);
    }
    line.split('\r').filter(|piece| !piece.is_empty()).for_each(take);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(bytes: &[u8]) -> Vec<(String, Harm)> {
        let mut lines = Lines::new(&bytes[..bytes.len().min(512)], bytes);
        let mut all = Vec::new();
        while let Some(line) = lines.next().unwrap() {
            all.push((line.text.into_owned(), line.place.harm));
        }
        all
    }

    fn utf16(text: &str, order: fn(u16) -> [u8; 2]) -> Vec<u8> {
        text.encode_utf16().flat_map(order).collect()
    }

    #[test]
    fn utf16_is_read_with_and_without_a_mark_in_both_orders() {
        for order in [u16::to_le_bytes, u16::to_be_bytes] {
            let expected = [("│ Büro".to_owned(), Harm::None), ("end".to_owned(), Harm::None)];
            assert_eq!(lines(&utf16("\u{feff}│ Büro\r\nend", order)), expected);
            let text = "plain text first\n│ Büro\r\nend";
            assert_eq!(lines(&utf16(text, order))[1..], expected);
        }
    }

    #[test]
    fn a_mark_is_no_text_and_carriage_returns_end_no_line() {
        let expected = [("a".to_owned(), Harm::None), ("b".to_owned(), Harm::None)];
        assert_eq!(lines("\u{feff}a\r\nb\r\n".as_bytes()), expected);
    }

    #[test]
    fn bytes_that_are_no_utf8_are_read_as_code_page_1252_as_far_as_they_are_its_letters() {
        assert_eq!(lines(b"B\xfcro\n"), [("Büro".to_owned(), Harm::Guessed)]);
        assert_eq!(lines(b"B\x81ro \n")[0].1, Harm::Lost);
    }

    #[test]
    fn utf16_appended_to_another_encoding_keeps_its_ascii() {
        assert_eq!(lines(b"a\nb\0c\0\n")[1], ("bc".to_owned(), Harm::Lost));
    }

    #[test]
    fn a_line_beyond_the_limit_comes_in_pieces() {
        let mut bytes = vec![b'a'; LONGEST_LINE + CHUNK];
        bytes.extend_from_slice(b"\nnext");
        let mut lines = Lines::new(b"aa", &bytes[..]);
        let mut pieces = Vec::new();
        while let Some(line) = lines.next().unwrap() {
            pieces.push((line.text.len(), line.place.number, line.place.is_ended));
        }
        assert_eq!(pieces, [(LONGEST_LINE, 1, false), (CHUNK, 1, true), (4, 2, false)]);
    }
}
