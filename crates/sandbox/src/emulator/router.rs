//! The whole API on one page: which path answers to which handler, and who may call it.
//!
//! Never holds an answer itself. Invariant: every route but the token needs a token, and a route
//! that [`super::permissions`] names needs all the permissions of its line.

use std::sync::Arc;

use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::routing::{get, patch, post};

use super::control::{
    add_division, add_faults, clear_faults, clear_requests, edit_division, faults, org, policy,
    release, remove_division, replace_org, requests, reset, set_policy,
};
use super::gate::gate;
use super::options::Dialect;
use super::published::{
    assign, create, delete, deleted, grants, home, limit, list, organization, permitted,
    permitted_paged, products, query, read, restore, token, unknown_method, unknown_route, update,
};
use super::shared::{Handle, Shared};
use super::{collection_routes, parts, pathed};

/// Lays out the routes of a dialect, and the controls.
pub(crate) fn router(handle: Handle, dialect: Dialect) -> Router {
    let shared = Arc::clone(handle.shared());
    let api = Router::new().route("/oauth/token", post(token));
    let api = match dialect {
        Dialect::Published => api.merge(published_routes()),
        Dialect::Pathed => api.merge(pathed_routes()),
        Dialect::Both => api.merge(published_routes()).merge(pathed_routes()),
    };
    api.fallback(unknown_route)
        .method_not_allowed_fallback(unknown_method)
        .layer(from_fn_with_state(Arc::clone(&shared), gate))
        .with_state(shared)
        .nest("/__divvy", control_routes().with_state(handle))
}

fn published_routes() -> Router<Arc<Shared>> {
    let at = |path: &str| format!("/api/v2/authorization{path}");
    collection_routes::routes()
        .merge(parts::routes())
        .route("/api/v2/organizations/me", get(organization))
        .route(&at("/products"), get(products))
        .route(&at("/divisions"), get(list).post(create))
        .route(&at("/divisions/home"), get(home))
        .route(&at("/divisions/limit"), get(limit))
        .route(&at("/divisions/query"), get(query))
        .route(&at("/divisions/deleted"), get(deleted))
        .route(&at("/divisions/{id}"), get(read).put(update).delete(delete))
        .route(&at("/divisions/{id}/restore"), post(restore))
        .route(&at("/divisions/{id}/grants"), get(grants))
        .route(&at("/divisions/{id}/objects/{type}"), post(assign))
        .route(&at("/divisionspermitted/me"), get(permitted))
        .route(&at("/divisionspermitted/paged/me"), get(permitted_paged))
}

fn pathed_routes() -> Router<Arc<Shared>> {
    let divisions = get(pathed::list).post(pathed::create);
    Router::new().route("/api/v2/auth/divisions", divisions)
}

/// What a test may do behind the API's back; the same as the methods of [`Handle`].
fn control_routes() -> Router<Handle> {
    Router::new()
        .route("/org", get(org).put(replace_org))
        .route("/reset", post(reset))
        .route("/policy", get(policy).put(set_policy))
        .route("/divisions", post(add_division))
        .route("/divisions/{id}", patch(edit_division).delete(remove_division))
        .route("/faults", get(faults).post(add_faults).delete(clear_faults))
        .route("/release", post(release))
        .route("/requests", get(requests).delete(clear_requests))
}
