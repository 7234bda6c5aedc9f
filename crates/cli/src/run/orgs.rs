//! The orgs behind the provider configurations of one run: each asked once, by our own client, with
//! the credentials that Configure carries, else through the provider itself.
//!
//! Reads only. Invariant: an org is asked with the credentials of its own provider configuration, and
//! only for what a create of this run needs; plan and apply share one listing.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use divvy_core::kind::Filling;
use divvy_core::survey::{Alias, Listing, Org, Seen};
use divvy_core::{Entity, Key, Kind, OrgId};
use divvy_genesys::{Connection, ConnectionError, Error, Reason};
use divvy_plugin::Value;
use divvy_plugin::proxy::{AliasToken, Inquirer, ProviderConfigure};
use tokio::sync::OnceCell;

use crate::observers::Observers;
use crate::org::OrgFlags;
use crate::run::aliases::AliasNames;
use crate::run::finder::Finder;
use crate::run::provider_block;
use crate::run::reader::{Reader, Wanted};
use crate::survey::{Asker, organization};

/// Where the provider's own look-up is named in the report as the source of credentials.
const BY_PROVIDER: &str = "the provider itself";
/// Why the provider's own look-up leaves a kind out.
const NOT_BY_PROVIDER: &str =
    "divvy has no credentials of its own here, and the provider looks up divisions only";
/// As many requests as the provider sends at once where nobody says otherwise.
const TOKEN_POOL_SIZE: usize = 10;

/// How an org is asked.
enum Way {
    /// By our own client.
    Client(Arc<Reader>),
    /// Name by name, through the provider.
    Provider(Finder),
}

/// What an org answered.
pub(crate) struct Asked {
    way: Way,
    pub(crate) id: OrgId,
    /// Who it is; what it has is told kind by kind.
    pub(crate) org: Org,
    pub(crate) credentials_from: String,
}

impl Asked {
    /// Returns whether the org is asked name by name, so that nothing lists it.
    pub(crate) fn is_asked_by_name(&self) -> bool {
        matches!(self.way, Way::Provider(_))
    }

    /// Returns what the org has of a kind at one place, read once.
    async fn seen(&self, kind: &'static Kind, filling: &Filling) -> Arc<Seen> {
        match &self.way {
            Way::Client(reader) => reader.seen(kind, filling).await,
            // What is found name by name comes in later.
            Way::Provider(_) if Finder::finds(kind) => Arc::new(Seen::Listed(Listing::default())),
            Way::Provider(_) => Arc::new(Seen::Unlisted(NOT_BY_PROVIDER.into())),
        }
    }

    /// Looks for an entity that a moment ago was not there.
    async fn look_again(&self, kind: &'static Kind, wanted: &Wanted) -> Vec<Entity> {
        match &self.way {
            Way::Client(reader) => reader.look_again(kind, wanted).await,
            Way::Provider(finder) => {
                finder.find_lately_made(kind, &wanted.key).await.into_iter().collect()
            }
        }
    }
}

/// The answer of an org, or why there is none.
pub(crate) type Answer = Result<Asked, String>;

struct Lead {
    block: Value,
    inquirer: Inquirer,
    answer: OnceCell<Answer>,
}

type Reached = Result<Arc<Reader>, No>;

/// Every provider configuration of the run.
pub(crate) struct Orgs {
    flags: OrgFlags,
    names: Arc<AliasNames>,
    /// What the environment says of how much the provider does at once.
    token_pool_size: Option<usize>,
    asker: Asker,
    /// Kinds that the plan will come to: they are listed while the provider starts.
    expected: BTreeSet<&'static Kind>,
    leads: Mutex<BTreeMap<AliasToken, Arc<Lead>>>,
    /// By connection: several provider configurations may be one.
    readers: Mutex<BTreeMap<String, Arc<OnceCell<Reached>>>>,
}

impl Orgs {
    pub(crate) fn new(
        flags: OrgFlags,
        names: Arc<AliasNames>,
        variables: &BTreeMap<String, String>,
        observers: Arc<Observers>,
        expected: BTreeSet<&'static Kind>,
    ) -> Self {
        let token_pool_size = variables.get("GENESYSCLOUD_TOKEN_POOL_SIZE");
        let token_pool_size = token_pool_size.and_then(|size| size.parse().ok());
        Self {
            flags,
            names,
            token_pool_size,
            asker: Asker::beside_terraform(observers),
            expected,
            leads: Mutex::default(),
            readers: Mutex::default(),
        }
    }

    /// Remembers a provider configuration, and asks its org while Terraform goes on.
    pub(crate) fn configured(self: &Arc<Self>, configure: &ProviderConfigure) {
        let mut leads = self.leads.lock().unwrap_or_else(PoisonError::into_inner);
        leads.entry(configure.alias.clone()).or_insert_with(|| {
            Arc::new(Lead {
                block: configure.block.clone(),
                inquirer: configure.inquirer.clone(),
                answer: OnceCell::new(),
            })
        });
        drop(leads);
        let (orgs, alias) = (Arc::clone(self), configure.alias.clone());
        tokio::spawn(async move { orgs.with_answer(&alias, |_| ()).await });
        for kind in &self.expected {
            let (orgs, alias, kind) = (Arc::clone(self), configure.alias.clone(), *kind);
            tokio::spawn(async move { orgs.seen(&alias, kind, &Filling::new()).await });
        }
    }

