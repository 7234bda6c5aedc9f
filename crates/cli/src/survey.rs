//! Gathers a survey: plan, state and org are read at the same time, as far as they can be.
//!
//! Reads only. Invariant: whatever a finding rests on was read here, in this run.

mod opening;
mod orgs;

pub(crate) use opening::{data_directory, observers, passed_flags, place, program};
pub(crate) use orgs::Asked;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use divvy_core::survey::{Alias, OtherState, Surroundings, Survey, Tracked};
use divvy_core::{EntityId, Failure};
use divvy_genesys::{Client, Connection, Settings};
use divvy_terraform::{
    Access, Blocks, Error, PlanDocument, PlanFile, PlanRequest, StateDocument, WorkingDirectory,
    is_plan_file,
};

use self::orgs::early_answer;
use crate::arguments::{OrgArguments, TerraformArguments};
use crate::commands::Context;
use crate::confirm;
use crate::console::Tone;
use crate::error::CommandResult;
use crate::journal::Journal;
use crate::observers::Observers;
use crate::org::{OrgFlags, client, of_api, of_connection};
use crate::report::{self, Place, RunInfo};
use crate::terraform_errors::{of_file, of_terraform};
use crate::typed_file;

/// What to do where the plan of a remote run cannot be shown.
const REMOTE_PLAN: &str = "this plan was made by a remote run: take its JSON (terraform show -json where you are logged in) and pass that with --plan";

/// What is to be surveyed.
#[derive(Default)]
pub(crate) struct Subject<'s> {
    /// A saved plan (or its JSON) instead of a fresh one.
    pub(crate) plan: Option<&'s Path>,
    /// Failures of an earlier run.
    pub(crate) failures: Vec<Failure>,
    /// Ids that a person named.
    pub(crate) chosen: BTreeSet<EntityId>,
    /// States of other roots.
    pub(crate) other_states: &'s [PathBuf],
}

/// One look at everything.
pub(crate) struct Look {
    pub(crate) survey: Survey,
    pub(crate) orgs: Vec<OrgSeen>,
    pub(crate) terraform_version: Option<String>,
    /// Names of outputs that would change.
    pub(crate) outputs: Vec<String>,
    /// How many instances of all types the plan speaks of: a refresh reads no more than these.
    pub(crate) instances: usize,
}

/// Terraform's word after a change.
pub(crate) enum Verified {
    /// Nothing is left to do, except for these outputs.
    Clean(Vec<String>),
    /// Something is; this is what it looks like now.
    Pending(Box<Look>),
}

/// An alias, and the org that it led to.
#[derive(Clone, Debug)]
pub(crate) struct OrgSeen {
    pub(crate) alias: Alias,
    pub(crate) credentials_from: Option<String>,
}

/// Looks at one working directory and the orgs that it leads to.
pub(crate) struct Surveyor<'c> {
    context: &'c Context,
    pub(crate) directory: WorkingDirectory,
    pub(crate) blocks: Blocks,
    pub(crate) observers: Arc<Observers>,
    flags: OrgFlags,
}

impl<'c> Surveyor<'c> {
    /// Finds Terraform, opens the directory and reads the flags.
    pub(crate) async fn open(
        context: &'c Context,
        org: &OrgArguments,
        terraform: &TerraformArguments,
        access: Access,
    ) -> CommandResult<Self> {
        let observers = observers(context);
        let flags = passed_flags(context, terraform, access)?;
        let program = program(context, terraform, &observers).map_err(of_terraform)?;
        let place = place(context, terraform);
        let directory = WorkingDirectory::open(&place, program, flags).map_err(of_terraform)?;
        let blocks = Blocks::read(directory.path(), &data_directory(context, &place))
            .map_err(of_terraform)?;
        let flags = OrgFlags::read(context, org).await?;
        Ok(Self { context, directory, blocks, observers, flags })
    }

