//! The client against small raw servers on loopback: never against the emulator, so that a wrong
//! field name cannot be wrong on both sides.

#![expect(clippy::disallowed_methods, reason = "tests give the word themselves")]

mod connections;
mod creating;
mod entities;
mod listing;
mod paging;
mod pathed;
mod proxies;
mod retries;
mod secrets;
mod server;
mod support;
mod tls;
mod tokens;
