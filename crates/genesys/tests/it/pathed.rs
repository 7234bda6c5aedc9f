//! The pathed dialect: bare arrays, 404 for none, paths, parents, scopes.

use std::sync::Arc;

use divvy_core::Consent;
use divvy_core::consent::Source;
use divvy_core::effect::Unobserved;
use divvy_core::kinds::division::PATHED_DIVISION;
use divvy_genesys::{Client, Conflict, Dialect, NewEntity, Reason};
use serde_json::{Value, json};

use crate::server::{Reply, Request, Server, json as json_reply, reply, token};
use crate::support::{TOKEN, client_with, quick};

const DIVISIONS: &str = "/api/v2/auth/divisions";

async fn org(answer: fn(&Request) -> Reply) -> (Server, Client) {
    let server = Server::start(move |request, _| match request.path() {
        "/oauth/token" => token(TOKEN),
        _ => answer(request),
    })
    .await;
    let client = client_with(&server.url, Dialect::Pathed, quick(), Arc::new(Unobserved));
    (server, client)
}

fn engineering() -> Value {
    json!({"id": "e1", "name": "Engineering", "path": "/Engineering", "description": "",
           "externalId": null, "active": true})
}

fn backend() -> NewEntity {
    NewEntity::new("Backend").with_path("/Engineering/Backend")
}

fn consent() -> Consent {
    Consent::given(Source::Flag)
}

#[tokio::test]
async fn a_list_is_a_bare_array_and_404_is_an_empty_one() {
    let (server, client) = org(|_| json_reply(200, &json!([engineering()]))).await;
    let listing = client.listing(&PATHED_DIVISION).await.unwrap();
    assert!(listing.is_complete);
    assert_eq!(listing.entities[0].text("path"), Some("/Engineering"));
    assert_eq!(server.heard()[1].target, DIVISIONS);

    let (_server, client) = org(|_| reply(404, &[], "")).await;
    assert!(client.listing(&PATHED_DIVISION).await.unwrap().entities.is_empty());
}

#[tokio::test]
async fn one_division_is_found_by_name_and_path() {
    let (server, client) = org(|_| json_reply(200, &json!([engineering()]))).await;
    let wanted = NewEntity::new("Engineering").with_path("/Engineering");
    let found = client.find(&PATHED_DIVISION, &wanted).await.unwrap().unwrap();
    assert_eq!(found.id.as_str(), "e1");
    assert_eq!(
        server.heard()[1].target,
        format!("{DIVISIONS}?name=Engineering&path=%2FEngineering")
    );
    // The same name elsewhere is another division.
    let elsewhere = NewEntity::new("Engineering").with_path("/Labs/Engineering");
    assert_eq!(client.find(&PATHED_DIVISION, &elsewhere).await.unwrap(), None);
}

#[tokio::test]
async fn a_create_sends_every_field_of_the_tutorial() {
    let (server, client) = org(|_| json_reply(201, &engineering())).await;
    let new = NewEntity::new("Engineering")
        .with_path("/Engineering")
        .with_description("Engineering Division");
    let ensured = client.create_or_find(&PATHED_DIVISION, &new, &consent()).await;
    assert!(ensured.unwrap().created);
    let body: Value = serde_json::from_str(&server.heard()[1].body).unwrap();
    assert_eq!(
        body,
        json!({"name": "Engineering", "path": "/Engineering",
               "description": "Engineering Division", "externalId": null, "active": true})
    );
}

#[tokio::test]
async fn a_conflict_is_a_duplicate_or_a_missing_parent() {
    let (_server, client) = org(|request| match request.method.as_str() {
        "POST" => reply(409, &[], r#"{"message":"conflict"}"#),
        _ => reply(404, &[], ""),
    })
    .await;
    let error = client.create(&PATHED_DIVISION, &backend(), &consent()).await;
    assert_eq!(error.unwrap_err().reason, Reason::Conflict);
    assert_eq!(
        client.explain_conflict(&PATHED_DIVISION, &backend()).await.unwrap(),
        Conflict::MissingParent("/Engineering".into())
    );

    let (_server, client) = org(|request| match request.method.as_str() {
        "POST" => reply(409, &[], ""),
        _ if request.target.contains("name=Engineering") => {
            json_reply(200, &json!([engineering()]))
        }
        _ => json_reply(
            200,
            &json!([{"id": "b1", "name": "Backend", "path": "/Engineering/Backend"}]),
        ),
    })
    .await;
    let ensured = client.create_or_find(&PATHED_DIVISION, &backend(), &consent()).await;
    assert!(!ensured.unwrap().created);
    let conflict = client.explain_conflict(&PATHED_DIVISION, &backend()).await.unwrap();
    assert!(matches!(conflict, Conflict::Existing(entity) if entity.id.as_str() == "b1"));
}

#[tokio::test]
async fn refusals_name_the_scopes() {
    let (_server, client) = org(|_| reply(403, &[], "")).await;
    let list = client.listing(&PATHED_DIVISION).await.unwrap_err();
    let create = client.create(&PATHED_DIVISION, &backend(), &consent()).await.unwrap_err();
    assert!(list.to_string().contains("division:read"), "{list}");
    assert!(create.to_string().contains("division:write"), "{create}");
    assert!(create.hints()[0].to_string().contains("scope division:write"));
}

#[tokio::test]
async fn the_org_is_known_by_url_and_client() {
    let (server, client) = org(|_| reply(500, &[], "")).await;
    let organization = client.organization().await.unwrap();
    assert_eq!(organization.id.as_str(), format!("{}#client-1", server.url));
    assert!(server.heard().is_empty());
}
