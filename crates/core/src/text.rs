//! Text out of bytes: UTF-8 and UTF-16, with and without a byte order mark.
//!
//! Never guesses a code page and never replaces what it cannot read. Invariant: what is returned
//! holds no byte order mark and no NUL.

use std::error::Error;
use std::fmt;

use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE};

/// Bytes that are no text in UTF-8 or UTF-16.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotText;

impl fmt::Display for NotText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("it is neither UTF-8 nor UTF-16 text")
    }
}

impl Error for NotText {}

/// Decodes a file as editors and shells write it: UTF-8, or UTF-16 in either byte order. Without a
/// mark UTF-16 is recognised by its zero bytes, which are nearly all on one side in Latin text.
///
/// # Errors
/// [`NotText`] for anything else, such as a code page, UTF-32 or a binary file.
pub fn decode(bytes: &[u8]) -> Result<String, NotText> {
    let encoding = match Encoding::for_bom(bytes) {
        Some((encoding, _)) => encoding,
        None => without_mark(bytes),
    };
    let (text, _, has_errors) = encoding.decode(bytes);
    if has_errors || text.contains('\0') {
        return Err(NotText);
    }
    Ok(text.into_owned())
}

/// UTF-16 has zero bytes on one side only, and at least in half of its units; anything else is UTF-8,
/// in which a zero byte is refused.
fn without_mark(bytes: &[u8]) -> &'static Encoding {
    let zeros = |offset| bytes.iter().skip(offset).step_by(2).filter(|byte| **byte == 0).count();
    let is_clear = |many: usize, few: usize| many > few * 4 && many * 4 >= bytes.len();
    match (zeros(0), zeros(1)) {
        (high, low) if is_clear(high, low) => UTF_16BE,
        (low, high) if is_clear(high, low) => UTF_16LE,
        _ => UTF_8,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "name\r\nBüro Köln €";

    fn utf16(order: fn(u16) -> [u8; 2], mark: bool) -> Vec<u8> {
        let mark = mark.then_some(0xfeff_u16);
        mark.into_iter().chain(TEXT.encode_utf16()).flat_map(order).collect()
    }

    #[test]
    fn a_file_of_windows_reads_like_any_other() {
        let marked = [&[0xef, 0xbb, 0xbf][..], TEXT.as_bytes()].concat();
        assert_eq!(decode(&marked).unwrap(), TEXT);
        assert_eq!(decode(TEXT.as_bytes()).unwrap(), TEXT);
        for mark in [true, false] {
            assert_eq!(decode(&utf16(u16::to_le_bytes, mark)).unwrap(), TEXT, "{mark}");
            assert_eq!(decode(&utf16(u16::to_be_bytes, mark)).unwrap(), TEXT, "{mark}");
        }
        assert_eq!(decode(b""), Ok(String::new()));
    }

    #[test]
    fn what_is_no_text_is_not_made_one() {
        let utf32: Vec<u8> =
            "\u{feff}Sales".chars().flat_map(|c| u32::from(c).to_le_bytes()).collect();
        let odd = [&[0xff, 0xfe][..], b"A"].concat();
        for bytes in [
            &b"B\xfcro"[..],
            b"PK\x03\x04\x14\0",
            b"PK\x03\x04\0\0\x14\0\x08\0",
            b"a\0\0\0b",
            &utf32,
            &odd,
        ] {
            assert_eq!(decode(bytes), Err(NotText), "{bytes:?}");
        }
    }
}
