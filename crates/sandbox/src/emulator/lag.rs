//! Divisions that exist but are not shown yet: what eventual consistency looks like to a client.
//!
//! Never touches the org. Invariant: a division lags only because a fault said so, and stops when
//! the fault's reads or time are used up, whichever the fault named.

use std::collections::{HashMap, HashSet};
use std::sync::Mutex;
use std::time::Instant;

use super::faults::Lag;
use super::locked::lock;

/// What a fault does to the view of one request, handed to its handler.
#[derive(Clone, Debug, Default)]
pub(crate) struct Distortion {
    /// What this request creates stays out of lists.
    pub(crate) list_lag: Option<Lag>,
    /// What this request creates stays unreadable by id.
    pub(crate) get_lag: Option<Lag>,
    /// This request sees Home and nothing else.
    pub(crate) home_only: bool,
}

/// One kind of read, with the divisions that it does not show yet.
#[derive(Default)]
pub(crate) struct Lagging(Mutex<HashMap<String, Left>>);

enum Left {
    Reads(u64),
    Until(Instant),
}

impl Lagging {
    /// Lets a division lag.
    pub(crate) fn hold_back(&self, id: &str, lag: &Lag) {
        let left = match *lag {
            Lag::Reads(reads) => Left::Reads(reads),
            Lag::Milliseconds(time) => {
                Left::Until(Instant::now() + std::time::Duration::from_millis(time))
            }
        };
        lock(&self.0).insert(id.to_owned(), left);
    }

    /// Counts one read of everything and returns what it must not show.
    pub(crate) fn read_all(&self) -> HashSet<String> {
        let mut lagging = lock(&self.0);
        lagging.retain(|_, left| left.take_one());
        lagging.keys().cloned().collect()
    }

    /// Counts one read of one division and says whether it must not show it.
    pub(crate) fn read_one(&self, id: &str) -> bool {
        let mut lagging = lock(&self.0);
        let Some(left) = lagging.get_mut(id) else {
            return false;
        };
        let lags = left.take_one();
        if !lags {
            lagging.remove(id);
        }
        lags
    }

    /// Shows everything again.
    pub(crate) fn clear(&self) {
        lock(&self.0).clear();
    }
}

impl Left {
    /// Uses up one read; false if nothing was left.
    fn take_one(&mut self) -> bool {
        match self {
            Self::Reads(0) => false,
            Self::Reads(reads) => {
                *reads -= 1;
                true
            }
            Self::Until(end) => Instant::now() < *end,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lag_of_two_reads_hides_twice() {
        let lagging = Lagging::default();
        lagging.hold_back("a", &Lag::Reads(2));
        assert_eq!([(); 3].map(|()| lagging.read_one("a")), [true, true, false]);
        lagging.hold_back("a", &Lag::Reads(1));
        assert!(lagging.read_all().contains("a"));
        assert!(lagging.read_all().is_empty());
    }
}
