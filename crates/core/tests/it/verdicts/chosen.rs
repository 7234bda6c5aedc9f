//! What a person chose or approved, which is tested all the same.

use divvy_core::EntityId;
use divvy_core::decide::{Decision, Expect, Policy, Question};
use divvy_core::verdict::Verdict;

use super::{asks, imports, policy};
use crate::builder::{Scene, address};

#[test]
fn an_id_that_a_person_chose_is_still_tested() {
    let scene = Scene::new()
        .exists("id-1", "Marketing")
        .exists("id-2", "Other")
        .manages("other", "id-2", "Other")
        .creates("a", "marketing")
        .creates("b", "MARKETING");
    let choose = |pairs: &[(&str, &str)]| Policy {
        ids: pairs.iter().map(|(label, id)| (address(label), EntityId::new(*id))).collect(),
        ..policy()
    };
    assert!(asks(Question::Forbidden)(&scene.decision("a", &choose(&[("a", "id-home")]))));
    assert!(asks(Question::Forbidden)(&scene.decision("a", &choose(&[("a", "id-2")]))));
    let twice = choose(&[("a", "id-1"), ("b", "id-1")]);
    assert!(asks(Question::Forbidden)(&scene.decision("a", &twice)));
    assert!(asks(Question::Forbidden)(&scene.decision("b", &twice)));
}

#[test]
fn an_id_chosen_among_near_names_keeps_its_own_name_and_new_rejects_them_all() {
    let scene =
        Scene::new().exists("id-1", "Claims").exists("id-2", "CLAIMS").creates("a", "claims");
    let chosen = Policy { ids: [(address("a"), EntityId::new("id-2"))].into(), ..policy() };
    assert_eq!(scene.decision("a", &chosen), imports("id-2", Expect::DriftStays));
    let accepted = Policy { accept_drift: true, ..chosen };
    assert_eq!(scene.decision("a", &accepted), imports("id-2", Expect::Update));
    let new = Policy { new: [address("a")].into(), ..policy() };
    assert_eq!(scene.decision("a", &new), Decision::Nothing);

    let equal = Scene::new().exists("id-1", "A").exists("id-2", "A").creates("a", "A");
    assert!(asks(Question::Choose)(&equal.decision("a", &new)), "both would meet 409");
}

#[test]
fn an_id_chosen_for_a_free_name_is_not_ignored() {
    let scene = Scene::new().exists("id-1", "S\u{430}les").creates("a", "Sales");
    let chosen = Policy { ids: [(address("a"), EntityId::new("id-1"))].into(), ..policy() };
    assert_eq!(scene.verdict("a"), Verdict::Create);
    assert_eq!(scene.decision("a", &chosen), imports("id-1", Expect::DriftStays));
}

#[test]
fn a_chosen_id_that_the_org_lacks_is_refused() {
    let scene = Scene::new().exists("id-1", "claims").creates("a", "Claims").absent("id-9");
    let chosen = Policy { ids: [(address("a"), EntityId::new("id-9"))].into(), ..policy() };
    assert!(asks(Question::Forbidden)(&scene.decision("a", &chosen)));
}

#[test]
fn only_approved_pairs_are_carried_out() {
    let scene =
        Scene::new().exists("id-1", "A").exists("id-2", "B").creates("a", "A").creates("b", "B");
    let policy =
        Policy { approved: Some([(address("a"), EntityId::new("id-1"))].into()), ..policy() };
    assert_eq!(scene.decision("a", &policy), imports("id-1", Expect::NoOp));
    assert!(asks(Question::NotApproved)(&scene.decision("b", &policy)));
}
