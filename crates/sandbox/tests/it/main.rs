//! The sandbox, seen from outside.

mod provider;
mod proxy;
