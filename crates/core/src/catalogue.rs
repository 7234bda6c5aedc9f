//! The texts: what each verdict and headline means, and what a finding says to a person.
//!
//! Never decides. Invariant: each verdict and headline has an entry (the matches are exhaustive),
//! and names reach a text only through [`crate::name::visible`].

use crate::entity::{Entity, EntityId};
use crate::finding::{Evidence, Finding, Headline, Reason};
use crate::name::visible;
use crate::verdict::{HeadlineKind, Verdict};

/// One page of the catalogue.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// The stable code.
    pub code: &'static str,
    /// The word in JSON.
    pub word: &'static str,
    /// What it is, in one line.
    pub title: &'static str,
    /// When it is said, and why.
    pub meaning: &'static str,
    /// What `divvy fix` does about it.
    pub fix: &'static str,
    /// What it looks like.
    pub example: &'static str,
}

/// Returns the page of a code (`DVY101`, in any letter case) or of a word (`adopt`).
pub fn entry(code_or_word: &str) -> Option<Entry> {
    let wanted = code_or_word.trim();
    entries().find(|entry| entry.code.eq_ignore_ascii_case(wanted) || entry.word == wanted)
}

/// Returns the page whose code or word comes nearest to a text that may be meant as one: it begins
/// as a code does, or differs from a word in a few letters.
pub fn nearest(text: &str) -> Option<Entry> {
    const MOST_WRONG: usize = 2;
    let wanted = text.trim().to_ascii_uppercase();
    let distance = |entry: &Entry| {
        let word = strsim::osa_distance(&wanted, &entry.word.to_ascii_uppercase());
        word.min(strsim::osa_distance(&wanted, entry.code))
    };
    let is_meant = |distance: usize| wanted.starts_with("DVY") || distance <= MOST_WRONG;
    let near = entries().map(|entry| (distance(&entry), entry.code, entry));
    near.min_by_key(|(distance, code, _)| (*distance, *code))
        .filter(|(distance, ..)| is_meant(*distance))
        .map(|(.., entry)| entry)
}

/// Returns every page, verdicts first.
pub fn entries() -> impl Iterator<Item = Entry> {
    let verdicts = Verdict::ALL.iter().map(|verdict| verdict_entry(*verdict));
    verdicts.chain(HeadlineKind::ALL.iter().map(|headline| headline_entry(*headline)))
}

