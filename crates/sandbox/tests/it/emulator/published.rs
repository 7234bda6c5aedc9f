//! The published routes: status codes and fields as the vendor's models have them.

use divvy_sandbox::emulator::{Options, Policy, Search, Seed, SeedDivision};
use serde_json::{Value, json};

use super::raw::{Client, DIVISIONS, emulator};

/// Asserts the exact set of a JSON object's fields.
#[track_caller]
fn assert_fields(object: &Value, expected: &[&str]) {
    let found: Vec<_> = object.as_object().unwrap().keys().collect();
    let mut expected: Vec<_> = expected.to_vec();
    expected.sort_unstable();
    assert_eq!(found, expected, "{object}");
}

fn seed_of_many(count: usize) -> Seed {
    let names = (0..count).map(|number| SeedDivision::named(format!("Division {number:03}")));
    Seed { divisions: names.collect(), ..Seed::default() }
}

#[test]
fn a_token_has_the_three_fields_and_lasts_a_day() {
    let emulator = emulator(Seed::default());
    let reply = Client::stranger(emulator.url()).ask_token("any", "thing");
    let token = reply.expect(200).json();
    assert_fields(&token, &["access_token", "token_type", "expires_in"]);
    assert_eq!(token["expires_in"], 86_400);
    assert_eq!(token["token_type"], "bearer");
}

#[test]
fn the_organization_has_what_the_provider_reads_at_its_start() {
    let mut seed = Seed::default();
    seed.org.id = "0c0e0c7e-0000-4000-8000-000000000001".to_owned();
    seed.org.name = "Acme Care".to_owned();
    let emulator = emulator(seed);
    let client = Client::of(emulator.url());
    let org = client.get("/api/v2/organizations/me").expect(200).json();
    assert_eq!(org["id"], "0c0e0c7e-0000-4000-8000-000000000001");
    assert_eq!(org["name"], "Acme Care");
    assert_eq!(org["defaultCountryCode"], "US");

    let products = client.get("/api/v2/authorization/products").expect(200).json();
    assert_eq!(products["total"], 1);
    assert!(products["entities"][0]["id"].is_string());
    assert_eq!(products["pageCount"], 1);
}

#[test]
fn a_division_is_made_read_changed_and_deleted() {
    let emulator = emulator(Seed::default());
    let client = Client::of(emulator.url());
    let body = json!({ "name": "Engineering", "description": "", "homeDivision": true });
    let made = client.send("POST", DIVISIONS, Some(body)).expect(200).json();
    assert_fields(&made, &["id", "name", "description", "homeDivision", "selfUri"]);
    assert_eq!(made["name"], "Engineering");
    assert_eq!(made["description"], "");
    assert_eq!(made["homeDivision"], false, "the field of a request is ignored");
    let uri = made["selfUri"].as_str().unwrap();
    assert_eq!(uri, format!("{DIVISIONS}/{}", made["id"].as_str().unwrap()));

    assert_eq!(client.get(uri).expect(200).json(), made);
    let counted = client.get(&format!("{uri}?objectCount=true")).expect(200).json();
    assert_eq!(counted["objectCounts"], json!({}));

    let body = json!({ "name": "Research", "description": "New" });
    let updated = client.send("PUT", uri, Some(body)).expect(200).json();
    assert_eq!(updated["id"], made["id"]);
    assert_eq!(updated["name"], "Research");
    assert_eq!(client.get(uri).expect(200).json(), updated);

    let deleted = client.send("DELETE", &format!("{uri}?force=false"), None).expect(204);
    assert_eq!(deleted.body, "");
    client.get(uri).expect(404);
    client.send("DELETE", uri, None).expect(404);
    assert_eq!(client.get(DIVISIONS).names(), ["Home"]);
}

