//! Places that cannot be written: a read-only directory, a full disk, no home, no temporary
//! directory. As root, a mount makes them; where that is not allowed, the test says so.

use std::fs;
use std::path::Path;
use std::process::Command;

use super::watch::{Everything, leaves_nothing, says};
use crate::world::{DIVVY, Ran, World, seed};

fn conflict() -> World {
    let world = World::new(seed(&[("id-eng", "Engineering")]));
    world.divisions(&[("eng", "name = \"Engineering\"")]);
    world.init();
    world
}

/// Runs divvy in a mount namespace of its own, after `prepare`; `None` if this machine allows none.
fn in_mounts(world: &World, prepare: &str, arguments: &[&str]) -> Option<Ran> {
    // Root needs no user namespace, and gets past permissions but not past a read-only mount.
    let unshare: &[&str] = if rustix::process::getuid().is_root() {
        &["--mount"]
    } else {
        &["--mount", "--map-root-user"]
    };
    let is_allowed = Command::new("unshare")
        .args(unshare)
        .args(["mount", "-t", "tmpfs", "none", "/mnt"])
        .output();
    if !is_allowed.is_ok_and(|output| output.status.success()) {
        use std::io::Write as _;
        let _ = writeln!(
            std::io::stderr(),
            "NOT RUN: {} (no mount namespace on this machine)",
            arguments.join(" ")
        );
        return None;
    }
    let script = format!("set -e\n{prepare}\nexec \"$@\"");
    let output = world
        .command("unshare")
        .args(unshare)
        .args(["sh", "-c", &script, "sh", DIVVY])
        .args(arguments)
        .output()
        .expect("unshare");
    Some(Ran {
        code: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    })
}

fn read_only(directory: &Path) -> String {
    let directory = directory.display();
    format!(
        "mount --bind '{directory}' '{directory}'\nmount -o remount,bind,ro '{directory}'\ncd '{directory}'"
    )
}

#[test]
fn a_read_only_directory_can_be_checked_and_not_fixed() {
    let world = conflict();
    // The local backend makes its lock beside the state, which lies elsewhere here.
    world.write("backend.tf", &format!("terraform {{\n  backend \"local\" {{\n    path = \"{}/state/terraform.tfstate\"\n  }}\n}}\n", world.beside().display()));
    fs::create_dir_all(world.beside().join("state")).expect("a directory");
    world.init();
    let before = Everything::of(&world);
    let Some(check) = in_mounts(&world, &read_only(world.directory()), &["check"]) else { return };
    says(&world, "a_read_only_directory_checked", &["check"], &check.ended(2));
    let fix =
        in_mounts(&world, &read_only(world.directory()), &["fix", "--yes"]).expect("as before");
    says(&world, "a_read_only_directory_not_fixed", &["fix", "--yes"], &fix.ended(1));
    assert_eq!(Everything::of(&world), before);
    leaves_nothing(&world);
}

#[test]
fn a_local_state_that_cannot_be_locked_is_checked_all_the_same() {
    let world = conflict();
    let before = Everything::of(&world);
    let Some(check) = in_mounts(&world, &read_only(world.directory()), &["check"]) else { return };
    says(&world, "a_local_state_in_a_read_only_directory", &["check"], &check.ended(2));
    assert_eq!(Everything::of(&world), before);
    leaves_nothing(&world);
}

#[test]
fn a_full_disk_for_temporary_files() {
    let world = conflict();
    let before = Everything::of(&world);
    let full = format!(
        "mount -t tmpfs -o size=64k none '{0}'\nhead -c 64k /dev/zero > '{0}/filler' || true",
        world.beside().join("tmp").display()
    );
    let Some(check) = in_mounts(&world, &full, &["check"]) else { return };
    says(&world, "a_full_disk_for_temporary_files", &["check"], &check.ended(1));
    assert_eq!(Everything::of(&world), before);
    leaves_nothing(&world);
}

#[test]
fn a_full_disk_under_the_configuration() {
    let world = conflict();
    let before = Everything::of(&world);
    // The directory again, on a small disk with a few bytes left.
    let full = format!(
        "mkdir '{1}'; cp -a '{0}/.' '{1}'\nmount -t tmpfs -o size=256k none '{0}'\ncp -a '{1}/.' '{0}'\ncd '{0}'\nhead -c 1m /dev/zero > filler 2>/dev/null || true",
        world.directory().display(),
        world.beside().join("copy").display()
    );
    let Some(fix) = in_mounts(&world, &full, &["fix", "--yes"]) else { return };
    says(&world, "a_full_disk_under_the_configuration", &["fix", "--yes"], &fix.ended(1));
    assert_eq!(Everything::of(&world), before);
    leaves_nothing(&world);
}

#[test]
fn a_temporary_directory_that_does_not_exist() {
    let mut world = conflict();
    world.set("TMPDIR", "/nowhere/tmp");
    super::watch::refuses(&world, "a_temporary_directory_that_does_not_exist", 1, &["check"]);
}

#[test]
fn a_report_that_cannot_be_written() {
    let world = conflict();
    super::watch::refuses(
        &world,
        "a_report_that_cannot_be_written",
        1,
        &["check", "-o", "json=nowhere/report.json"],
    );
}

#[test]
fn no_home_is_no_obstacle() {
    let mut world = conflict();
    let gateway = world.gateway_block(0);
    let text = world.read("main.tf").replace(
        "provider \"genesyscloud\" {}",
        &format!("provider \"genesyscloud\" {{\n{gateway}}}"),
    );
    world.write("main.tf", &text);
    world.unset("HOME");
    let _ = world.divvy(&["check"]).ended(2);
    let _ = world.divvy(&["fix", "--yes"]).ended(0);
    world.has_no_changes();
    leaves_nothing(&world);
}

#[test]
fn where_the_system_has_no_certificates_the_built_in_ones_are_used() {
    let mut world = World::new(seed(&[]));
    world.set("SSL_CERT_FILE", "/nowhere/file").set("SSL_CERT_DIR", "/nowhere");
    // Nobody listens there, so the connection is refused, which comes after the certificates.
    let ran = world.divvy(&["list", "--api-url", "https://127.0.0.1:1"]);
    assert_ne!(ran.code, 0);
    assert!(!ran.stderr.contains("certificates"), "{}", ran.stderr);
    assert!(ran.stderr.contains("127.0.0.1:1"), "{}", ran.stderr);
}
