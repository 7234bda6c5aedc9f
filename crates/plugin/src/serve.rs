//! The provider's end of the protocol: a gRPC server for the processes of one user, started by Terraform.
//!
//! Serves one [`Provider`] until Terraform calls Shutdown or is gone. Never touches the terminal
//! and never writes to standard output after the handshake line. Invariant: when [`serve`] returns,
//! every call under way has been answered and the socket is removed.

use std::io::Write;
use std::sync::Arc;

use bytes::Bytes;
use divvy_os::process::Parent;
use divvy_os::sockets::{self, Listener};
use http::{Request, Response};
use hyper::body::Incoming;
use hyper_util::rt::TokioIo;
use prost::Message;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::error::Error;
use crate::frame::{self, Body, Status, code};
use crate::handshake::{Invitation, Line};
use crate::listen::converse;
use crate::messages::{
    ApplyRequest, ApplyResponse, ConfigureRequest, DiagnosticsResponse, Empty, ImportRequest,
    ImportResponse, PlanRequest, PlanResponse, ProviderSchema, ReadDataRequest, ReadDataResponse,
    ReadRequest, ReadResponse, StopResponse, UpgradeRequest, UpgradeResponse,
    ValidateProviderRequest, ValidateProviderResponse, ValidateRequest,
};
use crate::method::{Method, Protocol};
use crate::tls;

/// The answer to a call: a message, or a status if the call could not be understood.
pub type Answer<T> = Result<T, Status>;

/// A Terraform provider. The methods are those of the protocol; what the user did wrong, or what
/// the remote side refused, goes into diagnostics.
pub trait Provider: Send + Sync + 'static {
    /// The version that is spoken.
    fn protocol(&self) -> Protocol;

    /// The schemas of everything that the provider knows.
    fn schema(&self) -> ProviderSchema;

    /// Checks a provider block; by default nothing is wrong with it.
    fn validate_provider(
        &self,
        request: ValidateProviderRequest,
    ) -> impl Future<Output = Answer<ValidateProviderResponse>> + Send {
        let prepared_config = request.config;
        async { Ok(ValidateProviderResponse { prepared_config, diagnostics: Vec::new() }) }
    }

    /// Checks a resource block; by default nothing is wrong with it.
    fn validate_resource(
        &self,
        _request: ValidateRequest,
    ) -> impl Future<Output = Answer<DiagnosticsResponse>> + Send {
        async { Ok(DiagnosticsResponse::default()) }
    }

    /// Checks a data block; by default nothing is wrong with it.
    fn validate_data_source(
        &self,
        _request: ValidateRequest,
    ) -> impl Future<Output = Answer<DiagnosticsResponse>> + Send {
        async { Ok(DiagnosticsResponse::default()) }
    }

    /// Takes the evaluated provider block.
    fn configure(
        &self,
        request: ConfigureRequest,
    ) -> impl Future<Output = Answer<DiagnosticsResponse>> + Send;

    /// Brings a stored instance to the current schema.
    fn upgrade(
        &self,
        request: UpgradeRequest,
    ) -> impl Future<Output = Answer<UpgradeResponse>> + Send;

    /// Refreshes one instance.
    fn read(&self, request: ReadRequest) -> impl Future<Output = Answer<ReadResponse>> + Send;

    /// Plans one instance.
    fn plan(&self, request: PlanRequest) -> impl Future<Output = Answer<PlanResponse>> + Send;

    /// Creates, updates or deletes one instance.
    fn apply(&self, request: ApplyRequest) -> impl Future<Output = Answer<ApplyResponse>> + Send;

    /// Imports one id.
    fn import(&self, request: ImportRequest)
    -> impl Future<Output = Answer<ImportResponse>> + Send;

    /// Reads one data source.
    fn read_data_source(
        &self,
        request: ReadDataRequest,
    ) -> impl Future<Output = Answer<ReadDataResponse>> + Send;

    /// Hears that the user interrupted Terraform; by default calls under way just end.
    fn stop(&self) -> impl Future<Output = Answer<StopResponse>> + Send {
        async { Ok(StopResponse::default()) }
    }
}

