//! Random faults against the emulated org: whatever goes wrong, nothing is made twice.
//!
//! `DIVVY_FAULT_SCRIPTS` says how many scripts are played; a few hundred are the default.

use std::collections::BTreeMap;
use std::num::NonZeroU64;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use divvy_core::Consent;
use divvy_core::effect::Unobserved;
use divvy_core::kinds::division::DIVISION;
use divvy_genesys::{
    Client, Connection, Dialect, Environment, Fallback, Flags, NewEntity, Settings,
};
use divvy_sandbox::emulator::{
    self, Effect, Emulator, Fault, Lag, On, Options, PathedDivision, Policy, RateLimit, Refusal,
    Seed, SeedDivision,
};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use tokio_util::sync::CancellationToken;

use super::get_or_create::{Order, get_or_create};
use super::make::{Outcome, Work};
use super::turn::Turn;
use super::wish::{Reading, identity};

/// What is asked for, in an order in which children come before parents.
const PATHS: [&str; 6] = ["/A/B/C", "/D", "/A", "/A/B", "/E/F", "/D/A"];
const NAMES: [&str; 6] = ["Sales", "Sales EMEA", "sales", "Zürich", "A/B", "A"];

/// One situation.
#[derive(Clone, Debug)]
struct Case {
    dialect: Dialect,
    /// Which of the names (or paths) exist before.
    existing: [bool; 6],
    /// How many ask at the same time.
    clients: usize,
    /// Whether the org takes a name twice. Then nobody keeps twins out who is shown nothing: neither
    /// of the org at all, nor of what the process before has just made.
    takes_twins: bool,
    faults: Vec<Fault>,
}

fn effect(clients: usize, takes_twins: bool) -> impl Strategy<Value = Effect> {
    // 401 and 429 say that nothing was done, so they never follow a commit.
    let before = prop_oneof![Just(401_u16), Just(409), Just(429), Just(500), Just(503)];
    let before = before.prop_map(|status| Refusal {
        retry_after: (status == 429).then_some(0),
        ..Refusal::status(status)
    });
    let after = prop_oneof![Just(409_u16), Just(408), Just(500), Just(502), Just(504)];
    let common = prop_oneof![
        before.prop_map(Effect::Status),
        after.prop_map(|status| Effect::CommitThenStatus(Refusal::status(status))),
        Just(Effect::Close),
        Just(Effect::CommitThenClose),
        (0_usize..400).prop_map(Effect::CutReply),
        Just(Effect::HtmlBody),
        Just(Effect::TruncatedBody),
        Just(Effect::EmptyBody),
        Just(Effect::DelayReply(400)),
        Just(Effect::ExpireToken),
        (1_u64..5).prop_map(|requests| Effect::RateLimit(RateLimit {
            requests,
            seconds: 0,
            retry_after: Some(0)
        })),
    ];
    let lag = (1_u64..4).prop_map(|reads| Effect::ListLag(Lag::Reads(reads)));
    match (takes_twins, clients) {
        (true, 1) => prop_oneof![11 => common, 1 => lag].boxed(),
        (true, _) => common.boxed(),
        (false, _) => prop_oneof![11 => common, 1 => lag, 1 => Just(Effect::HomeOnly)].boxed(),
    }
}

fn fault(clients: usize, takes_twins: bool) -> impl Strategy<Value = Fault> {
    let method = prop_oneof![3 => Just(Some("POST")), 2 => Just(Some("GET")), 1 => Just(None)];
    let path = prop_oneof![
        Just(Some("/api/v2/**".to_owned())),
        Just(Some("/oauth/token".to_owned())),
        Just(None)
    ];
    (method, path, 1_u64..8, 1_u64..4, effect(clients, takes_twins)).prop_map(
        |(method, path, nth, count, effect)| Fault {
            on: On { method: method.map(str::to_owned), path, name: None },
            nth: NonZeroU64::new(nth).unwrap(),
            count,
            effect,
        },
    )
}

fn case() -> impl Strategy<Value = Case> {
    let dialect = prop_oneof![Just(Dialect::Published), Just(Dialect::Pathed)];
    let scene = (dialect, any::<[bool; 6]>(), 1_usize..4, any::<bool>());
    scene.prop_flat_map(|(dialect, existing, clients, takes_twins)| {
        vec(fault(clients, takes_twins), 1..6).prop_map(move |faults| Case {
            dialect,
            existing,
            clients,
            takes_twins,
            faults,
        })
    })
}

