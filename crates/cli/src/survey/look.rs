//! What is looked at, and what one look found.
//!
//! Reads nothing. Invariant: a look holds what was read in one go, plan, state and orgs.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use divvy_core::survey::Survey;
use divvy_core::{Address, EntityId, Failure};

use super::orgs::OrgSeen;
use crate::observers::Observers;
use crate::report::RunInfo;

/// What is to be surveyed.
#[derive(Default)]
pub(crate) struct Subject<'s> {
    /// A saved plan (or its JSON) instead of a fresh one.
    pub(crate) plan: Option<&'s Path>,
    /// Failures of an earlier run.
    pub(crate) failures: Vec<Failure>,
    /// Ids that a person named.
    pub(crate) chosen: BTreeMap<Address, EntityId>,
    /// States of other roots.
    pub(crate) other_states: &'s [PathBuf],
}

/// One look at everything.
#[derive(Default)]
pub(crate) struct Look {
    pub(crate) survey: Survey,
    pub(crate) orgs: Vec<OrgSeen>,
    pub(crate) terraform_version: Option<String>,
    /// Names of outputs that would change.
    pub(crate) outputs: Vec<String>,
    /// How many instances of all types the plan speaks of: a refresh reads no more than these.
    pub(crate) instances: usize,
    /// False where no plan was made, because it could only fail.
    pub(crate) is_whole: bool,
    /// True where flags for Terraform select a part of the configuration.
    pub(crate) is_narrowed: bool,
}

impl Look {
    /// Leaves only the imports whose ids the orgs are proved to lack, and returns whether there are any.
    pub(super) fn keep_absent_imports(&mut self) -> bool {
        let Some(mut desired) = self.survey.desired.take() else { return false };
        desired.planned.retain(|planned| self.survey.lacks_import(planned));
        let any = !desired.planned.is_empty();
        self.survey.desired = Some(desired);
        any
    }

    /// Says what any report of it should know: whom it asked, and how often.
    pub(crate) fn run_info(&self, observers: &Observers) -> RunInfo {
        let from = self
            .orgs
            .iter()
            .filter_map(|seen| Some((seen.alias.clone(), seen.credentials_from.clone()?)));
        let seen = RunInfo::of(&self.survey, &from.collect());
        RunInfo { api_requests: observers.requests() as u64, ..seen }
    }
}

/// Terraform's word after a change.
pub(crate) enum Verified {
    /// Nothing is left to do, except for these outputs.
    Clean(Vec<String>),
    /// Something is; this is what it looks like now.
    Pending(Box<Look>),
}
