//! Who uses OpenTofu is told to type `tofu`, whatever is said.

use std::fs;

use divvy_core::catalogue;

use crate::world::{Ran, World, fixture, seed, terraform};

/// Commands of the program, as nobody who types `tofu` wants to read them.
const COMMANDS: [&str; 8] = [
    "terraform apply",
    "terraform import",
    "terraform init",
    "terraform plan",
    "terraform show",
    "terraform state",
    "terraform untaint",
    "terraform validate",
];

/// A conflict, where the program is one that answers to `tofu`.
fn world() -> World {
    let mut world = World::new(seed(&[("id-eng", "Engineering")]));
    let tofu = world.program("tofu", &format!("exec {} \"$@\"", terraform().display()));
    world.divisions(&[("eng", "name = \"Engineering\"")]).init();
    world.set("DIVVY_TERRAFORM", &tofu);
    world
}

/// Runs divvy, and holds all that it says itself against [`COMMANDS`].
#[track_caller]
fn says(world: &World, arguments: &[&str], code: i32) -> Ran {
    let ran = world.divvy(arguments).ended(code);
    let said = format!("{}{}", ran.stdout, ran.stderr);
    for command in COMMANDS {
        assert!(!said.contains(command), "{arguments:?} says `{command}`:\n{said}");
    }
    ran
}

#[test]
fn errors_and_last_lines_name_tofu() {
    let world = world();
    fs::copy(fixture("cases/17-errored-tfstate/run1.log"), world.directory().join("apply.log"))
        .unwrap();
    for (arguments, code, command) in [
        (&["explain", "apply.log", "--offline"][..], 3, "tofu state push errored.tfstate"),
        (&["explain", "nowhere.log"], 1, "tofu apply 2>&1 | tee FILE"),
        (&["check", "--plan", "nowhere.json"], 1, "tofu plan -out=FILE"),
        (&["check", "--other-state", "nowhere.tfstate"], 1, "tofu state pull > FILE"),
        (&["check"], 2, ""),
        (&["doctor"], 0, ""),
        (&["fix", "--yes"], 0, "tofu plan"),
        (&["undo", "--yes"], 0, "tofu plan"),
        (&["ensure", "Engineering", "--dry-run", "-o", "commands"], 0, "tofu import"),
    ] {
        let ran = says(&world, arguments, code);
        let said = format!("{}{}", ran.stdout, ran.stderr);
        assert!(said.contains(command), "{arguments:?}:\n{said}");
    }
}

#[test]
fn the_pages_of_the_catalogue_name_no_program() {
    for page in catalogue::entries() {
        for text in [page.meaning, page.fix, page.example] {
            assert!(!text.contains("terraform "), "{}: {text}", page.code);
        }
    }
}

#[test]
fn what_a_user_typed_is_repeated_as_it_was_typed() {
    let ran = world().divvy(&["check", "--chdir", "terraform apply"]).ended(1);
    assert!(ran.stderr.contains("terraform apply` is not a directory"), "{}", ran.stderr);
}
