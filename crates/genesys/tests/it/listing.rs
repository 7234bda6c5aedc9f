//! Token, listing and organization: the thinnest way through everything.

use std::sync::Arc;

use divvy_core::OrgId;
use divvy_core::effect::Unobserved;
use divvy_core::kinds::division::DIVISION;
use divvy_genesys::{Client, Dialect, NewEntity, Reason, Settings};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::server::{Reply, Request, Server, json as json_reply, reply, token};
use crate::support::{DIVISIONS, TOKEN, client, client_with, connection, quick};

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

/// Answers every page with the same divisions, whatever is asked, and says that there are more.
fn endless(new_ids: bool, count: Option<u64>) -> impl Fn(&Request, usize) -> Reply {
    move |request, _| match request.path() {
        DIVISIONS => {
            let number = page_number(request);
            let first = if new_ids { number } else { 0 };
            let full = if number == 1 { 100 } else { 1 };
            let divisions = divisions(first * 1000..first * 1000 + full);
            let mut page = json!({"entities": divisions, "pageSize": 100});
            if let Some(count) = count {
                page["pageCount"] = count.into();
            }
            json_reply(200, &page)
        }
        _ => answer(request, 0),
    }
}

#[tokio::test]
async fn pages_that_repeat_or_bring_next_to_nothing_come_to_an_end_and_are_called_so() {
    for (new_ids, count, most) in
        [(false, None, 3), (false, Some(u64::MAX), 15), (true, None, 60), (true, Some(1 << 60), 75)]
    {
        let server = Server::start(endless(new_ids, count)).await;
        let settings = Settings { rate: u32::MAX, ..quick() };
        let client = client_with(&server.url, Dialect::Published, settings, Arc::new(Unobserved));
        let listing = client.listing(&DIVISION).await.unwrap();
        let pages = server.count("GET", DIVISIONS);
        assert!(pages <= most, "{new_ids} {count:?}: {pages} pages");
        assert!(!listing.is_complete && listing.gap().unwrap().contains("no end"));
    }
}

#[tokio::test]
async fn an_interrupt_is_heard_between_pages_without_end_and_while_a_body_is_read() {
    let drip =
        Reply::Bytes(b"HTTP/1.1 200 X\r\nContent-Length: 9999\r\n\r\n{\"entities\": [".to_vec());
    let Reply::Bytes(drip) = drip else { unreachable!() };
    let server = Server::start(move |request, _| match request.path() {
        DIVISIONS => Reply::Stay(drip.clone()),
        _ => answer(request, 0),
    })
    .await;
    let interrupt = CancellationToken::new();
    let connection = connection(&server.url, Dialect::Published);
    let client = Client::new(connection, quick(), Arc::new(Unobserved), interrupt.clone()).unwrap();
    let (answer, ()) = tokio::join!(client.listing(&DIVISION), async {
        while server.count("GET", DIVISIONS) == 0 {
            tokio::task::yield_now().await;
        }
        interrupt.cancel();
    });
    assert_eq!(answer.unwrap_err().reason, Reason::Interrupted);
}

#[tokio::test]
async fn a_body_without_end_is_not_read_to_its_end() {
    let server = Server::start(|request, _| match request.path() {
        DIVISIONS => reply(200, &[], &format!("{{\"entities\": [{}]}}", " ".repeat(300_000))),
        _ => answer(request, 0),
    })
    .await;
    let settings = Settings { largest_reply: 100_000, ..quick() };
    let client = client_with(&server.url, Dialect::Published, settings, Arc::new(Unobserved));
    let error = client.listing(&DIVISION).await.unwrap_err();
    assert_eq!(error.reason, Reason::TooLarge { limit: 100_000 });
    assert_eq!(server.count("GET", DIVISIONS), 1, "it would be the same again");
    assert!(!error.hints().is_empty());
}

#[tokio::test]
async fn a_search_that_is_too_long_is_not_sent_and_the_list_is_asked_instead() {
    let server = Server::start(|request, _| answer(request, 3)).await;
    let client = client(&server.url);
    let error =
        client.search(&DIVISION, &divvy_core::Key::name("x".repeat(100_000))).await.unwrap_err();
    assert_eq!(error.reason, Reason::TooLong);
    assert_eq!(server.count("GET", DIVISIONS), 0);
    let long = NewEntity::new("x".repeat(5000));
    assert_eq!(client.find(&DIVISION, &long).await.unwrap(), None);
    assert_eq!(server.count("GET", DIVISIONS), 1);
}
