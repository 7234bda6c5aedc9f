//! What each flag of `fix` allows, and nothing beyond it.

use serde_json::{Value, json};

use super::property::Proof;
use super::scene::{
    actions, division, does, finding, finds, finds_with, hands_off, scene, snapshot,
};
use crate::world::{World, seed_of};

#[test]
fn adopt_drifted_leaves_the_org_untouched_and_says_what_keeps_it() {
    let org = json!([{ "id": "e", "name": "Eng", "description": "for ${us} \"all\"" }]);
    let world = scene(&division("eng", "name = \"Eng\""), org, &[]);
    let before = world.divisions_of_org(0);
    let report = does(&world, &["--adopt-drifted"], 3, &[("division.eng", "import e")]);
    assert_eq!(world.divisions_of_org(0), before);
    assert_eq!(report["clean"], false, "{report:#}");

    // The line that is printed keeps the org's value.
    let hint = finding(&report, "division.eng")["hints"][0].as_str().expect("a hint").to_owned();
    let line = hint.strip_prefix("keep the org's value: ").expect("the line");
    world
        .write("main.tf", &world.read("main.tf").replace("\"Eng\"", &format!("\"Eng\"\n  {line}")));
    world.has_no_changes();
}

#[test]
fn accept_drift_updates_exactly_these() {
    let config = [
        division("eng", "name = \"Eng\"\n  description = \"wanted\""),
        division("ops", "name = \"Ops\"\n  description = \"wanted\""),
        division("new", "name = \"New\""),
    ]
    .concat();
    let tracked = [json!({ "label": "ops", "id": "o", "name": "Ops", "description": "wanted" })];
    let org = json!([
        { "id": "e", "name": "Eng", "description": "by hand" },
        { "id": "o", "name": "Ops", "description": "by hand" },
    ]);
    let world = scene(&config, org, &tracked);
    does(&world, &["--accept-drift"], 0, &[("division.eng", "update e")]);
    let after = world.divisions_of_org(0);
    assert_eq!(after["e"]["description"], "wanted");
    assert_eq!(after["o"]["description"], "by hand", "it was not adopted");
    assert_eq!(after.as_object().map(serde_json::Map::len), Some(3), "nothing was created");
}

#[test]
fn refused_addresses_are_left_alone_and_all_others_are_done() {
    let config = [
        division("eng", "name = \"Eng\""),
        division("near", "name = \"ops\""),
        division("home", "name = \"Home\""),
        division("drift", "name = \"Drift\""),
        division("one", "name = \"Twice\""),
        division("two", "name = \"Twice\""),
        division("new", "name = \"New\""),
        division("sales", "name = \"Sales\""),
    ]
    .concat();
    let org = json!([
        { "id": "e", "name": "Eng" },
        { "id": "o", "name": "Ops" },
        { "id": "d", "name": "Drift", "description": "by hand" },
        { "id": "t", "name": "Twice" },
        { "id": "s", "name": "Sales" },
    ]);
    let world = scene(&config, org, &[]);
    let org = world.divisions_of_org(0);
    let both = [("division.eng", "import e"), ("division.sales", "import s")];
    let report = does(&world, &[], 3, &both);
    assert_eq!(world.divisions_of_org(0), org);
    assert_eq!(world.state().len(), 2, "{report:#}");
    hands_off(&world, &[], 3);
}

#[test]
fn nobody_to_ask_a_dry_run_and_a_yes() {
    let world =
        scene(&division("eng", "name = \"Eng\""), json!([{ "id": "e", "name": "Eng" }]), &[]);
    let before = snapshot(&world);
    let ran = world.divvy(&["fix"]).ended(3);
    assert!(ran.stderr.contains("divvy fix --yes"), "{}", ran.stderr);
    let dry = world.divvy(&["fix", "--dry-run", "-o", "json"]).ended(2).json();
    assert_eq!(actions(&dry)["genesyscloud_auth_division.eng"], "import e");
    assert_eq!(snapshot(&world), before);
    assert!(!world.directory().join(".divvy").exists(), "looking leaves nothing behind");
    does(&world, &[], 0, &[("division.eng", "import e")]);
}

#[test]
fn require_clean() {
    let config = [division("eng", "name = \"Eng\""), division("new", "name = \"New\"")].concat();
    let world = scene(&config, json!([{ "id": "e", "name": "Eng" }]), &[]);
    let report = does(&world, &["--require-clean"], 2, &[("division.eng", "import e")]);
    assert_eq!(report["pending"]["create"], 1, "{report:#}");
    hands_off(&world, &["--require-clean"], 2);
    let _ = world.terraform(&["apply", "-auto-approve", "-input=false"]).ended(0);
    let report = hands_off(&world, &["--require-clean"], 0);
    assert_eq!(report["clean"], true, "nothing was to be done, and Terraform says so: {report:#}");
}

