//! The command line of divvy: the only place where the rooms meet.
//!
//! `main` is called by the binary. Everything that a person sees goes through the console.

mod answers;
mod approval;
mod arguments;
mod carry_out;
mod checklist;
mod commands;
mod confirm;
mod console;
mod context;
mod doctor;
mod door;
mod ensure;
mod environment;
mod error;
mod failed_run;

mod given;
mod history;
mod interrupt;
mod journal;
mod limit;
mod log;
mod lookup;
mod manual;
mod marks;
mod named_files;
mod observers;
mod org;
mod output;
mod pattern;
mod preview;
mod questions;
pub mod render;
pub mod report;
mod repository;
mod run;
mod survey;
mod terminal;
mod terraform_errors;
mod typed_file;
mod undo;
mod waits;

use std::process::ExitCode;

/// Runs divvy with the process's own arguments and returns its exit code.
pub fn main() -> ExitCode {
    match environment::other_self() {
        Some(code) => code,
        None => commands::main(),
    }
}
