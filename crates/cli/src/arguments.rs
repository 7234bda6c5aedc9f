//! The command line as typed.
//!
//! Help texts are written for users. Never reads a file and never decides anything; values are
//! checked here only as far as their spelling goes.

mod check;
pub(crate) mod doctor;
mod ensure;
mod explain;
mod fix;
mod given;
pub(crate) mod habits;
pub(crate) mod kind;
mod offers;
pub(crate) mod run;
mod shared;
mod typed_again;
pub(crate) mod undo;
mod variables;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use clap::parser::ValueSource;
use clap::{
    ArgAction, Args, CommandFactory as _, FromArgMatches as _, Parser, Subcommand, ValueEnum,
};
use divvy_genesys::Dialect;

pub(crate) use self::check::Check;
pub(crate) use self::ensure::{Ensure, EnsureFormat};
pub(crate) use self::explain::Explain;
pub(crate) use self::fix::Fix;
pub(crate) use self::given::Said;
use self::kind::Listed;
use self::offers::offers_of;
pub(crate) use self::shared::{OrgArguments, Output, TerraformArguments};

/// Resolves "already exists" (409 Conflict) of the Genesys Cloud provider: predicts it, adopts what
/// exists through a plan that imports and nothing else, and lets Terraform itself prove the result.
#[derive(Debug, Parser)]
#[command(name = "divvy", version, arg_required_else_help = true, max_term_width = 100)]
#[command(
    after_help = "Start with `divvy check` in the directory whose apply ended in 409, or see it all with `divvy demo`."
)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) talk: Talk,

    /// Directory of the configuration; may also follow the command.
    #[arg(long, value_name = "DIR", value_hint = clap::ValueHint::DirPath)]
    chdir: Option<PathBuf>,

    #[command(subcommand)]
    pub(crate) command: Command,
}

/// The command line's definition, with the variable of each flag.
pub(crate) fn command() -> clap::Command {
    offers::with_hints(variables::with_variables(Arguments::command()))
}

/// Returns what is worth a warning among the variables that are set.
pub(crate) fn unread_variables(set: &BTreeMap<String, String>) -> Vec<String> {
    variables::unread(command(), set)
}

impl Arguments {
    /// Parses the words of a command line, the program's name first.
    pub(crate) fn parse_from_words(
        words: impl IntoIterator<Item = impl Into<OsString> + Clone>,
    ) -> Result<Self, clap::Error> {
        let matches = command().try_get_matches_from(words)?;
        let mut arguments = Self::from_arg_matches(&matches)?;
        let is_typed = matches.value_source("chdir") == Some(ValueSource::CommandLine);
        let chdir = arguments.chdir.take();
        if let Some(terraform) = arguments.command.terraform_mut() {
            let inner = matches.subcommand().map(|(_, matches)| matches.value_source("chdir"));
            // What was typed wins over the variable, and the later word over the earlier one.
            if inner != Some(Some(ValueSource::CommandLine)) && chdir.is_some() {
                terraform.chdir = chdir;
            }
        } else if is_typed {
            let what = match &arguments.command {
                Command::Run(_) => {
                    "run takes the directory from Terraform's own flag: divvy run -- terraform -chdir=DIR apply"
                }
                _ => "--chdir: this command needs no directory",
            };
            return Err(command().error(clap::error::ErrorKind::ArgumentConflict, what));
        }
        Ok(arguments)
    }
}

/// How divvy talks.
#[derive(Debug, Args)]
#[command(next_help_heading = "Messages")]
pub(crate) struct Talk {
    /// Colour in the output.
    #[arg(long, value_enum, default_value = "auto", global = true, value_name = "WHEN")]
    pub(crate) color: ColorChoice,

    /// Say only errors and warnings.
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub(crate) quiet: bool,

    /// Say more: each step (-v), each request and process (-vv), everything (-vvv).
    #[arg(short, long, global = true, action = ArgAction::Count)]
    pub(crate) verbose: u8,

