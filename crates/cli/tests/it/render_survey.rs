//! A survey built by hand that holds every verdict once at least, and the reports of it.

use std::collections::BTreeMap;

use divvy::report::{Command, Made, Place, Report, RunInfo, Terraform};
use divvy_core::address::Address;
use divvy_core::decide::{Policy, decide};
use divvy_core::entity::{Attributes, Entity, EntityId, Key, OrgId};
use divvy_core::failure::{Failure, Operation, Origin, Shape};
use divvy_core::kinds::division::DIVISION;
use divvy_core::resolve::resolve;
use divvy_core::survey::{
    Alias, AliasTarget, ById, Change, Desired, Listing, Listings, Org, OtherState, Planned, Seen,
    StatePresence, Survey, Tracked, TrackedInstance,
};
use serde_json::{Value, json};

/// The provider configuration that everything uses unless said otherwise.
pub(crate) const ALIAS: &str = "genesyscloud";

/// Returns the address of a division in the root module: `eng`, `desk["x"]`.
pub(crate) fn division(tail: &str) -> Address {
    Address::parse(&format!("genesyscloud_auth_division.{tail}")).unwrap()
}

fn attributes(value: Value) -> Attributes {
    match value {
        Value::Object(attributes) => attributes,
        other => panic!("{other}"),
    }
}

/// An entity of the org; its id is made of four digits.
pub(crate) fn entity(number: u16, name: &str) -> Entity {
    Entity {
        kind: &DIVISION,
        id: id(number),
        key: Key::name(name),
        attributes: attributes(json!({ "name": name })),
        is_home: false,
    }
}

pub(crate) fn id(number: u16) -> EntityId {
    EntityId::new(format!("{number:04}aaaa-0000-4000-8000-000000000000"))
}

pub(crate) fn create(tail: &str, name: &str) -> Planned {
    Planned {
        after: Some(attributes(json!({ "name": name }))),
        ..Planned::new(division(tail), &DIVISION, Alias::new(ALIAS), Change::Create)
    }
}

fn change(tail: &str, change: Change, before: &str, after: &str) -> Planned {
    Planned { change, before: Some(attributes(json!({ "name": before }))), ..create(tail, after) }
}

pub(crate) fn tracked(tail: &str, number: u16, name: &str) -> TrackedInstance {
    TrackedInstance {
        address: division(tail),
        kind: &DIVISION,
        provider_alias: None,
        id: id(number),
        attributes: attributes(json!({ "name": name })),
        sensitive: std::collections::BTreeSet::new(),
        is_tainted: false,
        is_deposed: false,
    }
}

fn refused(tail: &str, path: &str) -> Failure {
    Failure {
        unit: None,
        address: Some(division(tail)),
        terraform_type: Some(DIVISION.terraform_type.to_owned()),
        operation: Operation::Create,
        shape: Shape::Refused,
        status: Some(409),
        method: Some("POST".to_owned()),
        path: Some(path.to_owned()),
        name: None,
        correlation_id: None,
        summary: "Failed to create division".to_owned(),
        line: 12,
        damage: Vec::new(),
        is_self_made: false,
        origin: Origin::Live,
    }
}

/// Puts entities, planned and tracked instances together, all in one org.
pub(crate) fn survey(
    entities: Vec<Entity>,
    planned: Vec<Planned>,
    tracked: Vec<TrackedInstance>,
) -> Survey {
    let org_id = OrgId::new("0rg00000-0000-4000-8000-000000000000");
    let listing = Listing { entities: entities.into(), is_complete: true, ..Listing::default() };
    let org = Org {
        name: Some("Acme".to_owned()),
        region: Some("eu-central-1".to_owned()),
        listings: Listings::of(&DIVISION, listing),
    };
    Survey {
        desired: Some(Desired { planned, ..Desired::default() }),
        tracked: Some(Tracked {
            presence: StatePresence::Present,
            instances: tracked,
            lineage: None,
            serial: None,
        }),
        aliases: BTreeMap::from([(Alias::new(ALIAS), AliasTarget::Org(org_id.clone()))]),
        orgs: BTreeMap::from([(org_id, org)]),
        ..Survey::default()
    }
}

