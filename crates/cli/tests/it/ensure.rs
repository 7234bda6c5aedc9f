//! `divvy ensure` and `divvy list` from outside: lists, races, kills, home, outputs.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use divvy_sandbox::emulator::{Effect, Exchange, Fault, Outcome, Policy, Seed};
use serde_json::{Value, json};

use crate::world::{DIVVY, World, fixture, seed, seed_of};

const PUBLISHED: &str = "/api/v2/authorization/divisions";

/// Ids of the org's divisions by name; panics if a name is there twice.
pub(crate) fn ids(world: &World) -> BTreeMap<String, String> {
    let mut ids = BTreeMap::new();
    for division in world.org().org().divisions {
        let twin = ids.insert(division.name.clone(), division.id);
        assert_eq!(twin, None, "{} was made twice", division.name);
    }
    ids
}

#[test]
fn five_files_of_a_spreadsheet_give_the_same_three_divisions() {
    let world = World::of_case("20-csv-from-a-spreadsheet", "org.json");
    let expected =
        std::fs::read_to_string(fixture("cases/20-csv-from-a-spreadsheet/expected.json")).unwrap();
    let expected: Value = serde_json::from_str(&expected).unwrap();
    for item in expected["items"].as_array().unwrap() {
        let file = item["file"].as_str().unwrap();
        let ran = world.divvy(&["ensure", "--from", file]).ended(0);
        let rows: Vec<_> = ran
            .json()
            .as_array()
            .unwrap()
            .iter()
            .map(|one| json!([one["name"], one["id"]]))
            .collect();
        assert_eq!(Value::from(rows), item["rows"], "{file}");
        assert!(!ran.stderr.contains("left as it is"), "{}", ran.stderr);
    }
    assert!(!world.org().requests().iter().any(|request| request.is("POST", PUBLISHED)));
}

#[test]
fn every_bad_row_is_named_and_nothing_is_asked_or_created() {
    let world = World::new(Seed::default());
    world.write("list.csv", "name;description\nGood;\nSales ;\n;only a description\nA;b;c\n");
    let ran = world.divvy(&["ensure", "--from", "list.csv"]).ended(1);
    assert!(ran.stderr.contains("line 5: 3 cells for 2 columns"), "{}", ran.stderr);
    world.write("list.csv", "name;description\nGood;\nSales ;\n;only a description\nGood;other\n");
    let ran = world.divvy(&["ensure", "--from", "list.csv"]).ended(1);
    for told in [
        "line 3: \"Sales␣\"",
        "line 4: there is no name",
        "line 5: \"Good\" has another description",
    ] {
        assert!(ran.stderr.contains(told), "{told}:\n{}", ran.stderr);
    }
    assert!(world.org().requests().is_empty());
}

