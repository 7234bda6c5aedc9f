//! Integration tests of divvy-core: one verdict at a time, and what holds for every survey,
//! what a shell makes of a word.

mod builder;
mod kind_facts;
mod properties;
mod shell;
mod verdicts;