/// Returns the page of a verdict.
pub fn verdict_entry(verdict: Verdict) -> Entry {
    let [title, meaning, fix, example] = match verdict {
        Verdict::UnresolvedCredentials => [
            "no credentials for this provider configuration",
            "The provider block (or the environment) of this alias leads to no client or token, so its org could not be read. Nothing is guessed from another alias.",
            "Nothing. Name a gc profile for the alias: --org ALIAS=PROFILE.",
            "provider \"genesyscloud\" { alias = \"prod\" } with credentials that only CI knows",
        ],
        Verdict::NotAConflict => [
            "a failure, but no taken name",
            "The refused request was not the create of this kind (another method or path, the state's storage, a lock), or the org, fully listed, has no such name any more.",
            "Nothing. Usually the same apply succeeds when it is run again.",
            "409 from PUT /api/v2/architect/schedules/…",
        ],
        Verdict::MovePending => [
            "the plan itself moves this address",
            "A `moved` block takes an object of the state to this address. Importing now would leave the old one behind, and the next plan would destroy the live entity.",
            "Nothing. Run terraform apply.",
            "moved {\n  from = genesyscloud_auth_division.a\n  to   = module.m.genesyscloud_auth_division.a\n}",
        ],
        Verdict::PlannedImport => [
            "the plan already imports it",
            "The configuration holds an import block for this address. divvy checks its id and name and never writes a second one.",
            "Nothing. If the import is right, terraform apply carries it out.",
            "import { to = genesyscloud_auth_division.eng  id = \"…\" }",
        ],
        Verdict::DoubleTracked => [
            "one id at two addresses of the state",
            "Two addresses manage one entity: deleting either destroys it for both.",
            "Nothing. Take one of them out of the state with terraform state rm.",
            "state rm genesyscloud_auth_division.old",
        ],
        Verdict::Stale => [
            "the state holds an id that is gone; the name lives under another id",
            "The entity was deleted and made again outside Terraform. The API, asked for the id itself, says 404. An import block is ignored while the address is occupied, so every apply ends in 409.",
            "With --repair: journal, state rm, import of the living id.",
            "state: 4f6e… (absent), org: \"Retail\" is 18ae…",
        ],
        Verdict::Gone => [
            "the state holds an id that is gone, and the name is free",
            "The entity was deleted outside Terraform. The next apply makes it again.",
            "Nothing.",
            "state: 4f6e… (absent), no \"Retail\" in the org",
        ],
        Verdict::Tainted => [
            "tainted: the next apply deletes the real entity and makes another",
            "An earlier create was interrupted after the entity was made. Destroying it would lose its members and grants, and the new one gets another id.",
            "With --repair: terraform untaint.",
            "an apply that was stopped while the provider waited for a reply",
        ],
        Verdict::Home => [
            "the home division, asked for in a way that must not be carried out",
            "Home always exists. Without `home = true` an import plans to replace it, which ends in 409 and an empty state. With `home = true` under another name, Home is renamed; and an import of an ordinary division with `home = true` deletes that division.",
            "Never imports it as it stands; no flag changes that. With --home it adopts Home where the block says `home = true` and has Home's name.",
            "resource \"genesyscloud_auth_division\" \"home\" { name = \"Home\" }",
        ],
        Verdict::UnknownName => [
            "the name is known only after apply",
            "The name is built from something that does not exist yet, so nothing can be compared.",
            "Nothing in this round; a later round sees the name once its parts are known.",
            "name = \"Team ${genesyscloud_auth_division.a.id}\"",
        ],
        Verdict::ReplaceCycle => [
            "a create_before_destroy replacement meets its own name",
            "Terraform would make the new object before it deletes the old one, and the old one has the name.",
            "Nothing. Remove create_before_destroy for this block, or rename first.",
            "lifecycle { create_before_destroy = true }",
        ],
        Verdict::RenameChain => [
            "planned renames hand names on to one another",
            "An entry was inserted into (or taken out of) a `count` list, so each instance takes its neighbour's name. The API refuses the first of them with 409, in an order that nobody controls.",
            "Nothing, before anything is renamed. Use for_each with the names as keys, or `moved` blocks.",
            "[0] A -> X, [1] B -> A, [2] creates B",
        ],
        Verdict::RenameClash => [
            "a planned rename goes to a name that another entity has",
            "The update (PUT) will be refused with 409. Afterwards the state claims the new name although the org kept the old one: believe the API.",
            "Nothing. Choose another name, or adopt the entity that has it.",
            "\"Engineering\" -> \"Taken\", and \"Taken\" exists",
        ],
        Verdict::DuplicateInConfig => [
            "two addresses want one name in one org",
            "One of them would be created (or is tracked), the other refused with 409; which one is chance.",
            "Nothing. Remove one block, or give it another name.",
            "genesyscloud_auth_division.retail and module.shops.genesyscloud_auth_division.this",
        ],
        Verdict::Moved => [
            "the entity is tracked at an address that the configuration no longer has",
            "The address was renamed (or got a key) without a `moved` block. The plan deletes the live entity under the old address while it creates the new one; in the wrong order that is a 409 and a loss.",
            "Never imports. With --repair: terraform state mv.",
            "state: region (no key), configuration: region[\"EMEA\"]",
        ],
        Verdict::OtherOwner => [
            "another state manages this entity",
            "A state named with --other-state holds the id. With two owners, a destroy in either deletes it for both.",
            "Asks. Take it out there first (removed block, state rm), or use a data source here.",
            "roots/legacy holds it as genesyscloud_auth_division.claims",
        ],
        Verdict::Ambiguous => [
            "several entities could be meant",
            "Several have the name exactly, or none exactly and several nearly. Or a log of several units tells of the address, and which of them is this directory is not known. Nothing is chosen by order.",
            "Asks: --id ADDR=ID, or --unit UNIT for the log.",
            "\"claims\" is wanted; \"Claims\" and \"CLAIMS\" exist",
        ],
        Verdict::Adopt => [
            "exists, and can be adopted",
            "Exactly one entity has this name, no address holds its id, and importing it changes nothing.",
            "Imports it, through a plan that is checked to import and nothing else.",
            "\"Engineering\" is 5a0bbc2a-…",
        ],
        Verdict::AdoptWithDrift => [
            "exists, but differs from the configuration",
            "Importing it is right, but the apply after that would change the live entity: a description that the configuration lacks would be blanked.",
            "Asks. --adopt-drifted imports and leaves the org as it is (the plan is not clean then); --accept-drift imports and updates exactly these.",
            "description: configuration none, org \"Owned by IT\"",
        ],
        Verdict::DeletedTwin => [
            "a deleted entity still has the name",
            "The create was refused, nothing visible has the name, but the list of deleted ones does.",
            "Says so and prints the request that restores it; divvy never restores by itself, because members and grants come back too.",
            "POST /api/v2/authorization/divisions/{id}/restore",
        ],
        Verdict::NearMiss => [
            "no exact match, but one nearly",
            "One entity differs only in letter case, blanks, compatibility characters or look-alike letters. The platform may take both for one name; adopting it would rename it.",
            "Asks: --id ADDR=ID takes it, --new ADDR says that it is another.",
            "\"marketing\" is wanted; \"Marketing\" exists",
        ],
        Verdict::Hidden => [
            "the API said 409, and nothing is to be seen",
            "In order of likelihood: the client's role is granted in some divisions only (a role in Home alone sees Home alone); the listing lags behind; the credentials belong to another org.",
            "Asks. An id that you know is tested and taken with --id ADDR=ID.",
            "409 for \"Engineering\", which the listing lacks",
        ],
        Verdict::Create => [
            "not in the org: will be created",
            "Nothing has this name, so the apply can create it.",
            "Nothing.",
            "\"Claims\" is free",
        ],
        Verdict::Managed => [
            "tracked and well",
            "The state's id exists, and nothing stands in its way.",
            "Nothing; it is not printed.",
            "genesyscloud_auth_division.eng",
        ],
    };
    Entry { code: verdict.code(), word: verdict.word(), title, meaning, fix, example }
}

