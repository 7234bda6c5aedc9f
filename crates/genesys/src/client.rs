//! The one place where requests are sent: pace, token, try, classify, retry, observe.
//!
//! Never follows a redirect, never repeats a change whose outcome is unknown, never gives up a
//! change half-way because of an interrupt (the try under way is awaited: its answer says what
//! exists). Invariant: each try is told to the observer before and after, and counted.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use divvy_core::effect::{Effect, Observer};
use divvy_core::{Entity, name};
use reqwest::header::{DATE, HeaderMap, LOCATION, RETRY_AFTER};
use reqwest::{RequestBuilder, Url};
use secrecy::{ExposeSecret, SecretString};
use serde::de::DeserializeOwned;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use crate::answer::{Answer, Broken, CORRELATION_ID, Watched, header, seconds_ahead};
use crate::call::{Authorization, Call, Method};
use crate::classify::{self, Told};
use crate::connection::{Connection, ConnectionError, Credentials};
use crate::error::{Error, Exchange, Reason};
use crate::hidden::Hidden;
use crate::http::http_client;
use crate::pace::Pace;
use crate::proxies::ProxyServer;
use crate::retry::{self, Decision, Happened, Limits, Safety};
use crate::settings::Settings;
use crate::token::{Token, TokenSlot};
use crate::wire::TokenReply;

/// The longest URL that is sent: servers and proxies refuse longer ones, each in its own words.
const LONGEST_URL: usize = 4096;

/// Talks to one org.
pub struct Client {
    connection: Connection,
    http: reqwest::Client,
    pace: Pace,
    slots: Semaphore,
    largest_reply: usize,
    pub(crate) limits: Limits,
    token_slot: TokenSlot,
    hidden: Hidden,
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
        let hidden = Hidden::new(settings.keep_secret);
        for password in connection.proxies.iter().filter_map(ProxyServer::password) {
            hidden.hide(password.expose_secret());
        }
        hidden.hide(match &connection.credentials {
            Credentials::AccessToken(token) => token.expose_secret(),
            Credentials::Client { secret, .. } => secret.expose_secret(),
        });
        Ok(Self {
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
            hidden,
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

    /// Makes sure that there is a token, so that a host that is not there or a client that is refused
    /// shows at once. A token that was made elsewhere is taken as it is: the first request shows whether
    /// it is good.
    ///
    /// # Errors
    /// If the login service gives none.
    pub async fn authenticate(&self) -> Result<(), Error> {
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

    /// Returns the run's token, asking for it if nobody has.
    async fn token(&self) -> Result<Token, Error> {
        self.token_slot.after(None, || self.login()).await
    }

    /// Returns another token than the rejected one, or `None` where there can be no other.
    async fn renewed_token(&self, rejected: &Token) -> Result<Option<Token>, Error> {
        match self.connection.credentials {
            Credentials::AccessToken(_) => Ok(None),
            Credentials::Client { .. } => {
                self.token_slot.after(Some(rejected), || self.login()).await.map(Some)
            }
        }
    }

    async fn login(&self) -> Result<SecretString, Error> {
        let (id, secret) = match &self.connection.credentials {
            Credentials::AccessToken(token) => return Ok(token.clone()),
            Credentials::Client { id, secret } => (id, secret),
        };
        let reply: TokenReply =
            self.exchange(&Call::login(), Authorization::Client { id, secret }).await?;
        let token = reply.access_token.0;
        self.hidden.hide(token.expose_secret());
        Ok(token)
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
        self.hidden.redact_correlation_id(&mut headers);
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
                *location = header(&answer.headers, LOCATION.as_str()).map(|text| {
                    self.hidden.redacted(text.split(['?', '#']).next().unwrap_or_default())
                });
            }
            Reason::Forbidden { permissions } => {
                for permission in permissions {
                    *permission = self.hidden.redacted(permission);
                }
            }
            _ => {}
        }
        exchange.code = told.code.map(|code| self.hidden.redacted(&code));
        exchange.message = told
            .message
            .or_else(|| classify::page_title(&answer.body))
            .map(|message| self.hidden.redacted(&message));
        exchange.correlation_id =
            exchange.correlation_id.or(told.context_id.map(|id| self.hidden.redacted(&id)));
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
        error.exchange.message = Some(self.hidden.redacted(&format!(
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
