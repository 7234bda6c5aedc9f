//! Joins lines that a runner wrote in pieces: GitLab's after a flush in the middle of a line, a
//! container runtime's after 16 KB.
//!
//! Never reads the text. Invariant: at most one line is held back, and it is no longer than
//! [`LONGEST_LINE`].

use super::decode::{LONGEST_LINE, Place};

/// A line, or a part of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Piece<'a> {
    /// `01O`, `stdout`: only pieces of one stream belong together.
    stream: &'a str,
    text: &'a str,
    /// It continues the piece before it.
    continues: bool,
    /// `Some(true)` if the next piece continues it; `None` if only that one tells.
    goes_on: Option<bool>,
}

#[derive(Debug)]
struct Held {
    stream: String,
    text: String,
    place: Place,
    goes_on: bool,
}

/// Holds a piece back until it is known to be whole.
#[derive(Debug, Default)]
pub(super) struct Joiner {
    held: Option<Held>,
}

impl Joiner {
    /// Takes in what a line holds, and gives whole lines.
    pub(super) fn take_in(&mut self, line: &str, place: Place, mut give: impl FnMut(&str, Place)) {
        let Some(piece) = piece(line) else {
            self.finish(&mut give);
            return give(line, place);
        };
        match &mut self.held {
            Some(held) if held.is_continued_by(&piece) => held.append(&piece, place),
            _ => {
                self.finish(&mut give);
                self.held = Some(Held {
                    stream: piece.stream.to_owned(),
                    text: piece.text.to_owned(),
                    place,
                    goes_on: piece.goes_on == Some(true),
                });
            }
        }
        if piece.goes_on == Some(false) {
            self.finish(give);
        }
    }

    /// Gives what is still held.
    pub(super) fn finish(&mut self, mut give: impl FnMut(&str, Place)) {
        if let Some(held) = self.held.take() {
            give(&held.text, held.place);
        }
    }
}

impl Held {
    fn is_continued_by(&self, piece: &Piece<'_>) -> bool {
        (piece.continues || self.goes_on)
            && self.stream == piece.stream
            && self.text.len() + piece.text.len() <= LONGEST_LINE
    }

    fn append(&mut self, piece: &Piece<'_>, place: Place) {
        self.text.push_str(piece.text);
        self.goes_on = piece.goes_on == Some(true);
        self.place.is_ended = place.is_ended;
        self.place.harm = self.place.harm.max(place.harm);
    }
}

/// Reads the stamp and the stream of a piece; `None` for any other line.
fn piece(line: &str) -> Option<Piece<'_>> {
    let rest = after_stamp(line)?;
    gitlab(rest).or_else(|| container(rest))
}

/// `01O text`, and `01O+text` for what continues the line before
/// (GitLab Docs, "CI/CD job log timestamps"; the layout is seen in logs of gitlab.com's runners).
fn gitlab(rest: &str) -> Option<Piece<'_>> {
    let (number, after) = rest.split_at_checked(2)?;
    let is_number = number.bytes().all(|byte| byte.is_ascii_digit());
    let after = after.strip_prefix(['O', 'E']).filter(|_| is_number)?;
    let stream = &rest[..rest.len() - after.len()];
    let text = if after.is_empty() { after } else { after.strip_prefix([' ', '+'])? };
    Some(Piece { stream, text, continues: after.starts_with('+'), goes_on: None })
}

/// `stdout F text`, and `stdout P text` for what the next line continues; tags may follow behind
/// colons (Kubernetes, design proposal "CRI: Log management for container stdout/stderr streams").
fn container(rest: &str) -> Option<Piece<'_>> {
    let stream = ["stdout", "stderr"].into_iter().find(|stream| rest.starts_with(stream))?;
    let (tags, text) = rest[stream.len()..].strip_prefix(' ')?.split_once(' ')?;
    let goes_on = match tags.split(':').next()? {
        "F" => false,
        "P" => true,
        _ => return None,
    };
    Some(Piece { stream, text, continues: false, goes_on: Some(goes_on) })
}

/// Takes off `2026-11-20T08:15:03.2604977Z`, as both write it, with any fraction and zone.
fn after_stamp(text: &str) -> Option<&str> {
    const SHORTEST: usize = "2026-11-20T08:15:03Z".len();
    let (stamp, rest) = text.split_once(' ')?;
    let is_of_stamp = |byte: u8| byte.is_ascii_digit() || b"-:.,TZ+".contains(&byte);
    let is_stamp = stamp.len() >= SHORTEST && stamp.contains('T') && stamp.bytes().all(is_of_stamp);
    is_stamp.then_some(rest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::logs::decode::Harm;

    const STAMP: &str = "2026-11-20T08:15:03.123456Z";

    fn joined(lines: &[&str]) -> Vec<String> {
        let mut joiner = Joiner::default();
        let mut given = Vec::new();
        let place = Place { number: 1, is_ended: true, harm: Harm::None };
        for line in lines {
            let line = format!("{STAMP} {line}");
            joiner.take_in(&line, place, |text, _| given.push(text.to_owned()));
        }
        joiner.finish(|text, _| given.push(text.to_owned()));
        given
    }

    #[test]
    fn gitlabs_plus_continues_the_line_before_it_in_its_own_stream() {
        assert_eq!(joined(&["01O │ a", "01O+ b", "01O c", "01O"]), ["│ a b", "c", ""]);
        assert_eq!(joined(&["01O a", "01E+b", "00E+c"]), ["a", "b", "c"]);
        assert_eq!(joined(&["2 things"]), [format!("{STAMP} 2 things")]);
    }

    #[test]
    fn a_partial_line_of_a_container_is_continued_by_the_next() {
        let lines = ["stdout P {\"a\":", "stdout P 1", "stdout F }", "stderr F b", "stdout F:x c"];
        assert_eq!(joined(&lines), ["{\"a\":1}", "b", "c"]);
        assert_eq!(joined(&["stdout P a", "stderr F b"]), ["a", "b"]);
        assert_eq!(joined(&["stdout X a"]), [format!("{STAMP} stdout X a")]);
    }

    #[test]
    fn harm_and_end_are_those_of_all_pieces() {
        let mut joiner = Joiner::default();
        let place = |harm, is_ended| Place { number: 3, is_ended, harm };
        joiner.take_in(&format!("{STAMP} 01O a"), place(Harm::None, true), |_, _| {});
        joiner.take_in(&format!("{STAMP} 01O+b"), place(Harm::Lost, false), |_, _| {});
        let mut given = None;
        joiner.finish(|_, place| given = Some(place));
        assert_eq!(given, Some(place(Harm::Lost, false)));
    }

    #[test]
    fn every_spelling_of_a_stamp_is_known() {
        for stamp in [
            "2026-11-20T08:15:03Z",
            "2026-11-20T08:15:03.1234567Z",
            "2026-11-20T08:15:03,123+01:00",
            "2026-11-20T08:15:03-0500",
        ] {
            assert_eq!(after_stamp(&format!("{stamp} x")), Some("x"), "{stamp}");
        }
        assert_eq!(after_stamp("2026-11-20 x"), None);
    }
}
