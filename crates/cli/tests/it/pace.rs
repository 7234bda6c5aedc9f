//! What keeps `fix` fast, as far as it can be counted instead of timed (`scripts/bench` times it).

use crate::world::{World, seed};

#[test]
fn the_proving_plan_of_many_divisions_does_not_read_them_one_by_one() {
    let divisions: Vec<(String, String)> =
        (1..=6).map(|number| (format!("id-{number}"), format!("Division {number}"))).collect();
    let divisions: Vec<(&str, &str)> =
        divisions.iter().map(|(id, name)| (id.as_str(), name.as_str())).collect();
    let mut world = World::new(seed(&divisions));
    world.unset("GENESYSCLOUD_TOKEN_POOL_SIZE");
    // As after an apply that met nothing but 409.
    world.write(
        "terraform.tfstate",
        r#"{"version": 4, "serial": 1, "lineage": "l", "outputs": {}, "resources": []}"#,
    );
    world.write(
        "main.tf",
        "terraform {\n  required_providers {\n    genesyscloud = { source = \"mypurecloud/genesyscloud\" }\n  }\n}\n\
         resource \"genesyscloud_auth_division\" \"all\" {\n  for_each = toset([\"1\", \"2\", \"3\", \"4\", \"5\", \"6\"])\n  \
         name = \"Division ${each.key}\"\n}\n",
    );
    world.init();
    let fix = world.divvy(&["fix", "--yes", "-o", "json"]).ended(0).json();
    assert_eq!(fix["clean"], true, "{fix:#}");

    // The provider reads one object per token of its pool at a time. It fetches its tokens, then asks
    // for the organization; the last that did so made the proving plan.
    let requests = world.org().requests();
    let start = requests
        .iter()
        .rposition(|request| request.path == "/api/v2/organizations/me")
        .expect("a start");
    let tokens =
        requests[..start].iter().rev().take_while(|request| request.path == "/oauth/token").count();
    assert_eq!(tokens, 1 + 10, "{requests:#?}");
}
