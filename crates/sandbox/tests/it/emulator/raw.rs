//! HTTP by hand over a plain socket, so that no library hides what the emulator really sends.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use divvy_sandbox::emulator::{Emulator, EmulatorThread, Options, Seed};
use serde_json::Value;

pub(crate) const DIVISIONS: &str = "/api/v2/authorization/divisions";

/// What came back on the socket.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Reply {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        let found = headers.find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    #[track_caller]
    pub(crate) fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{self:?}");
        self
    }

    /// The names of a listing.
    #[track_caller]
    pub(crate) fn names(&self) -> Vec<String> {
        let json = self.json();
        let entities = json.get("entities").unwrap_or(&json).as_array().unwrap();
        let name = |entity: &Value| entity["name"].as_str().unwrap().to_owned();
        entities.iter().map(name).collect()
    }
}

/// A client with a token, or without.
pub(crate) struct Client {
    authority: String,
    pub(crate) token: Option<String>,
}

impl Client {
    /// A client without a token.
    pub(crate) fn stranger(url: &str) -> Self {
        Self { authority: url.strip_prefix("http://").unwrap().to_owned(), token: None }
    }

    /// A client of any id, with a token.
    pub(crate) fn of(url: &str) -> Self {
        Self::named(url, "some-client")
    }

    /// A client with a token for this id; its secret is `secret`.
    pub(crate) fn named(url: &str, id: &str) -> Self {
        let mut client = Self::stranger(url);
        let token = client.ask_token(id, "secret").expect(200).json();
        client.token = Some(token["access_token"].as_str().unwrap().to_owned());
        client
    }

    pub(crate) fn ask_token(&self, id: &str, secret: &str) -> Reply {
        let basic = STANDARD.encode(format!("{id}:{secret}"));
        let headers = format!(
            "Authorization: Basic {basic}\r\nContent-Type: application/x-www-form-urlencoded\r\n"
        );
        let body = "grant_type=client_credentials";
        self.exchange("POST", "/oauth/token", &headers, body).unwrap()
    }

    /// Sends a request and returns the reply, or `None` if the connection ended without one.
    pub(crate) fn try_send(&self, method: &str, path: &str, body: Option<Value>) -> Option<Reply> {
        let bearer = self.token.as_ref();
        let mut headers =
            bearer.map_or(String::new(), |t| format!("Authorization: Bearer {t}\r\n"));
        if body.is_some() {
            headers += "Content-Type: application/json\r\n";
        }
        let body = body.map_or(String::new(), |body| body.to_string());
        self.exchange(method, path, &headers, &body)
    }

    #[track_caller]
    pub(crate) fn send(&self, method: &str, path: &str, body: Option<Value>) -> Reply {
        self.try_send(method, path, body).expect("a reply")
    }

    #[track_caller]
    pub(crate) fn get(&self, path: &str) -> Reply {
        self.send("GET", path, None)
    }

    #[track_caller]
    pub(crate) fn create(&self, name: &str) -> Reply {
        self.send("POST", DIVISIONS, Some(serde_json::json!({ "name": name })))
    }

    /// Sends a request line, headers and body as given, on a connection of its own.
    pub(crate) fn exchange(
        &self,
        method: &str,
        path: &str,
        headers: &str,
        body: &str,
    ) -> Option<Reply> {
        let mut stream = self.connect();
        let (authority, length) = (&self.authority, body.len());
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nHost: {authority}\r\nConnection: close\r\n\
             Content-Length: {length}\r\n{headers}\r\n{body}"
        )
        .unwrap();
        let mut received = Vec::new();
        // A reset after the reply's end, or in place of it, ends the reading like a close.
        let _ = stream.read_to_end(&mut received);
        parse(&String::from_utf8(received).unwrap())
    }

    pub(crate) fn connect(&self) -> TcpStream {
        TcpStream::connect(&self.authority).unwrap()
    }
}

fn parse(text: &str) -> Option<Reply> {
    let (head, body) = text.split_once("\r\n\r\n")?;
    let mut lines = head.lines();
    let status = lines.next()?.split(' ').nth(1)?.parse().unwrap();
    let header = |line: &str| {
        let (name, value) = line.split_once(": ").unwrap();
        (name.to_owned(), value.to_owned())
    };
    Some(Reply { status, headers: lines.map(header).collect(), body: body.to_owned() })
}

/// An emulator of this seed on a thread of its own.
pub(crate) fn emulator(seed: Seed) -> EmulatorThread {
    with(Options { seed, ..Options::default() })
}

/// An emulator with these options on a thread of its own.
pub(crate) fn with(options: Options) -> EmulatorThread {
    Emulator::spawn_thread(options).unwrap()
}
