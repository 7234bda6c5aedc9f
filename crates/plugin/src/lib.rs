//! Terraform's plugin protocol, versions 5 and 6, without generated code.
//!
//! Both ends of it: [`serve`] is the provider's end (used by the sandbox's stand-in), [`connect`]
//! is Terraform's end, and [`proxy`] is between the two. Knows nothing of Genesys Cloud, of resource
//! types, of divvy's other crates.
//! Invariant: whatever is not opened here is handed on byte for byte, so fields of newer protocol
//! versions survive.

mod child;
pub mod connect;
pub mod error;
pub mod frame;
pub mod handshake;
mod listen;
pub mod messages;
pub mod method;
pub mod proxy;
pub mod serve;
mod tls;
pub mod value;

pub use error::Error;
pub use method::{Method, Protocol};
pub use value::Value;
