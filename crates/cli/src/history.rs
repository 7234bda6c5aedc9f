//! What the rounds of one `fix` came to: what was done, and what the last look still shows.
//!
//! Never decides. Invariant: an address appears once in the report; what was done there wins over
//! a later "managed", which wins over what was tried there and left out.

use divvy_core::decide::{Action, Decided, Decision, Decisions, Question};
use divvy_core::finding::Reason;
use divvy_core::survey::Pending;
use divvy_core::{Address, Finding, Verdict};
use divvy_terraform::PlanFile;

use crate::carry_out::Carried;
use crate::limit::Limit;
use crate::report::{Command, Report};
use crate::survey::{Look, Surveyor};

/// The rounds so far.
#[derive(Default)]
pub(crate) struct History {
    rounds: u32,
    done: Vec<Decided>,
    notes: Vec<String>,
    last: Option<(Look, Decisions)>,
    clean: Option<bool>,
    outputs_left: Vec<String>,
}

impl History {
    /// Remembers the newest look, and what is to be done about it.
    pub(crate) fn rest(&mut self, look: Look, decisions: Decisions) {
        let decisions = self.without_vain_tries(decisions);
        if self.rounds > 0 {
            self.clean = Some(
                look.survey.desired.as_ref().is_some_and(|desired| desired.pending.is_clean()),
            );
        }
        self.last = Some((look, decisions));
    }

    /// Remembers other decisions about the newest look.
    pub(crate) fn decide(&mut self, decisions: Decisions) {
        let decisions = self.without_vain_tries(decisions);
        if let Some((_, last)) = &mut self.last {
            *last = decisions;
        }
    }

    /// The newest look, and what is to be done about it.
    ///
    /// # Panics
    /// Before the first [`History::rest`].
    fn last(&self) -> &(Look, Decisions) {
        self.last.as_ref().expect("a look was remembered before it is asked for")
    }

    /// Returns the newest look.
    pub(crate) fn look(&self) -> &Look {
        &self.last().0
    }

    /// Returns what follows from the newest look, and what is to be done about it.
    pub(crate) fn decisions(&self) -> &Decisions {
        &self.last().1
    }

    /// Returns the actions that were decided.
    pub(crate) fn acts(&self) -> Vec<(Finding, Action)> {
        let all = self.decisions().all.iter();
        all.filter_map(|one| Some((one.finding.clone(), one.action()?.clone()))).collect()
    }

    /// Returns the report of what is to be done, before any of it is.
    pub(crate) fn forecast(&self, surveyor: &Surveyor<'_>) -> Report {
        let (look, decisions) = self.last();
        Report::new(Command::Fix, decisions, surveyor.run_info(look))
    }

    /// Returns whether a headline of the newest look forbids every write.
    pub(crate) fn stops_writing(&self) -> bool {
        self.decisions().stop_writing()
    }

    /// Remembers what was done in a round.
    pub(crate) fn carried(&mut self, round: u32, carried: Carried) {
        self.rounds = round;
        let again = |one: &Decided| {
            carried.done.iter().any(|new| new.finding.address == one.finding.address)
        };
        self.done.retain(|one| !again(one));
        self.done.extend(carried.done);
        self.notes.extend(carried.notes);
    }

