//! What an org is known to hold, asked for with as few requests as will do.
//!
//! Never changes the org. Invariant: an exact match is one on the NFC form, and several of them are
//! never narrowed down by guessing.

use std::collections::{HashMap, HashSet};

use divvy_core::kinds::division::DIVISION;
use divvy_core::name::{loosest, nfc};
use divvy_core::survey::Listing;
use divvy_core::{Entity, EntityId};
use divvy_genesys::{Client, Error, NewEntity};

use super::wish::{Identity, name_of};

/// Divisions of an org, ready to be looked up.
#[derive(Default)]
pub(crate) struct Known {
    entities: Vec<Entity>,
    by_identity: HashMap<Identity, Vec<usize>>,
    by_loosest_name: HashMap<String, Vec<usize>>,
    paths: HashSet<String>,
    /// What is wrong with the listing, so that absence from it proves nothing; else `None`.
    gap: Option<String>,
}

/// What is known of one wish.
#[derive(Debug, PartialEq)]
pub(crate) enum Match<'k> {
    None,
    One(&'k Entity),
    /// Spelt differently in bytes, or a server that took a name twice.
    Several(Vec<&'k Entity>),
}

impl Known {
    /// Looks for divisions: one by a search first, several (or one that no search shows) in one
    /// listing.
    pub(crate) async fn ask(client: &Client, wishes: &[NewEntity]) -> Result<Self, Error> {
        if let [only] = wishes {
            match client.search(&DIVISION, name_of(only), only.path.as_deref()).await {
                Ok(found) if found.iter().any(|entity| only.is(entity)) => {
                    return Ok(Self::of(found));
                }
                // Some characters are too much for a search.
                Err(error) if !error.is_about_the_term() => return Err(error),
                Ok(_) | Err(_) => {}
            }
        }
        Self::all(client).await
    }

    /// Lists every division.
    pub(crate) async fn all(client: &Client) -> Result<Self, Error> {
        Ok(Self::of_listing(client.listing(&DIVISION).await?))
    }

    /// Indexes what a listing showed, and notes what it left open.
    pub(crate) fn of_listing(listing: Listing) -> Self {
        let gap = listing.gap();
        Self { gap, ..Self::of(listing.entities.into()) }
    }

    /// Returns why absence proves nothing here, in words.
    pub(crate) fn gap(&self) -> Option<&str> {
        self.gap.as_deref()
    }

    /// Returns the ids of all that is known.
    pub(crate) fn ids(&self) -> impl Iterator<Item = &EntityId> {
        self.entities.iter().map(|entity| &entity.id)
    }

    /// Indexes divisions.
    pub(crate) fn of(entities: Vec<Entity>) -> Self {
        let mut known = Self::default();
        for (index, entity) in entities.iter().enumerate() {
            let name = entity.key.to_string();
            let path = entity.text("path").map(nfc);
            known.paths.extend(path.clone());
            known.by_loosest_name.entry(loosest(&name)).or_default().push(index);
            known.by_identity.entry(Identity(nfc(&name), path)).or_default().push(index);
        }
        Self { entities, ..known }
    }

    /// Returns the division that a wish asks for. Among several the one with its very bytes counts.
    pub(crate) fn matching(&self, wish: &NewEntity) -> Match<'_> {
        let identity = Identity::of(wish);
        let found = self.by_identity.get(&identity).map_or(&[][..], Vec::as_slice);
        let found: Vec<&Entity> = found.iter().map(|&index| &self.entities[index]).collect();
        let is_same = |entity: &&&Entity| entity.key == wish.key;
        match found[..] {
            [] => Match::None,
            [only] => Match::One(only),
            _ => match found.iter().filter(is_same).collect::<Vec<_>>()[..] {
                [only] => Match::One(only),
                _ => Match::Several(found),
            },
        }
    }

    /// Returns divisions whose name (and path) is nearly the wish's.
    pub(crate) fn near(&self, wish: &NewEntity) -> Vec<&Entity> {
        let path = wish.path.as_deref().map(loosest);
        let found = self.by_loosest_name.get(&loosest(name_of(wish)));
        let found = found.into_iter().flatten().map(|&index| &self.entities[index]);
        let is_near =
            |entity: &&Entity| !wish.is(entity) && entity.text("path").map(loosest) == path;
        found.filter(is_near).collect()
    }

    /// Returns whether the parent of a wish is there: a division of that path (whatever its name),
    /// or, without paths, of that name.
    pub(crate) fn has_parent(&self, parent: &NewEntity) -> bool {
        match &parent.path {
            Some(path) => self.paths.contains(&nfc(path)),
            None => self.matching(parent) != Match::None,
        }
    }

    /// Gives the divisions back.
    pub(crate) fn into_entities(self) -> Vec<Entity> {
        self.entities
    }
}

#[cfg(test)]
mod tests {
    use divvy_core::{Attributes, Key};

    use super::*;

    fn division(id: &str, name: &str, path: Option<&str>) -> Entity {
        let path = path.map(|path| ("path".to_owned(), path.into()));
        Entity {
            kind: &DIVISION,
            id: EntityId::new(id),
            key: Key::name(name),
            attributes: path.into_iter().collect::<Attributes>(),
            is_home: false,
        }
    }

    #[test]
    fn among_equal_names_the_very_bytes_count_and_twins_are_told() {
        let known = Known::of(vec![
            division("1", "Zürich", None),
            division("2", "Zu\u{308}rich", None),
            division("3", "Twin", None),
            division("4", "Twin", None),
        ]);
        let id = |name: &str| match known.matching(&NewEntity::new(name)) {
            Match::None => "none".to_owned(),
            Match::One(entity) => entity.id.to_string(),
            Match::Several(entities) => format!("{} of them", entities.len()),
        };
        assert_eq!((id("Zürich"), id("Zu\u{308}rich")), ("1".to_owned(), "2".to_owned()));
        assert_eq!((id("Twin"), id("twin")), ("2 of them".to_owned(), "none".to_owned()));
        assert_eq!(known.near(&NewEntity::new("twin ")).len(), 2);
        assert_eq!(known.near(&NewEntity::new("Zu\u{308}rich")).len(), 0);
    }

    #[test]
    fn name_and_path_make_a_match_and_the_path_alone_a_parent() {
        let known = Known::of(vec![division("1", "Eng.", Some("/Engineering"))]);
        let wish = |name: &str| NewEntity::new(name).with_path("/Engineering");
        assert_eq!(known.matching(&wish("Engineering")), Match::None);
        assert!(matches!(known.matching(&wish("Eng.")), Match::One(_)));
        assert!(known.has_parent(&wish("Engineering")));
        assert_eq!(known.near(&wish("ENG.")).len(), 1);
        assert_eq!(known.near(&NewEntity::new("Eng.").with_path("/Labs/Eng.")).len(), 0);
    }
}
