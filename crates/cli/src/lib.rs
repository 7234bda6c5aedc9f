//! The command line of divvy.

pub mod render;
pub mod report;
