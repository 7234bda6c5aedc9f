//! Each verdict of docs/diagnostics.md in the smallest scene that calls for it.

use divvy_sandbox::emulator::{Effect, Fault, Refusal};
use serde_json::json;

use super::scene::{division, does, finding, finds, finds_with, hands_off, scene, scene_of};
use crate::world::{HOME, SECRET, World, state_text};

#[test]
fn adopt() {
    let world =
        scene(&division("eng", "name = \"Eng\""), json!([{ "id": "e", "name": "Eng" }]), &[]);
    let report = finds(&world, 2, &[("division.eng", "adopt")]);
    assert_eq!(finding(&report, "division.eng")["action"], json!({ "do": "import", "id": "e" }));
    let report = does(&world, &[], 0, &[("division.eng", "import e")]);
    assert_eq!((&report["clean"], &report["rounds"]), (&json!(true), &json!(1)), "{report:#}");
    world.has_no_changes();
}

#[test]
fn adopt_with_drift() {
    let org = json!([{ "id": "e", "name": "Eng", "description": "kept by hand" }]);
    let world = scene(&division("eng", "name = \"Eng\""), org, &[]);
    let report = finds(&world, 3, &[("division.eng", "adopt_with_drift")]);
    assert_eq!(
        finding(&report, "division.eng")["drift"],
        json!([{ "attribute": "description", "config": null, "org": "kept by hand" }])
    );
    hands_off(&world, &[], 3);
}

#[test]
fn near_miss() {
    let config = [division("eng", "name = \"Eng \""), division("ops", "name = \"Ops\"")].concat();
    let org = json!([{ "id": "e", "name": "eng" }, { "id": "o", "name": "Ops" }]);
    let world = scene(&config, org, &[]);
    let report = finds(&world, 3, &[("division.eng", "near_miss"), ("division.ops", "adopt")]);
    assert_eq!(
        finding(&report, "division.eng")["candidates"],
        json!([{ "id": "e", "name": "eng", "differs": ["case", "blanks"] }])
    );
    // The refused one is left alone, the other is done.
    does(&world, &[], 3, &[("division.ops", "import o")]);
    hands_off(&world, &["--new", "genesyscloud_auth_division.eng"], 0);
}

#[test]
fn near_miss_with_an_id_is_imported_and_renamed_only_if_drift_is_accepted() {
    let org = json!([{ "id": "e", "name": "eng" }]);
    let world = scene(&division("eng", "name = \"Eng\""), org, &[]);
    let choice = "genesyscloud_auth_division.eng=e";
    let before = world.divisions_of_org(0);
    does(&world, &["--id", choice], 3, &[("division.eng", "import e")]);
    assert_eq!(world.divisions_of_org(0), before, "the org keeps its name until drift is accepted");

    let _ = world.terraform(&["state", "rm", "genesyscloud_auth_division.eng"]).ended(0);
    does(&world, &["--id", choice, "--accept-drift"], 0, &[("division.eng", "update e")]);
    assert_eq!(world.divisions_of_org(0)["e"]["name"], "Eng");
    world.has_no_changes();
}

#[test]
fn ambiguous_among_near_names() {
    let org = json!([{ "id": "1", "name": "claims" }, { "id": "2", "name": "CLAIMS" }]);
    let world = scene(&division("claims", "name = \"Claims\""), org, &[]);
    let report = finds(&world, 3, &[("division.claims", "ambiguous")]);
    assert_eq!(finding(&report, "division.claims")["candidates"].as_array().map(Vec::len), Some(2));
    hands_off(&world, &[], 3);
    let choice = "genesyscloud_auth_division.claims=2";
    does(&world, &["--id", choice], 3, &[("division.claims", "import 2")]);
}

#[test]
fn ambiguous_among_equal_names() {
    let org = json!([{ "id": "1", "name": "Claims" }, { "id": "2", "name": "Claims" }]);
    let world = scene(&division("claims", "name = \"Claims\""), org, &[]);
    finds(&world, 3, &[("division.claims", "ambiguous")]);
    hands_off(&world, &[], 3);
    let choice = "genesyscloud_auth_division.claims=2";
    does(&world, &["--id", choice], 0, &[("division.claims", "import 2")]);
    world.has_no_changes();
}

