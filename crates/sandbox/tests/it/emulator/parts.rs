//! What has a path of its own beside an object, as `endpoints.json` describes it: each style is read,
//! written and gone with its object.

use divvy_sandbox::emulator::Seed;
use serde_json::{Value, json};

use super::raw::{Client, emulator};

fn made(client: &Client, path: &str, body: Value) -> Value {
    client.send("POST", path, Some(body)).expect(200).json()
}

fn id(object: &Value) -> &str {
    object["id"].as_str().expect("an id")
}

fn ids(listing: &Value) -> Vec<&str> {
    listing["entities"].as_array().expect("entities").iter().map(id).collect()
}

#[test]
fn members_of_a_queue_are_added_changed_counted_and_removed() {
    let emulator = emulator(Seed::default());
    let client = Client::of(emulator.url());
    let queue = made(&client, "/api/v2/routing/queues", json!({ "name": "Support" }));
    let address = format!("/api/v2/routing/queues/{}", id(&queue));
    let members = format!("{address}/members");
    assert_eq!(queue["memberCount"], 0);
    client.send("POST", &members, Some(json!([{ "id": "a" }, { "id": "b" }]))).expect(200);
    client.send("PATCH", &format!("{members}/b"), Some(json!({ "ringNumber": 3 }))).expect(200);
    let listed = client.get(&format!("{members}?pageSize=100&memberBy=user")).expect(200).json();
    assert_eq!(ids(&listed), ["a", "b"]);
    assert_eq!(
        (&listed["entities"][0]["ringNumber"], &listed["entities"][1]["ringNumber"]),
        (&json!(1), &json!(3))
    );
    assert!(ids(&client.get(&format!("{members}?memberBy=group")).json()).is_empty());
    let second = client.get(&format!("{members}?pageSize=1&pageNumber=2")).json();
    assert_eq!(ids(&second), ["b"]);

    let shown = client.get(&address).expect(200).json();
    assert_eq!(shown["memberCount"], 2);
    assert!(!shown.to_string().contains("ringNumber"), "{shown}");
    // Whatever replaces the queue does not replace its members.
    client.send("PUT", &address, Some(json!({ "name": "Help" }))).expect(200);
    client
        .send("POST", &format!("{members}?delete=true"), Some(json!([{ "id": "a" }])))
        .expect(200);
    assert_eq!(ids(&client.get(&members).json()), ["b"]);
    client.send("DELETE", &format!("{members}/b"), None).expect(204);
    assert!(ids(&client.get(&members).json()).is_empty());

    client.send("DELETE", &address, None).expect(204);
    client.get(&members).expect(404);
    client.send("POST", &members, Some(json!([{ "id": "a" }]))).expect(404);
}

#[test]
fn members_of_a_group_are_its_individuals_and_each_write_makes_a_version() {
    let emulator = emulator(Seed::default());
    let client = Client::of(emulator.url());
    let group = json!({ "name": "Leads", "type": "official", "visibility": "public" });
    let group = made(&client, "/api/v2/groups", group);
    let address = format!("/api/v2/groups/{}", id(&group));
    client
        .send(
            "POST",
            &format!("{address}/members"),
            Some(json!({ "memberIds": ["a", "b", "c"], "version": 1 })),
        )
        .expect(200);
    client.send("DELETE", &format!("{address}/members?ids=a,c"), None).expect(204);
    let individuals = client.get(&format!("{address}/individuals")).expect(200).json();
    assert_eq!(ids(&individuals), ["b"]);
    let put = client.send("PUT", &address, Some(json!({ "name": "Leads", "version": 1 })));
    let put = put.expect(200).json();
    assert_eq!(put["version"], 2);
    // A PUT cannot change the type, and does not send it.
    assert_eq!((&put["type"], &put["visibility"]), (&json!("official"), &Value::Null));

    let policy = format!("/api/v2/voicemail/groups/{}/policy", id(&group));
    assert_eq!(client.get(&policy).expect(200).json()["sendEmailNotifications"], true);
    let sent = Some(json!({ "sendEmailNotifications": false }));
    client.send("PATCH", &policy, sent).expect(200);
    let after = client.get(&policy).json();
    assert_eq!(
        (&after["sendEmailNotifications"], &after["disableEmailPii"]),
        (&json!(false), &json!(false))
    );
}

