//! Any type besides the division that talks to the API: one JSON object per instance under the
//! path of its [`ApiRow`], whose fields are the attributes.
//!
//! Knows no type by name. Invariant: the words of an error are those that the official provider has
//! for all its types, and a refused update leaves the planned values in the state, as SDKv2 does.

use divvy_plugin::Value;
use hyper::Method;
use serde_json::{Map, Value as Json};

use super::call::{About, escape};
use super::division::{Outcome, get};
use super::schema::{ApiRow, Need, TypeRow};
use super::session::{Ask, Session};

/// The objects of one type.
pub(crate) struct Objects<'a> {
    pub(crate) session: &'a Session,
    pub(crate) row: &'a TypeRow,
    pub(crate) api: &'a ApiRow,
}

impl Objects<'_> {
    /// Creates what is planned.
    pub(crate) async fn create(&self, planned: &Value) -> Outcome {
        self.send(Method::POST, self.api.path, planned, "create", Value::Null).await
    }

    /// Updates to what is planned.
    pub(crate) async fn update(&self, planned: &Value) -> Outcome {
        self.send(Method::PUT, &self.path(planned), planned, "update", planned.clone()).await
    }

    /// Sends what is planned; if that is refused, `kept` is what the state holds.
    async fn send(
        &self,
        method: Method,
        path: &str,
        planned: &Value,
        verb: &str,
        kept: Value,
    ) -> Outcome {
        let (body, about) = (Some(self.body(planned)), self.about(planned));
        match self.session.ask(Ask { method, path, query: "", body, about }).await {
            Ok(reply) => Outcome::of(self.state(&reply.json())),
            Err(refusal) => {
                let (noun, name) = (self.api.noun, text(planned, "name"));
                let summary = format!("Failed to {verb} {noun} {name} error: {}", refusal.text);
                Outcome::failed(kept, refusal.diagnostic(&summary))
            }
        }
    }

    /// Deletes; what is gone already is deleted.
    pub(crate) async fn delete(&self, prior: &Value) -> Outcome {
        let ask = Ask {
            method: Method::DELETE,
            path: &self.path(prior),
            query: "",
            body: None,
            about: self.about(prior),
        };
        match self.session.ask(ask).await {
            Err(refusal) if refusal.status != Some(404) => {
                let name = text(prior, "name");
                let summary =
                    format!("Failed to delete {} {name} error: {}", self.api.noun, refusal.text);
                Outcome::failed(prior.clone(), refusal.diagnostic(&summary))
            }
            Ok(_) | Err(_) => Outcome::of(Value::Null),
        }
    }

    /// Refreshes; null if the object is absent.
    pub(crate) async fn read(&self, current: &Value) -> Outcome {
        match self.session.ask(get(&self.path(current), "", self.about(current))).await {
            Ok(reply) => Outcome::of(self.state(&reply.json())),
            Err(refusal) if refusal.status == Some(404) => Outcome::of(Value::Null),
            Err(refusal) => {
                let id = text(current, "id");
                let summary =
                    format!("Failed to read {} {id} | error: {}", self.api.noun, refusal.text);
                Outcome::failed(current.clone(), refusal.retried_diagnostic(&summary))
            }
        }
    }

    fn path(&self, state: &Value) -> String {
        format!("{}/{}", self.api.path, escape(text(state, "id")))
    }

    fn about<'a>(&'a self, state: &'a Value) -> About<'a> {
        About {
            resource_type: self.row.name,
            id: state.get("id").as_str(),
            name: state.get("name").as_str(),
        }
    }

    /// What is sent: every attribute that a block may set and does set.
    fn body(&self, planned: &Value) -> Json {
        let settable = self.row.attributes.iter().filter(|row| row.need != Need::Computed);
        let set =
            settable.filter_map(|row| Some((row.name.to_owned(), json(planned.get(row.name))?)));
        Json::Object(set.collect::<Map<_, _>>())
    }

    fn state(&self, object: &Json) -> Value {
        let value = |name: &str| Value::from(object.get(name).cloned().unwrap_or_default());
        Value::object(self.row.attributes.iter().map(|row| (row.name, value(row.name))))
    }
}

fn text<'a>(state: &'a Value, name: &str) -> &'a str {
    state.get(name).as_str().unwrap_or_default()
}

/// A known value as JSON, if it has one.
fn json(value: &Value) -> Option<Json> {
    Some(match value {
        Value::Null | Value::Unknown | Value::Other(_) => return None,
        Value::Bool(value) => (*value).into(),
        Value::Number(number) => number.clone().into(),
        Value::Text(text) => text.as_str().into(),
        Value::List(elements) => elements.iter().filter_map(json).collect(),
        Value::Map(entries) => {
            let known =
                entries.iter().filter_map(|(name, value)| Some((name.clone(), json(value)?)));
            Json::Object(known.collect())
        }
    })
}
