//! Reads a line of `-json` output, Terraform's machine-readable UI.
//!
//! Never fails on a line that is none. Source of the format: Terraform's documentation of the
//! machine-readable UI, and recorded runs.

use std::borrow::Cow;

use divvy_core::failure::Operation;
use serde::Deserialize;

use super::diagnostic::Diagnostic;
use super::seek;

/// What a line tells; kinds of lines that are of no use here are [`UiLine::Other`].
/// Other programs log in the same form: `is_own` where the module is one of Terraform's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum UiLine {
    /// A diagnostic of severity error.
    Error(Diagnostic),
    /// An operation on an instance began.
    Started { address: String, operation: Operation },
    /// It ended well.
    Completed { address: String, operation: Operation, id: Option<String> },
    /// What the run has changed: the last but the outputs.
    Summary,
    /// Any other message; the reason of an `apply_errored` comes in a diagnostic.
    Other { is_own: bool },
    /// It begins as a UI line and is no JSON: cut, or overwritten.
    Broken { is_own: bool },
}

#[derive(Deserialize)]
struct Message<'a> {
    #[serde(borrow, rename = "type")]
    kind: Option<Cow<'a, str>>,
    #[serde(borrow)]
    diagnostic: Option<DiagnosticPart<'a>>,
    #[serde(borrow)]
    hook: Option<Hook<'a>>,
}

#[derive(Deserialize)]
struct DiagnosticPart<'a> {
    #[serde(borrow)]
    severity: Cow<'a, str>,
    #[serde(borrow)]
    summary: Cow<'a, str>,
    #[serde(borrow, default)]
    detail: Cow<'a, str>,
    #[serde(borrow)]
    address: Option<Cow<'a, str>>,
    #[serde(borrow)]
    range: Option<Range<'a>>,
}

#[derive(Deserialize)]
struct Range<'a> {
    #[serde(borrow)]
    filename: Cow<'a, str>,
    start: Position,
}

#[derive(Deserialize)]
struct Position {
    line: u64,
}

#[derive(Deserialize)]
struct Hook<'a> {
    #[serde(borrow)]
    resource: Resource<'a>,
    #[serde(borrow)]
    action: Option<Cow<'a, str>>,
    #[serde(borrow)]
    id_value: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
struct Resource<'a> {
    #[serde(borrow)]
    addr: Cow<'a, str>,
}

/// How each message begins.
const BEGINNING: &str = "{\"@level\"";

/// Finds where the first of a line begins.
pub(super) fn start(line: &str) -> Option<usize> {
    seek::find(line, BEGINNING)
}

/// Who writes them.
const MODULES: [&str; 2] = ["\"@module\":\"terraform.", "\"@module\":\"tofu."];

/// Gives every UI message of a line, mostly one; false if there is none. Other text may stand
/// around them.
pub(super) fn read(
    line: &str,
    unit: Option<&str>,
    number: usize,
    mut take: impl FnMut(UiLine),
) -> bool {
    let Some(start) = start(line) else {
        return false;
    };
    let json = &line[start..];
    let is_own = MODULES.iter().any(|module| json.contains(module));
    let is_of_use = json.contains("\"diagnostic\"") || json.contains("\"apply_");
    if !is_of_use {
        take(match json.trim_end().ends_with('}') {
            true if json.contains("\"change_summary\"") => UiLine::Summary,
            true => UiLine::Other { is_own },
            false => UiLine::Broken { is_own },
        });
        return true;
    }
    let mut messages = serde_json::Deserializer::from_str(json).into_iter::<Message>();
    let mut rest = 0;
    while let Some(Ok(message)) = messages.next() {
        take(meaning(message, unit, number).unwrap_or(UiLine::Other { is_own }));
        rest = messages.byte_offset();
    }
    if json[rest..].trim_start().starts_with(BEGINNING) {
        take(UiLine::Broken { is_own });
    }
    true
}

