//! Learns what a log puts before each line, from lines whose beginning Terraform itself spells.
//!
//! Knows no CI system: whatever stands before a line of Terraform's is a prefix, and every line
//! that begins in the same shape is taken to carry it. Invariant: what is handed on is a suffix of
//! the line, and at most [`MOST_SHAPES`] shapes are kept.

use std::collections::HashSet;

use super::signs::{self, Anchor};

/// Prefixes that one text can have, one for each source that writes to it.
const MOST_SHAPES: usize = 64;
/// Longer beginnings are text.
const LONGEST: usize = 256;
/// Lines before or after a weak sign that may show the same prefix.
const NEAR: usize = 8;
/// Different sources of one shape; more are a counter.
const MOST_SOURCES: usize = 64;

/// Words that change from line to line: levels, streams, months, days.
const CHANGING: [&str; 48] = [
    "trace",
    "debug",
    "info",
    "notice",
    "warn",
    "warning",
    "error",
    "err",
    "fatal",
    "critical",
    "severe",
    "stdout",
    "stderr",
    "out",
    "build",
    "command",
    "jan",
    "feb",
    "mar",
    "apr",
    "may",
    "jun",
    "jul",
    "aug",
    "sep",
    "oct",
    "nov",
    "dec",
    "january",
    "february",
    "march",
    "april",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
    "mon",
    "tue",
    "wed",
    "thu",
    "fri",
    "sat",
    "sun",
    "am",
    "pm",
];

pub(super) fn is_changing(word: &str) -> bool {
    CHANGING.iter().any(|changing| changing.eq_ignore_ascii_case(word))
}

/// A part of a prefix.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    /// Exactly this.
    Text(String),
    /// A number of any length, padded, with or without a fraction.
    Digits,
    /// An identifier made by a machine.
    Id,
    /// One of [`CHANGING`].
    Word,
    /// Whitespace between columns.
    Space,
}

/// What the prefixes of one source have in common.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Shape {
    parts: Vec<Part>,
    /// Whitespace at the end: Terraform's own indentation follows it.
    tail: usize,
    /// The last column with that whitespace, where it is padded.
    width: Option<usize>,
}

/// Where the alphanumeric characters at the beginning end.
fn run(text: &str) -> usize {
    text.find(|char: char| !char.is_alphanumeric()).unwrap_or(text.len())
}

fn blanks(text: &str) -> usize {
    text.len() - text.trim_start_matches([' ', '\t']).len()
}

fn digits(text: &str) -> usize {
    text.bytes().take_while(u8::is_ascii_digit).count()
}

fn letters(text: &str) -> usize {
    text.find(|char: char| !char.is_alphabetic()).unwrap_or(text.len())
}

/// The length of a number with its fraction.
fn number(text: &str) -> usize {
    let whole = digits(text);
    match text.as_bytes().get(whole) {
        Some(b'.' | b',') if whole > 0 => match digits(&text[whole + 1..]) {
            0 => whole,
            fraction => whole + 1 + fraction,
        },
        _ => whole,
    }
}

/// The length of an identifier: hexadecimal, a UUID, or long and mixed of letters and digits.
fn identifier(text: &str) -> usize {
    const UUID: [usize; 5] = [8, 4, 4, 4, 12];
    let mut at = 0;
    let is_uuid = UUID.iter().enumerate().all(|(group, length)| {
        let start = at + usize::from(group > 0);
        let is_group = (group == 0 || text.as_bytes().get(at) == Some(&b'-'))
            && text
                .as_bytes()
                .get(start..start + length)
                .is_some_and(|part| part.iter().all(u8::is_ascii_hexdigit));
        at = start + length;
        is_group
    });
    if is_uuid {
        return at;
    }
    let length = run(text);
    let word = &text[..length];
    let has_digit = word.bytes().any(|byte| byte.is_ascii_digit());
    let is_hex = length >= 6 && word.bytes().all(|byte| byte.is_ascii_hexdigit());
    if is_hex || has_digit && length >= 8 && word.is_ascii() { length } else { 0 }
}

