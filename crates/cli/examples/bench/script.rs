//! The script that people write to get or create divisions: one request after the other.
//!
//! A fair opponent: one connection that stays open, one token, no pauses, no process per request.
//! Speaks to the emulator only, so it reads no more of HTTP than that needs.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

/// Looks for each name, creates what is missing, and says how long that took.
pub(crate) fn ensure(url: &str, names: &[String]) -> Duration {
    let started = Instant::now();
    let mut line = Line::open(url.trim_start_matches("http://"));
    line.login();
    for name in names {
        let query = name.replace(' ', "%20");
        let found = line.send(
            "GET",
            &format!("/api/v2/authorization/divisions?name={query}"),
            "application/json",
            "",
        );
        let entities = found["entities"].as_array().cloned().unwrap_or_default();
        if !entities.iter().any(|entity| entity["name"] == name.as_str()) {
            let body = json!({ "name": name, "description": "" }).to_string();
            line.send("POST", "/api/v2/authorization/divisions", "application/json", &body);
        }
    }
    started.elapsed()
}

/// One connection.
struct Line {
    host: String,
    authorization: String,
    reader: BufReader<TcpStream>,
}

impl Line {
    fn open(host: &str) -> Self {
        let stream = TcpStream::connect(host).expect("the org listens");
        stream.set_nodelay(true).expect("a TCP stream");
        // client:secret
        let authorization = "Basic Y2xpZW50OnNlY3JldA==".to_owned();
        Self { host: host.to_owned(), authorization, reader: BufReader::new(stream) }
    }

    fn login(&mut self) {
        let form = "grant_type=client_credentials";
        let reply = self.send("POST", "/oauth/token", "application/x-www-form-urlencoded", form);
        let token = reply["access_token"].as_str().expect("a token");
        self.authorization = format!("Bearer {token}");
    }

    fn send(&mut self, method: &str, path: &str, content_type: &str, body: &str) -> Value {
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: {}\r\nAuthorization: {}\r\nContent-Type: {content_type}\r\n\
             Content-Length: {}\r\n\r\n{body}",
            self.host,
            self.authorization,
            body.len()
        );
        self.reader.get_mut().write_all(request.as_bytes()).expect("the org reads");
        let mut length = 0;
        let mut header = String::new();
        self.reader.read_line(&mut header).expect("the org answers");
        assert!(header.starts_with("HTTP/1.1 2"), "{method} {path}: {header}");
        loop {
            header.clear();
            self.reader.read_line(&mut header).expect("the org answers");
            match header.trim_end().to_ascii_lowercase().split_once(": ") {
                Some(("content-length", value)) => length = value.parse().expect("a length"),
                Some(_) => {}
                None => break,
            }
        }
        let mut reply = vec![0; length];
        self.reader.read_exact(&mut reply).expect("the org answers");
        serde_json::from_slice(&reply).expect("JSON")
    }
}
