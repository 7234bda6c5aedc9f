//! The control routes under `/__divvy/`: the methods of [`Handle`] over HTTP.
//!
//! Never answers in the API's own forms and is not in the journal. Invariant: no reply here holds a
//! secret.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::json;

use super::error::Error;
use super::faults::Fault;
use super::journal::Exchange;
use super::org::Standing;
use super::policy::Policy;
use super::seed::{Seed, SeedDivision};
use super::shared::Handle;

type Done = Result<StatusCode, Error>;

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        let status = match self {
            Self::DoubleId { .. } | Self::NoCollection { .. } | Self::Unreadable(_) => {
                StatusCode::BAD_REQUEST
            }
            Self::Serve(_)
            | Self::Store { .. }
            | Self::InUse { .. }
            | Self::Foreign { .. }
            | Self::Schema { .. } => StatusCode::INTERNAL_SERVER_ERROR,
        };
        (status, Json(json!({ "message": self.to_string() }))).into_response()
    }
}

/// A division to be added behind the API's back.
#[derive(Deserialize)]
pub(crate) struct Added {
    #[serde(default)]
    standing: Option<Standing>,
    #[serde(flatten)]
    division: SeedDivision,
}

/// What is to be changed behind the API's back.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Edit {
    name: Option<String>,
    description: Option<String>,
    standing: Option<Standing>,
}

pub(crate) async fn org(State(handle): State<Handle>) -> Json<Seed> {
    Json(handle.org())
}

pub(crate) async fn replace_org(State(handle): State<Handle>, Json(seed): Json<Seed>) -> Done {
    handle.replace_org(seed)?;
    Ok(StatusCode::NO_CONTENT)
}

pub(crate) async fn reset(State(handle): State<Handle>) -> Done {
    handle.reset()?;
    Ok(StatusCode::NO_CONTENT)
}

pub(crate) async fn policy(State(handle): State<Handle>) -> Json<Policy> {
    Json(handle.policy())
}

pub(crate) async fn set_policy(State(handle): State<Handle>, Json(policy): Json<Policy>) -> Done {
    handle.set_policy(policy)?;
    Ok(StatusCode::NO_CONTENT)
}

pub(crate) async fn add_division(
    State(handle): State<Handle>,
    Json(added): Json<Added>,
) -> Result<Json<SeedDivision>, Error> {
    let standing = added.standing.unwrap_or(Standing::Live);
    handle.add_division(added.division.clone(), standing)?;
    Ok(Json(added.division))
}

pub(crate) async fn edit_division(
    State(handle): State<Handle>,
    Path(id): Path<String>,
    Json(edit): Json<Edit>,
) -> Done {
    let found = handle.edit_division(&id, |division| {
        division.name = edit.name.unwrap_or_else(|| division.name.clone());
        division.description = edit.description.or_else(|| division.description.clone());
        division.standing = edit.standing.unwrap_or(division.standing);
    })?;
    Ok(found_or_not(found))
}

pub(crate) async fn remove_division(State(handle): State<Handle>, Path(id): Path<String>) -> Done {
    Ok(found_or_not(handle.remove_division(&id)?))
}

pub(crate) async fn faults(State(handle): State<Handle>) -> Json<Vec<Fault>> {
    Json(handle.faults())
}

pub(crate) async fn add_faults(
    State(handle): State<Handle>,
    Json(faults): Json<Vec<Fault>>,
) -> StatusCode {
    handle.add_faults(faults);
    StatusCode::NO_CONTENT
}

pub(crate) async fn clear_faults(State(handle): State<Handle>) -> StatusCode {
    handle.clear_faults();
    StatusCode::NO_CONTENT
}

pub(crate) async fn release(State(handle): State<Handle>) -> StatusCode {
    handle.release();
    StatusCode::NO_CONTENT
}

pub(crate) async fn requests(State(handle): State<Handle>) -> Json<Vec<Exchange>> {
    Json(handle.requests())
}

pub(crate) async fn clear_requests(State(handle): State<Handle>) -> StatusCode {
    handle.clear_requests();
    StatusCode::NO_CONTENT
}

fn found_or_not(found: bool) -> StatusCode {
    if found { StatusCode::NO_CONTENT } else { StatusCode::NOT_FOUND }
}
