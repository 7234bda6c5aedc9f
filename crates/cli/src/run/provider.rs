//! Which provider binary stands behind the proxy, under which addresses.
//!
//! Reads files only. Under the proxy Terraform checks neither checksum nor version of the provider,
//! so this does. Invariant: a binary that is not verified is named on stderr.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use divvy_core::CommandLine;
use divvy_terraform::locate::{self, LocateError, Located};
use divvy_terraform::{Blocks, CliConfiguration, Environment, LockFile, ProviderAddress};

use crate::error::{CommandError, CommandResult, ErrorKind};

/// The end of the provider's address.
pub(crate) const PROVIDER: &str = "mypurecloud/genesyscloud";
/// Its local name, with which the names of its resource types begin.
const LOCAL_NAME: &str = "genesyscloud";
/// The programs whose defaults fill an address in.
const PROGRAMS: [&str; 2] = ["terraform", "tofu"];

/// The provider that is to run behind the proxy.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Provider {
    pub(crate) binary: PathBuf,
    pub(crate) addresses: BTreeSet<ProviderAddress>,
    /// Addresses of the configuration with another binary: those are left to Terraform.
    pub(crate) left_out: BTreeSet<ProviderAddress>,
    /// Why the binary is not verified.
    pub(crate) warning: Option<String>,
}

/// What a working directory has of the provider.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Found {
    /// The configuration does not use it.
    Unused,
    /// The configuration uses it, and Terraform has to report itself what is missing.
    Missing(String),
    /// The binary that Terraform would start.
    Provider(Provider),
}

/// Where to look for the provider.
pub(crate) struct Search<'s> {
    /// `--provider-binary`.
    pub(crate) named: Option<&'s Path>,
    pub(crate) directory: &'s Path,
    pub(crate) data_directory: &'s Path,
    pub(crate) environment: &'s Environment,
    pub(crate) blocks: &'s Blocks,
    /// The program, as it is to be typed.
    pub(crate) terraform: &'s str,
}