impl Shape {
    /// Reads the shape of a prefix.
    fn of(prefix: &str) -> Self {
        let body = prefix.trim_end_matches([' ', '\t']);
        let tail = prefix.len() - body.len();
        let mut parts: Vec<Part> = Vec::new();
        let mut at = 0;
        let mut last = 0;
        while let Some(char) = body[at..].chars().next() {
            let rest = &body[at..];
            last = at;
            if blanks(rest) > 0 {
                at += blanks(rest);
                parts.push(Part::Space);
            } else if identifier(rest) > 0 {
                at += identifier(rest);
                parts.push(Part::Id);
            } else if digits(rest) > 0 {
                at += number(rest);
                parts.push(Part::Digits);
            } else if letters(rest) > 0 && is_changing(&rest[..letters(rest)]) {
                at += letters(rest);
                parts.push(Part::Word);
            } else {
                let length = letters(rest).max(char.len_utf8());
                match parts.last_mut() {
                    Some(Part::Text(text)) => text.push_str(&rest[..length]),
                    _ => parts.push(Part::Text(rest[..length].to_owned())),
                }
                at += length;
            }
        }
        let is_padded = match parts.last() {
            Some(Part::Word) => tail > 0,
            Some(Part::Digits | Part::Id) => tail > 1,
            _ => false,
        };
        Self { parts, tail, width: is_padded.then(|| body.len() - last + tail) }
    }

    /// Returns the length of the prefix of this shape that a line begins with.
    fn length_in(&self, line: &str) -> Option<usize> {
        let mut at = 0;
        let mut last = 0;
        for part in &self.parts {
            let rest = &line[at..];
            last = at;
            at += match part {
                Part::Text(text) => rest.starts_with(text.as_str()).then_some(text.len())?,
                Part::Space => blanks(rest),
                Part::Digits | Part::Id => {
                    let padding = blanks(rest);
                    let rest = &rest[padding..];
                    let length = match part {
                        Part::Digits => number(rest),
                        _ => identifier(rest).max(number(rest)),
                    };
                    (length > 0).then_some(padding + length)?
                }
                Part::Word => {
                    let length = letters(rest);
                    is_changing(&rest[..length]).then_some(length)?
                }
            };
        }
        let space = blanks(&line[at..]);
        // What is empty behind its prefix may have lost the blank at its end.
        if space < self.tail && at + space < line.len() && self.width.is_none_or(|_| space == 0) {
            return None;
        }
        let wanted = match self.width {
            Some(width) => width.saturating_sub(at - last).max(1),
            None => self.tail,
        };
        Some(at + space.min(wanted))
    }
}

/// A line without its prefix.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Stripped<'a> {
    pub(super) prefix: &'a str,
    pub(super) text: &'a str,
    /// What keeps the lines of one source together, where several write at once.
    pub(super) lane: Option<String>,
}

#[derive(Debug)]
struct Known {
    shape: Shape,
    /// Names it, whatever is forgotten.
    number: usize,
    /// Names with a number in them, and how many lines repeated one: a counter never does.
    sources: HashSet<String>,
    repeats: usize,
}

/// The prefixes of one text.
#[derive(Debug, Default)]
pub(super) struct Prefixes {
    known: Vec<Known>,
    taught: usize,
    /// The beginnings of the last lines, oldest first.
    recent: Vec<String>,
    /// A shape that a weak sign suggests, and how many lines may still confirm it.
    suggested: Option<(Shape, usize)>,
}

/// What is to be done with a line.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Read it now.
    Read,
    /// Keep it until a line answers [`Step::Release`]: its prefix is not certain yet.
    Hold,
    /// Read all that were kept, then this one.
    Release,
}

impl Prefixes {
    /// Takes note of a line before it is read.
    pub(super) fn learn(&mut self, line: &str) -> Step {
        let step = match self.suggested.take() {
            Some((shape, left)) => {
                if shape.length_in(line).is_some() {
                    self.add(shape);
                    Step::Release
                } else if left == 0 {
                    Step::Release
                } else {
                    self.suggested = Some((shape, left - 1));
                    Step::Hold
                }
            }
            None => self.look(line),
        };
        self.remember(line);
        step
    }

