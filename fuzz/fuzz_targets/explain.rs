//! Any bytes as a log, all the way: read, beside a provider's log, explained, and written in every
//! form. No panic, and no control character in what a terminal or a browser is shown.

#![no_main]

use divvy::render::{self, Format, Options, commands::Shell};
use divvy::report::{Report, RunInfo};
use divvy_core::survey::Survey;
use divvy_terraform::logs;
use libfuzzer_sys::fuzz_target;

/// The forms of `explain`, and the page.
const FORMATS: [Format; 5] =
    [Format::Table, Format::Json, Format::Markdown, Format::Github, Format::Html];

fuzz_target!(|data: &[u8]| {
    // The first byte says where the provider's own log begins.
    let (&cut, data) = data.split_first().unwrap_or((&0, data));
    let (log, provider_log) = data.split_at(data.len() * usize::from(cut) / 255);
    let Ok(reading) = logs::read_with_provider_log(log, provider_log) else {
        panic!("a slice cannot fail to be read")
    };
    let count = reading.failures.len();
    let survey = Survey { failures: reading.failures, ..Survey::default() };
    let report = Report::of_failures(&survey, RunInfo::default(), "apply.log");
    assert!(report.findings.len() <= count);
    for format in FORMATS {
        let options = Options { width: 80, is_colored: false, shell: Shell::Sh };
        let mut written = Vec::new();
        let Ok(()) = render::write(&report, format, &options, &mut written) else {
            panic!("writing to memory cannot fail")
        };
        let Ok(text) = String::from_utf8(written) else { panic!("{format:?} is not text") };
        // JSON is for programs: it carries DEL and the C1 controls as they are.
        let shows_control = text.contains(|c: char| c.is_control() && c != '\n');
        assert!(format == Format::Json || !shows_control, "{format:?}: {text:?}");
        if format == Format::Json {
            let read = serde_json::from_str::<serde_json::Value>(&text);
            assert!(read.is_ok_and(|json| json["command"] == "explain"));
        }
    }
});
