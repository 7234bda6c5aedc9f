//! `divvy completions` and `divvy man`: texts made from the command line's own definition.

use crate::arguments::{self, Completions};
use crate::context::Context;
use crate::error::{CommandError, CommandResult};

pub(crate) fn completions(context: &Context, wanted: &Completions) -> CommandResult<u8> {
    let mut script = Vec::new();
    clap_complete::generate(wanted.shell, &mut arguments::command(), "divvy", &mut script);
    print(context, &script)
}

pub(crate) fn man(context: &Context) -> CommandResult<u8> {
    let mut page = Vec::new();
    clap_mangen::Man::new(arguments::command())
        .render(&mut page)
        .map_err(|error| CommandError::failed(format!("could not make the page: {error}")))?;
    print(context, &page)
}

fn print(context: &Context, bytes: &[u8]) -> CommandResult<u8> {
    context.console.artefact(bytes).map_err(|error| {
        CommandError::failed(format!("could not write to standard output: {error}"))
    })?;
    Ok(0)
}
