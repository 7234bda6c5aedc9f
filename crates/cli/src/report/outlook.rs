//! What follows from a report: the exit code and the next command to type.
//!
//! Invariant: both are functions of the report alone.

use divvy_core::catalogue;
use divvy_core::decide::Question;
use divvy_core::verdict::{HeadlineKind, Verdict};
use divvy_core::{CommandLine, Hint};

use super::{Command, Finding, Outcome, Report};

impl Report {
    /// Returns the exit code: 3 if something needs a person, else 2 if `check` or `explain` found something to
    /// do or a plan that had to be clean is not, else 0. (1 is an error, which has no report.)
    ///
    /// A missing state needs a person through its findings: they ask until `--adopt-all` is said.
    pub fn exit_code(&self) -> u8 {
        let proves_nothing = |kind: HeadlineKind| {
            matches!(kind, HeadlineKind::RestrictedView | HeadlineKind::IncompleteListing)
        };
        let needs_a_person = self
            .headlines()
            .any(|headline| headline.kind.stops_writing() || proves_nothing(headline.kind))
            || self
                .findings
                .iter()
                .any(|finding| finding.outcome == Outcome::NeedsYou || finding.drift_stays);
        let predicts = matches!(self.command, Command::Check | Command::Explain);
        let has_something_to_do = predicts && self.has_actions();
        let is_unclean = self.require_clean && self.clean != Some(true);
        match (needs_a_person, has_something_to_do || is_unclean) {
            (true, _) => 3,
            (false, true) => 2,
            (false, false) => 0,
        }
    }

    /// Returns the next command to type, with what was given.
    pub fn next_command(&self) -> CommandLine {
        self.given.complete(&self.bare_next_command())
    }

    fn bare_next_command(&self) -> CommandLine {
        let terraform = || CommandLine::of(&self.program);
        if let Some(headline) = &self.headline {
            match headline.kind {
                HeadlineKind::ErroredState => {
                    return terraform().words("state push errored.tfstate");
                }
                HeadlineKind::UnusableErroredState => {
                    return catalogue::move_errored_state_away();
                }
                HeadlineKind::WrongOrg | HeadlineKind::RestrictedView => {
                    return CommandLine::divvy("doctor");
                }
                HeadlineKind::MissingState if !self.has_actions() => {
                    return terraform().words("workspace show");
                }
                HeadlineKind::MissingState
                | HeadlineKind::Limit
                | HeadlineKind::IncompleteListing => {}
            }
        }
        if self.command == Command::Run {
            return self.next_after_run();
        }
        if self.has_actions() && !self.is_carried_out {
            return CommandLine::divvy("fix");
        }
        if self.command == Command::Explain
            && let Some(command) = self.first_command_of_a_hint()
        {
            return command.clone();
        }
        let questions = || self.findings.iter().filter_map(|finding| finding.question);
        let mut flags: Vec<_> = questions().filter_map(Question::flag).collect();
        flags.sort_unstable();
        flags.dedup();
        if !flags.is_empty() {
            return flags.into_iter().fold(CommandLine::divvy("fix"), CommandLine::words);
        }
        if let Some(first) = self.findings.iter().find_map(change_to_keep) {
            return terraform().words("plan").because(format!("first {first}"));
        }
        if let Some(finding) = self.findings_of(Outcome::NeedsYou).next() {
            let mut ours = finding.hints.iter().filter_map(Hint::next);
            return ours
                .find(|command| command.program() == "divvy")
                .cloned()
                .unwrap_or_else(|| CommandLine::divvy("explain").words(finding.code));
        }
        match self.pending {
            _ if self.leaves_out => CommandLine::divvy("fix"),
            Some(pending) if !pending.is_clean() => terraform().words("apply"),
            _ => terraform().words("plan"),
        }
    }

    /// Returns the first hint that can be typed, of what needs a person before anything else.
    fn first_command_of_a_hint(&self) -> Option<&CommandLine> {
        let findings = [Outcome::NeedsYou, Outcome::Created, Outcome::LeftAlone]
            .map(|outcome| self.findings_of(outcome));
        findings.into_iter().flatten().flat_map(|finding| &finding.hints).find_map(Hint::next)
    }
}

impl Report {
    /// A run may not know the addresses of what it left: `check` does.
    fn next_after_run(&self) -> CommandLine {
        if self.findings_of(Outcome::NeedsYou).next().is_some() {
            CommandLine::divvy("check")
        } else if self.has_actions() && !self.is_carried_out {
            CommandLine::divvy("run --").word(&self.program).words("apply")
        } else {
            CommandLine::of(&self.program).words("plan")
        }
    }
}

/// Returns how the configuration is to change so that the next apply leaves the live entity as it is:
/// one that was adopted although it differs, or one that would be renamed.
fn change_to_keep(finding: &Finding) -> Option<String> {
    let is_renamed = finding.verdict == Verdict::Managed && !finding.drift.is_empty();
    if !finding.drift_stays && !is_renamed {
        return None;
    }
    let place = finding.place.as_ref().map(|place| format!(" {}:{}", place.file, place.line));
    let drift = finding.drift.iter().map(|drift| divvy_core::finding::Drift {
        attribute: drift.attribute,
        config: drift.config.clone(),
        org: drift.org.clone(),
    });
    let lines: Vec<_> = drift.filter_map(|drift| drift.line_to_keep()).collect();
    let lines = if lines.is_empty() { "the org's values".to_owned() } else { lines.join(", ") };
    Some(format!("keep in the configuration{}: {lines}", place.unwrap_or_default()))
}
