//! Everything offline: an emulated org, and a stand-in for the official provider.
//!
//! Depends on no crate that holds divvy's own reading of the API, so the emulator and the real
//! client cannot share a mistake.

#[cfg(unix)]
pub mod mirror;
#[cfg(unix)]
pub mod provider;
