//! A person's word: what the flags allow, what is asked, what was answered.
//!
//! Never changes a verdict. Invariant: without a terminal nothing is asked, and what was not
//! allowed is not done.

use std::collections::BTreeMap;

use divvy_core::decide::{Action, Decision, Policy, Question, decide};
use divvy_core::{Address, Consent, Finding, Resolution, Survey};
use divvy_terraform::Access;

use crate::arguments::Fix;
use crate::commands::Context;
use crate::confirm::{self, Answers};
use crate::console::Tone;
use crate::error::{CommandError, CommandResult};
use crate::report::{Report, approved_pairs};
use crate::typed_file;

/// How a file for `--approved` is made.
const MAKE_APPROVAL: &str = "make it with: divvy check -o json=FILE";

/// What has been allowed so far, and whether more can be asked for.
pub(crate) struct Word<'c> {
    context: &'c Context,
    policy: Policy,
    mode: Mode,
    answers: Answers,
}

/// How a run of `fix` gets its plain yes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// `--yes`.
    Given,
    /// A person is there to ask.
    Ask,
    /// Nobody is there: nothing is changed.
    Nobody,
    /// `--dry-run` or `--write`: nothing is to be changed.
    LookOnly,
}

impl<'c> Word<'c> {
    pub(crate) async fn of(context: &'c Context, arguments: &Fix) -> CommandResult<Self> {
        let approved = match &arguments.approved {
            Some(path) => {
                let text = typed_file::read_text(context, path).await;
                let text = text.map_err(|error| error.hint(MAKE_APPROVAL))?;
                let pairs = approved_pairs(text.as_bytes()).map_err(|error| {
                    CommandError::failed(format!("{}: {error}", path.display())).hint(MAKE_APPROVAL)
                })?;
                Some(pairs)
            }
            None => None,
        };
        let mode = match () {
            () if arguments.dry_run || arguments.write.is_some() => Mode::LookOnly,
            () if arguments.yes => Mode::Given,
            () if context.console.can_ask() => Mode::Ask,
            () => Mode::Nobody,
        };
        let policy = Policy {
            adopt_all: arguments.adopt_all,
            adopt_drifted: arguments.adopt_drifted,
            accept_drift: arguments.accept_drift,
            repair: arguments.repair,
            home: arguments.home,
            ids: arguments.ids.iter().cloned().collect(),
            new: arguments.new.iter().cloned().collect(),
            approved,
        };
        Ok(Self { context, policy, mode, answers: Answers::of_terminal(&context.interrupt) })
    }

    /// Warns of a choice for an address at which nothing was found: probably a slip.
    pub(crate) fn warn_of_strangers(&self, resolution: &Resolution) {
        let is_known = |address: &Address| {
            resolution.findings.iter().any(|finding| finding.address.as_ref() == Some(address))
        };
        let ids = self.policy.ids.keys().map(|address| ("--id", address));
        for (flag, address) in ids.chain(self.policy.new.iter().map(|address| ("--new", address))) {
            if !is_known(address) {
                let warning = format!("{flag} {address}: no division is planned at this address");
                self.context.console.mark(Tone::Warning, &warning);
            }
        }
    }

    /// Returns whether this run writes the state, so that it has to lock it.
    pub(crate) fn access(&self) -> Access {
        match self.mode {
            Mode::Given | Mode::Ask => Access::Writes,
            Mode::Nobody | Mode::LookOnly => Access::Reads,
        }
    }

    pub(crate) fn mode(&self) -> Mode {
        self.mode
    }

    /// Decides by what the flags allow.
    pub(crate) fn decide(&self, survey: &Survey, resolution: &Resolution) -> Vec<Decision> {
        decide(survey, resolution, &self.policy)
    }

