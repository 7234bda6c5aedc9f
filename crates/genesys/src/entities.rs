//! Entities of an org, for any kind: list, get, search, create, and what surrounds that.
//!
//! Never names a kind: everything specific comes from [`Kind`] and the dialect. Never deletes,
//! renames or restores. Invariant: a listing says whether it is complete.

use std::collections::{BTreeMap, BTreeSet};

use divvy_core::name::{self, Likeness};
use divvy_core::survey::{ById, Listing};
use divvy_core::{Consent, Entity, EntityId, Key, Kind, OrgId};
use futures_util::future::try_join_all;
use serde_json::Value;

use crate::call::Call;
use crate::client::Client;
use crate::dialect::{self, Dialect};
use crate::error::{Error, Reason};
use crate::wire::{OrganizationReply, Page, WireEntity};

/// How many objects of each type belong to each entity.
pub type ObjectCounts = BTreeMap<EntityId, BTreeMap<String, u64>>;

/// An organization.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Organization {
    /// Its id; base URL and client id where the org does not tell it.
    pub id: OrgId,
    /// Its name.
    pub name: Option<String>,
}

/// What is to be created.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewEntity {
    /// What makes it unique, in the order of [`Kind::key`].
    pub key: Key,
    /// Full path, for the pathed dialect.
    pub path: Option<String>,
    /// Description; none is sent as `""`.
    pub description: Option<String>,
}

impl NewEntity {
    /// Makes one that is known by its name.
    pub fn new(name: impl Into<String>) -> Self {
        Self { key: Key::name(name), path: None, description: None }
    }

    /// Adds a path (pathed dialect).
    #[must_use]
    pub fn with_path(mut self, path: impl Into<String>) -> Self {
        self.path = Some(path.into());
        self
    }

    /// Adds a description.
    #[must_use]
    pub fn with_description(mut self, description: impl Into<String>) -> Self {
        self.description = Some(description.into());
        self
    }

