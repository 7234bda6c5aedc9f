//! Scripted faults: which requests go wrong, and how.
//!
//! Never acts on a request: [`super::gate`] does. Invariant: a fault counts every request that it
//! matches, also those on which an earlier fault acted, so a script reads top to bottom.
//!
//! A script is a JSON array; what is left out of `on` matches everything:
//! ```json
//! [{"on": {"method": "POST", "path": "/api/v2/authorization/divisions", "name": "Sales"},
//!   "do": "commit_then_close"},
//!  {"on": {"path": "/api/v2/**"}, "nth": 3, "count": 2, "do": {"status": {"status": 503}}},
//!  {"on": {"method": "POST"}, "count": 0, "do": {"list_lag": {"reads": 2}}}]
//! ```

use std::collections::HashMap;
use std::num::NonZeroU64;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use serde::de::{Error as _, Unexpected};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;
use tokio::sync::watch;

use super::error::Error;
use super::locked::lock;

/// One scripted fault.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Fault {
    /// Which requests it matches.
    #[serde(default)]
    pub on: On,
    /// The first matching request that it acts on, from 1.
    #[serde(default = "first")]
    pub nth: NonZeroU64,
    /// How many matching requests it acts on; 0 means all from then on.
    #[serde(default = "one")]
    pub count: u64,
    /// What it does.
    #[serde(rename = "do")]
    pub effect: Effect,
}

fn first() -> NonZeroU64 {
    NonZeroU64::MIN
}

fn one() -> u64 {
    1
}

impl Fault {
    /// Reads a fault file's text.
    ///
    /// # Errors
    /// If the text is no JSON array of faults, or has a field or an effect that no fault has.
    pub fn script_from_json(text: &str) -> Result<Vec<Self>, Error> {
        Ok(serde_json::from_str(text)?)
    }

    /// Makes a fault that acts once, on the first request of this method and path.
    pub fn once(method: &str, path: &str, effect: Effect) -> Self {
        Self {
            on: On { method: Some(method.to_owned()), path: Some(path.to_owned()), name: None },
            nth: first(),
            count: one(),
            effect,
        }
    }

    /// Makes the fault act on every matching request.
    #[must_use]
    pub fn always(mut self) -> Self {
        self.count = 0;
        self
    }
}

/// Which requests a fault matches; what is left out matches everything.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct On {
    /// The method, in capitals.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// The path; `*` stands for one segment, `**` at the end for all that follow.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// The field `name` of the request's JSON body.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// What a fault does. Unless it says otherwise the request is carried out as usual.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// Waits so many milliseconds before anything is done.
    Delay(u64),
    /// Carries the request out, then waits so many milliseconds with the reply.
    DelayReply(u64),
    /// Waits for `release` before anything is done.
    Hold,
    /// Carries the request out, then waits for `release` with the reply.
    HoldReply,
    /// Does nothing and answers with this.
    Status(Refusal),
    /// Carries the request out, then answers with this.
    CommitThenStatus(Refusal),
    /// Does nothing and closes the connection without a reply.
    Close,
    /// Carries the request out, then closes the connection without a reply.
    CommitThenClose,
    /// Closes the connection after so many bytes of the reply's body.
    CutReply(usize),
    /// Answers with the right status and a page of HTML.
    HtmlBody,
    /// Answers with the right status and half of the body.
    TruncatedBody,
    /// Answers with the right status and no body.
    EmptyBody,
    /// What the request creates stays out of lists for a while.
    ListLag(Lag),
    /// What the request creates answers 404 by id for a while.
    GetLag(Lag),
    /// The request sees the home division and no other.
    HomeOnly,
    /// Answers 429 once a token has had its requests in this window.
    RateLimit(RateLimit),
    /// Takes the request's token back and answers 401.
    ExpireToken,
}

impl Effect {
    /// Returns the name that a fault file uses.
    pub(crate) fn name(&self) -> String {
        match serde_json::to_value(self) {
            Ok(Value::String(name)) => name,
            Ok(Value::Object(fields)) => fields.keys().next().cloned().unwrap_or_default(),
            _ => String::new(),
        }
    }
}

