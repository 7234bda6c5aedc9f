//! `-o github`: annotations, as workflow commands of GitHub Actions.
//!
//! Invariant: each line begins with a command of ours, and no text ends one early: `%`, line ends,
//! and in properties `:` and `,` are percent-encoded (source: the toolkit's `command.ts`).

use std::io;

use super::annotations::{Level, annotations};
use super::text;
use crate::report::Report;

/// Writes one annotation for each headline and each line of configuration that has a finding which is
/// not simply to be created.
///
/// # Errors
/// When `out` cannot be written.
pub fn write(report: &Report, out: &mut dyn io::Write) -> io::Result<()> {
    for annotation in annotations(report) {
        let level = match annotation.level {
            Level::Error => "error",
            Level::Warning => "warning",
            Level::Notice => "notice",
        };
        let place = annotation.place.as_ref().map(|place| {
            format!("file={},line={},", property(&text::shown(&place.file)), place.line)
        });
        writeln!(
            out,
            "::{level} {}title={}::{}",
            place.unwrap_or_default(),
            property(&annotation.title),
            data(&annotation.lines.join("\n"))
        )?;
    }
    Ok(())
}

/// Writes one notice.
pub(super) fn write_notice(title: &str, message: &str, out: &mut dyn io::Write) -> io::Result<()> {
    writeln!(out, "::notice title={}::{}", property(title), data(message))
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
