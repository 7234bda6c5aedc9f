//! Gathers a survey: plan, state and org are read at the same time, as far as they can be.
//!
//! Reads only. Invariant: whatever a finding rests on was read here, in this run.

mod imports;
mod look;
mod opening;
mod orgs;

pub(crate) use look::{Look, Subject, Verified};
pub(crate) use opening::{Unwanted, data_directory, observers, passed_flags, place, program};
pub(crate) use orgs::{Asked, Asker, Lead, kinds_at_first_look, listed, organization};

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use divvy_core::kinds;
use divvy_core::survey::{Alias, Desired, OtherState, Surroundings, Tracked};
use divvy_core::{Consent, Kind, ProviderArguments};
use divvy_genesys::Client;
use divvy_terraform::{
    Access, Blocks, Error, PlanDocument, PlanFile, PlanRequest, StateDocument, WorkingDirectory,
    is_plan_file,
};

use self::orgs::{Answers, early_answer, refusal};
use crate::arguments::{OrgArguments, TerraformArguments};
use crate::console::Tone;
use crate::context::Context;
use crate::error::CommandResult;
use crate::journal::Journal;
use crate::limit::Limited;
use crate::observers::Observers;
use crate::org::{OrgFlags, of_api, of_connection};
use crate::report::{self, Made, Place, RunInfo};
use crate::repository::Repository;
use crate::terraform_errors::{of_file, of_terraform};
use crate::typed_file;

/// What to do where the plan of a remote run cannot be shown.
const REMOTE_PLAN: &str = "this plan was made by a remote run: take its JSON (terraform show -json where you are logged in) and pass that with --plan";

