//! The stand-in's own way to the API, with the Go SDK's habits: which replies are sent again, what
//! an error is called, what the log says.
//!
//! Shares nothing with divvy's real client, so a wrong field name cannot be wrong on both sides.
//! Invariant: a request is sent at most 21 times.

use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, RETRY_AFTER, USER_AGENT};
use hyper::{HeaderMap, Request, StatusCode};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::Value as Json;

use super::call::{Body, Call};
use super::log;
use super::retry::backoff;

const MOST_RESENDS: u32 = 20;
const LONGEST_RETRY_AFTER: Duration = Duration::from_secs(180);
const PATIENCE: Duration = Duration::from_secs(16);

/// Sends requests; cheap to clone.
#[derive(Clone)]
pub(crate) struct Api {
    http: Client<HttpConnector, Full<Bytes>>,
}

/// What came back: some reply, of whichever status.
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

/// No reply that could be used: the last word is the SDK's own.
pub(crate) struct GaveUp(pub(crate) String);

impl Reply {
    /// The body as JSON; null if it is none.
    pub(crate) fn json(&self) -> Json {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// The correlation id of the reply's header (a differing `contextId` in the body is ignored).
    pub(crate) fn correlation_id(&self) -> String {
        let header = self.headers.get("ININ-Correlation-Id");
        header.and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned()
    }

    /// How long the SDK waits before it sends again; `None` if it takes this reply.
    fn wait(&self, resend: u32) -> Option<Duration> {
        match self.status.as_u16() {
            429 => {
                let told = self.headers.get(RETRY_AFTER).and_then(|value| value.to_str().ok());
                let told = told.and_then(|text| text.parse().ok()).map(Duration::from_secs);
                told.or(Some(Duration::from_secs(1))).filter(|wait| *wait <= LONGEST_RETRY_AFTER)
            }
            501 => None,
            500.. => Some(backoff(resend)),
            _ => None,
        }
    }
}

impl Api {
    pub(crate) fn new() -> Self {
        let http = Client::builder(TokioExecutor::new())
            .retry_canceled_requests(false)
            .build_http::<Full<Bytes>>();
        Self { http }
    }

    /// Sends a request until a reply comes that the SDK would take.
    pub(crate) async fn send(&self, call: &Call<'_>) -> Result<Reply, GaveUp> {
        for resend in 0..=MOST_RESENDS {
            let transaction = log::request(call, resend);
            let reply = tokio::time::timeout(PATIENCE, self.send_once(call)).await;
            let wait = match reply {
                Ok(Some(reply)) => {
                    log::response(call, &transaction, reply.status);
                    match reply.wait(resend) {
                        None => return Ok(reply),
                        Some(wait) => wait,
                    }
                }
                // No connection, a closed one, or no answer in time: the SDK does not know whether
                // the request was carried out, and sends it again all the same.
                Ok(None) | Err(_) => backoff(resend),
            };
            if resend < MOST_RESENDS {
                tokio::time::sleep(wait).await;
            }
        }
        let (method, url) = (&call.method, call.url());
        Err(GaveUp(format!("{method} {url} giving up after {} attempt(s)", MOST_RESENDS + 1)))
    }

    async fn send_once(&self, call: &Call<'_>) -> Option<Reply> {
        let request = Request::builder()
            .method(&call.method)
            .uri(call.url())
            .header(AUTHORIZATION, call.authorization)
            .header(USER_AGENT, concat!("GC Terraform Provider/", env!("CARGO_PKG_VERSION")))
            .header("TF-Correlation-Id", uuid::Uuid::new_v4().to_string());
        let (content_type, body) = match &call.body {
            Body::None => (None, Bytes::new()),
            Body::Json(json) => (Some("application/json"), json.to_string().into()),
            Body::Form(form) => (Some("application/x-www-form-urlencoded"), Bytes::from(*form)),
        };
        let request = match content_type {
            Some(content_type) => request.header(CONTENT_TYPE, content_type),
            None => request,
        };
        let response = self.http.request(request.body(Full::new(body)).ok()?).await.ok()?;
        let (head, body) = response.into_parts();
        let body = body.collect().await.ok()?.to_bytes();
        Some(Reply { status: head.status, headers: head.headers, body })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(status: u16, retry_after: Option<&'static str>) -> Reply {
        let mut headers = HeaderMap::new();
        if let Some(text) = retry_after {
            headers.insert(RETRY_AFTER, text.parse().unwrap());
        }
        Reply { status: StatusCode::from_u16(status).unwrap(), headers, body: Bytes::new() }
    }

    #[test]
    fn the_sdk_sends_again_what_it_was_seen_to_send_again() {
        let seconds = |status, told| reply(status, told).wait(0).map(|wait| wait.as_secs());
        for status in [200, 400, 401, 403, 404, 408, 409, 501] {
            assert_eq!(seconds(status, None), None, "{status}");
        }
        for status in [500, 502, 503, 504] {
            assert_eq!(seconds(status, None), Some(1), "{status}");
        }
        assert_eq!(seconds(429, None), Some(1));
        assert_eq!(seconds(429, Some("170")), Some(170));
        assert_eq!(seconds(429, Some("200")), None);
    }
}
