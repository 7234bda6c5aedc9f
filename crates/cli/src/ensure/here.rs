//! The configuration in the directory: what it calls the divisions, and how Terraform is called.
//!
//! A plain `ensure` needs none of this, so nothing here fails for want of a configuration or of
//! Terraform, and Terraform is started only where a `for_each`, a `count` or an expression stands
//! between a name and its address. Invariant: Terraform is never waited for longer than
//! [`PATIENCE`], and it only evaluates.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use divvy_terraform::{
    Access, Blocks, Error, NamedInstance, PassedFlags, Terraform, WorkingDirectory,
};

use super::address::Addresses;
use super::output::Typed;
use crate::arguments::{Ensure, TerraformArguments};
use crate::console::Tone;
use crate::context::Context;
use crate::error::CommandResult;
use crate::observers::Observers;
use crate::survey::{data_directory, passed_flags, place, program};
use crate::terraform_errors::of_terraform;

/// How long an evaluation may take; a backend that does not answer must not keep anybody from what
/// was created.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long Terraform is waited for after it was asked to stop.
const GRACE: Duration = Duration::from_secs(2);

/// The directory of the configuration, and the program that would run there.
pub(crate) struct Here {
    place: PathBuf,
    data: PathBuf,
    program: Option<Terraform>,
    chdir: Option<String>,
    flags: PassedFlags,
    /// `None` where there is no directory to read.
    blocks: Option<Blocks>,
}

impl Here {
    /// Reads what the flags name.
    ///
    /// # Errors
    /// A directory that was named and is not there; flags for Terraform that are not passed on.
    pub(crate) fn find(
        context: &Context,
        arguments: &TerraformArguments,
        observers: &Arc<Observers>,
    ) -> CommandResult<Self> {
        let flags = passed_flags(context, arguments, Access::Reads)?;
        let place = place(context, arguments);
        if arguments.chdir.is_some() && !place.is_dir() {
            return Err(of_terraform(Error::NoDirectory { path: place }));
        }
        let program = match program(context, arguments, observers) {
            Ok(program) => Some(program),
            Err(Error::ProgramNotFound) => None,
            Err(error) => {
                context.console.mark(Tone::Warning, &format!("{error}; going on without it"));
                None
            }
        };
        let data = data_directory(context, &place);
        Ok(Self {
            blocks: Blocks::read(&place, &data).ok(),
            chdir: arguments.chdir.as_ref().map(|chdir| chdir.display().to_string()),
            program,
            place,
            data,
            flags,
        })
    }

    /// Says how an import line is typed.
    pub(crate) fn typed<'t>(&'t self, context: &'t Context) -> Typed<'t> {
        Typed { program: &context.terraform, chdir: self.chdir.as_deref() }
    }

    /// Finds the addresses of the names, as far as the configuration here wants them.
    pub(crate) async fn addresses(
        &self,
        context: &Context,
        arguments: &Ensure,
        names: &[&str],
    ) -> Addresses {
        let prefix = arguments.address_prefix.as_deref();
        let kind = arguments.kind.0;
        let mut addresses = Addresses::new(kind, prefix, arguments.labels.style());
        let Some(blocks) = &self.blocks else { return addresses };
        let kind = kind.terraform_type;
        addresses.add(blocks.named_instances(kind));
        let all_known = |addresses: &Addresses| addresses.know(names.iter().copied());
        if all_known(&addresses) || !blocks.has_computed_instances(kind) {
            return addresses;
        }
        match self.evaluate(context, blocks, kind).await {
            Ok(instances) => addresses.add(instances),
            Err(reason) if !context.interrupt.is_cancelled() => context.console.mark(
                Tone::Warning,
                &format!(
                    "the addresses below may be made up: the names of some {kind} here are \
                     computed, and {reason}"
                ),
            ),
            Err(_) => {}
        }
        addresses
    }

    /// Lets Terraform evaluate what the text alone does not tell; says why not, if it cannot.
    async fn evaluate(
        &self,
        context: &Context,
        blocks: &Blocks,
        terraform_type: &str,
    ) -> Result<Vec<NamedInstance>, String> {
        let Some(program) = &self.program else {
            return Err("there is no terraform or tofu to compute them".to_owned());
        };
        let name = &context.terraform;
        if !self.data.is_dir() {
            return Err(format!("the directory is not initialised ({name} init)"));
        }
        let patience = context.interrupt.child_token();
        let program = program.clone().interrupted_by(patience.clone());
        let directory = WorkingDirectory::open(&self.place, program, self.flags.clone())
            .map_err(|error| error.to_string())?;
        let mut evaluated = std::pin::pin!(directory.computed_instances(blocks, terraform_type));
        let Ok(answer) = tokio::time::timeout(PATIENCE, &mut evaluated).await else {
            patience.cancel();
            // Its leash ends it with us, should it not listen.
            let _ = tokio::time::timeout(GRACE, &mut evaluated).await;
            let seconds = PATIENCE.as_secs();
            return Err(format!("`{name} console` did not answer within {seconds} s"));
        };
        answer.map_err(|error| {
            let text = error.to_string();
            text.lines().next().unwrap_or_default().to_owned()
        })
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt as _;
    use std::path::Path;

    use divvy_core::kinds::division::DIVISION;
    use tokio_util::sync::CancellationToken;

    use super::*;
    use crate::arguments::ColorChoice;
    use crate::console::Console;
    use crate::environment::Environment;
    use crate::interrupt::UnderWay;

    #[tokio::test(start_paused = true)]
    async fn a_terraform_that_does_not_answer_is_given_up() {
        let directory = tempfile::tempdir().unwrap();
        let place = directory.path();
        let kind = DIVISION.terraform_type;
        let block = format!("resource \"{kind}\" \"a\" {{\n  name = upper(\"a\")\n}}\n");
        fs::write(place.join("main.tf"), block).unwrap();
        let program = place.join("terraform");
        fs::write(&program, "#!/bin/sh\nexec sleep 600\n").unwrap();
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
        fs::create_dir(place.join(".terraform")).unwrap();
        let path = std::env::var("PATH").unwrap_or_default();
        let variables = [("PATH".to_owned(), path)].into();
        let here = Here {
            place: place.to_owned(),
            data: place.join(".terraform"),
            program: Some(Terraform::find(Some(&program), variables).unwrap()),
            chdir: None,
            flags: PassedFlags::default(),
            blocks: Some(Blocks::read(place, Path::new(".terraform")).unwrap()),
        };
        let context = Context {
            console: Arc::new(Console::new(ColorChoice::Never, true, false)),
            environment: Environment::default(),
            given: crate::given::Given::default(),
            terraform: "terraform".to_owned(),
            interrupt: CancellationToken::new(),
            under_way: UnderWay::default(),
        };
        let answer = here.evaluate(&context, here.blocks.as_ref().unwrap(), kind).await;
        assert_eq!(answer, Err("`terraform console` did not answer within 10 s".to_owned()));
    }
}
