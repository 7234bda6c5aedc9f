//! The benchmarks of divvy: whole processes, side by side in one run, against the emulated org.
//!
//! Not a test: nothing here fails because a machine is slow. `scripts/bench` builds divvy in release
//! form and runs this. Invariant: what is compared runs by turns on the same machine in the same
//! minutes, and a bar is judged by medians.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a program that prints a table")]

mod measure;
mod page;
mod rows;
mod script;
mod world;

use std::process::ExitCode;

use rows::Row;

/// How often the two sides take turns, unless a row says otherwise.
const TURNS: usize = 9;

fn main() -> ExitCode {
    let Some(arguments) = Arguments::parse(std::env::args().skip(1)) else {
        eprintln!("usage: bench [--write] [--turns N] [ROW…]\nrows: {}", names().join(" "));
        return ExitCode::from(64);
    };
    let machine = page::Machine::look();
    let mut rows: Vec<Row> = Vec::new();
    for (name, measure) in rows::ALL {
        if !arguments.rows.is_empty() && !arguments.rows.iter().any(|row| row == name) {
            continue;
        }
        eprintln!("bench: {name}");
        let measured = measure(arguments.turns);
        for row in &measured {
            eprintln!("  {}: {} (bar {})", row.what, row.measured, row.bar);
        }
        rows.extend(measured);
    }
    let table = page::table(&rows);
    let about = machine.describe(arguments.turns);
    println!("{about}\n\n{table}");
    if arguments.write {
        page::write(&about, &table);
    }
    ExitCode::SUCCESS
}

fn names() -> Vec<&'static str> {
    rows::ALL.iter().map(|(name, _)| *name).collect()
}

struct Arguments {
    write: bool,
    turns: usize,
    rows: Vec<String>,
}

impl Arguments {
    fn parse(mut words: impl Iterator<Item = String>) -> Option<Self> {
        let mut arguments = Self { write: false, turns: TURNS, rows: Vec::new() };
        while let Some(word) = words.next() {
            match word.as_str() {
                "--write" => arguments.write = true,
                "--turns" => {
                    arguments.turns = words.next()?.parse().ok().filter(|turns| *turns > 0)?;
                }
                name if names().contains(&name) => arguments.rows.push(word),
                _ => return None,
            }
        }
        Some(arguments)
    }
}
