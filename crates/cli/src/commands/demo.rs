//! `divvy demo`: the whole story on real Terraform against the emulator, in a directory of its own.
//!
//! Never touches anything outside that directory, and takes nothing from the user's own environment:
//! whoever has an org can try it safely. Invariant: what is shown is what was run.

mod place;
mod stage;
mod stories;

use std::path::{Path, PathBuf};

use divvy_sandbox::emulator::{Emulator, Options, Seed};
use divvy_sandbox::mirror;

use self::place::{Place, Surroundings};
use self::stage::Stage;
use crate::arguments::{Demo, StoryName};
use crate::context::Context;
use crate::error::{CommandError, CommandResult};

pub(crate) async fn run(context: &Context, arguments: &Demo) -> CommandResult<u8> {
    let failed = |error: std::io::Error| {
        CommandError::failed(format!("the demo could not be set up: {error}"))
    };
    let terraform = terraform(arguments)?;
    let place = Place::take(arguments.directory.as_deref())?;
    let own = place.directory.join(place::OWN);
    let binary = std::env::current_exe().map_err(failed)?;
    let mirror = mirror::lay_out(&own, &binary).map_err(failed)?;
    let surroundings = Surroundings::of(&place, mirror.cli_configuration(), &terraform)?;
    let script = place.directory.join(place::ENVIRONMENT);
    std::fs::write(script, surroundings.script()).map_err(failed)?;
    let options = Options {
        seed: Seed::from_json(stories::org(arguments.story)).map_err(CommandError::failed)?,
        data: place.is_kept.then(|| place.directory.join(place::ORG)),
        ..Options::default()
    };
    let emulator = Emulator::start(options).await.map_err(CommandError::failed)?;
    let address = emulator.url().trim_start_matches("http://").to_owned();
    let port = address.rsplit(':').next().unwrap_or_default();
    let files = stories::configuration(arguments.story, port);
    place.write_configuration(&files)?;
    place.holds_only_the_demo(&files)?;
    let variables = surroundings.variables(&context.environment.variables);
    let stage = Stage { context, place, divvy: binary, terraform, variables };
    let told = match arguments.story {
        StoryName::Divisions => stage.divisions().await,
        StoryName::ContactCentre => stage.contact_centre().await,
    };
    emulator.stop().await;
    if told.is_ok() {
        context.console.say(&stage.how_to_play_on(&address));
    }
    told
}

/// Finds the program, as a path that holds from any directory.
fn terraform(arguments: &Demo) -> CommandResult<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let named = arguments.terraform_bin.as_deref();
    let is_path = |program: &Path| program.components().count() > 1;
    let found = match named {
        Some(program) if is_path(program) => program.is_file().then(|| program.to_owned()),
        _ => {
            let names = named.map_or_else(
                || vec![Path::new("terraform"), Path::new("tofu")],
                |named| vec![named],
            );
            let places = names.iter().flat_map(|name| {
                let names = divvy_os::process::names_of_program(&name.to_string_lossy());
                std::env::split_paths(&path).flat_map(move |place| {
                    names.clone().into_iter().map(move |name| place.join(name))
                })
            });
            places.into_iter().find(|program| program.is_file())
        }
    };
    let found = found.and_then(|program| std::path::absolute(program).ok());
    found.ok_or_else(|| {
        let message = match named {
            Some(program) => format!("{} is not there", program.display()),
            None => "neither terraform nor tofu is on PATH".to_owned(),
        };
        CommandError::failed(message)
            .hint("install one, or name it with --terraform-bin; in a checkout of divvy, scripts/demo gets one")
    })
}
