//! `divvy undo` as typed.

use clap::{ArgAction, Args};

use super::given::Yes;
use super::shared::TerraformArguments;

/// Take back what a `fix` did to the state. The org is not touched.
///
/// Adopted divisions leave the state again, moved addresses go back. An address that meanwhile
/// holds another id is left alone.
#[derive(Debug, Args)]
pub(crate) struct Undo {
    /// Which run, as `--list` names it; the last one that can be undone if left out.
    #[arg(value_name = "RUN")]
    pub(crate) run: Option<String>,

    /// List the runs and stop.
    #[arg(long)]
    pub(crate) list: bool,

    /// Do it without asking.
    #[arg(long, action = ArgAction::SetTrue, value_parser = Yes::parser())]
    pub(crate) yes: Yes,

    #[command(flatten)]
    pub(crate) terraform: TerraformArguments,
}