    /// Takes back what an earlier round tried in vain: it would go the same way again.
    fn without_vain_tries(&self, mut decisions: Decisions) -> Decisions {
        for one in &mut decisions.all {
            let tried = self.done.iter().find(|done| done.finding.address == one.finding.address);
            let was_left_out =
                tried.is_some_and(|tried| matches!(tried.decision, Decision::Ask { .. }));
            if was_left_out && one.action().is_some() {
                one.decision = Decision::Ask { question: Question::Elsewhere, then: None };
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

    /// Returns whether something was adopted below which the newest look could not look yet.
    pub(crate) fn leads_on(&self) -> bool {
        let is_adopted = |noun: &str| {
            let of_kind =
                |done: &&Decided| done.finding.kind.is_some_and(|it| it.words.noun == noun);
            self.done.iter().filter(of_kind).any(|done| done.action().is_some())
        };
        let mut findings = self.decisions().all.iter().map(|one| &one.finding);
        findings.any(|finding| {
            matches!(finding.evidence.reason, Reason::ParentFirst(noun) if is_adopted(noun))
        })
    }

    /// Joins it all into the report.
    pub(crate) fn report(
        self,
        surveyor: &Surveyor<'_>,
        limit: &Limit,
        require_clean: bool,
    ) -> Report {
        let (look, decisions) = self.last.expect("fix looks before it reports");
        let is_clean = self.clean == Some(true);
        let all_done = without_overtaken(self.done, &decisions);
        let done: Vec<Address> =
            all_done.iter().filter_map(|one| one.finding.address.clone()).collect();
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
        let left = decisions.all.into_iter().filter(|one| is_left(&one.finding));
        let left = left.map(|one| Decided { decision: not_done(one.decision), ..one });
        let all = all_done.into_iter().chain(left).collect();
        let mut info = surveyor.run_info(&look);
        info.is_carried_out = is_carried_out;
        info.rounds = Some(self.rounds);
        info.clean = self.clean;
        info.require_clean = require_clean;
        info.notes.extend(self.notes);
        info.notes.extend(limit.notes());
        info.left_out = limit.left_out();
        if is_clean {
            info.pending = Some(Pending::default());
            info.outputs_left = self.outputs_left;
        }
        Report::new(Command::Fix, &Decisions { headlines: decisions.headlines, all }, info)
    }
}

/// Drops what was left out here because another run had done it: the last look finds it managed.
fn without_overtaken(mut done: Vec<Decided>, last: &Decisions) -> Vec<Decided> {
    done.retain(|one| {
        let is_managed = |last: &&Decided| {
            last.finding.address == one.finding.address && last.finding.verdict == Verdict::Managed
        };
        one.action().is_some() || !last.all.iter().any(|last| is_managed(&last))
    });
    done
}

#[cfg(test)]
mod tests {
    use divvy_core::EntityId;
    use divvy_core::decide::Expect;
    use divvy_core::finding::Evidence;

    use super::*;

    fn finding(address: &str) -> Finding {
        Finding {
            verdict: Verdict::Adopt,
            also: Vec::new(),
            kind: None,
            address: Address::parse(address),
            alias: None,
            org: None,
            name: None,
            evidence: Evidence::default(),
        }
    }

    #[test]
    fn what_another_run_did_first_is_reported_as_managed_and_not_as_left_out() {
        let act = Decision::Act(Action::Untaint);
        let left_out = Decision::Ask { question: Question::Elsewhere, then: None };
        let decided = |address, verdict, decision: &Decision| {
            let finding = Finding { verdict, ..finding(address) };
            Decided { finding, decision: decision.clone() }
        };
        let done = vec![
            decided("a.overtaken", Verdict::Adopt, &left_out),
            decided("a.in_vain", Verdict::Adopt, &left_out),
            decided("a.done", Verdict::Adopt, &act),
        ];
        let all = vec![
            decided("a.overtaken", Verdict::Managed, &Decision::Nothing),
            decided("a.in_vain", Verdict::Adopt, &act),
            decided("a.done", Verdict::Managed, &Decision::Nothing),
        ];
        let left = without_overtaken(done, &Decisions { headlines: Vec::new(), all });
        let left: Vec<_> = left.iter().filter_map(|one| one.finding.address.clone()).collect();
        assert_eq!(left, ["a.in_vain", "a.done"].map(|text| Address::parse(text).unwrap()));
    }

    #[test]
    fn what_terraform_left_out_once_is_not_tried_again() {
        let act = Decision::Act(Action::Import { id: EntityId::new("e"), expect: Expect::NoOp });
        let left_out = Decision::Ask { question: Question::Drift, then: None };
        let mut history = History::default();
        let decided = |address, decision| Decided { finding: finding(address), decision };
        let done = vec![decided("a.vain", left_out), decided("a.done", act.clone())];
        history.carried(1, Carried { done, ..Carried::default() });

        let all = vec![decided("a.vain", act.clone()), decided("a.new", act.clone())];
        let decisions = history.without_vain_tries(Decisions { headlines: Vec::new(), all });
        assert!(matches!(decisions.all[0].decision, Decision::Ask { .. }), "{decisions:?}");
        assert_eq!(decisions.all[1].decision, act);
    }
}
