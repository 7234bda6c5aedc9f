//! What Go's plugins prove their certificates with.

use rustls::crypto::WebPkiSupportedAlgorithms;

/// Algorithms that plugins prove their certificates with, beside the usual ones.
pub const MORE_ALGORITHMS: Option<WebPkiSupportedAlgorithms> = Some(crate::p521::ALGORITHMS);
