//! The least of the API that the stand-in provider needs, with replies that a test can script.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

/// Every reply carries it, so that texts can be compared with recorded ones.
pub(crate) const CORRELATION_ID: &str = "eea9288d-759f-42da-b51d-0fd04447cb09";
pub(crate) const HOME_ID: &str = "b906ad29-9647-4c25-af9d-64d73b00858b";
const DIVISIONS: &str = "/api/v2/authorization/divisions";

/// What is done instead of the ordinary thing.
pub(crate) enum Fault {
    /// Another reply.
    Reply(u16, String),
    /// The ordinary thing is done, but its reply is a 503.
    LoseReply,
    /// The ordinary thing is done, its reply held back until the test lets it go.
    HoldReply(tokio::sync::oneshot::Receiver<()>),
}

#[derive(Default)]
pub(crate) struct Org {
    pub(crate) divisions: Vec<Value>,
    /// `POST /path?query {body}`, without the start-up requests.
    pub(crate) requests: Vec<String>,
    /// Tokens handed out.
    pub(crate) tokens: usize,
    /// Faults by the start of the request line, each used once.
    pub(crate) faults: VecDeque<(&'static str, Fault)>,
}

/// An org on loopback, until dropped.
pub(crate) struct FakeApi {
    org: Arc<Mutex<Org>>,
    arrived: Arc<Condvar>,
    pub(crate) port: u16,
    _stop: tokio::sync::oneshot::Sender<()>,
}

impl FakeApi {
    pub(crate) fn start() -> Self {
        let home = json!({"id": HOME_ID, "name": "Home", "description": "", "homeDivision": true});
        let org = Arc::new(Mutex::new(Org {
            divisions: vec![home],
            ..Org::default()
        }));
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let port = listener.local_addr().unwrap().port();
        let arrived = Arc::new(Condvar::new());
        let state = (Arc::clone(&org), Arc::clone(&arrived));
        let router = Router::new().fallback(answer).with_state(state);
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            runtime.block_on(async {
                let listener = tokio::net::TcpListener::from_std(listener).unwrap();
                tokio::select! {
                    served = axum::serve(listener, router) => served.unwrap(),
                    _ = stopped => {}
                }
            });
        });
        Self {
            org,
            arrived,
            port,
            _stop: stop,
        }
    }

    pub(crate) fn org(&self) -> MutexGuard<'_, Org> {
        self.org.lock().unwrap()
    }

    /// The org for somebody who outlives a borrow.
    pub(crate) fn shared_org(&self) -> Arc<Mutex<Org>> {
        Arc::clone(&self.org)
    }

    /// Holds back the reply of a request; returns what lets it go.
    pub(crate) fn hold_reply(&self, request: &'static str) -> tokio::sync::oneshot::Sender<()> {
        let (release, released) = tokio::sync::oneshot::channel();
        self.script(request, Fault::HoldReply(released));
        release
    }

    /// Waits until the org holds a division of this name, whose creation is being held.
    pub(crate) fn wait_for(&self, name: &str) {
        let missing = |org: &mut Org| !org.divisions.iter().any(|one| one["name"] == name);
        let patience = Duration::from_secs(30);
        let (_org, waited) = self
            .arrived
            .wait_timeout_while(self.org(), patience, missing)
            .unwrap();
        assert!(!waited.timed_out(), "no request for {name}");
    }

    /// Puts a division into the org; returns its id.
    pub(crate) fn add(&self, name: &str, description: &str) -> String {
        let id = uuid::Uuid::new_v4().to_string();
        self.org().divisions.push(division(&id, name, description));
        id
    }

    pub(crate) fn script(&self, request: &'static str, fault: Fault) {
        self.org().faults.push_back((request, fault));
    }

    /// The requests so far, without the start-up ones; forgets them.
    pub(crate) fn take_requests(&self) -> Vec<String> {
        std::mem::take(&mut self.org().requests)
    }

    pub(crate) fn names(&self) -> Vec<String> {
        let org = self.org();
        org.divisions
            .iter()
            .map(|one| one["name"].as_str().unwrap().to_owned())
            .collect()
    }
}

