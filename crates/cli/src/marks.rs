//! What of the findings a person can mark in a checklist, and what the marks come to.
//!
//! Never asks. Invariants: what is marked at first is what a plain yes would do; what the marks come to
//! is done by [`divvy_core::decide`] again, so a mark cannot do what an answer could not.

use std::collections::BTreeMap;

use divvy_core::answer::{Answer, answers};
use divvy_core::decide::{Action, Decided, Decision, Decisions, Policy};
use divvy_core::{Address, Finding};

use crate::checklist::{Change, Row};
use crate::door;
use crate::limit::Limit;
use crate::questions;
use crate::render::text::{self, shown};
use crate::report::{self, Outcome, Report};

/// The findings of one look, with what can be marked at each.
#[derive(Clone)]
pub(crate) struct Marks {
    decisions: Decisions,
    /// For each row, which finding it is and what can be answered there.
    rows: Vec<(usize, Vec<Answer>)>,
    policy: Policy,
    limit: Limit,
}

/// What marks come to.
pub(crate) struct Marked {
    pub(crate) policy: Policy,
    pub(crate) limit: Limit,
    pub(crate) decisions: Decisions,
}

impl Marked {
    /// Returns what is to be carried out.
    pub(crate) fn acts(&self) -> Vec<(Finding, Action)> {
        let all = self.decisions.all.iter();
        all.filter_map(|one| Some((one.finding.clone(), one.action()?.clone()))).collect()
    }

    /// Asks for the yes to it, in lines of text; nothing where there is nothing to do.
    pub(crate) fn question(&self) -> Vec<String> {
        let acts = self.acts();
        if acts.is_empty() {
            return Vec::new();
        }
        // Broken where it is drawn.
        let lines = questions::plain_yes(&acts).lines(usize::MAX, 0);
        lines.iter().map(|line| door::talk(line)).collect()
    }
}

impl Marks {
    /// Takes what was decided, what of it may still be asked, and what was allowed so far.
    pub(crate) fn new(
        decisions: &Decisions,
        may_be_asked: impl Fn(&Decided) -> bool,
        policy: &Policy,
        limit: &Limit,
    ) -> Self {
        let rows = decisions.all.iter().enumerate().map(|(number, decided)| {
            let answers = if may_be_asked(decided) { answers(decided) } else { Vec::new() };
            (number, answers)
        });
        Self {
            rows: rows.collect(),
            decisions: decisions.clone(),
            policy: policy.clone(),
            limit: limit.clone(),
        }
    }

    /// Returns at how many findings there is something to mark.
    pub(crate) fn count(&self) -> usize {
        self.rows.iter().filter(|(_, answers)| !answers.is_empty()).count()
    }

    /// Returns whether something is asked here that was not asked before.
    pub(crate) fn asked(&self) -> impl Iterator<Item = &Decided> {
        let all = self.rows.iter().filter(|(_, answers)| !answers.is_empty());
        all.map(|(number, _)| &self.decisions.all[*number])
    }

    /// Writes the rows, in the groups of the report; what the report leaves out has none.
    pub(crate) fn rows(&mut self, report: &Report) -> Vec<Row> {
        let mut told: BTreeMap<&str, &report::Finding> = BTreeMap::new();
        for finding in Outcome::ALL.into_iter().flat_map(|outcome| report.findings_of(outcome)) {
            if let Some(address) = &finding.address {
                told.insert(address, finding);
            }
        }
        let decisions = &self.decisions;
        let of = |number: usize| {
            let address = decisions.all[number].finding.address.as_ref();
            address.and_then(|address| told.get(address.as_str()).copied())
        };
        self.rows.retain(|(number, _)| of(*number).is_some());
        self.rows.sort_by_key(|(number, _)| {
            let outcome = of(*number).map(|finding| finding.outcome);
            Outcome::ALL.iter().position(|one| Some(*one) == outcome)
        });
        let rows = self.rows.iter().filter_map(|(number, answers)| {
            Some(row(&decisions.all[*number], of(*number)?, answers))
        });
        rows.collect()
    }

    /// Decides anew by a choice for each row.
    pub(crate) fn come_to(&self, chosen: &[Option<usize>]) -> Marked {
        let (mut policy, mut limit) = (self.policy.clone(), self.limit.clone());
        let mut marked: Vec<&Address> = Vec::new();
        for ((number, answers), chosen) in self.rows.iter().zip(chosen) {
            let decided = &self.decisions.all[*number];
            let Some(address) = &decided.finding.address else { continue };
            match chosen.and_then(|chosen| answers.get(chosen)) {
                Some(answer) => {
                    policy.accept(decided, answer);
                    marked.push(address);
                }
                None if decided.action().is_some() => limit.leave([address.clone()]),
                None => {}
            }
        }
        let mut decisions = self.decisions.clone();
        // What is marked may be asked twice, as where there is no state at all: the mark says both.
        loop {
            decisions = decisions.again(&policy);
            limit.keep(&mut decisions);
            let before = policy.answered.len();
            for decided in &decisions.all {
                let is_marked =
                    decided.finding.address.as_ref().is_some_and(|at| marked.contains(&at));
                let is_asked = matches!(decided.decision, Decision::Ask { .. });
                if is_marked && is_asked && answers(decided).contains(&Answer::Do) {
                    policy.accept(decided, &Answer::Do);
                }
            }
            if policy.answered.len() == before {
                return Marked { policy, limit, decisions };
            }
        }
    }
}

fn row(decided: &Decided, finding: &report::Finding, answers: &[Answer]) -> Row {
    let is_to_be_done = decided.action().is_some();
    let harmless = |text: &str| door::talk(&shown(text));
    Row {
        group: finding.outcome.title(false).to_owned(),
        title: door::talk(&text::address(finding)),
        name: door::talk(&text::name(finding)),
        verdict: format!("{} {}", finding.code, finding.verdict),
        place: finding.place.as_ref().map(text::place).unwrap_or_default(),
        message: harmless(&finding.message),
        changes: finding
            .drift
            .iter()
            .map(|drift| Change {
                attribute: drift.attribute.to_owned(),
                before: door::talk(&text::value(drift.org.as_ref())),
                after: door::talk(&text::value(drift.config.as_ref())),
            })
            .collect(),
        // What is done here anyway is no hint.
        hints: finding
            .hints
            .iter()
            .filter(|_| !is_to_be_done || !finding.drift.is_empty())
            .map(|hint| harmless(&hint.to_string()))
            .collect(),
        choices: answers
            .iter()
            .map(|answer| harmless(&questions::of_answer(decided, answer)))
            .collect(),
        goes_with_others: answers.first() == Some(&Answer::Do),
        chosen: (is_to_be_done && !answers.is_empty()).then_some(0),
    }
}
