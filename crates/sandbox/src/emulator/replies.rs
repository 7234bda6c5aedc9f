//! The bodies that the API answers with: divisions, listings, errors.
//!
//! Never decides what to answer. Invariant: every reply of the API carries a correlation id, and
//! an error body's `contextId` is that very id.
//!
//! Field names and status codes are those of the vendor's published models; texts that the vendor
//! publishes nowhere (that of a taken name) are ours, and no client may depend on them.

use std::collections::BTreeMap;

use axum::body::Body;
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::clients::TokenRefusal;
use super::error::Error;
use super::org::{Division, Refused, Standing, object_counts};
use super::policy::Duplicate;

/// The header that carries the correlation id.
pub(crate) const CORRELATION_ID: HeaderName = HeaderName::from_static("inin-correlation-id");

/// Where the published API keeps its divisions.
pub(crate) const DIVISIONS: &str = "/api/v2/authorization/divisions";

/// A division as the published API shows it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AuthzDivision {
    id: String,
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    home_division: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    object_counts: Option<BTreeMap<String, usize>>,
    self_uri: String,
}

impl AuthzDivision {
    /// Returns its id.
    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    /// Shows a division; object counts are shown only to those who ask for them.
    pub(crate) fn of(division: &Division, with_counts: bool) -> Self {
        Self {
            id: division.id.clone(),
            name: division.name.clone(),
            description: division.description.clone(),
            home_division: division.standing == Standing::Home,
            object_counts: with_counts.then(|| object_counts(division)),
            self_uri: format!("{DIVISIONS}/{}", division.id),
        }
    }
}

/// One page of a numbered listing.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct EntityListing<T> {
    entities: Vec<T>,
    page_size: usize,
    page_number: usize,
    total: usize,
    first_uri: String,
    self_uri: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_uri: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    previous_uri: Option<String>,
    last_uri: String,
    page_count: usize,
}

/// Which page of a numbered listing is asked for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Page {
    /// From 1.
    pub(crate) number: usize,
    /// At least 1.
    pub(crate) size: usize,
}

impl<T> EntityListing<T> {
    /// Cuts a page out of everything that was found; `uri` is the request's path and its query
    /// without the paging. A page behind the last is empty, as clients that page until then expect.
    pub(crate) fn page(
        all: impl ExactSizeIterator<Item = T>,
        page: Page,
        uri: &ListingUri,
    ) -> Self {
        let total = all.len();
        let page_count = total.div_ceil(page.size);
        let at = |number: usize| uri.page(number, page.size);
        Self {
            entities: all
                .skip((page.number - 1).saturating_mul(page.size))
                .take(page.size)
                .collect(),
            page_size: page.size,
            page_number: page.number,
            total,
            first_uri: at(1),
            self_uri: at(page.number),
            next_uri: (page.number < page_count).then(|| at(page.number + 1)),
            previous_uri: (page.number > 1).then(|| at(page.number - 1)),
            last_uri: at(page_count.max(1)),
            page_count,
        }
    }
}

/// The path and query of a listing, for the links in its reply.
pub(crate) struct ListingUri {
    path: String,
    query: String,
}

impl ListingUri {
    /// Takes a request's path and raw query apart; the parameters of paging are left out.
    pub(crate) fn of(uri: &axum::http::Uri) -> Self {
        let paging = ["pageSize", "pageNumber", "after", "before", "cursor", "nextPage"];
        let mut query = String::new();
        for pair in uri.query().unwrap_or_default().split('&') {
            let name = pair.split('=').next().unwrap_or_default();
            if !pair.is_empty() && !paging.contains(&name) {
                query.push('&');
                query.push_str(pair);
            }
        }
        let path = uri.path().to_owned();
        Self { path, query }
    }

    /// Links to a numbered page.
    pub(crate) fn page(&self, number: usize, size: usize) -> String {
        let Self { path, query } = self;
        format!("{path}?pageSize={size}&pageNumber={number}{query}")
    }

