//! Integration tests of the crate, one module per subject.

mod logs;
mod logs_ci;
mod logs_properties;
