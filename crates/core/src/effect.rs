//! Effects: what divvy does to the world, told to observers before and after it is done.
//!
//! The journal, the progress line, the counters and the kill-point hook of the tests are all
//! observers. Invariant: an effect holds no secret (no header, no body, no variable's value).

use std::path::PathBuf;
use std::time::Duration;

/// One thing that is about to be done, or was done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// A request to Genesys Cloud.
    Request {
        /// `GET`, `POST`, ….
        method: &'static str,
        /// Path and query as sent; names in a query are the user's own.
        path: String,
        /// True if the request can change the org.
        writes: bool,
    },
    /// A start of Terraform.
    Terraform {
        /// The subcommand: `plan`, `state rm`.
        subcommand: String,
        /// True if it can change state or org.
        writes: bool,
    },
    /// A file written in the working directory.
    WriteFile {
        /// Which file.
        path: PathBuf,
    },
    /// A file of ours removed from the working directory.
    RemoveFile {
        /// Which file.
        path: PathBuf,
    },
}

/// How an effect ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// True if it did what it was to do.
    pub succeeded: bool,
    /// HTTP status or exit code, where there is one.
    pub code: Option<i32>,
    /// The API's correlation id, where there is one.
    pub correlation_id: Option<String>,
    /// How long it took.
    pub took: Duration,
}

/// Hears of every effect, in order, on the thread that causes it.
pub trait Observer: Send + Sync {
    /// Called right before the effect.
    fn before(&self, effect: &Effect);
    /// Called right after it.
    fn after(&self, effect: &Effect, outcome: &Outcome);
}

/// An observer that does nothing, for tests and for parts that nobody watches.
#[derive(Clone, Copy, Debug, Default)]
pub struct Unobserved;

impl Observer for Unobserved {
    fn before(&self, _effect: &Effect) {}
    fn after(&self, _effect: &Effect, _outcome: &Outcome) {}
}