    /// Asks what only a person can allow, and decides again.
    pub(crate) async fn ask_for_more(
        &mut self,
        survey: &Survey,
        resolution: &Resolution,
        decisions: &[Decision],
    ) -> CommandResult<Vec<Decision>> {
        let mut groups: BTreeMap<Question, Vec<&Finding>> = BTreeMap::new();
        for (finding, decision) in resolution.findings.iter().zip(decisions) {
            if let Decision::Ask { question, then: Some(_) } = decision {
                groups.entry(*question).or_default().push(finding);
            }
        }
        for (question, findings) in groups {
            self.ask_for_group(question, &findings).await?;
        }
        for (finding, decision) in resolution.findings.iter().zip(decisions) {
            if matches!(decision, Decision::Ask { question: Question::Choose, .. }) {
                self.ask_for_choice(finding).await?;
            }
        }
        Ok(self.decide(survey, resolution))
    }

    async fn ask_for_group(
        &mut self,
        question: Question,
        findings: &[&Finding],
    ) -> CommandResult<()> {
        let count = findings.len();
        let only = match findings {
            [only] => only.address.as_ref(),
            _ => None,
        };
        let (text, allow): (String, fn(&mut Policy)) = match question {
            Question::AdoptAll => {
                (format!("There is no state at all. Adopt all {count} into a new one?"), |policy| {
                    policy.adopt_all = true;
                })
            }
            Question::Drift => (
                match only {
                    Some(only) => format!(
                        "Adopt {only}, which differs from the configuration, and leave the org as it is?"
                    ),
                    None => format!(
                        "Adopt the {count} that differ from the configuration, and leave the org as it is?"
                    ),
                },
                |policy| policy.adopt_drifted = true,
            ),
            Question::Repair => {
                let place = only.map_or_else(|| format!("{count} addresses"), ToString::to_string);
                (format!("Repair the state at {place}, as shown?"), |policy| policy.repair = true)
            }
            Question::Home => ("Adopt the home division?".to_owned(), |policy| policy.home = true),
            Question::Choose
            | Question::Elsewhere
            | Question::NotApproved
            | Question::Forbidden
            | Question::Again => return Ok(()),
        };
        if confirm::ask(&self.context.console, &self.answers, &text).await?.is_some() {
            allow(&mut self.policy);
        }
        Ok(())
    }

    async fn ask_for_choice(&mut self, finding: &Finding) -> CommandResult<()> {
        let Some(address) = &finding.address else { return Ok(()) };
        let choices: Vec<String> = finding
            .evidence
            .candidates
            .iter()
            .map(|candidate| {
                let name = divvy_core::name::visible(&candidate.entity.key.to_string());
                let differs: Vec<_> = candidate.differs.iter().map(|way| way.words()).collect();
                format!("{name} {} {}", candidate.entity.id, differs.join(", "))
            })
            .collect();
        if choices.is_empty() {
            return Ok(());
        }
        let question = format!("{address}: {}", divvy_core::catalogue::message(finding));
        let chosen =
            confirm::choose(&self.context.console, &self.answers, &question, &choices).await?;
        if let Some(candidate) = chosen.and_then(|index| finding.evidence.candidates.get(index)) {
            self.policy.ids.insert(address.clone(), candidate.entity.id.clone());
        }
        Ok(())
    }

    /// Gets the plain yes to what was shown, if there is anything to say yes to.
    pub(crate) async fn consent(
        &mut self,
        acts: &[(Finding, Action)],
    ) -> CommandResult<Option<Consent>> {
        if acts.is_empty() {
            return Ok(None);
        }
        Ok(match self.mode {
            Mode::Given => Some(confirm::by_flag()),
            Mode::Ask => {
                let question = match acts.len() {
                    1 => "Do this?".to_owned(),
                    several => format!("Do these {several}?"),
                };
                confirm::ask(&self.context.console, &self.answers, &question).await?
            }
            Mode::Nobody | Mode::LookOnly => None,
        })
    }

    /// Returns the exit code of a report: what is forecast is left to do, which is 3 where nobody
    /// could say yes, else as `check`.
    pub(crate) fn exit_code(&self, report: &Report) -> u8 {
        match self.mode {
            Mode::Nobody if report.has_actions() => {
                let hint = "nothing was changed; to do this: divvy fix --yes";
                self.context.console.mark(Tone::Hint, hint);
                3
            }
            Mode::LookOnly if report.has_actions() => report.exit_code().max(2),
            Mode::Ask if report.has_actions() && !report.is_carried_out => 3,
            _ => report.exit_code(),
        }
    }
}
