//! The one place where requests are sent: pace, token, try, classify, retry, observe.
//!
//! Never follows a redirect, never repeats a change whose outcome is unknown, never gives up a
//! change half-way because of an interrupt (the try under way is awaited: its answer says what
//! exists). Invariant: each try is told to the observer before and after, and counted.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use divvy_core::effect::{Effect, Observer, Outcome};
use divvy_core::{Entity, name};
use reqwest::header::{DATE, HeaderMap, HeaderValue, LOCATION, RETRY_AFTER};
use reqwest::{RequestBuilder, StatusCode, Url};
use secrecy::{ExposeSecret, SecretString};
use serde::de::DeserializeOwned;
use tokio::sync::Semaphore;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::call::{Authorization, Call, Method};
use crate::classify::{self, Told};
use crate::connection::{Connection, ConnectionError, Credentials};
use crate::error::{Error, Exchange, Reason};
use crate::http::http_client;
use crate::pace::Pace;
use crate::retry::{self, Decision, Happened, Limits, Safety};
use crate::token::TokenSlot;

/// The longest URL that is sent: servers and proxies refuse longer ones, each in its own words.
const LONGEST_URL: usize = 4096;

const CORRELATION_ID: &str = "ININ-Correlation-Id";

/// How a client behaves towards the API.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// Requests a minute; the API's usual limit for one token is 300.
    pub rate: u32,
    /// Requests under way at the same time.
    pub concurrency: usize,
    /// Time for one try, connecting and reading included. The vendor's SDK has the same.
    pub try_timeout: Duration,
    /// Tries in all for a request that may be repeated.
    pub attempts: u32,
    /// The first wait between two tries; it doubles, with jitter.
    pub first_wait: Duration,
    /// The longest `Retry-After` that is waited for; the provider's limit is the same.
    pub longest_pause: Duration,
    /// Hears of every secret of the client as it comes up, so that whoever prints keeps it out.
    pub keep_secret: fn(&str),
    /// The largest reply that is read, in bytes; ten thousand divisions take about five million.
    pub largest_reply: usize,
}

impl Settings {
    /// The largest reply that is read, unless a test says less.
    pub const LARGEST_REPLY: usize = 32 * 1024 * 1024;
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            rate: 300,
            concurrency: 10,
            try_timeout: Duration::from_secs(16),
            attempts: 5,
            first_wait: Duration::from_millis(250),
            longest_pause: Duration::from_secs(180),
            keep_secret: |_| {},
            largest_reply: Self::LARGEST_REPLY,
        }
    }
}

/// Talks to one org.
pub struct Client {
    connection: Connection,
    http: reqwest::Client,
    pace: Pace,
    slots: Semaphore,
    largest_reply: usize,
    pub(crate) limits: Limits,
    pub(crate) token_slot: TokenSlot,
    /// Texts that must not be shown, whoever sends them back.
    hidden: Mutex<Vec<SecretString>>,
    keep_secret: fn(&str),
    observer: Arc<dyn Observer>,
    interrupt: CancellationToken,
    requests: AtomicU64,
    /// By how many seconds this machine was ahead when the newest dated answer came.
    clock_skew: Mutex<Option<i64>>,
}

/// One try that did not succeed.
struct Failed {
    error: Error,
    happened: Happened,
    retry_after: Option<Duration>,
}

