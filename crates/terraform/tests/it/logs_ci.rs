//! One run, as each CI system and wrapper would keep it, gives the same failures.

use std::fmt::Write;

use divvy_terraform::logs;

use crate::logs::described;

mod told_apart;
mod wrapped;

const BILLING: &str = "1d4c1e8d-97a8-46e9-ae1b-e73db916ee7b";
const FIELD: &str = "c0e81c7e-2c56-434a-9792-fa88943dbcb0";

fn expected(unit: &str) -> [String; 2] {
    let unit = if unit.is_empty() { String::new() } else { format!("[{unit}] ") };
    [
        format!(
            "{unit}genesyscloud_auth_division.billing Create/Refused 409 POST DIVISIONS \"Billing\" #1d4c1e8d"
        ),
        format!(
            "{unit}module.m.genesyscloud_auth_division.this[\"Field  Desk\"] Create/Refused 409 POST DIVISIONS \"Field  Desk\" #c0e81c7e"
        ),
    ]
}

/// One diagnostic in the lines of `-no-color`, the detail wrapped as Terraform does it.
fn diagnostic(name: &str, address: &str, id: &str) -> Vec<String> {
    vec![
        format!("Error: Failed to create division {name} error: API Error: 409 - {name} is taken. ({id})"),
        String::new(),
        format!("  with {address},"),
        "  on main.tf line 16, in resource \"genesyscloud_auth_division\" \"x\":".to_owned(),
        "  16: resource \"genesyscloud_auth_division\" \"x\" {".to_owned(),
        String::new(),
        "{\"resourceType\":\"genesyscloud_auth_division\",\"method\":\"POST\",\"path\":\"/api/v2/authorization/divisions\",\"statusCode\":409,\"errorMessage\":\"API".to_owned(),
        format!("Error: 409 - {name} is taken."),
        format!("({id})\",\"correlationId\":\"{id}\"}}"),
    ]
}

fn diagnostics() -> [Vec<String>; 2] {
    [
        diagnostic("Billing", "genesyscloud_auth_division.billing", BILLING),
        diagnostic(
            "Field  Desk",
            "module.m.genesyscloud_auth_division.this[\"Field  Desk\"]",
            FIELD,
        ),
    ]
}

const STARTED: [&str; 3] = [
    "genesyscloud_auth_division.billing: Creating...",
    "genesyscloud_auth_division.claims: Creating...",
    "genesyscloud_auth_division.claims: Creation complete after 1s [id=fbe566b2]",
];

/// The lines of a run without a box.
fn plain() -> Vec<String> {
    let mut lines: Vec<String> = STARTED.map(str::to_owned).into();
    for diagnostic in diagnostics() {
        lines.push(String::new());
        lines.extend(diagnostic);
    }
    lines
}

/// The lines of a run with boxes.
fn boxed() -> Vec<String> {
    let mut lines: Vec<String> = STARTED.map(str::to_owned).into();
    for diagnostic in diagnostics() {
        lines.push("╷".to_owned());
        lines.extend(diagnostic.iter().map(|line| format!("│ {line}")));
        lines.push("╵".to_owned());
    }
    lines
}

/// The lines of a run with boxes and colours, as Terraform prints them into a pipe.
fn coloured() -> Vec<String> {
    let paint = |line: String| match line.strip_prefix('│') {
        Some(inner) => {
            format!("\x1b[31m│\x1b[0m \x1b[0m{}", inner.strip_prefix(' ').unwrap_or(inner))
        }
        None => format!("\x1b[31m{line}\x1b[0m\x1b[0m"),
    };
    boxed().into_iter().map(paint).collect()
}

/// The lines of `apply -json`.
fn json() -> Vec<String> {
    let hook = |kind: &str, address: &str, id: &str| {
        format!(
            "{{\"@level\":\"info\",\"@message\":\"x\",\"hook\":{{\"resource\":{{\"addr\":\"{address}\"}},\"action\":\"create\",\"id_value\":\"{id}\"}},\"type\":\"{kind}\"}}"
        )
    };
    let mut lines = vec![
        hook("apply_start", "genesyscloud_auth_division.billing", ""),
        hook("apply_complete", "genesyscloud_auth_division.claims", "fbe566b2"),
    ];
    for diagnostic in diagnostics() {
        let message = serde_json::json!({
            "@level": "error", "@message": diagnostic[0], "@module": "terraform.ui",
            "diagnostic": {
                "severity": "error",
                "summary": diagnostic[0].strip_prefix("Error: ").unwrap(),
                "detail": diagnostic[6..].join(" "),
                "address": diagnostic[2].trim().strip_prefix("with ").unwrap().trim_end_matches(','),
            },
            "type": "diagnostic",
        });
        // serde_json sorts the keys, as Terraform does.
        lines.push(message.to_string());
    }
    lines
}

