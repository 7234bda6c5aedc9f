//! The collections that the facts of `kinds.json` describe: each type is listed, created, refused,
//! read and deleted as its row says.

use std::collections::BTreeSet;

use divvy_sandbox::emulator::{Duplicate, Policy, Seed};
use divvy_sandbox::fields;
use serde_json::{Map, Value, json};

use super::raw::{Client, emulator};

/// A delete of this leaves the object there, and nobody knows whether lists show it: the vendor's own test.
const DEACTIVATED: &str = "genesyscloud_organization_presence_definition";

/// What is not found by its id once it is deleted, although it is kept: the vendor's own tests say so.
const GONE: &[&str] = &[
    "genesyscloud_architect_emergencygroup",
    "genesyscloud_architect_schedulegroups",
    "genesyscloud_architect_schedules",
    "genesyscloud_group",
    "genesyscloud_user",
];

/// The rows whose objects a POST creates and a listing shows.
fn rows() -> Vec<Value> {
    let facts: Value =
        serde_json::from_str(include_str!("../../../../core/kinds.json")).expect("JSON");
    let kinds = facts["kinds"].as_array().expect("rows").iter();
    let served = kinds.filter(|kind| {
        kind["adoption"] == "list"
            && kind["create"]["way"] == "post"
            && kind["type"] != "genesyscloud_auth_division"
    });
    served.cloned().collect()
}

fn text<'v>(value: &'v Value, field: &str) -> &'v str {
    value[field].as_str().unwrap_or_default()
}

/// A path of which every parent has the id `parent`.
fn below_a_parent(template: &str) -> String {
    below(template, "parent")
}

/// A path of which every parent has this id.
fn below(template: &str, id: &str) -> String {
    let mut parts = template.split('{');
    let first = parts.next().unwrap_or_default().to_owned();
    let after = |part: &'_ str| part.split_once('}').map_or("", |(_, after)| after).to_owned();
    parts.fold(first, |path, part| format!("{path}{id}{}", after(part)))
}

/// The key of the nth object of a type, as its listing shows it.
fn key(row: &Value, nth: usize) -> Map<String, Value> {
    let parameter = text(&row["list"], "path").split_once('?').map_or("", |(_, named)| named);
    let mut key = Map::new();
    for part in row["key"].as_array().expect("a key") {
        let Some(field) = part["field"].as_str() else { continue };
        let is_parameter = part["in_path"].as_str().is_some_and(|name| parameter.contains(name));
        let value = if is_parameter { "parent".to_owned() } else { format!("{field}-{nth}") };
        fields::put(&mut key, field, value.into());
    }
    key
}

/// Every id that the listing of a type shows, page after page of two.
fn listed(client: &Client, row: &Value, more: &str) -> Vec<String> {
    let list = &row["list"];
    let path = below_a_parent(text(list, "path"));
    let mut ids = Vec::new();
    let first = if path.contains('?') { '&' } else { '?' };
    let mut next = format!("{path}{first}pageSize=2{more}");
    let mut body = json!({ "pageSize": 2 });
    for page in 1.. {
        assert!(page < 20, "the listing never ends: {row}");
        let reply = match text(list, "method") {
            "POST" => client.send("POST", &path, Some(body.clone())),
            _ => client.get(&next),
        };
        let reply = reply.expect(200).json();
        let entities = reply["entities"].as_array().expect("entities");
        ids.extend(entities.iter().map(|entity| text(entity, "id").to_owned()));
        let is_last = match text(list, "paging") {
            "pages" => {
                next = format!("{path}{first}pageSize=2&pageNumber={}{more}", page + 1);
                body["pageNumber"] = json!(page + 1);
                reply["pageCount"].as_u64().expect("a count") <= page
            }
            "cursor" => {
                body["after"] = reply["after"].clone();
                let after = reply["after"].as_str();
                next = format!("{path}?pageSize=2&after={}{more}", after.unwrap_or_default());
                after.is_none()
            }
            "next_page" => {
                let after = reply["nextPage"].as_str();
                next = format!("{path}?pageSize=2&nextPage={}{more}", after.unwrap_or_default());
                after.is_none()
            }
            "next_uri" => {
                reply["nextUri"].as_str().unwrap_or_default().clone_into(&mut next);
                next.is_empty()
            }
            _ => true,
        };
        if is_last {
            break;
        }
    }
    ids
}

