//! The creates that a walk of Terraform has not come to yet, and those that no apply has ended.
//!
//! Terraform walks its plan several times, and the protocol names no instance: a create is found again
//! by its provider configuration, type and key. Invariant: of several equal ones the first is taken.

use std::collections::{BTreeSet, HashMap};

use divvy_core::{Key, Kind};
use divvy_plugin::proxy::AliasToken;

/// What a create is found again by; without a key where its name was not known.
type Mark = (AliasToken, &'static Kind, Option<Key>);

/// Creates by their numbers.
#[derive(Default)]
pub(super) struct Waiting {
    marks: Vec<Mark>,
    unseen: HashMap<Mark, BTreeSet<usize>>,
    unsettled: HashMap<Mark, BTreeSet<usize>>,
    settled: BTreeSet<usize>,
}

impl Waiting {
    /// Begins a walk: it has come to none of the creates of this provider configuration.
    pub(super) fn begin_walk(&mut self, token: &AliasToken) {
        for (number, mark) in self.marks.iter().enumerate().filter(|(_, mark)| mark.0 == *token) {
            self.unseen.entry(mark.clone()).or_default().insert(number);
        }
    }

    /// Returns the create of an earlier walk that this one is; a name may have been unknown then.
    pub(super) fn unseen(
        &self,
        token: &AliasToken,
        kind: &'static Kind,
        key: Option<&Key>,
    ) -> Option<usize> {
        let first = |key: Option<&Key>| {
            self.unseen.get(&(token.clone(), kind, key.cloned()))?.first().copied()
        };
        key.and_then(|key| first(Some(key))).or_else(|| first(None))
    }

    /// Takes in that the walk has come to a create, and what it wants now.
    pub(super) fn see(
        &mut self,
        number: usize,
        token: &AliasToken,
        kind: &'static Kind,
        key: Option<Key>,
    ) {
        let mark = (token.clone(), kind, key);
        if let Some(before) = self.marks.get_mut(number) {
            take_out(&mut self.unseen, before, number);
            take_out(&mut self.unsettled, before, number);
            *before = mark.clone();
        } else {
            self.marks.push(mark.clone());
        }
        if !self.settled.contains(&number) {
            self.unsettled.entry(mark).or_default().insert(number);
        }
    }

    /// Returns the create with this key that is being applied.
    pub(super) fn unsettled(
        &self,
        token: &AliasToken,
        kind: &'static Kind,
        key: &Key,
    ) -> Option<usize> {
        self.unsettled.get(&(token.clone(), kind, Some(key.clone())))?.first().copied()
    }

    /// Takes in that an apply has ended a create.
    pub(super) fn settle(&mut self, number: usize) {
        self.settled.insert(number);
        if let Some(mark) = self.marks.get(number) {
            take_out(&mut self.unsettled, mark, number);
        }
    }
}

fn take_out(from: &mut HashMap<Mark, BTreeSet<usize>>, mark: &Mark, number: usize) {
    if let Some(numbers) = from.get_mut(mark) {
        numbers.remove(&number);
    }
}
