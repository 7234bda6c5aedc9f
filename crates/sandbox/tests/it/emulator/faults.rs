//! Each scripted fault, seen from the client's end of the socket.

use std::io::Write as _;
use std::time::{Duration, Instant};

use divvy_sandbox::emulator::{
    Effect, EmulatorThread, Exchange, Fault, Lag, Options, Outcome, Refusal, Seed,
};
use serde_json::{Value, json};

use super::raw::{Client, DIVISIONS, emulator, with};

const PATIENCE: Duration = Duration::from_secs(30);

/// An emulator with one division, and a client of it.
fn org() -> (EmulatorThread, Client) {
    let emulator = emulator(Seed::with_divisions(["Sales"]));
    let client = Client::of(emulator.url());
    (emulator, client)
}

fn on_create(effect: Effect) -> Vec<Fault> {
    vec![Fault::once("POST", DIVISIONS, effect)]
}

fn try_create(client: &Client, name: &str) -> Option<u16> {
    let reply = client.try_send("POST", DIVISIONS, Some(json!({ "name": name })));
    reply.map(|reply| reply.status)
}

#[test]
fn a_lost_reply_leaves_the_division_behind_and_a_lost_request_does_not() {
    let (emulator, client) = org();
    emulator.add_faults(on_create(Effect::Close));
    assert_eq!(try_create(&client, "Engineering"), None);
    emulator.add_faults(on_create(Effect::CommitThenClose));
    assert_eq!(try_create(&client, "Engineering"), None, "the first left nothing behind");
    assert_eq!(try_create(&client, "Engineering"), Some(409));

    let journal = emulator.requests();
    let creates: Vec<_> = journal.iter().filter(|e| e.is("POST", DIVISIONS)).collect();
    let outcomes: Vec<_> = creates.iter().map(|e| (e.outcome, e.status)).collect();
    let closed = (Outcome::Closed, None);
    assert_eq!(outcomes, [closed, closed, (Outcome::Answered, Some(409))]);
    assert_eq!(creates[1].faults, ["commit_then_close"]);
}

#[test]
fn a_status_comes_instead_of_the_request_or_after_it() {
    let (emulator, client) = org();
    let mut refusal = Refusal::status(429);
    refusal.retry_after = Some(42);
    emulator.add_faults(on_create(Effect::Status(refusal)));
    let refused = client.create("A").expect(429);
    assert_eq!(refused.header("Retry-After"), Some("42"));
    assert_eq!(refused.json()["code"], "too.many.requests.retry.after");
    emulator.add_faults(on_create(Effect::CommitThenStatus(Refusal::status(503))));
    let refused = client.create("A").expect(503).json();
    assert_eq!(refused["code"], "service.unavailable");
    client.create("A").expect(409);

    let whole = json!({ "status": 409, "code": "x.y", "message": "z", "body": { "odd": true } });
    let refusal: Refusal = serde_json::from_value(whole).unwrap();
    emulator.add_faults(on_create(Effect::Status(refusal)));
    assert_eq!(client.create("B").expect(409).json(), json!({ "odd": true }));
    let coded = json!({ "status": 409, "code": "general.conflict", "message": "Version mismatch" });
    let refusal: Refusal = serde_json::from_value(coded).unwrap();
    emulator.add_faults(on_create(Effect::Status(refusal)));
    assert_eq!(client.create("B").expect(409).json()["message"], "Version mismatch");
}

#[test]
fn a_reply_is_spoilt_and_keeps_its_status() {
    let (emulator, client) = org();
    emulator.add_faults(on_create(Effect::HtmlBody));
    let html = client.create("Sales").expect(409);
    assert!(html.body.starts_with("<!DOCTYPE html>"));
    assert!(html.header("Content-Type").unwrap().starts_with("text/html"));

    emulator.add_faults(on_create(Effect::TruncatedBody));
    let half = client.create("Sales").expect(409);
    assert_eq!(half.header("Content-Length"), Some(half.body.len().to_string().as_str()));
    assert!(half.body.starts_with('{') && serde_json::from_str::<Value>(&half.body).is_err());

    emulator.add_faults(on_create(Effect::EmptyBody));
    assert_eq!(client.create("Sales").expect(409).body, "");

    emulator.add_faults(on_create(Effect::CutReply(10)));
    let cut = client.create("Engineering").expect(200);
    assert_eq!(cut.body.len(), 10);
    let promised: usize = cut.header("Content-Length").unwrap().parse().unwrap();
    assert!(promised > 10, "the header promises the whole body");
    client.create("Engineering").expect(409);
}

#[test]
fn a_new_division_lags_in_lists_and_by_id() {
    let (emulator, client) = org();
    emulator.add_faults(on_create(Effect::ListLag(Lag::Reads(2))));
    emulator.add_faults(on_create(Effect::GetLag(Lag::Reads(1))));
    let made = client.create("Engineering").expect(200).json();
    let uri = made["selfUri"].as_str().unwrap();
    for lagging in [true, true, false] {
        let names = client.get(DIVISIONS).names();
        assert_eq!(names.contains(&"Engineering".to_owned()), !lagging);
    }
    client.get(uri).expect(404);
    client.get(uri).expect(200);
    client.create("Engineering").expect(409);

    let hour = Lag::Milliseconds(3_600_000);
    emulator.add_faults(on_create(Effect::ListLag(hour)));
    client.create("Legal").expect(200);
    assert_eq!(client.get(DIVISIONS).names(), ["Home", "Sales", "Engineering"]);
    emulator.clear_faults();
    assert_eq!(client.get(DIVISIONS).names().len(), 4);
}

