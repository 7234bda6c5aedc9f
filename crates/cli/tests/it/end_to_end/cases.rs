//! fixtures/cases, each with its own configuration, org and state, through real Terraform.
//!
//! Verdicts and ids are read from `expected.json`, in the words of fixtures/cases/README.md.

use divvy_sandbox::emulator::{Seed, SeedDivision};
use serde_json::{Value, json};

use super::property::Proof;
use super::scene::{does, finding, finds, hands_off, verdicts};
use crate::world::{World, fixture};

/// Opens a case and holds `check` to every item of its `expected.json`.
#[track_caller]
fn foretold(name: &str, exit: i32) -> (World, Value) {
    let world = World::of_case(name, "org.json");
    world.init();
    let report = is_foretold(name, &world, exit);
    (world, report)
}

#[track_caller]
fn is_foretold(name: &str, world: &World, exit: i32) -> Value {
    let report = world.divvy(&["check", "-o", "json"]).ended(exit).json();
    for item in expected(name)["items"].as_array().expect("items") {
        is_as_expected(&report, item);
    }
    report
}

fn expected(name: &str) -> Value {
    let text = std::fs::read_to_string(fixture("cases").join(name).join("expected.json"));
    serde_json::from_str(&text.expect("the case's expectation")).expect("JSON")
}

