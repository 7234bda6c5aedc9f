//! The limit of what is done: the subject that a person gave (a plan file, `--only`, `-target`), less
//! what they did not mark.
//!
//! Pure. Invariant: it is drawn once, from the first look; nothing outside is ever done or asked,
//! however many rounds follow, and what is left outside is reported.

use std::collections::{BTreeMap, BTreeSet};

use divvy_core::decide::{Action, Decided, Decision, Decisions};
use divvy_core::shown::Shown;
use divvy_core::survey::Survey;
use divvy_core::{Address, Finding};

use crate::pattern;

/// What a person limited the work to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Limited {
    /// `--plan FILE`.
    PlanFile,
    /// `-target` or `-exclude`, after `--` or in `TF_CLI_ARGS_plan`.
    Targets,
    /// `--only PATTERN`.
    Only,
    /// What a person took the mark from, in the list on the terminal.
    Unmarked,
}

impl Limited {
    fn words(self) -> &'static str {
        match self {
            Self::PlanFile => "not in the plan file",
            Self::Targets => "outside of -target and -exclude",
            Self::Only => "not selected by --only",
            Self::Unmarked => "not marked",
        }
    }
}

/// What may be done at all.
#[derive(Clone, Debug, Default)]
pub(crate) struct Limit {
    planned: Option<(Limited, BTreeSet<Address>)>,
    only: Vec<String>,
    unmarked: BTreeSet<Address>,
    outside: BTreeMap<Limited, BTreeSet<Address>>,
}

impl Limit {
    /// Limits the work to names or addresses that match one of the patterns; none is no limit.
    pub(crate) fn to_patterns(only: &[String]) -> Self {
        Self { only: only.to_vec(), ..Self::default() }
    }

    /// Limits the work to what a plan that a person gave or narrowed holds.
    pub(crate) fn narrow_to_plan_of(&mut self, survey: &Survey, limited: Limited) {
        let planned = survey.desired.iter().flat_map(|desired| &desired.planned);
        let addresses = planned.map(|planned| planned.address.clone()).collect();
        self.planned = Some((limited, addresses));
    }

    /// Leaves alone what a person did not mark, for all rounds.
    pub(crate) fn leave(&mut self, unmarked: impl IntoIterator<Item = Address>) {
        self.unmarked.extend(unmarked);
    }

    /// Takes back every decision outside the limit, and remembers where something is left.
    pub(crate) fn keep(&mut self, decisions: &mut Decisions) {
        self.outside.clear();
        for Decided { finding, decision } in &mut decisions.all {
            if *decision == Decision::Nothing {
                continue;
            }
            let Some(address) = &finding.address else { continue };
            if let Some(limited) = self.excludes(finding, address, decision) {
                *decision = Decision::Nothing;
                self.outside.entry(limited).or_default().insert(address.clone());
            }
        }
    }

    fn excludes(&self, finding: &Finding, at: &Address, decision: &Decision) -> Option<Limited> {
        if let Some((limited, planned)) = &self.planned {
            // A plan of a part says nothing of what it lacks: that address may stay where it is.
            let is_held = |address: &Address| planned.contains(address);
            let is_inside = match decision {
                Decision::Act(Action::StateMv { from })
                | Decision::Ask { then: Some(Action::StateMv { from }), .. } => {
                    is_held(at) && is_held(from)
                }
                _ => is_held(at),
            };
            if !is_inside {
                return Some(*limited);
            }
        }
        if self.unmarked.contains(at) {
            return Some(Limited::Unmarked);
        }
        let is_chosen = |pattern: &String| selects(pattern, finding);
        (!self.only.is_empty() && !self.only.iter().any(is_chosen)).then_some(Limited::Only)
    }

    /// Returns what was left outside, and of which limit.
    pub(crate) fn left_out(&self) -> BTreeMap<Address, &'static str> {
        let each = |(limited, addresses): (&Limited, &BTreeSet<Address>)| {
            let words = limited.words();
            addresses.iter().map(|address| (address.clone(), words)).collect::<Vec<_>>()
        };
        self.outside.iter().flat_map(each).collect()
    }

    /// Returns the patterns that match no name and no address of what was found: probably slips.
    pub(crate) fn unmatched(&self, decisions: &Decisions) -> Vec<&str> {
        let is_idle =
            |pattern: &&String| !decisions.all.iter().any(|one| selects(pattern, &one.finding));
        self.only.iter().filter(is_idle).map(String::as_str).collect()
    }

    /// Names what was left outside, one sentence for each limit.
    pub(crate) fn notes(&self) -> Vec<String> {
        let note = |(limited, addresses): (&Limited, &BTreeSet<Address>)| {
            let addresses: Vec<_> = addresses.iter().map(Address::as_str).collect();
            format!("left alone, {}: {}", limited.words(), addresses.join(", "))
        };
        self.outside.iter().map(note).collect()
    }
}

/// Reports whether a pattern matches the name or the address of a finding.
fn selects(pattern: &str, finding: &Finding) -> bool {
    let name = finding.name.as_ref().and_then(Shown::plain).map(String::as_str);
    let address = finding.address.as_ref().map(Address::as_str);
    name.into_iter().chain(address).any(|text| pattern::matches(pattern, text))
}