#[test]
fn create_and_managed() {
    let config = [division("eng", "name = \"Eng\""), division("new", "name = \"New\"")].concat();
    let tracked = [json!({ "label": "eng", "id": "e", "name": "Eng" })];
    let world = scene(&config, json!([{ "id": "e", "name": "Eng" }]), &tracked);
    finds(&world, 0, &[("division.new", "create")]);
    hands_off(&world, &[], 0);
}

#[test]
fn create_with_a_look_alike_is_a_note() {
    // A Cyrillic letter.
    let org = json!([{ "id": "s", "name": "S\u{430}les" }]);
    let world = scene(&division("sales", "name = \"Sales\""), org, &[]);
    let report = finds(&world, 0, &[("division.sales", "create")]);
    assert_eq!(
        finding(&report, "division.sales")["candidates"][0]["differs"],
        json!(["look_alike"])
    );
}

#[test]
fn stale() {
    let tracked = [
        json!({ "label": "eng", "id": "old", "name": "Eng" }),
        json!({ "label": "ops", "id": "o", "name": "Ops" }),
    ];
    let config = [division("eng", "name = \"Eng\""), division("ops", "name = \"Ops\"")].concat();
    let org = json!([{ "id": "new", "name": "Eng" }, { "id": "o", "name": "Ops" }]);
    let world = scene(&config, org, &tracked);
    finds(&world, 3, &[("division.eng", "stale")]);
    hands_off(&world, &[], 3);
    does(&world, &["--repair"], 0, &[("division.eng", "state_rm_import new")]);
    assert_eq!(world.id_at("genesyscloud_auth_division.eng").as_deref(), Some("new"));
    world.has_no_changes();
}

#[test]
fn stale_with_drift_is_updated_only_if_that_is_accepted() {
    let tracked = [json!({ "label": "eng", "id": "old", "name": "Eng" })];
    let org = json!([{ "id": "new", "name": "Eng", "description": "by hand" }]);
    let world = scene(&division("eng", "name = \"Eng\""), org, &tracked);
    let flags = ["--repair", "--accept-drift"];
    does(&world, &flags, 0, &[("division.eng", "state_rm_import new")]);
    assert_eq!(world.divisions_of_org(0)["new"].get("description").unwrap_or(&json!("")), "");
    world.has_no_changes();
}

#[test]
fn gone() {
    let tracked = [
        json!({ "label": "eng", "id": "old", "name": "Eng" }),
        json!({ "label": "ops", "id": "o", "name": "Ops" }),
    ];
    let config = [division("eng", "name = \"Eng\""), division("ops", "name = \"Ops\"")].concat();
    let world = scene(&config, json!([{ "id": "o", "name": "Ops" }]), &tracked);
    finds(&world, 0, &[("division.eng", "gone")]);
    hands_off(&world, &["--repair"], 0);
}

#[test]
fn tainted() {
    let tracked = [json!({ "label": "eng", "id": "e", "name": "Eng", "status": "tainted" })];
    let org = json!([{ "id": "e", "name": "Eng" }]);
    let world = scene(&division("eng", "name = \"Eng\""), org, &tracked);
    finds(&world, 3, &[("division.eng", "tainted")]);
    hands_off(&world, &[], 3);
    does(&world, &["--repair"], 0, &[("division.eng", "untaint e")]);
    world.has_no_changes();
}

#[test]
fn double_tracked() {
    let tracked = [
        json!({ "label": "one", "id": "e", "name": "Eng" }),
        json!({ "label": "two", "id": "e", "name": "Eng" }),
    ];
    let config = [division("one", "name = \"Eng\""), division("two", "name = \"Eng\"")].concat();
    let world = scene(&config, json!([{ "id": "e", "name": "Eng" }]), &tracked);
    let report =
        finds(&world, 3, &[("division.one", "double_tracked"), ("division.two", "double_tracked")]);
    let hints = finding(&report, "division.one")["hints"].to_string();
    assert!(hints.contains("state rm"), "{hints}");
    hands_off(&world, &["--repair"], 3);
}