/// A reply in place of the right one. What is left out follows from the status.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Refusal {
    /// The HTTP status, from 200 to 599.
    #[serde(deserialize_with = "final_status")]
    pub status: u16,
    /// The error body's `code`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// The error body's `message`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// The header `Retry-After`, in seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<u64>,
    /// A whole body in place of the error body; text is sent as it is, anything else as JSON.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<Value>,
}

fn final_status<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u16, D::Error> {
    let status = u16::deserialize(deserializer)?;
    let expected = &"a status from 200 to 599";
    match status {
        200..600 => Ok(status),
        other => Err(D::Error::invalid_value(Unexpected::Unsigned(other.into()), expected)),
    }
}

impl Refusal {
    /// Makes the plain refusal of a status.
    pub fn status(status: u16) -> Self {
        Self { status, code: None, message: None, retry_after: None, body: None }
    }
}

/// How long something that was created is not shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Lag {
    /// For so many reads of its kind (each page of a list is one).
    Reads(u64),
    /// For so much time.
    Milliseconds(u64),
}

/// How many requests a token may make.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RateLimit {
    /// So many requests …
    pub requests: u64,
    /// … in so many seconds, counted from the first.
    #[serde(default = "minute")]
    pub seconds: u64,
    /// What `Retry-After` says; left out, the seconds until the window ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<u64>,
}

fn minute() -> u64 {
    60
}

/// A request as faults see it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Subject<'a> {
    pub(crate) method: &'a str,
    pub(crate) path: &'a str,
    pub(crate) name: Option<&'a str>,
    pub(crate) token: Option<&'a str>,
}

struct Armed {
    fault: Fault,
    matched: u64,
    /// Per token: when its window began, and its requests since.
    windows: HashMap<String, (Instant, u64)>,
}

/// The faults in force, and the gate that `Hold` waits at.
pub(crate) struct Faults {
    armed: Mutex<Vec<Armed>>,
    released: watch::Sender<u64>,
}

impl Faults {
    /// Puts a script in force.
    pub(crate) fn new(script: Vec<Fault>) -> Self {
        let faults = Self { armed: Mutex::new(Vec::new()), released: watch::Sender::new(0) };
        faults.add(script);
        faults
    }

    /// Adds faults behind those in force; each counts from now.
    pub(crate) fn add(&self, script: Vec<Fault>) {
        lock(&self.armed).extend(script.into_iter().map(|fault| Armed {
            fault,
            matched: 0,
            windows: HashMap::new(),
        }));
    }

    /// Takes all faults away.
    pub(crate) fn clear(&self) {
        lock(&self.armed).clear();
    }

    /// Returns the faults in force.
    pub(crate) fn all(&self) -> Vec<Fault> {
        let armed = lock(&self.armed);
        armed.iter().map(|armed| armed.fault.clone()).collect()
    }

    /// Counts a request and returns what is to be done to it, in the order of the script.
    pub(crate) fn due(&self, subject: Subject<'_>) -> Vec<Effect> {
        let mut armed = lock(&self.armed);
        armed.iter_mut().filter_map(|armed| armed.due(subject)).collect()
    }

    /// Lets everything go on that is held now.
    pub(crate) fn release(&self) {
        self.released.send_modify(|count| *count += 1);
    }

    /// Waits for the next release; `held` is called once a release can no longer be missed.
    pub(crate) async fn held(&self, held: impl FnOnce()) {
        let mut released = self.released.subscribe();
        released.mark_unchanged();
        held();
        // An error means that the emulator is gone, and with it whoever could release.
        let _ = released.changed().await;
    }
}

impl Armed {
    fn due(&mut self, subject: Subject<'_>) -> Option<Effect> {
        if !matches(&self.fault.on, subject) {
            return None;
        }
        self.matched += 1;
        let (nth, count) = (self.fault.nth.get(), self.fault.count);
        if self.matched < nth || (count > 0 && self.matched >= nth.saturating_add(count)) {
            return None;
        }
        match &self.fault.effect {
            Effect::RateLimit(limit) => {
                let limit = *limit;
                self.exceeded(limit, subject.token?)
            }
            effect => Some(effect.clone()),
        }
    }

