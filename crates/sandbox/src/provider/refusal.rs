//! Errors in the official provider's own words: summary texts, and the JSON in `detail`.
//!
//! Byte for byte, because divvy reads them and its tests must read the real thing. Invariant: keys
//! stand in the provider's order, and `& < >` are escaped as Go's JSON encoder does.

use divvy_plugin::messages::Diagnostic;
use serde_json::Value as Json;

use super::api::{GaveUp, Reply};
use super::call::Call;

/// An answer that the provider takes as an error.
#[derive(Debug)]
pub(crate) struct Refusal {
    /// The Go error's text, the tail of every summary.
    pub(crate) text: String,
    /// HTTP status; `None` if no answer was left.
    pub(crate) status: Option<u16>,
    detail: String,
}

impl Refusal {
    /// Reads a reply that is no success.
    pub(crate) fn from_reply(call: &Call<'_>, reply: &Reply) -> Self {
        Self::from_error(ApiError::read(reply), call, reply)
    }

    fn from_error(error: ApiError, call: &Call<'_>, reply: &Reply) -> Self {
        let detail = error.detail(call, reply);
        Self { text: error.text, status: Some(reply.status.as_u16()), detail }
    }

    /// A reply of the right status whose content the provider does not accept.
    pub(crate) fn unacceptable(call: &Call<'_>, reply: &Reply, text: &str) -> Self {
        let error = ApiError { text: text.to_owned(), message: None, context: None, details: None };
        Self::from_error(error, call, reply)
    }

    /// No reply was left.
    pub(crate) fn gave_up(call: &Call<'_>, GaveUp(text): GaveUp) -> Self {
        let detail = go_json(&[
            ("resourceType", Some(call.about.resource_type.into())),
            (
                "errorMessage",
                Some(
                    "unable to build a message from the response because the APIResponse does not \
                     contain the appropriate data."
                        .into(),
                ),
            ),
        ]);
        Self { text, status: None, detail }
    }

    /// The form of calls that are made once: JSON in the detail.
    pub(crate) fn diagnostic(&self, summary: &str) -> Diagnostic {
        Diagnostic::error(summary, self.detail.clone())
    }

    /// The form of calls that are retried: everything in the summary, the detail empty.
    pub(crate) fn retried_diagnostic(&self, summary: &str) -> Diagnostic {
        Diagnostic::error(format!("{summary}\n{}\n", self.detail), "")
    }
}

/// What the Go SDK makes of an error body.
struct ApiError {
    text: String,
    message: Option<String>,
    context: Option<Json>,
    details: Option<Json>,
}

impl ApiError {
    fn read(reply: &Reply) -> Self {
        let status = reply.status.as_u16();
        let correlation_id = reply.correlation_id();
        let named = |message: &str| format!("API Error: {status} - {message} ({correlation_id})");
        if reply.body.is_empty() {
            let reason = reply.status.canonical_reason().unwrap_or_default();
            let text = named(&format!("API Error: {status} {reason}"));
            return Self { message: Some(text.clone()), text, context: None, details: None };
        }
        let body: Json = match serde_json::from_slice(&reply.body) {
            Ok(body) => body,
            Err(error) => {
                let text = if error.is_eof() {
                    "unexpected end of JSON input".to_owned()
                } else {
                    let text = String::from_utf8_lossy(&reply.body);
                    let first = text.trim_start().chars().next().unwrap_or_default();
                    format!("invalid character '{first}' looking for beginning of value")
                };
                return Self { text, message: None, context: None, details: None };
            }
        };
        let filled = |name: &str| {
            let field = body.get(name)?;
            let is_filled = match field {
                Json::Object(entries) => !entries.is_empty(),
                Json::Array(elements) => !elements.is_empty(),
                _ => false,
            };
            is_filled.then(|| field.clone())
        };
        let text = named(body.get("message").and_then(Json::as_str).unwrap_or_default());
        Self {
            message: Some(text.clone()),
            text,
            context: filled("messageParams"),
            details: filled("details"),
        }
    }

    fn detail(&self, call: &Call<'_>, reply: &Reply) -> String {
        let correlation_id = Some(reply.correlation_id()).filter(|id| !id.is_empty());
        go_json(&[
            ("resourceType", Some(call.about.resource_type.into())),
            ("method", Some(call.method.as_str().into())),
            ("path", Some(call.path.into())),
            ("statusCode", Some(reply.status.as_u16().into())),
            ("errorMessage", self.message.clone().map(Json::from)),
            ("errorMessageContext", self.context.clone()),
            ("errorMessageDetails", self.details.clone()),
            ("correlationId", correlation_id.map(Json::from)),
        ])
    }
}

