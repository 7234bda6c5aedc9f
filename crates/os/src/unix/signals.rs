//! SIGINT, SIGTERM and SIGHUP.

use std::io;

use rustix::process::Signal as Number;
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::process::{is_in_foreground, send};

/// SIGINT and SIGTERM, as they come, and the first SIGHUP.
#[derive(Debug)]
pub struct Signals {
    handlers: Option<[Signal; 2]>,
    hang_ups: HangUps,
}

impl Signals {
    /// Installs the handlers, before it returns.
    pub fn install() -> Self {
        let handlers = (signal(SignalKind::interrupt()), signal(SignalKind::terminate()));
        let handlers = match handlers {
            (Ok(interrupt), Ok(terminate)) => Some([interrupt, terminate]),
            _ => None,
        };
        Self { handlers, hang_ups: hang_ups() }
    }

    /// Waits for the first signal of any kind.
    pub async fn first(&mut self) {
        let Self { handlers, hang_ups } = self;
        tokio::select! {
            () = either(handlers) => {}
            () = hang_ups.next() => {}
        }
    }

    /// Waits for a second one. A terminal that goes says so more than once, and nobody has pressed
    /// anything twice.
    pub async fn second(&mut self) {
        either(&mut self.handlers).await;
    }

    /// Waits for a signal that asks a provider to end: SIGINT or SIGTERM.
    pub async fn interrupt(&mut self) {
        either(&mut self.handlers).await;
    }
}

async fn either(handlers: &mut Option<[Signal; 2]>) {
    let Some([interrupt, terminate]) = handlers else { return std::future::pending().await };
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
}

/// SIGHUP, as it comes.
#[derive(Debug)]
pub struct HangUps(Option<Signal>);

impl HangUps {
    /// Waits for the next one.
    pub async fn next(&mut self) {
        match &mut self.0 {
            Some(signal) => {
                signal.recv().await;
            }
            None => std::future::pending().await,
        }
    }
}

/// Listens to SIGHUP; not where this process was started to outlive its terminal, as by `nohup`.
pub fn hang_ups() -> HangUps {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    HangUps(if ignores_hang_ups(&status) { None } else { signal(SignalKind::hangup()).ok() })
}

/// Reads from Linux's word on a process whether it ignores SIGHUP, which is the lowest bit.
fn ignores_hang_ups(status: &str) -> bool {
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let ignored = ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    ignored.is_some_and(|mask| mask & 1 == 1)
}

/// Signals that a child in the foreground has to hear of, each exactly once.
#[derive(Debug)]
pub struct PassedOn {
    interrupts: Signal,
    ends: Signal,
    hang_ups: HangUps,
    /// A terminal that goes may say so twice, and a second signal would end the child at once.
    is_told: bool,
}

impl PassedOn {
    /// Installs the handlers.
    ///
    /// # Errors
    /// The system's.
    pub fn install() -> io::Result<Self> {
        Ok(Self {
            interrupts: signal(SignalKind::interrupt())?,
            ends: signal(SignalKind::terminate())?,
            hang_ups: hang_ups(),
            is_told: false,
        })
    }

    /// Waits for the next one and passes it on, unless the terminal has told the child by itself. A
    /// hang-up, which would end the child at once, is passed on as the wish to end.
    pub async fn next(&mut self, child: Option<u32>) {
        let Self { interrupts, ends, hang_ups, is_told } = self;
        let pass_on = |signal| {
            if let Some(child) = child {
                send(child, signal);
            }
        };
        tokio::select! {
            biased;
            _ = interrupts.recv() => {
                *is_told = true;
                if !is_in_foreground() {
                    pass_on(Number::INT);
                }
            }
            _ = ends.recv() => {
                *is_told = true;
                pass_on(Number::TERM);
            }
            () = hang_ups.next() => if !std::mem::replace(is_told, true) {
                pass_on(Number::TERM);
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_under_nohup_is_known() {
        assert!(ignores_hang_ups("Name:\tdivvy\nSigIgn:\t0000000000001001\nSigCgt:\t1\n"));
        assert!(!ignores_hang_ups("SigIgn:\t0000000000001000\nSigCgt:\t0000000000000001\n"));
        assert!(!ignores_hang_ups(""));
    }
}