    /// Links to the entries before or after a cursor.
    pub(crate) fn cursor(&self, direction: &str, cursor: &str, size: usize) -> String {
        let Self { path, query } = self;
        format!("{path}?{direction}={cursor}&pageSize={size}{query}")
    }
}

/// An error of the API: an `ErrorBody` without the correlation id, which [`finish`] adds.
#[derive(Clone, Debug)]
pub(crate) struct ApiError {
    status: StatusCode,
    retry_after: Option<u64>,
    body: Map<String, Value>,
}

/// What each status means where nothing more is known: its code and its text.
const MEANINGS: &[(u16, &str, &str)] = &[
    (
        400,
        "bad.request",
        "The request could not be understood by the server due to malformed syntax.",
    ),
    (401, "bad.credentials", "Invalid login credentials."),
    (403, "not.authorized", "You are not authorized to perform the requested action."),
    (404, "not.found", "The requested resource was not found."),
    (405, "method.not.allowed", "The method is not allowed for the requested resource."),
    (
        408,
        "request.timeout",
        "The client did not produce a request within the server timeout limit.",
    ),
    (409, "general.conflict", "The request could not be completed due to a conflict."),
    (413, "request.entity.too.large", "The request is over the size limit."),
    (415, "unsupported.media.type", "Unsupported media type: send application/json."),
    (429, "too.many.requests.retry.after", "Rate limit exceeded the maximum."),
    (500, "internal.server.error", "The server encountered an unexpected condition."),
    (503, "service.unavailable", "Service unavailable: the server is temporarily overloaded."),
    (504, "request.timeout", "The request timed out."),
];

impl ApiError {
    /// Makes the plain error of a status.
    pub(crate) fn of(status: StatusCode) -> Self {
        let meaning = MEANINGS.iter().find(|(number, ..)| *number == status.as_u16());
        let (_, code, message) = meaning.copied().unwrap_or((0, "unknown", "Unknown error."));
        let error = Self { status, retry_after: None, body: Map::new() };
        error
            .with("status", status.as_u16())
            .with("code", code)
            .with("message", message)
            .with("details", json!([]))
            .with("errors", json!([]))
    }

    /// Sets a field of the body.
    fn with(mut self, field: &str, value: impl Into<Value>) -> Self {
        self.body.insert(field.to_owned(), value.into());
        self
    }

    /// Replaces the code.
    pub(crate) fn coded(self, code: &str) -> Self {
        self.with("code", code)
    }

    /// Replaces the text.
    pub(crate) fn saying(self, message: impl Into<String>) -> Self {
        self.with("message", message.into())
    }

    /// 400: a parameter has a value that its type does not have.
    pub(crate) fn invalid_value(value: &str, kind: &str, allowed: &str) -> Self {
        Self::of(StatusCode::BAD_REQUEST).coded("invalid.value").saying(format!(
            "Value [{value}] is not valid for field type [{kind}]. \
                 Allowable values are: {allowed}"
        ))
    }

    /// 401: the request carries no bearer token.
    pub(crate) fn no_token() -> Self {
        Self::of(StatusCode::UNAUTHORIZED)
            .coded("authentication.required")
            .saying("No authentication bearer token specified in authorization header.")
    }

    /// 401: the token is not one that this emulator knows.
    pub(crate) fn bad_token() -> Self {
        Self::of(StatusCode::UNAUTHORIZED)
    }

    /// 403: the client lacks permissions, or scopes in the `pathed` dialect.
    pub(crate) fn missing(lacking: &[&str]) -> Self {
        // `division:write` is a scope, `authorization:division:add` is a permission.
        let is_scope = lacking.iter().all(|one| one.matches(':').count() == 1);
        let (code, noun) = if is_scope {
            ("missing.scopes", "scopes")
        } else {
            ("missing.any.permissions", "permissions")
        };
        let singular = noun.trim_end_matches('s');
        let text = format!(
            "Unable to perform the requested action. You are missing the following {singular}(s): "
        );
        let names = lacking.join(", ");
        Self::of(StatusCode::FORBIDDEN)
            .coded(code)
            .saying(format!("{text}{names}"))
            .with("messageWithParams", format!("{text}{{{noun}}}"))
            .with("messageParams", json!({ noun: names }))
    }