#[test]
fn move_pending() {
    let config = [
        division("new", "name = \"Eng\""),
        "moved {\n  from = genesyscloud_auth_division.old\n  to   = genesyscloud_auth_division.new\n}\n"
            .to_owned(),
    ]
    .concat();
    let tracked = [json!({ "label": "old", "id": "e", "name": "Eng" })];
    let world = scene(&config, json!([{ "id": "e", "name": "Eng" }]), &tracked);
    finds(&world, 0, &[("division.new", "move_pending")]);
    hands_off(&world, &["--repair"], 0);
}

#[test]
fn planned_import() {
    let import = |id: &str| {
        format!("import {{\n  to = genesyscloud_auth_division.eng\n  id = \"{id}\"\n}}\n")
    };
    let config = [division("eng", "name = \"Eng\""), import("e")].concat();
    let org = json!([{ "id": "e", "name": "Eng" }, { "id": "o", "name": "Ops" }]);
    let world = scene(&config, org, &[]);
    finds(&world, 0, &[("division.eng", "planned_import")]);
    hands_off(&world, &[], 0);

    let wrong = world.read("main.tf").replace("\"e\"", "\"o\"");
    world.write("main.tf", &wrong);
    let report = finds(&world, 3, &[("division.eng", "planned_import")]);
    assert_eq!(finding(&report, "division.eng")["entity"]["name"], "Ops");
    hands_off(&world, &[], 3);
    // An import of an id that does not exist: Terraform's own plan would look for it for minutes
    // and fail, so the org is asked for the id before, and no plan is made.
    world.write("main.tf", &wrong.replace("\"o\"", "\"nobody\""));
    let report = finds(&world, 3, &[("division.eng", "planned_import")]);
    assert_eq!(finding(&report, "division.eng")["entity"], json!(null));
}

#[test]
fn home_without_the_flag() {
    let world = scene(&division("main", "name = \"Hauptsitz\""), json!([]), &[]);
    world.org().edit_division(HOME, |home| home.name = "Hauptsitz".to_owned()).expect("an edit");
    let report = finds(&world, 3, &[("division.main", "home")]);
    let hints = finding(&report, "division.main")["hints"].to_string();
    assert!(
        hints.find("data").zip(hints.find("home = true")).is_some_and(|(a, b)| a < b),
        "{hints}"
    );
    hands_off(&world, &["--home", "--repair", "--accept-drift"], 3);
    hands_off(&world, &["--home", "--id", &format!("genesyscloud_auth_division.main={HOME}")], 3);
}

#[test]
fn home_under_a_name_of_another_or_of_nobody() {
    let org = json!([{ "id": "e", "name": "Eng" }]);
    for (name, also) in [("Eng", "another's"), ("Nobody", "nobody's")] {
        let block = division("main", &format!("name = \"{name}\"\n  home = true"));
        let world = scene(&block, org.clone(), &[]);
        finds(&world, 3, &[("division.main", "home")]);
        let report = hands_off(&world, &["--home", "--accept-drift"], 3);
        assert_eq!(report["summary"]["home"], 1, "{also}");
    }
}

#[test]
fn home_that_matches() {
    let world = scene(&division("main", "name = \"Home\"\n  home = true"), json!([]), &[]);
    finds(&world, 3, &[("division.main", "home")]);
    hands_off(&world, &[], 3);
    does(&world, &["--home"], 0, &[("division.main", &format!("import {HOME}"))]);
    world.has_no_changes();
}

#[test]
fn home_twice() {
    let body = "name = \"Home\"\n  home = true";
    let world = scene(&[division("one", body), division("two", body)].concat(), json!([]), &[]);
    let both = [("division.one", "duplicate_in_config"), ("division.two", "duplicate_in_config")];
    finds(&world, 3, &both);
    hands_off(&world, &["--home"], 3);
}