impl Client {
    /// Sets a client up; nothing is sent yet. `interrupt` ends every wait.
    ///
    /// # Errors
    /// If the CA file or the system's certificates cannot be read.
    pub fn new(
        connection: Connection,
        settings: Settings,
        observer: Arc<dyn Observer>,
        interrupt: CancellationToken,
    ) -> Result<Self, ConnectionError> {
        let http = http_client(&connection, settings.try_timeout)?;
        let mut hidden: Vec<SecretString> =
            connection.proxies.iter().filter_map(crate::http::ProxyServer::password).collect();
        hidden.push(match &connection.credentials {
            Credentials::AccessToken(token) => token.clone(),
            Credentials::Client { secret, .. } => secret.clone(),
        });
        for secret in &hidden {
            (settings.keep_secret)(secret.expose_secret());
        }
        Ok(Self {
            keep_secret: settings.keep_secret,
            http,
            pace: Pace::new(settings.rate),
            slots: Semaphore::new(settings.concurrency.max(1)),
            largest_reply: settings.largest_reply,
            limits: Limits {
                attempts: settings.attempts.max(1),
                connects: settings.attempts.clamp(1, 3),
                longest_pause: settings.longest_pause,
                first_wait: settings.first_wait,
            },
            token_slot: TokenSlot::default(),
            hidden: Mutex::new(hidden),
            observer,
            interrupt,
            requests: AtomicU64::new(0),
            clock_skew: Mutex::new(None),
            connection,
        })
    }

    /// Returns the connection that it uses.
    pub fn connection(&self) -> &Connection {
        &self.connection
    }

    /// Fetches the token, so that a host that is not there or a client that is refused shows at once.
    ///
    /// # Errors
    /// [`Error`] of the token request.
    pub async fn sign_in(&self) -> Result<(), Error> {
        self.token().await.map(drop)
    }

    /// Returns how many requests were sent, each try counted, the token's included.
    pub fn requests(&self) -> u64 {
        self.requests.load(Ordering::Relaxed)
    }

