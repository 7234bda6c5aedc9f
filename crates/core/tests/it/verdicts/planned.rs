//! What the plan itself does: renames, replacements, duplicates, names known later.

use divvy_core::EntityId;
use divvy_core::decide::{Policy, Question};
use divvy_core::survey::Change;
use divvy_core::verdict::Verdict;
use serde_json::{Value, json};

use super::{asks, policy};
use crate::builder::{Scene, address};

#[test]
fn an_unknown_name_is_left_for_a_later_round() {
    let scene = Scene::new()
        .plans("late", Change::Create, Value::Null, json!({}))
        .last(|planned| planned.unknown = ["name".into()].into());
    assert_eq!(scene.verdict("late"), Verdict::UnknownName);
}

#[test]
fn create_before_destroy_meets_its_own_name() {
    let values = json!({ "name": "A" });
    let scene = Scene::new().exists("id-1", "A").tracks("a", "id-1", "A").plans(
        "a",
        Change::Replace { create_first: true },
        values.clone(),
        values,
    );
    assert_eq!(scene.verdict("a"), Verdict::ReplaceCycle);
}

#[test]
fn a_deposed_object_is_never_adopted_because_the_next_apply_deletes_it() {
    for holder in ["a", "b"] {
        let mut scene =
            Scene::new().exists("id-1", "A").creates("a", "A").tracks(holder, "id-1", "A");
        scene.survey.tracked.as_mut().unwrap().instances[0].is_deposed = true;
        assert_eq!(scene.verdict("a"), Verdict::ReplaceCycle, "held by {holder}");
        let chosen = Policy { ids: [(address("a"), EntityId::new("id-1"))].into(), ..policy() };
        assert!(asks(Question::Elsewhere)(&scene.decision("a", &chosen)));
    }
}

#[test]
fn an_entry_inserted_into_count_is_a_rename_chain() {
    let update = |from: &str, to: &str| (json!({ "name": from }), json!({ "name": to }));
    let (before0, after0) = update("A", "X");
    let (before1, after1) = update("B", "A");
    let at = |index: usize| format!("genesyscloud_auth_division.lob[{index}]");
    let scene = Scene::new()
        .exists("id-a", "A")
        .exists("id-b", "B")
        .tracks(&at(0), "id-a", "A")
        .tracks(&at(1), "id-b", "B")
        .plans(&at(0), Change::Update, before0, after0)
        .plans(&at(1), Change::Update, before1, after1)
        .creates(&at(2), "B");
    assert_eq!(scene.verdict(&at(1)), Verdict::RenameChain);
    assert_eq!(scene.verdict(&at(2)), Verdict::RenameChain);
}

#[test]
fn a_rename_to_a_taken_name_is_a_clash() {
    let scene = Scene::new()
        .exists("id-1", "A")
        .exists("id-2", "Taken")
        .tracks("a", "id-1", "A")
        .plans("a", Change::Update, json!({ "name": "A" }), json!({ "name": "Taken" }));
    assert_eq!(scene.verdict("a"), Verdict::RenameClash);
}

#[test]
fn a_state_that_claims_a_refused_name_is_still_a_clash() {
    // After a refused PUT the state holds the new name, and the plan without refresh is a no-op.
    let scene = Scene::new()
        .exists("id-1", "Engineering")
        .exists("id-2", "Taken")
        .manages("a", "id-1", "Taken");
    assert_eq!(scene.verdict("a"), Verdict::RenameClash);
}

#[test]
fn two_addresses_that_want_one_name_are_duplicates() {
    let scene = Scene::new().creates("a", "Retail").creates("b", "Retail");
    assert_eq!(scene.verdict("a"), Verdict::DuplicateInConfig);
    assert_eq!(scene.finding("b").evidence.others, [address("a")]);
    let held =
        Scene::new().exists("id-1", "Retail").manages("a", "id-1", "Retail").creates("b", "Retail");
    assert_eq!(held.verdict("b"), Verdict::DuplicateInConfig);
    assert_eq!(held.verdict("a"), Verdict::Managed);
}

#[test]
fn nearly_one_name_at_two_addresses_is_a_caution() {
    let scene = Scene::new().creates("a", "Retail").creates("b", "retail ");
    let finding = scene.finding("a");
    assert_eq!(
        (finding.verdict, finding.also),
        (Verdict::Create, vec![Verdict::DuplicateInConfig])
    );
}

#[test]
fn a_replacement_of_its_own_name_is_no_conflict_and_no_create() {
    let values = json!({ "name": "A" });
    let scene = Scene::new().exists("id-1", "A").tracks("a", "id-1", "A").plans(
        "a",
        Change::Replace { create_first: false },
        values.clone(),
        values,
    );
    assert_eq!(scene.verdict("a"), Verdict::Managed);
}

#[test]
fn a_saved_plan_that_is_older_than_the_state_adopts_nothing_again() {
    let scene = Scene::new().exists("id-1", "A").creates("a", "A").tracks("a", "id-1", "A");
    assert_eq!(scene.verdict("a"), Verdict::Managed);
}
