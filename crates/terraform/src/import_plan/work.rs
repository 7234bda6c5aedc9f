//! An adoption under way: plans with import blocks, each judged and applied or made anew with less in it;
//! then `terraform import` for what no such plan takes.
//!
//! Never applies a plan that [`judge`] does not accept. Invariant: each round takes at least one address
//! out, so it ends.

use std::collections::{BTreeMap, BTreeSet};

use divvy_core::{Address, Consent, EntityId};

use super::adoption::{Adoption, Import, Imported, LeftOut, Reason, Way, WhenDrifted};
use super::blocks_file::BlocksFile;
use super::dependencies::{Dependencies, block_of};
use super::judge::{Judgement, Unfit, judge};
use crate::error::Error;
use crate::failure::{Failure, FailureKind};
use crate::invocation::PlanRequest;
use crate::plan_document::{Difference, PlanDocument, ResourceChange};
use crate::working_directory::{PlanFile, WorkingDirectory};

/// The operating system bears about 2 MB of arguments and environment.
const LONGEST_TARGETS: usize = 1 << 20;

/// An adoption under way: what is still open moves into `adoption`.
pub(super) struct Work<'a> {
    directory: &'a WorkingDirectory,
    consent: &'a Consent,
    run: &'a str,
    open: BTreeMap<Address, EntityId>,
    when_drifted: BTreeMap<Address, WhenDrifted>,
    pub(super) adoption: Adoption,
    /// Imports that only `terraform import` can do without an update.
    by_command: BTreeMap<Address, EntityId>,
    /// What Terraform would change after an import.
    differences: BTreeMap<Address, Vec<Difference>>,
}

/// What became of one try to plan.
enum Try {
    /// It was applied, or nothing is left to plan.
    Done,
    /// Some addresses were taken out.
    Again,
    /// No import-only plan this way.
    AnotherWay,
}

/// A plan, or what is to be done instead.
enum Planned {
    Plan(PlanFile, Box<PlanDocument>),
    Not(Try),
}

impl<'a> Work<'a> {
    pub(super) fn new(
        directory: &'a WorkingDirectory,
        consent: &'a Consent,
        run: &'a str,
        imports: &[Import],
    ) -> Self {
        let pairs = |import: &Import| (import.address.clone(), import.id.clone());
        let policies = |import: &Import| (import.address.clone(), import.when_drifted);
        Self {
            directory,
            consent,
            run,
            open: imports.iter().map(pairs).collect(),
            when_drifted: imports.iter().map(policies).collect(),
            adoption: Adoption::default(),
            by_command: BTreeMap::new(),
            differences: BTreeMap::new(),
        }
    }

    pub(super) async fn by_plans(&mut self, created: &BTreeSet<Address>) -> Result<(), Error> {
        // A drawing costs a tenth of the plan that would find it out. Of a block of which some instances are
        // imported, targeting draws in those alone.
        let imported: BTreeSet<String> = self.open.keys().map(block_of).collect();
        let is_drawn_in = |address: &&Address| !imported.contains(&block_of(address));
        let created: BTreeSet<Address> = created.iter().filter(is_drawn_in).cloned().collect();
        if !created.is_empty() {
            self.set_aside_what_waits_for(&created).await?;
        }
        for way in [Way::TargetedPlan, Way::WholePlan] {
            // Each round takes at least one address out, so this ends.
            loop {
                match self.try_plan(way).await? {
                    Try::Done => return Ok(()),
                    Try::Again => {}
                    Try::AnotherWay => break,
                }
            }
        }
        Ok(())
    }

    /// Plans what is open, and tells of each what would become of it; what cannot be planned stays open.
    pub(super) async fn preview(&mut self) -> Result<(), Error> {
        for way in [Way::TargetedPlan, Way::WholePlan] {
            loop {
                let plan = match self.planned(way).await? {
                    Planned::Plan(_, plan) if plan.is_errored() => break,
                    Planned::Plan(_, plan) => plan,
                    Planned::Not(Try::Done) => return Ok(()),
                    Planned::Not(Try::Again) => continue,
                    Planned::Not(Try::AnotherWay) => break,
                };
                // Nothing is applied: whatever else the plan would do does not matter.
                if let Judgement::Unfit(unfit) = judge(&plan, &self.open, &BTreeSet::new()) {
                    self.leave_out_unfit(&plan, unfit);
                }
                self.record(way, &plan);
                return Ok(());
            }
        }
        Ok(())
    }

