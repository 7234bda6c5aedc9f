//! The decision: from a survey to one finding per instance, and headlines about the run.
//!
//! The rules are those of [`crate::verdicts`], asked in the order of [`Verdict`], from top to bottom:
//! the first that answers gives the verdict, the last one always answers. No I/O, no policy: what is
//! *done* about a finding is [`crate::decide`].
//!
//! Invariants (properties in the tests): the order of inputs is irrelevant; never `create` for a
//! visible name, nor for a kind that was not listed; never an action on the home entity or on an id
//! that another address holds.

use std::sync::Arc;

use crate::address::Address;
use crate::facts::Facts;
use crate::finding::{Finding, Resolution};
use crate::headlines::{headlines, stopping};
use crate::index::Index;
use crate::survey::Survey;
use crate::verdict::Verdict;
use crate::verdicts::row;
use crate::world::World;

/// Resolves a survey. Pure and total.
pub fn resolve(survey: &Survey) -> Resolution {
    resolve_world(&World::new(survey, &Index::of(survey)))
}

/// As [`resolve`], of what is indexed already.
pub(crate) fn resolve_world(world: &World<'_>) -> Resolution {
    let findings: Vec<_> = world
        .subjects()
        .into_iter()
        .filter_map(|subject| finding(&Facts::of(world, subject)))
        .collect();
    Resolution { headlines: headlines(world, &findings), findings }
}

/// Resolves one address together with those that want its name: see
/// [`crate::GrowingSurvey::resolve_at`].
pub(crate) fn resolve_at(world: &World<'_>, address: &Address) -> Resolution {
    let own = Facts::of(world, world.subject_at(address));
    let mut findings: Vec<_> = finding(&own).into_iter().collect();
    // Of several that want one name nothing is done, so the others do not matter.
    if findings.iter().any(|own| own.verdict != Verdict::DuplicateInConfig) {
        let rivals = own.rivals().into_iter().map(|rival| world.subject_at(rival));
        findings.extend(rivals.filter_map(|subject| finding(&Facts::of(world, subject))));
        findings.sort_by(|one, other| one.address.cmp(&other.address));
    }
    Resolution { headlines: stopping(world), findings }
}

/// The first answer gives the verdict; what else applies stands beside it.
pub(crate) fn finding(facts: &Facts<'_, '_>) -> Option<Finding> {
    let mut answers =
        Verdict::ALL.iter().filter_map(|verdict| Some((*verdict, row(*verdict).rule(facts)?)));
    let (verdict, mut evidence) = answers.next()?;
    let mut also = Vec::new();
    let has_also = verdict != Verdict::UpdatesExisting;
    for (other, more) in answers.filter(|_| has_also) {
        if other.is_caution() && other != verdict && !also.contains(&other) {
            if evidence.drift.is_empty() {
                evidence.drift = more.drift;
            }
            also.push(other);
        }
    }
    let near_rivals = facts.near_rivals();
    if facts.creates() && !near_rivals.is_empty() && verdict != Verdict::DuplicateInConfig {
        also.push(Verdict::DuplicateInConfig);
        evidence.others.extend(near_rivals.into_iter().cloned());
    }
    evidence.choices = facts.choices(&evidence.candidates);
    evidence.failure = facts.shown_failure().map(Arc::new);
    let mut finding = Finding {
        verdict,
        also,
        kind: facts.kind,
        address: facts.subject.address().cloned(),
        alias: facts.alias.cloned(),
        org: facts.org.cloned(),
        name: facts.wanted.as_ref().map(|wanted| facts.shown(wanted).into()),
        evidence,
    };
    let sensitive = facts.sensitive(&finding.evidence.others);
    finding.conceal(&sensitive);
    Some(finding)
}
