//! The ledger, as an apply of many creates fills it. Invariant: no org, no Terraform, no file.

use divvy_core::failure::{Operation, Origin, Shape};
use divvy_core::kinds::division::DIVISION;
use divvy_core::survey::{AliasTarget, Listing, Listings, Org, TrackedInstance};
use divvy_core::{Attributes, Entity, OrgId, Verdict};
use serde_json::json;

use super::*;
use crate::arguments::{Arguments, Command};
use crate::run::holdings::Holdings;
use crate::run::subcommand::Flow;

const FLOW: Flow = Flow::Apply { asks: true };

fn token() -> AliasToken {
    AliasToken::of(b"block")
}

fn create(name: &str) -> Create {
    let planned = Value::from(json!({ "name": name }));
    Create {
        alias: token(),
        type_name: DIVISION.terraform_type.to_owned(),
        config: planned.clone(),
        planned,
        replaces: None,
    }
}

/// A ledger of an org with so many divisions, whose state holds as many others.
fn ledger(count: usize, flags: &[&str]) -> Ledger {
    let words = [&["divvy", "run"], flags, &["--", "terraform", "apply"]].concat();
    let Command::Run(run) = Arguments::parse_from_words(words).unwrap().command else { panic!() };
    let policy = RunPolicy::of(&run, &FLOW, "terraform".to_owned());
    let blocks = Arc::new(Blocks::default());
    let names = Arc::new(AliasNames::of(&blocks));
    let mut ledger = Ledger::new(policy, BTreeSet::new(), Configuration { blocks, names });
    let alias = Alias::new(FIRST_ALIAS);
    ledger.aliases.insert(token(), alias.clone());
    let entity = |prefix: &str, number: usize| Entity {
        kind: &DIVISION,
        id: EntityId::new(format!("{prefix}-{number}")),
        key: Key::name(format!("{prefix} {number}")),
        attributes: Attributes::new(),
        is_home: false,
    };
    let entities = (0..count).flat_map(|number| [entity("Free", number), entity("Held", number)]);
    let listing = Listing { entities: entities.collect(), is_complete: true, ..Listing::default() };
    let org = Org { listings: Listings::of(&DIVISION, listing), ..Org::default() };
    ledger.survey.change(|survey| {
        survey.orgs.insert(OrgId::new("org"), org);
        survey.aliases.insert(alias, AliasTarget::Org(OrgId::new("org")));
    });
    let held = (0..count).map(|number| TrackedInstance {
        address: Address::parse(&format!("genesyscloud_auth_division.held[{number}]")).unwrap(),
        kind: &DIVISION,
        provider_alias: None,
        id: EntityId::new(format!("Held-{number}")),
        attributes: serde_json::from_value(json!({ "name": format!("Held {number}") })).unwrap(),
        sensitive: BTreeSet::new(),
        is_tainted: false,
        is_deposed: false,
    });
    ledger.hold_once(Ok(Arc::new(Holdings::holding(held))));
    ledger
}

fn conflict(address: &Address) -> Failure {
    Failure {
        unit: None,
        address: Some(address.clone()),
        terraform_type: Some(DIVISION.terraform_type.to_owned()),
        operation: Operation::Create,
        shape: Shape::Refused,
        status: Some(409),
        method: Some("POST".to_owned()),
        path: Some(DIVISION.collection.to_owned()),
        name: None,
        correlation_id: None,
        summary: String::new(),
        line: 0,
        damage: Vec::new(),
        is_self_made: false,
        origin: Origin::Live,
    }
}

/// Lets an apply plan and refuse each of these creates; returns how many adoptions were permitted.
fn apply(ledger: &mut Ledger, names: &[String]) -> usize {
    for _ in 0..2 {
        ledger.begin_walk(&token(), &Value::Null);
        for name in names {
            let number = ledger.enter(&create(name), &DIVISION);
            let opinion = ledger.opinion(number, Phase::Plan).unwrap();
            ledger.announce(number, &opinion);
        }
    }
    let mut permitted = 0;
    for name in names {
        let number = ledger.applied(&create(name), &DIVISION).unwrap();
        let failure = conflict(&ledger.address(number).clone());
        ledger.refused(number, failure);
        let opinion = ledger.opinion(number, Phase::Apply).unwrap();
        let settled = match &opinion.adoption {
            Ok((id, _)) => {
                Settled::Adopted { id: id.to_string(), differing: Vec::new(), updated: false }
            }
            Err(_) => Settled::Failed,
        };
        permitted += usize::from(opinion.adoption.is_ok());
        ledger.settle(number, &settled);
    }
    permitted
}

#[test]
fn each_create_is_looked_up_in_an_index_that_was_made_once() {
    for count in [10, 200] {
        let mut ledger = ledger(count, &[]);
        let before = ledger.survey.indexed();
        let names: Vec<_> = (0..count).map(|number| format!("Free {number}")).collect();
        assert_eq!(apply(&mut ledger, &names), count);
        assert_eq!(ledger.survey.indexed(), before, "{count} creates index nothing anew");
        let conclusion = ledger.conclude(&Places::new());
        let adopted = |one: &divvy_core::Decided| one.finding.verdict == Verdict::Adopt;
        assert_eq!(conclusion.decisions.all.iter().filter(|one| adopted(one)).count(), count);
    }
}

#[test]
fn an_entity_that_is_found_by_its_name_indexes_nothing_anew() {
    let mut ledger = ledger(100, &[]);
    let before = ledger.survey.indexed();
    for number in 0..50 {
        let entity = Entity {
            kind: &DIVISION,
            id: EntityId::new(format!("late-{number}")),
            key: Key::name(format!("Late {number}")),
            attributes: Attributes::new(),
            is_home: false,
        };
        ledger.found_late(&token(), entity);
        let number = ledger.enter(&create(&format!("Late {number}")), &DIVISION);
        let opinion = ledger.opinion(number, Phase::Plan).unwrap();
        assert_eq!(opinion.finding.verdict, Verdict::Adopt);
    }
    assert_eq!(ledger.survey.indexed(), before);
}

#[test]
fn max_adopt_counts_everything_that_was_planned() {
    let names: Vec<_> = (0..4).map(|number| format!("Free {number}")).collect();
    for (limit, expected) in [("3", 0), ("4", 4)] {
        assert_eq!(apply(&mut ledger(4, &["--max-adopt", limit]), &names), expected);
    }
}

#[test]
fn two_creates_of_one_name_are_never_adopted() {
    let names = ["Free 1".to_owned(), "Free 1".to_owned(), "Free 2".to_owned()];
    assert_eq!(apply(&mut ledger(3, &["--on-conflict", "adopt"]), &names), 1);
}

#[test]
fn a_name_that_is_known_in_the_second_walk_is_the_same_create() {
    let mut ledger = ledger(1, &[]);
    ledger.begin_walk(&token(), &Value::Null);
    let open = Create { planned: Value::object([("name", Value::Unknown)]), ..create("") };
    let number = ledger.enter(&open, &DIVISION);
    ledger.begin_walk(&token(), &Value::Null);
    assert_eq!(ledger.enter(&create("Free 0"), &DIVISION), number);
    assert_eq!(ledger.applied(&create("Free 0"), &DIVISION), Some(number));
}
