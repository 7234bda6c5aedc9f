//! The emulated org: the Genesys Cloud API on loopback, divisions in full and a hundred other types as
//! collections.
//!
//! Never talks to the real platform and shares no type with a client. Invariant: a reply that says
//! something was made is sent only after the store has made it durable.
//!
//! Start with [`Emulator::start`] on a runtime of your own, or with [`Emulator::spawn_thread`] for
//! tests that block. Every test control is a method of [`Handle`] and a route under `/__divvy/`.

mod access;
mod clients;
mod collection_routes;
mod control;
mod data_file;
mod endpoints;
mod error;
mod faults;
mod gate;
mod journal;
mod kinds;
mod lag;
mod locked;
mod objects;
mod options;
mod org;
mod parts;
mod pathed;
mod permissions;
mod policy;
mod published;
mod replies;
mod router;
mod seed;
mod server;
mod shared;
mod store;

pub use error::Error;
pub use faults::{Effect, Fault, Lag, On, RateLimit, Refusal};
pub use journal::{Exchange, Outcome};
pub use options::{Dialect, Options};
pub use org::{Client, Division, Organization, PathedDivision, Standing};
pub use policy::{AbsentPath, Duplicate, Policy, Search, StoredNames};
pub use seed::{Seed, SeedDivision};
pub use server::{Emulator, EmulatorThread, run};
pub use shared::Handle;
