//! Kinds beside the division: keys of several parts, divisions, parents, and creates that update.

use std::collections::{BTreeMap, BTreeSet};

use divvy_core::answer::{Answer, answers};
use divvy_core::catalogue::{hints, message};
use divvy_core::decide::{Action, Decision, Expect, Policy, Question, decide};
use divvy_core::drift::{Drift, attribute_name};
use divvy_core::further_needs::further_needs;
use divvy_core::name::Difference;
use divvy_core::resolve::resolve;
use divvy_core::survey::{Alias, Change, Listing, Planned, Seen, Survey, TrackedInstance};
use divvy_core::verdict::Verdict;
use divvy_core::{Address, Attributes, Entity, EntityId, Finding, HeadlineKind, Key, Kind, kinds};
use serde_json::{Value, json};

use crate::builder::{Scene, org};

fn kind(name: &str) -> &'static Kind {
    kinds::of_terraform_type(&format!("genesyscloud_{name}")).expect("a kind")
}

fn attributes(value: Value) -> Attributes {
    match value {
        Value::Object(attributes) => attributes,
        _ => Attributes::new(),
    }
}

fn address(kind: &Kind) -> Address {
    Address::parse(&format!("{}.x", kind.terraform_type)).expect("an address")
}

fn plans(survey: &mut Survey, kind: &'static Kind, change: Change, after: Value) {
    survey.desired.get_or_insert_default().planned.push(Planned {
        after: Some(attributes(after)),
        ..Planned::new(address(kind), kind, Alias::new("genesyscloud"), change)
    });
}

fn lists(survey: &mut Survey, kind: &'static Kind, read: &[&str], entities: &[Entity]) {
    let filling: Vec<String> = read.iter().map(|text| (*text).to_owned()).collect();
    let listing = Listing {
        entities: entities.to_vec().into(),
        is_complete: true,
        read: BTreeSet::from([filling]),
        ..Listing::default()
    };
    let org = survey.orgs.get_mut(&org()).expect("the scene has an org");
    org.listings.add(kind, Seen::Listed(listing));
}

fn entity(kind: &'static Kind, id: &str, key: &[&str], division: Option<&str>) -> Entity {
    let division = division.map(|id| ("division_id".to_owned(), json!(id)));
    Entity {
        kind,
        id: EntityId::new(id),
        key: Key::from_parts(key.iter().map(|part| (*part).to_owned()).collect()),
        attributes: division.into_iter().collect(),
        is_home: false,
    }
}

fn found(survey: &Survey, kind: &Kind) -> Finding {
    let at = address(kind);
    let mut findings = resolve(survey).findings.into_iter();
    findings.find(|finding| finding.address.as_ref() == Some(&at)).expect("a finding")
}

#[test]
fn a_key_is_equal_in_every_part_or_not_at_all() {
    let base = kind("knowledge_knowledgebase");
    let wants = json!({ "name": "Help", "core_language": "en-US" });
    for (key, verdict) in [
        (["Help", "en-US"], Verdict::Adopt),
        (["Help", "de-DE"], Verdict::Create),
        (["help", "en-US"], Verdict::NearMiss),
    ] {
        let mut survey = Scene::new().survey;
        plans(&mut survey, base, Change::Create, wants.clone());
        lists(&mut survey, base, &[], &[entity(base, "b-1", &key, None)]);
        assert_eq!(found(&survey, base).verdict, verdict, "{key:?}");
    }
}

#[test]
fn in_another_division_is_another_object_until_the_api_says_that_the_name_is_taken() {
    let queue = kind("routing_queue");
    let mut survey = Scene::new().survey;
    let wants = json!({ "name": "Support", "division_id": "d-1" });
    plans(&mut survey, queue, Change::Create, wants);
    lists(&mut survey, queue, &[], &[entity(queue, "q-2", &["Support"], Some("d-2"))]);
    let finding = found(&survey, queue);
    assert_eq!(finding.verdict, Verdict::Create);
    assert_eq!(finding.evidence.candidates[0].differs, [Difference::Division]);
    assert!(message(&finding).contains("in another division"), "{}", message(&finding));

    survey.failures.push(divvy_core::Failure {
        address: Some(address(queue)),
        terraform_type: Some(queue.terraform_type.to_owned()),
        path: Some(queue.collection.to_owned()),
        ..crate::builder::failure("x", "Support", 409)
    });
    let finding = found(&survey, queue);
    assert_eq!(finding.verdict, Verdict::NearMiss, "{finding:?}");

    let own = entity(queue, "q-1", &["Support"], Some("d-1"));
    lists(&mut survey, queue, &[], &[own]);
    survey.failures.clear();
    let finding = found(&survey, queue);
    assert_eq!(finding.verdict, Verdict::Adopt);
    assert_eq!(finding.evidence.entity.map(|entity| entity.id), Some(EntityId::new("q-1")));
}

