//! The stand-in provider as a program of its own, for the tests.
//!
//! Users never see it: an installed `divvy` is the stand-in when it is started under that name.

fn main() -> std::process::ExitCode {
    divvy_sandbox::provider::main()
}
