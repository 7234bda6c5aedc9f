//! Every recorded output and every case with a log gives exactly the failures written down here.

use std::fs::File;
use std::path::{Path, PathBuf};

use divvy_core::{Address, Failure};
use divvy_terraform::logs::{self, LogReading};

/// One line per failure: unit, address, operation/shape, status, method, path, name, beginning of
/// the correlation id, then what is special.
pub(crate) fn describe(failure: &Failure) -> String {
    let mut words = Vec::new();
    words.extend(failure.unit.as_ref().map(|unit| format!("[{unit}]")));
    words.extend(failure.address.as_ref().map(ToString::to_string));
    if failure.address.is_none() {
        words.extend(failure.terraform_type.clone());
    }
    words.push(format!("{:?}/{:?}", failure.operation, failure.shape));
    words.extend(failure.status.map(|status| status.to_string()));
    words.extend(failure.method.clone());
    words.extend(
        failure
            .path
            .as_ref()
            .map(|path| path.replace("/api/v2/authorization/divisions", "DIVISIONS")),
    );
    words.extend(failure.name.as_ref().map(|name| format!("{name:?}")));
    words.extend(failure.correlation_id.as_ref().map(|id| format!("#{}", &id[..id.len().min(8)])));
    words.extend(failure.is_self_made.then(|| "self-made".to_owned()));
    words.extend(failure.damage.iter().map(|damage| format!("({damage})")));
    words.join(" ")
}

pub(crate) fn described(reading: &LogReading) -> Vec<String> {
    reading.failures.iter().map(describe).collect()
}

fn fixture(path: &str) -> PathBuf {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures")).join(path)
}

fn read(path: &str) -> LogReading {
    logs::read(File::open(fixture(path)).expect(path)).expect(path)
}