    /// Looks once: at a saved plan or at a fresh one from the state as stored, whose ids and names
    /// are compared with the org anyway.
    pub(crate) async fn look(&self, subject: &Subject<'_>) -> CommandResult<Look> {
        let saved = match subject.plan {
            Some(path) => Some((path, self.saved_plan(path).await?)),
            None => None,
        };
        let has_json = saved.as_ref().is_some_and(|(_, content)| !is_plan_file(content));
        let plan = async {
            match saved {
                Some((path, content)) => self.read_plan(path, content).await,
                None => self.fresh_plan().await.map_err(of_terraform),
            }
        };
        let state = async {
            // Where the runs are made elsewhere, so are the rights to the state.
            if has_json && self.blocks.runs_remotely() { None } else { Some(self.state().await) }
        };
        let with_plan = async {
            let early = self.early().await?;
            CommandResult::Ok(tokio::join!(plan, early_answer(early)))
        };
        // The state is read while the org is signed in to, which leaves the processors idle. Nothing
        // here is dropped half-way: a Terraform that was started is waited for.
        let (state, with_plan) = tokio::join!(state, with_plan);
        let (plan, early) = with_plan?;
        let early = match early {
            // Where both failed, this says why the provider did not start.
            Some(Err(error)) if plan.is_err() => return Err(error),
            early => early,
        };
        let plan = plan?;
        let tracked = match state {
            Some(Err(error)) if has_json && !matches!(error, Error::Interrupted { .. }) => {
                let text = format!("{error}\nThe state is taken from the plan's JSON.");
                self.context.console.mark(Tone::Warning, &text);
                plan.tracked()
            }
            Some(state) => state,
            None => plan.tracked(),
        };
        self.assemble(plan, tracked.map_err(of_terraform)?, early, subject).await
    }

    /// Reads the state: from its file where that lies here, else from the backend.
    async fn state(&self) -> Result<Tracked, Error> {
        self.directory.state().await?.tracked()
    }

    async fn saved_plan(&self, path: &Path) -> CommandResult<Vec<u8>> {
        let content = typed_file::read(self.context, path).await;
        content.map_err(|error| error.hint(self.plan_remedy()))
    }

    async fn read_plan(&self, path: &Path, content: Vec<u8>) -> CommandResult<PlanDocument> {
        let named = typed_file::resolved(self.context, path);
        let is_of_a_remote_run = is_plan_file(&content) && !content.starts_with(b"PK");
        let plan = self.directory.read_plan(&named, content).await;
        plan.map_err(|error| {
            let told = of_file(path, error, self.plan_remedy());
            if is_of_a_remote_run { told.hint(REMOTE_PLAN) } else { told }
        })
    }

    fn plan_remedy(&self) -> String {
        format!("make it with: {} plan -out=FILE", self.context.terraform)
    }

    async fn fresh_plan(&self) -> Result<PlanDocument, Error> {
        let plan = self.directory.plan(PlanRequest::default()).await?;
        self.directory.show(&plan).await
    }

    /// Lets Terraform say what is left to do, with a plan as a person would make it; looks at it
    /// only if there is something. `reads` is how many instances it will refresh.
    pub(crate) async fn verify(
        &self,
        subject: &Subject<'_>,
        reads: usize,
    ) -> CommandResult<Verified> {
        let plan = self.plain_plan(reads).await?;
        if !plan.holds_changes() {
            return Ok(Verified::Clean(plan.changed_outputs().to_vec()));
        }
        let early = self.early().await?;
        let (plan, state, early) =
            tokio::join!(self.directory.show(&plan), self.state(), early_answer(early));
        // A log tells of the time before.
        let subject = Subject {
            plan: None,
            failures: Vec::new(),
            chosen: subject.chosen.clone(),
            ..*subject
        };
        let look = self
            .assemble(plan.map_err(of_terraform)?, state.map_err(of_terraform)?, early, &subject)
            .await?;
        Ok(Verified::Pending(Box::new(look)))
    }

    /// Lets Terraform make a plan as a person would.
    pub(crate) async fn plain_plan(&self, reads: usize) -> CommandResult<PlanFile> {
        let request = PlanRequest { refresh: true, reads, ..PlanRequest::default() };
        self.directory.plan(request).await.map_err(of_terraform)
    }

