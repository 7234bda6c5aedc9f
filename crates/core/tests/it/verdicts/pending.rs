//! What is still to come after an adoption, what a plan forgets, and whose word a log is.

use divvy_core::catalogue::{Tense, changes, message};
use divvy_core::decide::{Action, Decision, Expect, Policy, Question};
use divvy_core::finding::Reason;
use divvy_core::survey::Change;
use divvy_core::verdict::{HeadlineKind, Verdict};
use divvy_core::{EntityId, Failure};
use serde_json::{Value, json};

use super::{asks, imports, policy};
use crate::builder::{Scene, address, failure};

#[test]
fn adopting_a_near_name_is_said_to_rename_the_live_division_before_and_after() {
    let scene = Scene::new().exists_with("id-1", "engineering", "Ours").creates("a", "Engineering");
    let near = scene.finding("a");
    assert_eq!(near.verdict, Verdict::NearMiss);
    let rename = "renames \"engineering\" to \"Engineering\"";
    assert!(message(&near).contains(rename), "{}", message(&near));
    assert_eq!(near.evidence.drift[0].attribute, "name");
    let drift = near.differences(&EntityId::new("id-1"));
    assert_eq!(
        changes(drift, Tense::Coming).unwrap(),
        format!("{rename} and changes its description from \"Ours\" to none")
    );

    let values = json!({ "name": "Engineering", "description": "Ours" });
    let adopted = Scene::new()
        .exists_with("id-1", "engineering", "Ours")
        .tracks("a", "id-1", "engineering")
        .plans("a", Change::Update, json!({ "name": "engineering" }), values.clone());
    let managed = adopted.finding("a");
    assert_eq!(managed.verdict, Verdict::Managed);
    assert!(message(&managed).contains(rename), "{}", message(&managed));

    // After a refused rename the state claims the new name, and the plan is a no-op.
    let refused = Scene::new()
        .exists_with("id-1", "engineering", "Ours")
        .tracks("a", "id-1", "Engineering")
        .plans("a", Change::NoOp, values.clone(), values);
    assert!(message(&refused.finding("a")).contains(rename));
    let well = Scene::new().exists("id-1", "Engineering").manages("a", "id-1", "Engineering");
    assert!(well.finding("a").evidence.drift.is_empty());
}

#[test]
fn a_sensitive_name_is_not_told_by_the_rename_that_it_would_be() {
    let scene =
        Scene::new().exists("id-1", "engineering").creates("a", "Engineering").last(|planned| {
            planned.sensitive.insert("name".to_owned());
        });
    let near = scene.finding("a");
    let drift = near.differences(&EntityId::new("id-1"));
    assert!(!format!("{near:?} {drift:?}").to_lowercase().contains("engineering"), "{near:?}");
}

#[test]
fn a_planned_import_that_a_restricted_view_does_not_show_is_not_called_absent() {
    let plan = |scene: Scene| {
        scene
            .plans("a", Change::NoOp, Value::Null, json!({ "name": "A" }))
            .last(|planned| planned.import_id = Some(EntityId::new("id-9")))
    };
    for (scene, reason, is_restricted) in [
        (Scene::new().absent("id-9"), Reason::ImportedIdUnseen, true),
        (Scene::new().exists("id-1", "B"), Reason::ImportedIdUnseen, false),
        (Scene::new().exists("id-1", "B").absent("id-9"), Reason::ImportedIdAbsent, false),
    ] {
        let scene = plan(scene);
        assert_eq!(scene.finding("a").evidence.reason, reason);
        let headlines = scene.headlines();
        assert_eq!(headlines.contains(&HeadlineKind::RestrictedView), is_restricted, "{reason:?}");
        let is_broken = reason == Reason::ImportedIdAbsent;
        let decision = scene.decision("a", &policy());
        assert_eq!(decision != Decision::Nothing, is_broken, "{decision:?}");
    }
}

#[test]
fn what_a_removed_block_forgets_is_neither_deleted_nor_repaired() {
    let forgets = |scene: Scene, id: &str, name: &str| {
        scene.tracks("old", id, name).plans(
            "old",
            Change::Forget,
            json!({ "name": name }),
            Value::Null,
        )
    };
    let moved = forgets(Scene::new().exists("id-1", "A"), "id-1", "A").creates("new", "A");
    let text = message(&moved.finding("new"));
    assert_eq!(moved.verdict("new"), Verdict::Moved);
    assert!(text.contains("forgets") && !text.contains("delete"), "{text}");
    let repair = Policy { repair: true, ..policy() };
    let from = address("old");
    assert_eq!(moved.decision("new", &repair), Decision::Act(Action::StateMv { from }));

    let mut tainted = forgets(Scene::new().exists("id-1", "A"), "id-1", "A");
    tainted.survey.tracked.as_mut().unwrap().instances[0].is_tainted = true;
    assert_eq!(tainted.verdict("old"), Verdict::Managed, "it is forgotten, not deleted");
    let gone = forgets(Scene::new().exists("id-1", "A").absent("id-2"), "id-2", "B");
    assert_eq!(gone.verdict("old"), Verdict::Managed, "nothing is created again");

    let twice = Scene::new().exists("id-1", "A").manages("a", "id-1", "A");
    let twice = forgets(twice, "id-1", "A");
    for label in ["a", "old"] {
        assert_eq!(
            twice.verdict(label),
            Verdict::Managed,
            "{label}: the removed block is the remedy"
        );
    }
}

#[test]
fn a_yes_is_for_the_address_that_was_asked_about_and_no_other() {
    let scene = Scene::new()
        .exists_with("id-1", "A", "Ours")
        .exists_with("id-2", "B", "Ours")
        .creates("a", "A")
        .creates("b", "B");
    let answered = [(Question::Drift, address("a"))].into();
    let policy = Policy { answered, ..policy() };
    assert_eq!(scene.decision("a", &policy), imports("id-1", Expect::DriftStays));
    assert!(asks(Question::Drift)(&scene.decision("b", &policy)));
}

#[test]
fn one_units_failure_is_no_evidence_for_another_units_address() {
    let of_unit = |label: &str, unit: &str| Failure {
        unit: Some(unit.to_owned()),
        ..failure(label, "A", 409)
    };
    // Home alone is visible: a 409 of this configuration would mean a hidden division.
    let mut scene = Scene::new().creates("a", "A");
    scene.survey.failures = vec![of_unit("a", "live/dev"), of_unit("z", "live/prod")];
    assert_eq!(scene.verdict("a"), Verdict::Create, "nobody knows whether live/dev is here");
    scene.survey.failures.pop();
    assert_eq!(scene.verdict("a"), Verdict::Hidden, "the log has no other unit");
}