#[test]
fn a_taken_name_is_a_conflict_for_create_and_for_rename() {
    let emulator = emulator(Seed::with_divisions(["Sales", "Claims"]));
    let client = Client::of(emulator.url());
    let refused = client.create("Sales").expect(409);
    let body = refused.json();
    assert_fields(&body, &["message", "code", "status", "contextId", "details", "errors"]);
    assert_eq!(body["status"], 409);
    assert_eq!(body["code"], "general.conflict");
    assert_eq!(refused.header("ININ-Correlation-Id"), body["contextId"].as_str());
    assert_eq!(refused.header("Content-Type"), Some("application/json"));
    assert_eq!(client.create("Home").expect(409).json()["status"], 409);

    let claims = &emulator.org().divisions[1];
    let uri = format!("{DIVISIONS}/{}", claims.id);
    client.send("PUT", &uri, Some(json!({ "name": "Sales" }))).expect(409);
    assert_eq!(client.get(&uri).json()["name"], "Claims");
}

#[test]
fn a_request_without_sense_is_refused_in_the_api_s_own_words() {
    let emulator = emulator(Seed::default());
    let client = Client::of(emulator.url());
    let refusals = [
        ("POST", DIVISIONS.to_owned(), Some(json!({ "description": "x" })), 400, "bad.request"),
        ("POST", DIVISIONS.to_owned(), Some(json!([])), 400, "bad.request"),
        ("POST", DIVISIONS.to_owned(), None, 400, "bad.request"),
        ("GET", format!("{DIVISIONS}?pageSize=many"), None, 400, "invalid.value"),
        ("GET", format!("{DIVISIONS}?pageSize=0"), None, 400, "invalid.value"),
        ("GET", format!("{DIVISIONS}?pageSize=501"), None, 400, "invalid.value"),
        ("GET", format!("{DIVISIONS}/query?pageSize=201"), None, 400, "invalid.value"),
        ("GET", format!("{DIVISIONS}/query?after=nonsense"), None, 400, "invalid.value"),
        ("GET", format!("{DIVISIONS}/no-such-id"), None, 404, "not.found"),
        ("GET", "/api/v2/auth/divisions".to_owned(), None, 404, "not.found"),
        ("GET", "/nowhere".to_owned(), None, 404, "not.found"),
        ("PATCH", DIVISIONS.to_owned(), None, 405, "method.not.allowed"),
    ];
    for (method, path, body, status, code) in refusals {
        let refused = client.send(method, &path, body).expect(status);
        assert_eq!(refused.json()["code"], code, "{method} {path}");
        assert_eq!(refused.json()["status"], status);
    }
    let bearer = client.token.as_ref().unwrap();
    let headers = format!("Authorization: Bearer {bearer}\r\nContent-Type: text/plain\r\n");
    let refused = client.exchange("POST", DIVISIONS, &headers, "{}").unwrap();
    assert_eq!(refused.expect(415).json()["code"], "unsupported.media.type");
}

#[test]
fn a_listing_is_cut_into_pages_that_link_to_each_other() {
    let emulator = emulator(seed_of_many(29));
    let client = Client::of(emulator.url());
    let first = client.get(DIVISIONS).expect(200);
    assert_eq!(first.names().len(), 25, "the default page");
    assert_eq!(first.names()[0], "Home");
    let first = first.json();
    let everywhere = [
        "entities",
        "pageSize",
        "pageNumber",
        "total",
        "pageCount",
        "firstUri",
        "selfUri",
        "lastUri",
    ];
    assert_fields(&first, &[&everywhere[..], &["nextUri"]].concat());
    assert_eq!(first["total"], 30);
    assert_eq!(first["pageCount"], 2);
    let next = first["nextUri"].as_str().unwrap();
    let last = client.get(next).expect(200);
    assert_eq!(last.names().len(), 5);
    assert_fields(&last.json(), &[&everywhere[..], &["previousUri"]].concat());
    assert_eq!(last.json()["selfUri"], first["lastUri"]);

    let query = "pageSize=10&pageNumber=3&objectCount=false";
    let third = client.get(&format!("{DIVISIONS}?{query}")).expect(200);
    assert_eq!(third.names()[0], "Division 019");
    assert_eq!(third.json()["pageSize"], 10);
    let behind = client.get(&format!("{DIVISIONS}?pageNumber=9")).expect(200);
    assert_eq!(behind.json()["entities"], json!([]), "some clients page until this");
}

