//! The demo: safe for whoever has an org and a configuration, and a directory to play on in.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::world::{DIVVY, World, program, seed, terraform};

/// A user who has an org, a workspace, flags and a proxy of their own; nobody answers at any of them.
fn world() -> World {
    let mut world = World::new(seed(&[("id-mine", "Engineering")]));
    world
        .set("TF_WORKSPACE", "prod")
        .set("TF_CLI_ARGS", "-destroy")
        .set("TF_CLI_ARGS_apply", "-destroy")
        .set("TF_DATA_DIR", "/nowhere")
        .set("TF_CLI_CONFIG_FILE", "/nowhere/terraform.rc")
        .set("GENESYSCLOUD_ACCESS_TOKEN", "a-token-of-mine")
        .set("GENESYSCLOUD_SDK_DEBUG", "true")
        .set("HTTP_PROXY", "http://127.0.0.1:9")
        .set("HTTPS_PROXY", "http://127.0.0.1:9")
        .set("ALL_PROXY", "http://127.0.0.1:9");
    let rc = world.beside().join("home/.terraformrc");
    fs::write(rc, "provider_installation { filesystem_mirror { path = \"/nowhere\" } }")
        .expect("a file");
    world
}

/// The programs by the names that the demo prints.
fn on_path(command: &mut Command, beside: &Path) {
    let bin = beside.join("typed");
    fs::create_dir_all(&bin).expect("a directory");
    for (name, program) in [("divvy", Path::new(DIVVY)), (name_of(program()), terraform())] {
        let link = bin.join(name);
        if !link.exists() {
            std::os::unix::fs::symlink(program, link).expect("a link");
        }
    }
    let path = std::env::var("PATH").unwrap_or_default();
    command.env("PATH", format!("{}:{path}", bin.display()));
}

fn name_of(program: &str) -> &str {
    program.rsplit('/').next().unwrap_or(program)
}

#[test]
fn a_kept_demo_touches_nothing_of_mine_and_its_last_lines_work_when_pasted() {
    let world = world();
    let directory = world.beside().join("my demo");
    let demo = world.divvy(&["demo", "--directory", directory.to_str().expect("UTF-8")]).ended(0);
    assert!(world.org().requests().is_empty(), "the user's org was asked");
    let (_, lines) = demo.stderr.split_once("paste into a shell:").expect("lines to paste");
    let script: Vec<&str> = lines.lines().filter_map(|line| line.strip_prefix("  ")).collect();
    assert!(script.iter().any(|line| line.starts_with("divvy emulate --listen 127.0.0.1:")));
    let mut shell = world.command("sh");
    on_path(&mut shell, world.beside());
    let output = shell.args(["-ec", &script.join("\n")]).output().expect("a shell");
    let told = format!(
        "{}\n{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(output.status.success(), "{}\n{told}", script.join("\n"));
    assert!(told.contains("No changes"), "{told}");
    assert!(told.contains("Claims") && told.contains("Sales EMEA"), "{told}");
    assert!(world.org().requests().is_empty(), "the user's org was asked");
}

#[test]
fn a_contact_centre_whose_state_is_lost_is_whole_again_after_one_fix() {
    let world = world();
    let told = world.divvy(&["demo", "--story", "contact-centre"]).ended(0);
    let told = format!("{}\n{}", told.stdout, told.stderr);
    let more = told.lines().find_map(|line| line.strip_prefix("… and ")).expect("errors");
    let more: usize = more.split(' ').next().and_then(|count| count.parse().ok()).expect("a count");
    assert!(more > 50, "the apply failed in {more} places");
    assert!(told.contains("No changes"), "{told}");
    assert!(world.org().requests().is_empty(), "the user's org was asked");
}

#[test]
fn a_directory_with_a_configuration_of_mine_is_refused_and_stays_as_it_is() {
    let world = world();
    world.write("main.tf", "# mine").write("terraform.tfstate", "{}");
    let here = world.directory().to_str().expect("UTF-8");
    let ran = world.divvy(&["demo", "--directory", here]).ended(64);
    assert!(ran.stderr.contains("it is not empty"), "{}", ran.stderr);
    assert_eq!(world.read("main.tf"), "# mine");
    assert_eq!(fs::read_dir(world.directory()).expect("the directory").count(), 2);
    // What it says to type instead works.
    let typed = ran.stderr.lines().find_map(|line| line.strip_prefix("hint: divvy demo "));
    let typed = typed.expect("a command to type").trim();
    let named = typed.strip_prefix("--directory ").expect("a directory").trim_matches('\'');
    assert!(!Path::new(named).exists(), "{named}");
}
