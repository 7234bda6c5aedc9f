//! The one interrupt that every wait of ours listens to.
//!
//! The first SIGINT or SIGTERM asks everything to end in good order (Terraform gets one SIGINT,
//! alone). Never kills anything itself. Invariant: installed before the first child is started.

use tokio_util::sync::CancellationToken;

/// Installs the handlers and returns the token that they cancel.
pub(crate) fn install() -> CancellationToken {
    let interrupt = CancellationToken::new();
    let token = interrupt.clone();
    tokio::spawn(async move {
        wait_for_signal().await;
        token.cancel();
    });
    interrupt
}

#[cfg(unix)]
async fn wait_for_signal() {
    use tokio::signal::unix::{SignalKind, signal};
    let (Ok(mut interrupt), Ok(mut terminate)) =
        (signal(SignalKind::interrupt()), signal(SignalKind::terminate()))
    else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
}

#[cfg(not(unix))]
async fn wait_for_signal() {
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}
