//! Both neighbours of the proxy on HTTP/2, frame by frame: a Terraform that sends anything, and a
//! provider that answers anything.
//!
//! Built on h2 alone, so that nothing of the plugin crate stands on both sides.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use h2::client::SendRequest;
use h2::{Reason, RecvStream, SendStream, server};
use hyper::{HeaderMap, Request, Response};
use rustix::process::{Pid, Signal, kill_process};
use tokio::net::{UnixListener, UnixStream};
use tokio::task::{JoinHandle, JoinSet};

use super::messages;
use super::mutation::{Framing, Mutation, framed};

/// Nothing here waits for anything; what has not been answered by then never will be.
const PATIENCE: Duration = Duration::from_secs(20);

/// How a call ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Ended {
    /// With gRPC's status and what was in the frame.
    Status(i32, Bytes),
    /// The caller or the other side took it back.
    Reset,
}

impl Ended {
    /// The message of a call that went well.
    #[track_caller]
    pub(super) fn message(self) -> Bytes {
        match self {
            Self::Status(0, frame) => frame.slice(5..),
            other => panic!("{other:?}"),
        }
    }
}

/// Terraform's end of one connection.
pub(super) struct Caller {
    send: SendRequest<Bytes>,
    connection: JoinHandle<()>,
}

impl Caller {
    pub(super) async fn connect(socket: &Path) -> Self {
        let stream = UnixStream::connect(socket).await.unwrap();
        let (send, connection) = h2::client::handshake(stream).await.unwrap();
        let connection = tokio::spawn(async move {
            let _ = connection.await;
        });
        Self { send, connection }
    }

    /// Makes a call, and sees it end in time.
    pub(super) async fn call(&self, path: &str, message: &Bytes, framing: &Framing) -> Ended {
        let ended = tokio::time::timeout(PATIENCE, self.try_call(path, message, framing));
        ended.await.unwrap_or_else(|_| panic!("{path} was never answered"))
    }

    async fn try_call(&self, path: &str, message: &Bytes, framing: &Framing) -> Ended {
        let request = Request::post(format!("http://localhost{path}"))
            .header("content-type", "application/grpc")
            .header("te", "trailers")
            .body(())
            .unwrap();
        let mut send = self.send.clone().ready().await.expect("the connection goes on");
        let (response, mut stream) = send.send_request(request, false).unwrap();
        let (pieces, is_reset) = framing.of(message);
        for piece in pieces {
            // Whoever has answered already takes no more.
            if stream.send_data(piece, false).is_err() {
                break;
            }
        }
        if is_reset {
            stream.send_reset(Reason::CANCEL);
            let _ = response.await;
            return Ended::Reset;
        }
        let _ = stream.send_data(Bytes::new(), true);
        let response = match response.await {
            Ok(response) => response,
            Err(error) => return ended_badly(&error),
        };
        let (head, body) = response.into_parts();
        match read(body).await {
            Ok((frame, trailers)) => {
                let status = trailers.get("grpc-status").or(head.headers.get("grpc-status"));
                let status = status.map_or(-1, |status| status.to_str().unwrap().parse().unwrap());
                Ended::Status(status, frame)
            }
            Err(error) => ended_badly(&error),
        }
    }

    /// Ends the connection.
    pub(super) async fn close(self) {
        drop(self.send);
        self.connection.abort();
        let _ = self.connection.await;
    }
}

#[track_caller]
fn ended_badly(error: &h2::Error) -> Ended {
    assert!(error.is_reset(), "the whole connection was given up: {error}");
    Ended::Reset
}

async fn read(mut body: RecvStream) -> Result<(Bytes, HeaderMap), h2::Error> {
    let mut whole = Vec::new();
    while let Some(piece) = body.data().await {
        let piece = piece?;
        body.flow_control().release_capacity(piece.len())?;
        whole.extend(piece);
    }
    Ok((whole.into(), body.trailers().await?.unwrap_or_default()))
}

/// What is done about one answer.
#[derive(Clone, Debug)]
pub(super) enum Reply {
    /// The message is given, changed.
    Changed(Mutation, Framing),
    /// A status instead of a message.
    Status(i32),
    /// No trailers, so no status.
    WithoutTrailers,
    /// HTTP's own refusal.
    Http(u16),
    /// The stream is reset before anything was said.
    Reset,
    /// The whole connection ends.
    Close,
}

impl Reply {
    pub(super) const GOOD: Self = Self::Changed(Mutation::None, Framing::Whole);

    pub(super) fn is_harmless(&self) -> bool {
        matches!(self, Self::Changed(mutation, framing)
            if mutation.is_harmless() && framing.is_harmless())
    }
}

/// A provider process that answers as it is told. The process itself is a shell that sleeps; this
/// one listens in its place.
pub(super) struct Provider {
    directory: PathBuf,
    told: Arc<Mutex<Told>>,
    serving: JoinHandle<()>,
}

struct Told {
    /// Which answer is not as it should be, counted from now on, and how.
    next: Option<(usize, Reply)>,
    /// What was asked, frames and all.
    asked: Vec<(String, Bytes)>,
    /// What was answered.
    answered: Vec<(String, Bytes)>,
}