#[test]
fn divisions_of_a_skill_group_are_added_and_removed_in_one_write() {
    let emulator = emulator(Seed::default());
    let client = Client::of(emulator.url());
    let group = made(&client, "/api/v2/routing/skillgroups", json!({ "name": "Experts" }));
    let path = format!("/api/v2/routing/skillgroups/{}/members/divisions", id(&group));
    client.send("POST", &path, Some(json!({ "addDivisionIds": ["a", "b"] }))).expect(200);
    let sent = json!({ "addDivisionIds": ["c"], "removeDivisionIds": ["a"] });
    client.send("POST", &path, Some(sent)).expect(200);
    assert_eq!(ids(&client.get(&path).json()), ["b", "c"]);
}

#[test]
fn a_user_shows_the_skills_that_a_path_of_their_own_sets() {
    let emulator = emulator(Seed::default());
    let client = Client::of(emulator.url());
    let user = made(&client, "/api/v2/users", json!({ "email": "a@acme.example", "name": "A" }));
    let address = format!("/api/v2/users/{}", id(&user));
    assert_eq!(user["division"]["name"], "Home");
    assert_eq!((&user["state"], &user["skills"]), (&json!("active"), &json!([])));
    let bulk = format!("{address}/routingskills/bulk");
    client
        .send("PATCH", &bulk, Some(json!([{ "id": "s1", "proficiency": 2 }, { "id": "s2" }])))
        .expect(200);
    client.send("PATCH", &bulk, Some(json!([{ "id": "s1", "proficiency": 5 }]))).expect(200);
    client.send("DELETE", &format!("{address}/routingskills/s2"), None).expect(204);
    let skills = client.get(&address).json()["skills"].clone();
    assert_eq!(skills, json!([{ "id": "s1", "proficiency": 5 }]));
    assert_eq!(ids(&client.get(&format!("{address}/routingskills")).json()), ["s1"]);

    let profile = format!("{address}/profileskills");
    assert_eq!(client.send("PUT", &profile, Some(json!(["Go"]))).expect(200).json(), json!(["Go"]));
    assert_eq!(client.get(&address).json()["profileSkills"], json!(["Go"]));
    client
        .send("POST", &format!("{address}/password"), Some(json!({ "newPassword": "x" })))
        .expect(204);

    let utilization = format!("/api/v2/routing/users/{}/utilization", id(&user));
    assert_eq!(client.get(&utilization).json()["level"], "Organization");
    let sent = json!({ "utilization": { "call": { "maximumCapacity": 2 } } });
    client.send("PUT", &utilization, Some(sent)).expect(200);
    assert_eq!(client.get(&utilization).json()["level"], "Agent");
    client.send("DELETE", &utilization, None).expect(204);
    assert_eq!(client.get(&utilization).json()["level"], "Organization");
}

#[test]
fn one_email_is_one_user_in_whatever_division() {
    let seed = json!({ "divisions": [{ "id": "sales-id", "name": "Sales" }] });
    let emulator = emulator(Seed::from_json(&seed.to_string()).unwrap());
    let client = Client::of(emulator.url());
    let user = json!({ "email": "a@acme.example", "name": "A", "divisionId": "sales-id" });
    let user = made(&client, "/api/v2/users", user);
    assert_eq!(user["division"]["id"], "sales-id");
    let other = json!({ "email": "a@acme.example", "name": "B" });
    client.send("POST", "/api/v2/users", Some(other)).expect(409);
}

