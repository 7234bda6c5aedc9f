//! What an org is known to hold, asked for with as few requests as will do.
//!
//! Never changes the org, and never compares: [`resolve_wishes`] says what each wish comes to. Invariant:
//! what a listing may lack is called a gap.

use std::collections::HashSet;

use divvy_core::name::nfc;
use divvy_core::survey::Listing;
use divvy_core::wish::{Wished, resolve_wishes};
use divvy_core::{Entity, EntityId, Key, Kind};
use divvy_genesys::{Client, Error, NewEntity};

/// The entities of one kind in an org, ready to be looked up.
pub(crate) struct Known {
    kind: &'static Kind,
    listing: Listing,
    paths: HashSet<String>,
}

impl Known {
    /// Looks for entities: one by a search first, several (or one that no search shows) in one
    /// listing.
    pub(crate) async fn ask(
        client: &Client,
        kind: &'static Kind,
        wishes: &[NewEntity],
    ) -> Result<Self, Error> {
        if let [only] = wishes {
            match client.search(kind, &only.key).await {
                Ok(found) if found.iter().any(|entity| only.is(entity)) => {
                    return Ok(Self::of(kind, found));
                }
                // Some characters are too much for a search.
                Err(error) if !error.is_about_the_term() => return Err(error),
                Ok(_) | Err(_) => {}
            }
        }
        Self::all(client, kind).await
    }

    /// Lists every entity of a kind.
    pub(crate) async fn all(client: &Client, kind: &'static Kind) -> Result<Self, Error> {
        Ok(Self::of_listing(kind, client.listing(kind).await?))
    }

    /// Takes what a listing showed, and notes what it left open.
    pub(crate) fn of_listing(kind: &'static Kind, listing: Listing) -> Self {
        let paths = listing.entities.iter().filter_map(|entity| entity.text("path").map(nfc));
        Self { kind, paths: paths.collect(), listing }
    }

    /// Takes entities that are all there is to know.
    pub(crate) fn of(kind: &'static Kind, entities: Vec<Entity>) -> Self {
        let entities = entities.into();
        Self::of_listing(kind, Listing { entities, is_complete: true, ..Listing::default() })
    }

    /// Returns why absence proves nothing here, in words.
    pub(crate) fn gap(&self) -> Option<String> {
        self.listing.gap()
    }

    /// Returns the ids of all that is known.
    pub(crate) fn ids(&self) -> impl Iterator<Item = &EntityId> {
        self.listing.entities.iter().map(|entity| &entity.id)
    }

    /// Says what each wish comes to, in their order.
    pub(crate) fn resolve<'w>(
        &self,
        wishes: impl IntoIterator<Item = &'w NewEntity>,
    ) -> Vec<Wished> {
        let keys: Vec<Key> = wishes.into_iter().map(|wish| wish.key.clone()).collect();
        resolve_wishes(self.kind, &keys, &self.listing)
    }

    /// Returns whether the parent of a wish is there: an entity of that path (whatever its name),
    /// or, without paths, of that name.
    pub(crate) fn has_parent(&self, parent: &NewEntity) -> bool {
        match parent.path() {
            Some(path) => self.paths.contains(&nfc(path)),
            None => !self.listing.entities.equal_to(&parent.key).is_empty(),
        }
    }

    /// Gives the entities back.
    pub(crate) fn into_entities(self) -> Vec<Entity> {
        self.listing.entities.into()
    }
}
