//! Each headline of docs/diagnostics.md, and what `fix` does under it.

use serde_json::json;

use super::scene::{division, does, finds, hands_off, scene, scene_of};
use crate::world::{SECRET, state_text};

#[test]
fn errored_state_stops_every_write() {
    let org = json!([{ "id": "e", "name": "Eng" }]);
    let world = scene(&division("eng", "name = \"Eng\""), org, &[]);
    world.write(
        "errored.tfstate",
        &state_text(&[json!({ "label": "eng", "id": "e", "name": "Eng" })]),
    );
    let report = finds(&world, 3, &[("division.eng", "adopt")]);
    assert_eq!(report["headline"]["code"], "DVY201", "{report:#}");
    hands_off(&world, &["--adopt-all", "--repair"], 3);
    assert_eq!(world.read("terraform.tfstate"), "");

    let _ = world.terraform(&["state", "push", "errored.tfstate"]);
}

#[test]
fn an_errored_state_that_a_full_disk_cut_off_blocks_until_the_printed_line_moves_it_away() {
    let org = json!([{ "id": "e", "name": "Eng" }]);
    let world = scene(&division("eng", "name = \"Eng\""), org, &[]);
    for cut in ["", "{\"version\": 4, \"serial\": 3, \"lin"] {
        world.write("errored.tfstate", cut);
        let report = finds(&world, 3, &[("division.eng", "adopt")]);
        assert_eq!(report["headline"]["code"], "DVY207", "{report:#}");
        hands_off(&world, &["--adopt-all"], 3);
    }
    let shown = world.divvy(&["fix", "--yes"]).ended(3).stdout;
    let line = shown.lines().last().and_then(|line| line.strip_prefix("next: ")).expect("a line");
    assert!(world.command("sh").args(["-c", line]).status().expect("a shell").success());
    does(&world, &[], 0, &[("division.eng", "import e")]);
}

#[test]
fn a_log_that_says_saving_failed_stops_every_write() {
    let org = json!([{ "id": "e", "name": "Eng" }]);
    let world = scene(&division("eng", "name = \"Eng\""), org, &[]);
    world.write(
        "apply.log",
        "Error: Failed to save state\n\nError saving state: error uploading state: 409 Conflict\n",
    );
    let report = hands_off(&world, &["--from-log", "apply.log"], 3);
    assert_eq!(report["headline"]["code"], "DVY201", "{report:#}");
}

#[test]
fn restricted_view_proves_no_absence() {
    let org = json!({
        "divisions": [{ "id": "e", "name": "Eng" }, { "id": "o", "name": "Ops" }],
        "clients": [{ "id": "client", "secret": SECRET, "divisions": ["home"] }],
    });
    let config = [division("eng", "name = \"Eng\""), division("ops", "name = \"Ops\"")].concat();
    let tracked = [
        json!({ "label": "eng", "id": "e", "name": "Eng" }),
        json!({ "label": "ops", "id": "o", "name": "Ops" }),
    ];
    let world = scene_of(&config, &org, &tracked);
    let report = finds(&world, 3, &[]);
    assert_eq!(report["headline"]["code"], "DVY202", "{report:#}");
    hands_off(&world, &["--repair"], 3);
}

#[test]
fn wrong_org_stops_every_write() {
    let config = [
        division("eng", "name = \"Eng\""),
        division("ops", "name = \"Ops\""),
        division("new", "name = \"New\""),
    ]
    .concat();
    let tracked = [
        json!({ "label": "eng", "id": "of-another-1", "name": "Eng" }),
        json!({ "label": "ops", "id": "of-another-2", "name": "Ops" }),
    ];
    let org = json!([{ "id": "e", "name": "Eng" }, { "id": "n", "name": "New" }]);
    let world = scene(&config, org, &tracked);
    let verdicts = [("division.eng", "stale"), ("division.ops", "gone"), ("division.new", "adopt")];
    let report = finds(&world, 3, &verdicts);
    assert_eq!(report["headline"]["code"], "DVY203", "{report:#}");
    hands_off(&world, &["--repair", "--adopt-all"], 3);
}

#[test]
fn missing_state_needs_its_own_word_but_an_empty_state_does_not() {
    let labels = ["a", "b", "c"];
    let config: String =
        labels.map(|label| division(label, &format!("name = \"{label}\""))).concat();
    let org = json!(labels.map(|label| json!({ "id": format!("id-{label}"), "name": label })));
    let world = scene(&config, org, &[]);
    let adopt = [("division.a", "adopt"), ("division.b", "adopt"), ("division.c", "adopt")];
    let report = finds(&world, 3, &adopt);
    assert_eq!(report["headline"]["code"], "DVY204", "{report:#}");
    hands_off(&world, &[], 3);

    world.write("terraform.tfstate", &state_text(&[]));
    let report = finds(&world, 2, &adopt);
    assert_eq!(report["headline"], json!(null), "{report:#}");
    let imports = [
        ("division.a", "import id-a"),
        ("division.b", "import id-b"),
        ("division.c", "import id-c"),
    ];
    does(&world, &[], 0, &imports);
    world.has_no_changes();
}

#[test]
fn limit_is_said_and_stops_no_adoption() {
    let config = [
        division("eng", "name = \"Eng\""),
        division("one", "name = \"One\""),
        division("two", "name = \"Two\""),
    ]
    .concat();
    let org = json!({ "divisions": [{ "id": "e", "name": "Eng" }], "limit": 3 });
    let world = scene_of(&config, &org, &[]);
    let verdicts =
        [("division.eng", "adopt"), ("division.one", "create"), ("division.two", "create")];
    let report = finds(&world, 2, &verdicts);
    assert_eq!(report["headline"]["code"], "DVY205", "{report:#}");
    does(&world, &[], 0, &[("division.eng", "import e")]);
}
