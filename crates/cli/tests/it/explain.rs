//! `divvy explain` on the recorded logs: from the log alone, with an org and no configuration, and
//! with real Terraform beside it; judged by the cases' own expected.json.

use std::fs;
use std::path::Path;

use divvy_core::catalogue;
use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::run::terminal::Terminal;
use crate::world::{DIVVY, Ran, World, fixture, is_opentofu, seed, seed_of};

/// A world with the org of a case, its log and nothing else.
fn with_log(case: &str, org: &str, log: &str) -> World {
    let text = fs::read_to_string(fixture("cases").join(case).join(org)).unwrap();
    let world = World::new(seed_of(&serde_json::from_str(&text).unwrap()));
    let to = world.directory().join(Path::new(log).file_name().unwrap());
    fs::copy(fixture("cases").join(case).join(log), to).unwrap();
    world
}

/// A world without credentials, with one file.
fn without_org(from: &Path) -> World {
    let mut world = World::new(seed(&[]));
    world.unset("GENESYSCLOUD_OAUTHCLIENT_ID").unset("GENESYSCLOUD_OAUTHCLIENT_SECRET");
    fs::copy(from, world.directory().join(from.file_name().unwrap())).unwrap();
    world
}

/// What a case expects, as far as it is about one log and unit.
pub(crate) fn expected(case: &str, is_meant: impl Fn(&Value) -> bool) -> Vec<Value> {
    let text = fs::read_to_string(fixture("cases").join(case).join("expected.json")).unwrap();
    let all: Value = serde_json::from_str(&text).unwrap();
    let items: Vec<_> =
        all["items"].as_array().unwrap().iter().filter(|item| is_meant(item)).cloned().collect();
    assert!(!items.is_empty(), "{case} expects nothing");
    items
}

/// Our words for a case's word.
fn words(verdict: &str) -> &'static [&'static str] {
    match verdict {
        "adopt" => &["adopt"],
        "ask" => &["near_miss", "ambiguous", "deleted_twin", "other_owner"],
        "not-a-conflict" => &["not_a_conflict"],
        other => panic!("{other}"),
    }
}

/// Holds a report to what a case expects of one log.
#[track_caller]
pub(crate) fn assert_as_expected(report: &Value, items: &[Value]) {
    let findings = report["findings"].as_array().unwrap();
    for item in items {
        let is_it = |finding: &&Value| {
            finding["address"] == item["address"]
                && (finding["unit"] == item["unit"] || item["unit"].is_null())
        };
        let found: Vec<_> = findings.iter().filter(is_it).collect();
        let [finding] = found.as_slice() else { panic!("{item:#}\n{report:#}") };
        let verdict = finding["verdict"].as_str().unwrap();
        assert!(
            words(item["verdict"].as_str().unwrap()).contains(&verdict),
            "{item:#}\n{finding:#}"
        );
        for id in
            ["id", "candidate"].map(|field| &item[field]).into_iter().filter(|id| !id.is_null())
        {
            assert_eq!(&finding["entity"]["id"], id, "{finding:#}");
        }
        if let Some(name) = item["name"].as_str() {
            assert_eq!(finding["name"], name);
        }
        // A missing state asks for the whole set first.
        let adopts = verdict == "adopt" && report["headline"]["code"] != "DVY204";
        assert_eq!(finding["action"]["do"], if adopts { "import" } else { "none" }, "{finding:#}");
    }
}

fn is_valid(report: &Value) {
    let schema = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/report.schema.json");
    let schema: Value = serde_json::from_str(&fs::read_to_string(schema).unwrap()).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let errors: Vec<_> = validator.iter_errors(report).map(|error| error.to_string()).collect();
    assert!(errors.is_empty(), "{errors:#?}\n{report:#}");
}

pub(crate) fn explained(world: &World, arguments: &[&str], code: i32) -> Value {
    let arguments: Vec<_> = [&["explain"], arguments, &["-o", "json"]].concat();
    let report = world.divvy(&arguments).ended(code).json();
    is_valid(&report);
    assert_eq!(report["command"], "explain");
    report
}

