//! The door: everything that is printed goes through here, and is harmless and without secrets then.
//!
//! Texts of others (the API's messages and ids, Terraform's words, names, addresses, paths) end up in
//! terminals and in the logs of CI systems, which act on what they read. Invariants: no control
//! character but the line end, no escape sequence that is not ours, no mark that turns the direction of
//! text, and nothing that a CI system takes for a command of its own; a known secret is never there.

use std::sync::{PoisonError, RwLock};

use divvy_core::name::harmless;

/// Secrets of this process: those that it was given, and the tokens that it got.
static SECRETS: RwLock<Vec<String>> = RwLock::new(Vec::new());

/// What stands in place of a secret.
const REDACTED: &str = "[redacted]";

/// Shorter ones would be found in words that are no secret.
const SHORTEST_SECRET: usize = 6;

/// Keeps a text out of everything that is printed from now on.
pub(crate) fn keep_secret(secret: &str) {
    if secret.trim().len() < SHORTEST_SECRET {
        return;
    }
    let mut secrets = SECRETS.write().unwrap_or_else(PoisonError::into_inner);
    if !secrets.iter().any(|known| known == secret) {
        secrets.push(secret.to_owned());
        // One may begin another: the longer one goes first.
        secrets.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
    }
}

/// Returns a text without the secrets that are known.
pub(crate) fn without_secrets(text: &str) -> String {
    let secrets = SECRETS.read().unwrap_or_else(PoisonError::into_inner);
    secrets.iter().fold(text.to_owned(), |text, secret| {
        if text.contains(secret.as_str()) { text.replace(secret.as_str(), REDACTED) } else { text }
    })
}

/// Returns talk as it may be printed: line ends stay, everything else that could act is escaped.
pub(crate) fn talk(text: &str) -> String {
    let lines: Vec<String> = without_secrets(text).split('\n').map(harmless).collect();
    neutral(&lines.join("\n"))
}

/// Returns an artefact for people as it may be printed. Its writer has made every piece of it harmless
/// already, and may have coloured it: colours stay, everything else that could act is escaped.
pub(crate) fn artefact(text: &str) -> String {
    let text = without_secrets(text);
    let mut written = String::with_capacity(text.len());
    for (number, line) in text.split('\n').enumerate() {
        if number > 0 {
            written.push('\n');
        }
        let mut rest = line;
        while let Some(at) = rest.find("\u{1b}[") {
            let (plain, sequence) = rest.split_at(at);
            written.push_str(&harmless(plain));
            let length = color(sequence);
            // What is no colour goes on as text, without its escape.
            let (kept, after) = sequence.split_at(length.unwrap_or(1));
            written.push_str(&if length.is_some() { kept.to_owned() } else { harmless(kept) });
            rest = after;
        }
        written.push_str(&harmless(rest));
    }
    neutral(&written)
}

/// Returns the length of the colour that a text begins with.
fn color(text: &str) -> Option<usize> {
    let parameters = text.strip_prefix("\u{1b}[")?;
    let end = parameters.find(|c: char| !c.is_ascii_digit() && c != ';')?;
    parameters[end..].starts_with('m').then_some("\u{1b}[".len() + end + 1)
}

/// Returns JSON as it may be printed: the same value, with every character escaped that a terminal or a
/// CI system could act on. JSON has such characters in strings only.
pub(crate) fn json(text: &str) -> String {
    let text = without_secrets(text);
    let mut written = String::with_capacity(text.len());
    let mut previous = ' ';
    for c in text.chars() {
        let begins_command = c == '#' && previous == '#';
        if begins_command || is_wild(c) {
            for unit in c.encode_utf16(&mut [0; 2]) {
                written.push_str(&format!("\\u{unit:04x}"));
            }
        } else {
            written.push(c);
        }
        previous = c;
    }
    written
}

/// Reports whether JSON holds this character raw although it acts or deceives.
fn is_wild(c: char) -> bool {
    let mut bytes = [0; 4];
    let character: &str = c.encode_utf8(&mut bytes);
    !matches!(c, '\n' | '\r' | '\t') && harmless(character) != character
}

/// What Azure, TeamCity and (in its old form) GitHub take for a command wherever it stands in a line,
/// and GitLab for the begin or end of a section.
const ANYWHERE: [&str; 5] = ["##vso[", "##[", "##teamcity[", "section_start:", "section_end:"];

/// Writes every command of a CI system so that it is none: its first character as an escape.
pub(crate) fn neutral(text: &str) -> String {
    let mut written = String::with_capacity(text.len());
    for (number, line) in text.split('\n').enumerate() {
        if number > 0 {
            written.push('\n');
        }
        neutral_line(line, &mut written);
    }
    written
}

fn neutral_line(line: &str, written: &mut String) {
    // Blanks and colours in front do not keep GitHub from reading a command.
    let start = start_of(line);
    let mut rest = 0;
    for (at, c) in line.char_indices() {
        let here = &line[at..];
        let is_command = ANYWHERE.iter().any(|command| starts_with_ignoring_case(here, command))
            || (at == start && is_workflow_command(here));
        if is_command {
            written.push_str(&line[rest..at]);
            written.push_str(&format!("\\u{{{:04x}}}", u32::from(c)));
            rest = at + c.len_utf8();
        }
    }
    written.push_str(&line[rest..]);
}

