//! How Terraform begins its lines: by these, prefixes are learnt, and by these, a text is known to be
//! the output of a run at all, and to reach its end.
//!
//! Never reads what follows. Invariant: a sign is Terraform's, OpenTofu's or the provider's own
//! wording, never a CI system's.

use super::{progress, seek, summary, ui_line};

/// Where in a line Terraform's own text begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Anchor {
    pub(super) at: usize,
    /// False where other programs print the same.
    pub(super) is_certain: bool,
}

/// What a line with one of the phrases is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Meaning {
    /// Part of a run.
    Run,
    /// The last that a command prints when nothing failed.
    End,
}

/// Beginnings of lines at the left edge.
const PHRASES: &[(&str, Meaning)] = {
    use Meaning::{End, Run};
    &[
        ("Terraform will perform the following actions", Run),
        ("Terraform used the selected providers", Run),
        ("OpenTofu will perform the following actions", Run),
        ("OpenTofu used the selected providers", Run),
        ("An execution plan has been generated", Run),
        ("Initializing the backend", Run),
        ("Initializing provider plugins", Run),
        ("Acquiring state lock", Run),
        ("Terraform planned the following actions", Run),
        (COUNT, Run),
        ("Saved the plan to: ", End),
        ("This plan was saved to: ", End),
        ("Note: You didn't use the -out option", End),
        ("Apply complete! ", End),
        ("Destroy complete! ", End),
        ("No changes. Your infrastructure", End),
        ("No changes. Infrastructure is up-to-date", End),
        ("No changes. No objects need to be destroyed", End),
        ("Changes to Outputs:", End),
        ("Import successful!", End),
        ("Success! The configuration is valid", End),
        ("Terraform has been successfully initialized", End),
        ("OpenTofu has been successfully initialized", End),
    ]
};

/// A number follows it.
const COUNT: &str = "Plan: ";

/// What a text means that begins with one of the phrases.
fn meaning(text: &str) -> Option<Meaning> {
    let (phrase, meaning) = PHRASES.iter().find(|(phrase, _)| seek::starts_with(text, phrase))?;
    let is_counted = || text[phrase.len()..].starts_with(|first: char| first.is_ascii_digit());
    (*phrase != COUNT || is_counted()).then_some(*meaning)
}

/// The rules of Terraform's boxes.
pub(super) const RULES: [char; 3] = ['╷', '│', '╵'];

/// What a lossy code page makes of a box's left rule.
pub(super) const LOST_RULES: [&str; 11] = [
    "???",
    "\u{fffd}\u{fffd}\u{fffd}",
    "?",
    "\u{fffd}",
    "¦",
    "³",
    "|",
    // UTF-8 read as code page 437, 850, 1252, Latin-1.
    "Γöé",
    "Ôöé",
    "â”‚",
    "â\u{94}\u{82}",
];

/// Returns what may have been the rule of a box at the end of what stands before a summary. A bar is
/// one only where nothing else stands there: other programs set columns apart with it.
fn lost_rule_at_end(prefix: &str) -> Option<&'static str> {
    let prefix = prefix.trim_end();
    let is_rule =
        |rule: &&&str| prefix.ends_with(**rule) && (**rule != "|" || prefix.trim() == "|");
    LOST_RULES.iter().find(is_rule).copied()
}

/// Finds where Terraform's text begins; the leftmost sign counts.
pub(super) fn anchor(line: &str) -> Option<Anchor> {
    let certain = |at| Some(Anchor { at, is_certain: true });
    if let Some(at) = ui_line::start(line) {
        return certain(at);
    }
    if let Some(at) = phrase(line) {
        return certain(at);
    }
    if let Some(address) = progress::address_in(line) {
        return certain(address);
    }
    let error = severity(line);
    let rule = rule(line).filter(|at| error.is_none_or(|error| *at < error.at));
    match (rule, error) {
        (Some(at), _) => certain(at),
        (None, Some(error)) => Some(error),
        (None, None) => progress::heading_in(line).and_then(certain),
    }
}

/// Finds a phrase that stands at the beginning of a word: each begins with a capital letter, and a line
/// has few of them.
fn phrase(line: &str) -> Option<usize> {
    let letters = line.bytes().enumerate().filter(|(_, letter)| letter.is_ascii_uppercase());
    let mut words = letters.map(|(at, _)| at).filter(|at| begins_word(line, *at));
    let at = words.find(|at| meaning(&line[*at..]).is_some())?;
    (!seek::has(&line[..at], b'"')).then_some(at)
}

fn begins_word(line: &str, at: usize) -> bool {
    !line[..at].ends_with(|before: char| before.is_alphanumeric())
}

/// Finds the rule of a box: in front of it stands no word, and no text of a program's.
fn rule(line: &str) -> Option<usize> {
    if line.is_ascii() {
        return None;
    }
    let at = line.find(RULES)?;
    (begins_word(line, at) && !seek::has(&line[..at], b'"')).then_some(at)
}

