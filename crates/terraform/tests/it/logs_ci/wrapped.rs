//! One run's log within other files: archives, mail, tables, markup, recordings.

use divvy_terraform::logs;
use serde_json::{Value, json};

use super::{boxed, clock, coloured, described, expected, plain, prefixed, stamped, with};

/// Everything that a log may be wrapped in, beside a prefix.
fn wrapped() -> Vec<(&'static str, Vec<u8>)> {
    use std::io::Write as _;
    let text = prefixed(&coloured(), "");
    let boxes = prefixed(&boxed(), "");
    let escaped =
        |text: &str| text.replace('&', "&amp;").replace('"', "&quot;").replace('<', "&lt;");
    let gzip = |bytes: &[u8]| {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    };
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for name in ["0_apply.txt", "apply/3_terraform apply.txt"] {
        zip.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
        zip.write_all(stamped(&coloured()).as_bytes()).unwrap();
    }
    let json = |value: Value| value.to_string().into_bytes();
    let pretty = |line: &String| {
        let value: Value = serde_json::from_str(line).unwrap();
        serde_json::to_string_pretty(&value).unwrap() + "\n"
    };
    let two_sources = with(&plain(), |number, line| {
        format!("tf-1 | {line}\ntf-2 | tick {number}\ndb   | tick {number}")
    });
    vec![
        ("gzip", gzip(text.as_bytes())),
        ("a ZIP of a job and its step", zip.finish().unwrap().into_inner()),
        (
            "UTF-16 in gzip",
            gzip(&text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>()),
        ),
        ("HTML", format!("<html><body><pre>{}</pre></body></html>", escaped(&boxes)).into_bytes()),
        ("escaped HTML alone", escaped(&prefixed(&plain(), "")).into_bytes()),
        (
            "HTML with elements around the rules",
            escaped(&boxes).replace('│', "<span style=\"color:red\">│</span>").into_bytes(),
        ),
        (
            "CDATA",
            format!("<testsuite><system-out><![CDATA[{boxes}]]></system-out></testsuite>")
                .into_bytes(),
        ),
        (
            "line feeds that are spelled",
            boxes.replace('"', "\\\"").replace('\n', "\\n").into_bytes(),
        ),
        ("escapes that are spelled", text.replace('\x1b', "\\u001b").into_bytes()),
        ("the messages of -json, slurped", json(json_lines())),
        (
            "the messages of -json, one after the other, printed prettily",
            super::json().iter().map(pretty).collect::<String>().into_bytes(),
        ),
        (
            "a string within a string",
            json(serde_json::json!({"a": serde_json::json!({"b": text}).to_string()})),
        ),
        ("two sources, of which one is silent", two_sources.into_bytes()),
        ("a UTF-8 mark", format!("\u{feff}{boxes}").into_bytes()),
    ]
}

/// A cell of a table, quoted.
fn cell(text: &str) -> String {
    format!("\"{}\"", text.replace('"', "\"\""))
}

