//! A state behind the `http` backend that refuses its lock, or says that another run holds it (case 34).

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use serde_json::json;

use crate::world::{World, fixture, seed};

/// A backend that answers LOCK with a status, and remembers what it was asked.
struct Backend {
    url: String,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Backend {
    fn start(lock_status: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let url = format!("http://{}/state", listener.local_addr().expect("an address"));
        let asked = Arc::<Mutex<Vec<String>>>::default();
        let heard = Arc::clone(&asked);
        std::thread::spawn(move || {
            let mut state = None;
            for stream in listener.incoming().flatten() {
                // A client that went away is none of the test's business.
                let _ = answer(stream, lock_status, &mut state, &heard);
            }
        });
        Self { url, asked }
    }

    fn asked(&self, method: &str) -> usize {
        self.asked.lock().expect("no panic").iter().filter(|asked| *asked == method).count()
    }
}

fn answer(
    stream: TcpStream,
    lock_status: u16,
    state: &mut Option<Vec<u8>>,
    asked: &Mutex<Vec<String>>,
) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let method = line.split(' ').next().unwrap_or_default().to_owned();
    let mut length = 0;
    loop {
        line.clear();
        reader.read_line(&mut line)?;
        let Some((name, value)) = line.trim().split_once(':') else { break };
        if name.eq_ignore_ascii_case("content-length") {
            length = value.trim().parse().unwrap_or_default();
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    let holder =
        json!({ "ID": "held-by-7", "Who": "anna@runner-7", "Operation": "OperationTypeApply" });
    let (status, body) = match (method.as_str(), &*state) {
        ("GET", Some(state)) => (200, state.clone()),
        ("GET", None) => (404, Vec::new()),
        ("LOCK", _) if lock_status == 423 => (423, holder.to_string().into_bytes()),
        ("LOCK", _) => (lock_status, Vec::new()),
        ("POST", _) => {
            *state = Some(body);
            (200, Vec::new())
        }
        _ => (200, Vec::new()),
    };
    asked.lock().expect("no panic").push(method);
    let mut stream = reader.into_inner();
    write!(
        stream,
        "HTTP/1.1 {status} x\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    )?;
    stream.write_all(&body)
}

/// The world of case 34 with a backend.
fn world(backend: &Backend) -> World {
    let mut world = World::new(seed(&[("e", "Engineering")]));
    let case = fixture("cases").join("34-state-that-may-only-be-read/main.tf");
    let text = std::fs::read_to_string(case).expect("the case");
    let port = world.gateway(0)["port"].as_str().expect("a port").to_owned();
    world.write("main.tf", &text.replace("PORT", &port));
    world
        .set("TF_HTTP_ADDRESS", &backend.url)
        .set("TF_HTTP_LOCK_ADDRESS", &backend.url)
        .set("TF_HTTP_UNLOCK_ADDRESS", &backend.url)
        .set("TF_HTTP_RETRY_MAX", "0");
    world.init();
    world
}

#[test]
fn what_changes_nothing_takes_no_lock_and_so_works_where_the_state_may_only_be_read() {
    let backend = Backend::start(403);
    let mut world = world(&backend);
    for arguments in [
        &["check", "-o", "json"][..],
        &["check", "-o", "json", "--", "-lock=false"],
        &["fix", "--dry-run", "-o", "json"],
    ] {
        let report = world.divvy(arguments).ended(2).json();
        assert_eq!(report["findings"][0]["verdict"], "adopt", "{arguments:?}: {report:#}");
    }
    let _ = world.divvy(&["fix", "--write", "imports.tf", "--", "-lock=false"]).ended(0);
    assert!(world.read("imports.tf").contains("genesyscloud_auth_division.eng"));
    std::fs::remove_file(world.directory().join("imports.tf")).expect("it was written");
    world.set("TF_CLI_ARGS_plan", "-lock=false");
    let ran = world.divvy(&["check"]).ended(2);
    assert!(!ran.stderr.contains("left out"), "{}", ran.stderr);
    let checks = world.divvy(&["doctor", "-o", "json"]).json();
    let state =
        checks["checks"].as_array().expect("checks").iter().find(|row| row["id"] == "state");
    assert_eq!(state.expect("a row")["ok"], true, "{checks:#}");
    assert_eq!(backend.asked("LOCK"), 0);
}

#[test]
fn a_lock_that_is_refused_is_not_another_run() {
    let backend = Backend::start(403);
    let world = world(&backend);
    let ran = world.divvy(&["fix", "--yes"]).ended(1);
    assert!(ran.stderr.contains("no other run holds the lock"), "{}", ran.stderr);
    assert!(!ran.stderr.contains("has ended"), "{}", ran.stderr);
    let ran = world.divvy(&["fix", "--yes", "--", "-lock=false"]).ended(64);
    assert!(ran.stderr.contains("writes the state"), "{}", ran.stderr);
    assert_eq!(backend.asked("POST"), 0);
}

#[test]
fn a_held_lock_is_told_with_the_id_of_its_holder_and_never_with_our_own() {
    let backend = Backend::start(423);
    let world = world(&backend);
    let ran = world.divvy(&["fix", "--yes"]).ended(1);
    assert!(ran.stderr.contains("force-unlock held-by-7"), "{}", ran.stderr);
    assert!(ran.stderr.contains("until the other run has ended"), "{}", ran.stderr);
}