    /// Says whether an entity is the one that this asks for: same key on the NFC form, and the
    /// same path where both have one.
    pub fn is(&self, entity: &Entity) -> bool {
        let same_path = match (self.path.as_deref(), entity.text("path")) {
            (Some(wanted), Some(path)) => name::nfc(wanted) == name::nfc(path),
            _ => true,
        };
        same_path && name::compare_keys(&self.key, &entity.key) == Likeness::Equal
    }
}

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
    /// Asks which organization this is. An org that does not tell (403, 404, or the pathed
    /// dialect) is known by the API's base URL and the client id.
    ///
    /// # Errors
    /// 403 and 404 too where an access token is used: nothing would tell two orgs apart then.
    pub async fn organization(&self) -> Result<Organization, Error> {
        let client_id = self.connection().client_id();
        let stand_in = || Organization {
            id: OrgId::new(match client_id {
                Some(client_id) => format!("{}#{client_id}", self.connection().api_url()),
                None => self.connection().api_url().to_owned(),
            }),
            name: None,
        };
        if self.connection().dialect() == Dialect::Pathed {
            return Ok(stand_in());
        }
        let call = Call::get("/api/v2/organizations/me");
        match self.send::<OrganizationReply>(&call).await {
            Ok(reply) => Ok(Organization { id: OrgId::new(reply.id), name: reply.name }),
            Err(error) => match error.reason {
                Reason::NotFound | Reason::Forbidden { .. } if client_id.is_some() => {
                    Ok(stand_in())
                }
                _ => Err(error),
            },
        }
    }

    /// Asks for the org's products, as the provider does at each start and fails if it may not.
    ///
    /// # Errors
    /// What the provider would be told.
    pub async fn products(&self) -> Result<(), Error> {
        let call = Call::get("/api/v2/authorization/products");
        self.send::<serde::de::IgnoredAny>(&call).await.map(drop)
    }

    /// Lists every visible entity of a kind: one page, then all others at the same time.
    pub async fn listing(&self, kind: &'static Kind) -> Result<Listing, Error> {
        let pages = self.list(kind, &self.collection(kind)).await?;
        Ok(pages.into_listing(kind))
    }

    /// Lists as [`Client::listing`] does, and counts each entity's objects.
    pub async fn listing_with_counts(
        &self,
        kind: &'static Kind,
    ) -> Result<(Listing, ObjectCounts), Error> {
        let call = self.collection(kind).query("objectCount", "true");
        let pages = self.list(kind, &call).await?;
        let counts = pages
            .entities
            .iter()
            .map(|entity| (EntityId::new(&entity.id), entity.object_counts()))
            .collect();
        Ok((pages.into_listing(kind), counts))
    }

    /// Searches by name, and by path under the pathed dialect. What matches is the API's
    /// decision: compare the names again.
    pub async fn search(
        &self,
        kind: &'static Kind,
        name: &str,
        path: Option<&str>,
    ) -> Result<Vec<Entity>, Error> {
        let mut call = self.collection(kind).query("name", name);
        if let Some(path) = path {
            call = call.query("path", path);
        }
        let pages = self.list(kind, &call).await?;
        Ok(pages.into_listing(kind).entities.into())
    }

    /// Asks for entities by id, all at the same time; 404 is [`ById::Absent`].
    pub async fn by_ids(
        &self,
        kind: &'static Kind,
        ids: impl IntoIterator<Item = &EntityId>,
    ) -> Result<BTreeMap<EntityId, ById>, Error> {
        let ids: BTreeSet<&EntityId> = ids.into_iter().collect();
        let answers = ids.into_iter().map(|id| self.by_id(kind, id));
        Ok(try_join_all(answers).await?.into_iter().collect())
    }

    async fn by_id(&self, kind: &'static Kind, id: &EntityId) -> Result<(EntityId, ById), Error> {
        // A URL cannot carry these as one segment, and no entity is called so.
        if matches!(id.as_str(), "" | "." | "..") {
            return Ok((id.clone(), ById::Absent));
        }
        let dialect = self.connection().dialect();
        let path = format!("{}/{}", dialect.collection(kind), segment(id.as_str()));
        let call = Call::get(path).needs(dialect.needs_to_list(kind));
        let answer = match self.send::<WireEntity>(&call).await {
            Ok(entity) => ById::Present(entity.into_entity(kind)),
            Err(error) if error.reason == Reason::NotFound => ById::Absent,
            Err(error) => return Err(error),
        };
        Ok((id.clone(), answer))
    }

    /// Asks for the org's home entity of a kind that has one.
    pub async fn home(&self, kind: &'static Kind) -> Result<Option<Entity>, Error> {
        if kind.home_field.is_none() {
            return Ok(None);
        }
        let call = Call::get(format!("{}/home", kind.collection));
        let home: WireEntity = self.send(&call).await?;
        Ok(Some(home.into_entity(kind)))
    }

    /// Asks how many entities of a kind the org may have; `None` where there is no such question.
    pub async fn limit(&self, kind: &Kind) -> Result<Option<u64>, Error> {
        match kind.limit {
            Some(path) => self.send(&Call::get(path)).await.map(Some),
            None => Ok(None),
        }
    }

    /// Lists soft-deleted entities; `None` where there is no such list or it is not permitted.
    pub async fn deleted(&self, kind: &'static Kind) -> Result<Option<Vec<Entity>>, Error> {
        let Some(path) = kind.deleted else {
            return Ok(None);
        };
        let call = Call::get(path).needs(kind.permissions.deleted);
        match self.pages(kind, &call).await {
            Ok(pages) => Ok(Some(pages.into_listing(kind).entities.into())),
            Err(error) => match error.reason {
                Reason::Forbidden { .. } | Reason::NotFound => Ok(None),
                _ => Err(error),
            },
        }
    }

    /// Asks in which divisions the caller holds a permission.
    pub async fn divisions_with_permission(
        &self,
        kind: &'static Kind,
        permission: &str,
    ) -> Result<Vec<Entity>, Error> {
        let call = Call::get("/api/v2/authorization/divisionspermitted/me")
            .query("permission", permission);
        let divisions: Vec<WireEntity> = self.send(&call).await?;
        Ok(divisions.into_iter().map(|division| division.into_entity(kind)).collect())
    }

    /// Creates an entity, with exactly one request that reaches the API.
    ///
    /// # Errors
    /// [`Reason::UnknownOutcome`] where it may exist now all the same;
    /// [`Error::is_duplicate_of`] tells a taken name.
    pub async fn create(
        &self,
        kind: &'static Kind,
        new: &NewEntity,
        _consent: &Consent,
    ) -> Result<Entity, Error> {
        let dialect = self.connection().dialect();
        let call = Call::post(dialect.collection(kind), dialect.body(kind, new))
            .needs(dialect.needs_to_create(kind));
        let created: WireEntity = self.send(&call).await?;
        Ok(created.into_entity(kind))
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
            if !is_lost || reply_was_lost {
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
            return Ok(Conflict::MissingParent(parent.path.unwrap_or_default()));
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
            Dialect::Pathed => new.path.as_deref().and_then(dialect::parent_path),
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
        let waits = self.limits.schedule();
        let mut found = self.find(kind, new).await?;
        for wait in waits {
            if found.is_some() {
                break;
            }
            self.pause(&self.collection(kind), wait).await?;
            found = self.find(kind, new).await?;
        }
        Ok(found)
    }

    /// Looks for one entity by its exact key (and path): by a search, and in the listing too where
    /// the search is refused, or does not show what may exist (published dialect).
    pub async fn find(
        &self,
        kind: &'static Kind,
        new: &NewEntity,
    ) -> Result<Option<Entity>, Error> {
        let name = new.key.parts().first().map_or("", String::as_str);
        let is_told = match self.search(kind, name, new.path.as_deref()).await {
            // Some characters are too much for a search; a list knows no term.
            Err(error) if error.reason == Reason::Refused => false,
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
            path: None,
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

    fn collection(&self, kind: &Kind) -> Call {
        let dialect = self.connection().dialect();
        Call::get(dialect.collection(kind)).needs(dialect.needs_to_list(kind))
    }

    async fn list(&self, kind: &Kind, call: &Call) -> Result<Pages, Error> {
        match self.connection().dialect() {
            Dialect::Published => self.pages(kind, call).await,
            Dialect::Pathed => self.bare_list(call).await,
        }
    }

    /// Reads a bare array; 404 is an empty one.
    async fn bare_list(&self, call: &Call) -> Result<Pages, Error> {
        let entities = match self.send(call).await {
            Err(error) if error.reason == Reason::NotFound => Vec::new(),
            answer => answer?,
        };
        Ok(Pages { entities, is_complete: true })
    }

    /// Reads every page; once more from the start if the listing changed under way.
    async fn pages(&self, kind: &Kind, call: &Call) -> Result<Pages, Error> {
        let pages = self.pages_once(kind, call).await?;
        if pages.is_complete {
            return Ok(pages);
        }
        self.pages_once(kind, call).await
    }

    async fn pages_once(&self, kind: &Kind, call: &Call) -> Result<Pages, Error> {
        let page = |number: u64| {
            let call = call.clone();
            let call = call.query("pageSize", kind.page_size.to_string());
            let call = call.query("pageNumber", number.to_string());
            async move { self.send::<Page>(&call).await }
        };
        let first = page(1).await?;
        let page_count = first.count.or_else(|| {
            let size = first.size.unwrap_or_else(|| kind.page_size.into());
            Some(first.total?.div_ceil(size.max(1)))
        });
        let others = match page_count {
            Some(count) => try_join_all((2..=count).map(page)).await?,
            None => {
                // Nobody says how many: go on until a page is empty.
                let mut others: Vec<Page> = Vec::new();
                let mut last_was_empty = first.entities.is_empty();
                while !last_was_empty {
                    let next = page(others.len() as u64 + 2).await?;
                    last_was_empty = next.entities.is_empty();
                    others.push(next);
                }
                others
            }
        };
        Ok(Pages::join(first, others))
    }
}

/// The entities of all pages.
struct Pages {
    entities: Vec<WireEntity>,
    is_complete: bool,
}

impl Pages {
    /// Joins pages, each id once. Complete means that every page told the same total and that
    /// there are as many entities as that.
    fn join(first: Page, others: Vec<Page>) -> Self {
        let total = first.total;
        let mut seen = BTreeSet::new();
        let mut entities = Vec::new();
        let mut totals_agree = true;
        for page in std::iter::once(first).chain(others) {
            totals_agree &= page.total == total;
            entities
                .extend(page.entities.into_iter().filter(|entity| seen.insert(entity.id.clone())));
        }
        let is_all = total.is_none_or(|total| total == entities.len() as u64);
        Self { entities, is_complete: totals_agree && is_all }
    }

    fn into_listing(self, kind: &'static Kind) -> Listing {
        Listing {
            entities: self.entities.into_iter().map(|entity| entity.into_entity(kind)).collect(),
            is_complete: self.is_complete,
            ..Listing::default()
        }
    }
}

/// Escapes one segment of a path: whatever is not unreserved, a slash too.
fn segment(text: &str) -> String {
    use std::fmt::Write as _;
    let mut escaped = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            escaped.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(escaped, "%{byte:02X}");
        }
    }
    escaped
}
