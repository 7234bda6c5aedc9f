//! `divvy demo`: the whole story on real Terraform against the emulator, in a directory of its own.
//!
//! Never touches anything outside that directory, and takes nothing from the user's own environment:
//! whoever has an org can try it safely. Invariant: what is shown is what was run.

mod place;
mod stories;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use divvy_core::shell::word;
use divvy_sandbox::emulator::{Emulator, Options, Seed};
use divvy_sandbox::mirror;
use tokio::process::Command;

use self::place::{Place, Surroundings};
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
    let story = Story { context, place, divvy: binary, terraform, variables };
    let told = match arguments.story {
        StoryName::Divisions => story.divisions().await,
        StoryName::ContactCentre => story.contact_centre().await,
    };
    emulator.stop().await;
    if told.is_ok() {
        context.console.say(&story.how_to_play_on(&address));
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
                std::env::split_paths(&path).map(move |directory| directory.join(name))
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

/// What becomes of the output of a step.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Output {
    Shown,
    /// Of interest only if it fails.
    Hidden,
    /// The first of its errors, and how many there are.
    FirstError,
}

/// What the demo runs with.
struct Story<'c> {
    context: &'c Context,
    place: Place,
    divvy: PathBuf,
    terraform: PathBuf,
    variables: BTreeMap<OsString, OsString>,
}

impl Story<'_> {
    async fn terraform(&self, arguments: &[&str], output: Output, code: i32) -> CommandResult<()> {
        self.step(&self.terraform, arguments, output, code).await
    }

    async fn divvy(&self, arguments: &[&str], code: i32) -> CommandResult<()> {
        self.step(&self.divvy, arguments, Output::Shown, code).await
    }

    /// Shows a command, runs it, and holds it to the exit code that the story needs.
    async fn step(
        &self,
        program: &Path,
        arguments: &[&str],
        output: Output,
        code: i32,
    ) -> CommandResult<()> {
        let name = |path: &Path| {
            let is_terraform = path == self.terraform;
            if is_terraform { self.terraform_name() } else { "divvy".to_owned() }
        };
        let typed: Vec<String> = arguments
            .iter()
            .map(|word| {
                let path = Path::new(word);
                if path == self.terraform { name(path) } else { (*word).to_owned() }
            })
            .collect();
        let typed = format!("{} {}", name(program), typed.join(" "));
        self.context.console.say(&format!("$ {typed}"));
        let mut command = Command::new(program);
        command
            .args(arguments)
            .current_dir(&self.place.directory)
            .env_clear()
            .envs(&self.variables)
            .stdin(Stdio::null());
        let failed = |error: std::io::Error| {
            CommandError::failed(format!("could not run {}: {error}", program.display()))
        };
        let status = match output {
            Output::Shown => command.status().await.map_err(failed)?,
            Output::Hidden => command.stdout(Stdio::null()).status().await.map_err(failed)?,
            Output::FirstError => {
                let ended = command.output().await.map_err(failed)?;
                let told = String::from_utf8_lossy(&ended.stderr);
                self.context.console.say(&stories::first_error(&told));
                ended.status
            }
        };
        match status.code() {
            Some(ended) if ended == code => Ok(()),
            ended => Err(CommandError::failed(format!(
                "`{typed}` ended with {}, which is not how this story goes",
                ended.map_or_else(|| "a signal".to_owned(), |ended| ended.to_string())
            ))),
        }
    }

    /// Says which commands work in the directory from now on; each line can be pasted into a shell.
    fn how_to_play_on(&self, address: &str) -> String {
        if !self.place.is_kept {
            return "\nTo keep the directory and play on in it: divvy demo --directory DIR"
                .to_owned();
        }
        let directory = self.place.directory.to_string_lossy();
        let terraform = self.terraform_name();
        format!(
            "\nThe directory stays, and so does its org. To play on, paste into a shell:\n\n  \
             cd {}\n  . ./{}\n  divvy emulate --listen {address} --data {} &\n  \
             divvy list --api-url http://{address} --client-id demo --client-secret demo\n  \
             divvy check\n  {terraform} plan\n  kill $! # ends the org",
            word(&directory),
            place::ENVIRONMENT,
            place::ORG,
        )
    }

    /// Returns the program as one types it.
    fn terraform_name(&self) -> String {
        let name = self.terraform.file_name().unwrap_or_default();
        name.to_string_lossy().into_owned()
    }
}
