//! `divvy run`: Terraform with divvy between it and the provider, so that an apply adopts what
//! exists. Terraform's streams and exit code are its own; all that is said here goes to stderr.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use divvy_core::{CommandLine, Kind, kinds};
use divvy_os::{leash, places};
use divvy_plugin::proxy::{Launch, Proxy};
use divvy_terraform::{Blocks, Error, PassedFlags, Terraform, WorkingDirectory};
use tokio::sync::watch;

use crate::arguments::run::Run;
use crate::console::Tone;
use crate::context::Context;
use crate::door::Form;
use crate::environment;
use crate::error::{CommandError, CommandResult, ErrorKind};
use crate::observers::Observers;
use crate::org::OrgFlags;
use crate::output;
use crate::report::{self, RunInfo};
use crate::repository::Repository;
use crate::run::advisor::Advisor;
use crate::run::aliases::AliasNames;
use crate::run::announcements::{self, Announcement, NotBound};
use crate::run::holdings::{read_held, tracked};
use crate::run::ledger::{Configuration, Identity, Ledger, Places, places};
use crate::run::orgs::Orgs;
use crate::run::policy::{RunPolicy, Stance};
use crate::run::process::{self, Start};
use crate::run::program::require_terraform;
use crate::run::provider::{self, Found, Provider, Search};
use crate::run::report::{is_worth_reading, report};
use crate::run::room::Room;
use crate::run::subcommand::{Flow, TerraformCommand};
use crate::survey::kinds_of_which_none_is_held;
use crate::terraform_errors::of_terraform;

/// The variable that tells Terraform of running providers.
const REATTACH_PROVIDERS: &str = "TF_REATTACH_PROVIDERS";

pub(crate) async fn run(context: &Context, arguments: &Run) -> CommandResult<u8> {
    let variables = &context.environment.variables;
    let command = TerraformCommand::read(&arguments.command, variables);
    let program = Terraform::find(Some(Path::new(&command.program)), variables.clone())
        .map_err(|error| refused(of_terraform(error)))?;
    require_terraform(program.program()).await?;
    let stage = match command.flow {
        Flow::Unwatched if arguments.on_conflict.is_relied_on() => {
            return Err(cannot_look(
                arguments,
                "divvy run watches plan and apply, and no other command that creates something",
            )
            .hint(
                CommandLine::divvy("run")
                    .words(arguments.on_conflict.flag())
                    .words("--")
                    .word(&context.terraform)
                    .words("plan"),
            ));
        }
        Flow::Plain | Flow::Unwatched => None,
        _ => Stage::set(context, arguments, &command, &program).map_err(refused)?,
    };
    match stage {
        Some(stage) => stage.play(context, arguments, &command, &program).await,
        None => Err(process::become_terraform(program.program(), &command.arguments)),
    }
}

/// What goes wrong before Terraform was started.
fn refused(error: CommandError) -> CommandError {
    match error.kind {
        ErrorKind::Failed => CommandError { kind: ErrorKind::Refused, ..error },
        ErrorKind::Usage | ErrorKind::NeedsPerson | ErrorKind::Interrupted | ErrorKind::Refused => {
            error
        }
    }
}

/// The refusal of a run that relies on divvy, where divvy cannot look.
fn cannot_look(arguments: &Run, because: &str) -> CommandError {
    let flag = arguments.on_conflict.flag();
    refused(CommandError::failed(format!(
        "{flag} cannot be kept, so nothing was started: {because}"
    )))
}

/// Everything that stands ready before Terraform is started.
struct Stage {
    provider: Provider,
    blocks: Arc<Blocks>,
    names: Arc<AliasNames>,
    room: Room,
    directory: Arc<WorkingDirectory>,
    observers: Arc<Observers>,
    orgs: Arc<Orgs>,
    policy: RunPolicy,
    announced: (BTreeSet<Announcement>, Option<String>),
    notes: Vec<String>,
}