impl Provider {
    pub(super) fn listen(directory: &Path) -> Self {
        let told = Arc::new(Mutex::new(Told { next: None, asked: vec![], answered: vec![] }));
        let listener = UnixListener::bind(directory.join("provider")).unwrap();
        let script = format!(
            "#!/bin/sh\n: > \"$(dirname \"$0\")/pid.$$\"\nprintf '1|5|unix|%s|grpc|\\n' {}\nexec sleep 600\n",
            directory.join("provider").display()
        );
        std::fs::write(directory.join("start"), script).unwrap();
        let serving = tokio::spawn(serve(listener, Arc::clone(&told), directory.to_owned()));
        Self { directory: directory.to_owned(), told, serving }
    }

    /// Answers badly once: the answer after so many others.
    pub(super) fn answers(&self, after: usize, reply: Reply) {
        self.told.lock().unwrap().next = Some((after, reply));
    }

    pub(super) fn was_asked(&self) -> Vec<(String, Bytes)> {
        std::mem::take(&mut self.told.lock().unwrap().asked)
    }

    /// The messages that were answered since the last time.
    pub(super) fn has_answered(&self) -> Vec<(String, Bytes)> {
        std::mem::take(&mut self.told.lock().unwrap().answered)
    }

    /// The processes that were started.
    pub(super) fn processes(&self) -> Vec<Pid> {
        processes(&self.directory)
    }

    pub(super) fn kill(&self) {
        kill_all(&self.directory);
    }

    pub(super) async fn end(self) {
        self.serving.abort();
        let _ = self.serving.await;
    }
}

fn processes(directory: &Path) -> Vec<Pid> {
    let names = std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().file_name());
    names
        .filter_map(|name| name.to_str()?.strip_prefix("pid.")?.parse().ok())
        .filter_map(Pid::from_raw)
        .collect()
}

fn kill_all(directory: &Path) {
    for process in processes(directory) {
        let _ = kill_process(process, Signal::KILL);
    }
}

async fn serve(listener: UnixListener, told: Arc<Mutex<Told>>, directory: PathBuf) {
    // Whatever is served ends together with this.
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        let (told, directory) = (Arc::clone(&told), directory.clone());
        connections.spawn(async move {
            let Ok(mut connection) = server::handshake(stream).await else { return };
            let mut calls = JoinSet::new();
            let (close, mut closed) = tokio::sync::mpsc::channel::<()>(1);
            loop {
                let accepted = tokio::select! {
                    accepted = connection.accept() => accepted,
                    _ = closed.recv() => return,
                };
                let Some(Ok((request, respond))) = accepted else { return };
                let (told, directory) = (Arc::clone(&told), directory.clone());
                let close = close.clone();
                calls.spawn(async move {
                    let path = request.uri().path().to_owned();
                    let Ok((frame, _)) = read(request.into_body()).await else { return };
                    if path.ends_with("/Shutdown") {
                        kill_all(&directory);
                    }
                    let reply = {
                        let mut told = told.lock().unwrap();
                        told.asked.push((path.clone(), frame.clone()));
                        match &mut told.next {
                            Some((0, _)) => told.next.take().map(|(_, reply)| reply),
                            Some((after, _)) => {
                                *after -= 1;
                                None
                            }
                            None => None,
                        }
                    };
                    let message = messages::answer(&path, &frame);
                    let reply = reply.unwrap_or(Reply::GOOD);
                    if matches!(reply, Reply::Close) {
                        let _ = close.send(()).await;
                        return;
                    }
                    if let Reply::Changed(mutation, _) = &reply {
                        told.lock().unwrap().answered.push((path, mutation.of(&message)));
                    }
                    give(respond, &message, &reply);
                });
            }
        });
    }
}

/// Sends one answer. A caller that has gone meanwhile is no matter.
fn give(mut respond: server::SendResponse<Bytes>, message: &Bytes, reply: &Reply) {
    let code = if let Reply::Http(code) = reply { *code } else { 200 };
    if matches!(reply, Reply::Reset) {
        respond.send_reset(Reason::INTERNAL_ERROR);
        return;
    }
    let head = Response::builder().status(code).header("content-type", "application/grpc");
    let Ok(mut stream) = respond.send_response(head.body(()).unwrap(), false) else { return };
    let (pieces, is_reset) = match reply {
        Reply::Changed(mutation, framing) => framing.of(&mutation.of(message)),
        Reply::WithoutTrailers => (vec![framed(0, message.len(), message)], false),
        _ => (Vec::new(), false),
    };
    for piece in pieces {
        let _ = stream.send_data(piece, false);
    }
    match reply {
        _ if is_reset => stream.send_reset(Reason::CANCEL),
        Reply::WithoutTrailers | Reply::Http(_) => {
            let _ = stream.send_data(Bytes::new(), true);
        }
        Reply::Status(status) => end(&mut stream, *status),
        _ => end(&mut stream, 0),
    }
}

fn end(stream: &mut SendStream<Bytes>, status: i32) {
    let mut trailers = HeaderMap::new();
    trailers.insert("grpc-status", status.into());
    let _ = stream.send_trailers(trailers);
}
