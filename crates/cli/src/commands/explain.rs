//! `divvy explain`: what a failed run's output means, from the log alone or with the org's word.
//!
//! Changes nothing. Invariant: a look that fails never hides the explanation; it becomes a warning.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use divvy_core::catalogue::{self, Entry};
use divvy_core::failure::Shape;
use divvy_core::kind;
use divvy_core::survey::Survey;
use divvy_core::{Address, EntityId, Failure};
use divvy_terraform::logs::{self, LogReading};
use divvy_terraform::{PlanDocument, holds_configuration};

use super::Context;
use crate::arguments::Explain;
use crate::console::{self, Tone};
use crate::error::{CommandError, CommandResult, ErrorKind};
use crate::lookup::Lookup;
use crate::output;
use crate::render::{Format, commands::Shell, diagnostics};
use crate::report::{Report, RunInfo};
use crate::survey::{Subject, Surveyor};
use crate::terraform_errors::of_terraform;

/// The forms that `explain` writes.
const FORMATS: [Format; 4] = [Format::Table, Format::Json, Format::Markdown, Format::Github];

const WITHOUT_CONFIGURATION: &str = "Names were looked up without a configuration: whether it wants anything else of them was not compared.";

pub(crate) async fn run(context: &Context, arguments: &Explain) -> CommandResult<u8> {
    output::refuse_unknown(&arguments.outputs, &FORMATS)?;
    if let Some(page) = catalogue::entry(&arguments.subject) {
        return write_page(context, arguments, &page);
    }
    let log = Log::read(context, arguments)?;
    let explaining = Explaining { context, arguments, log };
    let report = explaining.report().await?;
    output::write_report(context, &arguments.outputs, Shell::default(), &report)?;
    Ok(report.exit_code())
}

fn write_page(context: &Context, arguments: &Explain, page: &Entry) -> CommandResult<u8> {
    output::refuse_unknown(&arguments.outputs, &[Format::Table])?;
    output::write(context, &arguments.outputs, Format::Table, |_| {
        let mut bytes = Vec::new();
        // Writing to memory cannot fail.
        let _ = diagnostics::write_page(page, console::width(), &mut bytes);
        bytes
    })?;
    Ok(0)
}

/// A log that was read.
struct Log {
    /// What to type for it.
    name: String,
    reading: LogReading,
}

impl Log {
    fn read(context: &Context, arguments: &Explain) -> CommandResult<Self> {
        let open = |path: &Path| {
            File::open(context.environment.current_directory.join(path)).map_err(|error| {
                CommandError::failed(format!("could not read {}: {error}", path.display()))
            })
        };
        let subject = arguments.subject.as_str();
        let output: Box<dyn io::Read> = match subject {
            "-" => Box::new(io::stdin().lock()),
            _ => Box::new(open(Path::new(subject)).map_err(|error| {
                error.hint(
                    "give the file of a failed run's output, `-`, or a code: divvy explain DVY101",
                )
            })?),
        };
        let reading = match &arguments.provider_log {
            Some(path) => logs::read_with_provider_log(output, open(path)?),
            None => logs::read(output),
        };
        let mut reading = reading.map_err(CommandError::failed)?;
        // Terraform tells a state that it could not save twice.
        let is_untold_state =
            |failure: &Failure| failure.address.is_none() && failure.shape == Shape::StateNotSaved;
        reading.failures.dedup_by(|next, told| {
            is_untold_state(next) && is_untold_state(told) && next.unit == told.unit
        });
        let name = if subject == "-" { "FILE".to_owned() } else { quoted(subject) };
        Ok(Self { name, reading })
    }
}

/// Quotes a file name for a shell, where it needs that.
fn quoted(name: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./+:@".contains(c);
    if name.chars().all(is_plain) {
        name.to_owned()
    } else {
        format!("'{}'", name.replace('\'', r"'\''"))
    }
}

/// One run of the command.
struct Explaining<'c> {
    context: &'c Context,
    arguments: &'c Explain,
    log: Log,
}

