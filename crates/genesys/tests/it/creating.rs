//! Creates: exactly one request, a lost reply is looked up, a conflict is explained.

use std::sync::Mutex;

use divvy_core::consent::Source;
use divvy_core::kinds::division::DIVISION;
use divvy_core::{Consent, EntityId};
use divvy_genesys::{Conflict, NewEntity, Reason};
use serde_json::{Value, json};

use crate::server::{Reply, Request, Server, json as json_reply, reply, token};
use crate::support::{DIVISIONS, TOKEN, client, impatient_client};

fn consent() -> Consent {
    Consent::given(Source::Flag)
}

fn sales() -> Value {
    json!({"id": "id-1", "name": "Sales", "description": "", "homeDivision": false})
}

fn listing(entities: &[Value]) -> Reply {
    let total = entities.len();
    json_reply(200, &json!({"entities": entities, "pageSize": 100, "total": total, "pageCount": 1}))
}

/// A server that answers tokens, and everything else by `answer`, which is told how many POSTs
/// and how many GETs came before.
async fn org(answer: impl Fn(&Request, usize, usize) -> Reply + Send + Sync + 'static) -> Server {
    let seen = Mutex::new((0, 0));
    Server::start(move |request, _| {
        if request.path() == "/oauth/token" {
            return token(TOKEN);
        }
        let (posts, gets) = {
            let mut seen = seen.lock().unwrap();
            let before = *seen;
            if request.method == "POST" {
                seen.0 += 1;
            } else {
                seen.1 += 1;
            }
            before
        };
        answer(request, posts, gets)
    })
    .await
}

#[tokio::test]
async fn a_create_sends_name_and_description_and_returns_the_entity() {
    let server = org(|_, _, _| json_reply(200, &sales())).await;
    let new = NewEntity::new("Sales").with_description("Shops");
    let created = client(&server.url).create(&DIVISION, &new, &consent()).await.unwrap();
    assert_eq!(created.id, EntityId::new("id-1"));
    let heard = server.heard();
    assert!(heard[1].is("POST", DIVISIONS));
    let body: Value = serde_json::from_str(&heard[1].body).unwrap();
    assert_eq!(body, json!({"name": "Sales", "description": "Shops"}));
}

#[tokio::test]
async fn a_reply_cut_at_any_byte_leaves_the_outcome_unknown_and_is_not_repeated() {
    let Reply::Bytes(whole) = json_reply(200, &sales()) else {
        unreachable!("a JSON reply is bytes")
    };
    for length in 0..whole.len() {
        let cut = whole[..length].to_vec();
        let server = org(move |_, _, _| Reply::Bytes(cut.clone())).await;
        let error = client(&server.url)
            .create(&DIVISION, &NewEntity::new("Sales"), &consent())
            .await
            .unwrap_err();
        assert_eq!(error.reason, Reason::UnknownOutcome, "cut at {length}");
        assert!(error.may_have_changed_the_org());
        assert_eq!(server.count("POST", DIVISIONS), 1, "cut at {length}");
    }
}

#[tokio::test]
async fn server_trouble_and_foreign_pages_are_unknown_outcomes() {
    let troubles: [fn() -> Reply; 4] = [
        || reply(500, &[], ""),
        || reply(504, &[], "<html>"),
        || reply(200, &[], "<html>"),
        || reply(200, &[], "{}"),
    ];
    for trouble in troubles {
        let server = org(move |_, _, _| trouble()).await;
        let error = client(&server.url)
            .create(&DIVISION, &NewEntity::new("Sales"), &consent())
            .await
            .unwrap_err();
        assert_eq!(error.reason, Reason::UnknownOutcome);
        assert_eq!(server.count("POST", DIVISIONS), 1);
    }
}

#[tokio::test]
async fn a_create_without_answer_in_time_is_an_unknown_outcome() {
    let server = org(|_, _, _| Reply::Hang).await;
    let error = impatient_client(&server.url)
        .create(&DIVISION, &NewEntity::new("Sales"), &consent())
        .await
        .unwrap_err();
    assert_eq!(error.reason, Reason::UnknownOutcome);
    assert_eq!(server.count("POST", DIVISIONS), 1);
}

#[tokio::test]
async fn a_create_that_was_too_many_is_sent_again() {
    let server = org(|_, posts, _| match posts {
        0 => reply(429, &[("Retry-After", "0")], ""),
        _ => json_reply(200, &sales()),
    })
    .await;
    let new = NewEntity::new("Sales");
    let ensured = client(&server.url).create_or_find(&DIVISION, &new, &consent()).await.unwrap();
    assert!(ensured.created);
    assert_eq!(server.count("POST", DIVISIONS), 2);
}

#[tokio::test]
async fn a_lost_reply_is_looked_up_until_the_list_shows_it() {
    let server = org(|request, _, gets| match (request.method.as_str(), gets) {
        ("POST", _) => Reply::Bytes(Vec::new()),
        // A search and a listing each time.
        (_, 0..4) => listing(&[]),
        _ => listing(&[sales()]),
    })
    .await;
    let ensured = client(&server.url)
        .create_or_find(&DIVISION, &NewEntity::new("Sales"), &consent())
        .await
        .unwrap();
    assert!(ensured.created);
    assert_eq!(ensured.entity.id, EntityId::new("id-1"));
    assert_eq!(server.count("POST", DIVISIONS), 1);
    assert_eq!(server.count("GET", DIVISIONS), 5);
}

