//! Gathers a survey: plan, state and org are read at the same time, as far as they can be.
//!
//! Reads only. Invariant: an org is asked with the credentials of its own provider configuration,
//! and one listing per org serves every alias that leads there.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use divvy_core::further_needs::further_needs;
use divvy_core::kinds::division::DIVISION;
use divvy_core::survey::{
    Alias, AliasTarget, Desired, Listing, Org, OtherState, Surroundings, Survey, Tracked,
};
use divvy_core::{EntityId, Failure, Kind, OrgId, ProviderArguments};
use divvy_genesys::{Client, Connection, Settings};
use divvy_terraform::{
    Blocks, PassedFlags, PlanDocument, PlanFile, PlanRequest, StateDocument, Terraform,
    WorkingDirectory,
};
use futures_util::future::{join_all, try_join_all};

use crate::arguments::{OrgArguments, TerraformArguments};
use crate::commands::Context;
use crate::console::Tone;
use crate::error::{CommandError, CommandResult};
use crate::observers::Observers;
use crate::org::{OrgFlags, client, of_api, of_connection};
use crate::report::{self, Place, RunInfo};
use crate::terraform_errors::{of_file, of_terraform};

/// How a file for `--other-state` is made.
const MAKE_STATE: &str = "make it in the other root: terraform state pull > FILE";

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

/// A client and the org that it turned out to talk to, once it has been asked.
pub(crate) struct Asked {
    client: Client,
    pub(crate) seen: (OrgId, Org),
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
    pub(crate) fn open(
        context: &'c Context,
        org: &OrgArguments,
        terraform: &TerraformArguments,
    ) -> CommandResult<Self> {
        let observers = observers(context);
        let flags = passed_flags(context, terraform)?;
        let program = program(context, terraform, &observers).map_err(of_terraform)?;
        let place = place(context, terraform);
        let directory = WorkingDirectory::open(&place, program, flags).map_err(of_terraform)?;
        let blocks = Blocks::read(directory.path(), &data_directory(context, &place))
            .map_err(of_terraform)?;
        let flags = OrgFlags::read(context, org)?;
        Ok(Self { context, directory, blocks, observers, flags })
    }

    /// Looks once: at a saved plan or at a fresh one from the state as stored, whose ids and names
    /// are compared with the org anyway.
    pub(crate) async fn look(&self, subject: &Subject<'_>) -> CommandResult<Look> {
        let plan = async {
            match subject.plan {
                Some(path) => {
                    let path = self.context.environment.current_directory.join(path);
                    let plan = self.directory.read_plan_file(&path).await;
                    plan.map_err(|error| {
                        of_file(&path, error, "make it with: terraform plan -out=FILE")
                    })
                }
                None => self.fresh_plan().await.map_err(of_terraform),
            }
        };
        let early = self.early().await?;
        // Nothing here is dropped half-way: a Terraform that was started is waited for.
        let (plan, state, early) =
            tokio::join!(plan, self.directory.state_pull(), early_answer(early));
        let early = match early {
            // Where both failed, this says why the provider did not start.
            Some(Err(error)) if plan.is_err() => return Err(error),
            early => early,
        };
        self.assemble(plan?, state.map_err(of_terraform)?, early, subject).await
    }

