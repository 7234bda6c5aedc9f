//! Looks at what the configuration imports before there is a plan.
//!
//! Reads only. Never guesses: where the blocks do not tell what is imported, or from which org, the plan goes
//! first.

use std::collections::BTreeSet;

use divvy_core::survey::{Change, Desired, Planned};
use divvy_core::{EntityId, Kind, kinds};
use divvy_terraform::{ImportBlock, WrittenImport};

use super::orgs::{Answers, early_answer, refusal};
use super::{Limited, Look, Subject, Surveyor};
use crate::error::CommandResult;
use crate::terraform_errors::of_terraform;

impl Surveyor<'_> {
    /// Looks where the configuration imports ids: one that the org lacks is reported without a plan. The
    /// provider would ask for it for minutes, and fail the whole plan.
    pub(super) async fn look_beside_imports(
        &self,
        imports: Vec<(&'static Kind, &ImportBlock)>,
        subject: &Subject<'_>,
    ) -> CommandResult<Look> {
        let mut kinds = self.kinds_before_a_plan(subject);
        kinds.extend(imports.iter().map(|(kind, _)| *kind).filter(|kind| kind.is_read_whole()));
        let blocks: Vec<_> = imports.into_iter().map(|(_, block)| block).collect();
        let (state, asked) = tokio::join!(self.state(), self.ask_for_imports(&blocks, &kinds));
        let tracked = state.map_err(of_terraform)?;
        let early = match asked? {
            Some((imports, answers)) => {
                // Terraform ignores an import to an address that the state holds.
                let is_open = |import: &Planned| {
                    tracked.instances.iter().all(|tracked| tracked.address != import.address)
                };
                let planned: Vec<_> = imports.into_iter().filter(is_open).collect();
                if !planned.is_empty() {
                    let desired = Desired { planned, ..Desired::default() };
                    let mut look = self
                        .join(Look::default(), desired, tracked.clone(), &answers, subject)
                        .await?;
                    if look.keep_absent_imports() {
                        return Ok(look);
                    }
                }
                answers.into_asked()
            }
            None => early_answer(self.early().await?, &kinds).await,
        };
        let plan = match self.fresh_plan().await {
            Ok(plan) => plan,
            Err(error) => return Err(refusal(early).unwrap_or_else(|| of_terraform(error))),
        };
        let look = self.assemble(plan, tracked, early, subject).await?;
        let is_narrowed = self.limited(subject) == Some(Limited::Targets);
        Ok(Look { is_narrowed, ..look })
    }

    /// Reads what these blocks import, and asks the orgs of it before there is a plan; nothing is returned
    /// where the blocks do not tell which orgs those are.
    ///
    /// # Errors
    /// If the only org does not answer or refuses the client: the provider would try for minutes.
    async fn ask_for_imports(
        &self,
        blocks: &[&ImportBlock],
        kinds: &BTreeSet<&'static Kind>,
    ) -> CommandResult<Option<(Vec<Planned>, Answers)>> {
        // A provider block could stand in a file that cannot be read.
        if !self.blocks.unreadable().is_empty() {
            return Ok(None);
        }
        let read = self.directory.provider_arguments_and_imports(&self.blocks, blocks).await;
        let (arguments, imports) = read.map_err(of_terraform)?;
        let imports: Vec<Planned> = imports.into_iter().filter_map(planned).collect();
        let imported: BTreeSet<_> = imports.iter().map(|import| &import.alias).collect();
        // All of them, since flags fill what is unresolved of an only one.
        let every = arguments.keys().chain(imported.iter().copied()).collect();
        let Ok(mut leads) = self.flags.leads(every, &arguments) else { return Ok(None) };
        leads.retain(|(alias, lead)| lead.is_ok() && imported.contains(alias));
        if leads.is_empty() {
            return Ok(None);
        }
        Ok(Some((imports, self.asker.ask(leads, Vec::new(), kinds).await?)))
    }

    /// Returns the import blocks whose resource is of a kind.
    pub(super) fn imports_of_kinds(&self) -> Vec<(&'static Kind, &ImportBlock)> {
        let imports = self.blocks.imports().iter();
        imports
            // What a killed run had left may be gone by now.
            .filter(|import| self.directory.path().join(&import.place.file).exists())
            .filter_map(|import| {
                Some((kinds::of_terraform_type(&import.terraform_type()?)?, import))
            })
            .collect()
    }
}

/// Makes what the verdicts judge of an import that there is no plan of yet.
fn planned(import: WrittenImport) -> Option<Planned> {
    let WrittenImport { address, alias, id } = import;
    let kind = kinds::of_terraform_type(address.terraform_type())?;
    let import_id = Some(EntityId::new(id));
    Some(Planned { import_id, ..Planned::new(address, kind, alias, Change::NoOp) })
}
