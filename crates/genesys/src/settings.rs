//! How a client behaves towards the API.
//!
//! Never reads a flag or a variable. Invariant: the defaults are within what the API allows one token.

use std::time::Duration;

/// How a client behaves towards the API.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// Requests a minute; the API's usual limit for one token is 300.
    pub rate: u32,
    /// Requests under way at the same time.
    pub concurrency: usize,
    /// Time for one try, connecting and reading included. The vendor's SDK has the same.
    pub try_timeout: Duration,
    /// Tries in all for a request that may be repeated.
    pub attempts: u32,
    /// The first wait between two tries; it doubles, with jitter.
    pub first_wait: Duration,
    /// The longest `Retry-After` that is waited for; the provider's limit is the same.
    pub longest_pause: Duration,
    /// Hears of every secret of the client as it comes up, so that whoever prints keeps it out.
    pub keep_secret: fn(&str),
    /// The largest reply that is read, in bytes; ten thousand divisions take about five million.
    pub largest_reply: usize,
}

impl Settings {
    /// The largest reply that is read, unless a test says less.
    pub const LARGEST_REPLY: usize = 32 * 1024 * 1024;
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            rate: 300,
            concurrency: 10,
            try_timeout: Duration::from_secs(16),
            attempts: 5,
            first_wait: Duration::from_millis(250),
            longest_pause: Duration::from_secs(180),
            keep_secret: |_| {},
            largest_reply: Self::LARGEST_REPLY,
        }
    }
}
