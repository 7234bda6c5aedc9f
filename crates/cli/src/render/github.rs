//! `-o github`: annotations, as workflow commands of GitHub Actions.
//!
//! Invariant: each line begins with a command of ours, and no text ends one early: `%`, line ends,
//! and in properties `:` and `,` are percent-encoded (source: the toolkit's `command.ts`).

use std::io;

use divvy_core::Hint;

use super::text;
use crate::report::{Finding, Outcome, Report};

/// Writes one annotation for each headline and each finding that is not simply to be created.
///
/// # Errors
/// When `out` cannot be written.
pub fn write(report: &Report, out: &mut dyn io::Write) -> io::Result<()> {
    for headline in report.headlines() {
        let title = format!("{} {}", headline.code, headline.kind);
        let message = with_hints(&headline.message, &headline.hints);
        writeln!(out, "::error title={}::{}", property(&title), data(&message))?;
    }
    for outcome in Outcome::ALL {
        for finding in report.findings_of(outcome) {
            let Some(level) = level(finding, report.is_carried_out) else { continue };
            let place = finding.place.as_ref().map(|place| {
                format!("file={},line={},", property(&text::shown(&place.file)), place.line)
            });
            let title = format!("{} {}", finding.code, finding.verdict);
            let message = with_hints(
                &format!("{}: {}", text::address(finding), finding.message),
                &finding.hints,
            );
            writeln!(
                out,
                "::{level} {}title={}::{}",
                place.unwrap_or_default(),
                property(&title),
                data(&message)
            )?;
        }
    }
    Ok(())
}

/// Writes one notice.
pub(super) fn write_notice(title: &str, message: &str, out: &mut dyn io::Write) -> io::Result<()> {
    writeln!(out, "::notice title={}::{}", property(title), data(message))
}

/// A conflict ahead is a warning, what is done or needs nothing a notice; a plain create is silent.
fn level(finding: &Finding, is_carried_out: bool) -> Option<&'static str> {
    match finding.outcome {
        Outcome::NeedsYou => Some("warning"),
        Outcome::Adopted | Outcome::Repaired if !is_carried_out => Some("warning"),
        Outcome::LeftAlone if finding.hints.is_empty() => None,
        Outcome::Adopted | Outcome::Repaired | Outcome::LeftAlone => Some("notice"),
    }
}

fn with_hints(message: &str, hints: &[Hint]) -> String {
    let hints = hints.iter().map(|hint| text::shown(&hint.to_string()));
    let lines: Vec<_> = std::iter::once(text::shown(message)).chain(hints).collect();
    lines.join("\n> ")
}

fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_ends_a_command_or_a_property_early() {
        assert_eq!(data("50%\r\n::set-output"), "50%25%0D%0A::set-output");
        assert_eq!(property("a,line=1::x"), "a%2Cline=1%3A%3Ax");
    }
}
