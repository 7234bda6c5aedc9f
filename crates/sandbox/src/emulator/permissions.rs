//! What a caller of each route must hold.
//!
//! Never looks at a caller: [`super::access`] compares. Invariant: a route that the table lacks
//! needs a token and nothing else.

use axum::http::Method;

const DIVISION_ADD: &str = "authorization:division:add";

/// Returns what a caller of a route must hold, all of it. Other routes need no permission, only a
/// token; what they show depends on the divisions where the caller's role is granted.
pub(crate) fn needed(method: &Method, route: &str) -> &'static [&'static str] {
    let path = route.strip_prefix("/api/v2/").unwrap_or(route);
    match (method.as_str(), path) {
        ("POST", "authorization/divisions") => &[DIVISION_ADD, "authorization:grant:add"],
        ("PUT", "authorization/divisions/{id}") => &["authorization:division:edit"],
        ("DELETE", "authorization/divisions/{id}") => &["authorization:division:delete"],
        ("GET", "authorization/divisions/deleted") => &["authorization:divisionDeleted:view"],
        ("POST", "authorization/divisions/{id}/restore") => &[DIVISION_ADD],
        ("GET", "authorization/divisions/{id}/grants") => &["authorization:grant:view"],
        // Scopes, not permissions: the tutorial's API asks for these.
        ("GET", "auth/divisions") => &["division:read"],
        ("POST", "auth/divisions") => &["division:write"],
        _ => &[],
    }
}
