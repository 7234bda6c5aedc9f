//! The report of `explain`: only what the failures of a log are about, told with their own words
//! where the org was not asked, or has nothing to say.
//!
//! Never changes a verdict. Invariant: each failure has its finding, or is told to be managed by now.

use divvy_core::decide::{Policy, decide};
use divvy_core::explanation::{self, Cause, Explanation, Typed};
use divvy_core::failure::Failure;
use divvy_core::finding::{self, Reason};
use divvy_core::resolve::resolve;
use divvy_core::survey::Survey;
use divvy_core::verdict::Verdict;

use super::{Command, Finding, Outcome, Report, RunInfo};

impl Report {
    /// Reports what lies behind the failures of a survey. `log` is the file that told them, with the
    /// unit to name beside it.
    pub fn of_failures(survey: &Survey, mut info: RunInfo, log: (&str, Option<&str>)) -> Self {
        let mut decisions = decide(resolve(survey), &Policy::default());
        decisions.all.retain(|one| one.finding.failure().is_some());
        let (managed, open): (Vec<_>, Vec<_>) = decisions
            .all
            .iter()
            .map(|one| &one.finding)
            .partition(|finding| finding.verdict == Verdict::Managed);
        info.notes.extend(managed_note(&managed));
        let mut report = Self::new(Command::Explain, &decisions, info);
        let terraform = report.program.clone();
        let (log, unit) = log;
        let typed = Typed { log, unit, terraform: &terraform };
        for (finding, told) in open.into_iter().zip(&mut report.findings) {
            if let Some(failure) = finding.failure() {
                told.explain(finding, failure, typed);
            }
        }
        report
    }

    /// Takes in what another unit's failures came to.
    pub fn join(&mut self, other: Self) {
        for (word, count) in other.summary {
            *self.summary.entry(word).or_default() += count;
        }
        self.findings.extend(other.findings);
        self.managed += other.managed;
        let mut headlines = other.headline.into_iter().chain(other.further_headlines);
        if self.headline.is_none() {
            self.headline = headlines.next();
        }
        let known: Vec<_> = self.headlines().map(|headline| headline.kind).collect();
        self.further_headlines.extend(headlines.filter(|other| !known.contains(&other.kind)));
        self.notes.extend(other.notes);
    }
}

fn managed_note(managed: &[&finding::Finding]) -> Option<String> {
    let addresses: Vec<_> =
        managed.iter().filter_map(|finding| finding.address.as_ref()?.as_str().into()).collect();
    (!addresses.is_empty())
        .then(|| format!("Managed by now, nothing is left to do: {}.", addresses.join(", ")))
}

impl Finding {
    /// Lets the failure speak where the org was not asked or could not say more.
    fn explain(&mut self, finding: &finding::Finding, failure: &Failure, typed: Typed<'_>) {
        match (finding.verdict, &finding.evidence.reason) {
            (Verdict::UnresolvedCredentials, reason) => {
                let alias = finding.alias.is_some();
                let why = match reason {
                    Reason::Credentials(reason) if alias => format!("Not looked up: {reason}."),
                    _ => "The org was not asked.".to_owned(),
                };
                self.say(explanation::explain(failure, typed));
                self.message = format!("{} {why}", self.message);
                // What else the rules say rests on an org that nobody asked.
                self.also.clear();
            }
            (Verdict::UnknownName, _) => {
                self.say(explanation::explain(failure, typed));
                self.message.push_str(" The log does not tell the name: the configuration does.");
            }
            (Verdict::NotAConflict, Reason::NameIsFree) => {
                if let Some(explanation) = explanation::when_free(failure, typed) {
                    self.say(explanation);
                }
            }
            (Verdict::NotAConflict, _) => self.say(explanation::explain(failure, typed)),
            _ => {
                if let Some(certainty) = explanation::certainty(failure) {
                    self.message = format!("{} {certainty}", self.message);
                }
            }
        }
    }

    fn say(&mut self, explanation: Explanation) {
        let Explanation { cause, message, hints } = explanation;
        self.message = message;
        self.hints = hints;
        self.outcome = outcome(cause);
    }
}

fn outcome(cause: Cause) -> Outcome {
    if cause.needs_a_person() { Outcome::NeedsYou } else { Outcome::LeftAlone }
}
