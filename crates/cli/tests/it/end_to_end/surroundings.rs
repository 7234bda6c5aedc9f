//! What stands around an adoption in real configurations and must neither stop it nor be touched.

use serde_json::{Value, json};

use super::property::Proof;
use super::scene::{division, does, finding, finds, hands_off, scene, verdicts};
use crate::world::{SECRET, World, is_opentofu, seed, seed_of, terraform_minor};

#[test]
fn from_count_to_for_each() {
    let block = division("d", "for_each = toset([\"A\", \"B\", \"C\"])\n  name     = each.key");
    let tracked = [
        json!({ "label": "d", "key": 0, "id": "a", "name": "A" }),
        json!({ "label": "d", "key": 1, "id": "b", "name": "B" }),
    ];
    let org =
        json!([{ "id": "a", "name": "A" }, { "id": "b", "name": "B" }, { "id": "c", "name": "C" }]);
    let world = scene(&block, org, &tracked);
    let [a, b, c] = ["division.d[\"A\"]", "division.d[\"B\"]", "division.d[\"C\"]"];
    finds(&world, 3, &[(a, "moved"), (b, "moved"), (c, "adopt")]);
    let steps = [(a, "state_mv division.d[0]"), (b, "state_mv division.d[1]"), (c, "import c")];
    does(&world, &["--repair"], 0, &steps);
    world.has_no_changes();
}

#[test]
fn a_dependency_that_is_still_to_be_created_is_not_created() {
    let config = [
        division("eng", "name = \"Eng\"\n  depends_on = [terraform_data.first]"),
        "resource \"terraform_data\" \"first\" {\n  input = 1\n}\n".to_owned(),
    ]
    .concat();
    let world = scene(&config, json!([{ "id": "e", "name": "Eng" }]), &[]);
    let report = does(&world, &[], 0, &[("division.eng", "import e")]);
    assert_eq!(report["pending"], json!({ "create": 1, "update": 0, "delete": 0 }), "{report:#}");
    assert_eq!(world.state().len(), 1, "the import alone");
    Proof::of(&world).holds(&[]);
}

#[test]
fn pending_deletes_and_updates_elsewhere_stay_pending() {
    let config =
        [division("eng", "name = \"Eng\""), division("ops", "name = \"Operations\"")].concat();
    let tracked = [
        json!({ "label": "old", "id": "x", "name": "Old" }),
        json!({ "label": "ops", "id": "o", "name": "Ops" }),
    ];
    let org = json!([
        { "id": "e", "name": "Eng" },
        { "id": "x", "name": "Old" },
        { "id": "o", "name": "Ops" },
    ]);
    let world = scene(&config, org, &tracked);
    let before = world.divisions_of_org(0);
    let report = does(&world, &[], 0, &[("division.eng", "import e")]);
    assert_eq!(report["pending"], json!({ "create": 0, "update": 1, "delete": 1 }), "{report:#}");
    assert_eq!(world.divisions_of_org(0), before);
    assert_eq!(world.state().len(), 3);
}

#[test]
fn an_import_block_of_the_user_is_left_to_the_user() {
    let import = "import {\n  to = genesyscloud_auth_division.ops\n  id = \"o\"\n}\n".to_owned();
    let config =
        [division("eng", "name = \"Eng\""), division("ops", "name = \"Ops\""), import].concat();
    let world =
        scene(&config, json!([{ "id": "e", "name": "Eng" }, { "id": "o", "name": "Ops" }]), &[]);
    finds(&world, 2, &[("division.eng", "adopt"), ("division.ops", "planned_import")]);
    does(&world, &[], 0, &[("division.eng", "import e")]);
    let plan = world.terraform(&["plan", "-input=false"]).ended(0);
    let left = "1 to import, 0 to add, 0 to change, 0 to destroy";
    assert!(plan.stdout.contains(left), "{}", plan.stdout);
}

