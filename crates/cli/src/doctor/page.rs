//! The page for people: one line for each check, and below a cross what to do.
//!
//! Invariant: understandable without colour, and nothing of the org or the configuration reaches
//! the terminal unescaped.

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};

use super::{Diagnosis, Row};
use crate::render::text::{shown, wrapped};

const BOLD: Style = Style::new().bold();

/// Blanks before a message's further lines and before hints.
const INDENT: usize = 4;

impl Diagnosis {
    /// Renders the page in lines of about `width` columns.
    pub(crate) fn page(&self, width: usize, is_colored: bool) -> Vec<u8> {
        let painted = |style: Style, text: &str| {
            if is_colored { format!("{style}{text}{style:#}") } else { text.to_owned() }
        };
        let mut page = String::new();
        let mut group = "";
        let mut line = |text: &str| {
            // Writing to a String cannot fail.
            let _ = writeln!(page, "{text}");
        };
        for row in &self.rows {
            if row.group != group {
                if !group.is_empty() {
                    line("");
                }
                group = row.group;
                line(&painted(BOLD, group));
            }
            let (sign, style) = sign(row.ok);
            let mut lines = wrapped(&row.sentence(), width.saturating_sub(INDENT)).into_iter();
            let first = lines.next().unwrap_or_default();
            line(&format!("  {} {first}", painted(style, sign)));
            for further in lines {
                line(&format!("{:INDENT$}{further}", ""));
            }
            for hint in &row.hints {
                line(&format!("{:INDENT$}> {}", "", shown(&hint.to_string())));
            }
        }
        line("");
        line(&self.count());
        line(&painted(BOLD, &format!("next: {}", self.next())));
        page.into_bytes()
    }

    fn count(&self) -> String {
        let count = |ok| self.rows.iter().filter(|row| row.ok == ok).count();
        format!(
            "{} passed, {} failed, {} skipped",
            count(Some(true)),
            count(Some(false)),
            count(None)
        )
    }

    fn next(&self) -> String {
        let lead = if self.has_cross() { "fix the first ✗ above, then: " } else { "" };
        shown(&format!("{lead}{}", self.next))
    }
}

fn sign(ok: Option<bool>) -> (&'static str, Style) {
    match ok {
        Some(true) => ("✓", AnsiColor::Green.on_default()),
        Some(false) => ("✗", AnsiColor::Red.on_default().bold()),
        None => ("-", Style::new()),
    }
}

impl Row {
    fn sentence(&self) -> String {
        let about = self.about.as_ref().map(|alias| format!(" ({alias})")).unwrap_or_default();
        shown(&format!("{}{about}: {}", self.id, self.message))
    }
}
