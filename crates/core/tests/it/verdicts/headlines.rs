//! Headlines: what is true of the run as a whole.

use divvy_core::decide::{Expect, Policy, Question};
use divvy_core::failure::{Operation, Shape};
use divvy_core::survey::{ErroredState, Flaw, StatePresence};
use divvy_core::verdict::{HeadlineKind, Verdict};

use super::{asks, imports, policy};
use crate::builder::{Scene, failure};

#[test]
fn ids_that_are_all_absent_mean_the_wrong_org() {
    let scene = Scene::new()
        .exists("id-x", "Elsewhere")
        .manages("a", "id-1", "A")
        .manages("b", "id-2", "B")
        .absent("id-1")
        .absent("id-2");
    assert_eq!(scene.headlines(), [HeadlineKind::WrongOrg]);
}

#[test]
fn a_narrow_view_proves_no_absence() {
    let scene = Scene::new()
        .manages("a", "id-1", "A")
        .manages("b", "id-2", "B")
        .absent("id-1")
        .absent("id-2");
    assert_eq!(scene.headlines(), [HeadlineKind::RestrictedView]);
    assert_eq!(scene.verdict("a"), Verdict::Managed);
}

#[test]
fn no_state_at_all_and_everything_exists_means_a_missing_state() {
    let mut scene = Scene::new();
    for name in ["A", "B", "C"] {
        scene = scene.exists(&format!("id-{name}"), name).creates(&name.to_lowercase(), name);
    }
    assert!(scene.headlines().is_empty(), "a state without instances is no case of it");
    scene.survey.tracked.as_mut().unwrap().presence = StatePresence::Nothing;
    assert_eq!(scene.headlines(), [HeadlineKind::MissingState]);
    assert!(asks(Question::AdoptAll)(&scene.decision("a", &policy())));
    let all = Policy { adopt_all: true, ..policy() };
    assert_eq!(scene.decision("a", &all), imports("id-A", Expect::NoOp));
}

#[test]
fn more_creates_than_room_is_said_and_stops_no_adoption() {
    let mut scene =
        Scene::new().exists("id-1", "A").creates("a", "A").creates("b", "B").creates("c", "C");
    scene.listing().limit = Some(3);
    assert_eq!(scene.headlines(), [HeadlineKind::Limit]);
    assert_eq!(scene.decision("a", &policy()), imports("id-1", Expect::NoOp));
}

#[test]
fn a_create_that_rests_on_a_listing_with_a_gap_is_called_so() {
    let mut scene = Scene::new().exists("id-1", "A").creates("a", "A");
    let gap = Flaw::Count { shown: 2, told: 9 };
    scene.listing().flaws.push(gap);
    scene.listing().is_complete = false;
    assert!(scene.headlines().is_empty(), "what is listed is listed");
    let mut scene = scene.creates("b", "B");
    assert_eq!(scene.headlines(), [HeadlineKind::IncompleteListing]);
    assert_eq!(scene.decision("a", &policy()), imports("id-1", Expect::NoOp));
    scene.listing().flaws.clear();
    assert!(scene.headlines().is_empty());
}

#[test]
fn an_errored_state_that_cannot_be_pushed_is_said_to_be_that() {
    let mut scene = Scene::new();
    let mut headlines = |errored: Option<&str>, stored: Option<&str>| {
        let lineage = errored.map(str::to_owned);
        scene.survey.surroundings.errored_state = Some(ErroredState { lineage, serial: Some(3) });
        scene.survey.tracked.get_or_insert_default().lineage = stored.map(str::to_owned);
        scene.headlines()
    };
    for stored in [None, Some("a")] {
        assert_eq!(headlines(Some("a"), stored), [HeadlineKind::ErroredState]);
        assert_eq!(headlines(None, stored), [HeadlineKind::UnusableErroredState]);
    }
    assert_eq!(headlines(Some("b"), Some("a")), [HeadlineKind::UnusableErroredState]);
    assert!(HeadlineKind::UnusableErroredState.stops_writing());
}

#[test]
fn a_state_that_was_not_saved_comes_first() {
    let mut scene = Scene::new();
    scene.survey.failures.push(divvy_core::Failure {
        address: None,
        terraform_type: None,
        operation: Operation::State,
        shape: Shape::StateNotSaved,
        ..failure("a", "A", 409)
    });
    assert_eq!(scene.headlines(), [HeadlineKind::ErroredState]);
}