#[test]
fn an_ignored_attribute_is_no_drift() {
    let lists = ["[description]", "all", "[\n      # by hand\n      description,\n    ]"];
    // What cannot be read for a comment is Terraform's to decide: the person is asked.
    for (list, flags) in lists.into_iter().zip([&[][..], &[], &["--adopt-drifted"]]) {
        let body = format!("name = \"Eng\"\n  lifecycle {{\n    ignore_changes = {list}\n  }}");
        let org = json!([{ "id": "e", "name": "Eng", "description": "by hand" }]);
        let world = scene(&division("eng", &body), org, &[]);
        let before = world.divisions_of_org(0);
        let report = does(&world, flags, 0, &[("division.eng", "import e")]);
        assert_eq!(report["clean"], true, "{report:#}");
        assert_eq!(world.divisions_of_org(0), before);
        world.has_no_changes();
    }
}

#[test]
fn an_ignored_attribute_is_no_drift_in_json_either() {
    let world = World::new(seed_of(
        &json!({ "divisions": [{ "id": "e", "name": "Eng", "description": "by hand" }] }),
    ));
    world.divisions(&[]);
    let division = json!({ "name": "Eng", "lifecycle": { "ignore_changes": ["description"] } });
    let file = json!({ "resource": { "genesyscloud_auth_division": { "eng": division } } });
    world.write("eng.tf.json", &file.to_string()).init();
    finds(&world, 2, &[("division.eng", "adopt")]);
    does(&world, &[], 0, &[("division.eng", "import e")]);
    world.has_no_changes();
}

#[test]
fn a_sensitive_name_is_adopted_and_never_shown() {
    let config = "variable \"name\" {\n  sensitive = true\n}\n".to_owned()
        + &division("eng", "name = var.name");
    let mut world = World::new(seed(&[("e", "Top Secret Unit")]));
    world.set("TF_VAR_name", "Top Secret Unit");
    world.divisions(&[]);
    let header = world.read("main.tf");
    world.write("main.tf", &format!("{header}{config}")).init();
    for (arguments, exit) in [(["check", "-vvv"], 2), (["fix", "--yes"], 0)] {
        let ran = world.divvy(&arguments).ended(exit);
        assert!(!format!("{ran:?}").contains("Top Secret"), "{ran:?}");
    }
    assert_eq!(world.id_at("genesyscloud_auth_division.eng").as_deref(), Some("e"));
    world.has_no_changes();
}

#[test]
fn a_deposed_object_of_the_same_id_is_not_adopted_only_to_be_deleted() {
    let body = "name = \"Eng\"\n  lifecycle {\n    create_before_destroy = true\n  }";
    let tracked = [json!({ "label": "eng", "id": "e", "name": "Eng", "deposed": "0a1b2c3d" })];
    let world = scene(&division("eng", body), json!([{ "id": "e", "name": "Eng" }]), &tracked);
    hands_off(&world, &["--repair", "--accept-drift"], 3);
}

#[test]
fn two_aliases_of_one_org_meet_as_one_org() {
    let alias = "provider \"genesyscloud\" {\n  alias = \"second\"\n}\n".to_owned();
    let second = |label: &str, name: &str| {
        division(label, &format!("provider = genesyscloud.second\n  name = \"{name}\""))
    };
    let config = [
        alias,
        division("one", "name = \"Twice\""),
        second("two", "Twice"),
        second("eng", "Eng"),
        second("ops", "Ops"),
    ]
    .concat();
    let tracked = [json!({ "label": "old", "id": "o", "name": "Ops" })];
    let org = json!([{ "id": "e", "name": "Eng" }, { "id": "o", "name": "Ops" }, { "id": "t", "name": "Twice" }]);
    let world = scene(&config, org, &tracked);
    let both = "duplicate_in_config";
    let found = [
        ("division.one", both),
        ("division.two", both),
        ("division.eng", "adopt"),
        ("division.ops", "moved"),
    ];
    finds(&world, 3, &found);
    let steps = [("division.eng", "import e"), ("division.ops", "state_mv division.old")];
    does(&world, &["--repair"], 3, &steps);
}

