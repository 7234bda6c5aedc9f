//! Starts and stops the emulator.
//!
//! Never binds anything but loopback unless the caller brings the listener. Invariant: when a start
//! returns, the port answers; when a stop returns, the port is free, and so is the data file unless
//! somebody still holds a copy of the [`Handle`].

use std::net::{Ipv4Addr, SocketAddr};
use std::ops::Deref;
use std::pin::pin;
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper::service::{Service as _, service_fn};
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};
use tokio_util::sync::CancellationToken;

use super::error::Error;
use super::gate::Line;
use super::options::Options;
use super::router::router;
use super::shared::{Handle, Shared};

/// How long a stop waits for requests under way.
const GRACE: Duration = Duration::from_secs(1);

/// How long to wait before the next try when no connection could be taken.
const PAUSE: Duration = Duration::from_millis(10);

/// An emulator on the caller's runtime; dropping it stops it.
pub struct Emulator {
    handle: Handle,
    stop: CancellationToken,
    task: JoinHandle<()>,
}

impl Emulator {
    /// Starts an emulator on the current runtime (a current-thread one suffices).
    ///
    /// # Errors
    /// If the port cannot be had or the store cannot be opened.
    pub async fn start(options: Options) -> Result<Self, Error> {
        let anywhere = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let listener = TcpListener::bind(options.listen.unwrap_or(anywhere)).await?;
        Self::serve(listener, options)
    }

    /// Starts an emulator on a listener that is bound already.
    ///
    /// # Errors
    /// If the store cannot be opened.
    pub fn serve(listener: TcpListener, options: Options) -> Result<Self, Error> {
        let dialect = options.dialect;
        let url = format!("http://{}", listener.local_addr()?);
        let handle = Handle::new(url, Arc::new(Shared::open(options)?));
        let stop = CancellationToken::new();
        let router = router(handle.clone(), dialect);
        let task = tokio::spawn(accept(listener, router, stop.clone()));
        Ok(Self { handle, stop, task })
    }

    /// Starts an emulator on a thread and a runtime of its own, for tests that block.
    ///
    /// # Errors
    /// As [`Emulator::start`], or if no thread can be had.
    pub fn spawn_thread(options: Options) -> Result<EmulatorThread, Error> {
        let (sender, started) = mpsc::sync_channel(1);
        let stop = CancellationToken::new();
        let stopped = stop.clone();
        let body = move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            let runtime = match runtime {
                Ok(runtime) => runtime,
                Err(error) => return drop(sender.send(Err(error.into()))),
            };
            runtime.block_on(async {
                match Self::start(options).await {
                    Ok(emulator) => {
                        drop(sender.send(Ok(emulator.handle.clone())));
                        stopped.cancelled().await;
                        emulator.stop().await;
                    }
                    Err(error) => drop(sender.send(Err(error))),
                }
            });
        };
        let thread = thread::Builder::new().name("emulator".to_owned()).spawn(body)?;
        let gone = |_| std::io::Error::other("the emulator's thread ended before it started");
        let handle = started.recv().map_err(gone)??;
        Ok(EmulatorThread { handle: Some(handle), stop, thread: Some(thread) })
    }

    /// Stops the emulator: held requests go on, others get a second, then all connections end.
    pub async fn stop(mut self) {
        self.stop.cancel();
        self.handle.release();
        // An error means that the task panicked or was cut off: it is over either way.
        let _ = (&mut self.task).await;
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        self.stop.cancel();
        self.handle.release();
    }
}

impl Deref for Emulator {
    type Target = Handle;

    fn deref(&self) -> &Handle {
        &self.handle
    }
}

/// An emulator on a thread of its own; dropping it stops it and waits for that.
pub struct EmulatorThread {
    /// `None` only while it is being dropped.
    handle: Option<Handle>,
    stop: CancellationToken,
    thread: Option<thread::JoinHandle<()>>,
}

impl EmulatorThread {
    /// Stops the emulator and waits until its port and its data file are free.
    pub fn stop(self) {
        drop(self);
    }
}

impl Drop for EmulatorThread {
    fn drop(&mut self) {
        self.stop.cancel();
        self.handle = None;
        if let Some(thread) = self.thread.take() {
            // An error means that the thread panicked, which it has already said on stderr.
            let _ = thread.join();
        }
    }
}

impl Deref for EmulatorThread {
    type Target = Handle;

    /// # Panics
    /// Never: the handle is there until the drop.
    fn deref(&self) -> &Handle {
        self.handle.as_ref().expect("only the drop takes the handle")
    }
}

/// Runs an emulator on a listener until `shutdown` is done.
///
/// # Errors
/// If the store cannot be opened.
pub async fn run(
    listener: TcpListener,
    options: Options,
    shutdown: impl Future<Output = ()>,
) -> Result<(), Error> {
    let emulator = Emulator::serve(listener, options)?;
    shutdown.await;
    emulator.stop().await;
    Ok(())
}

async fn accept(listener: TcpListener, router: Router, stop: CancellationToken) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            () = stop.cancelled() => break,
            Some(_) = connections.join_next() => {}
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    connections.spawn(serve(stream, router.clone(), stop.clone()));
                }
                // Out of file descriptors, most likely: others must end before this goes on.
                Err(error) => {
                    tracing::warn!(%error, "the emulator cannot take a connection");
                    tokio::time::sleep(PAUSE).await;
                }
            },
        }
    }
    drop(listener);
    let all = async { while connections.join_next().await.is_some() {} };
    // What is not over by then is cut off with the set.
    let _ = tokio::time::timeout(GRACE, all).await;
}

async fn serve(stream: TcpStream, router: Router, stop: CancellationToken) {
    // Without it every small reply may wait for the client's delayed acknowledgement.
    let _ = stream.set_nodelay(true);
    let line = Line::default();
    let router = TowerToHyperService::new(router);
    let service = service_fn(|mut request: hyper::Request<hyper::body::Incoming>| {
        request.extensions_mut().insert(line.clone());
        router.call(request)
    });
    let mut connection =
        pin!(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
    tokio::select! {
        _ = connection.as_mut() => return,
        () = line.0.cancelled() => return,
        () = stop.cancelled() => connection.as_mut().graceful_shutdown(),
    }
    tokio::select! {
        _ = connection => {}
        () = line.0.cancelled() => {}
    }
}
