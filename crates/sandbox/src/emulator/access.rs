//! What a handler is given: who asks, what they see, what they sent.
//!
//! Never changes anything. Invariant: a handler that takes a [`Context`] runs only for a caller
//! whose token is good and who holds the permissions that the router's table names.

use std::collections::HashSet;
use std::sync::{Arc, MutexGuard};

use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, MatchedPath, Query, Request};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::http::request::Parts;
use serde::de::DeserializeOwned;

use super::clients::{Caller, bearer};
use super::lag::Distortion;
use super::org::{Division, Org, Refused};
use super::permissions::needed;
use super::replies::{ApiError, ListingUri, Page};
use super::shared::Shared;
use super::store::Store;

/// A request of a known caller, with the permissions that its route needs.
pub(crate) struct Context {
    pub(crate) shared: Arc<Shared>,
    pub(crate) caller: Caller,
    pub(crate) distortion: Distortion,
    pub(crate) parameters: Parameters,
}

impl FromRequestParts<Arc<Shared>> for Context {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, shared: &Arc<Shared>) -> Result<Self, ApiError> {
        bearer(&parts.headers).ok_or_else(ApiError::no_token)?;
        let client = shared.tokens.client_of(&parts.headers);
        let client = client.ok_or_else(ApiError::bad_token)?;
        let caller = Caller::of(shared.store().org(), &client).ok_or_else(ApiError::bad_token)?;
        if let Some(path) = parts.extensions.get::<MatchedPath>() {
            let lacking = caller.lacks(needed(&parts.method, path.as_str()));
            if !lacking.is_empty() {
                return Err(ApiError::missing(&lacking));
            }
        }
        Ok(Self {
            shared: Arc::clone(shared),
            caller,
            distortion: parts.extensions.get().cloned().unwrap_or_default(),
            parameters: Parameters::of(parts)?,
        })
    }
}

impl Context {
    /// Locks the store.
    pub(crate) fn store(&self) -> MutexGuard<'_, Store> {
        self.shared.store()
    }

    /// Returns what a listing shows this caller; counts as one read for what lags.
    pub(crate) fn shown<'a>(&self, org: &'a Org) -> Vec<&'a Division> {
        let lagging = self.shared.lists.read_all();
        let shown = org
            .in_order()
            .filter(|division| self.may_see(org, division) && !lagging.contains(&division.id));
        let wanted: HashSet<_> = self.parameters.all("id").collect();
        let wanted =
            |division: &&Division| wanted.is_empty() || wanted.contains(division.id.as_str());
        let term = self.parameters.one("name");
        let found =
            |division: &&Division| term.is_none_or(|term| org.policy.finds(term, &division.name));
        shown.filter(wanted).filter(found).collect()
    }

    /// Returns a division that this caller may read; counts as one read for what lags.
    pub(crate) fn read<'a>(&self, org: &'a Org, id: &str) -> Result<&'a Division, Refused> {
        if self.shared.gets.read_one(id) {
            return Err(Refused::Absent);
        }
        self.find(org, id)
    }

    /// Returns a division that this caller may change.
    pub(crate) fn find<'a>(&self, org: &'a Org, id: &str) -> Result<&'a Division, Refused> {
        let found = org.divisions.get(id);
        found.filter(|division| self.may_see(org, division)).ok_or(Refused::Absent)
    }

    /// Lets what this request created lag, if a fault says so.
    pub(crate) fn hold_back(&self, id: &str) {
        if let Some(lag) = &self.distortion.list_lag {
            self.shared.lists.hold_back(id, lag);
        }
        if let Some(lag) = &self.distortion.get_lag {
            self.shared.gets.hold_back(id, lag);
        }
    }

    fn may_see(&self, org: &Org, division: &Division) -> bool {
        let is_in_sight = !self.distortion.home_only || division.id == org.home().id;
        division.is_shown() && self.caller.sees(division) && is_in_sight
    }
}

/// A request's query.
pub(crate) struct Parameters {
    pairs: Vec<(String, String)>,
    pub(crate) uri: ListingUri,
}

impl Parameters {
    fn of(parts: &Parts) -> Result<Self, ApiError> {
        let pairs = Query::try_from_uri(&parts.uri);
        let Query(pairs) = pairs.map_err(|_| ApiError::of(StatusCode::BAD_REQUEST))?;
        Ok(Self { pairs, uri: ListingUri::of(&parts.uri) })
    }

    /// Returns a parameter; one that is sent empty is not sent.
    pub(crate) fn one(&self, name: &str) -> Option<&str> {
        let mut pairs = self.pairs.iter();
        let found = pairs.find(|(key, value)| key == name && !value.is_empty());
        found.map(|(_, value)| value.as_str())
    }

    /// Sets a parameter that the body has instead of the query.
    pub(crate) fn set(&mut self, name: &str, value: String) {
        self.pairs.retain(|(key, _)| key != name);
        self.pairs.push((name.to_owned(), value));
    }

    /// Returns every value of a parameter that may be repeated.
    pub(crate) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        let pairs = self.pairs.iter();
        pairs
            .filter(move |(key, value)| key == name && !value.is_empty())
            .map(|(_, value)| value.as_str())
    }

    /// Returns whether a parameter is `true`.
    pub(crate) fn flag(&self, name: &str) -> bool {
        self.one(name) == Some("true")
    }

    /// Returns a number from 1 to `most`.
    pub(crate) fn number(
        &self,
        name: &str,
        default: usize,
        most: usize,
    ) -> Result<usize, ApiError> {
        let Some(text) = self.one(name) else {
            return Ok(default);
        };
        let number = text.parse().ok().filter(|number| (1..=most).contains(number));
        number.ok_or_else(|| ApiError::invalid_value(text, "Integer", &format!("1 to {most}")))
    }

    /// Returns which page of a numbered listing is asked for.
    pub(crate) fn page(&self, largest: usize) -> Result<Page, ApiError> {
        Ok(Page {
            number: self.number("pageNumber", 1, usize::MAX)?,
            size: self.number("pageSize", 25.min(largest), largest)?,
        })
    }
}

/// A JSON body: 415 if it claims to be something else, 400 if it is not what it claims.
pub(crate) struct Document<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequest<Arc<Shared>> for Document<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, shared: &Arc<Shared>) -> Result<Self, ApiError> {
        if let Some(kind) = request.headers().get(CONTENT_TYPE) {
            let is_json = kind.to_str().is_ok_and(|kind| kind.contains("json"));
            if !is_json {
                return Err(ApiError::of(StatusCode::UNSUPPORTED_MEDIA_TYPE));
            }
        }
        let bad_request = || ApiError::of(StatusCode::BAD_REQUEST);
        let body = Bytes::from_request(request, shared).await;
        let body = body.map_err(|_| bad_request())?;
        let document = serde_json::from_slice(&body);
        document.map(Self).map_err(|_| bad_request())
    }
}