fn with(lines: &[String], dress: impl Fn(usize, &str) -> String) -> String {
    let mut log = String::new();
    for (number, line) in lines.iter().enumerate() {
        writeln!(log, "{}", dress(number, line)).unwrap();
    }
    log
}

fn prefixed(lines: &[String], prefix: &str) -> String {
    with(lines, |_, line| format!("{prefix}{line}"))
}

fn clock(number: usize) -> String {
    format!("08:{:02}:{:02}", number / 60, number % 60)
}

fn stamped(lines: &[String]) -> String {
    with(lines, |number, line| format!("2026-11-20T{}.1234567Z {line}", clock(number)))
}

/// Splits every long line as GitLab's runner does when it flushes in the middle.
fn gitlab(lines: &[String]) -> String {
    let mut log = String::from(
        "2026-11-20T08:00:00.000000Z 00O section_start:1700000000:apply\r\x1b[0KApply\n",
    );
    for (number, line) in lines.iter().enumerate() {
        let stamp = format!("2026-11-20T{}.123456Z 01O", clock(number));
        let half = line.char_indices().nth(line.chars().count() / 2);
        let (first, rest) = line.split_at(half.map_or(0, |(at, _)| at));
        writeln!(log, "{stamp} {first}").unwrap();
        if !rest.is_empty() {
            writeln!(log, "{stamp}+{rest}").unwrap();
        }
    }
    log + "2026-11-20T08:00:09.000000Z 00O section_end:1700000009:apply\r\x1b[0K\n"
}

fn terragrunt_json(unit: &str, lines: Vec<String>) -> Vec<String> {
    let wrap = |line: String| {
        serde_json::json!({"level": "stdout", "prefix": unit, "msg": line}).to_string()
    };
    lines.into_iter().map(wrap).collect()
}

fn through_code_page(text: &str, upper_half: &str) -> String {
    let place = |byte: u8| upper_half.chars().nth(usize::from(byte - 0x80)).unwrap();
    text.bytes().map(|byte| if byte.is_ascii() { char::from(byte) } else { place(byte) }).collect()
}

/// The upper half of code page 437 as far as `│╷╵` in UTF-8 need it: other places are `#`.
fn code_page_437() -> String {
    let known = [(0xE2, 'Γ'), (0x94, 'ö'), (0x95, 'ò'), (0x82, 'é'), (0xB7, '╖'), (0xB5, '╡')];
    (0x80..=0xFF)
        .map(|byte| known.iter().find(|(at, _)| *at == byte).map_or('#', |(_, char)| *char))
        .collect()
}

