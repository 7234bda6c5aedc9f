//! Reading an org and its entities, for any kind: list, get, search, count.
//!
//! Never names a kind: everything specific comes from [`Kind`] and the dialect. Changes nothing, and
//! leaves the way from page to page to `paging`.

use std::collections::{BTreeMap, BTreeSet};

use divvy_core::kind::{Filling, Shows, placeholders};
use divvy_core::survey::{ById, Listing};
use divvy_core::{Entity, EntityId, Key, Kind, OrgId};
use futures_util::future::try_join_all;

use crate::call::Call;
use crate::client::Client;
use crate::dialect::Dialect;
use crate::error::{Error, Reason};
use crate::wire::{OrganizationReply, Reading, WireEntity};

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

    /// Asks for one entity of a kind, to learn whether its list may be read.
    ///
    /// # Errors
    /// What a listing would be told.
    pub async fn may_list(&self, kind: &'static Kind) -> Result<(), Error> {
        let mut call = self.collection(kind);
        if kind.list.is_some_and(|list| list.page_size.is_some()) {
            call = call.parameter("pageSize", 1);
        }
        self.send::<serde::de::IgnoredAny>(&call).await.map(drop)
    }

    /// Lists every visible entity of a kind: one page, then all others at the same time where their
    /// number is known.
    pub async fn listing(&self, kind: &'static Kind) -> Result<Listing, Error> {
        self.listing_at(kind, &Filling::new()).await
    }

    /// Lists as [`Client::listing`] does, where the kind's path has placeholders. What is below
    /// something that does not exist is an empty listing.
    pub async fn listing_at(
        &self,
        kind: &'static Kind,
        filling: &Filling,
    ) -> Result<Listing, Error> {
        let reading = Reading { kind, filling };
        let call = self.reading(&reading);
        let answer = if kind.list.is_some_and(|list| list.is_item) {
            let one = self.send::<WireEntity>(&call).await;
            one.map(|entity| Listing {
                entities: vec![entity.into_entity(&reading)].into(),
                is_complete: true,
                ..Listing::default()
            })
        } else {
            self.whole_list(&reading, &call).await
        };
        let mut listing = match answer {
            Err(error) if error.reason == Reason::NotFound && !filling.is_empty() => {
                Listing { is_complete: true, ..Listing::default() }
            }
            answer => answer?,
        };
        listing.read.extend((!filling.is_empty()).then(|| filling.clone()));
        Ok(listing)
    }

    /// Reads a listing; one that is told in halves is read twice at the same time.
    async fn whole_list(&self, reading: &Reading<'_>, call: &Call) -> Result<Listing, Error> {
        let read = async |call: Call| {
            self.list(reading, &call).await.map(|pages| pages.into_listing(reading))
        };
        let halves = reading.kind.list.and_then(|list| list.halves);
        let Some(halves) = halves.filter(|_| self.connection().dialect() == Dialect::Published)
        else {
            return read(call.clone()).await;
        };
        let half = |which: &str| read(call.clone().query(halves, which));
        let (mut one, other) = tokio::try_join!(half("false"), half("true"))?;
        one.join(other);
        Ok(one)
    }

    /// Lists as [`Client::listing`] does, and counts each entity's objects.
    pub async fn listing_with_counts(
        &self,
        kind: &'static Kind,
    ) -> Result<(Listing, ObjectCounts), Error> {
        let call = self.collection(kind).query("objectCount", "true");
        let reading = Reading { kind, filling: &[] };
        let pages = self.list(&reading, &call).await?;
        let counts = pages
            .entities
            .iter()
            .map(|entity| (EntityId::new(&entity.id), entity.object_counts()))
            .collect();
        Ok((pages.into_listing(&reading), counts))
    }

    /// Searches by the parts of a key. What matches is the API's decision: compare the keys again.
    pub async fn search(&self, kind: &'static Kind, key: &Key) -> Result<Vec<Entity>, Error> {
        let shown = kind.key.iter().zip(key.parts()).filter_map(|(part, text)| match part.shows {
            Shows::Field(field) => Some((field, text)),
            Shows::InPath(_) => None,
        });
        let call = shown.fold(self.collection(kind), |call, (field, text)| call.query(field, text));
        let reading = Reading { kind, filling: &[] };
        let pages = self.list(&reading, &call).await?;
        Ok(pages.into_listing(&reading).entities.into())
    }

    /// Asks for entities by id, all at the same time; 404 is [`ById::Absent`]. Where nobody knows how to
    /// ask for one by its id there is no answer.
    pub async fn by_ids(
        &self,
        kind: &'static Kind,
        ids: impl IntoIterator<Item = &EntityId>,
    ) -> Result<BTreeMap<EntityId, ById>, Error> {
        let ids: BTreeSet<&EntityId> = ids.into_iter().collect();
        let answers = ids.into_iter().map(|id| self.by_id(kind, id));
        Ok(try_join_all(answers).await?.into_iter().flatten().collect())
    }

    async fn by_id(
        &self,
        kind: &'static Kind,
        id: &EntityId,
    ) -> Result<Option<(EntityId, ById)>, Error> {
        // A URL cannot carry these as one segment, and no entity is called so.
        if matches!(id.as_str(), "" | "." | "..") {
            return Ok(Some((id.clone(), ById::Absent)));
        }
        let dialect = self.connection().dialect();
        let (path, filling) = match dialect {
            Dialect::Pathed => {
                let path = format!("{}/{}", dialect.collection(kind), segment(id.as_str()));
                (path, Filling::new())
            }
            Dialect::Published => match item(kind, id) {
                Some(item) => item,
                None => return Ok(None),
            },
        };
        let reading = Reading { kind, filling: &filling };
        let call = Call::get(path).needs(dialect.needs_to_list(kind));
        let answer = match self.send::<WireEntity>(&call).await {
            Ok(entity) if entity.identity(&reading) == *id => {
                ById::Present(entity.into_entity(&reading))
            }
            Ok(entity) => return Err(self.other_entity(&call, &entity.into_entity(&reading))),
            Err(error) if error.reason == Reason::NotFound => ById::Absent,
            Err(error) => return Err(error),
        };
        Ok(Some((id.clone(), answer)))
    }

    /// Asks for the org's home entity of a kind that has one.
    pub async fn home(&self, kind: &'static Kind) -> Result<Option<Entity>, Error> {
        if kind.special.is_none() {
            return Ok(None);
        }
        let call = Call::get(format!("{}/home", kind.collection));
        let home: WireEntity = self.send(&call).await?;
        Ok(Some(home.into_entity(&Reading { kind, filling: &[] })))
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
        let reading = Reading { kind, filling: &[] };
        match self.pages(&reading, &call).await {
            Ok(pages) => Ok(Some(pages.into_entities(&reading).collect())),
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
        let reading = Reading { kind, filling: &[] };
        Ok(divisions.into_iter().map(|division| division.into_entity(&reading)).collect())
    }

    /// Makes the request that lists a kind.
    pub(crate) fn collection(&self, kind: &'static Kind) -> Call {
        self.reading(&Reading { kind, filling: &[] })
    }

    /// Makes the request that reads what there is of a kind at one place.
    fn reading(&self, reading: &Reading<'_>) -> Call {
        let dialect = self.connection().dialect();
        let path = filled(dialect.collection(reading.kind), reading.filling);
        let is_query = reading.kind.list.is_some_and(|list| list.is_query);
        let call = if is_query { Call::question(path) } else { Call::get(path) };
        call.needs(dialect.needs_to_list(reading.kind))
    }
}