#[test]
fn ids_are_sent_and_objects_are_shown() {
    let emulator = emulator(Seed::default());
    let client = Client::of(emulator.url());
    let group = made(&client, "/api/v2/groups", json!({ "name": "Leads", "ownerIds": ["a", "b"] }));
    assert_eq!(group["owners"], json!([{ "id": "a" }, { "id": "b" }]));
    let user = json!({ "email": "a@acme.example", "name": "A" });
    let user = made(&client, "/api/v2/users", user);
    let address = format!("/api/v2/users/{}", id(&user));
    let patched = |sent: Value| client.send("PATCH", &address, Some(sent)).expect(200).json();
    assert_eq!(patched(json!({ "manager": "m" }))["manager"], json!({ "id": "m" }));
    assert_eq!(patched(json!({ "title": "Lead" }))["manager"], json!({ "id": "m" }));
    assert_eq!(patched(json!({ "manager": "" }))["manager"], Value::Null);
}

#[test]
fn an_object_that_is_assigned_to_a_division_is_in_it() {
    let seed = json!({ "divisions": [{ "id": "sales-id", "name": "Sales" }] });
    let emulator = emulator(Seed::from_json(&seed.to_string()).unwrap());
    let client = Client::of(emulator.url());
    let user = made(&client, "/api/v2/users", json!({ "email": "a@acme.example", "name": "A" }));
    let path = "/api/v2/authorization/divisions/sales-id/objects/USER";
    client.send("POST", path, Some(json!([id(&user)]))).expect(204);
    let shown = client.get(&format!("/api/v2/users/{}", id(&user))).json();
    assert_eq!(shown["division"], json!({ "id": "sales-id", "name": "Sales" }));
}

#[test]
fn templates_of_an_action_are_plain_text() {
    let emulator = emulator(Seed::default());
    let client = Client::of(emulator.url());
    let config = json!({ "request": { "requestTemplate": "${input.rawRequest}" } });
    let body = json!({ "name": "Find", "integrationId": "i", "config": config });
    let action = made(&client, "/api/v2/integrations/actions", body);
    let text = |name: &str| {
        let path = format!("/api/v2/integrations/actions/{}/templates/{name}.vm", id(&action));
        client.get(&path).expect(200).body
    };
    assert_eq!(
        (text("requesttemplate").as_str(), text("successtemplate").as_str()),
        ("${input.rawRequest}", "")
    );
}

#[test]
fn the_name_of_an_integration_is_that_of_its_configuration() {
    let emulator = emulator(Seed::default());
    let client = Client::of(emulator.url());
    let body = json!({ "integrationType": { "id": "custom-rest-actions" } });
    let integration = made(&client, "/api/v2/integrations", body);
    let address = format!("/api/v2/integrations/{}", id(&integration));
    let config = format!("{address}/config/current");
    assert_eq!(client.get(&config).json()["version"], 1);
    let sent = json!({ "name": "CRM", "version": 1, "notes": "Read only" });
    let put = client.send("PUT", &config, Some(sent)).expect(200).json();
    assert_eq!((&put["version"], &put["notes"]), (&json!(2), &json!("Read only")));
    assert_eq!(client.get(&address).json()["name"], "CRM");
    client.send("PATCH", &address, Some(json!({ "name": "CRM 2" }))).expect(200);
    assert_eq!(client.get(&config).json()["name"], "CRM 2");
}

#[test]
fn two_integrations_that_get_their_names_later_are_created_side_by_side() {
    let emulator = emulator(Seed::default());
    let client = Client::of(emulator.url());
    let body = json!({ "integrationType": { "id": "custom-rest-actions" } });
    let [first, second] = [(); 2].map(|()| made(&client, "/api/v2/integrations", body.clone()));
    let named = |integration: &Value, name: &str| {
        let address = format!("/api/v2/integrations/{}/config/current", id(integration));
        client.send("PUT", &address, Some(json!({ "name": name, "version": 1 })))
    };
    drop(named(&first, "CRM").expect(200));
    drop(named(&second, "Status").expect(200));
}

