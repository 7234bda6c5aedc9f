//! `genesyscloud_auth_division`, call by call as the official provider does it.
//!
//! Home is never created and never deleted: a block with `home = true` takes the existing one and
//! renames it. Invariant: after a write the division is read back, and what does not match what was
//! planned is an error.

use std::time::Duration;

use divvy_plugin::Value;
use divvy_plugin::messages::Diagnostic;
use hyper::Method;
use serde_json::{Value as Json, json};

use super::api::Reply;
use super::call::{About, escape};
use super::plan::same;
use super::refusal::Refusal;
use super::retry::Patience;
use super::schema::DIVISION;
use super::session::{Ask, Session};

pub(crate) const DIVISIONS: &str = "/api/v2/authorization/divisions";
pub(crate) const HOME: &str = "/api/v2/authorization/divisions/home";
const DELETE_TRIES: u32 = 10;
const DELETE_PATIENCE: Duration = Duration::from_secs(300);

/// What an operation leaves behind: the new state (null if there is none), and what went wrong.
pub(crate) struct Outcome {
    pub(crate) state: Value,
    pub(crate) diagnostics: Vec<Diagnostic>,
}

impl Outcome {
    pub(crate) fn of(state: Value) -> Self {
        Self { state, diagnostics: Vec::new() }
    }

    pub(crate) fn failed(state: Value, diagnostic: Diagnostic) -> Self {
        Self { state, diagnostics: vec![diagnostic] }
    }
}

/// The parts of a division that are sent.
struct Wanted<'a> {
    name: &'a str,
    description: &'a str,
    is_home: bool,
}

impl<'a> Wanted<'a> {
    fn of(state: &'a Value) -> Self {
        Self {
            name: state.get("name").as_str().unwrap_or_default(),
            description: state.get("description").as_str().unwrap_or_default(),
            is_home: state.get("home").as_bool().unwrap_or_default(),
        }
    }

    fn body(&self) -> Json {
        json!({"name": self.name, "description": self.description})
    }
}

fn about<'a>(id: Option<&'a str>, name: Option<&'a str>) -> About<'a> {
    About { resource_type: DIVISION.name, id, name }
}

fn id_of(reply: &Reply) -> String {
    reply.json().get("id").and_then(Json::as_str).unwrap_or_default().to_owned()
}

/// Creates what is planned.
pub(crate) async fn create(session: &Session, planned: &Value) -> Outcome {
    let wanted = Wanted::of(planned);
    if wanted.is_home {
        return take_home(session, planned).await;
    }
    let ask = Ask {
        method: Method::POST,
        path: DIVISIONS,
        query: "",
        body: Some(wanted.body()),
        about: about(None, Some(wanted.name)),
    };
    match session.ask(ask).await {
        Ok(reply) => read_back(session, with_id(planned, id_of(&reply))).await,
        Err(refusal) => {
            let summary =
                format!("Failed to create division {} error: {}", wanted.name, refusal.text);
            Outcome::failed(Value::Null, refusal.diagnostic(&summary))
        }
    }
}

/// A block with `home = true`: Home exists already, so it is updated, which renames it.
async fn take_home(session: &Session, planned: &Value) -> Outcome {
    match session.ask(get(HOME, "", about(None, None))).await {
        Ok(reply) => update(session, &with_id(planned, id_of(&reply))).await,
        Err(refusal) => {
            let summary = format!("Failed to query home division | error: {}", refusal.text);
            Outcome::failed(Value::Null, refusal.diagnostic(&summary))
        }
    }
}

/// Updates to what is planned. A refused update leaves the planned values in the state, as SDKv2
/// does: afterwards the state claims what the org refused.
pub(crate) async fn update(session: &Session, planned: &Value) -> Outcome {
    let wanted = Wanted::of(planned);
    let id = planned.get("id").as_str().unwrap_or_default();
    let ask = Ask {
        method: Method::PUT,
        path: &path(id),
        query: "",
        body: Some(wanted.body()),
        about: about(Some(id), Some(wanted.name)),
    };
    match session.ask(ask).await {
        Ok(_) => read_back(session, planned.clone()).await,
        Err(refusal) => {
            let summary =
                format!("Failed to update division {} error: {}", wanted.name, refusal.text);
            Outcome::failed(planned.clone(), refusal.diagnostic(&summary))
        }
    }
}

/// Deletes, and waits until the division is gone. Home is only forgotten.
pub(crate) async fn delete(session: &Session, prior: &Value) -> Outcome {
    let wanted = Wanted::of(prior);
    if wanted.is_home {
        return Outcome::of(Value::Null);
    }
    let id = prior.get("id").as_str().unwrap_or_default();
    let about = about(Some(id), Some(wanted.name));
    if let Err(refusal) = send_delete(session, id, about).await
        && refusal.status != Some(404)
    {
        let summary = format!("Failed to delete Division {id} error: {}", refusal.text);
        return Outcome::failed(Value::Null, refusal.diagnostic(&summary));
    }
    match wait_until_gone(session, id, about).await {
        Ok(()) => Outcome::of(Value::Null),
        Err(diagnostic) => Outcome::failed(Value::Null, diagnostic),
    }
}

