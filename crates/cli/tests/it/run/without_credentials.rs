//! A provider that gets its credentials in a way that divvy cannot read: the look-up goes through
//! the provider's own data sources.

use std::time::{Duration, Instant};

use divvy_sandbox::emulator::{Effect, Fault, Refusal};
use serde_json::{Value, json};

use super::adoption::{at, report, said};
#[cfg(target_os = "linux")]
use super::dead_provider;
use super::{names, next_create, provider_script};
use crate::world::{Ran, SECRET, World, seed, seed_of};

/// A world whose credentials only its provider knows.
struct Closed {
    world: World,
    provider: String,
}

impl Closed {
    fn new(mut world: World) -> Self {
        let lines = format!(
            "export GENESYSCLOUD_OAUTHCLIENT_ID=client GENESYSCLOUD_OAUTHCLIENT_SECRET={SECRET}"
        );
        let provider = provider_script(&world, &lines);
        world.unset("GENESYSCLOUD_OAUTHCLIENT_ID").unset("GENESYSCLOUD_OAUTHCLIENT_SECRET");
        world.set("GENESYSCLOUD_TOKEN_POOL_SIZE", "10");
        Self { world, provider }
    }

    fn run(&self, flags: &[&str], terraform: &[&str]) -> Ran {
        let named = ["run", "--provider-binary", &self.provider, "--report", "report.json"];
        self.world.divvy(&[&named, flags, &["--", "terraform"], terraform].concat())
    }

    fn apply(&self, on_conflict: &str) -> Ran {
        let flags = ["--on-conflict", on_conflict];
        self.run(&flags, &["apply", "-auto-approve", "-no-color"])
    }

    /// Gives the credentials to everybody, so that plain Terraform can say what is left to do.
    fn has_no_changes(mut self) {
        self.world.set("GENESYSCLOUD_OAUTHCLIENT_ID", "client");
        self.world.set("GENESYSCLOUD_OAUTHCLIENT_SECRET", SECRET);
        self.world.has_no_changes();
    }

    /// How often the provider has asked the API for one name.
    fn searches(&self) -> usize {
        let requests = self.world.org().requests();
        requests.iter().filter(|request| request.query.contains("name=")).count()
    }
}

fn teams(count: usize) -> String {
    format!(
        "resource \"genesyscloud_auth_division\" \"team\" {{\n  for_each = toset([for n in range({count}) : format(\"Team %02d\", n)])\n  name     = each.key\n}}\n"
    )
}

#[test]
fn fifty_conflicts_are_adopted_and_neither_home_nor_what_is_only_near() {
    let existing: Vec<Value> = (0..50)
        .map(|number| json!({ "id": format!("id-{number:02}"), "name": format!("Team {number:02}") }))
        .chain([json!({ "id": "id-near", "name": "Near Miss" })])
        .collect();
    let seed = seed_of(&json!({ "divisions": existing, "policy": { "ignoreCase": true } }));
    let closed = Closed::new(World::new(seed));
    let world = &closed.world;
    world.divisions(&[("home", "name = \"Home\""), ("near", "name = \"near miss\"")]);
    world.write("teams.tf", &teams(50)).init();
    let ran = closed.apply("adopt").ended(1);
    let state = world.state();
    assert_eq!(state.len(), 50, "{}", ran.stderr);
    for number in 0..50 {
        let address = format!("genesyscloud_auth_division.team[\"Team {number:02}\"]");
        assert!(state.contains(&(address, format!("id-{number:02}"))), "{number}");
    }
    let report = report(world);
    assert_eq!(report["summary"]["adopt"], 50, "{report:#}");
    assert_eq!(at(&report, "Home")["verdict"], "home");
    assert_eq!(at(&report, "near miss")["verdict"], "near_miss");
    assert_eq!(report["orgs"][0]["credentials_from"], "the provider itself");
    assert_eq!(report["headline"], Value::Null);
    assert_eq!(closed.searches(), 0, "everything was in the provider's own list");
    world.divisions(&[]);
    closed.has_no_changes();
}

#[test]
fn a_saved_plan_announces_what_its_apply_adopts() {
    let drifted = json!({ "divisions": [
        { "id": "id-eng", "name": "Engineering" },
        { "id": "id-ops", "name": "Operations", "description": "Owned by IT" },
    ] });
    let closed = Closed::new(World::new(seed_of(&drifted)));
    let world = &closed.world;
    world.divisions(&[("eng", "name = \"Engineering\""), ("ops", "name = \"Operations\"")]).init();
    let ran = closed.run(&[], &["plan", "-no-color", "-out=the.plan"]).ended(0);
    assert!(said(&ran).contains("\"Engineering\" already exists (id-eng)"), "{}", said(&ran));
    assert!(said(&ran).contains("Owned by IT"), "{}", said(&ran));
    let _ = closed.run(&[], &["apply", "-no-color", "the.plan"]).ended(0);
    assert_eq!(world.id_at("genesyscloud_auth_division.eng").as_deref(), Some("id-eng"));
    assert_eq!(world.id_at("genesyscloud_auth_division.ops").as_deref(), Some("id-ops"));
}

