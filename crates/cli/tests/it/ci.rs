//! What ci/ and action.yml do in a pipeline: their scripts run with a runner's variables and a stand-in
//! for `gh`.

use std::fs;
use std::path::{Path, PathBuf};

use crate::world::{DIVVY, Ran, World, seed};

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");

/// What the runner gives to the steps of a job in a checkout whose configuration is in `envs/prod`.
fn runner() -> World {
    let mut world = World::new(seed(&[("e", "Engineering"), ("s", "Sales")]));
    world.write("envs/prod/.keep", "");
    world.divisions(&[
        ("eng", "name = \"Engineering\""),
        ("new", "name = \"New\""),
        ("sales", "name = \"sales \""),
    ]);
    let prod = world.directory().join("envs/prod");
    fs::rename(world.directory().join("main.tf"), prod.join("main.tf")).expect("the configuration");
    let _ = world.terraform(&["-chdir=envs/prod", "init", "-input=false"]).ended(0);
    let programs = world.beside().join("bin");
    fs::create_dir_all(&programs).expect("a directory");
    std::os::unix::fs::symlink(DIVVY, programs.join("divvy")).expect("a link");
    // Remembers what it is asked, and the body that it is sent; lists what was sent before.
    let gh = r#"log="$0.log"; echo "$*" >>"$log"
for word; do case "$word" in body=@*) cp "${word#body=@}" "$0.body" ;; esac; done
case "$*" in *--jq*) if [ -f "$0.body" ]; then echo 41; fi ;; esac"#;
    world.program("gh", gh);
    let path = format!("{}:{}", programs.display(), std::env::var("PATH").expect("a path"));
    let root = world.directory().to_str().expect("UTF-8").to_owned();
    let temporary = world.beside().join("runner");
    fs::create_dir_all(&temporary).expect("a directory");
    for (name, value) in [
        ("PATH", path.as_str()),
        ("GITHUB_WORKSPACE", &root),
        ("RUNNER_TEMP", temporary.to_str().expect("UTF-8")),
        ("GITHUB_REPOSITORY", "o/infra"),
        ("PULL_REQUEST", "7"),
        ("INPUT_CHDIR", "envs/prod"),
        ("INPUT_FLAGS", "-- -lock=false"),
        ("INPUT_FAIL_ON", "person"),
    ] {
        world.set(name, value);
    }
    for name in ["GITHUB_STEP_SUMMARY", "GITHUB_OUTPUT", "GITHUB_PATH"] {
        let file = temporary.join(name);
        world.set(name, file.to_str().expect("UTF-8"));
    }
    world
}

fn step(world: &World, script: &str) -> Ran {
    let output =
        world.command("bash").arg(Path::new(ROOT).join("ci").join(script)).output().expect("bash");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
    Ran {
        code: output.status.code().unwrap_or(-1),
        stdout: text(output.stdout),
        stderr: text(output.stderr),
    }
}

fn temporary(world: &World, name: &str) -> PathBuf {
    world.beside().join("runner").join(name)
}

#[test]
fn the_steps_of_the_action_annotate_summarise_count_and_keep_one_comment() {
    let mut world = runner();
    let got = step(&world, "get.sh").ended(0);
    assert!(got.stdout.starts_with("divvy: "), "{}", got.stdout);
    let ran = step(&world, "check.sh").ended(3);
    let place = "::warning file=envs/prod/main.tf,line=";
    assert!(ran.stdout.contains(place), "{}", ran.stdout);
    let read = |name: &str| fs::read_to_string(temporary(&world, name)).expect(name);
    assert_eq!(read("GITHUB_OUTPUT"), "to-adopt=1\nneeds-person=1\n");
    assert!(read("GITHUB_STEP_SUMMARY").contains("genesyscloud_auth_division.eng"));

    for (count, way) in [
        (1, "--method POST repos/o/infra/issues/7/comments"),
        (2, "--method PATCH repos/o/infra/issues/comments/41"),
    ] {
        let _ = step(&world, "comment.sh").ended(0);
        let log = fs::read_to_string(world.beside().join("bin/gh.log")).expect("gh was asked");
        assert_eq!(log.lines().count(), 2 * count, "{log}");
        assert!(log.lines().last().is_some_and(|line| line.contains(way)), "{log}");
    }
    let body = fs::read_to_string(world.beside().join("bin/gh.body")).expect("a body");
    assert!(body.starts_with("<!-- divvy check ") && body.contains("Engineering"), "{body}");

    world.set("INPUT_FAIL_ON", "never");
    let _ = step(&world, "check.sh").ended(0);
}

