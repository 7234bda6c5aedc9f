//! The `pathed` dialect: divisions with a path, as the tutorial's API has them.
//!
//! Never mixes with the published divisions. Invariant: name and path together are unique, and
//! every parent path exists before its children.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use super::access::{Context, Document};
use super::org::{PathedDivision, random_id};
use super::policy::AbsentPath;
use super::replies::ApiError;
use super::store::Change;

/// What a create asks for; `path` left out means a division at the root.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PathedDraft {
    #[serde(default)]
    name: String,
    path: Option<String>,
    description: Option<String>,
    external_id: Option<String>,
    active: Option<bool>,
}

/// `GET /api/v2/auth/divisions`: a bare array; `name` and `path` each mean equality.
pub(crate) async fn list(context: Context) -> Response {
    let store = context.store();
    let org = store.org();
    let parameters = &context.parameters;
    let is = |name: &str, value: &str| parameters.one(name).is_none_or(|wanted| wanted == value);
    let mut found: Vec<_> = org
        .pathed
        .values()
        .filter(|division| is("name", &division.name) && is("path", &division.path))
        .collect();
    found.sort_by(|left, right| left.path.cmp(&right.path));
    if found.is_empty() && org.policy.absent_path == AbsentPath::NotFound {
        return ApiError::of(StatusCode::NOT_FOUND).into_response();
    }
    Json(found).into_response()
}

/// `POST /api/v2/auth/divisions`: 200 and the new division; 409 with the code
/// `duplicate.division`, or with `parent.not.found` if the parent path does not exist.
pub(crate) async fn create(
    context: Context,
    Document(draft): Document<PathedDraft>,
) -> Result<Json<PathedDivision>, ApiError> {
    let mut store = context.store();
    let made = store.org().create_pathed(PathedDivision {
        id: random_id(),
        path: draft.path.unwrap_or_else(|| format!("/{}", draft.name)),
        name: draft.name,
        description: draft.description.unwrap_or_default(),
        external_id: draft.external_id,
        active: draft.active.unwrap_or(true),
    })?;
    store.keep(vec![Change::PutPathed(made.clone())])?;
    Ok(Json(made))
}
