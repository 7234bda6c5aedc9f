//! Headlines in words: page, message and hints of each.
//!
//! Never decides.

use super::entry::Entry;
use crate::finding::Headline;
use crate::hint::{CommandLine, Hint};
use crate::verdict::HeadlineKind;

/// Returns the page of a headline.
pub(super) fn entry_of(headline: HeadlineKind) -> Entry {
    let [title, meaning, fix, example] = match headline {
        HeadlineKind::ErroredState => [
            "an earlier state was never saved",
            "An errored.tfstate lies here, or the log says that saving the state failed. It knows entities that the stored state does not: importing them by hand would block the proper repair.",
            "Writes nothing. First comes state push errored.tfstate, then a plan.",
            "Error: Failed to save state",
        ],
        HeadlineKind::UnusableErroredState => [
            "the errored.tfstate here cannot be pushed",
            "The file is empty, cut off (a full disk does that), or the state of another configuration: its lineage is not that of the stored state.",
            "Writes nothing until the file is moved away. What the failed apply created is then found in the org, as after any interrupted apply.",
            "an errored.tfstate of 0 bytes",
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

/// Says what a headline means for this run.
pub fn headline_message(headline: &Headline) -> String {
    let Headline { count, of, .. } = headline;
    match headline.kind {
        HeadlineKind::ErroredState => "The state of an earlier apply was never saved (errored.tfstate): it has to be pushed before anything is imported.".to_owned(),
        HeadlineKind::UnusableErroredState => "The errored.tfstate here is empty, cut off, or of another lineage than the stored state, so it cannot be pushed.".to_owned(),
        HeadlineKind::RestrictedView => format!("This client sees only the home division, yet {count} tracked or refused names are not to be seen: absence proves nothing here."),
        HeadlineKind::WrongOrg => format!("None of the {of} tracked ids is in this org ({count} absent): the credentials or the region belong to another org."),
        HeadlineKind::MissingState => format!("There is no state at all, and {count} of {of} planned names exist: this looks like a missing state, not like {count} conflicts."),
        HeadlineKind::Limit => format!("{count} are to be created, but the org has room for {of}."),
        HeadlineKind::IncompleteListing => format!(
            "The org's listing contradicts itself after {of} entries, so {count} names that it lacks may exist all the same."
        ),
    }
}

/// Returns what to type about an `errored.tfstate` that cannot be pushed: nothing is deleted.
pub fn move_errored_state_away() -> CommandLine {
    CommandLine::of("mv").words("-n errored.tfstate errored.tfstate.unusable")
}

/// Says what to do about a headline; `terraform` as for [`hints`].
pub fn headline_hints(kind: HeadlineKind, terraform: &str) -> Vec<Hint> {
    let doctor = || CommandLine::divvy("doctor").into();
    let terraform = || CommandLine::of(terraform);
    match kind {
        HeadlineKind::ErroredState => vec![
            terraform().words("state push errored.tfstate").into(),
            terraform().words("plan").because("to see what is left").into(),
        ],
        HeadlineKind::UnusableErroredState => {
            vec![move_errored_state_away().into(), CommandLine::divvy("check").into()]
        }
        HeadlineKind::RestrictedView => vec![
            doctor(),
            "grant the client's role in all divisions; it can take five minutes to act".into(),
        ],
        HeadlineKind::WrongOrg => {
            vec![doctor(), "check region and client of the provider block".into()]
        }
        HeadlineKind::MissingState => vec![
            terraform()
                .words("workspace show")
                .because("check workspace, backend and directory")
                .into(),
            CommandLine::divvy("fix --adopt-all").because("if the state is really lost").into(),
            "without a shared backend the adopted state is lost again after the job".into(),
        ],
        HeadlineKind::Limit => {
            vec!["delete what is not needed, or ask for a higher limit".into()]
        }
        HeadlineKind::IncompleteListing => vec![
            "run the same command again: the list may have changed while it was read".into(),
            doctor(),
        ],
    }
}