#[test]
fn every_type_with_a_listing_is_created_listed_refused_read_and_deleted() {
    let emulator = emulator(Seed::default());
    let client = Client::of(emulator.url());
    let rows = rows();
    assert!(rows.len() > 100, "{}", rows.len());
    for row in &rows {
        // Where the id of an object is that of its parent, a parent has one.
        let create = |nth| {
            let key = key(row, nth);
            let parent = key.get("id").and_then(Value::as_str).unwrap_or("parent");
            let path = below(text(&row["create"], "path"), parent);
            client.send("POST", &path, Some(key.into()))
        };
        let made: Vec<_> = (0..5).map(|nth| create(nth).expect(200).json()).collect();
        let ids: Vec<_> = made.iter().map(|object| text(object, "id").to_owned()).collect();
        assert_eq!(listed(&client, row, ""), ids, "{row}");

        let has_key = !key(row, 0).is_empty();
        let twin = create(3);
        let refused = row["duplicate"]["status"].as_u64().unwrap_or(409);
        let expected = if has_key { refused } else { 200 };
        assert_eq!(u64::from(twin.status), expected, "{row}");

        let address = text(&made[1], "selfUri");
        assert_eq!(client.get(address).expect(200).json(), made[1], "{row}");
        client.send("DELETE", address, None).expect(204);
        let after = client.get(address);
        match row["soft_delete"].as_bool() {
            Some(true) if GONE.contains(&text(row, "type")) => {
                drop(after.expect(404));
                let asked = client.get(&format!("{address}?state=deleted")).expect(200);
                assert_eq!(asked.json()["state"], "deleted", "{row}");
            }
            Some(true) => assert_eq!(after.expect(200).json()["state"], "deleted", "{row}"),
            _ if text(row, "type") == DEACTIVATED => {
                assert_eq!(after.expect(200).json()["deactivated"], true, "{row}");
                create(1).expect(200);
                continue;
            }
            _ => drop(after.expect(404)),
        }
        assert!(!listed(&client, row, "").contains(&ids[1]), "{row}");
        client.send("DELETE", address, None).expect(404);
        create(1).expect(200);
    }
}

#[test]
fn a_name_filter_searches_and_is_no_equality_test() {
    let emulator = emulator(Seed::default());
    let client = Client::of(emulator.url());
    let queues = "/api/v2/routing/queues";
    for name in ["Support", "Support Tier 2", "Sales"] {
        client.send("POST", queues, Some(json!({ "name": name }))).expect(200);
    }
    let found = client.get(&format!("{queues}?name=support")).names();
    assert_eq!(found, ["Support", "Support Tier 2"]);
    let row = rows().into_iter().find(|row| row["type"] == "genesyscloud_routing_queue").unwrap();
    assert_eq!(listed(&client, &row, "&name=s").len(), 3);
}

#[test]
fn a_put_replaces_and_a_patch_keeps_what_is_not_sent() {
    let emulator = emulator(Seed::default());
    let client = Client::of(emulator.url());
    let users = "/api/v2/users";
    let user = json!({ "email": "a@acme.example", "name": "A", "title": "Agent" });
    let made = client.send("POST", users, Some(user)).expect(200).json();
    let address = text(&made, "selfUri");
    let patched = client.send("PATCH", address, Some(json!({ "name": "B" }))).expect(200).json();
    assert_eq!((&patched["name"], &patched["title"]), (&json!("B"), &json!("Agent")));
    let put = json!({ "email": "a@acme.example", "name": "C" });
    let put = client.send("PUT", address, Some(put)).expect(200).json();
    assert_eq!((&put["name"], &put["title"], &put["id"]), (&json!("C"), &Value::Null, &made["id"]));

    let other = json!({ "email": "b@acme.example", "name": "Other" });
    client.send("POST", users, Some(other)).expect(200);
    let taken = client.send("PATCH", address, Some(json!({ "email": "b@acme.example" })));
    assert_eq!(taken.expect(409).json()["code"], "general.conflict");
    assert_eq!(client.get(address).json()["email"], "a@acme.example");
}

#[test]
fn a_search_finds_the_deleted_user_only_when_it_asks_for_the_state() {
    let emulator = emulator(Seed::default());
    let client = Client::of(emulator.url());
    let user = json!({ "email": "a@acme.example", "name": "A" });
    let made = client.send("POST", "/api/v2/users", Some(user)).expect(200).json();
    client.send("DELETE", text(&made, "selfUri"), None).expect(204);
    let part =
        |field: &str, value: &str| json!({ "type": "EXACT", "fields": [field], "value": value });
    let found = |query: Value| {
        let body = json!({ "query": query });
        let reply = client.send("POST", "/api/v2/users/search", Some(body)).expect(200).json();
        reply["results"].as_array().unwrap().len()
    };
    assert_eq!(found(json!([part("email", "A@acme.example")])), 0);
    assert_eq!(found(json!([part("email", "A@acme.example"), part("state", "deleted")])), 1);
    assert_eq!(found(json!([part("email", "b@acme.example"), part("state", "deleted")])), 0);
}