#[test]
fn an_approved_file_holds_for_every_round_and_what_a_later_round_finds_is_not_approved() {
    let team = division("team", "name = \"Team ${genesyscloud_auth_division.eng.id}\"");
    let config = [division("eng", "name = \"Eng\""), division("ops", "name = \"Ops\""), team];
    let world = scene(&config.concat(), json!([{ "id": "e", "name": "Eng" }]), &[]);
    let _ = world.divvy(&["check", "-o", "json=approved.json"]).ended(2);
    for (id, name) in [("o", "Ops"), ("t", "Team e")] {
        let more = serde_json::from_value(json!({ "id": id, "name": name })).expect("a division");
        let live = divvy_sandbox::emulator::Standing::Live;
        world.org().add_division(more, live).expect("one more");
    }
    // The team's name is known in the second round.
    let report = does(&world, &["--approved", "approved.json"], 3, &[("division.eng", "import e")]);
    assert!(report["rounds"].as_u64() >= Some(1), "{report:#}");
    assert!(report.to_string().contains("Team e"), "{report:#}");
    assert_eq!(world.state().len(), 1);
    // With a file of what is there now, every round is approved.
    let _ = world.divvy(&["check", "-o", "json=approved.json"]).ended(2);
    let acts = [("division.ops", "import o"), ("division.team", "import t")];
    does(&world, &["--approved", "approved.json"], 0, &acts);
    world.has_no_changes();
}

#[test]
fn approved_pairs_only() {
    let config = [division("eng", "name = \"Eng\""), division("ops", "name = \"Ops\"")].concat();
    let world = scene(&config, json!([{ "id": "e", "name": "Eng" }]), &[]);
    let _ = world.divvy(&["check", "-o", "json=approved.json"]).ended(2);
    world
        .org()
        .add_division(
            serde_json::from_value(json!({ "id": "o", "name": "Ops" })).expect("a division"),
            divvy_sandbox::emulator::Standing::Live,
        )
        .expect("one more");
    does(&world, &["--approved", "approved.json"], 3, &[("division.eng", "import e")]);
    does(&world, &[], 0, &[("division.ops", "import o")]);
}

#[test]
fn write_leaves_blocks_for_review_and_touches_no_state() {
    let config = [division("eng", "name = \"Eng\""), division("new", "name = \"New\"")].concat();
    let world = scene(&config, json!([{ "id": "e", "name": "Eng" }]), &[]);
    let before = snapshot(&world);
    let _ = world.divvy(&["fix", "--write", "imports.tf"]).ended(0);
    assert_eq!(snapshot(&world), before);
    assert!(world.read("imports.tf").contains("import {"), "{}", world.read("imports.tf"));
    let plan = world.terraform(&["plan", "-input=false"]).ended(0);
    assert!(
        plan.stdout.contains("1 to import, 1 to add, 0 to change, 0 to destroy"),
        "{}",
        plan.stdout
    );
    finds(&world, 0, &[("division.eng", "planned_import"), ("division.new", "create")]);
}

#[test]
fn a_saved_plan_and_its_json_and_a_plan_gone_stale() {
    let config = [division("eng", "name = \"Eng\""), division("ops", "name = \"Ops\"")].concat();
    let org = json!([{ "id": "e", "name": "Eng" }, { "id": "o", "name": "Ops" }]);
    let world = scene(&config, org, &[]);
    let _ = world.terraform(&["plan", "-input=false", "-out=saved.tfplan"]).ended(0);
    let shown = world.terraform(&["show", "-json", "saved.tfplan"]).ended(0);
    world.write("saved.json", &shown.stdout);
    let both = [("division.eng", "adopt"), ("division.ops", "adopt")];
    for file in ["saved.tfplan", "saved.json"] {
        finds_with(&world, &["--plan", file], 2, &both);
    }
    // Somebody else imports one of the two: the saved plan no longer fits the state.
    let _ = world.terraform(&["import", "genesyscloud_auth_division.eng", "e"]).ended(0);
    does(&world, &["--plan", "saved.tfplan"], 0, &[("division.ops", "import o")]);
    world.has_no_changes();
}

#[test]
fn an_id_or_a_new_for_an_address_that_does_not_exist_is_said() {
    let world =
        scene(&division("eng", "name = \"Eng\""), json!([{ "id": "e", "name": "eng" }]), &[]);
    let typo = "genesyscloud_auth_division.egn";
    for flags in [["--id", "genesyscloud_auth_division.egn=e"], ["--new", typo]] {
        let ran = world.divvy(&["fix", "--yes", flags[0], flags[1]]).ended(3);
        let mentions =
            ran.stderr.lines().any(|line| line.contains(flags[0]) && line.contains(typo));
        assert!(mentions, "{}", ran.stderr);
    }
}

