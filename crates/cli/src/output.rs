//! Where artefacts go: stdout or files, in one form or several.
//!
//! Invariant: a file is written whole or not at all.

use std::io::{self, ErrorKind, Write};
use std::path::Path;

use crate::arguments::{Output, TerraformArguments};
use crate::commands::Context;
use crate::console;
use crate::error::{CommandError, CommandResult};
use crate::render::{self, Format};
use crate::report::Report;
use crate::terraform_errors::MAKE_ROOM;

/// Refuses forms that a command does not have, and more than one artefact on stdout.
pub(crate) fn refuse_unknown(outputs: &[Output], known: &[Format]) -> CommandResult<()> {
    if let Some(output) = outputs.iter().find(|output| !known.contains(&output.format)) {
        let names: Vec<_> =
            known.iter().map(|format| format!("{format:?}").to_lowercase()).collect();
        return Err(CommandError::usage(format!(
            "-o {}: this command writes {}",
            format!("{:?}", output.format).to_lowercase(),
            names.join(", ")
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
pub(crate) fn write<F: Copy>(
    context: &Context,
    outputs: &[Output<F>],
    default: F,
    render: impl Fn(F) -> Vec<u8>,
) -> CommandResult<()> {
    let fallback = [Output { format: default, file: None }];
    let wanted = if outputs.is_empty() { &fallback[..] } else { outputs };
    for output in wanted {
        let bytes = render(output.format);
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
    let program = &report.program;
    context.console.say(&format!(
        "Import blocks are in {}. Review them, then: {program} plan, {program} apply.",
        file.display()
    ));
    Ok(report.exit_code())
}

/// Writes a file through a temporary one beside it.
pub(crate) fn write_file(path: &Path, bytes: &[u8]) -> CommandResult<()> {
    let directory =
        path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if !directory.is_dir() {
        let message = format!(
            "could not write {}: `{}` is not a directory",
            path.display(),
            directory.display()
        );
        return Err(CommandError::failed(message)
            .hint(format!("make it first: mkdir -p {}", directory.display())));
    }
    let written = tempfile::NamedTempFile::new_in(directory).and_then(|mut file| {
        file.write_all(bytes)?;
        file.as_file().sync_all()?;
        file.persist(path).map(|_| ()).map_err(|error| error.error)
    });
    written.map_err(|error| {
        let told =
            CommandError::failed(format!("could not write {}: {}", path.display(), error.kind()));
        match error.kind() {
            ErrorKind::StorageFull => told.hint(MAKE_ROOM),
            _ => told.hint("name another file: -o FORMAT=FILE"),
        }
    })
}

/// Writes a report in each form that was asked for, else as a table.
pub(crate) fn write_report(
    context: &Context,
    outputs: &[Output],
    shell: render::commands::Shell,
    report: &Report,
) -> CommandResult<()> {
    let is_colored = context.console.stdout_is_colored();
    let options = render::Options { width: console::width(), is_colored, shell };
    write(context, outputs, Format::Table, |format| {
        let mut bytes = Vec::new();
        // Writing to memory cannot fail.
        let _ = render::write(report, format, &options, &mut bytes);
        bytes
    })
}

/// Shows a report as a table on stderr.
pub(crate) fn say_report(context: &Context, report: &Report) {
    context.console.say(&told_table(context, report, render::table::write));
}

/// As [`say_report`], where a question about it follows.
pub(crate) fn say_forecast(context: &Context, report: &Report) {
    context.console.show(&told_table(context, report, render::table::write_without_next));
}

fn told_table(
    context: &Context,
    report: &Report,
    write: impl Fn(&Report, usize, bool, &mut dyn Write) -> io::Result<()>,
) -> String {
    let mut bytes = Vec::new();
    // Writing to memory cannot fail.
    let _ = write(report, console::talk_width(), context.console.stderr_is_colored(), &mut bytes);
    String::from_utf8_lossy(&bytes).into_owned()
}
