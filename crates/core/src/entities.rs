//! The entities of a listing, and where each id and name stands among them.
//!
//! Never compares names but by the forms of [`crate::name`]. Invariant: the index is one of these very
//! entities: whoever gets at them to change them has dropped it, and the next question makes another.

use std::hash::{DefaultHasher, Hash, Hasher as _};
use std::ops::{Deref, DerefMut};
use std::sync::OnceLock;

use crate::entity::{Entity, EntityId, Key};
use crate::name;

/// Entities, looked up by id and name without going through all of them.
#[derive(Clone, Debug, Default)]
pub struct Entities {
    all: Vec<Entity>,
    index: OnceLock<Index>,
}

#[derive(Clone, Debug, Default)]
struct Index {
    ids: Places,
    keys: Places,
    loosest: Places,
    home: Option<usize>,
}

impl Index {
    fn of(all: &[Entity]) -> Self {
        let places = |hash: fn(&Entity) -> u64| Places::of(all.iter().map(hash));
        Self {
            ids: places(|entity| hash_of(&entity.id)),
            keys: places(|entity| hash_of(&exact_form(&entity.key))),
            loosest: places(|entity| hash_of(&loosest_form(&entity.key))),
            home: all.iter().position(|entity| entity.is_home),
        }
    }

    fn add(&mut self, at: usize, entity: &Entity) {
        self.ids.add(hash_of(&entity.id), at);
        self.keys.add(hash_of(&exact_form(&entity.key)), at);
        self.loosest.add(hash_of(&loosest_form(&entity.key)), at);
        if entity.is_home {
            self.home.get_or_insert(at);
        }
    }
}

/// Places of entities by a hash, in the order of both: of thousands of them nothing is kept twice, so who
/// looks up compares what it finds.
#[derive(Clone, Debug, Default)]
struct Places(Vec<(u64, usize)>);

impl Places {
    fn of(hashes: impl Iterator<Item = u64>) -> Self {
        let mut places: Vec<_> = hashes.enumerate().map(|(at, hash)| (hash, at)).collect();
        places.sort_unstable();
        Self(places)
    }

    fn add(&mut self, hash: u64, at: usize) {
        let end = self.0.partition_point(|known| *known <= (hash, at));
        self.0.insert(end, (hash, at));
    }

    fn with(&self, hash: u64) -> impl Iterator<Item = usize> {
        let start = self.0.partition_point(|(known, _)| *known < hash);
        self.0[start..].iter().take_while(move |(known, _)| *known == hash).map(|(_, at)| *at)
    }
}

