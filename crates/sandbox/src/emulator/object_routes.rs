//! The routes of [`super::objects`].
//!
//! Never knows a type: the route says which collection is meant. Invariant: an object is answered as
//! it is kept.

use axum::Json;
use axum::extract::{MatchedPath, Path};
use axum::http::StatusCode;
use uuid::Uuid;

use super::access::{Context, Document};
use super::objects::Fields;
use super::org::Refused;
use super::replies::ApiError;

/// The collection that a route, with or without `/{id}`, belongs to.
fn collection(route: &MatchedPath) -> &str {
    route.as_str().trim_end_matches("/{id}")
}

/// `POST`: a new object with an id of its own.
pub(crate) async fn create(
    context: Context,
    route: MatchedPath,
    Document(fields): Document<Fields>,
) -> Json<Fields> {
    let id = Uuid::new_v4().to_string();
    Json(context.shared.objects.keep(collection(&route), id, fields))
}

/// `GET {id}`.
pub(crate) async fn read(
    context: Context,
    route: MatchedPath,
    Path(id): Path<String>,
) -> Result<Json<Fields>, ApiError> {
    let found = context.shared.objects.find(collection(&route), &id);
    Ok(Json(found.ok_or(Refused::Absent)?))
}

/// `PUT {id}`: replaces the object.
pub(crate) async fn update(
    context: Context,
    route: MatchedPath,
    Path(id): Path<String>,
    Document(fields): Document<Fields>,
) -> Result<Json<Fields>, ApiError> {
    let (objects, collection) = (&context.shared.objects, collection(&route));
    objects.find(collection, &id).ok_or(Refused::Absent)?;
    Ok(Json(objects.keep(collection, id, fields)))
}

/// `DELETE {id}`.
pub(crate) async fn delete(
    context: Context,
    route: MatchedPath,
    Path(id): Path<String>,
) -> Result<StatusCode, ApiError> {
    let removed = context.shared.objects.remove(collection(&route), &id);
    if removed { Ok(StatusCode::NO_CONTENT) } else { Err(Refused::Absent.into()) }
}
