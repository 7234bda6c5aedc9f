//! The client against small raw servers on loopback: never against the emulator, so that a wrong
//! field name cannot be wrong on both sides.

mod listing;
mod server;
mod support;
