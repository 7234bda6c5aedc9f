//! What our own client reads of one org during a run: each listing once, and again where a refused
//! create says that it is not what it was.
//!
//! Reads only. Invariants: one listing of a kind and place serves every create of the run; those that
//! look again at the same time share one.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use divvy_core::kind::{DIVISION_ID, Filling};
use divvy_core::survey::{Listing, Org, Seen};
use divvy_core::{Entity, Key, Kind, OrgId};
use divvy_genesys::Client;
use tokio::sync::OnceCell;
use tokio::time::Instant;

use crate::survey::listed;

/// What a refused create looks for.
pub(crate) struct Wanted {
    /// Its key.
    pub(crate) key: Key,
    /// The division that it is to be in, as far as that is known.
    pub(crate) division: Option<String>,
    /// True if something of this key is there for certain, so that a list without it lags.
    pub(crate) is_there: bool,
}

impl Wanted {
    fn is(&self, entity: &Entity) -> bool {
        let division = self.division.as_deref().zip(entity.text(DIVISION_ID));
        division.is_none_or(|(wanted, found)| wanted == found)
    }
}

/// What was deleted of a kind, read once; none where that cannot be learnt.
type Deleted = OnceCell<Option<Arc<[Entity]>>>;

/// One org, as our own client reads it.
pub(crate) struct Reader {
    client: Client,
    pub(crate) id: OrgId,
    pub(crate) org: Org,
    /// By kind, and by what fills the path that is read.
    places: Mutex<BTreeMap<(&'static Kind, Filling), Arc<Place>>>,
    deleted: Mutex<BTreeMap<&'static Kind, Arc<Deleted>>>,
}

/// What was read at one place.
#[derive(Default)]
struct Place {
    first: OnceCell<Arc<Seen>>,
    /// The youngest listing after the first, and when it began.
    later: tokio::sync::Mutex<Option<(Instant, Arc<Listing>)>>,
}

impl Reader {
    /// Begins with nothing read.
    pub(crate) fn new(client: Client, id: OrgId, org: Org) -> Self {
        Self { client, id, org, places: Mutex::default(), deleted: Mutex::default() }
    }

    /// Returns what the org has of a kind at one place, read once.
    pub(crate) async fn seen(&self, kind: &'static Kind, filling: &Filling) -> Arc<Seen> {
        let place = self.place(kind, filling);
        let read = || async {
            let seen = listed(&self.client, kind, filling).await;
            Arc::new(seen.unwrap_or_else(|error| Seen::Unlisted(error.with_hints().into())))
        };
        Arc::clone(place.first.get_or_init(read).await)
    }

    /// Looks for an entity that the first listing lacks; reads again while the list lags.
    pub(crate) async fn look_again(&self, kind: &'static Kind, wanted: &Wanted) -> Vec<Entity> {
        let Some(filling) = kind.filling(&wanted.key) else { return Vec::new() };
        let mut waits = self.client.waits_for_a_list();
        loop {
            let Some(listing) = self.younger(kind, &filling, Instant::now()).await else {
                return Vec::new();
            };
            let found = listing.entities.equal_to(&wanted.key);
            let wait = waits.next().filter(|_| wanted.is_there);
            match wait.filter(|_| !found.iter().any(|entity| wanted.is(entity))) {
                None => return found.into_iter().cloned().collect(),
                Some(wait) => {
                    if self.client.wait_for_the_list(kind, wait).await.is_err() {
                        return Vec::new();
                    }
                }
            }
        }
    }

    /// Returns a listing that began after a moment.
    async fn younger(
        &self,
        kind: &'static Kind,
        filling: &Filling,
        than: Instant,
    ) -> Option<Arc<Listing>> {
        let place = self.place(kind, filling);
        let mut later = place.later.lock().await;
        if let Some((_, listing)) = later.as_ref().filter(|(began, _)| *began >= than) {
            return Some(Arc::clone(listing));
        }
        let began = Instant::now();
        match self.client.listing_at(kind, filling).await {
            Ok(listing) => {
                let listing = Arc::new(listing);
                *later = Some((began, Arc::clone(&listing)));
                Some(listing)
            }
            Err(error) => {
                tracing::warn!(%error, "the org could not be read again");
                None
            }
        }
    }

    /// Lists what was deleted and may be restored, once; none where that cannot be learnt.
    pub(crate) async fn deleted(&self, kind: &'static Kind) -> Option<Arc<[Entity]>> {
        let deleted = {
            let mut deleted = self.deleted.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(deleted.entry(kind).or_default())
        };
        let list = || async {
            let deleted = self.client.deleted(kind).await.unwrap_or_else(|error| {
                tracing::warn!(%error, "the deleted ones could not be listed");
                None
            });
            deleted.map(Arc::from)
        };
        deleted.get_or_init(list).await.clone()
    }

    fn place(&self, kind: &'static Kind, filling: &Filling) -> Arc<Place> {
        let mut places = self.places.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(places.entry((kind, filling.clone())).or_default())
    }
}
