//! The orgs behind the provider configurations of one run: each asked once, by our own client, with
//! the credentials that Configure carries, else through the provider itself.
//!
//! Reads only. Invariant: an org is asked with the credentials of its own provider configuration;
//! plan and apply share one listing.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use divvy_core::kinds::division::DIVISION;
use divvy_core::survey::{Alias, Listing, Listings, Org};
use divvy_core::{Entity, Key, Kind, OrgId};
use divvy_genesys::{Client, Connection, ConnectionError, Error, NewEntity, Reason, Settings};
use divvy_plugin::Value;
use divvy_plugin::proxy::{AliasToken, Inquirer, ProviderConfigure};
use tokio::sync::OnceCell;
use tokio_util::sync::CancellationToken;

use crate::observers::Observers;
use crate::org::OrgFlags;
use crate::run::aliases::AliasNames;
use crate::run::creates::holds_unknown;
use crate::run::finder::Finder;
use crate::run::provider_block;

/// Where the provider's own look-up is named in the report as the source of credentials.
const BY_PROVIDER: &str = "the provider itself";
/// As many requests as the provider sends at once where nobody says otherwise.
const TOKEN_POOL_SIZE: usize = 10;

/// How an org is asked.
enum Way {
    /// By our own client.
    Client(Arc<Listed>),
    /// Name by name, through the provider.
    Provider(Finder),
}

/// What our own client has listed.
struct Listed {
    client: Client,
    id: OrgId,
    org: Org,
    deleted: OnceCell<Option<Arc<[Entity]>>>,
}

/// What an org answered.
pub(crate) struct Asked {
    way: Way,
    pub(crate) id: OrgId,
    pub(crate) org: Org,
    pub(crate) credentials_from: String,
}

impl Asked {
    /// Returns whether the org is asked name by name, so that nothing lists it.
    pub(crate) fn is_asked_by_name(&self) -> bool {
        matches!(self.way, Way::Provider(_))
    }

    /// Looks for an entity that a moment ago was not there; reads again while the list lags.
    async fn find_lagging(&self, kind: &'static Kind, key: &Key) -> Option<Entity> {
        let client = match &self.way {
            Way::Client(listed) => &listed.client,
            Way::Provider(finder) => return finder.find_lately_made(kind, key).await,
        };
        let name = key.parts().first().cloned().unwrap_or_default();
        let found = client.find_lagging(kind, &NewEntity::new(name)).await;
        found.unwrap_or_else(|error| {
            tracing::warn!(%error, "the org could not be read again");
            None
        })
    }

    /// Lists what was deleted and may be restored, once; none where that cannot be learnt.
    async fn deleted(&self, kind: &'static Kind) -> Option<Arc<[Entity]>> {
        let Way::Client(listed) = &self.way else { return None };
        let list = || async {
            let deleted = listed.client.deleted(kind).await.unwrap_or_else(|error| {
                tracing::warn!(%error, "the deleted ones could not be listed");
                None
            });
            deleted.map(Arc::from)
        };
        listed.deleted.get_or_init(list).await.clone()
    }
}

/// The answer of an org, or why there is none.
pub(crate) type Answer = Result<Asked, String>;

struct Lead {
    block: Value,
    inquirer: Inquirer,
    answer: OnceCell<Answer>,
}

type ListedOnce = Result<Arc<Listed>, No>;

/// Every provider configuration of the run.
pub(crate) struct Orgs {
    flags: OrgFlags,
    names: Arc<AliasNames>,
    /// What the environment says of how much the provider does at once.
    token_pool_size: Option<usize>,
    observers: Arc<Observers>,
    leads: Mutex<BTreeMap<AliasToken, Arc<Lead>>>,
    /// By connection: several provider configurations may be one.
    listed: Mutex<BTreeMap<String, Arc<OnceCell<ListedOnce>>>>,
}

impl Orgs {
    pub(crate) fn new(
        flags: OrgFlags,
        names: Arc<AliasNames>,
        variables: &BTreeMap<String, String>,
        observers: Arc<Observers>,
    ) -> Self {
        let token_pool_size = variables.get("GENESYSCLOUD_TOKEN_POOL_SIZE");
        let token_pool_size = token_pool_size.and_then(|size| size.parse().ok());
        Self {
            flags,
            names,
            token_pool_size,
            observers,
            leads: Mutex::default(),
            listed: Mutex::default(),
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

    /// Looks for an entity in the org of a configuration, reading again while the list lags.
    pub(crate) async fn find_lagging(
        &self,
        alias: &AliasToken,
        kind: &'static Kind,
        key: &Key,
    ) -> Option<Entity> {
        let lead = self.lead(alias)?;
        let asked = lead.answer.get()?.as_ref().ok()?;
        asked.find_lagging(kind, key).await
    }

    /// Lists what was deleted in the org of a configuration and may be restored.
    pub(crate) async fn deleted(
        &self,
        alias: &AliasToken,
        kind: &'static Kind,
    ) -> Option<Arc<[Entity]>> {
        let lead = self.lead(alias)?;
        lead.answer.get()?.as_ref().ok()?.deleted(kind).await
    }

    fn lead(&self, alias: &AliasToken) -> Option<Arc<Lead>> {
        self.leads.lock().unwrap_or_else(PoisonError::into_inner).get(alias).cloned()
    }

    async fn ask(&self, lead: &Lead) -> Answer {
        match self.ask_by_client(&lead.block).await {
            Ok(asked) => Ok(asked),
            // During plan an argument may not be known yet: the provider would ask another org.
            Err(no) if no.is_answered || holds_unknown(&lead.block) => Err(no.reason),
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
        let listed = {
            let mut listed = self.listed.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(listed.entry(connection.fingerprint()).or_default())
        };
        let listed = listed.get_or_init(|| self.list(connection)).await.clone()?;
        let (id, org) = (listed.id.clone(), listed.org.clone());
        Ok(Asked { way: Way::Client(listed), id, org, credentials_from })
    }

    async fn list(&self, connection: Connection) -> Result<Arc<Listed>, No> {
        let region = connection.region().map(|region| region.key.to_owned());
        // Ctrl-C is for Terraform: what it still creates is still looked up.
        let client = Client::new(
            connection,
            Settings::default(),
            Arc::<Observers>::clone(&self.observers) as _,
            CancellationToken::new(),
        )
        .map_err(|error| No::without_asking(&error))?;
        let (organization, listing) =
            tokio::join!(client.organization(), client.listing(&DIVISION));
        let listing = listing.map_err(|error| No::of(&error))?;
        let organization = organization.map_err(|error| No::of(&error))?;
        let listings = Listings::of(&DIVISION, listing);
        let org = Org { name: organization.name, region, listings };
        Ok(Arc::new(Listed { client, id: organization.id, org, deleted: OnceCell::new() }))
    }

    async fn ask_by_provider(&self, lead: &Lead) -> Answer {
        let written = lead.block.get("token_pool_size").as_u64();
        let written = written.and_then(|size| usize::try_from(size).ok());
        let at_once = written.or(self.token_pool_size).unwrap_or(TOKEN_POOL_SIZE);
        let (finder, organization) = Finder::begin(lead.inquirer.clone(), at_once).await?;
        // What is found name by name comes in later.
        let listings = Listings::of(&DIVISION, Listing::default());
        Ok(Asked {
            way: Way::Provider(finder),
            id: organization.id,
            org: Org { name: organization.name, region: None, listings },
            credentials_from: BY_PROVIDER.to_owned(),
        })
    }
}

/// Why our own client has no listing.
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
