//! `-o junit`: a test report, for CI systems that show one: each instance is a test.
//!
//! A conflict ahead, or what needs a person, is a failure; what is done or needs nothing has passed.
//! Invariant: every text is harmless, and no mark of XML in it is markup.

use std::fmt;
use std::io;

use divvy_core::Hint;

use super::text;
use crate::report::{Action, Finding, Outcome, Report};

/// Writes the report.
///
/// # Errors
/// When `out` cannot be written.
pub(super) fn write(report: &Report, out: &mut dyn io::Write) -> io::Result<()> {
    let headlines: Vec<_> = report.headlines().collect();
    let fails = |finding: &&Finding| is_failure(finding, report.is_carried_out);
    let failures = headlines.len() + report.findings.iter().filter(fails).count();
    let tests = headlines.len() + report.findings.len();
    writeln!(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>")?;
    writeln!(
        out,
        "<testsuites name=\"divvy\" tests=\"{tests}\" failures=\"{failures}\" errors=\"0\">"
    )?;
    writeln!(
        out,
        "  <testsuite name=\"divvy\" tests=\"{tests}\" failures=\"{failures}\" errors=\"0\" skipped=\"0\">"
    )?;
    for headline in headlines {
        let name = format!("{} {}", headline.code, headline.kind);
        test("headline", &name, None, out)?;
        failure(headline.code, &headline.message, &headline.hints, out)?;
    }
    for finding in &report.findings {
        let name = text::address(finding);
        let place = finding.place.as_ref().map(text::place);
        let is_failure = is_failure(finding, report.is_carried_out);
        test(finding.verdict.word(), &name, place.as_deref(), out)?;
        if is_failure {
            failure(finding.code, &finding.message, &finding.hints, out)?;
        } else {
            writeln!(
                out,
                "      <system-out>{}</system-out>\n    </testcase>",
                Xml(&finding.message)
            )?;
        }
    }
    writeln!(out, "  </testsuite>\n</testsuites>")
}

fn is_failure(finding: &Finding, is_carried_out: bool) -> bool {
    finding.outcome == Outcome::NeedsYou || (!is_carried_out && finding.action != Action::None)
}

fn test(class: &str, name: &str, place: Option<&str>, out: &mut dyn io::Write) -> io::Result<()> {
    let file = place.map(|place| format!(" file=\"{}\"", Xml(place))).unwrap_or_default();
    writeln!(
        out,
        "    <testcase classname=\"divvy.{}\" name=\"{}\"{file} time=\"0\">",
        Xml(class),
        Xml(name)
    )
}

fn failure(code: &str, message: &str, hints: &[Hint], out: &mut dyn io::Write) -> io::Result<()> {
    let hints: Vec<_> =
        hints.iter().map(|hint| format!("\n> {}", Xml(&hint.to_string()))).collect();
    writeln!(
        out,
        "      <failure type=\"{code}\" message=\"{message}\">{message}{}</failure>\n    </testcase>",
        hints.concat(),
        message = Xml(message),
    )
}

/// Text as XML: shown harmlessly, and with the five marks as references.
struct Xml<'t>(&'t str);

impl fmt::Display for Xml<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for c in text::shown(self.0).chars() {
            match c {
                '&' => f.write_str("&amp;")?,
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                '"' => f.write_str("&quot;")?,
                '\'' => f.write_str("&apos;")?,
                // No character of XML at all.
                '\u{fffe}' | '\u{ffff}' => f.write_str("\u{fffd}")?,
                c => write!(f, "{c}")?,
            }
        }
        Ok(())
    }
}
