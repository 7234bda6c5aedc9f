//! The arguments of `divvy explain`.
//!
//! Never reads a file: whether the subject is a code or a file is told by the command.

use std::path::PathBuf;

use clap::Args;

use super::offers::offers;
use super::shared::{OrgArguments, Output, TerraformArguments};
use crate::render::{Writer, help_for, names_of};

/// Explain the output of a failed run, or a code such as DVY101. Changes nothing.
///
/// The log alone says what each failure is. Where a configuration lies here, or credentials are at
/// hand, the names are looked up in the org too.
///
/// Exit code: 0 nothing to do, 2 there is something that `divvy fix --yes` would do, 3 something
/// needs a person, 1 error.
#[derive(Debug, Args)]
pub(crate) struct Explain {
    /// Output of a run (Terraform's own, or as a CI system keeps it), `-` or nothing for standard
    /// input, or a code or word of divvy.
    #[arg(value_name = "FILE|-|CODE", default_value = "-", hide_default_value = true)]
    pub(crate) subject: String,

    /// Explain from the log alone: start no Terraform and send no request.
    #[arg(long, conflicts_with_all = ["plan", "other_states"])]
    pub(crate) offline: bool,

    /// Look up only what this unit of the log tells (Terragrunt); else the one that this directory is.
    #[arg(long, value_name = "UNIT")]
    pub(crate) unit: Option<String>,

    /// A saved plan file, or its JSON from `terraform show -json`; else a plan is made.
    #[arg(long, value_name = "FILE")]
    pub(crate) plan: Option<PathBuf>,

    /// The provider's own log of the same run (TF_LOG_PROVIDER=INFO, TF_LOG_PATH).
    #[arg(long, value_name = "FILE")]
    pub(crate) provider_log: Option<PathBuf>,

    /// State of another root that may already manage these divisions. Repeatable.
    #[arg(long = "other-state", value_name = "FILE")]
    pub(crate) other_states: Vec<PathBuf>,

    /// Form of the output.
    #[arg(short, long = "output", value_name = "FORMAT[=FILE]", help = help_for(Writer::Explain), value_parser = offers::<Output>(names_of(Writer::Explain)), hide_possible_values = true)]
    pub(crate) outputs: Vec<Output>,

    #[command(flatten)]
    pub(crate) org: OrgArguments,

    #[command(flatten)]
    pub(crate) terraform: TerraformArguments,
}

impl OrgArguments {
    /// Says whether any flag says which org, or on whose behalf.
    pub(crate) fn is_given(&self) -> bool {
        let Self {
            profile,
            orgs,
            region,
            api_url,
            client_id,
            client_secret_file,
            client_secret,
            access_token_file,
            ca_file: _,
        } = self;
        let texts = [profile, region, api_url, client_id, client_secret];
        let files = [client_secret_file, access_token_file];
        texts.iter().any(|text| text.is_some())
            || files.iter().any(|file| file.is_some())
            || !orgs.is_empty()
    }
}