/// Finds `Error: ` where it is not a part of an API's message.
fn severity(line: &str) -> Option<Anchor> {
    // Most lines have no colon with a blank behind it, and a byte is found faster than a word.
    let colons = memchr::memchr_iter(b':', line.as_bytes());
    let words = colons.filter_map(|colon| {
        let before = line[..colon]
            .strip_suffix("Error")
            .or_else(|| line[..colon].strip_suffix("Warning"))?;
        line[colon..].starts_with(": ").then_some(before.len())
    });
    let mut places = words.filter(|at| {
        let before = &line[..*at];
        begins_word(line, *at) && !before.ends_with("API ") && !before.ends_with("Auth ")
    });
    let at = places.next()?;
    let (_, text) = line[at..].split_once(": ")?;
    Some(Anchor { at, is_certain: is_own_summary(text) })
}

/// Takes off a line what marks it alone: commands of Azure DevOps and GitHub Actions, the program's
/// name that PowerShell puts before the first line of standard error.
pub(super) fn undecorated(text: &str) -> &str {
    let hash = text.strip_prefix("##[").and_then(|rest| rest.split_once(']'));
    let command = hash.or_else(|| text.strip_prefix("::")?.split_once("::"));
    let is_word =
        |(word, _): &(&str, &str)| word.starts_with(|first: char| first.is_ascii_lowercase());
    let text = command.filter(is_word).map_or(text, |(_, rest)| rest);
    after_tool(text).unwrap_or(text)
}

fn after_tool(text: &str) -> Option<&str> {
    let rest = ["terraform", "tofu"].iter().find_map(|tool| text.strip_prefix(tool))?;
    let rest = rest.strip_prefix(".exe").unwrap_or(rest);
    let rest = [":", ">", " :"].iter().find_map(|mark| rest.strip_prefix(mark))?;
    if rest.is_empty() { Some(rest) } else { rest.strip_prefix(' ') }
}

/// Takes off a prefix what [`undecorated`] takes off the line behind it.
pub(super) fn without_decoration(prefix: &str) -> &str {
    if undecorated(prefix).is_empty() {
        return "";
    }
    // What was the rule of a box before a code page took it is the box's.
    let prefix = match lost_rule_at_end(prefix) {
        Some(rule) => &prefix[..prefix.trim_end().len() - rule.len()],
        None => prefix,
    };
    let places = prefix.match_indices("##[").chain(prefix.match_indices("::"));
    let mut places = places.map(|(at, _)| at);
    places.find(|at| undecorated(&prefix[*at..]).is_empty()).map_or(prefix, |at| &prefix[..at])
}

/// True if no other program begins an error like this.
fn is_own_summary(text: &str) -> bool {
    summary::shape_in(text).is_some() || summary::is_providers(text)
}

/// What the lines of an input have shown so far.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Evidence {
    /// Something of it is Terraform's output.
    pub(super) is_run: bool,
    /// The last of it ends a command that did not fail.
    pub(super) is_ended: bool,
}

impl Evidence {
    /// Takes in a line of text without its prefix.
    pub(super) fn look(&mut self, text: &str) {
        match meaning(text.trim_start()) {
            Some(Meaning::Run) => *self = Self { is_run: true, is_ended: false },
            Some(Meaning::End) => *self = Self { is_run: true, is_ended: true },
            None => {}
        }
    }

    /// An operation began or ended, or a message of the machine-readable UI came.
    pub(super) fn runs(&mut self) {
        *self = Self { is_run: true, is_ended: false };
    }

    /// The end of a run was told.
    pub(super) fn ends(&mut self) {
        *self = Self { is_run: true, is_ended: true };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terraforms_text_is_found_behind_whatever_stands_before_it() {
        for (line, text, is_certain) in [
            ("x 1: a.b[\"k: v\"]: Creating...", "a.b[\"k: v\"]: Creating...", true),
            ("error\t11:19\ta.b: Creating...", "a.b: Creating...", true),
            ("[a]   # a.b will be created", "  # a.b will be created", true),
            ("##[error]╷", "╷", true),
            ("x {\"@level\":\"a Error: x\"}", "{\"@level\":\"a Error: x\"}", true),
            ("a │ Error: x", "│ Error: x", true),
            ("a: Error: x │ y", "Error: x │ y", false),
            (
                "a Error: Failed to create division A error: API Error: 409",
                "Error: Failed to create division A error: API Error: 409",
                true,
            ),
            ("a Plan: 1 to add", "Plan: 1 to add", true),
        ] {
            let found = anchor(line).unwrap_or_else(|| panic!("{line:?}"));
            assert_eq!((&line[found.at..], found.is_certain), (text, is_certain), "{line:?}");
        }
        for line in ["API Error: 409", "TypeError: x", "+ name = \"A │ B\"", "a│b", "nothing"] {
            assert_eq!(anchor(line), None, "{line:?}");
        }
    }
}
