//! The output of a failed run, as a file or from standard input.
//!
//! Only reads. Invariant: what the reader has to say about the file reaches the person.

use std::fs::File;
use std::path::Path;

use divvy_core::Failure;
use divvy_terraform::logs;

use crate::commands::Context;
use crate::console::Tone;
use crate::error::{CommandError, CommandResult};

/// Reads the failures out of a log; `-` is standard input, and no path means no failures.
pub(crate) fn failures(context: &Context, log: Option<&Path>) -> CommandResult<Vec<Failure>> {
    let Some(log) = log else { return Ok(Vec::new()) };
    let reading = if log.as_os_str() == "-" {
        logs::read(std::io::stdin().lock())
    } else {
        let file =
            File::open(context.environment.current_directory.join(log)).map_err(|error| {
                CommandError::failed(format!("could not read {}: {error}", log.display()))
                    .hint("keep the output of the failed run: terraform apply 2>&1 | tee FILE")
            })?;
        logs::read(file)
    };
    let reading = reading.map_err(CommandError::failed)?;
    for note in &reading.notes {
        context.console.mark(Tone::Warning, note);
    }
    Ok(reading.failures)
}
