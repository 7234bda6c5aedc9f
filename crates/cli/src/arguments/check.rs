//! The command line of `divvy check`.

use std::path::PathBuf;

use clap::{ArgAction, Args, ValueEnum};

use super::given::Yes;
use super::offers::offers;
use super::shared::{OrgArguments, Output, TerraformArguments};
use crate::render::commands::Shell;
use crate::render::{Writer, help_for, names_of};

/// Foretell the conflicts of the coming apply. Changes nothing.
///
/// Exit code: 0 nothing in the way, 2 there is something that `divvy fix --yes` would do,
/// 3 something needs a person, 1 error.
#[derive(Debug, Args)]
pub(crate) struct Check {
    /// A saved plan file, or its JSON from `terraform show -json`; else a plan is made.
    #[arg(long, value_name = "FILE")]
    pub(crate) plan: Option<PathBuf>,

    /// Plan the imports too, and show what an apply after them would change in each object. A file of import
    /// blocks lies in the directory for as long as that takes; nothing is imported.
    #[arg(long, action = ArgAction::SetTrue, value_parser = Yes::parser())]
    pub(crate) diff: Yes,

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
