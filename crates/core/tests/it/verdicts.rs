//! Each verdict and headline, from the smallest survey that calls for it.

use divvy_core::decide::{Action, Decision, Expect, Policy, Question};
use divvy_core::failure::{Operation, Origin, Shape};
use divvy_core::finding::Reason;
use divvy_core::survey::{Alias, AliasTarget, Change, StatePresence};
use divvy_core::verdict::{HeadlineKind, Verdict};
use divvy_core::{Difference, EntityId};
use serde_json::{Value, json};

use crate::builder::{Scene, address, failure};

fn policy() -> Policy {
    Policy::default()
}

fn imports(id: &str, expect: Expect) -> Decision {
    Decision::Act(Action::Import { id: EntityId::new(id), expect })
}

fn asks(question: Question) -> impl Fn(&Decision) -> bool {
    move |decision| matches!(decision, Decision::Ask { question: asked, .. } if *asked == question)
}

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
    assert_eq!(
        divvy_core::catalogue::hints(&finding, "terraform"),
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

#[test]
fn a_saved_plan_that_is_older_than_the_state_adopts_nothing_again() {
    let scene = Scene::new().exists("id-1", "A").creates("a", "A").tracks("a", "id-1", "A");
    assert_eq!(scene.verdict("a"), Verdict::Managed);
}

#[test]
fn a_sensitive_name_is_never_shown() {
    let scene = Scene::new()
        .exists("id-1", "Top Secret")
        .creates("a", "Top Secret")
        .last(|planned| planned.sensitive = ["name".into()].into());
    let finding = scene.finding("a");
    assert_eq!(finding.verdict, Verdict::Adopt);
    assert!(!format!("{finding:?}").contains("Top Secret"));
}

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
