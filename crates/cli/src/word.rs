//! A person's word: what the flags allow, what is asked, what was answered.
//!
//! Never changes a verdict. Invariant: without a terminal nothing is asked, and what was not
//! allowed is not done.

use std::collections::BTreeMap;

use divvy_core::decide::{Action, Decision, Decisions, Policy, Question, decide};
use divvy_core::{Address, Consent, Finding, Resolution};

use crate::arguments::Fix;
use crate::commands::Context;
use crate::confirm::{self, Answers};
use crate::console::Tone;
use crate::error::{CommandError, CommandResult};
use crate::report::{Report, approved_pairs};

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
    pub(crate) fn of(context: &'c Context, arguments: &Fix) -> CommandResult<Self> {
        let approved = match &arguments.approved {
            Some(path) => {
                let bytes = std::fs::read(context.environment.current_directory.join(path))
                    .map_err(|error| {
                        CommandError::failed(format!("could not read {}: {error}", path.display()))
                            .hint(MAKE_APPROVAL)
                    })?;
                let pairs = approved_pairs(&bytes).map_err(|error| {
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
    pub(crate) fn warn_of_strangers(&self, decisions: &Decisions) {
        let is_known = |address: &Address| {
            decisions.all.iter().any(|one| one.finding.address.as_ref() == Some(address))
        };
        let ids = self.policy.ids.keys().map(|address| ("--id", address));
        for (flag, address) in ids.chain(self.policy.new.iter().map(|address| ("--new", address))) {
            if !is_known(address) {
                let warning = format!("{flag} {address}: no division is planned at this address");
                self.context.console.mark(Tone::Warning, &warning);
            }
        }
    }

    pub(crate) fn mode(&self) -> Mode {
        self.mode
    }

    /// Decides by what the flags allow.
    pub(crate) fn decide(&self, resolution: Resolution) -> Decisions {
        decide(resolution, &self.policy)
    }

    /// Asks what only a person can allow, and decides again.
    pub(crate) async fn ask_for_more(&mut self, decisions: &Decisions) -> CommandResult<Decisions> {
        let mut groups: BTreeMap<Question, Vec<&Finding>> = BTreeMap::new();
        for one in &decisions.all {
            if let Decision::Ask { question, then: Some(_) } = &one.decision {
                groups.entry(*question).or_default().push(&one.finding);
            }
        }
        for (question, findings) in groups {
            self.ask_for_group(question, &findings).await?;
        }
        for one in &decisions.all {
            if matches!(one.decision, Decision::Ask { question: Question::Choose, .. }) {
                self.ask_for_choice(&one.finding).await?;
            }
        }
        Ok(decisions.clone().again(&self.policy))
    }

    async fn ask_for_group(
        &mut self,
        question: Question,
        findings: &[&Finding],
    ) -> CommandResult<()> {
        let addresses: Vec<_> =
            findings.iter().filter_map(|finding| finding.address.as_ref()).collect();
        let Some(text) = question.words(&addresses) else { return Ok(()) };
        if confirm::ask(&self.context.console, &self.answers, &text).await?.is_some()
            && let Some(switch) = question.switch(&mut self.policy)
        {
            *switch = true;
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