    /// Learns from a line's own sign, if it has one.
    fn look(&mut self, line: &str) -> Step {
        let known = self.longest(line).map_or(0, |(_, length)| length);
        let (prefix, is_certain) = match signs::anchor(&line[known..]) {
            Some(Anchor { at, is_certain }) if at > 0 => (&line[..known + at], is_certain),
            _ => return Step::Read,
        };
        let prefix = signs::without_decoration(prefix);
        if prefix.len() > LONGEST || prefix.trim().is_empty() {
            return Step::Read;
        }
        let shape = Shape::of(prefix);
        let is_near = || self.recent.iter().any(|line| shape.length_in(line).is_some());
        if is_certain || is_near() {
            self.add(shape);
            return Step::Read;
        }
        self.suggested = Some((shape, NEAR));
        Step::Hold
    }

    fn add(&mut self, shape: Shape) {
        if self.known.iter().any(|known| known.shape == shape) {
            return;
        }
        if self.known.len() >= MOST_SHAPES {
            self.known.remove(0);
        }
        self.taught += 1;
        self.known.push(Known { shape, number: self.taught, sources: HashSet::new(), repeats: 0 });
    }

    fn remember(&mut self, line: &str) {
        let mut oldest =
            if self.recent.len() < NEAR { String::new() } else { self.recent.remove(0) };
        oldest.clear();
        oldest.push_str(super::diagnostic::beginning(line, LONGEST));
        self.recent.push(oldest);
    }

    fn longest(&self, line: &str) -> Option<(usize, usize)> {
        let fits = self.known.iter().enumerate();
        fits.filter_map(|(place, known)| Some((place, known.shape.length_in(line)?)))
            .max_by_key(|(_, length)| *length)
    }

    /// Learns a prefix that is certain.
    pub(super) fn teach(&mut self, prefix: &str) {
        if prefix.len() <= LONGEST && !prefix.trim().is_empty() {
            self.add(Shape::of(prefix));
        }
    }

    /// Returns what follows the longest known prefix.
    pub(super) fn behind<'a>(&self, line: &'a str) -> &'a str {
        &line[self.longest(line).map_or(0, |(_, length)| length)..]
    }

    /// Takes the longest known prefix off a line, and takes note of the source that it names.
    pub(super) fn take_off<'a>(&mut self, line: &'a str) -> Stripped<'a> {
        let Some((place, length)) = self.longest(line) else {
            return Stripped { prefix: "", text: line, lane: None };
        };
        let (prefix, text) = line.split_at(length);
        let source = source_in(prefix);
        let known = &mut self.known[place];
        known.count(&source);
        Stripped { prefix, text, lane: Some(known.lane(&source)) }
    }

    /// Returns what keeps the lines of one source together, where several write at once.
    pub(super) fn lane(&self, line: &str) -> Option<String> {
        let (place, length) = self.longest(line)?;
        Some(self.known[place].lane(&source_in(&line[..length])))
    }
}

impl Known {
    fn count(&mut self, source: &str) {
        if source.is_empty() {
            return;
        }
        if self.sources.contains(source) {
            self.repeats += 1;
        } else if self.sources.len() < MOST_SOURCES {
            self.sources.insert(source.to_owned());
        }
    }

    fn lane(&self, source: &str) -> String {
        let is_counter = self.sources.len() >= MOST_SOURCES || self.repeats < self.sources.len();
        format!("{}{}", self.number, if is_counter { "" } else { source })
    }
}