    /// 429: come back in so many seconds.
    pub(crate) fn too_many_requests(seconds: u64) -> Self {
        Self::of(StatusCode::TOO_MANY_REQUESTS)
            .saying(format!(
                "Rate limit exceeded the maximum. Retry the request in [{seconds}] seconds"
            ))
            .retry_after(Some(seconds))
    }

    /// Sets the header `Retry-After`.
    pub(crate) fn retry_after(mut self, seconds: Option<u64>) -> Self {
        self.retry_after = seconds;
        self
    }
}

impl From<Refused> for ApiError {
    /// Says the org's refusal in the API's words.
    fn from(refused: Refused) -> Self {
        let bad_request = Self::of(StatusCode::BAD_REQUEST);
        let conflict = Self::of(StatusCode::CONFLICT);
        match refused {
            Refused::Absent => Self::of(StatusCode::NOT_FOUND),
            Refused::NoName => bad_request.saying("A name is required."),
            Refused::Duplicate { name, shown_as } => match shown_as {
                Duplicate::Conflict => conflict,
                Duplicate::BadRequest => bad_request.coded("duplicate.name"),
            }
            .saying(format!("A division with the name {name} already exists.")),
            Refused::Limit { limit } => bad_request
                .coded("limit.exceeded")
                .saying(format!("The organization may have {limit} divisions."))
                .with(
                    "limit",
                    json!({ "key": "divisions", "namespace": "authorization", "value": limit }),
                ),
            Refused::HomeStays => bad_request.saying("The home division cannot be deleted."),
            Refused::HoldsObjects { id } => {
                bad_request.saying("The division still holds objects.").with("entityId", id)
            }
            Refused::DuplicatePath { name, path } => conflict
                .coded("duplicate.division")
                .saying(format!("A division named {name} with the path {path} already exists.")),
            Refused::ParentAbsent { parent } => conflict
                .coded("parent.not.found")
                .saying(format!("The parent path {parent} does not exist.")),
            Refused::BadPath { path } => bad_request
                .coded("invalid.value")
                .saying(format!("[{path}] is no path; write /Parent/Name.")),
        }
    }
}

impl From<Error> for ApiError {
    /// A store that fails is the emulator's fault, never the client's.
    fn from(error: Error) -> Self {
        tracing::error!(%error, "the emulator could not keep a change");
        Self::of(StatusCode::INTERNAL_SERVER_ERROR)
    }
}

impl IntoResponse for ApiError {
    /// Hands the error on as an extension; the body is written by [`finish`].
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

/// Gives a reply its correlation id, and an error its body.
pub(crate) fn finish(mut response: Response, correlation_id: &str) -> Response {
    if let Some(error) = response.extensions_mut().remove::<ApiError>() {
        let error = error.with("contextId", correlation_id);
        *response.body_mut() = Body::from(Value::Object(error.body).to_string());
        let json = HeaderValue::from_static("application/json");
        response.headers_mut().insert(CONTENT_TYPE, json);
        if let Some(seconds) = error.retry_after {
            response.headers_mut().insert(RETRY_AFTER, seconds.into());
        }
    }
    if let Ok(value) = HeaderValue::from_str(correlation_id) {
        response.headers_mut().insert(CORRELATION_ID, value);
    }
    response
}

/// The body of a refused token: status 400, whatever the reason.
pub(crate) fn token_refusal(refusal: TokenRefusal) -> Response {
    let (error, description) = match refusal {
        TokenRefusal::NoCredentials => ("invalid_request", "client credentials are missing"),
        TokenRefusal::UnknownClient => ("invalid_client", "client not found"),
        TokenRefusal::WrongSecret => ("invalid_client", "authentication failed"),
    };
    oauth_error(error, description)
}

/// An error of the login service. The Go SDK reads `error_description`, others `description`.
pub(crate) fn oauth_error(error: &str, description: &str) -> Response {
    let body = json!({
        "error": error,
        "description": description,
        "error_description": description,
    });
    (StatusCode::BAD_REQUEST, axum::Json(body)).into_response()
}
