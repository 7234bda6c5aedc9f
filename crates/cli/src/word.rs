//! A person's word: what the flags allow, what is asked, what was answered.
//!
//! Never changes a verdict. Invariant: without a terminal nothing is asked, and what was not
//! allowed is not done.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use divvy_core::decide::{Action, Decided, Decision, Decisions, Policy, Question, decide};
use divvy_core::{Address, CommandLine, Consent, Finding, Resolution, Survey};
use divvy_terraform::Access;

use crate::arguments::{Fix, Said};
use crate::confirm::{self, Answers, Ask};
use crate::console::Tone;
use crate::context::Context;
use crate::error::{CommandError, CommandResult};
use crate::limit::{Limit, Limited};
use crate::questions;
use crate::report::{Report, approved_pairs};
use crate::typed_file;

/// What has been allowed so far, and whether more can be asked for.
pub(crate) struct Word<'c> {
    context: &'c Context,
    policy: Policy,
    mode: Mode,
    answers: Answers,
    /// What was asked, whatever was answered: it is not asked again in this run.
    asked: BTreeSet<(Question, Address)>,
    limit: Limit,
}

/// How a run of `fix` gets its plain yes.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Mode {
    /// `--yes`, which was said.
    Given(Said),
    /// A person is there to ask.
    Ask,
    /// Nobody is there: nothing is changed.
    Nobody,
    /// A person refused what has to come first: nothing is changed.
    Refused,
    /// `--dry-run` or `--write`: nothing is to be changed.
    LookOnly,
}

/// Returns what makes a file for `--approved`.
fn make_approval() -> CommandLine {
    CommandLine::divvy("check -o json=FILE").because("makes such a file")
}

impl<'c> Word<'c> {
    pub(crate) async fn of(context: &'c Context, arguments: &Fix) -> CommandResult<Self> {
        let approved = match &arguments.approved {
            Some(path) => {
                let text = typed_file::read_text(context, path).await;
                let text = text.map_err(|error| error.hint(make_approval()))?;
                let pairs = approved_pairs(text.as_bytes()).map_err(|error| {
                    CommandError::failed(format!("{}: {error}", path.display()))
                        .hint(make_approval())
                })?;
                Some(pairs)
            }
            None => None,
        };
        let mode = match () {
            () if arguments.dry_run || arguments.write.is_some() => Mode::LookOnly,
            () => match arguments.yes.said() {
                Some(said) => Mode::Given(said),
                None if context.console.can_ask() => Mode::Ask,
                None => Mode::Nobody,
            },
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
            answered: BTreeSet::new(),
        };
        Ok(Self {
            context,
            policy,
            mode,
            answers: Answers::of_terminal(&context.interrupt),
            asked: BTreeSet::new(),
            limit: Limit::to_patterns(&arguments.only),
        })
    }

    /// Limits all that follows to what the plan of a survey holds.
    pub(crate) fn limit_to_plan_of(&mut self, survey: &Survey, limited: Limited) {
        self.limit.narrow_to_plan_of(survey, limited);
    }

    /// Returns what a person limited the work to.
    pub(crate) fn limit(&self) -> &Limit {
        &self.limit
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
        for pattern in self.limit.unmatched(decisions) {
            let warning = format!("--only {pattern}: no name and no address here matches");
            self.context.console.mark(Tone::Warning, &warning);
        }
    }

    /// Returns whether this run writes the state, so that it has to lock it.
    pub(crate) fn access(&self) -> Access {
        if self.may_act() { Access::Writes } else { Access::Reads }
    }

    /// Reports whether something may come to be done.
    pub(crate) fn may_act(&self) -> bool {
        matches!(self.mode, Mode::Given(_) | Mode::Ask)
    }

    /// Reports whether questions are asked.
    pub(crate) fn asks(&self) -> bool {
        matches!(self.mode, Mode::Ask)
    }

    /// Decides by what flags and answers allow, within the limit.
    pub(crate) fn decide(&mut self, resolution: Resolution) -> Decisions {
        let mut decisions = decide(resolution, &self.policy);
        self.limit.keep(&mut decisions);
        decisions
    }

    /// Asks what only a person can allow and was not asked yet, and decides again, until nothing is
    /// left to ask.
    pub(crate) async fn ask_for_more(&mut self, decisions: &Decisions) -> CommandResult<Decisions> {
        let mut decisions = decisions.clone();
        loop {
            let open = self.open_questions(&decisions);
            let Some((question, group)) = open.into_iter().next() else { return Ok(decisions) };
            match question {
                Question::Choose => self.ask_for_choice(group[0].0).await?,
                _ => self.ask_for_group(question, &group).await?,
            }
            decisions = decisions.again(&self.policy);
            self.limit.keep(&mut decisions);
        }
    }

