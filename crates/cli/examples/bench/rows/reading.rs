//! Start, memory, and how fast large documents are read.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};

use super::{Row, megabytes, missing, seconds};
use crate::measure::{median, time, time_and_peak};
use crate::world::{Credentials, World, name};

/// Starting is short and noisy.
const STARTS: usize = 51;

/// Resources in the large plan.
const RESOURCES: usize = 20_000;

/// Size of the large log.
const LOG_MEGABYTES: usize = 64;

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

/// How fast the output of a failed run is read.
pub(super) fn explain(turns: usize) -> Vec<Row> {
    let (what, bar) = ("`explain --offline` of a log of 64 MB", super::NONE_SET);
    let world = World::new(Credentials::Environment);
    if !is_there(&world, "explain") {
        return vec![missing(what, bar)];
    }
    let log = world.beside("run.log");
    write_large_log(&log);
    let size = log.metadata().expect("the log").len();
    let path = log.to_str().expect("a path in UTF-8");
    // A failure is told, and whether it still holds is not known: a person decides.
    let looks: Vec<Duration> = (0..turns)
        .map(|_| time(&mut world.divvy(&["explain", "--offline", "--quiet", path]), 3))
        .collect();
    let rate = megabytes(size) / median(&looks).as_secs_f64();
    vec![Row { what, measured: format!("{rate:.0} MB/s"), bar, is_met: None }]
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

/// Writes the output of a run that is busy for long and fails at the end.
fn write_large_log(path: &Path) {
    const FAILURE: &str = "╷
│ Error: Failed to create division Division 001: API Error: 409 - division Division 001 already exists
│ 
│   with genesyscloud_auth_division.division_001,
│   on main.tf line 3, in resource \"genesyscloud_auth_division\" \"division_001\":
│    3: resource \"genesyscloud_auth_division\" \"division_001\" {
│ 
╵
";
    let mut file = BufWriter::new(File::create(path).expect("a file"));
    let mut written = 0;
    for number in 0.. {
        let line = format!(
            "genesyscloud_routing_queue.queue[{number}]: Still creating... [{}s elapsed]\n",
            number % 600
        );
        file.write_all(line.as_bytes()).expect("room on disk");
        written += line.len();
        if written >= LOG_MEGABYTES * 1_000_000 {
            break;
        }
    }
    file.write_all(FAILURE.as_bytes()).expect("room on disk");
    file.flush().expect("room on disk");
}
