//! The gate that every request of the API passes: journal, correlation id, faults.
//!
//! Never looks into the org. Invariant: what a request has begun is finished even if its client
//! goes away meanwhile, as a server far away would do it.

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Extension, Request, State};
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use axum::http::{HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures_util::{StreamExt as _, stream};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::clients::{basic, bearer};
use super::faults::{Effect, Refusal, Subject};
use super::journal::{Exchange, Outcome};
use super::lag::Distortion;
use super::replies::{ApiError, finish};
use super::shared::Shared;

/// The largest body that is read.
const LARGEST_BODY: usize = 1 << 20;

/// What stands before the API wherever a proxy answers in its place.
const HTML: &str = "<!DOCTYPE html>\n<html><head><title>Error</title></head>\
     <body><h1>The request could not be satisfied</h1></body></html>\n";

/// The connection that a request came on.
#[derive(Clone, Default)]
pub(crate) struct Line(pub(crate) CancellationToken);

/// What a request is answered with.
enum Answer {
    Reply(Response),
    Close,
}

/// Lets a request through, or does to it what the faults say.
pub(crate) async fn gate(
    State(shared): State<Arc<Shared>>,
    Extension(line): Extension<Line>,
    request: Request,
    next: Next,
) -> Response {
    // A task of its own: hyper drops this future when the client hangs up.
    let answer = tokio::spawn(answer(shared, request, next)).await;
    match answer {
        Ok(Answer::Reply(response)) => response,
        Ok(Answer::Close) => {
            line.0.cancel();
            std::future::pending().await
        }
        Err(panic) => {
            tracing::error!(%panic, "a handler ended early");
            let error = ApiError::of(StatusCode::INTERNAL_SERVER_ERROR);
            finish(error.into_response(), &Uuid::new_v4().to_string())
        }
    }
}

async fn answer(shared: Arc<Shared>, request: Request, next: Next) -> Answer {
    let correlation_id = Uuid::new_v4().to_string();
    let (mut parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, LARGEST_BODY).await else {
        let error = ApiError::of(StatusCode::PAYLOAD_TOO_LARGE);
        return Answer::Reply(finish(error.into_response(), &correlation_id));
    };
    let document: Option<Value> = serde_json::from_slice(&body).ok();
    let effects = shared.faults.due(Subject {
        method: parts.method.as_str(),
        path: parts.uri.path(),
        name: document.as_ref().and_then(|document| document["name"].as_str()),
        token: bearer(&parts.headers),
    });
    let client = shared.tokens.client_of(&parts.headers);
    let visit = Visit {
        number: shared.journal.arrive(Exchange {
            number: 0,
            method: parts.method.to_string(),
            path: parts.uri.path().to_owned(),
            query: parts.uri.query().unwrap_or_default().to_owned(),
            outcome: Outcome::Arrived,
            status: None,
            client: client.or_else(|| basic(&parts.headers).map(|(id, _)| id)),
            correlation_id: correlation_id.clone(),
            body: summary(parts.uri.path(), &body, document),
            faults: effects.iter().map(Effect::name).collect(),
        }),
        shared: Arc::clone(&shared),
        correlation_id,
    };

    let mut distortion = Distortion::default();
    for effect in &effects {
        if matches!(effect, Effect::ExpireToken) {
            shared.tokens.revoke(&parts.headers);
        }
        if let Some(answer) = visit.before(effect, &mut distortion).await {
            return visit.noted(answer);
        }
    }
    parts.extensions.insert(distortion);
    let response = next.run(Request::from_parts(parts, Body::from(body))).await;
    let mut answer = Answer::Reply(finish(response, &visit.correlation_id));
    for effect in effects {
        if let Answer::Reply(response) = answer {
            answer = visit.after(effect, response).await;
        }
    }
    visit.noted(answer)
}

/// One request on its way through the gate.
struct Visit {
    number: u64,
    shared: Arc<Shared>,
    correlation_id: String,
}

impl Visit {
    /// Does what a fault does before the request is carried out; an answer ends it there.
    async fn before(&self, effect: &Effect, distortion: &mut Distortion) -> Option<Answer> {
        match effect {
            Effect::Delay(time) => sleep(*time).await,
            Effect::Hold => self.hold().await,
            Effect::Status(refusal) => return Some(Answer::Reply(self.refuse(refusal))),
            Effect::RateLimit(limit) => {
                let error = ApiError::too_many_requests(limit.retry_after.unwrap_or(limit.seconds));
                return Some(Answer::Reply(self.error(error)));
            }
            Effect::ExpireToken => return Some(Answer::Reply(self.error(ApiError::bad_token()))),
            Effect::Close => return Some(Answer::Close),
            Effect::ListLag(lag) => distortion.list_lag = Some(lag.clone()),
            Effect::GetLag(lag) => distortion.get_lag = Some(lag.clone()),
            Effect::HomeOnly => distortion.home_only = true,
            Effect::DelayReply(_)
            | Effect::HoldReply
            | Effect::CommitThenStatus(_)
            | Effect::CommitThenClose
            | Effect::CutReply(_)
            | Effect::HtmlBody
            | Effect::TruncatedBody
            | Effect::EmptyBody => {}
        }
        None
    }

    /// Does what a fault does to the reply.
    async fn after(&self, effect: Effect, response: Response) -> Answer {
        Answer::Reply(match effect {
            Effect::DelayReply(time) => {
                sleep(time).await;
                response
            }
            Effect::HoldReply => {
                self.hold().await;
                response
            }
            Effect::CommitThenStatus(refusal) => self.refuse(&refusal),
            Effect::CommitThenClose => return Answer::Close,
            Effect::CutReply(bytes) => cut(response, bytes).await,
            Effect::HtmlBody => with_body(response, HTML, "text/html; charset=utf-8"),
            Effect::TruncatedBody => {
                let (parts, body) = response.into_parts();
                let body = whole(body).await;
                let half = body.slice(..body.len() / 2);
                with_body(Response::from_parts(parts, Body::empty()), half, "application/json")
            }
            Effect::EmptyBody => with_body(response, "", "application/json"),
            Effect::Delay(_)
            | Effect::Hold
            | Effect::Status(_)
            | Effect::Close
            | Effect::ListLag(_)
            | Effect::GetLag(_)
            | Effect::HomeOnly
            | Effect::RateLimit(_)
            | Effect::ExpireToken => response,
        })
    }

    async fn hold(&self) {
        let note = |outcome| self.shared.journal.note(self.number, outcome, None);
        self.shared.faults.held(|| note(Outcome::Held)).await;
        note(Outcome::Arrived);
    }

    fn error(&self, error: ApiError) -> Response {
        finish(error.into_response(), &self.correlation_id)
    }

    fn refuse(&self, refusal: &Refusal) -> Response {
        let status = StatusCode::from_u16(refusal.status);
        let status = status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut error = ApiError::of(status).retry_after(refusal.retry_after);
        if let Some(code) = &refusal.code {
            error = error.coded(code);
        }
        if let Some(message) = &refusal.message {
            error = error.saying(message);
        }
        let response = self.error(error);
        match &refusal.body {
            None => response,
            Some(Value::String(text)) => with_body(response, text.clone(), "text/html"),
            Some(body) => with_body(response, body.to_string(), "application/json"),
        }
    }

    fn noted(&self, answer: Answer) -> Answer {
        let (outcome, status) = match &answer {
            Answer::Reply(response) => (Outcome::Answered, Some(response.status().as_u16())),
            Answer::Close => (Outcome::Closed, None),
        };
        self.shared.journal.note(self.number, outcome, status);
        answer
    }
}

/// What the journal keeps of a body.
fn summary(path: &str, body: &Bytes, document: Option<Value>) -> Option<Value> {
    if path.contains("/divisions") {
        return document;
    }
    let body = std::str::from_utf8(body).ok()?;
    let mut pairs = body.split('&');
    let grant = pairs.find_map(|pair| pair.strip_prefix("grant_type="))?;
    Some(json!({ "grant_type": grant }))
}

async fn sleep(milliseconds: u64) {
    tokio::time::sleep(Duration::from_millis(milliseconds)).await;
}

/// Reads a reply's body, which the emulator made itself and which therefore always ends.
async fn whole(body: Body) -> Bytes {
    to_bytes(body, usize::MAX).await.unwrap_or_default()
}

fn with_body(mut response: Response, body: impl Into<Body>, kind: &'static str) -> Response {
    *response.body_mut() = body.into();
    let kind = HeaderValue::from_static(kind);
    response.headers_mut().insert(CONTENT_TYPE, kind);
    // A reply that another fault cut promises the length of the body that it had.
    response.headers_mut().remove(CONTENT_LENGTH);
    response
}

/// Promises the whole body, sends the first bytes, and breaks the connection.
async fn cut(response: Response, bytes: usize) -> Response {
    let (mut parts, body) = response.into_parts();
    let body = whole(body).await;
    parts.headers.insert(CONTENT_LENGTH, body.len().into());
    let head = body.slice(..bytes.min(body.len()));
    let broken = async {
        // Once around the loop, so that the head is on its way before the connection breaks.
        tokio::task::yield_now().await;
        Err(std::io::Error::from(std::io::ErrorKind::ConnectionReset))
    };
    let body = stream::iter([Ok(head)]).chain(stream::once(broken));
    Response::from_parts(parts, Body::from_stream(body))
}
