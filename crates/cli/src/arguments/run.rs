//! The command line of `divvy run`.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::given::Said;

/// Run Terraform so that the create of an object that exists becomes its adoption.
///
/// Stands between Terraform and the provider. The plan warns of each object that exists; the
/// apply takes it into the state instead of failing with 409. Exit code and output are Terraform's
/// own; 125 if divvy refuses to start it.
#[derive(Debug, Args)]
#[command(after_help = "Example: divvy run -- terraform apply")]
pub(crate) struct Run {
    /// What becomes of a create of what exists.
    #[arg(long, value_enum, default_value = "announced", value_name = "WHAT")]
    pub(crate) on_conflict: OnConflict,

    /// Adopt only what has a name that matches; `*` and `?` stand for letters. Repeatable.
    #[arg(long = "adopt-only", value_name = "PATTERN", value_delimiter = '\n')]
    pub(crate) adopt_only: Vec<String>,

    /// Adopt nothing if more than N objects would be adopted.
    #[arg(long, value_name = "N")]
    pub(crate) max_adopt: Option<usize>,

    /// Update what was adopted to the configuration in the same apply; else the next plan shows it.
    #[arg(long)]
    pub(crate) accept_drift: bool,

    /// Write the report as JSON to this file.
    #[arg(long, value_name = "FILE")]
    pub(crate) report: Option<PathBuf>,

    /// The provider's binary, instead of the one that the lock file names. It is not verified.
    #[arg(long, value_name = "FILE")]
    pub(crate) provider_binary: Option<PathBuf>,

    /// Calling it is consent to keep a journal of what Terraform is made to adopt.
    #[arg(skip = Said::by_the_call())]
    pub(crate) consent: Said,

    /// The command to run: terraform or tofu, or a launcher that answers `version -json` as they do,
    /// and its arguments.
    #[arg(
        last = true,
        required = true,
        value_name = "TERRAFORM COMMAND",
        allow_hyphen_values = true
    )]
    pub(crate) command: Vec<OsString>,
}

/// What becomes of a create of what exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum OnConflict {
    /// Adopt what the plan announced, if Terraform asked for yes or the saved plan was made by
    /// `divvy run`; with -auto-approve as `warn`.
    Announced,
    /// Say so, and let it fail.
    Warn,
    /// Fail the plan: a gate for CI.
    Error,
    /// Adopt it. A later `destroy` deletes what was adopted.
    Adopt,
}
