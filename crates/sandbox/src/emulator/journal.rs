//! The request journal: every request that reached the API, in the order of arrival.
//!
//! Never holds a secret: no header is kept, of a token request only the grant type, of other bodies
//! only those of division routes. Invariant: an entry is made before the request is acted on.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::locked::lock;

/// How many entries are kept; older ones are forgotten.
const CAPACITY: usize = 100_000;

/// How far a request has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It is under way.
    Arrived,
    /// A fault holds it until `release`.
    Held,
    /// It was answered (a cut reply counts as answered).
    Answered,
    /// A fault closed the connection instead of a reply.
    Closed,
}

/// One request and what became of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Exchange {
    /// Its place in the order of arrival, from 1.
    pub number: u64,
    /// The method.
    pub method: String,
    /// The path, without the query.
    pub path: String,
    /// The raw query, empty if there was none.
    pub query: String,
    /// How far it has come.
    pub outcome: Outcome,
    /// The status of the reply, once there is one.
    pub status: Option<u16>,
    /// The id of the client that the token (or the token request) names.
    pub client: Option<String>,
    /// The correlation id of the reply.
    pub correlation_id: String,
    /// The body of a request about divisions, or the grant type of a token request.
    pub body: Option<Value>,
    /// The names of the faults that acted on it.
    pub faults: Vec<String>,
}

impl Exchange {
    /// Returns whether this is a request of that method to that path.
    pub fn is(&self, method: &str, path: &str) -> bool {
        self.method == method && self.path == path
    }
}

#[derive(Default)]
struct Entries {
    kept: VecDeque<Exchange>,
    arrived: u64,
}

/// The journal.
#[derive(Default)]
pub(crate) struct Journal {
    entries: Mutex<Entries>,
    changed: Condvar,
}

impl Journal {
    /// Enters a request and returns its number.
    pub(crate) fn arrive(&self, mut exchange: Exchange) -> u64 {
        let mut entries = lock(&self.entries);
        entries.arrived += 1;
        exchange.number = entries.arrived;
        if entries.kept.len() == CAPACITY {
            entries.kept.pop_front();
        }
        entries.kept.push_back(exchange);
        let number = entries.arrived;
        drop(entries);
        self.changed.notify_all();
        number
    }

    /// Notes what became of a request.
    pub(crate) fn note(&self, number: u64, outcome: Outcome, status: Option<u16>) {
        let mut entries = lock(&self.entries);
        // From the back: the request is among the youngest. A cleared journal has none.
        let entry = entries.kept.iter_mut().rev().find(|e| e.number == number);
        if let Some(entry) = entry {
            entry.outcome = outcome;
            entry.status = status;
        }
        drop(entries);
        self.changed.notify_all();
    }

    /// Returns a copy of all entries.
    pub(crate) fn all(&self) -> Vec<Exchange> {
        lock(&self.entries).kept.iter().cloned().collect()
    }

    /// Forgets all entries; numbers go on.
    pub(crate) fn clear(&self) {
        lock(&self.entries).kept.clear();
    }

    /// Blocks the calling thread until an entry is as wished, and returns it; `None` after the
    /// time is over.
    pub(crate) fn wait_for(
        &self,
        time: Duration,
        wished: impl Fn(&Exchange) -> bool,
    ) -> Option<Exchange> {
        let end = Instant::now() + time;
        let mut entries = lock(&self.entries);
        loop {
            if let Some(found) = entries.kept.iter().find(|entry| wished(entry)) {
                return Some(found.clone());
            }
            let left = end.checked_duration_since(Instant::now())?;
            let waited = self.changed.wait_timeout(entries, left);
            entries = waited.unwrap_or_else(std::sync::PoisonError::into_inner).0;
        }
    }
}
