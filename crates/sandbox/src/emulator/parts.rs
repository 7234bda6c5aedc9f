//! The routes of what has a path of its own beside an object: its members, its policies, its versions.
//!
//! Never knows a type: `endpoints.json` says which part is what. Invariant: a part is there only as long
//! as its object is, and an answer comes only after the change is durable.

use std::sync::Arc;

use axum::body::Bytes;
use axum::http::{Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get};
use axum::{Json, Router};
use serde_json::{Map, Value, json};

use super::access::Context;
use super::collection_routes::{find, numbered};
use super::endpoints::{ENDPOINTS, Part, Style};
use super::kinds::{Collection, canonical, filled, parents};
use super::objects::{Fields, Objects, shown};
use super::org::{Object, Refused};
use super::replies::{ApiError, EntityListing};
use super::shared::Shared;
use super::store::Change;
use crate::fields::at;

/// Lays out the routes of all parts, and what always answers the same.
pub(crate) fn routes() -> Router<Arc<Shared>> {
    let mut router = Router::new();
    for (kind, endpoints) in &ENDPOINTS.types {
        let Some(collection) = Collection::named(kind) else { continue };
        for part in &endpoints.parts {
            let at = |template: String| {
                let path = template.clone();
                let answer = move |context: Context, method: Method, uri: Uri, body: Bytes| async move {
                    Visit { context, part, collection, template }.answer(&method, &uri, &body)
                };
                (numbered(&path), any(answer))
            };
            let (path, answer) = at(part.path.clone());
            router = router.route(&path, answer);
            if part.style == Style::Entries {
                let (path, answer) = at(format!("{}/{{entry}}", part.path));
                // Where a longer path is taken (`…/bulk`), that one wins over an entry's.
                router = router.route(&path, answer);
            }
        }
    }
    for (path, reply) in &ENDPOINTS.constants {
        router = router.route(path, get(move |_: Context| async move { Json(reply) }));
    }
    router
}

/// One request for a part.
struct Visit {
    context: Context,
    part: &'static Part,
    collection: &'static Collection,
    template: String,
}

impl Visit {
    fn answer(&self, method: &Method, uri: &Uri, body: &Bytes) -> Result<Response, ApiError> {
        let path = canonical(uri.path());
        let ids = parents(&self.template, &path).ok_or(Refused::Absent)?;
        let id = ids.first().ok_or(Refused::Absent)?;
        let address = filled(&self.collection.item, std::slice::from_ref(id));
        let body = if body.is_empty() {
            Value::Null
        } else {
            serde_json::from_slice(body).map_err(|_| ApiError::of(StatusCode::BAD_REQUEST))?
        };
        let mut store = self.context.store();
        let org = store.org();
        let object = find(&self.context, org, &address)?;
        let (after, reply) = match self.part.style {
            Style::Nothing => (None, self.part.default.clone()),
            Style::Versions => {
                let page = self.context.parameters.page(org.policy.largest_page)?;
                let one = std::iter::once(shown(object));
                (None, listing(EntityListing::page(one, page, &self.context.parameters.uri)))
            }
            Style::Itself if body.is_object() && *method == Method::PUT => {
                let objects = Objects::around(org, object).ok_or(Refused::Absent)?;
                let sent: Fields = serde_json::from_value(body).unwrap_or_default();
                let after = objects.update(object, sent, false)?;
                let reply = shown(&after).into();
                (Some(after), reply)
            }
            Style::Itself => (None, shown(object).into()),
            Style::Text => {
                let text = at(&object.fields, self.part.kept_in()).and_then(Value::as_str);
                return Ok(text.unwrap_or_default().to_owned().into_response());
            }
            Style::Document => self.document(method, object, body),
            Style::Entries => {
                let (after, reply) = self.entries(method, object, ids.get(1), &body);
                match reply {
                    Some(reply) => (after, reply),
                    None => {
                        let largest = org.policy.largest_page;
                        (None, self.entries_of(object, largest)?)
                    }
                }
            }
        };
        if let Some(after) = after {
            store.keep(vec![Change::PutObject(after)])?;
        }
        let status = match (method.as_str(), self.part.style) {
            ("DELETE", _) => StatusCode::NO_CONTENT,
            _ => StatusCode::from_u16(self.part.status).unwrap_or_default(),
        };
        Ok(match status {
            StatusCode::NO_CONTENT => status.into_response(),
            status => (status, Json(reply)).into_response(),
        })
    }