/// The words of a prefix that may name one of several alike: `worker-2`, `pod_7xk2p`.
fn source_in(prefix: &str) -> String {
    let is_of_word = |char: char| char.is_alphanumeric() || char == '-' || char == '_';
    let mut source = String::new();
    for word in prefix.split(|char| !is_of_word(char)) {
        let is_named = word.bytes().take(2).filter(u8::is_ascii_alphabetic).count() == 2;
        let is_hex = word.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-');
        if is_named && !is_hex && word.bytes().any(|byte| byte.is_ascii_digit()) {
            source.push(' ');
            source.push_str(word);
        }
    }
    source
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is left of a line behind the shape of another's prefix.
    fn behind<'a>(prefix: &str, line: &'a str) -> Option<&'a str> {
        Some(&line[Shape::of(prefix).length_in(line)?..])
    }

    #[test]
    fn numbers_identifiers_levels_and_months_are_equal_in_a_prefix() {
        for (prefix, line, text) in [
            ("[apply:9] ", "[apply:10]   with a.b,", "  with a.b,"),
            ("[apply:9] ", "[apply:10]", ""),
            ("2026-11-20T08:15:03.2604977Z ", "2027-01-01T00:00:00.5Z Error: x", "Error: x"),
            ("2026-11-20T08:15:03.26Z ", "2026-11-20T08:15:04Z x", "x"),
            ("error\t28-Nov-2026 11:19:44\t", "build\t1-Dec-2026 00:00:01\t  with", "  with"),
            ("Nov 20 08:15:03 host tf[17]: ", "Dec  1 08:15:03 host tf[4711]:", ""),
            ("ERROR ", "INFO    with a.b,", "  with a.b,"),
            ("INFO  ", "ERROR   with a.b,", "  with a.b,"),
            ("9   ", "10    with a.b,", "  with a.b,"),
            ("[  9] ", "[100]   with", "  with"),
            (
                "0e1f2a3b-0e1f-0e1f-0e1f-0e1f2a3b4c5d ",
                "deadbeef-beef-beef-beef-deadbeefdead x",
                "x",
            ),
            ("[1/2 a1b2c3] | ", "[2/2 ffeedd] | x", "x"),
        ] {
            assert_eq!(behind(prefix, line), Some(text), "{prefix:?} {line:?}");
        }
        for (prefix, line) in
            [("[a] ", "[b] x"), ("web | ", "db | x"), ("[1] ", "[x] y"), ("a:  ", "a: x")]
        {
            assert_eq!(behind(prefix, line), None, "{prefix:?} {line:?}");
        }
    }

    #[test]
    fn a_weak_sign_teaches_only_what_a_line_near_it_confirms() {
        let mut prefixes = Prefixes::default();
        assert_eq!(prefixes.learn("npm failed with Error: x"), Step::Hold);
        for _ in 0..NEAR {
            assert_eq!(prefixes.learn("anything else"), Step::Hold);
        }
        assert_eq!(prefixes.learn("and more"), Step::Release);
        assert_eq!(prefixes.take_off("npm failed with Error: x").prefix, "");
        assert_eq!(prefixes.learn("#7 Error: x"), Step::Hold);
        assert_eq!(prefixes.learn("#8"), Step::Release);
        assert_eq!(prefixes.take_off("#7 Error: x").text, "Error: x");
    }

    #[test]
    fn sources_that_differ_by_a_number_have_their_own_lanes_and_a_counter_has_one() {
        let lanes = |lines: &[&str]| -> HashSet<_> {
            let mut prefixes = Prefixes::default();
            for line in lines {
                prefixes.learn(line);
                prefixes.take_off(line);
            }
            lines.iter().map(|line| prefixes.lane(line)).collect()
        };
        let line = |prefix: &str| format!("{prefix}a.b: Creating...");
        let [one, two] = ["tf-1 | ", "tf-2 | "].map(line);
        assert_eq!(lanes(&[&one, &two, &one, &two]).len(), 2);
        let mut prefixes = Prefixes::default();
        let counted: HashSet<_> = (0..200)
            .map(|number| {
                let line = line(&format!("line-{number}: "));
                prefixes.learn(&line);
                prefixes.take_off(&line);
                prefixes.lane(&line)
            })
            .collect();
        assert_eq!(counted.len(), 1);
    }
}
