//! What could not be looked at, and what a listing cannot prove: told with a kind whose entities are in
//! divisions.

use std::sync::LazyLock;

use divvy_core::catalogue::{hints, message};
use divvy_core::decide::{Policy, Question, decide};
use divvy_core::failure::Origin;
use divvy_core::finding::Reason;
use divvy_core::kinds::division::DIVISION;
use divvy_core::resolve::resolve;
use divvy_core::survey::{Alias, ById, Change, Listing, Listings, Planned, Seen, TrackedInstance};
use divvy_core::verdict::Verdict;
use divvy_core::{Address, Attributes, Entity, EntityId, Finding, Key, Kind, kinds};
use proptest::prelude::*;
use serde_json::json;

use super::{asks, policy};
use crate::builder::{Scene, address, failure, org};
use crate::properties::survey;

static QUEUE: LazyLock<&'static Kind> =
    LazyLock::new(|| kinds::of_terraform_type("genesyscloud_routing_queue").expect("a kind"));

const AT: &str = "genesyscloud_routing_queue.support";

fn named(name: &str) -> Attributes {
    [("name".to_owned(), json!(name))].into_iter().collect()
}

fn plans(change: Change) -> Scene {
    let mut scene = Scene::new();
    scene.survey.desired.get_or_insert_default().planned.push(Planned {
        after: Some(named("Support")),
        ..Planned::new(address(AT), &QUEUE, Alias::new("genesyscloud"), change)
    });
    scene
}

fn tracks(mut scene: Scene, name: &str) -> Scene {
    scene.survey.tracked.get_or_insert_default().instances.push(TrackedInstance {
        address: address(AT),
        kind: &QUEUE,
        provider_alias: None,
        id: EntityId::new("id-q"),
        attributes: named(name),
        sensitive: std::collections::BTreeSet::new(),
        is_tainted: false,
        is_deposed: false,
    });
    scene
}

fn lists(mut scene: Scene, seen: Seen) -> Scene {
    let org = scene.survey.orgs.get_mut(&org()).expect("the scene has an org");
    org.listings.insert(&QUEUE, seen);
    scene
}

fn queue(id: &str, name: &str) -> Entity {
    Entity {
        kind: &QUEUE,
        id: EntityId::new(id),
        key: Key::name(name),
        attributes: named(name),
        is_home: false,
    }
}

/// Every page was read, and it holds another queue.
fn full() -> Listing {
    Listing {
        entities: vec![queue("id-other", "Other")].into(),
        is_complete: true,
        ..Listing::default()
    }
}

/// Fails if anything is claimed about what the org has.
fn knows_nothing(finding: &Finding) {
    let text = message(finding);
    for claim in ["not in the org", "no longer has", "the org has no such", "is free", "exists as"]
    {
        assert!(!text.contains(claim), "{text}");
    }
}

#[test]
fn a_kind_that_was_not_listed_is_never_said_to_be_absent() {
    let refused = || Seen::Unlisted("GET /api/v2/routing/queues: 403".into());
    let planned = [
        plans(Change::Create),
        plans(Change::Create).last(|planned| planned.import_id = Some(EntityId::new("id-q"))),
        tracks(plans(Change::Update), "Sales"),
        tracks(plans(Change::Replace { create_first: false }), "Support"),
    ];
    for unasked in planned {
        for scene in [lists(unasked.clone(), refused()), unasked] {
            let finding = scene.finding(AT);
            assert_eq!(finding.verdict, Verdict::Unlisted);
            knows_nothing(&finding);
            assert!(message(&finding).contains("the org's queues could not be listed"));
            assert!(!hints(&finding, "terraform").is_empty());
            assert!(asks(Question::Elsewhere)(&scene.decision(AT, &policy())));
        }
    }
    let why = message(&lists(plans(Change::Create), refused()).finding(AT));
    assert!(why.contains("/api/v2/routing/queues: 403"), "{why}");
}

#[test]
fn what_the_apply_leaves_as_it_is_needs_no_listing() {
    assert_eq!(tracks(plans(Change::NoOp), "Support").verdict(AT), Verdict::Managed);
}

#[test]
fn a_kind_that_was_listed_is_resolved_like_any_other() {
    let mut listing = full();
    listing.entities.push(queue("id-q", "Support"));
    let scene = lists(plans(Change::Create), Seen::Listed(listing));
    assert_eq!(scene.verdict(AT), Verdict::Adopt);
    // Equal names of two kinds are two things.
    let other = lists(plans(Change::Create).exists("id-1", "Support"), Seen::Listed(full()));
    assert_eq!(other.verdict(AT), Verdict::Create);
}

#[test]
fn what_belongs_to_a_division_is_never_proved_to_be_absent() {
    let mut listing = full();
    listing.by_id.insert(EntityId::new("id-q"), ById::Absent);
    let seen = || Seen::Listed(listing.clone());
    let gone = lists(tracks(plans(Change::NoOp), "Support"), seen());
    assert_eq!(gone.verdict(AT), Verdict::Managed, "neither stale nor gone");
    let create = lists(plans(Change::Create), seen()).finding(AT);
    assert_eq!(create.verdict, Verdict::Create);
    knows_nothing(&create);
    let import =
        plans(Change::Create).last(|planned| planned.import_id = Some(EntityId::new("id-q")));
    let import = lists(import, seen()).finding(AT);
    assert_eq!(import.evidence.reason, Reason::ImportedIdUnseen);
    knows_nothing(&import);
    let mut refused = lists(plans(Change::Create), seen());
    refused.survey.failures.push(divvy_core::Failure {
        address: Address::parse(AT),
        terraform_type: Some(QUEUE.terraform_type.to_owned()),
        path: Some(QUEUE.collection.to_owned()),
        origin: Origin::Log,
        ..failure("a", "Support", 409)
    });
    assert_eq!(refused.verdict(AT), Verdict::Hidden, "an old 409 is not over");
}

#[test]
fn an_imported_id_that_a_narrow_view_lacks_is_not_said_to_be_absent() {
    let import = |scene: Scene| {
        let scene = scene.creates("a", "A");
        scene.last(|planned| planned.import_id = Some(EntityId::new("id-9")))
    };
    // Only Home is visible, and even a 404 for the id may mean that it may not be seen.
    let narrow = import(Scene::new().absent("id-9"));
    assert_eq!(narrow.finding("a").evidence.reason, Reason::ImportedIdUnseen);
    let unasked = import(Scene::new().exists("id-1", "Other"));
    assert_eq!(unasked.finding("a").evidence.reason, Reason::ImportedIdUnseen);
    let proved = import(Scene::new().exists("id-1", "Other").absent("id-9"));
    assert_eq!(proved.finding("a").evidence.reason, Reason::ImportedIdAbsent);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, ..ProptestConfig::default() })]

    #[test]
    fn without_a_listing_nothing_is_created_or_adopted(survey in survey(), refused in any::<bool>()) {
        let mut survey = survey;
        for org in survey.orgs.values_mut() {
            org.listings = Listings::default();
            if refused {
                org.listings.insert(&DIVISION, Seen::Unlisted("403".into()));
            }
        }
        let resolution = resolve(&survey);
        for finding in &resolution.findings {
            prop_assert!(!matches!(finding.verdict, Verdict::Create | Verdict::Adopt | Verdict::Gone | Verdict::Stale), "{finding:?}");
            knows_nothing(finding);
        }
        let allowed = Policy { adopt_all: true, accept_drift: true, home: true, ..policy() };
        for one in decide(resolution, &allowed).all {
            prop_assert!(one.action().is_none(), "{one:?}");
        }
    }
}
