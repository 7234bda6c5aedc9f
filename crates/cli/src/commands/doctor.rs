//! `divvy doctor`: why can't I see it, and may I create it. Reads only.

use crate::arguments::doctor::Doctor;
use crate::console;
use crate::context::Context;
use crate::doctor::{Diagnosis, gather};
use crate::error::CommandResult;
use crate::output;
use crate::render::{Format, Writer};

pub(crate) async fn run(context: &Context, arguments: &Doctor) -> CommandResult<u8> {
    output::refuse_unknown(&arguments.outputs, Writer::Doctor)?;
    let facts = gather::gather(context, &arguments.org, &arguments.terraform).await?;
    let diagnosis = Diagnosis::of(&facts, &context.given);
    let (width, is_colored) = (console::width(), context.console.stdout_is_colored());
    output::write(context, &arguments.outputs, Format::Table, |format| match format {
        Format::Json => diagnosis.json(),
        _ => diagnosis.page(width, is_colored),
    })?;
    Ok(if diagnosis.has_cross() { 2 } else { 0 })
}
