//! Reading an org and its entities, for any kind: list, get, search, count.
//!
//! Never names a kind: everything specific comes from [`Kind`] and the dialect. Changes nothing.
//! Invariant: a listing says whether it is complete.

use std::collections::{BTreeMap, BTreeSet};

use divvy_core::kind::Paging;
use divvy_core::survey::{ById, Listing};
use divvy_core::{Entity, EntityId, Kind, OrgId};
use futures_util::future::try_join_all;

use crate::call::Call;
use crate::client::Client;
use crate::dialect::Dialect;
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
        if kind.special.is_none() {
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

    pub(crate) fn collection(&self, kind: &Kind) -> Call {
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
        let Paging::Numbered(page_size) = kind.paging;
        let page = |number: u64| {
            let call = call.clone();
            let call = call.query("pageSize", page_size.to_string());
            let call = call.query("pageNumber", number.to_string());
            async move { self.send::<Page>(&call).await }
        };
        let first = page(1).await?;
        let page_count = first.count.or_else(|| {
            let size = first.size.unwrap_or_else(|| page_size.into());
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
pub(crate) fn segment(text: &str) -> String {
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