const REQUIRED_PROVIDERS: &str = r#"
terraform {
  required_providers {
    genesyscloud = { source = "mypurecloud/genesyscloud" }
  }
}
"#;

/// Every log of the cases that `explain` is for.
const LOGS: [&str; 13] = [
    "01-azure-devops-ansi/apply.log",
    "02-terragrunt-and-tofu-prefixes/terragrunt-json.log",
    "02-terragrunt-and-tofu-prefixes/terragrunt-run-all.log",
    "02-terragrunt-and-tofu-prefixes/wrapper-tofu.log",
    "03-json-stream-with-noise/apply-json.log",
    "03-json-stream-with-noise/apply-json-utf16le.log",
    "04-cdktf-partial-create/run1.log",
    "04-cdktf-partial-create/run2.log",
    "05-atlantis-other-state-owns-it/comment.md",
    "12-soft-deleted/apply.log",
    "13-conflict-but-no-duplicate/apply.log",
    "14-duplicate-without-409/apply.log",
    "17-errored-tfstate/run1.log",
];

#[test]
fn each_log_is_explained_from_itself_alone() {
    for log in LOGS {
        let world = without_org(&fixture("cases").join(log));
        let file = Path::new(log).file_name().unwrap().to_str().unwrap();
        let ran = world.divvy(&["explain", "--offline", file]).ended(3);
        assert_eq!(ran.stderr, "", "{log}");
        assert_snapshot!(format!("offline_{}", log.replace(['/', '.'], "_")), ran.stdout);
        assert_eq!(world.org().requests().len(), 0, "{log}: the org was asked");
        // Without credentials and without a configuration it needs no flag.
        assert_eq!(world.divvy(&["explain", file]).ended(3).stdout, ran.stdout, "{log}");
    }
}

