//! The parts of `divvy run`: what Terraform is about to do, what may be adopted, what is known of
//! the orgs, and the advisor that the proxy asks.
//!
//! Invariant: a verdict is [`divvy_core::resolve`]'s, here as in `check`.

pub(crate) mod advisor;
pub(crate) mod aliases;
pub(crate) mod announcements;
pub(crate) mod creates;
pub(crate) mod failures;
pub(crate) mod finder;
pub(crate) mod holdings;
pub(crate) mod ledger;
pub(crate) mod orgs;
pub(crate) mod policy;
pub(crate) mod process;
pub(crate) mod program;
pub(crate) mod provider;
pub(crate) mod provider_block;
pub(crate) mod reader;
pub(crate) mod report;
pub(crate) mod room;
pub(crate) mod subcommand;
pub(crate) mod words;
