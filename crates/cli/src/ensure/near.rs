//! Names that nobody may have meant: a missing one that differs from another only as a person
//! overlooks.
//!
//! Never decides: a name is withheld until a person says that it is new. Invariant: what is withheld
//! is not created, and neither is what would lie in it.

use std::collections::HashSet;

use divvy_core::Key;
use divvy_core::wish::{Near, Wished};
use divvy_genesys::NewEntity;

use super::known::Known;
use super::wish::{identity, shown_key};

/// Why a missing entity was not created.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Withheld {
    /// These have nearly its name.
    Near(Vec<Near>),
    /// The listing has a gap, so it may exist unseen.
    Gap(String),
}

/// Returns what a near one is and in what it differs, for a sentence.
pub(crate) fn words(near: &Near) -> String {
    let ways: Vec<&str> = near.differs.iter().map(|way| way.words()).collect();
    let (shown, ways) = (shown_key(&near.key), ways.join(" and "));
    match &near.id {
        Some(id) => format!("{shown} exists ({id}) and differs only in {ways}"),
        None => format!("{shown} is asked for too and differs only in {ways}"),
    }
}

/// Finds what is near each of the missing wishes, by their indices. `meant` are those that a person
/// called new.
pub(crate) fn near_ones(
    wishes: &[NewEntity],
    missing: &[usize],
    known: &Known,
    meant: &HashSet<Key>,
) -> Vec<(usize, Vec<Near>)> {
    let is_meant = |key: &Key| meant.contains(&identity(key));
    let answers = known.resolve(missing.iter().map(|index| &wishes[*index]));
    let unmeant = missing.iter().zip(answers).filter(|(index, _)| !is_meant(&wishes[**index].key));
    unmeant
        .filter_map(|(index, answer)| {
            let Wished::Missing(mut near) = answer else { return None };
            near.retain(|near| near.id.is_some() || !is_meant(&near.key));
            (!near.is_empty()).then_some((*index, near))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use divvy_core::kinds::division::DIVISION;
    use divvy_core::{Attributes, Entity, EntityId};

    use super::*;

    fn near(existing: &[&str], wishes: &[&str], meant: &[&str]) -> Vec<(String, String)> {
        let entity = |name: &&str| Entity {
            kind: &DIVISION,
            id: EntityId::new(format!("id of {name}")),
            key: Key::name(*name),
            attributes: Attributes::new(),
            is_home: false,
        };
        let known = Known::of(&DIVISION, existing.iter().map(entity).collect());
        let wishes: Vec<NewEntity> = wishes.iter().map(|name| NewEntity::new(*name)).collect();
        let missing: Vec<usize> = (0..wishes.len()).collect();
        let meant = meant.iter().map(|name| identity(&Key::name(*name))).collect();
        let found = near_ones(&wishes, &missing, &known, &meant).into_iter();
        found.map(|(index, near)| (wishes[index].name().to_owned(), words(&near[0]))).collect()
    }

    #[test]
    fn a_name_that_nearly_exists_is_withheld_until_it_is_called_new() {
        let found = near(&["Sales EMEA"], &["sales emea", "Other"], &[]);
        let told = "\"Sales EMEA\" exists (id of Sales EMEA) and differs only in letter case";
        assert_eq!(found, [("sales emea".to_owned(), told.to_owned())]);
        assert!(near(&["Sales EMEA"], &["sales emea"], &["sales emea"]).is_empty());
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
