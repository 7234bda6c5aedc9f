//! One request of the stand-in, before it is sent.
//!
//! Never sends anything. Invariant: the path holds no query, so it can stand in errors and log lines.

use hyper::Method;
use serde_json::Value as Json;

/// The object that a request is about, for errors and for the log.
#[derive(Clone, Copy, Default)]
pub(crate) struct About<'a> {
    pub(crate) resource_type: &'a str,
    pub(crate) id: Option<&'a str>,
    pub(crate) name: Option<&'a str>,
}

/// One request.
pub(crate) struct Call<'a> {
    pub(crate) method: Method,
    /// `http://127.0.0.1:8080`.
    pub(crate) origin: &'a str,
    /// Path without query; this is what errors and log lines name.
    pub(crate) path: &'a str,
    /// Query without its question mark.
    pub(crate) query: &'a str,
    /// Value of the `Authorization` header.
    pub(crate) authorization: &'a str,
    pub(crate) body: Body,
    pub(crate) about: About<'a>,
}

impl Call<'_> {
    /// Returns where it goes, with its query.
    pub(crate) fn url(&self) -> String {
        let separator = if self.query.is_empty() { "" } else { "?" };
        format!("{}{}{separator}{}", self.origin, self.path, self.query)
    }
}

/// What a request carries.
pub(crate) enum Body {
    None,
    Json(Json),
    Form(&'static str),
}

/// Escapes one path segment or query value.
pub(crate) fn escape(text: &str) -> String {
    use std::fmt::Write as _;
    text.bytes().fold(String::new(), |mut escaped, byte| {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                escaped.push(char::from(byte));
            }
            _ => {
                let _ = write!(escaped, "%{byte:02X}");
            }
        }
        escaped
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_id_is_escaped() {
        assert_eq!(escape("a/b c"), "a%2Fb%20c");
        assert_eq!(escape("5a0bbc2a-1"), "5a0bbc2a-1");
    }
}
