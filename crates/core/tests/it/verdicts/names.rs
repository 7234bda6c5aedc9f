//! A name that is free, taken, or nearly taken.

use divvy_core::decide::{Decision, Expect, Policy, Question};
use divvy_core::survey::Planned;
use divvy_core::verdict::Verdict;
use divvy_core::{Difference, EntityId};

use super::{asks, imports, policy};
use crate::builder::{Scene, address, failure};

#[test]
fn an_existing_name_is_adopted() {
    let scene = Scene::new().exists("id-1", "Engineering").creates("eng", "Engineering");
    assert_eq!(scene.verdict("eng"), Verdict::Adopt);
    assert_eq!(scene.decision("eng", &policy()), imports("id-1", Expect::NoOp));
}

#[test]
fn a_free_name_is_created() {
    let scene = Scene::new().exists("id-1", "DevOps").creates("ops", "Ops");
    assert_eq!(scene.verdict("ops"), Verdict::Create);
    assert_eq!(scene.decision("ops", &policy()), Decision::Nothing);
}

#[test]
fn composed_and_decomposed_spellings_are_one_name() {
    let scene = Scene::new().exists("id-1", "Zu\u{308}rich").creates("zh", "Zürich");
    assert_eq!(scene.verdict("zh"), Verdict::Adopt);
}

#[test]
fn a_description_that_the_configuration_lacks_asks_first() {
    let scene =
        Scene::new().exists_with("id-1", "Retail", "made by hand").creates("retail", "Retail");
    assert_eq!(scene.verdict("retail"), Verdict::AdoptWithDrift);
    assert!(asks(Question::Drift)(&scene.decision("retail", &policy())));
    let keep = Policy { adopt_drifted: true, ..policy() };
    assert_eq!(scene.decision("retail", &keep), imports("id-1", Expect::DriftStays));
    let accept = Policy { accept_drift: true, ..policy() };
    assert_eq!(scene.decision("retail", &accept), imports("id-1", Expect::Update));
}

#[test]
fn an_empty_description_equals_an_absent_one() {
    let scene = Scene::new().exists_with("id-1", "Retail", "").creates("retail", "Retail");
    assert_eq!(scene.verdict("retail"), Verdict::Adopt);
}

#[test]
fn an_exact_match_wins_over_a_case_variant() {
    let scene = Scene::new()
        .exists("id-2", "BILLING")
        .exists("id-1", "Billing")
        .creates("billing", "Billing");
    assert_eq!(scene.decision("billing", &policy()), imports("id-1", Expect::NoOp));
}

#[test]
fn one_near_name_is_a_near_miss_and_two_are_ambiguous() {
    let scene = Scene::new().exists("id-1", "Marketing").creates("marketing", "marketing");
    let finding = scene.finding("marketing");
    assert_eq!(finding.verdict, Verdict::NearMiss);
    assert_eq!(finding.evidence.candidates[0].differs, [Difference::Case]);
    assert!(asks(Question::Choose)(&scene.decision("marketing", &policy())));
    let chosen = Policy { ids: [(address("marketing"), EntityId::new("id-1"))].into(), ..policy() };
    assert_eq!(scene.decision("marketing", &chosen), imports("id-1", Expect::DriftStays));
    let new = Policy { new: [address("marketing")].into(), ..policy() };
    assert_eq!(scene.decision("marketing", &new), Decision::Nothing);

    let scene =
        Scene::new().exists("id-1", "Claims").exists("id-2", "CLAIMS").creates("claims", "claims");
    assert_eq!(scene.verdict("claims"), Verdict::Ambiguous);
    assert_eq!(scene.finding("claims").evidence.candidates.len(), 2);
}

#[test]
fn two_exact_matches_are_ambiguous() {
    let scene =
        Scene::new().exists("id-1", "Claims").exists("id-2", "Claims").creates("claims", "Claims");
    assert_eq!(scene.verdict("claims"), Verdict::Ambiguous);
}

