//! Undoes what pages and copies do to the characters of a log: HTML and XML, and escapes of a string
//! that was printed as it is spelled.
//!
//! Never guesses: a text is undone only where it spells what Terraform never does. Invariant: text
//! without such spellings is `None`.

use super::nested::{self, Beginning};
use super::{seek, signs, ui_line};

/// Lines that a line turned out to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Undone {
    pub(super) lines: Vec<String>,
    /// The text is HTML or XML: its ampersands are spelled, too, where a line has no other sign.
    pub(super) is_markup: bool,
}

/// Quotes as HTML and XML spell them.
const QUOTES: [&str; 3] = ["&quot;", "&#34;", "&#x22;"];
/// Elements that show a log, and those that end a line of it.
const TAGS: [&str; 16] = [
    "html", "head", "title", "body", "span", "br", "pre", "div", "p", "li", "td", "tr", "code",
    "a", "b", "font",
];
const BREAKS: [&str; 6] = ["br", "/p", "/div", "/li", "/tr", "/pre"];
const ENTITIES: [(&str, char); 6] =
    [("quot", '"'), ("amp", '&'), ("lt", '<'), ("gt", '>'), ("apos", '\''), ("nbsp", ' ')];

/// Undoes one layer of a line.
pub(super) fn undone(line: &str) -> Option<Undone> {
    if let Some(text) = without_section(line) {
        return Some(Undone { lines: vec![text.to_owned()], is_markup: false });
    }
    if let Some(text) = service_message(line) {
        return Some(Undone { lines: text.lines().map(str::to_owned).collect(), is_markup: false });
    }
    let has_tag = seek::has(line, b'<') && tags(line).next().is_some();
    let spells_quotes = seek::has(line, b'&')
        && QUOTES.iter().any(|quote| line.contains(quote))
        && !line.contains('"');
    if has_tag || spells_quotes {
        let text = decoded(&without_tags(line));
        return Some(Undone { lines: text.lines().map(str::to_owned).collect(), is_markup: true });
    }
    let lines = spelled_lines(line)?;
    Some(Undone { lines, is_markup: false })
}

/// Takes off the marks of a CDATA section.
fn without_section(line: &str) -> Option<&str> {
    const SECTION: &str = "<![CDATA[";
    let inner = seek::find(line, SECTION).map(|at| &line[at + SECTION.len()..]);
    let text = inner.unwrap_or(line);
    match seek::find(text, "]]>") {
        Some(end) => Some(&text[..end]),
        None => inner,
    }
}

/// Reads the text of a service message of TeamCity (its reference, "Escaped values").
fn service_message(line: &str) -> Option<String> {
    let (_, value) = line[seek::find(line, "##teamcity[message ")?..].split_once("text='")?;
    let mut text = String::new();
    let mut chars = value.chars();
    while let Some(char) = chars.next() {
        text.push(match char {
            '\'' => return Some(text),
            '|' => match chars.next()? {
                'n' => '\n',
                'r' => '\r',
                '0' => {
                    let code: String = chars.by_ref().skip(1).take(4).collect();
                    char::from_u32(u32::from_str_radix(&code, 16).ok()?)?
                }
                other => other,
            },
            other => other,
        });
    }
    None
}

/// The tags of a line, as their places and names.
fn tags(line: &str) -> impl Iterator<Item = (std::ops::Range<usize>, &str)> {
    const LONGEST: usize = 512;
    line.match_indices('<').filter_map(move |(at, _)| {
        let near = super::diagnostic::beginning(&line[at + 1..], LONGEST);
        let (inner, _) = near.split_once('>')?;
        let name = inner.split([' ', '\t']).next()?.trim_end_matches('/');
        let is_known = TAGS.contains(&name.trim_start_matches('/').to_ascii_lowercase().as_str());
        is_known.then_some((at..at + inner.len() + 2, name))
    })
}

fn without_tags(line: &str) -> String {
    let mut text = String::with_capacity(line.len());
    let mut at = 0;
    for (range, name) in tags(line) {
        if range.start < at {
            continue;
        }
        text.push_str(&line[at..range.start]);
        if BREAKS.contains(&name.to_ascii_lowercase().as_str()) {
            text.push('\n');
        }
        at = range.end;
    }
    text.push_str(&line[at..]);
    text
}

/// Decodes the character references of HTML and XML.
pub(super) fn decoded(text: &str) -> String {
    const LONGEST: usize = 10;
    let mut decoded = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('&') {
        decoded.push_str(before);
        let near = super::diagnostic::beginning(after, LONGEST);
        let found = near.find(';').and_then(|end| Some((end, character(&after[..end])?)));
        match found {
            Some((end, character)) => {
                decoded.push(character);
                rest = &after[end + 1..];
            }
            None => {
                decoded.push('&');
                rest = after;
            }
        }
    }
    decoded + rest
}

