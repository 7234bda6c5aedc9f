//! The backend that many share: PostgreSQL. Only with `DIVVY_TEST_ALL=1` (`scripts/test --all`).

use std::io::Write as _;
use std::os::unix::fs::chown;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

use super::running::{Running, held, hold};
use super::watch::leaves_nothing;
use crate::world::{World, seed};

const LISTING: &str = "/api/v2/authorization/divisions";
const BACKEND: &str = "terraform {\n  backend \"pg\" {}\n}\n";

/// A database server of one test, on a free port of loopback.
struct Postgres {
    programs: PathBuf,
    directory: TempDir,
    port: u16,
}

impl Postgres {
    /// `None` where this is not part of the run, which is said.
    fn start() -> Option<Self> {
        if std::env::var_os("DIVVY_TEST_ALL").is_none() {
            let _ = writeln!(
                std::io::stderr(),
                "NOT RUN: PostgreSQL is part of scripts/test --all only"
            );
            return None;
        }
        let directory =
            tempfile::Builder::new().prefix("divvy-postgres-").tempdir().expect("a directory");
        if rustix::process::getuid().is_root() {
            // The server refuses to run as root.
            let owner = Command::new("id").args(["-u", "postgres"]).output().expect("id");
            let owner =
                String::from_utf8_lossy(&owner.stdout).trim().parse().expect("the user postgres");
            chown(directory.path(), Some(owner), None).expect("a directory of the server's");
        }
        let port = std::net::TcpListener::bind("127.0.0.1:0")
            .expect("a port")
            .local_addr()
            .expect("an address")
            .port();
        let server = Self { programs: programs(), directory, port };
        let data = server.directory.path().join("data");
        server.run(
            "initdb",
            &["--pgdata", text(&data), "--auth=trust", "--username=divvy", "--no-sync"],
        );
        let options = format!("-p {port} -h 127.0.0.1 -k {} -F", text(server.directory.path()));
        server.run(
            "pg_ctl",
            &[
                "start",
                "-w",
                "-D",
                text(&data),
                "-l",
                text(&server.directory.path().join("log")),
                "-o",
                &options,
            ],
        );
        Some(server)
    }

    fn run(&self, program: &str, arguments: &[&str]) {
        let program = self.programs.join(program);
        let mut command = if rustix::process::getuid().is_root() {
            let mut command = Command::new("setpriv");
            command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups"]).arg(&program);
            command
        } else {
            Command::new(&program)
        };
        let status = command
            .args(arguments)
            .current_dir(self.directory.path())
            .env("LC_ALL", "C")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .status();
        assert!(
            status.as_ref().is_ok_and(std::process::ExitStatus::success),
            "{}: {status:?}",
            program.display()
        );
    }

    fn address(&self) -> String {
        format!("postgres://divvy@127.0.0.1:{}/postgres?sslmode=disable", self.port)
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        let data = self.directory.path().join("data");
        self.run("pg_ctl", &["stop", "-m", "immediate", "-D", text(&data)]);
    }
}

fn text(path: &Path) -> &str {
    path.to_str().expect("a path in UTF-8")
}

/// Debian keeps them off PATH.
fn programs() -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let debian = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path().join("bin"));
    let mut places = debian.chain(std::env::split_paths(&path));
    places.find(|place| place.join("initdb").is_file()).expect("initdb: apt-get install postgresql")
}

/// Two roots of one state: the same configuration in two directories.
fn conflict(server: &Postgres) -> World {
    let mut world = World::new(seed(&[("id-eng", "Engineering"), ("id-sales", "Sales")]));
    world.set("PG_CONN_STR", &server.address());
    world.divisions(&[("eng", "name = \"Engineering\""), ("sales", "name = \"Sales\"")]);
    world.write("backend.tf", BACKEND);
    world.init();
    for file in ["main.tf", "backend.tf"] {
        let content = world.read(file);
        world.write(&format!("second/{file}"), &content);
    }
    let _ = world.terraform(&["-chdir=second", "init", "-input=false"]).ended(0);
    world
}

#[test]
fn from_check_to_no_changes() {
    let Some(server) = Postgres::start() else { return };
    let world = conflict(&server);
    let _ = world.divvy(&["check"]).ended(2);
    let _ = world.divvy(&["fix", "--yes"]).ended(0);
    world.has_no_changes();
    let _ = world.divvy(&["--quiet", "check", "--chdir", "second"]).ended(0);
    leaves_nothing(&world);
}

#[test]
fn of_two_directories_with_one_state_the_second_waits_or_is_told() {
    let Some(server) = Postgres::start() else { return };
    let world = conflict(&server);
    // The first holds the lock of the state while its plan asks the org.
    hold(&world, "GET", "/api/v2/organizations/me", 1);
    let colleague = Running::of(world.command(crate::world::terraform()).args([
        "plan",
        "-input=false",
        "-no-color",
    ]));
    held(&world);
    let refused = world.divvy(&["fix", "--yes", "--chdir", "second"]).ended(1);
    super::watch::says(
        &world,
        "a_shared_state_that_a_colleague_works_on",
        &["fix", "--yes", "--chdir", "second"],
        &refused,
    );
    let waiting =
        Running::start(&world, &["fix", "--yes", "--chdir", "second", "--", "-lock-timeout=60s"]);
    let listed = |exchange: &divvy_sandbox::emulator::Exchange| {
        exchange.is("GET", LISTING) && exchange.status == Some(200)
    };
    world.org().clear_requests();
    world.org().wait_for_request(super::running::LONG, listed).expect("a listing");
    world.org().release();
    let _ = colleague.end().ended(0);
    let _ = waiting.end().ended(0);
    world.has_no_changes();
    leaves_nothing(&world);
}

#[test]
fn two_fixes_at_once_in_two_directories_end_well() {
    let Some(server) = Postgres::start() else { return };
    let world = conflict(&server);
    let both = [".", "second"].map(|place| {
        Running::start(&world, &["fix", "--yes", "--chdir", place, "--", "-lock-timeout=60s"])
    });
    let ended = both.map(Running::end);
    assert!(ended.iter().any(|ran| ran.code == 0), "{ended:?}");
    for ran in &ended {
        // The other's plan may have gone stale under it: that is said, and the next run finds nothing to do.
        assert!(ran.code == 0 || (ran.code == 1 && ran.stderr.contains("stale")), "{ran:?}");
    }
    for place in [".", "second"] {
        let _ = world.divvy(&["fix", "--yes", "--chdir", place]).ended(0);
    }
    world.has_no_changes();
    assert_eq!(world.state().len(), 2);
    leaves_nothing(&world);
}

#[test]
fn a_server_that_is_gone() {
    let Some(server) = Postgres::start() else { return };
    let world = conflict(&server);
    drop(server);
    super::watch::both_refuse(&world, "a_state_whose_server_is_gone", 1, &[]);
}
