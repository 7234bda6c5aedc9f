//! What an apply adopts, and what it leaves.

use crate::world::{World, seed};

#[test]
fn an_apply_adopts_what_exists_and_plain_terraform_agrees() {
    let world = World::new(seed(&[("id-eng", "Engineering"), ("id-sales", "Sales")]));
    world
        .divisions(&[
            ("eng", "name = \"Engineering\""),
            ("sales", "name = \"Sales\""),
            ("new", "name = \"Claims\""),
        ])
        .init();
    let ran = world
        .divvy(&[
            "run",
            "--on-conflict",
            "adopt",
            "--",
            "terraform",
            "apply",
            "-auto-approve",
            "-no-color",
        ])
        .ended(0);
    assert!(ran.stdout.contains("Apply complete! Resources: 3 added"), "{}", ran.stdout);
    eprintln!("{}\n----\n{}", ran.stdout, ran.stderr);
    assert_eq!(world.id_at("genesyscloud_auth_division.eng").as_deref(), Some("id-eng"));
    assert_eq!(world.id_at("genesyscloud_auth_division.sales").as_deref(), Some("id-sales"));
    world.has_no_changes();
    assert_eq!(world.litter(), Vec::<String>::new());
}