impl Stage {
    /// Gets everything ready; nothing if Terraform can do without.
    fn set(
        context: &Context,
        arguments: &Run,
        command: &TerraformCommand,
        program: &Terraform,
    ) -> CommandResult<Option<Self>> {
        let variables = &context.environment.variables;
        let current = &context.environment.current_directory;
        let path = command.directory(current);
        let data_directory =
            path.join(variables.get("TF_DATA_DIR").map_or(".terraform", String::as_str));
        // Where the directory cannot be read, Terraform says so best.
        let Ok(blocks) = Blocks::read(&path, &data_directory) else { return Ok(None) };
        let aside = |because: &str| {
            if arguments.on_conflict.is_relied_on() {
                return Err(cannot_look(arguments, because));
            }
            context.console.mark(Tone::Warning, &format!("{because}: divvy does nothing here"));
            Ok(None)
        };
        let named = arguments.provider_binary.as_ref().map(|named| current.join(named));
        let search = Search {
            named: named.as_deref(),
            directory: &path,
            data_directory: &data_directory,
            environment: variables,
            blocks: &blocks,
            terraform: &program.name(),
        };
        let running = variables.get(REATTACH_PROVIDERS).map_or("", String::as_str);
        let running = provider::reattached(running, &program.name());
        if let Some(address) = search.used().iter().find(|used| running.contains(used)) {
            return aside(&format!("{REATTACH_PROVIDERS} names a running {address}"));
        }
        let provider = match search.find()? {
            Found::Provider(provider) => provider,
            Found::Missing(because) if arguments.on_conflict.is_relied_on() => {
                return Err(cannot_look(arguments, &because));
            }
            // What is missing Terraform reports best.
            Found::Unused | Found::Missing(_) => return Ok(None),
        };
        if let Some(address) = provider.left_out.first() {
            let because = format!("the configuration also uses {address}, with another binary");
            if arguments.on_conflict.is_relied_on() {
                return Err(cannot_look(arguments, &because));
            }
            context
                .console
                .mark(Tone::Warning, &format!("{because}: divvy does not look at its creates"));
        }
        if let Some(warning) = &provider.warning {
            context.console.mark(Tone::Warning, warning);
        }
        let temporary = places::temporary_directory(variables);
        let room = Room::open(&temporary).map_err(|error| {
            CommandError::failed(format!("could not write into {}: {error}", temporary.display()))
        })?;
        let observers = Arc::new(Observers::of(context));
        let Some(directory) = working_directory(&path, program, &room, &observers)? else {
            return match &command.flow {
                // A plan file holds its configuration; all others Terraform refuses by itself.
                Flow::ApplyPlan { .. } => aside("this directory holds no configuration"),
                _ => Ok(None),
            };
        };
        let flags = OrgFlags::of_environment(context)?;
        let policy = RunPolicy::of(arguments, &command.flow, program.name());
        let (announced, notes) = match &command.flow {
            Flow::ApplyPlan { file } if policy.stance == Stance::Announced => {
                announced(&path.join(file))
            }
            _ => ((BTreeSet::new(), None), Vec::new()),
        };
        let names = Arc::new(AliasNames::of(&blocks));
        let blocks = Arc::new(blocks);
        let expected = expected(command, &blocks, &directory);
        let orgs =
            Orgs::new(flags, Arc::clone(&names), variables, Arc::clone(&observers), expected);
        let orgs = Arc::new(orgs);
        let directory = Arc::new(directory);
        Ok(Some(Self {
            provider,
            blocks,
            names,
            room,
            directory,
            observers,
            orgs,
            policy,
            announced,
            notes,
        }))
    }

