//! `-o table`: for people, on a terminal or in a log.
//!
//! Groups findings by what becomes of them; the last line is the next command to type. Never wraps
//! inside an address, an id or a command, so that each can be copied. Invariant: everything that
//! colour says is said in words too.

use std::io::{self, Write};

use anstyle::{AnsiColor, Style};

use super::text;
use crate::report::{Finding, Headline, Outcome, Report};

const BOLD: Style = Style::new().bold();
const DIM: Style = Style::new().dimmed();
const ALARM: Style = AnsiColor::Red.on_default().bold();

/// The narrowest width that is laid out for; less is treated as this.
const NARROWEST: usize = 40;

/// Writes the report for people, in lines of about `width` columns.
///
/// # Errors
/// When `out` cannot be written.
pub fn write(
    report: &Report,
    width: usize,
    is_colored: bool,
    out: &mut dyn Write,
) -> io::Result<()> {
    let mut table = Table { out, width: width.max(NARROWEST), is_colored };
    for line in text::orgs(report) {
        table.line(0, DIM, &line)?;
    }
    for headline in report.headlines() {
        table.headline(headline)?;
    }
    for outcome in Outcome::ALL {
        table.group(report, outcome)?;
    }
    table.blank()?;
    table.paragraph(0, &text::summary(report))?;
    if let Some(proof) = text::proof(report) {
        table.paragraph(0, &proof)?;
    }
    for note in &report.notes {
        table.paragraph(0, &format!("note: {}", text::shown(note)))?;
    }
    table.line(0, BOLD, &format!("next: {}", text::shown(&report.next_command())))
}

struct Table<'o> {
    out: &'o mut dyn Write,
    width: usize,
    is_colored: bool,
}

impl Table<'_> {
    fn blank(&mut self) -> io::Result<()> {
        writeln!(self.out)
    }

    fn line(&mut self, indent: usize, style: Style, line: &str) -> io::Result<()> {
        let line = line.trim_end();
        if self.is_colored && !line.is_empty() {
            writeln!(self.out, "{:indent$}{style}{line}{style:#}", "")
        } else {
            writeln!(self.out, "{:indent$}{line}", "")
        }
    }

    fn paragraph(&mut self, indent: usize, text: &str) -> io::Result<()> {
        for line in text::wrapped(text, self.width - indent) {
            self.line(indent, Style::new(), &line)?;
        }
        Ok(())
    }

    fn headline(&mut self, headline: &Headline) -> io::Result<()> {
        self.blank()?;
        self.line(0, ALARM, &format!("! {} {}", headline.code, headline.kind))?;
        self.paragraph(2, &text::shown(&headline.message))?;
        self.hints(2, &headline.hints)
    }

    fn hints(&mut self, indent: usize, hints: &[String]) -> io::Result<()> {
        for hint in hints {
            self.line(indent, Style::new(), &format!("> {}", text::shown(hint)))?;
        }
        Ok(())
    }

    fn group(&mut self, report: &Report, outcome: Outcome) -> io::Result<()> {
        let findings: Vec<_> = report.findings_of(outcome).collect();
        if findings.is_empty() {
            return Ok(());
        }
        self.blank()?;
        let title = outcome.title(report.is_carried_out);
        self.line(0, BOLD, &format!("{title} ({})", findings.len()))?;
        let rows: Vec<_> = findings.iter().map(|finding| cells(finding, outcome)).collect();
        let widths = widths(&rows);
        let fits = 2 + widths.iter().map(|width| width + 2).sum::<usize>() <= self.width + 2;
        for (finding, row) in findings.iter().zip(&rows) {
            self.row(row, fits.then_some(&widths))?;
            self.details(finding, outcome)?;
        }
        Ok(())
    }

    /// Writes the cells side by side, or below one another where they do not fit.
    fn row(&mut self, row: &[String], widths: Option<&Vec<usize>>) -> io::Result<()> {
        if let Some(widths) = widths {
            let padded = row.iter().zip(widths).map(|(cell, width)| {
                let padding = width - text::columns(cell);
                format!("{cell}{:padding$}", "")
            });
            return self.line(2, Style::new(), &padded.collect::<Vec<_>>().join("  "));
        }
        for (index, cell) in row.iter().filter(|cell| !cell.is_empty()).enumerate() {
            self.line(if index == 0 { 2 } else { 6 }, Style::new(), cell)?;
        }
        Ok(())
    }

    /// Writes what the row alone does not say.
    fn details(&mut self, finding: &Finding, outcome: Outcome) -> io::Result<()> {
        let says_it_all = match outcome {
            Outcome::Adopted => finding.drift.is_empty(),
            Outcome::LeftAlone => finding.hints.is_empty() && finding.candidates.is_empty(),
            Outcome::Repaired | Outcome::NeedsYou => false,
        };
        if says_it_all {
            return Ok(());
        }
        self.paragraph(6, &text::shown(&finding.message))?;
        if !finding.also.is_empty() {
            let also: Vec<_> = finding.also.iter().map(|verdict| verdict.word()).collect();
            self.line(6, DIM, &format!("also: {}", also.join(", ")))?;
        }
        self.hints(6, &finding.hints)
    }
}

/// What stands in one row: address, verdict or name and id, place.
fn cells(finding: &Finding, outcome: Outcome) -> Vec<String> {
    let place = finding.place.as_ref().map(text::place).unwrap_or_default();
    let address = text::address(finding);
    match outcome {
        Outcome::Adopted => vec![address, text::name(finding), text::id(finding), place],
        Outcome::Repaired | Outcome::NeedsYou | Outcome::LeftAlone => {
            vec![
                address,
                format!("{} {}", finding.code, finding.verdict),
                text::name(finding),
                place,
            ]
        }
    }
}

fn widths(rows: &[Vec<String>]) -> Vec<usize> {
    let count = rows.first().map_or(0, Vec::len);
    (0..count)
        .map(|column| rows.iter().map(|row| text::columns(&row[column])).max().unwrap_or(0))
        .collect()
}
