//! `divvy check`: foretells the conflicts of the coming apply. Changes nothing.

use divvy_core::decide::{Policy, decide};
use divvy_core::resolve::resolve;

use super::Context;
use crate::arguments::Check;
use crate::error::CommandResult;
use crate::output;
use crate::render::Writer;
use crate::report::{Command, Report};
use crate::survey::{Subject, Surveyor};

pub(crate) async fn run(context: &Context, arguments: &Check) -> CommandResult<u8> {
    output::refuse_unknown(&arguments.outputs, Writer::Check)?;
    let surveyor = Surveyor::open(context, &arguments.org, &arguments.terraform).await?;
    let subject = Subject {
        plan: arguments.plan.as_deref(),
        other_states: &arguments.other_states,
        ..Subject::default()
    };
    surveyor.warn_of_left_over(&surveyor.left_over()?);
    let look = surveyor.look(&subject).await?;
    let decisions = decide(resolve(&look.survey), &Policy::default());
    let report = Report::new(Command::Check, &decisions, surveyor.run_info(&look));
    output::write_report(context, &arguments.outputs, arguments.shell, &report)?;
    Ok(arguments.fail_on.code(report.exit_code()))
}