#[test]
fn a_stale_id_whose_name_is_now_home_is_not_repaired_onto_home() {
    let tracked = [json!({ "label": "eng", "id": "old", "name": "Home" })];
    let world =
        scene(&division("eng", "name = \"Home\""), json!([{ "id": "o", "name": "Ops" }]), &tracked);
    finds(&world, 3, &[("division.eng", "home")]);
    hands_off(&world, &["--repair", "--home"], 3);
}

#[test]
fn unknown_name_is_seen_in_a_second_round() {
    let config = [
        division("eng", "name = \"Eng\""),
        division("sub", "name = \"sub of ${genesyscloud_auth_division.eng.id}\""),
    ]
    .concat();
    let org = json!([{ "id": "e", "name": "Eng" }, { "id": "s", "name": "sub of e" }]);
    let world = scene(&config, org.clone(), &[]);
    finds(&world, 2, &[("division.eng", "adopt"), ("division.sub", "unknown_name")]);
    let both = [("division.eng", "import e"), ("division.sub", "import s")];
    let report = does(&world, &[], 0, &both);
    assert_eq!((&report["rounds"], &report["clean"]), (&json!(2), &json!(true)), "{report:#}");
    world.has_no_changes();

    let world = scene(&config, org, &[]);
    let report = does(&world, &["--max-rounds", "1"], 3, &[("division.eng", "import e")]);
    assert_eq!((&report["rounds"], &report["clean"]), (&json!(1), &json!(false)), "{report:#}");
    does(&world, &[], 0, &[("division.sub", "import s")]);
}

#[test]
fn replace_cycle() {
    let config = |input: u8| {
        let body = "name = \"Eng\"\n  lifecycle {\n    create_before_destroy = true\n    replace_triggered_by = [terraform_data.version]\n  }";
        let version =
            format!("resource \"terraform_data\" \"version\" {{\n  input = {input}\n}}\n");
        [division("eng", body), version].concat()
    };
    let world = scene(&config(1), json!([]), &[]);
    let _ = world.terraform(&["apply", "-auto-approve", "-input=false"]).ended(0);
    world.write("main.tf", &world.read("main.tf").replace("input = 1", "input = 2"));
    finds(&world, 3, &[("division.eng", "replace_cycle")]);
    hands_off(&world, &["--repair"], 3);
}

#[test]
fn rename_chain() {
    let config = "locals {\n  names = [\"New\", \"A\", \"B\"]\n}\n".to_owned()
        + &division("d", "count = length(local.names)\n  name  = local.names[count.index]");
    let tracked = [
        json!({ "label": "d", "key": 0, "id": "a", "name": "A" }),
        json!({ "label": "d", "key": 1, "id": "b", "name": "B" }),
    ];
    let org = json!([{ "id": "a", "name": "A" }, { "id": "b", "name": "B" }]);
    let world = scene(&config, org, &tracked);
    let chain = |at| (at, "rename_chain");
    // The first is renamed too, but stands in nobody's way: its rename is reported, no more.
    let managed = ("division.d[0]", "managed");
    finds(&world, 3, &[managed, chain("division.d[1]"), chain("division.d[2]")]);
    hands_off(&world, &["--repair", "--accept-drift"], 3);
}

#[test]
fn rename_clash_and_after_a_failed_apply_the_api_is_believed() {
    let tracked = [json!({ "label": "eng", "id": "e", "name": "Eng" })];
    let org = json!([{ "id": "e", "name": "Eng" }, { "id": "t", "name": "Taken" }]);
    let world = scene(&division("eng", "name = \"Taken\""), org, &tracked);
    finds(&world, 3, &[("division.eng", "rename_clash")]);
    hands_off(&world, &["--repair", "--accept-drift"], 3);

    let apply = world.terraform(&["apply", "-auto-approve", "-input=false"]).ended(1);
    assert!(apply.stderr.contains("409"), "{}", apply.stderr);
    assert!(world.read("terraform.tfstate").contains("Taken"), "the state claims the new name");
    finds(&world, 3, &[("division.eng", "rename_clash")]);
    hands_off(&world, &[], 3);
}

