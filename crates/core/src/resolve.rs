//! The decision: from a survey to one finding per instance, and headlines about the run.
//!
//! Read [`RULES`] from top to bottom: the first rule that answers gives the verdict, the last one
//! always answers. No I/O, no policy: what is *done* about a finding is [`crate::decide`].
//!
//! Invariants (properties in the tests): the order of inputs is irrelevant; never `create` for a
//! visible name; never an action on the home entity or on an id that another address holds.

use crate::address::Address;
use crate::entity::{Entity, Key};
use crate::facts::{Existence, Facts, World};
use crate::failure::{Origin, Shape};
use crate::finding::{Candidate, Evidence, Finding, Reason, Resolution};
use crate::headlines::headlines;
use crate::name::{self, Likeness};
use crate::survey::{AliasTarget, Change, Planned, Survey};
use crate::verdict::Verdict;

/// What a rule answers.
type Answer = Option<(Verdict, Evidence)>;

/// A rule: from facts to perhaps a verdict.
type Rule = for<'s, 'w> fn(&Facts<'s, 'w>) -> Answer;

/// The rules, first match wins.
const RULES: &[Rule] = &[
    unresolved_credentials,
    not_a_conflict,
    move_pending,
    planned_import,
    double_tracked,
    stale_or_gone,
    tainted,
    home,
    unknown_name,
    replace_cycle,
    rename_chain_or_clash,
    duplicate_in_config,
    moved,
    other_owner,
    of_several_units,
    ambiguous,
    adopt,
    deleted_twin,
    near_miss,
    hidden,
    create,
    managed,
];

