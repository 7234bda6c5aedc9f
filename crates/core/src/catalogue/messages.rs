//! What a finding or a headline means, in one or two sentences.
//!
//! Never decides. Invariant: names reach a text only through [`Shown::visible`].

use super::changes::{Tense, changes};
use crate::finding::{Evidence, Finding, Headline, Reason};
use crate::shown::Shown;
use crate::verdict::{HeadlineKind, Verdict};

/// Says what a headline means for this run.
pub fn headline_message(headline: &Headline) -> String {
    let Headline { count, of, .. } = headline;
    match headline.kind {
        HeadlineKind::ErroredState => "The state of an earlier apply was never saved (errored.tfstate): it has to be pushed before anything is imported.".to_owned(),
        HeadlineKind::RestrictedView => format!("This client sees only the home division, yet {count} tracked or refused names are not to be seen: absence proves nothing here."),
        HeadlineKind::WrongOrg => format!("None of the {of} tracked ids is in this org ({count} absent): the credentials or the region belong to another org."),
        HeadlineKind::MissingState => format!("There is no state at all, and {count} of {of} planned names exist: this looks like a missing state, not like {count} conflicts."),
        HeadlineKind::Limit => format!("{count} are to be created, but the org has room for {of}."),
        HeadlineKind::IncompleteListing => format!("The org's listing contradicts itself after {of} entries, so {count} names that it lacks may exist all the same."),
    }
}

/// Says what a finding means for its instance, in one or two sentences.
pub fn message(finding: &Finding) -> String {
    let evidence = &finding.evidence;
    let noun = finding.kind.map_or("entity", |kind| kind.noun);
    let name = finding.name.as_ref().map_or_else(|| "its name".to_owned(), Shown::visible);
    let id = evidence.entity.as_ref().map(|entity| entity.id.to_string()).unwrap_or_default();
    let tracked_id = evidence.tracked_id.as_ref().map(ToString::to_string).unwrap_or_default();
    let others = match evidence.others.as_slice() {
        // The plugin protocol tells no addresses.
        [] => "another address".to_owned(),
        others => join(others.iter().map(ToString::to_string)),
    };
    let mut text = match finding.verdict {
        Verdict::UnresolvedCredentials => {
            let alias =
                finding.alias.as_ref().map_or("its provider configuration", |alias| alias.as_str());
            let reason = match &evidence.reason {
                Reason::Credentials(reason) => reason.as_str(),
                _ => "no credentials",
            };
            format!("{name} was not looked up: the org of {alias} could not be asked ({reason}).")
        }
        Verdict::NotAConflict => not_a_conflict(evidence, &name, noun),
        Verdict::MovePending => format!(
            "The plan moves it here from {others}; the next apply does that, divvy keeps its hands off."
        ),
        Verdict::PlannedImport => planned_import(evidence, &name, &id, &tracked_id, noun),
        Verdict::DoubleTracked => format!(
            "The state holds {noun} {tracked_id} here and at {others}: destroying one destroys both."
        ),
        Verdict::Stale if evidence.entity.is_none() => format!(
            "The state holds {tracked_id}, which the org no longer has; several others have the name {name}: {}.",
            candidates(evidence)
        ),
        Verdict::Stale if !evidence.others.is_empty() => format!(
            "The state holds {tracked_id}, which the org no longer has; {name} is now {id}, and {others} holds that one."
        ),
        Verdict::Stale => format!(
            "The state holds {tracked_id}, which the org no longer has; {name} is now {id}."
        ),
        Verdict::Gone => format!(
            "The state holds {tracked_id}, which the org no longer has, and {name} is free: the next apply creates it again."
        ),
        Verdict::Tainted => format!(
            "{name} ({tracked_id}) is tainted: the next apply would delete it and make another."
        ),
        Verdict::Home => home(evidence, &name, &id),
        Verdict::UnknownName => {
            "The name is known only after apply; nothing can be compared yet.".to_owned()
        }
        Verdict::ReplaceCycle => format!(
            "The replacement is made before {tracked_id} goes, and that one has the name {name}: 409."
        ),
        Verdict::RenameChain => format!(
            "It takes the name {name} over from {id}, which {others} is to give up in the same apply: 409 in one order, a mix-up in the other."
        ),
        Verdict::RenameClash => format!(
            "It is to be renamed to {name}, and {id} has that name: the update will be refused with 409."
        ),
        Verdict::DuplicateInConfig if evidence.reason == Reason::HomeTwice => {
            format!("It claims the home division, and so does {others}.")
        }
        Verdict::DuplicateInConfig => {
            format!("{name} is also wanted by {others}: one gets it, the other a 409.")
        }
        Verdict::Moved => format!(
            "{name} ({id}) is already managed, at {others}, which the configuration no longer has: the plan {}.",
            match evidence.reason {
                Reason::HolderIsForgotten =>
                    "forgets it there (removed block) and creates another here: 409",
                _ => "would delete it",
            }
        ),
        Verdict::OtherOwner => format!(
            "{name} ({id}) is managed by another state: {} as {others}.",
            evidence.other_states.join(", ")
        ),
        Verdict::Ambiguous => ambiguous(evidence, &name),
        Verdict::Adopt | Verdict::AdoptWithDrift => adopt(finding, &name, &id),
        Verdict::DeletedTwin => format!("{name} is taken by the deleted {noun} {id}."),
        Verdict::NearMiss => {
            let mut text = format!("{name} is not in the org, but {} is.", candidates(evidence));
            if let Some(changes) = changes(&evidence.drift, Tense::Coming) {
                text.push_str(&format!(" If that one is adopted, the next apply {changes}."));
            }
            text
        }
        Verdict::Hidden => {
            format!("The API says that {name} exists, but this client cannot see it.")
        }
        Verdict::Create if evidence.candidates.is_empty() => {
            format!("{name} is not in the org; the apply creates it.")
        }
        Verdict::Create => format!(
            "{name} is not in the org; the apply creates it. It looks like {}.",
            candidates(evidence)
        ),
        Verdict::Managed => match changes(&evidence.drift, Tense::Coming) {
            Some(changes) => format!("{id} is managed here, and the next apply {changes}."),
            None => format!("{name} is managed."),
        },
    };
    if finding.also.contains(&Verdict::DuplicateInConfig) {
        text.push_str(&format!(" {others} wants nearly the same name."));
    }
    text
}