fn logs_of_one_run() -> Vec<(&'static str, String, &'static str)> {
    vec![
        ("plain", prefixed(&plain(), ""), ""),
        ("boxes", prefixed(&boxed(), ""), ""),
        ("colours", prefixed(&coloured(), ""), ""),
        ("colours without their escape byte", prefixed(&coloured(), "").replace('\x1b', ""), ""),
        ("json", prefixed(&json(), ""), ""),
        ("CRLF", prefixed(&boxed(), "").replace('\n', "\r\n"), ""),
        ("progress with carriage returns", prefixed(&boxed(), "10%\r20%\r"), ""),
        (
            "GitHub Actions",
            format!(
                "##[group]Run terraform apply\n{}##[endgroup]\n##[error]Terraform exited with code 1.\n##[error]Process completed with exit code 1.\n",
                stamped(&coloured())
            ),
            "",
        ),
        (
            "GitHub Actions, copied from the page",
            prefixed(&plain(), "")
                + "Error: Terraform exited with code 1.\nError: Process completed with exit code 1.\n",
            "",
        ),
        (
            "GitHub Actions, gh run view",
            with(&coloured(), |number, line| {
                format!("apply\tterraform\t2026-11-20T{}.1234567Z {line}", clock(number))
            }),
            "",
        ),
        (
            "Azure DevOps, text repeated",
            stamped(&coloured()) + "2026-11-20T08:09:00.1234567Z ##[error]" + &stamped(&boxed()),
            "",
        ),
        ("GitLab", gitlab(&boxed()), ""),
        (
            "Jenkins, its log as it lies on the disk",
            with(&coloured(), |number, line| {
                let note = "\x1b[8mha:////4AAAB+LCAAAAAAAAP9b85aBtbiIQTGjNKU4P0+vuCSx\x1b[0m";
                format!("{note}[2026-11-20T{}.123Z] {line}", clock(number))
            }),
            "",
        ),
        (
            "Jenkins, Timestamper",
            with(&coloured(), |number, line| format!("[2026-11-20T{}.123Z] {line}", clock(number))),
            "",
        ),
        ("Jenkins, clock", with(&plain(), |number, line| format!("{}  {line}", clock(number))), ""),
        ("Jenkins, parallel branch", prefixed(&plain(), "[prod] "), ""),
        (
            "TeamCity",
            with(&boxed(), |number, line| format!("[{}]W:\t [Step 1/1] {line}", clock(number))),
            "",
        ),
        (
            "TeamCity, in an inner block",
            with(&plain(), |number, line| format!("[{}] :         [docker] {line}", clock(number))),
            "",
        ),
        ("Buildkite", with(&boxed(), |_, line| format!("\x1b_bk;t=1700000000000\x07{line}")), ""),
        (
            "Buildkite, the standard's end of a stamp",
            with(&boxed(), |_, line| format!("\x1b_bk;t=1700000000000\x1b\\{line}")),
            "",
        ),
        ("Docker Compose", prefixed(&plain(), "terraform-1  | "), ""),
        ("Docker Compose, colours", prefixed(&coloured(), "\x1b[96mterraform-1  | \x1b[0m"), ""),
        (
            "Kubernetes",
            with(&boxed(), |number, line| {
                format!("2026-11-20T{}.123456789Z stdout F {line}", clock(number))
            }),
            "",
        ),
        (
            "Kubernetes, long lines in pieces",
            with(&json(), |number, line| {
                let stamp = format!("2026-11-20T{}.123456789Z stdout", clock(number));
                let pieces: Vec<_> = line.as_bytes().chunks(40).collect();
                let last = pieces.len() - 1;
                let tagged = pieces.iter().enumerate().map(|(at, piece)| {
                    let tag = if at == last { 'F' } else { 'P' };
                    format!("{stamp} {tag} {}", std::str::from_utf8(piece).unwrap())
                });
                tagged.collect::<Vec<_>>().join("\n")
            }),
            "",
        ),
        (
            "journalctl",
            with(&plain(), |number, line| {
                format!("Nov 20 {} host terraform[1732]: {line}", clock(number))
            }),
            "",
        ),
        (
            "AWS CodeBuild, aws logs tail",
            with(&coloured(), |number, line| {
                let stream = "5e0a1c1e-6a39-4d0b-9a37-1f0f4b7c9d21";
                format!("2026-11-20T{}.123000+00:00 {stream} {line}", clock(number))
            }),
            "",
        ),
        ("Tekton", prefixed(&plain(), "[deploy : apply] "), ""),
        (
            "Argo Workflows",
            with(&plain(), |_, line| format!("\x1b[32mapply-terraform-2875634541: {line}\x1b[0m")),
            "",
        ),
        ("kubectl logs --prefix", prefixed(&plain(), "[pod/apply-x1/terraform] "), ""),
        ("Google Cloud Build", prefixed(&plain(), "Step #1 - \"apply\": "), ""),
        (
            "syslog",
            with(&boxed(), |number, line| {
                format!("Nov 20 {} host runner[17]: {line}", clock(number))
            }),
            "",
        ),
        (
            "Atlantis",
            format!(
                "Ran Apply for 2 projects:\n\n1. dir: `a` workspace: `default`\n1. dir: `b` workspace: `prod`\n\n### 2. dir: `b` workspace: `prod`\n**Apply Error**\n```\n{}```\n",
                prefixed(&plain(), "")
            ),
            "b (workspace prod)",
        ),
        (
            "Terraform Cloud",
            format!(
                "\u{2}Terraform v1.11.4\non linux_amd64\nInitializing plugins and modules...\n{}\u{3}",
                prefixed(&json(), "")
            ),
            "",
        ),
        (
            "Terraform Cloud, command line",
            format!(
                "Running apply in Terraform Cloud. Output will stream here. Pressing Ctrl-C\nwill cancel the remote apply if it's still pending.\n\nPreparing the remote apply...\n\n{}",
                prefixed(&coloured(), "")
            ),
            "",
        ),
        (
            "Terragrunt",
            with(&boxed(), |number, line| {
                format!("{}.123 STDOUT [orgs/dev] terraform: {line}", clock(number))
            }),
            "orgs/dev",
        ),
        (
            "Terragrunt, json in Terraform",
            with(&json(), |number, line| {
                format!("{}.123 STDOUT [orgs/dev] tofu: {line}", clock(number))
            }),
            "orgs/dev",
        ),
        ("Terragrunt, old", prefixed(&plain(), "[./orgs/dev] "), "orgs/dev"),
        (
            "Terragrunt, JSON log",
            prefixed(&terragrunt_json("orgs/dev", coloured()), ""),
            "orgs/dev",
        ),
        (
            "Terragrunt, key=value log",
            with(&boxed(), |_, line| {
                format!(
                    "time=2026-11-20T08:20:00Z level=stdout prefix=orgs/dev tf-path=terraform msg={}",
                    serde_json::Value::from(line)
                )
            }),
            "orgs/dev",
        ),
        (
            "GitHub Actions, gh run view of a job whose steps are not known",
            with(&coloured(), |number, line| {
                let mark = if number == 0 { "\u{feff}" } else { "" };
                format!(
                    "apply (prod)\tUNKNOWN STEP\t{mark}2026-11-20T{}.1234567Z {line}",
                    clock(number)
                )
            }),
            "",
        ),
        ("CDKTF", prefixed(&boxed(), "orgs                      "), "orgs"),
        (
            "CDKTF, a text of several lines",
            with(&boxed(), |_, line| {
                let is_first = line.starts_with('╷') || STARTED.contains(&line);
                format!("{}  {line}", if is_first { "orgs" } else { "    " })
            }) + "orgs  ::error::Terraform exited with code 1.\n0 Stacks deploying     1 Stack done\n",
            "orgs",
        ),
        ("wrapper", prefixed(&boxed(), "[tofu]: "), ""),
        ("quoted in a comment", prefixed(&plain(), "> "), ""),
        (
            "PowerShell, first line of standard error",
            prefixed(&plain(), "").replacen("Error: ", "terraform.exe : Error: ", 1),
            "",
        ),
    ]
}

