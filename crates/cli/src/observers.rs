//! Who hears of effects: the counters, the progress line, and a journal once one is open.
//!
//! Invariant: observers hear of effects in the order in which they were added.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use divvy_core::effect::{Effect, Observer, Outcome};

use crate::commands::Context;

/// All observers of one run, itself an observer.
#[derive(Default)]
pub(crate) struct Observers {
    all: RwLock<Vec<Arc<dyn Observer>>>,
    requests: AtomicUsize,
    terraform_runs: AtomicUsize,
}

impl Observers {
    /// Makes those of a run: the counters, and in tests the kill point that the environment names.
    pub(crate) fn of(context: &Context) -> Self {
        let observers = Self::default();
        #[cfg(debug_assertions)]
        if let Some(kill_point) = context
            .environment
            .variables
            .get("DIVVY_KILL_AT")
            .and_then(|value| KillPoint::from_variable(value))
        {
            observers.add(Arc::new(kill_point));
        }
        observers
    }

    pub(crate) fn add(&self, observer: Arc<dyn Observer>) {
        self.all.write().unwrap_or_else(PoisonError::into_inner).push(observer);
    }

    /// Requests sent so far, tokens included.
    pub(crate) fn requests(&self) -> usize {
        self.requests.load(Ordering::Relaxed)
    }

    /// Starts of Terraform so far.
    pub(crate) fn terraform_runs(&self) -> usize {
        self.terraform_runs.load(Ordering::Relaxed)
    }

    fn each(&self, tell: impl Fn(&dyn Observer)) {
        for observer in self.all.read().unwrap_or_else(PoisonError::into_inner).iter() {
            tell(observer.as_ref());
        }
    }
}

impl Observer for Observers {
    fn before(&self, effect: &Effect) {
        match effect {
            Effect::Request { .. } => self.requests.fetch_add(1, Ordering::Relaxed),
            Effect::Terraform { .. } => self.terraform_runs.fetch_add(1, Ordering::Relaxed),
            Effect::WriteFile { .. } | Effect::RemoveFile { .. } => 0,
        };
        match effect {
            Effect::Request { method, path, .. } => tracing::debug!(method, path, "request"),
            Effect::Terraform { subcommand, .. } => tracing::debug!(subcommand, "terraform"),
            Effect::WriteFile { path } => tracing::debug!(path = %path.display(), "write file"),
            Effect::RemoveFile { path } => tracing::debug!(path = %path.display(), "remove file"),
        }
        self.each(|observer| observer.before(effect));
    }

    fn after(&self, effect: &Effect, outcome: &Outcome) {
        tracing::debug!(succeeded = outcome.succeeded, code = outcome.code, took = ?outcome.took, "ended");
        self.each(|observer| observer.after(effect, outcome));
    }
}

/// Stops the process dead right before or after the n-th effect (`DIVVY_KILL_AT=n`): how the tests
/// put a `kill -9` between any two lines. Never set outside tests.
#[cfg(debug_assertions)]
pub(crate) struct KillPoint {
    left: AtomicUsize,
}

#[cfg(debug_assertions)]
impl KillPoint {
    pub(crate) fn from_variable(value: &str) -> Option<Self> {
        value.parse().ok().map(|left| Self { left: AtomicUsize::new(left) })
    }

    fn pass(&self) {
        if self.left.fetch_sub(1, Ordering::Relaxed) == 1 {
            // As abrupt as a kill -9: no destructor runs.
            std::process::abort();
        }
    }
}

#[cfg(debug_assertions)]
impl Observer for KillPoint {
    fn before(&self, _effect: &Effect) {
        self.pass();
    }

    fn after(&self, _effect: &Effect, _outcome: &Outcome) {
        self.pass();
    }
}
