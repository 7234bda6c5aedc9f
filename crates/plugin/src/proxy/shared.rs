//! What all connections of one proxy share: the processes, the advisor, and what is managed.
//!
//! Decides nothing. Invariant: an id is reserved by one create at a time.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex};

use bytes::Bytes;

use super::advisor::{AliasToken, CreateAdvisor};
use super::processes::Processes;
use super::sending::Sending;

/// What all connections of one proxy share.
pub(crate) struct Shared<A> {
    pub(super) processes: Arc<Processes>,
    pub(super) advisor: A,
    /// (resource type, id) of everything that some address holds.
    managed: Mutex<HashSet<(String, String)>>,
    pub(super) sending: Sending,
    /// What was warned of, and on which connection: an apply plans twice.
    warned: Mutex<HashMap<Warned, u64>>,
}

#[derive(PartialEq, Eq, Hash)]
pub(super) struct Warned {
    pub(super) alias: AliasToken,
    pub(super) type_name: String,
    pub(super) planned: Bytes,
    pub(super) summary: String,
}

impl<A: CreateAdvisor> Shared<A> {
    pub(super) fn new(processes: Arc<Processes>, advisor: A) -> Self {
        Self {
            processes,
            advisor,
            managed: Mutex::default(),
            sending: Sending::default(),
            warned: Mutex::default(),
        }
    }

    pub(super) fn saw_managed(&self, type_name: &str, id: &str) {
        let is_new = self.reserve(type_name, id);
        if is_new {
            self.advisor.saw_managed(type_name, id);
        }
    }

    /// Marks an id as managed; false if it already was.
    pub(super) fn reserve(&self, type_name: &str, id: &str) -> bool {
        let entry = (type_name.to_owned(), id.to_owned());
        self.managed.lock().is_ok_and(|mut managed| managed.insert(entry))
    }

    pub(super) fn release(&self, type_name: &str, id: &str) {
        if let Ok(mut managed) = self.managed.lock() {
            managed.remove(&(type_name.to_owned(), id.to_owned()));
        }
    }

    /// Says whether a warning is new: not yet given on another connection, that is, in an earlier
    /// walk of the same command.
    pub(super) fn is_new_warning(&self, warned: Warned, connection: u64) -> bool {
        let Ok(mut known) = self.warned.lock() else {
            return true;
        };
        *known.entry(warned).or_insert(connection) == connection
    }
}
