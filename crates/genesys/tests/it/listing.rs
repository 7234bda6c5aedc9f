//! Token, listing and organization: the thinnest way through everything.

use divvy_core::OrgId;
use divvy_core::kinds::division::DIVISION;
use serde_json::{Value, json};

use crate::server::{Reply, Request, Server, json as json_reply, reply, token};
use crate::support::{DIVISIONS, TOKEN, client};

/// A division per number, so that names and ids differ.
fn divisions(numbers: std::ops::Range<usize>) -> Vec<Value> {
    numbers
        .map(|n| json!({"id": format!("id-{n}"), "name": format!("D{n}"), "homeDivision": n == 0}))
        .collect()
}

fn page(entities: &[Value], number: usize, total: usize) -> Reply {
    json_reply(
        200,
        &json!({
            "entities": entities, "pageSize": 100, "pageNumber": number,
            "total": total, "pageCount": total.div_ceil(100)
        }),
    )
}

fn page_number(request: &Request) -> usize {
    let (_, rest) = request.target.split_once("pageNumber=").unwrap();
    rest.split('&').next().unwrap().parse().unwrap()
}

fn answer(request: &Request, total: usize) -> Reply {
    if request.is("POST", "/oauth/token") {
        return token(TOKEN);
    }
    if request.is("GET", "/api/v2/organizations/me") {
        return json_reply(200, &json!({"id": "org-1", "name": "Acme"}));
    }
    let number = page_number(request);
    let last = total.min(number * 100);
    page(&divisions((number - 1) * 100..last), number, total)
}

#[tokio::test]
async fn one_token_then_every_page_of_the_listing_and_the_organization() {
    let server = Server::start(|request, _| answer(request, 250)).await;
    let client = client(&server.url);

    let listing = client.listing(&DIVISION).await.unwrap();
    let organization = client.organization().await.unwrap();

    assert_eq!(listing.entities.len(), 250);
    assert!(listing.is_complete);
    assert_eq!(listing.entities.iter().filter(|d| d.is_home).count(), 1);
    assert_eq!(organization.id, OrgId::new("org-1"));
    assert_eq!(organization.name.as_deref(), Some("Acme"));
    assert_eq!(client.requests(), 5);

    let heard = server.heard();
    assert!(heard[0].is("POST", "/oauth/token"));
    assert_eq!(heard[0].body, "grant_type=client_credentials");
    // Base64 of client-1:s3cr3t-of-the-test.
    assert!(heard[0].head.contains("Basic Y2xpZW50LTE6czNjcjN0LW9mLXRoZS10ZXN0"));
    let bearer = format!("Bearer {TOKEN}");
    assert!(heard[1..].iter().all(|request| request.head.contains(&bearer)));
    assert_eq!(heard[1].target, format!("{DIVISIONS}?pageSize=100&pageNumber=1"));
}

#[tokio::test]
async fn an_empty_listing_is_complete_after_one_request() {
    let server = Server::start(|request, _| answer(request, 0)).await;
    let listing = client(&server.url).listing(&DIVISION).await.unwrap();
    assert!(listing.is_complete && listing.entities.is_empty());
    assert_eq!(server.count("GET", DIVISIONS), 1);
}

#[tokio::test]
async fn a_listing_that_changes_under_way_is_read_again() {
    // The first page still tells 101, the second one already 102; then it stays so.
    let server =
        Server::start(|request, before| answer(request, if before <= 1 { 101 } else { 102 })).await;
    let listing = client(&server.url).listing(&DIVISION).await.unwrap();
    assert_eq!(listing.entities.len(), 102);
    assert!(listing.is_complete);
    assert_eq!(server.count("GET", DIVISIONS), 4);
}

#[tokio::test]
async fn an_entity_that_slips_onto_two_pages_counts_once_and_makes_the_listing_incomplete() {
    let server = Server::start(|request, _| match request.path() {
        DIVISIONS if page_number(request) == 2 => page(&divisions(99..100), 2, 101),
        _ => answer(request, 101),
    })
    .await;
    let listing = client(&server.url).listing(&DIVISION).await.unwrap();
    assert_eq!(listing.entities.len(), 100);
    assert!(!listing.is_complete);
}

#[tokio::test]
async fn a_listing_without_counts_is_read_until_a_page_is_empty() {
    let server = Server::start(|request, _| match request.path() {
        DIVISIONS => {
            let number = page_number(request);
            let numbers = if number < 3 { number..number + 1 } else { 0..0 };
            json_reply(200, &json!({"entities": divisions(numbers)}))
        }
        _ => answer(request, 0),
    })
    .await;
    let listing = client(&server.url).listing(&DIVISION).await.unwrap();
    assert_eq!(listing.entities.len(), 2);
    assert!(listing.is_complete);
}

#[tokio::test]
async fn an_org_that_does_not_tell_its_id_is_known_by_url_and_client() {
    let server = Server::start(|request, _| match request.path() {
        "/api/v2/organizations/me" => reply(403, &[], r#"{"code":"missing.permissions"}"#),
        _ => answer(request, 0),
    })
    .await;
    let organization = client(&server.url).organization().await.unwrap();
    assert_eq!(organization.id, OrgId::new(format!("{}#client-1", server.url)));
}
