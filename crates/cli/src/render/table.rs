//! `-o table`: for people, on a terminal or in a log.
//!
//! Groups findings by what becomes of them; the last line is the next command to type. Never wraps
//! inside an address, an id or a command, so that each can be copied. Invariant: everything that
//! colour says is said in words too.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};

use anstyle::{AnsiColor, Style};
use divvy_core::{Address, Hint, InstanceKey};

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

/// How a table is laid out.
#[derive(Clone, Copy, Debug)]
pub struct Layout {
    /// Columns, about.
    pub width: usize,
    /// Whether there is colour.
    pub is_colored: bool,
    /// Whether every instance of a block is shown, however many there are.
    pub shows_all: bool,
}

/// Writes the report for people; the last line is the next command.
///
/// # Errors
/// When `out` cannot be written.
pub fn write(report: &Report, layout: Layout, out: &mut dyn Write) -> io::Result<()> {
    write_without_next(report, layout, out)?;
    let next = text::shown(&report.next_command().to_string());
    Table::new(layout, out).line(0, BOLD, &format!("next: {next}"))
}

/// As [`write`], for where a question follows and not a command.
pub(crate) fn write_without_next(
    report: &Report,
    layout: Layout,
    out: &mut dyn Write,
) -> io::Result<()> {
    let mut table = Table::new(layout, out);
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
    shows_all: bool,
}

impl<'o> Table<'o> {
    fn new(layout: Layout, out: &'o mut dyn Write) -> Self {
        let Layout { width, is_colored, shows_all } = layout;
        Self { out, width: width.max(NARROWEST), is_colored, shows_all }
    }

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
        let style = style(outcome, report.is_carried_out);
        self.line(0, style.bold(), &format!("{title} ({})", findings.len()))?;
        let rows: Vec<_> = findings.iter().map(|finding| cells(finding)).collect();
        let widths = widths(&rows);
        let total =
            |widths: [usize; 4]| INDENT + widths.iter().map(|width| width + GAP).sum::<usize>();
        let width = self.width;
        let fits = |widths| total(widths) <= width + GAP;
        let are_lines = fits(widths);
        let shared = shared_hints(&findings);
        let folded = if self.shows_all { Folded::default() } else { Folded::of(&findings) };
        for (at, (finding, row)) in findings.iter().zip(&rows).enumerate() {
            if folded.hides(at) {
                continue;
            }
            // One long cell takes a second line for its own row only.
            let own = std::array::from_fn(|column| widths[column].max(text::columns(&row[column])));
            if are_lines && fits(own) {
                self.line(INDENT, style, &joined(row, &widths))?;
            } else {
                let [address, what, id, place] = row;
                let first = joined(&[address, place], &[0, 0]);
                let second = joined(&[what, id], &[widths[1], 0]);
                if INDENT + text::columns(&first) <= width {
                    self.line(INDENT, style, &first)?;
                    self.line(DETAIL, Style::new(), &second)?;
                } else {
                    self.line(INDENT, style, address)?;
                    self.line(DETAIL, Style::new(), &second)?;
                    if !place.is_empty() {
                        self.line(DETAIL, Style::new(), place)?;
                    }
                }
            }
            self.details(finding, shared.is_some())?;
            if let Some((count, block)) = folded.ends_at(at) {
                let rest = format!("… and {count} more of {block} (all with -v)");
                self.line(INDENT, DIM, &rest)?;
            }
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

/// Returns whether the row of a finding says it all.
fn says_it_all(finding: &Finding) -> bool {
    match finding.outcome {
        Outcome::Adopted => is_plain_adoption(finding) && finding.heard.is_none(),
        Outcome::Created | Outcome::LeftAlone => {
            finding.hints.is_empty() && finding.candidates.is_empty()
        }
        Outcome::Repaired | Outcome::NeedsYou => false,
    }
}

/// Returns whether an import leaves nothing to say.
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
        Outcome::Repaired | Outcome::NeedsYou | Outcome::Created | Outcome::LeftAlone => {
            let name = if says_it_all(finding) { text::name(finding) } else { String::new() };
            [address, format!("{} {}", finding.code, finding.verdict), name, place]
        }
    }
}

/// The widths of the columns; a cell that is longer than usual stands out instead of widening all.
fn widths(rows: &[[String; 4]]) -> [usize; 4] {
    const USUAL: [usize; 4] = [72, 40, 40, 40];
    std::array::from_fn(|column| {
        let cells = rows.iter().map(|row| text::columns(&row[column]));
        let (usual, long): (Vec<_>, Vec<_>) = cells.partition(|width| *width <= USUAL[column]);
        // If most are long, long is what is usual here.
        let is_usual = |of: &[usize]| of.iter().copied().max().unwrap_or(0);
        if usual.len() >= long.len() { is_usual(&usual) } else { is_usual(&long) }
    })
}

/// What colour says, beside the words: red needs a person, yellow will be done, green is done.
fn style(outcome: Outcome, is_carried_out: bool) -> Style {
    match outcome {
        Outcome::NeedsYou => AnsiColor::Red.on_default(),
        Outcome::Adopted | Outcome::Repaired if is_carried_out => AnsiColor::Green.on_default(),
        Outcome::Adopted | Outcome::Repaired => AnsiColor::Yellow.on_default(),
        Outcome::Created | Outcome::LeftAlone => Style::new(),
    }
}

/// Instances of one block whose rows say it all, where there are many: the first few stand for them.
#[derive(Default)]
struct Folded {
    hidden: BTreeSet<usize>,
    /// Behind which row how many of which block are left out.
    ends: BTreeMap<usize, (usize, String)>,
}

impl Folded {
    /// From how many instances of a block on the first few stand for them, and how many these are.
    const USUAL: (usize, usize) = (7, 3);
    /// The same in a group of more than a hundred findings: so many blocks make a wall by themselves.
    const CROWDED: (usize, usize) = (3, 1);

    fn of(findings: &[&Finding]) -> Self {
        let (least, shown) = if findings.len() > 100 { Self::CROWDED } else { Self::USUAL };
        let mut blocks: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for (at, finding) in findings.iter().enumerate() {
            let address = finding.address.as_deref().and_then(Address::parse);
            let is_instance = |address: &Address| *address.key() != InstanceKey::None;
            if let Some(address) = address.filter(is_instance)
                && says_it_all(finding)
            {
                let module = text::address(finding);
                let block = module.strip_suffix(&key_of(&address, &module)).unwrap_or(&module);
                blocks.entry(block.to_owned()).or_default().push(at);
            }
        }
        let mut folded = Self::default();
        for (block, rows) in blocks {
            if rows.len() >= least {
                folded.hidden.extend(&rows[shown..]);
                folded.ends.insert(rows[shown - 1], (rows.len() - shown, block));
            }
        }
        folded
    }

    fn hides(&self, row: usize) -> bool {
        self.hidden.contains(&row)
    }

    fn ends_at(&self, row: usize) -> Option<&(usize, String)> {
        self.ends.get(&row)
    }
}

/// The instance key at the end of a shown address, with its brackets.
fn key_of(address: &Address, shown: &str) -> String {
    let bare = format!("{}.{}", address.terraform_type(), address.name());
    shown.rfind(&bare).map(|at| shown[at + bare.len()..].to_owned()).unwrap_or_default()
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
