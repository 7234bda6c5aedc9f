//! Headlines: what holds of the whole run, drawn from the survey and the findings.
//!
//! Never changes a finding. Invariant: absence is counted only where the view proves it.

use crate::finding::{Finding, Headline, Reason};
use crate::survey::{ById, Change, StatePresence, Survey, TrackedInstance};
use crate::verdict::{HeadlineKind, Verdict};
use crate::world::{Existence, World};

/// Says what holds of the whole run, the weightiest first.
pub(crate) fn headlines(world: &World<'_>, findings: &[Finding]) -> Vec<Headline> {
    let survey = world.survey;
    let mut headlines = stopping(world);
    for (org_id, org) in &survey.orgs {
        let about_org = |kind, count, of| Headline { kind, org: Some(org_id.clone()), count, of };
        // Of an org that was asked name by name, Home may simply be the one name that was asked for.
        let only_home = org
            .listings
            .values()
            .any(|listing| listing.is_complete && listing.only_home_is_visible());
        let tracked = world.tracked_in(org_id);
        let in_org = || findings.iter().filter(|finding| finding.org.as_ref() == Some(org_id));
        let unseen = tracked
            .iter()
            .filter(|tracked| !matches!(world.existence(tracked), Existence::Present(_)))
            .count();
        let is_unseen = |finding: &&Finding| {
            finding.verdict == Verdict::Hidden
                || finding.evidence.reason == Reason::ImportedIdUnseen
        };
        let told = in_org().filter(is_unseen).count();
        if only_home && unseen + told > 0 {
            headlines.push(about_org(HeadlineKind::RestrictedView, unseen + told, tracked.len()));
        }
        let rests_on_absence = |finding: &&Finding| {
            matches!(finding.verdict, Verdict::Create | Verdict::Hidden | Verdict::NearMiss)
        };
        let unproven = in_org().filter(rests_on_absence).count();
        let flawed = org.listings.values().find(|listing| !listing.flaws.is_empty());
        if let Some(listing) = flawed.filter(|_| unproven > 0) {
            let listed = listing.entities.len();
            headlines.push(about_org(HeadlineKind::IncompleteListing, unproven, listed));
        }
        let creates = in_org().filter(|finding| finding.verdict == Verdict::Create).count();
        for listing in org.listings.values() {
            let Some(limit) = listing.limit else { continue };
            let room =
                usize::try_from(limit).unwrap_or(usize::MAX).saturating_sub(listing.entities.len());
            if creates > room {
                headlines.push(about_org(HeadlineKind::Limit, creates, room));
            }
        }
    }
    headlines.extend(missing_state(survey, findings));
    headlines.sort_by_key(|headline| headline.kind);
    headlines
}

/// Says what stops every write: none of it rests on a finding.
pub(crate) fn stopping(world: &World<'_>) -> Vec<Headline> {
    let survey = world.survey;
    let stored = survey.tracked.as_ref().and_then(|tracked| tracked.lineage.as_deref());
    let kind = match &survey.surroundings.errored_state {
        Some(errored) if !errored.continues(stored) => Some(HeadlineKind::UnusableErroredState),
        Some(_) => Some(HeadlineKind::ErroredState),
        None => world.is_state_lost().then_some(HeadlineKind::ErroredState),
    };
    let mut headlines: Vec<_> =
        kind.map(|kind| Headline { kind, org: None, count: 0, of: 0 }).into_iter().collect();
    for (id, org) in &survey.orgs {
        let asked = org.listings.values().flat_map(|listing| listing.by_id.values());
        if !asked.into_iter().any(|answer| *answer == ById::Absent) {
            continue;
        }
        let tracked = world.tracked_in(id);
        let is_absent = |one: &&&TrackedInstance| world.existence(one) == Existence::Absent;
        let absent = tracked.iter().filter(is_absent).count();
        if absent >= 2 && absent == tracked.len() {
            let (kind, org) = (HeadlineKind::WrongOrg, Some(id.clone()));
            headlines.push(Headline { kind, org, count: absent, of: tracked.len() });
        }
    }
    headlines
}

/// No state at all, and each of at least three planned names exists.
fn missing_state(survey: &Survey, findings: &[Finding]) -> Option<Headline> {
    let tracked = survey.tracked.as_ref()?;
    if tracked.presence != StatePresence::Nothing {
        return None;
    }
    let planned = survey
        .desired
        .as_ref()?
        .planned
        .iter()
        .filter(|planned| planned.change == Change::Create)
        .count();
    let exist = findings
        .iter()
        .filter(|finding| matches!(finding.verdict, Verdict::Adopt | Verdict::AdoptWithDrift))
        .count();
    (planned >= 3 && exist == planned).then_some(Headline {
        kind: HeadlineKind::MissingState,
        org: None,
        count: exist,
        of: planned,
    })
}
