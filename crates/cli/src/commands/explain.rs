//! `divvy explain`: what a failed run's output means, from the log alone or with the org's word.
//!
//! Changes nothing. Invariant: a look that fails never hides the explanation; it becomes a warning.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use divvy_core::catalogue::{self, Entry};
use divvy_core::survey::Survey;
use divvy_core::{Address, CommandLine, EntityId, Failure};
use divvy_terraform::{Access, PlanDocument, holds_configuration};

use crate::arguments::Explain;
use crate::console::{self, Tone};
use crate::context::Context;
use crate::error::{CommandError, CommandResult, ErrorKind};
use crate::failed_run::{self, FailedRun, Here, take_strangers};
use crate::lookup::Lookup;
use crate::output;
use crate::render::{Format, Writer, commands::Shell, diagnostics};
use crate::report::{Report, RunInfo};
use crate::survey::{Subject, Surveyor};
use crate::terraform_errors::of_file;
use crate::typed_file;

const NEEDS_PERSON: u8 = 3;

const WITHOUT_CONFIGURATION: &str = "Names were looked up without a configuration: whether it wants anything else of them was not compared.";

pub(crate) async fn run(context: &Context, arguments: &Explain) -> CommandResult<u8> {
    output::refuse_unknown(&arguments.outputs, Writer::Explain)?;
    if let Some(page) = catalogue::entry(&arguments.subject) {
        return write_page(context, arguments, &page);
    }
    let run = read(context, arguments).await?;
    let directory = failed_run::canonical_place(context, &arguments.terraform);
    let units = failed_run::units(&run.reading.failures);
    let here = Here::of(&units, arguments.unit.as_deref(), context, &directory)?;
    let explaining = Explaining { context, arguments, run: &run, units, directory, here };
    let report = explaining.report().await?;
    output::write_report(context, &arguments.outputs, Shell::default(), &report)?;
    // A log that is cut does not prove that nothing failed.
    let proves_nothing = run.reading.is_incomplete && report.findings.is_empty();
    Ok(if proves_nothing { NEEDS_PERSON } else { report.exit_code() })
}

fn write_page(context: &Context, arguments: &Explain, page: &Entry) -> CommandResult<u8> {
    output::write(context, &arguments.outputs, Format::Table, |format| {
        let mut bytes = Vec::new();
        // Writing to memory cannot fail.
        let _ = diagnostics::write_page(page, format, console::width(), &mut bytes);
        bytes
    })?;
    Ok(0)
}

async fn read(context: &Context, arguments: &Explain) -> CommandResult<FailedRun> {
    let subject = arguments.subject.as_str();
    let is_file = subject == "-" || context.environment.current_directory.join(subject).exists();
    match catalogue::nearest(subject) {
        Some(page) if !is_file => {
            Err(CommandError::usage(format!("{subject} is no file, and no code or word of divvy"))
                .hint(
                    CommandLine::divvy("explain")
                        .words(page.code)
                        .because(format!("the nearest is {}", page.word)),
                )
                .hint(
                    CommandLine::divvy("explain FILE")
                        .because("to explain the output of a failed run; - for standard input"),
                ))
        }
        _ => {
            let provider_log = arguments.provider_log.as_deref();
            FailedRun::read(context, Path::new(subject), provider_log).await
        }
    }
}

/// One run of the command.
struct Explaining<'c> {
    context: &'c Context,
    arguments: &'c Explain,
    run: &'c FailedRun,
    units: BTreeSet<&'c str>,
    directory: PathBuf,
    here: Here<'c>,
}