    /// Ask in plain lines, without lists and keys; also where TERM is `dumb`.
    #[arg(long, global = true)]
    pub(crate) plain: bool,

    /// Form of the log that -vv and -vvv write to stderr.
    #[arg(long, value_enum, default_value = "text", global = true, value_name = "FORM")]
    pub(crate) log_format: LogFormat,
}

/// When to use colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ColorChoice {
    Auto,
    Always,
    Never,
}

/// Form of the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogFormat {
    Text,
    Json,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Check(Check),
    Fix(Fix),
    Explain(Explain),
    Ensure(Ensure),
    Run(run::Run),
    List(List),
    Doctor(doctor::Doctor),
    Emulate(Emulate),
    Undo(undo::Undo),
    Demo(Demo),
    Completions(Completions),
    Man(Manual),
}

impl Command {
    fn terraform_mut(&mut self) -> Option<&mut TerraformArguments> {
        match self {
            Self::Check(Check { terraform, .. })
            | Self::Fix(Fix { terraform, .. })
            | Self::Explain(Explain { terraform, .. })
            | Self::Doctor(doctor::Doctor { terraform, .. })
            | Self::Undo(undo::Undo { terraform, .. })
            | Self::Ensure(Ensure { terraform, .. }) => Some(terraform),
            Self::Demo(_)
            | Self::Run(_)
            | Self::List(_)
            | Self::Emulate(_)
            | Self::Completions(_)
            | Self::Man(_) => None,
        }
    }

    /// Returns the terraform or tofu program that the command line names.
    pub(crate) fn program(&self) -> Option<&Path> {
        match self {
            Self::Check(Check { terraform, .. })
            | Self::Fix(Fix { terraform, .. })
            | Self::Explain(Explain { terraform, .. })
            | Self::Doctor(doctor::Doctor { terraform, .. })
            | Self::Undo(undo::Undo { terraform, .. })
            | Self::Ensure(Ensure { terraform, .. }) => terraform.terraform_bin.as_deref(),
            Self::Demo(demo) => demo.terraform_bin.as_deref(),
            Self::Run(run) => run.command.first().map(Path::new),
            Self::List(_) | Self::Emulate(_) | Self::Completions(_) | Self::Man(_) => None,
        }
    }
}

/// List the divisions of the org, or another type, or those with the names given. Needs no Terraform.
#[derive(Debug, Args)]
pub(crate) struct List {
    /// What to list: a type of the provider such as `queue` or `routing_skill`; docs/kinds.md has all.
    #[arg(long = "type", value_name = "TYPE", default_value = "division", value_parser = offers_of::<Listed, _>(Listed::names), hide_possible_values = true)]
    pub(crate) kind: Listed,

    /// Names to look for; ends with 2 if one is missing. Under `pathed` one that begins with / is
    /// a path.
    #[arg(value_name = "NAME")]
    pub(crate) names: Vec<String>,

    /// Full path to look for (pathed); with one NAME the division of that name there.
    #[arg(long, value_name = "PATH")]
    pub(crate) path: Option<String>,

    /// Which API the org speaks: published or pathed.
    #[arg(long, value_name = "DIALECT", default_value = "published")]
    pub(crate) dialect: Dialect,

    /// Count the objects of each division (published).
    #[arg(long, conflicts_with = "deleted")]
    pub(crate) counts: bool,

    /// List the soft-deleted divisions instead (published).
    #[arg(long)]
    pub(crate) deleted: bool,

    /// table, json, ids, csv; `FORMAT=FILE` writes a file. Repeatable.
    #[arg(short, long = "output", value_name = "FORMAT[=FILE]", value_parser = Output::<ListFormat>::parser(), hide_possible_values = true)]
    pub(crate) outputs: Vec<Output<ListFormat>>,

    #[command(flatten)]
    pub(crate) org: OrgArguments,
}

