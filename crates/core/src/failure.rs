//! A failure of a Terraform run, as a log or the proxy tells it.
//!
//! Types only; reading logs is the business of the `terraform` crate. Invariant: what the log
//! damaged is marked as damaged, and a name is never re-joined from broken text.

use crate::address::Address;

/// What Terraform was doing when it failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Operation {
    /// Making an object.
    Create,
    /// Reading one (refresh, import, data source).
    Read,
    /// Changing one.
    Update,
    /// Deleting one.
    Delete,
    /// Starting the provider (credentials, region, gateway).
    ProviderStart,
    /// Saving or loading the state, or waiting for its lock.
    State,
    /// Anything else.
    Other,
}

/// How the failure shows, apart from the status.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Shape {
    /// The API refused (the status says how).
    Refused,
    /// No answer came, or a time-out: the outcome is unknown.
    UnknownOutcome,
    /// The provider made the object and lost it ("inconsistent result after apply", "Root object
    /// was present, but now absent").
    HalfCreated,
    /// The provider process died ("Plugin did not respond").
    ProviderDied,
    /// The consistency check found another value than it sent.
    Mismatch,
    /// The state could not be saved.
    StateNotSaved,
    /// The state is locked by someone else.
    Locked,
    /// None of these.
    Unclassified,
}

/// Where the failure was heard of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Origin {
    /// In the output of an earlier run: the world may have changed since.
    Log,
    /// From the API, in this very run.
    Live,
}

/// One failure, whatever the input was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// Terragrunt unit or directory, where the log names one.
    pub unit: Option<String>,
    /// Full instance address, where the diagnostic had one.
    pub address: Option<Address>,
    /// The Terraform type, from the address or from the detail's `resourceType`.
    pub terraform_type: Option<String>,
    /// What was being done.
    pub operation: Operation,
    /// How it shows.
    pub shape: Shape,
    /// HTTP status, where an answer came.
    pub status: Option<u16>,
    /// HTTP method of the refused request.
    pub method: Option<String>,
    /// Path of the refused request.
    pub path: Option<String>,
    /// The name, only where it is read from undamaged text.
    pub name: Option<String>,
    /// The API's correlation id.
    pub correlation_id: Option<String>,
    /// The diagnostic's first line.
    pub summary: String,
    /// Line of the input, from 1.
    pub line: usize,
    /// What the log did to the text, in words; empty if nothing.
    pub damage: Vec<String>,
    /// True if the provider's own log shows that the run's own earlier try made the object.
    pub is_self_made: bool,
    /// Where it was heard of.
    pub origin: Origin,
}
