//! The output of a failed run, as `explain` and `fix --from-log` take it: what it tells, and which
//! of its units the directory at hand is.
//!
//! Never looks at an org. Invariant: a unit is taken for a directory only if a person said so, if
//! the log has no other, or if it fits the directory's path better than every other.

use std::collections::BTreeSet;
use std::io;
use std::path::{Component, Path, PathBuf};

use divvy_core::failure::Shape;
use divvy_core::kinds;
use divvy_core::shell::word;
use divvy_core::{Address, Failure, Survey};
use divvy_terraform::files::{self, Origin};
use divvy_terraform::logs::{self, LogReading};

use crate::arguments::{Fix, TerraformArguments};
use crate::console::Tone;
use crate::context::Context;
use crate::error::{CommandError, CommandResult, ErrorKind};
use crate::interrupt;
use crate::survey::{data_directory, place};

/// Says how the output of a run is kept.
pub(crate) fn keep_output(context: &Context) -> String {
    format!("keep the output of the failed run: {} apply 2>&1 | tee FILE", context.terraform)
}

/// A log that was read.
pub(crate) struct FailedRun {
    pub(crate) reading: LogReading,
}

/// Which of the units of a log a directory is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Here<'l> {
    /// The log names no unit: all of it.
    All,
    /// This one.
    Unit(&'l str),
    /// Nobody said, and the path does not tell.
    Unknown,
}

impl<'l> Here<'l> {
    /// Says which of the units a directory is. `wanted` is a person's word.
    pub(crate) fn of(
        units: &BTreeSet<&'l str>,
        wanted: Option<&str>,
        context: &Context,
        directory: &Path,
    ) -> CommandResult<Self> {
        if let Some(wanted) = wanted {
            let same = |unit: &&&str| **unit == wanted.trim_start_matches("./");
            return match units.iter().find(same) {
                Some(unit) => Ok(Self::Unit(unit)),
                None => Err(unknown_unit(wanted, units)),
            };
        }
        let mut several = units.iter();
        Ok(match (several.next(), several.next()) {
            (None, _) => Self::All,
            (Some(unit), None) => Self::Unit(unit),
            _ => unit_of(directory, &workspace(context, directory), units)
                .map_or(Self::Unknown, Self::Unit),
        })
    }

    /// Says whether a failure is one of this directory's, as far as that is known.
    pub(crate) fn holds(self, unit: Option<&str>) -> bool {
        match (self, unit) {
            (_, None) | (Self::All, _) => true,
            (Self::Unit(here), Some(unit)) => here == unit,
            (Self::Unknown, Some(_)) => false,
        }
    }
}

impl FailedRun {
    /// Reads the log in a file, or from standard input for `-`; beside it, where there is one, the
    /// provider's own log.
    pub(crate) async fn read(
        context: &Context,
        log: &Path,
        provider_log: Option<&Path>,
    ) -> CommandResult<Self> {
        let here = context.environment.current_directory.clone();
        let (log, provider_log) = (log.to_owned(), provider_log.map(Path::to_owned));
        let keep_output = keep_output(context);
        let keep_hint = keep_output.clone();
        let is_stdin = log.as_os_str() == "-";
        if is_stdin {
            context.console.awaits("the output of the failed run");
        }
        let name = if is_stdin { "standard input".into() } else { log.display().to_string() };
        let open = move |path: &Path| {
            files::open(&here.join(path), Origin::Typed).map_err(|error| {
                CommandError::failed(format!("could not read {}: {error}", path.display()))
                    .hint(keep_output.clone())
            })
        };
        let read = move || {
            let output: Box<dyn io::Read> =
                if is_stdin { Box::new(io::stdin().lock()) } else { Box::new(open(&log)?) };
            let reading = match provider_log {
                Some(path) => logs::read_with_provider_log(output, open(&path)?),
                None => logs::read(output),
            };
            let reading = reading.map_err(CommandError::failed)?;
            match reading.not_terraform {
                Some(looks_like) => Err(no_output(&name, looks_like).hint(keep_hint)),
                None => Ok(reading),
            }
        };
        let mut reading = interrupt::beside(&context.interrupt, read).await??;
        // Terraform tells a state that it could not save twice.
        let is_untold_state =
            |failure: &Failure| failure.address.is_none() && failure.shape == Shape::StateNotSaved;
        reading.failures.dedup_by(|next, told| {
            is_untold_state(next) && is_untold_state(told) && next.unit == told.unit
        });
        Ok(Self { reading })
    }
}

