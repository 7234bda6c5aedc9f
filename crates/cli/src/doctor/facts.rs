//! What doctor found out, before anything is judged.
//!
//! Values only: gathered by [`super::gather`], judged by the checks. Invariant: holds no secret, and
//! what was not asked is told from what was refused.

use std::path::PathBuf;

use divvy_core::survey::{ErroredState, Listing, TrackedInstance};
use divvy_core::{Address, CommandLine, Entity, Hint, Kind};
use divvy_genesys::{Organization, Reason};
use divvy_terraform::LockFile;

use crate::error::CommandError;
use crate::org::{of_api, of_connection};
use crate::terraform_errors::of_terraform;

/// Why something could not be learnt, and what to do about it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Trouble {
    pub(crate) message: String,
    pub(crate) hints: Vec<Hint>,
}

impl From<CommandError> for Trouble {
    fn from(error: CommandError) -> Self {
        Self { message: error.message, hints: error.hints }
    }
}

impl From<divvy_terraform::Error> for Trouble {
    fn from(error: divvy_terraform::Error) -> Self {
        let by_hand = error
            .failure()
            .map(|failure| CommandLine::of(&failure.program).word(failure.subcommand).into());
        let mut trouble = Self::from(of_terraform(error));
        trouble.hints.retain(|hint| !is_doctor(hint));
        if trouble.hints.is_empty() {
            trouble.hints.extend(by_hand);
        }
        trouble
    }
}

impl From<divvy_genesys::ConnectionError> for Trouble {
    fn from(error: divvy_genesys::ConnectionError) -> Self {
        of_connection(error).into()
    }
}

impl From<divvy_genesys::Error> for Trouble {
    fn from(error: divvy_genesys::Error) -> Self {
        let mut trouble = Self::from(of_api(error));
        trouble.hints.retain(|hint| !is_doctor(hint));
        trouble
    }
}

/// Returns whether a hint is this very command, which its reader has just run.
fn is_doctor(hint: &Hint) -> bool {
    hint.command().is_some_and(|command| command.is_divvy("doctor"))
}

/// The answer to a question that may not have been asked.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) enum Reply<T> {
    /// Something before it failed.
    #[default]
    Unasked,
    /// It was asked, and refused.
    Refused(Trouble),
    /// It was answered.
    Told(T),
}

impl<T> Reply<T> {
    pub(crate) fn told(&self) -> Option<&T> {
        match self {
            Self::Told(value) => Some(value),
            Self::Unasked | Self::Refused(_) => None,
        }
    }
}

impl<T, E: Into<Trouble>> From<Result<T, E>> for Reply<T> {
    fn from(result: Result<T, E>) -> Self {
        match result {
            Ok(value) => Self::Told(value),
            Err(error) => Self::Refused(error.into()),
        }
    }
}

/// Everything that was found out.
#[derive(Debug)]
pub(crate) struct Facts {
    pub(crate) terraform: Result<Program, Trouble>,
    pub(crate) configuration: Result<Configuration, Trouble>,
    pub(crate) state: Reply<State>,
    /// One for each provider configuration; one without alias if there is no configuration.
    pub(crate) accounts: Vec<Account>,
    pub(crate) leftovers: Leftovers,
}

impl Facts {
    /// The program as a person types it: `terraform`, or `tofu` where that was found.
    pub(crate) fn program(&self) -> &str {
        self.terraform.as_ref().map_or("terraform", |program| program.name.as_str())
    }
}

/// The program that was found.
#[derive(Clone, Debug)]
pub(crate) struct Program {
    /// `terraform` or `tofu`.
    pub(crate) name: String,
    pub(crate) path: PathBuf,
    /// Whether it is the program behind the wrapper of GitHub's setup-terraform.
    pub(crate) passes_wrapper_by: bool,
    pub(crate) version: Result<String, Trouble>,
}

/// A provider that is taken from a directory, past the lock file.
#[derive(Clone, Debug)]
pub(crate) struct Overridden {
    pub(crate) binary: PathBuf,
    /// The CLI configuration that names its directory.
    pub(crate) file: PathBuf,
}

