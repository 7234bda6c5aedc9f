//! The controls: what a test does behind the API's back, by handle and by route.

use divvy_sandbox::emulator::{Emulator, Options, Seed, SeedDivision, Standing};
use serde_json::json;

use super::raw::{Client, DIVISIONS, emulator};

#[test]
fn a_division_is_added_renamed_and_removed_without_the_api_s_knowing() {
    let emulator = emulator(Seed::with_divisions(["Sales"]));
    let client = Client::of(emulator.url());
    let twin = SeedDivision::named("Sales");
    emulator.add_division(twin.clone(), Standing::Live).unwrap();
    assert_eq!(client.get(DIVISIONS).names(), ["Home", "Sales", "Sales"]);
    assert!(emulator.add_division(twin.clone(), Standing::Live).is_err());

    let rename = |division: &mut divvy_sandbox::emulator::Division| division.name = "Twin".into();
    assert!(emulator.edit_division(&twin.id, rename).unwrap());
    assert_eq!(client.get(DIVISIONS).names(), ["Home", "Sales", "Twin"]);
    assert!(emulator.remove_division(&twin.id).unwrap());
    assert!(!emulator.remove_division(&twin.id).unwrap());
    client.get(&format!("{DIVISIONS}/{}", twin.id)).expect(404);
    assert_eq!(client.get(&format!("{DIVISIONS}/deleted")).names(), [""; 0]);
    let paths: Vec<_> = emulator.requests().into_iter().map(|e| e.path).collect();
    assert_eq!(paths.len(), 5, "only what the API was asked: {paths:?}");
}

#[test]
fn home_stays_home_whatever_a_test_does() {
    let emulator = emulator(Seed::default());
    let home = emulator.org().home.id;
    assert!(!emulator.remove_division(&home).unwrap());
    let delete = |division: &mut divvy_sandbox::emulator::Division| {
        division.standing = Standing::Deleted;
    };
    assert!(emulator.edit_division(&home, delete).unwrap());
    assert_eq!(emulator.org().home.id, home);
    let second = SeedDivision::named("Second");
    assert!(emulator.add_division(second, Standing::Home).is_err());
}

#[test]
fn every_control_has_a_route() {
    let emulator = emulator(Seed::with_divisions(["Sales"]));
    let client = Client::of(emulator.url());
    let control =
        |method: &str, path: &str, body| client.send(method, &format!("/__divvy{path}"), body);

    let added = json!({ "name": "Vault", "standing": "hidden" });
    let id = control("POST", "/divisions", Some(added)).expect(200).json();
    let id = id["id"].as_str().unwrap();
    assert_eq!(emulator.org().hidden[0].name, "Vault");
    let edit = json!({ "name": "Open", "standing": "live" });
    control("PATCH", &format!("/divisions/{id}"), Some(edit)).expect(204);
    assert_eq!(client.get(DIVISIONS).names(), ["Home", "Sales", "Open"]);
    control("DELETE", &format!("/divisions/{id}"), None).expect(204);
    control("DELETE", &format!("/divisions/{id}"), None).expect(404);

    let mut policy = control("GET", "/policy", None).expect(200).json();
    policy["ignoreCase"] = json!(true);
    control("PUT", "/policy", Some(policy)).expect(204);
    client.create("SALES").expect(409);

    control("POST", "/faults", Some(json!([{ "do": "close", "count": 0 }]))).expect(204);
    assert_eq!(control("GET", "/faults", None).json()[0]["do"], "close");
    assert!(client.try_send("GET", DIVISIONS, None).is_none());
    control("DELETE", "/faults", None).expect(204);
    control("POST", "/release", None).expect(204);

    let journal = control("GET", "/requests", None).expect(200).json();
    let last = journal.as_array().unwrap().last().unwrap();
    assert_eq!(last["outcome"], "closed");
    assert_eq!(last["faults"], json!(["close"]));
    assert_eq!(journal[2]["body"], json!({ "name": "SALES" }));
    assert_eq!(journal[2]["client"], "some-client");
    control("DELETE", "/requests", None).expect(204);
    assert!(emulator.requests().is_empty());

    let dump = control("GET", "/org", None).expect(200).json();
    assert_eq!(dump["divisions"][0]["name"], "Sales");
    let seed = json!({ "home": { "name": "Base" }, "divisions": [{ "name": "Legal" }] });
    control("PUT", "/org", Some(seed)).expect(204);
    assert_eq!(client.get(DIVISIONS).names(), ["Base", "Legal"]);
    client.create("Claims").expect(200);
    control("POST", "/reset", None).expect(204);
    assert_eq!(client.get(DIVISIONS).names(), ["Base", "Legal"]);
    control("PUT", "/org", Some(json!({ "homes": {} }))).expect(422);
}

#[test]
fn a_correlation_id_of_the_journal_is_that_of_the_reply() {
    let emulator = emulator(Seed::default());
    let client = Client::of(emulator.url());
    let reply = client.get(&format!("{DIVISIONS}?pageSize=7")).expect(200);
    let entry = emulator.requests().pop().unwrap();
    assert_eq!(reply.header("inin-correlation-id"), Some(entry.correlation_id.as_str()));
    assert_eq!((entry.number, entry.query.as_str()), (2, "pageSize=7"));
    assert_eq!(entry.status, Some(200));
}

#[test]
fn an_emulator_runs_on_the_caller_s_own_runtime() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let emulator = Emulator::start(Options::default()).await.unwrap();
        let url = emulator.url().to_owned();
        let names = tokio::task::spawn_blocking(move || Client::of(&url).get(DIVISIONS).names());
        assert_eq!(names.await.unwrap(), ["Home"]);
        assert_eq!(emulator.requests().len(), 2);
        let address = emulator.url().strip_prefix("http://").unwrap().to_owned();
        emulator.stop().await;
        let bound = std::net::TcpListener::bind(address);
        assert!(bound.is_ok(), "the port is free again: {bound:?}");
    });
}