#[test]
fn a_module_with_a_provider_block_of_its_own() {
    let mut world = World::new(seed(&[("root", "Eng")]));
    world.add_org(seed(&[("inner", "Eng")]));
    world.divisions(&[("eng", "name = \"Eng\"")]);
    let main = world.read("main.tf");
    world.write("main.tf", &format!("{main}\nmodule \"own\" {{\n  source = \"./own\"\n}}\n"));
    let inner = main.replace(
        "provider \"genesyscloud\" {}",
        &format!("provider \"genesyscloud\" {{\n{}}}", world.gateway_block(1)),
    );
    world.write("own/main.tf", &inner).init();
    Proof::of(&world).holds(&[
        ("genesyscloud_auth_division.eng", "root"),
        ("module.own.genesyscloud_auth_division.eng", "inner"),
    ]);
}

#[test]
fn variables_come_from_the_environment_for_terraform_too() {
    let world = &mut World::new(seed(&[("e", "Eng")]));
    world.divisions(&[("eng", "name = var.name")]);
    let main = world.read("main.tf");
    world.write("main.tf", &format!("{main}\nvariable \"name\" {{}}\n")).init();
    world.set("TF_CLI_ARGS_plan", "-var=name=Eng -destroy");
    let ran = world.divvy(&["fix", "--yes", "-o", "json"]).ended(0);
    assert!(ran.stderr.contains("-destroy"), "what is dropped is said: {}", ran.stderr);
    assert_eq!(verdicts(&ran.json())["genesyscloud_auth_division.eng"], "adopt");
    assert_eq!(world.id_at("genesyscloud_auth_division.eng").as_deref(), Some("e"));
}

#[test]
fn a_description_known_only_after_apply_is_not_predicted_and_nothing_is_updated() {
    let config = [
        division("eng", "name = \"Eng\"\n  description = terraform_data.first.id"),
        "resource \"terraform_data\" \"first\" {}\n".to_owned(),
    ]
    .concat();
    let org = json!([{ "id": "e", "name": "Eng", "description": "by hand" }]);
    let world = scene(&config, org, &[]);
    let before = world.divisions_of_org(0);
    let report = world.divvy(&["fix", "--yes", "-o", "json"]).json();
    assert_eq!(world.divisions_of_org(0), before, "{report:#}");
    assert_eq!(finding(&report, "division.eng")["verdict"], "adopt", "{report:#}");
}

#[test]
fn a_workspace_keeps_its_adoptions_to_itself() {
    let world =
        scene(&division("eng", "name = \"Eng\""), json!([{ "id": "e", "name": "Eng" }]), &[]);
    let _ = world.terraform(&["workspace", "new", "uat"]).ended(0);
    does(&world, &[], 0, &[("division.eng", "import e")]);
    let _ = world.terraform(&["workspace", "select", "default"]).ended(0);
    finds(&world, 2, &[("division.eng", "adopt")]);
}

#[test]
fn hundreds_are_adopted_by_one_plan() {
    let block = division(
        "d",
        "for_each = toset([for n in range(250) : \"Desk ${n}\"])\n  name     = each.key",
    );
    let org: Vec<Value> =
        (0..250).map(|n| json!({ "id": format!("id-{n}"), "name": format!("Desk {n}") })).collect();
    let world = scene(&block, json!(org), &[]);
    let report = world.divvy(&["fix", "--yes", "--adopt-all", "-o", "json"]).ended(0).json();
    assert_eq!((&report["clean"], &report["summary"]), (&json!(true), &json!({ "adopt": 250 })));
    // One plan before, one to import, one after, and what it takes to read and to apply them.
    assert!(report["terraform_runs"].as_u64().is_some_and(|runs| runs <= 8), "{report:#}");
    world.has_no_changes();
}

#[test]
fn outputs_alone_do_not_make_a_plan_unclean_and_are_said() {
    let config = [
        division("eng", "name = \"Eng\""),
        "output \"id\" {\n  value = genesyscloud_auth_division.eng.id\n}\n".to_owned(),
        "output \"other\" {\n  value = \"unrelated\"\n}\n".to_owned(),
    ]
    .concat();
    let world = scene(&config, json!([{ "id": "e", "name": "Eng" }]), &[]);
    let ran = world.divvy(&["fix", "--yes", "--require-clean"]).ended(0);
    assert!(ran.stdout.contains("other"), "{}", ran.stdout);
    hands_off(&world, &["--require-clean"], 0);
    Proof::of(&world).holds(&[]);
}

