//! What mail and chat programs do to the lines of a text: transfer encodings, a blank line between
//! all lines.
//!
//! Never decodes a text that does not name its encoding. Invariant: at most one line is kept.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::decode::LONGEST_LINE;

/// So many lines with a blank one behind each are no coincidence.
const SPACED: usize = 4;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Encoding {
    #[default]
    Plain,
    QuotedPrintable,
    Base64,
}

/// Undoes both, line by line.
#[derive(Debug, Default)]
pub(super) struct Mail {
    encoding: Encoding,
    /// Decoded bytes whose line has not ended.
    begun: Vec<u8>,
    is_in_header: bool,
    /// Lines of which each had a blank one behind it.
    spaced: usize,
    /// The line before was kept, and was blank.
    before: Option<bool>,
}

impl Mail {
    /// Takes in a line, and gives what it says.
    pub(super) fn feed(&mut self, line: &str, give: &mut dyn FnMut(&str)) {
        if self.is_spacing(line) {
            return;
        }
        if let Some(encoding) = named_in(line) {
            self.finish(give);
            (self.encoding, self.is_in_header) = (encoding, true);
            return give(line);
        }
        if self.is_in_header {
            self.is_in_header = !line.is_empty();
            return give(line);
        }
        let is_ended = match self.encoding {
            Encoding::Plain => return give(line),
            _ if is_boundary(line) => {
                self.finish(give);
                return give(line);
            }
            Encoding::QuotedPrintable => unquoted(line, &mut self.begun),
            Encoding::Base64 => match STANDARD.decode(line.trim()) {
                Ok(bytes) => {
                    self.begun.extend(bytes);
                    false
                }
                Err(_) => {
                    self.finish(give);
                    return give(line);
                }
            },
        };
        if is_ended {
            self.begun.push(b'\n');
        }
        let end = self.begun.iter().rposition(|byte| *byte == b'\n');
        let end = end
            .map_or(if self.begun.len() > LONGEST_LINE { self.begun.len() } else { 0 }, |at| {
                at + 1
            });
        let text: Vec<u8> = self.begun.drain(..end).collect();
        String::from_utf8_lossy(&text).lines().for_each(give);
    }

    /// Gives what is left.
    pub(super) fn finish(&mut self, give: &mut dyn FnMut(&str)) {
        self.encoding = Encoding::Plain;
        let text = std::mem::take(&mut self.begun);
        String::from_utf8_lossy(&text).lines().for_each(give);
    }

    /// True for the blank line behind each line of a text that was spaced out.
    fn is_spacing(&mut self, line: &str) -> bool {
        let is_blank = line.trim().is_empty();
        match self.before {
            Some(false) if is_blank => self.spaced += 1,
            // A blank line of the text itself has one behind it, too.
            Some(was_blank) if !is_blank && (!was_blank || self.spaced >= SPACED) => {
                self.spaced = 0;
            }
            _ => {}
        }
        let is_spacing = is_blank && self.before.is_some() && self.spaced >= SPACED;
        self.before = (!is_spacing).then_some(is_blank);
        is_spacing
    }
}

/// The encoding that a header names.
fn named_in(line: &str) -> Option<Encoding> {
    const HEADER: &str = "content-transfer-encoding:";
    let (header, encoding) = line.split_at_checked(HEADER.len())?;
    if !header.eq_ignore_ascii_case(HEADER) {
        return None;
    }
    Some(match encoding.trim().to_ascii_lowercase().as_str() {
        "quoted-printable" => Encoding::QuotedPrintable,
        "base64" => Encoding::Base64,
        _ => Encoding::Plain,
    })
}

fn is_boundary(line: &str) -> bool {
    const SHORTEST: usize = 12;
    line.len() >= SHORTEST && line.starts_with("--") && !line.contains(' ')
}

/// Decodes a line of RFC 2045, 6.7; true if its line ends with it.
fn unquoted(line: &str, bytes: &mut Vec<u8>) -> bool {
    let soft = line.trim_end().strip_suffix('=');
    let mut rest = soft.unwrap_or(line);
    while let Some((before, after)) = rest.split_once('=') {
        bytes.extend(before.as_bytes());
        let code = after.get(..2).and_then(|hex| u8::from_str_radix(hex, 16).ok());
        bytes.push(code.unwrap_or(b'='));
        rest = if code.is_some() { &after[2..] } else { after };
    }
    bytes.extend(rest.as_bytes());
    soft.is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<String> {
        let (mut mail, mut all) = (Mail::default(), Vec::new());
        for line in text.lines() {
            mail.feed(line, &mut |line| all.push(line.to_owned()));
        }
        mail.finish(&mut |line| all.push(line.to_owned()));
        all
    }

    #[test]
    fn only_what_a_header_names_is_decoded() {
        let quoted = "Content-Transfer-Encoding: Quoted-Printable\nX: =41\n\n=E2=94=\n=82 a=\nb=3D\n=\n--boundary-000\n=41";
        assert_eq!(lines(quoted)[2..], ["", "│ ab=", "--boundary-000", "=41"]);
        let packed = STANDARD.encode("│ a\n│ b");
        let (one, two) = packed.split_at(4);
        let text = format!("content-transfer-encoding: base64\n\n{one}\n{two}\n.");
        assert_eq!(lines(&text)[2..], ["│ a", "│ b", "."]);
        assert_eq!(lines("=41\nIA=="), ["=41", "IA=="]);
    }

    #[test]
    fn a_blank_line_behind_every_line_is_no_line() {
        let own = ["1", "2", "3", "4", "5", "", "6", "7"];
        let found = lines(&own.join("\n\n"));
        assert_eq!(found.iter().filter(|line| line.is_empty()).count(), 4);
        assert_eq!(found[found.len() - 4..], own[4..]);
        assert_eq!(lines("a\n\nb\n\nc\n\nd\ne\n\nf").len(), 10);
    }
}
