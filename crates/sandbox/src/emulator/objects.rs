//! Objects of the API that are no divisions: per path a plain collection of JSON documents, so that
//! a run can meet other types than the division.
//!
//! Never checks what a document holds. Invariant: an object has the fields that it was sent with,
//! and an id. They last as long as the emulator, whatever keeps the divisions.

use std::collections::BTreeMap;
use std::sync::Mutex;

use axum::Json;
use axum::extract::{MatchedPath, Path};
use axum::http::StatusCode;
use serde_json::{Map, Value};
use uuid::Uuid;

use super::access::{Context, Document};
use super::org::Refused;
use super::replies::ApiError;
use super::shared::lock;

/// The collections, as paths under `/api/v2/`. A further type is one entry.
pub(crate) const COLLECTIONS: &[&str] = &["architect/schedules"];

type Fields = Map<String, Value>;

/// What all collections hold, by the route of a single object and by id.
#[derive(Default)]
pub(crate) struct Objects(Mutex<BTreeMap<(String, String), Fields>>);

impl Objects {
    /// Forgets all of them.
    pub(crate) fn clear(&self) {
        lock(&self.0).clear();
    }

    fn keep(&self, collection: &MatchedPath, id: String, mut fields: Fields) -> Json<Fields> {
        fields.insert("id".to_owned(), id.clone().into());
        let _ = lock(&self.0).insert((name_of(collection), id), fields.clone());
        Json(fields)
    }
}

/// The collection that a route, with or without `/{id}`, belongs to.
fn name_of(route: &MatchedPath) -> String {
    route.as_str().trim_end_matches("/{id}").to_owned()
}

/// `POST`: a new object with an id of its own.
pub(crate) async fn create(
    context: Context,
    collection: MatchedPath,
    Document(fields): Document<Fields>,
) -> Json<Fields> {
    context.shared.objects.keep(&collection, Uuid::new_v4().to_string(), fields)
}

/// `GET {id}`.
pub(crate) async fn read(
    context: Context,
    collection: MatchedPath,
    Path(id): Path<String>,
) -> Result<Json<Fields>, ApiError> {
    let objects = lock(&context.shared.objects.0);
    let found = objects.get(&(name_of(&collection), id)).ok_or(Refused::Absent)?;
    Ok(Json(found.clone()))
}

/// `PUT {id}`: replaces the object.
pub(crate) async fn update(
    context: Context,
    collection: MatchedPath,
    Path(id): Path<String>,
    Document(fields): Document<Fields>,
) -> Result<Json<Fields>, ApiError> {
    let objects = &context.shared.objects;
    if !lock(&objects.0).contains_key(&(name_of(&collection), id.clone())) {
        return Err(Refused::Absent.into());
    }
    Ok(objects.keep(&collection, id, fields))
}

/// `DELETE {id}`.
pub(crate) async fn delete(
    context: Context,
    collection: MatchedPath,
    Path(id): Path<String>,
) -> Result<StatusCode, ApiError> {
    let removed = lock(&context.shared.objects.0).remove(&(name_of(&collection), id));
    removed.map(|_| StatusCode::NO_CONTENT).ok_or_else(|| Refused::Absent.into())
}
