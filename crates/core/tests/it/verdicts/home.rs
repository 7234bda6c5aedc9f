//! The home division, which is never imported as it stands.

use divvy_core::EntityId;
use divvy_core::decide::{Expect, Policy, Question};
use divvy_core::finding::Reason;
use divvy_core::survey::Change;
use divvy_core::verdict::Verdict;
use serde_json::{Value, json};

use super::{asks, imports, policy};
use crate::builder::{Scene, address};

#[test]
fn home_is_never_imported_as_it_stands() {
    let scene = Scene::new().creates("home", "Home");
    let finding = scene.finding("home");
    assert_eq!(
        (finding.verdict, finding.evidence.reason),
        (Verdict::Home, Reason::HomeFlagMissing)
    );
    let everything = Policy {
        adopt_all: true,
        adopt_drifted: true,
        accept_drift: true,
        repair: true,
        home: true,
        ids: [(address("home"), EntityId::new("id-home"))].into(),
        ..policy()
    };
    assert!(asks(Question::Elsewhere)(&scene.decision("home", &everything)));
}

#[test]
fn home_is_known_by_its_mark_not_by_its_name() {
    let mut scene = Scene::new().creates("home", "Home");
    scene.listing().entities[0].key = divvy_core::Key::name("Head Office");
    assert_eq!(scene.verdict("home"), Verdict::Create);
    assert_eq!(scene.creates("head", "Head Office").verdict("head"), Verdict::Home);
}

#[test]
fn home_with_its_flag_and_name_is_adopted_on_request() {
    let flagged = json!({ "name": "Home", "home": true });
    let scene = Scene::new().plans("home", Change::Create, Value::Null, flagged);
    assert_eq!(scene.finding("home").evidence.reason, Reason::HomeMatches);
    assert!(asks(Question::Home)(&scene.decision("home", &policy())));
    let allowed = Policy { home: true, ..policy() };
    assert_eq!(scene.decision("home", &allowed), imports("id-home", Expect::NoOp));
}

#[test]
fn home_flag_under_another_name_is_never_carried_out() {
    let flagged = json!({ "name": "Retail", "home": true });
    let scene = Scene::new().plans("home", Change::Create, Value::Null, flagged);
    assert_eq!(scene.finding("home").evidence.reason, Reason::HomeRename);
    let scene = scene.exists("id-1", "Retail");
    assert_eq!(scene.finding("home").evidence.reason, Reason::HomeNameOfAnother);
    assert!(asks(Question::Elsewhere)(&scene.decision("home", &Policy { home: true, ..policy() })));
}

#[test]
fn two_blocks_that_claim_home_are_duplicates() {
    let flagged = json!({ "name": "Home", "home": true });
    let scene = Scene::new().plans("a", Change::Create, Value::Null, flagged.clone()).plans(
        "b",
        Change::Create,
        Value::Null,
        flagged,
    );
    assert_eq!(scene.finding("a").evidence.reason, Reason::HomeTwice);
    assert_eq!(scene.verdict("b"), Verdict::DuplicateInConfig);
}
