//! What all requests share, and the handle by which a test looks at it and changes it.
//!
//! Never speaks HTTP. Invariant: the store's lock is never held across an await.

use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use super::clients::Tokens;
use super::error::Error;
use super::faults::{Fault, Faults};
use super::journal::{Exchange, Journal};
use super::lag::Lagging;
use super::locked::lock;
use super::options::Options;
use super::org::{Division, Standing};
use super::policy::Policy;
use super::seed::{Seed, SeedDivision};
use super::store::{Change, Store};

/// Everything that a request may need.
pub(crate) struct Shared {
    store: Mutex<Store>,
    pub(crate) tokens: Tokens,
    pub(crate) faults: Faults,
    pub(crate) journal: Journal,
    pub(crate) lists: Lagging,
    pub(crate) gets: Lagging,
}

impl Shared {
    /// Opens the store and puts the faults in force.
    pub(crate) fn open(options: Options) -> Result<Self, Error> {
        Ok(Self {
            store: Mutex::new(Store::open(options.data.as_deref(), options.seed)?),
            tokens: Tokens::default(),
            faults: Faults::new(options.faults),
            journal: Journal::default(),
            lists: Lagging::default(),
            gets: Lagging::default(),
        })
    }

    /// Locks the store.
    pub(crate) fn store(&self) -> MutexGuard<'_, Store> {
        lock(&self.store)
    }
}

/// A running emulator, as a test holds it: it looks behind the API and changes what is there
/// without the API's knowing. Copies are handles of the same emulator.
#[derive(Clone)]
pub struct Handle {
    url: String,
    shared: Arc<Shared>,
}

impl Handle {
    pub(crate) fn new(url: String, shared: Arc<Shared>) -> Self {
        Self { url, shared }
    }

    pub(crate) fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    /// Returns where the emulator answers: `http://127.0.0.1:PORT`, without a slash at the end.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Returns every request so far, in the order of arrival.
    pub fn requests(&self) -> Vec<Exchange> {
        self.shared.journal.all()
    }

    /// Forgets the requests so far.
    pub fn clear_requests(&self) {
        self.shared.journal.clear();
    }

    /// Blocks the calling thread until a request is as wished, also one that came earlier; `None`
    /// once the time is over. To be called from another thread than the emulator's.
    pub fn wait_for_request(
        &self,
        time: Duration,
        wished: impl Fn(&Exchange) -> bool,
    ) -> Option<Exchange> {
        self.shared.journal.wait_for(time, wished)
    }

    /// Adds faults behind those in force; each counts from now.
    pub fn add_faults(&self, faults: Vec<Fault>) {
        self.shared.faults.add(faults);
    }

    /// Takes all faults away, and shows everything that lagged.
    pub fn clear_faults(&self) {
        self.shared.faults.clear();
        self.shared.lists.clear();
        self.shared.gets.clear();
    }

    /// Returns the faults in force.
    pub fn faults(&self) -> Vec<Fault> {
        self.shared.faults.all()
    }

    /// Lets every request go on that is held by a fault.
    pub fn release(&self) {
        self.shared.faults.release();
    }

    /// Returns the org as a seed, without its clients.
    pub fn org(&self) -> Seed {
        Seed::of(self.shared.store().org())
    }

    /// Replaces the org by that of a seed. Faults and journal stay.
    ///
    /// # Errors
    /// If the seed contradicts itself or the store fails.
    pub fn replace_org(&self, seed: Seed) -> Result<(), Error> {
        self.shared.store().replace(seed)
    }

    /// Brings back the org of the last seed; clears faults and journal.
    ///
    /// # Errors
    /// If the store fails.
    pub fn reset(&self) -> Result<(), Error> {
        self.clear_faults();
        self.clear_requests();
        self.shared.store().reset()
    }

    /// Returns how the org behaves.
    pub fn policy(&self) -> Policy {
        self.shared.store().org().policy.clone()
    }

    /// Makes the org behave otherwise.
    ///
    /// # Errors
    /// If the store fails.
    pub fn set_policy(&self, policy: Policy) -> Result<(), Error> {
        self.shared.store().keep(vec![Change::Behave(policy)])
    }

    /// Adds a division behind the API's back: no name rule and no limit holds.
    ///
    /// # Errors
    /// If the id is in use or the store fails.
    pub fn add_division(&self, seed: SeedDivision, standing: Standing) -> Result<(), Error> {
        let mut store = self.shared.store();
        if store.org().divisions.contains_key(&seed.id) || standing == Standing::Home {
            return Err(Error::DoubleId { id: seed.id });
        }
        let division = seed.into_division(standing, store.org().next_sequence());
        store.keep(vec![Change::Put(division)])
    }

    /// Changes a division behind the API's back (rename, hide, delete softly …); false if there is
    /// none of this id. Home stays Home, and no other division becomes it.
    ///
    /// # Errors
    /// If the store fails.
    pub fn edit_division(&self, id: &str, edit: impl FnOnce(&mut Division)) -> Result<bool, Error> {
        let mut store = self.shared.store();
        let Some(division) = store.org().divisions.get(id) else {
            return Ok(false);
        };
        let mut edited = division.clone();
        edit(&mut edited);
        edited.id.clone_from(&division.id);
        if (edited.standing == Standing::Home) != (division.standing == Standing::Home) {
            edited.standing = division.standing;
        }
        store.keep(vec![Change::Put(edited)])?;
        Ok(true)
    }

    /// Removes a division behind the API's back, without leaving it in the deleted list; false if
    /// there is none of this id, or if it is Home.
    ///
    /// # Errors
    /// If the store fails.
    pub fn remove_division(&self, id: &str) -> Result<bool, Error> {
        let mut store = self.shared.store();
        let found = store.org().divisions.get(id);
        if found.is_none_or(|division| division.standing == Standing::Home) {
            return Ok(false);
        }
        store.keep(vec![Change::Remove(id.to_owned())])?;
        Ok(true)
    }
}
