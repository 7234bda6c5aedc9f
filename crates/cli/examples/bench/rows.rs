//! The rows of the table: what is measured, and the bar that it is held to.
//!
//! Each row's bar stands beside its measurement. Never skips silently: a row of a command that this
//! build lacks says so.

mod adopting;
mod centre;
mod checking;
mod ensuring;
mod growing;
mod reading;
mod running;

use std::time::Duration;

use crate::measure::Turns;

/// One line of the table.
pub(crate) struct Row {
    pub(crate) what: &'static str,
    pub(crate) measured: String,
    pub(crate) bar: &'static str,
    /// `None` where nothing was measured or no bar is set.
    pub(crate) is_met: Option<bool>,
}

/// Measures some rows that share their surroundings, with so many turns.
type Measure = fn(usize) -> Vec<Row>;

/// Every group of rows, by the name that picks it on the command line.
pub(crate) const ALL: [(&str, Measure); 11] = [
    ("start", reading::start),
    ("requests", checking::requests),
    ("check", checking::check),
    ("fix", adopting::fix),
    ("import", adopting::import),
    ("memory", reading::memory),
    ("ensure", ensuring::ensure),
    ("explain", reading::explain),
    ("run", running::run),
    ("growth", growing::growth),
    ("centre", centre::centre),
];

/// Says how two sides compare: `1.04 (1.52 s : 1.46 s)`.
fn compared(turns: &Turns, ratio: f64) -> String {
    format!("{ratio:.2} × ({} : {})", seconds(turns.left()), seconds(turns.right()))
}

fn seconds(time: Duration) -> String {
    format!("{:.2} s", time.as_secs_f64())
}

fn megabytes(bytes: u64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "a size to be shown with one decimal")]
    let bytes = bytes as f64;
    bytes / 1e6
}

/// The row of a command that this build does not have.
fn missing(what: &'static str, bar: &'static str) -> Row {
    Row { what, measured: "not in this build".to_owned(), bar, is_met: None }
}
