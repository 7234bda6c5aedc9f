//! The commands: one file each, and the one place where a command is run and its error is shown.

mod check;
#[cfg(feature = "sandbox")]
mod demo;
mod doctor;
#[cfg(feature = "sandbox")]
mod emulate;
mod ensure;
mod explain;
mod fix;
mod list;
mod print;
mod run;
mod undo;

use std::process::ExitCode;
use std::sync::Arc;

use clap::error::ErrorKind as ErrorKindOfClap;
use divvy_terraform::Terraform;

use crate::arguments::{Arguments, ColorChoice, Command, habits, unread_variables};
use crate::console::{self, Console, Tone};
use crate::context::Context;
use crate::door;
use crate::environment::Environment;
use crate::error::{CommandResult, ErrorKind};
use crate::given::Given;
use crate::interrupt::{self, UnderWay};

/// Parses the command line, runs the command on one current-thread runtime, shows its error.
pub(crate) fn main() -> ExitCode {
    let environment = Environment::snapshot();
    let arguments = match Arguments::parse_from_words(std::env::args_os()) {
        Ok(arguments) => arguments,
        Err(error) if error.kind() == ErrorKindOfClap::DisplayVersion && wants_details() => {
            console::version(&version_details());
            return ExitCode::SUCCESS;
        }
        Err(error) => {
            let words: Option<Vec<String>> =
                std::env::args_os().skip(1).map(|word| word.into_string().ok()).collect();
            let advice = words.as_deref().and_then(habits::advice);
            if let Some((message, hint)) = advice.filter(|_| error.use_stderr()) {
                let console = Console::new(ColorChoice::Auto, false, false);
                console.mark(Tone::Error, &message);
                console.mark(Tone::Hint, &hint);
                return ExitCode::from(ErrorKind::Usage.exit_code());
            }
            let code = if error.use_stderr() { ErrorKind::Usage.exit_code() } else { 0 };
            console::usage(&error);
            return ExitCode::from(code);
        }
    };
    let given = Given::of(&arguments.command, &environment);
    let talk = &arguments.talk;
    environment.secrets().for_each(door::keep_secret);
    let is_dumb = environment.variables.get("TERM").is_some_and(|term| term == "dumb");
    let console = Console::new(talk.color, talk.quiet, talk.verbose > 0);
    let console = Arc::new(console.asking(talk.plain || is_dumb));
    for unread in unread_variables(&environment.variables) {
        console.mark(Tone::Warning, &unread);
    }
    crate::log::set_up(talk.verbose, talk.log_format);
    let result = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime.block_on(run(arguments.command, Arc::clone(&console), environment)),
        Err(error) => Err(crate::error::CommandError::failed(format!("could not start: {error}"))),
    };
    console.clear_progress();
    match result {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            console.mark(Tone::Error, &error.message);
            for hint in &error.hints {
                console.mark(Tone::Hint, &given.complete_hint(hint).to_string());
            }
            ExitCode::from(error.kind.exit_code())
        }
    }
}

/// Returns whether `-v` or `--verbose` stands beside `--version`.
fn wants_details() -> bool {
    let is_verbose = |word: &str| {
        let letters = word.strip_prefix('-').filter(|rest| !rest.starts_with('-'));
        word == "--verbose" || letters.is_some_and(|letters| letters.contains('v'))
    };
    std::env::args_os().skip(1).any(|word| is_verbose(&word.to_string_lossy()))
}

/// Says what exactly this binary is, for a report of a fault.
fn version_details() -> String {
    let commit =
        option_env!("DIVVY_COMMIT").unwrap_or("not recorded: not built by scripts/package");
    let features = [
        ("sandbox", cfg!(feature = "sandbox")),
        ("debug assertions", cfg!(debug_assertions)),
        ("wine: any user may reach its ports", divvy_os::IS_FOR_WINE),
    ];
    let built: Vec<&str> =
        features.iter().filter(|(_, is_built)| *is_built).map(|(name, _)| *name).collect();
    let features = if built.is_empty() { "none".to_owned() } else { built.join(", ") };
    format!(
        "divvy {}\ncommit: {commit}\ntarget: {}\nfeatures: {features}\n",
        env!("CARGO_PKG_VERSION"),
        divvy_os::TARGET,
    )
}

async fn run(
    command: Command,
    console: Arc<Console>,
    environment: Environment,
) -> CommandResult<u8> {
    let terraform = Terraform::find(command.program(), environment.variables.clone())
        .map_or_else(|_| "terraform".to_owned(), |program| program.name());
    let under_way = UnderWay::default();
    let interrupt = interrupt::install(Arc::clone(&console), under_way.clone(), terraform.clone());
    let given = Given::of(&command, &environment);
    let context = Context { console, environment, terraform, given, interrupt, under_way };
    match command {
        Command::Check(arguments) => check::run(&context, &arguments).await,
        Command::Fix(arguments) => Box::pin(fix::run(&context, &arguments)).await,
        Command::Explain(arguments) => Box::pin(explain::run(&context, &arguments)).await,
        Command::Ensure(arguments) => ensure::run(&context, &arguments).await,
        Command::Run(arguments) => Box::pin(run::run(&context, &arguments)).await,
        Command::List(arguments) => list::run(&context, &arguments).await,
        Command::Doctor(arguments) => Box::pin(doctor::run(&context, &arguments)).await,
        #[cfg(feature = "sandbox")]
        Command::Emulate(arguments) => emulate::run(&context, &arguments).await,
        Command::Undo(arguments) => undo::run(&context, &arguments).await,
        #[cfg(feature = "sandbox")]
        Command::Demo(arguments) => demo::run(&context, &arguments).await,
        #[cfg(not(feature = "sandbox"))]
        Command::Emulate(_) | Command::Demo(_) => Err(without_sandbox()),
        Command::Completions(arguments) => print::completions(&context, &arguments),
        Command::Man(arguments) => print::man(&context, &arguments),
    }
}

/// What `emulate` and `demo` answer in a build without them.
#[cfg(not(feature = "sandbox"))]
fn without_sandbox() -> crate::error::CommandError {
    crate::error::CommandError::failed(
        "this divvy was built without its sandbox (--no-default-features), which `demo` and `emulate` need",
    )
    .hint("cargo install --locked --path crates/cli  # in a checkout of divvy")
}
