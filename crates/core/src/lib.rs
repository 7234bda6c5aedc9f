//! The pure heart of divvy: what exists, what is wanted, what is tracked, and what follows.
//!
//! Never does I/O, reads no clock, no environment, is never async. Everything here is a value or a
//! function of values, so every decision can be tested without a network, a terminal or Terraform.
//!
//! The way of the data: [`survey::Survey`] -> [`resolve::resolve`] -> [`finding::Resolution`] ->
//! [`decide::decide`] -> actions.

pub mod address;
pub mod alias;
pub mod answer;
pub mod catalogue;
mod changes;
mod conceal;
pub mod consent;
pub mod decide;
pub mod drift;
pub mod effect;
pub mod entities;
pub mod entity;
pub mod explanation;
mod facts;
pub mod failure;
pub mod finding;
pub mod further_needs;
pub mod growing;
mod hcl;
mod headlines;
pub mod hint;
mod identity;
mod index;
pub mod kind;
pub mod kinds;
pub mod label;
mod listing;
pub mod name;
pub mod provider_arguments;
pub mod resolve;
pub mod shell;
pub mod shown;
mod subject;
pub mod survey;
mod template;
pub mod text;
pub mod verdict;
mod verdicts;
pub mod wish;
mod world;

pub use address::{Address, InstanceKey};
pub use consent::Consent;
pub use decide::{Decided, Decisions};
pub use entity::{Attributes, Entity, EntityId, Key, OrgId, key_text, value_at};
pub use failure::Failure;
pub use finding::{Finding, Headline, Resolution};
pub use growing::GrowingSurvey;
pub use hint::{CommandLine, Hint};
pub use kind::Kind;
pub use name::Difference;
pub use provider_arguments::ProviderArguments;
pub use shown::{Shown, ShownEntity};
pub use survey::Survey;
pub use verdict::{HeadlineKind, Verdict};
