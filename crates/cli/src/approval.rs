//! What a person has approved: what the flags allow, what is asked, what was answered.
//!
//! Never changes a verdict. Invariant: without a terminal nothing is asked, and what was not
//! allowed is not done.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use divvy_core::answer::{Answer, answers};
use divvy_core::decide::{Action, Decided, Decision, Decisions, Policy, Question, decide};
use divvy_core::{Address, CommandLine, Consent, Finding, Resolution, Survey};
use divvy_terraform::Access;

use crate::answers::Answers;
use crate::arguments::{Fix, Said};
use crate::checklist::{self, Checklist};
use crate::confirm::{self, Ask};
use crate::console::Tone;
use crate::context::Context;
use crate::error::{CommandError, CommandResult};
use crate::limit::{Limit, Limited};
use crate::marks::Marks;
use crate::questions;
use crate::render::text;
use crate::report::{Report, approved_pairs};
use crate::typed_file;

/// What has been allowed so far, and whether more can be asked for.
pub(crate) struct Approval<'c> {
    context: &'c Context,
    policy: Policy,
    mode: Mode,
    answers: Answers,
    /// What was asked, whatever was answered: it is not asked again in this run.
    asked: BTreeSet<(Question, Address)>,
    limit: Limit,
    /// What was said to the checklist that was shown last, until it is carried out.
    marked: Option<Marking>,
}

/// How a checklist ended.
enum Marking {
    Yes(Consent),
    No,
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

impl<'c> Approval<'c> {
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
            updates: BTreeSet::new(),
        };
        Ok(Self {
            context,
            policy,
            mode,
            answers: Answers::of_terminal(context),
            asked: BTreeSet::new(),
            limit: Limit::to_patterns(&arguments.only),
            marked: None,
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
                Question::Choose => self.ask_for_one(&group[..1]).await?,
                Question::Drift => self.ask_for_one(&group).await?,
                _ => self.ask_for_group(question, &group).await?,
            }
            decisions = decisions.again(&self.policy);
            self.limit.keep(&mut decisions);
        }
    }

    /// Reports whether a person would be asked about any of these.
    pub(crate) fn has_questions(&self, decisions: &Decisions) -> bool {
        !self.open_questions(decisions).is_empty()
    }

    /// Sorts what an answer could allow by question.
    fn open_questions<'d>(&self, decisions: &'d Decisions) -> BTreeMap<Question, Vec<&'d Decided>> {
        let mut open: BTreeMap<Question, Vec<_>> = BTreeMap::new();
        for decided in decisions.all.iter().filter(|decided| self.may_ask(decided)) {
            if let Decision::Ask { question, .. } = &decided.decision
                && !answers(decided).is_empty()
            {
                open.entry(*question).or_default().push(decided);
            }
        }
        open
    }

    /// Reports whether a finding was not asked about yet.
    fn may_ask(&self, decided: &Decided) -> bool {
        match (&decided.decision, &decided.finding.address) {
            (Decision::Ask { question, .. }, Some(address)) => {
                !self.asked.contains(&(*question, address.clone()))
            }
            (Decision::Act(_), Some(_)) => true,
            _ => false,
        }
    }

    fn remember_asked<'d>(&mut self, asked: impl IntoIterator<Item = &'d Decided>) {
        for decided in asked {
            if let (Decision::Ask { question, .. }, Some(address)) =
                (&decided.decision, &decided.finding.address)
            {
                self.asked.insert((*question, address.clone()));
            }
        }
    }

    /// Asks a question with one answer for several findings: in plain lines for all of them.
    async fn ask_for_group(&mut self, question: Question, group: &[&Decided]) -> CommandResult<()> {
        self.remember_asked(group.iter().copied());
        let to_do = |decided: &Decided| match &decided.decision {
            Decision::Ask { then: Some(act), .. } => Some(act.clone()),
            _ => None,
        };
        let acts: Vec<_> = group.iter().filter_map(|one| Some((one, to_do(one)?))).collect();
        let told: Vec<_> = acts.iter().map(|(one, act)| (&one.finding, act)).collect();
        let Some(ask) = questions::of_group(question, &told) else { return Ok(()) };
        let console = &self.context.console;
        let yes = if question == Question::Repair && told.len() > 1 {
            confirm::mark(console, &self.answers, &ask).await?
        } else if confirm::ask(console, &self.answers, &ask).await?.is_some() {
            (0..told.len()).collect()
        } else {
            Vec::new()
        };
        for (decided, _) in yes.into_iter().filter_map(|index| acts.get(index)) {
            self.policy.accept(decided, &Answer::Do);
        }
        Ok(())
    }

    /// Asks about the first of several findings, whose answer may be for all of them.
    async fn ask_for_one(&mut self, group: &[&Decided]) -> CommandResult<()> {
        let Some(first) = group.first() else { return Ok(()) };
        let offered = answers(first);
        let alike = group.iter().filter(|other| answers(other) == offered).count();
        self.remember_asked([*first]);
        let Some(choice) = questions::of_one(first, &offered, alike) else { return Ok(()) };
        let chosen = confirm::choose(&self.context.console, &self.answers, &choice).await?;
        let meant = if chosen.for_all { group } else { &group[..1] };
        for decided in meant.iter().filter(|other| answers(other) == offered) {
            self.remember_asked([*decided]);
            if let Some(answer) = chosen.index.and_then(|index| offered.get(index)) {
                self.policy.accept(decided, answer);
            }
        }
        Ok(())
    }

    /// Lets a person mark what is to be done, in a list of the whole screen, where there is more than
    /// a handful of findings to decide about and a terminal to show it on. Nothing where not.
    pub(crate) async fn mark_in_list(
        &mut self,
        decisions: &Decisions,
        forecast: &Report,
    ) -> CommandResult<Option<Decisions>> {
        /// What is asked one by one, and not in a list.
        const A_HANDFUL: usize = 5;
        let console = &self.context.console;
        let mut marks =
            Marks::new(decisions, |decided| self.may_ask(decided), &self.policy, &self.limit);
        if console.asks_plainly() || marks.count() <= A_HANDFUL || !checklist::fits() {
            return Ok(None);
        }
        let rows = marks.rows(forecast);
        let list = Checklist::new(text::head(forecast), rows);
        console.clear_progress();
        let review = marks.clone();
        let question = move |chosen: &[Option<usize>]| review.come_to(chosen).question();
        let is_colored = console.stderr_is_colored();
        let shown = checklist::show(&self.context.interrupt, list, is_colored, question).await?;
        self.remember_asked(marks.asked());
        match shown {
            checklist::Marked::Yes(yes, chosen) => {
                let marked = marks.come_to(&chosen);
                self.marked = Some(Marking::Yes(confirm::by_checklist(yes)));
                self.policy = marked.policy;
                self.limit = marked.limit;
                Ok(Some(marked.decisions))
            }
            checklist::Marked::No => {
                self.marked = Some(Marking::No);
                Ok(Some(decisions.clone()))
            }
        }
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
        if let Some(marking) = self.marked.take() {
            return Ok(match marking {
                Marking::Yes(consent) => Some(consent),
                Marking::No => None,
            });
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
