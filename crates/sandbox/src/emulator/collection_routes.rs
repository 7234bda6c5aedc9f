//! The routes of every collection of [`super::kinds`]: list, search, create, by id.
//!
//! Never knows a type: the facts say how each is listed and what it refuses. Invariant: an answer that
//! something was made, changed or removed comes only after the change is durable.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::http::{Method, StatusCode, Uri};
use axum::routing::{MethodFilter, get, on};
use axum::{Json, Router};
use serde_json::{Value, json};

use super::access::{Context, Document};
use super::endpoints;
use super::kinds::{COLLECTIONS, Collection, Paging, canonical, parents};
use super::objects::{Fields, Objects, Taken, deleted, division_of, is_deleted, shown};
use super::org::{Object, Org, Refused};
use super::replies::{ApiError, EntityListing, Page};
use super::shared::Shared;
use super::store::Change;
use crate::fields::at;

type Reply = Result<Json<Value>, ApiError>;

/// Lays out the routes of all collections. Where two types share a path, the first answers for both.
pub(crate) fn routes() -> Router<Arc<Shared>> {
    let mut router = Router::new();
    let mut laid_out = BTreeSet::new();
    for collection in COLLECTIONS.iter() {
        let listed_by = collection.list.method.as_str();
        if laid_out.insert((listed_by, numbered(&collection.list.path))) {
            let list = move |context: Context, uri: Uri| async move {
                list(&context, &uri, collection, &[])
            };
            let query = move |context: Context, uri: Uri, Document(body): Document<Value>| async move {
                query(context, &uri, &body, collection)
            };
            let listing = match listed_by {
                "POST" => on(MethodFilter::POST, query),
                _ => on(MethodFilter::GET, list),
            };
            router = router.route(&numbered(&collection.list.path), listing);
        }
        if let Some(path) = collection.search.as_deref().map(numbered)
            && laid_out.insert(("POST", path.clone()))
        {
            let search = move |context: Context, Document(body): Document<Value>| async move {
                search(&context, &body, collection)
            };
            router = router.route(&path, on(MethodFilter::POST, search));
        }
        if !collection.is_read_only && laid_out.insert(("POST", numbered(&collection.create))) {
            let create = move |context: Context, uri: Uri, Document(sent): Document<Fields>| async move {
                create(&context, &uri, sent, collection)
            };
            router = router.route(&numbered(&collection.create), on(MethodFilter::POST, create));
        }
        let item = numbered(&collection.item);
        if laid_out.insert(("item", item.clone())) {
            router = router.route(&item, get(read).put(update).patch(update).delete(remove));
        }
    }
    router
}

/// Names the placeholders of a route by their place: two types may name one place differently.
pub(crate) fn numbered(template: &str) -> String {
    let mut number = 0;
    let segments = template.split('/').map(|segment| {
        if !segment.starts_with('{') {
            return segment.to_owned();
        }
        number += 1;
        format!("{{p{number}}}")
    });
    segments.collect::<Vec<_>>().join("/")
}

/// Lists what the caller sees, a parameter searches for, and every filter matches.
fn list(context: &Context, uri: &Uri, collection: &'static Collection, filters: &[Value]) -> Reply {
    let store = context.store();
    let org = store.org();
    let path = canonical(uri.path());
    let parents = parents(&collection.list.path, &path).ok_or(Refused::Absent)?;
    let objects = Objects { org, collection, parents };
    let wanted_state = context.parameters.one("state").unwrap_or("active");
    let term = collection.list.filter.as_deref();
    let term = term.and_then(|filter| context.parameters.one(filter));
    let lagging = context.shared.lists.read_all();
    let mut all = objects.all();
    all.retain(|object| {
        let state = if is_deleted(object) { "deleted" } else { "active" };
        (wanted_state == "any" || wanted_state == state)
            && may_see(context, org, object)
            && !lagging.contains(object.id())
            && collection.list.below.as_ref().is_none_or(|(parameter, field)| {
                let asked = context.parameters.one(parameter);
                asked.is_some() && at(&object.fields, field).and_then(Value::as_str) == asked
            })
            && term.is_none_or(|term| objects.finds(term, object))
            && filters.iter().all(|filter| is_matched(filter, &object.fields))
            && collection.list.halves.as_deref().is_none_or(|field| {
                let is_there = object.fields.get(field) == Some(&Value::Bool(true));
                is_there == (context.parameters.one(field) == Some("true"))
            })
            && endpoints::of(&collection.name).filters.iter().all(|field| {
                context.parameters.one(field).is_none_or(|asked| is_told(object, field, asked))
            })
    });
    page(context, org.policy.largest_page, collection.list.paging, &all)
}

