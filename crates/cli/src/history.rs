//! What the rounds of one `fix` came to: what was done, and what the last look still shows.
//!
//! Never decides. Invariant: an address appears once in the report; what was done there wins over
//! a later "managed".

use divvy_core::decide::{Action, Decision, Question};
use divvy_core::survey::Pending;
use divvy_core::{Address, Finding, Resolution};
use divvy_terraform::PlanFile;

use crate::carry_out::Carried;
use crate::limit::Limit;
use crate::report::{Command, Report};
use crate::survey::{Look, Surveyor};

/// The rounds so far.
#[derive(Default)]
pub(crate) struct History {
    rounds: u32,
    done: Vec<(Finding, Decision)>,
    notes: Vec<String>,
    last: Option<(Look, Resolution, Vec<Decision>)>,
    clean: Option<bool>,
    outputs_left: Vec<String>,
}

impl History {
    /// Remembers the newest look, and what is to be done about it.
    pub(crate) fn rest(&mut self, look: Look, resolution: Resolution, decisions: Vec<Decision>) {
        let decisions = self.without_vain_tries(&resolution, decisions);
        if self.rounds > 0 {
            self.clean = Some(
                look.survey.desired.as_ref().is_some_and(|desired| desired.pending.is_clean()),
            );
        }
        self.last = Some((look, resolution, decisions));
    }

    /// Remembers other decisions about the newest look.
    pub(crate) fn decide(&mut self, decisions: Vec<Decision>) {
        let decisions = self.without_vain_tries(self.resolution(), decisions);
        if let Some((_, _, last)) = &mut self.last {
            *last = decisions;
        }
    }

    /// The newest look, and what is to be done about it.
    ///
    /// # Panics
    /// Before the first [`History::rest`].
    fn last(&self) -> &(Look, Resolution, Vec<Decision>) {
        self.last.as_ref().expect("a look was remembered before it is asked for")
    }

    /// Returns the newest look.
    pub(crate) fn look(&self) -> &Look {
        &self.last().0
    }

    /// Returns what follows from the newest look.
    pub(crate) fn resolution(&self) -> &Resolution {
        &self.last().1
    }

    /// Returns what is to be done about it, in the order of its findings.
    pub(crate) fn decisions(&self) -> &[Decision] {
        &self.last().2
    }

    /// Returns the actions that were decided.
    pub(crate) fn acts(&self) -> Vec<(Finding, Action)> {
        let pairs = self.resolution().findings.iter().zip(self.decisions());
        pairs
            .filter_map(|(finding, decision)| match decision {
                Decision::Act(action) => Some((finding.clone(), action.clone())),
                Decision::Ask { .. } | Decision::Nothing => None,
            })
            .collect()
    }

    /// Returns the report of what is to be done, before any of it is.
    pub(crate) fn forecast(&self, surveyor: &Surveyor<'_>) -> Report {
        let (look, resolution, decisions) = self.last();
        let info = surveyor.run_info(look);
        Report::new(Command::Fix, &look.survey, resolution, decisions, info)
    }

    /// Says whether a headline of the newest look forbids every write.
    pub(crate) fn stops_writing(&self) -> bool {
        self.resolution().headlines.iter().any(|headline| headline.kind.stops_writing())
    }

    /// Remembers what was done in a round.
    pub(crate) fn carried(&mut self, round: u32, carried: Carried) {
        self.rounds = round;
        let again =
            |finding: &Finding| carried.done.iter().any(|(new, _)| new.address == finding.address);
        self.done.retain(|(finding, _)| !again(finding));
        self.done.extend(carried.done);
        self.notes.extend(carried.notes);
    }