#[test]
fn a_list_comes_from_standard_input_too() {
    let world = World::new(Seed::default());
    world.write("list.json", r#"["Sales", {"name": "Claims", "description": "Motor"}]"#);
    let list = std::fs::File::open(world.directory().join("list.json")).unwrap();
    let output = world
        .command(DIVVY)
        .args(["ensure", "--from", "-", "-o", "ids"])
        .stdin(list)
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    let printed: BTreeSet<String> =
        String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect();
    assert_eq!(printed, ids(&world).into_values().collect());
    assert_eq!(
        world
            .org()
            .org()
            .divisions
            .iter()
            .filter(|one| one.description.as_deref() == Some("Motor"))
            .count(),
        1
    );
}

#[test]
fn processes_that_want_the_same_names_at_once_get_the_same_ids() {
    let world = World::new(Seed::default());
    let names: Vec<String> = (0..20).map(|index| format!("Division {index}")).collect();
    let processes: Vec<_> = (0..4)
        .map(|turn| {
            let mut names = names.clone();
            names.rotate_left(turn * 5);
            world
                .command(DIVVY)
                .args(["ensure", "--rate", "100000"])
                .args(names)
                .stdout(std::process::Stdio::piped())
                .stderr(std::process::Stdio::piped())
                .spawn()
                .unwrap()
        })
        .collect();
    let mut creators: BTreeMap<String, usize> = BTreeMap::new();
    for process in processes {
        let output = process.wait_with_output().unwrap();
        assert!(output.status.success(), "{output:?}");
        let told: Value = serde_json::from_slice(&output.stdout).unwrap();
        let held = ids(&world);
        assert_eq!(told.as_array().unwrap().len(), names.len());
        for one in told.as_array().unwrap() {
            let name = one["name"].as_str().unwrap();
            assert_eq!(one["id"], held[name]);
            *creators.entry(name.to_owned()).or_default() += usize::from(one["created"] == true);
        }
    }
    assert!(creators.len() == 20 && creators.values().all(|count| *count == 1), "{creators:?}");
}

#[test]
fn a_lost_reply_makes_no_twin_even_where_the_org_would_take_one() {
    let world = World::new(Seed::default());
    world.org().set_policy(Policy { accept_duplicates: true, ..Policy::default() }).unwrap();
    world.org().add_faults(vec![Fault::once("POST", PUBLISHED, Effect::CommitThenClose).always()]);
    let ran = world.divvy(&["ensure", "Sales", "Claims", "Ops"]).ended(0);
    assert_eq!(ids(&world).len(), 3);
    assert!(ran.json().as_array().unwrap().iter().all(|one| one["created"] == true));
}

#[test]
fn a_token_that_ends_in_mid_run_is_renewed() {
    let world = World::new(Seed::default());
    let mut expiry = Fault::once("POST", PUBLISHED, Effect::ExpireToken);
    expiry.nth = 3.try_into().unwrap();
    world.org().add_faults(vec![expiry]);
    let names: Vec<String> = (0..8).map(|index| format!("D{index}")).collect();
    let arguments: Vec<&str> =
        ["ensure"].into_iter().chain(names.iter().map(String::as_str)).collect();
    let _ = world.divvy(&arguments).ended(0);
    assert_eq!(ids(&world).len(), 8);
}

#[test]
fn killed_at_any_request_the_same_command_goes_on_where_it_stopped() {
    for kill_at in 1.. {
        let mut world = World::new(Seed::default());
        world.org().set_policy(Policy { accept_duplicates: true, ..Policy::default() }).unwrap();
        let arguments = ["ensure", "Sales", "Claims", "Ops"];
        world.set("DIVVY_KILL_AT", &kill_at.to_string());
        let killed = world.divvy(&arguments);
        world.unset("DIVVY_KILL_AT");
        if killed.code == 0 {
            assert!(kill_at > 10, "there are five requests");
            break;
        }
        assert_eq!(killed.stdout, "");
        let _ = world.divvy(&arguments).ended(0);
        assert_eq!(ids(&world).len(), 3, "killed at {kill_at}");
    }
}

#[test]
fn a_run_of_five_thousand_goes_on_after_a_kill() {
    let mut world = World::new(seed_of(&json!({ "limit": 10_000 })));
    world.org().set_policy(Policy { accept_duplicates: true, ..Policy::default() }).unwrap();
    let list: String = (0..5000).map(|index| format!("Division {index:04}\n")).collect();
    world.write("list.txt", &list);
    let arguments = ["ensure", "--from", "list.txt", "--rate", "4000000", "-o", "ids"];
    world.set("DIVVY_KILL_AT", "4000");
    let killed = world.divvy(&arguments);
    assert_ne!(killed.code, 0);
    let made = world.org().org().divisions.len();
    assert!((1900..2100).contains(&made), "{made}");
    world.unset("DIVVY_KILL_AT");
    world.org().clear_requests();
    let ran = world.divvy(&arguments).ended(0);
    assert_eq!(ids(&world).len(), 5000);
    assert_eq!(ran.stdout.lines().count(), 5000);
    let posts =
        world.org().requests().iter().filter(|request| request.is("POST", PUBLISHED)).count();
    // A request that was under way at the kill may have arrived after the count.
    assert!(posts <= 5000 - made, "{posts} of {}", 5000 - made);
}

#[test]
fn a_pace_is_kept() {
    let world = World::new(Seed::default());
    // Three requests a minute: token, search, list; the create would be the fourth.
    let mut process = world
        .command(DIVVY)
        .args(["ensure", "Sales", "--rate", "3"])
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let asked = world.org().wait_for_request(Duration::from_secs(20), |request| {
        request.query.contains("pageNumber=1") && !request.query.contains("name=")
    });
    assert!(asked.is_some());
    assert_eq!(process.try_wait().unwrap(), None);
    assert_eq!(names(&world), Vec::<String>::new());
    process.kill().unwrap();
    process.wait().unwrap();
}

fn names(world: &World) -> Vec<String> {
    world.org().org().divisions.into_iter().map(|division| division.name).collect()
}

#[test]
fn the_home_division_gets_no_import_line() {
    let world = World::new(Seed::default());
    let ran = world.divvy(&["ensure", "Home"]).ended(0);
    assert_eq!(ran.json()["home"], true);
    assert_eq!(ran.json()["import_command"], Value::Null);
    assert!(ran.stderr.contains("genesyscloud_auth_division_home"), "{}", ran.stderr);
    for format in ["commands", "blocks"] {
        assert_eq!(world.divvy(&["ensure", "Home", "-o", format]).ended(0).stdout, "");
    }
}

#[test]
fn a_deleted_twin_that_holds_the_name_is_named_with_its_restore_request() {
    let world = World::new(seed_of(&json!({
        "deleted": [{ "id": "dead", "name": "Sales" }],
        "policy": { "deletedNamesBlock": true },
    })));
    let ran = world.divvy(&["ensure", "Sales"]).ended(1);
    assert!(ran.stderr.contains("/divisions/dead/restore"), "{}", ran.stderr);
}

#[test]
fn what_differs_is_left_alone() {
    let world = World::new(seed_of(&json!({ "divisions": [
        { "id": "a", "name": "Sales", "description": "Shops" },
    ] })));
    let ran = world.divvy(&["ensure", "Sales", "Claims", "--description", "All"]).ended(0);
    assert!(
        ran.stderr.contains("has the description \"Shops\"; it was left as it is"),
        "{}",
        ran.stderr
    );
    assert_eq!(ran.json()[0]["description"], "Shops");
}

#[test]
fn a_dry_run_sends_no_post_and_says_what_is_missing() {
    let world = World::new(seed(&[("a", "Sales")]));
    let ran = world.divvy(&["ensure", "Sales", "Claims", "--dry-run"]).ended(0);
    assert_eq!(ran.json()[0]["id"], "a");
    assert_eq!(
        ran.json()[1],
        json!({
            "id": null, "name": "Claims", "description": null, "home": false, "created": false, "import_command": null,
        })
    );
    assert_eq!(names(&world), ["Sales"]);
}

#[test]
fn prefix_and_label_style_make_the_address() {
    let world = World::new(seed(&[("a", "Sales EMEA")]));
    let line = |more: &[&str]| {
        world.divvy(&[&["ensure", "Sales EMEA", "-o", "commands"], more].concat()).ended(0).stdout
    };
    assert_eq!(line(&[]), "terraform import genesyscloud_auth_division.sales_emea a\n");
    assert_eq!(
        line(&["--labels", "exporter", "--address-prefix", "module.org[\"x\"]"]),
        "terraform import 'module.org[\"x\"].genesyscloud_auth_division.Sales_EMEA' a\n"
    );
    let _ = world.divvy(&["ensure", "A", "--address-prefix", "org"]).ended(64);
}

#[test]
fn list_finds_names_and_paths_and_counts_objects() {
    let world = World::new(seed_of(&json!({
        "divisions": [{ "id": "a", "name": "Sales", "objectCounts": { "QUEUE": 2, "USER": 1 } }, { "id": "b", "name": "Sales EMEA" }],
        "deleted": [{ "id": "d", "name": "Old" }],
        "pathed": [{ "id": "p", "name": "Backend", "path": "/Engineering/Backend" }],
    })));
    let ids = |arguments: &[&str], code: i32| {
        let ran = world.divvy(&[&["list", "-o", "json"], arguments].concat()).ended(code);
        let ids: Vec<String> = ran
            .json()
            .as_array()
            .unwrap()
            .iter()
            .map(|one| one["id"].as_str().unwrap().to_owned())
            .collect();
        ids.join(" ")
    };
    assert_eq!(ids(&["Sales"], 0), "a");
    assert_eq!(world.org().requests().len(), 2);
    assert_eq!(ids(&["Sales", "sales", "Sales EMEA"], 2), "a b");
    assert_eq!(ids(&["--deleted"], 0), "d");
    assert_eq!(ids(&["--deleted", "Old"], 0), "d");
    assert_eq!(ids(&["--dialect", "pathed"], 0), "p");
    assert_eq!(ids(&["--dialect", "pathed", "/Engineering/Backend"], 0), "p");
    assert_eq!(ids(&["--dialect", "pathed", "--path", "/Engineering/Backend"], 0), "p");
    assert_eq!(ids(&["--dialect", "pathed", "--path", "/Nowhere"], 2), "");
    let counted = world.divvy(&["list", "Sales", "--counts", "-o", "json"]).ended(0);
    assert_eq!(counted.json()[0]["object_counts"], json!({ "QUEUE": 2, "USER": 1 }));
    let table = world.divvy(&["list", "Sales", "--counts"]).ended(0).stdout;
    assert_eq!(table, "ID  NAME     OBJECTS\na   \"Sales\"  3\n");
    let _ = world.divvy(&["list", "--path", "/x"]).ended(64);
    let nowhere = world.divvy(&["list", "--dialect", "pathed", "--path", "/Nowhere"]).ended(2);
    assert_eq!(nowhere.stderr, "Nothing is at path \"/Nowhere\".\n");
    let missing = world.divvy(&["list", "Sales", "It's new"]).ended(2);
    assert!(
        missing.stderr.ends_with("hint: divvy ensure 'It'\\''s new' # creates what is missing\n"),
        "{}",
        missing.stderr
    );
    let dashed = world.divvy(&["list", "--", "-x"]).ended(2);
    let line = "hint: divvy ensure --new -x # creates what is missing\n";
    assert!(dashed.stderr.ends_with(line), "{}", dashed.stderr);
    let near = world.divvy(&["list", "sales"]).ended(2);
    assert!(
        near.stderr.ends_with("\"sales\" is not there. Nearly: \"Sales\" (a).\n"),
        "{}",
        near.stderr
    );
}

#[test]
fn an_interrupt_ends_what_is_under_way_and_says_what_exists() {
    let world = World::new(Seed::default());
    world.org().add_faults(vec![Fault::once("POST", PUBLISHED, Effect::HoldReply).always()]);
    let names: Vec<String> = (0..40).map(|index| format!("D{index}")).collect();
    let process = world
        .command(DIVVY)
        .arg("ensure")
        .args(&names)
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    // A token, a listing, and the ten creates that may be under way at once.
    let is_tenth = |request: &Exchange| request.number == 12 && request.outcome == Outcome::Held;
    let tenth = world.org().wait_for_request(Duration::from_secs(20), is_tenth);
    assert!(tenth.is_some());
    let pid = rustix::process::Pid::from_child(&process);
    rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
    world.org().clear_faults();
    world.org().release();
    let output = process.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130), "{output:?}");
    let told: Value = serde_json::from_slice(&output.stdout).unwrap();
    let held = ids(&world);
    assert!(held.len() < names.len());
    let told: BTreeMap<String, String> = told
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (one["name"].as_str().unwrap().into(), one["id"].as_str().unwrap().into()))
        .collect();
    assert_eq!(told, held);
    assert!(String::from_utf8_lossy(&output.stderr).contains("goes on where it stopped"));
}

