//! The tutorial's whole story, each of its steps with `divvy ensure` in place of its script: look
//! up, create, import, plan, and its three errors. Terraform is real, the provider a stand-in.

use divvy_sandbox::emulator::{AbsentPath, Effect, Fault, Policy, Refusal, Seed};
use serde_json::json;

use crate::world::{Ran, World, seed, seed_of};

const PATHED: &str = "/api/v2/auth/divisions";
const PUBLISHED: &str = "/api/v2/authorization/divisions";
const ENGINEERING: &str = "e3c4a1a2-0d7b-4c8e-9b52-6f1f0a7f4d10";

/// A transcript for a golden file: ids, ports and correlation ids differ from run to run.
fn transcript(world: &World, steps: &[(&str, &Ran)]) -> String {
    let mut text = String::new();
    for (command, ran) in steps {
        text.push_str(&format!("$ {command}\n"));
        for (mark, stream) in [("", &ran.stdout), ("! ", &ran.stderr)] {
            text.extend(stream.lines().map(|line| format!("{mark}{line}\n")));
        }
        text.push_str(&format!("[{}]\n\n", ran.code));
    }
    let host = world.org().url().trim_start_matches("http://").to_owned();
    text.replace(&host, "HOST")
}

macro_rules! golden {
    ($text:expr) => {
        insta::with_settings!({
            filters => vec![
                (r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", "ID"),
            ],
        }, { insta::assert_snapshot!($text); });
    };
}

#[test]
fn ensure_then_its_import_line_then_a_plan_without_changes() {
    let world = World::new(Seed::default());
    world.divisions(&[("engineering", "name = \"Engineering\"")]).init();

    let first = world.divvy(&["ensure", "Engineering"]).ended(0);
    assert_eq!(first.json()["created"], true);
    let again = world.divvy(&["ensure", "Engineering"]).ended(0);
    assert_eq!(again.json()["created"], false);
    assert_eq!(again.json()["id"], first.json()["id"]);

    // The tutorial's step 3: the printed line, as a shell runs it.
    let line = first.json()["import_command"].as_str().unwrap().to_owned();
    assert!(first.stderr.contains(&line), "{}", first.stderr);
    let import = run_in_shell(&world, &line);
    assert!(import.stdout.contains("Import successful!"), "{}{}", import.stdout, import.stderr);
    world.has_no_changes();
    let plan = world.terraform(&["plan", "-input=false"]).ended(0);
    let steps = [
        ("divvy ensure Engineering", &first),
        ("divvy ensure Engineering", &again),
        (&line, &gist(&import, "Import successful!")),
        ("terraform plan", &gist(&plan, "No changes.")),
    ];
    golden!(transcript(&world, &steps));
}

const ENSURE_ENGINEERING: &str = "divvy ensure --dialect pathed Engineering --path /Engineering";

/// Runs divvy as a transcript shows it.
fn typed(world: &World, line: &str) -> Ran {
    world.divvy(&line.split(' ').skip(1).collect::<Vec<_>>())
}

/// Of what Terraform printed, the line that tells.
fn gist(ran: &Ran, start: &str) -> Ran {
    let line = ran.stdout.lines().find(|line| line.starts_with(start));
    Ran {
        code: ran.code,
        stdout: line.unwrap_or_else(|| panic!("{start}: {}", ran.stdout)).to_owned(),
        stderr: ran.stderr.clone(),
    }
}

pub(crate) fn run_in_shell(world: &World, line: &str) -> Ran {
    // The line names the program that was found, by whatever name it has there.
    let program = crate::world::program();
    let functions = format!("terraform() {{ {program} \"$@\"; }}; tofu() {{ {program} \"$@\"; }}");
    let script = format!("{functions}; {line}");
    let output = world.command("sh").args(["-c", &script]).output().unwrap();
    Ran {
        code: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
    .ended(0)
}

#[test]
fn the_import_line_names_the_block_that_wants_the_division() {
    let world = World::new(seed(&[(ENGINEERING, "Engineering")]));
    world.divisions(&[("eng_team", "name = \"Engineering\"")]).init();
    let ran = world.divvy(&["ensure", "Engineering", "-o", "commands"]).ended(0);
    assert_eq!(
        ran.stdout,
        format!("terraform import genesyscloud_auth_division.eng_team {ENGINEERING}\n")
    );
    let _ = run_in_shell(&world, &ran.stdout);
    world.has_no_changes();
}

#[test]
fn the_blocks_form_is_a_file_that_terraform_applies() {
    let world = World::new(seed(&[(ENGINEERING, "Engineering")]));
    world.divisions(&[("engineering", "name = \"Engineering\"")]).init();
    let _ = world.divvy(&["ensure", "Engineering", "-o", "blocks=imports.tf"]).ended(0);
    let _ = world.terraform(&["apply", "-auto-approve", "-input=false"]).ended(0);
    world.has_no_changes();
    assert_eq!(world.id_at("genesyscloud_auth_division.engineering").as_deref(), Some(ENGINEERING));
}

#[test]
fn pathed_check_create_and_create_again_as_in_the_tutorial() {
    let world = World::new(Seed::default());
    let command = [
        "ensure",
        "--dialect",
        "pathed",
        "Engineering",
        "--path",
        "/Engineering",
        "--description",
        "Engineering Division",
    ];
    let list = ["list", "--dialect", "pathed", "Engineering", "--path", "/Engineering"];
    let before = world.divvy(&list).ended(2);
    let created = world.divvy(&command).ended(0);
    let after = world.divvy(&list).ended(0);
    world.org().clear_requests();
    let again = world.divvy(&command).ended(0);
    // A token and one search by name and path.
    let requests = world.org().requests();
    assert_eq!(requests.len(), 2, "{requests:#?}");
    assert_eq!(requests[1].query, "name=Engineering&path=%2FEngineering");

    let org = world.org().org();
    assert_eq!(org.pathed.len(), 1);
    assert_eq!(created.json()["id"], org.pathed[0].id);
    assert_eq!(created.json()["path"], "/Engineering");
    assert_eq!(created.json()["active"], true);
    assert_eq!(again.json()["created"], false);
    golden!(transcript(
        &world,
        &[
            ("divvy list --dialect pathed Engineering --path /Engineering", &before),
            (
                "divvy ensure --dialect pathed Engineering --path /Engineering --description 'Engineering Division'",
                &created
            ),
            ("divvy list --dialect pathed Engineering --path /Engineering", &after),
            ("divvy ensure … (again)", &again),
        ]
    ));
}

#[test]
fn pathed_404_means_absent_as_an_empty_list_does() {
    let world = World::new(Seed::default());
    let policy = Policy { absent_path: AbsentPath::NotFound, ..Policy::default() };
    world.org().set_policy(policy).unwrap();
    let path = ["--dialect", "pathed", "/Engineering/Backend"];
    let _ = world.divvy(&[&["list"], &path[..]].concat()).ended(2);
    let created = world.divvy(&[&["ensure"], &path[..]].concat()).ended(0);
    assert_eq!(created.json()["created"], true);
    let _ = world.divvy(&[&["list"], &path[..]].concat()).ended(0);
}

#[test]
fn error_409_duplicate_division() {
    // A race: the look-up shows nothing, the create meets what another made meanwhile.
    let world = World::new(seed_of(&json!({
        "pathed": [{ "id": ENGINEERING, "name": "Engineering", "path": "/Engineering" }]
    })));
    let empty = Refusal { body: Some(json!([])), ..Refusal::status(200) };
    let mut blind = Fault::once("GET", PATHED, Effect::Status(empty));
    blind.count = 2;
    world.org().add_faults(vec![blind]);
    let ran = typed(&world, ENSURE_ENGINEERING).ended(0);
    assert_eq!(ran.json()["id"], ENGINEERING);
    assert_eq!(ran.json()["created"], false);
    let statuses: Vec<_> =
        world.org().requests().iter().map(|request| request.status.unwrap()).collect();
    assert!(statuses.contains(&409), "{statuses:?}");
    golden!(transcript(&world, &[(ENSURE_ENGINEERING, &ran)]));
}

#[test]
fn error_409_that_nothing_explains_names_name_and_path() {
    let world = World::new(Seed::default());
    let refusal = Refusal { code: Some("duplicate.division".into()), ..Refusal::status(409) };
    world.org().add_faults(vec![Fault::once("POST", PATHED, Effect::Status(refusal)).always()]);
    let ran = typed(&world, ENSURE_ENGINEERING).ended(1);
    assert_eq!(ran.stdout, "");
    golden!(transcript(&world, &[(ENSURE_ENGINEERING, &ran)]));
}

#[test]
fn error_409_path_hierarchy() {
    let world = World::new(Seed::default());
    let child = ["ensure", "--dialect", "pathed", "/Engineering/Backend"];
    let refused = world.divvy(&[&child[..], &["--parents=false"]].concat()).ended(1);
    assert_eq!(world.org().org().pathed.len(), 0);
    let made = world.divvy(&child).ended(0);
    let posts: Vec<String> = world
        .org()
        .requests()
        .iter()
        .filter(|request| request.is("POST", PATHED))
        .map(|request| request.body.as_ref().unwrap()["path"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(posts, ["/Engineering", "/Engineering/Backend"]);
    golden!(transcript(
        &world,
        &[
            ("divvy ensure --dialect pathed --parents=false /Engineering/Backend", &refused),
            ("divvy ensure --dialect pathed /Engineering/Backend", &made),
        ]
    ));
}

#[test]
fn error_409_for_a_parent_that_went_away_is_told_apart_from_a_duplicate() {
    let world = World::new(seed_of(&json!({
        "pathed": [{ "id": ENGINEERING, "name": "Other", "path": "/Other" }]
    })));
    // The list claims a parent that the create does not find.
    let claimed = json!([{ "id": ENGINEERING, "name": "Engineering", "path": "/Engineering" }]);
    let claimed = Refusal { body: Some(claimed), ..Refusal::status(200) };
    let mut lie = Fault::once("GET", PATHED, Effect::Status(claimed));
    lie.nth = 2.try_into().unwrap();
    world.org().add_faults(vec![lie]);
    let ran = world.divvy(&["ensure", "--dialect", "pathed", "/Engineering/Backend"]).ended(1);
    assert!(
        ran.stderr.contains("its parent \"Engineering\" at path \"/Engineering\" is not there"),
        "{}",
        ran.stderr
    );
}

#[test]
fn error_403_forbidden() {
    let pathed = client(&["division:read"]);
    let world = World::new(pathed);
    let refused = typed(&world, ENSURE_ENGINEERING).ended(1);
    let dry = world
        .divvy(&[
            "ensure",
            "--dialect",
            "pathed",
            "Engineering",
            "--path",
            "/Engineering",
            "--dry-run",
        ])
        .ended(0);
    let published = World::new(client(&["authorization:division:view"]));
    let role = published.divvy(&["ensure", "Engineering"]).ended(1);
    let host = published.org().url().trim_start_matches("http://").to_owned();
    let role = Ran { stderr: role.stderr.replace(&host, "HOST"), ..role };
    assert!(world.org().org().pathed.is_empty());
    golden!(transcript(
        &world,
        &[
            (ENSURE_ENGINEERING, &refused),
            ("divvy ensure --dialect pathed Engineering --path /Engineering --dry-run", &dry),
            ("divvy ensure Engineering", &role),
        ]
    ));
}

/// An org whose one client has these permissions and scopes.
fn client(permissions: &[&str]) -> Seed {
    seed_of(&json!({ "clients": [{
        "id": "client", "secret": crate::world::SECRET, "permissions": permissions,
    }] }))
}

#[test]
fn a_list_of_paths_in_any_order_is_created_parents_first() {
    let world = World::new(Seed::default());
    world.write(
        "paths.txt",
        "/Engineering/Backend/Search\n/Sales\n/Engineering\n/Engineering/Backend\n/Ops/Night\n",
    );
    let ran = world.divvy(&["ensure", "--dialect", "pathed", "--from", "paths.txt"]).ended(0);
    let told: Vec<_> =
        ran.json().as_array().unwrap().iter().map(|entity| entity["path"].clone()).collect();
    assert_eq!(
        told,
        [
            "/Engineering/Backend/Search",
            "/Sales",
            "/Engineering",
            "/Engineering/Backend",
            "/Ops/Night"
        ]
    );
    let requests = world.org().requests();
    let posted: Vec<_> = requests.iter().filter(|request| request.is("POST", PATHED)).collect();
    assert_eq!(posted.len(), 6);
    assert!(posted.iter().all(|request| request.status == Some(200)));
    assert_eq!(requests.iter().filter(|request| request.is("GET", PATHED)).count(), 1);
}

#[test]
fn published_levels_are_divisions_of_their_own_and_otherwise_a_slash_is_a_character() {
    let world = World::new(Seed::default());
    let _ = world.divvy(&["ensure", "EMEA / Sales"]).ended(0);
    assert_eq!(names(&world), ["EMEA / Sales"]);
    let refused = world.divvy(&["ensure", "APAC / Sales", "--levels", "/"]).ended(1);
    assert!(refused.stderr.contains("its parent \"APAC\" is not there"), "{}", refused.stderr);
    let _ = world.divvy(&["ensure", "APAC / Sales", "--levels", "/", "--parents"]).ended(0);
    assert_eq!(names(&world), ["EMEA / Sales", "APAC", "APAC / Sales"]);
    let path = world.divvy(&["ensure", "Sales", "--path", "/Sales"]).ended(64);
    assert!(path.stderr.contains("flat"), "{}", path.stderr);
}

fn names(world: &World) -> Vec<String> {
    world.org().org().divisions.into_iter().map(|division| division.name).collect()
}

#[test]
fn a_missing_name_costs_four_requests_and_many_names_one_listing() {
    let world = World::new(seed(&[(ENGINEERING, "Engineering")]));
    let count = || {
        let requests = world.org().requests();
        world.org().clear_requests();
        (
            requests.iter().filter(|request| request.is("GET", PUBLISHED)).count(),
            requests.iter().filter(|request| request.is("POST", PUBLISHED)).count(),
            requests.len(),
        )
    };
    let _ = world.divvy(&["ensure", "Engineering"]).ended(0);
    assert_eq!(count(), (1, 0, 2));
    let _ = world.divvy(&["ensure", "Sales"]).ended(0);
    assert_eq!(count(), (2, 1, 4));
    let ran = world.divvy(&["ensure", "Engineering", "Sales", "Ops", "Claims"]).ended(0);
    assert_eq!(count(), (1, 2, 4));
    let created: Vec<_> =
        ran.json().as_array().unwrap().iter().map(|one| one["created"].clone()).collect();
    assert_eq!(created, [false, false, true, true]);
}
