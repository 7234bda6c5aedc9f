//! The published API: token, organization, products, divisions.
//!
//! Never decides who may call it: that is the router's table. Invariant: each handler answers with
//! the status that the vendor declares (a create 200, a delete 204) and only after the change is
//! durable.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::access::{Context, Document};
use super::org::{Division, Draft, Refused, Standing};
use super::replies::{ApiError, AuthzDivision, EntityListing, oauth_error, token_refusal};
use super::shared::Shared;
use super::store::{Change, Store};

/// A day: a client that renews a minute before the end must never do so during a test.
const TOKEN_SECONDS: u64 = 86_400;

/// The largest page of the cursor listing, as the vendor documents it.
const LARGEST_CURSOR_PAGE: usize = 200;

type Reply<T> = Result<Json<T>, ApiError>;

/// `POST /oauth/token`: the client credentials grant.
pub(crate) async fn token(
    State(shared): State<Arc<Shared>>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let body = String::from_utf8_lossy(&body);
    let grant = body.split('&').find_map(|pair| pair.strip_prefix("grant_type="));
    if grant != Some("client_credentials") {
        return oauth_error("unsupported_grant_type", "use client_credentials");
    }
    match shared.tokens.give(shared.store().org(), &headers) {
        Ok(token) => Json(json!({
            "access_token": token,
            "token_type": "bearer",
            "expires_in": TOKEN_SECONDS,
        }))
        .into_response(),
        Err(refusal) => token_refusal(refusal),
    }
}

/// `GET /api/v2/organizations/me`. Without `defaultCountryCode` the official provider panics, and where
/// there is a site without `defaultSiteId`, too.
pub(crate) async fn organization(context: Context) -> Json<Value> {
    let about = context.store().org().about.clone();
    let short_name = about.name.to_lowercase().replace(' ', "-");
    Json(json!({
        "id": about.id,
        "name": about.name,
        "defaultLanguage": "en-us",
        "defaultCountryCode": "US",
        "defaultSiteId": "",
        "thirdPartyOrgName": short_name,
        "domain": short_name,
        "version": 1,
        "state": "active",
        "voicemailEnabled": false,
        "productPlatform": "PureCloud",
        "selfUri": "/api/v2/organizations/me",
        "features": {},
    }))
}

/// `GET /api/v2/authorization/products`. Without `total` or an `id` the official provider panics.
pub(crate) async fn products(context: Context) -> Json<Value> {
    drop(context);
    Json(json!({
        "entities": [{ "id": "purecloud3", "name": "purecloud3" }],
        "total": 1,
        "pageSize": 25,
        "pageNumber": 1,
        "pageCount": 1,
        "selfUri": "/api/v2/authorization/products",
    }))
}

/// `GET divisions`: numbered pages; `name` searches, `id` may be repeated.
pub(crate) async fn list(context: Context) -> Reply<EntityListing<AuthzDivision>> {
    let store = context.store();
    let mut shown = context.shown(store.org());
    if context.parameters.one("sortBy") == Some("name") {
        shown.sort_by(|left, right| left.name.cmp(&right.name));
    }
    listing(&context, store.org().policy.largest_page, &shown)
}