    /// Reads or writes one value; the reply is what it is afterwards.
    fn document(&self, method: &Method, object: &Object, body: Value) -> (Option<Object>, Value) {
        let part = self.part;
        let mut value = object.fields.get(part.kept_in()).unwrap_or(&part.default).clone();
        for field in &part.shared {
            if let (Some(document), Some(own)) = (value.as_object_mut(), object.fields.get(field)) {
                document.insert(field.clone(), own.clone());
            }
        }
        let version = value["version"].as_u64();
        match (method.as_str(), body) {
            ("GET", _) => return (None, value),
            ("DELETE", _) => value = part.default.clone(),
            ("PUT", body) if !value.is_object() || body.is_object() => value = body,
            (_, Value::Object(sent)) => {
                if let Some(document) = value.as_object_mut() {
                    document.extend(sent);
                }
            }
            _ => {}
        }
        let mut after = object.clone();
        if let Some(document) = value.as_object_mut() {
            if *method != Method::DELETE {
                document.extend(part.written.clone());
            }
            if let Some(version) = version {
                document.insert("version".to_owned(), (version + 1).into());
            }
            for field in &part.shared {
                let shared = document.get(field).map(|value| (field.clone(), value.clone()));
                after.fields.extend(shared);
            }
        }
        after.fields.insert(part.kept_in().to_owned(), value.clone());
        (Some(after), value)
    }

    /// Writes entries. Without a reply it is for reading them.
    fn entries(
        &self,
        method: &Method,
        object: &Object,
        entry: Option<&String>,
        body: &Value,
    ) -> (Option<Object>, Option<Value>) {
        let part = self.part;
        let mut entries = self.kept(object);
        let parameters = &self.context.parameters;
        let named = |field: &Option<String>| -> Vec<Value> {
            let ids = field.as_ref().and_then(|field| body[field].as_array());
            ids.into_iter().flatten().map(|id| json!({ "id": id })).collect()
        };
        let sent = match body {
            Value::Array(sent) => sent.clone(),
            Value::Object(_) if part.adds.is_some() => named(&part.adds),
            Value::Object(_) => vec![body.clone()],
            _ => Vec::new(),
        };
        let mut removed: Vec<String> = named(&part.removes).iter().filter_map(id_of).collect();
        match method.as_str() {
            "GET" => return (None, None),
            "DELETE" => {
                let listed = ["ids", "id"].into_iter().filter_map(|name| parameters.one(name));
                removed.extend(listed.flat_map(|ids| ids.split(',')).map(str::to_owned));
                removed.extend(entry.cloned());
            }
            "POST" if parameters.flag("delete") => removed.extend(sent.iter().filter_map(id_of)),
            "PUT" if body.is_array() => {
                entries.clear();
                self.put(&mut entries, &sent);
            }
            _ => {
                let one = |sent: &Value| match (entry, sent.clone()) {
                    (Some(id), Value::Object(mut fields)) => {
                        fields.insert("id".to_owned(), id.as_str().into());
                        Value::Object(fields)
                    }
                    (_, sent) => sent,
                };
                self.put(&mut entries, &sent.iter().map(one).collect::<Vec<_>>());
            }
        }
        entries.retain(|entry| id_of(entry).is_none_or(|id| !removed.contains(&id)));
        let mut after = object.clone();
        if let Some(counted) = &part.counted {
            after.fields.insert(counted.clone(), entries.len().into());
        }
        // A bulk write of an array that is no POST answers with a listing.
        let reply = match (body, method.as_str()) {
            (Value::Array(_), "POST") => sent.into(),
            // Without `failures` the official provider panics.
            (Value::Object(_), "POST") if part.adds.is_some() => {
                json!({ "entities": sent, "failures": [] })
            }
            (Value::Array(_), _) => json!({ "entities": entries, "total": entries.len() }),
            _ => entries
                .iter()
                .find(|known| id_of(known).as_ref() == entry)
                .cloned()
                .unwrap_or(json!({})),
        };
        after.fields.insert(part.kept_in().to_owned(), entries.into());
        (Some(after), Some(reply))
    }

    /// Adds entries, and changes those that are there.
    fn put(&self, entries: &mut Vec<Value>, sent: &[Value]) {
        for one in sent {
            let fields = one.as_object().cloned().unwrap_or_default();
            let known = entries.iter_mut().find(|known| id_of(known) == id_of(one));
            match known.and_then(Value::as_object_mut) {
                Some(known) => known.extend(fields),
                None => {
                    let made: Map<_, _> =
                        self.part.entry.clone().into_iter().chain(fields).collect();
                    entries.push(made.into());
                }
            }
        }
    }

    fn kept(&self, object: &Object) -> Vec<Value> {
        let kept = object.fields.get(self.part.kept_in()).and_then(Value::as_array);
        kept.cloned().unwrap_or_default()
    }

    /// A page of the entries.
    fn entries_of(&self, object: &Object, largest: usize) -> Result<Value, ApiError> {
        let parameters = &self.context.parameters;
        let mut entries = self.kept(object);
        let is_other = |(name, value): (&String, &String)| {
            parameters.one(name).is_some_and(|asked| asked != value)
        };
        if self.part.only.iter().any(is_other) {
            entries.clear();
        }
        let page = parameters.page(largest)?;
        Ok(listing(EntityListing::page(entries.into_iter(), page, &parameters.uri)))
    }
}

fn listing<T: serde::Serialize>(page: EntityListing<T>) -> Value {
    serde_json::to_value(page).unwrap_or_default()
}

fn id_of(entry: &Value) -> Option<String> {
    entry["id"].as_str().map(str::to_owned)
}
