//! What `fix` asks, in words: each question says what yes does, and to what.
//!
//! Never asks and never decides. Invariant: whatever the next apply would change in an entity is in
//! the question about adopting it, from what to what.

use std::path::PathBuf;

use divvy_core::answer::Answer;
use divvy_core::catalogue::{self, Tense};
use divvy_core::decide::{Action, Decided, Decision, Expect, Question};
use divvy_core::finding::Candidate;
use divvy_core::shown::Shown;
use divvy_core::{Address, EntityId, Finding};

use crate::confirm::{Ask, Choice};

/// Asks whether what a killed run left behind may go.
pub(crate) fn clear(left_over: &[PathBuf]) -> Ask {
    let files = left_over.iter().map(|path| path.display().to_string()).collect();
    Ask::new(
        "A divvy fix that was killed left these import blocks: every plan imports again what they list. Remove them?",
        files,
    )
}

/// What remains as it is, whatever is answered.
const ORG_STAYS: &str = "Nothing changes in Genesys Cloud.";

/// Asks for the plain yes to what was shown.
pub(crate) fn plain_yes(acts: &[(Finding, Action)]) -> Ask {
    let count =
        |is_meant: fn(&Action) -> bool| acts.iter().filter(|(_, act)| is_meant(act)).count();
    let imports = count(|act| matches!(act, Action::Import { .. }));
    let repairs = acts.len() - imports;
    let updates = count(updates);
    let findings: Vec<_> = acts.iter().map(|(finding, _)| finding).collect();
    let mut parts = Vec::new();
    if imports > 0 {
        parts.push(format!("import {} into the Terraform state", these(&findings, imports)));
    }
    if repairs > 0 {
        let place = if imports > 0 { "it" } else { "the Terraform state" };
        parts.push(format!("repair {place} at {}", addresses(repairs)));
    }
    let org = match updates {
        0 => ORG_STAYS.to_owned(),
        1 => "One is then updated in Genesys Cloud, as listed.".to_owned(),
        several => format!("{several} are then updated in Genesys Cloud, as listed."),
    };
    let items = acts.iter().map(|(finding, act)| item(finding, act)).collect();
    Ask::new(format!("{}? {org}", capital(&parts.join(", and "))), items)
}

/// Asks for the word that a group of findings needs beyond the plain yes; nothing where no answer
/// helps.
pub(crate) fn of_group(question: Question, group: &[(&Finding, &Action)]) -> Option<Ask> {
    let findings: Vec<_> = group.iter().map(|(finding, _)| *finding).collect();
    let these = these(&findings, group.len());
    let text = match question {
        Question::AdoptAll => format!(
            "There is no Terraform state at all. Import {these} into a new one? {ORG_STAYS}"
        ),
        Question::Repair => {
            format!("Repair the Terraform state at {}? {ORG_STAYS}", addresses(group.len()))
        }
        Question::Home => {
            format!("Import the home division into the Terraform state? {ORG_STAYS}")
        }
        Question::Drift
        | Question::Choose
        | Question::Elsewhere
        | Question::NotApproved
        | Question::Forbidden
        | Question::Again => return None,
    };
    let items = group.iter().map(|(finding, act)| item(finding, act)).collect();
    Some(Ask::new(text, items))
}

/// Asks what is to become of one finding, with what can be answered; nothing where no answer helps.
pub(crate) fn of_one(decided: &Decided, answers: &[Answer], alike: usize) -> Option<Choice> {
    let Decided { finding, decision: Decision::Ask { question, then } } = decided else {
        return None;
    };
    let address = finding.address.as_ref()?;
    let noun = finding.kind.map_or("entity", |kind| kind.words.noun);
    let ask = match (question, then) {
        (Question::Drift, Some(act)) => Ask::new(
            format!(
                "Import this {noun} into the Terraform state although the configuration differs? Nothing changes in Genesys Cloud unless an answer says so."
            ),
            vec![item(finding, act)],
        ),
        (Question::Choose, _) => {
            let name = finding.name.as_ref().map(Shown::visible).unwrap_or_default();
            let can_take = answers.iter().any(|answer| matches!(answer, Answer::Take(_)));
            let question = if can_take {
                format!(
                    "{address} wants {name}. Import an existing {noun} there? The one that is chosen goes into the Terraform state; nothing changes in Genesys Cloud before the next apply."
                )
            } else {
                format!(
                    "{address} wants {name}, and no {noun} that exists can be imported there. Is it new? Nothing changes in Genesys Cloud before the next apply."
                )
            };
            Ask::new(question, Vec::new())
        }
        _ => return None,
    };
    let options: Vec<_> = answers.iter().map(|answer| of_answer(decided, answer)).collect();
    (!options.is_empty()).then_some(Choice { ask, options, alike })
}

