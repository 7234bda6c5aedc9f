//! The tutorial's dialect: paths, parents, scopes, bare arrays.

use divvy_sandbox::emulator::{AbsentPath, Dialect, EmulatorThread, Options, Policy, Seed};
use serde_json::{Value, json};

use super::raw::{Client, DIVISIONS, Reply, with};

const PATHED: &str = "/api/v2/auth/divisions";

fn serve(dialect: Dialect, seed: Seed) -> (EmulatorThread, Client) {
    let emulator = with(Options { dialect, seed, ..Options::default() });
    let client = Client::named(emulator.url(), "writer");
    (emulator, client)
}

fn create(client: &Client, name: &str, path: &str) -> Reply {
    // The body of the tutorial, nulls and all.
    let body = json!({
        "name": name, "path": path, "description": "", "externalId": null, "active": true,
    });
    client.send("POST", PATHED, Some(body))
}

#[test]
fn a_division_is_made_under_its_parent_and_found_by_name_and_path() {
    let (_emulator, client) = serve(Dialect::Pathed, Seed::default());
    let made = create(&client, "Engineering", "/Engineering").expect(200).json();
    let expected = json!({
        "id": made["id"], "name": "Engineering", "path": "/Engineering", "description": "",
        "externalId": null, "active": true,
    });
    assert_eq!(made, expected);
    create(&client, "Backend", "/Engineering/Backend").expect(200);

    let search = |query: &str| client.get(&format!("{PATHED}?{query}")).expect(200).json();
    assert_eq!(search("name=Engineering&path=%2FEngineering"), json!([made]));
    assert_eq!(search("name=Engin"), json!([]), "equality, no search");
    assert_eq!(search("name=Backend&path=/Backend"), json!([]));
    assert_eq!(client.get(PATHED).names(), ["Engineering", "Backend"]);
}

#[test]
fn two_conflicts_are_told_apart_by_their_code() {
    let (_emulator, client) = serve(Dialect::Pathed, Seed::default());
    let orphan = create(&client, "Backend", "/Engineering/Backend").expect(409).json();
    assert_eq!(orphan["code"], "parent.not.found");
    create(&client, "Engineering", "/Engineering").expect(200);
    let twin = create(&client, "Engineering", "/Engineering").expect(409).json();
    assert_eq!(twin["code"], "duplicate.division");
    create(&client, "Engineering", "/Engineering/Engineering").expect(200);
    for bad in ["Engineering", "/", "/A/", "//A"] {
        create(&client, "A", bad).expect(400);
    }
    let rooted = client.send("POST", PATHED, Some(json!({ "name": "Sales" })));
    assert_eq!(rooted.expect(200).json()["path"], "/Sales");
}

#[test]
fn absence_is_an_empty_array_or_a_404() {
    let (emulator, client) = serve(Dialect::Pathed, Seed::default());
    assert_eq!(client.get(PATHED).expect(200).body, "[]");
    let policy = Policy { absent_path: AbsentPath::NotFound, ..Policy::default() };
    emulator.set_policy(policy).unwrap();
    assert_eq!(client.get(PATHED).expect(404).json()["code"], "not.found");
}

#[test]
fn a_missing_scope_is_named() {
    let seed = json!({ "clients": [
        { "id": "writer", "secret": "secret", "permissions": ["division:read"] },
        { "id": "nobody", "secret": "secret", "permissions": [] },
    ]});
    let seed = Seed::from_json(&seed.to_string()).unwrap();
    let (emulator, reader) = serve(Dialect::Pathed, seed);
    reader.get(PATHED).expect(200);
    let refused = create(&reader, "A", "/A").expect(403).json();
    assert!(refused["message"].as_str().unwrap().contains("division:write"));
    assert_eq!(refused["messageParams"], json!({ "scopes": "division:write" }));
    let nobody = Client::named(emulator.url(), "nobody");
    let refused = nobody.get(PATHED).expect(403).json();
    assert!(refused["message"].as_str().unwrap().contains("division:read"));
}

#[test]
fn each_dialect_keeps_to_itself() {
    let (_emulator, client) = serve(Dialect::Pathed, Seed::default());
    client.get(DIVISIONS).expect(404);

    let (emulator, client) = serve(Dialect::Both, Seed::with_divisions(["Sales"]));
    create(&client, "Engineering", "/Engineering").expect(200);
    assert_eq!(client.get(DIVISIONS).names(), ["Home", "Sales"]);
    assert_eq!(client.get(PATHED).names(), ["Engineering"]);
    let dump = serde_json::to_value(emulator.org()).unwrap();
    assert_eq!(dump["pathed"][0]["path"], Value::from("/Engineering"));
    emulator.reset().unwrap();
    assert_eq!(client.get(PATHED).body, "[]");
}