/// Looks at one working directory and the orgs that it leads to.
pub(crate) struct Surveyor<'c> {
    context: &'c Context,
    pub(crate) directory: WorkingDirectory,
    pub(crate) blocks: Blocks,
    pub(crate) observers: Arc<Observers>,
    flags: OrgFlags,
    asker: Asker,
    access: Access,
    unwanted: Unwanted,
    journal: OnceCell<Arc<Journal>>,
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
        let unwanted = Unwanted::as_interrupted(context);
        let program = program(context, terraform, &observers).map_err(of_terraform)?;
        let program = unwanted.ends(program);
        let place = place(context, terraform);
        let directory = WorkingDirectory::open(&place, program, flags).map_err(of_terraform)?;
        let blocks = Blocks::read(directory.path(), &data_directory(context, &place))
            .map_err(of_terraform)?;
        let flags = OrgFlags::read(context, org).await?;
        let asker = Asker::new(context, Arc::clone(&observers));
        Ok(Self {
            context,
            directory,
            blocks,
            observers,
            flags,
            asker,
            access,
            unwanted,
            journal: OnceCell::new(),
        })
    }

    /// Looks once: at a saved plan or at a fresh one from the state as stored, whose ids and names
    /// are compared with the org anyway.
    pub(crate) async fn look(&self, subject: &Subject<'_>) -> CommandResult<Look> {
        let imports = if subject.plan.is_some() { Vec::new() } else { self.imports_of_kinds() };
        if !imports.is_empty() {
            return self.look_beside_imports(imports, subject).await;
        }
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
        let kinds = self.kinds_before_a_plan(subject);
        let with_plan = async {
            if self.access == Access::Writes {
                // A plan that locks is not stopped at once, so it waits until the client is let in.
                let early = self.early().await?;
                return CommandResult::Ok(tokio::join!(plan, early_answer(early, &kinds)));
            }
            let early = async {
                let early = self.early().await.inspect_err(|_| self.unwanted.stop())?;
                CommandResult::Ok(early_answer(early, &kinds).await)
            };
            let (plan, early) = tokio::join!(plan, early);
            Ok((plan, early?))
        };
        // Nothing here is dropped half-way: a Terraform that was started is waited for.
        let (state, with_plan) = tokio::join!(state, with_plan);
        let (plan, early) = with_plan?;
        let plan = match plan {
            Ok(plan) => plan,
            Err(error) => return Err(refusal(early).unwrap_or(error)),
        };
        let tracked = match state {
            Some(Err(error)) if has_json && !matches!(error, Error::Interrupted { .. }) => {
                let text = format!("{error}\nThe state is taken from the plan's JSON.");
                self.context.console.mark(Tone::Warning, &text);
                plan.tracked()
            }
            Some(state) => state,
            None => plan.tracked(),
        };
        let look = self.assemble(plan, tracked.map_err(of_terraform)?, early, subject).await?;
        let is_narrowed = self.limited(subject) == Some(Limited::Targets);
        Ok(Look { is_narrowed, ..look })
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
        let request = PlanRequest { narrowed: true, ..PlanRequest::default() };
        let plan = self.directory.plan(request).await?;
        self.directory.show(&plan).await
    }

    /// Lets Terraform say what is left to do, with a plan as a person would make it; looks at it
    /// only if there is something, or if the last look `is_overtaken`. `reads` is how many instances
    /// it will refresh.
    pub(crate) async fn verify(
        &self,
        subject: &Subject<'_>,
        reads: usize,
        is_overtaken: bool,
    ) -> CommandResult<Verified> {
        let plan = self.plain_plan(reads).await?;
        if !plan.holds_changes() && !is_overtaken {
            return Ok(Verified::Clean(plan.changed_outputs().to_vec()));
        }
        let early = self.early().await?;
        let kinds = self.kinds_before_a_plan(subject);
        let (plan, state, early) =
            tokio::join!(self.directory.show(&plan), self.state(), early_answer(early, &kinds));
        let look = self
            .assemble(
                plan.map_err(of_terraform)?,
                state.map_err(of_terraform)?,
                early,
                &later(subject),
            )
            .await?;
        Ok(Verified::Pending(Box::new(look)))
    }

    /// Looks again, as at first, after something was done.
    pub(crate) async fn look_later(&self, subject: &Subject<'_>) -> CommandResult<Look> {
        self.look(&later(subject)).await
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
        early: Vec<CommandResult<Asked>>,
        subject: &Subject<'_>,
    ) -> CommandResult<Look> {
        let mut desired = plan.desired().map_err(of_terraform)?;
        for planned in &mut desired.planned {
            let drifting = planned.kind.drifting().iter().map(|attribute| attribute.terraform);
            let ignored = drifting.filter(|name| self.blocks.ignores(&planned.address, name));
            planned.ignored = ignored.map(str::to_owned).collect();
        }
        let arguments =
            self.directory.provider_arguments(&plan, &self.blocks).await.map_err(of_terraform)?;
        let look = Look {
            terraform_version: plan.terraform_version().map(str::to_owned),
            outputs: plan.changed_outputs(),
            instances: plan.changes().len(),
            is_whole: true,
            ..Look::default()
        };
        let answers = self.ask_orgs(&desired, &tracked, &arguments, early).await?;
        self.join(look, desired, tracked, &answers, subject).await
    }

    /// Joins what was read, and asks what the first answers made worth asking.
    async fn join(
        &self,
        mut look: Look,
        desired: Desired,
        tracked: Tracked,
        answers: &Answers,
        subject: &Subject<'_>,
    ) -> CommandResult<Look> {
        answers.enter(&mut look.survey);
        look.survey.surroundings = self.surroundings(subject.other_states).await?;
        look.survey.desired = Some(desired);
        look.survey.tracked = Some(tracked);
        look.survey.failures.clone_from(&subject.failures);
        look.survey.chosen.clone_from(&subject.chosen);
        answers.look_again(&mut look.survey).await?;
        look.orgs.clone_from(&answers.orgs);
        Ok(look)
    }

    /// Asks every org that a planned or tracked instance needs.
    async fn ask_orgs(
        &self,
        desired: &Desired,
        tracked: &Tracked,
        arguments: &BTreeMap<Alias, ProviderArguments>,
        early: Vec<CommandResult<Asked>>,
    ) -> CommandResult<Answers> {
        let mut aliases: BTreeSet<&Alias> =
            desired.planned.iter().map(|planned| &planned.alias).collect();
        if !tracked.instances.is_empty() || aliases.is_empty() {
            aliases.extend(arguments.keys());
        }
        let leads = self.flags.leads(aliases, arguments)?;
        self.asker.ask(leads, early, &kinds_at_first_look(desired, tracked)).await
    }

    /// Returns the import blocks that killed runs of divvy have left here, and warns of files that are
    /// only called like them: those are part of the configuration.
    pub(crate) fn left_over(&self) -> CommandResult<Vec<PathBuf>> {
        let found = self.directory.left_over_blocks().map_err(of_terraform)?;
        for path in &found.of_others {
            let warning = format!(
                "{} was not written by divvy and stays: it is part of the configuration",
                path.display()
            );
            self.context.console.mark(Tone::Warning, &warning);
        }
        Ok(found.ours)
    }

    /// Warns of what killed runs have left, where it is not cleared away.
    pub(crate) fn warn_of_left_over(&self, left_over: &[PathBuf]) {
        for path in left_over {
            let warning = format!(
                "a divvy fix that was killed left {}: every plan imports again what it lists; divvy fix removes it",
                path.display()
            );
            self.context.console.mark(Tone::Warning, &warning);
        }
    }

    /// Takes the run lock, begins the journal that hears of every effect from now on, and clears away
    /// what a killed run has left: a plan would carry out its blocks again. Does so once.
    pub(crate) fn begin_journal(
        &self,
        consent: &Consent,
        command: &str,
    ) -> CommandResult<&Journal> {
        if let Some(journal) = self.journal.get() {
            return Ok(journal);
        }
        let journal = Arc::new(Journal::begin(consent, self.directory.path(), command)?);
        self.observers.add(Arc::<Journal>::clone(&journal) as _);
        self.directory.remove_left_over_blocks(consent).map_err(of_terraform)?;
        Ok(self.journal.get_or_init(|| journal))
    }

    /// Returns what a person limited the plan to, beside `--only`.
    pub(crate) fn limited(&self, subject: &Subject<'_>) -> Option<Limited> {
        match subject.plan {
            Some(_) => Some(Limited::PlanFile),
            None => self.directory.flags().is_narrowed().then_some(Limited::Targets),
        }
    }

    /// Says what a report of a look should know beside findings and decisions.
    pub(crate) fn run_info(&self, look: &Look) -> RunInfo {
        let repository = Repository::of(&self.context.environment, self.directory.path());
        let planned = look.survey.desired.iter().flat_map(|desired| &desired.planned);
        let places = planned.filter_map(|planned| {
            let place = self.blocks.resource(&planned.address)?;
            let file = repository.name(self.directory.path(), &place.file);
            let place = Place { file, line: place.line };
            Some((planned.address.clone(), place))
        });
        RunInfo {
            terraform: Some(report::Terraform {
                program: self.directory.terraform().name(),
                version: look.terraform_version.clone(),
            }),
            made: Some(Made {
                workspace: self.directory.workspace().or_else(|| Some("default".to_owned())),
                backend: Some(self.blocks.backend().unwrap_or("local").to_owned()),
                commit: repository.commit(&self.context.environment),
                ..Made::here(repository.name_of_directory(self.directory.path()))
            }),
            places: places.collect(),
            outputs_left: look.outputs.clone(),
            notes: self.notes(look),
            terraform_runs: self.observers.terraform_runs() as u64,
            ..look.run_info(&self.observers)
        }
    }

    fn notes(&self, look: &Look) -> Vec<String> {
        let narrowing = self.directory.flags().narrowing().join(" ");
        let narrowed = look.is_narrowed.then(|| {
            format!("Only what {narrowing} selects was looked at; the rest was left out.")
        });
        let unplanned = (!look.is_whole).then(|| {
            "No plan was made: the provider would look for that id for minutes, and the plan would fail."
                .to_owned()
        });
        narrowed.into_iter().chain(unplanned).collect()
    }

    /// Signs in without waiting for a plan, if the blocks alone say which org it is; what they said is
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
        let client = self.asker.client(&connection).map_err(of_connection)?;
        client.authenticate().await.map_err(of_api)?;
        Ok(Some(Ok(client)))
    }

    /// Returns the kinds that are worth listing while the plan is made, told from the blocks: where the
    /// state lies here and holds some of a kind already, or is elsewhere, the plan knows better.
    fn kinds_before_a_plan(&self, subject: &Subject<'_>) -> BTreeSet<&'static Kind> {
        let of_blocks = self.blocks.resource_types().filter_map(kinds::of_terraform_type);
        let special = of_blocks.filter(|kind| kind.special.is_some());
        let mut kinds: BTreeSet<_> = special.filter(|kind| kind.is_read_whole()).collect();
        if self.limited(subject).is_none() {
            kinds.extend(kinds_of_which_none_is_held(&self.blocks, &self.directory));
        }
        kinds
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

/// Returns what there is to look at once something was done: a saved plan and a log tell of the time before.
fn later<'s>(subject: &Subject<'s>) -> Subject<'s> {
    Subject { plan: None, failures: Vec::new(), chosen: subject.chosen.clone(), ..*subject }
}

/// Returns the kinds of which the configuration has blocks and the state has nothing, so that a plan
/// of everything creates some; none where the state is elsewhere.
pub(crate) fn kinds_of_which_none_is_held(
    blocks: &Blocks,
    directory: &WorkingDirectory,
) -> BTreeSet<&'static Kind> {
    if blocks.backend().is_some() {
        return BTreeSet::new();
    }
    let state = directory.state_file(Path::new("terraform.tfstate")).ok().flatten();
    let tracked = state.and_then(|state| state.tracked().ok()).unwrap_or_default();
    let held: BTreeSet<_> = tracked.instances.iter().map(|tracked| tracked.kind).collect();
    let of_blocks = blocks.resource_types().filter_map(kinds::of_terraform_type);
    of_blocks.filter(|kind| kind.is_read_whole() && !held.contains(kind)).collect()
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