/// `GET divisions/query`: the same by cursor, without a total.
pub(crate) async fn query(context: Context) -> Reply<Value> {
    let parameters = &context.parameters;
    let size = parameters.number("pageSize", 25, LARGEST_CURSOR_PAGE)?;
    let after = cursor(parameters.one("after"))?;
    let before = cursor(parameters.one("before"))?;
    let store = context.store();
    let shown = context.shown(store.org());
    let start = match (after, before) {
        (Some(after), _) => shown.partition_point(|division| division.sequence <= after),
        (None, Some(before)) => {
            let end = shown.partition_point(|division| division.sequence < before);
            end.saturating_sub(size)
        }
        (None, None) => 0,
    };
    let end = shown.len().min(start + size);
    let page = &shown[start..end];
    let with_counts = parameters.flag("objectCount");
    let entities: Vec<_> =
        page.iter().map(|division| AuthzDivision::of(division, with_counts)).collect();
    let link = |direction, division: &Division| {
        let cursor = URL_SAFE_NO_PAD.encode(division.sequence.to_string());
        parameters.uri.cursor(direction, &cursor, size)
    };
    let mut body = json!({
        "entities": entities,
        "selfUri": parameters.uri.page(1, size),
    });
    if let Some(last) = page.last().filter(|_| end < shown.len()) {
        body["nextUri"] = link("after", last).into();
    }
    if let Some(first) = page.first().filter(|_| start > 0) {
        body["previousUri"] = link("before", first).into();
    }
    Ok(Json(body))
}

fn cursor(text: Option<&str>) -> Result<Option<u64>, ApiError> {
    let Some(text) = text else { return Ok(None) };
    let decoded = URL_SAFE_NO_PAD.decode(text).ok();
    let number = decoded.and_then(|bytes| String::from_utf8(bytes).ok()?.parse().ok());
    let invalid = || ApiError::invalid_value(text, "Cursor", "one that a reply linked to");
    number.map(Some).ok_or_else(invalid)
}

/// `POST divisions`: 200, and the new division.
pub(crate) async fn create(
    context: Context,
    Document(draft): Document<Draft>,
) -> Reply<AuthzDivision> {
    let mut store = context.store();
    let made = store.org().create(draft)?;
    let reply = keep(&mut store, made)?;
    context.hold_back(reply.id());
    Ok(Json(reply))
}

/// `GET divisions/{id}`.
pub(crate) async fn read(context: Context, Path(id): Path<String>) -> Reply<AuthzDivision> {
    let with_counts = context.parameters.flag("objectCount");
    let store = context.store();
    let division = context.read(store.org(), &id)?;
    Ok(Json(AuthzDivision::of(division, with_counts)))
}

/// `PUT divisions/{id}`: replaces name and description. Home may be renamed.
pub(crate) async fn update(
    context: Context,
    Path(id): Path<String>,
    Document(draft): Document<Draft>,
) -> Reply<AuthzDivision> {
    let mut store = context.store();
    let org = store.org();
    let updated = org.update(context.find(org, &id)?, draft)?;
    Ok(Json(keep(&mut store, updated)?))
}

/// `DELETE divisions/{id}`: 204; soft. With objects in it only under `force=true`.
pub(crate) async fn delete(
    context: Context,
    Path(id): Path<String>,
) -> Result<StatusCode, ApiError> {
    let mut store = context.store();
    let org = store.org();
    let deleted = context.find(org, &id)?.deleted(context.parameters.flag("force"))?;
    store.keep(vec![Change::Put(deleted)])?;
    Ok(StatusCode::NO_CONTENT)
}

/// `GET divisions/home`: never with object counts. A client without a grant there gets 404.
pub(crate) async fn home(context: Context) -> Reply<AuthzDivision> {
    let store = context.store();
    let org = store.org();
    let home = context.find(org, &org.home().id)?;
    Ok(Json(AuthzDivision::of(home, false)))
}

/// `GET divisions/limit`: a bare number.
pub(crate) async fn limit(context: Context) -> Json<usize> {
    Json(context.store().org().limit)
}

/// `GET divisions/deleted`: what was deleted softly, in numbered pages.
pub(crate) async fn deleted(context: Context) -> Reply<EntityListing<AuthzDivision>> {
    let store = context.store();
    let deleted = store.org().in_order();
    let deleted: Vec<_> =
        deleted.filter(|division| division.standing == Standing::Deleted).collect();
    listing(&context, store.org().policy.largest_page, &deleted)
}

