//! `divvy emulate`: the Genesys Cloud API on loopback, until somebody interrupts.

use std::path::Path;

use divvy_sandbox::emulator::{self, Emulator, Fault, Options, Seed};

use crate::arguments::{Emulate, EmulatedDialect};
use crate::context::Context;
use crate::error::{CommandError, CommandResult};
use crate::typed_file;

pub(crate) async fn run(context: &Context, arguments: &Emulate) -> CommandResult<u8> {
    if !arguments.listen.ip().is_loopback() {
        return Err(CommandError::usage(format!(
            "--listen {}: the emulator takes any client and secret, so it listens on loopback only",
            arguments.listen
        )));
    }
    let unreadable = |path: &Path, error: &dyn std::fmt::Display| {
        CommandError::failed(format!("{} is not of the expected form: {error}", path.display()))
            .hint("a seed looks like {\"divisions\": [{\"id\": \"1\", \"name\": \"Engineering\"}]}")
    };
    let seed = match &arguments.seed {
        Some(path) => Seed::from_json(&typed_file::read_text(context, path).await?)
            .map_err(|error| unreadable(path, &error))?,
        None => Seed::default(),
    };
    let faults: Vec<Fault> = match &arguments.faults {
        Some(path) => serde_json::from_str(&typed_file::read_text(context, path).await?)
            .map_err(|error| unreadable(path, &error))?,
        None => Vec::new(),
    };
    let options = Options {
        listen: Some(arguments.listen),
        data: arguments.data.clone(),
        seed,
        faults,
        dialect: match arguments.dialect {
            EmulatedDialect::Published => emulator::Dialect::Published,
            EmulatedDialect::Pathed => emulator::Dialect::Pathed,
            EmulatedDialect::Both => emulator::Dialect::Both,
        },
    };
    let emulator = Emulator::start(options).await.map_err(CommandError::failed)?;
    context.console.artefact(format!("{}\n", emulator.url()).as_bytes()).map_err(|error| {
        CommandError::failed(format!("could not write to standard output: {error}"))
    })?;
    let endpoint = emulator.url().trim_start_matches("http://").to_owned();
    let (host, port) = endpoint.rsplit_once(':').unwrap_or((&endpoint, "80"));
    context.console.say(&format!(
        "The org answers. In a provider block:\n  \
         gateway {{\n    protocol = \"http\"\n    host     = \"{host}\"\n    port     = \"{port}\"\n  }}\n\
         For divvy list and ensure: --api-url {} --client-id any --client-secret any\n\
         Ctrl-C ends it.",
        emulator.url()
    ));
    context.interrupt.cancelled().await;
    emulator.stop().await;
    Ok(0)
}