impl Explaining<'_> {
    /// Looks as far as it can, and explains the rest from the log alone.
    async fn report(&self) -> CommandResult<Report> {
        let failures = self.log.reading.failures.iter().cloned();
        let (here, mut elsewhere): (Vec<_>, Vec<_>) =
            failures.partition(|failure| self.is_here(failure.unit.as_deref()));
        let seen =
            if self.arguments.offline || here.is_empty() { None } else { self.look(&here).await? };
        let mut report = match seen {
            Some(seen) => {
                elsewhere.extend(seen.strangers);
                let report = self.explained(&seen.survey, seen.info);
                Report { pending: report.pending.filter(|_| seen.has_plan), ..report }
            }
            None => self.explained_alone(here),
        };
        for failures in by_unit(elsewhere).into_values() {
            report.join(self.explained_alone(failures));
        }
        report.findings.sort_by(|a, b| a.unit.cmp(&b.unit));
        report.notes.extend(self.notes());
        Ok(report)
    }

    fn explained_alone(&self, failures: Vec<Failure>) -> Report {
        self.explained(&Survey { failures, ..Survey::default() }, RunInfo::default())
    }

    fn explained(&self, survey: &Survey, info: RunInfo) -> Report {
        Report::of_failures(survey, info, &self.log.name)
    }

    /// Says whether a unit is the one that is looked at.
    fn is_here(&self, unit: Option<&str>) -> bool {
        let Some(unit) = unit else { return true };
        match &self.arguments.unit {
            Some(wanted) => wanted == unit,
            None => self.units().len() == 1 || self.directory().ends_with(unit),
        }
    }

    fn units(&self) -> BTreeSet<&str> {
        self.log.reading.failures.iter().filter_map(|failure| failure.unit.as_deref()).collect()
    }

    fn directory(&self) -> PathBuf {
        let start = &self.context.environment.current_directory;
        let directory = self.arguments.terraform.chdir.as_deref().map(|chdir| start.join(chdir));
        let directory = directory.unwrap_or_else(|| start.clone());
        directory.canonicalize().unwrap_or(directory)
    }

    /// Looks with Terraform where a configuration lies here, else with flags and environment alone.
    /// What keeps it from looking is said, and the log is explained all the same.
    async fn look(&self, here: &[Failure]) -> CommandResult<Option<Seen>> {
        let arguments = self.arguments;
        let subject = Subject {
            plan: arguments.plan.as_deref(),
            failures: here.to_vec(),
            other_states: &arguments.other_states,
            ..Subject::default()
        };
        // A directory that cannot be read is named by whoever opens it.
        if holds_configuration(&self.directory()).unwrap_or(true) {
            let seen = self.or_warn(self.look_at_configuration(&subject).await)?;
            // The blocks here may lead to another org than the environment: only flags are certain.
            if seen.is_some() || !arguments.org.is_given() {
                return Ok(seen);
            }
        }
        let seen = self.look_names_up(&subject).await;
        Ok(self.or_warn(seen)?.flatten())
    }

    fn or_warn<T>(&self, looked: CommandResult<T>) -> CommandResult<Option<T>> {
        match looked {
            Ok(seen) => Ok(Some(seen)),
            Err(error) if error.kind == ErrorKind::Failed => {
                let console = &self.context.console;
                console.mark(Tone::Warning, &format!("not looked up: {}", error.message));
                for hint in &error.hints {
                    console.mark(Tone::Hint, hint);
                }
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    async fn look_at_configuration(&self, subject: &Subject<'_>) -> CommandResult<Seen> {
        let surveyor =
            Surveyor::open(self.context, &self.arguments.org, &self.arguments.terraform)?;
        let look = surveyor.look(subject).await?;
        let info = RunInfo { outputs_left: Vec::new(), ..surveyor.run_info(&look) };
        Ok(Seen::of_configuration(look.survey, info))
    }

    /// `None` where nobody said which org, and nothing leads to one.
    async fn look_names_up(&self, subject: &Subject<'_>) -> CommandResult<Option<Seen>> {
        let lookup = Lookup::open(self.context, &self.arguments.org)?;
        let plan = subject.plan.map(|path| self.read_plan(path)).transpose()?;
        if plan.is_none() && !self.arguments.org.is_given() && !lookup.leads_somewhere() {
            return Ok(None);
        }
        let look = lookup.look(plan.as_ref(), &self.created(), subject).await?;
        let mut info = lookup.run_info(&look);
        Ok(Some(match plan {
            Some(_) => Seen::of_configuration(look.survey, info),
            None => {
                info.notes.push(WITHOUT_CONFIGURATION.to_owned());
                Seen { survey: look.survey, info, has_plan: false, strangers: Vec::new() }
            }
        }))
    }

    /// Reads the JSON of a plan; a plan file itself needs Terraform and its configuration.
    fn read_plan(&self, path: &Path) -> CommandResult<PlanDocument> {
        let bytes = std::fs::read(self.context.environment.current_directory.join(path)).map_err(
            |error| CommandError::failed(format!("could not read {}: {error}", path.display())),
        )?;
        PlanDocument::read(&bytes).map_err(of_terraform)
    }

    /// What the failed run of the unit looked at created.
    fn created(&self) -> Vec<(Address, EntityId)> {
        let created = self.log.reading.created.iter();
        let created = created.filter(|(unit, ..)| self.is_here(unit.as_deref()));
        created.filter_map(|(_, address, id)| Some((address.clone(), id.clone()?))).collect()
    }

    /// What a reader should know beside the findings.
    fn notes(&self) -> Vec<String> {
        let reading = &self.log.reading;
        let mut notes = reading.notes.clone();
        if !reading.created.is_empty() {
            const MOST: usize = 5;
            let shown: Vec<_> =
                reading.created.iter().take(MOST).map(|(_, address, _)| address.as_str()).collect();
            let more = if reading.created.len() > MOST { ", …" } else { "" };
            notes.push(format!(
                "The run itself created {} and they are not offered: {}{more}.",
                reading.created.len(),
                shown.join(", ")
            ));
        }
        let units = self.units();
        if units.len() > 1 && self.arguments.unit.is_none() {
            notes.push(format!(
                "The log holds several units ({}); only what belongs to this directory is looked up. For another: --chdir DIR or --unit UNIT.",
                units.into_iter().collect::<Vec<_>>().join(", ")
            ));
        }
        notes
    }
}

/// What was seen of the configuration and the org.
struct Seen {
    survey: Survey,
    info: RunInfo,
    /// Whether a plan was seen; else what is wanted is known from the log alone.
    has_plan: bool,
    /// Failures that turned out to belong to another configuration.
    strangers: Vec<Failure>,
}

impl Seen {
    /// Takes out the failures of addresses that neither plan nor state has.
    fn of_configuration(mut survey: Survey, info: RunInfo) -> Self {
        let planned = survey.desired.iter().flat_map(|desired| &desired.planned);
        let tracked = survey.tracked.iter().flat_map(|tracked| &tracked.instances);
        let known: BTreeSet<&Address> = planned
            .map(|planned| &planned.address)
            .chain(tracked.map(|tracked| &tracked.address))
            .collect();
        let is_strange = |failure: &Failure| {
            let of_a_kind = failure
                .address
                .as_ref()
                .filter(|address| kind::of_terraform_type(address.terraform_type()).is_some());
            of_a_kind.is_some_and(|address| !known.contains(address))
        };
        let (strangers, own) =
            std::mem::take(&mut survey.failures).into_iter().partition(is_strange);
        survey.failures = own;
        Self { survey, info, has_plan: true, strangers }
    }
}

/// Groups failures by unit, so that equal addresses of two units stay apart.
fn by_unit(failures: Vec<Failure>) -> BTreeMap<Option<String>, Vec<Failure>> {
    let mut units = BTreeMap::<_, Vec<_>>::new();
    for failure in failures {
        units.entry(failure.unit.clone()).or_default().push(failure);
    }
    units
}
