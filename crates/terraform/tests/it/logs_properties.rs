//! What holds for every log: a cut one still gives what is complete before the cut, and no bytes
//! make the reader panic, hang, or keep more than it may.

use std::io::{self, Read};
use std::time::{Duration, Instant};

use divvy_core::Failure;
use divvy_terraform::logs;
use proptest::prelude::*;

use crate::logs::describe;

/// One failure of a generated log.
#[derive(Clone, Debug)]
struct Told {
    address: String,
    name: String,
    id: String,
}

/// How a generated log is drawn.
#[derive(Clone, Copy, Debug)]
enum Form {
    Boxes,
    Plain,
    Json,
}

/// Some failures; correlation ids are unique, as they are in reality.
fn all_told() -> impl Strategy<Value = Vec<Told>> {
    let name = "[A-Za-z][A-Za-zäßéÃ &/]{0,18}[a-z]";
    proptest::collection::vec(("[a-z]{1,8}", name), 1..5).prop_map(|all| {
        let numbered = all.into_iter().enumerate();
        numbered
            .map(|(number, (label, name))| Told {
                address: format!("genesyscloud_auth_division.{label}[\"{name}\"]"),
                name,
                id: format!("{number:08x}-0000"),
            })
            .collect()
    })
}

fn form() -> impl Strategy<Value = Form> {
    prop_oneof![Just(Form::Boxes), Just(Form::Plain), Just(Form::Json)]
}

impl Told {
    fn draw(&self, form: Form) -> String {
        let Self { address, name, id } = self;
        let summary = format!(
            "Failed to create division {name} error: API Error: 409 - {name} is taken. ({id})"
        );
        let detail = |break_: char| {
            format!(
                "{{\"resourceType\":\"genesyscloud_auth_division\",\"method\":\"POST\",\"path\":\"/api/v2/authorization/divisions\",\"statusCode\":409,\"errorMessage\":\"API{break_}Error: 409 - {name} is taken.{break_}({id})\",\"correlationId\":\"{id}\"}}"
            )
        };
        let lines = || {
            format!(
                "Error: {summary}\n\n  with {address},\n  on main.tf line 1:\n\n{}\n",
                detail('\n')
            )
        };
        match form {
            Form::Plain => format!("\n{}", lines()),
            Form::Boxes => {
                let boxed: Vec<String> = lines().lines().map(|line| format!("│ {line}")).collect();
                format!("╷\n{}\n╵\n", boxed.join("\n"))
            }
            Form::Json => {
                let diagnostic = serde_json::json!({"severity": "error", "summary": summary, "detail": detail(' '), "address": address});
                let diagnostic =
                    serde_json::json!({"diagnostic": diagnostic, "type": "diagnostic"}).to_string();
                format!("{{\"@level\":\"error\",{}\n", &diagnostic[1..])
            }
        }
    }

    fn is(&self, failure: &Failure) -> bool {
        failure.address.as_ref().is_some_and(|address| address.as_str() == self.address)
            && failure.name.as_ref() == Some(&self.name)
            && failure.status == Some(409)
            && failure.method.as_deref() == Some("POST")
            && failure.correlation_id.as_ref() == Some(&self.id)
            && failure.damage.is_empty()
    }
}

/// Gives the same bytes again and again.
struct Repeat {
    bytes: &'static [u8],
    left: usize,
    at: usize,
}

impl Read for Repeat {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = buffer.len().min(self.left).min(self.bytes.len() - self.at);
        buffer[..length].copy_from_slice(&self.bytes[self.at..self.at + length]);
        self.at = (self.at + length) % self.bytes.len();
        self.left -= length;
        Ok(length)
    }
}

/// Gives one byte at a time.
struct Slow<'a>(&'a [u8]);