#[track_caller]
fn is_as_expected(report: &Value, item: &Value) {
    let found = finding(report, item["address"].as_str().expect("an address"));
    let verdict = found["verdict"].as_str().expect("a verdict");
    let word = item["verdict"].as_str().expect("a verdict");
    let is_missing_state = report["headline"]["code"] == "DVY204";
    let allowed: &[&str] = match word {
        "adopt" => &["adopt"],
        "adopt-with-change" => &["adopt_with_drift"],
        "ask" if is_missing_state => &["adopt", "adopt_with_drift"],
        "ask" => &["near_miss", "ambiguous", "deleted_twin", "other_owner"],
        "refuse" => &["home", "duplicate_in_config", "move_pending", "replace_cycle"],
        "repair-state" => &["stale", "moved", "tainted"],
        "fix-config" => &["near_miss", "duplicate_in_config", "rename_chain"],
        "no-conflict" => &["create", "managed"],
        other => panic!("no verdict is known for {other}"),
    };
    assert!(allowed.contains(&verdict), "{word} is {verdict}: {found:#}");
    if let Some(id) = item["id"].as_str() {
        assert_eq!(found["entity"]["id"], id, "{found:#}");
    }
    let one = item["candidate"].as_str().into_iter();
    let several = item["candidates"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let mut wanted: Vec<&str> = one.chain(several).collect();
    wanted.sort_unstable();
    let candidates = found["candidates"].as_array().into_iter().flatten();
    let mut shown: Vec<&str> =
        candidates.filter_map(|candidate| candidate["id"].as_str()).collect();
    shown.sort_unstable();
    if !wanted.is_empty() {
        assert_eq!(shown, wanted, "{found:#}");
    }
}

#[test]
fn case_06_keys_and_shells() {
    let name = "06-keys-and-shells";
    let (world, _) = foretold(name, 3);
    let spellings = std::fs::read_to_string(fixture("cases").join(name).join("shells.txt"));
    for (shell, heading) in [
        ("sh", "[posix sh]"),
        ("powershell", "[powershell 7.3+"),
        ("powershell-legacy", "[powershell 5.1"),
        ("cmd", "[cmd.exe]"),
    ] {
        let printed = world.divvy(&["check", "-o", "commands", "--shell", shell]).ended(3).stdout;
        let spellings = spellings.as_ref().expect("the spellings");
        let (_, block) = spellings.split_once(heading).expect("the shell's block");
        let lines = block.lines().skip(1).take_while(|line| line.starts_with("terraform import"));
        let wanted: Vec<&str> = lines
            .map(|line| line.trim_start_matches("terraform ").trim_end_matches("ID"))
            .collect();
        assert_eq!(wanted.len(), 2, "{shell}");
        for line in wanted {
            assert!(printed.contains(line), "{shell}: {line} is not in\n{printed}");
        }
    }
    let adopted = [
        (
            "genesyscloud_auth_division.desk[\"Contact Centre 1\"]",
            "88473d0c-ae5d-4018-8906-5ce43c43cab9",
        ),
        (
            "genesyscloud_auth_division.desk[\"Tom's \\\"VIP\\\" desk\"]",
            "e9af8fd3-8b91-45b8-82d4-7ab62dc31c95",
        ),
        ("genesyscloud_auth_division.desk[\"a\\\\b\"]", "2d48c4db-c394-4e53-8010-80f211fcca34"),
    ];
    let report = Proof::of(&world).with(&["--repair"]).holds(&adopted);
    assert_eq!(
        finding(&report, "division.desk[\"02\"]")["action"],
        json!({
            "do": "state_mv",
            "from": "genesyscloud_auth_division.desk[2]",
            "id": "2d74e7e9-bc58-4908-a2c4-52ce388315f9",
        })
    );
}

#[test]
fn case_07_state_already_holds_it() {
    let (world, _) = foretold("07-state-already-holds-it", 3);
    let org = world.divisions_of_org(0);
    let apac = ("division.region[\"APAC\"]", "import f2e3409c-96f6-4c5d-bf74-d2f7c5256a8c");
    let report = does(&world, &[], 3, &[apac]);
    assert_eq!(report["clean"], false, "the plan still deletes a live division: {report:#}");
    assert_eq!(report["pending"]["delete"], 1, "{report:#}");

    let repaired = [
        ("division.region[\"EMEA\"]", "state_mv division.region"),
        ("division.retail", "state_rm_import 18ae96c3-516e-4f5e-941e-1bfa2fb8908e"),
    ];
    let report = does(&world, &["--repair"], 3, &repaired);
    assert_eq!(world.divisions_of_org(0), org, "the description of the new one is kept");
    let retail = finding(&report, "division.retail");
    let hint = "description = \"made again by hand\"";
    assert!(retail["hints"].to_string().replace("\\\"", "\"").contains(hint), "{retail:#}");
    let followed = world.read("main.tf").replace("\"Retail\"", &format!("\"Retail\"\n  {hint}"));
    world.write("main.tf", &followed).has_no_changes();
    let emea = "b289a693-3626-49fe-b836-419bc416a825";
    assert_eq!(world.state().iter().filter(|(_, id)| id == emea).count(), 1);
}

#[test]
fn case_08_blanks_in_names() {
    let name = "08-blanks-in-names";
    let (world, report) = foretold(name, 3);
    let messages = report["findings"].to_string();
    for visible in ["Sales\u{2423}", "Field \u{2423}Service", "u{00a0}"] {
        assert!(messages.contains(visible), "{visible} is not in {messages}");
    }
    hands_off(&world, &["--adopt-all", "--accept-drift", "--repair"], 3);
    let log = fixture("cases").join(name).join("apply.log");
    let report = hands_off(&world, &["--from-log", log.to_str().expect("UTF-8")], 3);
    assert_ne!(finding(&report, "division.sales")["action"]["do"], "import", "{report:#}");

    let fixed = world
        .read("main.tf")
        .replace("Sales ", "Sales")
        .replace("Field  Service", "Field Service")
        .replace("Back\u{a0}Office", "Back Office")
        .replace("CENTRE_ EST", "CENTRE_EST");
    world.write("main.tf", &fixed);
    Proof::of(&world).with(&["--adopt-all"]).holds(&[
        ("genesyscloud_auth_division.sales", "126f82f9-538d-4dd4-8980-80db1db3b8e3"),
        ("genesyscloud_auth_division.field", "f291b6eb-988c-469b-b449-222427b786ab"),
        ("genesyscloud_auth_division.back", "d5b9c369-dd29-48ae-a992-b7f27af24e5d"),
        ("genesyscloud_auth_division.centre_est", "ceba7548-62da-4e5a-9f6e-6a5ffab53ce8"),
    ]);
}

#[test]
fn case_09_search_is_not_equality() {
    let name = "09-search-is-not-equality";
    let world = World::of_case(name, "org.json");
    // So many before it that the wanted one sits on a later page.
    let mut org: Seed = world.org().org();
    let filler = (0..110).map(|number| SeedDivision::named(format!("Sales {number}")));
    org.divisions.splice(0..0, filler);
    world.org().replace_org(org).expect("a larger org");
    world.init();
    is_foretold(name, &world, 2);
    let listings = world.org().requests();
    assert!(listings.iter().all(|request| !format!("{request:?}").contains("name=")), "no search");
    Proof::of(&world)
        .holds(&[("genesyscloud_auth_division.sales", "79018ba5-2b48-4831-9905-a5a888fdde01")]);
}

#[test]
fn case_10_slash_is_just_a_character() {
    let (world, report) = foretold("10-slash-is-just-a-character", 3);
    assert_eq!(report["findings"].as_array().map(Vec::len), Some(3), "no parent is wanted");
    let apac = "genesyscloud_auth_division.this[\"APAC/Sales\"]";
    let adopted = [(
        "genesyscloud_auth_division.this[\"EMEA/Sales\"]",
        "c788f0d5-67bf-4c88-b396-4044ede24790",
    )];
    Proof::of(&world).with(&["--new", apac]).holds(&adopted);
    let names = world.divisions_of_org(0);
    let names: Vec<&str> = names
        .as_object()
        .expect("divisions")
        .values()
        .filter_map(|one| one["name"].as_str())
        .collect();
    assert!(!names.contains(&"EMEA") && names.contains(&"APAC/Sales"), "{names:?}");
}

#[test]
fn case_11_letter_case() {
    let (world, report) = foretold("11-letter-case", 3);
    let offers = finding(&report, "division.marketing")["hints"].to_string();
    assert!(offers.contains("--id") && offers.contains("name = "), "{offers}");
    does(&world, &[], 3, &[("division.billing", "import 1be3a33d-6973-4afd-a869-86393330ffca")]);
    let fixed = world.read("main.tf").replace("\"marketing\"\n}", "\"Marketing\"\n}");
    world.write("main.tf", &fixed.replace("\"claims\"\n}", "\"CLAIMS\"\n}"));
    Proof::of(&world).holds(&[
        ("genesyscloud_auth_division.marketing", "3db80463-0c51-4fdf-9157-4643a0ed27df"),
        ("genesyscloud_auth_division.claims", "b436b3ab-f53e-4e42-8940-777a2e13f3ff"),
    ]);
}

#[test]
fn case_15_home_without_the_flag() {
    let (world, _) = foretold("15-home-without-the-flag", 3);
    hands_off(&world, &["--home", "--repair", "--accept-drift"], 3);

    // The second answer of the case: the flag in the block; the first apply writes the description.
    let flagged = world.read("main.tf").replacen("\"Home\"\n", "\"Home\"\n  home = true\n", 1);
    world.write("main.tf", &flagged);
    hands_off(&world, &["--home"], 3);
    let home = "update 1b870573-cadb-4195-848d-756cd9a509a1";
    does(&world, &["--home", "--accept-drift"], 0, &[("division.home", home)]);
    let _ = world.terraform(&["apply", "-auto-approve", "-input=false"]).ended(0);
    world.has_no_changes();
}

#[test]
fn case_16_two_addresses_one_name_before() {
    let name = "16-two-addresses-one-name";
    let world = World::of_case(name, "org-before.json");
    declare_provider(&world);
    std::fs::remove_file(world.directory().join("terraform.tfstate")).expect("the state of after");
    world.init();
    let shops = "module.shops.division.this";
    let report = finds(
        &world,
        3,
        &[
            ("division.retail", "duplicate_in_config"),
            (shops, "duplicate_in_config"),
            ("module.depots.division.this", "create"),
        ],
    );
    let depots = finding(&report, "module.depots.division.this");
    assert_eq!(depots["also"], json!(["duplicate_in_config"]), "as a warning");
    hands_off(&world, &[], 3);
}

#[test]
fn case_16_two_addresses_one_name_after() {
    let name = "16-two-addresses-one-name";
    let world = World::of_case(name, "org-after.json");
    declare_provider(&world);
    world.init();
    let log = fixture("cases").join(name).join("apply.log");
    let report = hands_off(&world, &["--from-log", log.to_str().expect("UTF-8")], 3);
    is_as_expected(&report, &expected(name)["items"][2]);
    let retail = finding(&report, "division.retail");
    assert!(retail["message"].to_string().contains("module.shops."), "{retail:#}");
    let choice = "genesyscloud_auth_division.retail=538fe723-4773-41b0-806e-6183f3022ef0";
    hands_off(&world, &["--repair", "--id", choice], 3);
}

/// The case's module does not say where its provider comes from, so `init` would look for
/// hashicorp/genesyscloud.
fn declare_provider(world: &World) {
    let text = "terraform {\n  required_providers {\n    genesyscloud = { source = \"mypurecloud/genesyscloud\" }\n  }\n}\n";
    world.write("modules/division/versions.tf", text);
}

#[test]
fn case_18_the_state_is_what_is_missing() {
    let (world, report) = foretold("18-the-state-is-what-is-missing", 3);
    assert_eq!(report["headline"]["code"], "DVY204", "{report:#}");
    let said = report["headline"].to_string();
    for needed in ["6 of 6", "--adopt-all", "lost again"] {
        assert!(said.contains(needed), "{needed} is not in {said}");
    }
    hands_off(&world, &[], 3);
    let ids = expected("18-the-state-is-what-is-missing");
    let items = ids["items"].as_array().expect("items").iter();
    let adopted: Vec<(&str, &str)> =
        items.filter_map(|item| Some((item["address"].as_str()?, item["id"].as_str()?))).collect();
    Proof::of(&world).with(&["--adopt-all"]).holds(&adopted);
}

#[test]
fn case_19_two_orgs_two_aliases() {
    let name = "19-two-orgs-two-aliases";
    let mut world = two_orgs(name);
    for variable in ["dev_id", "dev_key", "prod_id", "prod_key"] {
        world.set(&format!("TF_VAR_{variable}"), variable);
    }
    is_foretold(name, &world, 2);
    let prod = world.divisions_of_org(1);
    Proof::of(&world).holds(&[
        ("genesyscloud_auth_division.billing", "22a75532-0ee5-4e4f-ae4f-4cc6a2e1a38a"),
        (
            "module.prod.genesyscloud_auth_division.this[\"Billing\"]",
            "8b3d9e85-4fa6-444c-bcaa-6d19000f81a1",
        ),
    ]);
    assert_eq!(
        world.divisions_of_org(1)["8b3d9e85-4fa6-444c-bcaa-6d19000f81a1"],
        prod["8b3d9e85-4fa6-444c-bcaa-6d19000f81a1"]
    );
}

#[test]
fn case_19_without_credentials_for_one_org() {
    let mut world = two_orgs("19-two-orgs-two-aliases");
    world.unset("GENESYSCLOUD_OAUTHCLIENT_ID").unset("GENESYSCLOUD_OAUTHCLIENT_SECRET");
    for (variable, value) in
        [("dev_id", "dev"), ("dev_key", "x"), ("prod_id", ""), ("prod_key", "")]
    {
        world.set(&format!("TF_VAR_{variable}"), value);
    }
    let report = world.divvy(&["check", "-o", "json"]).ended(3).json();
    let unresolved = "unresolved_credentials".to_owned();
    let found = verdicts(&report);
    for claim in ["Billing", "Claims"] {
        let address = format!("module.prod.genesyscloud_auth_division.this[\"{claim}\"]");
        assert_eq!(found[&address], unresolved, "{report:#}");
    }
    does(&world, &[], 3, &[("division.billing", "import 22a75532-0ee5-4e4f-ae4f-4cc6a2e1a38a")]);
}

/// The world of a case with org-dev.json and org-prod.json, each provider block led to its own.
fn two_orgs(name: &str) -> World {
    let mut world = World::of_case(name, "org-dev.json");
    let prod = std::fs::read_to_string(fixture("cases").join(name).join("org-prod.json"));
    world.add_org(Seed::from_json(&prod.expect("the second org")).expect("a seed"));
    let text = format!(
        "provider \"genesyscloud\" {{\n  {}}}\nprovider \"genesyscloud\" {{\n  alias = \"prod\"\n  {}}}\n",
        world.gateway_block(0),
        world.gateway_block(1)
    );
    world.write("gateway_override.tf", &text);
    world.init();
    world
}
