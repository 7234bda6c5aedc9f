//! fixtures/configs: the shapes in which public repositories declare divisions.

use serde_json::json;

use super::property::Proof;
use crate::world::{SECRET, World, seed, seed_of};

const LOCAL_BACKEND: &str = "terraform {\n  backend \"local\" {}\n}\n";

#[test]
fn literal_blocks_in_one_file() {
    let names =
        ["DEX_NORTH", "DEX_SOUTH", "PARTNER_A", "KYC_CREATION", "SUCCESSIONS", "TECH_1", "TECH_2"];
    let address = |name: &str| format!("genesyscloud_auth_division.{name}");
    let ids: Vec<String> = names.iter().map(|name| format!("id-{name}")).collect();
    let mut divisions: Vec<(&str, &str)> = ids.iter().map(String::as_str).zip(names).collect();
    divisions.push(("id-centre", "DEX_CENTRE_EAST"));
    let world = World::of_config("01-flat-literal", seed(&divisions));
    world.write("version_override.tf", "terraform {\n  required_version = \">= 1.5\"\n}\n");
    world.init();

    let addresses: Vec<String> = names.iter().map(|name| address(name)).collect();
    let adopted: Vec<(&str, &str)> =
        addresses.iter().map(String::as_str).zip(ids.iter().map(String::as_str)).collect();
    let report = Proof::of(&world).with(&["--adopt-all"]).ending(3).holds(&adopted);
    assert_eq!(report["summary"]["near_miss"], 1, "{report:#}");
}

#[test]
fn a_module_over_a_map_with_a_moved_block() {
    let seed = seed_of(&json!({ "divisions": [
        { "id": "id-claims", "name": "Claims_Motor", "description": "Motor claims" },
        { "id": "id-back", "name": "Back Desk" },
    ] }));
    let world = World::of_config("02-module-map-moved", seed);
    world.write("backend_override.tf", LOCAL_BACKEND);
    world.init();
    Proof::of(&world).holds(&[
        ("module.divisions.genesyscloud_auth_division.divisions[\"claims\"]", "id-claims"),
        ("module.divisions.genesyscloud_auth_division.divisions[\"back-desk\"]", "id-back"),
    ]);
}

#[test]
fn a_module_over_a_map_while_the_move_is_pending() {
    let seed = seed_of(&json!({ "divisions": [
        { "id": "id-claims", "name": "Claims_Motor", "description": "Motor claims" },
        { "id": "id-back", "name": "Back Desk" },
        { "id": "id-2nd", "name": "2nd Level" },
    ] }));
    let world = World::of_config("02-module-map-moved", seed);
    world.write("backend_override.tf", LOCAL_BACKEND);
    world.tracks(&[json!({ "label": "claims_old", "id": "id-claims", "name": "Claims_Motor", "description": "Motor claims" })]);
    world.init();
    let claims = "module.divisions.genesyscloud_auth_division.divisions[\"claims\"]";
    let check = world.divvy(&["check", "-o", "json"]).ended(2).json();
    assert_eq!(
        check["summary"],
        json!({ "adopt": 2, "create": 1, "move_pending": 1 }),
        "{check:#}"
    );
    Proof::of(&world).holds(&[
        ("module.divisions.genesyscloud_auth_division.divisions[\"back-desk\"]", "id-back"),
        ("module.divisions.genesyscloud_auth_division.divisions[\"2nd_level\"]", "id-2nd"),
    ]);
    assert_eq!(world.id_at(claims).as_deref(), Some("id-claims"), "Terraform's own move was made");
}

#[test]
fn rows_of_a_csv_with_quotes_in_their_keys() {
    let seed = seed_of(&json!({ "divisions": [
        { "id": "id-retail", "name": "Retail", "description": "Shops" },
        { "id": "id-sales", "name": "Sales, Direct", "description": "Phone sales" },
        { "id": "id-a", "name": "The \"A\" Team", "description": "Escalations" },
        { "id": "id-north", "name": "Retail North" },
    ] }));
    let world = World::of_config("03-csv-driven", seed);
    world.init();
    Proof::of(&world).with(&["--adopt-all"]).holds(&[
        ("module.divisions.genesyscloud_auth_division.rows[\"Retail\"]", "id-retail"),
        ("module.divisions.genesyscloud_auth_division.rows[\"Sales, Direct\"]", "id-sales"),
        ("module.divisions.genesyscloud_auth_division.rows[\"The \\\"A\\\" Team\"]", "id-a"),
        ("module.divisions.genesyscloud_auth_division.rows[\"Retail North\"]", "id-north"),
    ]);
}

#[test]
fn an_exported_tree_without_its_state() {
    let world = World::of_config("04-exported-json-tree", exported_org());
    std::fs::remove_file(world.directory().join("terraform.tfstate")).expect("the exported state");
    world.init();
    Proof::of(&world).with(&["--adopt-all", "--home"]).holds(&[
        ("genesyscloud_auth_division.Home", "bcad90e6-a569-4f11-aadf-b93f463dea36"),
        ("genesyscloud_auth_division._2nd_Level", "2fdf3feb-104d-444c-a8bf-5a75c9db526e"),
        ("genesyscloud_auth_division.Care__North_", "223be990-d31c-4615-a63b-b866cdb09e52"),
        (
            "genesyscloud_auth_division.Care__North__3120489952",
            "89e1f573-b2a7-4e53-a683-d6bf939e4cde",
        ),
        ("genesyscloud_auth_division.Zuerich", "51c1ffe7-f28f-4e5b-a221-1802ebb7ccb2"),
    ]);
}

