//! `ensure --type` and `list --type`: what a name is enough for, beside divisions.

use serde_json::{Value, json};

use crate::world::{World, seed_of};

const SKILLS: &str = "/api/v2/routing/skills";

fn world() -> World {
    World::new(seed_of(&json!({
        "collections": { SKILLS: [{ "id": "5c", "name": "Billing", "state": "active" }] }
    })))
}

/// Names and ids of all skills.
fn skills(world: &World) -> Vec<(String, String)> {
    let all = world.divvy(&["list", "--type", "skill", "-o", "json"]).ended(0).json();
    let text = |one: &Value, field: &str| one[field].as_str().expect("a text").to_owned();
    let all = all.as_array().expect("an array").iter();
    all.map(|one| (text(one, "name"), text(one, "id"))).collect()
}

#[test]
fn a_skill_is_got_or_created_and_terraform_takes_what_came_of_it() {
    let world = world();
    let ensure = ["ensure", "--type", "skill", "Billing", "Claims"];
    let planned = world.divvy(&[&ensure[..], &["--dry-run", "-o", "table"]].concat()).ended(0);
    assert!(planned.stderr.contains("\"Claims\" is missing and would be created."), "{planned:?}");
    assert_eq!(skills(&world).len(), 1, "a look creates nothing");

    let blocks = world.divvy(&[&ensure[..], &["-o", "blocks"]].concat()).ended(0);
    let made = skills(&world);
    assert_eq!(made[0], ("Billing".to_owned(), "5c".to_owned()));
    assert_eq!((made.len(), made[1].0.as_str()), (2, "Claims"));
    let again = world.divvy(&[&ensure[..], &["-o", "json"]].concat()).ended(0).json();
    assert_eq!(again[1]["created"], false);
    assert_eq!(again[1]["id"], made[1].1.as_str());

    world.write("imports.tf", &blocks.stdout);
    for name in ["Billing", "Claims"] {
        let label = name.to_lowercase();
        let block = format!(
            "resource \"genesyscloud_routing_skill\" \"{label}\" {{\n  name = \"{name}\"\n}}\n"
        );
        world.write(&format!("{label}.tf"), &block);
    }
    world.divisions(&[]).init();
    let _ = world.terraform(&["apply", "-auto-approve", "-input=false"]).ended(0);
    world.has_no_changes();
    assert_eq!(skills(&world), made, "the apply made nothing");
}

#[test]
fn a_skill_that_nearly_exists_is_withheld_as_a_division_is() {
    let world = world();
    let ran = world.divvy(&["ensure", "--type", "routing_skill", "billing"]).ended(3);
    assert!(
        ran.stderr.contains("\"Billing\" exists (5c) and differs only in letter case"),
        "{ran:?}"
    );
    assert_eq!(skills(&world).len(), 1);
    let missing = world.divvy(&["list", "--type", "skills", "Claims"]).ended(2);
    assert!(
        missing.stderr.contains("divvy ensure --type genesyscloud_routing_skill Claims"),
        "{missing:?}"
    );
}

#[test]
fn what_a_name_alone_does_not_tell_apart_is_listed_whole_and_never_called_missing() {
    let world = World::new(seed_of(&json!({ "collections": {
        "/api/v2/knowledge/knowledgebases": [
            { "id": "k1", "name": "Help", "coreLanguage": "en-US" },
            { "id": "k2", "name": "Help", "coreLanguage": "de-DE" },
        ],
        "/api/v2/telephony/providers/edges/didpools": [
            { "id": "p1", "startPhoneNumber": "+4930100", "endPhoneNumber": "+4930199" },
        ],
    } })));
    let names = |kind: &str| -> Vec<String> {
        let all = world.divvy(&["list", "--type", kind, "-o", "json"]).ended(0).json();
        let all = all.as_array().expect("an array").iter();
        all.map(|one| one["name"].as_str().expect("a name").to_owned()).collect()
    };
    assert_eq!(names("knowledge_knowledgebase"), ["Help / de-DE", "Help / en-US"]);
    assert_eq!(names("telephony_providers_edges_did_pool"), ["+4930100 / +4930199"]);
    for kind in ["knowledge_knowledgebase", "telephony_providers_edges_did_pool", "integration"] {
        let ran = world.divvy(&["list", "--type", kind, "Help"]).ended(64);
        assert!(ran.stderr.contains("a NAME alone finds none"), "{}", ran.stderr);
        assert!(ran.stderr.contains(&format!("divvy list --type genesyscloud_{kind}")), "{ran:?}");
    }
}

#[test]
fn what_a_type_has_not_is_refused_before_anything_is_asked() {
    let world = world();
    for (words, told) in [
        (
            &["ensure", "--type", "queue", "A"][..],
            "genesyscloud_routing_queue needs more than a name",
        ),
        (&["list", "--type", "nonsense"], "there is no such type"),
        (&["ensure", "--type", "skill", "--levels", "/", "A/B"], "are for divisions alone"),
        (
            &["ensure", "--type", "skill", "--description", "x", "A"],
            "created without a description",
        ),
        (&["ensure", "--type", "skill", "--path", "/a", "A"], "are for divisions alone"),
        (&["list", "--type", "skill", "--path", "/a"], "are for divisions alone"),
        (&["list", "--type", "skill", "--counts"], "are for divisions alone"),
        (&["list", "--type", "skill", "--deleted"], "the API has no list of deleted skills"),
    ] {
        let ran = world.divvy(words).ended(64);
        assert!(ran.stderr.contains(told), "{words:?}: {}", ran.stderr);
    }
    assert!(world.org().requests().is_empty());
}
