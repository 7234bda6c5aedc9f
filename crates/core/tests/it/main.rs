//! Integration tests of divvy-core: one verdict at a time, and what holds for every survey.

mod builder;
mod properties;
mod verdicts;
