//! How every command finds Terraform, its flags and its directory, who watches it at work, and what ends it.
//!
//! Starts nothing. Invariant: whatever runs Terraform gets it from here, on the leash and observed.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use divvy_core::effect::{Effect, Observer, Outcome};
use divvy_core::kinds::KINDS;
use divvy_os::leash;
use divvy_terraform::{Access, PassedFlags, Terraform};
use tokio_util::sync::CancellationToken;

use crate::arguments::TerraformArguments;
use crate::console::{Console, Tone};
use crate::context::Context;
use crate::error::CommandResult;
use crate::observers::Observers;
use crate::terraform_errors::of_terraform;

/// Makes the observers that every look has.
pub(crate) fn observers(context: &Context) -> Arc<Observers> {
    let observers = Arc::new(Observers::of(context));
    observers.add(Arc::new(Progress {
        console: Arc::clone(&context.console),
        terraform: context.terraform.clone(),
    }));
    observers.add(Arc::new(context.under_way.clone()));
    observers
}

/// Reads the flags for Terraform, of the environment and of the command line.
pub(crate) fn passed_flags(
    context: &Context,
    terraform: &TerraformArguments,
    access: Access,
) -> CommandResult<PassedFlags> {
    let (from_environment, dropped) = PassedFlags::of_environment(&context.environment.variables);
    for flag in dropped {
        context
            .console
            .mark(Tone::Warning, &format!("{flag} is left out of divvy's own calls of Terraform"));
    }
    let given =
        PassedFlags::parse(terraform.terraform_flags.iter().cloned()).map_err(of_terraform)?;
    from_environment.then(given).for_access(access).map_err(of_terraform)
}

/// Ends what Terraform does, because a person interrupts or because nobody wants the outcome any more.
pub(crate) struct Unwanted {
    end: CancellationToken,
    at_once: CancellationToken,
}

impl Unwanted {
    /// Fires as the interrupt of the command does.
    pub(crate) fn as_interrupted(context: &Context) -> Self {
        let at_once = context.under_way.at_once().child_token();
        Self { end: context.interrupt.child_token(), at_once }
    }

    /// Lets this end what a program does.
    pub(crate) fn ends(&self, program: Terraform) -> Terraform {
        program.interrupted_by(self.end.clone()).stopped_at_once_by(self.at_once.clone())
    }

    /// Stops what is under way, and lets nothing start after it. Only for what reads and locks nothing.
    pub(crate) fn stop(&self) {
        self.end.cancel();
        self.at_once.cancel();
    }
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
        .interrupted_by(context.interrupt.clone())
        .stopped_at_once_by(context.under_way.at_once())
        .leashed(leash::prefix(leash::Death::InGoodOrder));
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

/// Shows each effect as the progress line.
struct Progress {
    console: Arc<Console>,
    terraform: String,
}

impl Observer for Progress {
    fn before(&self, effect: &Effect) {
        let name = match effect {
            Effect::Terraform { subcommand, .. } => format!("{} {subcommand}", self.terraform),
            Effect::Request { method, path, .. } => named(method, path),
            Effect::WriteFile { .. } | Effect::RemoveFile { .. } => return,
        };
        self.console.waits_for(key(effect), &name);
    }

    fn after(&self, effect: &Effect, _outcome: &Outcome) {
        self.console.has_ended(&key(effect));
    }
}

/// Tells an effect from the others that are under way.
fn key(effect: &Effect) -> String {
    format!("{effect:?}")
}

/// Says what a request is for.
fn named(method: &str, path: &str) -> String {
    let collection = path.split('?').next().unwrap_or(path);
    let kind = KINDS.iter().find(|kind| kind.collection == collection);
    match kind.filter(|_| method == "GET") {
        Some(kind) => format!("listing {}", kind.words.plural),
        None => "reading the org".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listing_is_named_by_what_it_lists() {
        let divisions = "/api/v2/authorization/divisions?pageSize=100&pageNumber=2";
        assert_eq!(named("GET", divisions), "listing divisions");
        assert_eq!(named("GET", "/api/v2/routing/queues?pageSize=1"), "listing queues");
        for (method, path) in [("GET", "/api/v2/organizations/me"), ("POST", divisions)] {
            assert_eq!(named(method, path), "reading the org");
        }
    }
}
