//! Reads a file that the command line names.
//!
//! The one way to do so: what was typed may be a pipe, so the read hears the interrupt. Never prints
//! what it read. Invariant: the error names the path as it was typed.

use std::path::{Path, PathBuf};

use divvy_terraform::files::{self, Origin};

use crate::context::Context;
use crate::error::{CommandError, CommandResult};
use crate::interrupt;

/// Returns where a path leads that was typed where divvy was started; `-` stays standard input.
pub(crate) fn resolved(context: &Context, path: &Path) -> PathBuf {
    if path.as_os_str() == "-" {
        return path.to_owned();
    }
    context.environment.current_directory.join(path)
}

/// Reads a whole file.
pub(crate) async fn read(context: &Context, path: &Path) -> CommandResult<Vec<u8>> {
    let named = resolved(context, path);
    let read = move || files::read(&named, Origin::Typed);
    let read = interrupt::beside(&context.interrupt, read).await?;
    read.map_err(|error| not_read(path, &error))
}

/// Reads a whole file as text: UTF-8 or UTF-16.
pub(crate) async fn read_text(context: &Context, path: &Path) -> CommandResult<String> {
    let bytes = read(context, path).await?;
    files::text_of(bytes).map_err(|error| not_read(path, &error))
}

fn not_read(path: &Path, error: &std::io::Error) -> CommandError {
    CommandError::failed(format!("could not read {}: {error}", path.display()))
}
