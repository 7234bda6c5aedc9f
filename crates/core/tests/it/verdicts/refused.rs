//! What a failed create or missing credentials tell.

use divvy_core::decide::Question;
use divvy_core::failure::{Operation, Origin};
use divvy_core::survey::{Alias, AliasTarget};
use divvy_core::verdict::{HeadlineKind, Verdict};

use super::{asks, policy};
use crate::builder::{Scene, failure};

#[test]
fn no_credentials_no_guess() {
    let mut scene = Scene::new().exists("id-1", "Claims").creates("claims", "Claims");
    scene
        .survey
        .aliases
        .insert(Alias::new("genesyscloud.prod"), AliasTarget::Unresolved("var.key".into()));
    let scene = scene
        .creates("prod", "Claims")
        .last(|planned| planned.alias = Alias::new("genesyscloud.prod"));
    assert_eq!(scene.verdict("prod"), Verdict::UnresolvedCredentials);
    assert_eq!(scene.verdict("claims"), Verdict::Adopt);
}

#[test]
fn a_409_with_nothing_to_see_is_hidden_while_it_is_fresh_or_the_view_is_narrow() {
    let mut fresh = Scene::new().exists("id-1", "Other").creates("a", "A").failed("a", "A", 409);
    fresh.survey.failures[0].origin = Origin::Live;
    assert_eq!(fresh.verdict("a"), Verdict::Hidden);
    let narrow = Scene::new().creates("a", "A").failed("a", "A", 409);
    assert_eq!(narrow.verdict("a"), Verdict::Hidden);
    assert_eq!(narrow.headlines(), [HeadlineKind::RestrictedView]);
    let over = Scene::new().exists("id-1", "Other").creates("a", "A").failed("a", "A", 409);
    assert_eq!(over.verdict("a"), Verdict::NotAConflict);
}

#[test]
fn every_failed_create_is_compared_with_the_org_whatever_its_status() {
    let scene =
        |status| Scene::new().exists("id-1", "A").creates("a", "A").failed("a", "A", status);
    for status in [400, 409, 500, 504] {
        assert_eq!(scene(status).verdict("a"), Verdict::Adopt, "{status}");
    }
    let other = Scene::new().exists("id-1", "B").creates("a", "A").failed("a", "A", 400);
    assert_eq!(other.verdict("a"), Verdict::NotAConflict);
}

#[test]
fn a_409_of_another_request_is_no_conflict() {
    let mut scene = Scene::new().exists("id-1", "A");
    scene.survey.failures.push(divvy_core::Failure {
        address: divvy_core::Address::parse("genesyscloud_architect_schedules.weekdays"),
        terraform_type: Some("genesyscloud_architect_schedules".into()),
        operation: Operation::Update,
        method: Some("PUT".into()),
        path: Some("/api/v2/architect/schedules/1".into()),
        ..failure("a", "A", 409)
    });
    assert_eq!(scene.verdict("genesyscloud_architect_schedules.weekdays"), Verdict::NotAConflict);
}

#[test]
fn a_deleted_twin_is_told_after_a_failed_create() {
    let scene = Scene::new().exists("id-1", "B").deleted("id-9", "A").creates("a", "A");
    assert_eq!(scene.verdict("a"), Verdict::Create);
    let scene = scene.failed("a", "A", 409);
    assert_eq!(scene.verdict("a"), Verdict::DeletedTwin);
    assert!(asks(Question::Elsewhere)(&scene.decision("a", &policy())));
}
