//! Secrets: in no output at any loudness, in no file that stays, and behind 0700 while they lie in
//! a plan. (Every other test here looks for the secret as well, see `watch` and `running`.)

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use rustix::process::Signal;

use super::running::Running;
use super::watch::leaves_nothing;
use crate::world::{DIVVY, Ran, SECRET, World, seed, seed_of};

/// The secret as the token request carries it: `client:SECRET` in Base64.
const BASIC: &str = "Y2xpZW50OnMzY3IzdC0wZi10aGUtdzBybGQ=";

/// The provider block gets its secret from a variable: it is in every plan file.
fn world(secret_of_the_org: &str) -> World {
    let mut world = World::new(seed_of(&serde_json::json!({
        "divisions": [{ "id": "id-eng", "name": "Engineering" }],
        "clients": [{ "id": "client", "secret": secret_of_the_org }],
    })));
    world.divisions(&[("eng", "name = \"Engineering\"")]);
    let block = format!(
        "provider \"genesyscloud\" {{\n  oauthclient_id = \"client\"\n  oauthclient_secret = var.secret\n  {}}}\n\nvariable \"secret\" {{\n  sensitive = true\n}}\n",
        world.gateway_block(0)
    );
    let text = world.read("main.tf").replace("provider \"genesyscloud\" {}\n", &block);
    world.write("main.tf", &text);
    world
        .unset("GENESYSCLOUD_OAUTHCLIENT_ID")
        .unset("GENESYSCLOUD_OAUTHCLIENT_SECRET")
        .set("TF_VAR_secret", SECRET);
    world.init();
    world
}

#[track_caller]
fn tells_nothing(world: &World, ran: &Ran) {
    for text in [&ran.stdout, &ran.stderr] {
        for secret in [SECRET, BASIC] {
            assert!(!text.contains(secret), "{secret} is in:\n{text}");
        }
        assert!(!text.contains("Bearer e"), "a token is in:\n{text}");
    }
    leaves_nothing(world);
}

#[test]
fn are_not_told_however_loud_the_log_is() {
    let world = world(SECRET);
    let check = world.divvy(&["-vvv", "--log-format", "json", "check", "-o", "json"]).ended(2);
    assert!(check.stderr.contains("oauth/token"), "the log tells of no request:\n{}", check.stderr);
    tells_nothing(&world, &check);
    let fix = world.divvy(&["-vvv", "fix", "--yes"]).ended(0);
    tells_nothing(&world, &fix);
    world.has_no_changes();
}

#[test]
fn are_not_told_when_they_are_refused() {
    let world = world("another");
    for command in [
        &["-vvv", "check"][..],
        &["-vvv", "fix", "--yes"],
        &["check", "--", "-var", "secret=s3cr3t-0f-the-w0rld"],
    ] {
        tells_nothing(&world, &world.divvy(command).ended(1));
    }
}

#[test]
fn are_not_told_of_a_state_or_plan_that_cannot_be_read() {
    let world = world(SECRET);
    world.write("broken.json", &format!("{{\"format_version\":\"1.2\",\"variables\":{{\"secret\":{{\"value\":\"{SECRET}\"}}}},\"resource_changes\":\"{SECRET}\"}}"));
    tells_nothing(&world, &world.divvy(&["check", "--plan", "broken.json"]).ended(1));
    tells_nothing(&world, &world.divvy(&["check", "--other-state", "broken.json"]).ended(1));
    tells_nothing(&world, &world.divvy(&["fix", "--yes", "--approved", "broken.json"]).ended(1));
}

#[test]
fn lie_in_a_plan_only_behind_closed_doors_and_go_with_a_killed_run() {
    let world = world(SECRET);
    let plans = || -> Vec<PathBuf> {
        let entries = fs::read_dir(world.beside().join("tmp")).expect("the temporary directory");
        entries
            .map(|entry| entry.expect("an entry").path())
            .filter(|path| path.join("plan-0").exists())
            .collect()
    };
    let mode = |path: &PathBuf| path.metadata().expect("a file").permissions().mode() & 0o777;
    let mut is_seen = false;
    for at in 1_u64.. {
        let running =
            Running::of(world.command(DIVVY).arg("check").env("DIVVY_STOP_AT", at.to_string()));
        if !running.stops() {
            let _ = running.end().ended(2);
            break;
        }
        for directory in plans() {
            is_seen = true;
            assert_eq!(mode(&directory), 0o700);
        }
        running.signal(Signal::KILL);
        let _ = running.end();
    }
    assert!(is_seen, "no plan was seen");
    leaves_nothing(&world);
}

#[test]
fn in_a_file_of_its_own_are_read_without_a_word() {
    let mut world = World::new(seed(&[("id-eng", "Engineering")]));
    world.divisions(&[("eng", "name = \"Engineering\"")]).init();
    world.unset("GENESYSCLOUD_OAUTHCLIENT_SECRET");
    fs::write(world.beside().join("secret"), format!("{SECRET}\n")).expect("a file");
    let file = world.beside().join("secret");
    let ran = world.divvy(&[
        "-vvv",
        "list",
        "--client-secret-file",
        file.to_str().expect("UTF-8"),
        "--api-url",
        world.org().url(),
    ]);
    tells_nothing(&world, &ran.ended(0));
}