#[test]
fn one_address_in_several_units_of_a_log_is_asked_about_by_unit_and_by_id() {
    let mut scene = Scene::new().exists("id-1", "Sales").creates("sales", "Sales");
    for unit in ["orgs/dev", "orgs/prod"] {
        let unit = Some(unit.to_owned());
        let failed = divvy_core::Failure { unit, ..failure("sales", "Sales", 409) };
        scene.survey.failures.push(failed);
    }
    let finding = scene.finding("sales");
    assert_eq!(finding.verdict, Verdict::Ambiguous);
    let message = divvy_core::catalogue::message(&finding);
    assert!(message.contains("in orgs/dev and in orgs/prod"), "{message}");
    let hints = divvy_core::catalogue::hints(&finding, "terraform");
    assert_eq!(
        hints.iter().map(ToString::to_string).collect::<Vec<_>>(),
        [
            "divvy fix --from-log FILE --unit orgs/dev",
            "divvy fix --from-log FILE --unit orgs/prod",
            "divvy fix --id 'genesyscloud_auth_division.sales=id-1'",
        ]
    );
    assert!(asks(Question::Choose)(&scene.decision("sales", &policy())));
    let chosen = Policy { ids: [(address("sales"), EntityId::new("id-1"))].into(), ..policy() };
    assert_eq!(scene.decision("sales", &chosen), imports("id-1", Expect::NoOp));
}

#[test]
fn look_alike_letters_are_a_note_until_the_api_said_409() {
    let scene = Scene::new().exists("id-1", "S\u{430}les").creates("sales", "Sales");
    assert_eq!(scene.verdict("sales"), Verdict::Create);
    assert_eq!(scene.finding("sales").evidence.candidates.len(), 1);
    assert_eq!(scene.failed("sales", "Sales", 409).verdict("sales"), Verdict::NearMiss);
}

/// Everything that a person could be told of a finding.
fn told(scene: &Scene, label: &str) -> String {
    let finding = scene.finding(label);
    let shown = finding.failure();
    let hints = divvy_core::catalogue::hints(&finding, "terraform");
    let keep = divvy_core::catalogue::keep_attributes(&finding.evidence.drift);
    let message = divvy_core::catalogue::message(&finding);
    format!("{finding:?} {message} {hints:?} {keep:?} {shown:?}")
}

#[test]
fn a_sensitive_name_is_never_shown_whatever_the_verdict() {
    let sensitive = |planned: &mut Planned| planned.sensitive = ["name".into()].into();
    let scenes = [
        Scene::new().exists("id-1", "Top Secret").creates("a", "Top Secret").last(sensitive),
        Scene::new().exists("id-1", "top secret").creates("a", "Top Secret").last(sensitive),
        Scene::new()
            .exists("id-1", "Top Secret")
            .exists("id-2", "Top Secret")
            .creates("a", "Top Secret")
            .last(sensitive),
        Scene::new().creates("a", "Top Secret").last(sensitive).failed("a", "Top Secret", 409),
        Scene::new().creates("a", "Top Secret").last(sensitive),
    ];
    let verdicts =
        [Verdict::Adopt, Verdict::NearMiss, Verdict::Ambiguous, Verdict::Hidden, Verdict::Create];
    for (scene, verdict) in scenes.iter().zip(verdicts) {
        assert_eq!(scene.verdict("a"), verdict);
        let told = told(scene, "a");
        assert!(!told.to_lowercase().contains("top secret"), "{verdict}: {told}");
        assert!(told.contains("(sensitive value)"), "{verdict}: {told}");
    }
}

#[test]
fn a_plain_name_is_concealed_where_it_tells_a_sensitive_one() {
    let scene = Scene::new()
        .creates("plain", "Top Secret")
        .creates("a", "Top Secret")
        .last(|planned| planned.sensitive = ["name".into()].into());
    for label in ["plain", "a"] {
        assert_eq!(scene.verdict(label), Verdict::DuplicateInConfig);
        let told = told(&scene, label);
        assert!(!told.contains("Top Secret"), "{label}: {told}");
    }
}

#[test]
fn of_a_sensitive_description_neither_side_is_shown() {
    let scene = Scene::new()
        .exists_with("id-1", "Sales", "hush of the org")
        .creates("a", "Sales")
        .last(|planned| {
            planned.sensitive = ["description".into()].into();
            let after = planned.after.as_mut().unwrap();
            after.insert("description".to_owned(), "hush of mine".into());
        });
    assert_eq!(scene.verdict("a"), Verdict::AdoptWithDrift);
    let told = told(&scene, "a");
    assert!(!told.contains("hush"), "{told}");
    assert!(told.contains("\"Sales\""), "{told}");
}
