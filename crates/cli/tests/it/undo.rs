//! `divvy undo`: the state is as before, the org untouched.

use crate::world::{World, seed};

#[test]
fn an_adoption_is_taken_back() {
    let world = World::new(seed(&[("id-eng", "Engineering")]));
    world.divisions(&[("eng", "name = \"Engineering\"")]).init();
    let _ = world.divvy(&["fix", "--yes"]).ended(0);
    world.has_no_changes();
    let before = world.org().org();

    let refused = world.divvy(&["undo"]).ended(3);
    assert!(refused.stderr.contains("divvy undo --yes"), "{}", refused.stderr);
    let _ = world.divvy(&["undo", "--yes"]).ended(0);
    assert_eq!(world.state(), []);
    assert_eq!(format!("{:?}", world.org().org()), format!("{before:?}"));

    let again = world.divvy(&["undo", "--yes"]).ended(0);
    assert!(again.stderr.contains("Nothing is left to undo"), "{}", again.stderr);
    let _ = world.divvy(&["fix", "--yes"]).ended(0);
    world.has_no_changes();
}
