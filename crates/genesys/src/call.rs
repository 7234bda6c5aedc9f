//! One request as data: what is asked, by which method, and what repeating it could do.
//!
//! Never sends anything and holds no credentials of its own. Invariant: only `Method::Post`
//! changes the org.

use std::borrow::Cow;

use secrecy::SecretString;
use serde_json::{Map, Value};

use crate::retry::Safety;

/// One request, before it is known who asks.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) query: Vec<(Cow<'static, str>, String)>,
    pub(crate) body: Option<Value>,
    pub(crate) needs: &'static [&'static str],
}

/// How it is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Method {
    /// Reads.
    Get,
    /// May create something.
    Post,
    /// A question that is too long for a URL: a POST that changes nothing.
    Query,
    /// The request for a token: a POST that changes nothing.
    Login,
}

impl Method {
    /// Returns the HTTP method.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post | Self::Query | Self::Login => "POST",
        }
    }

    /// Says what a repeated request could do.
    pub(crate) fn safety(self) -> Safety {
        match self {
            Self::Get | Self::Query | Self::Login => Safety::Repeatable,
            Self::Post => Safety::Changes,
        }
    }
}

impl Call {
    /// Asks for a path below the API's base, already escaped.
    pub(crate) fn get(path: impl Into<String>) -> Self {
        Self { method: Method::Get, path: path.into(), query: Vec::new(), body: None, needs: &[] }
    }

    /// Sends a body that may create something.
    pub(crate) fn post(path: impl Into<String>, body: Value) -> Self {
        Self { method: Method::Post, body: Some(body), ..Self::get(path) }
    }

    /// Asks a question whose parameters are its body.
    pub(crate) fn question(path: impl Into<String>) -> Self {
        Self { method: Method::Query, body: Some(Value::Object(Map::new())), ..Self::get(path) }
    }

    /// Adds a parameter where this request has them: in its body, else in its query.
    pub(crate) fn parameter(
        mut self,
        name: impl Into<Cow<'static, str>>,
        value: impl Into<Value>,
    ) -> Self {
        let (name, value) = (name.into(), value.into());
        match (&mut self.body, value) {
            (Some(Value::Object(body)), value) => drop(body.insert(name.into_owned(), value)),
            (_, Value::String(text)) => self.query.push((name, text)),
            (_, value) => self.query.push((name, value.to_string())),
        }
        self
    }

    /// Asks the login service for a token.
    pub(crate) fn login() -> Self {
        Self { method: Method::Login, ..Self::get("/oauth/token") }
    }

    /// Adds a query parameter; its value is escaped when it is sent.
    pub(crate) fn query(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.query.push((name.into(), value.into()));
        self
    }

    /// Says which permissions a 403 is about, if its text does not.
    pub(crate) fn needs(mut self, permissions: &'static [&'static str]) -> Self {
        self.needs = permissions;
        self
    }
}

/// Who is asking.
#[derive(Clone, Copy)]
pub(crate) enum Authorization<'a> {
    Bearer(&'a SecretString),
    Client { id: &'a str, secret: &'a SecretString },
}
