//! Creating an entity, for any kind, and finding out what became of it.
//!
//! Never names a kind, never deletes, renames or restores. Invariant: what may exist already is
//! looked for before a create is sent again.

use std::time::Duration;

use divvy_core::name;
use divvy_core::{Consent, Entity, Kind};
use serde_json::Value;

use crate::call::Call;
use crate::client::Client;
use crate::dialect::{self, Dialect};
use crate::entities::segment;
use crate::error::{Error, Reason};
use crate::new_entity::NewEntity;
use crate::wire::{Reading, WireEntity};

/// An entity that exists now, and since when.
#[derive(Clone, Debug, PartialEq)]
pub struct Ensured {
    /// The entity as the API shows it.
    pub entity: Entity,
    /// True if this call made it (also if the reply was lost and it was found afterwards).
    pub created: bool,
    /// True if a create went out whose answer was not a plain yes: somebody else may have made one
    /// of the same name at the same time.
    pub is_doubtful: bool,
}

/// Why a create was refused with a conflict.
#[derive(Clone, Debug, PartialEq)]
pub enum Conflict {
    /// This entity has the name (and path).
    Existing(Box<Entity>),
    /// Under the pathed dialect: nothing exists at this parent path.
    MissingParent(String),
    /// Nothing visible explains it.
    Unexplained,
}

/// A request that divvy prints and never sends.
#[derive(Clone, Debug, PartialEq)]
pub struct PrintedRequest {
    /// HTTP method.
    pub method: &'static str,
    /// Full URL.
    pub url: String,
    /// JSON body.
    pub body: Value,
}

impl Client {
    /// Creates an entity, with exactly one request that reaches the API.
    ///
    /// # Errors
    /// [`Reason::UnknownOutcome`] where it may exist now all the same, also where the answer is about
    /// another entity; [`Error::is_duplicate_of`] tells a taken name.
    pub async fn create(
        &self,
        kind: &'static Kind,
        new: &NewEntity,
        _consent: &Consent,
    ) -> Result<Entity, Error> {
        let dialect = self.connection().dialect();
        let call = Call::post(dialect.create_path(kind), dialect.body(kind, new))
            .needs(dialect.needs_to_create(kind));
        let created: WireEntity = self.send(&call).await?;
        let created = created.into_entity(&Reading { kind, filling: &[] });
        if created.id.as_str().is_empty() || !new.is(&created) {
            let error = self.other_entity(&call, &created);
            return Err(Error { reason: Reason::UnknownOutcome, ..error });
        }
        Ok(created)
    }

    /// Creates an entity unless it exists. A lost reply is looked up before anything is sent
    /// again, and a conflict is explained by what the org shows.
    ///
    /// # Errors
    /// As [`Client::create`]; the conflict itself where nothing visible explains it.
    pub async fn create_or_find(
        &self,
        kind: &'static Kind,
        new: &NewEntity,
        consent: &Consent,
    ) -> Result<Ensured, Error> {
        let mut reply_was_lost = false;
        loop {
            let error = match self.create(kind, new, consent).await {
                Ok(entity) => {
                    return Ok(Ensured { entity, created: true, is_doubtful: reply_was_lost });
                }
                Err(error) => error,
            };
            let is_lost = error.may_have_changed_the_org();
            if !is_lost && !error.is_duplicate_of(kind) {
                return Err(error);
            }
            // No time is lost on a list that cannot show it.
            if !is_lost && self.missing_parent(kind, new).await?.is_some() {
                return Err(error);
            }
            if let Some(entity) = self.find_lagging(kind, new).await? {
                let created = is_lost || reply_was_lost;
                return Ok(Ensured { entity, created, is_doubtful: true });
            }
            // What was answered with a yes is not sent again, whatever the yes held.
            if !is_lost || reply_was_lost || error.was_answered_yes() {
                return Err(error);
            }
            reply_was_lost = true;
        }
    }

