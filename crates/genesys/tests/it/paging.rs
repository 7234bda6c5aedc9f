//! Every way from page to page, told with a kind that has it: all is listed once, and reading ends.

use divvy_core::kind::Paging;
use divvy_core::kinds::{KINDS, of_terraform_type};
use divvy_core::{EntityId, Kind, survey::ById};
use serde_json::{Value, json};

use crate::server::{Reply, Request, Server, json as json_reply, token};
use crate::support::{TOKEN, client};

const SIZE: usize = 3;

fn kind(name: &str) -> &'static Kind {
    of_terraform_type(&format!("genesyscloud_{name}")).expect("a kind")
}

fn entities(range: std::ops::Range<usize>) -> Vec<Value> {
    range.map(|n| json!({ "id": format!("id-{n}"), "name": format!("N{n}"), "term": format!("T{n}"), "dialect": "en-US" })).collect()
}

fn parameter(request: &Request, name: &str) -> Option<String> {
    if let Ok(body) = serde_json::from_str::<Value>(&request.body)
        && let Some(value) = body.get(name)
    {
        return Some(value.as_str().map_or_else(|| value.to_string(), str::to_owned));
    }
    let (_, query) = request.target.split_once('?')?;
    let named = query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='));
    named.map(str::to_owned)
}

/// Answers as an API of this style that holds so many entities, in pages of [`SIZE`].
fn answer(request: &Request, paging: Paging, all: usize) -> Reply {
    if request.is("POST", "/oauth/token") {
        return token(TOKEN);
    }
    let (cursor, path) = (
        match paging {
            Paging::Cursor(name) => name,
            Paging::NextPage => "nextPage",
            Paging::Numbered => "pageNumber",
            Paging::NextUri | Paging::Whole => "after",
        },
        request.path(),
    );
    let told = parameter(request, cursor).and_then(|text| text.parse::<usize>().ok());
    let start = match paging {
        Paging::Numbered => (told.unwrap_or(1) - 1) * SIZE,
        Paging::Whole => 0,
        _ => told.unwrap_or(0),
    };
    let end = if paging == Paging::Whole { all } else { all.min(start + SIZE) };
    let mut body = json!({ "entities": entities(start.min(all)..end) });
    let more = end < all;
    match paging {
        Paging::Numbered => {
            body["pageCount"] = all.div_ceil(SIZE).into();
            body["total"] = all.into();
        }
        Paging::Whole if all.is_multiple_of(2) => body = body["entities"].clone(),
        Paging::NextPage if more => body["nextPage"] = end.to_string().into(),
        Paging::NextUri if more => body["nextUri"] = format!("{path}?after={end}&x=1").into(),
        Paging::Cursor(_) if more && all.is_multiple_of(3) => {
            body["cursors"] = json!({ "after": end.to_string() });
        }
        Paging::Cursor(_) if more && all % 3 == 1 => body["after"] = end.to_string().into(),
        Paging::Cursor(name) if more => body["nextUri"] = format!("{path}?{name}={end}").into(),
        _ => {}
    }
    json_reply(200, &body)
}

/// One kind of each way.
fn one_of_each() -> Vec<(&'static Kind, Paging)> {
    let names = [
        "routing_skill",
        "team",
        "externalcontacts_external_source",
        "task_management_workbin",
        "processautomation_trigger",
        "speechandtextanalytics_dictionaryfeedback",
        "oauth_client",
    ];
    names.map(|name| (kind(name), kind(name).list.expect("a list").paging)).into()
}

#[tokio::test]
async fn each_way_of_paging_shows_every_entity_once_in_as_few_requests_as_there_are_pages() {
    let shown: std::collections::BTreeSet<_> =
        one_of_each().iter().map(|(_, paging)| format!("{paging:?}")).collect();
    let known: std::collections::BTreeSet<_> =
        KINDS.iter().filter_map(|kind| Some(format!("{:?}", kind.list?.paging))).collect();
    assert_eq!(shown, known, "a way of paging has no kind here");
    for (kind, paging) in one_of_each() {
        for all in [0, 1, 2, 3, 4, 6, 7, 8, 9, 11] {
            let server = Server::start(move |request, _| answer(request, paging, all)).await;
            let listing = client(&server.url).listing(kind).await.unwrap();
            assert_eq!(listing.entities.len(), all, "{kind:?} of {all}");
            assert!(listing.is_complete, "{kind:?} of {all}: {:?}", listing.flaws);
            let pages = if paging == Paging::Whole { 1 } else { all.div_ceil(SIZE).max(1) };
            assert_eq!(server.heard().len(), 1 + pages, "{kind:?} of {all}");
            let method = if kind.list.unwrap().is_query { "POST" } else { "GET" };
            assert_eq!(server.count(method, kind.list.unwrap().path), pages, "{kind:?}");
        }
    }
}

