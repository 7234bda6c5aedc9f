//! No leash: this system has no signal for the death of a parent.
//!
//! Children are started as they are. When divvy is killed, Terraform goes on to its end by itself, and
//! keeps its lock until then; a provider of ours ends when its connection does.

use std::ffi::OsString;
use std::process::ExitCode;

use crate::leash::Death;

/// Returns what to put in front of a program so that it ends when this process dies: nothing.
pub fn prefix(_death: Death) -> Vec<OsString> {
    Vec::new()
}

/// Nobody starts this process so.
pub fn run(_arguments: impl Iterator<Item = OsString>) -> ExitCode {
    ExitCode::from(64)
}
