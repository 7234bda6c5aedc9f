//! From the domain to the contract: how a report is made of a survey, a resolution and decisions.
//!
//! Never decides. Invariant: an action is reported exactly where it was decided, and nowhere while
//! a headline stops all writing.

use std::collections::BTreeMap;

use divvy_core::catalogue::{self, Tense};
use divvy_core::decide::{self, Decided, Decision, Decisions, Expect, Question};
use divvy_core::failure::{Failure, Origin};
use divvy_core::finding;
use divvy_core::survey::{Alias, AliasTarget, Survey};
use divvy_core::verdict::Verdict;
use divvy_core::{CommandLine, Hint};

use super::{
    Action, Candidate, Command, Drift, Entity, Finding, Headline, Org, Outcome, Report, RunInfo,
    SCHEMA_VERSION,
};
use crate::given::Given;

impl Report {
    /// Reports what was decided in a run.
    pub fn new(command: Command, decisions: &Decisions, info: RunInfo) -> Self {
        let nothing_is_written = decisions.stop_writing();
        let findings: Vec<_> = decisions
            .all
            .iter()
            .filter(|one| is_worth_a_word(&one.finding))
            .map(|Decided { finding, decision }| match decision {
                Decision::Act(_) if nothing_is_written => {
                    Finding::new(finding, &Decision::Nothing, &info)
                }
                _ => Finding::new(finding, decision, &info),
            })
            .collect();
        let mut summary = BTreeMap::new();
        for finding in &findings {
            *summary.entry(finding.verdict.word()).or_default() += 1;
        }
        let headlines: Vec<_> =
            decisions.headlines.iter().map(|headline| Headline::new(headline, &info)).collect();
        let mut headlines = headlines.into_iter();
        let program = info.program().to_owned();
        let mut notes = info.notes;
        notes.extend(outputs_note(&info.outputs_left));
        Self {
            schema_version: SCHEMA_VERSION,
            command,
            program,
            terraform: info.terraform,
            orgs: info.orgs,
            managed: decisions.all.len() - findings.len(),
            findings,
            headline: headlines.next(),
            further_headlines: headlines.collect(),
            summary,
            rounds: info.rounds,
            clean: info.clean,
            pending: info.pending,
            api_requests: info.api_requests,
            terraform_runs: info.terraform_runs,
            is_carried_out: info.is_carried_out,
            require_clean: info.require_clean,
            leaves_out: !info.left_out.is_empty(),
            notes,
            made: info.made,
            given: Given::default(),
        }
    }
}

/// What is managed is printed only where the next apply renames it.
fn is_worth_a_word(finding: &finding::Finding) -> bool {
    finding.verdict != Verdict::Managed || !finding.evidence.drift.is_empty()
}

impl RunInfo {
    /// Takes from a survey what a report tells of it beside its findings. `credentials_from` says
    /// where the credentials of each alias came from, in words, without a secret.
    pub fn of(survey: &Survey, credentials_from: &BTreeMap<Alias, String>) -> Self {
        Self {
            orgs: orgs(survey, credentials_from),
            pending: survey.desired.as_ref().map(|desired| desired.pending),
            ..Self::default()
        }
    }
}

impl Finding {
    fn new(finding: &finding::Finding, decision: &Decision, info: &RunInfo) -> Self {
        let evidence = &finding.evidence;
        let failure = finding.failure();
        let (action, outcome, expect) = told(finding, decision);
        let drift = drift(finding, decision);
        let question = match decision {
            Decision::Ask { question, .. } => Some(*question),
            Decision::Act(_) | Decision::Nothing => None,
        };
        Self {
            code: finding.verdict.code(),
            verdict: finding.verdict,
            also: finding.also.clone(),
            kind: finding.kind.map(|kind| kind.words.noun),
            address: finding.address.as_ref().map(ToString::to_string),
            unit: failure.and_then(|failure| failure.unit.clone()),
            alias: finding.alias.as_ref().map(ToString::to_string),
            name: finding.name.clone(),
            entity: evidence.entity.as_ref().map(|entity| Entity {
                id: entity.id.to_string(),
                name: entity.key.map(ToString::to_string),
                description: entity.text("description"),
                home: entity.is_home,
            }),
            candidates: evidence
                .candidates
                .iter()
                .map(|candidate| Candidate {
                    id: candidate.entity.id.to_string(),
                    name: candidate.entity.key.map(ToString::to_string),
                    differs: candidate.differs.clone(),
                })
                .collect(),
            message: message(finding, decision, &drift, info),
            hints: hints(finding, decision, &drift, info),
            drift: drift
                .into_iter()
                .map(|drift| Drift {
                    attribute: drift.attribute,
                    config: drift.config,
                    org: drift.org,
                })
                .collect(),
            action,
            outcome,
            question,
            drift_stays: expect == Some(Expect::DriftStays),
            left_out: finding
                .address
                .as_ref()
                .filter(|_| *decision == Decision::Nothing)
                .and_then(|address| info.left_out.get(address))
                .copied(),
            place: finding.address.as_ref().and_then(|address| info.places.get(address)).cloned(),
            // What a run heard of its own create, it has said already.
            heard: failure
                .filter(|failure| failure.origin == Origin::Log || outcome != Outcome::Adopted)
                .map(heard),
        }
    }
}

/// Returns what the next apply would change: in the entity that is taken, where one is.
fn drift(finding: &finding::Finding, decision: &Decision) -> Vec<finding::Drift> {
    match decision {
        Decision::Act(
            decide::Action::Import { id, expect } | decide::Action::StateRmImport { id, expect },
        ) if *expect != Expect::NoOp => finding.differences(id).to_vec(),
        _ => finding.evidence.drift.clone(),
    }
}