/// Says what an answer does.
pub(crate) fn of_answer(decided: &Decided, answer: &Answer) -> String {
    let Decided { finding, decision } = decided;
    let act = match decision {
        Decision::Act(act) | Decision::Ask { then: Some(act), .. } => Some(act),
        Decision::Ask { .. } | Decision::Nothing => None,
    };
    match (answer, act) {
        (Answer::Update, Some(Action::StateRmImport { .. })) => {
            "Repair the state, and update it in Genesys Cloud".to_owned()
        }
        (Answer::Update, _) => "Import it, and update it in Genesys Cloud".to_owned(),
        (Answer::Take(id), _) => {
            let mut candidates = finding.evidence.candidates.iter();
            candidates.find(|one| one.entity.id == *id).map_or_else(
                || format!("Import {id}"),
                |candidate| format!("Import {}", candidate_words(finding, candidate)),
            )
        }
        (Answer::New, _) => "None of them: it is new, and the next apply creates it".to_owned(),
        (Answer::Do, Some(act)) => done(act).to_owned(),
        (Answer::Do, None) => "Yes".to_owned(),
    }
}

/// Says what an action does, in a few words.
fn done(act: &Action) -> &'static str {
    match act {
        Action::Import { expect: Expect::Update, .. } => {
            "Import it, and update it in Genesys Cloud"
        }
        Action::Import { expect: Expect::NoOp, .. } => "Import it",
        Action::Import { expect: Expect::DriftStays, .. } => {
            "Import it, and leave Genesys Cloud as it is"
        }
        Action::StateRmImport { .. } => "Repair the state: forget the old id, import the new one",
        Action::StateMv { .. } => "Repair the state: move it here",
        Action::Untaint => "Repair the state: untaint it",
    }
}

fn candidate_words(finding: &Finding, candidate: &Candidate) -> String {
    let name = candidate.entity.key.visible();
    let differs: Vec<_> = candidate.differs.iter().map(|way| way.words()).collect();
    let mut words = format!("{name} ({})", candidate.entity.id);
    if !differs.is_empty() {
        words.push_str(&format!(", differs in {}", differs.join(" and ")));
    }
    words.push_str(&after(finding, &candidate.entity.id, Expect::DriftStays));
    words
}

fn updates(act: &Action) -> bool {
    matches!(
        act,
        Action::Import { expect: Expect::Update, .. }
            | Action::StateRmImport { expect: Expect::Update, .. }
    )
}

/// Says what becomes of one address.
fn item(finding: &Finding, act: &Action) -> String {
    let address = finding.address.as_ref().map_or("(no address)", Address::as_str);
    let name = finding.name.as_ref().map(Shown::visible).unwrap_or_default();
    match act {
        Action::Import { id, expect } => {
            let entity = finding.evidence.candidates.iter().map(|candidate| &candidate.entity);
            let mut chosen =
                entity.filter(|entity| entity.id == *id).map(|entity| entity.key.visible());
            let name = chosen.next_back().unwrap_or(name);
            format!("{address}: {name} ({id}){}", after(finding, id, *expect))
        }
        Action::StateRmImport { id, expect } => {
            let old = finding.evidence.tracked_id.as_ref().map(ToString::to_string);
            format!(
                "{address}: forget {}, import {name} ({id}){}",
                old.unwrap_or_default(),
                after(finding, id, *expect)
            )
        }
        Action::StateMv { from } => format!("{address}: move {name} here from {from}"),
        Action::Untaint => {
            format!("{address}: untaint {name}, so that the next apply does not delete it")
        }
    }
}

/// Says what an apply changes in the entity afterwards, if anything.
fn after(finding: &Finding, id: &EntityId, expect: Expect) -> String {
    let changes = catalogue::changes(finding.differences(id), Tense::Coming);
    match (changes, expect) {
        (None, _) => String::new(),
        (Some(changes), Expect::Update) => format!("; this {changes} in Genesys Cloud"),
        (Some(changes), _) => format!("; the next apply {changes}"),
    }
}

fn these(findings: &[&Finding], count: usize) -> String {
    let mut kinds = findings.iter().map(|finding| finding.kind);
    let first = kinds.next().flatten().filter(|first| kinds.all(|kind| kind == Some(*first)));
    let (noun, plural) =
        first.map_or(("object", "objects"), |kind| (kind.words.noun, kind.words.plural));
    match count {
        1 => format!("this {noun}"),
        several => format!("these {several} {plural}"),
    }
}

fn addresses(count: usize) -> String {
    match count {
        1 => "this address".to_owned(),
        several => format!("these {several} addresses"),
    }
}

fn capital(text: &str) -> String {
    let mut characters = text.chars();
    let first = characters.next().map(|first| first.to_ascii_uppercase());
    first.into_iter().chain(characters).collect()
}
