//! The one interrupt that every wait of ours listens to.
//!
//! The first SIGINT or SIGTERM asks everything to end in good order (Terraform gets one SIGINT,
//! alone). Never kills anything itself. Invariant: installed before the first child is started.

use tokio_util::sync::CancellationToken;

/// Installs the handlers, before it returns, and returns the token that they cancel.
pub(crate) fn install() -> CancellationToken {
    let interrupt = CancellationToken::new();
    let token = interrupt.clone();
    let signal = signal();
    tokio::spawn(async move {
        signal.await;
        token.cancel();
    });
    interrupt
}

/// The handlers are there once this returns; the future waits for the first signal.
#[cfg(unix)]
fn signal() -> impl Future<Output = ()> {
    use tokio::signal::unix::{SignalKind, signal};
    let handlers = [SignalKind::interrupt(), SignalKind::terminate()].map(signal);
    async {
        let [Ok(mut interrupt), Ok(mut terminate)] = handlers else {
            return std::future::pending().await;
        };
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    }
}

#[cfg(not(unix))]
async fn signal() {
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}
