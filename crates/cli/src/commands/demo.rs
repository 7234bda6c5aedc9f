//! `divvy demo`: the whole story on real Terraform against the emulator, in a directory of its own.
//!
//! Never touches anything outside that directory, and takes nothing from the user's own environment:
//! whoever has an org can try it safely. Invariant: what is shown is what was run.

mod place;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use divvy_core::shell::word;
use divvy_sandbox::emulator::{Emulator, Options, Seed};
use divvy_sandbox::mirror;
use tokio::process::Command;

use self::place::{Place, Surroundings};
use crate::arguments::Demo;
use crate::context::Context;
use crate::error::{CommandError, CommandResult};

/// Divisions that somebody made by hand before Terraform came.
const ORG: &str = r#"{
  "org": {"id": "3f1c2a6e-1f6d-4a59-9d0e-5b0c7f7a9d10", "name": "Demo Org"},
  "home": {"id": "1b870573-cadb-4195-848d-756cd9a509a1", "name": "Home", "homeDivision": true},
  "divisions": [
    {"id": "5a0bbc2a-5f0c-4f0e-9a38-0c6f4f3c9d21", "name": "Engineering"},
    {"id": "c6337ba1-2f0a-4f2c-8d8b-7a9f3a1de402", "name": "Sales EMEA"},
    {"id": "9b1f6f0a-0f55-4b7d-8c39-2f4f0d1c5e33", "name": "Sales APAC"}
  ]
}"#;

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
        seed: Seed::from_json(ORG).map_err(CommandError::failed)?,
        data: place.is_kept.then(|| place.directory.join(place::ORG)),
        ..Options::default()
    };
    let emulator = Emulator::start(options).await.map_err(CommandError::failed)?;
    let address = emulator.url().trim_start_matches("http://").to_owned();
    let port = address.rsplit(':').next().unwrap_or_default();
    place.write_configuration(&configuration(port))?;
    place.holds_only_the_demo()?;
    let variables = surroundings.variables(&context.environment.variables);
    let story = Story { context, place, divvy: binary, terraform, variables };
    let told = story.tell().await;
    emulator.stop().await;
    if told.is_ok() {
        context.console.say(&story.how_to_play_on(&address));
    }
    told
}

fn configuration(port: &str) -> String {
    format!(
        r#"terraform {{
  required_providers {{
    genesyscloud = {{
      source = "mypurecloud/genesyscloud"
    }}
  }}
}}

provider "genesyscloud" {{
  oauthclient_id     = "demo"
  oauthclient_secret = "demo"
  gateway {{
    protocol = "http"
    host     = "127.0.0.1"
    port     = "{port}"
  }}
}}

resource "genesyscloud_auth_division" "engineering" {{
  name = "Engineering"
}}

resource "genesyscloud_auth_division" "sales" {{
  for_each = toset(["EMEA", "APAC"])
  name     = "Sales ${{each.key}}"
}}

resource "genesyscloud_auth_division" "claims" {{
  name = "Claims"
}}
"#
    )
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

/// Terraform's own word: a plan that ends with 0 only if it has nothing to do.
const PROOF: &[&str] = &["plan", "-no-color", "-detailed-exitcode"];

/// What becomes of the output of a step.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Output {
    Shown,
    /// Of interest only if it fails.
    Hidden,
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
    async fn tell(&self) -> CommandResult<u8> {
        let say = |text: &str| self.context.console.say(&format!("\n# {text}"));
        say(
            "An org in which Engineering, Sales EMEA and Sales APAC were made by hand, and a configuration that wants them (and Claims).",
        );
        self.terraform(&["init", "-no-color"], Output::Hidden, 0).await?;
        say("The apply that brings people here:");
        self.terraform(&["apply", "-auto-approve", "-no-color"], Output::Shown, 1).await?;
        say("What divvy says about it:");
        self.divvy(&["check"], 2).await?;
        say("And what it does about it:");
        self.divvy(&["fix", "--yes"], 0).await?;
        say("Terraform's own word:");
        self.terraform(PROOF, Output::Shown, 0).await?;
        say(
            "Or instead of all that, an apply that adopts by itself (the state forgets the three first):",
        );
        let three = ["genesyscloud_auth_division.engineering", "genesyscloud_auth_division.sales"];
        self.terraform(&[&["state", "rm"][..], &three].concat(), Output::Hidden, 0).await?;
        let terraform = self.terraform.to_string_lossy();
        let apply = [&*terraform, "apply", "-auto-approve", "-no-color", "-compact-warnings"];
        let run = ["run", "--on-conflict", "adopt", "--"];
        self.divvy(&[&run[..], &apply].concat(), 0).await?;
        self.terraform(PROOF, Output::Hidden, 0).await?;
        self.context.console.say("\nThat is all: three existing divisions are managed, Claims was created by the first apply, nothing else was touched.");
        Ok(0)
    }

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
        if output == Output::Hidden {
            command.stdout(Stdio::null());
        }
        let status = command.status().await.map_err(|error| {
            CommandError::failed(format!("could not run {}: {error}", program.display()))
        })?;
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
