//! Integration tests of the crate, one module per subject.

mod logs;