/// The log as the stores of logs export it: one line a row, or all of it in one cell.
fn tables() -> Vec<(&'static str, Vec<u8>)> {
    let second = |number: usize| format!("2026-11-28T{}Z", clock(number));
    let bare = |line: &str| if line.contains(['"', ',']) { cell(line) } else { line.to_owned() };
    let rows = |header: &str, row: &dyn Fn(usize, &str) -> String| {
        format!("{header}\n{}", with(&boxed(), row))
    };
    let datadog = rows("Date,Host,Service,Message", &|number, line| {
        format!("{},ip-10-0-0-1,terraform,{}", second(number), bare(line))
    });
    let newest_first = |lines: &[String]| {
        let rows = lines.iter().enumerate().rev();
        rows.map(|(number, line)| format!("{},a,{}\n", second(number), cell(line)))
            .collect::<String>()
    };
    let spread = |text: String| text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    vec![
        ("UTF-16 in a table", spread(format!("\u{feff}{datadog}"))),
        ("Datadog", datadog.into_bytes()),
        (
            "Splunk",
            rows("\"_time\",\"_raw\"", &|number, line| {
                format!("{},{}", cell(&second(number)), cell(line))
            })
            .into_bytes(),
        ),
        (
            "CloudWatch Insights",
            rows("@timestamp,@message,@logStream", &|number, line| {
                format!("{},{},apply/a1", second(number), bare(line))
            })
            .into_bytes(),
        ),
        ("one column", rows("\"_raw\"", &|_, line| cell(line)).into_bytes()),
        (
            "all in one cell",
            format!("_time,source,_raw\n1,apply,{}\n", cell(&prefixed(&boxed(), ""))).into_bytes(),
        ),
        (
            "semicolons, the log in the middle",
            rows("time;message;level", &|number, line| {
                format!("{};{};info", second(number), cell(line))
            })
            .into_bytes(),
        ),
        (
            "tabs, without quotes",
            rows("time\tmessage\tlevel", &|number, line| {
                format!("{}\t{line}\tinfo", second(number))
            })
            .into_bytes(),
        ),
        (
            "tabs, without a header",
            with(&plain(), |number, line| format!("EVENTS\t{number}\t{line}\t{number}"))
                .into_bytes(),
        ),
        (
            "commas that nothing quotes",
            rows("time,message", &|number, line| format!("{},{line}", second(number))).into_bytes(),
        ),
        (
            "a log in JSON in a cell",
            rows("time,log", &|number, line| {
                let json = serde_json::json!({"log": format!("{line}\n"), "stream": "stdout"});
                format!("{},{}", second(number), cell(&json.to_string()))
            })
            .into_bytes(),
        ),
        (
            "two sources",
            rows("time,pod,message", &|number, line| {
                format!("{number},tf-1,{}\n{number},web,GET / 200", cell(line))
            })
            .into_bytes(),
        ),
        (
            "the newest row first",
            format!("Date,Host,Message\n{}", newest_first(&boxed())).into_bytes(),
        ),
        ("the newest row first, without a header", newest_first(&plain()).into_bytes()),
        (
            "the newest row first, by a clock of its own, behind the line of a spreadsheet",
            format!(
                "sep=,\n\"@timestamp\",message\n{}",
                newest_first(&boxed())
                    .replace("2026-11-28T", "Nov 28, 2026 @ ")
                    .replace(",a,", ",")
            )
            .replace("Nov", "\"Nov")
            .replace("Z,\"", "\",\"")
            .into_bytes(),
        ),
    ]
}

