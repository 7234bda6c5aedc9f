//! The secrets of a client: no text that the other side sends may show them.
//!
//! Never shows what it holds. Invariant: whoever prints hears of a secret before anything can show it.

use std::sync::{Mutex, PoisonError};

use reqwest::header::{HeaderMap, HeaderValue};
use secrecy::{ExposeSecret, SecretString};

use crate::answer::CORRELATION_ID;

/// Texts that must not be shown, whoever sends them back.
pub(crate) struct Hidden {
    texts: Mutex<Vec<SecretString>>,
    keep_secret: fn(&str),
}

impl Hidden {
    /// Hides nothing so far; `keep_secret` hears of all that follows.
    pub(crate) fn new(keep_secret: fn(&str)) -> Self {
        Self { texts: Mutex::default(), keep_secret }
    }

    /// Keeps a text out of everything that is shown from now on.
    pub(crate) fn hide(&self, secret: &str) {
        (self.keep_secret)(secret);
        let mut texts = self.texts.lock().unwrap_or_else(PoisonError::into_inner);
        texts.push(secret.into());
    }

    /// Takes secrets out of the one header that is shown and kept in journals.
    pub(crate) fn redact_correlation_id(&self, headers: &mut HeaderMap) {
        let Some(value) = headers.get_mut(CORRELATION_ID) else { return };
        let told = String::from_utf8_lossy(value.as_bytes()).into_owned();
        let redacted = self.redacted(&told);
        if redacted != told {
            // The rest of it came as a header, too.
            *value = HeaderValue::from_str(&redacted)
                .unwrap_or_else(|_| HeaderValue::from_static("[redacted]"));
        }
    }

    /// Takes secrets out of a text that the other side sent.
    pub(crate) fn redacted(&self, text: &str) -> String {
        let texts = self.texts.lock().unwrap_or_else(PoisonError::into_inner);
        texts
            .iter()
            .map(ExposeSecret::expose_secret)
            .filter(|secret| !secret.is_empty())
            .fold(text.to_owned(), |text, secret| text.replace(secret, "[redacted]"))
    }
}