impl Read for Slow<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let Some((first, rest)) = self.0.split_first() else {
            return Ok(0);
        };
        buffer[0] = *first;
        self.0 = rest;
        Ok(1)
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_cut_log_still_gives_every_failure_before_the_cut(
        all in all_told(),
        form in form(),
        cut in any::<prop::sample::Index>(),
    ) {
        let mut log = Vec::new();
        let mut ends = Vec::new();
        for told in &all {
            log.extend_from_slice(told.draw(form).as_bytes());
            ends.push(log.len());
        }
        let cut = cut.index(log.len() + 1);
        let reading = logs::read(&log[..cut]).unwrap();
        let whole = ends.iter().filter(|end| **end <= cut).count();
        for told in &all[..whole] {
            prop_assert!(reading.failures.iter().any(|failure| told.is(failure)), "{told:?}");
        }
        for failure in &reading.failures {
            let is_told = all.iter().any(|told| told.is(failure));
            prop_assert!(is_told || !failure.damage.is_empty(), "{}", describe(failure));
        }
        prop_assert!(reading.failures.len() <= whole + 1);
    }

    #[test]
    fn no_bytes_make_it_panic_and_a_slow_pipe_changes_nothing(
        bytes in proptest::collection::vec(any::<u8>(), 0..2048),
    ) {
        let reading = logs::read(&bytes[..]).unwrap();
        prop_assert_eq!(logs::read(Slow(&bytes)).unwrap(), reading);
    }

    #[test]
    fn no_mixture_of_what_it_looks_for_makes_it_panic(
        pieces in proptest::collection::vec(0..PIECES.len(), 0..64),
    ) {
        let log: String = pieces.iter().map(|&piece| PIECES[piece]).collect();
        let reading = logs::read(log.as_bytes()).unwrap();
        prop_assert_eq!(logs::read(Slow(log.as_bytes())).unwrap(), reading);
    }
}

static PIECES: &[&str] = &[
    "╷",
    "│",
    "╵",
    "\n",
    "\n",
    "\n",
    " ",
    "Error: ",
    "Warning: ",
    "{\"",
    "\"}",
    "}",
    "{\"@level\"",
    "\"diagnostic\"",
    "{\"resourceType\":\"t\",",
    "\"statusCode\":409}",
    "  with a.b[\"",
    "\"],",
    "a.b: Creating...",
    "\x1b[31m",
    "\x1b",
    "\x1b]",
    "[0m",
    "^[",
    "[",
    "]",
    "\r",
    "2026-11-20T08:15:03.1Z",
    " 01O",
    "+",
    "08:11:20.451 STDOUT [",
    "] terraform: ",
    "time=x msg=",
    "\"msg\":\"",
    "##[error]",
    "::error::",
    "é",
    "Γöé",
    "\u{fffd}",
    "? ",
    "\t",
    "* Failed to execute \"x\" in ",
    "Ran dir: `",
    "When applying changes to ",
    ", provider",
    "\"debug_type\":\"SDK DEBUG REQUEST\"",
    "Failed to create division ",
    " error: ",
    "API Error: 409 - ",
    "(12345678)",
    "  # a.b will be created",
    "      + name = \"",
    "\0",
];

#[test]
fn no_input_without_an_end_to_its_lines_takes_long() {
    const LENGTH: usize = 256 << 10;
    // Each of these is quadratic, hence minutes, if something looks for its end again and again.
    for bytes in [
        &b"\x1b]"[..],
        b"\x1b[",
        b"[",
        b"[0m^[",
        b"{\"@level\"",
        b"Error: ",
        b"\xe2\x94\x82 ",
        b"{\"",
        b"\r",
        b"[a] ",
        b"::a::",
        b"a.b: Creating...",
        b",\"",
        b"\\",
        b"2026-11-20T08:15:03Z ",
        b"\xe2\x95\xb7",
        b"\"msg\"{",
        b"a \tb",
    ] {
        let start = Instant::now();
        logs::read(Repeat { bytes, left: LENGTH, at: 0 }).unwrap();
        let lines = [bytes, b"\n"].concat().leak();
        logs::read(Repeat { bytes: lines, left: LENGTH / 4, at: 0 }).unwrap();
        assert!(start.elapsed() < Duration::from_secs(20), "{}", String::from_utf8_lossy(bytes));
    }
}

/// Peak memory of this process in bytes, as the kernel counts it.
fn peak_memory() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<usize>().unwrap() << 10
}