    /// Runs Terraform, and tells afterwards what divvy had to do with it.
    async fn play(
        mut self,
        context: &Context,
        arguments: &Run,
        command: &TerraformCommand,
        program: &Terraform,
    ) -> CommandResult<u8> {
        let (known, knows) = watch::channel(None);
        let advisor = Advisor::new(
            command.flow.clone(),
            self.policy.clone(),
            std::mem::take(&mut self.announced),
            Configuration { blocks: Arc::clone(&self.blocks), names: Arc::clone(&self.names) },
            Arc::clone(&self.orgs),
            knows,
            &self.directory,
        );
        let types: BTreeSet<&str> = self.blocks.resource_types().collect();
        let types = types.into_iter().filter(|name| kinds::of_terraform_type(name).is_some());
        advisor.is_written(types.flat_map(|name| self.blocks.named_instances(name)));
        let proxy = Proxy::start(self.launch(program)?, advisor).await;
        let proxy = proxy.map_err(|error| refused(CommandError::failed(error)))?;
        let existing = context.environment.variables.get(REATTACH_PROVIDERS).map(String::as_str);
        let addresses = self.provider.addresses.iter().map(ToString::to_string);
        let addresses: Vec<String> = addresses.collect();
        let addresses = addresses.iter().map(String::as_str);
        let ended = match proxy.reattach_variable(addresses, existing) {
            Ok(variable) => {
                let start =
                    Start { program: program.program(), arguments: &command.arguments, variable };
                let reading = async {
                    let (held, ()) =
                        tokio::join!(read_held(&self.directory, command), self.learn_names());
                    let tracked = held.iter().flat_map(|held| &held.tracked.instances);
                    let managed =
                        tracked.map(|one| (one.kind.terraform_type.to_owned(), one.id.to_string()));
                    proxy.add_managed(managed.collect::<Vec<_>>());
                    known.send_replace(Some(held));
                };
                let (ended, ()) =
                    tokio::join!(process::run(&start, self.observers.as_ref()), reading);
                ended.map_err(|error| {
                    format!("could not start {}: {error}", program.program().display())
                })
            }
            Err(error) => Err(error.to_string()),
        };
        let announced = proxy.advisor().announcements();
        let (ledger, version, notes) = proxy.advisor().close();
        let last_words = last_words(&proxy.provider_output().await);
        proxy.stop().await;
        let status = ended.map_err(|error| refused(CommandError::failed(error)))?;
        self.notes.extend(notes);
        if let (Flow::Plan { out: Some(out) }, Some(0 | 2)) = (&command.flow, status.code()) {
            let kept = announcements::write(&self.directory.path().join(out), &announced);
            self.notes.extend(kept.err());
        }
        if let Some(last_words) = last_words.filter(|_| !status.success()) {
            context
                .console
                .mark(Tone::Warning, &format!("the provider's own last words:\n{last_words}"));
        }
        let is_elsewhere =
            version.is_none() && matches!(self.blocks.backend(), Some("cloud" | "remote"));
        self.tell(context, arguments, command, ledger, version, status.success()).await?;
        if is_elsewhere && arguments.on_conflict.is_relied_on() && status.success() {
            // A workspace that runs remotely is known by its silence only.
            return Err(refused(CommandError::failed(format!(
                "{} was not kept: no provider was started here, so the workspace seems to run remotely",
                arguments.on_conflict.flag()
            ))));
        }
        Ok(process::exit_code(status))
    }

    /// How provider processes are started: with the user's environment, and with us standing in for
    /// Terraform where the provider asks its parent for a version.
    fn launch(&self, program: &Terraform) -> CommandResult<Launch> {
        let mut environment = environment::everything();
        environment.push((environment::ACT_AS_TERRAFORM.into(), program.program().into()));
        if !environment.iter().any(|(name, _)| name.to_string_lossy().starts_with("TF_LOG")) {
            // Only the provider's log tells a create that was answered late from one that was refused.
            environment.push(("TF_LOG_PROVIDER".into(), "INFO".into()));
        }
        let sockets = self.room.directory("s");
        Ok(Launch {
            program: self.provider.binary.clone(),
            leash: leash::prefix(leash::Death::AtOnce),
            environment,
            socket_directory: sockets.map_err(|error| refused(CommandError::failed(error)))?,
            transport: divvy_os::sockets::DEFAULT,
        })
    }

    /// Evaluates the arguments of several provider blocks, where constants do not tell them apart.
    async fn learn_names(&self) {
        if !self.names.may_be_mistaken() {
            return;
        }
        match self.directory.provider_arguments_without_plan(&self.blocks).await {
            Ok(evaluated) => self.names.learn(evaluated),
            Err(error) => tracing::debug!(%error, "provider blocks are not told apart"),
        }
    }