impl Case {
    fn reading(&self) -> Reading<'static> {
        Reading {
            kind: self.dialect.row(&DIVISION),
            dialect: self.dialect,
            levels: None,
            description: None,
        }
    }

    fn wishes(&self) -> Vec<NewEntity> {
        match self.dialect {
            Dialect::Published => NAMES.iter().map(|name| NewEntity::new(*name)).collect(),
            Dialect::Pathed => PATHS
                .iter()
                .map(|path| NewEntity::new(path.rsplit('/').next().unwrap()).with_path(*path))
                .collect(),
        }
    }

    fn seed(&self) -> Seed {
        let mut seed = Seed {
            policy: Policy { accept_duplicates: self.takes_twins, ..Policy::default() },
            ..Seed::default()
        };
        for (index, _) in self.existing.iter().enumerate().filter(|(_, exists)| **exists) {
            match self.dialect {
                Dialect::Published => seed.divisions.push(SeedDivision::named(NAMES[index])),
                Dialect::Pathed => {
                    let path = PATHS[index];
                    seed.pathed.push(PathedDivision {
                        id: format!("seeded-{index}"),
                        name: path.rsplit('/').next().unwrap().to_owned(),
                        path: path.to_owned(),
                        description: String::new(),
                        external_id: None,
                        active: true,
                    });
                }
            }
        }
        seed
    }
}

/// What the org holds: ids by identity.
fn held(emulator: &Emulator, dialect: Dialect) -> BTreeMap<(String, Option<String>), Vec<String>> {
    let org = emulator.org();
    let mut held: BTreeMap<_, Vec<String>> = BTreeMap::new();
    match dialect {
        Dialect::Published => {
            for division in org.divisions {
                held.entry((division.name, None)).or_default().push(division.id);
            }
        }
        Dialect::Pathed => {
            for division in org.pathed {
                held.entry((division.name, Some(division.path))).or_default().push(division.id);
            }
        }
    }
    held
}

fn client(url: &str, dialect: Dialect, try_timeout: Duration) -> Client {
    let flags = Flags {
        client_id: Some("id".to_owned()),
        client_secret: Some("secret".into()),
        api_url: Some(url.to_owned()),
        ..Flags::default()
    };
    let given = Fallback { flags, profile: None };
    let connection = Connection::from_flags(&given, &Environment::default(), dialect).unwrap();
    let settings = Settings {
        rate: u32::MAX,
        try_timeout,
        first_wait: Duration::from_millis(1),
        ..Settings::default()
    };
    Client::new(connection, settings, Arc::new(Unobserved), CancellationToken::new()).unwrap()
}

#[expect(clippy::disallowed_methods, reason = "a test may say yes")]
fn consent() -> Consent {
    Consent::given(divvy_core::consent::Source::Flag)
}

/// Runs what the command runs; `None` if not even the look-up succeeded.
async fn ensure(client: &Client, case: &Case, turns: &Path) -> Option<Work> {
    let (consent, interrupt) = (consent(), CancellationToken::new());
    let order = Order {
        client,
        reading: case.reading(),
        with_parents: true,
        interrupt: &interrupt,
        // The names are near each other, and all are meant.
        meant: &case.wishes().iter().map(|wish| identity(&wish.key)).collect(),
        lag: Duration::ZERO,
        create: Some((&consent, Turn::at(turns))),
    };
    get_or_create(order, case.wishes(), |_| {}, async |_, _| Ok(false)).await.ok()
}

/// Name and path of a wish, as they are compared.
fn named(wish: &NewEntity) -> (String, Option<String>) {
    let identity = identity(&wish.key);
    (identity.parts()[0].clone(), identity.parts().get(1).cloned())
}

/// The id of each wish that a run says exists, by identity.
fn told(work: &Work) -> Vec<((String, Option<String>), String, bool)> {
    let pairs = work.wishes.iter().zip(&work.outcomes);
    pairs
        .filter_map(|(wish, outcome)| {
            let (name, path) = named(wish);
            let (entity, created) = match outcome {
                Outcome::Existed(entity) => (entity, false),
                Outcome::Created(entity) => (entity, true),
                Outcome::Missing | Outcome::Failed(_) | Outcome::Withheld(_) | Outcome::Skipped => {
                    return None;
                }
            };
            Some(((name, path), entity.id.to_string(), created))
        })
        .collect()
}