#[test]
fn duplicate_in_config() {
    let config = [division("one", "name = \"Eng\""), division("two", "name = \"Eng\"")].concat();
    let both = [("division.one", "duplicate_in_config"), ("division.two", "duplicate_in_config")];
    let world = scene(&config, json!([{ "id": "e", "name": "Eng" }]), &[]);
    finds(&world, 3, &both);
    hands_off(&world, &["--adopt-all"], 3);
}

#[test]
fn duplicate_in_config_where_one_holds_the_id() {
    let config = [division("one", "name = \"Eng\""), division("two", "name = \"Eng\"")].concat();
    let tracked = [json!({ "label": "one", "id": "e", "name": "Eng" })];
    let world = scene(&config, json!([{ "id": "e", "name": "Eng" }]), &tracked);
    finds(&world, 3, &[("division.two", "duplicate_in_config")]);
    hands_off(&world, &["--repair", "--id", "genesyscloud_auth_division.two=e"], 3);
}

#[test]
fn moved_from_an_address_that_the_plan_deletes() {
    let tracked = [json!({ "label": "old", "id": "e", "name": "Eng" })];
    let world =
        scene(&division("new", "name = \"Eng\""), json!([{ "id": "e", "name": "Eng" }]), &tracked);
    let report = finds(&world, 3, &[("division.new", "moved")]);
    let hints = finding(&report, "division.new")["hints"].to_string();
    assert!(hints.contains("moved block with from = genesyscloud_auth_division.old"), "{hints}");
    hands_off(&world, &[], 3);
    does(&world, &["--repair"], 0, &[("division.new", "state_mv division.old")]);
    world.has_no_changes();
}

#[test]
fn moved_within_one_resource() {
    let keyed = "for_each = toset([\"2\", \"x\"])\n  name     = each.key";
    let org = json!([{ "id": "two", "name": "2" }, { "id": "x", "name": "x" }]);
    for (key, id, address) in
        [(json!(2), "two", "division.d[\"2\"]"), (json!(null), "x", "division.d[\"x\"]")]
    {
        let tracked = [json!({ "label": "d", "key": key, "id": id, "name": address })];
        let world = scene(&division("d", keyed), org.clone(), &tracked);
        let other =
            if id == "x" { ("division.d[\"2\"]", "two") } else { ("division.d[\"x\"]", "x") };
        finds(&world, 3, &[(address, "moved"), (other.0, "adopt")]);
        let from = if key.is_null() { "state_mv division.d" } else { "state_mv division.d[2]" };
        let import = format!("import {}", other.1);
        does(&world, &["--repair"], 0, &[(address, from), (other.0, &import)]);
        world.has_no_changes();
    }
}

#[test]
fn other_owner() {
    let world =
        scene(&division("eng", "name = \"Eng\""), json!([{ "id": "e", "name": "Eng" }]), &[]);
    let other = world.beside().join("legacy.tfstate");
    std::fs::write(&other, state_text(&[json!({ "label": "old", "id": "e", "name": "Eng" })]))
        .expect("a file");
    let flags = ["--other-state", other.to_str().expect("UTF-8")];
    let report = finds_with(&world, &flags, 3, &[("division.eng", "other_owner")]);
    assert!(finding(&report, "division.eng")["message"].to_string().contains("division.old"));
    hands_off(&world, &flags, 3);
    let with_id = [flags[0], flags[1], "--id", "genesyscloud_auth_division.eng=e"];
    does(&world, &with_id, 0, &[("division.eng", "import e")]);
}

#[test]
fn hidden_after_a_409_that_a_narrow_view_cannot_explain() {
    let org = json!({
        "divisions": [{ "id": "e", "name": "Eng" }],
        "clients": [{ "id": "client", "secret": SECRET, "divisions": ["home"] }],
    });
    let world = scene_of(&division("eng", "name = \"Eng\""), &org, &[]);
    let log = failed_apply(&world);
    let report = hands_off(&world, &["--from-log", &log], 3);
    assert_eq!(finding(&report, "division.eng")["verdict"], "hidden", "{report:#}");
    assert_eq!(report["headline"]["code"], "DVY202", "{report:#}");
    // The id is tested: this client cannot read it, so nothing is imported.
    let id = "genesyscloud_auth_division.eng=e";
    hands_off(&world, &["--from-log", &log, "--id", id], 3);
}