/// A listing whose paging is in the body, as are its filters by exact values.
fn query(mut context: Context, uri: &Uri, body: &Value, collection: &'static Collection) -> Reply {
    for parameter in ["pageNumber", "pageSize", "after"] {
        let value = match &body[parameter] {
            Value::String(text) => text.clone(),
            Value::Number(number) => number.to_string(),
            _ => continue,
        };
        context.parameters.set(parameter, value);
    }
    let filters = body["filters"].as_array().map(Vec::as_slice);
    list(&context, uri, collection, filters.unwrap_or_default())
}

/// Compares one field of an object with the values of a filter: `{name, operator, values}`.
fn is_matched(filter: &Value, fields: &Fields) -> bool {
    let found = filter["name"].as_str().and_then(|field| fields.get(field));
    let values = filter["values"].as_array();
    values.is_none_or(|values| found.is_some_and(|found| values.contains(found)))
}

/// Compares one field of an object with the value of a query parameter.
fn is_told(object: &Object, field: &str, asked: &str) -> bool {
    match object.fields.get(field) {
        Some(Value::String(text)) => text == asked,
        Some(value) => serde_json::from_str::<Value>(asked).is_ok_and(|asked| asked == *value),
        None => false,
    }
}

/// `POST …/search`: every part of the query holds, each an exact comparison that ignores case.
fn search(context: &Context, body: &Value, collection: &'static Collection) -> Json<Value> {
    let store = context.store();
    let org = store.org();
    let objects = Objects { org, collection, parents: Vec::new() };
    let parts = body["query"].as_array().cloned().unwrap_or_default();
    let asks_state = parts.iter().any(|part| fields_of(part).any(|field| field == "state"));
    let holds = |part: &Value, object: &Object| {
        let values = part["values"].as_array().into_iter().flatten().chain([&part["value"]]);
        let values: Vec<_> = values.filter_map(Value::as_str).map(str::to_lowercase).collect();
        fields_of(part).any(|field| {
            let default = if field == "state" { "active" } else { "" };
            let found = object.fields.get(field).and_then(Value::as_str).unwrap_or(default);
            values.contains(&found.to_lowercase())
        })
    };
    let mut found = objects.all();
    found.retain(|object| {
        (asks_state || !is_deleted(object))
            && may_see(context, org, object)
            && parts.iter().all(|part| holds(part, object))
    });
    let results: Vec<_> = found.iter().map(|object| shown(object)).collect();
    Json(json!({
        "total": results.len(),
        "pageCount": 1,
        "pageSize": results.len().max(1),
        "pageNumber": 1,
        "types": [],
        "results": results,
    }))
}

fn fields_of(part: &Value) -> impl Iterator<Item = &str> {
    part["fields"].as_array().into_iter().flatten().filter_map(Value::as_str)
}

fn create(context: &Context, uri: &Uri, sent: Fields, collection: &'static Collection) -> Reply {
    let mut store = context.store();
    let path = canonical(uri.path());
    let parents = parents(&collection.create, &path).ok_or(Refused::Absent)?;
    let made = Objects { org: store.org(), collection, parents }.create(sent)?;
    store.keep(vec![Change::PutObject(made.clone())])?;
    context.hold_back(made.id());
    Ok(Json(shown(&made).into()))
}

async fn read(context: Context, uri: Uri) -> Reply {
    let store = context.store();
    let object = find(&context, store.org(), uri.path())?;
    let is_gone = is_deleted(object)
        && endpoints::of(&object.kind).gone
        && !matches!(context.parameters.one("state"), Some("deleted" | "any"));
    if is_gone || context.shared.gets.read_one(object.id()) {
        return Err(Refused::Absent.into());
    }
    Ok(Json(shown(object).into()))
}

/// `PUT` replaces what is not sent, `PATCH` keeps it.
async fn update(
    context: Context,
    method: Method,
    uri: Uri,
    Document(sent): Document<Fields>,
) -> Reply {
    let mut store = context.store();
    let org = store.org();
    let object = find(&context, org, uri.path())?;
    let objects = Objects::around(org, object).ok_or(Refused::Absent)?;
    let after = objects.update(object, sent, method == Method::PATCH)?;
    store.keep(vec![Change::PutObject(after.clone())])?;
    Ok(Json(shown(&after).into()))
}

