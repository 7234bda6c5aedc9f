//! Ports of 127.0.0.1, and who is at their other end.

use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::time::{Duration, Instant};

use netstat2::{AddressFamilyFlags, ProtocolFlags, ProtocolSocketInfo, iterate_sockets_info};
use sysinfo::{Pid, ProcessRefreshKind, ProcessesToUpdate, System, UpdateKind};

use crate::socket::Stream;
use crate::sockets::Transport;

/// By what processes talk here.
pub const DEFAULT: Transport = Transport::Port;

/// How long a connection is looked for, and how long between two looks. Whoever is there is found at
/// once, of this user or not; what is not listed has ended, or the list could not be made just now, as
/// while many connections come and go. Wine takes seconds for each list on a machine that is busy.
const PATIENCE: Duration = Duration::from_secs(if cfg!(feature = "wine") { 20 } else { 3 });
const PAUSE: Duration = Duration::from_millis(20);

/// Nobody listens at a path here.
#[derive(Debug)]
pub(crate) enum PathListener {}

impl PathListener {
    pub(crate) fn bind(_path: &Path) -> io::Result<Self> {
        Err(io::ErrorKind::Unsupported.into())
    }

    #[expect(clippy::unused_async, reason = "elsewhere it waits")]
    pub(crate) async fn accept(&self) -> io::Result<Stream> {
        match *self {}
    }
}

#[expect(clippy::unused_async, reason = "elsewhere it waits")]
pub(crate) async fn connect_path(_path: &Path) -> io::Result<Stream> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Returns whether the other end of an accepted connection belongs to a process of this user. The
/// system tells the user of another's process to administrators only, so who cannot be named is
/// somebody else.
pub(crate) fn is_of_this_user(ours: SocketAddr, peer: SocketAddr) -> bool {
    // A connection may be accepted a moment before it is listed.
    let began = Instant::now();
    let mut listed = process_at(peer, ours);
    while listed.is_none() && began.elapsed() < PATIENCE {
        std::thread::sleep(PAUSE);
        listed = process_at(peer, ours);
    }
    match listed {
        // Wine names the owners of hardly any connection: what is built for it lets them in, and nothing
        // that happens while it runs can turn that on.
        Some(_) if cfg!(feature = "wine") => true,
        // Windows names no process where a connection has ended.
        None | Some(0) => false,
        Some(process) => belongs_to_this_user(process),
    }
}

/// Returns whether a process and this one have the same user.
fn belongs_to_this_user(process: u32) -> bool {
    let (process, this) = (Pid::from_u32(process), Pid::from_u32(std::process::id()));
    let mut system = System::new();
    let kind = ProcessRefreshKind::nothing().with_user(UpdateKind::Always);
    system.refresh_processes_specifics(ProcessesToUpdate::Some(&[process, this]), true, kind);
    let user = |id| system.process(id).and_then(|process| process.user_id());
    user(this).is_some_and(|this| user(process) == Some(this))
}

/// Returns the process whose end of a connection is at `local`.
fn process_at(local: SocketAddr, remote: SocketAddr) -> Option<u32> {
    let connections = iterate_sockets_info(AddressFamilyFlags::IPV4, ProtocolFlags::TCP).ok()?;
    connections.flatten().find_map(|connection| {
        let ProtocolSocketInfo::Tcp(tcp) = connection.protocol_socket_info else { return None };
        let is_it = (tcp.local_addr, tcp.local_port) == (local.ip(), local.port())
            && (tcp.remote_addr, tcp.remote_port) == (remote.ip(), remote.port());
        connection.associated_pids.first().copied().filter(|_| is_it)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_and_its_children_belong_to_this_user_and_no_process_does_not() {
        assert!(belongs_to_this_user(std::process::id()));
        let mut child = std::process::Command::new("cmd.exe")
            .arg("/k")
            .stdin(std::process::Stdio::piped())
            .stdout(std::process::Stdio::null())
            .spawn()
            .unwrap();
        assert!(belongs_to_this_user(child.id()));
        drop(child.stdin.take());
        child.wait().unwrap();
        assert!(!belongs_to_this_user(0));
    }
}
