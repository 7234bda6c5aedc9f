//! What to do about a finding: one exhaustive match from remedy and policy to a decision.
//!
//! Never changes a verdict. Invariant: each id is in at most one action, and no action names the
//! home entity or an id that another address holds, whatever the policy says.

use std::collections::{BTreeMap, BTreeSet};

use crate::address::Address;
use crate::entity::EntityId;
use crate::finding::{Finding, Headline, Resolution};
use crate::verdict::HeadlineKind;
use crate::verdicts::{Remedy, row};

/// What a person has allowed beyond the plain yes. The default allows exact adoptions only.
#[derive(Clone, Debug, Default)]
pub struct Policy {
    /// `--adopt-all`: adopt although the state itself seems to be missing.
    pub adopt_all: bool,
    /// `--adopt-drifted`: import where Terraform would then change the entity; leave the org as is.
    pub adopt_drifted: bool,
    /// `--accept-drift`: import and let Terraform update exactly these.
    pub accept_drift: bool,
    /// `--repair`: stale, moved, tainted.
    pub repair: bool,
    /// `--home`: adopt the home division where the block says `home = true` and has its name.
    pub home: bool,
    /// `--id ADDR=ID`: a person chose.
    pub ids: BTreeMap<Address, EntityId>,
    /// `--new ADDR`: a person says that none of the near ones is meant.
    pub new: BTreeSet<Address>,
    /// `--approved FILE`: only these pairs may be imported.
    pub approved: Option<BTreeMap<Address, EntityId>>,
    /// What a person answered yes to, each at its address.
    pub answered: BTreeSet<(Question, Address)>,
    /// Where a person said that the entity is to be updated: `accept_drift` for one address.
    pub updates: BTreeSet<Address>,
}

impl Policy {
    /// Reports whether the entity of this finding may be updated.
    fn accepts_drift(&self, finding: &Finding) -> bool {
        let is_said = |address: &Address| self.updates.contains(address);
        self.accept_drift || finding.address.as_ref().is_some_and(is_said)
    }

    /// Reports whether a flag, or an answer at this very address, allows what the question is about.
    fn allows(&self, question: Question, finding: &Finding) -> bool {
        let by_flag = match question {
            Question::AdoptAll => self.adopt_all,
            Question::Drift => self.adopt_drifted,
            Question::Repair => self.repair,
            Question::Home => self.home,
            _ => false,
        };
        let answered = |address: &Address| self.answered.contains(&(question, address.clone()));
        by_flag || finding.address.as_ref().is_some_and(answered)
    }
}

/// What Terraform may do to the org while it imports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expect {
    /// The import is a no-op.
    NoOp,
    /// The entity differs and stays as it is; the configuration is to follow.
    DriftStays,
    /// The entity differs and is updated to what the configuration says.
    Update,
}

/// One thing to carry out. The address is that of the finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Import the id.
    Import {
        /// Which entity.
        id: EntityId,
        /// What else may happen.
        expect: Expect,
    },
    /// `state mv` from this address.
    StateMv {
        /// Where the state holds it now.
        from: Address,
    },
    /// `state rm`, then import the id.
    StateRmImport {
        /// Which entity.
        id: EntityId,
        /// What else may happen.
        expect: Expect,
    },
    /// `untaint`.
    Untaint,
}

/// What a person has to say before something is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Question {
    /// `--adopt-all`.
    AdoptAll,
    /// `--adopt-drifted` or `--accept-drift`.
    Drift,
    /// `--repair`.
    Repair,
    /// `--home`.
    Home,
    /// `--id ADDR=ID`, or `--new ADDR` where that is an answer.
    Choose,
    /// Nothing that divvy does helps: the configuration, the state's owner or the org must change.
    Elsewhere,
    /// `--approved` does not hold this pair.
    NotApproved,
    /// The chosen id cannot be taken (home, held elsewhere, chosen twice, not there, replaced afterwards).
    Forbidden,
    /// The plain yes: it was withheld, or the rounds ran out.
    Again,
}

