//! The command line of `divvy doctor`, as typed.

use clap::Args;

use super::{OrgArguments, Output, TerraformArguments};

/// Say on one page what works and what does not: Terraform, provider, state, credentials, org,
/// permissions, left-overs. Changes nothing, in the org or here.
///
/// Exit code: 0 all well, 2 there is a cross, 1 doctor itself cannot work.
#[derive(Debug, Args)]
pub(crate) struct Doctor {
    /// table or json; `FORMAT=FILE` writes a file. Repeatable.
    #[arg(short, long = "output", value_name = "FORMAT[=FILE]")]
    pub(crate) outputs: Vec<Output>,

    #[command(flatten)]
    pub(crate) org: OrgArguments,

    #[command(flatten)]
    pub(crate) terraform: TerraformArguments,
}
