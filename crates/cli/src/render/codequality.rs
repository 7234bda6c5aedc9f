//! `-o codequality`: issues for GitLab's merge request widget.
//!
//! Source: GitLab's documentation of the Code Quality report format. Invariant: a fingerprint stays the same
//! from run to run as long as the finding does, so the widget can tell new from known.

use std::io;

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::annotations::{Annotation, Level, annotations};
use crate::report::Report;

/// Writes an array with one issue for each annotation.
///
/// # Errors
/// When `out` cannot be written.
pub(super) fn write(report: &Report, out: &mut dyn io::Write) -> io::Result<()> {
    let issues: Vec<Value> = annotations(report).iter().map(issue).collect();
    serde_json::to_writer_pretty(&mut *out, &issues)?;
    writeln!(out)
}

fn issue(annotation: &Annotation) -> Value {
    let severity = match annotation.level {
        Level::Error => "critical",
        Level::Warning => "major",
        Level::Notice => "info",
    };
    // An issue needs a place; the whole directory is one.
    let place = annotation.place.as_ref();
    let (path, line) = place.map_or((".", 1), |place| (place.file.as_str(), place.line));
    let what = annotation.lines.first().map_or("", String::as_str);
    // The line may move; the finding stays the same.
    let told = format!("{}\0{path}\0{what}", annotation.code);
    let fingerprint: String =
        Sha256::digest(told).iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    json!({
        "check_name": annotation.code,
        "description": format!("{}: {}", annotation.title, annotation.lines.join(" ")),
        "fingerprint": fingerprint,
        "severity": severity,
        "location": { "path": path, "lines": { "begin": line } },
    })
}