impl Question {
    /// Returns the flag that answers it for all findings that ask it, where there is one.
    pub fn flag(self) -> Option<&'static str> {
        match self {
            Self::AdoptAll => Some("--adopt-all"),
            Self::Drift => Some("--adopt-drifted"),
            Self::Repair => Some("--repair"),
            Self::Home => Some("--home"),
            Self::Again => Some("--yes"),
            Self::Choose | Self::Elsewhere | Self::NotApproved | Self::Forbidden => None,
        }
    }
}

/// What to do about one finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Carry this out (after the plain yes).
    Act(Action),
    /// Ask first; with the right word this would be done.
    Ask {
        /// What is asked.
        question: Question,
        /// What would be done then, where that is known already.
        then: Option<Action>,
    },
    /// Nothing is to be done.
    Nothing,
}

/// A finding, and what to do about it.
#[derive(Clone, Debug, PartialEq)]
pub struct Decided {
    /// What is.
    pub finding: Finding,
    /// What to do about it.
    pub decision: Decision,
}

impl Decided {
    /// Returns what is to be carried out, if anything.
    pub fn action(&self) -> Option<&Action> {
        match &self.decision {
            Decision::Act(action) => Some(action),
            Decision::Ask { .. } | Decision::Nothing => None,
        }
    }
}

/// What follows from a survey, and what to do about it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Decisions {
    /// About the run, the weightiest first.
    pub headlines: Vec<Headline>,
    /// About instances, in the order of the resolution.
    pub all: Vec<Decided>,
}

impl Decisions {
    /// Decides anew: more was allowed.
    #[must_use]
    pub fn again(self, policy: &Policy) -> Self {
        let findings = self.all.into_iter().map(|one| one.finding).collect();
        decide(Resolution { headlines: self.headlines, findings }, policy)
    }

    /// Returns whether a headline forbids every write.
    pub fn stop_writing(&self) -> bool {
        self.headlines.iter().any(|headline| headline.kind.stops_writing())
    }
}

/// Decides about every finding of a resolution, in its order.
pub fn decide(resolution: Resolution, policy: &Policy) -> Decisions {
    let Resolution { headlines, findings } = resolution;
    let state_is_missing =
        headlines.iter().any(|headline| headline.kind == HeadlineKind::MissingState);
    let view_is_restricted = |finding: &Finding| {
        headlines.iter().any(|headline| {
            headline.kind == HeadlineKind::RestrictedView && headline.org == finding.org
        })
    };
    let decided = findings.into_iter().map(|finding| {
        let decision = match decide_one(&finding, policy, view_is_restricted(&finding)) {
            Decision::Act(action)
                if state_is_missing && !policy.allows(Question::AdoptAll, &finding) =>
            {
                Decision::Ask { question: Question::AdoptAll, then: Some(action) }
            }
            Decision::Act(action) => approved(&finding, action, policy),
            other => other,
        };
        Decided { finding, decision }
    });
    let mut all: Vec<_> = decided.collect();
    refuse_shared_ids(&mut all);
    Decisions { headlines, all }
}

fn decide_one(finding: &Finding, policy: &Policy, view_is_restricted: bool) -> Decision {
    let entity = finding.evidence.entity.as_ref();
    let repair = |action: Action| {
        if policy.allows(Question::Repair, finding) && !view_is_restricted {
            Decision::Act(action)
        } else {
            Decision::Ask { question: Question::Repair, then: Some(action) }
        }
    };
    match (row(finding.verdict).remedy(&finding.evidence), entity) {
        (Remedy::Nothing, _) | (Remedy::Adopt, None) => Decision::Nothing,
        (Remedy::NothingUnlessChosen, _) => match &finding.address {
            Some(address) if policy.ids.contains_key(address) => choose(finding, policy, false),
            _ => Decision::Nothing,
        },
        (Remedy::Elsewhere, _) | (Remedy::AdoptHome | Remedy::Replace, None) => elsewhere(),
        (Remedy::Adopt, Some(entity)) => import(finding, entity.id.clone(), policy),
        (Remedy::AdoptHome, Some(entity)) if policy.allows(Question::Home, finding) => {
            import(finding, entity.id.clone(), policy)
        }
        (Remedy::AdoptHome, Some(entity)) => Decision::Ask {
            question: Question::Home,
            then: Some(Action::Import { id: entity.id.clone(), expect: Expect::NoOp }),
        },
        (Remedy::Choose { may_be_new }, _) => choose(finding, policy, may_be_new),
        (Remedy::Replace, Some(entity)) => repair(Action::StateRmImport {
            id: entity.id.clone(),
            expect: expectation(finding, policy),
        }),
        (Remedy::Move(from), _) => repair(Action::StateMv { from }),
        (Remedy::Untaint, _) => repair(Action::Untaint),
    }
}

