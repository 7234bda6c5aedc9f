//! The catalogue as documents: one page for `divvy explain CODE`, all of them for
//! docs/diagnostics.md.
//!
//! The texts are those of [`divvy_core::catalogue`]; nothing is added here.

use std::io;

use divvy_core::catalogue::{Entry, entries};

use super::text;

/// Writes one page for people.
///
/// # Errors
/// When `out` cannot be written.
pub fn write_page(entry: &Entry, width: usize, out: &mut dyn io::Write) -> io::Result<()> {
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
         <!-- Generated from crates/core/src/catalogue.rs: UPDATE_DOCS=1 cargo test -p divvy --test it diagnostics -->\n"
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
        let Entry { code, word, title, meaning, fix, example } = entry;
        writeln!(
            out,
            "\n## {code} {word}\n\n**{title}**\n\n{meaning}\n\n`divvy fix`: {fix}\n\n```\n{example}\n```"
        )?;
    }
    Ok(())
}
