//! The Genesys Cloud REST client: connection, token, paging, retry, errors, dialects.
//!
//! Never reads the environment (the caller hands in one [`Environment`] snapshot), never prints,
//! never changes the org without a [`divvy_core::Consent`]. Invariant: no `Display` and no `Debug`
//! of this crate shows a secret or a token.
//!
//! The way of a request: [`Client`] -> pace -> token -> one try -> retry decision -> wire structs.
//! Everything is `async` and made for one current-thread runtime, which the caller owns.

mod answer;
mod call;
mod classify;
mod client;
pub mod connection;
mod create;
pub mod dialect;
mod entities;
mod error;
mod hidden;
mod hints;
mod http;
mod new_entity;
mod pace;
mod paging;
pub mod profile;
mod proxies;
mod proxy;
pub mod region;
mod retry;
mod settings;
mod tls;
mod token;
mod wire;

pub use client::Client;
pub use connection::{Connection, ConnectionError, Environment, Fallback, Flags, ReadFile, Source};
pub use create::{Conflict, Ensured, PrintedRequest};
pub use dialect::Dialect;
pub use entities::{ObjectCounts, Organization};
pub use error::{Error, Exchange, NetworkFailure, Reason};
pub use hints::{hints_of_status, how_to_grant};
pub use new_entity::NewEntity;
pub use profile::Profile;
pub use region::{REGIONS, Region};
pub use settings::Settings;