/// A survey in which every verdict has its instance.
pub(crate) fn every_verdict() -> Survey {
    let home = Entity { is_home: true, ..entity(1, "Home") };
    let mut support = entity(3, "Support");
    support.attributes.insert("description".to_owned(), json!("Owned by IT"));
    let entities = vec![
        home,
        entity(2, "Engineering"),
        support,
        entity(4, "Marketing"),
        entity(5, "Claims"),
        entity(6, "CLAIMS"),
        entity(7, "Retail"),
        entity(8, "EMEA"),
        entity(9, "Shared"),
        entity(10, "Tainted"),
        entity(11, "Imported"),
        entity(12, "Cycle"),
        entity(13, "Old"),
        entity(14, "Taken"),
        entity(15, "First"),
        entity(16, "Second"),
        entity(17, "Elsewhere"),
        entity(18, "Well"),
        entity(19, "Desk Tom's"),
    ];
    let planned = vec![
        create("eng", "Engineering"),
        create(r#"desk["Tom's \"VIP\" desk"]"#, "Desk Tom's"),
        create("support", "Support"),
        create("marketing", "marketing"),
        create("claims", "claims"),
        Planned::new(
            Address::parse("genesyscloud_routing_settings.here").unwrap(),
            divvy_core::kinds::of_terraform_type("genesyscloud_routing_settings").unwrap(),
            Alias::new(ALIAS),
            Change::Create,
        ),
        create("home", "Home"),
        change("retail", Change::NoOp, "Retail", "Retail"),
        create(r#"region["EMEA"]"#, "EMEA"),
        change("region", Change::Delete, "EMEA", "EMEA"),
        Planned { after: Some(Attributes::new()), ..create("later", "") },
        create("brand_new", "Brand New"),
        create("twin_a", "Twin"),
        create("twin_b", "Twin"),
        create("hidden", "Hidden"),
        Planned { alias: Alias::new("genesyscloud.prod"), ..create("prod", "Prod") },
        change("gone", Change::NoOp, "Gone", "Gone"),
        change("tainted", Change::Replace { create_first: false }, "Tainted", "Tainted"),
        Planned { import_id: Some(id(11)), ..create("imported", "Imported") },
        change("cycle", Change::Replace { create_first: true }, "Cycle", "Cycle"),
        change("clash", Change::Update, "Old", "Taken"),
        change("chain[0]", Change::Update, "First", "Second"),
        change("chain[1]", Change::Update, "Second", "Third"),
        create("elsewhere", "Elsewhere"),
        create("restored", "Deleted"),
        create("lock", "Lock"),
        change("well", Change::NoOp, "Well", "Well"),
        Planned { alias: Alias::new("genesyscloud.second"), ..create("second", "Team") },
        Planned {
            previous_address: Some(division("before")),
            ..change("after", Change::NoOp, "Shared", "Shared")
        },
    ];
    let tracked = vec![
        tracked("retail", 97, "Retail"),
        tracked("region", 8, "EMEA"),
        tracked("gone", 98, "Gone"),
        TrackedInstance { is_tainted: true, ..tracked("tainted", 10, "Tainted") },
        tracked("double_a", 9, "Shared"),
        tracked("double_b", 9, "Shared"),
        tracked("cycle", 12, "Cycle"),
        tracked("clash", 13, "Old"),
        tracked("chain[0]", 15, "First"),
        tracked("chain[1]", 16, "Second"),
        tracked("well", 18, "Well"),
    ];
    let mut survey = survey(entities, planned, tracked);
    survey.aliases.insert(
        Alias::new("genesyscloud.prod"),
        AliasTarget::Unresolved("the block refers to var.secret, which is not set".to_owned()),
    );
    let second = OrgId::new("0rg00000-0000-4000-8000-000000000002");
    let mut listings = Listings::default();
    listings.insert(&DIVISION, Seen::Unlisted("GET /api/v2/authorization/divisions: 403".into()));
    survey
        .orgs
        .insert(second.clone(), Org { name: Some("Second".to_owned()), region: None, listings });
    survey.aliases.insert(Alias::new("genesyscloud.second"), AliasTarget::Org(second));
    survey.failures = vec![
        refused("hidden", DIVISION.collection),
        refused("restored", DIVISION.collection),
        Failure { shape: Shape::Locked, status: None, ..refused("lock", DIVISION.collection) },
    ];
    survey.surroundings.other_states = vec![OtherState {
        label: "roots/legacy".to_owned(),
        tracked: Tracked {
            instances: vec![self::tracked("claims_team", 17, "Elsewhere")],
            ..Tracked::default()
        },
    }];
    let listing =
        survey.orgs.values_mut().flat_map(|org| org.listings.values_mut()).next().unwrap();
    listing.by_id = BTreeMap::from([(id(97), ById::Absent), (id(98), ById::Absent)]);
    listing.deleted = Some(vec![entity(20, "Deleted")].into());
    survey
}

/// What a run of `check` knows beside its survey.
pub(crate) fn info() -> RunInfo {
    RunInfo {
        terraform: Some(Terraform {
            program: "terraform".to_owned(),
            version: Some("1.11.4".to_owned()),
        }),
        made: Some(Made {
            divvy: "divvy 9.9.9".to_owned(),
            at: "2026-11-28 11:16:25 UTC".to_owned(),
            directory: "infra/envs/prod".to_owned(),
            workspace: Some("default".to_owned()),
            backend: Some("s3".to_owned()),
            commit: Some("6012862538fa411d08c0e5a3854f972ac6f8b742".to_owned()),
        }),
        places: BTreeMap::from([
            (division("eng"), Place { file: "main.tf".to_owned(), line: 12 }),
            (division("marketing"), Place { file: "teams/a,b.tf".to_owned(), line: 3 }),
        ]),
        api_requests: 3,
        terraform_runs: 2,
        ..RunInfo::default()
    }
}

/// Resolves, decides and reports.
pub(crate) fn report(command: Command, survey: &Survey, policy: &Policy, info: RunInfo) -> Report {
    let credentials = BTreeMap::from([(Alias::new(ALIAS), "provider block".to_owned())]);
    let seen = RunInfo::of(survey, &credentials);
    let info = RunInfo { orgs: seen.orgs, pending: info.pending.or(seen.pending), ..info };
    Report::new(command, &decide(resolve(survey), policy), info)
}

/// A policy that allows whatever a flag can allow.
pub(crate) fn permissive() -> Policy {
    Policy { adopt_all: true, adopt_drifted: true, repair: true, home: true, ..Policy::default() }
}