    /// Takes back what an earlier round tried in vain: it would go the same way again.
    fn without_vain_tries(
        &self,
        resolution: &Resolution,
        mut decisions: Vec<Decision>,
    ) -> Vec<Decision> {
        for (finding, decision) in resolution.findings.iter().zip(&mut decisions) {
            let tried = self.done.iter().find(|(done, _)| done.address == finding.address);
            if let (Decision::Act(_), Some((_, Decision::Ask { .. }))) = (&*decision, tried) {
                *decision = Decision::Ask { question: Question::Elsewhere, then: None };
            }
        }
        decisions
    }

    /// Remembers that Terraform has nothing left to do, except for these outputs.
    pub(crate) fn clean(&mut self, outputs_left: Vec<String>) {
        self.clean = Some(true);
        self.outputs_left = outputs_left;
    }

    /// Remembers what a plain plan says where nothing had to be done.
    pub(crate) fn prove(&mut self, plan: &PlanFile) {
        if plan.holds_changes() {
            self.clean = Some(false);
        } else {
            self.clean(plan.changed_outputs().to_vec());
        }
    }

    /// Returns in how many rounds something was done.
    pub(crate) fn rounds(&self) -> u32 {
        self.rounds
    }

    /// Joins it all into the report.
    pub(crate) fn report(
        self,
        surveyor: &Surveyor<'_>,
        limit: &Limit,
        require_clean: bool,
    ) -> Report {
        let (look, resolution, decisions) = self.last.expect("fix looks before it reports");
        let is_clean = self.clean == Some(true);
        let done: Vec<Address> =
            self.done.iter().filter_map(|(finding, _)| finding.address.clone()).collect();
        let is_left = |finding: &Finding| {
            finding.address.as_ref().is_none_or(|address| !done.contains(address))
        };
        let is_carried_out = self.rounds > 0;
        // In a report of what was done, only what was done stands as an action.
        let not_done = |decision| match decision {
            Decision::Act(action) if is_carried_out => {
                Decision::Ask { question: Question::Again, then: Some(action) }
            }
            other => other,
        };
        let left = resolution.findings.into_iter().zip(decisions.into_iter().map(not_done));
        let left = left.filter(|(finding, _)| is_left(finding));
        let (findings, decisions): (Vec<_>, Vec<_>) = self.done.into_iter().chain(left).unzip();
        let mut info = surveyor.run_info(&look);
        info.is_carried_out = is_carried_out;
        info.rounds = Some(self.rounds);
        info.clean = self.clean;
        info.require_clean = require_clean;
        info.notes.extend(self.notes);
        info.notes.extend(limit.notes());
        info.leaves_out = limit.leaves_out();
        if is_clean {
            info.pending = Some(Pending::default());
            info.outputs_left = self.outputs_left;
        }
        let resolution = Resolution { headlines: resolution.headlines, findings };
        Report::new(Command::Fix, &look.survey, &resolution, &decisions, info)
    }
}

#[cfg(test)]
mod tests {
    use divvy_core::decide::Expect;
    use divvy_core::finding::Evidence;
    use divvy_core::{EntityId, Verdict};

    use super::*;

    #[test]
    fn what_terraform_left_out_once_is_not_tried_again() {
        let finding = |address: &str| Finding {
            verdict: Verdict::Adopt,
            also: Vec::new(),
            kind: None,
            address: Address::parse(address),
            alias: None,
            org: None,
            name: None,
            evidence: Evidence::default(),
            failure: None,
        };
        let act = Decision::Act(Action::Import { id: EntityId::new("e"), expect: Expect::NoOp });
        let left_out = Decision::Ask { question: Question::Drift, then: None };
        let mut history = History::default();
        let done = vec![(finding("a.vain"), left_out), (finding("a.done"), act.clone())];
        history.carried(1, Carried { done, notes: Vec::new() });

        let findings = vec![finding("a.vain"), finding("a.new")];
        let resolution = Resolution { headlines: Vec::new(), findings };
        let decisions = history.without_vain_tries(&resolution, vec![act.clone(), act.clone()]);
        assert!(matches!(decisions[0], Decision::Ask { .. }), "{decisions:?}");
        assert_eq!(decisions[1], act);
    }
}
