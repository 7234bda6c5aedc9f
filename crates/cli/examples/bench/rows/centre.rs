//! A contact centre of 290 objects of 32 types whose state is lost, and an org of very many users.
//!
//! The configuration is the fixture that tests and demo run.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::PermissionsExt as _;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};

use super::checking::{FEW_READS, survey_by_hand};
use super::{Row, compared, megabytes, seconds};
use crate::measure::{Turns, median, time, time_and_peak};
use crate::world::{Credentials, REQUEST, World, terraform};

/// A turn of these takes half a minute.
const FEW_TURNS: usize = 3;

/// How many objects are imported one by one; the others would take as long each.
const IMPORTED: usize = 12;

/// More than its Terraform runs, at most.
const BESIDE: f64 = 1.2;

/// Users of the large org.
const USERS: usize = 20_000;

pub(super) fn centre(turns: usize) -> Vec<Row> {
    let turns = turns.min(FEW_TURNS);
    let world = World::contact_centre();
    let whole = world.state();
    world.forget();
    vec![
        requests(&world),
        check(&world, turns),
        fix(&world, turns),
        import(&world, &whole, turns),
        run(&world, turns),
        users(turns),
    ]
}

/// What `check` asks the org, by its journal: the plan that it makes refreshes nothing.
fn requests(world: &World) -> Row {
    world.org.clear_requests();
    time(&mut world.divvy(&["check", "--quiet"]), 2);
    let mut asked: BTreeMap<String, usize> = BTreeMap::new();
    for request in world.org.requests() {
        *asked.entry(request.path).or_default() += 1;
    }
    let requests: usize = asked.values().sum();
    let (most, pages) = asked.iter().max_by_key(|(_, count)| **count).expect("a request");
    Row {
        what: "requests of `check`, a contact centre of 290 objects of 32 types",
        measured: format!("{requests} to {} paths, at most {pages} to one ({most})", asked.len()),
        bar: "token, organizations/me, up to three pages for each type",
        is_met: Some(*pages <= 3),
    }
}

fn check(world: &World, turns: usize) -> Row {
    let plan = world.beside("by-hand.plan").display().to_string();
    let turns = Turns::take(
        turns,
        || time(&mut world.divvy(&["check", "--quiet"]), 2),
        || survey_by_hand(world, &plan),
    );
    let ratio = turns.ratio();
    Row {
        what: "`check` of the contact centre : `plan -refresh=false` + `show -json`",
        measured: compared(&turns, ratio),
        bar: "at most 1.2 ×",
        is_met: Some(ratio <= BESIDE),
    }
}

/// Compares `fix` with the time in which at least one of its Terraform runs was at work.
fn fix(world: &World, turns: usize) -> Row {
    let times = world.beside("times.txt");
    let script = world.beside("terraform");
    let text = format!(
        "#!/bin/sh\nbegan=$(date +%s%N)\n'{}' \"$@\"\ncode=$?\necho \"$began $(date +%s%N)\" >> '{}'\nexit $code\n",
        terraform().display(),
        times.display()
    );
    fs::write(&script, text).expect("a file");
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).expect("a program");
    let mut ratios = Vec::new();
    let mut shown = Vec::new();
    for _ in 0..turns {
        world.forget();
        // Nothing there is as good.
        let _ = fs::remove_file(&times);
        let mut command = world.divvy(&["fix", "--yes", "--quiet"]);
        let took = time(command.env("DIVVY_TERRAFORM", &script), 0);
        let at_work = covered(&fs::read_to_string(&times).expect("the runs"));
        ratios.push(took.as_secs_f64() / at_work.as_secs_f64());
        shown.push((took, at_work));
    }
    ratios.sort_by(f64::total_cmp);
    let ratio = ratios[ratios.len() / 2];
    let (took, at_work): (Vec<_>, Vec<_>) = shown.into_iter().unzip();
    Row {
        what: "`fix` of the contact centre : the time in which Terraform was at work for it",
        measured: format!(
            "{ratio:.2} × ({} : {})",
            seconds(median(&took)),
            seconds(median(&at_work))
        ),
        bar: "at most 1.2 ×",
        is_met: Some(ratio <= BESIDE),
    }
}

/// Sums up intervals, one `BEGIN END` in nanoseconds a line, and counts what overlaps once.
fn covered(intervals: &str) -> Duration {
    let number = |text: &str| text.parse::<u64>().expect("nanoseconds");
    let read =
        |line: &str| line.split_once(' ').map(|(began, ended)| (number(began), number(ended)));
    let mut intervals: Vec<_> = intervals.lines().filter_map(read).collect();
    intervals.sort_unstable();
    let (mut sum, mut until) = (0, 0);
    for (began, ended) in intervals {
        sum += ended.saturating_sub(began.max(until));
        until = until.max(ended);
    }
    Duration::from_nanos(sum)
}