fn join(texts: impl Iterator<Item = String>) -> String {
    texts.collect::<Vec<_>>().join(", ")
}

fn ambiguous(evidence: &Evidence, name: &str) -> String {
    match &evidence.reason {
        Reason::SeveralUnits(units) => format!(
            "{} is in the org, and the log tells of this address in {}: which of them is this directory is not known.",
            candidates(evidence),
            units.join(" and in ")
        ),
        _ => {
            let are_near = evidence.candidates.iter().all(|one| !one.differs.is_empty());
            let rename = if are_near {
                format!(" Whichever is adopted, the next apply renames it to {name}.")
            } else {
                String::new()
            };
            format!("{name} could be any of {}.{rename}", candidates(evidence))
        }
    }
}

/// Names candidates with what differs.
fn candidates(evidence: &Evidence) -> String {
    join(evidence.candidates.iter().map(|candidate| {
        let differs = join(candidate.differs.iter().map(|way| way.words().to_owned()));
        let name = candidate.entity.key.visible();
        if differs.is_empty() {
            format!("{name} ({})", candidate.entity.id)
        } else {
            format!("{name} ({}; differs in {differs})", candidate.entity.id)
        }
    }))
}

fn adopt(finding: &Finding, name: &str, id: &str) -> String {
    let evidence = &finding.evidence;
    let mut text = format!("{name} exists as {id}");
    if finding.verdict == Verdict::AdoptWithDrift {
        let changes = changes(&evidence.drift, Tense::Conditional).unwrap_or_default();
        text.push_str(&format!(", but differs: an apply after the import {changes}"));
    }
    if evidence.reason == Reason::SelfMade {
        text.push_str("; an earlier try of the same run made it");
    }
    text.push('.');
    text
}

fn not_a_conflict(evidence: &Evidence, name: &str, noun: &str) -> String {
    match evidence.reason {
        Reason::StateStorage => "The state's storage refused or is locked; no entity is in the way. Look after the state first.".to_owned(),
        Reason::NameIsFree => format!("The create failed, but no {noun} is called {name} now: nothing is in the way any more."),
        _ => format!("Not the create of a {}: no taken name is behind this failure.", if noun == "entity" { "division" } else { noun }),
    }
}

fn planned_import(
    evidence: &Evidence,
    name: &str,
    id: &str,
    planned_id: &str,
    noun: &str,
) -> String {
    match evidence.reason {
        Reason::ImportedIdAbsent => format!(
            "The configuration imports {planned_id} here, but the org has no such {noun}: the whole plan fails."
        ),
        Reason::ImportedIdUnseen => format!(
            "The configuration imports {planned_id} here. This client does not see that {noun}, which proves nothing."
        ),
        Reason::ImportedNameDiffers => {
            let changes = changes(&evidence.drift, Tense::Coming).unwrap_or_default();
            format!(
                "The configuration imports {id} here, but that one is not called {name}: the apply {changes}."
            )
        }
        Reason::ImportedHome => format!(
            "The configuration imports {id} here, and `home` does not fit it: this would delete a division or replace Home."
        ),
        _ => format!("The configuration already imports {name} ({id}) here."),
    }
}

fn home(evidence: &Evidence, name: &str, id: &str) -> String {
    match evidence.reason {
        Reason::HomeNameOfAnother => format!(
            "`home = true`, but {name} is another division: this would end with that division deleted and Home ({id}) renamed."
        ),
        Reason::HomeRename => format!(
            "`home = true`, but Home ({id}) has another name: this apply would rename Home to {name}."
        ),
        Reason::HomeMatches => {
            format!("{name} is the home division ({id}), and the block says so.")
        }
        _ => format!(
            "{name} is the org's home division ({id}), and the block lacks `home = true`: it can be neither created nor imported like this."
        ),
    }
}
