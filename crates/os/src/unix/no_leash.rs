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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_leash_a_program_is_started_as_it_is() {
        for death in [Death::InGoodOrder, Death::InGoodOrderWithoutHangUp, Death::AtOnce] {
            assert!(prefix(death).is_empty());
        }
        // A child of a divvy that has a leash would say so by these words; here they start nothing.
        let words = ["1", "int", "/bin/true"].map(OsString::from);
        assert_eq!(format!("{:?}", run(words.into_iter())), format!("{:?}", ExitCode::from(64)));
    }
}
