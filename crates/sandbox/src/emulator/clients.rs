//! Who asks: the callers, and the tokens that this emulator has given out.
//!
//! Never keeps a secret outside the org's clients, never prints one. Invariant: a token opens only
//! the emulator that made it, and only until it is revoked or the emulator ends.

use std::collections::{BTreeSet, HashMap};
use std::sync::Mutex;

use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use uuid::Uuid;

use super::locked::lock;
use super::org::{Division, Org, Standing};

/// Who sends a request, and what that lets them do and see.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    permissions: Option<BTreeSet<String>>,
    divisions: Option<BTreeSet<String>>,
}

impl Caller {
    /// Looks a client up; `None` if the org names its clients and this is none of them.
    pub(crate) fn of(org: &Org, client_id: &str) -> Option<Self> {
        if org.clients.is_empty() {
            return Some(Self { permissions: None, divisions: None });
        }
        let client = org.clients.iter().find(|client| client.id == client_id)?;
        Some(Self { permissions: client.permissions.clone(), divisions: client.divisions.clone() })
    }

    /// Returns those of the needed permissions that the client lacks.
    pub(crate) fn lacks<'a>(&self, needed: &[&'a str]) -> Vec<&'a str> {
        let missing = needed.iter().copied();
        match &self.permissions {
            None => Vec::new(),
            Some(held) => missing.filter(|one| !held.contains(*one)).collect(),
        }
    }

    /// Returns whether the client's role is granted in this division.
    pub(crate) fn sees(&self, division: &Division) -> bool {
        let Some(divisions) = &self.divisions else {
            return true;
        };
        divisions.contains(&division.id)
            || (division.standing == Standing::Home && divisions.contains("home"))
    }
}

/// Why no token is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TokenRefusal {
    /// The header does not hold an id and a secret.
    NoCredentials,
    /// The org has no such client.
    UnknownClient,
    /// The secret is another.
    WrongSecret,
}

/// The tokens given out, each with the id of its client.
#[derive(Default)]
pub(crate) struct Tokens(Mutex<HashMap<String, String>>);

impl Tokens {
    /// Gives a token for the id and secret of an `Authorization: Basic` header.
    pub(crate) fn give(&self, org: &Org, headers: &HeaderMap) -> Result<String, TokenRefusal> {
        let (id, secret) = basic(headers).ok_or(TokenRefusal::NoCredentials)?;
        if !org.clients.is_empty() {
            let client = org.clients.iter().find(|client| client.id == id);
            let client = client.ok_or(TokenRefusal::UnknownClient)?;
            if client.secret != secret {
                return Err(TokenRefusal::WrongSecret);
            }
        }
        let random = [*Uuid::new_v4().as_bytes(), *Uuid::new_v4().as_bytes()].concat();
        let token = URL_SAFE_NO_PAD.encode(random);
        lock(&self.0).insert(token.clone(), id);
        Ok(token)
    }

    /// Returns the client of a bearer token that this emulator gave out and has not revoked.
    pub(crate) fn client_of(&self, headers: &HeaderMap) -> Option<String> {
        lock(&self.0).get(bearer(headers)?).cloned()
    }

    /// Takes a token back: from now on it is answered with 401.
    pub(crate) fn revoke(&self, headers: &HeaderMap) {
        if let Some(token) = bearer(headers) {
            lock(&self.0).remove(token);
        }
    }
}

/// Returns the token of an `Authorization: Bearer` header.
pub(crate) fn bearer(headers: &HeaderMap) -> Option<&str> {
    credentials(headers, "bearer")
}

/// Returns the id and the secret of an `Authorization: Basic` header.
pub(crate) fn basic(headers: &HeaderMap) -> Option<(String, String)> {
    let decoded = STANDARD.decode(credentials(headers, "basic")?).ok()?;
    let text = String::from_utf8(decoded).ok()?;
    let (id, secret) = text.split_once(':')?;
    Some((id.to_owned(), secret.to_owned()))
}

fn credentials<'a>(headers: &'a HeaderMap, wanted: &str) -> Option<&'a str> {
    let value = headers.get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, credentials) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case(wanted).then_some(credentials)
}