/// Compares `fix` with one `terraform import` per address, of which some are made and counted up: each into a
/// state that holds all the others, since Terraform evaluates the whole configuration for it.
fn import(world: &World, whole: &Value, turns: usize) -> Row {
    let objects = instances(whole);
    let some: Vec<_> =
        objects.iter().step_by(objects.len().div_ceil(IMPORTED)).take(IMPORTED).collect();
    let importing = || -> Duration {
        let one = |object: &&Instance| {
            world.hold(&without(whole, object));
            let words = ["import", "-input=false", "-no-color", &object.address, &object.id];
            time(world.terraform(&words).envs(FEW_READS), 0)
        };
        some.iter().map(one).sum()
    };
    let fixing = || {
        world.forget();
        time(&mut world.divvy(&["fix", "--yes", "--quiet"]), 0)
    };
    let turns = Turns::take(turns, importing, fixing);
    #[expect(clippy::cast_precision_loss, reason = "two small counts")]
    let times = objects.len() as f64 / some.len() as f64;
    let ratio = turns.ratio() * times;
    Row {
        what: "`terraform import` of each object of the contact centre, counted up from 12 : `fix`",
        measured: format!(
            "{ratio:.1} × ({} : {})",
            seconds(turns.left().mul_f64(times)),
            seconds(turns.right())
        ),
        bar: "at least 10 ×",
        is_met: Some(ratio >= 10.0),
    }
}

/// One object of a state.
struct Instance {
    /// Where it stands there: resource, instance.
    at: (usize, usize),
    address: String,
    id: String,
}

fn without(whole: &Value, object: &Instance) -> Value {
    let (resource, instance) = object.at;
    let mut state = whole.clone();
    let instances = &mut state["resources"][resource]["instances"];
    instances.as_array_mut().expect("instances").remove(instance);
    state
}

/// Returns what a state manages of the provider's.
fn instances(state: &Value) -> Vec<Instance> {
    let resources = state["resources"].as_array().into_iter().flatten().enumerate();
    let managed =
        resources.filter(|(_, one)| one["mode"] == "managed" && one["type"] != "terraform_data");
    let all = managed.flat_map(|(resource, one)| {
        let text = |field: &str| one[field].as_str().unwrap_or_default();
        let dot = if text("module").is_empty() { "" } else { "." };
        let block = format!("{}{dot}{}.{}", text("module"), text("type"), text("name"));
        let instances = one["instances"].as_array().into_iter().flatten().enumerate();
        instances.filter_map(move |(instance, one)| {
            let key = match &one["index_key"] {
                Value::Null => String::new(),
                key => format!("[{key}]"),
            };
            let id = one["attributes"]["id"].as_str()?.to_owned();
            Some(Instance { at: (resource, instance), address: format!("{block}{key}"), id })
        })
    });
    all.collect()
}

/// Compares an apply that adopts everything with a plain one that creates as many.
fn run(conflicts: &World, turns: usize) -> Row {
    const APPLY: [&str; 4] = ["apply", "-input=false", "-no-color", "-auto-approve"];
    let creates = World::contact_centre();
    let program = terraform().to_str().expect("a path in UTF-8");
    let words = ["run", "--quiet", "--on-conflict", "adopt", "--", program];
    let turns = Turns::take(
        turns,
        || {
            conflicts.forget();
            time(&mut conflicts.divvy(&[&words[..], &APPLY].concat()), 0)
        },
        || {
            creates.forget();
            creates.reset_org();
            time(&mut creates.terraform(&APPLY), 0)
        },
    );
    let ratio = turns.ratio();
    Row {
        what: "`run --on-conflict adopt -- terraform apply` of the contact centre : `terraform apply` of as many new",
        measured: compared(&turns, ratio),
        bar: "at most 1.1 ×",
        is_met: Some(ratio <= 1.1),
    }
}

/// The org is served by the program as it is built for use: the emulator of this one makes a page of 500 for
/// longer than a request takes.
fn users(turns: usize) -> Row {
    let world = World::sized(Credentials::Environment, 0, 0);
    let user = |number: usize| {
        let name = format!("User {number:05}");
        json!({ "id": format!("id-{number:05}"), "name": name, "email": format!("{number:05}@acme.example") })
    };
    let users = Value::Array((0..USERS).map(user).collect());
    let seed = json!({ "collections": { "/api/v2/users": users } });
    let faults = json!([{ "count": 0, "do": { "delay": REQUEST.as_millis() } }]);
    let [seed, faults] = [("seed.json", seed), ("faults.json", faults)].map(|(name, content)| {
        fs::write(world.beside(name), content.to_string()).expect("a file");
        world.beside(name).display().to_string()
    });
    let org = Served::start(&mut world.divvy(&["emulate", "--seed", &seed, "--faults", &faults]));
    let words = ["list", "--quiet", "--type", "user", "--api-url", &org.url, "-o", "ids"];
    let looks: Vec<_> = (0..turns).map(|_| time_and_peak(&mut world.divvy(&words), 0)).collect();
    let times: Vec<_> = looks.iter().map(|(took, _)| *took).collect();
    let peak = looks.iter().map(|(_, peak)| *peak).max().expect("at least one turn");
    let took = median(&times);
    Row {
        what: "`list --type user` of an org of 20,000 users, 100 ms a request",
        measured: format!("{}, peak {:.1} MB", seconds(took), megabytes(peak)),
        bar: "at most 6 s and 60 MB",
        is_met: Some(took <= Duration::from_secs(6) && peak <= 60_000_000),
    }
}

/// An org that another process serves.
struct Served {
    process: Child,
    url: String,
}

impl Served {
    fn start(command: &mut Command) -> Self {
        let mut process = command
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the program starts");
        let mut url = String::new();
        let said = process.stdout.take().expect("a pipe");
        BufReader::new(said).read_line(&mut url).expect("an address");
        Self { process, url: url.trim().to_owned() }
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        // One that has ended already is as good.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
