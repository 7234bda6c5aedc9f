//! Reads the output of a Terraform run, as people and CI systems keep it, into one list of
//! failures.
//!
//! In layers, each separate: `unpack` opens archives, `decode` makes text lines of bytes, `pieces` joins
//! what runners split, `escape`, `markup` and `nested` take the text out of what it is wrapped in,
//! `prefix` learns what stands before each line; `collector` and `ui_line` find the diagnostics,
//! `detail` and `classify` read them. `reading` joins the layers and drops what is told twice. No CI
//! system is known by name, save where its prefix carries a unit: `units::CUSTOMS`.
//!
//! Never decides what a failure means for an address, never asks an org, never guesses: what the
//! log damaged is said to be damaged. Invariant: memory is bounded by the longest line and a fixed
//! budget, whatever the input.

mod channel;
mod classify;
mod collector;
mod decode;
mod detail;
mod diagnostic;
mod escape;
mod failures;
mod looks;
mod mail;
mod markup;
mod nested;
mod order;
mod outcome;
mod pieces;
mod prefix;
mod progress;
mod provider_log;
mod reading;
mod seek;
mod signs;
mod summary;
mod table;
mod ui_line;
mod units;
mod unpack;

use std::io::Read;

use divvy_core::Failure;

pub use outcome::{LogError, LogReading};
pub(crate) use ui_line::errors;

/// Reads the output of one or several Terraform runs: human output or `-json` lines, in UTF-8 or
/// UTF-16, packed or not, with whatever stands before each line or around all of them, also cut at
/// the end.
///
/// Lines of the provider's own log (`TF_LOG_PROVIDER=INFO`) in the same input mark self-made
/// refusals; for a log of its own see [`read_with_provider_log`].
///
/// # Errors
/// [`LogError::Input`] if the reader fails; no text is an error.
pub fn read(output: impl Read) -> Result<LogReading, LogError> {
    let mut reading = reading::Reading::default();
    reading.take_in(output)?;
    Ok(reading.finish())
}

/// Reads like [`read`], and the provider's own log (`TF_LOG_PROVIDER=INFO`, `TF_LOG_PATH`) beside
/// it: a `409` after a re-sent create whose first reply was lost is the run's own entity, and its
/// failure says `is_self_made`.
///
/// # Errors
/// [`LogError::Input`] if one of the readers fails.
pub fn read_with_provider_log(
    output: impl Read,
    provider_log: impl Read,
) -> Result<LogReading, LogError> {
    let mut reading = reading::Reading::default();
    reading.take_in(output)?;
    reading.take_in_provider_log(provider_log)?;
    Ok(reading.finish())
}

/// Reads one diagnostic that was received as such, not as a log, and the provider's own log beside it.
///
/// # Errors
/// [`LogError::Input`] if the reader of the provider's log fails.
pub fn of_diagnostic(
    told: &crate::Diagnostic,
    provider_log: impl Read,
) -> Result<Failure, LogError> {
    let mut reading = reading::Reading::default();
    reading.take_in_provider_log(provider_log)?;
    Ok(reading.failure_of(diagnostic::Diagnostic::of(told)))
}
