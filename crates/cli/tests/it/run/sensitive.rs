//! A name that Terraform hides is hidden in everything that `run` prints or writes.

use divvy_terraform::plan_archive::attached;

use super::adoption::{ADOPT, APPLY, run, said};
use crate::world::{World, fixture, seed};

const NAME: &str = "Quite-Secret";

/// Case 36, with a name that nothing else says.
fn hidden() -> World {
    let world = World::new(seed(&[("id-secret", NAME), ("id-open", "Open")]));
    let case = fixture("cases/36-sensitive-names-under-run/main.tf");
    let text = std::fs::read_to_string(case).expect("the case");
    let port = world.gateway(0)["port"].as_str().expect("a port").to_owned();
    world.write("main.tf", &text.replace("PORT", &port).replace("\"Sales\"", &format!("{NAME:?}")));
    world
        .write("open.tf", "resource \"genesyscloud_auth_division\" \"open\" { name = \"Open\" }\n");
    world.init();
    world
}

#[test]
fn a_sensitive_name_stands_in_no_warning_of_the_plan_and_in_no_plan_file() {
    let world = hidden();
    let plan =
        ["run", "--report", "report.json", "--", "terraform", "plan", "-no-color", "-out=the.plan"];
    let ran = world.divvy(&plan).ended(0);
    assert!(!said(&ran).contains(NAME), "{}", said(&ran));
    assert!(!world.read("report.json").contains(NAME), "{}", world.read("report.json"));
    assert!(ran.stdout.contains("already exists (id-secre"), "{}", ran.stdout);
    assert!(ran.stdout.contains("\"Open\" already exists (id-open)"), "{}", ran.stdout);
    let entry = attached(&world.directory().join("the.plan"), "divvy.json").expect("an archive");
    let entry = String::from_utf8(entry.expect("announcements").content).expect("UTF-8");
    assert!(!entry.contains(NAME) && entry.contains("id-secret"), "{entry}");
    // It is adopted all the same, by its id.
    let ran = world.divvy(&["run", "--", "terraform", "apply", "-no-color", "the.plan"]).ended(0);
    assert!(!said(&ran).contains(NAME), "{}", said(&ran));
    assert_eq!(world.state().len(), 2);
}

#[test]
fn a_sensitive_name_stands_in_no_report_and_no_journal_of_an_apply() {
    let world = hidden();
    let ran = run(&world, &[ADOPT, APPLY]).ended(0);
    assert!(!said(&ran).contains(NAME), "{}", said(&ran));
    assert!(!world.read("report.json").contains(NAME), "{}", world.read("report.json"));
    let mut open = vec![world.directory().join(".divvy")];
    let mut read = 0;
    while let Some(path) = open.pop() {
        if path.is_dir() {
            open.extend(
                std::fs::read_dir(path).expect("a directory").flatten().map(|one| one.path()),
            );
        } else {
            read += 1;
            let text = String::from_utf8_lossy(&std::fs::read(&path).expect("a file")).into_owned();
            assert!(!text.contains(NAME), "{}: {text}", path.display());
        }
    }
    assert!(read > 0, "there is a journal");
}