    /// Returns by how many seconds the clock of this machine is ahead of the API's (behind, if
    /// negative); `None` before an answer with a `Date`. A proxy's answer counts too.
    pub fn clock_skew(&self) -> Option<i64> {
        *self.clock_skew.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sends a request with the run's token; once more with a new one if that is rejected.
    pub(crate) async fn send<T: DeserializeOwned>(&self, call: &Call) -> Result<T, Error> {
        let token = self.token().await?;
        let answer = self.exchange(call, Authorization::Bearer(&token.secret)).await;
        match answer {
            // 401: nothing was done, so this holds for changes too.
            Err(error) if error.exchange.status == Some(401) => {
                match self.renewed_token(&token).await? {
                    Some(token) => self.exchange(call, Authorization::Bearer(&token.secret)).await,
                    None => Err(error),
                }
            }
            answer => answer,
        }
    }

    /// Sends a request until it succeeds or must not be repeated.
    pub(crate) async fn exchange<T: DeserializeOwned>(
        &self,
        call: &Call,
        authorization: Authorization<'_>,
    ) -> Result<T, Error> {
        let url = self.url(call);
        if url.as_str().len() > LONGEST_URL {
            return Err(self.own_error(call, Reason::TooLong));
        }
        let mut waits = self.limits.schedule();
        let mut attempt = 1;
        loop {
            let tried = self.try_in_turn(call, &url, authorization, attempt).await?;
            let mut failed = match tried {
                Ok(value) => return Ok(value),
                Err(failed) => failed,
            };
            let decision = retry::decide(
                call.method.safety(),
                failed.happened,
                attempt,
                failed.retry_after,
                &self.limits,
            );
            match (decision, waits.next()) {
                (Decision::LookUp, _) => {
                    failed.error.reason = Reason::UnknownOutcome;
                    return Err(failed.error);
                }
                (Decision::GiveUp, _) | (Decision::Again, None) => return Err(failed.error),
                (Decision::Again, Some(wait)) => {
                    let told = failed.retry_after.map(|told| told.min(self.limits.longest_pause));
                    let wait = told.unwrap_or(wait);
                    if failed.happened == Happened::RateLimited {
                        self.pace.pause(wait);
                    } else {
                        self.pause(call, wait).await?;
                    }
                }
            }
            tracing::debug!(attempt, "{}; sending it again", failed.error);
            attempt += 1;
        }
    }

    /// Waits, unless somebody asks to stop.
    pub(crate) async fn pause(&self, call: &Call, wait: Duration) -> Result<(), Error> {
        let url = self.url(call);
        self.unless_interrupted(call, &url, tokio::time::sleep(wait)).await
    }

    /// Waits for a free slot and for the pace, then makes one try. The slot comes first: whoever
    /// is told to pause must find nobody who has passed the pace and not gone out yet.
    async fn try_in_turn<T: DeserializeOwned>(
        &self,
        call: &Call,
        url: &Url,
        authorization: Authorization<'_>,
        attempt: u32,
    ) -> Result<Result<T, Failed>, Error> {
        let turn = async {
            // The semaphore is never closed; were it, going on would be right.
            let slot = self.slots.acquire().await.ok();
            self.pace.admit().await;
            slot
        };
        let _slot = self.unless_interrupted(call, url, turn).await?;
        let trying = self.try_once(call, url, authorization, attempt);
        match call.method.safety() {
            Safety::Changes => Ok(trying.await),
            Safety::Repeatable => self.unless_interrupted(call, url, trying).await,
        }
    }

    async fn try_once<T: DeserializeOwned>(
        &self,
        call: &Call,
        url: &Url,
        authorization: Authorization<'_>,
        attempt: u32,
    ) -> Result<T, Failed> {
        let effect = Effect::Request {
            method: call.method.name(),
            path: path_and_query(url),
            writes: call.method.safety() == Safety::Changes,
        };
        let watched = Watched::begin(self.observer.as_ref(), effect);
        self.requests.fetch_add(1, Ordering::Relaxed);
        let tried = self.receive(self.request(call, url, authorization)).await;
        watched.end(tried.as_ref().ok());
        let mut exchange = exchange_of(call, url);
        exchange.attempts = attempt;
        self.judge(call, exchange, tried)
    }

    /// Reads an answer to its end, or as far as it may go: of an error the beginning says enough.
    async fn receive(&self, request: RequestBuilder) -> Result<Answer, Broken> {
        let mut response = request.send().await?;
        self.read_clock(response.headers());
        let (status, mut headers) = (response.status(), response.headers().clone());
        self.redact_correlation_id(&mut headers);
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await? {
            if body.len() + chunk.len() > self.largest_reply {
                if status.is_success() {
                    return Err(Broken::TooLarge { status });
                }
                break;
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Answer { status, headers, body })
    }

    fn read_clock(&self, headers: &HeaderMap) {
        let date =
            header(headers, DATE.as_str()).and_then(|text| httpdate::parse_http_date(&text).ok());
        if let Some(date) = date {
            let skew = seconds_ahead(SystemTime::now(), date);
            *self.clock_skew.lock().unwrap_or_else(PoisonError::into_inner) = Some(skew);
        }
    }

    fn request(&self, call: &Call, url: &Url, authorization: Authorization<'_>) -> RequestBuilder {
        let request = match call.method {
            Method::Get => self.http.get(url.clone()),
            Method::Post | Method::Query | Method::Login => self.http.post(url.clone()),
        };
        let request = match authorization {
            Authorization::Bearer(token) => request.bearer_auth(token.expose_secret()),
            Authorization::Client { id, secret } => request
                .basic_auth(id, Some(secret.expose_secret()))
                .form(&[("grant_type", "client_credentials")]),
        };
        match &call.body {
            Some(body) => request.json(body),
            None => request,
        }
    }

    /// Turns what came back into a value or a failure with its reason.
    fn judge<T: DeserializeOwned>(
        &self,
        call: &Call,
        mut exchange: Exchange,
        tried: Result<Answer, Broken>,
    ) -> Result<T, Failed> {
        let failed = |reason, exchange, happened, retry_after, source| Failed {
            error: Error { reason, exchange: Box::new(exchange), source },
            happened,
            retry_after,
        };
        let answer = match tried {
            Ok(answer) => answer,
            Err(Broken::TooLarge { status }) => {
                exchange.status = Some(status.as_u16());
                let reason = Reason::TooLarge { limit: self.largest_reply };
                return Err(failed(reason, exchange, Happened::ForeignSuccess, None, None));
            }
            Err(Broken::Http(error)) => {
                let (reason, happened) =
                    classify::of_failure(&error, self.connection.is_behind_proxy());
                let source = Some(Arc::new(error.without_url()));
                return Err(failed(reason, exchange, happened, None, source));
            }
        };
        exchange.status = Some(answer.status.as_u16());
        exchange.correlation_id = header(&answer.headers, CORRELATION_ID);
        if answer.status.is_success() {
            return classify::read(&answer.body)
                .map_err(|(reason, happened)| failed(reason, exchange, happened, None, None));
        }
        let told = Told::read(&answer.body);
        let (mut reason, happened) = classify::of_status(
            answer.status,
            &answer.body,
            &told,
            call.method == Method::Login,
            call.needs,
        );
        let retry_after = header(&answer.headers, RETRY_AFTER.as_str())
            .and_then(|text| retry::retry_after(&text, SystemTime::now()));
        match &mut reason {
            Reason::RateLimited { retry_after: told } => *told = retry_after,
            Reason::Redirect { location } => {
                *location = header(&answer.headers, LOCATION.as_str())
                    .map(|text| self.redacted(text.split(['?', '#']).next().unwrap_or_default()));
            }
            Reason::Forbidden { permissions } => {
                for permission in permissions {
                    *permission = self.redacted(permission);
                }
            }
            _ => {}
        }
        exchange.code = told.code.map(|code| self.redacted(&code));
        exchange.message = told
            .message
            .or_else(|| classify::page_title(&answer.body))
            .map(|message| self.redacted(&message));
        exchange.correlation_id =
            exchange.correlation_id.or(told.context_id.map(|id| self.redacted(&id)));
        Err(failed(reason, exchange, happened, retry_after, None))
    }

    /// Makes an error about a request whose answer is not the trouble.
    fn own_error(&self, call: &Call, reason: Reason) -> Error {
        let exchange = Box::new(exchange_of(call, &self.url(call)));
        Error { reason, exchange, source: None }
    }

    /// Makes the error of a yes that is about something else than what was asked.
    pub(crate) fn other_entity(&self, call: &Call, entity: &Entity) -> Error {
        let mut error = self.own_error(call, Reason::OtherEntity);
        let path = entity.text("path").map(|path| format!(" at path {}", name::visible(path)));
        error.exchange.status = Some(200);
        error.exchange.attempts = 1;
        error.exchange.message = Some(self.redacted(&format!(
            "{}{} with the id {}",
            name::visible(&entity.key.to_string()),
            path.unwrap_or_default(),
            name::visible(entity.id.as_str())
        )));
        error
    }

    async fn unless_interrupted<T>(
        &self,
        call: &Call,
        url: &Url,
        work: impl Future<Output = T>,
    ) -> Result<T, Error> {
        tokio::select! {
            biased;
            () = self.interrupt.cancelled() => Err(Error {
                reason: Reason::Interrupted,
                exchange: Box::new(exchange_of(call, url)),
                source: None,
            }),
            done = work => Ok(done),
        }
    }

    fn url(&self, call: &Call) -> Url {
        let base = match call.method {
            Method::Login => &self.connection.bases.login,
            Method::Get | Method::Post | Method::Query => &self.connection.bases.api,
        };
        let mut url = Url::parse(&format!("{base}{}", call.path))
            .expect("a checked base and an absolute, escaped path make a URL");
        if !call.query.is_empty() {
            url.query_pairs_mut().extend_pairs(&call.query);
        }
        url
    }

    /// Keeps a text out of everything that is shown from now on.
    pub(crate) fn hide(&self, secret: &str) {
        (self.keep_secret)(secret);
        let mut hidden = self.hidden.lock().unwrap_or_else(PoisonError::into_inner);
        hidden.push(secret.into());
    }

    /// Takes secrets out of the one header that is shown and kept in journals.
    fn redact_correlation_id(&self, headers: &mut HeaderMap) {
        let Some(value) = headers.get_mut(CORRELATION_ID) else { return };
        let told = String::from_utf8_lossy(value.as_bytes()).into_owned();
        let redacted = self.redacted(&told);
        if redacted != told {
            // The rest of it came as a header, too.
            *value = HeaderValue::from_str(&redacted)
                .unwrap_or_else(|_| HeaderValue::from_static("[redacted]"));
        }
    }

    /// Takes secrets out of a text that the other side sent.
    fn redacted(&self, text: &str) -> String {
        let hidden = self.hidden.lock().unwrap_or_else(PoisonError::into_inner);
        hidden
            .iter()
            .map(ExposeSecret::expose_secret)
            .filter(|secret| !secret.is_empty())
            .fold(text.to_owned(), |text, secret| text.replace(secret, "[redacted]"))
    }
}

/// Why there is no answer.
enum Broken {
    Http(reqwest::Error),
    /// A yes whose body is larger than any that the API sends.
    TooLarge {
        status: StatusCode,
    },
}

impl From<reqwest::Error> for Broken {
    fn from(error: reqwest::Error) -> Self {
        Self::Http(error)
    }
}

/// What came back, read to its end.
struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: Vec<u8>,
}

/// One try under the eyes of an observer, who hears of its end even if it is dropped half-way.
struct Watched<'a> {
    observer: &'a dyn Observer,
    effect: Effect,
    start: Instant,
    has_ended: bool,
}