/// A log, its failures, the addresses it created.
type Case = (&'static str, &'static [&'static str], &'static [&'static str]);

const SALES_DEV: &str = "[orgs/dev/divisions] genesyscloud_auth_division.this[\"sales\"] Create/Refused 409 POST DIVISIONS \"Sales\" #6407320f";
const SALES_PROD: &str = "[orgs/prod/divisions] genesyscloud_auth_division.this[\"sales\"] Create/Refused 409 POST DIVISIONS \"Sales\" #efc62146";
const STATE_NOT_SAVED: &str = "State/StateNotSaved";

const PLAIN: &[&str] = &[
    "genesyscloud_auth_division.eng Create/Refused 409 POST DIVISIONS \"Engineering\" #6d03b183",
    "genesyscloud_auth_division.many[\"Sales EMEA & Co\"] Create/Refused 409 POST DIVISIONS \"Sales EMEA & Co\" #0c545895",
];
const WRAPPED: &[&str] = &[
    "genesyscloud_auth_division.eng Create/Refused 409 POST DIVISIONS \"Engineering\" #7459d46b",
    "genesyscloud_auth_division.many[\"Sales EMEA & Co\"] Create/Refused 409 POST DIVISIONS \"Sales EMEA & Co\" #38fe1571",
];
const FRESH: &[&str] = &["genesyscloud_auth_division.fresh 442c4855-30b2-41b0-a226-b48ed3b7d5f5"];

static CASES: &[Case] = &[
    (
        "cases/01-azure-devops-ansi/apply.log",
        &[
            "genesyscloud_auth_division.billing Create/Refused 409 POST DIVISIONS \"Billing\" #1d4c1e8d",
            "module.divisions.genesyscloud_auth_division.this[\"Field  Service Desk\"] Create/Refused 409 POST DIVISIONS \"Field  Service Desk\" #c0e81c7e",
        ],
        &["genesyscloud_auth_division.claims fbe566b2-7ebc-4286-bfab-79f6b5ad7524"],
    ),
    ("cases/02-terragrunt-and-tofu-prefixes/terragrunt-run-all.log", &[SALES_DEV, SALES_PROD], &[]),
    ("cases/02-terragrunt-and-tofu-prefixes/terragrunt-json.log", &[SALES_DEV], &[]),
    (
        "cases/02-terragrunt-and-tofu-prefixes/wrapper-tofu.log",
        &[
            "genesyscloud_auth_division.support Create/Refused 409 POST DIVISIONS \"Support\" #2c7a7e70",
        ],
        &[],
    ),
    (
        "cases/03-json-stream-with-noise/apply-json-utf16le.log",
        &[
            "genesyscloud_auth_division.this[\"EMEA/Sales\"] Create/Refused 409 POST DIVISIONS \"EMEA/Sales\" #be4cd34e",
            "genesyscloud_auth_division.legal Create/Refused 409 POST DIVISIONS \"Legal & Risk\" #cedfb34c",
        ],
        &[],
    ),
    (
        "cases/04-cdktf-partial-create/run1.log",
        &["[orgs] genesyscloud_auth_division.retail-emea_division Create/HalfCreated"],
        &[],
    ),
    (
        "cases/04-cdktf-partial-create/run2.log",
        &[
            "[orgs] genesyscloud_auth_division.retail-emea_division Create/Refused 409 POST DIVISIONS \"Retail EMEA\" #5b1a7559",
        ],
        &[],
    ),
    (
        "cases/05-atlantis-other-state-owns-it/comment.md",
        &[
            "[roots/contact-center] module.org.genesyscloud_auth_division.claims Create/Refused 409 POST DIVISIONS \"Claims\" #8990c76f",
        ],
        &[],
    ),
    (
        "cases/08-blanks-in-names/apply.log",
        &["genesyscloud_auth_division.sales Create/Mismatch"],
        &[],
    ),
    (
        "cases/13-conflict-but-no-duplicate/apply.log",
        &[
            "genesyscloud_architect_schedules.weekdays Update/Refused 409 PUT /api/v2/architect/schedules/cafd7d69-40bf-458b-bb46-860f9bac72a8 #d6eaa3ec",
            "genesyscloud_auth_division.depot Create/Refused 409 POST DIVISIONS \"Depot\" #739e869b",
            STATE_NOT_SAVED,
            STATE_NOT_SAVED,
        ],
        &[],
    ),
    (
        "cases/14-duplicate-without-409/apply.log",
        &[
            "genesyscloud_auth_division.retail Create/Refused 400 POST DIVISIONS \"Retail\" #b00311db",
            "genesyscloud_auth_division.claims Create/Refused 500 POST DIVISIONS \"Claims\" #8990c76f",
            "genesyscloud_auth_division.depot Create/UnknownOutcome \"Depot\"",
            "genesyscloud_auth_division.long Create/Refused 400 POST DIVISIONS \"XXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX\" #d061fc52",
        ],
        &[],
    ),
    (
        "cases/17-errored-tfstate/run1.log",
        &[STATE_NOT_SAVED, STATE_NOT_SAVED],
        &[
            "genesyscloud_auth_division.a a597e132-ba91-4bdd-9c9f-bc7a7ba28691",
            "genesyscloud_auth_division.b b6f82902-d79a-4eb3-8224-273ad61bb3e4",
        ],
    ),
    (
        "cases/17-errored-tfstate/run2.log",
        &[
            "genesyscloud_auth_division.a Create/Refused 409 POST DIVISIONS \"Alpha\" #a3828bd9",
            "genesyscloud_auth_division.b Create/Refused 409 POST DIVISIONS \"Beta\" #243866bd",
        ],
        &[],
    ),
    ("cases/32-logs-inside-something-else/00-plain.log", PLAIN, &[]),
    ("cases/32-logs-inside-something-else/datadog.csv", PLAIN, &[]),
    ("cases/32-logs-inside-something-else/newest-first.csv", PLAIN, &[]),
    ("cases/32-logs-inside-something-else/teamcity.log", PLAIN, &[]),
    ("cases/32-logs-inside-something-else/journald.json", PLAIN, &[]),
    ("cases/32-logs-inside-something-else/mail.eml", PLAIN, &[]),
    ("cases/32-logs-inside-something-else/powershell-utf16.log", PLAIN, &[]),
    ("cases/32-logs-inside-something-else/bamboo.log", WRAPPED, FRESH),
    ("cases/32-logs-inside-something-else/circleci-json.log", WRAPPED, FRESH),
    ("cases/32-logs-inside-something-else/docker-json-file.log", WRAPPED, FRESH),
    ("cases/32-logs-inside-something-else/drone.log", WRAPPED, FRESH),
    (
        "cases/32-logs-inside-something-else/only-json-detail.log",
        &[
            "genesyscloud_auth_division Create/Refused 409 POST DIVISIONS #6d03b183 (the beginning of this diagnostic is missing)",
        ],
        &[],
    ),
    (
        "provider-samples/apply-409.jsonl",
        &[
            "genesyscloud_auth_division.eng Create/Refused 409 POST DIVISIONS \"Engineering\" #eea9288d",
            "genesyscloud_auth_division.region[\"Sales EMEA\"] Create/Refused 409 POST DIVISIONS \"Sales EMEA\" #a74d78a6",
        ],
        &["genesyscloud_auth_division.region[\"Sales APAC\"] be33c4be-8f0a-4e2f-8826-131f4910a057"],
    ),
    (
        "provider-samples/apply-409.stderr.txt",
        &[
            "genesyscloud_auth_division.eng Create/Refused 409 POST DIVISIONS \"Engineering\" #8579ea86",
            "genesyscloud_auth_division.region[\"Sales EMEA\"] Create/Refused 409 POST DIVISIONS \"Sales EMEA\" #3758413e",
        ],
        &[],
    ),
    (
        "provider-samples/apply-ctrl-c-group.txt",
        &[
            "Other/Unclassified",
            "genesyscloud_auth_division.eng Create/ProviderDied \"Engineering\"",
        ],
        &[],
    ),
    (
        "provider-samples/apply-import-home-without-flag.jsonl",
        &["genesyscloud_auth_division.home Create/Refused 409 POST DIVISIONS \"Home\" #cceb9de4"],
        &[],
    ),
    (
        "provider-samples/apply-lost-reply.jsonl",
        &[
            "genesyscloud_auth_division.eng Create/Refused 409 POST DIVISIONS \"Engineering\" #10f81069",
        ],
        &[],
    ),
    (
        "provider-samples/apply-sigint-terraform-only.txt",
        &[
            "Other/Unclassified",
            "genesyscloud_auth_division.eng Create/UnknownOutcome \"Engineering\"",
        ],
        &[],
    ),
    (
        "provider-samples/diag-400-duplicate-name.json",
        &[
            "genesyscloud_auth_division.eng Create/Refused 400 POST DIVISIONS \"Engineering\" #246c9291",
        ],
        &[],
    ),
    (
        "provider-samples/diag-401.json",
        &[
            "genesyscloud_auth_division.eng Create/Refused 401 POST DIVISIONS \"Engineering\" #62e87b8e",
        ],
        &[],
    ),
    (
        "provider-samples/diag-403.json",
        &[
            "genesyscloud_auth_division.eng Create/Refused 403 POST DIVISIONS \"Engineering\" #2534a421",
        ],
        &[],
    ),
    (
        "provider-samples/diag-409-html-body.json",
        &[
            "genesyscloud_auth_division.eng Create/Refused 409 POST DIVISIONS \"Engineering\" #0ea7f2d3",
        ],
        &[],
    ),
    (
        "provider-samples/diag-409-put.json",
        &[
            "genesyscloud_auth_division.eng Update/Refused 409 PUT DIVISIONS/c000055c-4691-4337-b9a2-6ce6ee8a4c88 \"Engineering\" #40901a11",
        ],
        &[],
    ),
    (
        "provider-samples/diag-429-retry-after-200.json",
        &[
            "genesyscloud_auth_division.eng Create/Refused 429 POST DIVISIONS \"Engineering\" #3bfb36bb",
        ],
        &[],
    ),
    (
        "provider-samples/diag-consistency-mismatch.json",
        &["genesyscloud_auth_division.eng Create/Mismatch"],
        &[],
    ),
    (
        "provider-samples/diag-data-source-not-found.json",
        &["genesyscloud_auth_division Read/Unclassified 200 GET DIVISIONS #166d00a5"],
        &[],
    ),
    (
        "provider-samples/diag-object-absent-retry-timeout-0.json",
        &["genesyscloud_auth_division.eng Create/HalfCreated"],
        &[],
    ),
    ("provider-samples/diag-provider-bad-client.json", &["ProviderStart/Refused 400"], &[]),
    (
        "provider-samples/diag-read-after-create-403.json",
        &[
            "genesyscloud_auth_division.eng Read/Refused 403 GET DIVISIONS/c7f2e18a-ea7a-4521-a620-2205bee234a2 #2264d27c",
        ],
        &[],
    ),
    ("provider-samples/import-ok.txt", &[], &[]),
    (
        "provider-samples/import-wrong-id.txt",
        &["genesyscloud_auth_division.eng Read/Unclassified"],
        &[],
    ),
    (
        "provider-samples/plan-crash-concurrent-map-writes.txt",
        &["ProviderStart/ProviderDied", "Other/ProviderDied"],
        &[],
    ),
    ("provider-samples/plan-import-home-without-flag.txt", &[], &[]),
    ("provider-samples/provider-log-lost-reply.log", &[], &[]),
    ("provider-samples/provider-log-true-409.log", &[], &[]),
    // Documents that are no logs, given by mistake.
    ("provider-samples/export-genesyscloud.tf", &[], &[]),
    ("provider-samples/main.tf", &[], &[]),
    ("provider-samples/plan-create.json", &[], &[]),
    ("provider-samples/plan-import-description-drift.json", &[], &[]),
    ("provider-samples/plan-import-home-with-flag.json", &[], &[]),
    ("provider-samples/plan-import-home-without-flag.json", &[], &[]),
    ("provider-samples/plan-stale-id.json", &[], &[]),
    ("provider-samples/requests-apply-409.jsonl", &[], &[]),
    ("provider-samples/requests-lost-reply.jsonl", &[], &[]),
    ("provider-samples/state-pull.json", &[], &[]),
    ("provider-samples/state-show.json", &[], &[]),
    ("provider-samples/state-tainted.json", &[], &[]),
    (
        "terraform-samples/apply-409-on-update.jsonl",
        &[
            "genesyscloud_auth_division.eng Update/Refused 409 PUT DIVISIONS/e2d127c7-ff24-4023-a752-423de314fb6b \"Engineering\" #199c346b",
        ],
        &[],
    ),
    ("terraform-samples/lock-error-plan.jsonl", &["State/Locked"], &[]),
];

#[test]
fn every_case_and_sample_gives_the_failures_written_down_for_it() {
    for (path, failures, created) in CASES {
        let reading = read(path);
        assert_eq!(described(&reading), *failures, "{path}");
        let found: Vec<String> = reading
            .created
            .iter()
            .map(|(_, address, id)| {
                format!("{address} {}", id.as_ref().map_or("", |id| id.as_str()))
            })
            .collect();
        assert_eq!(found, *created, "{path}");
        // It was recorded up to its count, behind which an apply may have begun.
        let is_cut = path.ends_with("plan-import-home-without-flag.txt");
        assert_eq!(reading.is_incomplete, is_cut, "{path}: {:?}", reading.notes);
    }
}

#[test]
fn every_provider_sample_stands_in_the_table() {
    let known =
        |name: &str| CASES.iter().any(|(path, ..)| *path == format!("provider-samples/{name}"));
    let elsewhere = ["README.md", "apply-409.stdout.txt"];
    for entry in std::fs::read_dir(fixture("provider-samples")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(known(&name) || elsewhere.contains(&name.as_str()), "{name}");
    }
}

#[test]
fn a_cut_json_line_gives_no_failure_and_the_log_is_called_incomplete() {
    let reading = read("cases/03-json-stream-with-noise/apply-json.log");
    assert_eq!(described(&reading), described(&read(CASES[4].0)));
    assert!(reading.is_incomplete);
    assert!(reading.notes[0].starts_with("Line 12 "), "{:?}", reading.notes);
}

#[test]
fn standard_output_alone_says_that_the_ends_are_missing() {
    let reading = read("provider-samples/apply-409.stdout.txt");
    assert_eq!(reading.failures, []);
    assert_eq!(reading.created.len(), 1);
    assert!(reading.is_incomplete);
    assert!(reading.notes[0].contains("2 operation(s)"), "{:?}", reading.notes);
}

#[test]
fn both_streams_in_one_file_give_names_from_the_printed_plan() {
    let output = std::fs::read(fixture("provider-samples/apply-409.stdout.txt")).unwrap();
    let errors = std::fs::read(fixture("provider-samples/apply-409.stderr.txt")).unwrap();
    let reading = logs::read(&[output, errors].concat()[..]).unwrap();
    let names: Vec<_> = reading.failures.iter().map(|failure| failure.name.as_deref()).collect();
    assert_eq!(names, [Some("Engineering"), Some("Sales EMEA")]);
    assert!(!reading.is_incomplete);
}

#[test]
fn the_providers_own_log_tells_a_self_made_refusal_from_a_foreign_one() {
    let self_made = |log: &str| {
        let output = File::open(fixture("provider-samples/apply-lost-reply.jsonl")).unwrap();
        let log = File::open(fixture(log)).unwrap();
        logs::read_with_provider_log(output, log).unwrap().failures[0].is_self_made
    };
    assert!(self_made("provider-samples/provider-log-lost-reply.log"));
    assert!(!self_made("provider-samples/provider-log-true-409.log"));
}

#[test]
fn a_provider_log_in_the_same_file_is_read_too() {
    let output = std::fs::read(fixture("provider-samples/apply-lost-reply.jsonl")).unwrap();
    let log = std::fs::read(fixture("provider-samples/provider-log-lost-reply.log")).unwrap();
    assert!(logs::read(&[log, output].concat()[..]).unwrap().failures[0].is_self_made);
}

#[test]
fn the_place_of_a_failure_is_the_line_of_its_summary() {
    let reading = read(CASES[0].0);
    let lines: Vec<usize> = reading.failures.iter().map(|failure| failure.line).collect();
    assert_eq!(lines, [12, 24]);
}

/// Diagnostics that Terraform and the provider print and no recorded file holds.
#[test]
fn single_diagnostics_are_told_apart_without_the_apis_message() {
    let detail = |status: u16, method: &str| {
        format!(
            "{{\"resourceType\":\"genesyscloud_auth_division\",\"method\":\"{method}\",\"path\":\"/api/v2/authorization/divisions\",\"statusCode\":{status},\"correlationId\":\"c-1\"}}"
        )
    };
    let place = "\n\n  with genesyscloud_auth_division.a,\n  on main.tf line 1:\n\n";
    for (text, expected) in [
        // The message says 409 and exists; status and method say otherwise.
        (
            format!("Failed to read division X error: API Error: 409 already exists{place}{}", detail(404, "GET")),
            "genesyscloud_auth_division.a Read/Refused 404 GET DIVISIONS #c-1",
        ),
        (
            format!("Failed to create division X error: API Error: 504 - x{place}{}", detail(504, "POST")),
            "genesyscloud_auth_division.a Create/UnknownOutcome 504 POST DIVISIONS \"X\" #c-1",
        ),
        (
            format!("Failed to create division a error: b error: API Error: 409 - x{place}{}", detail(409, "POST")),
            "genesyscloud_auth_division.a Create/Refused 409 POST DIVISIONS \"a error: b\" #c-1",
        ),
        (
            format!("Failed to create division *** error: API Error: 409 - x{place}{}", detail(409, "POST")),
            "genesyscloud_auth_division.a Create/Refused 409 POST DIVISIONS #c-1 (the CI system masked a part of the text)",
        ),
        (
            format!("Failed to delete Division 17 error: API Error: 409 - x\n\n{}", detail(409, "DELETE")),
            "genesyscloud_auth_division Delete/Refused 409 DELETE DIVISIONS #c-1",
        ),
        ("Error releasing the state lock\n\nx".to_owned(), "State/Unclassified"),
        (
            "Provider produced inconsistent result after apply\n\nWhen applying changes to genesyscloud_auth_division.a[\"x\ny\"], provider \"p\" produced an unexpected new\nvalue: .name: was cty.StringVal(\"a\"), but now cty.StringVal(\"b\").".to_owned(),
            "genesyscloud_auth_division.a[\"x y\"] Create/Mismatch (the address was broken over two lines: blanks in its key may be lost)",
        ),
        (
            "context deadline exceeded\n\n  with provider[\"registry.terraform.io/mypurecloud/genesyscloud\"],\n".to_owned(),
            "ProviderStart/UnknownOutcome",
        ),
    ] {
        let reading = logs::read(format!("\nError: {text}\n").as_bytes()).unwrap();
        assert_eq!(described(&reading), [expected], "{text}");
    }
}

#[test]
fn a_pasted_summary_alone_gives_its_status_and_says_that_more_is_missing() {
    let text = "│ Error: Failed to create division Billing error: API Error: 409 - x (1d4c1e8d-97a8-46e9-ae1b-e73db916ee7b)";
    let reading = logs::read(text.as_bytes()).unwrap();
    assert_eq!(
        described(&reading),
        [
            "genesyscloud_auth_division Create/Refused 409 \"Billing\" #1d4c1e8d (the log breaks off inside this diagnostic)"
        ]
    );
    assert!(reading.is_incomplete);
}

#[test]
fn a_box_that_was_copied_from_its_first_word_to_its_last_is_read_like_the_whole() {
    let path = "cases/13-conflict-but-no-duplicate/apply.log";
    let log = std::fs::read_to_string(fixture(path)).unwrap();
    let boxes: Vec<&str> = log.split('╷').skip(1).collect();
    let whole = described(&read(path));
    assert!(!whole.is_empty());
    assert_eq!(boxes.len(), whole.len());
    // Where prose ends cannot be told.
    let of_the_api = boxes.iter().zip(whole).filter(|(text, _)| text.contains("correlationId"));
    for (copied, expected) in of_the_api {
        let begin = copied.find("Error: ").expect("a summary");
        let end = copied.find('╵').expect("an end");
        let reading = logs::read(&copied.as_bytes()[begin..end]).unwrap();
        assert_eq!(described(&reading), [expected]);
        assert!(!reading.is_incomplete);
    }
}

#[test]
fn the_refusal_behind_exhausted_retries_is_read_out_of_the_text_that_holds_it() {
    let last = "Failed to create IVR config Main error: API Error: 400 - The name is in use. (4c1f7f5b-9c5f-4f0e-8f1e-0f6f0d3f9a11)";
    let detail = r#"{"resourceType":"genesyscloud_architect_ivr","method":"POST","path":"/api/v2/architect/ivrs","statusCode":400,"errorMessage":"The name is in use.","correlationId":"4c1f7f5b-9c5f-4f0e-8f1e-0f6f0d3f9a11"}"#;
    let summary = format!("Exhausted retries. Last error: [{{0 {last} {detail} []}}]");
    let location = "  with genesyscloud_architect_ivr.x,\n  on main.tf line 3, in resource \"genesyscloud_architect_ivr\" \"x\":\n   3: resource";
    let boxed = format!("╷\n│ Error: {summary}\n│ \n│ {}\n╵\n", location.replace('\n', "\n│ "));
    let message = serde_json::json!({
        "@level": "error", "@message": format!("Error: {summary}"), "@module": "terraform.ui",
        "diagnostic": { "severity": "error", "summary": summary, "detail": "",
            "address": "genesyscloud_architect_ivr.x" },
        "type": "diagnostic",
    });
    for text in [boxed, format!("\nError: {summary}\n\n{location}\n"), format!("{message}\n")] {
        let reading = logs::read(text.as_bytes()).unwrap();
        let [failure] = reading.failures.as_slice() else { panic!("{text}\n{reading:#?}") };
        assert_eq!(failure.terraform_type.as_deref(), Some("genesyscloud_architect_ivr"), "{text}");
        assert_eq!(
            (failure.status, failure.method.as_deref()),
            (Some(400), Some("POST")),
            "{text}"
        );
        assert_eq!(failure.path.as_deref(), Some("/api/v2/architect/ivrs"), "{text}");
        assert_eq!(failure.operation, divvy_core::failure::Operation::Create, "{text}");
        assert_eq!(
            failure.address.as_ref().map(Address::as_str),
            Some("genesyscloud_architect_ivr.x")
        );
        assert_eq!(failure.summary, last, "{text}");
        assert_eq!(failure.damage, Vec::<String>::new(), "{text}");
    }
    let cut = format!("\nError: {}\n", &summary[..summary.len() - 60]);
    let reading = logs::read(cut.as_bytes()).unwrap();
    assert_eq!(reading.failures[0].status, Some(400), "{reading:#?}");
    assert_eq!(reading.failures[0].method.as_deref(), Some("POST"), "{reading:#?}");
}
