//! Where artefacts go: stdout or files, in one form or several.
//!
//! Invariant: every file that a person names is written by [`named_files::write`].

use std::io::{self, ErrorKind, Write};
use std::path::Path;

use divvy_core::CommandLine;

use crate::arguments::{EnsureFormat, ListFormat, Output, TerraformArguments};
use crate::console;
use crate::context::Context;
use crate::door::Form;
use crate::error::{CommandError, CommandResult};
use crate::named_files;
use crate::render::{self, Format, Writer};
use crate::report::Report;
use crate::terraform_errors::MAKE_ROOM;

/// A form of output, as the door has to know it.
pub(crate) trait Artefact: Copy {
    /// Returns what it is for.
    fn form(self) -> Form;
}

impl Artefact for Format {
    fn form(self) -> Form {
        self.row().form
    }
}

impl Artefact for ListFormat {
    fn form(self) -> Form {
        match self {
            Self::Json => Form::Json,
            _ => Form::People,
        }
    }
}

impl Artefact for EnsureFormat {
    fn form(self) -> Form {
        match self {
            Self::Json => Form::Json,
            Self::Table | Self::Blocks | Self::Ids => Form::People,
            Self::Commands => Form::Commands,
        }
    }
}

/// Refuses forms that a command does not have, and more than one artefact on stdout.
pub(crate) fn refuse_unknown(outputs: &[Output], writer: Writer) -> CommandResult<()> {
    let is_unknown = |output: &&Output| !output.format.row().of.contains(&writer);
    if let Some(output) = outputs.iter().find(is_unknown) {
        return Err(CommandError::usage(format!(
            "-o {}: this command writes {}",
            output.format.name(),
            render::names_for(writer)
        )));
    }
    refuse_two_on_stdout(outputs)
}

/// Refuses more than one artefact on stdout.
pub(crate) fn refuse_two_on_stdout<F>(outputs: &[Output<F>]) -> CommandResult<()> {
    if outputs.iter().filter(|output| output.file.is_none()).count() > 1 {
        return Err(CommandError::usage("only one form can go to standard output")
            .hint("write the others to files: -o json=report.json"));
    }
    Ok(())
}

/// Renders and writes each form that was asked for, else the default one to stdout.
pub(crate) fn write<F: Artefact>(
    context: &Context,
    outputs: &[Output<F>],
    default: F,
    render: impl Fn(F) -> Vec<u8>,
) -> CommandResult<()> {
    let fallback = [Output { format: default, file: None }];
    let wanted = if outputs.is_empty() { &fallback[..] } else { outputs };
    for output in wanted {
        let bytes = output.format.form().tame(&render(output.format));
        match &output.file {
            Some(file) => write_file(file, &bytes)?,
            None => context.console.artefact(&bytes).map_err(|error| {
                CommandError::failed(format!("could not write to standard output: {error}"))
            })?,
        }
    }
    Ok(())
}

/// `--write`: the import blocks go into a file of the working directory, for review.
pub(crate) fn write_blocks(
    context: &Context,
    terraform: &TerraformArguments,
    report: &Report,
    file: &Path,
) -> CommandResult<u8> {
    let mut blocks = Vec::new();
    // Writing to memory cannot fail.
    let _ = render::blocks::write(report, &mut blocks);
    let file = terraform.chdir.as_ref().map_or_else(|| file.to_owned(), |chdir| chdir.join(file));
    write_file(&context.environment.current_directory.join(&file), &blocks)?;
    context.console.say(&format!("Import blocks are in {}: review them.", file.display()));
    let apply = CommandLine::of(&report.program).words("apply");
    context.hint(apply.because("imports them, after it has shown its plan"));
    Ok(report.exit_code())
}

/// Writes a file that was named (see [`named_files::write`]).
pub(crate) fn write_file(path: &Path, bytes: &[u8]) -> CommandResult<()> {
    let directory =
        path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if !directory.is_dir() {
        let message = format!(
            "could not write {}: `{}` is not a directory",
            path.display(),
            directory.display()
        );
        return Err(CommandError::failed(message).hint(
            CommandLine::of("mkdir")
                .words("-p")
                .word(&directory.to_string_lossy())
                .because("make it first"),
        ));
    }
    named_files::write(path, bytes).map_err(|error| {
        let told =
            CommandError::failed(format!("could not write {}: {}", path.display(), why(&error)));
        match error.kind() {
            ErrorKind::StorageFull => told.hint(MAKE_ROOM),
            _ => told.hint("name another file: -o FORMAT=FILE"),
        }
    })
}

/// The reason in words, without the system's error number.
fn why(error: &io::Error) -> String {
    if error.raw_os_error().is_some() { error.kind().to_string() } else { error.to_string() }
}

/// Writes a report in each form that was asked for, else as a table.
pub(crate) fn write_report(
    context: &Context,
    outputs: &[Output],
    shell: render::commands::Shell,
    report: &Report,
) -> CommandResult<()> {
    let report = &report.completed(&context.given);
    let is_colored = context.console.stdout_is_colored();
    let options = render::Options {
        width: console::width(),
        is_colored,
        shows_all: context.console.is_verbose(),
        shell,
    };
    write(context, outputs, Format::Table, |format| {
        let mut bytes = Vec::new();
        // Writing to memory cannot fail.
        let _ = render::write(report, format, &options, &mut bytes);
        bytes
    })
}

/// Shows a report as a table on stderr.
pub(crate) fn say_report(context: &Context, report: &Report) {
    context.console.say_rendered(&told_table(context, report, render::table::write));
}

/// As [`say_report`], where a question about it follows.
pub(crate) fn say_forecast(context: &Context, report: &Report) {
    context.console.show(&told_table(context, report, render::table::write_without_next));
}

fn told_table(
    context: &Context,
    report: &Report,
    write: impl Fn(&Report, render::table::Layout, &mut dyn Write) -> io::Result<()>,
) -> String {
    let mut bytes = Vec::new();
    let report = &report.completed(&context.given);
    // Writing to memory cannot fail.
    let layout = render::table::Layout {
        width: console::talk_width(),
        is_colored: context.console.stderr_is_colored(),
        shows_all: context.console.is_verbose(),
    };
    let _ = write(report, layout, &mut bytes);
    String::from_utf8_lossy(&bytes).into_owned()
}
