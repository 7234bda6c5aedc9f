//! The one interrupt that every wait of ours listens to.
//!
//! The first SIGINT, SIGTERM or SIGHUP asks everything to end in good order (Terraform gets one SIGINT,
//! alone), the second is Terraform's second: it stops at once, by its own rules. Never kills
//! anything itself. Invariant: installed before the first child is started.

use std::sync::{Arc, Mutex, PoisonError};

use divvy_core::effect::{Effect, Observer, Outcome};
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

/// SIGINT and SIGTERM, as they come, and the first SIGHUP.
#[cfg(unix)]
struct Signals {
    handlers: Option<[tokio::signal::unix::Signal; 2]>,
    hang_ups: HangUps,
}

#[cfg(unix)]
impl Signals {
    fn install() -> Self {
        use tokio::signal::unix::{SignalKind, signal};
        let handlers = (signal(SignalKind::interrupt()), signal(SignalKind::terminate()));
        let handlers = match handlers {
            (Ok(interrupt), Ok(terminate)) => Some([interrupt, terminate]),
            _ => None,
        };
        Self { handlers, hang_ups: hang_ups() }
    }

    /// Waits for the first signal of any kind.
    async fn first(&mut self) {
        let Self { handlers, hang_ups } = self;
        tokio::select! {
            () = either(handlers) => {}
            () = hang_ups.next() => {}
        }
    }

    /// Waits for a second one. A terminal that goes says so more than once, and nobody has pressed
    /// anything twice.
    async fn second(&mut self) {
        either(&mut self.handlers).await;
    }
}

#[cfg(unix)]
async fn either(handlers: &mut Option<[tokio::signal::unix::Signal; 2]>) {
    let Some([interrupt, terminate]) = handlers else { return std::future::pending().await };
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
}

/// SIGHUP, as it comes.
#[cfg(unix)]
pub(crate) struct HangUps(Option<tokio::signal::unix::Signal>);

#[cfg(unix)]
impl HangUps {
    /// Waits for the next one.
    pub(crate) async fn next(&mut self) {
        match &mut self.0 {
            Some(signal) => {
                signal.recv().await;
            }
            None => std::future::pending().await,
        }
    }
}

/// Listens to SIGHUP; not where this process was started to outlive its terminal, as by `nohup`.
#[cfg(unix)]
pub(crate) fn hang_ups() -> HangUps {
    use tokio::signal::unix::{SignalKind, signal};
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    HangUps(if ignores_hang_ups(&status) { None } else { signal(SignalKind::hangup()).ok() })
}

/// Reads from Linux's word on a process whether it ignores SIGHUP, which is the lowest bit.
#[cfg(unix)]
fn ignores_hang_ups(status: &str) -> bool {
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let ignored = ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    ignored.is_some_and(|mask| mask & 1 == 1)
}

/// Ctrl-C, as it comes.
#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    fn install() -> Self {
        Self
    }

    async fn first(&mut self) {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    async fn second(&mut self) {
        self.first().await;
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn a_process_under_nohup_is_known() {
        assert!(ignores_hang_ups("Name:\tdivvy\nSigIgn:\t0000000000001001\nSigCgt:\t1\n"));
        assert!(!ignores_hang_ups("SigIgn:\t0000000000001000\nSigCgt:\t0000000000000001\n"));
        assert!(!ignores_hang_ups(""));
    }
}