#[test]
fn a_child_is_open_until_its_parent_is_known_and_is_then_looked_for_below_it() {
    let status = kind("task_management_worktype_status");
    let mut survey = Scene::new().survey;
    plans(&mut survey, status, Change::Create, json!({ "name": "Open" }));
    assert_eq!(found(&survey, status).verdict, Verdict::UnknownName);
    assert!(further_needs(&survey).is_empty(), "nobody knows where to look");

    let mut survey = Scene::new().survey;
    let wants = json!({ "name": "Open", "worktype_id": "w-1" });
    plans(&mut survey, status, Change::Create, wants);
    assert_eq!(found(&survey, status).verdict, Verdict::Unlisted);
    let below = |survey: &Survey| -> BTreeMap<_, _> {
        let needs = further_needs(survey).into_iter();
        needs.map(|((_, kind), needs)| (kind, needs.listings)).collect()
    };
    let first: BTreeSet<_> = BTreeSet::from([vec!["w-1".to_owned()]]);
    assert_eq!(below(&survey), BTreeMap::from([(status, first.clone())]));

    // What was read below another parent says nothing of this one.
    let elsewhere = entity(status, "w-2/s-9", &["Open", "w-2"], None);
    lists(&mut survey, status, &["w-2"], &[elsewhere]);
    assert_eq!(found(&survey, status).verdict, Verdict::Unlisted);
    assert_eq!(below(&survey), BTreeMap::from([(status, first)]));

    lists(&mut survey, status, &["w-1"], &[entity(status, "w-1/s-1", &["Open", "w-1"], None)]);
    let finding = found(&survey, status);
    assert_eq!(finding.verdict, Verdict::Adopt);
    assert_eq!(finding.name.as_ref().map(ToString::to_string).as_deref(), Some("Open"));
    assert!(further_needs(&survey).is_empty());
}

#[test]
fn what_is_tracked_and_well_is_not_listed_and_says_nothing_of_the_view() {
    let skill = kind("routing_skill");
    let mut survey = Scene::new().survey;
    plans(&mut survey, skill, Change::NoOp, json!({ "name": "French" }));
    survey.tracked.get_or_insert_default().instances.push(TrackedInstance {
        address: address(skill),
        kind: skill,
        provider_alias: None,
        id: EntityId::new("s-1"),
        attributes: attributes(json!({ "name": "French" })),
        sensitive: BTreeSet::new(),
        is_tainted: false,
        is_deposed: false,
    });
    assert!(further_needs(&survey).is_empty(), "{:?}", further_needs(&survey));
    // Only Home is visible, which says nothing of skills.
    let resolution = resolve(&survey);
    let restricted =
        resolution.headlines.iter().any(|one| one.kind == HeadlineKind::RestrictedView);
    assert!(!restricted, "{:?}", resolution.headlines);
    assert_eq!(found(&survey, skill).verdict, Verdict::Managed);
}

#[test]
fn a_create_that_updates_what_exists_needs_no_listing_unless_it_failed() {
    let settings = kind("routing_settings");
    let mut survey = Scene::new().survey;
    plans(&mut survey, settings, Change::Create, json!({}));
    let finding = found(&survey, settings);
    assert_eq!((finding.verdict, finding.also), (Verdict::UpdatesExisting, Vec::new()));
    assert!(further_needs(&survey).is_empty());
    survey.failures.push(divvy_core::Failure {
        address: Some(address(settings)),
        terraform_type: Some(settings.terraform_type.to_owned()),
        ..crate::builder::failure("x", "settings", 403)
    });
    assert_eq!(found(&survey, settings).verdict, Verdict::NotAConflict);
}

#[test]
fn terraforms_plan_of_an_import_says_what_differs_and_what_would_be_replaced() {
    let list = kind("outbound_contact_list");
    let mut survey = Scene::new().survey;
    plans(&mut survey, list, Change::Create, json!({ "name": "Leads" }));
    lists(&mut survey, list, &[], &[entity(list, "l-1", &["Leads"], None)]);
    let finding = found(&survey, list);
    assert!(message(&finding).contains("shown before anything is imported"));
    let expects = |policy: Policy| {
        let decided = decide(resolve(&survey), &policy).all;
        match decided.into_iter().find(|one| one.finding.kind == Some(list))?.decision {
            Decision::Act(Action::Import { expect, .. }) => Some(expect),
            _ => None,
        }
    };
    assert_eq!(expects(Policy::default()), Some(Expect::NoOp));
    let drifted = Policy { adopt_drifted: true, ..Policy::default() };
    assert_eq!(expects(drifted), Some(Expect::DriftStays));
    let accepted = Policy { accept_drift: true, ..Policy::default() };
    assert_eq!(expects(accepted.clone()), Some(Expect::Update));

    let drift = || Drift {
        attribute: attribute_name("column_names"),
        config: Some(json!(["a", "b"]).into()),
        org: Some(json!(["a"]).into()),
    };
    let updated = finding.clone().as_planned(vec![drift()], false);
    assert_eq!(updated.verdict, Verdict::AdoptWithDrift);
    let replaced = finding.as_planned(vec![drift()], true);
    assert_eq!(replaced.verdict, Verdict::WouldReplace);
    assert!(message(&replaced).contains("delete it and make another"), "{}", message(&replaced));
    let resolution = divvy_core::Resolution { findings: vec![replaced], ..Default::default() };
    let decided = decide(resolution, &accepted).all;
    let question = Decision::Ask { question: Question::Elsewhere, then: None };
    assert_eq!(decided[0].decision, question);
}

