//! Names that want to be more than names: in every form of `check` and `fix` they stay text.

use std::fs;

use super::FORMS_OF_CHECK;
use super::watch::leaves_nothing;
use crate::world::{Ran, World, seed};

/// What a name may hold; each is one division in the org and in the configuration.
const NAMES: [&str; 9] = [
    "##vso[task.setvariable variable=a]b",
    "##teamcity[buildStop comment='x'] section_start:1:a",
    "\u{1b}[31mred\u{1b}[0m",
    "two\nlines\r\n::error::injected",
    "</script><script>alert(1)</script>",
    "\u{202e}gnireenignE",
    "it's \"quoted\" `id` $(id)",
    "${path.root} %{if true}",
    "| a | b | <!-- @team -->",
];

/// What no output may hold raw: escape, bidirectional override, carriage return.
const NEVER: [char; 3] = ['\u{1b}', '\u{202e}', '\r'];

fn world() -> World {
    let named: Vec<(String, &str)> =
        NAMES.iter().enumerate().map(|(number, name)| (format!("id-{number}"), *name)).collect();
    let pairs: Vec<(&str, &str)> = named.iter().map(|(id, name)| (id.as_str(), *name)).collect();
    let world = World::new(seed(&pairs));
    world.divisions(&[("free", "name = \"Free\"")]);
    let values: Vec<&str> = named.iter().map(|(_, name)| *name).collect();
    let resource = serde_json::json!({
        "locals": { "names": values.iter().map(|name| name.replace("${", "$${").replace("%{", "%%{")).collect::<Vec<_>>() },
        "resource": { "genesyscloud_auth_division": { "x": { "for_each": "${toset(local.names)}", "name": "${each.key}" } } },
    });
    world.write("names.tf.json", &resource.to_string());
    world.init();
    // Without any state, adopting them all would be a question of its own.
    let _ = world
        .terraform(&[
            "apply",
            "-auto-approve",
            "-input=false",
            "-target=genesyscloud_auth_division.free",
        ])
        .ended(0);
    world
}

#[track_caller]
fn is_tame(form: &str, text: &str) {
    for wild in NEVER {
        assert!(!text.contains(wild), "{form} holds {wild:?}:\n{text:?}");
    }
    if form != "github" && form != "azure" {
        let command = text.lines().find(|line| is_command(line));
        assert_eq!(command, None, "{form}: a line that a CI system acts on:\n{text}");
    }
}

/// Whether GitHub, Azure, TeamCity or GitLab would act on a line.
fn is_command(line: &str) -> bool {
    let start = line.trim_start();
    let anywhere = ["##vso[", "##[", "##teamcity[", "section_start:", "section_end:"];
    start.strip_prefix("::").is_some_and(|rest| rest.contains("::"))
        || anywhere.iter().any(|command| line.contains(command))
}

/// JSON is for programs: every name arrives as it is.
#[track_caller]
fn keeps_names(text: &str) {
    let report: serde_json::Value = serde_json::from_str(text).expect("JSON");
    let findings = report["findings"].as_array().expect("findings");
    for name in NAMES {
        assert!(
            findings.iter().any(|finding| finding["name"] == name),
            "{name:?} is not in:\n{text}"
        );
    }
}

#[track_caller]
fn all_are_tame(world: &World, command: &[&str], forms: &[&str], code: i32) {
    let reports = world.beside().join("reports");
    fs::create_dir_all(&reports).expect("a directory");
    let outputs: Vec<String> =
        forms.iter().map(|form| format!("{form}={}", reports.join(form).display())).collect();
    let mut arguments = command.to_vec();
    for output in &outputs {
        arguments.extend(["-o", output]);
    }
    let ran: Ran = world.divvy(&arguments).ended(code);
    is_tame("stdout", &ran.stdout);
    is_tame("stderr", &ran.stderr);
    for form in forms {
        let text = fs::read_to_string(reports.join(form)).expect("a report");
        match *form {
            "json" => keeps_names(&text),
            "html" => {
                // The JSON that the page carries is for programs too, but ends no script.
                is_tame("html", text.split("<script").next().unwrap_or_default());
                assert!(!text.contains("<script>alert"), "{text}");
            }
            form => is_tame(form, &text),
        }
        // A table folds the many instances of one block.
        let first = if *form == "table" { "id-0" } else { "id-2" };
        assert!(text.contains(first), "{form} does not tell of the first division:\n{text}");
    }
    leaves_nothing(world);
}

