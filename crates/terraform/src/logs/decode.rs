//! Makes text lines of a log's bytes: UTF-8, UTF-16 with or without a mark, other bytes as code
//! page 1252, in constant memory.
//!
//! Never looks at what a line says. Invariant: line numbers count line feeds of the input, and no
//! line is longer than [`LONGEST_LINE`].

use std::borrow::Cow;
use std::io::{self, Read};

use encoding_rs::{Decoder, Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};

use super::code_page;

/// A longer line keeps its beginning; no diagnostic comes near it.
pub(super) const LONGEST_LINE: usize = 8 << 20;
/// How much is read at once in the end; it begins small, since many inputs are one line.
const CHUNK: usize = 256 << 10;
const FIRST_CHUNK: usize = 2 << 10;
/// Bytes that tell the encoding.
const HEAD: usize = 512;
const UTF_8_MARK: &[u8] = b"\xEF\xBB\xBF";

/// What decoding did to a line, for the damage of a failure that stands in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Harm {
    /// Nothing: the text is what was written.
    None,
    /// The text had been read with a wrong code page; undone without loss.
    Undone,
    /// Bytes that are no text in the log's encoding, or a line that was too long.
    Lost,
}

/// The lines of an input.
pub(super) struct Lines<R> {
    input: R,
    /// Turns UTF-16 into UTF-8; `None` for bytes that are passed as they are.
    decoder: Option<Decoder>,
    is_started: bool,
    is_exhausted: bool,
    raw: Vec<u8>,
    /// UTF-8 (or raw) bytes not yet given out: `text[at..]`.
    text: Vec<u8>,
    at: usize,
    line: Vec<u8>,
    number: usize,
}

/// One line, without its line end.
pub(super) struct Line<'a> {
    pub(super) text: Cow<'a, str>,
    /// From 1.
    pub(super) number: usize,
    /// False only for a last line that no line feed ends: it may be cut.
    pub(super) is_ended: bool,
    pub(super) harm: Harm,
}

impl<R: Read> Lines<R> {
    pub(super) fn new(input: R) -> Self {
        Self {
            input,
            decoder: None,
            is_started: false,
            is_exhausted: false,
            raw: vec![0; FIRST_CHUNK],
            text: Vec::new(),
            at: 0,
            line: Vec::new(),
            number: 0,
        }
    }

    /// Number of the last line given out.
    pub(super) fn number(&self) -> usize {
        self.number
    }

    /// Returns the next line; `None` at the end.
    pub(super) fn next(&mut self) -> io::Result<Option<Line<'_>>> {
        self.line.clear();
        let mut is_too_long = false;
        loop {
            let rest = &self.text[self.at..];
            let end = memchr::memchr(b'\n', rest);
            let part = &rest[..end.unwrap_or(rest.len())];
            let room = LONGEST_LINE - self.line.len();
            is_too_long |= part.len() > room;
            if let Some(end) = end
                && self.line.is_empty()
                && !is_too_long
            {
                // The common case: the whole line lies in the buffer and is not copied.
                let start = self.at;
                self.at += end + 1;
                self.number += 1;
                return Ok(Some(to_text(&self.text[start..start + end], self.number, true, false)));
            }
            self.line.extend_from_slice(&part[..part.len().min(room)]);
            self.at += part.len();
            if end.is_some() {
                self.at += 1;
                break;
            }
            if !self.fill()? {
                if self.line.is_empty() {
                    return Ok(None);
                }
                self.number += 1;
                return Ok(Some(to_text(&self.line, self.number, false, is_too_long)));
            }
        }
        self.number += 1;
        Ok(Some(to_text(&self.line, self.number, true, is_too_long)))
    }

    /// Reads another chunk; false at the end. Called only when all of `text` has been given out.
    fn fill(&mut self) -> io::Result<bool> {
        self.text.clear();
        self.at = 0;
        while self.text.is_empty() && !self.is_exhausted {
            let mut length = self.read_once(0)?;
            let mut mark = 0;
            if !self.is_started {
                // The first look needs some bytes, and a pipe may give one at a time.
                while length < HEAD && !self.is_exhausted {
                    length += self.read_once(length)?;
                }
                self.is_started = true;
                self.decoder = encoding_of(&self.raw[..length]).map(Encoding::new_decoder);
                mark =
                    if self.raw[..length].starts_with(UTF_8_MARK) { UTF_8_MARK.len() } else { 0 };
            }
            let is_filled = length == self.raw.len();
            match &mut self.decoder {
                None => self.text.extend_from_slice(&self.raw[mark..length]),
                Some(decoder) => {
                    decode_chunk(decoder, &self.raw[..length], self.is_exhausted, &mut self.text);
                }
            }
            if is_filled && length < CHUNK {
                self.raw.resize(2 * length, 0);
            }
        }
        Ok(!self.text.is_empty())
    }

    /// An end is remembered: a terminal that is read again waits for a second one.
    fn read_once(&mut self, from: usize) -> io::Result<usize> {
        loop {
            match self.input.read(&mut self.raw[from..]) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                result => {
                    self.is_exhausted = matches!(result, Ok(0));
                    return result;
                }
            }
        }
    }
}

