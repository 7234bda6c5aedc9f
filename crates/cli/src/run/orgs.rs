//! The orgs behind the provider configurations of one run: each asked once, by our own client, with
//! the credentials that Configure carries.
//!
//! Reads only. Invariant: an org is asked with the credentials of its own provider configuration;
//! plan and apply share one listing.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use divvy_core::kinds::division::DIVISION;
use divvy_core::survey::{Alias, Org};
use divvy_core::{Entity, Key, Kind, OrgId};
use divvy_genesys::{Client, NewEntity, Settings};
use divvy_plugin::Value;
use divvy_plugin::proxy::AliasToken;
use tokio::sync::OnceCell;
use tokio_util::sync::CancellationToken;

use crate::observers::Observers;
use crate::org::OrgFlags;
use crate::run::provider_block;

/// What an org answered.
pub(crate) struct Asked {
    client: Client,
    pub(crate) id: OrgId,
    pub(crate) org: Org,
    pub(crate) credentials_from: String,
}

impl Asked {
    /// Looks for an entity that a moment ago was not there; reads again while the list lags.
    pub(crate) async fn find_lagging(&self, kind: &'static Kind, key: &Key) -> Option<Entity> {
        let name = key.parts().first().cloned().unwrap_or_default();
        let found = self.client.find_lagging(kind, &NewEntity::new(name)).await;
        found.unwrap_or_else(|error| {
            tracing::warn!(%error, "the org could not be read again");
            None
        })
    }
}

/// The answer of an org, or why there is none.
pub(crate) type Answer = Result<Asked, String>;

struct Lead {
    block: Value,
    answer: OnceCell<Answer>,
}

/// Every provider configuration of the run.
pub(crate) struct Orgs {
    flags: OrgFlags,
    observers: Arc<Observers>,
    leads: Mutex<BTreeMap<AliasToken, Arc<Lead>>>,
}

impl Orgs {
    pub(crate) fn new(flags: OrgFlags, observers: Arc<Observers>) -> Self {
        Self { flags, observers, leads: Mutex::default() }
    }

    /// Remembers a provider configuration, and asks its org while Terraform goes on.
    pub(crate) fn configured(self: &Arc<Self>, alias: &AliasToken, block: &Value) {
        let mut leads = self.leads.lock().unwrap_or_else(PoisonError::into_inner);
        leads
            .entry(alias.clone())
            .or_insert_with(|| Arc::new(Lead { block: block.clone(), answer: OnceCell::new() }));
        drop(leads);
        let (orgs, alias) = (Arc::clone(self), alias.clone());
        tokio::spawn(async move { orgs.with_answer(&alias, |_| ()).await });
    }

    /// Waits for an org's answer and hands it over; an unknown configuration has none.
    pub(crate) async fn with_answer<T>(
        &self,
        alias: &AliasToken,
        take: impl FnOnce(&Answer) -> T,
    ) -> T {
        match self.lead(alias) {
            Some(lead) => take(lead.answer.get_or_init(|| self.ask(&lead.block)).await),
            None => take(&Err("its provider configuration was never seen".to_owned())),
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

    fn lead(&self, alias: &AliasToken) -> Option<Arc<Lead>> {
        self.leads.lock().unwrap_or_else(PoisonError::into_inner).get(alias).cloned()
    }

    async fn ask(&self, block: &Value) -> Answer {
        let arguments = provider_block::arguments(block);
        let connection = self
            .flags
            .connection(&Alias::new("genesyscloud"), &arguments, true)
            .map_err(|error| error.to_string())?;
        let credentials_from = connection.credentials_from();
        let region = connection.region().map(|region| region.key.to_owned());
        // Ctrl-C is for Terraform: what it still creates is still looked up.
        let client = Client::new(
            connection,
            Settings::default(),
            Arc::<Observers>::clone(&self.observers) as _,
            CancellationToken::new(),
        )
        .map_err(|error| error.to_string())?;
        let (organization, listing) =
            tokio::join!(client.organization(), client.listing(&DIVISION));
        let listing = listing.map_err(|error| error.with_hints())?;
        let organization = organization.map_err(|error| error.with_hints())?;
        let listings = BTreeMap::from([(DIVISION.terraform_type, listing)]);
        let org = Org { name: organization.name, region, listings };
        Ok(Asked { client, id: organization.id, org, credentials_from })
    }
}
