//! `divvy check`: foretells the conflicts of the coming apply. Changes nothing.

use divvy_core::decide::{Policy, decide};
use divvy_core::resolve::resolve;

use super::Context;
use crate::arguments::Check;
use crate::error::CommandResult;
use crate::output;
use crate::render::Format;
use crate::report::{Command, Report};
use crate::survey::{Subject, Surveyor};

/// The forms that `check` writes.
const FORMATS: [Format; 7] = [
    Format::Table,
    Format::Json,
    Format::Blocks,
    Format::Commands,
    Format::Markdown,
    Format::Github,
    Format::Html,
];

pub(crate) async fn run(context: &Context, arguments: &Check) -> CommandResult<u8> {
    output::refuse_unknown(&arguments.outputs, &FORMATS)?;
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
    Ok(report.exit_code())
}