#[tokio::test]
async fn a_create_that_nobody_carried_out_is_sent_once_more_after_looking() {
    let server = org(|request, posts, _| match (request.method.as_str(), posts) {
        ("POST", 0) => reply(503, &[], ""),
        ("POST", _) => json_reply(200, &sales()),
        _ => listing(&[]),
    })
    .await;
    let ensured = client(&server.url)
        .create_or_find(&DIVISION, &NewEntity::new("Sales"), &consent())
        .await
        .unwrap();
    assert!(ensured.created);
    let heard = server.heard();
    let methods: Vec<&str> = heard[1..].iter().map(|r| r.method.as_str()).collect();
    assert_eq!(methods.first(), Some(&"POST"));
    assert_eq!(methods.last(), Some(&"POST"));
    assert!(methods[1..methods.len() - 1].iter().all(|m| *m == "GET"));
}

#[tokio::test]
async fn an_outcome_that_stays_unknown_is_told() {
    let server = org(|request, _, _| match request.method.as_str() {
        "POST" => reply(503, &[], ""),
        _ => listing(&[]),
    })
    .await;
    let error = client(&server.url)
        .create_or_find(&DIVISION, &NewEntity::new("Sales"), &consent())
        .await
        .unwrap_err();
    assert_eq!(error.reason, Reason::UnknownOutcome);
    assert_eq!(server.count("POST", DIVISIONS), 2);
}

#[tokio::test]
async fn a_taken_name_is_a_duplicate_in_each_way_of_saying_so() {
    let duplicates: [fn() -> Reply; 3] = [
        || reply(409, &[], r#"{"code":"general.conflict","message":"conflict"}"#),
        || reply(409, &[], "<html>"),
        || reply(400, &[], r#"{"code":"duplicate.name"}"#),
    ];
    for duplicate in duplicates {
        let server = org(move |request, _, _| match request.method.as_str() {
            "POST" => duplicate(),
            _ => listing(&[sales()]),
        })
        .await;
        let client = client(&server.url);
        let new = NewEntity::new("Sales");
        let error = client.create(&DIVISION, &new, &consent()).await.unwrap_err();
        assert!(error.is_duplicate_of(&DIVISION));
        let ensured = client.create_or_find(&DIVISION, &new, &consent()).await.unwrap();
        assert!(!ensured.created);
        let conflict = client.explain_conflict(&DIVISION, &new).await.unwrap();
        assert!(matches!(conflict, Conflict::Existing(entity) if entity.id.as_str() == "id-1"));
    }
}

#[tokio::test]
async fn a_conflict_that_nothing_visible_explains_stays_an_error() {
    let server = org(|request, _, _| match request.method.as_str() {
        "POST" => reply(409, &[], ""),
        // Another letter case is another name.
        _ => listing(&[json!({"id": "id-2", "name": "SALES"})]),
    })
    .await;
    let client = client(&server.url);
    let new = NewEntity::new("Sales");
    let error = client.create_or_find(&DIVISION, &new, &consent()).await.unwrap_err();
    assert_eq!(error.reason, Reason::Conflict);
    assert_eq!(client.explain_conflict(&DIVISION, &new).await.unwrap(), Conflict::Unexplained);
}

#[tokio::test]
async fn a_refusal_names_the_permissions_of_the_kind_and_where_to_grant_them() {
    let server =
        org(|_, _, _| reply(403, &[], r#"{"code":"not.authorized","message":"no"}"#)).await;
    let error = client(&server.url)
        .create_or_find(&DIVISION, &NewEntity::new("Sales"), &consent())
        .await
        .unwrap_err();
    assert!(!error.is_duplicate_of(&DIVISION));
    let Reason::Forbidden { permissions } = &error.reason else { panic!("{error:?}") };
    assert_eq!(permissions[..], ["authorization:division:add", "authorization:grant:add"]);
    let hints = error.hints().iter().map(|hint| format!("{hint}\n")).collect::<String>();
    assert!(hints.contains("authorization:grant:add") && hints.contains("OAuth"), "{hints}");
    assert_eq!(server.count("POST", DIVISIONS), 1);
}

#[tokio::test]
async fn a_yes_about_another_entity_is_looked_up_and_never_sent_again() {
    for body in [
        json!({"id": "id-9", "name": "Claims"}),
        json!({"id": "", "name": "Sales"}),
        json!({"id": null, "name": "Sales"}),
        json!({"id": "id-9"}),
    ] {
        let lie = body.clone();
        let server = org(move |request, _, _| match request.method.as_str() {
            "POST" => json_reply(200, &lie),
            _ => listing(&[]),
        })
        .await;
        let error = client(&server.url)
            .create_or_find(&DIVISION, &NewEntity::new("Sales"), &consent())
            .await
            .unwrap_err();
        assert_eq!(error.reason, Reason::UnknownOutcome, "{body}");
        assert_eq!(server.count("POST", DIVISIONS), 1, "{body}");
        assert!(server.count("GET", DIVISIONS) > 2, "{body}");
    }
}

#[tokio::test]
async fn an_answer_by_id_about_another_id_is_not_taken() {
    let server = org(|_, _, _| json_reply(200, &json!({"id": "id-2", "name": "Sales"}))).await;
    let wanted = EntityId::new("id-1");
    let error = client(&server.url).by_ids(&DIVISION, [&wanted]).await.unwrap_err();
    assert_eq!(error.reason, Reason::OtherEntity);
    assert!(error.to_string().contains("\"Sales\" with the id \"id-2\""), "{error}");
}