/// Appends the decoded chunk; what is no text becomes U+FFFD.
fn decode_chunk(decoder: &mut Decoder, mut bytes: &[u8], is_last: bool, text: &mut Vec<u8>) {
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
    let head = &head[..head.len().min(HEAD) & !1];
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

fn to_text(bytes: &[u8], number: usize, is_ended: bool, is_too_long: bool) -> Line<'_> {
    let bytes = bytes.strip_suffix(b"\r").unwrap_or(bytes);
    let (text, harm) = if bytes.is_ascii() && memchr::memchr(0, bytes).is_none() {
        (text_of(bytes), Harm::None)
    } else {
        repaired(bytes)
    };
    let harm = if is_too_long { Harm::Lost } else { harm };
    Line { text, number, is_ended, harm }
}

/// The slow way, for lines with more than ASCII.
fn repaired(bytes: &[u8]) -> (Cow<'_, str>, Harm) {
    if bytes.contains(&0) {
        // UTF-16 that a shell appended to another encoding: its ASCII survives without the zeros.
        let kept: Vec<u8> = bytes.iter().copied().filter(|&byte| byte != 0).collect();
        return (Cow::Owned(String::from_utf8_lossy(&kept).into_owned()), Harm::Lost);
    }
    match std::str::from_utf8(bytes) {
        Ok(text) if text.contains('\u{fffd}') => (Cow::Borrowed(text), Harm::Lost),
        Ok(text) => match code_page::undo(text) {
            Some(original) => (Cow::Owned(original), Harm::Undone),
            None => (Cow::Borrowed(text), Harm::None),
        },
        // A last line that is cut within a character is no other code page.
        Err(error) if error.error_len().is_none() => {
            (Cow::Owned(String::from_utf8_lossy(bytes).into_owned()), Harm::Lost)
        }
        Err(_) => (WINDOWS_1252.decode_without_bom_handling(bytes).0, Harm::Lost),
    }
}

fn text_of(ascii: &[u8]) -> Cow<'_, str> {
    String::from_utf8_lossy(ascii)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(bytes: &[u8]) -> Vec<(String, Harm)> {
        let mut lines = Lines::new(bytes);
        let mut all = Vec::new();
        while let Some(line) = lines.next().unwrap() {
            all.push((line.text.into_owned(), line.harm));
        }
        all
    }

    fn utf16(text: &str, order: fn(u16) -> [u8; 2]) -> Vec<u8> {
        text.encode_utf16().flat_map(order).collect()
    }

    #[test]
    fn utf16_is_read_in_both_orders_with_and_without_a_mark() {
        let expected = vec![("│ Büro".to_owned(), Harm::None), ("end".to_owned(), Harm::None)];
        for order in [u16::to_le_bytes, u16::to_be_bytes] {
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
    fn bytes_that_are_no_utf8_are_read_as_code_page_1252_and_called_lost() {
        assert_eq!(lines(b"B\xfcro\n"), [("Büro".to_owned(), Harm::Lost)]);
    }

    #[test]
    fn utf16_appended_to_another_encoding_keeps_its_ascii() {
        assert_eq!(lines(b"a\nb\0c\0\n")[1], ("bc".to_owned(), Harm::Lost));
    }

    #[test]
    fn a_line_beyond_the_limit_keeps_its_beginning() {
        let mut bytes = vec![b'a'; LONGEST_LINE + 5];
        bytes.extend_from_slice(b"\nnext");
        let lines = lines(&bytes);
        assert_eq!(lines[0].0.len(), LONGEST_LINE);
        assert_eq!(lines[0].1, Harm::Lost);
        assert_eq!(lines[1], ("next".to_owned(), Harm::None));
    }

    #[test]
    fn a_reader_that_gives_one_byte_at_a_time_changes_nothing() {
        struct Slow<'a>(&'a [u8]);
        impl Read for Slow<'_> {
            fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
                let Some((first, rest)) = self.0.split_first() else {
                    return Ok(0);
                };
                buffer[0] = *first;
                self.0 = rest;
                Ok(1)
            }
        }
        let bytes = utf16("\u{feff}│ ü\na", u16::to_le_bytes);
        let mut slow = Lines::new(Slow(&bytes));
        assert_eq!(slow.next().unwrap().unwrap().text, "│ ü");
        assert_eq!(slow.next().unwrap().unwrap().text, "a");
    }

    #[test]
    fn an_end_is_read_once() {
        /// A terminal: after an end, more can be typed.
        struct Typed(Vec<&'static [u8]>);
        impl Read for Typed {
            fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
                self.0.pop().expect("nobody waits for more").read(buffer)
            }
        }
        for text in
            [&b"short"[..], b"a line that is longer than the first look at it, of 64 bytes\n", b""]
        {
            let typed = if text.is_empty() { vec![text] } else { vec![&b""[..], text] };
            let mut lines = Lines::new(Typed(typed));
            while lines.next().unwrap().is_some() {}
        }
    }
}
