//! Every file that a person names or that divvy finds says the same in UTF-8 with a mark and in UTF-16 of
//! either order, as Windows writes it.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::path::Path;
use std::process::Stdio;

use crate::world::{DIVVY, SECRET, World, fixture, seed};

/// A file: what it is, its text, and how a command that reads it is run. `FILE` is its path.
struct Reading {
    what: &'static str,
    text: String,
    /// Where it has to lie; beside the configuration if nowhere.
    place: Option<&'static str>,
    arguments: &'static [&'static str],
}

fn sample(path: &str) -> String {
    fs::read_to_string(fixture(path)).unwrap()
}

/// A plan whose provider block leads to the world's org.
fn plan(world: &World) -> String {
    let port = world.gateway(0)["port"].as_str().unwrap().to_owned();
    sample("provider-samples/plan-create.json").replace("8080", &port)
}

/// All of them but those of long-running commands.
fn all(world: &World) -> Vec<Reading> {
    let read = |what, text: &str, arguments| Reading {
        what,
        text: text.to_owned(),
        place: None,
        arguments,
    };
    let at = |what, text: String, place, arguments| Reading {
        what,
        text,
        place: Some(place),
        arguments,
    };
    let log = sample("cases/32-logs-inside-something-else/00-plain.log");
    let plan = plan(world);
    let state = sample("provider-samples/state-pull.json");
    let pem = "-----BEGIN CERTIFICATE-----\r\nMAA=\r\n-----END CERTIFICATE-----\r\n";
    let gateway = serde_json::json!({ "gateway": world.gateway(0) }).to_string();
    let profile = format!(
        "[\"büro\"]\r\nclient_credentials = \"client\"\r\nclient_secret = \"{SECRET}\"\r\nenvironment = \"{}\"\r\n",
        world.org().url().replace("127.0.0.1", "localhost")
    );
    vec![
        read(
            "secret",
            SECRET,
            &["list", "--api-url", "URL", "--client-id", "client", "--client-secret-file", "FILE"],
        ),
        read(
            "secret on standard input",
            SECRET,
            &["list", "--api-url", "URL", "--client-id", "client", "--client-secret-file", "-"],
        ),
        read(
            "token",
            &issued_token(world),
            &["list", "--api-url", "URL", "--access-token-file", "FILE"],
        ),
        read("certificates", pem, &["list", "--api-url", "URL", "--ca-file", "FILE"]),
        at("gc profile", profile, "home/.gc/config.toml", &["list", "--profile", "büro"]),
        at("SDK configuration", gateway, "home/.genesyscloudgo/config", &["list"]),
        read("plan's JSON", &plan, &["check", "--plan", "FILE", "-o", "json"]),
        read(
            "other state",
            &state,
            &["check", "--plan", "PLAN", "--other-state", "FILE", "-o", "json"],
        ),
        read(
            "approved file",
            "APPROVED",
            &["fix", "--plan", "PLAN", "--approved", "FILE", "--dry-run"],
        ),
        read(
            "list",
            "Bürö\r\nSales\r\n",
            &["ensure", "--api-url", "URL", "--dry-run", "--from", "FILE"],
        ),
        read(
            "list on standard input",
            "name;description\r\nBüro;x\r\n",
            &["ensure", "--api-url", "URL", "--dry-run", "--from", "-"],
        ),
        read(
            "JSON list",
            "[\"Büro\"]",
            &["ensure", "--api-url", "URL", "--dry-run", "--from", "FILE"],
        ),
        read("log", &log, &["explain", "FILE", "--offline", "-o", "json"]),
        read("log on standard input", &log, &["explain", "-", "--offline", "-o", "json"]),
        read(
            "provider's log",
            &sample("provider-samples/provider-log-lost-reply.log"),
            &["explain", "LOST", "--provider-log", "FILE", "--offline", "-o", "json"],
        ),
        read("log of fix", &log, &["fix", "--from-log", "FILE", "--plan", "PLAN", "--dry-run"]),
    ]
}

