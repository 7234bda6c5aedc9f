//! Keeps an org in memory, and in a file if one is named.
//!
//! Never answers a question about divisions: readers look at [`Store::org`]. Invariant: with a file,
//! what `org()` shows is what the file durably holds; a change that could not be written is not
//! shown.

use std::path::Path;

use super::data_file::{DataFile, Kept};
use super::error::Error;
use super::org::{Division, Object, Org, PathedDivision};
use super::policy::Policy;
use super::seed::Seed;

/// One change of the org.
#[derive(Clone, Debug)]
pub(crate) enum Change {
    /// A division is made or replaced.
    Put(Division),
    /// A division is gone without a trace.
    Remove(String),
    /// A division of the `pathed` dialect is made.
    PutPathed(PathedDivision),
    /// An object of a collection is made or replaced.
    PutObject(Object),
    /// The object at an address is gone without a trace.
    RemoveObject(String),
    /// The org behaves differently from now on.
    Behave(Policy),
}

/// An org, the seed that it was made from, and the file that keeps both.
pub(crate) struct Store {
    file: Option<DataFile>,
    kept: Kept,
}

impl Store {
    /// Opens the org of a file, or makes it there (or in memory) from the seed.
    pub(crate) fn open(path: Option<&Path>, seed: Seed) -> Result<Self, Error> {
        let Some(path) = path else {
            return Ok(Self { file: None, kept: Kept::of(seed)? });
        };
        let file = DataFile::open(path)?;
        let kept = match file.read()? {
            Some(kept) => kept,
            None => {
                let kept = Kept::of(seed)?;
                file.write(&kept)?;
                kept
            }
        };
        Ok(Self { file: Some(file), kept })
    }

    /// Returns the org as it was last kept.
    pub(crate) fn org(&self) -> &Org {
        &self.kept.org
    }

    /// Keeps changes as one, then shows them.
    pub(crate) fn keep(&mut self, changes: Vec<Change>) -> Result<(), Error> {
        let Some(file) = &self.file else {
            for change in changes {
                apply(&mut self.kept.org, change);
            }
            return Ok(());
        };
        let mut after = self.kept.clone();
        for change in changes {
            apply(&mut after.org, change);
        }
        file.write(&after)?;
        self.kept = after;
        Ok(())
    }

    /// Throws everything away and makes the org of this seed.
    pub(crate) fn replace(&mut self, seed: Seed) -> Result<(), Error> {
        let kept = Kept::of(seed)?;
        if let Some(file) = &self.file {
            file.write(&kept)?;
        }
        self.kept = kept;
        Ok(())
    }

    /// Throws everything away and makes the org of the seed that it was last made from.
    pub(crate) fn reset(&mut self) -> Result<(), Error> {
        self.replace(self.kept.seed.clone())
    }
}

fn apply(org: &mut Org, change: Change) {
    match change {
        Change::Put(division) => {
            org.divisions.insert(division.id.clone(), division);
        }
        Change::Remove(id) => {
            org.divisions.remove(&id);
        }
        Change::PutPathed(division) => {
            org.pathed.insert(division.id.clone(), division);
        }
        Change::PutObject(object) => {
            org.put_object(object);
        }
        Change::RemoveObject(address) => {
            org.objects.remove(&address);
        }
        Change::Behave(policy) => org.policy = policy,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::emulator::{SeedDivision, Standing};

    #[test]
    fn a_file_keeps_its_org_and_ignores_a_later_seed() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("org.json");
        let mut store = Store::open(Some(&path), Seed::with_divisions(["Sales"])).unwrap();
        let made = SeedDivision::named("Claims").into_division(Standing::Live, 3);
        store.keep(vec![Change::Put(made)]).unwrap();
        let before = store.org().clone();
        drop(store);

        let again = Store::open(Some(&path), Seed::default()).unwrap();
        assert_eq!(again.org().divisions, before.divisions);
        assert_eq!(again.org().about, before.about);
    }

    #[test]
    fn a_reset_brings_the_seed_back() {
        let mut store = Store::open(None, Seed::with_divisions(["Sales"])).unwrap();
        let before = store.org().clone();
        let home = before.home().id.clone();
        let sales = before.in_order().find(|d| d.id != home).unwrap();
        store.keep(vec![Change::Remove(sales.id.clone())]).unwrap();
        assert_eq!(store.org().divisions.len(), 1);
        store.reset().unwrap();
        assert_eq!(store.org().divisions, before.divisions);
    }

    #[test]
    fn a_change_that_cannot_be_written_is_not_shown() {
        let directory = tempfile::tempdir().unwrap();
        let kept = directory.path().join("kept");
        std::fs::create_dir(&kept).unwrap();
        let mut store = Store::open(Some(&kept.join("org.json")), Seed::default()).unwrap();
        std::fs::remove_dir_all(&kept).unwrap();
        let made = SeedDivision::named("Claims").into_division(Standing::Live, 2);
        assert!(matches!(store.keep(vec![Change::Put(made)]), Err(Error::Store { .. })));
        assert_eq!(store.org().divisions.len(), 1);
    }
}
