//! `divvy run`: Terraform with divvy between it and the provider, so that an apply adopts what
//! exists. Terraform's streams and exit code are its own; all that is said here goes to stderr.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use divvy_core::kinds::division::DIVISION;
use divvy_core::survey::{Tracked, TrackedInstance};
use divvy_core::{Attributes, EntityId};
use divvy_plugin::proxy::{Launch, Proxy};
use divvy_terraform::{Blocks, Error, PassedFlags, Terraform, WorkingDirectory};
use tokio::sync::watch;

use super::Context;
use crate::arguments::run::Run;
use crate::console::Tone;
use crate::door::Form;
use crate::environment;
use crate::error::{CommandError, CommandResult, ErrorKind};
use crate::observers::Observers;
use crate::org::OrgFlags;
use crate::output;
use crate::report::{self, RunInfo};
use crate::repository::Repository;
use crate::run::advisor::{Advisor, Held};
use crate::run::announcements::{self, Announcement, NotBound};
use crate::run::book::{Book, Places, places};
use crate::run::orgs::Orgs;
use crate::run::policy::{RunPolicy, Stance};
use crate::run::process::{self, Start};
use crate::run::program::require_terraform;
use crate::run::provider::{self, Provider};
use crate::run::report::{is_worth_reading, report};
use crate::run::room::Room;
use crate::run::subcommand::{Flow, TerraformCommand};
use crate::terraform_errors::of_terraform;

pub(crate) async fn run(context: &Context, arguments: &Run) -> CommandResult<u8> {
    let variables = &context.environment.variables;
    let command = TerraformCommand::read(&arguments.command, variables);
    let program = Terraform::find(Some(Path::new(&command.program)), variables.clone())
        .map_err(|error| refused(of_terraform(error)))?;
    require_terraform(program.program()).await?;
    let stage = match command.flow {
        Flow::Plain => None,
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
        ErrorKind::Usage | ErrorKind::Interrupted | ErrorKind::Refused => error,
    }
}

