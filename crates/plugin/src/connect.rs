//! Terraform's end of the protocol: calls to a provider that is already running.
//!
//! Plain text, or TLS with a provider that was started with our certificate. Starts nothing. Invariant: a passed request or answer is never opened, trailers included.

use bytes::Bytes;
use divvy_os::sockets;
use http::{HeaderValue, Request, Response, Uri, header};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::http2::{self, SendRequest};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use prost::Message;
use tokio::io::{AsyncRead, AsyncWrite};

use crate::error::Error;
use crate::frame::{self, Body, Status};
use crate::handshake::{Line, network};
use crate::messages::Empty;
use crate::method::{Method, Protocol};
use crate::tls::Identity;

/// Why a call has no answer.
#[derive(Debug)]
pub(crate) enum Unanswered {
    /// The stream broke: nobody knows what the provider had done by then.
    Broke(Status),
    /// The provider itself gave a status, or an answer that is none.
    Told(Status),
}

impl From<Unanswered> for Status {
    fn from(unanswered: Unanswered) -> Self {
        match unanswered {
            Unanswered::Broke(status) | Unanswered::Told(status) => status,
        }
    }
}

/// A connection to a provider; calls run side by side on it.
#[derive(Clone)]
pub struct Client {
    sender: SendRequest<Body>,
    protocol: Protocol,
}

impl Client {
    /// Connects to the provider that printed this handshake line.
    ///
    /// # Errors
    /// If nobody listens there, or who listens speaks no HTTP/2.
    pub async fn open(line: &Line) -> Result<Self, Error> {
        let stream = Self::connect(line).await?;
        Ok(Self { sender: converse(stream).await?, protocol: line.protocol })
    }

    /// As [`Client::open`], and each end proves to the other who it is: the provider has printed its
    /// certificate, and was started with ours.
    pub(crate) async fn open_proved(line: &Line, identity: &Identity) -> Result<Self, Error> {
        let stream = Self::connect(line).await?;
        let stream = identity.talk_to(&line.certificate, stream).await?;
        Ok(Self { sender: converse(stream).await?, protocol: line.protocol })
    }

    async fn connect(line: &Line) -> Result<sockets::Stream, Error> {
        let (_, address) = network(&line.address);
        let doing = Error::io(format!("connecting to {address}"));
        sockets::connect(&line.address).await.map_err(doing)
    }

    /// Returns the version that is spoken.
    pub fn protocol(&self) -> Protocol {
        self.protocol
    }

    /// Calls a method and reads its answer.
    ///
    /// # Errors
    /// If the connection breaks, or the provider answers with a status or something unreadable.
    pub async fn unary<A: Message + Default>(
        &self,
        method: Method,
        request: &impl Message,
    ) -> Result<A, Error> {
        let answer = self.raw(method, request.encode_to_vec().into()).await;
        let answer = answer.map_err(|unanswered| self.error(method, unanswered.into()))?;
        Ok(A::decode(answer)?)
    }

    /// Returns whether the provider is gone: every further call would break.
    pub(crate) fn is_closed(&self) -> bool {
        self.sender.is_closed()
    }

    /// Calls a method with an encoded message; returns the encoded answer.
    pub(crate) async fn raw(&self, method: Method, message: Bytes) -> Result<Bytes, Unanswered> {
        self.call(&method.path(self.protocol), message).await
    }

    /// Asks the provider process to end, through go-plugin's own service.
    pub(crate) async fn shut_down(&self) -> Result<(), Status> {
        let message = Empty {}.encode_to_vec().into();
        self.call(frame::SHUTDOWN, message).await?;
        Ok(())
    }

    async fn call(&self, path: &str, message: Bytes) -> Result<Bytes, Unanswered> {
        let body = Full::new(frame::wrap(&message)).map_err(|never| match never {});
        let mut request = Request::new(Body::new(body));
        *request.method_mut() = http::Method::POST;
        request
            .headers_mut()
            .insert(header::CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
        request.headers_mut().insert(header::TE, HeaderValue::from_static("trailers"));
        let response = self.send(path, request).await.map_err(Unanswered::Broke)?;
        let (head, body) = response.into_parts();
        let (body, trailers) = frame::collect(body).await.map_err(Unanswered::Broke)?;
        frame::status_of(&trailers, &head.headers).map_err(Unanswered::Told)?;
        frame::unwrap(body).map_err(Unanswered::Told)
    }

    /// Hands a request on as it came, and returns the answer as it comes.
    pub(crate) async fn pass(
        &self,
        request: Request<Incoming>,
    ) -> Result<Response<Incoming>, Status> {
        let path = request.uri().path().to_owned();
        self.send(&path, request.map(BodyExt::boxed_unsync)).await
    }

    async fn send(
        &self,
        path: &str,
        mut request: Request<Body>,
    ) -> Result<Response<Incoming>, Status> {
        *request.uri_mut() = Uri::builder()
            .scheme("http")
            .authority("localhost")
            .path_and_query(path)
            .build()
            .map_err(|error| Status::new(frame::code::INTERNAL, error.to_string()))?;
        *request.version_mut() = http::Version::HTTP_2;
        self.sender.clone().send_request(request).await.map_err(|error| Error::from(error).into())
    }

    fn error(&self, method: Method, status: Status) -> Error {
        let Status { code, message } = status;
        Error::Status { method: method.name(self.protocol), code, message }
    }
}

async fn converse(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
) -> Result<SendRequest<Body>, Error> {
    let (sender, connection) = http2::Builder::new(TokioExecutor::new())
        .timer(TokioTimer::new())
        .initial_stream_window_size(frame::STREAM_WINDOW)
        .initial_connection_window_size(frame::CONNECTION_WINDOW)
        .handshake(TokioIo::new(stream))
        .await?;
    // Ends by itself when the last sender is dropped or the provider is gone.
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            tracing::debug!(%error, "the connection to a provider ended");
        }
    });
    Ok(sender)
}