fn elsewhere() -> Decision {
    Decision::Ask { question: Question::Elsewhere, then: None }
}

fn expectation(finding: &Finding, policy: &Policy) -> Expect {
    expected(finding, finding.evidence.drift.is_empty(), policy)
}

/// Where nobody can tell before Terraform what an import finds different, it does what was allowed
/// with whatever it finds.
fn expected(finding: &Finding, is_known_equal: bool, policy: &Policy) -> Expect {
    let is_foretold = finding.kind.is_none_or(|kind| kind.drifting.is_some());
    let accepts_drift = policy.accepts_drift(finding);
    if is_known_equal && !is_foretold && policy.adopt_drifted && !accepts_drift {
        return Expect::DriftStays;
    }
    match (is_known_equal && (is_foretold || !accepts_drift), accepts_drift) {
        (true, _) => Expect::NoOp,
        (false, true) => Expect::Update,
        (false, false) => Expect::DriftStays,
    }
}

fn import(finding: &Finding, id: EntityId, policy: &Policy) -> Decision {
    let expect = expectation(finding, policy);
    let action = Action::Import { id, expect };
    if expect == Expect::DriftStays && !policy.allows(Question::Drift, finding) {
        return Decision::Ask { question: Question::Drift, then: Some(action) };
    }
    Decision::Act(action)
}

/// A person must name the entity, or say that none is meant.
fn choose(finding: &Finding, policy: &Policy, may_be_new: bool) -> Decision {
    let Some(address) = &finding.address else {
        return elsewhere();
    };
    if may_be_new && policy.new.contains(address) {
        return Decision::Nothing;
    }
    let Some(id) = policy.ids.get(address) else {
        return Decision::Ask { question: Question::Choose, then: None };
    };
    let choice = finding.evidence.choices.iter().find(|choice| choice.id == *id);
    let Some(choice) = choice.filter(|choice| !choice.is_forbidden) else {
        return Decision::Ask { question: Question::Forbidden, then: None };
    };
    let expect = expected(finding, choice.drift.is_empty(), policy);
    Decision::Act(Action::Import { id: id.clone(), expect })
}

fn approved(finding: &Finding, action: Action, policy: &Policy) -> Decision {
    let Some(approved) = &policy.approved else {
        return Decision::Act(action);
    };
    let id = match &action {
        Action::Import { id, .. } | Action::StateRmImport { id, .. } => Some(id),
        Action::StateMv { .. } | Action::Untaint => {
            finding.evidence.entity.as_ref().map(|entity| &entity.id)
        }
    };
    let held = finding.address.as_ref().and_then(|address| approved.get(address));
    if held.is_some() && held == id {
        Decision::Act(action)
    } else {
        Decision::Ask { question: Question::NotApproved, then: Some(action) }
    }
}

/// One id for two actions is refused at both addresses.
fn refuse_shared_ids(all: &mut [Decided]) {
    let use_of = |one: &Decided| match one.action()? {
        Action::Import { id, .. } | Action::StateRmImport { id, .. } => {
            Some((one.finding.org.clone(), one.finding.kind, id.clone()))
        }
        Action::StateMv { .. } | Action::Untaint => None,
    };
    let mut uses: BTreeMap<_, usize> = BTreeMap::new();
    for used in all.iter().filter_map(use_of) {
        *uses.entry(used).or_default() += 1;
    }
    for one in all {
        if use_of(one).is_some_and(|used| uses.get(&used).is_some_and(|count| *count > 1)) {
            one.decision = Decision::Ask { question: Question::Forbidden, then: None };
        }
    }
}
