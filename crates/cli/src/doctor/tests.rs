//! Facts of a healthy set-up, for tests to spoil; and what holds for the whole table.

use std::collections::BTreeSet;

use divvy_core::kinds::division::DIVISION;
use divvy_core::survey::{Listing, TrackedInstance};
use divvy_core::{Address, Attributes, Entity, EntityId, Key, OrgId};
use divvy_genesys::Organization;
use divvy_terraform::{LockFile, LockedProvider};

use super::facts::{
    Account, Answers, Configuration, Facts, KindSeen, Leftovers, Program, Reply, State, Trouble,
    Way,
};
use super::{CHECKS, Diagnosis};
use crate::given::Given;

pub(super) fn trouble(message: &str) -> Trouble {
    Trouble { message: message.to_owned(), hints: vec!["do something".into()] }
}

pub(super) fn division(name: &str, is_home: bool) -> Entity {
    Entity {
        kind: &DIVISION,
        id: EntityId::new(format!("id-{name}")),
        key: Key::name(name),
        attributes: Attributes::new(),
        is_home,
    }
}

pub(super) fn configuration() -> Configuration {
    Configuration {
        source: Some("mypurecloud/genesyscloud".to_owned()),
        lock_file: LockFile::Read(vec![LockedProvider {
            source: "registry.terraform.io/mypurecloud/genesyscloud".to_owned(),
            version: "1.84.1".to_owned(),
            constraints: Some("~> 1.84".to_owned()),
            hashes: Vec::new(),
        }]),
        is_installed: true,
        is_reattached: false,
        overridden: None,
        backend: None,
        runs_remotely: false,
        workspace: None,
        unreadable: Vec::new(),
        literal_credentials: Vec::new(),
        imports: Vec::new(),
    }
}

pub(super) fn account() -> Account {
    let entities = vec![division("Home", true), division("Sales", false)];
    let everywhere = || Reply::Told(entities.clone());
    let permissions = [
        "authorization:division:add",
        "authorization:grant:add",
        "authorization:divisionDeleted:view",
    ];
    Account {
        alias: Some("genesyscloud".to_owned()),
        way: Ok(Way {
            credentials_from: "provider block".to_owned(),
            client_id: Some("client-1".to_owned()),
            api_url: "https://api.mypurecloud.de".to_owned(),
            region: Some("eu-central-1"),
            base_from: "provider block".to_owned(),
            proxies: Vec::new(),
        }),
        regions_named: vec![("provider block", "eu-central-1".to_owned())],
        answers: Answers {
            token: Reply::Told(()),
            reason: None,
            clock_skew: Some(0),
            organization: Reply::Told(Organization {
                id: OrgId::new("org-1"),
                name: Some("Test Org".to_owned()),
            }),
            products: Reply::Told(()),
            listable: Vec::new(),
            kinds: vec![KindSeen {
                kind: &DIVISION,
                permitted: permissions.map(|permission| (permission, everywhere())).into(),
                listing: Reply::Told(Listing {
                    entities: entities.clone().into(),
                    is_complete: true,
                    ..Listing::default()
                }),
                limit: Reply::Told(Some(50)),
                tracked: 1,
                absent: Reply::Told(Vec::new()),
            }],
        },
    }
}

pub(super) fn facts() -> Facts {
    let address = Address::parse("genesyscloud_auth_division.a").unwrap();
    Facts {
        terraform: Ok(Program {
            name: "terraform".to_owned(),
            path: "/usr/bin/terraform".into(),
            passes_wrapper_by: false,
            version: Ok("1.11.4".to_owned()),
        }),
        configuration: Ok(configuration()),
        state: Reply::Told(State {
            is_there: true,
            addresses: vec![address.as_str().to_owned()],
            instances: vec![TrackedInstance {
                address,
                kind: &DIVISION,
                provider_alias: None,
                id: EntityId::new("id-Sales"),
                attributes: Attributes::new(),
                sensitive: BTreeSet::new(),
                is_tainted: false,
                is_deposed: false,
            }],
        }),
        accounts: vec![account()],
        leftovers: Leftovers::default(),
    }
}

#[test]
fn a_healthy_set_up_is_all_ticks() {
    let diagnosis = Diagnosis::of(&facts(), &Given::default());
    assert!(diagnosis.rows.iter().all(|row| row.ok == Some(true)), "{}", page(&diagnosis));
    assert_eq!(diagnosis.rows.len(), CHECKS.len());
    assert!(page(&diagnosis).ends_with("next: divvy check\n"));
}

#[test]
fn every_check_has_an_id_of_its_own_and_asks_something() {
    let ids: BTreeSet<_> = CHECKS.iter().map(|check| check.id).collect();
    assert_eq!(ids.len(), CHECKS.len());
    assert!(CHECKS.iter().all(|check| check.asks.ends_with('?')));
}

#[test]
fn every_check_answers_even_if_nothing_could_be_learnt() {
    let mut account = account();
    account.answers =
        Answers { token: Reply::Refused(trouble("no network")), ..Answers::default() };
    let facts = Facts {
        terraform: Err(trouble("none")),
        configuration: Err(trouble("none")),
        state: Reply::Unasked,
        accounts: vec![account],
        leftovers: Leftovers::default(),
    };
    let diagnosis = Diagnosis::of(&facts, &Given::default());
    assert_eq!(diagnosis.rows.len(), CHECKS.len());
    let crosses: Vec<_> = diagnosis.rows.iter().filter(|row| row.ok == Some(false)).collect();
    let ids: Vec<_> = crosses.iter().map(|row| row.id).collect();
    assert_eq!(ids, ["terraform", "configuration", "token"]);
    assert!(crosses.iter().all(|row| !row.hints.is_empty()));
    assert!(diagnosis.has_cross());
}

#[test]
fn two_accounts_are_told_apart() {
    let mut facts = facts();
    facts.accounts.push(Account { alias: Some("genesyscloud.eu".to_owned()), ..account() });
    let diagnosis = Diagnosis::of(&facts, &Given::default());
    let tokens: Vec<_> = diagnosis.rows.iter().filter(|row| row.id == "token").collect();
    assert_eq!(tokens.len(), 2);
    assert_eq!(tokens[1].about.as_deref(), Some("genesyscloud.eu"));
    assert!(page(&diagnosis).contains("✓ token (genesyscloud.eu): "));
}

#[test]
fn what_is_to_be_typed_names_the_program_that_was_found() {
    let mut facts = facts();
    facts.terraform.as_mut().unwrap().name = "tofu".to_owned();
    let configuration = facts.configuration.as_mut().unwrap();
    configuration.lock_file = LockFile::Missing;
    configuration.unreadable.push("main.tf".to_owned());
    facts.leftovers.errored_state =
        Some(divvy_core::survey::ErroredState { lineage: Some("a".to_owned()), serial: Some(3) });
    let page = page(&Diagnosis::of(&facts, &Given::default()));
    for line in ["> tofu init", "> tofu validate", "> tofu state push"] {
        assert!(page.contains(line), "{line}: {page}");
    }
    assert!(!page.contains("> terraform"), "{page}");
}

#[test]
fn a_name_cannot_deceive_on_the_page() {
    let mut facts = facts();
    facts.accounts[0].alias = Some("genesyscloud.\u{1b}[2J".to_owned());
    assert!(!page(&Diagnosis::of(&facts, &Given::default())).contains('\u{1b}'));
}

fn page(diagnosis: &Diagnosis) -> String {
    String::from_utf8(diagnosis.page(100, false)).unwrap()
}