async fn play(case: &Case, completed: &std::cell::Cell<u32>) {
    let dialect = emulator::Dialect::Both;
    let options =
        Options { seed: case.seed(), faults: case.faults.clone(), dialect, ..Options::default() };
    let emulator = Emulator::start(options).await.unwrap();
    let before = held(&emulator, case.dialect);
    let clients: Vec<Client> = (0..case.clients)
        .map(|_| client(emulator.url(), case.dialect, Duration::from_millis(200)))
        .collect();
    let place = tempfile::tempdir().unwrap();
    let turns = place.path().join("turns");
    let runs = clients.iter().map(|client| ensure(client, case, &turns));
    let runs: Vec<Work> =
        futures_util::future::join_all(runs).await.into_iter().flatten().collect();
    if runs.iter().any(|work| told(work).len() == work.wishes.len()) {
        completed.set(completed.get() + 1);
    }

    // Whatever happened, the same command run again ends well.
    emulator.clear_faults();
    let calm = client(emulator.url(), case.dialect, Duration::from_secs(20));
    let last = ensure(&calm, case, &turns).await.expect("nothing is wrong any more");
    let held = held(&emulator, case.dialect);
    for ((name, path), ids) in &held {
        assert_eq!(ids.len(), 1, "{name} {path:?} was made twice");
        let is_wanted = case
            .wishes()
            .iter()
            .chain(&last.wishes)
            .any(|wish| named(wish) == (name.clone(), path.clone()));
        // "/E" is made as the parent of "/E/F".
        assert!(is_wanted || path.as_deref() == Some("/E"), "{name} {path:?} was not asked for");
    }
    assert_eq!(told(&last).len(), last.wishes.len(), "{:?}", last.outcomes);
    // After a lost reply nobody can tell who made what the look-up then finds; only who was shown
    // nothing of an existing division gets that far with it.
    let saw_everything = case.faults.iter().all(|fault| fault.effect != Effect::HomeOnly);
    for (identity, id, created) in runs.iter().flat_map(told).chain(told(&last)) {
        assert_eq!(held[&identity], [id], "{identity:?}");
        let existed = before.contains_key(&identity);
        assert!(!(created && existed && saw_everything), "{identity:?} existed");
    }
    let again = ensure(&calm, case, &turns).await.unwrap();
    assert!(told(&again).iter().all(|(_, _, created)| !created));
    emulator.stop().await;
}

#[test]
fn whatever_goes_wrong_nothing_is_made_twice() {
    let cases = std::env::var("DIVVY_FAULT_SCRIPTS").ok().and_then(|text| text.parse().ok());
    let config =
        Config { cases: cases.unwrap_or(150), failure_persistence: None, ..Config::default() };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let completed = std::cell::Cell::new(0);
    TestRunner::new(config.clone())
        .run(&case(), |case| {
            runtime.block_on(play(&case, &completed));
            Ok(())
        })
        .unwrap_or_else(|error| panic!("{error}"));
    println!("{} of {} scripts did not keep a run from its end", completed.get(), config.cases);
    // Otherwise the faults would hide what is tested.
    assert!(completed.get() * 3 > config.cases, "{completed:?}");
}

/// Each fault on the create alone, on an org that would take the name again.
fn faults_of_one_create() -> Vec<Vec<Effect>> {
    let status =
        |status| Effect::Status(Refusal { retry_after: Some(0), ..Refusal::status(status) });
    let alone = [401, 429].map(status).into_iter();
    let after =
        [408, 500, 502, 503, 504].map(|status| Effect::CommitThenStatus(Refusal::status(status)));
    let before = [500, 503].map(|status| Effect::Status(Refusal::status(status)));
    let others = [
        Effect::Close,
        Effect::CommitThenClose,
        Effect::HtmlBody,
        Effect::TruncatedBody,
        Effect::EmptyBody,
        Effect::ExpireToken,
        // Longer than the client waits.
        Effect::DelayReply(400),
    ];
    let cuts = (0..=300).map(Effect::CutReply);
    let single =
        alone.chain(after).chain(before).chain(others).chain(cuts).map(|effect| vec![effect]);
    let lags = (1..4).flat_map(|reads| {
        [
            Effect::CommitThenClose,
            Effect::CutReply(7),
            Effect::CommitThenStatus(Refusal::status(504)),
        ]
        .map(|effect| vec![Effect::ListLag(Lag::Reads(reads)), effect])
    });
    single.chain(lags).collect()
}

#[test]
fn whatever_becomes_of_one_create_there_is_one_division_and_its_id_is_told() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    for dialect in [Dialect::Published, Dialect::Pathed] {
        let path = match dialect {
            Dialect::Published => "/api/v2/authorization/divisions",
            Dialect::Pathed => "/api/v2/auth/divisions",
        };
        for effects in faults_of_one_create() {
            let faults = effects.iter().map(|effect| Fault::once("POST", path, effect.clone()));
            let case = Case {
                dialect,
                existing: [false; 6],
                clients: 1,
                takes_twins: true,
                faults: faults.collect(),
            };
            runtime.block_on(async {
                let options = Options {
                    seed: case.seed(),
                    faults: case.faults.clone(),
                    dialect: emulator::Dialect::Both,
                    ..Options::default()
                };
                let emulator = Emulator::start(options).await.unwrap();
                let client = client(emulator.url(), dialect, Duration::from_millis(200));
                let place = tempfile::tempdir().unwrap();
                let work = ensure(&client, &case, &place.path().join("turns")).await.unwrap();
                let held = held(&emulator, dialect);
                let told = told(&work);
                assert_eq!(told.len(), work.wishes.len(), "{effects:?}: {:?}", work.outcomes);
                for (identity, id, created) in told {
                    assert_eq!(held[&identity], [id], "{effects:?}: {identity:?}");
                    assert!(created, "{effects:?}: {identity:?}");
                }
                assert!(work.twins.is_empty(), "{effects:?}");
                emulator.stop().await;
            });
        }
    }
}
