//! What a state holds: stale, gone, tainted, moved, held twice or elsewhere.

use divvy_core::EntityId;
use divvy_core::decide::{Action, Decision, Expect, Policy, Question};
use divvy_core::finding::Reason;
use divvy_core::survey::{Alias, AliasTarget, Change};
use divvy_core::verdict::Verdict;
use serde_json::{Value, json};

use super::{asks, policy};
use crate::builder::{Scene, address};

#[test]
fn a_stale_id_is_repaired_only_when_told() {
    let scene = Scene::new()
        .exists("id-new", "Retail")
        .manages("retail", "id-old", "Retail")
        .absent("id-old");
    assert_eq!(scene.verdict("retail"), Verdict::Stale);
    assert!(asks(Question::Repair)(&scene.decision("retail", &policy())));
    assert_eq!(
        scene.decision("retail", &Policy { repair: true, ..policy() }),
        Decision::Act(Action::StateRmImport { id: EntityId::new("id-new"), expect: Expect::NoOp })
    );
}

#[test]
fn an_id_that_was_only_missing_from_the_list_is_not_stale() {
    let scene = Scene::new().exists("id-new", "Retail").manages("retail", "id-old", "Retail");
    assert_eq!(scene.verdict("retail"), Verdict::Managed);
}

#[test]
fn a_gone_id_with_a_free_name_is_gone() {
    let scene =
        Scene::new().exists("id-1", "Other").manages("retail", "id-old", "Retail").absent("id-old");
    assert_eq!(scene.verdict("retail"), Verdict::Gone);
}

#[test]
fn a_stale_address_never_takes_home() {
    let scene =
        Scene::new().exists("id-1", "Other").manages("home", "id-old", "Home").absent("id-old");
    assert_eq!(scene.verdict("home"), Verdict::Home);
}

#[test]
fn a_tainted_instance_is_untainted_only_when_told() {
    let mut scene = Scene::new().exists("id-1", "Retail").manages("retail", "id-1", "Retail");
    scene.survey.tracked.as_mut().unwrap().instances[0].is_tainted = true;
    assert_eq!(scene.verdict("retail"), Verdict::Tainted);
    assert_eq!(
        scene.decision("retail", &Policy { repair: true, ..policy() }),
        Decision::Act(Action::Untaint)
    );
}

#[test]
fn a_renamed_address_is_moved_never_imported() {
    let scene = Scene::new()
        .exists("id-1", "EMEA")
        .tracks("region", "id-1", "EMEA")
        .plans("region", Change::Delete, json!({ "name": "EMEA" }), Value::Null)
        .creates("genesyscloud_auth_division.region[\"EMEA\"]", "EMEA");
    let label = "genesyscloud_auth_division.region[\"EMEA\"]";
    assert_eq!(scene.verdict(label), Verdict::Moved);
    assert_eq!(scene.verdict("region"), Verdict::Managed);
    assert_eq!(
        scene.decision(label, &Policy { repair: true, ..policy() }),
        Decision::Act(Action::StateMv { from: address("region") })
    );
}

#[test]
fn a_deleted_block_of_another_alias_still_holds_its_id() {
    // The plan's JSON gives a deleted block the default alias; the state knows better.
    let prod = Alias::new("genesyscloud.prod");
    let mut scene = Scene::new()
        .exists("id-1", "EMEA")
        .tracks("old", "id-1", "EMEA")
        .plans("old", Change::Delete, json!({ "name": "EMEA" }), Value::Null)
        .creates("new", "EMEA")
        .last(|planned| planned.alias = Alias::new("genesyscloud.prod"));
    scene.survey.tracked.as_mut().unwrap().instances[0].provider_alias = Some("prod".to_owned());
    scene.survey.aliases.insert(prod, AliasTarget::Org(crate::builder::org()));
    let other = divvy_core::OrgId::new("org-2");
    scene.survey.aliases.insert(Alias::new("genesyscloud"), AliasTarget::Org(other.clone()));
    scene.survey.orgs.insert(other, divvy_core::survey::Org::default());
    assert_eq!(scene.verdict("new"), Verdict::Moved);
}

#[test]
fn a_moved_block_is_left_to_terraform() {
    let scene = Scene::new()
        .exists("id-1", "EMEA")
        .tracks("old", "id-1", "EMEA")
        .plans("new", Change::NoOp, json!({ "name": "EMEA" }), json!({ "name": "EMEA" }))
        .last(|planned| planned.previous_address = Some(address("old")));
    assert_eq!(scene.verdict("new"), Verdict::MovePending);
}

#[test]
fn an_import_block_of_the_plan_is_checked_and_left_alone() {
    let scene = |id: &'static str| {
        Scene::new()
            .exists("id-1", "EMEA")
            .exists("id-2", "APAC")
            .absent("id-9")
            .plans("emea", Change::NoOp, json!({ "name": "EMEA" }), json!({ "name": "EMEA" }))
            .last(|planned| planned.import_id = Some(EntityId::new(id)))
    };
    for (id, reason) in [
        ("id-1", Reason::ImportIsRight),
        ("id-2", Reason::ImportedNameDiffers),
        ("id-9", Reason::ImportedIdAbsent),
        ("id-home", Reason::ImportedHome),
    ] {
        let finding = scene(id).finding("emea");
        assert_eq!(
            (finding.verdict, finding.evidence.reason),
            (Verdict::PlannedImport, reason),
            "{id}"
        );
    }
    assert_eq!(scene("id-1").decision("emea", &policy()), Decision::Nothing);
    assert!(asks(Question::Elsewhere)(&scene("id-2").decision("emea", &policy())));
}

#[test]
fn one_id_at_two_addresses_is_double_tracked() {
    let scene =
        Scene::new().exists("id-1", "A").manages("a", "id-1", "A").manages("b", "id-1", "A");
    assert_eq!(scene.verdict("a"), Verdict::DoubleTracked);
    assert_eq!(scene.finding("b").evidence.others, [address("a")]);
}

#[test]
fn an_id_of_another_state_is_asked_about() {
    let scene = Scene::new().exists("id-1", "Claims").creates("claims", "Claims").other_state(
        "roots/legacy",
        "legacy",
        "id-1",
        "Claims",
    );
    let finding = scene.finding("claims");
    assert_eq!(finding.verdict, Verdict::OtherOwner);
    assert_eq!(finding.evidence.other_states, ["roots/legacy"]);
    assert!(asks(Question::Choose)(&scene.decision("claims", &policy())));
}
