//! What follows from a report: the exit code and the next command to type.
//!
//! Invariant: both are functions of the report alone.

use divvy_core::decide::Question;
use divvy_core::verdict::HeadlineKind;

use super::{Command, Outcome, Report};

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
        let foretells = matches!(self.command, Command::Check | Command::Explain);
        let has_something_to_do = foretells && self.has_actions();
        let is_unclean = self.require_clean && self.clean != Some(true);
        match (needs_a_person, has_something_to_do || is_unclean) {
            (true, _) => 3,
            (false, true) => 2,
            (false, false) => 0,
        }
    }

    /// Returns the next command to type.
    pub fn next_command(&self) -> String {
        let program = &self.program;
        if let Some(headline) = &self.headline {
            match headline.kind {
                HeadlineKind::ErroredState => {
                    return format!("{program} state push errored.tfstate");
                }
                HeadlineKind::WrongOrg | HeadlineKind::RestrictedView => {
                    return "divvy doctor".to_owned();
                }
                HeadlineKind::MissingState if !self.has_actions() => {
                    return format!("{program} workspace show");
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
            return "divvy fix".to_owned();
        }
        if self.command == Command::Explain
            && let Some(command) = self.first_command_of_a_hint()
        {
            return command.clone();
        }
        let questions = || self.findings.iter().filter_map(|finding| finding.question);
        let mut flags: Vec<_> = questions().filter_map(flag).collect();
        flags.sort_unstable();
        flags.dedup();
        if !flags.is_empty() {
            return format!("divvy fix {}", flags.join(" "));
        }
        if let Some(finding) = self.findings_of(Outcome::NeedsYou).next() {
            let is_command = |hint: &&String| hint.starts_with("divvy ");
            return finding
                .hints
                .iter()
                .find(is_command)
                .cloned()
                .unwrap_or_else(|| format!("divvy explain {}", finding.code));
        }
        match self.pending {
            Some(pending) if !pending.is_clean() => format!("{program} apply"),
            _ => format!("{program} plan"),
        }
    }

    /// Returns the first hint that can be typed, of what needs a person before anything else.
    fn first_command_of_a_hint(&self) -> Option<&String> {
        let is_command = |hint: &&String| is_command(hint);
        let findings =
            [Outcome::NeedsYou, Outcome::LeftAlone].map(|outcome| self.findings_of(outcome));
        findings.into_iter().flatten().flat_map(|finding| &finding.hints).find(is_command)
    }
}

impl Report {
    /// A run may not know the addresses of what it left: `check` does.
    fn next_after_run(&self) -> String {
        if self.findings_of(Outcome::NeedsYou).next().is_some() {
            "divvy check".to_owned()
        } else if self.has_actions() && !self.is_carried_out {
            format!("divvy run -- {} apply", self.program)
        } else {
            format!("{} plan", self.program)
        }
    }
}

/// Says whether a hint is a command that can be typed as it stands; else it is advice.
pub(crate) fn is_command(hint: &str) -> bool {
    ["divvy", "terraform", "tofu"].contains(&hint.split(' ').next().unwrap_or_default())
}

/// Returns the flag that answers a question for all findings that ask it, where there is one.
fn flag(question: Question) -> Option<&'static str> {
    match question {
        Question::AdoptAll => Some("--adopt-all"),
        Question::Drift => Some("--adopt-drifted"),
        Question::Repair => Some("--repair"),
        Question::Home => Some("--home"),
        Question::Again => Some("--yes"),
        Question::Choose | Question::Elsewhere | Question::NotApproved | Question::Forbidden => {
            None
        }
    }
}
