//! Connections between processes of one user: a unix socket, or a port of 127.0.0.1.
//!
//! Any process of the machine can connect to a port, so the system is asked who did, and whoever is
//! another user's is cut off before a byte is read. Invariant: a [`Stream`] that [`Listener::accept`]
//! returns leads to a process of this user.

use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};

use crate::sockets::Transport;
use crate::system::sockets::{PathListener, connect_path, is_of_this_user};

/// Both directions of a connection.
pub trait Conversation: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Conversation for S {}

/// A connection, by whatever way.
pub type Stream = Box<dyn Conversation>;

/// Where somebody listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// At a unix socket.
    Path(PathBuf),
    /// At a port, such as `127.0.0.1:1234`.
    Port(String),
}

/// Who listens; what it made is removed with it.
#[derive(Debug)]
pub struct Listener(Kind);

#[derive(Debug)]
enum Kind {
    Path(PathListener, PathBuf),
    Port(TcpListener, SocketAddr),
}

impl Listener {
    /// Listens, at `path` where the transport is a path.
    ///
    /// # Errors
    /// The system's.
    pub async fn bind(transport: Transport, path: &Path) -> io::Result<Self> {
        Ok(Self(match transport {
            Transport::Path => Kind::Path(PathListener::bind(path)?, path.to_owned()),
            Transport::Port => {
                let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
                let address = listener.local_addr()?;
                Kind::Port(listener, address)
            }
        }))
    }

    /// Returns where this listens.
    pub fn place(&self) -> Place {
        match &self.0 {
            Kind::Path(_, path) => Place::Path(path.clone()),
            Kind::Port(_, address) => Place::Port(address.to_string()),
        }
    }

    /// Waits for the next connection from a process of this user.
    ///
    /// # Errors
    /// The system's.
    pub async fn accept(&self) -> io::Result<Stream> {
        match &self.0 {
            Kind::Path(listener, _) => listener.accept().await,
            Kind::Port(listener, ours) => loop {
                let (stream, peer) = listener.accept().await?;
                if is_of_this_user(*ours, peer) {
                    // Small messages in both directions: none waits for the next.
                    stream.set_nodelay(true)?;
                    return Ok(Box::new(stream));
                }
                tracing::warn!(%peer, "a connection of another user was refused");
            },
        }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        if let Kind::Path(_, path) = &self.0
            && let Err(error) = std::fs::remove_file(path)
        {
            tracing::debug!(%error, "a socket could not be removed");
        }
    }
}

/// Connects to whoever listens there.
///
/// # Errors
/// The system's, and `Unsupported` for a path where there are no unix sockets.
pub async fn connect(place: &Place) -> io::Result<Stream> {
    match place {
        Place::Path(path) => connect_path(path).await,
        Place::Port(address) => {
            let stream = TcpStream::connect(address).await?;
            stream.set_nodelay(true)?;
            Ok(Box::new(stream))
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::*;

    #[tokio::test]
    async fn a_port_lets_this_user_in() {
        let listener = Listener::bind(Transport::Port, Path::new("unused")).await.unwrap();
        let mut client = connect(&listener.place()).await.unwrap();
        let mut stream = listener.accept().await.unwrap();
        client.write_all(b"hello").await.unwrap();
        let mut text = [0; 5];
        stream.read_exact(&mut text).await.unwrap();
        assert_eq!(&text, b"hello");
    }

    #[tokio::test]
    async fn who_is_not_known_to_the_system_is_no_one_of_this_user() {
        let listener = Listener::bind(Transport::Port, Path::new("unused")).await.unwrap();
        let Place::Port(ours) = listener.place() else { panic!() };
        let nobody = "127.0.0.1:1".parse().unwrap();
        assert!(!is_of_this_user(ours.parse().unwrap(), nobody));
    }
}