fn division(id: &str, name: &str, description: &str) -> Value {
    json!({"id": id, "name": name, "description": description, "homeDivision": false})
}

async fn answer(
    State((org, arrived)): State<(Arc<Mutex<Org>>, Arc<Condvar>)>,
    method: Method,
    uri: Uri,
    body: Bytes,
) -> Response {
    let target = uri
        .path_and_query()
        .map_or("", |target| target.as_str())
        .to_owned();
    let line = format!("{method} {target} {}", String::from_utf8_lossy(&body))
        .trim()
        .to_owned();
    let fault = {
        let mut org = org.lock().unwrap();
        match (uri.path(), &method) {
            ("/oauth/token", _) => org.tokens += 1,
            (path, _) if path.starts_with(DIVISIONS) => org.requests.push(line.clone()),
            _ => {}
        }
        let position = org
            .faults
            .iter()
            .position(|(start, _)| line.starts_with(start));
        position
            .and_then(|position| org.faults.remove(position))
            .map(|(_, fault)| fault)
    };
    let (status, body) = match fault {
        Some(Fault::Reply(status, body)) => (status, body),
        Some(Fault::LoseReply) => {
            ordinary(&mut org.lock().unwrap(), &method, &uri, &body);
            (503, String::new())
        }
        Some(Fault::HoldReply(released)) => {
            let reply = ordinary(&mut org.lock().unwrap(), &method, &uri, &body);
            arrived.notify_all();
            let _ = released.await;
            reply
        }
        None => ordinary(&mut org.lock().unwrap(), &method, &uri, &body),
    };
    let mut headers = HeaderMap::new();
    headers.insert("ININ-Correlation-Id", CORRELATION_ID.parse().unwrap());
    (StatusCode::from_u16(status).unwrap(), headers, body).into_response()
}

fn ordinary(org: &mut Org, method: &Method, uri: &Uri, body: &[u8]) -> (u16, String) {
    let sent: Value = serde_json::from_slice(body).unwrap_or_default();
    let text = |name: &str| sent[name].as_str().unwrap_or_default();
    let (status, reply) = match (method.as_str(), uri.path()) {
        ("POST", "/oauth/token") => (200, json!({"access_token": "t", "expires_in": 86400})),
        ("GET", "/api/v2/organizations/me") => (200, json!({"defaultCountryCode": "DE"})),
        ("GET", "/api/v2/authorization/products") => (200, json!({"total": 0, "entities": []})),
        ("GET", "/api/v2/authorization/divisions/home") => (200, org.divisions[0].clone()),
        ("GET", DIVISIONS) => (200, json!({"entities": org.divisions, "pageCount": 1})),
        ("POST", DIVISIONS) => match taken(org, "", text("name")) {
            Some(conflict) => conflict,
            None => {
                let id = uuid::Uuid::new_v4().to_string();
                org.divisions
                    .push(division(&id, text("name"), text("description")));
                (200, org.divisions.last().cloned().unwrap())
            }
        },
        (method, path) => {
            let id = path.trim_start_matches(DIVISIONS).trim_start_matches('/');
            let position = org.divisions.iter().position(|one| one["id"] == id);
            match (method, position) {
                (_, None) => (404, json!({"message": "not found", "status": 404})),
                ("PUT", Some(position)) => match taken(org, id, text("name")) {
                    Some(conflict) => conflict,
                    None => {
                        org.divisions[position]["name"] = text("name").into();
                        org.divisions[position]["description"] = text("description").into();
                        (200, org.divisions[position].clone())
                    }
                },
                ("DELETE", Some(position)) => (204, org.divisions.remove(position)),
                (_, Some(position)) => (200, org.divisions[position].clone()),
            }
        }
    };
    (status, reply.to_string())
}

fn taken(org: &Org, id: &str, name: &str) -> Option<(u16, Value)> {
    let taken = org
        .divisions
        .iter()
        .any(|one| one["name"] == name && one["id"] != id);
    taken.then(|| {
        let text =
            format!("The request could not be completed: a division named {name} already exists.");
        (
            409,
            json!({"message": text, "code": "conflict", "status": 409, "details": []}),
        )
    })
}