/// `POST divisions/{id}/restore`: brings a deleted division back; needs a body.
pub(crate) async fn restore(
    context: Context,
    Path(id): Path<String>,
    Document(draft): Document<Draft>,
) -> Reply<AuthzDivision> {
    let mut store = context.store();
    let restored = store.org().restore(&id, draft)?;
    Ok(Json(keep(&mut store, restored)?))
}

/// `GET divisions/{id}/grants`: the emulated org grants by its clients alone, so the list is empty.
pub(crate) async fn grants(
    context: Context,
    Path(id): Path<String>,
) -> Reply<EntityListing<Value>> {
    let store = context.store();
    context.find(store.org(), &id)?;
    let page = context.parameters.page(store.org().policy.largest_page)?;
    let none = std::iter::empty();
    Ok(Json(EntityListing::page(none, page, &context.parameters.uri)))
}

/// `POST divisions/{id}/objects/{type}`: 204; the objects leave the divisions they were in.
pub(crate) async fn assign(
    context: Context,
    Path((id, kind)): Path<(String, String)>,
    Document(objects): Document<Vec<String>>,
) -> Result<StatusCode, ApiError> {
    let mut store = context.store();
    let org = store.org();
    let division = context.find(org, &id)?;
    let moved = org.objects.values().filter(|object| objects.iter().any(|id| id == object.id()));
    let moved = moved.map(|object| {
        let mut object = object.clone();
        let reference = json!({ "id": division.id, "name": division.name });
        object.fields.insert("division".to_owned(), reference);
        Change::PutObject(object)
    });
    let changed = org.assign(division, &kind, &objects).into_iter().map(Change::Put);
    let changes = changed.chain(moved).collect();
    store.keep(changes)?;
    Ok(StatusCode::NO_CONTENT)
}

/// `GET divisionspermitted/me`: the divisions where the caller holds `permission`, as a plain list.
pub(crate) async fn permitted(context: Context) -> Reply<Vec<AuthzDivision>> {
    let store = context.store();
    let permitted = permitted_divisions(&context, &store)?;
    let shown = permitted.iter().map(|division| AuthzDivision::of(division, false));
    Ok(Json(shown.collect()))
}

/// `GET divisionspermitted/paged/me`: the same in numbered pages.
pub(crate) async fn permitted_paged(context: Context) -> Reply<EntityListing<AuthzDivision>> {
    let store = context.store();
    let permitted = permitted_divisions(&context, &store)?;
    listing(&context, store.org().policy.largest_page, &permitted)
}

fn permitted_divisions<'a>(
    context: &Context,
    store: &'a Store,
) -> Result<Vec<&'a Division>, ApiError> {
    let permission = context.parameters.one("permission");
    let permission = permission.ok_or_else(|| {
        let message = "The parameter permission is required.";
        ApiError::of(StatusCode::BAD_REQUEST).saying(message)
    })?;
    if context.caller.lacks(&[permission]).is_empty() {
        Ok(context.shown(store.org()))
    } else {
        Ok(Vec::new())
    }
}

fn listing(
    context: &Context,
    largest_page: usize,
    divisions: &[&Division],
) -> Reply<EntityListing<AuthzDivision>> {
    let parameters = &context.parameters;
    let page = parameters.page(largest_page)?;
    let with_counts = parameters.flag("objectCount");
    let shown = divisions.iter().map(|division| AuthzDivision::of(division, with_counts));
    Ok(Json(EntityListing::page(shown, page, &parameters.uri)))
}

/// Makes a division durable, then shows it.
fn keep(store: &mut Store, division: Division) -> Result<AuthzDivision, ApiError> {
    let shown = AuthzDivision::of(&division, false);
    store.keep(vec![Change::Put(division)])?;
    Ok(shown)
}

/// Anything else under the API's roof.
pub(crate) async fn unknown_route() -> ApiError {
    Refused::Absent.into()
}

/// A known path under a method that it does not have.
pub(crate) async fn unknown_method() -> ApiError {
    ApiError::of(StatusCode::METHOD_NOT_ALLOWED)
}
