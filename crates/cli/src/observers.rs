//! Who hears of effects: the counters, the progress line, and a journal once one is open.
//!
//! Invariant: observers hear of effects in the order in which they were added.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use divvy_core::effect::{Effect, Observer, Outcome};

use crate::context::Context;

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
        if let Some(halt) = HaltPoint::from_variables(&context.environment.variables) {
            observers.add(Arc::new(halt));
        }
        #[cfg(not(debug_assertions))]
        let _ = context;
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

/// Sends this process a signal right before or after the n-th effect: SIGKILL (`DIVVY_KILL_AT=n`), or
/// SIGSTOP (`DIVVY_STOP_AT=n`), after which the test says how it goes on; `wn` counts only effects that
/// write. How the tests get between any two lines; not in a release build.
#[cfg(debug_assertions)]
pub(crate) struct HaltPoint {
    left: AtomicUsize,
    counts_writes_only: bool,
    how: divvy_os::process::Halt,
}

#[cfg(debug_assertions)]
impl HaltPoint {
    pub(crate) fn from_variables(
        variables: &std::collections::BTreeMap<String, String>,
    ) -> Option<Self> {
        use divvy_os::process::Halt;
        let of = |name: &str, how| {
            let value = variables.get(name)?;
            let left = value.trim_start_matches('w').parse().ok()?;
            Some(Self {
                left: AtomicUsize::new(left),
                counts_writes_only: value.starts_with('w'),
                how,
            })
        };
        of("DIVVY_KILL_AT", Halt::Killed).or_else(|| of("DIVVY_STOP_AT", Halt::Stopped))
    }

    fn pass(&self, effect: &Effect) {
        let only_reads = matches!(
            effect,
            Effect::Request { writes: false, .. } | Effect::Terraform { writes: false, .. }
        );
        if self.counts_writes_only && only_reads {
            return;
        }
        if self.left.fetch_sub(1, Ordering::Relaxed) == 1 {
            // It reaches the process itself before the call returns.
            divvy_os::process::halt(self.how);
        }
    }
}

#[cfg(debug_assertions)]
impl Observer for HaltPoint {
    fn before(&self, effect: &Effect) {
        self.pass(effect);
    }

    fn after(&self, effect: &Effect, _outcome: &Outcome) {
        self.pass(effect);
    }
}
