//! `divvy check`: predicts the conflicts of the coming apply. Changes nothing.

use divvy_core::decide::{Policy, decide};
use divvy_core::resolve::resolve;
use divvy_terraform::Access;

use crate::arguments::Check;
use crate::confirm;
use crate::context::Context;
use crate::error::{CommandError, CommandResult};
use crate::lookup::{self, Lookup};
use crate::output;
use crate::preview;
use crate::render::Writer;
use crate::report::{Command, Report};
use crate::survey::{Subject, Surveyor};

pub(crate) async fn run(context: &Context, arguments: &Check) -> CommandResult<u8> {
    output::refuse_unknown(&arguments.outputs, Writer::Check)?;
    let subject = Subject {
        plan: arguments.plan.as_deref(),
        other_states: &arguments.other_states,
        ..Subject::default()
    };
    let plan = lookup::plan_alone(context, &arguments.terraform, subject.plan).await?;
    let (decisions, info) = if let Some(plan) = plan {
        if arguments.diff.said().is_some() {
            return Err(CommandError::failed(
                "--diff plans the imports, which needs the configuration's directory and Terraform",
            )
            .hint("leave --diff out, or add --chdir DIR"));
        }
        let lookup = Lookup::open(context, &arguments.org).await?;
        let look = lookup.look(Some(&plan), &[], &subject).await?;
        (decide(resolve(&look.survey), &Policy::default()), lookup.run_info(&look))
    } else {
        let (org, terraform) = (&arguments.org, &arguments.terraform);
        let surveyor = Surveyor::open(context, org, terraform, Access::Reads).await?;
        surveyor.warn_of_left_over(&surveyor.left_over()?);
        let look = surveyor.look(&subject).await?;
        let resolution = resolve(&look.survey);
        match arguments.diff.said() {
            None => (decide(resolution, &Policy::default()), surveyor.run_info(&look)),
            Some(said) => {
                let consent = confirm::by_flag(said);
                let compared = preview::compare(&surveyor, &consent, &look, resolution).await?;
                let mut info = surveyor.run_info(&look);
                info.notes.extend(compared.notes);
                (compared.decisions, info)
            }
        }
    };
    let report = Report::new(Command::Check, &decisions, info);
    output::write_report(context, &arguments.outputs, arguments.shell, &report)?;
    Ok(arguments.fail_on.code(report.exit_code()))
}
