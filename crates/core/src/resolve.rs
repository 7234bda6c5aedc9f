//! The decision: from a survey to one finding per instance, and headlines about the run.
//!
//! Read [`RULES`] from top to bottom: the first rule that answers gives the verdict, the last one
//! always answers. No I/O, no policy: what is *done* about a finding is [`crate::decide`].
//!
//! Invariants (properties in the tests): the order of inputs is irrelevant; never `create` for a
//! visible name; never an action on the home entity or on an id that another address holds.

use std::sync::Arc;

use crate::address::Address;
use crate::facts::Facts;
use crate::failure::{Origin, Shape};
use crate::finding::{Evidence, Finding, Reason, Resolution};
use crate::headlines::headlines;
use crate::name::{self, Likeness};
use crate::survey::{AliasTarget, Change, Planned, Survey};
use crate::verdict::Verdict;
use crate::world::{Existence, World};

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
    let findings: Vec<_> =
        world.subjects().into_iter().filter_map(|subject| finding(&world.facts(subject))).collect();
    Resolution { headlines: headlines(&world, &findings), findings }
}

/// Resolves one address of a survey, together with those that want its name: what an id may be
/// taken for depends on no others. As [`resolve`] does, but for the headlines: only those that stop
/// every write are there, since the others count findings.
pub fn resolve_at(survey: &Survey, address: &Address) -> Resolution {
    let world = World::new(survey);
    let own = world.facts(world.subject_at(address));
    let mut addresses = own.rivals();
    addresses.push(address);
    addresses.sort();
    let subjects = addresses.into_iter().map(|address| world.subject_at(address));
    let findings: Vec<_> = subjects.filter_map(|subject| finding(&world.facts(subject))).collect();
    let mut headlines = headlines(&world, &findings);
    headlines.retain(|headline| headline.kind.stops_writing());
    Resolution { headlines, findings }
}

/// The first answer gives the verdict; what else applies stands beside it.
fn finding(facts: &Facts<'_, '_>) -> Option<Finding> {
    let mut answers = RULES.iter().filter_map(|rule| rule(facts));
    let (verdict, mut evidence) = answers.next()?;
    let mut also = Vec::new();
    for (other, more) in answers {
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
        evidence.others.extend(cloned(near_rivals));
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
        name: facts.wanted.as_ref().map(|wanted| wanted.to_string().into()),
        evidence,
    };
    let sensitive = facts.sensitive(&finding.evidence.others);
    finding.conceal(&sensitive);
    Some(finding)
}

/// The answer where a reason is all the evidence.
fn because(verdict: Verdict, reason: Reason) -> (Verdict, Evidence) {
    (verdict, Evidence { reason, ..Evidence::default() })
}

fn cloned(addresses: Vec<&Address>) -> Vec<Address> {
    addresses.into_iter().cloned().collect()
}

fn unresolved_credentials(facts: &Facts<'_, '_>) -> Answer {
    let imports = facts.subject.planned.is_some_and(|planned| planned.import_id.is_some());
    if facts.org.is_some() || !(facts.makes_an_object() || imports) {
        return None;
    }
    let reason = match facts.alias.and_then(|alias| facts.world.survey.aliases.get(alias)) {
        Some(AliasTarget::Unresolved(reason)) => reason.clone(),
        Some(AliasTarget::Org(_)) | None => "no org is known for it".to_owned(),
    };
    Some(because(Verdict::UnresolvedCredentials, Reason::Credentials(reason)))
}

