//! From what came back to why it failed: statuses, bodies and broken connections as [`Reason`]s.
//!
//! Never sends, never waits, never redacts (its caller does). Invariant: a web page from something
//! between here and the API is never taken for the API's own 403 or 404.

use std::error::Error as StdError;
use std::io;

use divvy_core::name;
use reqwest::StatusCode;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::error::{NetworkFailure, Reason};
use crate::retry::Happened;

/// The parts of an error body that are told on.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Told {
    pub(crate) code: Option<String>,
    pub(crate) message: Option<String>,
    pub(crate) context_id: Option<String>,
    /// Texts that may name a permission.
    permissions_in: Vec<String>,
}

impl Told {
    /// Reads an error body of the API (`ErrorBody`) or of the login service (`error`,
    /// `description` or `error_description`); anything else tells nothing.
    pub(crate) fn read(body: &[u8]) -> Self {
        let Ok(Value::Object(body)) = serde_json::from_slice(body) else {
            return Self::default();
        };
        let text = |fields: &[&str]| {
            fields
                .iter()
                .filter_map(|field| body.get(*field)?.as_str())
                .find(|text| !text.is_empty())
                .map(str::to_owned)
        };
        let message = text(&["message", "messageWithParams", "error_description", "description"]);
        let parameters = body.get("messageParams").and_then(Value::as_object);
        let mut permissions_in: Vec<String> = message.iter().cloned().collect();
        permissions_in.extend(
            parameters
                .into_iter()
                .flat_map(|parameters| parameters.values())
                .filter_map(|value| value.as_str().map(str::to_owned)),
        );
        Self {
            code: text(&["code", "error"]),
            message,
            context_id: text(&["contextId"]),
            permissions_in,
        }
    }

    /// The login service says "too many" with a 400 whose text begins so.
    fn is_login_rate_limit(&self) -> bool {
        [&self.code, &self.message]
            .into_iter()
            .flatten()
            .any(|text| text.contains("rate limit exceeded"))
    }
}

/// Classifies an answer that is not 2xx. `is_login` is true for the token request.
pub(crate) fn of_status(
    status: StatusCode,
    body: &[u8],
    told: &Told,
    is_login: bool,
    needs: &[&str],
) -> (Reason, Happened) {
    let rate_limited = (Reason::RateLimited { retry_after: None }, Happened::RateLimited);
    let reason = match status.as_u16() {
        429 => return rate_limited,
        400 if is_login && told.is_login_rate_limit() => return rate_limited,
        408 | 500 | 502..=510 | 512..=599 => return (Reason::Unavailable, Happened::ServerTrouble),
        501 => Reason::Unavailable,
        407 => Reason::Proxy,
        // A network that wants a sign-on first.
        511 => Reason::NotJson { is_html: is_html(body) },
        413 | 414 | 431 => Reason::TooLong,
        300..=399 => Reason::Redirect { location: None },
        409 => Reason::Conflict,
        _ if is_html(body) => Reason::NotJson { is_html: true },
        // The API's own refusals are JSON or empty; `404 page not found` is a gateway's.
        401 | 403 | 404 if is_foreign_text(body) => Reason::NotJson { is_html: false },
        400 if is_login && told.code.as_deref() == Some("invalid_client") => {
            Reason::WrongCredentials
        }
        401 => Reason::WrongCredentials,
        403 => Reason::Forbidden { permissions: missing_permissions(told, needs) },
        404 => Reason::NotFound,
        _ => Reason::Refused,
    };
    (reason, Happened::Refused)
}

/// Reads the body of a 2xx.
pub(crate) fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, (Reason, Happened)> {
    serde_json::from_slice(body).map_err(|error| match error.classify() {
        _ if is_html(body) => (Reason::NotJson { is_html: true }, Happened::ForeignSuccess),
        serde_json::error::Category::Data => (Reason::UnexpectedJson, Happened::ForeignSuccess),
        serde_json::error::Category::Eof => (Reason::TruncatedJson, Happened::CutSuccess),
        serde_json::error::Category::Syntax | serde_json::error::Category::Io => {
            (Reason::NotJson { is_html: false }, Happened::ForeignSuccess)
        }
    })
}

