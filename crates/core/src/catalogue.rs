//! The texts: one page per verdict and headline; what a finding says and advises stands beside it.
//!
//! Never decides. Invariant: each verdict and headline has a page (the matches are exhaustive).

mod changes;
mod hints;
mod messages;

pub use changes::{Tense, changes};
pub use hints::{hcl, headline_hints, hints, keep_attributes, line_to_keep};
pub use messages::{headline_message, message};

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
            "the org of this provider configuration could not be asked",
            "The provider block (or the environment) of this alias leads to no client or token, or the org did not answer to it. Nothing is guessed from another alias.",
            "Nothing. divvy doctor says what is missing; a gc profile for the alias: --org ALIAS=PROFILE.",
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
            "Nothing. The next apply moves it.",
            "moved {\n  from = genesyscloud_auth_division.a\n  to   = module.m.genesyscloud_auth_division.a\n}",
        ],
        Verdict::PlannedImport => [
            "the plan already imports it",
            "The configuration holds an import block for this address. divvy checks its id and name and never writes a second one.",
            "Nothing. If the import is right, the next apply carries it out.",
            "import { to = genesyscloud_auth_division.eng  id = \"…\" }",
        ],
        Verdict::DoubleTracked => [
            "one id at two addresses of the state",
            "Two addresses manage one entity: deleting either destroys it for both.",
            "Nothing. Take one of them out of the state with state rm.",
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
            "With --repair: untaint.",
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
            "The address was renamed (or got a key) without a `moved` block. The plan deletes (or, with a removed block, forgets) the live entity under the old address while it creates the new one: a 409, or a loss.",
            "Never imports. With --repair: state mv.",
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
            "The state's id exists, and nothing is in its way. Where the configuration has another name than the org, the next apply renames the live entity.",
            "Nothing; it is printed only where the next apply renames it.",
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
            "Writes nothing. First comes state push errored.tfstate, then a plan.",
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
        HeadlineKind::IncompleteListing => [
            "the listing contradicts itself",
            "The org's list shows another number of entities than it says there are, changes whenever it is read, repeats itself, or names one id twice. A name that it lacks may exist all the same.",
            "Treats what is listed as ever; what is missing may still meet 409. Ends with 3. Run again; if it stays, look for a proxy or gateway that cuts replies.",
            "the API counts 120 and lists 100",
        ],
    };
    Entry { code: headline.code(), word: headline.word(), title, meaning, fix, example }
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
}