/// A token of the org, as its login service issues one.
fn issued_token(world: &World) -> String {
    let address = world.org().url().trim_start_matches("http://");
    let mut stream = std::net::TcpStream::connect(address).unwrap();
    // "client" and the secret of every world, in base64.
    let credentials = "Y2xpZW50OnMzY3IzdC0wZi10aGUtdzBybGQ=";
    let body = "grant_type=client_credentials";
    let request = format!(
        "POST /oauth/token HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\nAuthorization: Basic {credentials}\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).unwrap();
    let mut reply = String::new();
    stream.read_to_string(&mut reply).unwrap();
    let json = reply.split_once("\r\n\r\n").unwrap().1;
    let (start, end) = (json.find('{').unwrap(), json.rfind('}').unwrap());
    let reply: serde_json::Value = serde_json::from_str(&json[start..=end]).unwrap();
    reply["access_token"].as_str().unwrap().to_owned()
}

fn spellings(text: &str) -> [(&'static str, Vec<u8>); 3] {
    let marked = format!("\u{feff}{text}");
    let utf16 = |order: fn(u16) -> [u8; 2]| marked.encode_utf16().flat_map(order).collect();
    [
        ("UTF-16 LE", utf16(u16::to_le_bytes)),
        ("UTF-16 BE", utf16(u16::to_be_bytes)),
        ("UTF-8 with a mark", marked.clone().into_bytes()),
    ]
}

/// Runs the command that reads a file; how it ended, and what it printed.
fn run(world: &World, read: &Reading, bytes: &[u8]) -> (i32, String, String) {
    let path = world.beside().join(read.place.unwrap_or("file"));
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, bytes).unwrap();
    let path = path.display().to_string();
    let plan = world.beside().join("plan.json");
    fs::write(&plan, self::plan(world)).unwrap();
    let plan = plan.display().to_string();
    let lost = fixture("provider-samples/apply-lost-reply.jsonl").display().to_string();
    let arguments = read.arguments.iter().map(|argument| match *argument {
        "FILE" => path.as_str(),
        "URL" => world.org().url(),
        "PLAN" => plan.as_str(),
        "LOST" => lost.as_str(),
        other => other,
    });
    let mut child = world
        .command(DIVVY)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // What does not read its standard input may have ended before.
    let _ = child.stdin.take().unwrap().write_all(bytes);
    let output = child.wait_with_output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code().unwrap(), text(&output.stdout), text(&output.stderr))
}

#[test]
fn every_file_says_the_same_in_utf_8_with_a_mark_and_in_utf_16() {
    let world = World::new(seed(&[("d7f1c1a0-8a51-4d5b-9a55-0c9a1fd40b36", "Engineering")]));
    for mut read in all(&world) {
        if read.text == "APPROVED" {
            world.write("plan.json", &plan(&world));
            read.text = world.divvy(&["check", "--plan", "plan.json", "-o", "json"]).stdout;
        }
        let plain = run(&world, &read, read.text.as_bytes());
        assert!([0, 2, 3].contains(&plain.0), "{}: {plain:?}", read.what);
        for (spelling, bytes) in spellings(&read.text) {
            assert_eq!(run(&world, &read, &bytes), plain, "{}, {spelling}", read.what);
        }
        if let Some(place) = read.place.filter(|place| !place.contains("genesyscloudgo")) {
            fs::remove_file(world.beside().join(place)).unwrap();
        }
    }
}

#[test]
fn seeds_and_faults_say_the_same_in_utf_8_with_a_mark_and_in_utf_16() {
    let world = World::new(seed(&[]));
    let seed = r#"{"divisions": [{"id": "d7f1c1a0-8a51-4d5b-9a55-0c9a1fd40b36", "name": "Büro"}]}"#;
    let faults = sample("faults/lost-reply.json");
    let [seeds, faults] = [seed, &faults].map(spellings);
    for ((spelling, seed), (_, faults)) in seeds.into_iter().zip(faults) {
        let [seed, faults] = [("seed", seed), ("faults", faults)].map(|(name, bytes)| {
            let path = world.beside().join(name);
            fs::write(&path, bytes).unwrap();
            path.display().to_string()
        });
        let mut emulator = world
            .command(DIVVY)
            .args(["emulate", "--seed", &seed, "--faults", &faults])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut url = String::new();
        BufReader::new(emulator.stdout.take().unwrap()).read_line(&mut url).unwrap();
        emulator.kill().unwrap();
        emulator.wait().unwrap();
        assert!(url.starts_with("http://127.0.0.1:"), "{spelling}: {url:?}");
    }
}

#[test]
fn a_pipe_under_a_name_that_nobody_typed_keeps_nobody_waiting() {
    let world = World::new(seed(&[]));
    let pipe = |place: &str| {
        let path = world.beside().join(place);
        let _ = fs::remove_file(&path);
        fs::create_dir_all(path.parent().unwrap_or(Path::new("."))).unwrap();
        assert!(std::process::Command::new("mkfifo").arg(&path).status().unwrap().success());
    };
    for (place, arguments) in [
        ("home/.gc/config.toml", &["list", "--profile", "x"][..]),
        ("home/.genesyscloudgo/config", &["list"]),
    ] {
        pipe(place);
        let ran = world.divvy(arguments).ended(1);
        assert!(ran.stderr.contains("named pipe"), "{place}: {}", ran.stderr);
    }
}
