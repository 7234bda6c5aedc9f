//! `-o azure`: issues of Azure Pipelines, as logging commands.
//!
//! Invariant: each line begins with a command of ours, and no text ends one early: `;`, `]`, `%` and line
//! ends are encoded (source: the agent's `CommandStringConvertor`).

use std::io;

use super::annotations::{Annotation, Level, annotations};
use super::text;
use crate::report::Report;

/// Writes one issue for each headline and each line of configuration; what is done already, and has no
/// kind of issue there, as a line of the log's own debug form.
///
/// # Errors
/// When `out` cannot be written.
pub(super) fn write(report: &Report, out: &mut dyn io::Write) -> io::Result<()> {
    for annotation in annotations(report) {
        let Annotation { level, code, title, lines, place } = annotation;
        let message = data(&format!("{title}: {}", lines.join(" ")));
        let issue = match level {
            Level::Notice => {
                writeln!(out, "##[debug]{message}")?;
                continue;
            }
            Level::Warning => "warning",
            Level::Error => "error",
        };
        let place = place.map(|place| {
            format!("sourcepath={};linenumber={};", property(&text::shown(&place.file)), place.line)
        });
        writeln!(
            out,
            "##vso[task.logissue type={issue};{}code={code}]{message}",
            place.unwrap_or_default()
        )?;
    }
    Ok(())
}

fn data(text: &str) -> String {
    text.replace('%', "%AZP25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(']', "%5D").replace(';', "%3B")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_ends_a_command_or_a_property_early() {
        assert_eq!(data("50%\r\n##"), "50%AZP25%0D%0A##");
        assert_eq!(property("a;type=error]x"), "a%3Btype=error%5Dx");
    }
}