fn hash_of(value: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

/// Returns the form of a key that equality looks at.
pub fn exact_form(key: &Key) -> Key {
    Key::from_parts(key.parts().iter().map(|part| name::nfc(part)).collect())
}

/// Returns the form of a key under which near ones meet, part by part.
pub fn loosest_form(key: &Key) -> Vec<String> {
    key.parts().iter().map(|part| name::loosest(part)).collect()
}

impl Entities {
    /// Returns the entity with this id.
    pub fn with_id(&self, id: &EntityId) -> Option<&Entity> {
        let mut found = self.index().ids.with(hash_of(id)).map(|at| &self.all[at]);
        found.find(|entity| entity.id == *id)
    }

    /// Returns the home entity, where there is one.
    pub(crate) fn home(&self) -> Option<&Entity> {
        self.index().home.map(|at| &self.all[at])
    }

    /// Adds an entity; the index grows with it.
    pub fn add(&mut self, entity: Entity) {
        if let Some(index) = self.index.get_mut() {
            index.add(self.all.len(), &entity);
        }
        self.all.push(entity);
    }

    /// Returns the entities whose key equals this one, by id.
    pub fn equal_to(&self, key: &Key) -> Vec<&Entity> {
        let wanted = exact_form(key);
        let places = self.index().keys.with(hash_of(&wanted));
        self.at(places, |entity| exact_form(&entity.key) == wanted)
    }

    /// Returns the entities whose key equals this one or may be near it, by id.
    pub(crate) fn around(&self, key: &Key) -> Vec<&Entity> {
        let wanted = loosest_form(key);
        let places = self.index().loosest.with(hash_of(&wanted));
        self.at(places, |entity| loosest_form(&entity.key) == wanted)
    }

    /// The order of the listing must not show.
    fn at(
        &self,
        places: impl Iterator<Item = usize>,
        is_meant: impl Fn(&Entity) -> bool,
    ) -> Vec<&Entity> {
        let entities = places.map(|at| &self.all[at]).filter(|entity| is_meant(entity));
        let mut entities: Vec<&Entity> = entities.collect();
        entities.sort_by(|one, other| one.id.cmp(&other.id));
        entities
    }

    fn index(&self) -> &Index {
        self.index.get_or_init(|| Index::of(&self.all))
    }
}

impl Deref for Entities {
    type Target = Vec<Entity>;

    fn deref(&self) -> &Vec<Entity> {
        &self.all
    }
}

impl DerefMut for Entities {
    /// Drops the index.
    fn deref_mut(&mut self) -> &mut Vec<Entity> {
        self.index.take();
        &mut self.all
    }
}

impl PartialEq for Entities {
    fn eq(&self, other: &Self) -> bool {
        self.all == other.all
    }
}

impl From<Vec<Entity>> for Entities {
    fn from(all: Vec<Entity>) -> Self {
        Self { all, index: OnceLock::new() }
    }
}

impl From<Entities> for Vec<Entity> {
    fn from(entities: Entities) -> Self {
        entities.all
    }
}

impl FromIterator<Entity> for Entities {
    fn from_iter<I: IntoIterator<Item = Entity>>(entities: I) -> Self {
        Vec::from_iter(entities).into()
    }
}

impl IntoIterator for Entities {
    type Item = Entity;
    type IntoIter = std::vec::IntoIter<Entity>;

    fn into_iter(self) -> Self::IntoIter {
        self.all.into_iter()
    }
}

impl<'e> IntoIterator for &'e Entities {
    type Item = &'e Entity;
    type IntoIter = std::slice::Iter<'e, Entity>;

    fn into_iter(self) -> Self::IntoIter {
        self.all.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Attributes;
    use crate::kinds::division::DIVISION;

    fn entity(id: &str, name: &str) -> Entity {
        Entity {
            kind: &DIVISION,
            id: EntityId::new(id),
            key: Key::name(name),
            attributes: Attributes::new(),
            is_home: false,
        }
    }

    fn ids(entities: Vec<&Entity>) -> Vec<&str> {
        entities.into_iter().map(|entity| entity.id.as_str()).collect()
    }

    #[test]
    fn what_was_changed_is_found_as_it_is_now() {
        let mut entities = Entities::from(vec![entity("b", "Zürich")]);
        let (name, other) = (Key::name("Zu\u{308}rich"), Key::name("zürich "));
        assert_eq!(ids(entities.equal_to(&name)), ["b"]);
        entities.push(entity("a", "Zürich"));
        assert_eq!(ids(entities.equal_to(&name)), ["a", "b"]);
        entities.add(Entity { is_home: true, ..entity("c", "ZÜRICH") });
        assert_eq!(entities.home().unwrap().id.as_str(), "c");
        assert_eq!(ids(entities.equal_to(&name)), ["a", "b"]);
        assert_eq!(ids(entities.equal_to(&other)), [""; 0]);
        assert_eq!(ids(entities.around(&other)), ["a", "b", "c"]);
        entities[0].key = Key::name("Bern");
        entities.retain(|entity| entity.id.as_str() != "a");
        assert_eq!(ids(entities.equal_to(&name)), [""; 0]);
        assert_eq!(ids(entities.equal_to(&Key::name("Bern"))), ["b"]);
        assert!(entities.with_id(&EntityId::new("a")).is_none());
        assert_eq!(entities.with_id(&EntityId::new("c")).unwrap().key, Key::name("ZÜRICH"));
    }
}