#[test]
fn in_every_form_of_check_and_fix() {
    let world = world();
    all_are_tame(&world, &["check"], FORMS_OF_CHECK, 2);
    for shell in ["powershell", "cmd"] {
        let ran = world.divvy(&["check", "-o", "commands", "--shell", shell]).ended(2);
        is_tame(shell, &ran.stdout);
    }
    let _ = world.divvy(&["-v", "check"]).ended(2);
    all_are_tame(&world, &["fix", "--yes"], &["table", "json", "markdown", "github", "html"], 0);
    world.has_no_changes();
}

/// What the other side may say.
const WILD: &str = "\u{1b}[2Jgone\r\n::error::injected\n##vso[task.complete result=Succeeded]\n##teamcity[x]\u{202e}";

/// The token that the login service gives out, and that the API sends back in its ids.
const TOKEN: &str = "t0ken-that-comes-back";

/// An API that gives a token and refuses everything else with hostile words.
fn hostile_api() -> String {
    use std::io::{Read as _, Write as _};
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { continue };
            let mut request = [0; 8192];
            let read = stream.read(&mut request).unwrap_or_default();
            let is_login = String::from_utf8_lossy(&request[..read]).contains("oauth/token");
            let (status, body) = if is_login {
                (
                    "200 OK",
                    serde_json::json!({ "access_token": TOKEN, "token_type": "bearer", "expires_in": 86400 }),
                )
            } else {
                let body = serde_json::json!({ "message": WILD, "code": WILD, "contextId": format!("{TOKEN} {WILD}"), "status": 400 });
                ("400 Bad Request", body)
            };
            let body = body.to_string();
            let _ = write!(
                stream,
                "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n{}\r\n{body}",
                body.len(),
                if is_login { String::new() } else { format!("ININ-Correlation-Id: {TOKEN}\r\n") }
            );
        }
    });
    url
}

#[test]
fn words_of_the_api_neither_act_nor_tell_the_token_in_any_command() {
    let world = World::new(seed(&[]));
    let url = hostile_api();
    let org = ["--api-url", &url, "--client-id", "client", "--client-secret", "a-secret-of-mine"];
    for command in [&["list"][..], &["-vvv", "list"], &["ensure", "Sales"], &["doctor"]] {
        let arguments: Vec<&str> = command.iter().chain(&org).copied().collect();
        let ran = world.divvy(&arguments);
        assert_ne!(ran.code, 0, "{arguments:?}");
        for text in [&ran.stdout, &ran.stderr] {
            is_tame(command[0], text);
            assert!(!text.contains(TOKEN), "{command:?} tells the token:\n{text}");
            assert!(!text.contains("a-secret-of-mine"), "{command:?}:\n{text}");
        }
    }
}

#[test]
fn words_of_terraform_and_of_files_do_not_act_in_any_command() {
    let world = World::new(seed(&[]));
    world.divisions(&[("free", "name = \"Free\"")]);
    let script = "case $1 in version) echo '{\"terraform_version\":\"1.11.4\"}';; *) printf '\\033[2J\\n::error::injected\\n##vso[task.complete]\\n\\342\\200\\256' >&2; exit 1;; esac";
    let terraform = world.program("terraform", script);
    for command in [&["check"][..], &["-v", "fix", "--yes"], &["doctor"]] {
        let arguments: Vec<&str> =
            command.iter().copied().chain(["--terraform-bin", &terraform]).collect();
        let ran = world.divvy(&arguments);
        assert_ne!(ran.code, 0, "{arguments:?}");
        is_tame("stdout", &ran.stdout);
        is_tame("stderr", &ran.stderr);
    }
    let log = format!(
        "Error: Failed to create division {WILD}\n\n  with genesyscloud_auth_division.x[\"##vso[task.complete]\"],\n  on main.tf line 1\n\n409\n"
    );
    world.write("run.log", &log);
    let wild = "a\u{1b}[2J\n::error::injected";
    for command in [
        &["explain", "run.log"][..],
        &["explain", wild],
        &["check", "--plan", wild],
        &["check", "--chdir", wild],
        &["check", wild],
        &["-o", wild],
        &["undo", wild],
        &["list", wild, "--profile", wild],
        &["ensure", wild, "--dry-run", "--profile", wild],
        &["emulate", "--seed", wild],
    ] {
        let ran = world.divvy(command);
        is_tame("stdout", &ran.stdout);
        is_tame("stderr", &ran.stderr);
    }
}
