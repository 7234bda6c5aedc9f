//! What was answered is kept: over a restart, over a kill, among many who want one name.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use divvy_sandbox::emulator::{Error, Options, Seed};
use serde_json::json;

use super::raw::{Client, DIVISIONS, emulator, with};

/// Tells the child process below where its org is kept.
const DATA: &str = "DIVVY_TEST_EMULATOR_DATA";

fn on(data: &Path) -> Options {
    Options {
        data: Some(data.to_owned()),
        seed: Seed::with_divisions(["Sales"]),
        ..Options::default()
    }
}

#[test]
fn a_restart_finds_everything_again() {
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path().join("org.json");
    let emulator = with(on(&data));
    let client = Client::of(emulator.url());
    let made = client.create("Engineering").expect(200).json();
    let sales = format!("{DIVISIONS}/{}", emulator.org().divisions[0].id);
    client.send("DELETE", &sales, None).expect(204);
    let before = serde_json::to_value(emulator.org()).unwrap();
    emulator.stop();

    let emulator = with(on(&data));
    assert_eq!(serde_json::to_value(emulator.org()).unwrap(), before);
    client_of(&emulator).get(made["selfUri"].as_str().unwrap()).expect(200);
}

fn client_of(emulator: &divvy_sandbox::emulator::Handle) -> Client {
    Client::of(emulator.url())
}

#[test]
fn two_emulators_do_not_share_a_file() {
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path().join("org.json");
    let _first = with(on(&data));
    let second = divvy_sandbox::emulator::Emulator::spawn_thread(on(&data)).err();
    assert!(matches!(second, Some(Error::InUse { .. })), "{second:?}");
}

#[test]
fn a_kill_after_the_answer_loses_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path().join("org.json");
    for round in 0..3 {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--ignored", "--exact", "--nocapture"])
            .arg("emulator::durability::child_that_serves_until_it_is_killed")
            .env(DATA, &data)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let url = lines
            .map(Result::unwrap)
            .find_map(|line| Some(line[line.find("http://")?..].to_owned()))
            .unwrap();
        let answer = Client::of(&url).create(&format!("Round {round}"));
        child.kill().unwrap();
        child.wait().unwrap();
        answer.expect(200);
    }
    let emulator = with(on(&data));
    let names = client_of(&emulator).get(DIVISIONS).names();
    assert_eq!(names, ["Home", "Sales", "Round 0", "Round 1", "Round 2"]);
}

#[test]
#[ignore = "the child process of a_kill_after_the_answer_loses_nothing"]
fn child_that_serves_until_it_is_killed() {
    let data = std::env::var_os(DATA).expect("only the test above starts this one");
    let emulator = with(on(Path::new(&data)));
    println!("{}", emulator.url());
    loop {
        std::thread::park();
    }
}

#[test]
fn of_fifty_who_want_one_name_one_gets_it() {
    let emulator = emulator(Seed::default());
    let client = Client::of(emulator.url());
    let statuses: Vec<_> = std::thread::scope(|scope| {
        let create = || client.create("Engineering").status;
        let creates: Vec<_> = (0..50).map(|_| scope.spawn(create)).collect();
        let joined = creates.into_iter().map(|create| create.join().unwrap());
        joined.collect()
    });
    let count = |wanted| statuses.iter().filter(|status| **status == wanted).count();
    assert_eq!((count(200), count(409)), (1, 49), "{statuses:?}");
    assert_eq!(emulator.org().divisions.len(), 1);
}

#[test]
fn a_seed_that_contradicts_itself_makes_no_emulator() {
    let id = "3db80463-0c51-4fdf-9157-4643a0ed27df";
    let seed = json!({ "divisions": [{ "id": id, "name": "A" }, { "id": id, "name": "B" }] });
    let options =
        Options { seed: Seed::from_json(&seed.to_string()).unwrap(), ..Options::default() };
    let refused = divvy_sandbox::emulator::Emulator::spawn_thread(options).err();
    assert!(matches!(refused, Some(Error::DoubleId { .. })), "{refused:?}");
}