/// Nothing of Terraform's is no run without failures: something was not kept, or not connected.
fn no_output(name: &str, looks_like: &str) -> CommandError {
    let message = match looks_like {
        "empty" => format!("{name} is empty"),
        _ => format!("{name} holds no output of Terraform: it looks like {looks_like}"),
    };
    CommandError { kind: ErrorKind::NeedsPerson, ..CommandError::failed(message) }
}

/// Returns the units that failures tell of.
pub(crate) fn units(failures: &[Failure]) -> BTreeSet<&str> {
    failures.iter().filter_map(|failure| failure.unit.as_deref()).collect()
}

/// Reads the log of `fix --from-log`: the failures of this directory, as far as the log's units can
/// be told apart. What a person should know of it is said.
pub(crate) async fn failures_here(
    context: &Context,
    arguments: &Fix,
) -> CommandResult<Vec<Failure>> {
    let Some(log) = &arguments.from_log else { return Ok(Vec::new()) };
    let mut run = FailedRun::read(context, log, None).await?;
    let failures = std::mem::take(&mut run.reading.failures);
    let units = units(&failures);
    let directory = canonical_place(context, &arguments.terraform);
    let here = Here::of(&units, arguments.unit.as_deref(), context, &directory)?;
    for note in run.reading.notes.iter().cloned().chain(note_of_units(&units, here)) {
        context.console.mark(Tone::Warning, &note);
    }
    let is_ours = |failure: &Failure| here == Here::Unknown || here.holds(failure.unit.as_deref());
    Ok(failures.iter().filter(|failure| is_ours(failure)).cloned().collect())
}

fn note_of_units(units: &BTreeSet<&str>, here: Here<'_>) -> Option<String> {
    if units.len() < 2 {
        return None;
    }
    let names = units.iter().copied().collect::<Vec<_>>().join(", ");
    Some(match here {
        Here::Unit(unit) => format!(
            "the log holds several units ({names}); this directory is taken to be {unit}; for another, pass --unit UNIT"
        ),
        Here::All | Here::Unknown => format!(
            "the log tells of several units ({names}), and the path does not say which of them this directory is: only addresses that are here count, and what several tell of one address is asked about; to say it: --unit UNIT"
        ),
    })
}

/// Takes the failures of other configurations out of a survey, and says so.
pub(crate) fn leave_strangers(context: &Context, survey: &mut Survey) {
    let strangers = take_strangers(survey);
    let addresses: BTreeSet<_> =
        strangers.iter().filter_map(|failure| failure.address.as_ref()).collect();
    if addresses.is_empty() {
        return;
    }
    let addresses: Vec<_> = addresses.into_iter().map(Address::as_str).collect();
    let text = format!(
        "left out, since neither configuration nor state has these addresses of the log here: {}",
        addresses.join(", ")
    );
    context.console.mark(Tone::Warning, &text);
}

/// The directory of the configuration, as the file system calls it.
pub(crate) fn canonical_place(context: &Context, terraform: &TerraformArguments) -> PathBuf {
    let directory = place(context, terraform);
    directory.canonicalize().unwrap_or(directory)
}

fn unknown_unit(wanted: &str, units: &BTreeSet<&str>) -> CommandError {
    let error = CommandError::usage(format!("--unit {wanted}: the log holds no such unit"));
    if units.is_empty() {
        return error.hint("it names no unit at all: leave --unit out");
    }
    error.hints(units.iter().map(|unit| format!("--unit {}", word(unit))))
}

