//! Everything offline: an emulated org that speaks the Genesys Cloud API over loopback, and a
//! stand-in for the official provider.
//!
//! Never shares a wire type with the client (`divvy-genesys`): a field that one side spelled wrong
//! must fail a test, not pass on both sides. Invariant: nothing here reaches beyond this machine.

pub mod emulator;
pub mod fields;
pub mod mirror;
pub mod provider;
