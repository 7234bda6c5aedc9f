//! `divvy completions` and `divvy man`: texts made from the command line's own definition.

use divvy_core::CommandLine;

use crate::arguments::{self, Completions, Manual};
use crate::context::Context;
use crate::error::{CommandError, CommandResult};
use crate::manual;
use crate::output;

pub(crate) fn completions(context: &Context, wanted: &Completions) -> CommandResult<u8> {
    let mut script = Vec::new();
    clap_complete::generate(wanted.shell, &mut arguments::command(), "divvy", &mut script);
    print(context, &script)
}

pub(crate) fn man(context: &Context, wanted: &Manual) -> CommandResult<u8> {
    let failed = |error| CommandError::failed(format!("could not make the page: {error}"));
    if let Some(directory) = &wanted.directory {
        let place = context.environment.current_directory.join(directory);
        std::fs::create_dir_all(&place).map_err(|error| {
            CommandError::failed(format!("could not make {}: {error}", directory.display()))
                .hint("name a directory that can be written: divvy man --directory DIR")
        })?;
        for (file, page) in manual::pages(arguments::command()).map_err(failed)? {
            output::write_file(&place.join(file), &page)?;
        }
        return Ok(0);
    }
    let name = wanted.subcommand.as_deref();
    match manual::page(arguments::command(), name).map_err(failed)? {
        Some(page) => print(context, &page),
        None => {
            let name = name.unwrap_or_default();
            Err(CommandError::usage(format!("there is no command {name}"))
                .hint(CommandLine::divvy("help").because("lists them")))
        }
    }
}

fn print(context: &Context, bytes: &[u8]) -> CommandResult<u8> {
    context.console.artefact(bytes).map_err(|error| {
        CommandError::failed(format!("could not write to standard output: {error}"))
    })?;
    Ok(0)
}