    /// Sorts what an answer could allow by question; a choice is asked for one finding at a time.
    fn open_questions<'f>(
        &self,
        decisions: &'f Decisions,
    ) -> BTreeMap<Question, Vec<(&'f Finding, Option<&'f Action>)>> {
        let mut open: BTreeMap<Question, Vec<_>> = BTreeMap::new();
        for Decided { finding, decision } in &decisions.all {
            let Decision::Ask { question, then } = decision else { continue };
            let can_be_answered = match question {
                Question::AdoptAll | Question::Drift | Question::Repair | Question::Home => {
                    then.is_some()
                }
                Question::Choose => true,
                Question::Elsewhere
                | Question::NotApproved
                | Question::Forbidden
                | Question::Again => false,
            };
            let is_new = finding
                .address
                .as_ref()
                .is_some_and(|address| !self.asked.contains(&(*question, address.clone())));
            if can_be_answered && is_new {
                open.entry(*question).or_default().push((finding, then.as_ref()));
            }
        }
        open
    }

    async fn ask_for_group(
        &mut self,
        question: Question,
        group: &[(&Finding, Option<&Action>)],
    ) -> CommandResult<()> {
        let addresses = group.iter().filter_map(|(finding, _)| finding.address.clone());
        let asked: Vec<_> = addresses.map(|address| (question, address)).collect();
        let group: Vec<_> =
            group.iter().filter_map(|(finding, act)| Some((*finding, (*act)?))).collect();
        self.asked.extend(asked.iter().cloned());
        let Some(ask) = questions::of_group(question, &group) else { return Ok(()) };
        if self.ask(&ask).await?.is_some() {
            self.policy.answered.extend(asked);
        }
        Ok(())
    }

    async fn ask_for_choice(&mut self, finding: &Finding) -> CommandResult<()> {
        let Some(address) = &finding.address else { return Ok(()) };
        self.asked.insert((Question::Choose, address.clone()));
        let Some(ask) = questions::of_choice(finding, address) else { return Ok(()) };
        let chosen = confirm::choose(&self.context.console, &self.answers, &ask).await?;
        if let Some(candidate) = chosen.and_then(|index| finding.evidence.candidates.get(index)) {
            self.policy.ids.insert(address.clone(), candidate.entity.id.clone());
        }
        Ok(())
    }

    async fn ask(&self, ask: &Ask) -> CommandResult<Option<Consent>> {
        confirm::ask(&self.context.console, &self.answers, ask).await
    }

    /// Gets the plain yes to what was shown, if there is anything to say yes to.
    pub(crate) async fn consent(
        &mut self,
        acts: &[(Finding, Action)],
    ) -> CommandResult<Option<Consent>> {
        if acts.is_empty() {
            return Ok(None);
        }
        match self.mode {
            Mode::Given(said) => Ok(Some(confirm::by_flag(said))),
            Mode::Ask => self.ask(&questions::plain_yes(acts)).await,
            Mode::Nobody | Mode::Refused | Mode::LookOnly => Ok(None),
        }
    }

    /// Gets the yes to removing what a killed run left behind. After a no, this run only looks: what
    /// is left would be carried out by every plan beside it.
    pub(crate) async fn consent_to_clear(
        &mut self,
        left_over: &[PathBuf],
    ) -> CommandResult<Option<Consent>> {
        match self.mode {
            Mode::Given(said) => return Ok(Some(confirm::by_flag(said))),
            Mode::Ask if !left_over.is_empty() => {}
            Mode::Ask | Mode::Nobody | Mode::Refused | Mode::LookOnly => return Ok(None),
        }
        let consent = self.ask(&questions::clear(left_over)).await?;
        if consent.is_none() {
            self.mode = Mode::Refused;
        }
        Ok(consent)
    }

    /// Returns the exit code of a report: what is forecast is left to do, which is 3 where nobody
    /// could say yes, else as `check`.
    pub(crate) fn exit_code(&self, report: &Report) -> u8 {
        match self.mode {
            Mode::Nobody if report.has_actions() => {
                let command = CommandLine::divvy("fix --yes").because("nothing was changed so far");
                self.context.hint(command);
                3
            }
            Mode::Refused => 3,
            Mode::LookOnly if report.has_actions() => report.exit_code().max(2),
            Mode::Ask if report.has_actions() && !report.is_carried_out => 3,
            _ => report.exit_code(),
        }
    }
}
