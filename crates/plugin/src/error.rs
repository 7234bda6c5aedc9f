//! What can go wrong between Terraform and a provider.
//!
//! A diagnostic that a provider answers is no error: it is a value inside the answer.

use std::io;
use std::path::PathBuf;

/// Why a conversation over the plugin protocol could not be held.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Started by hand: Terraform's magic cookie is not in the environment.
    #[error("this binary is a Terraform plugin; it is started by Terraform, not by hand")]
    NotStartedByTerraform,
    /// The child printed something else than a handshake line, or nothing.
    #[error("{program} is no Terraform provider: its first line is {line:?}")]
    Handshake {
        /// The program that was started.
        program: PathBuf,
        /// What it printed (empty if it printed nothing).
        line: String,
    },
    /// The operating system refused something.
    #[error("{doing}: {source}")]
    Io {
        /// What was being done, as a gerund: "listening on …".
        doing: String,
        /// The system's own error.
        source: io::Error,
    },
    /// No TLS: a certificate could not be made, or the other side gave up.
    #[error("securing the plugin connection: {0}")]
    Tls(String),
    /// The connection broke, or the other side spoke no HTTP/2.
    #[error("the connection to the provider broke: {0}")]
    Connection(#[from] hyper::Error),
    /// A message could not be read.
    #[error("a plugin message could not be read: {0}")]
    Decode(#[from] prost::DecodeError),
    /// A value inside a message could not be read.
    #[error("a value in a plugin message could not be read: {0}")]
    Value(String),
    /// The other side answered with a gRPC status.
    #[error("{method} was answered with gRPC status {code}: {message}")]
    Status {
        /// The method that was called.
        method: &'static str,
        /// gRPC's code, never 0.
        code: i32,
        /// gRPC's message, percent-decoded.
        message: String,
    },
}

impl Error {
    /// Wraps an I/O error with what was being done.
    pub(crate) fn io(doing: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let doing = doing.into();
        move |source| Self::Io { doing, source }
    }
}
