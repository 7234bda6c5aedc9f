//! `divvy demo`: the whole story on real Terraform against the emulator, in a directory of its own.
//!
//! Never touches anything outside that directory. Invariant: what is shown is what was run.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use divvy_sandbox::emulator::{Emulator, Options, Seed};
use divvy_sandbox::mirror;
use tokio::process::Command;

use super::Context;
use crate::arguments::Demo;
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
    let temporary = tempfile::Builder::new().prefix("divvy-demo-").tempdir().map_err(failed)?;
    let directory = match &arguments.directory {
        Some(directory) => {
            std::fs::create_dir_all(directory).map_err(failed)?;
            directory.canonicalize().map_err(failed)?
        }
        None => temporary.path().to_owned(),
    };
    let binary = std::env::current_exe().map_err(failed)?;
    let mirror = mirror::lay_out(&directory.join(".demo"), &binary).map_err(failed)?;
    let seed = Seed::from_json(ORG).map_err(CommandError::failed)?;
    let emulator = Emulator::start(Options { seed, ..Options::default() })
        .await
        .map_err(CommandError::failed)?;
    let port = emulator.url().rsplit(':').next().unwrap_or_default().to_owned();
    std::fs::write(directory.join("main.tf"), configuration(&port)).map_err(failed)?;
    let story = Story {
        context,
        directory,
        divvy: binary,
        terraform: terraform(arguments)?,
        cli_configuration: mirror.cli_configuration().to_owned(),
    };
    let told = story.tell().await;
    emulator.stop().await;
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

fn terraform(arguments: &Demo) -> CommandResult<PathBuf> {
    if let Some(program) = &arguments.terraform_bin {
        return Ok(program.clone());
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    ["terraform", "tofu"]
        .iter()
        .flat_map(|name| std::env::split_paths(&path).map(move |directory| directory.join(name)))
        .find(|program| program.is_file())
        .ok_or_else(|| {
            CommandError::failed("neither terraform nor tofu is on PATH")
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
    directory: PathBuf,
    divvy: PathBuf,
    terraform: PathBuf,
    cli_configuration: PathBuf,
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
            .current_dir(&self.directory)
            .env("TF_CLI_CONFIG_FILE", &self.cli_configuration)
            .env("DIVVY_TERRAFORM", &self.terraform)
            .env("GENESYSCLOUD_TOKEN_POOL_SIZE", "1")
            .env_remove("TF_CLI_ARGS")
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

    /// Returns the program as one types it.
    fn terraform_name(&self) -> String {
        let name = self.terraform.file_name().unwrap_or_default();
        name.to_string_lossy().into_owned()
    }
}