fn character(name: &str) -> Option<char> {
    if let Some(number) = name.strip_prefix('#') {
        let code = match number.strip_prefix(['x', 'X']) {
            Some(hex) => u32::from_str_radix(hex, 16),
            None => number.parse(),
        };
        return char::from_u32(code.ok()?);
    }
    ENTITIES.iter().find(|(entity, _)| *entity == name).map(|(_, character)| *character)
}

/// Reads a text whose line feeds are spelled `\n`, if Terraform's lines come of it.
fn spelled_lines(line: &str) -> Option<Vec<String>> {
    if !seek::contains(line, "\\n") || is_structured(line) {
        return None;
    }
    let lines: Vec<String> = unescaped(line).split('\n').map(str::to_owned).collect();
    let is_own = |line: &&String| {
        signs::anchor(line).is_some_and(|anchor| anchor.at == 0 && anchor.is_certain)
    };
    let is_evident = lines.len() > 1
        && (lines.iter().skip(1).any(|line| is_own(&line))
            || lines.first().as_ref().is_some_and(is_own)
                && lines.iter().any(|line| line.starts_with("  with ")));
    is_evident.then_some(lines)
}

/// True if the line is a document, or ends with one: its strings are undone by whoever reads it.
fn is_structured(line: &str) -> bool {
    let is_json = |text: &str| !matches!(nested::beginning(text), Beginning::None);
    is_json(line)
        || line.find("{\"").is_some_and(|at| is_json(&line[at..]))
        || ui_line::start(line).is_some()
        || nested::pairs(line).is_some()
}

/// Undoes the escapes of a string literal once; an unknown one stays.
fn unescaped(text: &str) -> String {
    let mut result = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('\\') {
        result.push_str(before);
        let code = |length: usize, radix| {
            let digits = after.get(1..=length)?;
            char::from_u32(u32::from_str_radix(digits, radix).ok()?)
        };
        let (character, length) = match after.chars().next() {
            Some('n') => (Some('\n'), 1),
            Some('r') => (Some('\r'), 1),
            Some('t') => (Some('\t'), 1),
            Some('e') => (Some('\x1b'), 1),
            Some(quoted @ ('"' | '\'' | '\\' | '/')) => (Some(quoted), 1),
            Some('u') => (code(4, 16), 5),
            Some('x') => (code(2, 16), 3),
            Some('0') => (after.starts_with("033").then_some('\x1b'), 3),
            _ => (None, 0),
        };
        match character {
            Some(character) => {
                result.push(character);
                rest = &after[length..];
            }
            None => {
                result.push('\\');
                rest = after;
            }
        }
    }
    result + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(line: &str) -> Vec<String> {
        undone(line).unwrap_or_else(|| panic!("{line:?}")).lines
    }

    #[test]
    fn pages_and_sections_are_undone() {
        for (line, text) in [
            ("  with a.b[&quot;x &amp; y&quot;],", "  with a.b[\"x & y\"],"),
            ("<span style=\"color: #f00\">│</span> {&#34;a&#x22;:1}", "│ {\"a\":1}"),
            ("<system-out><![CDATA[╷", "╷"),
            ("╵]]></system-out>", "╵"),
            ("##teamcity[message text='|0x2502 |[a|] || |'x|'' status='ERROR']", "│ [a] | 'x'"),
        ] {
            assert_eq!(lines(line), [text], "{line:?}");
        }
        assert_eq!(lines("<pre>╷<br/>│ Error: x<br>╵</pre>"), ["╷", "│ Error: x", "╵"]);
    }

    #[test]
    fn spelled_line_feeds_are_undone_where_terraforms_lines_come_of_it() {
        assert_eq!(
            lines(r#"╷\n│ Error: x\n│ \u0041 \"b\"\n╵"#),
            ["╷", "│ Error: x", "│ A \"b\"", "╵"]
        );
        assert_eq!(
            lines(r"a.b: Creating...\na.c: Creating..."),
            ["a.b: Creating...", "a.c: Creating..."]
        );
    }

    #[test]
    fn other_text_is_left_alone() {
        for line in [
            "│ {\"errorMessage\":\"API Error: 409 - x\\nalready exists\"}",
            "Error: Failed to create division Sales &amp; Co error: API Error: 409 - x",
            "+ name = \"a &quot;b&quot; <i>\"",
            "a.b: Creation complete after 1s [id=<computed>]",
        ] {
            assert_eq!(undone(line), None, "{line:?}");
        }
    }
}