#[test]
fn one_run_gives_the_same_failures_whoever_kept_its_log() {
    for (name, log, unit) in logs_of_one_run() {
        let reading = logs::read(log.as_bytes()).unwrap();
        assert_eq!(described(&reading), expected(unit), "{name}\n{log}");
        assert!(!reading.is_incomplete, "{name}: {:?}", reading.notes);
        let created: Vec<_> = reading
            .created
            .iter()
            .map(|(unit, address, id)| {
                (unit.as_deref().unwrap_or(""), address.as_str(), id.as_ref().unwrap().as_str())
            })
            .collect();
        assert_eq!(created, [(unit, "genesyscloud_auth_division.claims", "fbe566b2")], "{name}");
    }
}

#[test]
fn every_log_is_read_alike_in_utf16() {
    for (name, log, unit) in logs_of_one_run() {
        let bytes: Vec<u8> =
            format!("\u{feff}{log}").encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(described(&logs::read(&bytes[..]).unwrap()), expected(unit), "{name}");
    }
}

#[test]
fn units_that_write_at_the_same_time_are_kept_apart() {
    let mut lines = Vec::new();
    let units = ["orgs/dev", "orgs/prod"];
    let [mut dev, mut prod] = units.map(|unit| terragrunt_json(unit, boxed()).into_iter());
    while let (Some(one), Some(other)) = (dev.next(), prod.next()) {
        // Another request, hence another correlation id.
        lines
            .extend([one, other.replace(BILLING, "b11110ad-0000").replace(FIELD, "f1e1d000-0000")]);
    }
    let reading = logs::read(prefixed(&lines, "").as_bytes()).unwrap();
    let found: Vec<_> = reading
        .failures
        .iter()
        .map(|failure| (failure.unit.as_deref().unwrap(), failure.name.as_deref().unwrap()))
        .collect();
    assert_eq!(
        found,
        [
            ("orgs/dev", "Billing"),
            ("orgs/prod", "Billing"),
            ("orgs/dev", "Field  Desk"),
            ("orgs/prod", "Field  Desk")
        ]
    );
    assert_eq!(reading.created.len(), 2);
}