/// The log as chat, mail and other programs pass it on.
fn passed_on() -> Vec<(&'static str, Vec<u8>)> {
    use base64::Engine as _;
    let boxes = prefixed(&boxed(), "");
    let terminal = prefixed(&coloured(), "").replace('\n', "\r\n");
    let mail = |encoding: &str, body: String| {
        format!("To: a@example.com\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n{body}")
            .into_bytes()
    };
    let quoted: String = boxes
        .bytes()
        .enumerate()
        .map(|(number, byte)| match byte {
            b'\n' => "\r\n".to_owned(),
            b if b.is_ascii() && b != b'=' && number % 40 > 0 => char::from(b).into(),
            b => format!("={b:02X}{}", if number % 40 == 0 { "=\r\n" } else { "" }),
        })
        .collect();
    let packed = base64::engine::general_purpose::STANDARD.encode(&boxes);
    let packed: Vec<&str> =
        packed.as_bytes().chunks(76).map(|line| std::str::from_utf8(line).unwrap()).collect();
    let service_message = |_: usize, line: &str| {
        let line =
            line.replace('|', "||").replace('\'', "|'").replace('[', "|[").replace(']', "|]");
        format!("##teamcity[message text='{}' status='ERROR']", line.replace('│', "|0x2502"))
    };
    let loki: Vec<_> = boxed()
        .iter()
        .enumerate()
        .rev()
        .map(|(number, line)| serde_json::json!([format!("17643287840000{number:05}"), line]))
        .collect();
    vec![
        ("mail, quoted-printable", mail("quoted-printable", quoted)),
        ("mail, base64", mail("base64", packed.join("\r\n"))),
        ("a blank line behind each", plain().join("\n\n").into_bytes()),
        ("TeamCity's service messages", with(&boxed(), service_message).into_bytes()),
        (
            "journald, with its lists of bytes",
            with(&coloured(), |_, line| {
                serde_json::json!({"MESSAGE": line.as_bytes()}).to_string()
            })
            .into_bytes(),
        ),
        (
            "Loki, the newest line first",
            serde_json::json!({"data": {"result": [{"stream": {"app": "tf"}, "values": loki}]}})
                .to_string()
                .into_bytes(),
        ),
        (
            "a list of YAML",
            with(&boxed(), |_, line| format!("- {}", Value::from(line))).into_bytes(),
        ),
        ("tar", tar(&[("other.log", "make: ok\n"), ("job/apply.log", &boxes)])),
        ("a terminal that was recorded", recorded(&terminal, |chunk| json!([0.25, "o", chunk]))),
        ("one that was recorded long ago", {
            let chunks = recorded(&terminal, |chunk| json!([0.25, chunk]));
            let events =
                chunks.split(|byte| *byte == b'\n').skip(1).filter(|line| !line.is_empty());
            let events: Vec<Value> =
                events.map(|line| serde_json::from_slice(line).unwrap()).collect();
            json!({ "version": 1, "width": 120, "stdout": events }).to_string().into_bytes()
        }),
        (
            "lines, each beside a number",
            with(&boxed(), |number, line| json!([1_764_328_400 + number, line]).to_string())
                .into_bytes(),
        ),
        ("lines beside numbers, in one list", {
            let lines = boxed();
            let rows = lines.iter().enumerate().map(|(number, line)| json!([number, line]));
            json!({ "rows": rows.collect::<Vec<_>>() }).to_string().into_bytes()
        }),
        (
            "one into which somebody typed",
            recorded(&terminal, |chunk| json!([0.25, "o", chunk]))
                .split_inclusive(|byte| *byte == b'\n')
                .flat_map(|line| [line, b"[0.5, \"i\", \"y\"]\n"].concat())
                .collect(),
        ),
    ]
}

/// A recorded terminal: what it was sent, in chunks that know nothing of lines.
fn recorded(sent: &str, event: impl Fn(&str) -> Value) -> Vec<u8> {
    const LONGEST: usize = 37;
    let mut recording = json!({"version": 2, "width": 120, "height": 40}).to_string();
    let mut rest = sent;
    while !rest.is_empty() {
        let end = (1..=LONGEST.min(rest.len())).rev().find(|end| rest.is_char_boundary(*end));
        let (chunk, behind) = rest.split_at(end.expect("no character has 37 bytes"));
        recording.push('\n');
        recording.push_str(&event(chunk).to_string());
        rest = behind;
    }
    recording.push('\n');
    recording.into_bytes()
}

/// An archive as `tar` writes it, as far as it is read.
fn tar(files: &[(&str, &str)]) -> Vec<u8> {
    let mut archive = Vec::new();
    for (name, text) in files {
        let mut header = [0; 512];
        header[..name.len()].copy_from_slice(name.as_bytes());
        header[124..135].copy_from_slice(format!("{:011o}", text.len()).as_bytes());
        header[156] = b'0';
        header[257..262].copy_from_slice(b"ustar");
        archive.extend(header);
        archive.extend(text.as_bytes());
        archive.resize(archive.len().next_multiple_of(512), 0);
    }
    archive.resize(archive.len() + 1024, 0);
    archive
}

fn json_lines() -> Value {
    super::json().iter().map(|line| serde_json::from_str::<Value>(line).unwrap()).collect()
}

#[test]
fn one_run_gives_the_same_failures_whatever_its_log_is_wrapped_in() {
    for (name, log) in wrapped().into_iter().chain(tables()).chain(passed_on()) {
        let reading = logs::read(&log[..]).unwrap();
        assert_eq!(described(&reading), expected(""), "{name}\n{}", String::from_utf8_lossy(&log));
        assert!(!reading.is_incomplete, "{name}: {:?}", reading.notes);
        assert_eq!(reading.created.len(), 1, "{name}");
    }
}
