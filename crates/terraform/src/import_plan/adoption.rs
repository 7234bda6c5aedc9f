//! What is to be adopted, and what an adoption came to.
//!
//! Does nothing. Invariant: each import ends as imported or as left out, never as both.

use divvy_core::{Address, EntityId};

use super::judge::Unfit;
use crate::failure::Failure;
use crate::plan_document::Difference;

/// One object to be adopted at one address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Import {
    /// Where; copied from the plan, never rebuilt.
    pub address: Address,
    /// What.
    pub id: EntityId,
    /// What to do if Terraform would then update the object.
    pub when_drifted: WhenDrifted,
}

/// What to do with an import that would be followed by an update.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WhenDrifted {
    /// Leave the address out, and say so.
    #[default]
    LeaveOut,
    /// Import it without the update (by `terraform import`): the drift stays.
    ImportOnly,
    /// Import it and let the same plan update it.
    Update,
}

/// What an adoption came to.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Adoption {
    /// What is in the state now.
    pub imported: Vec<Imported>,
    /// What is not, and why.
    pub left_out: Vec<LeftOut>,
    /// Outputs whose value changed with the import.
    pub changed_outputs: Vec<String>,
    /// Checks that did not hold in the plan that was applied.
    pub failed_checks: Vec<String>,
    /// Pending `moved` blocks that the applied plan carried out: from, to.
    pub moved: Vec<(String, String)>,
    /// How often Terraform was started.
    pub terraform_runs: usize,
}

/// One adopted object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Imported {
    /// Where.
    pub address: Address,
    /// What.
    pub id: EntityId,
    /// Through what.
    pub way: Way,
    /// True if the object was updated as well, as was allowed.
    pub updated: bool,
    /// What Terraform would still change in it.
    pub differences: Vec<Difference>,
}

/// Through what an import was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// An import-only plan with `-target`.
    TargetedPlan,
    /// An import-only plan of everything.
    WholePlan,
    /// `terraform import`.
    Command,
}

/// One import that was not done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftOut {
    /// Where.
    pub address: Address,
    /// What.
    pub id: EntityId,
    /// Why.
    pub reason: Reason,
    /// What Terraform would have changed in it.
    pub differences: Vec<Difference>,
}

/// Why an import was not done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// Terraform would update the object, and that was not allowed.
    WouldUpdate,
    /// Terraform would replace or delete the object.
    WouldDestroy,
    /// Terraform ignored the import: the address is in the state already.
    NotImported,
    /// The configuration imports another id there.
    OtherIdPlanned,
    /// No object of this id exists for Terraform.
    NotFound,
    /// A precondition or postcondition of the block does not hold for the object: the messages of the
    /// rules.
    ConditionFails(Vec<String>),
    /// `terraform import` refused.
    Refused(Box<Failure>),
}

impl From<Unfit> for Reason {
    fn from(unfit: Unfit) -> Self {
        match unfit {
            Unfit::Updates => Self::WouldUpdate,
            Unfit::Destroys => Self::WouldDestroy,
            Unfit::NotImported => Self::NotImported,
            Unfit::OtherId => Self::OtherIdPlanned,
        }
    }
}
