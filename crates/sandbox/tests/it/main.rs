//! Integration tests of the sandbox: one binary, one module per subject.

mod emulator;
mod provider;
mod proxy;
