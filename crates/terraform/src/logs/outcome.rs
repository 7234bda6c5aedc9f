//! What comes of reading a log: [`LogReading`], or the [`LogError`] that kept it from being read.
//!
//! Never reads. Invariant: damage to a log is a note, no error.

use divvy_core::{Address, EntityId, Failure};

/// What a log tells.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogReading {
    /// Each failure once, in the order of the log.
    pub failures: Vec<Failure>,
    /// What the same run created, so that it is not offered for adoption: unit, address, id.
    pub created: Vec<(Option<String>, Address, Option<EntityId>)>,
    /// True if the log is cut, or does not say how every operation that it shows ended: that it has no
    /// failure does not mean that the run had none.
    pub is_incomplete: bool,
    /// Where nothing in the input is the output of Terraform: what the input looks like.
    pub not_terraform: Option<&'static str>,
    /// What a reader of the result should know about the log itself, as sentences.
    pub notes: Vec<String>,
}

/// Why a log could not be read.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// The input failed. What was read before is lost; read it again.
    #[error("reading the log failed after line {line}; check the file and try again")]
    Input {
        /// The last line that was read, from 1.
        line: usize,
        /// What the system said.
        source: std::io::Error,
    },
}
