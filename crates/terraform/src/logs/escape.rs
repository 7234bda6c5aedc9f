//! Takes terminal sequences off a line: colours, GitLab's erase marks, Buildkite's stamps (an APC with
//! either end), links, the notes that Jenkins hides in its log (`ConsoleNote` of its core); also
//! colours whose escape byte was lost or is spelled out (`\u001b[31m`).
//!
//! Never touches other text. Invariant: a line without sequences is returned as it is.

use std::borrow::Cow;

use super::seek;

/// A longer link or stamp stays as text, so that a missing bell is not sought again and again.
const LONGEST_SEQUENCE: usize = 512;
const LONGEST_SPELLING: usize = 64;
/// Spellings of the escape byte.
const SPELLINGS: [&str; 6] = ["u001b", "u001B", "x1b", "x1B", "033", "e"];

/// Returns the line without terminal sequences and control characters.
pub(super) fn without_sequences(line: &str) -> Cow<'_, str> {
    let is_control = |byte: u8| byte < b' ' && byte != b'\t' && byte != b'\r';
    let has_lost = seek::contains(line, "[0m");
    // Every byte is looked at, without a way out between them: so several are at once.
    let has_control = line.bytes().fold(false, |found, byte| found | is_control(byte));
    if !has_lost && !has_control && (line.is_ascii() || !line.contains('\u{feff}')) {
        return Cow::Borrowed(line);
    }
    let mut kept = String::with_capacity(line.len());
    let mut rest = line;
    while let Some(char) = rest.chars().next() {
        let after = &rest[char.len_utf8()..];
        let length = match char {
            '\x1b' => 1 + sequence(after),
            '[' if has_lost => colour(rest),
            '^' if has_lost => lost_caret(after),
            '\\' if has_lost => spelled(rest),
            '\u{feff}' => char.len_utf8(),
            _ if char.is_ascii() && is_control(char as u8) => 1,
            _ => 0,
        };
        if length == 0 {
            kept.push(char);
            rest = after;
        } else {
            rest = &rest[length..];
        }
    }
    Cow::Owned(kept)
}

/// Length of what follows an escape byte and belongs to it.
fn sequence(rest: &str) -> usize {
    let near = super::diagnostic::beginning(rest, LONGEST_SEQUENCE);
    match rest.as_bytes().first() {
        Some(b'[') => match near.strip_prefix("[8mha:").and_then(|_| near.find("\x1b[0m")) {
            Some(end) => end + "\x1b[0m".len(),
            None => parameters(rest, |byte| matches!(byte, 0x40..=0x7e)),
        },
        // OSC and APC: up to a bell or a string terminator.
        Some(b']' | b'_') => match near.find(['\x07', '\x1b']) {
            Some(end) if near[end..].starts_with('\x07') => end + 1,
            Some(end) if near[end..].starts_with("\x1b\\") => end + 2,
            _ => 1,
        },
        Some(byte) if byte.is_ascii_graphic() => 1,
        _ => 0,
    }
}

/// Length of `[`, parameters and, where it is one, a final byte.
fn parameters(rest: &str, is_final: fn(u8) -> bool) -> usize {
    let bytes = &rest.as_bytes()[1..];
    let length = bytes.iter().take_while(|byte| matches!(byte, 0x20..=0x3f)).count();
    1 + length + usize::from(bytes.get(length).is_some_and(|byte| is_final(*byte)))
}

/// Length of `[31m`; 0 if it is no colour.
fn colour(rest: &str) -> usize {
    let Some(inner) = rest.strip_prefix('[') else { return 0 };
    let digits = inner.bytes().take_while(|byte| byte.is_ascii_digit() || *byte == b';').count();
    if digits > 0 && inner[digits..].starts_with('m') { digits + 2 } else { 0 }
}

/// Length of `^[[31m`; 0 if it is no colour.
fn lost_caret(after: &str) -> usize {
    match after.strip_prefix('[').map_or(0, colour) {
        0 => 0,
        length => 2 + length,
    }
}

/// Length of a colour whose escape byte is spelled, behind any number of backslashes.
fn spelled(rest: &str) -> usize {
    let rest = super::diagnostic::beginning(rest, LONGEST_SPELLING);
    let name = rest.trim_start_matches('\\');
    let backslashes = rest.len() - name.len();
    let spelling = SPELLINGS.iter().find(|spelling| name.starts_with(**spelling));
    spelling.map_or(0, |spelling| match colour(&name[spelling.len()..]) {
        0 => 0,
        length => backslashes + spelling.len() + length,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_erase_marks_and_stamps_are_taken_off() {
        for (line, text) in [
            ("\x1b[31m│\x1b[0m \x1b[0m\x1b[1mError: \x1b[0mx", "│ Error: x"),
            ("\x1b[0Ksection", "section"),
            ("\x1b_bk;t=1700000000000\x07│ x", "│ x"),
            ("\x1b_bk;t=1700000000000\x1b\\│ x", "│ x"),
            ("\x1b]8;;file:main.tf\x1b\\main.tf\x1b]8;;\x1b\\ line 1", "main.tf line 1"),
            ("\x1b[8mha:////4AAAB+LC/w==\x1b[0m[Pipeline] sh", "[Pipeline] sh"),
            ("\x1b[8mha:cut", "ha:cut"),
            ("\x1b_cut\x1b[31m│ x", "cut│ x"),
            ("[31m│[0m x", "│ x"),
            ("^[[31m│^[[0m x", "│ x"),
            ("\\u001b[31m│\\u001B[0m x", "│ x"),
            ("\\x1b[31m│\\033[0m \\e[1mx", "│ x"),
            (r#"{"a":"{\"b\":\"\\u001b[31mx\\u001b[0m\"}"}"#, r#"{"a":"{\"b\":\"x\"}"}"#),
            ("\u{2}Terraform v1.11.4\u{3}", "Terraform v1.11.4"),
            ("\u{feff}x", "x"),
            ("\x1b", ""),
            ("\x1b[", ""),
            ("\x1b[3", ""),
        ] {
            assert_eq!(without_sequences(line), text, "{line:?}");
        }
    }

    #[test]
    fn brackets_and_carets_of_the_text_stay() {
        for line in ["a.b[0]: Creating...", "x[31m", "2^[3] and ü", "tab\there", r"C:\e\x1b"] {
            assert_eq!(without_sequences(line), line);
        }
        assert_eq!(without_sequences("a.b[\"ü^\"] [0m^ü"), "a.b[\"ü^\"] ^ü");
    }
}
