//! Output formats: one file each, all written from one [`Report`].
//!
//! Never decides and never looks anything up. Invariant: no text of the org, the configuration or a
//! log reaches an output without the escaping of its format; only JSON carries names as they are.

pub mod blocks;
pub mod commands;
pub mod diagnostics;
pub mod github;
pub mod html;
pub mod json;
pub mod markdown;
pub mod table;
pub(crate) mod text;

use std::io;

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
    /// One page for a browser.
    Html,
}

/// How an output is to be written.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Columns of the terminal, for `table`.
    pub width: usize,
    /// Whether `table` may use colour.
    pub is_colored: bool,
    /// The shell of `commands`.
    pub shell: Shell,
}

/// Writes a report in a format.
///
/// # Errors
/// When `out` cannot be written.
pub fn write(
    report: &Report,
    format: Format,
    options: &Options,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    match format {
        Format::Table => table::write(report, options.width, options.is_colored, out),
        Format::Json => json::write(report, out),
        Format::Blocks => blocks::write(report, out),
        Format::Commands => commands::write(report, options.shell, out),
        Format::Markdown => markdown::write(report, out),
        Format::Github => github::write(report, out),
        Format::Html => html::write(report, out),
    }
}
