//! Ctrl-C, Ctrl-Break, and the end of the console.
//!
//! A console tells everybody who is attached to it and not in a group of its own, so a child in the
//! foreground hears by itself.

use std::io;

use tokio::signal::windows::{CtrlBreak, CtrlC, CtrlClose, ctrl_break, ctrl_c, ctrl_close};

/// Ctrl-C and Ctrl-Break, as they come, and the end of the console.
#[derive(Debug)]
pub struct Signals {
    handlers: Option<(CtrlC, CtrlBreak)>,
    hang_ups: HangUps,
}

impl Signals {
    /// Installs the handlers, before it returns.
    pub fn install() -> Self {
        Self { handlers: ctrl_c().ok().zip(ctrl_break().ok()), hang_ups: hang_ups() }
    }

    /// Waits for the first of any kind.
    pub async fn first(&mut self) {
        let Self { handlers, hang_ups } = self;
        tokio::select! {
            () = either(handlers) => {}
            () = hang_ups.next() => {}
        }
    }

    /// Waits for a second one that a person pressed.
    pub async fn second(&mut self) {
        either(&mut self.handlers).await;
    }

    /// Waits for one that asks a provider to end.
    pub async fn interrupt(&mut self) {
        either(&mut self.handlers).await;
    }
}

async fn either(handlers: &mut Option<(CtrlC, CtrlBreak)>) {
    let Some((interrupt, broken)) = handlers else { return std::future::pending().await };
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = broken.recv() => {}
    }
}

/// The end of the console. The system gives a process five seconds then.
#[derive(Debug)]
pub struct HangUps(Option<CtrlClose>);

impl HangUps {
    /// Waits for it.
    pub async fn next(&mut self) {
        match &mut self.0 {
            Some(closed) => {
                closed.recv().await;
            }
            None => std::future::pending().await,
        }
    }
}

/// Listens to the end of the console.
pub fn hang_ups() -> HangUps {
    HangUps(ctrl_close().ok())
}

/// What a child in the foreground has to hear of: the console tells it, and this process only has to
/// outlive it.
#[derive(Debug)]
pub struct PassedOn(Signals);

impl PassedOn {
    /// Installs the handlers.
    ///
    /// # Errors
    /// None here.
    pub fn install() -> io::Result<Self> {
        Ok(Self(Signals::install()))
    }

    /// Waits for the next one.
    pub async fn next(&mut self, _child: Option<u32>) {
        self.0.first().await;
    }
}
