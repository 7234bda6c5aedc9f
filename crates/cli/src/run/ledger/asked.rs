//! What the ledger is asked, and what it answers.
//!
//! Types only. Invariant: a finding in an opinion names no address that does not exist.

use divvy_core::decide::Expect;
use divvy_core::{EntityId, Finding};

/// When something is asked of the ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Phase {
    /// While the plan is made: what would be permitted after a yes.
    Plan,
    /// After a create was refused.
    Apply,
}

/// What is to be said about one create.
pub(crate) struct Opinion {
    /// The finding; it names no address that does not exist.
    pub(crate) finding: Finding,
    /// The adoption that is permitted, or why there is none.
    pub(crate) adoption: Result<(EntityId, Expect), String>,
    /// True if this very run made what is there.
    pub(crate) is_self_made: bool,
    /// True if it is known what an import would find different.
    pub(crate) is_foretold: bool,
    /// Why the org was not seen whole, where it was not.
    pub(crate) gap: Option<Gap>,
}

/// Why an org was not seen whole.
pub(crate) struct Gap {
    /// A sentence.
    pub(crate) why: String,
    /// True if the listing contradicts itself, so that any name may be there.
    pub(crate) is_flaw: bool,
}