#[test]
fn an_exported_tree_with_its_state_of_flat_attributes_is_managed() {
    let world = World::of_config("04-exported-json-tree", exported_org());
    world.init();
    let report = world.divvy(&["check", "-o", "json"]).ended(0).json();
    let findings = report["findings"].as_array().expect("findings");
    assert!(findings.iter().all(|finding| finding["kind"] == "queue"), "{report:#}");
}

fn exported_org() -> divvy_sandbox::emulator::Seed {
    seed_of(&json!({
        "home": { "id": "bcad90e6-a569-4f11-aadf-b93f463dea36", "name": "Home", "homeDivision": true },
        "divisions": [
            { "id": "2fdf3feb-104d-444c-a8bf-5a75c9db526e", "name": "2nd Level" },
            { "id": "223be990-d31c-4615-a63b-b866cdb09e52", "name": "Care (North)", "description": "Care desk" },
            { "id": "89e1f573-b2a7-4e53-a683-d6bf939e4cde", "name": "Care [North]" },
            // As some other client wrote it: decomposed.
            { "id": "51c1ffe7-f28f-4e5b-a221-1802ebb7ccb2", "name": "Zu\u{308}rich" },
        ],
    }))
}

#[test]
fn a_workspace_chooses_the_credentials_and_count_the_names() {
    let seed = seed_of(&json!({
        "divisions": [
            { "id": "id-sales", "name": "LAB_Sales", "description": "from ./csv/lab/" },
            { "id": "id-claims", "name": "LAB_Claims", "description": "from ./csv/lab/" },
            { "id": "id-night", "name": "LAB_ Night Desk", "description": "from ./csv/lab/" },
        ],
        "clients": [{ "id": "uat-client", "secret": SECRET }],
    }));
    let mut world = World::of_config("05-workspace-ternary-count", seed);
    for name in ["lab", "prod"] {
        world
            .set(&format!("TF_VAR_client_{name}"), "of-another-org")
            .set(&format!("TF_VAR_secret_{name}"), "x");
    }
    world.set("TF_VAR_client_uat", "uat-client").set("TF_VAR_secret_uat", SECRET);
    world.unset("GENESYSCLOUD_OAUTHCLIENT_ID").unset("GENESYSCLOUD_OAUTHCLIENT_SECRET");
    world.init();
    let _ = world.terraform(&["workspace", "new", "uat"]).ended(0);
    Proof::of(&world).variables(&["-var-file=lab.tfvars", "-var", "region=eu-central-1"]).holds(&[
        ("genesyscloud_auth_division.lob[0]", "id-sales"),
        ("genesyscloud_auth_division.lob[2]", "id-claims"),
        ("genesyscloud_auth_division.lob[3]", "id-night"),
    ]);
}

#[test]
fn home_as_a_resource_beside_an_ordinary_division() {
    let seed = seed_of(&json!({
        "home": { "id": "id-home", "name": "Home", "description": "default", "homeDivision": true },
        "divisions": [{ "id": "id-demo", "name": "Demo1", "description": "Demo1" }],
    }));
    let world = World::of_config("06-home-as-resource", seed);
    world.write("backend_override.tf", LOCAL_BACKEND);
    world.init();
    let demo = "module.auth_division.genesyscloud_auth_division.demo1";
    let home = "module.auth_division.genesyscloud_auth_division.default-home";

    let report = world.divvy(&["fix", "--yes", "-o", "json"]).ended(3).json();
    assert_eq!(
        super::property::imports(&report),
        [(demo.to_owned(), "id-demo".to_owned())],
        "{report:#}"
    );
    assert_eq!(world.id_at(home), None, "Home is taken only if that is said");
    Proof::of(&world).with(&["--home"]).holds(&[(home, "id-home")]);
}

#[test]
fn names_with_slashes_out_of_a_yaml_tree() {
    let seed = seed_of(&json!({ "divisions": [
        { "id": "id-emea", "name": "EMEA", "description": "Region EMEA" },
        { "id": "id-emea-rd", "name": "EMEA/R&D", "description": "Team R&D in EMEA" },
        { "id": "id-apac-av", "name": "APAC/Après-vente", "description": "Team Après-vente in APAC" },
        { "id": "id-nam", "name": "NAM", "description": "Region NAM" },
        { "id": "id-leaf", "name": "Sales" },
    ] }));
    let world = World::of_config("07-yaml-path-names", seed);
    world.init();
    Proof::of(&world).holds(&[
        ("genesyscloud_auth_division.this[\"EMEA\"]", "id-emea"),
        ("genesyscloud_auth_division.this[\"EMEA/R&D\"]", "id-emea-rd"),
        ("genesyscloud_auth_division.this[\"APAC/Après-vente\"]", "id-apac-av"),
        ("genesyscloud_auth_division.this[\"NAM\"]", "id-nam"),
    ]);
}

#[test]
fn a_name_from_a_variable_without_default() {
    let seed = seed_of(
        &json!({ "divisions": [{ "id": "id-main", "name": "Contact Center", "description": "Managed by CI" }] }),
    );
    let mut world = World::of_config("08-ci-matrix-prefix/divisions", seed);
    world.write("backend_override.tf", LOCAL_BACKEND);
    world.set("TF_VAR_division_name", "Contact Center");
    world.init();
    Proof::of(&world).holds(&[("genesyscloud_auth_division.main", "id-main")]);
}

#[test]
fn a_root_that_only_reads_divisions_has_nothing_to_adopt() {
    let world =
        World::of_config("08-ci-matrix-prefix/queues", seed(&[("id-main", "Contact Center")]));
    world.write("backend_override.tf", LOCAL_BACKEND);
    world.init();
    Proof::of(&world).variables(&["-var", "division_name=Contact Center"]).holds(&[]);
}
