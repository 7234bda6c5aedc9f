//! Providers and values that are out of the ordinary: what is none, protocol 6, huge messages, a
//! shared plugin cache, last words.

use std::path::PathBuf;

use crate::world::{Ran, World, seed};

const PLAN: &[&str] = &["run", "--", "terraform", "plan", "-no-color"];

/// Writes a program under the provider's name, beside the configuration.
fn provider_of(world: &World, directory: &str, script: &str) -> PathBuf {
    world.program(&format!("{directory}/terraform-provider-genesyscloud"), script).into()
}

fn with_provider(world: &World, program: &std::path::Path, words: &[&str]) -> Ran {
    let named = program.to_str().expect("UTF-8");
    world.divvy(&[&["run", "--provider-binary", named, "--", "terraform"], words].concat())
}

#[test]
fn what_is_no_provider_is_refused_before_terraform_starts() {
    let world = World::new(seed(&[]));
    world.divisions(&[("a", "name = \"A\"")]).init();
    for (script, said) in [
        ("echo hello", "its first line is \"hello\\n\""),
        ("exit 3", "its first line is \"\""),
        ("head -c 100000 /dev/zero", "is no Terraform provider"),
        ("printf '\\377\\376|\\n'", "is no Terraform provider"),
        ("echo '1|4|unix|/nowhere|grpc|'", "its first line is \"1|4|unix"),
        ("echo '1|5|unix|/nowhere/s|grpc|'; exec sleep 60", "connecting to /nowhere/s"),
    ] {
        let program = provider_of(&world, "bad", script);
        let ran = with_provider(&world, &program, &["plan", "-no-color"]).ended(125);
        assert!(ran.stderr.contains(said), "{script}: {}", ran.stderr);
        assert_eq!(ran.stdout, "", "{script}");
    }
    assert_eq!(world.litter(), Vec::<String>::new());
    let gone = world.beside().join("gone");
    let ran = with_provider(&world, &gone, &["plan"]).ended(125);
    assert!(ran.stderr.contains("there is no such file"), "{}", ran.stderr);
}

#[test]
fn a_provider_of_protocol_6_is_served_alike() {
    let mut world = World::new(seed(&[("id-eng", "Engineering")]));
    world.set("DIVVY_STAND_IN_PROTOCOL", "6");
    world.divisions(&[("eng", "name = \"Engineering\""), ("new", "name = \"Claims\"")]).init();
    let ran = world.divvy(PLAN).ended(0);
    assert!(ran.stdout.contains("\"Engineering\" already exists (id-eng)"), "{}", ran.stdout);
    let adopt = ["run", "--on-conflict", "adopt", "--", "terraform", "apply", "-auto-approve"];
    let _ = world.divvy(&adopt).ended(0);
    assert_eq!(world.id_at("genesyscloud_auth_division.eng").as_deref(), Some("id-eng"));
    world.has_no_changes();
}

#[test]
fn a_schema_may_be_as_large_as_terraform_takes_it() {
    let mut world = World::new(seed(&[("id-eng", "Engineering")]));
    world.divisions(&[("eng", "name = \"Engineering\"")]).init();
    world.set("DIVVY_STAND_IN_SCHEMA_BYTES", &(63 << 20).to_string());
    let ran = world.divvy(PLAN).ended(0);
    assert!(ran.stdout.contains("already exists (id-eng)"), "{}", ran.stdout);
    // Whether this is too much is for Terraform to say; it differs between its versions.
    world.set("DIVVY_STAND_IN_SCHEMA_BYTES", &(65 << 20).to_string());
    let plain = world.terraform(&["plan"]);
    let ran = world.divvy(PLAN).ended(plain.code);
    let says = |ran: &Ran| ran.stderr.contains("received message larger than max");
    assert_eq!(says(&ran), says(&plain), "{}", ran.stderr);
}

#[test]
fn an_attribute_of_twenty_megabytes_passes_through_plan_apply_and_adoption() {
    let world = World::new(seed(&[("id-eng", "Engineering")]));
    std::fs::write(world.directory().join("large.txt"), "y".repeat(20 << 20)).expect("a file");
    world.divisions(&[("eng", "name = \"Engineering\"")]).write(
        "export.tf",
        // A type that the stand-in keeps to itself: the API takes no body of that size.
        "resource \"genesyscloud_tf_export\" \"large\" {\n  export_format = genesyscloud_auth_division.eng.id\n  directory     = file(\"large.txt\")\n}\n",
    );
    world.init();
    let adopt = ["run", "--on-conflict", "adopt", "--", "terraform", "apply", "-auto-approve"];
    let ran = world.divvy(&adopt).ended(0);
    assert!(ran.stderr.contains("Adopted (1)"), "{}", ran.stderr);
    let state = world.terraform(&["show", "-json"]).ended(0).json();
    let resources = state["values"]["root_module"]["resources"].as_array().expect("resources");
    let export = resources.iter().find(|one| one["type"] == "genesyscloud_tf_export");
    let values = &export.expect("the export")["values"];
    assert_eq!(values["export_format"], "id-eng");
    assert_eq!(values["directory"].as_str().map(str::len), Some(20 << 20));
    world.has_no_changes();
}

#[test]
fn a_provider_in_a_shared_plugin_cache_is_checked_and_served() {
    let mut world = World::new(seed(&[("id-eng", "Engineering")]));
    let cache = world.beside().join("cache");
    std::fs::create_dir_all(&cache).expect("a directory");
    world.set("TF_PLUGIN_CACHE_DIR", cache.to_str().expect("UTF-8"));
    world.divisions(&[("eng", "name = \"Engineering\"")]).init();
    let packages = std::fs::read_dir(&cache).expect("the cache").count();
    assert_eq!(packages, 1, "init did not use the cache");
    let ran = world.divvy(PLAN).ended(0);
    assert!(ran.stdout.contains("already exists (id-eng)"), "{}", ran.stdout);
    assert!(!ran.stderr.contains("without a checksum"), "{}", ran.stderr);
}

#[test]
fn the_panic_of_a_provider_is_shown_where_terraform_cannot() {
    let world = World::new(seed(&[("id-eng", "Engineering")]));
    world.divisions(&[("eng", "name = \"Engineering\"")]).init();
    let real = provider_of(&world, "real", "");
    std::fs::copy(crate::world::DIVVY, &real).expect("a copy");
    let script = format!(
        "printf 'panic: runtime error\\n\\ngoroutine 1 [running]:\\n' >&2\nexec {}",
        real.display()
    );
    let program = provider_of(&world, "wrapped", &script);
    let apply = ["apply", "-auto-approve", "-no-color"];
    let ran = with_provider(&world, &program, &apply).ended(1);
    assert!(ran.stderr.contains("the provider's own last words"), "{}", ran.stderr);
    assert!(ran.stderr.contains("panic: runtime error\n\ngoroutine 1"), "{}", ran.stderr);
}