/// `cargo test --release -p divvy-terraform --test it -- --ignored --nocapture --test-threads 1`
#[test]
#[ignore = "a measurement, for release builds on a quiet machine"]
fn a_log_of_200_megabytes_is_read_at_50_per_second_in_constant_memory() {
    const LENGTH: usize = 200_000_000;
    let human = [
        "  # module.a.genesyscloud_auth_division.this[\"Sales\"] will be updated in-place\n",
        "      ~ description = \"old\" -> \"new\"\n        name        = \"Sales\"\n        # (3 unchanged attributes hidden)\n",
        "module.a.genesyscloud_auth_division.this[\"Sales\"]: Refreshing state... [id=fbe566b2-7ebc-4286-bfab-79f6b5ad7524]\n",
        "module.a.genesyscloud_auth_division.this[\"Sales\"]: Still modifying... [id=fbe566b2-7ebc-4286-bfab-79f6b5ad7524, 10s elapsed]\n",
    ]
    .concat();
    let json = "{\"@level\":\"info\",\"@message\":\"a.b: Refresh complete [id=17]\",\"@module\":\"terraform.ui\",\"@timestamp\":\"2026-11-25T03:02:07.143879Z\",\"hook\":{\"resource\":{\"addr\":\"a.b\"},\"id_key\":\"id\",\"id_value\":\"17\"},\"type\":\"refresh_complete\"}\n".to_owned();
    let stamp = |line| format!("2026-11-20T08:15:03.2604977Z \x1b[0m{line}\x1b[0m");
    let stamped = human.lines().map(stamp).collect::<Vec<_>>().join("\n") + "\n";
    for (name, text) in [("human", human), ("-json", json), ("stamped and coloured", stamped)] {
        let bytes = text.into_bytes().leak();
        let start = Instant::now();
        logs::read(Repeat { bytes, left: LENGTH, at: 0 }).unwrap();
        let speed = 200.0 / start.elapsed().as_secs_f64();
        println!("{name}: {speed:.0} MB/s, peak memory {} MB", peak_memory() >> 20);
        assert!(speed >= 50.0, "{name}: {speed:.0} MB/s");
        assert!(peak_memory() < 50 << 20);
    }
    for bytes in [&b"a"[..], b"{\"@level\":", b"\x1b[0m", b"\xe2\x94\x82 "] {
        logs::read(Repeat { bytes, left: LENGTH, at: 0 }).unwrap();
        println!("one line of 200 MB: peak memory {} MB", peak_memory() >> 20);
        assert!(peak_memory() < 50 << 20);
    }
}

