//! The command line of `divvy doctor`, as typed.

use clap::Args;

use super::offers::offers;
use super::shared::{OrgArguments, Output, TerraformArguments};
use crate::render::{Writer, help_for, names_of};

/// Say on one page what works and what does not: Terraform, provider, state, credentials, org,
/// permissions, left-overs. Changes nothing, in the org or here.
///
/// Exit code: 0 all well, 2 there is a cross, 1 doctor itself cannot work.
#[derive(Debug, Args)]
pub(crate) struct Doctor {
    /// Form of the output.
    #[arg(short, long = "output", value_name = "FORMAT[=FILE]", help = help_for(Writer::Doctor), value_parser = offers::<Output>(names_of(Writer::Doctor)), hide_possible_values = true)]
    pub(crate) outputs: Vec<Output>,

    #[command(flatten)]
    pub(crate) org: OrgArguments,

    #[command(flatten)]
    pub(crate) terraform: TerraformArguments,
}