/// The workspace that Terraform would use here.
fn workspace(context: &Context, directory: &Path) -> String {
    let named = context.environment.variables.get("TF_WORKSPACE").cloned();
    let selected =
        || files::read_text(&data_directory(context, directory).join("environment"), Origin::Found);
    named
        .or_else(|| Some(selected().ok()?.trim().to_owned()))
        .filter(|name| !name.is_empty())
        .unwrap_or_else(|| "default".to_owned())
}

/// Finds the unit whose path ends as the directory's does, if one fits better than every other.
/// Logs spell a unit from wherever the run was started, on another machine than this one.
fn unit_of<'l>(directory: &Path, workspace: &str, units: &BTreeSet<&'l str>) -> Option<&'l str> {
    /// Where Terragrunt puts copies of a module, below the unit's own directory.
    const COPIES: &str = ".terragrunt-cache";
    let names = |path: &Path| -> Vec<String> {
        let normal = path.components().filter_map(|part| match part {
            Component::Normal(name) => Some(name.to_string_lossy().into_owned()),
            _ => None,
        });
        normal.take_while(|name| name != COPIES).collect()
    };
    let own = names(directory);
    let fit = |unit: &str| {
        let (path, named) =
            match unit.strip_suffix(')').and_then(|unit| unit.split_once(" (workspace ")) {
                Some((path, named)) => (path, Some(named)),
                None => (unit, None),
            };
        if named.is_some_and(|named| named != workspace) {
            return (0, false);
        }
        let path = names(Path::new(path));
        let same = path.iter().rev().zip(own.iter().rev()).take_while(|(a, b)| a == b).count();
        (same, named.is_some())
    };
    let mut fits: Vec<_> = units.iter().map(|unit| (fit(unit), *unit)).collect();
    fits.sort_unstable();
    match fits.as_slice() {
        [.., (second, _), (first, unit)] if first > second && first.0 > 0 => Some(unit),
        _ => None,
    }
}

/// Takes out of a survey the failures at addresses that neither its plan nor its state has: they
/// belong to another configuration.
pub(crate) fn take_strangers(survey: &mut Survey) -> Vec<Failure> {
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
            .filter(|address| kinds::of_terraform_type(address.terraform_type()).is_some());
        of_a_kind.is_some_and(|address| !known.contains(address))
    };
    let (strangers, own) = std::mem::take(&mut survey.failures).into_iter().partition(is_strange);
    survey.failures = own;
    strangers
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_path_tells_the_unit_only_where_one_fits_better_than_every_other() {
        let terragrunt = ["orgs/dev/divisions", "orgs/prod/divisions"];
        let absolute = ["/ci/live/dev/divisions", "/ci/live/prod/divisions"];
        let atlantis = ["roots/a", "roots/a (workspace prod)", "roots/b"];
        let nested = ["divisions", "prod/divisions"];
        for (directory, workspace, units, expected) in [
            ("/x/orgs/dev/divisions", "default", &terragrunt[..], Some("orgs/dev/divisions")),
            ("/x/prod/divisions", "default", &terragrunt, Some("orgs/prod/divisions")),
            (
                "/x/orgs/prod/divisions/.terragrunt-cache/Ab1/c2/module",
                "default",
                &terragrunt,
                Some("orgs/prod/divisions"),
            ),
            ("/x/divisions", "default", &terragrunt, None),
            ("/x/orgs/dev", "default", &terragrunt, None),
            ("/me/live/prod/divisions", "default", &absolute, Some("/ci/live/prod/divisions")),
            ("/x/roots/a", "default", &atlantis, Some("roots/a")),
            ("/x/roots/a", "prod", &atlantis, Some("roots/a (workspace prod)")),
            ("/x/roots/b", "prod", &atlantis, Some("roots/b")),
            ("/x/prod/divisions", "default", &nested, Some("prod/divisions")),
            ("/x/test/divisions", "default", &nested, None),
        ] {
            let units = units.iter().copied().collect();
            assert_eq!(unit_of(Path::new(directory), workspace, &units), expected, "{directory}");
        }
    }
}
