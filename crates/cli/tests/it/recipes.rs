//! docs/recipes.md and docs/journeys are true: every block is typed into a shell, and prints what it
//! says.

use std::fmt::Write as _;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::{fs, iter};

use crate::world::{DIVVY, SECRET, World, fixture, seed, terraform};

/// One line that is typed, and what it comes to.
struct Step<'r> {
    command: &'r str,
    code: i32,
    printed: Vec<&'r str>,
}

/// The `console` blocks, each as its steps.
fn blocks(recipes: &str) -> Vec<Vec<Step<'_>>> {
    let blocks = recipes.split("```console\n").skip(1);
    let blocks = blocks.map(|rest| rest.split("```").next().unwrap_or_default());
    blocks
        .map(|block| {
            let mut steps: Vec<Step<'_>> = Vec::new();
            for line in block.lines().filter(|line| *line != "…") {
                match line.strip_prefix("$ ") {
                    Some(typed) => {
                        let (command, code) = typed.split_once("   # ").unwrap_or((typed, "0"));
                        let code = code.trim().parse().expect("an exit code");
                        steps.push(Step { command, code, printed: Vec::new() });
                    }
                    None => steps.last_mut().expect("a `$` line first").printed.push(line),
                }
            }
            steps
        })
        .collect()
}

/// A configuration whose divisions all exist, a shell that finds the programs by their names, and
/// the files that the recipes name.
fn world(block: &[Step<'_>]) -> World {
    let mut world = World::new(seed(&[("e", "Engineering"), ("s", "Sales"), ("o", "Support")]));
    let mut divisions = vec![("eng", "name = \"Engineering\""), ("sales", "name = \"Sales\"")];
    let names = |word| block.iter().any(|step| step.command.contains(word));
    if names("missing_state") || names("--adopt-all") {
        divisions.push(("support", "name = \"Support\""));
    }
    world.divisions(&divisions);
    world.init();
    if names("apply.log") {
        let apply = world.terraform(&["apply", "-auto-approve"]).ended(1);
        world.write("apply.log", &(apply.stdout + &apply.stderr));
    }
    world.write("divisions.csv", "name,description\nEngineering,\nClaims,From finance\n");
    world.write("secret", SECRET);
    let programs = world.beside().join("programs");
    fs::create_dir_all(&programs).expect("a directory");
    symlink(terraform(), programs.join("terraform")).expect("a link");
    // What has no provider block to read is told which org it is.
    let org =
        format!("--api-url {} --client-id client --client-secret-file secret", world.org().url());
    let script = format!(
        "#!/bin/sh\ncase $1 in\nensure | list) exec {DIVVY} \"$@\" {org};;\n*) exec {DIVVY} \"$@\";;\nesac\n"
    );
    let divvy = programs.join("divvy");
    fs::write(&divvy, script).expect("a script");
    fs::set_permissions(&divvy, fs::Permissions::from_mode(0o755)).expect("a script that runs");
    let path: Vec<PathBuf> = iter::once(programs)
        .chain(std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()))
        .collect();
    let path = std::env::join_paths(path).expect("a path").into_string().expect("a path in UTF-8");
    world.set("PATH", &path).unset("DIVVY_TERRAFORM");
    world
}

/// A recipe's plain `terraform` colours what it prints.
fn without_colours(text: &str) -> String {
    let mut parts = text.split("\u{1b}[");
    let mut plain = parts.next().unwrap_or_default().to_owned();
    plain.extend(parts.filter_map(|part| Some(part.split_once('m')?.1)));
    plain
}

#[test]
fn every_recipe_prints_what_it_says() {
    holds(&fixture("../docs/recipes.md"), 8);
}

#[test]
fn every_command_of_a_journey_prints_what_its_page_says() {
    let pages = fs::read_dir(fixture("../docs/journeys")).expect("the journeys");
    let pages: Vec<_> = pages.map(|page| page.expect("a page").path()).collect();
    assert_eq!(pages.len(), 6, "{pages:?}");
    for page in &pages {
        holds(page, 1);
    }
}

/// Types every block of a page, which has at least so many.
fn holds(page: &Path, at_least: usize) {
    let text = fs::read_to_string(page).expect("the page");
    let blocks = blocks(&text);
    assert!(blocks.len() >= at_least, "{}: only {} blocks", page.display(), blocks.len());
    let mut wrong = String::new();
    for block in &blocks {
        let world = world(block);
        for Step { command, code, printed } in block {
            let output = world.command("sh").args(["-c", command]).output().expect("a shell runs");
            let shown = String::from_utf8_lossy(&output.stdout).into_owned()
                + &String::from_utf8_lossy(&output.stderr);
            let shown = without_colours(&shown);
            let missing: Vec<_> = printed.iter().filter(|line| !shown.contains(**line)).collect();
            if output.status.code() != Some(*code) || !missing.is_empty() {
                let _ = writeln!(
                    wrong,
                    "$ {command}\n{}, without {missing:?}:\n{shown}",
                    output.status
                );
            }
        }
    }
    assert!(wrong.is_empty(), "{}:\n{wrong}", page.display());
}