/// Resolves a survey. Pure and total.
pub fn resolve(survey: &Survey) -> Resolution {
    let world = World::new(survey);
    let mut findings = Vec::new();
    for subject in world.subjects() {
        let facts = world.facts(subject);
        let mut answers = RULES.iter().filter_map(|rule| rule(&facts));
        let Some((verdict, mut evidence)) = answers.next() else {
            continue;
        };
        let mut also = Vec::new();
        for (other, more) in answers {
            if is_caution(other) && other != verdict && !also.contains(&other) {
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
        let hides_name = subject.planned.is_some_and(|planned| {
            planned.kind.key.iter().any(|part| planned.sensitive.contains(*part))
        });
        let mut finding = Finding {
            verdict,
            also,
            kind: facts.kind,
            address: subject.address().cloned(),
            alias: facts.alias.cloned(),
            org: facts.org.cloned(),
            name: facts.wanted.as_ref().map(ToString::to_string),
            evidence,
            failure: subject.failure.and_then(|failure| {
                survey.failures.iter().position(|other| std::ptr::eq(other, failure))
            }),
        };
        if hides_name {
            conceal_names(&mut finding);
        }
        findings.push(finding);
    }
    let headlines = headlines(&world, &findings);
    Resolution { headlines, findings }
}

/// Says whether a verdict that came second is worth telling beside the first.
fn is_caution(verdict: Verdict) -> bool {
    !matches!(verdict, Verdict::Adopt | Verdict::Create | Verdict::Managed | Verdict::Ambiguous)
}

/// Takes names out of a finding whose name Terraform holds to be sensitive.
fn conceal_names(finding: &mut Finding) {
    const CONCEALED: &str = "(sensitive value)";
    finding.name = Some(CONCEALED.to_owned());
    let candidates = finding.evidence.candidates.iter_mut().map(|candidate| &mut candidate.entity);
    for entity in finding.evidence.entity.iter_mut().chain(candidates) {
        entity.key = Key::name(CONCEALED);
        for part in entity.kind.key {
            entity.attributes.remove(*part);
        }
    }
}

#[expect(clippy::unnecessary_wraps, reason = "a rule ends with it")]
fn found(verdict: Verdict, evidence: Evidence) -> Answer {
    Some((verdict, evidence))
}

fn because(verdict: Verdict, reason: Reason) -> Answer {
    found(verdict, Evidence { reason, ..Evidence::default() })
}

fn about(entity: &Entity) -> Evidence {
    Evidence { entity: Some(entity.clone()), ..Evidence::default() }
}

fn cloned(addresses: Vec<&Address>) -> Vec<Address> {
    addresses.into_iter().cloned().collect()
}

fn unresolved_credentials(facts: &Facts<'_, '_>) -> Answer {
    let matters = facts.creates()
        || facts
            .subject
            .planned
            .is_some_and(|planned| planned.makes_an_object() || planned.import_id.is_some());
    if !matters || facts.org.is_some() {
        return None;
    }
    let reason = match facts.alias.and_then(|alias| facts.world.survey.aliases.get(alias)) {
        Some(AliasTarget::Unresolved(reason)) => reason.clone(),
        Some(AliasTarget::Org(_)) | None => "no org is known for it".to_owned(),
    };
    because(Verdict::UnresolvedCredentials, Reason::Credentials(reason))
}

fn not_a_conflict(facts: &Facts<'_, '_>) -> Answer {
    let failure = facts.subject.failure?;
    if facts.subject.tracked.is_some() && facts.change() != Some(Change::Update) {
        return None;
    }
    if matches!(failure.shape, Shape::StateNotSaved | Shape::Locked) {
        return because(Verdict::NotAConflict, Reason::StateStorage);
    }
    if facts.kind.is_none() || facts.failed_create().is_none() {
        // A clashing rename is better told by its own rule.
        return match rename_chain_or_clash(facts) {
            Some(_) => None,
            None => because(Verdict::NotAConflict, Reason::OtherRequest),
        };
    }
    if !facts.exact.is_empty() || facts.wanted.is_none() || facts.org.is_none() {
        return None;
    }
    let told_duplicate = facts.was_told_duplicate();
    if told_duplicate && (!facts.deleted_twins().is_empty() || !facts.near().is_empty()) {
        return None;
    }
    // An old 409 whose name a full and unrestricted listing lacks is over; a fresh one is not.
    let view_is_full =
        facts.listing.is_some_and(|listing| listing.is_complete && !listing.only_home_is_visible());
    if told_duplicate && (failure.origin == Origin::Live || !view_is_full) {
        return None;
    }
    because(Verdict::NotAConflict, Reason::NameIsFree)
}

fn move_pending(facts: &Facts<'_, '_>) -> Answer {
    let planned = facts.subject.planned?;
    let previous =
        planned.previous_address.as_ref().filter(|previous| **previous != planned.address)?;
    found(Verdict::MovePending, Evidence { others: vec![previous.clone()], ..Evidence::default() })
}

fn planned_import(facts: &Facts<'_, '_>) -> Answer {
    let id = facts.subject.planned?.import_id.as_ref()?;
    let entity = facts.world.entity(facts.org?, facts.kind?, id);
    let Some(entity) = entity else {
        return found(
            Verdict::PlannedImport,
            Evidence {
                reason: Reason::ImportedIdAbsent,
                tracked_id: Some(id.clone()),
                ..Evidence::default()
            },
        );
    };
    let reason = if entity.is_home != facts.wants_home() {
        Reason::ImportedHome
    } else if facts.wanted.is_some() && !facts.exact.iter().any(|exact| exact.id == *id) {
        Reason::ImportedNameDiffers
    } else {
        Reason::ImportIsRight
    };
    let drift = facts.drift_from(entity);
    found(Verdict::PlannedImport, Evidence { reason, drift, ..about(entity) })
}

fn double_tracked(facts: &Facts<'_, '_>) -> Answer {
    let tracked = facts.subject.tracked?;
    let holders = facts.other_holders(&tracked.id);
    if holders.is_empty() {
        return None;
    }
    let others = holders.into_iter().map(|holder| holder.address.clone()).collect();
    found(
        Verdict::DoubleTracked,
        Evidence { others, tracked_id: Some(tracked.id.clone()), ..Evidence::default() },
    )
}

fn stale_or_gone(facts: &Facts<'_, '_>) -> Answer {
    let tracked = facts.subject.tracked?;
    if facts.existence()? != Existence::Absent {
        return None;
    }
    let tracked_id = Some(tracked.id.clone());
    match facts.exact.as_slice() {
        [] => found(Verdict::Gone, Evidence { tracked_id, ..Evidence::default() }),
        [entity] if entity.is_home && !facts.wants_home() => None,
        [entity] => {
            let others = facts
                .other_holders(&entity.id)
                .into_iter()
                .map(|holder| holder.address.clone())
                .collect();
            let drift = facts.drift_from(entity);
            found(Verdict::Stale, Evidence { tracked_id, others, drift, ..about(entity) })
        }
        several => found(
            Verdict::Stale,
            Evidence { tracked_id, candidates: exact_candidates(several), ..Evidence::default() },
        ),
    }
}

fn tainted(facts: &Facts<'_, '_>) -> Answer {
    let tracked = facts.subject.tracked.filter(|tracked| tracked.is_tainted)?;
    let evidence = match facts.existence() {
        Some(Existence::Present(entity)) => about(entity),
        _ => Evidence::default(),
    };
    found(Verdict::Tainted, Evidence { tracked_id: Some(tracked.id.clone()), ..evidence })
}

fn home(facts: &Facts<'_, '_>) -> Answer {
    let makes = facts.creates() || facts.subject.planned.is_some_and(Planned::makes_an_object);
    let is_stale = facts.existence() == Some(Existence::Absent);
    if !makes && !is_stale {
        return None;
    }
    if !facts.wants_home() {
        let entity = facts.exact.iter().find(|entity| entity.is_home)?;
        return found(Verdict::Home, Evidence { reason: Reason::HomeFlagMissing, ..about(entity) });
    }
    if !facts.home_rivals().is_empty() {
        return None;
    }
    let home = facts.home();
    let reason = match (home, facts.exact.as_slice()) {
        (Some(home), [entity]) if entity.id == home.id => Reason::HomeMatches,
        (_, []) => Reason::HomeRename,
        _ => Reason::HomeNameOfAnother,
    };
    let Some(home) = home else {
        return because(Verdict::Home, reason);
    };
    let drift = facts.drift_from(home);
    found(Verdict::Home, Evidence { reason, drift, ..about(home) })
}

fn unknown_name(facts: &Facts<'_, '_>) -> Answer {
    let makes = facts.creates() || facts.subject.planned.is_some_and(Planned::makes_an_object);
    (makes && facts.wanted.is_none()).then(|| (Verdict::UnknownName, Evidence::default()))
}

fn replace_cycle(facts: &Facts<'_, '_>) -> Answer {
    let mut exact = facts.exact.iter();
    if facts.creates() {
        // What such a replacement left behind when it was cut short: imported, it would be deleted.
        let (entity, holder) =
            exact.find_map(|entity| Some((entity, facts.deposed_holder(&entity.id)?)))?;
        let tracked_id = Some(holder.id.clone());
        return found(Verdict::ReplaceCycle, Evidence { tracked_id, ..about(entity) });
    }
    let Some(Change::Replace { create_first: true }) = facts.change() else {
        return None;
    };
    let tracked = facts.subject.tracked?;
    let entity = exact.find(|entity| entity.id == tracked.id)?;
    found(Verdict::ReplaceCycle, Evidence { tracked_id: Some(tracked.id.clone()), ..about(entity) })
}

/// A name that is to be taken over while its holder leaves it in the same apply, or keeps it.
fn rename_chain_or_clash(facts: &Facts<'_, '_>) -> Answer {
    let own_id = facts.subject.tracked.map(|tracked| &tracked.id);
    let takes_a_name = match facts.change()? {
        Change::Create => true,
        Change::Update | Change::NoOp | Change::Replace { .. } => {
            own_id.is_some() && !facts.keeps_its_key()
        }
        Change::Read | Change::Delete | Change::Forget => false,
    };
    if !takes_a_name {
        return None;
    }
    let entity = facts.exact.iter().find(|entity| Some(&entity.id) != own_id)?;
    let holders = facts.other_holders(&entity.id);
    let leaves = holders.iter().any(|holder| {
        facts.planned_at(&holder.address).is_some_and(|planned| {
            let renames_away = planned.stays()
                && planned
                    .wanted_key()
                    .is_some_and(|key| name::compare_keys(&key, &entity.key) != Likeness::Equal);
            renames_away
                || (planned.change == Change::Delete && facts.change() != Some(Change::Create))
        })
    });
    let others = holders.into_iter().map(|holder| holder.address.clone()).collect();
    let evidence = Evidence { others, tracked_id: own_id.cloned(), ..about(entity) };
    match facts.change()? {
        _ if leaves => found(Verdict::RenameChain, evidence),
        Change::Create => None,
        _ => found(Verdict::RenameClash, evidence),
    }
}

fn duplicate_in_config(facts: &Facts<'_, '_>) -> Answer {
    if !facts.creates() {
        return None;
    }
    if facts.wants_home() {
        let rivals = facts.home_rivals();
        if !rivals.is_empty() {
            return found(
                Verdict::DuplicateInConfig,
                Evidence {
                    others: cloned(rivals),
                    reason: Reason::HomeTwice,
                    ..Evidence::default()
                },
            );
        }
    }
    let mut others = cloned(facts.rivals());
    let entity = facts.exact.first();
    for holder in entity.into_iter().flat_map(|entity| facts.other_holders(&entity.id)) {
        if facts.planned_at(&holder.address).is_some_and(Planned::stays)
            && !others.contains(&holder.address)
        {
            others.push(holder.address.clone());
        }
    }
    if others.is_empty() {
        return None;
    }
    let evidence = entity.map(|entity| about(entity)).unwrap_or_default();
    found(Verdict::DuplicateInConfig, Evidence { others, ..evidence })
}

fn moved(facts: &Facts<'_, '_>) -> Answer {
    if !facts.creates() {
        return None;
    }
    let [entity] = facts.exact.as_slice() else {
        return None;
    };
    let holders = facts.other_holders(&entity.id);
    if holders.is_empty() {
        return None;
    }
    let others = holders.into_iter().map(|holder| holder.address.clone()).collect();
    found(Verdict::Moved, Evidence { others, drift: facts.drift_from(entity), ..about(entity) })
}

fn other_owner(facts: &Facts<'_, '_>) -> Answer {
    if !facts.creates() {
        return None;
    }
    let [entity] = facts.exact.as_slice() else {
        return None;
    };
    let owners = facts.other_owners(&entity.id);
    if owners.is_empty() {
        return None;
    }
    let (other_states, others) = owners
        .into_iter()
        .map(|(state, tracked)| (state.label.clone(), tracked.address.clone()))
        .unzip();
    found(
        Verdict::OtherOwner,
        Evidence { other_states, others, drift: facts.drift_from(entity), ..about(entity) },
    )
}

fn exact_candidates(entities: &[&Entity]) -> Vec<Candidate> {
    let mut candidates: Vec<_> = entities
        .iter()
        .map(|entity| Candidate { entity: (*entity).clone(), differs: Vec::new() })
        .collect();
    candidates.sort_by(|a, b| a.entity.id.cmp(&b.entity.id));
    candidates
}

/// The name leads to an entity, but the log that was given may be about another org's.
fn of_several_units(facts: &Facts<'_, '_>) -> Answer {
    if !facts.creates() || !facts.subject.is_of_several_units || facts.exact.is_empty() {
        return None;
    }
    let reason = Reason::SeveralUnits(facts.units_of_failures());
    let candidates = exact_candidates(&facts.exact);
    found(Verdict::Ambiguous, Evidence { reason, candidates, ..Evidence::default() })
}

fn ambiguous(facts: &Facts<'_, '_>) -> Answer {
    if !facts.creates() {
        return None;
    }
    let candidates = match facts.exact.as_slice() {
        [] => facts.near(),
        several => exact_candidates(several),
    };
    (candidates.len() > 1)
        .then(|| (Verdict::Ambiguous, Evidence { candidates, ..Evidence::default() }))
}

fn adopt(facts: &Facts<'_, '_>) -> Answer {
    if !facts.creates() {
        return None;
    }
    let [entity] = facts.exact.as_slice() else {
        return None;
    };
    let drift = facts.drift_from(entity);
    let reason = match facts.failed_create() {
        Some(failure) if failure.is_self_made => Reason::SelfMade,
        _ => Reason::Plain,
    };
    let verdict = if drift.is_empty() { Verdict::Adopt } else { Verdict::AdoptWithDrift };
    found(verdict, Evidence { drift, reason, ..about(entity) })
}

fn deleted_twin(facts: &Facts<'_, '_>) -> Answer {
    facts.failed_create()?;
    let twins = facts.deleted_twins();
    let twin = *twins.first()?;
    (facts.creates() && facts.exact.is_empty())
        .then(|| (Verdict::DeletedTwin, Evidence { drift: facts.drift_from(twin), ..about(twin) }))
}

fn near_miss(facts: &Facts<'_, '_>) -> Answer {
    if !facts.creates() || !facts.exact.is_empty() {
        return None;
    }
    let candidates = facts.near();
    let entity = candidates.first()?.entity.clone();
    let drift = facts.drift_from(&entity);
    found(Verdict::NearMiss, Evidence { candidates, drift, ..Evidence::default() })
}

fn hidden(facts: &Facts<'_, '_>) -> Answer {
    (facts.creates() && facts.exact.is_empty() && facts.was_told_duplicate())
        .then(|| (Verdict::Hidden, Evidence::default()))
}

fn create(facts: &Facts<'_, '_>) -> Answer {
    (facts.creates() && facts.exact.is_empty()).then(|| {
        (Verdict::Create, Evidence { candidates: facts.look_alikes(), ..Evidence::default() })
    })
}

fn managed(facts: &Facts<'_, '_>) -> Answer {
    let tracked_id = facts.subject.tracked.map(|tracked| tracked.id.clone());
    found(Verdict::Managed, Evidence { tracked_id, ..Evidence::default() })
}
