//! Headlines: what holds of the whole run, drawn from the survey and the findings.
//!
//! Never changes a finding. Invariant: absence is counted only where the view proves it.

use std::collections::BTreeMap;

use crate::entity::OrgId;
use crate::finding::{Finding, Headline, Reason};
use crate::kind::{Adoption, Kind, Visibility};
use crate::survey::{ById, Change, Org, StatePresence, Survey, TrackedInstance};
use crate::verdict::{HeadlineKind, Verdict};
use crate::world::{Existence, World};

/// Says what holds of the whole run, the weightiest first.
pub(crate) fn headlines(world: &World<'_>, findings: &[Finding]) -> Vec<Headline> {
    let survey = world.survey;
    let mut headlines = stopping(world);
    for (org_id, org) in &survey.orgs {
        let about_org = |kind, count, of| Headline { kind, org: Some(org_id.clone()), count, of };
        // Of an org that was asked name by name, Home may simply be the one name that was asked for.
        let shows_home_alone = |kind: &Kind| {
            let listing = org.listings.get(kind);
            listing.is_some_and(|listing| listing.is_complete && listing.only_home_is_visible())
        };
        let only_home = org.listings.listed().any(|(kind, _)| shows_home_alone(kind));
        let tracked = provable(world, org_id, org);
        let in_org = || findings.iter().filter(|finding| finding.org.as_ref() == Some(org_id));
        let is_of = |finding: &Finding, kind: &Kind| finding.kind == Some(kind);
        let unseen = tracked
            .iter()
            .filter(|tracked| shows_home_alone(tracked.kind))
            .filter(|tracked| !matches!(world.existence(tracked), Existence::Present(_)))
            .count();
        let is_unseen = |finding: &&Finding| {
            finding.kind.is_none_or(shows_home_alone)
                && (finding.verdict == Verdict::Hidden
                    || finding.evidence.reason == Reason::ImportedIdUnseen)
        };
        let told = in_org().filter(is_unseen).count();
        if only_home && unseen + told > 0 {
            headlines.push(about_org(HeadlineKind::RestrictedView, unseen + told, tracked.len()));
        }
        let rests_on_absence = |finding: &&Finding| {
            matches!(finding.verdict, Verdict::Create | Verdict::Hidden | Verdict::NearMiss)
        };
        let mut flawed = org.listings.listed().filter(|(_, listing)| !listing.flaws.is_empty());
        let flawed = flawed.find_map(|(kind, listing)| {
            let unproven = in_org().filter(rests_on_absence).filter(|one| is_of(one, kind)).count();
            (unproven > 0).then(|| (unproven, listing.entities.len()))
        });
        if let Some((unproven, listed)) = flawed {
            headlines.push(about_org(HeadlineKind::IncompleteListing, unproven, listed));
        }
        for (kind, listing) in org.listings.listed() {
            let creates = in_org().filter(|finding| finding.verdict == Verdict::Create);
            let creates = creates.filter(|finding| is_of(finding, kind)).count();
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
        let asked = org.listings.listed().flat_map(|(_, listing)| listing.by_id.values());
        if !asked.into_iter().any(|answer| *answer == ById::Absent) {
            continue;
        }
        let tracked = provable(world, id, org);
        let is_absent = |one: &&&TrackedInstance| world.existence(one) == Existence::Absent;
        let absent = tracked.iter().filter(is_absent).count();
        if absent >= 2 && absent == tracked.len() {
            let (kind, org) = (HeadlineKind::WrongOrg, Some(id.clone()));
            headlines.push(Headline { kind, org, count: absent, of: tracked.len() });
        }
    }
    headlines
}

/// Returns what is tracked in an org and would be seen if it were there: of what was not listed, or may be
/// hidden, absence says nothing.
fn provable<'s>(world: &World<'s>, id: &OrgId, org: &Org) -> Vec<&'s TrackedInstance> {
    let is_provable = |tracked: &&TrackedInstance| {
        let is_visible = tracked.kind.visibility == Visibility::WholeOrg;
        is_visible && org.listings.get(tracked.kind).is_some()
    };
    world.tracked_in(id).into_iter().filter(is_provable).collect()
}

/// No state at all, and each of at least three planned names exists: of one kind, or of all. What
/// updates what exists says nothing, nor does what is below something that is not known yet.
fn missing_state(survey: &Survey, findings: &[Finding]) -> Option<Headline> {
    const FEWEST: usize = 3;
    let tracked = survey.tracked.as_ref()?;
    if tracked.presence != StatePresence::Nothing {
        return None;
    }
    let mut planned: BTreeMap<&Kind, (usize, usize)> = BTreeMap::new();
    for one in &survey.desired.as_ref()?.planned {
        let is_telling = one.change == Change::Create
            && one.kind.adoption == Adoption::ByKey
            && (one.kind.is_read_whole() || one.wanted_key().is_some());
        if is_telling {
            planned.entry(one.kind).or_default().0 += 1;
        }
    }
    for finding in findings {
        let exists = matches!(
            finding.verdict,
            Verdict::Adopt | Verdict::AdoptWithDrift | Verdict::WouldReplace
        );
        if let Some(counts) = finding.kind.and_then(|kind| planned.get_mut(kind))
            && exists
        {
            counts.1 += 1;
        }
    }
    let sum = |counts: &mut dyn Iterator<Item = (usize, usize)>| {
        counts.fold((0, 0), |(of, exist), one| (of + one.0, exist + one.1))
    };
    let whole = sum(&mut planned.values().copied());
    let mut enough = planned.values().copied().filter(|(of, _)| *of >= FEWEST);
    let of_one_kind = sum(&mut enough.by_ref().filter(|(of, exist)| of == exist));
    [whole, of_one_kind]
        .into_iter()
        .find(|(of, exist)| *of >= FEWEST && of == exist)
        .map(|(of, count)| Headline { kind: HeadlineKind::MissingState, org: None, count, of })
}
