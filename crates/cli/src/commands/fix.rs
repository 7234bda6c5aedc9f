//! Placeholder.
use super::Context;
use crate::arguments::Fix;
use crate::error::CommandResult;
pub(crate) async fn run(_context: &Context, _arguments: &Fix) -> CommandResult<u8> {
    Ok(0)
}