/// The recorded run of case 32, which created one division and was refused two.
fn recorded() -> String {
    let path = "/../../fixtures/cases/32-logs-inside-something-else/00-plain.log";
    std::fs::read_to_string(format!("{}{path}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

/// What a reading says but for the places of lines.
fn told(bytes: &[u8]) -> (Vec<String>, Vec<String>, bool) {
    let reading = logs::read(bytes).unwrap();
    let created = reading.created.iter().map(|created| format!("{created:?}")).collect();
    (reading.failures.iter().map(describe).collect(), created, reading.is_incomplete)
}

/// One column of a prefix: constant, counting, or a time, and what follows it.
fn column() -> impl Strategy<Value = (u8, String, &'static str)> {
    let constant = "[A-Za-z]{2,9}(-[a-z]{2,5})?";
    let separator = prop_oneof![
        Just(" "),
        Just("\t"),
        Just(" | "),
        Just(": "),
        Just("] "),
        Just("  "),
        Just(" > "),
        Just("|")
    ];
    (0_u8..8, constant, separator)
}

fn draw(column: &(u8, String, &str), number: usize) -> String {
    let (kind, constant, separator) = column;
    let clock = format!("{:02}:{:02}:{:02}", 8 + number / 3600, number / 60 % 60, number % 60);
    let text = match kind {
        0 => constant.clone(),
        1 => number.to_string(),
        2 => format!("2026-11-20T{clock}.{:07}Z", number * 7919 % 10_000_000),
        3 => format!("[{constant}:{number}"),
        4 => format!("{number:>5}"),
        5 => format!("{:08x}", number.wrapping_mul(2_654_435_761) & 0xffff_ffff),
        6 => format!("Nov {:>2} {clock}", 1 + number / 20),
        _ => format!("{:<5}", ["INFO", "ERROR", "WARN"][number % 3]),
    };
    format!("{text}{separator}")
}

/// Puts a text into JSON, as far as it is told to.
fn nest(text: &str, how: &[(u8, String)]) -> String {
    how.iter().fold(text.to_owned(), |text, (how, key)| {
        let lines = || text.lines().map(|line| format!("{line}\n")).collect::<Vec<_>>();
        match how {
            0 => serde_json::json!({ key.as_str(): text }).to_string(),
            1 => serde_json::json!([{ "time": "2026-11-20T08:15:03Z", key.as_str(): text }])
                .to_string(),
            2 => serde_json::Value::from(text).to_string(),
            3 => serde_json::to_string_pretty(&serde_json::json!({"a": {key.as_str(): lines()}}))
                .unwrap(),
            _ => {
                let object = |line: String| {
                    serde_json::json!({key.as_str(): line, "stream": "stdout"}).to_string() + "\n"
                };
                lines().into_iter().map(object).collect()
            }
        }
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_stands_before_each_line_is_learnt(
        columns in proptest::collection::vec(column(), 1..4),
        trims in any::<bool>(),
    ) {
        let log = recorded();
        let lines = log.lines().enumerate().map(|(number, line)| {
            let prefix: String = columns.iter().map(|column| draw(column, number)).collect();
            let line = format!("{prefix}{line}");
            let line = if trims { line.trim_end() } else { line.as_str() };
            format!("{line}\n")
        });
        let prefixed: String = lines.collect();
        let (expected, found) = (told(log.as_bytes()), told(prefixed.as_bytes()));
        let head: String = prefixed.lines().take(3).collect::<Vec<_>>().join("\n");
        // A word and two blanks are the stack of CDKTF.
        let without_unit = |all: Vec<String>| -> Vec<String> {
            let after = |text: String| match text.strip_prefix('[').and_then(|text| text.split_once("] ")) {
                Some((_, text)) => text.to_owned(),
                None => text,
            };
            all.into_iter().map(after).collect()
        };
        prop_assert_eq!(without_unit(found.0), expected.0, "{}", head);
        prop_assert_eq!(found.1.len(), expected.1.len(), "{}", head);
    }

    #[test]
    fn a_log_is_found_in_json_whatever_its_field_is_called(
        how in proptest::collection::vec((0_u8..5, "[a-z]{3,8}"), 1..4),
    ) {
        let log = recorded();
        let nested = nest(&log, &how);
        prop_assert_eq!(told(nested.as_bytes()), told(log.as_bytes()), "{:?}", how);
    }
}

#[test]
fn what_is_kept_of_a_log_without_end_is_bounded_and_said() {
    struct Distinct(u32, Vec<u8>);
    impl Read for Distinct {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            if self.1.is_empty() && self.0 < 120_000 {
                self.0 += 1;
                self.1 = format!("a.b{}: Creating...\n", self.0).into_bytes();
            }
            let length = buffer.len().min(self.1.len());
            buffer[..length].copy_from_slice(&self.1[..length]);
            self.1.drain(..length);
            Ok(length)
        }
    }
    let reading = logs::read(Distinct(0, Vec::new())).unwrap();
    assert!(reading.is_incomplete);
    assert!(
        reading.notes.iter().any(|note| note.contains("more than is kept")),
        "{:?}",
        reading.notes
    );
}

#[test]
fn a_reader_that_fails_is_an_error_with_its_line() {
    struct Fails(bool);
    impl Read for Fails {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            if std::mem::replace(&mut self.0, true) {
                return Err(io::Error::other("gone"));
            }
            // As much as the reader looks at before it gives the first line.
            let lines = [[b'a'; 255].as_slice(), b"\n"].concat().repeat(2);
            buffer[..lines.len()].copy_from_slice(&lines);
            Ok(lines.len())
        }
    }
    let error = logs::read(Fails(false)).unwrap_err();
    assert!(error.to_string().contains("line 2"), "{error}");
}
