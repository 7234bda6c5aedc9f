//! One configured provider: its tokens, and the one way its resources send requests.
//!
//! Repeats the official provider's start: a token for itself and one per slot of its pool, then
//! `organizations/me` and `authorization/products`. Invariant: at most as many operations run at
//! once as the pool has slots.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use divvy_plugin::messages::Diagnostic;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use hyper::{Method, StatusCode};
use serde_json::Value as Json;
use tokio::sync::{Mutex, Semaphore, SemaphorePermit};
use tokio_util::sync::CancellationToken;

use super::api::{Api, Reply};
use super::call::{About, Body, Call};
use super::name_cache::NameCache;
use super::refusal::Refusal;
use super::retry::Patience;
use super::settings::{Credentials, Settings};

const TOKENS_AT_ONCE: usize = 5;
/// Connection refused: the official provider ends after 151 s.
const TOKEN_PATIENCE: Duration = Duration::from_secs(151);
const RATE_LIMIT_PATIENCE: Duration = Duration::from_secs(60);
const RATE_LIMITED: &str = "invalid_request (rate limit exceeded;";

/// A configured provider.
pub(crate) struct Session {
    api: Api,
    settings: Settings,
    authorization: String,
    slots: Semaphore,
    stopped: CancellationToken,
    /// The data source's list of names, filled once.
    pub(crate) names: Mutex<Option<NameCache>>,
}

/// A request of a resource or data source.
pub(crate) struct Ask<'a> {
    pub(crate) method: Method,
    pub(crate) path: &'a str,
    pub(crate) query: &'a str,
    pub(crate) body: Option<Json>,
    pub(crate) about: About<'a>,
}

impl Session {
    /// Starts as the official provider does; an error is the diagnostic's summary.
    /// After `stopped` no read is begun any more.
    pub(crate) async fn start(
        settings: Settings,
        stopped: CancellationToken,
    ) -> Result<Self, Diagnostic> {
        let api = Api::new();
        let authorization =
            authorize(&api, &settings).await.map_err(|e| Diagnostic::error(e, ""))?;
        let slots = Semaphore::new(settings.token_pool_size);
        let names = Mutex::new(None);
        let session = Self { api, settings, authorization, slots, stopped, names };
        for path in ["/api/v2/organizations/me", "/api/v2/authorization/products"] {
            let ask =
                Ask { method: Method::GET, path, query: "", body: None, about: About::default() };
            session.ask(ask).await.map_err(|refusal| Diagnostic::error(refusal.text, ""))?;
        }
        Ok(session)
    }

    /// How long a read of something absent is repeated.
    pub(crate) fn retry_timeout(&self) -> Duration {
        self.settings.retry_timeout
    }

    /// Returns whether Terraform asked to stop: whoever is about to send a request gives up.
    pub(crate) fn is_stopped(&self) -> bool {
        self.stopped.is_cancelled()
    }

    /// Waits for a client of the pool; hold it for the whole operation.
    pub(crate) async fn slot(&self) -> Option<SemaphorePermit<'_>> {
        self.slots.acquire().await.ok()
    }

    /// Sends a request; anything but a success is a refusal.
    pub(crate) async fn ask(&self, ask: Ask<'_>) -> Result<Reply, Refusal> {
        self.exchange(&self.call(ask)).await
    }

    /// Sends a request whose reply must also hold what `find` looks for, or is a refusal that says
    /// `missing`.
    pub(crate) async fn ask_for<T>(
        &self,
        ask: Ask<'_>,
        find: impl Fn(&Json) -> Option<T>,
        missing: &str,
    ) -> Result<T, Refusal> {
        let call = self.call(ask);
        let reply = self.exchange(&call).await?;
        find(&reply.json()).ok_or_else(|| Refusal::unacceptable(&call, &reply, missing))
    }

    fn call<'a>(&'a self, ask: Ask<'a>) -> Call<'a> {
        Call {
            method: ask.method,
            origin: &self.settings.gateway.api,
            path: ask.path,
            query: ask.query,
            authorization: &self.authorization,
            body: ask.body.map_or(Body::None, Body::Json),
            about: ask.about,
        }
    }

    async fn exchange(&self, call: &Call<'_>) -> Result<Reply, Refusal> {
        match self.api.send(call).await {
            Ok(reply) if reply.status.is_success() => Ok(reply),
            Ok(reply) => Err(Refusal::from_reply(call, &reply)),
            Err(gave_up) => Err(Refusal::gave_up(call, gave_up)),
        }
    }
}

/// Fetches a token for the provider and one per slot; returns the header to send.
async fn authorize(api: &Api, settings: &Settings) -> Result<String, String> {
    let (id, secret) = match &settings.credentials {
        Credentials::AccessToken(token) => return Ok(format!("Bearer {token}")),
        Credentials::Client { id, secret } => (id, secret),
    };
    let basic = format!("Basic {}", STANDARD.encode(format!("{id}:{secret}")));
    let fetch = || fetch_token(api, settings, &basic);
    let first = fetch().await?;
    stream::iter(0..settings.token_pool_size)
        .map(|_| fetch())
        .buffer_unordered(TOKENS_AT_ONCE)
        .try_for_each(|_| std::future::ready(Ok(())))
        .await?;
    Ok(format!("Bearer {first}"))
}

async fn fetch_token(api: &Api, settings: &Settings, basic: &str) -> Result<String, String> {
    let call = Call {
        method: Method::POST,
        origin: &settings.gateway.login,
        path: "/oauth/token",
        query: "",
        authorization: basic,
        body: Body::Form("grant_type=client_credentials"),
        about: About::default(),
    };
    let mut patience = Patience::of(RATE_LIMIT_PATIENCE);
    loop {
        let reply = tokio::time::timeout(TOKEN_PATIENCE, api.send(&call))
            .await
            .map_err(|_| "context deadline exceeded".to_owned())?
            .map_err(|gave_up| gave_up.0)?;
        let json = reply.json();
        let field = |name: &str| json.get(name).and_then(Json::as_str).unwrap_or_default();
        if reply.status == StatusCode::OK {
            return Ok(field("access_token").to_owned());
        }
        let reason = format!("{} ({})", field("error"), field("error_description"));
        let text = format!("Auth Error: {} - {reason}", reply.status.as_u16());
        if !reason.starts_with(RATE_LIMITED) {
            return Err(format!("failed to authorize Genesys Cloud client credentials: {text}"));
        }
        if !patience.allows_another_try().await {
            return Err(format!("exhausted retries on Genesys Cloud client credentials. {text}"));
        }
    }
}