/// Writes an object as Go's encoder does: given order, absent fields left out, and the characters
/// that are special in HTML escaped.
fn go_json(fields: &[(&str, Option<Json>)]) -> String {
    let present = fields.iter().filter_map(|(name, value)| Some((name, value.as_ref()?)));
    let parts: Vec<String> =
        present.map(|(name, value)| format!("{}:{value}", Json::from(*name))).collect();
    let plain = format!("{{{}}}", parts.join(","));
    let mut escaped = String::with_capacity(plain.len());
    for character in plain.chars() {
        match character {
            '&' => escaped.push_str("\\u0026"),
            '<' => escaped.push_str("\\u003c"),
            '>' => escaped.push_str("\\u003e"),
            '\u{2028}' => escaped.push_str("\\u2028"),
            '\u{2029}' => escaped.push_str("\\u2029"),
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use hyper::{HeaderMap, Method, StatusCode};

    use super::*;
    use crate::provider::call::{About, Body};

    const SAMPLES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/provider-samples");

    fn sample(file: &str) -> (String, String) {
        let text = std::fs::read_to_string(format!("{SAMPLES}/{file}")).unwrap();
        let line: Json = serde_json::from_str(text.lines().next().unwrap()).unwrap();
        let part = |name: &str| line["diagnostic"][name].as_str().unwrap().to_owned();
        (part("summary"), part("detail"))
    }

    fn reply(status: u16, correlation_id: &str, body: impl Into<Bytes>) -> Reply {
        let mut headers = HeaderMap::new();
        headers.insert("ININ-Correlation-Id", correlation_id.parse().unwrap());
        Reply { status: StatusCode::from_u16(status).unwrap(), headers, body: body.into() }
    }

    fn call(method: Method, path: &str) -> Call<'_> {
        Call {
            method,
            origin: "http://127.0.0.1:8080",
            path,
            query: "",
            authorization: "",
            body: Body::None,
            about: About { resource_type: "genesyscloud_auth_division", ..About::default() },
        }
    }

    fn post() -> Call<'static> {
        call(Method::POST, "/api/v2/authorization/divisions")
    }

    fn create_refused(reply: &Reply) -> (String, String) {
        let refusal = Refusal::from_reply(&post(), reply);
        let diagnostic = refusal
            .diagnostic(&format!("Failed to create division Engineering error: {}", refusal.text));
        (diagnostic.summary, diagnostic.detail)
    }

    #[test]
    fn a_400_reads_as_the_sample() {
        let body = r#"{"message":"A division with the name Engineering already exists.",
            "code":"duplicate.name","status":400,"messageParams":{},"details":[]}"#;
        let reply = reply(400, "246c9291-fdd1-4e90-9987-45256c5f353f", body);
        assert_eq!(create_refused(&reply), sample("diag-400-duplicate-name.json"));
    }

    #[test]
    fn a_403_keeps_its_parameters() {
        let permissions = "authorization:division:add, authorization:grant:add";
        let body = serde_json::json!({
            "message": format!("Unable to perform the requested action. You are missing the \
                                following permission(s): {permissions}"),
            "messageParams": {"permissions": permissions},
        });
        let reply = reply(403, "2534a421-0733-4565-b419-e402b5659479", body.to_string());
        assert_eq!(create_refused(&reply), sample("diag-403.json"));
    }

    #[test]
    fn a_409_page_of_html_hides_the_status_in_the_detail() {
        let reply = reply(409, "0ea7f2d3-01a7-44a5-8d95-e927ce2eb9b1", "<html>busy</html>");
        assert_eq!(create_refused(&reply), sample("diag-409-html-body.json"));
    }

    #[test]
    fn a_409_without_body_names_its_own_status() {
        let (summary, detail) = create_refused(&reply(409, "c1", ""));
        let tail = "API Error: 409 - API Error: 409 Conflict (c1)";
        assert_eq!(summary, format!("Failed to create division Engineering error: {tail}"));
        assert!(detail.contains(r#""statusCode":409"#), "{detail}");
    }

    #[test]
    fn a_read_that_fails_puts_its_json_into_the_summary() {
        let id = "c7f2e18a-ea7a-4521-a620-2205bee234a2";
        let path = format!("/api/v2/authorization/divisions/{id}");
        let reply = reply(403, "2264d27c-69fa-49f1-9cc2-7208f8d1d6d0", r#"{"message":"no"}"#);
        let refusal = Refusal::from_reply(&call(Method::GET, &path), &reply);
        let diagnostic = refusal
            .retried_diagnostic(&format!("Failed to read division {id} | error: {}", refusal.text));
        assert_eq!(
            (diagnostic.summary, diagnostic.detail),
            sample("diag-read-after-create-403.json")
        );
    }

    #[test]
    fn go_escapes_what_is_special_in_html() {
        let (_, detail) = create_refused(&reply(409, "c1", r#"{"message":"a & b < c > d"}"#));
        assert!(detail.contains(r"a \u0026 b \u003c c \u003e d"), "{detail}");
    }

    #[test]
    fn after_the_last_attempt_no_status_is_left() {
        let refusal = Refusal::gave_up(&post(), GaveUp("POST x giving up".to_owned()));
        assert_eq!(refusal.status, None);
        assert_eq!(
            refusal.diagnostic("x").detail,
            "{\"resourceType\":\"genesyscloud_auth_division\",\"errorMessage\":\"unable to build a \
             message from the response because the APIResponse does not contain the appropriate \
             data.\"}"
        );
    }
}