async fn wait_until_gone(session: &Session, id: &str, about: About<'_>) -> Result<(), Diagnostic> {
    let name = about.name.unwrap_or_default();
    let mut patience = Patience::of(DELETE_PATIENCE);
    loop {
        match session.ask(get(&path(id), "objectCount=false", about)).await {
            Err(refusal) if refusal.status == Some(404) => return Ok(()),
            Err(refusal) => {
                let summary = format!("Error deleting division {name} | error:: {}", refusal.text);
                return Err(refusal.retried_diagnostic(&summary));
            }
            Ok(_) if patience.allows_another_try().await => {}
            Ok(_) => {
                return Err(Diagnostic::error(format!("Division {name} still exists"), ""));
            }
        }
    }
}

/// Sends DELETE; 400 and 408 are sent again after 0.5, 1, 1.5 … s, at most ten times.
async fn send_delete(session: &Session, id: &str, about: About<'_>) -> Result<(), Refusal> {
    let mut sent = 0;
    loop {
        let path = path(id);
        let ask =
            Ask { method: Method::DELETE, path: &path, query: "force=false", body: None, about };
        let Err(refusal) = session.ask(ask).await else {
            return Ok(());
        };
        sent += 1;
        if !matches!(refusal.status, Some(400 | 408)) || sent == DELETE_TRIES {
            return Err(refusal);
        }
        tokio::time::sleep(Duration::from_millis(500) * sent).await;
    }
}

/// Refreshes. Null if the division is absent for the whole retry timeout.
pub(crate) async fn read(session: &Session, current: &Value) -> Outcome {
    read_until(session, current, |_| Ok(())).await
}

/// Reads what was just written until it matches.
async fn read_back(session: &Session, written: Value) -> Outcome {
    let check = |found: &Value| {
        for name in ["name", "description", "home"] {
            let (expected, actual) = (written.get(name), found.get(name));
            if !written.get(name).is_unknown() && !same(expected, actual) {
                return Err(Diagnostic::error(
                    format!(
                        "mismatch on attribute {name}:\nexpected value: {}\nactual value: {}",
                        shown(expected),
                        shown(actual)
                    ),
                    "",
                ));
            }
        }
        Ok(())
    };
    read_until(session, &written, check).await
}

fn shown(value: &Value) -> String {
    match value {
        Value::Text(text) => text.clone(),
        Value::Bool(value) => value.to_string(),
        _ => String::new(),
    }
}

async fn read_until(
    session: &Session,
    current: &Value,
    check: impl Fn(&Value) -> Result<(), Diagnostic>,
) -> Outcome {
    let id = current.get("id").as_str().unwrap_or_default();
    let about = about(Some(id), current.get("name").as_str());
    let mut patience = Patience::of(session.retry_timeout());
    loop {
        if session.is_stopped() {
            // A create that was under way is done by now, and its instance becomes tainted.
            return Outcome::failed(current.clone(), Diagnostic::error("context canceled", ""));
        }
        let (last_word, again) = match session.ask(get(&path(id), "objectCount=false", about)).await
        {
            Ok(reply) => {
                let state = state_of(id, &reply.json());
                match check(&state) {
                    Ok(()) => return Outcome::of(state),
                    Err(mismatch) => (Outcome::failed(state, mismatch), true),
                }
            }
            Err(refusal) if refusal.status == Some(404) => (Outcome::of(Value::Null), true),
            Err(refusal) => {
                let summary = format!("Failed to read division {id} | error: {}", refusal.text);
                let diagnostic = refusal.retried_diagnostic(&summary);
                let again = matches!(refusal.status, Some(408 | 410));
                (Outcome::failed(current.clone(), diagnostic), again)
            }
        };
        if !again || !patience.allows_another_try().await {
            return last_word;
        }
    }
}

fn state_of(id: &str, json: &Json) -> Value {
    let text = |name: &str| json.get(name).and_then(Json::as_str).unwrap_or_default();
    let is_home = json.get("homeDivision").and_then(Json::as_bool).unwrap_or_default();
    Value::object([
        ("id", Value::from(id)),
        ("name", text("name").into()),
        ("description", text("description").into()),
        ("home", is_home.into()),
    ])
}

fn with_id(planned: &Value, id: String) -> Value {
    let mut state = planned.clone();
    state.set("id", id.into());
    state
}

fn path(id: &str) -> String {
    format!("{DIVISIONS}/{}", escape(id))
}

/// A read of one path.
pub(crate) fn get<'a>(path: &'a str, query: &'a str, about: About<'a>) -> Ask<'a> {
    Ask { method: Method::GET, path, query, body: None, about }
}