#[test]
fn an_id_that_another_address_holds_is_not_adopted() {
    let closed = Closed::new(World::new(seed(&[("id-eng", "Engineering")])));
    let world = &closed.world;
    world.tracks(&[json!({ "label": "old", "id": "id-eng", "name": "Engineering" })]);
    world.divisions(&[("old", "name = \"Engineering\""), ("new", "name = \"Engineering\"")]).init();
    let ran = closed.apply("adopt").ended(1);
    assert!(said(&ran).contains("is not adopted"), "{}", said(&ran));
    assert_eq!(at(&report(world), "Engineering")["verdict"], "duplicate_in_config");
    assert_eq!(world.state().len(), 1);
}

#[test]
fn a_name_that_is_new_costs_a_moment_and_not_the_provider_s_fifteen_seconds() {
    let closed = Closed::new(World::new(seed(&[])));
    closed.world.divisions(&[]).write("teams.tf", &teams(30)).init();
    let start = Instant::now();
    let _ = closed.run(&[], &["plan", "-no-color"]).ended(0);
    assert!(start.elapsed() < Duration::from_secs(15), "{:?}", start.elapsed());
    // Left alone, the provider would have asked five times for each.
    let searches = closed.searches();
    assert!((30..=60).contains(&searches), "{searches}");
}

#[test]
fn a_data_source_of_the_configuration_still_sees_what_the_apply_has_made() {
    let closed = Closed::new(World::new(seed(&[])));
    closed.world.divisions(&[("eng", "name = \"Engineering\"")]).write(
        "data.tf",
        "data \"genesyscloud_auth_division\" \"eng\" {\n  name       = \"Engineering\"\n  depends_on = [genesyscloud_auth_division.eng]\n}\n",
    );
    closed.world.init();
    let _ = closed.apply("adopt").ended(0);
    closed.has_no_changes();
}

#[test]
fn what_the_run_itself_has_made_is_found_again() {
    for effect in [Effect::CommitThenClose, Effect::Status(Refusal::status(409))] {
        let is_made = effect == Effect::CommitThenClose;
        let closed = Closed::new(World::new(seed(&[])));
        closed.world.divisions(&[("eng", "name = \"Engineering\"")]).init();
        next_create(&closed.world, effect);
        let ran = closed.apply("warn").ended(i32::from(!is_made));
        assert_eq!(ran.stdout.contains("\"Engineering\" was created"), is_made, "{}", ran.stdout);
        assert_eq!(names(&closed.world).len(), usize::from(is_made));
        if is_made {
            closed.has_no_changes();
        }
    }
}

#[test]
fn with_one_turn_at_a_time_what_exists_is_still_told_from_what_is_new() {
    let existing = [("id-a", "A"), ("id-b", "B"), ("id-c", "C")];
    let mut closed = Closed::new(World::new(seed(&existing)));
    closed.world.set("GENESYSCLOUD_TOKEN_POOL_SIZE", "1");
    let blocks = ["A", "B", "C", "D", "E", "F"].map(|name| (name, format!("name = \"{name}\"")));
    let blocks: Vec<(&str, &str)> =
        blocks.iter().map(|(label, body)| (*label, body.as_str())).collect();
    closed.world.divisions(&blocks).init();
    let _ = closed.run(&[], &["plan", "-no-color"]).ended(0);
    assert_eq!(report(&closed.world)["summary"], json!({ "adopt": 3, "create": 3 }));
}

#[test]
fn where_our_client_is_not_taken_the_provider_is_asked() {
    let seed = seed_of(&json!({
        "divisions": [{ "id": "id-eng", "name": "Engineering" }],
        "clients": [{ "id": "client", "secret": SECRET }],
    }));
    let mut closed = Closed::new(World::new(seed));
    closed.world.set("GENESYSCLOUD_OAUTHCLIENT_ID", "client");
    closed.world.set("GENESYSCLOUD_OAUTHCLIENT_SECRET", "outdated");
    closed.world.divisions(&[("eng", "name = \"Engineering\"")]).init();
    let _ = closed.apply("adopt").ended(0);
    let id = closed.world.id_at("genesyscloud_auth_division.eng");
    assert_eq!(id.as_deref(), Some("id-eng"));
}

#[test]
fn a_provider_that_cannot_say_which_division_is_home_is_not_asked_for_others() {
    let closed = Closed::new(World::new(seed(&[("id-eng", "Engineering")])));
    closed.world.divisions(&[("eng", "name = \"Engineering\"")]).init();
    let refused = Effect::Status(Refusal::status(403));
    let home = "/api/v2/authorization/divisions/home";
    closed.world.org().add_faults(vec![Fault::once("GET", home, refused)]);
    let ran = closed.apply("adopt").ended(1);
    assert!(said(&ran).contains("Nothing can be foretold"), "{}", said(&ran));
    assert!(said(&ran).contains("no credentials"), "{}", said(&ran));
    assert!(said(&ran).contains("Failed to query home division"), "{}", said(&ran));
    assert_eq!(closed.world.state(), []);
}

#[cfg(target_os = "linux")]
#[test]
fn what_a_dying_provider_has_made_is_found_by_a_fresh_one() {
    let closed = Closed::new(World::new(seed(&[])));
    closed.world.divisions(&[("eng", "name = \"Engineering\"")]).init();
    next_create(&closed.world, Effect::HoldReply);
    let flags = ["--on-conflict", "warn", "--provider-binary", &closed.provider];
    let child = dead_provider::apply(&closed.world, &flags);
    dead_provider::kill_providers(&closed.world);
    let ran = dead_provider::end(child).ended(0);
    assert!(ran.stdout.contains("\"Engineering\" was created"), "{}", ran.stdout);
    closed.has_no_changes();
}
