//! Takes terminal sequences off a line: colours, GitLab's erase marks, Buildkite's stamps (issue 101
//! of buildkite/terminal-to-html: an APC with either end), links, the notes that Jenkins hides in its
//! log (`ConsoleNote` of its core), also colours whose escape byte was lost on the way.
//!
//! Never touches other text. Invariant: a line without sequences is returned as it is.

use std::borrow::Cow;

use super::seek;

const ESCAPE: u8 = 0x1b;
const BELL: u8 = 0x07;
/// A longer link or stamp stays as text, so that a missing bell is not sought again and again.
const LONGEST_SEQUENCE: usize = 256;
/// What stands before and after a note, behind the escape byte of the first.
const NOTE: &[u8] = b"[8mha:";
const NOTE_END: &[u8] = b"\x1b[0m";

/// Returns the line without terminal sequences and control characters.
pub(super) fn without_sequences(line: Cow<'_, str>) -> Cow<'_, str> {
    let is_quoted = || ["\\u001b", "\\u001B", "\\x1b"].iter().any(|escape| line.contains(escape));
    let has_lost_escapes = seek::contains(&line, "[0m") && !is_quoted();
    if !has_lost_escapes && !has_control(line.as_bytes()) {
        return line;
    }
    let bytes = line.as_bytes();
    let mut kept = String::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let start = at;
        at += match bytes[at] {
            ESCAPE => 1 + sequence_length(&bytes[at + 1..]),
            b'^' if has_lost_escapes && bytes[at..].starts_with(b"^[") => {
                match colour_length(&bytes[at + 2..]) {
                    0 => 1,
                    length => 2 + length,
                }
            }
            b'[' if has_lost_escapes => colour_length(&bytes[at..]),
            byte if is_control(byte) => 1,
            _ => 0,
        };
        if at == start || bytes[start] == b'^' && at == start + 1 {
            // Text: up to the next byte that may begin a sequence, all of them ASCII.
            at = start + 1;
            while at < bytes.len() && !matches!(bytes[at], 0..b' ' | b'[' | b'^') {
                at += 1;
            }
            kept.push_str(&line[start..at]);
        }
    }
    Cow::Owned(kept)
}

/// Tabs and carriage returns are kept.
fn is_control(byte: u8) -> bool {
    byte < b' ' && byte != b'\t' && byte != b'\r'
}

/// Looks at a block of bytes at a time, without a branch for each.
fn has_control(bytes: &[u8]) -> bool {
    const BLOCK: usize = 64;
    bytes
        .chunks(BLOCK)
        .any(|block| block.iter().fold(false, |found, &byte| found | is_control(byte)))
}

/// Length of what follows an escape byte and belongs to it.
fn sequence_length(rest: &[u8]) -> usize {
    match rest.first() {
        // A note of Jenkins: Base64 between two sequences.
        _ if rest.starts_with(NOTE) => {
            let text = rest.iter().skip(NOTE.len()).position(|&byte| byte == ESCAPE);
            let end = NOTE.len() + text.unwrap_or(0);
            if text.is_some() && rest[end..].starts_with(NOTE_END) {
                end + NOTE_END.len()
            } else {
                csi_length(rest)
            }
        }
        Some(b'[') => csi_length(rest),
        // OSC and APC: up to a bell or a string terminator, which is near if there is one.
        Some(b']' | b'_') => {
            let near = &rest[..rest.len().min(LONGEST_SEQUENCE)];
            match near.iter().position(|&byte| byte == BELL || byte == ESCAPE) {
                Some(end) if near[end] == BELL => end + 1,
                Some(end) if near.get(end + 1) == Some(&b'\\') => end + 2,
                _ => 1,
            }
        }
        Some(byte) if byte.is_ascii_graphic() => 1,
        _ => 0,
    }
}

/// Length of `[`, parameters and one final byte.
fn csi_length(rest: &[u8]) -> usize {
    let parameters = rest[1..].iter().take_while(|byte| matches!(byte, 0x20..=0x3f)).count();
    let has_final = matches!(rest.get(1 + parameters), Some(0x40..=0x7e));
    1 + parameters + usize::from(has_final)
}

/// Length of `[31m`; 0 if it is no colour.
fn colour_length(rest: &[u8]) -> usize {
    if rest.first() != Some(&b'[') {
        return 0;
    }
    let digits =
        rest[1..].iter().take_while(|byte| byte.is_ascii_digit() || **byte == b';').count();
    if digits > 0 && rest.get(1 + digits) == Some(&b'm') { digits + 2 } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clean(line: &str) -> String {
        without_sequences(Cow::Borrowed(line)).into_owned()
    }

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
            ("\u{2}Terraform v1.11.4\u{3}", "Terraform v1.11.4"),
            ("\x1b", ""),
            ("\x1b[", ""),
            ("\x1b[3", ""),
        ] {
            assert_eq!(clean(line), text, "{line:?}");
        }
    }

    #[test]
    fn brackets_and_carets_of_the_text_stay() {
        for line in
            ["a.b[0]: Creating...", "x[31m", r#"{"msg":"\u001b[0mx"}"#, "2^[3] and ü", "tab\there"]
        {
            assert_eq!(clean(line), line);
        }
        assert_eq!(clean("a.b[\"ü^\"] [0m^ü"), "a.b[\"ü^\"] ^ü");
    }
}