/// Fills the placeholders of a path from the left.
fn filled(template: &str, filling: &[String]) -> String {
    let mut parts = template.split('{');
    let mut path = parts.next().unwrap_or_default().to_owned();
    let values = filling.iter().map(String::as_str).chain(std::iter::repeat(""));
    for (part, value) in parts.zip(values) {
        path.push_str(&segment(value));
        path.push_str(part.split_once('}').map_or("", |(_, after)| after));
    }
    path
}

/// Returns the path of one entity, and what would fill the path that lists its like.
fn item(kind: &'static Kind, id: &EntityId) -> Option<(String, Filling)> {
    let parts = kind.import_id.split(id.as_str())?;
    let value = |name: &str| parts.iter().find(|(known, _)| *known == name).map(|(_, text)| *text);
    let of_key = |placeholder: &str| {
        let mut key = kind.key.iter();
        key.find_map(|part| part.shows.fills(placeholder, value(part.terraform)?))
    };
    // The last placeholder is the entity's own.
    let own = value("id").or_else(|| parts.last().map(|(_, text)| *text))?;
    let path = kind.item?;
    let fill = |placeholder| of_key(placeholder).unwrap_or(own).to_owned();
    let places: Filling = placeholders(path).map(fill).collect();
    let listed: Option<Filling> = placeholders(kind.list?.path)
        .map(|placeholder| of_key(placeholder).map(str::to_owned))
        .collect();
    Some((filled(path, &places), listed?))
}

/// Escapes one segment of a path, or the value of a parameter: whatever is not unreserved, a slash too.
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
