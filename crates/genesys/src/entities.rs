//! Reading an org and its entities, for any kind: list, get, search, count.
//!
//! Never names a kind: everything specific comes from [`Kind`] and the dialect. Changes nothing.
//! Invariant: a listing says whether it is complete, and whatever it says of itself, reading it ends.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use divvy_core::kind::Paging;
use divvy_core::survey::{ById, Flaw, Listing};
use divvy_core::{Entity, EntityId, Kind, OrgId};
use futures_util::future::try_join_all;
use futures_util::{StreamExt as _, stream};

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
            Ok(entity) if entity.id == id.as_str() => ById::Present(entity.into_entity(kind)),
            Ok(entity) => return Err(self.other_entity(&call, &entity.into_entity(kind))),
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
            Dialect::Pathed => self.bare_list(kind, call).await,
        }
    }

    /// Reads a bare array; 404 is an empty one.
    async fn bare_list(&self, kind: &Kind, call: &Call) -> Result<Pages, Error> {
        let entities = match self.send(call).await {
            Err(error) if error.reason == Reason::NotFound => Vec::new(),
            answer => answer?,
        };
        let mut pages = Pages::default();
        pages.add(kind, Page { entities, size: None, count: None, total: None });
        Ok(pages)
    }

    /// Reads every page; again from the start while the listing changes under way.
    async fn pages(&self, kind: &Kind, call: &Call) -> Result<Pages, Error> {
        const READINGS: usize = 3;
        let mut pages = self.pages_once(kind, call).await?;
        for _ in 1..READINGS {
            if !pages.may_be_whole_next_time() {
                break;
            }
            pages = self.pages_once(kind, call).await?;
        }
        Ok(pages)
    }

    /// Reads pages as a bounded stream: in order, several at the same time once their number is
    /// known. It ends at the number told, at a page without a new id, and where pages bring too
    /// little to ever come to an end.
    async fn pages_once(&self, kind: &Kind, call: &Call) -> Result<Pages, Error> {
        /// Pages asked for at the same time.
        const TOGETHER: usize = 10;
        let Paging::Numbered(page_size) = kind.paging;
        let page = |number: u64| {
            let call = call.clone();
            let call = call.query("pageSize", page_size.to_string());
            let call = call.query("pageNumber", number.to_string());
            async move { self.send::<Page>(&call).await }
        };
        let first = page(1).await?;
        let told = first.page_count(kind);
        let mut pages = Pages::default();
        let usual = pages.add(kind, first);
        if usual == 0 && told.is_none() {
            return Ok(pages);
        }
        let together = if told.is_some() { TOGETHER } else { 1 };
        let mut others = stream::iter(2..=told.unwrap_or(u64::MAX)).map(page).buffered(together);
        while let Some(next) = others.next().await {
            let next = next?;
            let is_empty = next.entities.is_empty();
            let is_last = told == Some(pages.read + 1);
            let new = pages.add(kind, next);
            let is_end = new == 0 && is_empty && told.is_none();
            if is_end || is_last {
                break;
            }
            if new == 0 || pages.bring_too_little(usual) {
                pages.was_given_up = true;
                break;
            }
        }
        Ok(pages)
    }
}

/// The entities of all pages, each id once.
#[derive(Default)]
struct Pages {
    entities: Vec<WireEntity>,
    /// Name of each id.
    names: HashMap<String, Option<String>>,
    read: u64,
    /// What the last page said.
    total: Option<u64>,
    totals_disagree: bool,
    was_given_up: bool,
    two_names: Vec<Flaw>,
    nameless: u64,
}

impl Pages {
    /// Adds a page and returns how many new ids it brought.
    fn add(&mut self, kind: &Kind, page: Page) -> usize {
        /// More of them say nothing more.
        const TOLD: usize = 3;
        self.totals_disagree |= self.read > 0 && page.total != self.total;
        self.total = page.total;
        self.read += 1;
        let before = self.entities.len();
        for entity in page.entities {
            let name = entity.name(kind);
            self.nameless += u64::from(name.is_none() || entity.id.is_empty());
            if entity.id.is_empty() {
                continue;
            }
            match self.names.entry(entity.id.clone()) {
                Entry::Vacant(free) => {
                    free.insert(name);
                    self.entities.push(entity);
                }
                Entry::Occupied(known) if *known.get() != name && self.two_names.len() < TOLD => {
                    let id = EntityId::new(&entity.id);
                    let names = [known.get().clone().unwrap_or_default(), name.unwrap_or_default()];
                    self.two_names.push(Flaw::TwoNames { id, names });
                }
                Entry::Occupied(_) => {}
            }
        }
        self.entities.len() - before
    }

    /// Returns whether so many pages brought so few entities that there will be no end. `usual` is
    /// how many the first brought.
    fn bring_too_little(&self, usual: usize) -> bool {
        /// Pages that are read however little they bring.
        const ANYHOW: u64 = 50;
        /// Pages that no org has.
        const MOST: u64 = 10_000;
        let expected = self.entities.len().div_ceil(usual.max(1)) as u64;
        self.read > MOST || self.read > ANYHOW + 2 * expected
    }

    fn flaws(&self) -> Vec<Flaw> {
        let shown = self.entities.len() as u64;
        let mut flaws = self.two_names.clone();
        match self.total {
            Some(told) if told != shown => flaws.push(Flaw::Count { shown, told }),
            // Pages that end early are no flaw where everything was shown.
            Some(_) if self.totals_disagree => flaws.push(Flaw::Changed),
            None if self.was_given_up => flaws.push(Flaw::Pages { read: self.read }),
            Some(_) | None => {}
        }
        if self.nameless > 0 {
            flaws.push(Flaw::Nameless { count: self.nameless });
        }
        flaws
    }

    /// Returns whether reading once more may help; not where there was no end.
    fn may_be_whole_next_time(&self) -> bool {
        !self.was_given_up && !self.flaws().is_empty()
    }

    fn into_listing(self, kind: &'static Kind) -> Listing {
        let flaws = self.flaws();
        Listing {
            entities: self.entities.into_iter().map(|entity| entity.into_entity(kind)).collect(),
            is_complete: flaws.is_empty(),
            flaws,
            ..Listing::default()
        }
    }
}

impl Page {
    /// Returns how many pages there are, by the page's own word.
    fn page_count(&self, kind: &Kind) -> Option<u64> {
        let Paging::Numbered(page_size) = kind.paging;
        self.count.or_else(|| {
            let size = self.size.unwrap_or_else(|| page_size.into());
            Some(self.total?.div_ceil(size.max(1)))
        })
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