#[tokio::test]
async fn a_cursor_that_leads_back_ends_the_reading_and_is_told() {
    for (kind, paging) in one_of_each() {
        if matches!(paging, Paging::Numbered | Paging::Whole) {
            continue;
        }
        let server = Server::start(move |request, _| {
            if request.is("POST", "/oauth/token") {
                return token(TOKEN);
            }
            json_reply(
                200,
                &json!({
                    "entities": entities(0..2), "after": "0", "nextPage": "0",
                    "nextUri": format!("{}?after=0", request.path())
                }),
            )
        })
        .await;
        let listing = client(&server.url).listing(kind).await.unwrap();
        assert!(!listing.is_complete && listing.gap().is_some(), "{kind:?}");
        assert_eq!(listing.entities.len(), 2, "{kind:?}");
        assert!(server.heard().len() <= 4, "{kind:?}: {}", server.heard().len());
    }
}

#[tokio::test]
async fn a_link_to_another_path_is_not_followed_and_the_listing_is_incomplete() {
    for name in ["team", "processautomation_trigger"] {
        let server = Server::start(|request, _| {
            if request.is("POST", "/oauth/token") {
                return token(TOKEN);
            }
            let link = "http://127.0.0.1:9/api/v2/elsewhere?after=1";
            json_reply(200, &json!({ "entities": entities(0..2), "nextUri": link }))
        })
        .await;
        let listing = client(&server.url).listing(kind(name)).await.unwrap();
        assert!(!listing.is_complete, "{name}");
        assert_eq!(server.heard().len(), 2, "{name}");
    }
}

#[tokio::test]
async fn what_is_below_a_parent_is_listed_there_and_has_the_id_that_an_import_takes() {
    let status = kind("task_management_worktype_status");
    let server = Server::start(|request, _| match request.path() {
        "/oauth/token" => token(TOKEN),
        "/api/v2/taskmanagement/worktypes/w%2F1/statuses" => {
            json_reply(200, &json!({ "entities": [{ "id": "s-1", "name": "Open" }] }))
        }
        "/api/v2/taskmanagement/worktypes/w%2F1/statuses/s-2" => {
            json_reply(200, &json!({ "id": "s-2", "name": "Closed" }))
        }
        _ => json_reply(404, &json!({ "message": "gone" })),
    })
    .await;
    let client = client(&server.url);
    let below = vec!["w/1".to_owned()];
    let listing = client.listing_at(status, &below).await.unwrap();
    let only = &listing.entities[0];
    assert_eq!(only.key.parts(), ["Open", "w/1"]);
    assert!(listing.covers(&below) && !listing.covers(&vec!["w-2".to_owned()]));

    let gone = client.listing_at(status, &vec!["w-2".to_owned()]).await.unwrap();
    assert!(gone.entities.is_empty() && gone.is_complete, "its parent is not there");

    let row = kind("architect_grammar_language");
    assert!(row.list.unwrap().is_item);
    let none = client.listing_at(row, &vec!["g-1".to_owned(), "en-us".to_owned()]).await.unwrap();
    assert!(none.entities.is_empty() && none.is_complete);
}

#[tokio::test]
async fn an_id_that_is_composed_is_asked_for_below_its_parent() {
    let category = kind("knowledge_category");
    let server = Server::start(|request, _| match request.path() {
        "/oauth/token" => token(TOKEN),
        "/api/v2/knowledge/knowledgebases/b-1/categories/c-1" => {
            json_reply(200, &json!({ "id": "c-1", "name": "Billing" }))
        }
        _ => json_reply(404, &json!({ "message": "gone" })),
    })
    .await;
    let client = client(&server.url);
    let ids = ["c-1,b-1", "c-2,b-1"].map(EntityId::new);
    let answers = client.by_ids(category, &ids).await.unwrap();
    let ById::Present(found) = &answers[&ids[0]] else { panic!("{answers:?}") };
    assert_eq!(found.key.parts(), ["Billing", "b-1"]);
    assert_eq!(found.id, ids[0]);
    assert_eq!(answers[&ids[1]], ById::Absent);
    let identity = kind("externalusers_identity");
    let nobody_knows_how = client.by_ids(identity, &[EntityId::new("u-1/a/k")]).await.unwrap();
    assert!(nobody_knows_how.is_empty());
}

#[tokio::test]
async fn what_is_deleted_has_its_name_no_longer_and_makes_no_listing_incomplete() {
    let server = Server::start(|request, _| {
        if request.is("POST", "/oauth/token") {
            return token(TOKEN);
        }
        let entities = json!([
            { "id": "s-1", "name": "French", "state": "deleted" },
            { "id": "s-2", "name": "French", "state": "active", "more": { "a": 1 } },
        ]);
        json_reply(200, &json!({ "entities": entities, "total": 2, "pageCount": 1 }))
    })
    .await;
    let listing = client(&server.url).listing(kind("routing_skill")).await.unwrap();
    let ids: Vec<&str> = listing.entities.iter().map(|entity| entity.id.as_str()).collect();
    assert_eq!(ids, ["s-2"]);
    assert!(listing.is_complete, "{:?}", listing.flaws);
}