    async fn assemble(
        &self,
        plan: PlanDocument,
        tracked: Tracked,
        early: Option<CommandResult<Asked>>,
        subject: &Subject<'_>,
    ) -> CommandResult<Look> {
        let mut desired = plan.desired().map_err(of_terraform)?;
        for planned in &mut desired.planned {
            let drifting = planned.kind.drifting.iter().map(|attribute| attribute.terraform);
            let ignored = drifting.filter(|name| self.blocks.ignores(&planned.address, name));
            planned.ignored = ignored.map(str::to_owned).collect();
        }
        let arguments =
            self.directory.provider_arguments(&plan, &self.blocks).await.map_err(of_terraform)?;
        let mut look = Look {
            survey: Survey::default(),
            orgs: Vec::new(),
            terraform_version: plan.terraform_version().map(str::to_owned),
            outputs: plan.changed_outputs(),
            instances: plan.changes().len(),
        };
        let asked = self.ask(&desired, &tracked, &arguments, early, &mut look).await?;
        look.survey.surroundings = self.surroundings(subject.other_states).await?;
        look.survey.desired = Some(desired);
        look.survey.tracked = Some(tracked);
        look.survey.failures.clone_from(&subject.failures);
        Self::look_again(&mut look.survey, &asked, &subject.chosen).await?;
        Ok(look)
    }

    /// Takes the run lock, begins the journal that hears of every effect from now on, and clears away
    /// what a killed run has left: a plan would carry out its blocks again.
    pub(crate) fn begin_journal(&self, command: &str) -> CommandResult<Arc<Journal>> {
        let journal = Arc::new(Journal::begin(self.directory.path(), command)?);
        self.observers.add(Arc::<Journal>::clone(&journal) as _);
        self.directory.remove_left_over_blocks(&confirm::by_flag()).map_err(of_terraform)?;
        Ok(journal)
    }

    /// Says what a report of a look should know beside findings and decisions.
    pub(crate) fn run_info(&self, look: &Look) -> RunInfo {
        let from = look
            .orgs
            .iter()
            .filter_map(|seen| Some((seen.alias.clone(), seen.credentials_from.clone()?)));
        let planned = look.survey.desired.iter().flat_map(|desired| &desired.planned);
        let places = planned.filter_map(|planned| {
            let place = self.blocks.resource(&planned.address)?;
            let place = Place { file: place.file.display().to_string(), line: place.line };
            Some((planned.address.clone(), place))
        });
        RunInfo {
            terraform: Some(report::Terraform {
                program: self.directory.terraform().name(),
                version: look.terraform_version.clone(),
            }),
            credentials_from: from.collect(),
            places: places.collect(),
            outputs_left: look.outputs.clone(),
            api_requests: self.observers.requests() as u64,
            terraform_runs: self.observers.terraform_runs() as u64,
            ..RunInfo::default()
        }
    }

    /// Signs in before the plan is made, if the blocks alone say which org it is; what they said is
    /// compared with the plan's word afterwards. Where nobody answers, or the client is refused, the
    /// provider would try for minutes and then not say why.
    ///
    /// The inner error: no connection could be worked out, which matters only if one is needed.
    async fn early(&self) -> CommandResult<Option<CommandResult<Client>>> {
        let Some(arguments) = self.blocks.arguments_known_before_a_plan("genesyscloud") else {
            return Ok(None);
        };
        let connection = match self.flags.connection(&Alias::new("genesyscloud"), &arguments, true)
        {
            Ok(connection) => connection,
            Err(error) => return Ok(Some(Err(of_connection(error)))),
        };
        let client = self.client(&connection)?;
        client.sign_in().await.map_err(of_api)?;
        Ok(Some(Ok(client)))
    }

    fn client(&self, connection: &Connection) -> CommandResult<Client> {
        let observer = Arc::<Observers>::clone(&self.observers) as _;
        client(self.context, connection.clone(), Settings::default(), observer)
    }

    async fn surroundings(&self, other_states: &[PathBuf]) -> CommandResult<Surroundings> {
        let other_states = read_states(self.context, other_states).await?;
        Ok(Surroundings {
            errored_state: self.directory.errored_state(),
            backend: self.blocks.backend().map(str::to_owned),
            workspace: self.directory.workspace(),
            other_states,
        })
    }
}

/// Reads states of other roots.
pub(crate) async fn read_states(
    context: &Context,
    paths: &[PathBuf],
) -> CommandResult<Vec<OtherState>> {
    let remedy = || format!("make it in the other root: {} state pull > FILE", context.terraform);
    let mut states = Vec::new();
    for path in paths {
        let text = typed_file::read_text(context, path).await.map_err(|e| e.hint(remedy()))?;
        let tracked = StateDocument::read(text.as_bytes())
            .and_then(|state| state.tracked())
            .map_err(|error| of_file(path, error, remedy()))?;
        states.push(OtherState { label: path.display().to_string(), tracked });
    }
    Ok(states)
}
