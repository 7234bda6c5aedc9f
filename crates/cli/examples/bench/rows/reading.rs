//! Start, memory, and how fast large documents are read.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};

use super::{Row, megabytes, seconds};
use crate::measure::{median, time, time_and_peak};
use crate::world::{Credentials, World, name};

/// Starting is short and noisy.
const STARTS: usize = 51;

/// Resources in the large plan.
const RESOURCES: usize = 20_000;

/// Size of the large log.
const LOG_BYTES: usize = 200_000_000;

pub(super) fn start(_turns: usize) -> Vec<Row> {
    let world = World::new(Credentials::Environment);
    let times: Vec<Duration> =
        (0..STARTS).map(|_| time(&mut world.divvy(&["--version"]), 0)).collect();
    let took = median(&times);
    vec![Row {
        what: "`divvy --version`",
        measured: format!("{:.1} ms", took.as_secs_f64() * 1e3),
        bar: "at most 10 ms",
        is_met: Some(took <= Duration::from_millis(10)),
    }]
}

pub(super) fn memory(turns: usize) -> Vec<Row> {
    let world = World::new(Credentials::Environment);
    let peaks = |world: &World, arguments: &[&str]| {
        let mut looks: Vec<(Duration, u64)> =
            (0..turns).map(|_| time_and_peak(&mut world.divvy(arguments), 2)).collect();
        looks.sort_unstable_by_key(|(_, peak)| *peak);
        let peak = looks.last().expect("at least one turn").1;
        let times: Vec<Duration> = looks.into_iter().map(|(took, _)| took).collect();
        (median(&times), peak)
    };
    let (_, of_check) = peaks(&world, &["check", "--quiet"]);
    let world = world.without_delay();
    let plan = world.beside("large.json");
    write_large_plan(&plan);
    let size = plan.metadata().expect("the plan").len();
    let (took, of_plan) =
        peaks(&world, &["check", "--quiet", "--plan", plan.to_str().expect("a path in UTF-8")]);
    vec![
        Row {
            what: "peak memory of `check`, 50 conflicts in an org of 250",
            measured: format!("{:.1} MB", megabytes(of_check)),
            bar: "at most 30 MB",
            is_met: Some(of_check <= 30_000_000),
        },
        Row {
            what: "`check --plan` of a plan's JSON with 20,000 resources (org without delay)",
            measured: format!(
                "{:.0} MB in {}, peak {:.0} MB",
                megabytes(size),
                seconds(took),
                megabytes(of_plan)
            ),
            bar: "60 MB in under 1 s and 250 MB",
            is_met: Some(
                size >= 60_000_000 && took < Duration::from_secs(1) && of_plan <= 250_000_000,
            ),
        },
    ]
}

/// How fast the output of a failed run is read, and in how much memory.
pub(super) fn explain(turns: usize) -> Vec<Row> {
    let world = World::new(Credentials::Environment);
    [
        ("`explain --offline` of a log of 200 MB", human_lines as fn(usize) -> String, FAILURE),
        ("the same, of `apply -json`", json_lines, JSON_FAILURE),
    ]
    .map(|(what, lines, failure)| {
        let log = world.beside("run.log");
        write_large_log(&log, lines, failure);
        let path = log.to_str().expect("a path in UTF-8");
        // A failure is told, and whether it still holds is not known: a person decides.
        let looks: Vec<(Duration, u64)> = (0..turns)
            .map(|_| time_and_peak(&mut world.divvy(&["explain", "--offline", path]), 3))
            .collect();
        let (times, peaks): (Vec<_>, Vec<_>) = looks.into_iter().unzip();
        let rate = megabytes(LOG_BYTES as u64) / median(&times).as_secs_f64();
        let peak = peaks.into_iter().max().expect("at least one turn");
        Row {
            what,
            measured: format!("{rate:.0} MB/s, peak {:.1} MB", megabytes(peak)),
            bar: "at least 50 MB/s, at most 50 MB",
            is_met: Some(rate >= 50.0 && peak <= 50_000_000),
        }
    })
    .into()
}

/// Says whether this build has a command.
pub(super) fn is_there(world: &World, command: &str) -> bool {
    world.divvy(&[command, "--help"]).output().is_ok_and(|output| output.status.success())
}

/// Writes the JSON of a plan: some divisions among queues, each thing where Terraform repeats it
/// (planned values, changes, prior state, configuration).
fn write_large_plan(path: &Path) {
    let divisions = 250;
    let change = |number: usize| -> Value {
        let is_division = number < divisions;
        let terraform_type =
            if is_division { "genesyscloud_auth_division" } else { "genesyscloud_routing_queue" };
        let label = format!("r{number}");
        let after = if is_division {
            json!({ "name": name(number + 1), "description": null, "home": false })
        } else {
            attributes(number)
        };
        json!({
            "address": format!("{terraform_type}.{label}"), "mode": "managed", "type": terraform_type, "name": label,
            "provider_name": "registry.terraform.io/mypurecloud/genesyscloud",
            "change": {
                "actions": ["create"], "before": null, "after": after,
                "after_unknown": { "id": true }, "before_sensitive": false, "after_sensitive": {}
            }
        })
    };
    let values = |change: &Value| {
        json!({
            "address": change["address"], "mode": "managed", "type": change["type"], "name": change["name"],
            "provider_name": change["provider_name"], "schema_version": 1, "values": change["change"]["after"],
            "sensitive_values": {}
        })
    };
    let block = |change: &Value| {
        json!({
            "address": change["address"], "mode": "managed", "type": change["type"], "name": change["name"],
            "provider_config_key": "genesyscloud", "schema_version": 1,
            "expressions": { "name": { "constant_value": change["change"]["after"]["name"] } }
        })
    };
    let changes: Vec<Value> = (0..RESOURCES).map(change).collect();
    let plan = json!({
        "format_version": "1.2", "terraform_version": "1.11.4",
        "planned_values": { "root_module": { "resources": changes.iter().map(values).collect::<Vec<_>>() } },
        "configuration": {
            "provider_config": {
                "genesyscloud": { "name": "genesyscloud", "full_name": "registry.terraform.io/mypurecloud/genesyscloud" }
            },
            "root_module": { "resources": changes.iter().map(block).collect::<Vec<_>>() }
        },
        "resource_changes": changes, "errored": false
    });
    let mut file = BufWriter::new(File::create(path).expect("a file"));
    serde_json::to_writer(&mut file, &plan).expect("a plan");
    file.flush().expect("room on disk");
}