/// What the files of the configuration say.
#[derive(Clone, Debug)]
pub(crate) struct Configuration {
    /// The provider's source in `required_providers`.
    pub(crate) source: Option<String>,
    pub(crate) lock_file: LockFile,
    /// Whether `init` has installed what the lock file names.
    pub(crate) is_installed: bool,
    /// Whether `TF_REATTACH_PROVIDERS` serves the provider, so that nothing is installed.
    pub(crate) is_reattached: bool,
    /// The binary that `dev_overrides` names for the provider, so that nothing is installed.
    pub(crate) overridden: Option<Result<Overridden, String>>,
    pub(crate) backend: Option<String>,
    /// Whether plan and apply may run elsewhere: HCP Terraform, Terraform Enterprise.
    pub(crate) runs_remotely: bool,
    /// `None` for `default`.
    pub(crate) workspace: Option<String>,
    /// Files that cannot be parsed.
    pub(crate) unreadable: Vec<String>,
    /// Where credentials stand in plain text.
    pub(crate) literal_credentials: Vec<String>,
    /// `to` and place of each import block that divvy did not write.
    pub(crate) imports: Vec<(String, String)>,
}

/// What the state holds.
#[derive(Clone, Debug, Default)]
pub(crate) struct State {
    pub(crate) is_there: bool,
    pub(crate) instances: Vec<TrackedInstance>,
    /// Every managed instance, of all types.
    pub(crate) addresses: Vec<String>,
}

/// One provider configuration and what the org answered to it.
#[derive(Clone, Debug)]
pub(crate) struct Account {
    /// `genesyscloud.prod`; `None` where there is no configuration.
    pub(crate) alias: Option<String>,
    pub(crate) way: Result<Way, NoWay>,
    /// Regions that somebody named: where, and its key (or what stands there).
    pub(crate) regions_named: Vec<(&'static str, String)>,
    pub(crate) answers: Answers,
}

/// The way to an org.
#[derive(Clone, Debug)]
pub(crate) struct Way {
    pub(crate) credentials_from: String,
    /// `None` with an access token.
    pub(crate) client_id: Option<String>,
    pub(crate) api_url: String,
    pub(crate) region: Option<&'static str>,
    pub(crate) base_from: String,
    pub(crate) proxies: Vec<String>,
}

/// Why there is no way: each trouble at the check it belongs to.
#[derive(Clone, Debug)]
pub(crate) struct NoWay(pub(crate) Vec<(Concern, Trouble)>);

/// What a way needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Concern {
    Credentials,
    Region,
    Proxy,
}

/// What one org answered.
#[derive(Clone, Debug, Default)]
pub(crate) struct Answers {
    pub(crate) token: Reply<()>,
    /// Why the first request that failed did so.
    pub(crate) reason: Option<Reason>,
    /// By how many seconds this machine is ahead.
    pub(crate) clock_skew: Option<i64>,
    pub(crate) organization: Reply<Organization>,
    /// Whether the client may list the org's products.
    pub(crate) products: Reply<()>,
    pub(crate) kinds: Vec<KindSeen>,
    /// Each kind of the configuration whose list needs no parent, and whether it may be read.
    pub(crate) listable: Vec<(&'static Kind, Reply<()>)>,
}

/// What one org shows of a kind.
#[derive(Clone, Debug)]
pub(crate) struct KindSeen {
    pub(crate) kind: &'static Kind,
    pub(crate) listing: Reply<Listing>,
    pub(crate) limit: Reply<Option<u64>>,
    /// Each permission of the kind, and the divisions in which it is held.
    pub(crate) permitted: Vec<(&'static str, Reply<Vec<Entity>>)>,
    /// How many instances the state tracks in this org.
    pub(crate) tracked: usize,
    /// Those of them whose id the org does not have.
    pub(crate) absent: Reply<Vec<Address>>,
}

/// What earlier runs left behind in the directory.
#[derive(Clone, Debug, Default)]
pub(crate) struct Leftovers {
    pub(crate) errored_state: Option<ErroredState>,
    pub(crate) locks: Vec<Lock>,
    /// Files of import blocks that a killed run of divvy left.
    pub(crate) import_files: Vec<String>,
    /// Logs of the provider, with what was said between it and the org.
    pub(crate) debug_logs: Vec<String>,
}

/// A lock's information file beside a local state.
#[derive(Clone, Debug, Default)]
pub(crate) struct Lock {
    pub(crate) file: String,
    pub(crate) who: Option<String>,
    pub(crate) operation: Option<String>,
    pub(crate) created: Option<String>,
}
