//! Windows.
//!
//! Invariant: the same names as `unix`.

pub(crate) mod files;
pub(crate) mod leash;
pub(crate) mod places;
pub(crate) mod process;
pub(crate) mod signals;
pub(crate) mod sockets;
pub(crate) mod tls;
pub(crate) mod trouble;