#[test]
fn every_script_that_the_action_names_exists_and_every_input_reaches_one() {
    let action = fs::read_to_string(Path::new(ROOT).join("action.yml")).expect("action.yml");
    let scripts: Vec<&str> = action
        .split("$GITHUB_ACTION_PATH/")
        .skip(1)
        .filter_map(|rest| rest.split('"').next())
        .collect();
    assert_eq!(scripts, ["ci/get.sh", "ci/check.sh", "ci/comment.sh"]);
    for script in scripts {
        assert!(Path::new(ROOT).join(script).is_file(), "{script}");
    }
    let (inputs, _) = action.split_once("outputs:").expect("inputs");
    let names = inputs
        .lines()
        .filter_map(|line| line.strip_prefix("  ")?.strip_suffix(':'))
        .filter(|name| !name.starts_with(' '));
    let names: Vec<&str> = names.collect();
    assert_eq!(names.len(), 5, "{names:?}");
    for name in names {
        assert!(action.contains(&format!("inputs.{name}")), "{name} reaches nothing");
    }
}

#[test]
fn the_line_of_the_gitlab_template_writes_what_its_reports_name() {
    let template = fs::read_to_string(Path::new(ROOT).join("ci/gitlab.yml")).expect("the template");
    let line =
        template.lines().find_map(|line| line.trim().strip_prefix("- divvy ")).expect("a line");
    let mut world = runner();
    world
        .set("CI_PROJECT_DIR", &world.directory().display().to_string())
        .set("DIVVY_CHDIR", "envs/prod");
    let output = world.command("sh").args(["-c", &format!("divvy {line}")]).output().expect("sh");
    assert_eq!(output.status.code(), Some(3), "{output:?}");
    let issues: serde_json::Value =
        serde_json::from_str(&world.read("divvy-codequality.json")).expect("JSON");
    let issues = issues.as_array().expect("an array");
    assert_eq!(issues.len(), 2, "{issues:#?}");
    for issue in issues {
        assert_eq!(issue["location"]["path"], "envs/prod/main.tf");
        assert!(issue["fingerprint"].as_str().is_some_and(|text| text.len() == 32));
    }
    for file in ["divvy-junit.xml", "divvy.html"] {
        assert!(template.contains(file) && !world.read(file).is_empty(), "{file}");
    }
}

#[test]
fn every_check_that_the_page_shows_runs_and_ends_as_it_says() {
    let page = fs::read_to_string(Path::new(ROOT).join("docs/ci.md")).expect("the page");
    let mut world = runner();
    let _ = world.terraform(&["-chdir=envs/prod", "plan", "-out=tfplan"]).ended(0);
    let plan = world.directory().join("envs/prod/tfplan");
    world.set("PLANFILE", plan.to_str().expect("UTF-8")).set("DIVVY_CHDIR", "envs/prod");
    let lines = page.lines().filter(|line| line.contains("divvy check -"));
    let commands =
        lines.map(|line| line[line.find("divvy check -").expect("it is there")..].trim());
    let commands: Vec<&str> =
        commands.map(|command| command.split("\\n").next().unwrap_or_default()).collect();
    assert_eq!(commands.len(), 3, "{commands:?}");
    for command in commands {
        let output = world.command("sh").args(["-c", command]).output().expect("sh");
        let code = if command.contains("--fail-on never") { 0 } else { 3 };
        assert_eq!(output.status.code(), Some(code), "{command}: {output:?}");
    }
}