    /// Explains a refused create by what the org shows, reading again while its list lags.
    pub async fn explain_conflict(
        &self,
        kind: &'static Kind,
        new: &NewEntity,
    ) -> Result<Conflict, Error> {
        if let Some(parent) = self.missing_parent(kind, new).await? {
            return Ok(Conflict::MissingParent(parent.path().unwrap_or_default().to_owned()));
        }
        Ok(match self.find_lagging(kind, new).await? {
            Some(entity) => Conflict::Existing(Box::new(entity)),
            None => Conflict::Unexplained,
        })
    }

    /// Returns the parent that a create needs and that is not there (pathed dialect): what lies at
    /// the parent's path counts, whatever its name.
    pub async fn missing_parent(
        &self,
        kind: &'static Kind,
        new: &NewEntity,
    ) -> Result<Option<NewEntity>, Error> {
        let path = match self.connection().dialect() {
            Dialect::Pathed => new.path().and_then(dialect::parent_path),
            Dialect::Published => None,
        };
        let Some(path) = path else { return Ok(None) };
        let parent = NewEntity::new(dialect::last_segment(path)).with_path(path);
        if self.find(kind, &parent).await?.is_some() {
            return Ok(None);
        }
        let listing = self.listing(kind).await?;
        let mut paths = listing.entities.iter().filter_map(|entity| entity.text("path"));
        let is_there = paths.any(|other| name::nfc(other) == name::nfc(path));
        Ok((!is_there).then_some(parent))
    }

    /// Looks for one entity, reading again with growing waits until it shows or time is up: a
    /// list may lag behind a create.
    pub async fn find_lagging(
        &self,
        kind: &'static Kind,
        new: &NewEntity,
    ) -> Result<Option<Entity>, Error> {
        let mut found = self.find(kind, new).await?;
        for wait in self.waits_for_a_list() {
            if found.is_some() {
                break;
            }
            self.wait_for_the_list(kind, wait).await?;
            found = self.find(kind, new).await?;
        }
        Ok(found)
    }

    /// Returns how long to wait between looks at a list that may lag behind a create.
    pub fn waits_for_a_list(&self) -> impl Iterator<Item = Duration> + use<> {
        self.limits.schedule()
    }

    /// Waits before another look at the list of a kind.
    ///
    /// # Errors
    /// If somebody interrupts.
    pub async fn wait_for_the_list(
        &self,
        kind: &'static Kind,
        wait: Duration,
    ) -> Result<(), Error> {
        self.pause(&self.collection(kind), wait).await
    }

    /// Looks for one entity by its exact key (and path): by a search, and in the listing too where
    /// the search is refused, or does not show what may exist (published dialect).
    pub async fn find(
        &self,
        kind: &'static Kind,
        new: &NewEntity,
    ) -> Result<Option<Entity>, Error> {
        let is_told = match self.search(kind, &new.key).await {
            // Some characters are too much for a search; a list knows no term.
            Err(error) if error.is_about_the_term() => false,
            answer => {
                let found = answer?.into_iter().find(|entity| new.is(entity));
                if found.is_some() {
                    return Ok(found);
                }
                self.connection().dialect() == Dialect::Pathed
            }
        };
        if is_told {
            return Ok(None);
        }
        let listing = self.listing(kind).await?;
        Ok(listing.entities.into_iter().find(|entity| new.is(entity)))
    }

    /// Writes down the request that would restore a soft-deleted entity; nothing is sent.
    pub fn restore_request(&self, entity: &Entity) -> PrintedRequest {
        let kind = entity.kind;
        let new = NewEntity {
            key: entity.key.clone(),
            description: entity.text("description").map(str::to_owned),
        };
        PrintedRequest {
            method: "POST",
            url: format!(
                "{}{}/{}/restore",
                self.connection().api_url(),
                kind.collection,
                segment(entity.id.as_str())
            ),
            body: Dialect::Published.body(kind, &new),
        }
    }
}