/// Returns the page of a headline.
pub fn headline_entry(headline: HeadlineKind) -> Entry {
    let [title, meaning, fix, example] = match headline {
        HeadlineKind::ErroredState => [
            "an earlier state was never saved",
            "An errored.tfstate lies here, or the log says that saving the state failed. It knows entities that the stored state does not: importing them by hand would block the proper repair.",
            "Writes nothing. Run terraform state push errored.tfstate first, then terraform plan.",
            "Error: Failed to save state",
        ],
        HeadlineKind::RestrictedView => [
            "only the home division is visible",
            "The client sees Home and nothing else, although ids are tracked or a create met 409. What is absent from such a view may well exist.",
            "Treats nothing as stale or gone and repairs nothing. Grant the role in all divisions, then run again.",
            "a role granted in Home only",
        ],
        HeadlineKind::WrongOrg => [
            "none of the tracked ids is in this org",
            "Two or more tracked ids, all absent, in an org that shows more than Home: the credentials or the region belong to another org.",
            "Writes nothing. Check region and client: divvy doctor.",
            "12 of 12 tracked ids are absent",
        ],
        HeadlineKind::MissingState => [
            "there is no state at all, and everything planned exists",
            "`state pull` prints nothing and at least three planned names all exist: probably the workspace, the backend or the directory is wrong, or CI threw its state away.",
            "Asks once for the set; --yes alone does not cover it, --adopt-all does. Without a shared backend the adopted state is lost again after the job.",
            "6 of 6 planned divisions exist, no backend is configured",
        ],
        HeadlineKind::Limit => [
            "the planned creates exceed what the org may hold",
            "The org's limit leaves less room than the plan creates.",
            "Adopts all the same; the creates beyond the limit will fail. Delete some, or ask for a higher limit.",
            "12 to create, room for 3",
        ],
    };
    Entry { code: headline.code(), word: headline.word(), title, meaning, fix, example }
}

fn id_of(entity: &Entity) -> String {
    entity.id.to_string()
}

