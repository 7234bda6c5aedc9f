//! The command line of `divvy fix`.

use std::path::PathBuf;

use clap::{ArgAction, Args};
use divvy_core::{Address, EntityId};

use super::given::Yes;
use super::offers::offers;
use super::shared::{OrgArguments, Output, TerraformArguments};
use crate::render::{Writer, help_for, names_of};

/// Adopt what exists into the state, through a plan that is proved to import and nothing else.
///
/// Shows what will be done and asks. Without a terminal and without --yes it changes nothing.
///
/// Exit code: 0 all is done, 3 something needs a person, 2 with --require-clean if the plan has
/// something left to do, 1 error.
#[derive(Debug, Args)]
pub(crate) struct Fix {
    /// Do the exact, harmless adoptions without asking.
    #[arg(long, action = ArgAction::SetTrue, value_parser = Yes::parser())]
    pub(crate) yes: Yes,

    /// Show what would be done, and stop.
    #[arg(long, conflicts_with = "yes")]
    pub(crate) dry_run: bool,

    /// A saved plan file, or its JSON; else a plan is made. Nothing outside of it is done.
    #[arg(long, value_name = "FILE")]
    pub(crate) plan: Option<PathBuf>,

    /// Output of the failed run: what it names is resolved too.
    #[arg(long, value_name = "FILE|-")]
    pub(crate) from_log: Option<PathBuf>,

    /// Which unit of the log this directory is (Terragrunt), where its path does not tell.
    #[arg(long, value_name = "UNIT", requires = "from_log")]
    pub(crate) unit: Option<String>,

    /// Do only what this `check -o json` file holds.
    #[arg(long, value_name = "FILE")]
    pub(crate) approved: Option<PathBuf>,

    /// Adopt although the whole state seems to be missing.
    #[arg(long)]
    pub(crate) adopt_all: bool,

    /// Adopt divisions that differ from the configuration, and leave the org as it is.
    #[arg(long, conflicts_with = "accept_drift")]
    pub(crate) adopt_drifted: bool,

    /// Adopt divisions that differ from the configuration, and update exactly these.
    #[arg(long)]
    pub(crate) accept_drift: bool,

    /// Repair the state: stale ids, renamed addresses, tainted instances.
    #[arg(long)]
    pub(crate) repair: bool,

    /// Adopt the home division where the block has `home = true` and its name.
    #[arg(long)]
    pub(crate) home: bool,

    /// Take this id for this address. Repeatable.
    #[arg(long = "id", value_name = "ADDR=ID", value_parser = address_and_id)]
    pub(crate) ids: Vec<(Address, EntityId)>,

    /// None of the near ones is meant: this address is new. Repeatable.
    #[arg(long = "new", value_name = "ADDR", value_parser = address)]
    pub(crate) new: Vec<Address>,

    /// Do only what has a name or address that matches; `*` and `?` stand for letters. Repeatable.
    #[arg(long, value_name = "PATTERN", value_delimiter = '\n')]
    pub(crate) only: Vec<String>,

    /// State of another root that may already manage these divisions. Repeatable.
    #[arg(long = "other-state", value_name = "FILE")]
    pub(crate) other_states: Vec<PathBuf>,

    /// Write import blocks to this file for review, and touch no state.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["yes", "repair"])]
    pub(crate) write: Option<PathBuf>,

    /// End with 2 unless the proving plan has nothing left to do.
    #[arg(long)]
    pub(crate) require_clean: bool,

    /// How often to look again while imports make names known.
    #[arg(long, value_name = "N", default_value_t = Self::USUAL_ROUNDS, value_parser = clap::value_parser!(u8).range(1..))]
    pub(crate) max_rounds: u8,

    /// Form of the output.
    #[arg(short, long = "output", value_name = "FORMAT[=FILE]", help = help_for(Writer::Fix), value_parser = offers::<Output>(names_of(Writer::Fix)), hide_possible_values = true)]
    pub(crate) outputs: Vec<Output>,

    #[command(flatten)]
    pub(crate) org: OrgArguments,

    #[command(flatten)]
    pub(crate) terraform: TerraformArguments,
}

impl Fix {
    /// How often a `fix` looks again where nothing else is said.
    pub(crate) const USUAL_ROUNDS: u8 = 5;
}

fn address(text: &str) -> Result<Address, String> {
    Address::parse(text).ok_or_else(|| {
        format!("`{text}` is no resource instance address (quote it: 'type.label[\"key\"]')")
    })
}

/// The id follows the last `=`, because a key may hold one.
fn address_and_id(text: &str) -> Result<(Address, EntityId), String> {
    match text.rsplit_once('=') {
        Some((left, id)) if !id.is_empty() => Ok((address(left)?, EntityId::new(id))),
        _ => Err("expected ADDR=ID".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_follows_the_last_equals_sign() {
        let (address, id) = address_and_id("a.b[\"x=y\"]=id-1").unwrap();
        assert_eq!((address.as_str(), id.as_str()), ("a.b[\"x=y\"]", "id-1"));
        assert!(address_and_id("a.b[x]=id-1").is_err());
        assert!(address_and_id("a.b").is_err());
    }
}
