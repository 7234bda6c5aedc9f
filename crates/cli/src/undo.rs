//! What a journal tells of a run, and what taking it back would take.
//!
//! Reads only. Invariant: a step is offered only if the state still holds what the run put there.

use std::fs;
use std::path::Path;

use divvy_core::survey::Tracked;
use divvy_core::{Address, EntityId};
use divvy_terraform::files::{self, Origin};
use serde::Deserialize;

/// One run of divvy in a working directory.
#[derive(Debug)]
pub(crate) struct PastRun {
    pub(crate) id: String,
    pub(crate) command: String,
    pub(crate) at: String,
    pub(crate) deeds: Vec<Deed>,
}

/// Something that a run did to the state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Deed {
    /// It imported the id at the address.
    Imported { address: Address, id: EntityId },
    /// It adopted the id during an apply, at an address that it did not know.
    Adopted { id: EntityId },
    /// It moved an instance.
    Moved { from: Address, to: Address },
    /// It took the mark of an interrupted create away.
    Untainted { address: Address },
}

/// A step that takes a deed back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// `state rm`.
    Forget(Address),
    /// `state mv`.
    MoveBack { from: Address, to: Address },
    /// Nothing is left to be done with an id.
    IdIsGone { id: EntityId },
    /// Nothing can be done; the text says why.
    LeftAlone { address: Address, why: &'static str },
}

#[derive(Deserialize)]
struct Line {
    event: String,
    #[serde(default)]
    command: String,
    #[serde(default)]
    at: String,
    #[serde(default, rename = "do")]
    what: String,
    address: Option<String>,
    id: Option<EntityId>,
    from: Option<String>,
}

/// Reads the journals of a working directory, the newest run first.
pub(crate) fn past_runs(working_directory: &Path) -> Vec<PastRun> {
    let Ok(runs) = fs::read_dir(working_directory.join(".divvy/runs")) else { return Vec::new() };
    let mut past: Vec<PastRun> = runs
        .filter_map(Result::ok)
        .filter_map(|run| {
            let text = files::read_text(&run.path().join("journal.jsonl"), Origin::Ours).ok()?;
            Some(read(run.file_name().to_string_lossy().into_owned(), &text))
        })
        .collect();
    past.sort_by(|a, b| b.at.cmp(&a.at).then_with(|| b.id.cmp(&a.id)));
    past
}

/// Reads one journal; a last line that a kill cut short is left out.
fn read(id: String, journal: &str) -> PastRun {
    let mut run = PastRun { id, command: String::new(), at: String::new(), deeds: Vec::new() };
    for line in journal.lines().filter_map(|line| serde_json::from_str::<Line>(line).ok()) {
        let address = line.address.as_deref().and_then(Address::parse);
        match (line.event.as_str(), line.what.as_str()) {
            ("began", _) => (run.command, run.at) = (line.command, line.at),
            // Written before the deed: whether it was done is asked of the state.
            ("action", "import" | "state_rm_import") => {
                run.deeds.extend(line.id.map(|id| match address {
                    Some(address) => Deed::Imported { address, id },
                    None => Deed::Adopted { id },
                }));
            }
            ("action", "state_mv") => {
                let from = line.from.as_deref().and_then(Address::parse);
                run.deeds.extend(from.zip(address).map(|(from, to)| Deed::Moved { from, to }));
            }
            ("action", "untaint") => {
                run.deeds.extend(address.map(|address| Deed::Untainted { address }));
            }
            _ => {}
        }
    }
    run
}

/// Says what taking the deeds back would take, the last deed first.
pub(crate) fn steps(deeds: &[Deed], tracked: &Tracked) -> Vec<Step> {
    let held = |address: &Address| {
        tracked
            .instances
            .iter()
            .find(|instance| !instance.is_deposed && instance.address == *address)
    };
    let step = |deed: &Deed| match deed {
        Deed::Imported { address, id } => match held(address) {
            Some(instance) if instance.id == *id => Step::Forget(address.clone()),
            Some(_) => Step::LeftAlone { address: address.clone(), why: "it holds another id now" },
            None => Step::LeftAlone { address: address.clone(), why: "the state no longer has it" },
        },
        Deed::Adopted { id } => {
            let mut instances = tracked.instances.iter();
            match instances.find(|instance| !instance.is_deposed && instance.id == *id) {
                Some(instance) => Step::Forget(instance.address.clone()),
                None => Step::IdIsGone { id: id.clone() },
            }
        }
        Deed::Moved { from, to } => match (held(from), held(to)) {
            (None, Some(_)) => Step::MoveBack { from: to.clone(), to: from.clone() },
            (Some(_), _) => {
                Step::LeftAlone { address: to.clone(), why: "the old address is in use again" }
            }
            (None, None) => {
                Step::LeftAlone { address: to.clone(), why: "the state no longer has it" }
            }
        },
        Deed::Untainted { address } => Step::LeftAlone {
            address: address.clone(),
            why: "tainting it again would let the next apply delete the division",
        },
    };
    deeds.iter().rev().map(step).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_journal_that_was_cut_short_still_tells_its_deeds() {
        let journal = concat!(
            r#"{"event":"began","command":"fix","at":"2026-01-01T00:00:00Z"}"#,
            "\n",
            r#"{"event":"action","do":"import","address":"a.b[\"x\"]","id":"id-1","from":null}"#,
            "\n",
            r#"{"event":"action","do":"state_mv","address":"a.c","id":"id-2","from":"a.d"}"#,
            "\n",
            r#"{"event":"action","do":"import","addr"#,
        );
        let run = read("run".to_owned(), journal);
        assert_eq!(run.command, "fix");
        let address = |text| Address::parse(text).unwrap();
        assert_eq!(
            run.deeds,
            [
                Deed::Imported { address: address("a.b[\"x\"]"), id: EntityId::new("id-1") },
                Deed::Moved { from: address("a.d"), to: address("a.c") },
            ]
        );
    }

    #[test]
    fn nothing_is_taken_back_where_the_state_has_moved_on() {
        let deed =
            Deed::Imported { address: Address::parse("a.b").unwrap(), id: EntityId::new("id-1") };
        let steps = steps(&[deed], &Tracked::default());
        assert!(matches!(&steps[..], [Step::LeftAlone { .. }]), "{steps:?}");
    }
}