    /// Counts a request of a token; answers with the 429 if it is one too many.
    fn exceeded(&mut self, limit: RateLimit, token: &str) -> Option<Effect> {
        let now = Instant::now();
        let length = Duration::from_secs(limit.seconds);
        let window = self.windows.entry(token.to_owned()).or_insert((now, 0));
        if now.duration_since(window.0) >= length {
            *window = (now, 0);
        }
        window.1 += 1;
        if window.1 <= limit.requests {
            return None;
        }
        let left = length.saturating_sub(now.duration_since(window.0));
        let left = left.as_secs() + u64::from(left.subsec_nanos() > 0);
        Some(Effect::RateLimit(RateLimit {
            retry_after: Some(limit.retry_after.unwrap_or(left)),
            ..limit
        }))
    }
}

fn matches(on: &On, subject: Subject<'_>) -> bool {
    let is = |wanted: &Option<String>, found: Option<&str>| {
        wanted.is_none() || wanted.as_deref() == found
    };
    is(&on.method, Some(subject.method))
        && is(&on.name, subject.name)
        && (on.path.as_deref()).is_none_or(|pattern| matches_path(pattern, subject.path))
}

fn matches_path(pattern: &str, path: &str) -> bool {
    let mut segments = path.split('/');
    for wanted in pattern.split('/') {
        match (wanted, segments.next()) {
            ("**", Some(_)) => return true,
            ("*", Some(_)) => {}
            (wanted, Some(found)) if wanted == found => {}
            _ => return false,
        }
    }
    segments.next().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    const GET: Subject<'_> = Subject { method: "GET", path: "/a/b", name: None, token: Some("t") };

    fn faults(json: &str) -> Faults {
        Faults::new(Fault::script_from_json(json).unwrap())
    }

    #[test]
    fn a_fault_acts_on_its_requests_and_no_others() {
        let script = r#"[{"on":{"method":"GET"},"nth":2,"count":2,"do":"close"}]"#;
        let faults = faults(script);
        let post = Subject { method: "POST", ..GET };
        assert!(faults.due(post).is_empty());
        let acted = [(); 4].map(|()| !faults.due(GET).is_empty());
        assert_eq!(acted, [false, true, true, false]);
    }

    #[test]
    fn a_star_is_one_segment_and_two_are_the_rest() {
        assert!(matches_path("/a/*", "/a/b"));
        assert!(!matches_path("/a/*", "/a/b/c"));
        assert!(!matches_path("/a/*", "/a"));
        assert!(matches_path("/a/**", "/a/b/c"));
        assert!(!matches_path("/a/b", "/a/bc"));
    }

    #[test]
    fn a_rate_limit_counts_each_token_for_itself() {
        let script = r#"[{"count":0,"do":{"rate_limit":{"requests":2,"retryAfter":7}}}]"#;
        let faults = faults(script);
        let refused = [(); 3].map(|()| faults.due(GET).len());
        assert_eq!(refused, [0, 0, 1]);
        let other = Subject { token: Some("u"), ..GET };
        assert!(faults.due(other).is_empty());
    }

    #[test]
    fn a_misspelt_fault_is_refused() {
        for wrong in [
            r#"[{"do":"clsoe"}]"#,
            r#"[{"on":{"verb":"GET"},"do":"close"}]"#,
            r#"[{"do":{"status":{"code":"x"}}}]"#,
            r#"[{"do":{"status":{"status":42}}}]"#,
            r#"[{"nth":0,"do":"close"}]"#,
        ] {
            assert!(serde_json::from_str::<Vec<Fault>>(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn every_effect_knows_its_name() {
        assert_eq!(Effect::Close.name(), "close");
        assert_eq!(Effect::CutReply(3).name(), "cut_reply");
    }
}
