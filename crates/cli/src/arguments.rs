//! The command line as typed.
//!
//! Help texts are written for users. Never reads a file and never decides anything; values are
//! checked here only as far as their spelling goes.

pub(crate) mod doctor;
mod explain;
mod given;
pub(crate) mod habits;
mod offers;
pub(crate) mod run;
pub(crate) mod undo;
mod variables;

mod ensure;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use clap::parser::ValueSource;
use clap::{
    ArgAction, Args, CommandFactory as _, FromArgMatches as _, Parser, Subcommand, ValueEnum,
};
use divvy_core::{Address, EntityId};
use divvy_genesys::{Dialect, REGIONS};

pub(crate) use self::ensure::{Ensure, EnsureFormat};
pub(crate) use self::explain::Explain;
pub(crate) use self::given::{Said, Yes};
use self::offers::{Offers, offers};
use crate::render::commands::Shell;
use crate::render::{Format, Writer, help_for, names_of};

/// Resolves `409 Conflict` on genesyscloud_auth_division: predicts it, adopts what exists through
/// a plan that imports and nothing else, and lets Terraform itself prove the result.
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

/// Where Terraform runs, and with what.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Terraform")]
pub(crate) struct TerraformArguments {
    /// Directory of the configuration.
    #[arg(long, value_name = "DIR")]
    pub(crate) chdir: Option<PathBuf>,

    /// The terraform or tofu program; else `terraform`, then `tofu` on PATH.
    #[arg(long, value_name = "PATH", env = "DIVVY_TERRAFORM", hide_env_values = true)]
    pub(crate) terraform_bin: Option<PathBuf>,

    /// Flags for Terraform: -var, -var-file, -target, -lock-timeout, -lock=false (where nothing is
    /// written), -parallelism, -compact-warnings.
    #[arg(last = true, value_name = "TERRAFORM FLAGS", allow_hyphen_values = true)]
    pub(crate) terraform_flags: Vec<String>,
}

/// Which org, where the provider block does not say so.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Genesys Cloud")]
pub(crate) struct OrgArguments {
    /// A profile of the gc command line tool, where the configuration gives no credentials.
    #[arg(long, value_name = "NAME")]
    pub(crate) profile: Option<String>,

    /// A gc profile for one provider configuration, e.g. `genesyscloud.prod=prod-org`.
    #[arg(long = "org", value_name = "ALIAS=PROFILE", value_parser = pair)]
    pub(crate) orgs: Vec<(String, String)>,

    /// Region key or domain, e.g. `eu-west-1` or `mypurecloud.ie`.
    #[arg(long, value_name = "REGION", value_parser = offers::<String>(REGIONS.iter().map(|region| region.key)), hide_possible_values = true)]
    pub(crate) region: Option<String>,

    /// One base address for API and token, e.g. that of `divvy emulate`.
    #[arg(long, value_name = "URL")]
    pub(crate) api_url: Option<String>,

    /// OAuth client id (client credentials grant).
    #[arg(long, value_name = "ID")]
    pub(crate) client_id: Option<String>,

    /// File that holds the client secret; `-` reads standard input.
    #[arg(long, value_name = "FILE|-", conflicts_with = "client_secret")]
    pub(crate) client_secret_file: Option<PathBuf>,

    /// The client secret. Other users of this machine can read it in the process list.
    #[arg(long, value_name = "SECRET", hide_env_values = true)]
    pub(crate) client_secret: Option<String>,

    /// File that holds an access token.
    #[arg(long, value_name = "FILE")]
    pub(crate) access_token_file: Option<PathBuf>,

    /// PEM file with further certificate authorities.
    #[arg(long, value_name = "FILE")]
    pub(crate) ca_file: Option<PathBuf>,
}

/// Foretell the conflicts of the coming apply. Changes nothing.
///
/// Exit code: 0 nothing in the way, 2 there is something that `divvy fix --yes` would do,
/// 3 something needs a person, 1 error.
#[derive(Debug, Args)]
pub(crate) struct Check {
    /// A saved plan file, or its JSON from `terraform show -json`; else a plan is made.
    #[arg(long, value_name = "FILE")]
    pub(crate) plan: Option<PathBuf>,

    /// State of another root that may already manage these divisions (`terraform state pull` output).
    #[arg(long = "other-state", value_name = "FILE")]
    pub(crate) other_states: Vec<PathBuf>,

