//! Looks names up without a configuration: for a log, or a plan's JSON, that came from elsewhere.
//!
//! Starts no Terraform and changes nothing. Invariant: what the failed run itself created counts as
//! tracked, so it is never offered to another address.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use divvy_core::kinds;
use divvy_core::survey::{
    Alias, Change, Desired, Planned, StatePresence, Surroundings, Survey, Tracked, TrackedInstance,
};
use divvy_core::{Address, Attributes, EntityId};
use divvy_genesys::Dialect;
use divvy_terraform::{PlanDocument, files, holds_configuration, is_plan_file};

use crate::arguments::{OrgArguments, TerraformArguments};
use crate::context::Context;
use crate::error::{CommandError, CommandResult};
use crate::observers::Observers;
use crate::org::OrgFlags;
use crate::report::{Made, RunInfo};
use crate::repository::Repository;
use crate::survey::{
    Asker, Lead, Look, Subject, kinds_at_first_look, observers, place, program, read_states,
};
use crate::terraform_errors::{of_file, of_terraform};
use crate::typed_file;

/// The provider configuration that a log is taken to be about.
const ALIAS: &str = "genesyscloud";

/// Looks names up in the orgs that flags, environment and profiles lead to.
pub(crate) struct Lookup<'c> {
    context: &'c Context,
    observers: Arc<Observers>,
    flags: OrgFlags,
}

impl<'c> Lookup<'c> {
    /// Reads the flags.
    pub(crate) async fn open(context: &'c Context, org: &OrgArguments) -> CommandResult<Self> {
        let flags = OrgFlags::read(context, org).await?;
        Ok(Self { context, observers: observers(context), flags })
    }

    /// Looks once. `plan` says what is wanted, where there is one.
    pub(crate) async fn look(
        &self,
        plan: Option<&PlanDocument>,
        created: &[(Address, EntityId)],
        subject: &Subject<'_>,
    ) -> CommandResult<Look> {
        let mut survey = Survey {
            failures: subject.failures.clone(),
            surroundings: Surroundings {
                other_states: read_states(self.context, subject.other_states).await?,
                ..Surroundings::default()
            },
            ..Survey::default()
        };
        let desired = match plan {
            Some(plan) => plan.desired().map_err(of_terraform)?,
            None => Desired::default(),
        };
        let (planned, instances) = of_created(created, &desired);
        let held = plan.map(PlanDocument::tracked).transpose().map_err(of_terraform)?;
        let tracked = Tracked {
            presence: StatePresence::Present,
            instances: held.unwrap_or_default().instances.into_iter().chain(instances).collect(),
            ..Tracked::default()
        };
        let kinds = kinds_at_first_look(&desired, &tracked);
        let leads = self.leads(plan, &desired)?;
        let asker = Asker::new(self.context, Arc::clone(&self.observers));
        let answers = asker.ask(leads, Vec::new(), &kinds).await?;
        answers.enter(&mut survey);
        survey.tracked = Some(tracked);
        survey.desired = Some(Desired {
            planned: desired.planned.into_iter().chain(planned).collect(),
            ..desired
        });
        answers.look_again(&mut survey).await?;
        Ok(Look {
            instances: 0,
            is_whole: true,
            is_narrowed: false,
            survey,
            orgs: answers.orgs,
            terraform_version: plan.and_then(PlanDocument::terraform_version).map(str::to_owned),
            outputs: Vec::new(),
        })
    }

    /// Says what a report of a look should know beside findings and decisions.
    pub(crate) fn run_info(&self, look: &Look) -> RunInfo {
        let directory = &self.context.environment.current_directory;
        let repository = Repository::of(&self.context.environment, directory);
        let made = Made {
            commit: repository.commit(&self.context.environment),
            ..Made::here(repository.name_of_directory(directory))
        };
        RunInfo { made: Some(made), ..look.run_info(&self.observers) }
    }

    /// Returns whether flags, environment and profile lead to an org at all.
    pub(crate) fn leads_somewhere(&self) -> bool {
        self.flags.direct(Dialect::Published).is_ok()
    }

    /// Works out where each provider configuration of the plan leads; without a plan, where flags,
    /// environment and profile lead.
    fn leads(&self, plan: Option<&PlanDocument>, desired: &Desired) -> CommandResult<Vec<Lead>> {
        let aliases: BTreeSet<&Alias> =
            desired.planned.iter().map(|planned| &planned.alias).collect();
        match plan.filter(|_| !aliases.is_empty()) {
            Some(plan) => self.flags.leads(aliases, &plan.provider_arguments_as_written()),
            None => {
                let connection = self.flags.direct(Dialect::Published)?;
                Ok(vec![(Alias::new(ALIAS), Ok(connection))])
            }
        }
    }
}

/// Reads the JSON of a plan that is all there is: no program to run, or no configuration to run it on.
/// Nothing is returned where Terraform can be asked, or has to be.
pub(crate) async fn plan_alone(
    context: &Context,
    terraform: &TerraformArguments,
    plan: Option<&Path>,
) -> CommandResult<Option<PlanDocument>> {
    let Some(path) = plan else { return Ok(None) };
    let has_configuration = holds_configuration(&place(context, terraform)).unwrap_or(false);
    if has_configuration && program(context, terraform, &observers(context)).is_ok() {
        return Ok(None);
    }
    // A pipe can be read once: it is left to whoever needs Terraform for it.
    if !typed_file::resolved(context, path).is_file() {
        return Ok(None);
    }
    let content = typed_file::read(context, path).await?;
    if is_plan_file(&content) {
        return Ok(None);
    }
    let remedy = format!("make it with: {} show -json PLANFILE > FILE", context.terraform);
    let read = files::text_of(content).map_err(CommandError::failed)?;
    let plan = PlanDocument::read(read.as_bytes());
    plan.map(Some).map_err(|error| of_file(path, error, remedy))
}

/// What the failed run created, as the state and the next plan would show it.
fn of_created(
    created: &[(Address, EntityId)],
    desired: &Desired,
) -> (Vec<Planned>, Vec<TrackedInstance>) {
    let known =
        |address: &Address| desired.planned.iter().any(|planned| planned.address == *address);
    let of_a_kind =
        created.iter().filter(|(address, _)| !known(address)).filter_map(|(address, id)| {
            let kind = kinds::of_terraform_type(address.terraform_type())?;
            let planned = Planned::new(address.clone(), kind, Alias::new(ALIAS), Change::NoOp);
            let instance = tracked(address.clone(), &planned, id.clone(), Attributes::new());
            Some((planned, instance))
        });
    of_a_kind.unzip()
}

fn tracked(
    address: Address,
    planned: &Planned,
    id: EntityId,
    attributes: Attributes,
) -> TrackedInstance {
    let local = planned.alias.as_str().rsplit(':').next().unwrap_or_default();
    TrackedInstance {
        address,
        kind: planned.kind,
        provider_alias: local.split_once('.').map(|(_, alias)| alias.to_owned()),
        id,
        attributes,
        sensitive: planned.sensitive.clone(),
        is_tainted: false,
        is_deposed: false,
    }
}
