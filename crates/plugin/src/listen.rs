//! One accepted connection, answered request by request over HTTP/2.
//!
//! Knows no method. Invariant: after `done` no new request is taken, and the ones under way are
//! still answered.

use std::convert::Infallible;

use http::{Request, Response};
use hyper::body::Incoming;
use hyper::rt::{Read, Write};
use hyper::server::conn::http2;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use tokio_util::sync::CancellationToken;

use crate::frame::{self, Body};

/// Answers the requests of one connection to its end.
pub(crate) async fn converse<F>(
    io: impl Read + Write + Unpin + Send + 'static,
    done: &CancellationToken,
    answer: impl Fn(Request<Incoming>) -> F,
) where
    F: Future<Output = Response<Body>> + Send + 'static,
{
    let service = service_fn(|request| {
        let answered = answer(request);
        async move { Ok::<_, Infallible>(answered.await) }
    });
    let connection = http2::Builder::new(TokioExecutor::new())
        .timer(TokioTimer::new())
        .initial_stream_window_size(frame::STREAM_WINDOW)
        .initial_connection_window_size(frame::CONNECTION_WINDOW)
        .serve_connection(io, service);
    tokio::pin!(connection);
    let ended = tokio::select! {
        ended = &mut connection => ended,
        () = done.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a plugin connection ended");
    }
}