    /// Makes a plan of what is open, unless there is nothing to plan or no such plan this way.
    async fn planned(&mut self, way: Way) -> Result<Planned, Error> {
        if self.open.is_empty() {
            return Ok(Planned::Not(Try::Done));
        }
        let length: usize = self.open.keys().map(|address| address.as_str().len()).sum();
        if way == Way::TargetedPlan && length > LONGEST_TARGETS {
            return Ok(Planned::Not(Try::AnotherWay));
        }
        match self.plan(way).await {
            Ok((file, plan)) => Ok(Planned::Plan(file, Box::new(plan))),
            Err((Error::Terraform(failure), part)) => {
                self.after_failed_plan(way, failure, part).await.map(Planned::Not)
            }
            Err((error, _)) if is_no_place_to_write(&error) => Ok(Planned::Not(Try::AnotherWay)),
            Err((error, _)) => Err(error),
        }
    }

    async fn try_plan(&mut self, way: Way) -> Result<Try, Error> {
        let (file, plan) = match self.planned(way).await? {
            Planned::Plan(file, plan) => (file, plan),
            Planned::Not(instead) => return Ok(instead),
        };
        let may_update = self.addresses_that_may_update();
        match judge(&plan, &self.open, &may_update) {
            Judgement::Acceptable => {
                self.directory.apply_plan(self.consent, &file).await?;
                self.record(way, &plan);
                Ok(Try::Done)
            }
            Judgement::Unfit(unfit) => {
                self.leave_out_unfit(&plan, unfit);
                Ok(Try::Again)
            }
            Judgement::Foreign(addresses) => {
                tracing::info!(?way, ?addresses, "the plan would change something else");
                let others =
                    addresses.iter().filter_map(|address| Address::parse(address)).collect();
                if way == Way::TargetedPlan && self.set_aside_what_waits_for(&others).await? {
                    return Ok(Try::Again);
                }
                Ok(Try::AnotherWay)
            }
            Judgement::Errored => Ok(Try::AnotherWay),
        }
    }

    /// Leaves to `terraform import` what waits for others that the plan would change: targeting draws them
    /// in. Returns whether that leaves something to be planned without it.
    async fn set_aside_what_waits_for(
        &mut self,
        others: &BTreeSet<Address>,
    ) -> Result<bool, Error> {
        let drawing = match self.directory.graph().await {
            Ok(drawing) => drawing,
            // Without a drawing nothing is told apart.
            Err(Error::Terraform(_)) => return Ok(false),
            Err(error) => return Err(error),
        };
        let dependencies = Dependencies::read(&drawing);
        let waiting = dependencies.waiting(self.open.keys(), others);
        let waiting: Vec<Address> = waiting.into_iter().cloned().collect();
        if waiting.is_empty() || waiting.len() == self.open.len() {
            return Ok(false);
        }
        for address in waiting {
            self.by_command.extend(self.open.remove_entry(&address));
        }
        Ok(true)
    }

    /// Makes one plan; the blocks file is there for no longer than that.
    async fn plan(&self, way: Way) -> Result<(PlanFile, PlanDocument), (Error, Option<PlanFile>)> {
        let targets: Vec<Address> = match way {
            Way::TargetedPlan => self.open.keys().cloned().collect(),
            Way::WholePlan | Way::Command => Vec::new(),
        };
        let request = PlanRequest {
            // Of the whole, only what is imported is read: the plan must not record other drift.
            refresh: way == Way::TargetedPlan,
            targets: &targets,
            narrowed: false,
            reads: self.open.len(),
        };
        let observer = self.directory.terraform().observer();
        let without_part = |error| (error, None);
        let blocks = BlocksFile::write(self.directory.path(), self.run, &self.open, observer)
            .map_err(without_part)?;
        let file = self.directory.plan_or_part(request).await;
        drop(blocks);
        let file = file?;
        let document = self.directory.show(&file).await.map_err(without_part)?;
        Ok((file, document))
    }

    /// A plan fails as a whole if one id does not exist, if a rule of one block does not hold, or if
    /// targeting is refused.
    async fn after_failed_plan(
        &mut self,
        way: Way,
        failure: Box<Failure>,
        part: Option<PlanFile>,
    ) -> Result<Try, Error> {
        match failure.kind {
            FailureKind::ConditionFails => self.leave_out_what_fails(failure, part).await,
            FailureKind::TargetingRefused => Ok(Try::AnotherWay),
            // Of a block of which some instances are targets, the others are not there to be referred to.
            _ if way == Way::TargetedPlan && failure.diagnostic.summary == "Invalid index" => {
                Ok(Try::AnotherWay)
            }
            FailureKind::NothingToImport => {
                let named = named_in(&failure.diagnostic.detail, self.open.keys());
                let Some(address) = named else {
                    return Ok(Try::AnotherWay);
                };
                self.leave_out(&address, Reason::NotFound);
                Ok(Try::Again)
            }
            _ => Err(Error::Terraform(failure)),
        }
    }

