//! `-o table`: for people, on a terminal or in a log.
//!
//! Groups findings by what becomes of them; the last line is the next command to type. Never wraps
//! inside an address, an id or a command, so that each can be copied. Invariant: everything that
//! colour says is said in words too.

use std::io::{self, Write};

use anstyle::{AnsiColor, Style};
use divvy_core::Hint;

use super::text;
use crate::report::{Finding, Headline, Outcome, Report};

const BOLD: Style = Style::new().bold();
const DIM: Style = Style::new().dimmed();
const ALARM: Style = AnsiColor::Red.on_default().bold();

/// The narrowest width that is laid out for; less is treated as this.
const NARROWEST: usize = 40;

/// Blanks before a row, before its details, and between its cells.
const INDENT: usize = 2;
const DETAIL: usize = 6;
const GAP: usize = 2;

/// Writes the report for people, in lines of about `width` columns; the last one is the next
/// command.
///
/// # Errors
/// When `out` cannot be written.
pub fn write(
    report: &Report,
    width: usize,
    is_colored: bool,
    out: &mut dyn Write,
) -> io::Result<()> {
    write_without_next(report, width, is_colored, out)?;
    let mut table = Table { out, width: width.max(NARROWEST), is_colored };
    table.line(0, BOLD, &format!("next: {}", text::shown(&report.next_command().to_string())))
}

/// As [`write`], for where a question follows and not a command.
pub(crate) fn write_without_next(
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
    let counts = text::counts(report);
    for line in text::packed(counts.iter().map(String::as_str), table.width) {
        table.line(0, Style::new(), &line)?;
    }
    if let Some(proof) = text::proof(report) {
        table.paragraph(0, &proof)?;
    }
    for note in &report.notes {
        table.paragraph(0, &format!("note: {}", text::shown(note)))?;
    }
    Ok(())
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

    fn hints(&mut self, indent: usize, hints: &[Hint]) -> io::Result<()> {
        for hint in hints {
            let lines = match hint {
                // It stays on one line, so that it can be copied.
                Hint::Command(command) => vec![text::shown(&command.to_string())],
                Hint::Advice(advice) => {
                    text::wrapped(&text::shown(advice), self.width.saturating_sub(indent + 2))
                }
            };
            for (number, line) in lines.iter().enumerate() {
                let mark = if number == 0 { '>' } else { ' ' };
                self.line(indent, Style::new(), &format!("{mark} {line}"))?;
            }
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
        let rows: Vec<_> = findings.iter().map(|finding| cells(finding)).collect();
        let widths = widths(&rows);
        let fits =
            INDENT + widths.iter().map(|width| width + GAP).sum::<usize>() <= self.width + GAP;
        let shared = shared_hints(&findings);
        for (finding, row) in findings.iter().zip(&rows) {
            if fits {
                self.line(INDENT, Style::new(), &joined(row, &widths))?;
            } else {
                let [address, what, id, place] = row;
                self.line(INDENT, Style::new(), &joined(&[address, place], &[0, 0]))?;
                self.line(DETAIL, Style::new(), &joined(&[what, id], &[widths[1], 0]))?;
            }
            self.details(finding, shared.is_some())?;
        }
        match shared {
            Some(hints) => {
                self.line(INDENT, Style::new(), "for all of them:")?;
                self.hints(INDENT, hints)
            }
            None => Ok(()),
        }
    }

    /// Writes what the row alone does not say.
    fn details(&mut self, finding: &Finding, are_hints_shared: bool) -> io::Result<()> {
        if says_it_all(finding) {
            return Ok(());
        }
        self.paragraph(DETAIL, &text::shown(&finding.message))?;
        for aside in text::asides(finding) {
            for line in text::wrapped(&aside, self.width - DETAIL) {
                self.line(DETAIL, DIM, &line)?;
            }
        }
        self.hints(DETAIL, if are_hints_shared { &[] } else { hints_of(finding) })
    }
}

/// The hints that are written for a finding.
fn hints_of(finding: &Finding) -> &[Hint] {
    // A plain adoption is what the last line is for.
    if says_it_all(finding) || is_plain_adoption(finding) { &[] } else { &finding.hints }
}

/// The hints that all of several findings have: they are written once.
fn shared_hints<'f>(findings: &[&'f Finding]) -> Option<&'f [Hint]> {
    let (first, others) = findings.split_first()?;
    let hints = hints_of(first);
    let all_agree = others.iter().all(|other| hints_of(other) == hints);
    (!others.is_empty() && !hints.is_empty() && all_agree).then_some(hints)
}

/// Says whether the row of a finding says it all.
fn says_it_all(finding: &Finding) -> bool {
    match finding.outcome {
        Outcome::Adopted => is_plain_adoption(finding) && finding.heard.is_none(),
        Outcome::LeftAlone => finding.hints.is_empty() && finding.candidates.is_empty(),
        Outcome::Repaired | Outcome::NeedsYou => false,
    }
}

/// Says whether an import leaves nothing to say.
fn is_plain_adoption(finding: &Finding) -> bool {
    finding.outcome == Outcome::Adopted && finding.drift.is_empty() && !finding.drift_stays
}

/// What stands in one row: the address, what is known of it, the id that is taken or the name, the
/// place. Where a message follows, it tells the name, so the row does not.
fn cells(finding: &Finding) -> [String; 4] {
    let place = finding.place.as_ref().map(text::place).unwrap_or_default();
    let address = text::address(finding);
    match finding.outcome {
        Outcome::Adopted => [address, text::name(finding), text::id(finding), place],
        Outcome::Repaired | Outcome::NeedsYou | Outcome::LeftAlone => {
            let name = if says_it_all(finding) { text::name(finding) } else { String::new() };
            [address, format!("{} {}", finding.code, finding.verdict), name, place]
        }
    }
}

fn widths(rows: &[[String; 4]]) -> [usize; 4] {
    std::array::from_fn(|column| {
        rows.iter().map(|row| text::columns(&row[column])).max().unwrap_or(0)
    })
}

/// Sets cells side by side, each padded to its width.
fn joined(cells: &[impl AsRef<str>], widths: &[usize]) -> String {
    let padded = cells.iter().map(AsRef::as_ref).zip(widths).map(|(cell, width)| {
        let padding = width.saturating_sub(text::columns(cell));
        format!("{cell}{:padding$}", "")
    });
    let filled: Vec<_> = padded.filter(|cell| !cell.is_empty()).collect();
    filled.join(&" ".repeat(GAP))
}
