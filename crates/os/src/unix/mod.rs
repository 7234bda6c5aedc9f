//! Unix: Linux and macOS, and what Linux alone has.
//!
//! Invariant: the same names as `windows`.

pub(crate) mod files;
#[cfg_attr(target_os = "linux", path = "leash.rs")]
#[cfg_attr(not(target_os = "linux"), path = "no_leash.rs")]
pub(crate) mod leash;
// What macOS has, compiled and asked on Linux too.
#[cfg(all(test, target_os = "linux"))]
#[expect(unreachable_pub, reason = "on macOS it is what the crate exports")]
mod no_leash;
pub(crate) mod places;
pub(crate) mod process;
pub(crate) mod signals;
pub(crate) mod sockets;
pub(crate) mod tls;
pub(crate) mod trouble;