/// Classifies a try that brought no complete answer. `through_proxy` is true if it certainly went to one.
pub(crate) fn of_failure(error: &reqwest::Error, through_proxy: bool) -> (Reason, Happened) {
    let causes = || std::iter::successors(error.source(), |&cause| cause_of(cause));
    let io_kinds = || causes().filter_map(|cause| cause.downcast_ref::<io::Error>());
    let is_tls = causes().any(<dyn StdError>::is::<rustls::Error>);
    let has = |kind| io_kinds().any(|error| error.kind() == kind);
    // hyper-util's tunnel errors are private: their text is all that tells them.
    let is_tunnel = causes().any(|cause| cause.to_string().contains("tunnel"));

    if error.is_connect() {
        return match () {
            () if is_tls => (Reason::Tls, Happened::CannotConnect),
            () if is_tunnel => (Reason::Proxy, Happened::CannotConnect),
            () if through_proxy => (Reason::Proxy, Happened::NotSent),
            () => (Reason::Network(network(error, has)), Happened::NotSent),
        };
    }
    if error.is_builder() {
        // Only a token or client id that cannot stand in a header gets here: URLs are checked before.
        return (Reason::WrongCredentials, Happened::Refused);
    }
    (Reason::Network(network(error, has)), Happened::NoAnswer)
}

/// Returns the next cause. An [`io::Error`]'s own `source` skips what it wraps.
fn cause_of<'a>(error: &'a (dyn StdError + 'static)) -> Option<&'a (dyn StdError + 'static)> {
    match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
        Some(wrapped) => Some(wrapped),
        None => error.source(),
    }
}

fn network(error: &reqwest::Error, has: impl Fn(io::ErrorKind) -> bool) -> NetworkFailure {
    use io::ErrorKind::{ConnectionRefused, TimedOut};
    match () {
        () if error.is_timeout() || has(TimedOut) => NetworkFailure::TimedOut,
        () if error.is_dns() => NetworkFailure::Dns,
        () if has(ConnectionRefused) => NetworkFailure::Refused,
        () if error.is_connect() => NetworkFailure::Other,
        () => NetworkFailure::Reset,
    }
}

/// Returns the title of a web page, so that a person sees who answered.
pub(crate) fn page_title(body: &[u8]) -> Option<String> {
    const LONGEST: usize = 80;
    if !is_html(body) {
        return None;
    }
    let text = String::from_utf8_lossy(&body[..body.len().min(4096)]).into_owned();
    // ASCII lower case keeps every byte where it is.
    let lower = text.to_ascii_lowercase();
    let start = lower.find("<title>")? + "<title>".len();
    let end = start + lower[start..].find('<')?;
    let title: Vec<&str> = text[start..end].split_whitespace().collect();
    let title: String = title.join(" ").chars().take(LONGEST).collect();
    (!title.is_empty()).then(|| format!("with the page {}", name::visible(&title)))
}

/// Something is there, and it is not JSON.
fn is_foreign_text(body: &[u8]) -> bool {
    !body.trim_ascii().is_empty() && serde_json::from_slice::<serde::de::IgnoredAny>(body).is_err()
}

fn is_html(body: &[u8]) -> bool {
    body.trim_ascii_start().starts_with(b"<")
}

/// Takes permission names (`a:b:c`, or the pathed dialect's `a:b`) out of the reply's texts; where
/// it names none, what the request is known to need.
fn missing_permissions(told: &Told, needs: &[&str]) -> Vec<String> {
    let mut named: Vec<String> = Vec::new();
    for text in &told.permissions_in {
        let words =
            text.split(|c: char| !c.is_alphanumeric() && !matches!(c, ':' | '_' | '-' | '*'));
        for word in words.map(|word| word.trim_matches(':')) {
            let parts: Vec<&str> = word.split(':').collect();
            let is_permission = matches!(parts.len(), 2 | 3)
                && parts
                    .iter()
                    .all(|part| part.starts_with(|c: char| c.is_ascii_alphabetic() || c == '*'));
            if is_permission && !named.iter().any(|known| known == word) {
                named.push(word.to_owned());
            }
        }
    }
    if named.is_empty() {
        named.extend(needs.iter().map(|need| (*need).to_owned()));
    }
    named
}