#[test]
fn the_policy_decides_where_no_fact_does() {
    let policy = Policy {
        ignore_case: true,
        deleted_names_block: true,
        duplicate: Duplicate::BadRequest,
        ..Policy::default()
    };
    let emulator = emulator(Seed { policy, ..Seed::default() });
    let client = Client::of(emulator.url());
    let create = |path: &str, name: &str| client.send("POST", path, Some(json!({ "name": name })));
    let skills = "/api/v2/routing/skills";
    create(skills, "Spanish").expect(200);
    let refused = create(skills, "SPANISH").expect(400).json();
    assert_eq!(refused["code"], "duplicate.name");
    let languages = "/api/v2/routing/languages";
    let language = create(languages, "English").expect(200).json();
    client.send("DELETE", text(&language, "selfUri"), None).expect(204);
    create(languages, "English").expect(400);
}

#[test]
fn a_caller_sees_the_objects_of_their_divisions_only() {
    let seed = json!({
        "home": { "id": "home-id", "name": "Home" },
        "divisions": [{ "id": "sales-id", "name": "Sales" }],
        "collections": { "/api/v2/routing/queues": [
            { "name": "Support" },
            { "id": "q2", "name": "Support", "division": { "id": "sales-id", "name": "Sales" } },
        ] },
        "clients": [
            { "id": "all", "secret": "secret" },
            { "id": "few", "secret": "secret", "divisions": ["home"] },
        ],
    });
    let emulator = emulator(Seed::from_json(&seed.to_string()).unwrap());
    let queues = "/api/v2/routing/queues";
    let all = Client::named(emulator.url(), "all");
    assert_eq!(all.get(queues).names(), ["Support", "Support"], "one name in two divisions");
    let few = Client::named(emulator.url(), "few");
    assert_eq!(few.get(queues).names(), ["Support"]);
    few.get(&format!("{queues}/q2")).expect(404);
    all.get(&format!("{queues}/q2")).expect(200);
}

#[test]
fn objects_of_a_seed_survive_a_dump_a_restart_and_a_reset() {
    let seed = json!({ "collections": {
        "/api/v2/routing/skills": [{ "id": "s1", "name": "Spanish" }],
        "/api/v2/routing/email/domains/acme.example/routes": [{ "id": "r1", "pattern": "help" }],
    } });
    let seed = Seed::from_json(&seed.to_string()).unwrap();
    let directory = tempfile::tempdir().unwrap();
    let options = || divvy_sandbox::emulator::Options {
        data: Some(directory.path().join("org.json")),
        seed: seed.clone(),
        ..Default::default()
    };
    let first = super::raw::with(options());
    let client = Client::of(first.url());
    client.send("POST", "/api/v2/routing/skills", Some(json!({ "name": "German" }))).expect(200);
    client.send("DELETE", "/api/v2/routing/email/domains/acme.example/routes/r1", None).expect(204);
    let before = serde_json::to_value(first.org()).unwrap();
    first.stop();

    let again = super::raw::with(options());
    assert_eq!(serde_json::to_value(again.org()).unwrap(), before);
    let client = Client::of(again.url());
    assert_eq!(client.get("/api/v2/routing/skills").names(), ["Spanish", "German"]);
    again.reset().unwrap();
    assert_eq!(client.get("/api/v2/routing/skills").names(), ["Spanish"]);
    let routes = "/api/v2/routing/email/domains/acme.example/routes";
    assert_eq!(client.get(routes).json()["total"], 1);

    let nowhere = json!({ "collections": { "/api/v2/routing/nothing": [] } });
    let refused = again.replace_org(Seed::from_json(&nowhere.to_string()).unwrap());
    assert!(refused.unwrap_err().to_string().contains("/api/v2/routing/nothing"));
}

#[test]
fn ids_of_an_emulator_are_its_own() {
    let emulator = emulator(Seed::default());
    let client = Client::of(emulator.url());
    let made: BTreeSet<_> = ["A", "B"]
        .map(|name| {
            let body = json!({ "id": "mine", "name": name });
            let made = client.send("POST", "/api/v2/teams", Some(body)).expect(200).json();
            text(&made, "id").to_owned()
        })
        .into();
    assert_eq!(made.len(), 2);
    assert!(!made.contains("mine"));
}
