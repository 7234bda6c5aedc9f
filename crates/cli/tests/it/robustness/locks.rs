//! Somebody else holds the state lock: said who, waited for if told so, nothing forced.

use rustix::process::Signal;

use super::running::{Running, held, hold};
use super::watch::{leaves_nothing, refuses, says};
use crate::world::{World, seed, terraform};

const LISTING: &str = "/api/v2/authorization/divisions";

fn conflict() -> World {
    let world = World::new(seed(&[("id-eng", "Engineering")]));
    world.divisions(&[("eng", "name = \"Engineering\"")]);
    world.init();
    world
}

/// A colleague's Terraform: it holds the lock while the org keeps it waiting.
fn colleague_at_work(world: &World) -> Running {
    hold(world, "POST", "/oauth/token", 1);
    let colleague =
        Running::of(world.command(terraform()).args(["plan", "-input=false", "-no-color"]));
    held(world);
    colleague
}

fn goes_home(world: &World, colleague: Running) {
    world.org().release();
    let _ = colleague.end().ended(0);
}

#[test]
fn a_state_that_a_colleague_works_on() {
    let world = conflict();
    let colleague = colleague_at_work(&world);
    let _ = world.divvy(&["check"]).ended(2);
    refuses(&world, "a_state_that_a_colleague_works_on_not_fixed", 1, &["fix", "--yes"]);
    goes_home(&world, colleague);
    let _ = world.divvy(&["fix", "--yes"]).ended(0);
    world.has_no_changes();
}

#[test]
fn a_lock_time_out_is_waited_for() {
    let world = conflict();
    let colleague = colleague_at_work(&world);
    let running = Running::start(&world, &["fix", "--yes", "--", "-lock-timeout=60s"]);
    // The plan waits for the lock; the listing does not.
    let listed = |exchange: &divvy_sandbox::emulator::Exchange| {
        exchange.is("GET", LISTING) && exchange.status == Some(200)
    };
    world.org().wait_for_request(super::running::LONG, listed).expect("a listing");
    goes_home(&world, colleague);
    let _ = running.end().ended(0);
    world.has_no_changes();
    leaves_nothing(&world);
}

#[test]
fn of_two_runs_on_one_directory_the_second_says_who_holds_the_lock() {
    let world = conflict();
    hold(&world, "GET", LISTING, 1);
    let first = Running::start(&world, &["fix", "--yes"]);
    held(&world);
    let second = world.divvy(&["fix", "--yes"]).ended(1);
    assert!(
        second.stderr.contains(&format!("process {}", first.pid().as_raw_nonzero())),
        "{}",
        second.stderr
    );
    says(&world, "the_second_of_two_runs", &["fix", "--yes"], &second);
    world.org().release();
    let _ = first.end().ended(0);
    world.has_no_changes();
    let _ = world.divvy(&["fix", "--yes"]).ended(0);
    leaves_nothing(&world);
}

#[test]
fn two_runs_started_at_once_end_well() {
    let world = conflict();
    let both = [(); 2].map(|()| Running::start(&world, &["fix", "--yes"]));
    let ended = both.map(Running::end);
    assert!(ended.iter().any(|ran| ran.code == 0), "{ended:?}");
    for ran in ended.iter().filter(|ran| ran.code != 0) {
        assert!(ran.code == 1 && ran.stderr.contains("another divvy is at work"), "{ran:?}");
    }
    world.has_no_changes();
    assert_eq!(world.state(), [("genesyscloud_auth_division.eng".to_owned(), "id-eng".to_owned())]);
    leaves_nothing(&world);
}

#[test]
fn a_run_whose_owner_was_killed_holds_no_lock() {
    let world = conflict();
    hold(&world, "GET", LISTING, 1);
    let first = Running::start(&world, &["fix", "--yes"]);
    held(&world);
    first.signal(Signal::KILL);
    let _ = first.end();
    world.org().release();
    // Its Terraform ends by itself: the leash told it.
    let _ = world.divvy(&["fix", "--yes", "--", "-lock-timeout=60s"]).ended(0);
    world.has_no_changes();
    leaves_nothing(&world);
}