/// Listens, writes the handshake line to `output`, and serves until Terraform is done.
///
/// # Errors
/// If the socket cannot be made or the line cannot be written.
pub async fn serve<P: Provider>(
    provider: P,
    invitation: &Invitation,
    output: &mut (impl Write + Send),
) -> Result<(), Error> {
    let directory = tempfile::Builder::new()
        .prefix("plugin")
        .tempdir_in(&invitation.socket_directory)
        .map_err(Error::io(format!(
            "making a directory in {}",
            invitation.socket_directory.display()
        )))?;
    let socket = directory.path().join("s");
    let listener = Listener::bind(sockets::DEFAULT, &socket)
        .await
        .map_err(Error::io(format!("listening on {}", socket.display())))?;
    let (acceptor, certificate) = if invitation.wants_tls {
        let (acceptor, certificate) = tls::fresh_identity()?;
        (Some(acceptor), certificate)
    } else {
        (None, String::new())
    };
    // Asked before the line is written: if it is gone already, the writing fails.
    let parent = Parent::of_this();
    let line = Line { protocol: provider.protocol(), address: listener.place(), certificate };
    writeln!(output, "{line}")
        .and_then(|()| output.flush())
        .map_err(Error::io("writing the handshake line"))?;

    let server = Server { provider: Arc::new(provider), done: CancellationToken::new() };
    let connections = TaskTracker::new();
    let orphaned = parent.gone();
    tokio::pin!(orphaned);
    loop {
        let stream = tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok(stream) => stream,
                Err(source) => return Err(Error::Io { doing: "accepting".to_owned(), source }),
            },
            () = server.done.cancelled() => break,
            () = &mut orphaned => break,
        };
        let (server, acceptor) = (server.clone(), acceptor.clone());
        connections.spawn(async move {
            let answer = |request| server.clone().handle(request);
            match acceptor {
                None => converse(TokioIo::new(stream), &server.done, answer).await,
                Some(acceptor) => {
                    if let Ok(stream) = acceptor.accept(stream).await {
                        converse(TokioIo::new(stream), &server.done, answer).await;
                    }
                }
            }
        });
    }
    server.done.cancel();
    connections.close();
    connections.wait().await;
    Ok(())
}

struct Server<P> {
    provider: Arc<P>,
    done: CancellationToken,
}

impl<P> Clone for Server<P> {
    fn clone(&self) -> Self {
        Self { provider: Arc::clone(&self.provider), done: self.done.clone() }
    }
}

impl<P: Provider> Server<P> {
    async fn handle(self, request: Request<Incoming>) -> Response<Body> {
        let path = request.uri().path().to_owned();
        let message = match frame::collect(request.into_body()).await {
            Ok((body, _)) => frame::unwrap(body),
            Err(status) => Err(status),
        };
        frame::respond(match message {
            Ok(message) => self.answer(&path, message).await,
            Err(status) => Err(status),
        })
    }

    async fn answer(&self, path: &str, message: Bytes) -> Answer<Bytes> {
        let provider = &self.provider;
        let protocol = provider.protocol();
        let Some(method) = Method::from_path(protocol, path) else {
            if path == frame::SHUTDOWN {
                self.done.cancel();
                return encode(&Empty {});
            }
            return Err(Status::new(code::UNIMPLEMENTED, format!("no method {path}")));
        };
        match method {
            Method::GetProviderSchema => encode(&provider.schema()),
            Method::ValidateProviderConfig => {
                encode(&provider.validate_provider(decode(message)?).await?)
            }
            Method::ValidateResourceConfig => {
                encode(&provider.validate_resource(decode(message)?).await?)
            }
            Method::ValidateDataResourceConfig => {
                encode(&provider.validate_data_source(decode(message)?).await?)
            }
            Method::ConfigureProvider => encode(&provider.configure(decode(message)?).await?),
            Method::UpgradeResourceState => encode(&provider.upgrade(decode(message)?).await?),
            Method::ReadResource => encode(&provider.read(decode(message)?).await?),
            Method::PlanResourceChange => encode(&provider.plan(decode(message)?).await?),
            Method::ApplyResourceChange => encode(&provider.apply(decode(message)?).await?),
            Method::ImportResourceState => encode(&provider.import(decode(message)?).await?),
            Method::ReadDataSource => encode(&provider.read_data_source(decode(message)?).await?),
            Method::StopProvider => encode(&provider.stop().await?),
        }
    }
}

fn decode<M: Message + Default>(message: Bytes) -> Answer<M> {
    M::decode(message).map_err(|error| Error::from(error).into())
}

#[expect(clippy::unnecessary_wraps, reason = "every arm of the dispatch is an Answer")]
fn encode(message: &impl Message) -> Answer<Bytes> {
    Ok(message.encode_to_vec().into())
}