    async fn tell(
        mut self,
        context: &Context,
        arguments: &Run,
        command: &TerraformCommand,
        mut ledger: Ledger,
        version: Option<String>,
        is_success: bool,
    ) -> CommandResult<()> {
        if version.is_none() && matches!(self.blocks.backend(), Some("cloud" | "remote")) {
            self.notes.push("No provider was started here: this workspace seems to run remotely, where divvy is not.".to_owned());
        }
        let mut known = Places::new();
        if command.flow.applies() && ledger.has_settled() {
            match tracked(&self.directory, &command.states).await {
                Ok((tracked, _)) => {
                    known = places(&tracked);
                    let lost = ledger.adopted().into_iter().filter(|id| !known.contains_key(id));
                    let lost: BTreeSet<Identity> = lost.collect();
                    ledger.are_not_saved(&lost, "Terraform did not save it in the state.");
                    self.notes.extend(not_saved(&lost, &self.directory));
                }
                Err(error) => {
                    self.notes.push(format!(
                        "The state could not be read again, so whether it holds what was adopted is not known, and addresses are missing here: {error}."
                    ));
                    if !is_success {
                        let lost = ledger.adopted();
                        ledger.are_not_saved(&lost, "Whether the state holds it is not known.");
                    }
                }
            }
        }
        if !is_success {
            // A state that this very run could not save comes before all else.
            ledger.lies_beside(self.directory.errored_state());
        }
        let info = RunInfo {
            terraform: Some(report::Terraform {
                program: self.directory.terraform().name(),
                version,
            }),
            notes: self.notes,
            api_requests: self.observers.requests() as u64,
            terraform_runs: self.observers.terraform_runs() as u64,
            ..RunInfo::default()
        };
        let place = self.directory.path();
        let repository = Repository::of(&context.environment, place);
        let name_of = |file: &Path| repository.name(place, file);
        let report = report(ledger, &known, &self.blocks, name_of, info);
        if is_worth_reading(&report) {
            output::say_report(context, &report);
        }
        if let Some(file) = &arguments.report {
            let mut bytes = Vec::new();
            // Writing to memory cannot fail.
            let _ = crate::render::json::write(&report, &mut bytes);
            let bytes = Form::Json.tame(&bytes);
            output::write_file(&context.environment.current_directory.join(file), &bytes)?;
        }
        Ok(())
    }
}

/// Opens the configuration's directory for our own calls, whose files lie in the room; nothing if
/// there is no configuration.
fn working_directory(
    path: &Path,
    program: &Terraform,
    room: &Room,
    observers: &Arc<Observers>,
) -> CommandResult<Option<WorkingDirectory>> {
    let program = program
        .clone()
        .with_variable(places::TEMPORARY_VARIABLE, &room.path().to_string_lossy())
        .observed_by(Arc::<Observers>::clone(observers) as _)
        .leashed(leash::prefix(leash::Death::InGoodOrder));
    match WorkingDirectory::open(path, program, PassedFlags::default()) {
        Ok(directory) => Ok(Some(directory)),
        Err(Error::NoDirectory { .. } | Error::NoConfiguration { .. }) => Ok(None),
        Err(error) => Err(of_terraform(error)),
    }
}

/// Returns the kinds that a plan of everything creates some of, where one provider configuration serves
/// all: their lists are read while the provider starts.
fn expected(
    command: &TerraformCommand,
    blocks: &Blocks,
    directory: &WorkingDirectory,
) -> BTreeSet<&'static Kind> {
    let is_whole = !command.narrows() && command.states.is_empty();
    let is_alone = blocks.providers("genesyscloud").count() <= 1;
    if is_whole && is_alone && directory.workspace().is_none() {
        kinds_of_which_none_is_held(blocks, directory)
    } else {
        BTreeSet::new()
    }
}

/// Reads what a saved plan announced, and why nothing of it counts.
fn announced(plan: &Path) -> ((BTreeSet<Announcement>, Option<String>), Vec<String>) {
    match announcements::read(plan) {
        Ok(announced) => ((announced, None), Vec::new()),
        Err(NotBound::None(because)) => ((BTreeSet::new(), Some(because)), Vec::new()),
        Err(NotBound::Other(because)) => {
            let note =
                format!("{because}: nothing counts as announced. Plan again with divvy run.");
            ((BTreeSet::new(), Some(because)), vec![note])
        }
    }
}

/// Says what became of adoptions that the state does not hold.
fn not_saved(lost: &BTreeSet<Identity>, directory: &WorkingDirectory) -> Option<String> {
    let (_, first) = lost.first()?;
    let count = lost.len();
    let program = directory.terraform().name();
    Some(match directory.errored_state() {
        Some(errored) if !errored.continues(None) => format!(
            "{count} adopted, but not saved in the state ({first}): errored.tfstate in {} is empty or cut off, so it cannot be pushed. Make room, then: {}",
            directory.path().display(),
            divvy_core::catalogue::move_errored_state_away()
        ),
        Some(_) => format!(
            "{count} adopted, but not saved in the state ({first}): errored.tfstate in {} holds it. Push that first: {program} state push errored.tfstate",
            directory.path().display()
        ),
        None => format!(
            "{count} adopted, but not saved in the state ({first}). Nothing was changed in the org: run the apply again with divvy run -- {program} apply."
        ),
    })
}

/// Returns how a provider's panic begins and goes on; Terraform cannot show that of a provider that
/// it did not start.
fn last_words(output: &str) -> Option<String> {
    let at = ["panic: ", "fatal error: "].iter().filter_map(|sign| output.find(sign)).min()?;
    Some(output[at..].trim_end().to_owned())
}