impl Search<'_> {
    /// Finds the provider.
    ///
    /// # Errors
    /// If what is installed is not what was locked, or nobody can say which binary is meant.
    pub(crate) fn find(&self) -> CommandResult<Found> {
        let used = self.used();
        if let Some(named) = self.named {
            if !named.is_file() {
                let named = named.display();
                return Err(refused(format!("--provider-binary {named}: there is no such file")));
            }
            return Ok(unverified(
                named.to_owned(),
                "--provider-binary names it",
                used,
                BTreeSet::new(),
            ));
        }
        if let Some(overridden) = self.overridden(&used)? {
            return Ok(overridden);
        }
        let located = match locate::locate(self.directory, self.data_directory, PROVIDER) {
            Ok(located) => located,
            Err(
                error @ (LocateError::NoLockFile { .. }
                | LocateError::NotLocked { .. }
                | LocateError::NotInstalled { .. }),
            ) => {
                return Ok(if self.is_used() {
                    Found::Missing(error.to_string())
                } else {
                    Found::Unused
                });
            }
            Err(error) => return Err(refused(error.to_string())),
        };
        for one in &located {
            let mut asked = self.blocks.required_versions(PROVIDER);
            if let Some(asked) = asked.find(|asked| !one.satisfies(asked)) {
                return Err(refused(format!(
                    "{} is locked at {}, and the configuration now asks for {asked:?}",
                    one.address, one.version
                ))
                .hint(CommandLine::of(self.terraform).words("init -upgrade")));
            }
        }
        Ok(served(&located))
    }

    /// Takes the binary that `dev_overrides` names for an address of the configuration.
    fn overridden(&self, used: &BTreeSet<ProviderAddress>) -> CommandResult<Option<Found>> {
        let configuration = CliConfiguration::read(self.environment, self.terraform)
            .map_err(|error| refused(error.to_string()))?;
        let Some(one) = used.iter().find_map(|used| configuration.development_override(used))
        else {
            return Ok(None);
        };
        let binary = one.binary(self.directory).map_err(|error| {
            refused(error.to_string()).hint(format!("name the binary with --provider-binary: divvy run --provider-binary FILE -- {} plan", self.terraform))
        })?;
        let is_same = |address: &ProviderAddress| {
            configuration
                .development_override(address)
                .is_some_and(|other| other.directory == one.directory)
        };
        let (addresses, mut left_out): (BTreeSet<_>, BTreeSet<_>) =
            used.iter().cloned().partition(is_same);
        // What was filled in for one program or the other is not certain to be used.
        let certain: BTreeSet<_> = self.locked().collect();
        left_out.retain(|address| certain.contains(address));
        let because = format!("dev_overrides in {} names it", one.file.display());
        Ok(Some(unverified(binary, &because, addresses, left_out)))
    }

    /// Lists the addresses under which the configuration may ask for the provider.
    pub(crate) fn used(&self) -> BTreeSet<ProviderAddress> {
        let named = self.blocks.provider_sources().flat_map(|source| self.filled_in(source));
        let named = named.filter(|address| address.is(PROVIDER));
        let used: BTreeSet<_> = named.chain(self.locked()).collect();
        if used.is_empty() { self.filled_in(PROVIDER).collect() } else { used }
    }

    /// Lists the addresses that the lock file has.
    fn locked(&self) -> impl Iterator<Item = ProviderAddress> {
        let locked = match LockFile::read(self.directory) {
            LockFile::Read(locked) => locked,
            LockFile::Missing | LockFile::Unreadable => Vec::new(),
        };
        // An entry is a whole address: nothing is filled in.
        let locked = locked.into_iter().filter_map(|one| ProviderAddress::parse(&one.source, ""));
        locked.filter(|address| address.is(PROVIDER))
    }

    /// Fills a source in, as the program does; as either of them does where its name does not tell.
    fn filled_in<'a>(&'a self, source: &'a str) -> impl Iterator<Item = ProviderAddress> + 'a {
        let name = Path::new(self.terraform).file_name().unwrap_or_default().to_string_lossy();
        let known = PROGRAMS.into_iter().filter(move |program| {
            name.contains(program) || !PROGRAMS.iter().any(|other| name.contains(other))
        });
        known.filter_map(move |program| ProviderAddress::parse(source, program))
    }

    fn is_used(&self) -> bool {
        let mut sources = self.blocks.provider_sources();
        sources.any(|source| ProviderAddress::parse(source, "").is_some_and(|one| one.is(PROVIDER)))
            || self.blocks.providers(LOCAL_NAME).next().is_some()
            || self.blocks.resource_types().any(|one| one.starts_with("genesyscloud_"))
            || !self.blocks.unreadable().is_empty()
    }
}

/// Returns the addresses that a value of `TF_REATTACH_PROVIDERS` has processes for; none for what
/// Terraform could not read either.
pub(crate) fn reattached(value: &str, program: &str) -> Vec<ProviderAddress> {
    let entries: serde_json::Map<String, serde_json::Value> =
        serde_json::from_str(value).unwrap_or_default();
    entries.keys().filter_map(|source| ProviderAddress::parse(source, program)).collect()
}

fn unverified(
    binary: PathBuf,
    because: &str,
    addresses: BTreeSet<ProviderAddress>,
    left_out: BTreeSet<ProviderAddress>,
) -> Found {
    let warning = format!(
        "the provider {} is used as it is, without a checksum: {because}",
        binary.display()
    );
    Found::Provider(Provider { binary, addresses, left_out, warning: Some(warning) })
}

/// One process serves one binary: addresses with another one are left to Terraform.
fn served(located: &[Located]) -> Found {
    let first = located.first().and_then(|one| Some((one, one.binary.canonicalize().ok()?)));
    let Some((first, binary)) = first else {
        return Found::Missing("the provider's binary cannot be read".to_owned());
    };
    let is_same = |one: &&Located| one.binary.canonicalize().is_ok_and(|other| other == binary);
    let (same, others): (Vec<&Located>, _) = located.iter().partition(is_same);
    let addresses = |located: Vec<&Located>| -> BTreeSet<_> {
        let addresses = located.into_iter().map(|one| ProviderAddress::parse(&one.address, ""));
        addresses.flatten().collect()
    };
    let (addresses, left_out) = (addresses(same), addresses(others));
    Found::Provider(Provider { binary: first.binary.clone(), addresses, left_out, warning: None })
}

fn refused(message: String) -> CommandError {
    CommandError { kind: ErrorKind::Refused, ..CommandError::failed(message) }
}
