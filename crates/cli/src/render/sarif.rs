//! `-o sarif`: results in SARIF 2.1.0, for code scanning.
//!
//! Invariant: each rule that a result names is there, with the page of the catalogue as its help.

use std::collections::BTreeSet;
use std::io;

use divvy_core::catalogue;
use serde_json::{Value, json};

use super::annotations::{Annotation, Level, annotations};
use crate::report::Report;

const SCHEMA: &str = "https://json.schemastore.org/sarif-2.1.0.json";

/// Writes the log.
///
/// # Errors
/// When `out` cannot be written.
pub(super) fn write(report: &Report, out: &mut dyn io::Write) -> io::Result<()> {
    let annotations = annotations(report);
    let codes: BTreeSet<&str> = annotations.iter().map(|annotation| annotation.code).collect();
    let rules: Vec<Value> = codes.into_iter().filter_map(catalogue::entry).map(rule).collect();
    let results: Vec<Value> = annotations.iter().map(result).collect();
    let log = json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "divvy",
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": rules,
            }},
            "results": results,
        }],
    });
    serde_json::to_writer_pretty(&mut *out, &log)?;
    writeln!(out)
}

fn rule(entry: catalogue::Entry) -> Value {
    json!({
        "id": entry.code,
        "name": entry.word,
        "shortDescription": { "text": entry.title },
        "fullDescription": { "text": entry.meaning },
        "help": { "text": format!("divvy fix: {}", entry.fix) },
    })
}

fn result(annotation: &Annotation) -> Value {
    let level = match annotation.level {
        Level::Error => "error",
        Level::Warning => "warning",
        Level::Notice => "note",
    };
    let mut result = json!({
        "ruleId": annotation.code,
        "level": level,
        "message": { "text": format!("{}: {}", annotation.title, annotation.lines.join("\n")) },
    });
    if let Some(place) = &annotation.place {
        result["locations"] = json!([{ "physicalLocation": {
            "artifactLocation": { "uri": uri(&place.file), "uriBaseId": "%SRCROOT%" },
            "region": { "startLine": place.line },
        }}]);
    }
    result
}

/// Writes a path as a relative reference.
fn uri(path: &str) -> String {
    let mut uri = String::with_capacity(path.len());
    for byte in path.bytes() {
        match byte {
            b'/' | b'-' | b'.' | b'_' | b'~' => uri.push(char::from(byte)),
            _ if byte.is_ascii_alphanumeric() => uri.push(char::from(byte)),
            _ => uri.push_str(&format!("%{byte:02X}")),
        }
    }
    uri
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_a_relative_reference() {
        assert_eq!(uri("envs/a b/zürich:1.tf"), "envs/a%20b/z%C3%BCrich%3A1.tf");
    }
}