fn not_a_conflict(facts: &Facts<'_, '_>) -> Answer {
    let failure = facts.subject.failure?;
    if facts.subject.tracked.is_some() && facts.change() != Some(Change::Update) {
        return None;
    }
    if matches!(failure.shape, Shape::StateNotSaved | Shape::Locked) {
        return Some(because(Verdict::NotAConflict, Reason::StateStorage));
    }
    if facts.kind.is_none() || facts.failed_create().is_none() {
        // A clashing rename is better told by its own rule.
        return match rename_chain_or_clash(facts) {
            Some(_) => None,
            None => Some(because(Verdict::NotAConflict, Reason::OtherRequest)),
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
    if told_duplicate && (failure.origin == Origin::Live || !facts.listing_proves_absence()) {
        return None;
    }
    Some(because(Verdict::NotAConflict, Reason::NameIsFree))
}

fn move_pending(facts: &Facts<'_, '_>) -> Answer {
    let planned = facts.subject.planned?;
    let previous =
        planned.previous_address.as_ref().filter(|previous| **previous != planned.address)?;
    Some((Verdict::MovePending, Evidence { others: vec![previous.clone()], ..Evidence::default() }))
}

fn planned_import(facts: &Facts<'_, '_>) -> Answer {
    let id = facts.subject.planned?.import_id.as_ref()?;
    let unseen = |reason| {
        let tracked_id = Some(id.clone());
        Some((Verdict::PlannedImport, Evidence { reason, tracked_id, ..Evidence::default() }))
    };
    let entity = match facts.world.existence_of(facts.org?, facts.kind?, id) {
        Existence::Present(entity) => entity,
        Existence::Absent => return unseen(Reason::ImportedIdAbsent),
        Existence::Unproven => return unseen(Reason::ImportedIdUnseen),
    };
    let reason = if entity.is_home != facts.wants_home() {
        Reason::ImportedHome
    } else if facts.wanted.is_some() && !facts.exact.iter().any(|exact| exact.id == *id) {
        Reason::ImportedNameDiffers
    } else {
        Reason::ImportIsRight
    };
    let drift = facts.changes_to(entity);
    Some((Verdict::PlannedImport, Evidence { reason, drift, ..Evidence::of(entity) }))
}

fn double_tracked(facts: &Facts<'_, '_>) -> Answer {
    let tracked = facts.subject.tracked?;
    // A `removed` block without destroy is the remedy: after it, one address holds the id.
    if facts.is_forgotten() {
        return None;
    }
    let mut others = facts.other_addresses(&tracked.id);
    others.retain(|other| !facts.forgets(other));
    let tracked_id = Some(tracked.id.clone());
    (!others.is_empty())
        .then(|| (Verdict::DoubleTracked, Evidence { others, tracked_id, ..Evidence::default() }))
}

fn stale_or_gone(facts: &Facts<'_, '_>) -> Answer {
    let tracked = facts.subject.tracked?;
    // What the plan takes out of the state anyway needs no repair, and is not made again.
    if facts.existence()? != Existence::Absent || facts.leaves_the_configuration() {
        return None;
    }
    let tracked_id = Some(tracked.id.clone());
    Some(match facts.exact.as_slice() {
        [] => (Verdict::Gone, Evidence { tracked_id, ..Evidence::default() }),
        [entity] if entity.is_home && !facts.wants_home() => return None,
        [entity] => {
            let others = facts.other_addresses(&entity.id);
            (Verdict::Stale, Evidence { tracked_id, others, ..facts.about(entity) })
        }
        _ => {
            let candidates = facts.exact_candidates();
            (Verdict::Stale, Evidence { tracked_id, candidates, ..Evidence::default() })
        }
    })
}

fn tainted(facts: &Facts<'_, '_>) -> Answer {
    let tracked = facts.subject.tracked.filter(|tracked| tracked.is_tainted)?;
    if facts.is_forgotten() {
        return None;
    }
    let evidence = match facts.existence() {
        Some(Existence::Present(entity)) => Evidence::of(entity),
        _ => Evidence::default(),
    };
    Some((Verdict::Tainted, Evidence { tracked_id: Some(tracked.id.clone()), ..evidence }))
}

fn home(facts: &Facts<'_, '_>) -> Answer {
    let is_stale = facts.existence() == Some(Existence::Absent);
    if !facts.makes_an_object() && !is_stale {
        return None;
    }
    if !facts.wants_home() {
        let entity = facts.exact.iter().find(|entity| entity.is_home)?;
        let reason = Reason::HomeFlagMissing;
        return Some((Verdict::Home, Evidence { reason, ..Evidence::of(entity) }));
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
    let evidence = home.map(|home| facts.about(home)).unwrap_or_default();
    Some((Verdict::Home, Evidence { reason, ..evidence }))
}

fn unknown_name(facts: &Facts<'_, '_>) -> Answer {
    (facts.makes_an_object() && facts.wanted.is_none())
        .then(|| (Verdict::UnknownName, Evidence::default()))
}

fn replace_cycle(facts: &Facts<'_, '_>) -> Answer {
    let mut exact = facts.exact.iter();
    if facts.creates() {
        // What such a replacement left behind when it was cut short: imported, it would be deleted.
        let (entity, holder) =
            exact.find_map(|entity| Some((entity, facts.deposed_holder(&entity.id)?)))?;
        let tracked_id = Some(holder.id.clone());
        return Some((Verdict::ReplaceCycle, Evidence { tracked_id, ..Evidence::of(entity) }));
    }
    let Some(Change::Replace { create_first: true }) = facts.change() else {
        return None;
    };
    let tracked = facts.subject.tracked?;
    let entity = exact.find(|entity| entity.id == tracked.id)?;
    let tracked_id = Some(tracked.id.clone());
    Some((Verdict::ReplaceCycle, Evidence { tracked_id, ..Evidence::of(entity) }))
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
    let verdict = match facts.change()? {
        _ if leaves => Verdict::RenameChain,
        Change::Create => return None,
        _ => Verdict::RenameClash,
    };
    let others = facts.other_addresses(&entity.id);
    Some((verdict, Evidence { others, tracked_id: own_id.cloned(), ..Evidence::of(entity) }))
}

fn duplicate_in_config(facts: &Facts<'_, '_>) -> Answer {
    if !facts.creates() {
        return None;
    }
    let home_rivals = facts.home_rivals();
    if facts.wants_home() && !home_rivals.is_empty() {
        let (reason, others) = (Reason::HomeTwice, cloned(home_rivals));
        let evidence = Evidence { others, reason, ..Evidence::default() };
        return Some((Verdict::DuplicateInConfig, evidence));
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
    let evidence = entity.map(|entity| Evidence::of(entity)).unwrap_or_default();
    Some((Verdict::DuplicateInConfig, Evidence { others, ..evidence }))
}

fn moved(facts: &Facts<'_, '_>) -> Answer {
    let entity = facts.only_match()?;
    let others = facts.other_addresses(&entity.id);
    let are_forgotten = others.iter().all(|other| facts.forgets(other));
    let reason = if are_forgotten { Reason::HolderIsForgotten } else { Reason::Plain };
    (!others.is_empty())
        .then(|| (Verdict::Moved, Evidence { others, reason, ..facts.about(entity) }))
}

fn other_owner(facts: &Facts<'_, '_>) -> Answer {
    let entity = facts.only_match()?;
    let (other_states, others): (Vec<_>, Vec<_>) = facts
        .other_owners(&entity.id)
        .into_iter()
        .map(|(state, tracked)| (state.label.clone(), tracked.address.clone()))
        .unzip();
    (!others.is_empty())
        .then(|| (Verdict::OtherOwner, Evidence { other_states, others, ..facts.about(entity) }))
}

/// The name leads to an entity, but the log that was given may be about another org's.
fn of_several_units(facts: &Facts<'_, '_>) -> Answer {
    if !facts.creates() || !facts.subject.is_of_several_units || facts.exact.is_empty() {
        return None;
    }
    let reason = Reason::SeveralUnits(facts.units_of_failures());
    let candidates = facts.exact_candidates();
    Some((Verdict::Ambiguous, Evidence { reason, candidates, ..Evidence::default() }))
}

fn ambiguous(facts: &Facts<'_, '_>) -> Answer {
    if !facts.creates() {
        return None;
    }
    let candidates = match facts.exact.as_slice() {
        [] => facts.near(),
        _ => facts.exact_candidates(),
    };
    (candidates.len() > 1)
        .then(|| (Verdict::Ambiguous, Evidence { candidates, ..Evidence::default() }))
}

fn adopt(facts: &Facts<'_, '_>) -> Answer {
    let evidence = facts.about(facts.only_match()?);
    let reason = match facts.failed_create() {
        Some(failure) if failure.is_self_made => Reason::SelfMade,
        _ => Reason::Plain,
    };
    let verdict = if evidence.drift.is_empty() { Verdict::Adopt } else { Verdict::AdoptWithDrift };
    Some((verdict, Evidence { reason, ..evidence }))
}

fn deleted_twin(facts: &Facts<'_, '_>) -> Answer {
    facts.failed_create()?;
    let twin = *facts.deleted_twins().first()?;
    facts.lacks_a_match().then(|| (Verdict::DeletedTwin, facts.about(twin)))
}

fn near_miss(facts: &Facts<'_, '_>) -> Answer {
    let candidates = facts.near();
    let nearest = facts.listing?.entity(&candidates.first()?.entity.id)?;
    let drift = facts.changes_to(nearest);
    facts
        .lacks_a_match()
        .then(|| (Verdict::NearMiss, Evidence { candidates, drift, ..Evidence::default() }))
}

fn hidden(facts: &Facts<'_, '_>) -> Answer {
    (facts.lacks_a_match() && facts.was_told_duplicate())
        .then(|| (Verdict::Hidden, Evidence::default()))
}

fn create(facts: &Facts<'_, '_>) -> Answer {
    let candidates = facts.look_alikes();
    facts.lacks_a_match().then(|| (Verdict::Create, Evidence { candidates, ..Evidence::default() }))
}

#[expect(clippy::unnecessary_wraps, reason = "a rule, the one that always answers")]
fn managed(facts: &Facts<'_, '_>) -> Answer {
    let tracked_id = facts.subject.tracked.map(|tracked| tracked.id.clone());
    let evidence = match facts.existence() {
        // The live entity is called something else: an adopted near name, or a refused rename.
        Some(Existence::Present(entity)) if facts.stays() && !facts.keeps_its_key() => {
            Evidence { drift: facts.changes_to(entity), ..Evidence::of(entity) }
        }
        _ => Evidence::default(),
    };
    Some((Verdict::Managed, Evidence { tracked_id, ..evidence }))
}