/// Everything that stands ready before Terraform is started.
struct Stage {
    provider: Provider,
    blocks: Blocks,
    room: Room,
    directory: Arc<WorkingDirectory>,
    observers: Arc<Observers>,
    orgs: Arc<Orgs>,
    policy: RunPolicy,
    announced: BTreeSet<Announcement>,
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
        if variables
            .get("TF_REATTACH_PROVIDERS")
            .is_some_and(|value| value.contains(provider::PROVIDER))
        {
            context.console.mark(
                Tone::Warning,
                "TF_REATTACH_PROVIDERS already names a running genesyscloud provider: divvy stands aside",
            );
            return Ok(None);
        }
        let named = arguments.provider_binary.as_ref().map(|named| current.join(named));
        let provider = provider::find(
            named.as_deref(),
            &path,
            &data_directory,
            variables,
            &blocks,
            &context.terraform,
        )?;
        let Some(provider) = provider else { return Ok(None) };
        if let Some(warning) = &provider.warning {
            context.console.mark(Tone::Warning, warning);
        }
        let temporary = variables.get("TMPDIR").map_or("/tmp", String::as_str);
        let room = Room::open(Path::new(temporary)).map_err(|error| {
            CommandError::failed(format!("could not write into {temporary}: {error}"))
        })?;
        let observers = Arc::new(Observers::default());
        let Some(directory) = working_directory(&path, program, &room, &observers)? else {
            return Ok(None);
        };
        let flags = OrgFlags::of_environment(context)?;
        let policy = RunPolicy::of(arguments, &command.flow, program.name());
        let (announced, notes) = match &command.flow {
            Flow::ApplyPlan { file } if policy.stance == Stance::Announced => {
                announced(&path.join(file))
            }
            _ => (BTreeSet::new(), Vec::new()),
        };
        let orgs = Arc::new(Orgs::new(flags, variables, Arc::clone(&observers)));
        let directory = Arc::new(directory);
        Ok(Some(Self {
            provider,
            blocks,
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
            self.directory.errored_state(),
            Arc::clone(&self.orgs),
            knows,
            self.directory.path().to_owned(),
        );
        let written = self.blocks.named_instances(DIVISION.terraform_type);
        advisor.is_written(written);
        let proxy = Proxy::start(self.launch(program)?, advisor).await;
        let proxy = proxy.map_err(|error| refused(CommandError::failed(error)))?;
        let existing =
            context.environment.variables.get("TF_REATTACH_PROVIDERS").map(String::as_str);
        let addresses = self.provider.addresses.iter().map(String::as_str);
        let ended = match proxy.reattach_variable(addresses, existing) {
            Ok(variable) => {
                let start =
                    Start { program: program.program(), arguments: &command.arguments, variable };
                let reading = async {
                    let held = read_held(&self.directory, command).await;
                    let tracked = held.iter().flat_map(|tracked| &tracked.instances);
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
        let (book, version, notes) = proxy.advisor().close();
        let last_words = last_words(&proxy.provider_output().await);
        proxy.stop().await;
        let status = ended.map_err(|error| refused(CommandError::failed(error)))?;
        self.notes.extend(notes);
        if let (Flow::Plan { out: Some(out) }, Some(0 | 2)) = (&command.flow, status.code()) {
            announcements::write(&self.directory.path().join(out), announced)?;
        }
        if let Some(last_words) = last_words.filter(|_| !status.success()) {
            context
                .console
                .mark(Tone::Warning, &format!("the provider's own last words:\n{last_words}"));
        }
        self.tell(context, arguments, command, book, version).await?;
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
            leash: leash(),
            environment,
            socket_directory: sockets.map_err(|error| refused(CommandError::failed(error)))?,
        })
    }

    async fn tell(
        mut self,
        context: &Context,
        arguments: &Run,
        command: &TerraformCommand,
        book: Book,
        version: Option<String>,
    ) -> CommandResult<()> {
        if version.is_none() && matches!(self.blocks.backend(), Some("cloud" | "remote")) {
            self.notes.push("No provider was started here: this workspace seems to run remotely, where divvy is not.".to_owned());
        }
        let mut known = Places::new();
        if command.flow.applies() && book.has_settled() {
            match tracked(&self.directory, &command.states).await {
                Ok(tracked) => known = places(&tracked),
                Err(error) => self.notes.push(format!(
                    "The state could not be read again, so addresses are missing here: {error}."
                )),
            }
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
        let report = report(book, &known, &self.blocks, name_of, info);
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
        .with_variable("TMPDIR", &room.path().to_string_lossy())
        .observed_by(Arc::<Observers>::clone(observers) as _);
    #[cfg(target_os = "linux")]
    let program = program.leashed(environment::leash::prefix());
    match WorkingDirectory::open(path, program, PassedFlags::default()) {
        Ok(directory) => Ok(Some(directory)),
        Err(Error::NoDirectory { .. } | Error::NoConfiguration { .. }) => Ok(None),
        Err(error) => Err(of_terraform(error)),
    }
}

/// Reads what the state holds, and what those state files hold that the command names.
async fn tracked(directory: &WorkingDirectory, named: &[PathBuf]) -> Result<Tracked, Error> {
    let mut tracked = directory.state().await?.tracked()?;
    for file in named {
        let Some(state) = directory.state_file(file)? else { continue };
        for instance in state.tracked()?.instances {
            if !tracked.instances.iter().any(|known| known.id == instance.id) {
                tracked.instances.push(instance);
            }
        }
    }
    Ok(tracked)
}

/// Reads what states and a saved plan hold: those ids are never adopted.
async fn read_held(directory: &WorkingDirectory, command: &TerraformCommand) -> Held {
    let told = |error: Error| error.to_string();
    let state = async { tracked(directory, &command.states).await.map_err(told) };
    let Flow::ApplyPlan { file } = &command.flow else { return state.await };
    let plan = async {
        let plan = directory.read_plan_file(&directory.path().join(file)).await;
        plan.and_then(|plan| plan.desired()).map_err(told)
    };
    let (state, plan) = tokio::join!(state, plan);
    let mut tracked = state?;
    for planned in plan?.planned {
        let before = planned.before.as_ref().and_then(|before| before.get("id")?.as_str());
        for id in before.map(EntityId::new).into_iter().chain(planned.import_id) {
            if !tracked.instances.iter().any(|instance| instance.id == id) {
                tracked.instances.push(TrackedInstance {
                    address: planned.address.clone(),
                    kind: planned.kind,
                    provider_alias: None,
                    id,
                    attributes: Attributes::new(),
                    sensitive: planned.sensitive.clone(),
                    is_tainted: false,
                    is_deposed: false,
                });
            }
        }
    }
    Ok(tracked)
}

/// Reads what a saved plan announced, and says why nothing of it counts.
fn announced(plan: &Path) -> (BTreeSet<Announcement>, Vec<String>) {
    match announcements::read(plan) {
        Ok(announced) => (announced, Vec::new()),
        Err(NotBound::None) => (BTreeSet::new(), Vec::new()),
        Err(NotBound::Other) => {
            let note = format!(
                "{0}.divvy.json is not of this plan file: nothing counts as announced. Plan again with divvy run.",
                plan.display()
            );
            (BTreeSet::new(), vec![note])
        }
    }
}

/// Returns how a provider's panic begins and goes on; Terraform cannot show that of a provider that
/// it did not start.
fn last_words(output: &str) -> Option<String> {
    let at = ["panic: ", "fatal error: "].iter().filter_map(|sign| output.find(sign)).min()?;
    Some(output[at..].trim_end().to_owned())
}

#[cfg(target_os = "linux")]
fn leash() -> Vec<OsString> {
    environment::leash::prefix()
}

#[cfg(not(target_os = "linux"))]
fn leash() -> Vec<OsString> {
    Vec::new()
}
