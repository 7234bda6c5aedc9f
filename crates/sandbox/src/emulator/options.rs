//! What an emulator is started with.
//!
//! Never read from the environment. Invariant: the default is an org of Home alone, in memory, on a
//! free port of 127.0.0.1, without a fault.

use std::net::SocketAddr;
use std::path::PathBuf;

use super::faults::Fault;
use super::seed::Seed;

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
