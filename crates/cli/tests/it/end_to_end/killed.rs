//! Killed at any point, the same command run again ends as if it had never been killed.

use serde_json::json;

use super::scene::{division, scene};
use crate::world::World;

/// Without `DIVVY_TEST_ALL`, one point in so many is tried.
const STRIDE: usize = 5;

fn world() -> World {
    let labels = [("eng", "Eng"), ("new", "Moved"), ("stale", "Stale"), ("well", "Well")];
    let config: String =
        labels.map(|(label, name)| division(label, &format!("name = \"{name}\""))).concat();
    let tracked = [
        json!({ "label": "old", "id": "m", "name": "Moved" }),
        json!({ "label": "stale", "id": "gone", "name": "Stale" }),
        json!({ "label": "well", "id": "w", "name": "Well" }),
    ];
    let org = json!([
        { "id": "e", "name": "Eng" },
        { "id": "m", "name": "Moved" },
        { "id": "s", "name": "Stale" },
        { "id": "w", "name": "Well" },
    ]);
    scene(&config, org, &tracked)
}

#[test]
fn killed_at_any_effect_the_same_command_ends_as_if_it_had_never_been_killed() {
    let stride = if std::env::var_os("DIVVY_TEST_ALL").is_some() { 1 } else { STRIDE };
    let mut points = 0;
    for point in (1..).step_by(stride) {
        let mut world = world();
        let org = world.divisions_of_org(0);
        world.set("DIVVY_KILL_AT", &point.to_string());
        let killed = world.divvy(&["fix", "--yes", "--repair"]);
        world.unset("DIVVY_KILL_AT");
        if killed.code == 0 {
            break;
        }
        assert_eq!(killed.code, -1, "at {point}: {killed:?}");
        points += 1;
        let again = world.divvy(&["fix", "--yes", "--repair", "-o", "json"]);
        assert_eq!(again.code, 0, "after a kill at {point}: {again:?}");
        assert_eq!(again.json()["clean"], true, "after a kill at {point}: {again:?}");
        let state = world.state();
        let ids: Vec<(&str, &str)> = state
            .iter()
            .map(|(address, id)| (address.rsplit('.').next().unwrap_or_default(), id.as_str()))
            .collect();
        let wanted = [("eng", "e"), ("new", "m"), ("stale", "s"), ("well", "w")];
        assert_eq!(ids, wanted, "after a kill at {point}");
        assert_eq!(world.divisions_of_org(0), org, "after a kill at {point}");
        assert_eq!(world.litter_in_directory(), Vec::<String>::new(), "after a kill at {point}");
    }
    assert!(points * stride > 20, "only {points} points were met");
}
