//! Unix sockets, and who is at the other end of a port.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::path::Path;

use tokio::net::{UnixListener, UnixStream};

use crate::socket::Stream;
use crate::sockets::Transport;

/// By what processes talk here.
pub const DEFAULT: Transport = Transport::Path;

/// Who listens at a path.
#[derive(Debug)]
pub(crate) struct PathListener(UnixListener);

impl PathListener {
    pub(crate) fn bind(path: &Path) -> io::Result<Self> {
        UnixListener::bind(path).map(Self)
    }

    pub(crate) async fn accept(&self) -> io::Result<Stream> {
        let (stream, _) = self.0.accept().await?;
        Ok(Box::new(stream))
    }
}

pub(crate) async fn connect_path(path: &Path) -> io::Result<Stream> {
    Ok(Box::new(UnixStream::connect(path).await?))
}

/// Returns whether the other end of an accepted connection belongs to this user. Linux lists each
/// connection with its user; where there is no such list, nobody is let in.
pub(crate) fn is_of_this_user(ours: SocketAddr, peer: SocketAddr) -> bool {
    let user = rustix::process::geteuid().as_raw();
    let listed = std::fs::read_to_string("/proc/net/tcp").unwrap_or_default();
    user_of(&listed, peer, ours) == Some(user)
}

/// Reads from Linux's list of connections whose the end at `local` is.
fn user_of(listed: &str, local: SocketAddr, remote: SocketAddr) -> Option<u32> {
    let (local, remote) = (spelled(local)?, spelled(remote)?);
    listed.lines().find_map(|line| {
        let mut fields = line.split_whitespace().skip(1);
        let is_it = fields.next()? == local && fields.next()? == remote;
        // state, queues, timer, retransmissions, user
        fields.nth(4).filter(|_| is_it)?.parse().ok()
    })
}

/// Spells an address as the list does: the four bytes as one number of this machine, and the port.
fn spelled(address: SocketAddr) -> Option<String> {
    let IpAddr::V4(ip) = address.ip() else { return None };
    Some(format!("{:08X}:{:04X}", u32::from_ne_bytes(ip.octets()), address.port()))
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;
    use std::os::unix::process::CommandExt as _;
    use std::process::Command;

    use super::*;
    use crate::sockets::{Listener, Place};

    const LISTED: &str = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 1 1
   1: 0100007F:C350 0100007F:1F90 01 00000000:00000000 00:00000000 00000000  1001        0 2 1
   2: 0100007F:1F90 0100007F:C350 01 00000000:00000000 00:00000000 00000000  1000        0 3 1
";

    #[test]
    fn the_end_of_the_connection_counts_and_not_ours() {
        let address = |port| SocketAddr::from(([127, 0, 0, 1], port));
        if cfg!(target_endian = "little") {
            assert_eq!(user_of(LISTED, address(50000), address(8080)), Some(1001));
            assert_eq!(user_of(LISTED, address(8080), address(50000)), Some(1000));
        }
        assert_eq!(user_of(LISTED, address(50001), address(8080)), None);
        assert_eq!(user_of("", address(50000), address(8080)), None);
    }

    /// Needs root, as the tests of a container have it: only root can start a program as another user.
    #[tokio::test]
    async fn another_user_of_the_machine_is_cut_off_before_a_byte_is_read() {
        if !rustix::process::geteuid().is_root() {
            return;
        }
        let listener = Listener::bind(Transport::Port, Path::new("unused")).await.unwrap();
        let Place::Port(address) = listener.place() else { panic!() };
        let (host, port) = address.split_once(':').unwrap();
        let connects = format!("exec 3<>/dev/tcp/{host}/{port}; echo in >&3; cat <&3");
        let bash = || {
            let mut bash = Command::new("bash");
            bash.args(["-c", &connects]).stdout(std::process::Stdio::piped());
            bash
        };
        let mut stranger = bash().uid(65534).spawn().unwrap();
        let waited = tokio::time::timeout(std::time::Duration::from_secs(2), listener.accept());
        assert!(waited.await.is_err(), "somebody was let in");
        let mut read = String::new();
        stranger.stdout.take().unwrap().read_to_string(&mut read).unwrap();
        stranger.wait().unwrap();
        assert_eq!(read, "", "the connection was closed, or reset");
        let mut own = bash().spawn().unwrap();
        drop(listener.accept().await.unwrap());
        own.wait().unwrap();
    }
}