fn meaning(message: Message<'_>, unit: Option<&str>, number: usize) -> Option<UiLine> {
    let kind = message.kind?;
    if kind == "diagnostic" {
        let part = message.diagnostic?;
        return (part.severity == "error")
            .then(|| UiLine::Error(part.into_diagnostic(unit, number)));
    }
    let hook = message.hook?;
    let address = hook.resource.addr.into_owned();
    let operation = match hook.action?.as_ref() {
        "create" => Operation::Create,
        "update" => Operation::Update,
        "delete" => Operation::Delete,
        "read" => Operation::Read,
        _ => Operation::Other,
    };
    match kind.as_ref() {
        "apply_start" => Some(UiLine::Started { address, operation }),
        "apply_complete" => {
            let id = hook.id_value.map(Cow::into_owned);
            Some(UiLine::Completed { address, operation, id })
        }
        _ => None,
    }
}

impl DiagnosticPart<'_> {
    fn into_diagnostic(self, unit: Option<&str>, line: usize) -> Diagnostic {
        let told = self.into_told();
        Diagnostic { unit: unit.map(str::to_owned), line, ..Diagnostic::of(&told) }
    }

    fn into_told(self) -> crate::Diagnostic {
        crate::Diagnostic {
            summary: self.summary.into_owned(),
            detail: self.detail.into_owned(),
            address: self.address.map(Cow::into_owned),
            place: self.range.map(|range| (range.filename.into_owned(), range.start.line)),
        }
    }
}

/// Returns the error diagnostics of a stream of messages, whole; other lines are skipped.
pub(crate) fn errors(text: &str) -> Vec<crate::Diagnostic> {
    text.lines()
        .filter_map(|line| serde_json::from_str::<Message>(line).ok())
        .filter_map(|message| message.diagnostic)
        .filter(|part| part.severity == "error")
        .map(DiagnosticPart::into_told)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn messages(line: &str) -> Vec<UiLine> {
        let mut all = Vec::new();
        read(line, None, 1, |message| all.push(message));
        all
    }

    const STARTED: &str = r#"{"@level":"info","hook":{"resource":{"addr":"a.b"},"action":"create"},"type":"apply_start"}"#;

    #[test]
    fn messages_without_a_line_end_between_them_are_all_read() {
        let started = UiLine::Started { address: "a.b".to_owned(), operation: Operation::Create };
        assert_eq!(
            messages(&format!("text {STARTED}{STARTED} text")),
            [started.clone(), started.clone()]
        );
        let cut = &STARTED[..STARTED.len() - 3];
        assert_eq!(
            messages(&format!("{STARTED}{cut}")),
            [started, UiLine::Broken { is_own: false }]
        );
    }

    #[test]
    fn a_cut_message_is_broken_and_other_json_is_none() {
        assert_eq!(
            messages(r#"{"@level":"error","@message":"Error: x"#),
            [UiLine::Broken { is_own: false }]
        );
        assert_eq!(messages(r#"{"note":"not ours"}"#), []);
        assert_eq!(
            messages(r#"{"@level":"info","type":"version"}"#),
            [UiLine::Other { is_own: false }]
        );
    }

    #[test]
    fn a_warning_is_no_failure_and_a_summary_of_two_lines_keeps_its_first() {
        let diagnostic = |severity: &str| {
            format!(
                r#"{{"@level":"error","diagnostic":{{"severity":"{severity}","summary":"one\ntwo"}},"type":"diagnostic"}}"#
            )
        };
        assert_eq!(messages(&diagnostic("warning")), [UiLine::Other { is_own: false }]);
        let found = messages(&diagnostic("error"));
        let UiLine::Error(diagnostic) = &found[0] else { panic!("{found:?}") };
        assert_eq!((diagnostic.summary.as_str(), diagnostic.body.len()), ("one", 1));
    }

    #[test]
    fn reads_the_errors_of_a_json_stream_and_skips_everything_else() {
        let text = concat!(
            "not json\n",
            r#"{"type":"version","terraform":"1.11.4"}"#,
            "\n",
            r#"{"type":"diagnostic","diagnostic":{"severity":"warning","summary":"w","detail":""}}"#,
            "\n",
            r#"{"type":"diagnostic","diagnostic":{"severity":"error","summary":"S","detail":"D","address":"a.b","range":{"filename":"m.tf","start":{"line":7,"column":1,"byte":3}}}}"#,
        );
        assert_eq!(
            errors(text),
            [crate::Diagnostic {
                summary: "S".into(),
                detail: "D".into(),
                address: Some("a.b".into()),
                place: Some(("m.tf".into(), 7)),
            }]
        );
    }
}