#[test]
fn each_refusal_of_the_official_provider_has_its_own_words() {
    let mut samples: Vec<_> = fs::read_dir(fixture("provider-samples"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.file_name().unwrap().to_str().unwrap().starts_with("diag-"))
        .collect();
    samples.push(fixture("provider-samples/plan-crash-concurrent-map-writes.txt"));
    samples.push(fixture("provider-samples/apply-ctrl-c-group.txt"));
    samples.sort();
    let mut told = String::new();
    for sample in samples {
        let file = sample.file_name().unwrap().to_str().unwrap().to_owned();
        let world = without_org(&sample);
        let ran = world.divvy(&["explain", "--offline", &file, "-o", "json"]);
        let report = ran.json();
        is_valid(&report);
        told.push_str(&format!("{file}: exit {}\n", ran.code));
        for finding in report["findings"].as_array().unwrap() {
            told.push_str(&format!(
                "  {} {}\n  > {}\n",
                finding["verdict"].as_str().unwrap(),
                finding["message"].as_str().unwrap(),
                finding["hints"][0].as_str().unwrap_or("-"),
            ));
        }
    }
    assert_snapshot!("provider_samples", told);
}

#[test]
fn with_an_org_and_no_configuration_names_are_looked_up() {
    for (case, log, code) in [
        ("01-azure-devops-ansi", "apply.log", 2),
        ("03-json-stream-with-noise", "apply-json.log", 2),
        ("03-json-stream-with-noise", "apply-json-utf16le.log", 2),
        ("04-cdktf-partial-create", "run2.log", 2),
        ("12-soft-deleted", "apply.log", 3),
        ("14-duplicate-without-409", "apply.log", 3),
    ] {
        let world = with_log(case, "org.json", log);
        let report = explained(&world, &[log], code);
        let is_meant = |item: &Value| item["log"].is_null() || item["log"] == log;
        assert_as_expected(&report, &expected(case, is_meant));
        assert_eq!(report["terraform_runs"], 0, "{case}");
        assert_eq!(report["pending"], Value::Null, "{case}");
    }
}

#[test]
fn a_log_printed_twice_gives_two_conflicts_and_offers_nothing_that_it_created() {
    let world = with_log("01-azure-devops-ansi", "org.json", "apply.log");
    let report = explained(&world, &["apply.log"], 2);
    assert_eq!(report["findings"].as_array().unwrap().len(), 2, "{report:#}");
    let table = world.divvy(&["explain", "apply.log"]).ended(2).stdout;
    assert!(table.contains("What the run itself created is not offered (1)"), "{table}");
}

#[test]
fn a_409_that_is_no_duplicate_imports_nothing() {
    let case = "13-conflict-but-no-duplicate";
    let world = with_log(case, "org.json", "apply.log");
    let report = explained(&world, &["apply.log"], 3);
    assert_as_expected(&report, &expected(case, |item| !item["address"].is_null()));
    let findings = report["findings"].as_array().unwrap();
    assert_eq!(findings.len(), 3, "{report:#}");
    assert!(findings.iter().all(|finding| finding["verdict"] == "not_a_conflict"), "{report:#}");
}

#[test]
fn one_address_in_two_units_is_two_conflicts_each_in_its_own_org() {
    let case = "02-terragrunt-and-tofu-prefixes";
    for (org, unit) in
        [("org-dev.json", "orgs/dev/divisions"), ("org-prod.json", "orgs/prod/divisions")]
    {
        let log = "terragrunt-run-all.log";
        let world = with_log(case, org, log);
        let report = explained(&world, &[log, "--unit", unit], 3);
        assert_eq!(report["findings"].as_array().unwrap().len(), 2, "{report:#}");
        assert_as_expected(
            &report,
            &expected(case, |item| item["log"] == log && item["unit"] == unit),
        );
        let other =
            report["findings"].as_array().unwrap().iter().find(|finding| finding["unit"] != unit);
        assert_eq!(other.unwrap()["entity"], Value::Null);
        // Nobody said which of them the credentials belong to.
        let unsure = explained(&world, &[log], 3);
        assert_eq!(unsure["api_requests"], 0, "{unsure:#}");
        // The directory says it, too.
        fs::create_dir_all(world.directory().join(unit)).unwrap();
        let told = explained(&world, &[log, "--chdir", unit], 3);
        let known = |report: &Value| {
            let findings = report["findings"].as_array().unwrap();
            let known = findings.iter().map(|finding| {
                ["unit", "address", "verdict", "entity", "action"]
                    .map(|field| finding[field].clone())
            });
            known.collect::<Vec<_>>()
        };
        assert_eq!(known(&told), known(&report));
    }
    let world = with_log(case, "org-dev.json", "terragrunt-json.log");
    let report = explained(&world, &["terragrunt-json.log"], 2);
    assert_as_expected(&report, &expected(case, |item| item["log"] == "terragrunt-json.log"));
    let world = with_log(case, "org-prod.json", "wrapper-tofu.log");
    let report = explained(&world, &["wrapper-tofu.log"], 2);
    assert_as_expected(&report, &expected(case, |item| item["log"] == "wrapper-tofu.log"));
}

#[test]
fn a_name_that_the_log_does_not_tell_is_not_guessed() {
    let world = with_log("04-cdktf-partial-create", "org.json", "run1.log");
    let report = explained(&world, &["run1.log"], 3);
    assert_eq!(report["findings"][0]["verdict"], "unknown_name", "{report:#}");
    assert_eq!(report["findings"][0]["entity"], Value::Null);
}

#[test]
fn what_the_same_run_created_is_not_offered_to_another_address() {
    let world = World::new(seed(&[("id-retail", "Retail")]));
    world.write(
        "apply.log",
        "genesyscloud_auth_division.a: Creating...\n\
         genesyscloud_auth_division.a: Creation complete after 1s [id=id-retail]\n\n\
         Error: Failed to create division Retail error: API Error: 409 - x (8579ea86-ca06-4340-8f48-fdd129d85356)\n\n  \
         with genesyscloud_auth_division.b,\n  on main.tf line 1, in resource \"genesyscloud_auth_division\" \"b\":\n\n\
         {\"resourceType\":\"genesyscloud_auth_division\",\"method\":\"POST\",\"path\":\"/api/v2/authorization/divisions\",\"statusCode\":409,\"correlationId\":\"8579ea86-ca06-4340-8f48-fdd129d85356\"}\n",
    );
    let report = explained(&world, &["apply.log"], 3);
    let [finding] = report["findings"].as_array().unwrap().as_slice() else { panic!("{report:#}") };
    assert_eq!(finding["verdict"], "duplicate_in_config", "{report:#}");
    assert_eq!(finding["action"], json!({ "do": "none" }));
}

#[test]
fn another_state_that_manages_it_is_named() {
    let case = "05-atlantis-other-state-owns-it";
    let world = with_log(case, "org.json", "comment.md");
    let state = fixture("cases").join(case).join("roots/legacy/terraform.tfstate");
    let report = explained(&world, &["comment.md", "--other-state", state.to_str().unwrap()], 3);
    assert_as_expected(&report, &expected(case, |item| item["when"].is_null()));
    assert_eq!(report["findings"][0]["verdict"], "other_owner");
    let report = explained(&world, &["comment.md"], 2);
    assert_as_expected(&report, &expected(case, |item| !item["when"].is_null()));
}

#[test]
fn with_a_configuration_terraform_and_the_org_have_their_say() {
    for (case, log, code) in [
        // Its pipeline kept no state, and everything that it plans exists.
        ("01-azure-devops-ansi", "apply.log", 3),
        ("04-cdktf-partial-create", "run1.log", 2),
        ("12-soft-deleted", "apply.log", 3),
        ("14-duplicate-without-409", "apply.log", 3),
    ] {
        let world = World::of_case(case, "org.json");
        if world.directory().join("modules").exists() {
            // The case's module names its provider nowhere; Terraform would take another one.
            world.write("modules/divisions/versions.tf", REQUIRED_PROVIDERS);
        }
        world.init();
        let report = explained(&world, &[log], code);
        let is_meant = |item: &Value| item["log"].is_null() || item["log"] == log;
        let items = expected(case, is_meant);
        assert_as_expected(&report, &items);
        assert_eq!(report["findings"].as_array().unwrap().len(), items.len(), "{case}: {report:#}");
        assert_ne!(report["terraform"], Value::Null);
        assert_eq!(world.litter(), Vec::<String>::new());
    }
}

#[test]
fn an_unsaved_state_comes_before_any_import() {
    let world = World::of_case("17-errored-tfstate", "org.json");
    world.write("terraform.tfstate", &world.read("remote-state.json"));
    world.init();
    let report = explained(&world, &["run2.log"], 3);
    assert_eq!(report["headline"]["code"], "DVY201", "{report:#}");
    let program = if is_opentofu() { "tofu" } else { "terraform" };
    let push = format!("{program} state push errored.tfstate");
    assert_eq!(report["headline"]["hints"][0], push);
    for finding in report["findings"].as_array().unwrap() {
        assert_eq!(finding["action"]["do"], "none", "{finding:#}");
    }
}

#[test]
fn what_is_managed_by_now_is_said_and_not_offered_again() {
    let world = World::new(seed(&[("id-eng", "Engineering")]));
    world.divisions(&[("eng", "name = \"Engineering\"")]).init();
    let apply = world.terraform(&["apply", "-auto-approve", "-input=false"]).ended(1);
    world.write("apply.log", &format!("{}{}", apply.stdout, apply.stderr));
    let before = explained(&world, &["apply.log"], 2);
    assert_eq!(before["findings"][0]["entity"]["id"], "id-eng", "{before:#}");
    let _ = world.divvy(&["fix", "--yes"]).ended(0);
    let after = world.divvy(&["explain", "apply.log"]).ended(0);
    assert!(after.stdout.contains("Managed by now"), "{}", after.stdout);
}

#[test]
fn a_plan_of_json_gives_what_the_log_does_not_tell() {
    let world = World::of_case("04-cdktf-partial-create", "org.json");
    world.init();
    let _ = world.terraform(&["plan", "-input=false", "-out=PLAN"]).ended(0);
    let plan = world.terraform(&["show", "-json", "PLAN"]).ended(0).stdout;
    let elsewhere = with_log("04-cdktf-partial-create", "org.json", "run1.log");
    elsewhere.write("plan.json", &plan);
    let report = explained(&elsewhere, &["run1.log", "--plan", "plan.json"], 2);
    assert_as_expected(
        &report,
        &expected("04-cdktf-partial-create", |item| item["log"] == "run1.log"),
    );
    assert_eq!(report["terraform_runs"], 0);
}

#[test]
fn a_look_that_fails_is_a_warning_and_the_log_is_explained_all_the_same() {
    let world = World::of_case("12-soft-deleted", "org.json");
    // Not initialised: no plan can be made.
    let ran: Ran = world.divvy(&["explain", "apply.log"]).ended(3);
    assert!(ran.stderr.contains("not looked up"), "{}", ran.stderr);
    assert!(ran.stderr.contains("terraform init"), "{}", ran.stderr);
    assert!(ran.stdout.contains("DVY110"), "{}", ran.stdout);
    // Flags say which org it is, so the names can be looked up without Terraform.
    let url = world.org().url().to_owned();
    let ran = world.divvy(&["explain", "apply.log", "--api-url", &url]).ended(3);
    assert!(ran.stdout.contains("DVY105"), "{}", ran.stdout);
}

#[test]
fn every_code_and_every_word_prints_its_page() {
    let world = World::new(seed(&[]));
    for page in catalogue::entries().take(3) {
        for what in [page.code, page.word] {
            let shown = world.divvy(&["explain", what]).ended(0).stdout;
            assert!(shown.starts_with(&format!("{} {}:", page.code, page.word)), "{shown}");
        }
    }
}

#[test]
fn a_page_comes_in_every_form() {
    let world = World::new(seed(&[]));
    let schema = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/diagnostic.schema.json");
    let mut schema: Value = serde_json::from_str(&fs::read_to_string(schema).unwrap()).unwrap();
    schema["additionalProperties"] = json!(false);
    let validator = jsonschema::validator_for(&schema).unwrap();
    for page in catalogue::entries() {
        let told = world.divvy(&["explain", page.code, "-o", "json"]).ended(0).json();
        assert!(validator.is_valid(&told), "{told:#}");
        assert_eq!((&told["word"], &told["fix"]), (&json!(page.word), &json!(page.fix)));
    }
    let shown = |format| world.divvy(&["explain", "dvy201", "-o", format]).ended(0).stdout;
    assert_snapshot!(
        "one_page",
        ["table", "markdown", "github"]
            .map(|format| format!("-- {format}\n{}", shown(format)))
            .join("\n")
    );
    assert_eq!(world.divvy(&["explain", "DVY201", "-o", "html"]).ended(64).stdout, "");
}

#[test]
fn an_unknown_code_is_a_usage_error_that_names_the_nearest() {
    let world = World::new(seed(&[]));
    for (slip, nearest) in [
        ("DVY999", "DVY1"),
        ("DVY10l", "DVY101"),
        ("adpot", "divvy explain DVY101"),
        ("errored-state", "divvy explain DVY201"),
    ] {
        let told = world.divvy(&["explain", slip]).ended(64).stderr;
        assert!(told.contains(&format!("{slip} is no file")), "{told}");
        assert!(told.contains(nearest), "{told}");
    }
    let told = world.divvy(&["explain", "apply.log"]).ended(1).stderr;
    assert!(told.contains("could not read apply.log"), "{told}");
    // A file of that name is a file.
    world.write("adpot", "Apply complete! Resources: 0 added, 0 changed, 0 destroyed.\n");
    let _ = world.divvy(&["explain", "adpot"]).ended(0);
}

#[test]
fn a_log_without_failures_is_said_to_be_one() {
    let world = World::new(seed(&[]));
    world.write("apply.log", "Apply complete! Resources: 0 added, 0 changed, 0 destroyed.\n");
    let ran = world.divvy(&["explain", "apply.log"]).ended(0);
    assert!(ran.stdout.contains("no failure was found"), "{}", ran.stdout);
    assert_eq!(world.org().requests().len(), 0);
}

#[test]
fn a_log_is_read_from_standard_input_too() {
    let log = fixture("cases/12-soft-deleted/apply.log");
    let world = World::new(seed(&[]));
    let mut command = world.command(DIVVY);
    command.args(["explain", "--offline"]).stdin(fs::File::open(log).unwrap());
    let output = command.output().unwrap();
    let shown = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(3), "{shown}");
    assert!(shown.ends_with("next: divvy fix --from-log FILE\n"), "{shown}");
    assert!(output.stderr.is_empty(), "nobody is asked to paste");
}

