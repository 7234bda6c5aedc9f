//! What holds for every log: a cut one still gives what is complete before the cut, and no bytes
//! make the reader panic, hang, or keep more than it may.

use std::io::{self, Read};

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

fn told() -> impl Strategy<Value = Told> {
    (
        "[a-z]{1,8}",
        "[A-Za-z][A-Za-zäß &/]{0,18}[a-z]",
        any::<u64>(),
    )
        .prop_map(|(label, name, id)| Told {
            address: format!("genesyscloud_auth_division.{label}[\"{name}\"]"),
            name,
            id: format!("{id:016x}-{id:016x}"),
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
                let boxed: String = lines().lines().map(|line| format!("│ {line}\n")).collect();
                format!("╷\n{boxed}╵\n")
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
        failure
            .address
            .as_ref()
            .is_some_and(|address| address.as_str() == self.address)
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

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_cut_log_still_gives_every_failure_before_the_cut(
        all in proptest::collection::vec(told(), 1..5),
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
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..2048)) {
        logs::read(&bytes[..]).unwrap();
    }

    #[test]
    fn no_mixture_of_what_it_looks_for_makes_it_panic(
        pieces in proptest::collection::vec(0..PIECES.len(), 0..64),
    ) {
        let log: String = pieces.iter().map(|&piece| PIECES[piece]).collect();
        let reading = logs::read(log.as_bytes()).unwrap();
        let again = logs::read(log.as_bytes()).unwrap();
        prop_assert_eq!(reading, again);
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
    // Each of these would be quadratic if something looked for its end again and again.
    for bytes in [
        &b"\x1b]"[..],
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
    ] {
        let input = Repeat {
            bytes,
            left: 1 << 20,
            at: 0,
        };
        logs::read(input).unwrap();
        let lines = [bytes, b"\n"].concat().leak();
        logs::read(Repeat {
            bytes: lines,
            left: 1 << 20,
            at: 0,
        })
        .unwrap();
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
        reading
            .notes
            .iter()
            .any(|note| note.contains("more than is kept")),
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
            buffer[..8].copy_from_slice(b"a\nb\nc\nd\n");
            Ok(8)
        }
    }
    let error = logs::read(Fails(false)).unwrap_err();
    assert!(error.to_string().contains("line 4"), "{error}");
}
