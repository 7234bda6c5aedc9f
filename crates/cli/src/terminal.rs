//! The terminal while keys are read from it one by one, and how it is given back.
//!
//! Never draws and never decides. Invariant: however a command ends (an answer, an interrupt, a
//! signal, a panic), the terminal is left as it was found.

use std::io::stderr;
use std::sync::Once;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crossterm::event::{self, DisableBracketedPaste};
use crossterm::terminal::{self, EnterAlternateScreen, LeaveAlternateScreen};
use crossterm::{cursor, execute};
use tokio_util::sync::CancellationToken;

use crate::error::CommandResult;
use crate::interrupt;

/// Whether keys are being read one by one.
static IS_TAKEN: AtomicBool = AtomicBool::new(false);
/// Whether the screen is the second one.
static IS_FULL_SCREEN: AtomicBool = AtomicBool::new(false);

/// Does what reads keys, beside the runtime (see [`interrupt::beside`]), and gives the terminal back.
///
/// # Errors
/// When somebody interrupts.
pub(crate) async fn with_keys<T: Send + 'static>(
    interrupt: &CancellationToken,
    work: impl FnOnce() -> T + Send + 'static,
) -> CommandResult<T> {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let usual = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            give_back();
            usual(panic);
        }));
    });
    IS_TAKEN.store(true, Ordering::SeqCst);
    let done = interrupt::beside(interrupt, || {
        forget_typed_ahead();
        work()
    });
    let done = done.await;
    give_back();
    done
}

/// Throws away what was typed before there was a question: it cannot be an answer to it.
fn forget_typed_ahead() {
    // A terminal that cannot be read so is found out by whoever asks.
    if terminal::enable_raw_mode().is_ok() {
        while event::poll(Duration::ZERO).unwrap_or(false) && event::read().is_ok() {}
    }
}

/// Reports whether keys may still be read and shown: not once the terminal was given back.
pub(crate) fn is_taken() -> bool {
    IS_TAKEN.load(Ordering::SeqCst)
}

/// Takes the whole screen, until the terminal is given back.
///
/// # Errors
/// The system's.
pub(crate) fn take_screen() -> std::io::Result<()> {
    IS_FULL_SCREEN.store(true, Ordering::SeqCst);
    terminal::enable_raw_mode()?;
    execute!(stderr(), EnterAlternateScreen, cursor::Hide)
}

/// Gives the terminal back; does nothing where it was not taken.
fn give_back() {
    if !IS_TAKEN.swap(false, Ordering::SeqCst) {
        return;
    }
    // A terminal that is gone takes nothing back.
    if IS_FULL_SCREEN.swap(false, Ordering::SeqCst) {
        let _ = execute!(stderr(), LeaveAlternateScreen);
    }
    let _ = execute!(stderr(), DisableBracketedPaste, cursor::Show);
    let _ = terminal::disable_raw_mode();
}
