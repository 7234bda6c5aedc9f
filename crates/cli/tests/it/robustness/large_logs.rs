//! `explain -` on inputs that no log should be: memory stays within four times the longest line and
//! 50 MB, and the time grows with the bytes alone.

use std::io::{Read, Write};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use crate::world::{DIVVY, World, seed};

const MEGABYTE: usize = 1_000_000;
/// Far above what a build without optimisation needs on a busy machine; a search that begins again
/// with every byte needs hours.
const PATIENCE_PER_MEGABYTE: Duration = Duration::from_secs(4);

/// What is written again and again, how often, and what stands before and after all of it.
struct Input {
    name: &'static str,
    before: &'static str,
    unit: String,
    bytes: usize,
    after: &'static str,
    longest_line: usize,
}

impl Input {
    fn line(name: &'static str, unit: &str, bytes: usize) -> Self {
        Self { name, before: "", unit: unit.to_owned(), bytes, after: "", longest_line: bytes }
    }

    fn lines(name: &'static str, unit: &str, bytes: usize) -> Self {
        Self { longest_line: unit.len(), ..Self::line(name, unit, bytes) }
    }
}

/// The sizes are those of the promise; a build without optimisation reads a tenth of each.
fn inputs() -> Vec<Input> {
    let tenth = if cfg!(debug_assertions) { 10 } else { 1 };
    let sized = |megabytes: usize| megabytes * MEGABYTE / tenth;
    let failed = "│ Error: Failed to create division A error: API Error: 409 - x\n";
    vec![
        Input::line("one line of 100 MB", "abcdefgh ", sized(100)),
        Input::line(
            "one line of 100 MB of sequences",
            "\x1b[31m│\x1b[0m \x1b]8;;x\x07",
            sized(100),
        ),
        Input::lines("200 MB of short lines", "a.b: Still creating... [10s elapsed]\n", sized(200)),
        Input::lines("200 MB of rules", failed, sized(200)),
        Input {
            before: "{\"@level\":\"error\",\"type\":\"diagnostic\",\"diagnostic\":{\"severity\":\"error\",\"summary\":\"S\",\"detail\":\"",
            after: "\"}}\n",
            ..Input::line("one JSON message of 50 MB", "a \\\"b\\\" \\u0026 c ", sized(50))
        },
        Input::line(
            "50 MB of messages without a line end",
            "{\"@level\":\"info\",\"type\":\"x\"}",
            sized(50),
        ),
    ]
}

/// The high-water mark of a process that has not ended.
fn peak(child: &Child) -> Option<usize> {
    let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix(" kB")?.parse::<usize>().ok().map(|kilobytes| kilobytes << 10)
}

/// Feeds an input, and gives the peak of memory and the exit code.
fn fed(world: &World, input: &Input) -> (usize, i32) {
    let mut child = world
        .command(DIVVY)
        .args(["explain", "-", "--offline"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("divvy starts");
    let mut stdin = child.stdin.take().expect("a pipe");
    let block = input.unit.repeat(MEGABYTE / input.unit.len());
    stdin.write_all(input.before.as_bytes()).expect("it reads");
    let mut left = input.bytes;
    while left > 0 {
        // Whole units: what follows is to be read.
        let length = if left >= block.len() { block.len() } else { input.unit.len() };
        stdin.write_all(&block.as_bytes()[..length]).expect("it reads");
        left = left.saturating_sub(length);
    }
    stdin.write_all(input.after.as_bytes()).expect("it reads");
    let mut highest = peak(&child).expect("it waits for more");
    drop(stdin);
    let mut shown = String::new();
    // What it prints comes after all has been read: then, and no earlier, the peak is known.
    let mut stdout = child.stdout.take().expect("a pipe");
    let mut first = [0];
    let length = stdout.read(&mut first).expect("output");
    highest = highest.max(peak(&child).unwrap_or_default());
    stdout.read_to_string(&mut shown).expect("UTF-8");
    let code = child.wait().expect("it ends").code().unwrap_or(-1);
    // What holds no output of Terraform is an error, which goes to stderr.
    assert!(length == 1 || code == 3, "{}: nothing was said", input.name);
    (highest, code)
}

#[test]
fn memory_and_time_of_explain_are_bounded_by_its_input() {
    let world = World::new(seed(&[]));
    for input in inputs() {
        let start = Instant::now();
        let (highest, code) = fed(&world, &input);
        let took = start.elapsed();
        let most = 4 * input.longest_line + 50 * MEGABYTE;
        let name = input.name;
        println!("{name}: peak {} MB, {} ms", highest / MEGABYTE, took.as_millis());
        assert!(code == 0 || code == 3, "{name}: {code}");
        assert!(highest <= most, "{name}: {highest} bytes of memory, at most {most}");
        let patience = PATIENCE_PER_MEGABYTE * u32::try_from(input.bytes / MEGABYTE).unwrap_or(1);
        assert!(took <= patience, "{name}: {took:?}");
    }
}