    /// Form of the output.
    #[arg(short, long = "output", value_name = "FORMAT[=FILE]", help = help_for(Writer::Check), value_parser = offers::<Output>(names_of(Writer::Check)), hide_possible_values = true)]
    pub(crate) outputs: Vec<Output>,

    /// When to end with 2 or 3: never, if a person is needed (3), or for anything found.
    #[arg(long, value_enum, default_value = "any", value_name = "WHEN")]
    pub(crate) fail_on: FailOn,

    /// Shell whose quoting `-o commands` uses.
    #[arg(long, value_enum, default_value = "sh")]
    pub(crate) shell: Shell,

    #[command(flatten)]
    pub(crate) org: OrgArguments,

    #[command(flatten)]
    pub(crate) terraform: TerraformArguments,
}

/// Which findings `check` ends with another code than 0 for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum FailOn {
    /// None: 0 whatever was found; errors still end with 1.
    Never,
    /// Those that need a person: 3, else 0.
    Person,
    /// Any: 3 or 2.
    Any,
}

impl FailOn {
    /// Returns the exit code for that of a report.
    pub(crate) fn code(self, code: u8) -> u8 {
        match self {
            Self::Never => 0,
            Self::Person if code != 3 => 0,
            Self::Person | Self::Any => code,
        }
    }
}

/// Adopt what exists into the state, through a plan that is proved to import and nothing else.
///
/// Shows what will be done and asks. Without a terminal and without --yes it changes nothing.
///
/// Exit code: 0 all is done, 3 something needs a person, 2 with --require-clean if the plan has
/// something left to do, 1 error.
#[derive(Debug, Args)]
pub(crate) struct Fix {
    /// Do the exact, harmless adoptions without asking.
    #[arg(long, action = ArgAction::SetTrue, value_parser = Yes::parser())]
    pub(crate) yes: Yes,

    /// Show what would be done, and stop.
    #[arg(long, conflicts_with = "yes")]
    pub(crate) dry_run: bool,

    /// A saved plan file, or its JSON; else a plan is made. Nothing outside of it is done.
    #[arg(long, value_name = "FILE")]
    pub(crate) plan: Option<PathBuf>,

    /// Output of the failed run: what it names is resolved too.
    #[arg(long, value_name = "FILE|-")]
    pub(crate) from_log: Option<PathBuf>,

    /// Which unit of the log this directory is (Terragrunt), where its path does not tell.
    #[arg(long, value_name = "UNIT", requires = "from_log")]
    pub(crate) unit: Option<String>,

    /// Do only what this `check -o json` file holds.
    #[arg(long, value_name = "FILE")]
    pub(crate) approved: Option<PathBuf>,

    /// Adopt although the whole state seems to be missing.
    #[arg(long)]
    pub(crate) adopt_all: bool,

    /// Adopt divisions that differ from the configuration, and leave the org as it is.
    #[arg(long, conflicts_with = "accept_drift")]
    pub(crate) adopt_drifted: bool,

    /// Adopt divisions that differ from the configuration, and update exactly these.
    #[arg(long)]
    pub(crate) accept_drift: bool,

    /// Repair the state: stale ids, renamed addresses, tainted instances.
    #[arg(long)]
    pub(crate) repair: bool,

    /// Adopt the home division where the block has `home = true` and its name.
    #[arg(long)]
    pub(crate) home: bool,

    /// Take this id for this address. Repeatable.
    #[arg(long = "id", value_name = "ADDR=ID", value_parser = address_and_id)]
    pub(crate) ids: Vec<(Address, EntityId)>,

    /// None of the near ones is meant: this address is new. Repeatable.
    #[arg(long = "new", value_name = "ADDR", value_parser = address)]
    pub(crate) new: Vec<Address>,

    /// Do only what has a name or address that matches; `*` and `?` stand for letters. Repeatable.
    #[arg(long, value_name = "PATTERN")]
    pub(crate) only: Vec<String>,

    /// State of another root that may already manage these divisions. Repeatable.
    #[arg(long = "other-state", value_name = "FILE")]
    pub(crate) other_states: Vec<PathBuf>,

    /// Write import blocks to this file for review, and touch no state.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["yes", "repair"])]
    pub(crate) write: Option<PathBuf>,

    /// End with 2 unless the proving plan has nothing left to do.
    #[arg(long)]
    pub(crate) require_clean: bool,

    /// How often to look again while imports make names known.
    #[arg(long, value_name = "N", default_value_t = Self::USUAL_ROUNDS, value_parser = clap::value_parser!(u8).range(1..))]
    pub(crate) max_rounds: u8,

