//! Which provider binary stands behind the proxy, under which addresses.
//!
//! Reads files only. Under the proxy Terraform checks neither checksum nor version of the provider,
//! so this does. Invariant: a binary that is not verified is named on stderr.

use std::path::{Path, PathBuf};

use divvy_core::CommandLine;
use divvy_plugin::locate::{self, LocateError, Located};
use divvy_terraform::{Blocks, Environment};

use crate::error::{CommandError, CommandResult, ErrorKind};

/// The end of the provider's address.
pub(crate) const PROVIDER: &str = "mypurecloud/genesyscloud";
/// Where Terraform and OpenTofu look for it if the source names no host.
const HOSTS: [&str; 2] = ["registry.terraform.io", "registry.opentofu.org"];

/// The provider that is to stand behind the proxy.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Provider {
    pub(crate) binary: PathBuf,
    pub(crate) addresses: Vec<String>,
    /// Why the binary is not verified.
    pub(crate) warning: Option<String>,
}

/// Finds the provider of a working directory; none if it does not use the provider, or if Terraform
/// has to say itself what is missing.
///
/// # Errors
/// If what is installed is not what was locked.
pub(crate) fn find(
    named: Option<&Path>,
    directory: &Path,
    data_directory: &Path,
    environment: &Environment,
    blocks: &Blocks,
    terraform: &str,
) -> CommandResult<Option<Provider>> {
    let unverified = |binary: PathBuf, because: &str| Provider {
        warning: Some(format!(
            "the provider {} is used as it is, without a checksum: {because}",
            binary.display()
        )),
        binary,
        addresses: addresses(directory, blocks),
    };
    if let Some(named) = named {
        if !named.is_file() {
            return Err(refused(format!(
                "--provider-binary {}: there is no such file",
                named.display()
            )));
        }
        return Ok(Some(unverified(named.to_owned(), "--provider-binary names it")));
    }
    let overridden = cli_configuration(environment)
        .and_then(|text| locate::development_override(&text, PROVIDER));
    if let Some(binary) = overridden {
        return Ok(Some(unverified(binary, "dev_overrides of the CLI configuration name it")));
    }
    let located = match locate::locate(directory, data_directory, PROVIDER) {
        Ok(located) => located,
        Err(
            LocateError::NoLockFile { .. }
            | LocateError::NotLocked { .. }
            | LocateError::NotInstalled { .. },
        ) => {
            return Ok(None);
        }
        Err(error) => return Err(refused(error.to_string())),
    };
    for one in &located {
        if let Some(asked) = blocks.required_versions(PROVIDER).find(|asked| !one.satisfies(asked))
        {
            return Err(refused(format!(
                "{} is locked at {}, and the configuration now asks for {asked:?}",
                one.address, one.version
            ))
            .hint(CommandLine::of(terraform).words("init -upgrade")));
        }
    }
    Ok(served(&located))
}

/// One process serves one binary: addresses with another one are left to Terraform.
fn served(located: &[Located]) -> Option<Provider> {
    let binary = located.first()?.binary.canonicalize().ok()?;
    let is_same = |one: &Located| one.binary.canonicalize().is_ok_and(|other| other == binary);
    let addresses =
        located.iter().filter(|one| is_same(one)).map(|one| one.address.clone()).collect();
    Some(Provider { binary: located.first()?.binary.clone(), addresses, warning: None })
}

/// The addresses that a provider without a lock entry may be asked for under.
fn addresses(directory: &Path, blocks: &Blocks) -> Vec<String> {
    let locked = std::fs::read_to_string(directory.join(".terraform.lock.hcl")).unwrap_or_default();
    let locked = locked.split('"').filter(|word| word.ends_with(PROVIDER)).map(str::to_owned);
    let mut addresses: Vec<String> =
        HOSTS.iter().map(|host| format!("{host}/{PROVIDER}")).collect();
    let named =
        blocks.required_provider("genesyscloud").filter(|source| source.matches('/').count() == 2);
    addresses.extend(locked.chain(named.map(str::to_owned)));
    addresses.sort();
    addresses.dedup();
    addresses
}

/// Reads the CLI configuration that Terraform would read.
fn cli_configuration(environment: &Environment) -> Option<String> {
    let named =
        ["TF_CLI_CONFIG_FILE", "TERRAFORM_CONFIG"].iter().find_map(|name| environment.get(*name));
    let path = match named.filter(|path| !path.is_empty()) {
        Some(path) => PathBuf::from(path),
        None => Path::new(environment.get("HOME")?).join(".terraformrc"),
    };
    std::fs::read_to_string(path).ok()
}

fn refused(message: String) -> CommandError {
    CommandError { kind: ErrorKind::Refused, ..CommandError::failed(message) }
}
