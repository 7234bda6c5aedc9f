//! The one interrupt that every wait of ours listens to.
//!
//! The first SIGINT, SIGTERM or SIGHUP asks everything to end in good order (Terraform gets one SIGINT,
//! alone), the second is Terraform's second: it stops at once, by its own rules. Never kills
//! anything itself. Invariant: installed before the first child is started.

use std::sync::{Arc, Mutex, PoisonError};

use divvy_core::effect::{Effect, Observer, Outcome};
use divvy_os::signals::Signals;
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

use crate::console::{Console, Tone};
use crate::error::{CommandError, CommandResult};

/// The calls of Terraform that are under way, and the word that they are to stop at once.
#[derive(Clone, Default)]
pub(crate) struct UnderWay {
    calls: Arc<Mutex<Vec<(String, bool)>>>,
    at_once: CancellationToken,
}

impl UnderWay {
    /// Fires at the second interrupt.
    pub(crate) fn at_once(&self) -> CancellationToken {
        self.at_once.clone()
    }

    /// Says what is waited for at the first interrupt, if anything is, and what a second one does.
    fn waited_for(&self, terraform: &str) -> Option<String> {
        let calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        // One that writes never runs beside another.
        let (subcommand, writes) = calls.last()?;
        let at_the_cost = if *writes { "; what it has not saved by then is lost" } else { "" };
        Some(format!(
            "waiting for {terraform} {subcommand} to end in good order (Ctrl-C again: it stops at once{at_the_cost})"
        ))
    }
}

impl Observer for UnderWay {
    fn before(&self, effect: &Effect) {
        if let Effect::Terraform { subcommand, writes } = effect {
            let mut calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
            calls.push((subcommand.clone(), *writes));
        }
    }

    fn after(&self, effect: &Effect, _outcome: &Outcome) {
        if let Effect::Terraform { subcommand, .. } = effect {
            let mut calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(ended) = calls.iter().position(|(name, _)| name == subcommand) {
                calls.remove(ended);
            }
        }
    }
}

/// Installs the handlers, before it returns, and returns the token that the first signal cancels.
/// What is under way then is said, with `terraform` for the program's name.
pub(crate) fn install(
    console: Arc<Console>,
    under_way: UnderWay,
    terraform: String,
) -> CancellationToken {
    let interrupt = CancellationToken::new();
    let token = interrupt.clone();
    let mut signals = Signals::install();
    tokio::spawn(async move {
        signals.first().await;
        if let Some(waited_for) = under_way.waited_for(&terraform) {
            console.mark(Tone::Warning, &waited_for);
        }
        token.cancel();
        signals.second().await;
        if under_way.waited_for(&terraform).is_some() {
            console.mark(Tone::Warning, &format!("telling {terraform} to stop at once"));
        }
        under_way.at_once.cancel();
    });
    interrupt
}

/// Does what may block for ever, such as a read of standard input, beside the runtime, which has one
/// thread: on that, it would keep the interrupt from being heard.
///
/// # Errors
/// When somebody interrupts; what blocks is left alone then, and ends with the process.
pub(crate) async fn beside<T: Send + 'static>(
    interrupt: &CancellationToken,
    work: impl FnOnce() -> T + Send + 'static,
) -> CommandResult<T> {
    let (sender, done) = oneshot::channel();
    std::thread::spawn(move || {
        let _ = sender.send(work());
    });
    tokio::select! {
        biased;
        () = interrupt.cancelled() => Err(CommandError::interrupted()),
        done = done => done.map_err(|_| CommandError::failed("could not read the input")),
    }
}
