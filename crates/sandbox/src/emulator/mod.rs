//! The emulated org: the Genesys Cloud API as far as divisions go, on loopback, and plain collections
//! of a few other types.
//!
//! Never talks to the real platform and shares no type with a client. Invariant: a reply that says
//! something was made is sent only after the store has made it durable.
//!
//! Start with [`Emulator::start`] on a runtime of your own, or with [`Emulator::spawn_thread`] for
//! tests that block. Every test control is a method of [`Handle`] and a route under `/__divvy/`.

mod access;
mod clients;
mod control;
mod faults;
mod gate;
mod journal;
mod lag;
mod objects;
mod org;
mod pathed;
mod policy;
mod published;
mod replies;
mod router;
mod seed;
mod server;
mod shared;
mod store;

use std::net::SocketAddr;
use std::path::PathBuf;

pub use clients::Client;
pub use faults::{Effect, Fault, Lag, On, RateLimit, Refusal};
pub use journal::{Exchange, Outcome};
pub use org::{Division, Organization, PathedDivision, Standing};
pub use policy::{AbsentPath, Duplicate, Policy, Search, StoredNames};
pub use seed::{Seed, SeedDivision};
pub use server::{Emulator, EmulatorThread, run};
pub use shared::Handle;

/// Which API the emulator speaks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Dialect {
    /// The API that exists: `/api/v2/authorization/divisions`.
    #[default]
    Published,
    /// The API of the tutorial, with paths: `/api/v2/auth/divisions`.
    Pathed,
    /// Both, each with divisions of its own.
    Both,
}

/// What an emulator is started with.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Where to listen; `None` is a free port of 127.0.0.1.
    pub listen: Option<SocketAddr>,
    /// Where the org is kept; `None` keeps it in memory.
    pub data: Option<PathBuf>,
    /// What a new org holds; a file that already holds an org keeps what it has.
    pub seed: Seed,
    /// Faults from the start.
    pub faults: Vec<Fault>,
    /// Which API is spoken.
    pub dialect: Dialect,
}

/// Why an emulator could not be started, or could not keep what it was told.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No socket, or no thread.
    #[error("the emulator cannot serve: {0}")]
    Serve(#[from] std::io::Error),
    /// The store refused.
    #[error("the emulator's store failed: {0}")]
    Store(#[source] Box<redb::Error>),
    /// A file of another version of the emulator.
    #[error("the data file has schema {found}, this emulator reads {known}; name another file")]
    Schema {
        /// The version in the file.
        found: u64,
        /// The version that this emulator writes.
        known: u64,
    },
    /// A seed, a fault script or a record of the store is no JSON of the expected form.
    #[error("unreadable document: {0}")]
    Unreadable(#[from] serde_json::Error),
    /// A seed that contradicts itself.
    #[error("the seed gives the id {id} to two divisions; every division needs an id of its own")]
    DoubleId {
        /// The id.
        id: String,
    },
}

impl From<redb::Error> for Error {
    fn from(source: redb::Error) -> Self {
        Self::Store(Box::new(source))
    }
}