/// Says what a finding means, and what the next apply changes in an entity that is taken.
fn message(
    finding: &finding::Finding,
    decision: &Decision,
    drift: &[finding::Drift],
    info: &RunInfo,
) -> String {
    let message = catalogue::message(finding);
    let (Decision::Act(act), false) = (decision, drift.is_empty()) else { return message };
    let sentence = match (act, info.is_carried_out) {
        (
            decide::Action::Import { expect: Expect::Update, .. }
            | decide::Action::StateRmImport { expect: Expect::Update, .. },
            is_done,
        ) => {
            let tense = if is_done { Tense::Done } else { Tense::Coming };
            catalogue::changes(drift, tense).map(|changes| format!("This run {changes}."))
        }
        (decide::Action::Import { .. } | decide::Action::StateRmImport { .. }, _) => {
            let is_said = [Tense::Coming, Tense::Conditional]
                .into_iter()
                .filter_map(|tense| catalogue::changes(drift, tense))
                .any(|changes| message.contains(&changes));
            let changes = catalogue::changes(drift, Tense::Coming).filter(|_| !is_said);
            changes.map(|changes| format!("The next apply {changes}."))
        }
        _ => None,
    };
    sentence.map_or_else(|| message.clone(), |sentence| format!("{message} {sentence}"))
}

impl Headline {
    fn new(headline: &finding::Headline, info: &RunInfo) -> Self {
        Self {
            code: headline.kind.code(),
            message: catalogue::headline_message(headline),
            hints: catalogue::headline_hints(headline.kind, info.program()),
            kind: headline.kind,
        }
    }
}

/// Says where a failure was heard of, and what damaged its text.
fn heard(failure: &Failure) -> String {
    let mut heard = match failure.origin {
        Origin::Log => format!("line {}: {}", failure.line, failure.summary),
        Origin::Live => failure.summary.clone(),
    };
    let correlation_id = failure.correlation_id.as_deref();
    if let Some(correlation_id) = correlation_id.filter(|id| !failure.summary.contains(id)) {
        heard = format!("{heard} (correlation id {correlation_id})");
    }
    if !failure.damage.is_empty() {
        heard = format!("{heard}; damaged: {}", failure.damage.join("; "));
    }
    heard
}

/// Translates a decision into the contract's words.
fn told(finding: &finding::Finding, decision: &Decision) -> (Action, Outcome, Option<Expect>) {
    let entity_id = || finding.evidence.entity.as_ref().map(|entity| entity.id.to_string());
    match decision {
        // What nearly exists is created all the same once a person, or the apply, said so.
        Decision::Nothing
            if matches!(
                finding.verdict,
                Verdict::Create | Verdict::NearMiss | Verdict::Ambiguous
            ) =>
        {
            (Action::None, Outcome::Created, None)
        }
        Decision::Nothing => (Action::None, Outcome::LeftAlone, None),
        Decision::Ask { .. } => (Action::None, Outcome::NeedsYou, None),
        Decision::Act(action) => match action {
            decide::Action::Import { id, expect } => {
                let id = id.to_string();
                let action = match expect {
                    Expect::Update => Action::Update { id },
                    Expect::NoOp | Expect::DriftStays => Action::Import { id },
                };
                (action, Outcome::Adopted, Some(*expect))
            }
            decide::Action::StateRmImport { id, expect } => {
                (Action::StateRmImport { id: id.to_string() }, Outcome::Repaired, Some(*expect))
            }
            decide::Action::StateMv { from } => {
                let action = Action::StateMv { from: from.to_string(), id: entity_id() };
                (action, Outcome::Repaired, None)
            }
            decide::Action::Untaint => {
                (Action::Untaint { id: entity_id() }, Outcome::Repaired, None)
            }
        },
    }
}

/// Says what to do next, as far as it is not done already.
fn hints(
    finding: &finding::Finding,
    decision: &Decision,
    drift: &[finding::Drift],
    info: &RunInfo,
) -> Vec<Hint> {
    let mut hints = catalogue::hints(finding, info.program());
    match decision {
        Decision::Ask { question: Question::AdoptAll, .. } => {
            vec![CommandLine::divvy("fix --adopt-all").into()]
        }
        Decision::Ask { question: Question::NotApproved, .. } => {
            vec![
                CommandLine::divvy("check -o json=FILE")
                    .because("the approved file does not hold it")
                    .into(),
            ]
        }
        Decision::Ask { question: Question::Forbidden, .. } => {
            hints.insert(
                0,
                "the id cannot be taken: it is Home's, another address has it, the org does not show it, or the apply after the import would replace the object"
                    .into(),
            );
            hints
        }
        Decision::Act(action) if info.is_carried_out => match action {
            decide::Action::Import { expect: Expect::DriftStays, .. }
            | decide::Action::StateRmImport { expect: Expect::DriftStays, .. } => {
                catalogue::keep_attributes(drift)
            }
            _ => Vec::new(),
        },
        _ => hints,
    }
}

/// Returns each provider configuration that leads to an org.
fn orgs(survey: &Survey, credentials_from: &BTreeMap<Alias, String>) -> Vec<Org> {
    survey
        .aliases
        .iter()
        .filter_map(|(alias, target)| {
            let AliasTarget::Org(id) = target else { return None };
            let org = survey.orgs.get(id);
            Some(Org {
                alias: alias.to_string(),
                id: id.to_string(),
                name: org.and_then(|org| org.name.clone()),
                region: org.and_then(|org| org.region.clone()),
                credentials_from: credentials_from.get(alias).cloned(),
            })
        })
        .collect()
}

fn outputs_note(outputs_left: &[String]) -> Option<String> {
    (!outputs_left.is_empty()).then(|| {
        format!(
            "The plan still changes outputs, which does not count as a change of a resource: {}.",
            outputs_left.join(", ")
        )
    })
}