/// What `list` writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ListFormat {
    /// For people.
    Table,
    /// An array of divisions.
    Json,
    /// Ids, one a line.
    Ids,
    /// A table for spreadsheets, which `ensure --from` reads as well.
    Csv,
}

/// Emulate the Genesys Cloud API on loopback, for trying and testing.
///
/// The first line on stdout is its address, printed once it answers.
#[derive(Debug, Args)]
pub(crate) struct Emulate {
    /// Address to listen on; loopback only.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:0")]
    pub(crate) listen: std::net::SocketAddr,

    /// File that keeps the org; without it everything lives in memory.
    #[arg(long, value_name = "FILE")]
    pub(crate) data: Option<PathBuf>,

    /// What the org holds at first.
    #[arg(long, value_name = "ORG.json")]
    pub(crate) seed: Option<PathBuf>,

    /// Faults to play.
    #[arg(long, value_name = "FILE")]
    pub(crate) faults: Option<PathBuf>,

    /// Which API to speak.
    #[arg(long, value_enum, default_value = "published")]
    pub(crate) dialect: EmulatedDialect,
}

/// Which API the emulator speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum EmulatedDialect {
    /// /api/v2/authorization/divisions.
    Published,
    /// /api/v2/auth/divisions, with paths.
    Pathed,
    /// Both, side by side.
    Both,
}

/// See the whole story with real Terraform against the emulator, in a directory of its own.
#[derive(Debug, Args)]
pub(crate) struct Demo {
    /// Which story: three divisions, or a contact centre of 290 objects whose state is lost.
    #[arg(long, value_name = "STORY", value_enum, default_value = "divisions")]
    pub(crate) story: StoryName,

    /// Directory to make, or an empty one, which stays; else a temporary one, which is removed afterwards.
    #[arg(long, value_name = "DIR")]
    pub(crate) directory: Option<PathBuf>,

    /// The terraform or tofu program; else `terraform`, then `tofu` on PATH.
    #[arg(long, value_name = "PATH", env = "DIVVY_TERRAFORM", hide_env_values = true)]
    pub(crate) terraform_bin: Option<PathBuf>,
}

/// A story that the demo tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum StoryName {
    /// Three divisions that somebody made by hand.
    Divisions,
    /// A contact centre whose state is lost.
    ContactCentre,
}

/// Print a completion script.
#[derive(Debug, Args)]
pub(crate) struct Completions {
    /// For which shell.
    #[arg(value_enum)]
    pub(crate) shell: clap_complete::Shell,
}

/// Print the manual page of divvy or of one of its commands, or write all of them.
#[derive(Debug, Args)]
pub(crate) struct Manual {
    /// Which command; divvy itself if left out.
    #[arg(value_name = "COMMAND", conflicts_with = "directory")]
    pub(crate) subcommand: Option<String>,

    /// Write every page into this directory, which is made if need be.
    #[arg(long, value_name = "DIR")]
    pub(crate) directory: Option<PathBuf>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        command().debug_assert();
    }

    #[test]
    fn the_directory_may_be_named_before_the_command_and_the_later_word_wins() {
        let chdir = |line: &str| {
            let mut arguments = Arguments::parse_from_words(line.split(' '))?;
            let terraform = arguments.command.terraform_mut();
            Ok::<_, clap::Error>(terraform.and_then(|terraform| terraform.chdir.clone()))
        };
        for (line, expected) in [
            ("divvy --chdir a check", "a"),
            ("divvy check --chdir b", "b"),
            ("divvy --chdir a check --chdir b", "b"),
            ("divvy --chdir=a -q doctor", "a"),
        ] {
            assert_eq!(chdir(line).unwrap(), Some(PathBuf::from(expected)), "{line}");
        }
        let refused = chdir("divvy --chdir a run -- terraform apply").unwrap_err().to_string();
        assert!(refused.contains("terraform -chdir=DIR apply"), "{refused}");
        assert!(chdir("divvy --chdir a list").is_err());
    }
}
