//! `-o json`: the report as it is, one object and a line end.
//!
//! Names are raw: JSON's own quoting keeps them apart from structure.

use std::io;

use crate::report::Report;

/// Writes the report as JSON.
///
/// # Errors
/// When `out` cannot be written.
pub fn write(report: &Report, out: &mut dyn io::Write) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, report)?;
    writeln!(out)
}
