//! The stand-in provider as a program of its own, for this crate's tests.
//!
//! Users never see it: an installed `divvy` is the stand-in when it is started under that name.

use std::process::ExitCode;

fn main() -> ExitCode {
    divvy_sandbox::provider::main()
}