#[test]
fn a_listing_finds_by_term_and_by_repeated_id() {
    let names = ["Presales", "Sales EMEA", "Sales", "Claims"];
    let emulator = emulator(Seed::with_divisions(names));
    let client = Client::of(emulator.url());
    let search = |term: &str| client.get(&format!("{DIVISIONS}?name={term}")).names();
    assert_eq!(search("SALES"), ["Presales", "Sales EMEA", "Sales"]);
    let set = |search| {
        emulator.set_policy(Policy { search, ..Policy::default() }).unwrap();
    };
    set(Search::Prefix);
    assert_eq!(search("sales"), ["Sales EMEA", "Sales"]);
    set(Search::Exact);
    assert_eq!(search("sales"), ["Sales"]);
    assert_eq!(search("sales%20emea"), ["Sales EMEA"]);

    let ids: Vec<_> = emulator.org().divisions.iter().map(|d| d.id.clone()).collect();
    let query = format!("{DIVISIONS}?id={}&id={}&pageSize=1", ids[0], ids[3]);
    let page = client.get(&query).expect(200);
    assert_eq!(page.names(), ["Presales"]);
    let next = page.json()["nextUri"].as_str().unwrap().to_owned();
    assert_eq!(client.get(&next).names(), ["Claims"], "the link keeps the ids");
    let sorted = client.get(&format!("{DIVISIONS}?sortBy=name")).names();
    assert_eq!(sorted, ["Claims", "Home", "Presales", "Sales", "Sales EMEA"]);
}

#[test]
fn the_cursor_listing_walks_forth_and_back() {
    let emulator = emulator(seed_of_many(9));
    let client = Client::of(emulator.url());
    let mut reply = client.get(&format!("{DIVISIONS}/query?pageSize=4")).expect(200);
    let mut names = reply.names();
    assert_fields(&reply.json(), &["entities", "nextUri", "selfUri"]);
    let mut pages = vec![names.clone()];
    while let Some(next) = reply.json()["nextUri"].as_str() {
        reply = client.get(next).expect(200);
        names.extend(reply.names());
        pages.push(reply.names());
    }
    assert_eq!(names, client.get(DIVISIONS).names());
    assert_fields(&reply.json(), &["entities", "previousUri", "selfUri"]);
    let previous = reply.json()["previousUri"].as_str().unwrap().to_owned();
    assert_eq!(client.get(&previous).names(), pages[1]);
}

#[test]
fn home_is_told_by_its_field_and_may_be_renamed_but_not_deleted() {
    let emulator = emulator(Seed::default());
    let client = Client::of(emulator.url());
    let home = client.get(&format!("{DIVISIONS}/home")).expect(200).json();
    assert_eq!(home["homeDivision"], true);
    assert!(home.get("objectCounts").is_none());
    let uri = home["selfUri"].as_str().unwrap();
    client.send("DELETE", uri, None).expect(400);
    let body = json!({ "name": "New Home", "description": "Home" });
    client.send("PUT", uri, Some(body)).expect(200);
    let renamed = client.get(&format!("{DIVISIONS}/home")).json();
    assert_eq!(renamed["name"], "New Home");
    assert_eq!(renamed["homeDivision"], true);
}

#[test]
fn the_limit_is_a_bare_number_and_holds() {
    let mut seed = Seed::with_divisions(["Sales"]);
    seed.limit = 3;
    let emulator = emulator(seed);
    let client = Client::of(emulator.url());
    let limit = client.get(&format!("{DIVISIONS}/limit")).expect(200);
    assert_eq!(limit.body, "3");
    client.create("Claims").expect(200);
    let refused = client.create("Legal").expect(400).json();
    assert_eq!(refused["limit"]["value"], 3);
    client.create("Sales").expect(409);
}