async fn remove(context: Context, uri: Uri) -> Result<StatusCode, ApiError> {
    let mut store = context.store();
    let org = store.org();
    let object = find(&context, org, uri.path())?;
    let is_soft = Collection::named(&object.kind).is_some_and(|kind| kind.is_soft_deleted);
    if is_deleted(object) {
        return Err(Refused::Absent.into());
    }
    let sets = &endpoints::of(&object.kind).delete_sets;
    let change = if is_soft {
        Change::PutObject(deleted(object))
    } else if !sets.is_empty() {
        let mut object = object.clone();
        object.fields.extend(sets.clone());
        Change::PutObject(object)
    } else {
        Change::RemoveObject(object.address.clone())
    };
    store.keep(vec![change])?;
    Ok(StatusCode::NO_CONTENT)
}

/// Finds what a path leads to, if the caller may see it.
pub(crate) fn find<'a>(context: &Context, org: &'a Org, path: &str) -> Result<&'a Object, Refused> {
    let found = org.objects.get(&canonical(path));
    found.filter(|object| may_see(context, org, object)).ok_or(Refused::Absent)
}

/// Returns whether the caller's role is granted where the object is.
fn may_see(context: &Context, org: &Org, object: &Object) -> bool {
    let division = division_of(&object.fields).and_then(|id| org.divisions.get(id));
    division.is_none_or(|division| context.caller.sees(division))
}

/// Cuts a page out of what a listing shows.
fn page(context: &Context, largest: usize, paging: Paging, all: &[&Object]) -> Reply {
    let parameters = &context.parameters;
    let fields = |objects: &[&Object]| -> Vec<Value> {
        objects.iter().map(|object| shown(object).into()).collect()
    };
    let cursors: &[&str] = match paging {
        Paging::Pages => {
            let page = parameters.page(largest)?;
            let all = all.iter().map(|object| shown(object));
            let listing = EntityListing::page(all, page, &parameters.uri);
            return Ok(Json(serde_json::to_value(listing).unwrap_or_default()));
        }
        Paging::None => {
            let page = Page { number: 1, size: all.len().max(1) };
            let all = all.iter().map(|object| shown(object));
            let listing = EntityListing::page(all, page, &parameters.uri);
            return Ok(Json(serde_json::to_value(listing).unwrap_or_default()));
        }
        Paging::Cursor => &["after", "cursor"],
        Paging::NextUri => &["after"],
        Paging::NextPage => &["nextPage"],
    };
    let size = parameters.number("pageSize", 25.min(largest), largest)?;
    let start = match cursors.iter().find_map(|name| parameters.one(name)) {
        None => 0,
        Some(cursor) => {
            let last = all.iter().position(|object| object.id() == cursor);
            let known = "the id of an object that the listing shows";
            last.ok_or_else(|| ApiError::invalid_value(cursor, "Cursor", known))? + 1
        }
    };
    let end = all.len().min(start + size);
    let mut body = json!({
        "entities": fields(&all[start..end]),
        "pageSize": size,
        "selfUri": parameters.uri.page(1, size),
    });
    if end < all.len() {
        let cursor = all[end - 1].id();
        body["nextUri"] = parameters.uri.cursor(cursors[0], cursor, size).into();
        // Listings by cursor differ in where they put it; readers take the one that they know.
        match paging {
            Paging::Cursor => {
                body["after"] = cursor.into();
                body["cursors"] = json!({ "after": cursor });
            }
            Paging::NextPage => body["nextPage"] = cursor.into(),
            Paging::NextUri | Paging::Pages | Paging::None => {}
        }
    }
    Ok(Json(body))
}

impl From<Taken> for ApiError {
    fn from(taken: Taken) -> Self {
        let Taken { key, status, code, message } = taken;
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::CONFLICT);
        let usual = || format!("An object with the key {key} already exists.");
        let error = Self::of(status).saying(message.map_or_else(usual, str::to_owned));
        match code {
            Some(code) => error.coded(&code),
            None if status == StatusCode::BAD_REQUEST => error.coded("duplicate.name"),
            None => error,
        }
    }
}