#[test]
fn every_output_follows_its_schema() {
    let world = World::new(seed_of(&json!({
        "divisions": [{ "id": "a", "name": "Sales" }],
        "pathed": [{ "id": "p", "name": "Backend", "path": "/Backend" }],
    })));
    let schema = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/divisions.schema.json");
    let schema: Value = serde_json::from_str(&std::fs::read_to_string(schema).unwrap()).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    for arguments in [
        &["ensure", "Sales"][..],
        &["ensure", "Sales", "New"],
        &["ensure", "Home"],
        &["ensure", "Missing", "--dry-run"],
        &["ensure", "--dialect", "pathed", "/Backend/Search"],
        &["ensure", "--dialect", "pathed", "/x", "--dry-run"],
        &["list", "-o", "json", "--counts"],
        &["list", "-o", "json", "--dialect", "pathed"],
    ] {
        let json = world.divvy(arguments).ended(0).json();
        let problems: Vec<_> =
            validator.iter_errors(&json).map(|error| error.to_string()).collect();
        assert!(problems.is_empty(), "{arguments:?}: {problems:?}\n{json:#}");
    }
    assert!(!validator.is_valid(&json!([{ "id": "a", "name": "Sales" }])));
}

#[test]
fn what_stands_on_stdout_is_not_said_again() {
    let world = World::new(seed(&[("a", "Sales")]));
    let lines = world.divvy(&["ensure", "Sales", "-o", "commands"]).ended(0);
    assert_eq!(lines.stderr, "\"Sales\" exists (a).\n");
    let file = world.divvy(&["ensure", "Sales", "-o", "ids", "-o", "commands=lines.sh"]).ended(0);
    assert!(file.stderr.contains("hint: terraform import "), "{}", file.stderr);
    let none = world.divvy(&["list", "--deleted"]).ended(0);
    assert_eq!((none.stdout.as_str(), none.stderr.as_str()), ("", "No division was deleted.\n"));
    let file = world.divvy(&["ensure", "--from", "nowhere.csv"]).ended(1);
    assert!(file.stderr.contains("divvy ensure --from FILE"), "{}", file.stderr);
}

#[test]
fn an_empty_list_is_an_empty_array_without_any_request() {
    let world = World::new(Seed::default());
    world.write("list.csv", "name\n\n");
    assert_eq!(world.divvy(&["ensure", "--from", "list.csv"]).ended(0).json(), json!([]));
    assert!(world.org().requests().is_empty());
}