#[cfg(test)]
mod tests {
    use super::*;

    fn classify(status: u16, body: &str, is_login: bool) -> (Reason, Happened) {
        let told = Told::read(body.as_bytes());
        let status = StatusCode::from_u16(status).unwrap();
        of_status(status, body.as_bytes(), &told, is_login, &["a:b:add"])
    }

    #[test]
    fn statuses_map_to_what_a_caller_can_do() {
        use Happened::{RateLimited, Refused, ServerTrouble};
        for (status, body, is_login, reason, happened) in [
            (
                400,
                r#"{"error":"invalid_client","description":"client not found"}"#,
                true,
                Reason::WrongCredentials,
                Refused,
            ),
            (
                400,
                r#"{"error":"invalid_request (rate limit exceeded; 5)"}"#,
                true,
                Reason::RateLimited { retry_after: None },
                RateLimited,
            ),
            (
                400,
                r#"{"error":"invalid_request (rate limit exceeded; 5)"}"#,
                false,
                Reason::Refused,
                Refused,
            ),
            (400, r#"{"code":"bad.request"}"#, false, Reason::Refused, Refused),
            (401, "", false, Reason::WrongCredentials, Refused),
            (404, "", false, Reason::NotFound, Refused),
            (404, "<html>", false, Reason::NotJson { is_html: true }, Refused),
            (403, " \n<!doctype html>", false, Reason::NotJson { is_html: true }, Refused),
            (407, "<html>", false, Reason::Proxy, Refused),
            (409, "<html>", false, Reason::Conflict, Refused),
            (429, "<html>", false, Reason::RateLimited { retry_after: None }, RateLimited),
            (302, "", false, Reason::Redirect { location: None }, Refused),
            (404, "404 page not found", false, Reason::NotJson { is_html: false }, Refused),
            (403, "denied by policy", false, Reason::NotJson { is_html: false }, Refused),
            (401, "Unauthorized", true, Reason::NotJson { is_html: false }, Refused),
            (404, r#"{"code":"not.found"}"#, false, Reason::NotFound, Refused),
            (
                400,
                "<html>Request Header Or Cookie Too Large",
                false,
                Reason::NotJson { is_html: true },
                Refused,
            ),
            (413, "<html>", false, Reason::TooLong, Refused),
            (414, "", false, Reason::TooLong, Refused),
            (431, "", true, Reason::TooLong, Refused),
            (511, "<html>", false, Reason::NotJson { is_html: true }, Refused),
            (501, "", false, Reason::Unavailable, Refused),
            (502, "<html>", false, Reason::Unavailable, ServerTrouble),
            (408, "", false, Reason::Unavailable, ServerTrouble),
        ] {
            assert_eq!(classify(status, body, is_login), (reason, happened), "{status} {body}");
        }
    }

    #[test]
    fn a_403_names_its_permissions_or_the_known_ones() {
        let named = |body: &str| match classify(403, body, false).0 {
            Reason::Forbidden { permissions } => permissions,
            other => panic!("{other:?}"),
        };
        assert_eq!(
            named(
                r#"{"message":"missing permission(s): [authorization:division:add, authorization:grant:add]"}"#
            ),
            ["authorization:division:add", "authorization:grant:add"]
        );
        assert_eq!(named(r#"{"message":"needs scope: division:write."}"#), ["division:write"]);
        assert_eq!(named(r#"{"message":"no","messageParams":{"p":"x:y:view"}}"#), ["x:y:view"]);
        assert_eq!(named(r#"{"message":"at 12:30 you may not"}"#), ["a:b:add"]);
    }

    #[test]
    fn what_is_no_complete_json_is_told_apart() {
        let reason = |body: &str| read::<Vec<u8>>(body.as_bytes()).unwrap_err().0;
        assert_eq!(reason("<html>"), Reason::NotJson { is_html: true });
        assert_eq!(reason("hello"), Reason::NotJson { is_html: false });
        assert_eq!(reason("[1,"), Reason::TruncatedJson);
        assert_eq!(reason(""), Reason::TruncatedJson);
        assert_eq!(reason("{}"), Reason::UnexpectedJson);
    }
}