    async fn fresh_plan(&self) -> Result<PlanDocument, divvy_terraform::Error> {
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
        let (plan, state, early) = tokio::join!(
            self.directory.show(&plan),
            self.directory.state_pull(),
            early_answer(early)
        );
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
        state: StateDocument,
        early: Option<CommandResult<Asked>>,
        subject: &Subject<'_>,
    ) -> CommandResult<Look> {
        let desired = plan.desired().map_err(of_terraform)?;
        let tracked = state.tracked().map_err(of_terraform)?;
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
        look.survey.surroundings = self.surroundings(subject.other_states)?;
        look.survey.desired = Some(desired);
        look.survey.tracked = Some(tracked);
        look.survey.failures.clone_from(&subject.failures);
        Self::look_again(&mut look.survey, &asked, &subject.chosen).await?;
        Ok(look)
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

    /// Asks every org that a planned or tracked instance needs.
    async fn ask(
        &self,
        desired: &Desired,
        tracked: &Tracked,
        arguments: &BTreeMap<Alias, ProviderArguments>,
        early: Option<CommandResult<Asked>>,
        look: &mut Look,
    ) -> CommandResult<Vec<Asked>> {
        let mut aliases: BTreeSet<&Alias> =
            desired.planned.iter().map(|planned| &planned.alias).collect();
        if !tracked.instances.is_empty() || aliases.is_empty() {
            aliases.extend(arguments.keys());
        }
        let is_only_one = aliases.len() == 1;
        let mut connections: BTreeMap<String, Connection> = BTreeMap::new();
        let mut leads: Vec<(&Alias, Result<String, String>, Option<Connection>)> = Vec::new();
        let nothing_written = ProviderArguments::default();
        for alias in aliases {
            let written = arguments.get(alias).unwrap_or(&nothing_written);
            match self.flags.connection(alias, written, is_only_one) {
                Ok(connection) => {
                    let key = connection.fingerprint();
                    connections.entry(key.clone()).or_insert_with(|| connection.clone());
                    leads.push((alias, Ok(key), Some(connection)));
                }
                Err(error) if is_only_one => return Err(of_connection(error)),
                Err(error) => leads.push((alias, Err(error.to_string()), None)),
            }
        }
        let mut answers: BTreeMap<String, CommandResult<Asked>> = BTreeMap::new();
        if let Some(early) = early {
            let key = early.as_ref().ok().map(|asked| asked.client.connection().fingerprint());
            match (key, connections.len(), connections.keys().next()) {
                (Some(key), _, _) if connections.contains_key(&key) => {
                    drop(answers.insert(key, early));
                }
                // The same question would fail the same way.
                (None, 1, Some(key)) => drop(answers.insert(key.clone(), early)),
                _ => {}
            }
        }
        let open: Vec<_> =
            connections.iter().filter(|(key, _)| !answers.contains_key(*key)).collect();
        let replies = join_all(
            open.iter().map(|(_, connection)| async { ask_one(self.client(connection)?).await }),
        )
        .await;
        for ((key, _), reply) in open.into_iter().zip(replies) {
            answers.insert(key.clone(), reply);
        }
        let several = answers.len() > 1;
        let mut refused: BTreeMap<String, String> = BTreeMap::new();
        let mut asked = BTreeMap::new();
        for (key, answer) in answers {
            match answer {
                Ok(answer) => drop(asked.insert(key, answer)),
                Err(error) if several && error.kind == crate::error::ErrorKind::Failed => {
                    refused.insert(key, error.message);
                }
                Err(error) => return Err(error),
            }
        }
        for (alias, lead, connection) in leads {
            let answer = lead.as_ref().ok().and_then(|key| asked.get(key));
            let target = match (&lead, answer) {
                (_, Some(answer)) => AliasTarget::Org(answer.seen.0.clone()),
                (Ok(key), None) => {
                    AliasTarget::Unresolved(refused.get(key).cloned().unwrap_or_default())
                }
                (Err(reason), None) => AliasTarget::Unresolved(reason.clone()),
            };
            look.orgs.push(OrgSeen {
                alias: alias.clone(),
                credentials_from: connection.map(|connection| connection.credentials_from()),
            });
            look.survey.aliases.insert(alias.clone(), target);
        }
        let mut asked: Vec<Asked> = asked.into_values().collect();
        for answer in &mut asked {
            let (id, org) = &answer.seen;
            look.survey.orgs.entry(id.clone()).or_insert_with(|| org.clone());
        }
        Ok(asked)
    }

    /// Asks one org who it is and what it has, at the same time.
    pub(crate) async fn ask_one(
        context: &Context,
        observers: &Arc<Observers>,
        connection: &Connection,
    ) -> CommandResult<Asked> {
        let observer = Arc::<Observers>::clone(observers) as _;
        ask_one(client(context, connection.clone(), Settings::default(), observer)?).await
    }

    /// Asks what the first look made worth asking.
    pub(crate) async fn look_again(
        survey: &mut Survey,
        asked: &[Asked],
        chosen: &BTreeSet<EntityId>,
    ) -> CommandResult<()> {
        let needs = further_needs(survey, chosen);
        let questions = needs.into_iter().filter_map(|((org, kind), needs)| {
            let client = &asked.iter().find(|asked| asked.seen.0 == org)?.client;
            Some(async move {
                let ids: Vec<EntityId> = needs.ids.iter().cloned().collect();
                let limit = async { if needs.limit { client.limit(kind).await } else { Ok(None) } };
                let deleted =
                    async { if needs.deleted { client.deleted(kind).await } else { Ok(None) } };
                let by_id = client.by_ids(kind, &ids);
                let (limit, deleted, by_id) = tokio::join!(limit, deleted, by_id);
                // Nice to know only: what may not be asked is left unknown.
                let limit = limit.unwrap_or_default();
                Ok::<_, CommandError>((
                    org,
                    kind,
                    limit,
                    deleted.map_err(of_api)?,
                    by_id.map_err(of_api)?,
                ))
            })
        });
        let answers = try_join_all(questions).await?;
        for (org, kind, limit, deleted, by_id) in answers {
            if let Some(listing) = listing_of(survey, &org, kind) {
                listing.limit = limit.or(listing.limit);
                listing.deleted = deleted.or(listing.deleted.take());
                listing.by_id.extend(by_id);
            }
        }
        Ok(())
    }

    fn surroundings(&self, other_states: &[PathBuf]) -> CommandResult<Surroundings> {
        let other_states = read_states(self.context, other_states)?;
        Ok(Surroundings {
            errored_state: self.directory.errored_state(),
            backend: self.blocks.backend().map(str::to_owned),
            workspace: self.directory.workspace(),
            other_states,
        })
    }
}

/// Asks one org who it is and what it has, at the same time.
async fn ask_one(client: Client) -> CommandResult<Asked> {
    let (organization, listing) = tokio::join!(client.organization(), client.listing(&DIVISION));
    let listing = listing.map_err(of_api)?;
    let organization = organization.map_err(of_api)?;
    let org = Org {
        name: organization.name,
        region: client.connection().region().map(|region| region.key.to_owned()),
        listings: BTreeMap::from([(DIVISION.terraform_type, listing)]),
    };
    Ok(Asked { client, seen: (organization.id, org) })
}

async fn early_answer(client: Option<CommandResult<Client>>) -> Option<CommandResult<Asked>> {
    Some(match client? {
        Ok(client) => ask_one(client).await,
        Err(error) => Err(error),
    })
}

/// Makes the observers that every look has.
pub(crate) fn observers(context: &Context) -> Arc<Observers> {
    let observers = Arc::new(Observers::of(context));
    observers.add(Arc::new(Progress(Arc::clone(&context.console))));
    observers
}

/// Reads states of other roots.
pub(crate) fn read_states(context: &Context, paths: &[PathBuf]) -> CommandResult<Vec<OtherState>> {
    paths
        .iter()
        .map(|path| {
            let bytes = std::fs::read(context.environment.current_directory.join(path)).map_err(
                |error| {
                    CommandError::failed(format!("could not read {}: {error}", path.display()))
                        .hint(MAKE_STATE)
                },
            )?;
            let tracked = StateDocument::read(&bytes)
                .and_then(|state| state.tracked())
                .map_err(|error| of_file(path, error, MAKE_STATE))?;
            Ok(OtherState { label: path.display().to_string(), tracked })
        })
        .collect()
}

/// Reads the flags for Terraform, of the environment and of the command line.
pub(crate) fn passed_flags(
    context: &Context,
    terraform: &TerraformArguments,
) -> CommandResult<PassedFlags> {
    let (from_environment, dropped) = PassedFlags::of_environment(&context.environment.variables);
    for flag in dropped {
        context.console.mark(
            Tone::Warning,
            &format!("{flag} of TF_CLI_ARGS is left out of divvy's own calls"),
        );
    }
    let given =
        PassedFlags::parse(terraform.terraform_flags.iter().cloned()).map_err(of_terraform)?;
    Ok(from_environment.then(given))
}

/// Finds Terraform, to be run as every command runs it.
pub(crate) fn program(
    context: &Context,
    terraform: &TerraformArguments,
    observers: &Arc<Observers>,
) -> Result<Terraform, divvy_terraform::Error> {
    let variables = context.environment.variables.clone();
    let program = Terraform::find(terraform.terraform_bin.as_deref(), variables)?
        .observed_by(Arc::<Observers>::clone(observers) as _)
        .interrupted_by(context.interrupt.clone());
    #[cfg(target_os = "linux")]
    let program = program.leashed(crate::environment::leash::prefix());
    Ok(program)
}

/// Returns the directory of the configuration.
pub(crate) fn place(context: &Context, terraform: &TerraformArguments) -> PathBuf {
    let here = &context.environment.current_directory;
    terraform.chdir.as_ref().map_or_else(|| here.clone(), |chdir| here.join(chdir))
}

/// Returns where Terraform keeps modules and providers of the configuration at `place`.
pub(crate) fn data_directory(context: &Context, place: &Path) -> PathBuf {
    let named = context.environment.variables.get("TF_DATA_DIR");
    place.join(named.map_or(".terraform", String::as_str))
}

fn listing_of<'s>(survey: &'s mut Survey, org: &OrgId, kind: &Kind) -> Option<&'s mut Listing> {
    survey.orgs.get_mut(org)?.listings.get_mut(kind.terraform_type)
}

/// Shows each effect as the progress line.
struct Progress(Arc<crate::console::Console>);

impl divvy_core::effect::Observer for Progress {
    fn before(&self, effect: &divvy_core::effect::Effect) {
        use divvy_core::effect::Effect;
        match effect {
            Effect::Terraform { subcommand, .. } => {
                self.0.progress(&format!("terraform {subcommand}"));
            }
            Effect::Request { .. } => self.0.progress("reading the org"),
            Effect::WriteFile { .. } | Effect::RemoveFile { .. } => {}
        }
    }

    fn after(&self, _effect: &divvy_core::effect::Effect, _outcome: &divvy_core::effect::Outcome) {}
}