impl Explaining<'_> {
    /// Looks as far as it can, and explains the rest from the log alone.
    async fn report(&self) -> CommandResult<Report> {
        let failures = self.run.reading.failures.iter().cloned();
        let (here, mut elsewhere): (Vec<_>, Vec<_>) =
            failures.partition(|failure| self.here.holds(failure.unit.as_deref()));
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

    /// The log, as to be named on a command line: with the unit that these failures are of, if it
    /// holds several.
    fn log_name<'f>(&self, failures: &'f [Failure]) -> (Cow<'_, str>, Option<&'f str>) {
        let file = match self.arguments.subject.as_str() {
            "-" => "FILE".into(),
            // A dash in front would make it a flag.
            file if file.starts_with('-') => format!("./{file}").into(),
            file => file.into(),
        };
        let unit = failures.first().and_then(|failure| failure.unit.as_deref());
        let is_one = |unit: &&str| {
            self.units.len() > 1
                && failures.iter().all(|failure| failure.unit.as_deref() == Some(*unit))
        };
        (file, unit.filter(is_one))
    }

    fn explained(&self, survey: &Survey, info: RunInfo) -> Report {
        let info = RunInfo { typed: Some(self.context.terraform.clone()), ..info };
        let (file, unit) = self.log_name(&survey.failures);
        Report::of_failures(survey, info, (&file, unit))
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
        if holds_configuration(&self.directory).unwrap_or(true) {
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
                    self.context.hint(hint.clone());
                }
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    async fn look_at_configuration(&self, subject: &Subject<'_>) -> CommandResult<Seen> {
        let surveyor = Surveyor::open(
            self.context,
            &self.arguments.org,
            &self.arguments.terraform,
            Access::Reads,
        )
        .await?;
        let look = surveyor.look(subject).await?;
        let info = RunInfo { outputs_left: Vec::new(), ..surveyor.run_info(&look) };
        Ok(Seen::of_configuration(look.survey, info))
    }

    /// `None` where nobody said which org, and nothing leads to one.
    async fn look_names_up(&self, subject: &Subject<'_>) -> CommandResult<Option<Seen>> {
        let lookup = Lookup::open(self.context, &self.arguments.org).await?;
        let plan = match subject.plan {
            Some(path) => Some(self.read_plan(path).await?),
            None => None,
        };
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
    async fn read_plan(&self, path: &Path) -> CommandResult<PlanDocument> {
        let text = typed_file::read_text(self.context, path).await?;
        PlanDocument::read(text.as_bytes()).map_err(|error| {
            let program = &self.context.terraform;
            of_file(path, error, format!("make it with: {program} show -json PLANFILE > FILE"))
        })
    }

    /// What the failed run of the unit looked at created.
    fn created(&self) -> Vec<(Address, EntityId)> {
        let created = self.run.reading.created.iter();
        let created = created.filter(|(unit, ..)| self.here.holds(unit.as_deref()));
        created.filter_map(|(_, address, id)| Some((address.clone(), id.clone()?))).collect()
    }

    /// What a reader should know beside the findings.
    fn notes(&self) -> Vec<String> {
        let reading = &self.run.reading;
        let mut notes = reading.notes.clone();
        if !reading.created.is_empty() {
            const MOST: usize = 5;
            let named =
                |(unit, address, _): &(Option<String>, Address, Option<EntityId>)| match unit {
                    Some(unit) if self.units.len() > 1 => format!("{address} in {unit}"),
                    _ => address.to_string(),
                };
            let shown: Vec<_> = reading.created.iter().take(MOST).map(named).collect();
            let more = if reading.created.len() > MOST { ", …" } else { "" };
            notes.push(format!(
                "What the run itself created is not offered ({}): {}{more}.",
                reading.created.len(),
                shown.join(", ")
            ));
        }
        let units = &self.units;
        if units.len() > 1 && self.arguments.unit.is_none() {
            notes.push(format!(
                "The log holds several units ({}); only what belongs to this directory is looked up. For another: --chdir DIR or --unit UNIT.",
                units.iter().copied().collect::<Vec<_>>().join(", ")
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
    fn of_configuration(mut survey: Survey, info: RunInfo) -> Self {
        let strangers = take_strangers(&mut survey);
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