#[test]
fn a_deleted_division_is_listed_apart_and_comes_back() {
    let emulator = emulator(Seed::with_divisions(["Sales"]));
    let client = Client::of(emulator.url());
    let sales = emulator.org().divisions[0].clone();
    let uri = format!("{DIVISIONS}/{}", sales.id);
    let restore = format!("{uri}/restore");
    let body = || Some(json!({ "name": "Sales" }));
    client.send("POST", &restore, body()).expect(404);
    client.send("DELETE", &uri, None).expect(204);
    let deleted = client.get(&format!("{DIVISIONS}/deleted")).expect(200);
    assert_eq!(deleted.names(), ["Sales"]);
    assert_eq!(deleted.json()["total"], 1);

    let twin = client.create("Sales").expect(200).json();
    client.send("POST", &restore, body()).expect(409);
    client.send("DELETE", twin["selfUri"].as_str().unwrap(), None).expect(204);
    client.send("POST", &restore, None).expect(400);
    let restored = client.send("POST", &restore, body()).expect(200).json();
    assert_eq!(restored["id"], sales.id);
    assert_eq!(client.get(DIVISIONS).names(), ["Home", "Sales"]);
}

#[test]
fn objects_move_and_keep_their_division_from_being_deleted() {
    let mut seed = Seed::with_divisions(["Sales", "Claims"]);
    seed.divisions[0].object_counts = [("QUEUE".to_owned(), 2)].into();
    let emulator = emulator(seed);
    let client = Client::of(emulator.url());
    let [sales, claims] = [0, 1].map(|n| format!("{DIVISIONS}/{}", emulator.org().divisions[n].id));
    let counts =
        |uri: &str| client.get(&format!("{uri}?objectCount=true")).json()["objectCounts"].clone();
    assert_eq!(counts(&sales), json!({ "QUEUE": 2 }));
    let ids = json!(["6d0f0a3e-6e0c-4a0e-8f0b-0d8f6a3b1c11"]);
    client.send("POST", &format!("{claims}/objects/USER"), Some(ids)).expect(204);
    assert_eq!(counts(&claims), json!({ "USER": 1 }));
    client.send("DELETE", &claims, None).expect(400);
    client.send("DELETE", &format!("{claims}?force=true"), None).expect(204);

    let listed = client.get(&format!("{DIVISIONS}?objectCount=true")).json();
    assert_eq!(listed["entities"][1]["objectCounts"]["QUEUE"], 2);
    let grants = client.get(&format!("{sales}/grants")).expect(200).json();
    assert_eq!(grants["total"], 0);
}

#[test]
fn permitted_divisions_need_the_name_of_a_permission() {
    let emulator = emulator(Seed::with_divisions(["Sales"]));
    let client = Client::of(emulator.url());
    let path = "/api/v2/authorization/divisionspermitted";
    client.get(&format!("{path}/me")).expect(400);
    let query = "permission=authorization:division:add";
    let plain = client.get(&format!("{path}/me?{query}")).expect(200).json();
    assert_eq!(plain.as_array().unwrap().len(), 2);
    let paged = client.get(&format!("{path}/paged/me?{query}&name=sal")).expect(200);
    assert_eq!(paged.names(), ["Sales"]);
    assert_eq!(paged.json()["total"], 1);
}

#[test]
fn every_seed_of_the_cases_makes_an_org() {
    let cases = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/cases");
    let mut seeds = 0;
    for case in std::fs::read_dir(cases).unwrap().map(Result::unwrap) {
        if !case.path().is_dir() {
            continue;
        }
        for file in std::fs::read_dir(case.path()).unwrap().map(Result::unwrap) {
            let name = file.file_name().into_string().unwrap();
            if !name.starts_with("org") || !file.path().is_file() {
                continue;
            }
            let text = std::fs::read_to_string(file.path()).unwrap();
            let seed = Seed::from_json(&text).unwrap();
            let listed = 1 + seed.divisions.len();
            let emulator = super::raw::with(Options { seed, ..Options::default() });
            let listing = Client::of(emulator.url()).get(&format!("{DIVISIONS}?pageSize=100"));
            assert_eq!(listing.names().len(), listed, "{}", file.path().display());
            seeds += 1;
        }
    }
    assert!(seeds >= 20, "only {seeds} seeds were found");
}