/// Says what a finding means for its instance, in one or two sentences.
pub fn message(finding: &Finding) -> String {
    let evidence = &finding.evidence;
    let noun = finding.kind.map_or("entity", |kind| kind.noun);
    let name = finding.name.as_deref().map_or_else(|| "its name".to_owned(), visible);
    let id = evidence.entity.as_ref().map(id_of).unwrap_or_default();
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
            format!("{name} was not looked up: {alias} leads to no credentials ({reason}).")
        }
        Verdict::NotAConflict => not_a_conflict(evidence, &name, noun),
        Verdict::MovePending => format!(
            "The plan moves it here from {others}; terraform apply does that, divvy keeps its hands off."
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
            "{name} ({id}) is already managed, at {others}, which the configuration no longer has: the plan would delete it."
        ),
        Verdict::OtherOwner => format!(
            "{name} ({id}) is managed by another state: {} as {others}.",
            evidence.other_states.join(", ")
        ),
        Verdict::Ambiguous => ambiguous(evidence, &name),
        Verdict::Adopt | Verdict::AdoptWithDrift => adopt(finding, &name, &id),
        Verdict::DeletedTwin => format!("{name} is taken by the deleted {noun} {id}."),
        Verdict::NearMiss => format!("{name} is not in the org, but {} is.", candidates(evidence)),
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
        Verdict::Managed => format!("{name} is managed."),
    };
    if finding.also.contains(&Verdict::DuplicateInConfig) {
        text.push_str(&format!(" {others} wants nearly the same name."));
    }
    text
}

fn join(texts: impl Iterator<Item = String>) -> String {
    texts.collect::<Vec<_>>().join(", ")
}

/// Names candidates with what differs.
fn ambiguous(evidence: &Evidence, name: &str) -> String {
    match &evidence.reason {
        Reason::SeveralUnits(units) => format!(
            "{} is in the org, and the log tells of this address in {}: which of them is this directory is not known.",
            candidates(evidence),
            units.join(" and in ")
        ),
        _ => format!("{name} could be any of {}.", candidates(evidence)),
    }
}

fn candidates(evidence: &Evidence) -> String {
    join(evidence.candidates.iter().map(|candidate| {
        let differs = join(candidate.differs.iter().map(|way| way.words().to_owned()));
        let name = visible(&candidate.entity.key.to_string());
        if differs.is_empty() {
            format!("{name} ({})", candidate.entity.id)
        } else {
            format!("{name} ({}; differs in {differs})", candidate.entity.id)
        }
    }))
}

/// Names each drifting attribute with both values.
fn drift(evidence: &Evidence) -> String {
    let shown = |value: &Option<serde_json::Value>| match value {
        Some(serde_json::Value::String(text)) => visible(text),
        Some(other) => other.to_string(),
        None => "none".to_owned(),
    };
    join(evidence.drift.iter().map(|drift| {
        format!(
            "{}: configuration {}, org {}",
            drift.attribute,
            shown(&drift.config),
            shown(&drift.org)
        )
    }))
}