    /// Leaves out the imports whose own rules do not hold. `terraform import` asks no postcondition, so
    /// it is no way around one: every plan after it would fail.
    async fn leave_out_what_fails(
        &mut self,
        failure: Box<Failure>,
        part: Option<PlanFile>,
    ) -> Result<Try, Error> {
        let failed = match part {
            Some(part) => self.directory.show(&part).await?.failed_conditions(),
            None => BTreeMap::new(),
        };
        let before = self.open.len();
        for (address, messages) in failed {
            self.leave_out(&address, Reason::ConditionFails(messages));
        }
        if self.open.len() == before {
            for address in self.open.keys().cloned().collect::<Vec<_>>() {
                self.leave_out(&address, Reason::Refused(failure.clone()));
            }
        }
        Ok(Try::Again)
    }

    fn addresses_that_may_update(&self) -> BTreeSet<Address> {
        let policies = self.when_drifted.iter();
        policies
            .filter(|(_, policy)| **policy == WhenDrifted::Update)
            .map(|(address, _)| address.clone())
            .collect()
    }

    /// Takes out what a plan would do more to than import it, and remembers what that is.
    fn leave_out_unfit(&mut self, plan: &PlanDocument, unfit: BTreeMap<Address, Unfit>) {
        let changes: BTreeMap<&str, &ResourceChange> =
            plan.changes().iter().map(|change| (change.address.as_str(), change)).collect();
        for (address, reason) in unfit {
            if let Some(change) = changes.get(address.as_str()) {
                self.differences.insert(address.clone(), change.differences());
            }
            self.take_out(&address, reason);
        }
    }

    fn take_out(&mut self, address: &Address, unfit: Unfit) {
        let policy = self.when_drifted.get(address).copied().unwrap_or_default();
        if unfit == Unfit::Updates && policy == WhenDrifted::ImportOnly {
            if let Some((address, id)) = self.open.remove_entry(address) {
                self.by_command.insert(address, id);
            }
        } else {
            self.leave_out(address, unfit.into());
        }
    }

    fn leave_out(&mut self, address: &Address, reason: Reason) {
        if let Some((address, id)) = self.open.remove_entry(address) {
            let differences = self.differences.remove(&address).unwrap_or_default();
            self.adoption.left_out.push(LeftOut { address, id, reason, differences });
        }
    }

    fn record(&mut self, way: Way, plan: &PlanDocument) {
        let updated = |address: &Address| {
            plan.changes().iter().any(|change| {
                change.address == address.as_str()
                    && change.action == Some(divvy_core::survey::Change::Update)
                    && !change.changes_marks_only()
            })
        };
        for (address, id) in std::mem::take(&mut self.open) {
            let updated = updated(&address);
            let differences = Vec::new();
            self.adoption.imported.push(Imported { updated, address, id, way, differences });
        }
        self.adoption.changed_outputs = plan.changed_outputs();
        self.adoption.failed_checks = plan.failed_checks();
        let changes = plan.changes().iter();
        self.adoption.moved = changes
            .filter_map(|change| Some((change.previous_address.clone()?, change.address.clone())))
            .collect();
    }

    /// One `terraform import` each, for whatever is left.
    pub(super) async fn by_commands(&mut self) -> Result<(), Error> {
        let mut left = std::mem::take(&mut self.open);
        left.append(&mut self.by_command);
        for (address, id) in left {
            match self.directory.import(self.consent, &address, &id).await {
                Ok(()) => self.adoption.imported.push(Imported {
                    differences: self.differences.remove(&address).unwrap_or_default(),
                    address,
                    id,
                    way: Way::Command,
                    updated: false,
                }),
                Err(Error::Terraform(failure)) => {
                    let reason = match failure.kind {
                        FailureKind::NothingToImport => Reason::NotFound,
                        FailureKind::AlreadyManaged => Reason::NotImported,
                        _ => Reason::Refused(failure),
                    };
                    let differences = Vec::new();
                    self.adoption.left_out.push(LeftOut { address, id, reason, differences });
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

/// Finds the address that Terraform quotes (as Go does) in "…import an existing object to "ADDR"…";
/// the diagnostic has no address of its own.
fn named_in<'a>(detail: &str, addresses: impl Iterator<Item = &'a Address>) -> Option<Address> {
    let mut addresses = addresses;
    addresses.find(|address| detail.contains(&format!("{:?}", address.as_str()))).cloned()
}

/// A read-only directory takes no import blocks; its backend may still take an import.
fn is_no_place_to_write(error: &Error) -> bool {
    use std::io::ErrorKind::{PermissionDenied, ReadOnlyFilesystem};
    matches!(error, Error::File { source, .. }
        if matches!(source.kind(), PermissionDenied | ReadOnlyFilesystem))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_read_only_directory_is_no_reason_to_give_up_and_a_full_disk_is() {
        use std::io::ErrorKind;
        for (kind, is_so) in [
            (ErrorKind::PermissionDenied, true),
            (ErrorKind::ReadOnlyFilesystem, true),
            (ErrorKind::StorageFull, false),
        ] {
            let error = Error::file("x", "written", kind.into());
            assert_eq!(is_no_place_to_write(&error), is_so, "{kind}");
        }
    }
}