#[test]
fn keys_that_need_quoting() {
    let config = r#"locals {
  names = {
    "with \"quotes\""  = "A"
    "back\\slash"      = "B"
    "dollar $${x}"     = "C"
    "percent %%{x}"    = "D"
    "line\nbreak"      = "E"
    "Zürich ✓"         = "F"
    "a.b[0]"           = "G"
    "x=y"              = "H $${y} \"q\""
    "'; touch hacked'" = "I"
  }
}
"#;
    let block = division("d", "for_each = local.names\n  name     = each.value");
    let names = ["A", "B", "C", "D", "E", "F", "G", "H ${y} \"q\"", "I"];
    let org: Vec<Value> =
        names.iter().map(|name| json!({ "id": format!("id-{name:.1}"), "name": name })).collect();
    let world = scene(&format!("{config}{block}"), json!(org), &[]);
    let check = world.divvy(&["check", "-o", "json"]).ended(3).json();
    let found = check["findings"].as_array().expect("findings");
    let text = |value: &Value| value.as_str().expect("text").to_owned();
    let pairs: Vec<(String, String)> = found
        .iter()
        .map(|one| (text(&one["address"]), format!("id-{:.1}", text(&one["name"]))))
        .collect();
    assert_eq!(pairs.len(), names.len(), "{check:#}");
    let pairs: Vec<(&str, &str)> =
        pairs.iter().map(|(address, id)| (address.as_str(), id.as_str())).collect();
    let copies = outputs_agree(&world, &pairs);
    Proof::of(&world).with(&["--adopt-all"]).holds(&pairs);
    assert_eq!(copies, 2);
}

/// The blocks make Terraform plan imports only; the commands, run by sh, import everything. Each in
/// a state of its own. Returns how many forms were tried.
#[track_caller]
fn outputs_agree(world: &World, pairs: &[(&str, &str)]) -> usize {
    // `missing_state` would hold these back.
    world.tracks(&[]);
    let _ =
        world.divvy(&["check", "-o", "blocks=imports.tf", "-o", "commands=imports.sh"]).ended(2);
    let plan = world.terraform(&["plan", "-input=false"]).ended(0);
    let only = format!("{} to import, 0 to add, 0 to change, 0 to destroy", pairs.len());
    assert!(plan.stdout.contains(&only), "{}\n{}", world.read("imports.tf"), plan.stdout);
    std::fs::remove_file(world.directory().join("imports.tf")).expect("the blocks");

    let program = crate::world::terraform().parent().expect("a directory");
    let path = std::env::join_paths(
        [program.to_path_buf()]
            .into_iter()
            .chain(std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default())),
    );
    let output = world
        .command("sh")
        .args(["-e", "imports.sh"])
        .env("PATH", path.expect("a PATH"))
        .output()
        .expect("sh starts");
    assert!(output.status.success(), "{output:?}\n{}", world.read("imports.sh"));
    for (address, id) in pairs {
        assert_eq!(world.id_at(address).as_deref(), Some(*id), "{address}");
    }
    assert!(!world.directory().join("hacked").exists());
    world.has_no_changes();
    std::fs::remove_file(world.directory().join("terraform.tfstate")).expect("the state");
    2
}

#[test]
fn nested_modules_with_for_each_and_count() {
    let header = "terraform {\n  required_providers {\n    genesyscloud = { source = \"mypurecloud/genesyscloud\" }\n  }\n}\nvariable \"name\" {\n  default = \"\"\n}\n";
    let world = World::new(seed_of(&json!({ "divisions": [
        { "id": "emea-0", "name": "EMEA 0" },
        { "id": "emea-1", "name": "EMEA 1" },
        { "id": "ab-1", "name": "a \"b\" 1" },
    ] })));
    world.write(
        "main.tf",
        &format!("{header}module \"region\" {{\n  for_each = toset([\"EMEA\", \"a \\\"b\\\"\"])\n  source   = \"./region\"\n  name     = each.key\n}}\n"),
    );
    world.write(
        "region/main.tf",
        &format!("{header}module \"desk\" {{\n  count  = 2\n  source = \"../desk\"\n  name   = \"${{var.name}} ${{count.index}}\"\n}}\n"),
    );
    world.write(
        "desk/main.tf",
        &format!("{header}{}", division("this", "count = 1\n  name  = var.name")),
    );
    world.init();
    let at = |region: &str, desk: u8| {
        format!(
            "module.region[\"{region}\"].module.desk[{desk}].genesyscloud_auth_division.this[0]"
        )
    };
    let (one, two, three) = (at("EMEA", 0), at("EMEA", 1), at("a \\\"b\\\"", 1));
    Proof::of(&world).holds(&[(&one, "emea-0"), (&two, "emea-1"), (&three, "ab-1")]);
}