/// Terraform has `removed` since 1.7; OpenTofu 1.8 takes no `lifecycle` in it, 1.12 does.
fn takes_removed_blocks() -> bool {
    terraform_minor() >= if is_opentofu() { 12 } else { 7 }
}

#[test]
fn an_instance_that_is_removed_without_destroy_is_left_to_terraform() {
    if !takes_removed_blocks() {
        return;
    }
    let removed = "removed {\n  from = genesyscloud_auth_division.old\n  lifecycle {\n    destroy = false\n  }\n}\n";
    let config = [division("eng", "name = \"Eng\""), removed.to_owned()].concat();
    let tracked = [json!({ "label": "old", "id": "x", "name": "Old" })];
    let world = scene(
        &config,
        json!([{ "id": "e", "name": "Eng" }, { "id": "x", "name": "Old" }]),
        &tracked,
    );
    does(&world, &[], 0, &[("division.eng", "import e")]);
    assert_eq!(world.state().len(), 2, "the removed block is still to be carried out");
    Proof::of(&world).holds(&[]);
    assert_eq!(world.divisions_of_org(0)["x"]["name"], "Old");
}

#[test]
fn a_division_handed_over_by_a_removed_block_is_not_imported_while_it_is_held() {
    if !takes_removed_blocks() {
        return;
    }
    let removed = "removed {\n  from = genesyscloud_auth_division.old\n  lifecycle {\n    destroy = false\n  }\n}\n";
    let config = [division("new", "name = \"Eng\""), removed.to_owned()].concat();
    let tracked = [json!({ "label": "old", "id": "e", "name": "Eng" })];
    let world = scene(&config, json!([{ "id": "e", "name": "Eng" }]), &tracked);
    finds(&world, 3, &[("division.new", "moved")]);
    hands_off(&world, &[], 3);
    let report = does(&world, &["--repair"], 0, &[("division.new", "state_mv division.old")]);
    assert_eq!(report["clean"], true, "{report:#}");
}

#[test]
fn from_another_directory() {
    let world = World::new(seed_of(&json!({ "divisions": [{ "id": "e", "name": "Eng" }] })));
    world.divisions(&[("eng", "name = \"Eng\"")]).init();
    let ran = world
        .command(crate::world::DIVVY)
        .args(["fix", "--yes", "-o", "json", "--chdir", "root"])
        .current_dir(world.beside())
        .output()
        .expect("divvy starts");
    assert_eq!(ran.status.code(), Some(0), "{ran:?}");
    let report: Value = serde_json::from_slice(&ran.stdout).expect("JSON");
    assert_eq!(report["clean"], true);
    world.has_no_changes();
}

#[test]
fn an_ephemeral_variable_is_given_to_the_apply_and_to_the_client_as_well() {
    if terraform_minor() < 10 {
        return;
    }
    let mut world = World::new(seed_of(&json!({
        "divisions": [{ "id": "e", "name": "Eng" }],
        "clients": [{ "id": "from-outside", "secret": SECRET }],
    })));
    world.divisions(&[("eng", "name = \"Eng\"")]);
    let provider = "provider \"genesyscloud\" {\n  oauthclient_id = var.client\n  oauthclient_secret = var.secret\n}\n\nvariable \"client\" {\n  ephemeral = true\n}\n\nvariable \"secret\" {\n  ephemeral = true\n}\n";
    let main = world.read("main.tf").replace("provider \"genesyscloud\" {}", provider);
    world.set("TF_VAR_secret", SECRET).write("main.tf", &main).init();
    Proof::of(&world)
        .variables(&["-var", "client=from-outside"])
        .holds(&[("genesyscloud_auth_division.eng", "e")]);
}
