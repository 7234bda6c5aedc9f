//! What the plan itself does at the address.

use super::row::{Page, Remedy, Row, Told, apply};
use crate::changes::{Tense, changes};
use crate::facts::Facts;
use crate::finding::{Evidence, Reason};
use crate::hint::{CommandLine, Hint};
use crate::world::Existence;

pub(crate) struct MovePending;

impl Row for MovePending {
    fn page(&self) -> Page {
        Page {
            title: "the plan itself moves this address",
            meaning: "A `moved` block takes an object of the state to this address. Importing now would leave the old one behind, and the next plan would destroy the live entity.",
            fix: "Nothing. The next apply moves it.",
            example: "moved {\n  from = genesyscloud_auth_division.a\n  to   = module.m.genesyscloud_auth_division.a\n}",
        }
    }

    fn rule(&self, facts: &Facts<'_, '_>) -> Option<Evidence> {
        let planned = facts.subject.planned?;
        let previous = planned.previous_address.as_ref();
        let previous = previous.filter(|previous| **previous != planned.address)?;
        Some(Evidence { others: vec![previous.clone()], ..Evidence::default() })
    }

    fn message(&self, told: &Told<'_>) -> String {
        let from = &told.others;
        format!(
            "The plan moves it here from {from}; the next apply does that, divvy keeps its hands off."
        )
    }

    fn hints(&self, _told: &Told<'_>, terraform: &str) -> Vec<Hint> {
        vec![apply(terraform)]
    }
}

pub(crate) struct PlannedImport;

impl Row for PlannedImport {
    fn page(&self) -> Page {
        Page {
            title: "the plan already imports it",
            meaning: "The configuration holds an import block for this address. divvy checks its id and name and never writes a second one.",
            fix: "Nothing. If the import is right, the next apply carries it out.",
            example: "import { to = genesyscloud_auth_division.eng  id = \"…\" }",
        }
    }

    fn rule(&self, facts: &Facts<'_, '_>) -> Option<Evidence> {
        let id = facts.subject.planned?.import_id.as_ref()?;
        let unseen = |reason| {
            let tracked_id = Some(id.clone());
            Evidence { reason, tracked_id, ..Evidence::default() }
        };
        let entity = match facts.existence_of(id) {
            Existence::Present(entity) => entity,
            Existence::Absent => return Some(unseen(Reason::ImportedIdAbsent)),
            Existence::Unproven => return Some(unseen(Reason::ImportedIdUnseen)),
        };
        let reason = if entity.is_home != facts.wants_home() {
            Reason::ImportedHome
        } else if facts.wanted.is_some() && !facts.exact.iter().any(|exact| exact.id == *id) {
            Reason::ImportedNameDiffers
        } else {
            Reason::ImportIsRight
        };
        let drift = facts.changes_to(entity);
        Some(Evidence { reason, drift, ..Evidence::of(entity) })
    }

    fn message(&self, told: &Told<'_>) -> String {
        let Told { name, id, tracked_id: planned_id, noun, .. } = told;
        match told.evidence.reason {
            Reason::ImportedIdAbsent => format!(
                "The configuration imports {planned_id} here, but the org has no such {noun}: the whole plan fails."
            ),
            Reason::ImportedIdUnseen => format!(
                "The configuration imports {planned_id} here. This client does not see that {noun}, which proves nothing."
            ),
            Reason::ImportedNameDiffers => {
                let changes = changes(&told.evidence.drift, Tense::Coming).unwrap_or_default();
                format!(
                    "The configuration imports {id} here, but that one is not called {name}: the apply {changes}."
                )
            }
            Reason::ImportedHome => format!(
                "The configuration imports {id} here, and `home` does not fit it: this would delete a division or replace Home."
            ),
            _ => format!("The configuration already imports {name} ({id}) here."),
        }
    }

    fn hints(&self, told: &Told<'_>, terraform: &str) -> Vec<Hint> {
        match told.evidence.reason {
            Reason::ImportIsRight => vec![apply(terraform)],
            Reason::ImportedIdUnseen => vec![CommandLine::divvy("doctor").into()],
            _ => vec!["correct or remove the import block".into()],
        }
    }

    fn remedy(&self, evidence: &Evidence) -> Remedy {
        match evidence.reason {
            Reason::ImportIsRight | Reason::ImportedIdUnseen => Remedy::Nothing,
            _ => Remedy::Elsewhere,
        }
    }
}