#[test]
fn what_both_halves_of_a_listing_show_is_one_entity() {
    let site = kind("telephony_providers_edges_site");
    let entity = |id: &str| entity(site, id, &["Berlin"], None);
    let half = |ids: &[&str]| Listing {
        entities: ids.iter().map(|id| entity(id)).collect(),
        is_complete: true,
        ..Listing::default()
    };
    let mut whole = half(&["s-1", "s-2"]);
    whole.join(half(&["s-2", "s-3"]));
    let ids: Vec<_> = whole.entities.iter().map(|entity| entity.id.as_str()).collect();
    assert_eq!(ids, ["s-1", "s-2", "s-3"]);
    assert!(whole.is_complete);
    whole.join(Listing { is_complete: false, ..half(&[]) });
    assert!(!whole.is_complete, "half a listing proves nothing");
}

#[test]
fn a_create_of_a_built_in_role_updates_it_whatever_the_org_lists() {
    let role = kind("auth_role");
    for (built_in, verdict) in [
        (json!("employee"), Verdict::UpdatesExisting),
        (json!(""), Verdict::Adopt),
        (Value::Null, Verdict::Adopt),
    ] {
        let mut survey = Scene::new().survey;
        let after = json!({ "name": "Employee", "default_role_id": built_in });
        plans(&mut survey, role, Change::Create, after);
        lists(&mut survey, role, &[], &[entity(role, "r-1", &["Employee"], None)]);
        assert_eq!(found(&survey, role).verdict, verdict, "{built_in}");
    }
}

#[test]
fn what_the_api_never_tells_is_said_to_be_written_again_and_not_to_differ() {
    let credential = kind("integration_credential");
    let mut survey = Scene::new().survey;
    plans(&mut survey, credential, Change::Create, json!({ "name": "Key" }));
    lists(&mut survey, credential, &[], &[entity(credential, "c-1", &["Key"], None)]);
    let drift = |attribute: &str| Drift {
        attribute: attribute_name(attribute),
        config: Some(divvy_core::shown::Shown::Sensitive),
        org: None,
    };
    let told = found(&survey, credential).as_planned(vec![drift("fields")], false);
    let text = message(&told);
    assert!(text.contains("The API never tells its fields"), "{text}");
    assert!(!text.contains("differs"), "{text}");
    let both = found(&survey, credential)
        .as_planned(vec![drift("fields"), drift("credential_type_name")], false);
    let text = message(&both);
    assert!(
        text.contains("differs: an apply after the import would change its credential_type_name"),
        "{text}"
    );
    assert!(text.contains("The API never tells its fields"), "{text}");
}

#[test]
fn what_the_next_apply_would_replace_for_its_key_may_not_be_taken_by_an_id_either() {
    let skill = kind("routing_skill");
    for names in [&["french"][..], &["french", "FRENCH"]] {
        let mut survey = Scene::new().survey;
        plans(&mut survey, skill, Change::Create, json!({ "name": "French" }));
        let near: Vec<_> = names.iter().map(|name| entity(skill, name, &[name], None)).collect();
        lists(&mut survey, skill, &[], &near);
        let finding = found(&survey, skill);
        let text = message(&finding);
        assert!(text.contains("would delete it and make another"), "{text}");
        assert!(!text.contains("renames"), "{text}");
        let hints: Vec<_> = hints(&finding, "terraform").iter().map(ToString::to_string).collect();
        assert!(hints.iter().all(|hint| !hint.contains("--id")), "{hints:?}");
        assert!(hints[0].starts_with("change the configuration to name = \""), "{hints:?}");
        let ids = BTreeMap::from([(address(skill), EntityId::new("french"))]);
        let decided = decide(resolve(&survey), &Policy { ids, ..Policy::default() }).all;
        let forbidden = Decision::Ask { question: Question::Forbidden, then: None };
        assert_eq!(decided[0].decision, forbidden, "{names:?}");
        let asked = decide(resolve(&survey), &Policy::default()).all;
        let takes = answers(&asked[0]).into_iter().filter(|one| matches!(one, Answer::Take(_)));
        assert_eq!(takes.count(), 0, "no prompt offers it: {names:?}");
    }
}
