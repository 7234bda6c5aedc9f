//! gRPC over HTTP/2: length-prefixed frames, status trailers, one call after the other.
//!
//! Knows no method and no message. Invariant: a frame is never compressed (neither Terraform nor
//! go-plugin asks for it), and is at most [`MAX_MESSAGE`] bytes.

use std::cmp::Ordering;

use bytes::{Buf, BufMut, Bytes, BytesMut};
use http::{HeaderMap, HeaderValue, Response};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;

use crate::error::Error;

/// Largest message that is read. Terraform up to 1.11 takes 64 MB, later ones 256 MB.
pub const MAX_MESSAGE: usize = 256 << 20;
/// HTTP/2 window of one stream: large, so that big states need no round trips.
pub(crate) const STREAM_WINDOW: u32 = 16 << 20;
/// HTTP/2 window of one connection.
pub(crate) const CONNECTION_WINDOW: u32 = 64 << 20;

/// The path by which go-plugin's client asks a plugin process to end.
pub(crate) const SHUTDOWN: &str = "/plugin.GRPCController/Shutdown";

/// gRPC status codes that are used here.
pub mod code {
    /// Done.
    pub const OK: i32 = 0;
    /// Anything else. Terraform prints the message of this one.
    pub const UNKNOWN: i32 = 2;
    /// The method is not there.
    pub const UNIMPLEMENTED: i32 = 12;
    /// The message cannot be read.
    pub const INTERNAL: i32 = 13;
}

/// A body of either direction.
pub type Body = UnsyncBoxBody<Bytes, hyper::Error>;

/// A gRPC status that is not OK.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    /// The code, see [`code`].
    pub code: i32,
    /// What happened. Never code 14 (unavailable): Terraform hides its message.
    pub message: String,
}

impl Status {
    /// Makes a status.
    pub fn new(code: i32, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }
}

impl From<Error> for Status {
    fn from(error: Error) -> Self {
        match error {
            Error::Status { code, message, .. } => Self { code, message },
            Error::Decode(_) | Error::Value(_) => Self::new(code::INTERNAL, error.to_string()),
            _ => Self::new(code::UNKNOWN, error.to_string()),
        }
    }
}

/// Puts the five-byte prefix before a message.
pub fn wrap(message: &[u8]) -> Bytes {
    let mut frame = BytesMut::with_capacity(message.len() + 5);
    frame.put_u8(0);
    // A message over 4 GB cannot be held by a frame; none is larger than MAX_MESSAGE.
    frame.put_u32(u32::try_from(message.len()).unwrap_or(u32::MAX));
    frame.put_slice(message);
    frame.freeze()
}

/// Takes the message out of the only frame of a unary call.
pub fn unwrap(mut frame: Bytes) -> Result<Bytes, Status> {
    let broken = |why: &str| Status::new(code::INTERNAL, format!("broken gRPC frame: {why}"));
    if frame.len() < 5 {
        return Err(broken("shorter than its prefix"));
    }
    if frame.get_u8() != 0 {
        return Err(broken("compressed"));
    }
    let length = frame.get_u32() as usize;
    match length.cmp(&frame.len()) {
        Ordering::Greater => Err(broken("shorter than it says")),
        Ordering::Less => Err(broken("longer than it says")),
        Ordering::Equal => Ok(frame),
    }
}

/// Reads a whole body and its trailers.
pub(crate) async fn collect(body: Incoming) -> Result<(Bytes, HeaderMap), Status> {
    let limited = http_body_util::Limited::new(body, MAX_MESSAGE + 5);
    let collected = limited
        .collect()
        .await
        .map_err(|error| Status::new(code::UNKNOWN, format!("reading a message: {error}")))?;
    let trailers = collected.trailers().cloned().unwrap_or_default();
    Ok((collected.to_bytes(), trailers))
}

/// Makes the HTTP answer of a unary call.
pub(crate) fn respond(answer: Result<Bytes, Status>) -> Response<Body> {
    let (frame, status) = match answer {
        Ok(message) => (wrap(&message), None),
        Err(status) => (Bytes::new(), Some(status)),
    };
    let mut trailers = HeaderMap::new();
    let code = status.as_ref().map_or(code::OK, |status| status.code);
    trailers.insert("grpc-status", HeaderValue::from(code));
    if let Some(status) = status
        && let Ok(message) = HeaderValue::from_str(&percent_encode(&status.message))
    {
        trailers.insert("grpc-message", message);
    }
    let body = Full::new(frame)
        .map_err(|never| match never {})
        .with_trailers(async move { Some(Ok(trailers)) });
    let mut response = Response::new(Body::new(body));
    response
        .headers_mut()
        .insert(http::header::CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
    response
}

/// Reads the status of an answer: in its trailers, or in its headers if it has no body.
pub(crate) fn status_of(trailers: &HeaderMap, headers: &HeaderMap) -> Result<(), Status> {
    let field = |name| trailers.get(name).or_else(|| headers.get(name));
    let code = field("grpc-status")
        .and_then(|value| value.to_str().ok())
        .and_then(|text| text.parse().ok())
        .unwrap_or(code::UNKNOWN);
    if code == code::OK {
        return Ok(());
    }
    let message = field("grpc-message").map_or_else(
        || "the provider gave no reason".to_owned(),
        |value| percent_decode(value.as_bytes()),
    );
    Err(Status { code, message })
}

/// Encodes as gRPC wants it: everything but printable ASCII, and the percent sign itself.
fn percent_encode(text: &str) -> String {
    use std::fmt::Write as _;
    text.bytes().fold(String::with_capacity(text.len()), |mut encoded, byte| {
        match byte {
            b' '..=b'~' if byte != b'%' => encoded.push(char::from(byte)),
            _ => {
                let _ = write!(encoded, "%{byte:02X}");
            }
        }
        encoded
    })
}

fn percent_decode(text: &[u8]) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    while let [first, tail @ ..] = rest {
        let digits = (*first == b'%')
            .then(|| tail.get(..2))
            .flatten()
            .and_then(|digits| std::str::from_utf8(digits).ok())
            .and_then(|digits| u8::from_str_radix(digits, 16).ok());
        let (byte, length) = digits.map_or((*first, 1), |byte| (byte, 3));
        bytes.push(byte);
        rest = &rest[length..];
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_message_comes_out_of_its_frame(message in any::<Vec<u8>>()) {
            let unwrapped = unwrap(wrap(&message)).unwrap();
            prop_assert_eq!(unwrapped.as_ref(), message.as_slice());
        }

        #[test]
        fn any_text_survives_the_trailer(text in any::<String>()) {
            let encoded = percent_encode(&text);
            prop_assert!(encoded.bytes().all(|byte| (b' '..=b'~').contains(&byte)));
            prop_assert_eq!(percent_decode(encoded.as_bytes()), text);
        }

        #[test]
        fn any_bytes_are_a_status_or_a_message_never_a_panic(bytes in any::<Vec<u8>>()) {
            let _ = unwrap(bytes.into());
        }
    }

    #[test]
    fn a_compressed_cut_or_second_frame_is_refused() {
        assert!(unwrap(Bytes::from_static(&[1, 0, 0, 0, 0])).is_err());
        assert!(unwrap(Bytes::from_static(&[0, 0, 0, 0, 9, 1])).is_err());
        assert!(unwrap(Bytes::from_static(&[0, 0, 0, 0, 0, 0, 0, 0, 0, 0])).is_err());
        assert!(unwrap(Bytes::from_static(&[0, 0])).is_err());
    }
}