#[test]
fn an_empty_log_is_no_run_without_failures() {
    let world = World::new(seed(&[]));
    world.write("apply.log", "");
    let ran = world.divvy(&["explain", "apply.log"]).ended(3);
    assert!(ran.stderr.starts_with("error: apply.log is empty\nhint: keep the output"), "{ran:?}");
    let ran = world.divvy(&["explain", "--offline"]).ended(3);
    assert!(ran.stderr.starts_with("error: standard input is empty\n"), "{ran:?}");
}

#[test]
fn what_holds_no_output_of_terraform_says_what_it_looks_like_and_ends_with_3() {
    let world = World::new(seed(&[]));
    for (log, looks) in [
        ("<!doctype html><title>Sign in</title>", "HTML"),
        ("{\"message\":\"Not Found\"}", "JSON without a message of Terraform's"),
        ("npm ERR! code 1\n", "text without"),
    ] {
        world.write("apply.log", log);
        for arguments in
            [&["explain", "--offline", "apply.log"][..], &["fix", "--from-log", "apply.log"]]
        {
            let ran = world.divvy(arguments).ended(3);
            assert!(ran.stderr.contains("no output of Terraform: it looks like"), "{ran:?}");
            assert!(ran.stderr.contains(looks), "{ran:?}");
        }
    }
}

