//! The command line of `divvy ensure`.

use std::num::NonZeroU32;
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use divvy_core::label::Style;
use divvy_genesys::Dialect;

use super::given::Said;
use super::kind::MadeOfKey;
use super::offers::offers_of;
use super::shared::{OrgArguments, Output, TerraformArguments};

/// Get or create divisions, or another type, without Terraform: what exists is returned, what is missing is made.
///
/// Calling it is consent to create what is named (and, with --parents, what they lie in),
/// except one whose name differs from another only in letter case, blanks or look-alike letters:
/// that needs a yes on the terminal, or --new NAME. Run it again after whatever went wrong: nothing
/// is made twice.
///
/// Exit code: 0 everything named exists (with --dry-run: could be looked up), 3 a name was left out
/// for a person to decide, or something exists more than once, 1 error.
#[derive(Debug, Args)]
#[command(
    override_usage = "divvy ensure [OPTIONS] <NAME>...\n       divvy ensure [OPTIONS] --from <FILE|->"
)]
#[command(after_help = "Examples:\n  \
    divvy ensure Engineering\n  \
    divvy ensure --from divisions.csv -o commands\n  \
    divvy ensure --type skill Billing Claims\n  \
    divvy ensure --dialect pathed /Engineering/Backend --description 'Backend teams'")]
pub(crate) struct Ensure {
    /// What to get or create: `division`, or another type of which a name is all that a create needs,
    /// such as `skill`, `language` or `wrapupcode`.
    #[arg(long = "type", value_name = "TYPE", default_value = "division", value_parser = offers_of::<MadeOfKey, _>(MadeOfKey::names), hide_possible_values = true)]
    pub(crate) kind: MadeOfKey,

    /// Names, by default of divisions. Under `pathed` one that begins with / is a full path.
    #[arg(value_name = "NAME", required_unless_present_any = ["from", "new"])]
    pub(crate) names: Vec<String>,

    /// Full path of the one NAME (pathed).
    #[arg(long, value_name = "PATH", conflicts_with = "from")]
    pub(crate) path: Option<String>,

    /// Description for what is created.
    #[arg(long, value_name = "TEXT")]
    pub(crate) description: Option<String>,

    /// Create this name although another is nearly the same; taken literally, also where it looks
    /// like a flag. Repeatable.
    #[arg(long, value_name = "NAME", allow_hyphen_values = true)]
    pub(crate) new: Vec<String>,

    /// List of divisions: one name a line, CSV with a column `name`, or JSON (names, objects, or an
    /// entity listing); `-` reads standard input. A list that is not understood to its last line is
    /// refused, and nothing is created.
    #[arg(long, value_name = "FILE|-")]
    pub(crate) from: Option<PathBuf>,

    /// Read names as levels parted by this, e.g. `/`.
    #[arg(long, value_name = "SEPARATOR", value_parser = clap::builder::NonEmptyStringValueParser::new())]
    pub(crate) levels: Option<String>,

    /// Create parents that are missing; what `pathed` does unless `--parents=false`.
    #[arg(long, value_name = "true|false", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    pub(crate) parents: Option<bool>,

    /// Module that the addresses of the import lines lie in, e.g. `module.org`.
    #[arg(long, value_name = "MODULE")]
    pub(crate) address_prefix: Option<String>,

    /// How labels are made for divisions that the configuration here does not name.
    #[arg(long, value_enum, default_value = "lower")]
    pub(crate) labels: Labels,

    /// Requests a minute; the usual limit of an OAuth client is 300.
    #[arg(long, value_name = "N", default_value = "300")]
    pub(crate) rate: NonZeroU32,

    /// Which API the org speaks: published or pathed.
    #[arg(long, value_name = "DIALECT", default_value = "published")]
    pub(crate) dialect: Dialect,

    /// json, table, commands, blocks, ids; `FORMAT=FILE` writes a file. Repeatable. Without it: a
    /// table on a terminal, else json.
    #[arg(short, long = "output", value_name = "FORMAT[=FILE]", value_parser = Output::<EnsureFormat>::parser(), hide_possible_values = true)]
    pub(crate) outputs: Vec<Output<EnsureFormat>>,

    /// Look only: say what would be created. Needs no right to create.
    #[arg(long)]
    pub(crate) dry_run: bool,

    /// Calling it is consent.
    #[arg(skip = Said::by_the_call())]
    pub(crate) consent: Said,

    #[command(flatten)]
    pub(crate) org: OrgArguments,

    #[command(flatten)]
    pub(crate) terraform: TerraformArguments,
}

/// What `ensure` writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum EnsureFormat {
    /// One object for one NAME, else an array.
    Json,
    /// For people.
    Table,
    /// `terraform import` lines.
    Commands,
    /// Import blocks in HCL.
    Blocks,
    /// Ids, one a line.
    Ids,
}

/// How labels are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Labels {
    /// The exporter's rule in lower case.
    Lower,
    /// The exporter's rule.
    Exporter,
}

impl Labels {
    pub(crate) fn style(self) -> Style {
        match self {
            Self::Lower => Style::Lower,
            Self::Exporter => Style::Exporter,
        }
    }
}
