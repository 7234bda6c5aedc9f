//! The Genesys Cloud REST client: connection, token, paging, retry, errors, dialects.
//!
//! Never reads the environment (the caller hands in one [`Environment`] snapshot), never prints,
//! never changes the org without a [`divvy_core::Consent`]. Invariant: no `Display` and no `Debug`
//! of this crate shows a secret or a token.
//!
//! The way of a request: [`Client`] -> pace -> token -> one try -> retry decision -> wire structs.
//! Everything is `async` and made for one current-thread runtime, which the caller owns.

mod call;
mod classify;
mod client;
pub mod connection;
mod create;
pub mod dialect;
mod entities;
mod error;
mod hints;
mod http;
mod pace;
mod paging;
pub mod profile;
mod proxy;
pub mod region;
mod retry;
mod token;
mod wire;

pub use client::{Client, Settings};
pub use connection::{Connection, ConnectionError, Environment, Fallback, Flags, ReadFile, Source};
pub use create::{Conflict, Ensured, NewEntity, PrintedRequest};
pub use dialect::Dialect;
pub use entities::{ObjectCounts, Organization};
pub use error::{Error, Exchange, NetworkFailure, Reason};
pub use hints::{hints_of_status, how_to_grant};
pub use profile::Profile;
pub use region::{REGIONS, Region};