impl<'a> Watched<'a> {
    fn begin(observer: &'a dyn Observer, effect: Effect) -> Self {
        observer.before(&effect);
        Self { observer, effect, start: Instant::now(), has_ended: false }
    }

    fn end(mut self, answer: Option<&Answer>) {
        self.tell(answer);
        self.has_ended = true;
    }

    fn tell(&self, answer: Option<&Answer>) {
        let outcome = Outcome {
            succeeded: answer.is_some_and(|answer| answer.status.is_success()),
            code: answer.map(|answer| answer.status.as_u16().into()),
            correlation_id: answer.and_then(|answer| header(&answer.headers, CORRELATION_ID)),
            took: self.start.elapsed(),
        };
        self.observer.after(&self.effect, &outcome);
    }
}

impl Drop for Watched<'_> {
    fn drop(&mut self) {
        if !self.has_ended {
            self.tell(None);
        }
    }
}

/// How far `here` is ahead of `there`, in whole seconds; negative if it is behind.
fn seconds_ahead(here: SystemTime, there: SystemTime) -> i64 {
    let whole = |length: Duration| i64::try_from(length.as_secs()).unwrap_or(i64::MAX);
    match here.duration_since(there) {
        Ok(ahead) => whole(ahead),
        Err(behind) => -whole(behind.duration()),
    }
}

fn header(headers: &HeaderMap, name: &str) -> Option<String> {
    headers.get(name)?.to_str().ok().map(str::to_owned)
}

fn exchange_of(call: &Call, url: &Url) -> Exchange {
    let host = url.host_str().unwrap_or_default();
    Exchange {
        method: call.method.name(),
        host: match url.port() {
            Some(port) => format!("{host}:{port}"),
            None => host.to_owned(),
        },
        path: path_and_query(url),
        status: None,
        code: None,
        message: None,
        correlation_id: None,
        attempts: 0,
    }
}

fn path_and_query(url: &Url) -> String {
    match url.query() {
        Some(query) => format!("{}?{query}", url.path()),
        None => url.path().to_owned(),
    }
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client")
            .field("connection", &self.connection)
            .field("requests", &self.requests())
            .finish_non_exhaustive()
    }
}
