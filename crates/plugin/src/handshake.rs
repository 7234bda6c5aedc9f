//! How Terraform and a provider find each other: the magic cookie, and the provider's first line.
//!
//! Only reads and writes texts; starts nothing. The line is
//! `1|PROTOCOL|unix|SOCKET|grpc|CERTIFICATE`, the last part empty without TLS.

use std::path::PathBuf;

use divvy_os::places;
pub use divvy_os::sockets::Place as Address;

use crate::method::Protocol;

/// Name of the variable that says "you are started as a plugin".
pub const MAGIC_COOKIE_KEY: &str = "TF_PLUGIN_MAGIC_COOKIE";
/// Its only right value (public, the same for every Terraform).
pub const MAGIC_COOKIE_VALUE: &str =
    "d602bf8f470bc67ca7faa0386276bbdd4330efaf76d1a219cb4d6991ca9872b2";
/// Terraform's own certificate; present if it wants TLS.
pub const CLIENT_CERTIFICATE: &str = "PLUGIN_CLIENT_CERT";
/// Where the provider is to put its socket.
pub const SOCKET_DIRECTORY: &str = "PLUGIN_UNIX_SOCKET_DIR";
/// The protocol versions that Terraform speaks.
pub const PROTOCOL_VERSIONS: &str = "PLUGIN_PROTOCOL_VERSIONS";

/// What Terraform tells a provider that it starts.
#[derive(Clone, Debug)]
pub struct Invitation {
    /// Terraform wants TLS on the connection.
    pub wants_tls: bool,
    /// Directory for the socket.
    pub socket_directory: PathBuf,
}

impl Invitation {
    /// Reads the environment that Terraform prepared; `None` without the magic cookie.
    pub fn from_variables(variable: impl Fn(&str) -> Option<String>) -> Option<Self> {
        if variable(MAGIC_COOKIE_KEY)? != MAGIC_COOKIE_VALUE {
            return None;
        }
        let directory = variable(SOCKET_DIRECTORY).filter(|directory| !directory.is_empty());
        let temporary = || {
            let named = variable(places::TEMPORARY_VARIABLE).filter(|named| !named.is_empty());
            let named = named.map(|named| (places::TEMPORARY_VARIABLE.to_owned(), named));
            places::temporary_directory(&named.into_iter().collect())
        };
        Some(Self {
            wants_tls: variable(CLIENT_CERTIFICATE).is_some_and(|text| !text.is_empty()),
            socket_directory: directory.map_or_else(temporary, PathBuf::from),
        })
    }
}

/// A provider's first line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// The version that will be spoken.
    pub protocol: Protocol,
    /// Where the provider listens.
    pub address: Address,
    /// The provider's certificate: DER in Base64 without padding. Empty without TLS.
    pub certificate: String,
}

impl Line {
    /// Reads a line; `None` if it is no handshake of a gRPC provider of protocol 5 or 6.
    pub fn parse(line: &str) -> Option<Self> {
        let mut parts = line.trim_end_matches(['\r', '\n']).split('|');
        if parts.next()? != "1" {
            return None;
        }
        let protocol = Protocol::from_number(parts.next()?.parse().ok()?)?;
        let (network, address) = (parts.next()?, parts.next()?);
        let address = match network {
            "unix" => Address::Path(address.into()),
            "tcp" => Address::Port(address.to_owned()),
            _ => return None,
        };
        if parts.next()? != "grpc" {
            return None;
        }
        let certificate = parts.next().unwrap_or_default().to_owned();
        Some(Self { protocol, address, certificate })
    }
}

/// Spells an address as Go does: its network, and where in that.
pub(crate) fn network(address: &Address) -> (&'static str, String) {
    match address {
        Address::Path(path) => ("unix", path.display().to_string()),
        Address::Port(port) => ("tcp", port.clone()),
    }
}

impl std::fmt::Display for Line {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (network, address) = network(&self.address);
        write!(f, "1|{}|{network}|{address}|grpc|{}", self.protocol.number(), self.certificate)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_official_provider_s_line_is_read_and_written() {
        let text = "1|5|unix|/tmp/plugin123|grpc|";
        let line = Line::parse(&format!("{text}\n")).unwrap();
        assert_eq!(line.protocol, Protocol::V5);
        assert_eq!(line.address, Address::Path("/tmp/plugin123".into()));
        assert_eq!(line.to_string(), text);
    }

    #[test]
    fn what_is_no_handshake_is_refused() {
        for line in [
            "",
            "hello",
            "1|4|unix|/tmp/x|grpc|",
            "2|5|unix|/tmp/x|grpc|",
            "1|5|unix|/tmp/x|netrpc|",
            "1|5|pipe|x|grpc|",
            "1|5|unix",
        ] {
            assert_eq!(Line::parse(line), None, "{line}");
        }
    }

    #[test]
    fn without_the_magic_cookie_there_is_no_invitation() {
        let environment = |cookie: &'static str| {
            move |name: &str| (name == MAGIC_COOKIE_KEY).then(|| cookie.to_owned())
        };
        assert!(Invitation::from_variables(|_| None).is_none());
        assert!(Invitation::from_variables(environment("other")).is_none());
        let invitation = Invitation::from_variables(environment(MAGIC_COOKIE_VALUE)).unwrap();
        assert!(!invitation.wants_tls);
        assert_eq!(invitation.socket_directory, PathBuf::from("/tmp"));
    }
}
