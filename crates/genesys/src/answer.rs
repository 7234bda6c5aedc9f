//! What comes back from one try, and who hears of it.
//!
//! Never judges an answer. Invariant: an observer hears of the end of each try, also of one that is
//! dropped half-way.

use std::time::{Duration, SystemTime};

use divvy_core::effect::{Effect, Observer, Outcome};
use reqwest::StatusCode;
use reqwest::header::HeaderMap;
use tokio::time::Instant;

/// The header by which the vendor finds a request again.
pub(crate) const CORRELATION_ID: &str = "ININ-Correlation-Id";

/// Why there is no answer.
pub(crate) enum Broken {
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
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

/// One try under the eyes of an observer, who hears of its end even if it is dropped half-way.
pub(crate) struct Watched<'a> {
    observer: &'a dyn Observer,
    effect: Effect,
    start: Instant,
    has_ended: bool,
}

impl<'a> Watched<'a> {
    pub(crate) fn begin(observer: &'a dyn Observer, effect: Effect) -> Self {
        observer.before(&effect);
        Self { observer, effect, start: Instant::now(), has_ended: false }
    }

    pub(crate) fn end(mut self, answer: Option<&Answer>) {
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
pub(crate) fn seconds_ahead(here: SystemTime, there: SystemTime) -> i64 {
    let whole = |length: Duration| i64::try_from(length.as_secs()).unwrap_or(i64::MAX);
    match here.duration_since(there) {
        Ok(ahead) => whole(ahead),
        Err(behind) => -whole(behind.duration()),
    }
}

pub(crate) fn header(headers: &HeaderMap, name: &str) -> Option<String> {
    headers.get(name)?.to_str().ok().map(str::to_owned)
}
