//! What a person can answer about a finding, and what each answer allows.
//!
//! Never asks anybody. Invariant: what is offered is what [`crate::decide`] then does at that address,
//! and nowhere else.

use std::collections::BTreeSet;

use crate::decide::{Action, Decided, Decision, Expect, Policy, Question};
use crate::entity::EntityId;
use crate::finding::Finding;
use crate::verdicts::{Remedy, row};

/// One thing that a person can say about a finding.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Answer {
    /// Do what was decided or proposed.
    Do,
    /// Do it, and update the entity to what the configuration says.
    Update,
    /// Import this entity.
    Take(EntityId),
    /// None of the near ones is meant: the apply creates it.
    New,
}

/// Returns what can be said about a finding beside no, the most harmless first; nothing where no
/// answer helps.
pub fn answers(decided: &Decided) -> Vec<Answer> {
    let Decided { finding, decision } = decided;
    if finding.address.is_none() {
        return Vec::new();
    }
    match decision {
        Decision::Act(action)
        | Decision::Ask {
            question: Question::AdoptAll | Question::Drift | Question::Repair | Question::Home,
            then: Some(action),
        } => to_do(finding, action),
        Decision::Ask { question: Question::Choose, .. } => choices(finding),
        Decision::Ask { .. } | Decision::Nothing => Vec::new(),
    }
}

fn to_do(finding: &Finding, action: &Action) -> Vec<Answer> {
    let (Action::Import { id, expect } | Action::StateRmImport { id, expect }) = action else {
        return vec![Answer::Do];
    };
    let differs = *expect == Expect::DriftStays && !finding.differences(id).is_empty();
    let mut answers = vec![Answer::Do];
    answers.extend(differs.then_some(Answer::Update));
    answers
}

fn choices(finding: &Finding) -> Vec<Answer> {
    let evidence = &finding.evidence;
    let allowed: BTreeSet<&EntityId> = evidence
        .choices
        .iter()
        .filter(|choice| !choice.is_forbidden)
        .map(|choice| &choice.id)
        .collect();
    let candidates = evidence.candidates.iter().map(|candidate| &candidate.entity.id);
    let mut answers: Vec<_> =
        candidates.filter(|id| allowed.contains(id)).cloned().map(Answer::Take).collect();
    let may_be_new =
        matches!(row(finding.verdict).remedy(evidence), Remedy::Choose { may_be_new: true });
    answers.extend(may_be_new.then_some(Answer::New));
    answers
}

impl Policy {
    /// Allows what a person answered about a finding.
    pub fn accept(&mut self, decided: &Decided, answer: &Answer) {
        let Some(address) = &decided.finding.address else { return };
        if let Decision::Ask { question, .. } = &decided.decision {
            self.answered.insert((*question, address.clone()));
        }
        match answer {
            Answer::Do => {}
            Answer::Update => {
                self.updates.insert(address.clone());
            }
            Answer::Take(id) => {
                self.ids.insert(address.clone(), id.clone());
            }
            Answer::New => {
                self.new.insert(address.clone());
            }
        }
    }
}
