//! The catalogue as documents: one page for `divvy explain CODE` in each of its forms, all of them
//! for docs/diagnostics.md.
//!
//! The texts are those of [`divvy_core::catalogue`]; nothing is added here.

use std::io;

use divvy_core::catalogue::{Entry, entries};
use serde_json::json;

use super::{Format, github, text};
use crate::report::SCHEMA_VERSION;

/// Writes one page: for people, or in a form of `explain`.
///
/// # Errors
/// When `out` cannot be written.
pub fn write_page(
    entry: &Entry,
    format: Format,
    width: usize,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    match format {
        Format::Json => write_json(entry, out),
        Format::Markdown => write_section(entry, out),
        Format::Github => github::write_notice(
            &format!("{} {}", entry.code, entry.word),
            &format!("{}\n{}\ndivvy fix: {}", entry.title, entry.meaning, entry.fix),
            out,
        ),
        // No other form has a shape for a page.
        _ => write_text(entry, width, out),
    }
}

/// One object; its schema is docs/diagnostic.schema.json.
fn write_json(entry: &Entry, out: &mut dyn io::Write) -> io::Result<()> {
    let Entry { code, word, title, meaning, fix, example } = entry;
    let page = json!({
        "schema_version": SCHEMA_VERSION, "code": code, "word": word, "title": title,
        "meaning": meaning, "fix": fix, "example": example,
    });
    serde_json::to_writer_pretty(&mut *out, &page)?;
    writeln!(out)
}

fn write_section(entry: &Entry, out: &mut dyn io::Write) -> io::Result<()> {
    let Entry { code, word, title, meaning, fix, example } = entry;
    writeln!(
        out,
        "## {code} {word}\n\n**{title}**\n\n{meaning}\n\n`divvy fix`: {fix}\n\n```\n{example}\n```"
    )
}

fn write_text(entry: &Entry, width: usize, out: &mut dyn io::Write) -> io::Result<()> {
    writeln!(out, "{} {}: {}", entry.code, entry.word, entry.title)?;
    for (label, text) in
        [("", entry.meaning), ("divvy fix: ", entry.fix), ("example: ", entry.example)]
    {
        writeln!(out)?;
        for line in text::wrapped(&format!("{label}{text}"), width) {
            writeln!(out, "{line}")?;
        }
    }
    Ok(())
}

/// Writes docs/diagnostics.md: every page, in the order of the codes.
///
/// # Errors
/// When `out` cannot be written.
pub fn write_all(out: &mut dyn io::Write) -> io::Result<()> {
    writeln!(
        out,
        "# Diagnostics\n\n\
         What divvy can say, by code. `divvy explain CODE` prints the same page.\n\
         DVY1xx are verdicts about one instance, DVY2xx are headlines about the whole run.\n\
         Where several verdicts fit, the first in the order of the rules is said; the others stand\n\
         in `also`.\n\n\
         <!-- Generated from crates/core/src/verdicts: UPDATE_DOCS=1 cargo test -p divvy --test it diagnostics -->\n"
    )?;
    let mut pages: Vec<_> = entries().collect();
    pages.sort_by_key(|entry| entry.code);
    writeln!(out, "| code | word | |\n| --- | --- | --- |")?;
    for Entry { code, word, title, .. } in &pages {
        writeln!(
            out,
            "| [{code}](#{}-{word}) | `{word}` | {} |",
            code.to_lowercase(),
            title.replace('|', "\\|")
        )?;
    }
    for entry in &pages {
        writeln!(out)?;
        write_section(entry, out)?;
    }
    Ok(())
}