fn adopt(finding: &Finding, name: &str, id: &str) -> String {
    let evidence = &finding.evidence;
    let mut text = format!("{name} exists as {id}");
    if finding.verdict == Verdict::AdoptWithDrift {
        text.push_str(&format!(
            ", but differs ({}): an apply after the import would change it",
            drift(evidence)
        ));
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
        Reason::ImportedNameDiffers => format!(
            "The configuration imports {id} here, but that one is not called {name}: it would be renamed."
        ),
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

/// Says what to type or change next, most useful first.
pub fn hints(finding: &Finding) -> Vec<String> {
    let evidence = &finding.evidence;
    let address = finding.address.as_ref().map_or("ADDR", |address| address.as_str());
    let quoted = |address: &str| format!("'{}'", address.replace('\'', r"'\''"));
    let at = quoted(address);
    let alias = finding.alias.as_ref().map_or("ALIAS", |alias| alias.as_str());
    let entity = evidence.entity.as_ref();
    let label = finding.address.as_ref().map_or("home", |address| address.name());
    let choose = || {
        let ids = evidence.candidates.iter().map(|candidate| &candidate.entity.id);
        let mut hints: Vec<_> = ids
            .map(|id| format!("divvy fix --id {}", quoted(&format!("{address}={id}"))))
            .collect();
        for candidate in
            evidence.candidates.iter().take(1).filter(|candidate| !candidate.differs.is_empty())
        {
            hints.push(format!(
                "or change the configuration to name = {}",
                visible(&candidate.entity.key.to_string())
            ));
        }
        hints
    };
    match finding.verdict {
        Verdict::UnresolvedCredentials => vec![format!("divvy check --org {alias}=PROFILE")],
        Verdict::NotAConflict if evidence.reason == Reason::NameIsFree => vec![
            "terraform apply".to_owned(),
            "if the 409 stays: divvy explain DVY106".to_owned(),
        ],
        Verdict::NotAConflict | Verdict::MovePending | Verdict::Gone => vec!["terraform apply".to_owned()],
        Verdict::PlannedImport => match evidence.reason {
            Reason::ImportIsRight => vec!["terraform apply".to_owned()],
            _ => vec!["correct or remove the import block".to_owned()],
        },
        Verdict::DoubleTracked => evidence.others.iter().map(|other| format!("terraform state rm {}", quoted(other.as_str()))).collect(),
        Verdict::Stale if entity.is_some() && evidence.others.is_empty() => vec!["divvy fix --repair".to_owned()],
        Verdict::Stale => vec!["divvy explain DVY115".to_owned()],
        Verdict::Tainted => vec!["divvy fix --repair".to_owned()],
        Verdict::Home => home_hints(evidence, label),
        Verdict::UnknownName => vec!["divvy run -- terraform apply".to_owned()],
        Verdict::ReplaceCycle => vec!["remove create_before_destroy from this block".to_owned()],
        Verdict::RenameChain => vec!["use for_each with the names as keys, or `moved` blocks".to_owned()],
        Verdict::RenameClash => vec!["choose another name, or adopt the division that has this one".to_owned()],
        Verdict::DuplicateInConfig => vec!["remove one of the blocks, or give it another name".to_owned()],
        Verdict::Moved => match evidence.others.as_slice() {
            [from] => vec![
                "divvy fix --repair".to_owned(),
                format!("or add a moved block with from = {from} and to = {address}"),
            ],
            _ => vec!["divvy explain DVY124".to_owned()],
        },
        Verdict::OtherOwner => {
            let mut hints = vec![
                "take it out there first: a removed block with destroy = false, or terraform state rm".to_owned(),
                format!("or use data \"{}\" here", finding.kind.map_or("", |kind| kind.data_source)),
            ];
            hints.extend(entity.map(|entity| {
                format!("or, to move it here now: divvy fix --id {}", quoted(&format!("{address}={}", entity.id)))
            }));
            hints
        }
        Verdict::Ambiguous => {
            let units = match &evidence.reason {
                Reason::SeveralUnits(units) => units.as_slice(),
                _ => &[],
            };
            let by_unit = units.iter().map(|unit| {
                format!("divvy fix --from-log FILE --unit {}", quoted(unit))
            });
            by_unit.chain(choose()).collect()
        }
        Verdict::NearMiss => {
            let mut hints = choose();
            hints.push(format!("or, if it is another: divvy fix --new {at}"));
            hints
        }
        Verdict::Adopt => vec!["divvy fix".to_owned()],
        Verdict::AdoptWithDrift => drift_hints(evidence),
        Verdict::DeletedTwin => {
            let restore = finding.kind.zip(entity).map(|(kind, entity)| {
                format!("restore it: POST {}/{}/restore, then divvy fix", kind.collection, entity.id)
            });
            restore.into_iter().chain(["or choose another name".to_owned()]).collect()
        }
        Verdict::Hidden => vec![
            "divvy doctor".to_owned(),
            "grant the client's role in all divisions (Admin > People & Permissions > Roles); it can take five minutes to act".to_owned(),
            format!("if you know the id: divvy fix --id {}", quoted(&format!("{address}=ID"))),
        ],
        Verdict::Create | Verdict::Managed => Vec::new(),
    }
}

fn home_hints(evidence: &Evidence, label: &str) -> Vec<String> {
    match evidence.reason {
        Reason::HomeMatches => vec!["divvy fix --home".to_owned()],
        Reason::HomeFlagMissing => vec![
            format!(
                "use the data source instead: data \"{}\" \"{label}\" {{}}",
                crate::kinds::division::HOME_DATA_SOURCE
            ),
            "or add home = true to the block, then divvy fix --home".to_owned(),
        ],
        _ => vec![
            format!(
                "use the data source instead: data \"{}\" \"{label}\" {{}}",
                crate::kinds::division::HOME_DATA_SOURCE
            ),
            "or remove home = true".to_owned(),
        ],
    }
}

fn drift_hints(evidence: &Evidence) -> Vec<String> {
    let mut hints = keep_attributes(evidence);
    hints.extend([
        "divvy fix --adopt-drifted (import, org untouched)".to_owned(),
        "divvy fix --accept-drift (import, then update it)".to_owned(),
    ]);
    hints
}

fn keep_attributes(evidence: &Evidence) -> Vec<String> {
    let keep = evidence.drift.iter().map(|drift| match &drift.org {
        Some(value) => format!("keep the org's value: {} = {}", drift.attribute, hcl(value)),
        None => format!("keep the org's value: remove {}", drift.attribute),
    });
    keep.collect()
}

/// Says how the configuration can follow an entity that was imported although it differs.
pub fn hints_to_keep(finding: &Finding, id: &EntityId) -> Vec<String> {
    let candidates = finding.evidence.candidates.iter();
    let renamed = candidates.filter(|one| one.entity.id == *id && !one.differs.is_empty());
    let mut hints: Vec<_> = renamed
        .map(|one| {
            format!("keep the org's value: name = {}", hcl(&one.entity.key.to_string().into()))
        })
        .collect();
    hints.extend(keep_attributes(&finding.evidence));
    hints
}

/// Writes a value as an HCL expression. Text is quoted with HCL's own escapes (it has no `\b` and
/// `\f`), and template marks are doubled.
pub fn hcl(value: &serde_json::Value) -> String {
    let serde_json::Value::String(text) = value else { return value.to_string() };
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            c if c.is_control() => quoted.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted.replace("${", "$${").replace("%{", "%%{")
}

/// Says what a headline means for this run.
pub fn headline_message(headline: &Headline) -> String {
    let Headline { count, of, .. } = headline;
    match headline.kind {
        HeadlineKind::ErroredState => "The state of an earlier apply was never saved (errored.tfstate): it has to be pushed before anything is imported.".to_owned(),
        HeadlineKind::RestrictedView => format!("This client sees only the home division, yet {count} tracked or refused names are not to be seen: absence proves nothing here."),
        HeadlineKind::WrongOrg => format!("None of the {of} tracked ids is in this org ({count} absent): the credentials or the region belong to another org."),
        HeadlineKind::MissingState => format!("There is no state at all, and {count} of {of} planned names exist: this looks like a missing state, not like {count} conflicts."),
        HeadlineKind::Limit => format!("{count} are to be created, but the org has room for {of}."),
    }
}

/// Says what to do about a headline.
pub fn headline_hints(kind: HeadlineKind) -> Vec<String> {
    let hints: &[&str] = match kind {
        HeadlineKind::ErroredState => {
            &["terraform state push errored.tfstate", "then terraform plan"]
        }
        HeadlineKind::RestrictedView => &[
            "divvy doctor",
            "grant the client's role in all divisions; it can take five minutes to act",
        ],
        HeadlineKind::WrongOrg => {
            &["divvy doctor", "check region and client of the provider block"]
        }
        HeadlineKind::MissingState => &[
            "check workspace, backend and directory (terraform workspace show)",
            "if the state is really lost: divvy fix --adopt-all",
            "without a shared backend the adopted state is lost again after the job",
        ],
        HeadlineKind::Limit => &["delete what is not needed, or ask for a higher limit"],
    };
    hints.iter().map(|hint| (*hint).to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_page_is_found_by_its_code_and_its_word() {
        for page in entries() {
            assert_eq!(entry(&page.code.to_lowercase()).unwrap().word, page.word);
            assert_eq!(entry(page.word).unwrap().code, page.code);
            for text in [page.title, page.meaning, page.fix, page.example] {
                assert!(!text.is_empty(), "{}", page.code);
            }
        }
        assert!(entry("DVY999").is_none());
    }

    #[test]
    fn template_marks_are_escaped_in_hcl() {
        assert_eq!(hcl(&"a ${b} %{c} \"d\"".into()), r#""a $${b} %%{c} \"d\"""#);
        assert_eq!(hcl(&"a\u{8}\n".into()), r#""a\u0008\n""#);
    }
}