    /// Form of the output.
    #[arg(short, long = "output", value_name = "FORMAT[=FILE]", help = help_for(Writer::Fix), value_parser = offers::<Output>(names_of(Writer::Fix)), hide_possible_values = true)]
    pub(crate) outputs: Vec<Output>,

    #[command(flatten)]
    pub(crate) org: OrgArguments,

    #[command(flatten)]
    pub(crate) terraform: TerraformArguments,
}

impl Fix {
    /// How often a `fix` looks again where nothing else is said.
    pub(crate) const USUAL_ROUNDS: u8 = 5;
}

/// List the divisions of the org, or those with the names given. Needs no Terraform.
#[derive(Debug, Args)]
pub(crate) struct List {
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
    /// Directory to make, or an empty one, which stays; else a temporary one, which is removed afterwards.
    #[arg(long, value_name = "DIR")]
    pub(crate) directory: Option<PathBuf>,

    /// The terraform or tofu program; else `terraform`, then `tofu` on PATH.
    #[arg(long, value_name = "PATH", env = "DIVVY_TERRAFORM", hide_env_values = true)]
    pub(crate) terraform_bin: Option<PathBuf>,
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

/// `FORMAT` or `FORMAT=FILE`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Output<F = Format> {
    pub(crate) format: F,
    /// `None` for stdout.
    pub(crate) file: Option<PathBuf>,
}

impl<F: ValueEnum + Send + Sync + 'static> Output<F> {
    /// Parses it, and offers every form there is.
    fn parser() -> Offers<Self> {
        let values = F::value_variants().iter().filter_map(ValueEnum::to_possible_value);
        offers(values.map(|value| value.get_name().to_owned()))
    }
}

impl<F: ValueEnum> std::str::FromStr for Output<F> {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (format, file) = match text.split_once('=') {
            Some((_, "")) => return Err("the file name is missing after `=`".to_owned()),
            Some((format, file)) => (format, Some(PathBuf::from(file))),
            None => (text, None),
        };
        let known = || F::value_variants().iter().filter_map(ValueEnum::to_possible_value);
        let format = F::from_str(format, true).map_err(|_| {
            let names: Vec<String> = known().map(|value| value.get_name().to_owned()).collect();
            let near = names.iter().max_by(|a, b| {
                let nearness = |name: &str| strsim::jaro_winkler(name, format);
                nearness(a).total_cmp(&nearness(b))
            });
            let near = near.filter(|name| strsim::jaro_winkler(name, format) > 0.8);
            let near = near.map(|name| format!(" (did you mean {name}?)")).unwrap_or_default();
            format!("there is no form {format}{near}; the forms are {}", names.join(", "))
        })?;
        Ok(Self { format, file })
    }
}

fn pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((left, right)) if !left.is_empty() && !right.is_empty() => {
            Ok((left.to_owned(), right.to_owned()))
        }
        _ => Err("expected ALIAS=PROFILE".to_owned()),
    }
}

fn address(text: &str) -> Result<Address, String> {
    Address::parse(text).ok_or_else(|| {
        format!("`{text}` is no resource instance address (quote it: 'type.label[\"key\"]')")
    })
}

/// The id follows the last `=`, because a key may hold one.
fn address_and_id(text: &str) -> Result<(Address, EntityId), String> {
    match text.rsplit_once('=') {
        Some((left, id)) if !id.is_empty() => Ok((address(left)?, EntityId::new(id))),
        _ => Err("expected ADDR=ID".to_owned()),
    }
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

    #[test]
    fn an_id_follows_the_last_equals_sign() {
        let (address, id) = address_and_id("a.b[\"x=y\"]=id-1").unwrap();
        assert_eq!((address.as_str(), id.as_str()), ("a.b[\"x=y\"]", "id-1"));
        assert!(address_and_id("a.b[x]=id-1").is_err());
        assert!(address_and_id("a.b").is_err());
    }

    #[test]
    fn an_output_may_name_a_file() {
        assert_eq!("json".parse::<Output>().unwrap(), Output { format: Format::Json, file: None });
        assert_eq!("html=a=b.html".parse::<Output>().unwrap().file, Some("a=b.html".into()));
        let told = "tabel".parse::<Output>().unwrap_err();
        assert!(told.contains("did you mean table?") && told.contains("json, "), "{told}");
        let told = "xml".parse::<Output<EnsureFormat>>().unwrap_err();
        assert!(!told.contains("did you mean") && told.contains("ids"), "{told}");
        assert!("json=".parse::<Output>().is_err());
    }
}