#[test]
fn an_old_409_whose_name_a_full_view_lacks_is_over_and_hidden_stays_in_sight() {
    let org = json!({
        "divisions": [{ "id": "o", "name": "Ops" }],
        "hidden": [{ "id": "h", "name": "Eng" }],
    });
    let world = scene_of(&division("eng", "name = \"Eng\""), &org, &[]);
    let log = failed_apply(&world);
    let report = hands_off(&world, &["--from-log", &log], 0);
    let eng = finding(&report, "division.eng");
    assert_eq!((&eng["verdict"], &eng["also"]), (&json!("not_a_conflict"), &json!(["hidden"])));
    hands_off(&world, &["--from-log", &log, "--id", "genesyscloud_auth_division.eng=h"], 3);
}

#[test]
fn deleted_twin_after_a_409() {
    let org = json!({
        "divisions": [{ "id": "o", "name": "Ops" }],
        "deleted": [{ "id": "d", "name": "Eng" }],
        "policy": { "deletedNamesBlock": true },
    });
    let world = scene_of(&division("eng", "name = \"Eng\""), &org, &[]);
    let log = failed_apply(&world);
    let report = hands_off(&world, &["--from-log", &log], 3);
    let twin = finding(&report, "division.eng");
    assert_eq!((&twin["verdict"], &twin["entity"]["id"]), (&json!("deleted_twin"), &json!("d")));
    assert!(twin["hints"].to_string().contains("/restore"), "{twin:#}");
}

#[test]
fn not_a_conflict_where_the_name_is_free() {
    let org = json!({ "divisions": [{ "id": "o", "name": "Ops" }] });
    let world = scene_of(&division("eng", "name = \"Eng\""), &org, &[]);
    let refusal = Effect::Status(Refusal::status(409));
    world.org().add_faults(vec![Fault::once("POST", "/api/v2/authorization/divisions", refusal)]);
    let log = failed_apply(&world);
    let report = hands_off(&world, &["--from-log", &log], 0);
    assert_eq!(finding(&report, "division.eng")["verdict"], "not_a_conflict", "{report:#}");
}

#[test]
fn unresolved_credentials_of_one_alias() {
    let aliased = |world: &World| {
        let gateway = world.gateway_block(0);
        format!(
            "terraform {{\n  required_providers {{\n    genesyscloud = {{ source = \"mypurecloud/genesyscloud\" }}\n  }}\n}}\nprovider \"genesyscloud\" {{\n  oauthclient_id = \"known\"\n  oauthclient_secret = \"{SECRET}\"\n  {gateway}}}\nprovider \"genesyscloud\" {{\n  alias = \"prod\"\n  {gateway}}}\n{}{}",
            division("dev", "name = \"Eng\""),
            division("prod", "provider = genesyscloud.prod\n  name = \"Ops\""),
        )
    };
    let org = json!([{ "id": "e", "name": "Eng" }, { "id": "o", "name": "Ops" }]);
    let mut world = scene("", org, &[]);
    world.unset("GENESYSCLOUD_OAUTHCLIENT_ID").unset("GENESYSCLOUD_OAUTHCLIENT_SECRET");
    world.write("main.tf", &aliased(&world));
    let report =
        finds(&world, 3, &[("division.dev", "adopt"), ("division.prod", "unresolved_credentials")]);
    let prod = finding(&report, "division.prod");
    assert!(prod["hints"].to_string().contains("--org genesyscloud.prod="), "{prod:#}");
    does(&world, &[], 3, &[("division.dev", "import e")]);
}

/// Lets a real apply fail, keeps what it printed, and returns the file.
fn failed_apply(world: &World) -> String {
    let apply = world.terraform(&["apply", "-auto-approve", "-input=false"]).ended(1);
    let log = world.beside().join("apply.log");
    std::fs::write(&log, format!("{}{}", apply.stdout, apply.stderr)).expect("a file");
    log.to_str().expect("UTF-8").to_owned()
}