#[test]
fn boxes_that_were_read_with_another_code_page_are_still_boxes() {
    let log = through_code_page(&prefixed(&boxed(), ""), &code_page_437());
    assert!(log.contains("Γöé Error"), "{log}");
    let reading = logs::read(log.as_bytes()).unwrap();
    for (found, expected) in described(&reading).iter().zip(expected("")) {
        assert!(found.starts_with(&expected) && found.contains("code page"), "{found}");
    }
    assert_eq!(reading.failures.len(), 2);
}

#[test]
fn boxes_that_a_code_page_destroyed_are_read_and_doubtful_names_are_not() {
    let log = prefixed(&boxed(), "").replace(['╷', '│', '╵'], "?").replacen(
        "division Billing",
        "division B?ro",
        1,
    );
    let reading = logs::read(log.as_bytes()).unwrap();
    let names: Vec<_> = reading.failures.iter().map(|failure| failure.name.as_deref()).collect();
    assert_eq!(names, [None, Some("Field  Desk")]);
    for failure in &reading.failures {
        assert_eq!(failure.status, Some(409));
        assert!(failure.damage[0].contains("code page"), "{:?}", failure.damage);
    }
}

#[test]
fn a_hard_wrap_of_a_terminal_does_not_hide_the_detail() {
    let wrap = |_: usize, line: &str| {
        let chars: Vec<char> = line.chars().collect();
        let rows: Vec<String> = chars.chunks(70).map(|row| row.iter().collect()).collect();
        if line.starts_with('{') || line.starts_with('(') {
            rows.join("\n")
        } else {
            line.to_owned()
        }
    };
    let reading = logs::read(with(&plain(), wrap).as_bytes()).unwrap();
    let whole: Vec<_> =
        reading.failures.iter().map(|failure| (failure.status, failure.path.as_deref())).collect();
    assert_eq!(whole, [(Some(409), Some("/api/v2/authorization/divisions")); 2]);
}

#[test]
fn a_retry_in_the_same_log_is_another_failure() {
    let again = prefixed(&boxed(), "").replace(BILLING, "b11110ad-0000");
    let reading = logs::read((prefixed(&boxed(), "") + &again).as_bytes()).unwrap();
    assert_eq!(reading.failures.len(), 3);
}

#[test]
fn json_lines_of_another_encoding_keep_their_status_and_say_what_happened() {
    let log = prefixed(&json(), "").replace("Billing", "Büro");
    let latin: Vec<u8> = log.chars().map(|char| u8::try_from(u32::from(char)).unwrap()).collect();
    let other: Vec<u8> =
        latin.iter().map(|byte| if *byte == 0xfc { 0x81 } else { *byte }).collect();
    for (bytes, name, damage) in
        [(latin, Some("Büro"), "read as Windows-1252"), (other, None, "some bytes are no text")]
    {
        let reading = logs::read(&bytes[..]).unwrap();
        let failure = &reading.failures[0];
        assert_eq!((failure.status, failure.name.as_deref()), (Some(409), name));
        assert!(failure.damage[0].contains(damage), "{:?}", failure.damage);
    }
}

#[test]
fn two_containers_that_write_at_once_are_kept_apart() {
    let other = |line: &str| line.replace(BILLING, "b11110ad-0000").replace(FIELD, "f1e1d000-0000");
    for source in ["worker-1 | ", "[pod/tf-1/apply] ", "2026-11-20T08:15:03Z tf_1: "] {
        let log: String = plain()
            .iter()
            .map(|line| {
                format!(
                    "{source}{line}\n{}{}\n",
                    source.replace('1', "2").replace("22026", "2026"),
                    other(line)
                )
            })
            .collect();
        let reading = logs::read(log.as_bytes()).unwrap();
        let whole = reading
            .failures
            .iter()
            .filter(|failure| failure.address.is_some() && failure.status.is_some());
        assert_eq!(whole.count(), 4, "{log}\n{:?}", described(&reading));
    }
}
