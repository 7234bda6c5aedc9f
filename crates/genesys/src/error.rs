//! What went wrong with a request, as something that a caller can act on.
//!
//! Never holds a header, a body or a secret: texts of the API pass through the client's redaction
//! before they come here. Invariant: one [`Error`] speaks of exactly one request.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// Why a request did not do what it was to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// Client id, secret or token are not taken: 400 `invalid_client`, or 401 with a fresh token.
    WrongCredentials,
    /// 403; the permissions (or scopes) that are missing, as far as the reply or the kind names them.
    Forbidden {
        /// `authorization:division:add`, or `division:write` under the pathed dialect.
        permissions: Vec<String>,
    },
    /// 404 from the API itself.
    NotFound,
    /// 409: on a create, the name is taken (or the parent is missing, under the pathed dialect).
    Conflict,
    /// Another 4xx: the API understood and declined.
    Refused,
    /// The request is longer than what is between here and the API takes: 413, 414, 431, or a URL that
    /// was not even sent.
    TooLong,
    /// 429, or the login service's own way of saying so; waiting longer than divvy does may help.
    RateLimited {
        /// How long the API asked to wait, where it said so.
        retry_after: Option<Duration>,
    },
    /// 5xx, still after the last try. Nothing was to be changed by the request.
    Unavailable,
    /// A request that can change the org may have been carried out or not: look before repeating.
    UnknownOutcome,
    /// No answer came.
    Network(NetworkFailure),
    /// The server's certificate is not trusted, or no TLS could be agreed on.
    Tls,
    /// The proxy refused or could not be reached.
    Proxy,
    /// Something between here and the API answered, or the base URL is not the API's.
    NotJson {
        /// True for a web page: a captive portal, a sign-on page, a proxy's error page.
        is_html: bool,
    },
    /// The JSON ends before it is complete.
    TruncatedJson,
    /// JSON, but not of the documented form.
    UnexpectedJson,
    /// The reply is larger than any that the API sends; its end was not read.
    TooLarge {
        /// How many bytes are read at most.
        limit: usize,
    },
    /// The reply is about another entity than the request.
    OtherEntity,
    /// 3xx: the API never redirects, and divvy never carries a token to another place.
    Redirect {
        /// Where to, without query.
        location: Option<String>,
    },
    /// Somebody asked divvy to stop while this request waited.
    Interrupted,
}

/// Ways in which no answer comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NetworkFailure {
    /// The host's name leads to no address.
    Dns,
    /// Nobody listens there.
    Refused,
    /// The connection broke.
    Reset,
    /// No (complete) answer within the time for one try.
    TimedOut,
    /// Anything else below HTTP.
    Other,
}

/// The request that failed and what came back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exchange {
    /// `GET` or `POST`.
    pub method: &'static str,
    /// Host and port that the request was for.
    pub host: String,
    /// Path and query as sent.
    pub path: String,
    /// HTTP status, where an answer came.
    pub status: Option<u16>,
    /// The API's `code` (the login service's `error`).
    pub code: Option<String>,
    /// The API's message.
    pub message: Option<String>,
    /// Header `ININ-Correlation-Id`, else the body's `contextId`.
    pub correlation_id: Option<String>,
    /// How many tries were made.
    pub attempts: u32,
}

/// A request failed.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{}", self.sentence())]
pub struct Error {
    /// Why, for callers to match on.
    pub reason: Reason,
    /// What was asked and answered.
    pub exchange: Box<Exchange>,
    /// The failure below HTTP, where there is one.
    #[source]
    pub(crate) source: Option<Arc<reqwest::Error>>,
}

impl Error {
    /// Returns whether the org may have been changed although this is an error.
    pub fn may_have_changed_the_org(&self) -> bool {
        self.reason == Reason::UnknownOutcome
    }

    /// Returns whether the API answered a change with a yes that could not be used.
    pub(crate) fn was_answered_yes(&self) -> bool {
        self.exchange.status.is_some_and(|status| (200..300).contains(&status))
    }

    /// Returns whether a search failed because of what was searched for.
    pub fn is_about_the_term(&self) -> bool {
        matches!(self.reason, Reason::Refused | Reason::TooLong)
    }

    /// Returns whether this is how `kind` tells that a create met an existing entity. Only `POST` on
    /// the collection counts: the same status and code also mean version clashes elsewhere.
    pub fn is_duplicate_of(&self, kind: &divvy_core::Kind) -> bool {
        self.exchange.method == "POST"
            && self
                .exchange
                .status
                .is_some_and(|status| kind.is_duplicate(status, self.exchange.code.as_deref()))
    }

    fn sentence(&self) -> String {
        let exchange = &self.exchange;
        let mut sentence =
            format!("{} {}{}: {}", exchange.method, exchange.host, exchange.path, self.reason);
        let status = exchange.status.map(|status| status.to_string());
        let told = [status.as_deref(), exchange.code.as_deref(), exchange.message.as_deref()];
        let told: Vec<&str> = told.into_iter().flatten().collect();
        if !told.is_empty() {
            sentence += "; the API said ";
            sentence += &told.join(" ");
        }
        let mut asides = Vec::new();
        if let Some(id) = &exchange.correlation_id {
            asides.push(format!("correlation id {id}"));
        }
        if exchange.attempts > 1 {
            asides.push(format!("{} tries", exchange.attempts));
        }
        if asides.is_empty() {
            return sentence;
        }
        format!("{sentence} ({})", asides.join(", "))
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::WrongCredentials => "the credentials are not accepted",
            Self::Forbidden { permissions } if permissions.is_empty() => "not permitted",
            Self::Forbidden { permissions } => {
                return write!(f, "not permitted, needs {}", permissions.join(" and "));
            }
            Self::NotFound => "not found",
            Self::Conflict => "conflict with what exists",
            Self::Refused => "refused",
            Self::TooLong => "the request is too long",
            Self::RateLimited { retry_after: None } => "too many requests",
            Self::RateLimited { retry_after: Some(wait) } => {
                return write!(f, "too many requests, retry after {} s", wait.as_secs());
            }
            Self::Unavailable => "the service is not available",
            Self::UnknownOutcome => "no usable answer, so it may have been carried out or not",
            Self::Network(NetworkFailure::Dns) => "the host name cannot be resolved",
            Self::Network(NetworkFailure::Refused) => "connection refused",
            Self::Network(NetworkFailure::Reset) => "the connection broke",
            Self::Network(NetworkFailure::TimedOut) => "no answer in time",
            Self::Network(NetworkFailure::Other) => "the network failed",
            Self::Tls => "no trusted TLS connection",
            Self::Proxy => "the proxy refused or cannot be reached",
            Self::NotJson { is_html: true } => "a web page came back instead of JSON",
            Self::NotJson { is_html: false } => "the reply is not JSON",
            Self::TruncatedJson => "the reply ends too early",
            Self::UnexpectedJson => "the reply has an unknown form",
            Self::TooLarge { limit } => {
                return write!(f, "the reply is larger than {} MiB", limit.div_ceil(1024 * 1024));
            }
            Self::OtherEntity => "the reply is about another entity",
            Self::Redirect { location: None } => "redirected, which the API never does",
            Self::Redirect { location: Some(location) } => {
                return write!(f, "redirected to {location}, which the API never does");
            }
            Self::Interrupted => "interrupted",
        })
    }
}