    /// Waits for an org's answer and hands it over; an unknown configuration has none.
    pub(crate) async fn with_answer<T>(
        &self,
        alias: &AliasToken,
        take: impl FnOnce(&Answer) -> T,
    ) -> T {
        match self.lead(alias) {
            Some(lead) => take(lead.answer.get_or_init(|| self.ask(&lead)).await),
            None => take(&Err("its provider configuration was never seen".to_owned())),
        }
    }

    /// Returns what the org of a configuration has of a kind at one place, read once; none where the org
    /// could not be asked.
    pub(crate) async fn seen(
        &self,
        alias: &AliasToken,
        kind: &'static Kind,
        filling: &Filling,
    ) -> Option<Arc<Seen>> {
        let lead = self.lead(alias)?;
        let asked = lead.answer.get_or_init(|| self.ask(&lead)).await.as_ref().ok()?;
        Some(asked.seen(kind, filling).await)
    }

    /// Looks a planned name up where the org is asked name by name. It may be found in other case.
    pub(crate) async fn find(
        &self,
        alias: &AliasToken,
        kind: &'static Kind,
        key: &Key,
    ) -> Option<Entity> {
        let lead = self.lead(alias)?;
        match &lead.answer.get_or_init(|| self.ask(&lead)).await.as_ref().ok()?.way {
            Way::Client(_) => None,
            Way::Provider(finder) => finder.find(kind, key).await,
        }
    }

    /// Looks again in the org of a configuration for what its first listing lacks.
    pub(crate) async fn look_again(
        &self,
        alias: &AliasToken,
        kind: &'static Kind,
        wanted: &Wanted,
    ) -> Vec<Entity> {
        let Some(lead) = self.lead(alias) else { return Vec::new() };
        match lead.answer.get() {
            Some(Ok(asked)) => asked.look_again(kind, wanted).await,
            Some(Err(_)) | None => Vec::new(),
        }
    }

    /// Lists what was deleted in the org of a configuration and may be restored, once; none where that
    /// cannot be learnt.
    pub(crate) async fn deleted(
        &self,
        alias: &AliasToken,
        kind: &'static Kind,
    ) -> Option<Arc<[Entity]>> {
        let lead = self.lead(alias)?;
        match &lead.answer.get()?.as_ref().ok()?.way {
            Way::Client(reader) => reader.deleted(kind).await,
            Way::Provider(_) => None,
        }
    }

    fn lead(&self, alias: &AliasToken) -> Option<Arc<Lead>> {
        self.leads.lock().unwrap_or_else(PoisonError::into_inner).get(alias).cloned()
    }

    async fn ask(&self, lead: &Lead) -> Answer {
        match self.ask_by_client(&lead.block).await {
            Ok(asked) => Ok(asked),
            // During plan an argument may not be known yet: the provider would ask another org.
            Err(no) if no.is_answered || lead.block.holds_unknown() => Err(no.reason),
            Err(no) => self.ask_by_provider(lead).await.map_err(|other| {
                format!("{}; asked in divvy's place, the provider says: {other}", no.reason)
            }),
        }
    }

    async fn ask_by_client(&self, block: &Value) -> Result<Asked, No> {
        let arguments = provider_block::arguments(block);
        let connection = self
            .flags
            .connection(&Alias::new(self.names.name(block)), &arguments, true)
            .map_err(|error| No::without_asking(&error))?;
        let credentials_from = connection.credentials_from();
        let reader = {
            let mut readers = self.readers.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(readers.entry(connection.fingerprint()).or_default())
        };
        let reader = reader.get_or_init(|| self.reach(&connection)).await.clone()?;
        let (id, org) = (reader.id.clone(), reader.org.clone());
        Ok(Asked { way: Way::Client(reader), id, org, credentials_from })
    }

    async fn reach(&self, connection: &Connection) -> Reached {
        let client = self.asker.client(connection).map_err(|error| No::without_asking(&error))?;
        let (id, org) = organization(&client).await.map_err(|error| No::of(&error))?;
        Ok(Arc::new(Reader::new(client, id, org)))
    }

    async fn ask_by_provider(&self, lead: &Lead) -> Answer {
        let written = lead.block.get("token_pool_size").as_u64();
        let written = written.and_then(|size| usize::try_from(size).ok());
        let at_once = written.or(self.token_pool_size).unwrap_or(TOKEN_POOL_SIZE);
        let (finder, organization) = Finder::begin(lead.inquirer.clone(), at_once).await?;
        Ok(Asked {
            way: Way::Provider(finder),
            id: organization.id,
            org: Org { name: organization.name, ..Org::default() },
            credentials_from: BY_PROVIDER.to_owned(),
        })
    }
}

/// Why our own client reaches no org.
#[derive(Clone)]
struct No {
    reason: String,
    /// True if the API itself said no, or nobody can reach it: the provider would hear the same.
    is_answered: bool,
}

impl No {
    fn without_asking(error: &ConnectionError) -> Self {
        Self { reason: error.to_string(), is_answered: false }
    }

    fn of(error: &Error) -> Self {
        let is_ours = matches!(
            error.reason,
            Reason::WrongCredentials
                | Reason::Tls
                | Reason::Proxy
                | Reason::NotJson { .. }
                | Reason::Redirect { .. }
        );
        Self { reason: error.with_hints(), is_answered: !is_ours }
    }
}