#[test]
fn a_listing_shows_home_alone_while_the_fault_lasts() {
    let (emulator, client) = org();
    emulator.add_faults(vec![Fault::once("GET", DIVISIONS, Effect::HomeOnly)]);
    assert_eq!(client.get(DIVISIONS).names(), ["Home"]);
    assert_eq!(client.get(DIVISIONS).names(), ["Home", "Sales"]);
}

#[test]
fn a_token_runs_out_and_a_new_one_helps() {
    let (emulator, mut client) = org();
    emulator.add_faults(vec![Fault::once("GET", DIVISIONS, Effect::ExpireToken)]);
    let refused = client.get(DIVISIONS).expect(401).json();
    assert_eq!(refused["code"], "bad.credentials");
    client.get(DIVISIONS).expect(401);
    client = Client::of(emulator.url());
    client.get(DIVISIONS).expect(200);
}

#[test]
fn a_rate_limit_refuses_what_is_over_it() {
    let (emulator, client) = org();
    let script = json!([{
        "on": { "path": "/api/v2/**" },
        "count": 0,
        "do": { "rate_limit": { "requests": 3 } },
    }]);
    emulator.add_faults(serde_json::from_value(script).unwrap());
    let statuses = [(); 4].map(|()| client.get(DIVISIONS).status);
    assert_eq!(statuses, [200, 200, 200, 429]);
    let refused = client.get(DIVISIONS).expect(429);
    let wait: u64 = refused.header("Retry-After").unwrap().parse().unwrap();
    assert!((1..=60).contains(&wait), "{wait}");
    Client::of(emulator.url()).get(DIVISIONS).expect(200);
}

#[test]
fn a_delay_is_real_time_before_or_after_the_commit() {
    let (emulator, client) = org();
    for effect in [Effect::Delay(50), Effect::DelayReply(50)] {
        emulator.add_faults(vec![Fault::once("GET", DIVISIONS, effect)]);
        let start = Instant::now();
        client.get(DIVISIONS).expect(200);
        assert!(start.elapsed() >= Duration::from_millis(50));
    }
}

#[test]
fn a_held_request_waits_for_its_release() {
    let (emulator, client) = org();
    emulator.add_faults(on_create(Effect::Hold));
    emulator.add_faults(on_create(Effect::HoldReply));
    std::thread::scope(|scope| {
        let create = scope.spawn(|| client.create("Engineering").status);
        let wait_until_held = |divisions: usize| {
            let wished = |exchange: &Exchange| {
                exchange.outcome == Outcome::Held && emulator.org().divisions.len() == divisions
            };
            let held = emulator.wait_for_request(PATIENCE, wished);
            assert!(held.is_some(), "never held with {divisions} divisions");
        };
        wait_until_held(1);
        emulator.release();
        wait_until_held(2);
        assert!(!create.is_finished(), "committed, and the reply still waits");
        emulator.release();
        assert_eq!(create.join().unwrap(), 200);
    });
}

#[test]
fn a_client_that_hangs_up_does_not_undo_what_it_asked_for() {
    let (emulator, client) = org();
    emulator.add_faults(on_create(Effect::Hold));
    let mut stream = client.connect();
    let token = client.token.as_ref().unwrap();
    let body = r#"{"name":"Engineering"}"#;
    write!(
        stream,
        "POST {DIVISIONS} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .unwrap();
    let held = emulator.wait_for_request(PATIENCE, |e| e.outcome == Outcome::Held);
    drop(stream);
    let number = held.unwrap().number;
    // A request on another connection, answered after the hang-up reached the emulator's loop.
    client.get(DIVISIONS).expect(200);
    emulator.release();
    let done = emulator.wait_for_request(PATIENCE, |e| e.number == number && e.status.is_some());
    assert_eq!(done.unwrap().status, Some(200));
    client.create("Engineering").expect(409);
}

#[test]
fn a_script_reads_from_top_to_bottom() {
    let script = json!([
        { "on": { "method": "POST", "path": DIVISIONS, "name": "B" }, "do": "close" },
        { "on": { "method": "POST", "path": DIVISIONS }, "nth": 2, "do": { "status": { "status": 500 } } },
        { "on": { "method": "GET", "path": "/api/v2/authorization/divisions/*" }, "count": 0,
          "do": { "status": { "status": 403 } } },
    ]);
    let emulator =
        with(Options { faults: serde_json::from_value(script).unwrap(), ..Options::default() });
    let client = Client::of(emulator.url());
    let create = |name| try_create(&client, name);
    assert_eq!([create("A"), create("B"), create("B")], [Some(200), None, Some(200)]);
    client.get(&format!("{DIVISIONS}/home")).expect(403);
    client.get(DIVISIONS).expect(200);
    let script = serde_json::to_value(emulator.faults()).unwrap();
    assert_eq!(script[0]["do"], "close", "the script can be read back");
}

#[test]
fn the_token_route_can_fail_in_its_own_form() {
    let (emulator, client) = org();
    let body = json!({ "error": "invalid_request (rate limit exceeded; wait)" });
    let mut refusal = Refusal::status(400);
    refusal.body = Some(body.clone());
    emulator.add_faults(vec![Fault::once("POST", "/oauth/token", Effect::Status(refusal))]);
    assert_eq!(client.ask_token("a", "b").expect(400).json(), body);
    client.ask_token("a", "b").expect(200);
}
