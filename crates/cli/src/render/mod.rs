//! Output formats: one file each, all written from one [`Report`]; [`TABLE`] knows them.
//!
//! Never decides and never looks anything up. Invariant: no text of the org, the configuration or a
//! log reaches an output without the escaping of its format; only JSON carries names as they are.

mod annotations;
mod azure;
pub mod blocks;
mod codequality;
pub mod commands;
pub mod diagnostics;
pub mod github;
pub mod html;
pub mod json;
mod junit;
pub mod markdown;
mod sarif;
pub mod table;
pub(crate) mod text;

use std::io;

use clap::ValueEnum as _;

use crate::door::Form;
use crate::render::commands::Shell;
use crate::report::Report;

/// The format of an output (`-o`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// For people, on a terminal.
    Table,
    /// For programs: the contract of docs/report.schema.json.
    Json,
    /// Import blocks in HCL.
    Blocks,
    /// `terraform import` and `terraform state` lines.
    Commands,
    /// For pull requests.
    Markdown,
    /// Annotations of GitHub Actions.
    Github,
    /// Issues of Azure Pipelines.
    Azure,
    /// Static analysis results, for code scanning.
    Sarif,
    /// A test report, for CI systems that show one.
    Junit,
    /// Issues for GitLab's merge request widget.
    Codequality,
    /// One page for a browser.
    Html,
}

/// A command that writes some of the formats.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Writer {
    Check,
    Fix,
    Explain,
    Doctor,
}

/// What writes a report.
type Write = fn(&Report, &Options, &mut dyn io::Write) -> io::Result<()>;

/// All that is known of a format.
pub(crate) struct Row {
    format: Format,
    /// What the door does to it.
    pub(crate) form: Form,
    /// The commands that write it.
    pub(crate) of: &'static [Writer],
    write: Write,
}

/// The formats, each with its file: a new one is a file and a row here.
static TABLE: [Row; 11] = {
    use Writer::{Check, Doctor, Explain, Fix};
    const EVERY: &[Writer] = &[Check, Fix, Explain, Doctor];
    const REPORTS: &[Writer] = &[Check, Fix, Explain];
    const RUNS: &[Writer] = &[Check, Fix];
    const FORETELLS: &[Writer] = &[Check];
    const fn row(format: Format, form: Form, of: &'static [Writer], write: Write) -> Row {
        Row { format, form, of, write }
    }
    [
        row(Format::Table, Form::People, EVERY, |report, options, out| {
            table::write(report, options.layout(), out)
        }),
        row(Format::Json, Form::Json, EVERY, |report, _, out| json::write(report, out)),
        row(Format::Blocks, Form::People, FORETELLS, |report, _, out| blocks::write(report, out)),
        row(Format::Commands, Form::Commands, FORETELLS, |report, options, out| {
            commands::write(report, options.shell, out)
        }),
        row(Format::Markdown, Form::People, REPORTS, |report, _, out| markdown::write(report, out)),
        row(Format::Github, Form::Commands, REPORTS, |report, _, out| github::write(report, out)),
        row(Format::Azure, Form::Commands, REPORTS, |report, _, out| azure::write(report, out)),
        row(Format::Sarif, Form::Json, RUNS, |report, _, out| sarif::write(report, out)),
        row(Format::Junit, Form::People, RUNS, |report, _, out| junit::write(report, out)),
        row(Format::Codequality, Form::Json, RUNS, |report, _, out| {
            codequality::write(report, out)
        }),
        // Its data block is JSON; all else in it is escaped.
        row(Format::Html, Form::Commands, RUNS, |report, _, out| html::write(report, out)),
    ]
};

impl Format {
    /// Returns what is known of it.
    pub(crate) fn row(self) -> &'static Row {
        // A test finds each variant in the table.
        TABLE.iter().find(|row| row.format == self).unwrap_or(&TABLE[0])
    }

    /// Returns its name on the command line.
    pub(crate) fn name(self) -> String {
        self.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
    }
}

/// Names the formats that a command writes.
pub(crate) fn names_of(writer: Writer) -> impl Iterator<Item = String> {
    let rows = TABLE.iter().filter(move |row| row.of.contains(&writer));
    rows.map(|row| row.format.name())
}

/// As [`names_of`], in one line.
pub(crate) fn names_for(writer: Writer) -> String {
    names_of(writer).collect::<Vec<_>>().join(", ")
}

/// Returns the help of a command's `-o`.
pub(crate) fn help_for(writer: Writer) -> String {
    format!("{}; `FORMAT=FILE` writes a file. Repeatable", names_for(writer))
}

/// How an output is to be written.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Columns of the terminal, for `table`.
    pub width: usize,
    /// Whether `table` may use colour.
    pub is_colored: bool,
    /// Whether `table` shows every instance of a block.
    pub shows_all: bool,
    /// The shell of `commands`.
    pub shell: Shell,
}

impl Options {
    fn layout(&self) -> table::Layout {
        let Self { width, is_colored, shows_all, .. } = *self;
        table::Layout { width, is_colored, shows_all }
    }
}

/// Writes a report in a format, as it may be printed.
///
/// # Errors
/// When `out` cannot be written.
pub fn write(
    report: &Report,
    format: Format,
    options: &Options,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    let row = format.row();
    let mut bytes = Vec::new();
    (row.write)(report, options, &mut bytes)?;
    out.write_all(&row.form.tame(&bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_format_has_its_row_and_each_command_names_what_it_writes() {
        for format in Format::value_variants() {
            assert_eq!(format.row().format, *format);
        }
        assert_eq!(TABLE.len(), Format::value_variants().len());
        assert_eq!(names_for(Writer::Doctor), "table, json");
        assert!(names_for(Writer::Check).contains("azure, sarif, junit"));
    }
}
