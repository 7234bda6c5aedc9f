//! Any type besides the division that talks to the API: one JSON object per instance, at the paths and in
//! the fields that its [`ApiRow`] names.
//!
//! Knows no type by name. Invariant: the words of an error are those that the official provider has
//! for all its types, and a refused update leaves the planned values in the state, as SDKv2 does.

use divvy_plugin::Value;
use hyper::Method;
use serde_json::{Map, Value as Json};

use super::call::{About, escape};
use super::division::{Outcome, get};
use super::schema::{ApiRow, AttributeRow, Shape, TypeRow};
use super::session::{Ask, Session};
use super::types::camel;
use crate::fields;

/// The objects of one type.
pub(crate) struct Objects<'a> {
    pub(crate) session: &'a Session,
    pub(crate) row: &'a TypeRow,
    pub(crate) api: &'a ApiRow,
}

impl Objects<'_> {
    /// Creates what is planned.
    pub(crate) async fn create(&self, planned: &Value) -> Outcome {
        let path = self.filled(self.api.create, planned, "");
        self.send(Method::POST, &path, planned, "create", Value::Null).await
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
            Ok(reply) => Outcome::of(self.state(&reply.json(), planned)),
            Err(refusal) => {
                let (noun, name) = (self.api.noun, self.name(planned).unwrap_or_default());
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
                let name = self.name(prior).unwrap_or_default();
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
            Ok(reply) => Outcome::of(self.state(&reply.json(), current)),
            Err(refusal) if refusal.status == Some(404) => Outcome::of(Value::Null),
            Err(refusal) => {
                let id = current.get("id").as_str().unwrap_or_default();
                let summary =
                    format!("Failed to read {} {id} | error: {}", self.api.noun, refusal.text);
                Outcome::failed(current.clone(), refusal.retried_diagnostic(&summary))
            }
        }
    }

    /// Where an instance is, from what the state holds.
    fn path(&self, state: &Value) -> String {
        let held = state.get("id").as_str().unwrap_or_default();
        let parts = self.api.split(held).unwrap_or_default();
        let own = parts.iter().find(|(name, _)| *name == "id").map(|(_, id)| *id);
        let own = match own {
            Some(own) if !self.api.holds_own_id => own,
            None if !self.api.import_id.contains("{id}") => self.name(state).unwrap_or(held),
            _ => held,
        };
        self.filled(self.api.item, state, own)
    }

    /// Fills the placeholders that are attributes; any other is the object's own id.
    fn filled(&self, template: &str, state: &Value, own: &str) -> String {
        let segments = template.split('/').map(|segment| {
            let Some(name) = segment.strip_prefix('{').and_then(|name| name.strip_suffix('}'))
            else {
                return segment.to_owned();
            };
            escape(self.api.parent(name, state).unwrap_or(own))
        });
        segments.collect::<Vec<_>>().join("/")
    }

    /// The first part of its key.
    fn name<'s>(&self, state: &'s Value) -> Option<&'s str> {
        let (attribute, _) = self.api.fields.first()?;
        state.at(attribute).as_str()
    }

    fn about<'a>(&'a self, state: &'a Value) -> About<'a> {
        About { resource_type: self.row.name, id: state.get("id").as_str(), name: self.name(state) }
    }

    /// What is sent: every attribute that a block sets.
    fn body(&self, planned: &Value) -> Json {
        let mut body = Map::new();
        for (attribute, field) in &self.api.fields {
            let Some(value) = json(planned.at(attribute)) else { continue };
            let is_blocks = self
                .row
                .attributes
                .iter()
                .any(|row| row.name == *attribute && matches!(row.shape, Shape::Blocks(_)));
            let value = if is_blocks { spelled(value) } else { value };
            fields::put(&mut body, field, value);
        }
        Json::Object(body)
    }

    /// What the state holds of an object; its parents are those of the instance.
    fn state(&self, object: &Json, instance: &Value) -> Value {
        let own = object.get("id").and_then(Json::as_str).unwrap_or_default();
        let found = |attribute: &str| {
            let field = self.api.fields.iter().find(|(known, _)| *known == attribute);
            let value = field.zip(object.as_object());
            let value = value.and_then(|((_, field), object)| fields::at(object, field));
            Value::from(value.cloned().unwrap_or_default())
        };
        let value = |row: &AttributeRow| match row.shape {
            Shape::Block(inner) => {
                let of = |part: &AttributeRow| found(&format!("{}.0.{}", row.name, part.name));
                let entry = Value::object(inner.iter().map(|part| (part.name, of(part))));
                Value::from(vec![entry])
            }
            Shape::Blocks(inner) => blocks(inner, &found(row.name)),
            Shape::Texts if self.is_parent(&format!("{}.0", row.name)) => {
                Value::from(vec![found(&format!("{}.0", row.name))])
            }
            _ => match found(row.name) {
                // Where an object does not show it, it was in the path.
                Value::Null if self.is_parent(row.name) => instance.get(row.name).clone(),
                value => value,
            },
        };
        let mut state = Value::object(self.row.attributes.iter().map(|row| (row.name, value(row))));
        let id = if self.api.holds_own_id { own.to_owned() } else { self.import_id(&state, own) };
        state.set("id", id.into());
        state
    }

    fn is_parent(&self, attribute: &str) -> bool {
        self.api.parents.iter().any(|(parent, _)| *parent == attribute)
    }

    /// What an import of the object takes.
    fn import_id(&self, state: &Value, own: &str) -> String {
        let mut text = String::new();
        let mut parts = self.api.import_id.split('{');
        text.push_str(parts.next().unwrap_or_default());
        for part in parts {
            let (name, after) = part.split_once('}').unwrap_or((part, ""));
            let value =
                if name == "id" { own } else { state.get(name).as_str().unwrap_or_default() };
            text.push_str(value);
            text.push_str(after);
        }
        text
    }
}

/// Fills in what an id that an import takes says of an instance.
pub(crate) fn imported(api: &ApiRow, id: &str, state: &mut Value) {
    let Some(parts) = api.split(id) else { return };
    for (name, value) in parts {
        if name != "id" {
            state.set(name, value.into());
        } else if api.holds_own_id {
            state.set("id", value.into());
        }
    }
}

/// Spells the attributes within blocks as the API does.
fn spelled(blocks: Json) -> Json {
    match blocks {
        Json::Array(entries) => entries.into_iter().map(spelled).collect(),
        Json::Object(fields) => {
            fields.into_iter().map(|(name, value)| (camel(&name), spelled(value))).collect()
        }
        plain => plain,
    }
}

/// Reads blocks as the API shows them.
fn blocks(rows: &[AttributeRow], shown: &Value) -> Value {
    let part = |row: &AttributeRow, entry: &Value| {
        let value = entry.get(&camel(row.name));
        match row.shape {
            Shape::Blocks(inner) => blocks(inner, value),
            _ => value.clone(),
        }
    };
    let entry = |entry| Value::object(rows.iter().map(|row| (row.name, part(row, entry))));
    shown.elements().iter().map(entry).collect::<Vec<_>>().into()
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
