//! Nothing beside what ring knows: plugins talk through sockets in a directory of their own.

use rustls::crypto::WebPkiSupportedAlgorithms;

/// Algorithms that plugins prove their certificates with, beside the usual ones.
pub const MORE_ALGORITHMS: Option<WebPkiSupportedAlgorithms> = None;
