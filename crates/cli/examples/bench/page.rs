//! The table, the machine that it was measured on, and the page that keeps both.
//!
//! Writes docs/benchmarks.md between two marks and nothing else there.

use std::fs;
use std::process::Command;

use crate::rows::Row;
use crate::world::{REQUEST, divvy, terraform};

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/benchmarks.md");
const BEGIN: &str = "<!-- measured: begin -->";
const END: &str = "<!-- measured: end -->";

/// What the numbers depend on.
pub(crate) struct Machine {
    load_before: String,
}

impl Machine {
    /// Looks at the load before anything is measured.
    pub(crate) fn look() -> Self {
        Self { load_before: load() }
    }

    /// Describes the machine; the load is told as it was before and is now.
    pub(crate) fn describe(&self, turns: usize) -> String {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        format!(
            "Measured on {cores} cores of {}, {}; {}, {}; {} ms a request; at most {turns} turns. \
             Load (1, 5, 15 minutes) {} before, {} after.",
            processor(),
            first_line(Command::new("uname").args(["-s", "-r"])),
            first_line(Command::new(divvy()).arg("--version")),
            first_line(Command::new(terraform()).arg("version").env_remove("TF_CLI_CONFIG_FILE")),
            REQUEST.as_millis(),
            self.load_before,
            load()
        )
    }
}

/// Renders the rows as Markdown.
pub(crate) fn table(rows: &[Row]) -> String {
    let mut text = String::from("| what | measured | bar | met |\n|---|---|---|---|\n");
    for row in rows {
        let met = match row.is_met {
            Some(true) => "yes",
            Some(false) => "**no**",
            None => "—",
        };
        text.push_str(&format!("| {} | {} | {} | {met} |\n", row.what, row.measured, row.bar));
    }
    text
}

/// Puts the results between the marks of the page.
pub(crate) fn write(about: &str, table: &str) {
    let page = fs::read_to_string(PAGE).expect("docs/benchmarks.md");
    let (before, rest) = page.split_once(BEGIN).expect("the page has its first mark");
    let (_, after) = rest.split_once(END).expect("the page has its second mark");
    fs::write(PAGE, format!("{before}{BEGIN}\n{about}\n\n{table}{END}{after}"))
        .expect("the page can be written");
    eprintln!("bench: results are in docs/benchmarks.md");
}

fn processor() -> String {
    let text = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = text.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    model.map_or("an unknown processor", |(_, name)| name).to_owned()
}

fn load() -> String {
    let text = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split(' ').take(3).collect::<Vec<_>>().join(", ")
}

fn first_line(command: &mut Command) -> String {
    let output = command.output().map(|output| output.stdout).unwrap_or_default();
    String::from_utf8_lossy(&output).lines().next().unwrap_or("?").to_owned()
}