/// Reports whether a line is `::name …::…`, GitHub's form.
fn is_workflow_command(line: &str) -> bool {
    line.strip_prefix("::").is_some_and(|rest| {
        rest.starts_with(|c: char| c.is_ascii_alphabetic()) && rest.contains("::")
    })
}

fn starts_with_ignoring_case(text: &str, start: &str) -> bool {
    text.get(..start.len()).is_some_and(|head| head.eq_ignore_ascii_case(start))
}

/// Returns where a line begins behind blanks and colours.
fn start_of(line: &str) -> usize {
    let mut at = 0;
    loop {
        let rest = &line[at..];
        if let Some(c) = rest.chars().next().filter(|c| c.is_whitespace()) {
            at += c.len_utf8();
        } else if let Some(end) = rest.starts_with("\u{1b}[").then(|| rest.find('m')).flatten() {
            at += end + 1;
        } else {
            return at;
        }
    }
}

/// What an artefact is for, and with it what the door does to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// For people: nothing in it is a command of a CI system.
    People,
    /// For programs.
    Json,
    /// It consists of commands: of a CI system or a shell. Their writer has escaped each value.
    Commands,
}

impl Form {
    /// Returns an artefact as it may leave, to a stream or into a file.
    pub(crate) fn tame(self, artefact: &[u8]) -> Vec<u8> {
        let text = String::from_utf8_lossy(artefact);
        match self {
            Self::People => self::artefact(&text),
            Self::Json => json(&text),
            Self::Commands => without_secrets(&text),
        }
        .into_bytes()
    }
}

/// A stream for the log: what is written to it goes through the door, a line at a time.
pub(crate) struct Log;

impl std::io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let text = talk(&String::from_utf8_lossy(bytes));
        std::io::stderr().lock().write_all(text.as_bytes())?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        std::io::stderr().flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const COMMANDS: [&str; 9] = [
        "::error::x",
        "  ::set-output name=a::b",
        "\t::add-mask::x",
        "##vso[task.setvariable variable=a]b",
        "a ##[error]x",
        "##teamcity[buildStop comment='x']",
        "##VSO[task.complete]",
        "section_start:1:a",
        "text section_end:1:a",
    ];

    /// Whether any of the systems would act on a line.
    fn acts(line: &str) -> bool {
        let lower = line.to_lowercase();
        is_workflow_command(line.trim_start())
            || ANYWHERE.iter().any(|command| lower.contains(command))
    }

    #[test]
    fn no_text_of_others_is_a_command_of_a_ci_system() {
        for command in COMMANDS {
            assert!(acts(command));
            for text in [command.to_owned(), format!("told:\n{command}"), format!("a\r\n{command}")]
            {
                for shown in [talk(&text), artefact(&text)] {
                    assert!(!shown.lines().any(acts), "{shown:?}");
                }
            }
        }
        for plain in ["a::b # c ## d: e", "::1 answers", "::"] {
            assert_eq!(talk(plain), plain);
        }
        let wild = artefact("\u{1b}[31mred\u{1b}[0m \u{1b}[2J\u{7}\u{202e}");
        assert_eq!(wild, "\u{1b}[31mred\u{1b}[0m \\u{001b}[2J\\u{0007}\\u{202e}");
        let colored = artefact("\u{1b}[1m::error::x\u{1b}[0m");
        assert!(!colored.contains("m::"), "{colored:?}");
    }

    #[test]
    fn no_escape_sequence_direction_mark_or_control_character_gets_through_in_talk() {
        let text = "a\u{1b}[2J\u{9b}31m\r\u{7}\u{202e}\u{2066}\u{0}\u{85}\u{2028}b\n\tc";
        let shown = talk(text);
        let bad: Vec<_> = shown.chars().filter(|c| c.is_control() && *c != '\n').collect();
        assert!(
            bad.is_empty() && !shown.contains(['\u{202e}', '\u{2066}', '\u{2028}']),
            "{shown:?}"
        );
        assert_eq!(
            talk("Zürich 東京 \"q\" \\ 👨\u{200d}👩\n  b"),
            "Zürich 東京 \"q\" \\ 👨\u{200d}👩\n  b"
        );
    }

    #[test]
    fn json_says_the_same_and_holds_nothing_that_acts() {
        let value = serde_json::json!({
            "name": "##vso[x]\u{202e}\u{7f}\u{9b}\u{e0041}\n::error::",
            "plain": "Zürich # 1"
        });
        let text = json(&serde_json::to_string_pretty(&value).unwrap());
        assert_eq!(serde_json::from_str::<serde_json::Value>(&text).unwrap(), value);
        assert!(!text.lines().any(acts), "{text}");
        assert!(
            !text.contains(|c: char| (c.is_control() && c != '\n') || c == '\u{202e}'),
            "{text:?}"
        );
        assert!(text.contains("Zürich # 1"));
    }

    #[test]
    fn a_known_secret_is_never_printed() {
        keep_secret("hush-of-the-door");
        keep_secret("hush-of-the-door-and-more");
        keep_secret("a");
        for shown in [
            talk("id hush-of-the-door-and-more, hush-of-the-door"),
            artefact("id hush-of-the-door"),
            json("\"hush-of-the-door\""),
        ] {
            assert!(!shown.contains("hush-of") && shown.contains(REDACTED), "{shown}");
        }
    }
}
