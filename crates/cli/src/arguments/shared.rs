//! The flags that several commands share: which org, which Terraform, and where the output goes.
//!
//! Never reads a file that a flag names. Invariant: what is here is used by more than one command.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use divvy_genesys::REGIONS;

use super::offers::{Offers, offers};
use crate::render::Format;

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

/// `FORMAT` or `FORMAT=FILE`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Output<F = Format> {
    pub(crate) format: F,
    /// `None` for stdout.
    pub(crate) file: Option<PathBuf>,
}

impl<F: ValueEnum + Send + Sync + 'static> Output<F> {
    /// Parses it, and offers every form there is.
    pub(super) fn parser() -> Offers<Self> {
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

#[cfg(test)]
mod tests {
    use super::super::EnsureFormat;
    use super::*;

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
