//! Names that nobody may have meant: a missing one that differs from another only as a person
//! overlooks.
//!
//! Never decides: a name is withheld until a person says that it is new. Invariant: what is withheld
//! is not created, and neither is what would lie in it.

use std::collections::{BTreeSet, HashMap, HashSet};

use divvy_core::name::{Likeness, compare, loosest, visible};
use divvy_core::{Difference, EntityId};
use divvy_genesys::NewEntity;

use super::known::Known;
use super::wish::{Identity, name_of, shown};

/// Why a missing division was not created.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Withheld {
    /// These have nearly its name.
    Near(Vec<Near>),
    /// The listing has a gap, so it may exist unseen.
    Gap(String),
}

/// Something with nearly the same name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Near {
    /// Its name (and path), ready to be shown.
    shown: String,
    /// Its id; `None` for a name of the same list that does not exist either.
    id: Option<EntityId>,
    differs: BTreeSet<Difference>,
}

impl Near {
    /// Returns what it is and in what it differs, for a sentence.
    pub(crate) fn words(&self) -> String {
        let ways: Vec<&str> = self.differs.iter().map(|way| way.words()).collect();
        let ways = ways.join(" and ");
        match &self.id {
            Some(id) => format!("{} exists ({id}) and differs only in {ways}", self.shown),
            None => format!("{} is asked for too and differs only in {ways}", self.shown),
        }
    }
}

/// Finds what is near each of the missing wishes, by their indices. `meant` are those that a person
/// called new.
pub(crate) fn near_ones(
    wishes: &[NewEntity],
    missing: &[usize],
    known: &Known,
    meant: &HashSet<Identity>,
) -> Vec<(usize, Vec<Near>)> {
    let form = |wish: &NewEntity| (loosest(name_of(wish)), wish.path.as_deref().map(loosest));
    let mut alike: HashMap<_, Vec<usize>> = HashMap::new();
    for index in missing {
        alike.entry(form(&wishes[*index])).or_default().push(*index);
    }
    let is_meant = |index: usize| meant.contains(&Identity::of(&wishes[index]));
    let unmeant = missing.iter().copied().filter(|index| !is_meant(*index));
    unmeant
        .filter_map(|index| {
            let wish = &wishes[index];
            let existing = known.near(wish).into_iter().map(|entity| {
                let (name, path) = (entity.key.to_string(), entity.text("path"));
                Near {
                    shown: path.map_or_else(
                        || visible(&name),
                        |path| format!("{} at path {}", visible(&name), visible(path)),
                    ),
                    id: Some(entity.id.clone()),
                    differs: differences(wish, &name, path),
                }
            });
            let others = alike[&form(wish)].iter().copied();
            let others = others.filter(|other| *other != index && !is_meant(*other)).map(|other| {
                let other = &wishes[other];
                let differs = differences(wish, name_of(other), other.path.as_deref());
                Near { shown: shown(other), id: None, differs }
            });
            let near: Vec<Near> = existing.chain(others).collect();
            (!near.is_empty()).then_some((index, near))
        })
        .collect()
}

fn differences(wish: &NewEntity, name: &str, path: Option<&str>) -> BTreeSet<Difference> {
    let of = |one: &str, other: &str| match compare(one, other) {
        Likeness::Near(ways) => ways,
        Likeness::Equal | Likeness::Different => BTreeSet::new(),
    };
    let mut ways = of(name_of(wish), name);
    if let (Some(wanted), Some(path)) = (&wish.path, path) {
        ways.extend(of(wanted, path));
    }
    ways
}

#[cfg(test)]
mod tests {
    use divvy_core::kinds::division::DIVISION;
    use divvy_core::{Attributes, Entity, Key};

    use super::*;

    fn near(existing: &[&str], wishes: &[&str], meant: &[&str]) -> Vec<(String, String)> {
        let entity = |name: &&str| Entity {
            kind: &DIVISION,
            id: EntityId::new(format!("id of {name}")),
            key: Key::name(*name),
            attributes: Attributes::new(),
            is_home: false,
        };
        let known = Known::of(existing.iter().map(entity).collect());
        let wishes: Vec<NewEntity> = wishes.iter().map(|name| NewEntity::new(*name)).collect();
        let missing: Vec<usize> = (0..wishes.len()).collect();
        let meant = meant.iter().map(|name| Identity::of(&NewEntity::new(*name))).collect();
        let found = near_ones(&wishes, &missing, &known, &meant).into_iter();
        found.map(|(index, near)| (name_of(&wishes[index]).to_owned(), near[0].words())).collect()
    }

    #[test]
    fn each_way_of_overlooking_a_difference_is_noticed() {
        for (name, way) in [
            ("sales emea", "letter case"),
            ("Sales  EMEA", "blanks"),
            ("Sales\u{a0}EMEA", "blanks"),
            ("Sales EMEA\u{200b}", "blanks"),
            ("Ｓales EMEA", "compatibility characters"),
            ("Sаles EMEA", "look-alike letters"),
        ] {
            let found = near(&["Sales EMEA"], &[name, "Other"], &[]);
            assert_eq!(found.len(), 1, "{name}");
            let told =
                format!("\"Sales EMEA\" exists (id of Sales EMEA) and differs only in {way}");
            assert_eq!(found[0], (name.to_owned(), told));
            assert!(near(&["Sales EMEA"], &[name], &[name]).is_empty(), "{name}");
        }
    }

    #[test]
    fn two_of_one_list_are_withheld_until_one_is_called_new() {
        let found = near(&[], &["Sales", "sales", "Ops"], &[]);
        assert_eq!(found.len(), 2, "{found:?}");
        assert_eq!(found[0].1, "\"sales\" is asked for too and differs only in letter case");
        assert!(near(&[], &["Sales", "sales"], &["sales"]).is_empty());
        assert_eq!(near(&["SALES"], &["Sales", "sales"], &["sales"]).len(), 1);
    }
}