#[test]
fn a_row_is_found_by_its_key_and_shows_no_id() {
    let emulator = emulator(Seed::default());
    let client = Client::of(emulator.url());
    let rows = "/api/v2/flows/datatables/t/rows";
    for key in ["+15550100", "area North", "a/b", "100%"] {
        let row = made(&client, rows, json!({ "key": key, "line": "Billing" }));
        assert_eq!(row, json!({ "key": key, "line": "Billing" }));
        client.send("POST", rows, Some(json!({ "key": key }))).expect(409);
    }
    for path in ["+15550100", "%2B15550100", "area%20North", "a%2Fb", "100%25"] {
        client.get(&format!("{rows}/{path}")).expect(200);
    }
    let put = json!({ "key": "a/b", "line": "Sales" });
    client.send("PUT", &format!("{rows}/a%2Fb"), Some(put)).expect(200);
    assert_eq!(client.get(&format!("{rows}/a%2Fb")).json()["line"], "Sales");
    client.send("DELETE", &format!("{rows}/area%20North"), None).expect(204);
    assert_eq!(client.get(rows).json()["total"], 3);
}

#[test]
fn an_email_domain_has_the_id_that_it_was_sent_with_and_is_refused_twice() {
    let emulator = emulator(Seed::default());
    let client = Client::of(emulator.url());
    let domains = "/api/v2/routing/email/domains";
    let domain = made(&client, domains, json!({ "id": "mail.example", "subDomain": false }));
    assert_eq!(id(&domain), "mail.example");
    let refused =
        client.send("POST", domains, Some(json!({ "id": "mail.example" }))).expect(400).json();
    assert!(refused["message"].to_string().contains("domain already exists"), "{refused}");
    client.get(&format!("{domains}/mail.example")).expect(200);
}

#[test]
fn a_web_configuration_is_published_under_its_versions() {
    let emulator = emulator(Seed::default());
    let client = Client::of(emulator.url());
    let path = "/api/v2/webdeployments/configurations";
    let made = made(&client, path, json!({ "name": "Shop", "languages": ["en-us"] }));
    let versions = format!("{path}/{}/versions", id(&made));
    assert_eq!(client.get(&format!("{versions}/draft")).expect(200).json()["status"], "Active");
    let changed = json!({ "name": "Shop", "languages": ["de"] });
    client.send("PUT", &format!("{versions}/draft"), Some(changed)).expect(200);
    let published =
        client.send("POST", &format!("{versions}/draft/publish"), None).expect(200).json();
    let version = published["version"].as_str().expect("a version");
    let shown = client.get(&format!("{versions}/{version}")).expect(200).json();
    assert_eq!(shown["languages"], json!(["de"]));
    assert_eq!(client.get(&versions).json()["total"], 1);
}

#[test]
fn a_parameter_that_compares_a_field_shows_the_objects_that_have_it() {
    let emulator = emulator(Seed::default());
    let client = Client::of(emulator.url());
    let bases = "/api/v2/knowledge/knowledgebases";
    made(&client, bases, json!({ "name": "Help", "coreLanguage": "en-US" }));
    let count = |query: &str| client.get(&format!("{bases}{query}")).names().len();
    assert_eq!((count("?published=false"), count("?published=true"), count("")), (1, 0, 1));
}

#[test]
fn parts_survive_a_dump_and_a_seed_has_them() {
    let first = emulator(Seed::default());
    let client = Client::of(first.url());
    let team = made(&client, "/api/v2/teams", json!({ "name": "Voice" }));
    let path = format!("/api/v2/teams/{}/members", id(&team));
    let added = client.send("POST", &path, Some(json!({ "memberIds": ["a"] }))).expect(200).json();
    assert_eq!(added, json!({ "entities": [{ "id": "a" }], "failures": [] }));
    let again = emulator(first.org());
    assert_eq!(ids(&Client::of(again.url()).get(&path).json()), ["a"]);
}

#[test]
fn what_always_answers_the_same_needs_a_token() {
    let emulator = emulator(Seed::default());
    let client = Client::of(emulator.url());
    let scripts = client.get("/api/v2/scripts?pageSize=100&pageNumber=1").expect(200).json();
    assert_eq!(scripts["entities"], json!([]));
}