#[test]
fn a_log_that_is_cut_before_its_end_is_no_run_without_failures() {
    let world = World::new(seed(&[]));
    let began = "genesyscloud_auth_division.eng: Creating...\n";
    world.write("apply.log", began);
    let _ = world.divvy(&["explain", "--offline", "apply.log"]).ended(3);
    let ended = "genesyscloud_auth_division.eng: Creation complete after 1s [id=1]\nApply complete! Resources: 1 added.\n";
    world.write("apply.log", &format!("{began}{ended}"));
    let _ = world.divvy(&["explain", "--offline", "apply.log"]).ended(0);
}

#[test]
fn whoever_names_no_log_at_a_terminal_may_paste_it() {
    let world = World::new(seed(&[]));
    let line = format!("{DIVVY} explain --offline");
    let mut terminal = Terminal::start(world.command("script"), &line);
    terminal.wait_for("paste the output of the failed run here, then press Ctrl-D");
    terminal.type_in("Error: Failed to create division Eng error: API Error: 409 - taken (1d4c1e8d-97a8-46e9-ae1b-e73db916ee7b)\n\u{4}");
    terminal.wait_for("The API refused to create \"Eng\"");
    assert_eq!(terminal.end().0, 3);
}

#[test]
fn the_providers_own_log_tells_a_self_made_409() {
    let world = without_org(&fixture("provider-samples/apply-lost-reply.jsonl"));
    let own = fixture("provider-samples/provider-log-lost-reply.log");
    let plain = world.divvy(&["explain", "apply-lost-reply.jsonl"]).ended(3).stdout;
    assert!(plain.contains("most likely a division of that name exists"), "{plain}");
    let arguments = ["explain", "apply-lost-reply.jsonl", "--provider-log", own.to_str().unwrap()];
    let told = world.divvy(&arguments).ended(3).stdout;
    assert!(told.contains("own first try made"), "{told}");
}

#[test]
fn markdown_and_annotations_name_the_unit() {
    let world =
        without_org(&fixture("cases/02-terragrunt-and-tofu-prefixes/terragrunt-run-all.log"));
    let log = "terragrunt-run-all.log";
    for format in ["markdown", "github"] {
        let shown = world.divvy(&["explain", log, "-o", format]).ended(3).stdout;
        for unit in ["orgs/dev/divisions", "orgs/prod/divisions"] {
            assert!(shown.contains(unit), "{shown}");
        }
    }
}