/// Attributes of a queue, about as many as the provider's.
fn attributes(number: usize) -> Value {
    let mut attributes: serde_json::Map<String, Value> = (0..24)
        .map(|attribute| {
            (format!("attribute_with_a_usual_name_{attribute}"), json!(format!("value {number}")))
        })
        .collect();
    attributes.insert("name".to_owned(), json!(format!("Queue {number}")));
    attributes.insert(
        "members".to_owned(),
        json!([{ "user_id": format!("{number:08}"), "ring_num": 1 }]),
    );
    Value::Object(attributes)
}

/// The end of a failed run.
const FAILURE: &str = "╷
│ Error: Failed to create division Division 001 error: API Error: 409 - taken (1d4c1e8d-97a8-46e9-ae1b-e73db916ee7b)
│ 
│   with genesyscloud_auth_division.division_001,
│   on main.tf line 3, in resource \"genesyscloud_auth_division\" \"division_001\":
│    3: resource \"genesyscloud_auth_division\" \"division_001\" {
│ 
│ {\"resourceType\":\"genesyscloud_auth_division\",\"method\":\"POST\",\"path\":\"/api/v2/authorization/divisions\",\"statusCode\":409,\"errorMessage\":\"API
│ Error: 409 - taken
│ (1d4c1e8d-97a8-46e9-ae1b-e73db916ee7b)\",\"correlationId\":\"1d4c1e8d-97a8-46e9-ae1b-e73db916ee7b\"}
╵
";

/// The same with `-json`.
const JSON_FAILURE: &str = r#"{"@level":"error","@message":"Error: Failed to create division Division 001 error: API Error: 409 - taken (1d4c1e8d-97a8-46e9-ae1b-e73db916ee7b)","@module":"terraform.ui","diagnostic":{"severity":"error","summary":"Failed to create division Division 001 error: API Error: 409 - taken (1d4c1e8d-97a8-46e9-ae1b-e73db916ee7b)","detail":"{\"resourceType\":\"genesyscloud_auth_division\",\"method\":\"POST\",\"path\":\"/api/v2/authorization/divisions\",\"statusCode\":409,\"correlationId\":\"1d4c1e8d-97a8-46e9-ae1b-e73db916ee7b\"}","address":"genesyscloud_auth_division.division_001"},"type":"diagnostic"}
"#;

/// A resource's part of a plan, and of an apply that is busy for long.
fn human_lines(number: usize) -> String {
    let address = format!("module.queues.genesyscloud_routing_queue.queue[{}]", number % 1_000);
    format!(
        "  # {address} will be updated in-place
  ~ resource \"genesyscloud_routing_queue\" \"queue\" {{
        id          = \"fbe566b2-7ebc-4286-bfab-79f6b5ad7524\"
      ~ description = \"old\" -> \"new {number}\"
        name        = \"Queue {number}\"
        # (23 unchanged attributes hidden)
    }}
{address}: Refreshing state... [id=fbe566b2-7ebc-4286-bfab-79f6b5ad7524]
{address}: Still modifying... [id=fbe566b2-7ebc-4286-bfab-79f6b5ad7524, {}s elapsed]
",
        number % 600
    )
}

/// The same with `-json`.
fn json_lines(number: usize) -> String {
    let address = format!("module.queues.genesyscloud_routing_queue.queue[{}]", number % 1_000);
    let resource = format!(
        r#"{{"addr":"{address}","module":"module.queues","resource":"genesyscloud_routing_queue.queue","implied_provider":"genesyscloud","resource_type":"genesyscloud_routing_queue","resource_name":"queue"}}"#
    );
    let line = |text: &str, rest: &str| {
        format!(
            r#"{{"@level":"info","@message":"{address}: {text}","@module":"terraform.ui","@timestamp":"2026-11-25T03:02:07.143879Z",{rest}}}"#
        )
    };
    [
        line("Refresh complete [id=17]", &format!(r#""hook":{{"resource":{resource},"id_key":"id","id_value":"17"}},"type":"refresh_complete""#)),
        line("Plan to update", &format!(r#""change":{{"resource":{resource},"action":"update"}},"type":"planned_change""#)),
        line("Still modifying...", &format!(r#""hook":{{"resource":{resource},"action":"update","elapsed_seconds":10}},"type":"apply_progress""#)),
    ]
    .join("\n")
        + "\n"
}

/// Writes the output of a run that fails at its end.
fn write_large_log(path: &Path, lines: fn(usize) -> String, failure: &str) {
    let mut file = BufWriter::new(File::create(path).expect("a file"));
    let mut written = 0;
    for number in 0.. {
        let lines = lines(number);
        file.write_all(lines.as_bytes()).expect("room on disk");
        written += lines.len();
        if written >= LOG_BYTES {
            break;
        }
    }
    file.write_all(failure.as_bytes()).expect("room on disk");
    file.flush().expect("room on disk");
}
