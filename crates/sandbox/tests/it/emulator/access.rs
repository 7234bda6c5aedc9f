//! Who may do and see what.

use divvy_sandbox::emulator::{Duplicate, Policy, Seed};
use serde_json::json;

use super::raw::{Client, DIVISIONS, emulator};

/// Two divisions, one of them hidden; a client that may do everything, one without rights, one
/// whose role is granted in Home alone.
fn guarded() -> Seed {
    let seed = json!({
        "home": { "name": "Home" },
        "divisions": [{ "name": "Sales" }],
        "hidden": [{ "name": "Vault" }],
        "clients": [
            { "id": "all", "secret": "secret" },
            { "id": "reader", "secret": "secret", "permissions": ["authorization:grant:add"] },
            { "id": "home-only", "secret": "secret", "divisions": ["home"] },
        ],
    });
    Seed::from_json(&seed.to_string()).unwrap()
}

#[test]
fn a_request_needs_a_token_of_this_very_emulator() {
    let (here, elsewhere) = (emulator(Seed::default()), emulator(Seed::default()));
    let mut client = Client::stranger(here.url());
    let refused = client.get(DIVISIONS).expect(401);
    assert_eq!(refused.json()["code"], "authentication.required");
    for token in [Client::of(elsewhere.url()).token.unwrap(), "made-up".to_owned()] {
        client.token = Some(token);
        let refused = client.get("/api/v2/organizations/me").expect(401);
        assert_eq!(refused.json()["code"], "bad.credentials");
        assert!(refused.header("ININ-Correlation-Id").is_some());
    }
}

#[test]
fn a_seed_that_names_clients_takes_no_others() {
    let emulator = emulator(guarded());
    let client = Client::stranger(emulator.url());
    for (id, secret, description) in
        [("nobody", "secret", "client not found"), ("all", "wrong", "authentication failed")]
    {
        let refused = client.ask_token(id, secret).expect(400).json();
        assert_eq!(refused["error"], "invalid_client");
        assert_eq!(refused["description"], description);
        assert_eq!(refused["error_description"], description);
    }
    let refused = client.exchange("POST", "/oauth/token", "", "grant_type=client_credentials");
    assert_eq!(refused.unwrap().expect(400).json()["error"], "invalid_request");
    let refused = client.exchange("POST", "/oauth/token", "", "grant_type=password");
    let refused = refused.unwrap().expect(400).json();
    assert_eq!(refused["error"], "unsupported_grant_type");

    let known = Client::named(emulator.url(), "all");
    emulator
        .replace_org(Seed { clients: guarded().clients.split_off(1), ..Seed::default() })
        .unwrap();
    known.get(DIVISIONS).expect(401);
}

#[test]
fn a_missing_permission_is_named() {
    let emulator = emulator(guarded());
    let reader = Client::named(emulator.url(), "reader");
    let refused = reader.create("Claims").expect(403).json();
    assert_eq!(refused["code"], "missing.any.permissions");
    assert_eq!(refused["messageParams"], json!({ "permissions": "authorization:division:add" }));
    let message = refused["message"].as_str().unwrap();
    assert!(message.ends_with(": authorization:division:add"), "{message}");

    let uri = format!("{DIVISIONS}/{}", emulator.org().divisions[0].id);
    let body = || Some(json!({ "name": "Sales" }));
    reader.send("PUT", &uri, body()).expect(403);
    reader.send("DELETE", &uri, None).expect(403);
    reader.send("POST", &format!("{uri}/restore"), body()).expect(403);
    reader.get(&format!("{uri}/grants")).expect(403);
    reader.get(&format!("{DIVISIONS}/deleted")).expect(403);
    reader.get(&uri).expect(200);
    let permitted = "/api/v2/authorization/divisionspermitted/me?permission";
    let may_add = format!("{permitted}=authorization:division:add");
    assert_eq!(reader.get(&may_add).names(), [""; 0]);
    let may_grant = format!("{permitted}=authorization:grant:add");
    assert_eq!(reader.get(&may_grant).names(), ["Home", "Sales"]);
}

#[test]
fn a_client_granted_in_home_alone_sees_home_alone_and_still_meets_the_409() {
    let emulator = emulator(guarded());
    let client = Client::named(emulator.url(), "home-only");
    let listing = client.get(DIVISIONS);
    assert_eq!(listing.names(), ["Home"]);
    assert_eq!(listing.json()["total"], 1);
    let uri = format!("{DIVISIONS}/{}", emulator.org().divisions[0].id);
    client.get(&uri).expect(404);
    client.send("PUT", &uri, Some(json!({ "name": "Mine" }))).expect(404);
    client.send("DELETE", &uri, None).expect(404);
    client.create("Sales").expect(409);
    let made = client.create("Claims").expect(200).json();
    client.get(made["selfUri"].as_str().unwrap()).expect(404);
    assert_eq!(client.get(&format!("{DIVISIONS}/query")).names(), ["Home"]);
}

#[test]
fn a_hidden_division_is_shown_to_nobody_and_holds_its_name() {
    let emulator = emulator(guarded());
    let client = Client::named(emulator.url(), "all");
    assert_eq!(client.get(DIVISIONS).names(), ["Home", "Sales"]);
    client.create("Vault").expect(409);
    let hidden = &emulator.org().hidden[0];
    client.get(&format!("{DIVISIONS}/{}", hidden.id)).expect(404);
}

#[test]
fn the_name_rules_follow_the_policy() {
    let emulator = emulator(Seed::with_divisions(["Sales"]));
    let client = Client::of(emulator.url());
    client.create("SALES").expect(200);
    client.create("Sales ").expect(200);
    emulator.reset().unwrap();
    let strict = Policy {
        ignore_case: true,
        ignore_blanks: true,
        deleted_names_block: true,
        duplicate: Duplicate::BadRequest,
        ..Policy::default()
    };
    emulator.set_policy(strict).unwrap();
    let refused = client.create(" sALES").expect(400).json();
    assert_eq!(refused["code"], "duplicate.name");
    let uri = format!("{DIVISIONS}/{}", emulator.org().divisions[0].id);
    client.send("DELETE", &uri, None).expect(204);
    client.create("Sales").expect(400);
}

#[test]
fn no_secret_leaves_the_emulator() {
    let mut seed = guarded();
    seed.clients[0].secret = "hush-hush".to_owned();
    assert!(!format!("{seed:?}").contains("hush-hush"));
    let emulator = emulator(seed);
    let client = Client::stranger(emulator.url());
    let token = client.ask_token("all", "hush-hush").expect(200).json();
    let token = token["access_token"].as_str().unwrap();
    let body = "grant_type=client_credentials&client_secret=hush-hush";
    client.exchange("POST", "/oauth/token", "", body);
    client.exchange("GET", DIVISIONS, &format!("Authorization: Bearer {token}\r\n"), "");
    for path in ["/__divvy/requests", "/__divvy/org"] {
        let shown = client.get(path).expect(200).body;
        assert!(shown.len() > 100);
        assert!(!shown.contains("hush-hush") && !shown.contains(token), "{shown}");
    }
    let journal = emulator.requests();
    assert_eq!(journal[0].client.as_deref(), Some("all"));
    assert_eq!(journal[0].body, Some(json!({ "grant_type": "client_credentials" })));
}
