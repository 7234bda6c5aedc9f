//! Terraform behind `divvy run` behaves as Terraform does.

use std::os::unix::fs::PermissionsExt as _;

use serde_json::Value;

use crate::world::{Ran, World, seed};

fn through(world: &World, arguments: &[&str]) -> Ran {
    world.divvy(&[&["run", "--", "terraform"], arguments].concat())
}

/// What may differ between two runs of the same command: times, ids, the order of parallel work.
fn essence(ran: &Ran) -> (i32, Vec<String>, Vec<String>) {
    let lines = |text: &str| {
        let mut lines: Vec<String> = text
            .lines()
            .map(|line| {
                line.split(" after ")
                    .next()
                    .unwrap_or_default()
                    .split("[id=")
                    .next()
                    .unwrap_or_default()
                    .to_owned()
            })
            .filter(|line| !line.contains("\"@timestamp\""))
            .collect();
        lines.sort();
        lines
    };
    (ran.code, lines(&ran.stdout), lines(&ran.stderr))
}

#[test]
fn exit_codes_and_streams_are_terraform_s_own() {
    let world = World::new(seed(&[]));
    world
        .divisions(&[("a", "name = \"A\"")])
        .write("outputs.tf", "output \"id\" {\n  value = genesyscloud_auth_division.a.id\n}\n");
    world.init();
    let _ = world.terraform(&["apply", "-auto-approve"]).ended(0);
    for arguments in [
        &["version", "-no-color"][..],
        &["validate", "-no-color"],
        &["validate", "-json"],
        &["fmt", "-check"],
        &["get", "-no-color"],
        &["providers", "-no-color"],
        &["plan", "-no-color"],
        &["plan", "-no-color", "-detailed-exitcode"],
        &["plan", "-no-color", "-target=genesyscloud_auth_division.none"],
        &["plan", "-no-such-flag"],
        &["apply", "-no-color", "-auto-approve"],
        &["apply", "-no-color", "-input=false"],
        &["apply", "-no-color", "no-such.plan"],
        &["state", "list"],
        &["state", "show", "-no-color", "genesyscloud_auth_division.a"],
        &["state", "show", "-no-color", "genesyscloud_auth_division.none"],
        &["output", "-no-color"],
        &["output", "-raw", "id"],
        &["show", "-no-color"],
        &["workspace", "list"],
        &["graph"],
        &["no-such-command"],
        &["-help"],
        &["plan", "-help"],
        &["refresh", "-no-color"],
        &["import", "-no-color", "genesyscloud_auth_division.a", "x"],
    ] {
        let plain = world
            .command(crate::world::terraform())
            .args(arguments)
            .output()
            .expect("terraform runs");
        let plain = Ran {
            code: plain.status.code().unwrap_or(-1),
            stdout: String::from_utf8_lossy(&plain.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&plain.stderr).into_owned(),
        };
        assert_eq!(essence(&through(&world, arguments)), essence(&plain), "{arguments:?}");
    }
}

#[test]
fn the_json_stream_holds_nothing_but_terraform_s_lines() {
    let world = World::new(seed(&[("id-a", "A")]));
    world.divisions(&[("a", "name = \"A\""), ("b", "name = \"B\"")]).init();
    let ran = world
        .divvy(&[
            "run",
            "--on-conflict",
            "adopt",
            "--",
            "terraform",
            "apply",
            "-auto-approve",
            "-json",
        ])
        .ended(0);
    for line in ran.stdout.lines() {
        let line: Value = serde_json::from_str(line).expect(line);
        assert!(line["@level"].is_string(), "{line}");
    }
    assert!(ran.stderr.contains("Adopted (1)"), "{}", ran.stderr);
}

#[test]
fn init_leaves_a_lock_file_that_plain_terraform_takes() {
    let world = World::new(seed(&[]));
    world.divisions(&[("a", "name = \"A\"")]);
    let _ = through(&world, &["init", "-input=false"]).ended(0);
    assert!(
        world.read(".terraform.lock.hcl").contains("h1:"),
        "{}",
        world.read(".terraform.lock.hcl")
    );
    let _ = world.terraform(&["plan"]).ended(0);
    let _ = through(&world, &["plan"]).ended(0);
}

#[test]
fn without_init_terraform_itself_says_what_is_missing() {
    let world = World::new(seed(&[]));
    world.divisions(&[("a", "name = \"A\"")]);
    let ran = through(&world, &["plan", "-no-color"]).ended(1);
    assert!(ran.stderr.contains("Inconsistent dependency lock file"), "{}", ran.stderr);
}

#[test]
fn a_package_that_is_not_the_locked_one_is_refused_before_terraform_starts() {
    let world = World::new(seed(&[]));
    world.divisions(&[("a", "name = \"A\"")]).init();
    let lock = world.read(".terraform.lock.hcl");
    let hash = lock.split('"').find(|word| word.starts_with("h1:")).expect("a hash").to_owned();
    world.write(
        ".terraform.lock.hcl",
        &lock.replace(&hash, "h1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="),
    );
    let ran = through(&world, &["plan"]).ended(125);
    assert!(ran.stderr.contains("checksum"), "{}", ran.stderr);
    assert_eq!(ran.stdout, "");
}

#[test]
fn a_version_that_the_configuration_no_longer_allows_is_refused() {
    let world = World::new(seed(&[]));
    world.divisions(&[("a", "name = \"A\"")]).init();
    let text = world.read("main.tf").replace(
        "source = \"mypurecloud/genesyscloud\"",
        "source = \"mypurecloud/genesyscloud\", version = \"~> 9.0\"",
    );
    world.write("main.tf", &text);
    let ran = through(&world, &["plan"]).ended(125);
    assert!(ran.stderr.contains("~> 9.0"), "{}", ran.stderr);
}

#[test]
fn the_provider_s_question_for_the_version_is_terraform_s_to_answer() {
    let mut world = World::new(seed(&[]));
    let terraform = crate::world::terraform().to_str().expect("UTF-8");
    world.set("DIVVY_ACT_AS_TERRAFORM", terraform);
    let answer = world.divvy(&["version"]).ended(0);
    assert!(
        answer.stdout.starts_with("Terraform v") || answer.stdout.starts_with("OpenTofu v"),
        "{}",
        answer.stdout
    );
}

#[test]
fn a_program_that_is_not_there_is_125() {
    let world = World::new(seed(&[]));
    let _ = world.divvy(&["run", "--", "no-such-terraform", "plan"]).ended(125);
    let _ = world.divvy(&["run", "--"]).ended(64);
}

#[test]
fn a_configuration_without_the_provider_is_terraform_s_alone() {
    let world = World::new(seed(&[]));
    world.write("main.tf", "resource \"terraform_data\" \"x\" {}\n").init();
    let ran = through(&world, &["apply", "-auto-approve", "-no-color"]).ended(0);
    assert!(ran.stdout.contains("Apply complete"), "{}", ran.stdout);
    assert_eq!(ran.stderr, "");
    assert_eq!(world.org().requests().len(), 0);
}

#[test]
fn chdir_and_a_data_directory_elsewhere_are_followed() {
    let mut world = World::new(seed(&[("id-a", "A")]));
    world.divisions(&[("a", "name = \"A\"")]);
    let data = world.beside().join("data");
    world.set("TF_DATA_DIR", data.to_str().expect("UTF-8"));
    world.init();
    let chdir = format!("-chdir={}", world.directory().display());
    let beside = world.beside().to_owned();
    let mut command = world.command(crate::world::DIVVY);
    command.current_dir(beside).args([
        "run",
        "--on-conflict",
        "adopt",
        "--",
        crate::world::program(),
        &chdir,
        "apply",
        "-auto-approve",
    ]);
    let output = command.output().expect("divvy runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(world.id_at("genesyscloud_auth_division.a").as_deref(), Some("id-a"));
}

#[test]
fn a_binary_that_is_not_verified_is_named() {
    let world = World::new(seed(&[("id-a", "A")]));
    world.divisions(&[("a", "name = \"A\"")]).init();
    let binary = world.beside().join("terraform-provider-genesyscloud");
    std::fs::copy(crate::world::DIVVY, &binary).expect("a copy");
    std::fs::set_permissions(&binary, std::fs::Permissions::from_mode(0o755)).expect("permissions");
    let named = binary.to_str().expect("UTF-8");
    let ran = world
        .divvy(&["run", "--provider-binary", named, "--", "terraform", "plan", "-no-color"])
        .ended(0);
    assert!(ran.stderr.contains("without a checksum: --provider-binary"), "{}", ran.stderr);
    assert!(ran.stdout.contains("already exists (id-a)"), "{}", ran.stdout);
}

#[test]
fn development_overrides_are_served_and_named() {
    let mut world = World::new(seed(&[("id-a", "A")]));
    world.divisions(&[("a", "name = \"A\"")]);
    let directory = world.beside().join("build");
    std::fs::create_dir_all(&directory).expect("a directory");
    std::fs::copy(crate::world::DIVVY, directory.join("terraform-provider-genesyscloud"))
        .expect("a copy");
    let configuration = world.beside().join("terraformrc");
    let text = format!(
        "provider_installation {{\n  dev_overrides {{\n    \"mypurecloud/genesyscloud\" = \"{}\"\n  }}\n  direct {{}}\n}}\n",
        directory.display()
    );
    std::fs::write(&configuration, text).expect("a file");
    world.set("TF_CLI_CONFIG_FILE", configuration.to_str().expect("UTF-8"));
    let ran = through(&world, &["plan", "-no-color"]).ended(0);
    assert!(ran.stderr.contains("dev_overrides"), "{}", ran.stderr);
    assert!(ran.stdout.contains("already exists (id-a)"), "{}", ran.stdout);
}

#[test]
fn an_override_in_a_comment_or_of_another_provider_is_not_used() {
    let mut world = World::new(seed(&[("id-a", "A")]));
    world.divisions(&[("a", "name = \"A\"")]).init();
    let configuration = world.beside().join("terraformrc");
    world.set("TF_CLI_CONFIG_FILE", configuration.to_str().expect("UTF-8"));
    for text in [
        "# provider_installation { dev_overrides { \"mypurecloud/genesyscloud\" = \"/nowhere\" } }\n",
        "provider_installation {\n  dev_overrides {\n    \"genesys.com/mypurecloud/genesyscloud\" = \"/nowhere\"\n  }\n  direct {}\n}\n",
    ] {
        std::fs::write(&configuration, text).expect("a file");
        let ran = through(&world, &["plan", "-no-color"]).ended(0);
        assert!(!ran.stderr.contains("without a checksum"), "{}", ran.stderr);
        assert!(ran.stdout.contains("already exists (id-a)"), "{}", ran.stdout);
    }
    let text = "provider_installation {\n  dev_overrides {\n    \"mypurecloud/genesyscloud\" = \"/nowhere\"\n  }\n}\n";
    std::fs::write(&configuration, text).expect("a file");
    let ran = through(&world, &["plan", "-no-color"]).ended(125);
    assert!(ran.stderr.contains("/nowhere"), "{}", ran.stderr);
}

#[test]
fn a_running_provider_that_somebody_else_named_is_left_alone() {
    let mut world = World::new(seed(&[]));
    world.divisions(&[("a", "name = \"A\"")]).init();
    world.set("TF_REATTACH_PROVIDERS", "{\"registry.terraform.io/hashicorp/other\":{\"Protocol\":\"grpc\",\"Pid\":1,\"Test\":true,\"Addr\":{\"Network\":\"unix\",\"String\":\"/x\"}}}");
    let ran = through(&world, &["plan", "-no-color"]).ended(0);
    assert!(ran.stdout.contains("1 to add"), "{}", ran.stdout);
}

#[test]
fn a_list_of_running_providers_that_cannot_be_read_is_refused_by_name() {
    let mut world = World::new(seed(&[]));
    world.divisions(&[("a", "name = \"A\"")]).init();
    for text in [
        "no JSON",
        "[]",
        "7",
        "{\"registry.terraform.io/hashicorp/other\":",
        "{\"registry.terraform.io/mypurecloud/genesyscloud\":",
    ] {
        world.set("TF_REATTACH_PROVIDERS", text);
        for words in [&["plan", "-no-color"][..], &["apply", "-no-color", "-auto-approve"]] {
            let ran = through(&world, words).ended(125);
            assert!(ran.stderr.contains("TF_REATTACH_PROVIDERS: "), "{text}: {}", ran.stderr);
            assert_eq!(ran.stdout, "", "{text}: Terraform was started");
        }
        // Without a proxy the variable is Terraform's alone.
        let plain = world.terraform(&["validate", "-no-color"]);
        assert_eq!(
            essence(&through(&world, &["validate", "-no-color"])),
            essence(&plain),
            "{text}"
        );
    }
    // What is an object is merged, or left alone where it names the provider: Terraform says the rest.
    for text in [
        "{\"registry.terraform.io/hashicorp/other\":\"x\"}",
        "{\"registry.terraform.io/mypurecloud/genesyscloud\":\"x\"}",
    ] {
        world.set("TF_REATTACH_PROVIDERS", text);
        let plain = world.terraform(&["plan", "-no-color"]).ended(1);
        let ran = through(&world, &["plan", "-no-color"]).ended(1);
        for ran in [plain, ran] {
            let said = format!("{}{}", ran.stdout, ran.stderr);
            assert!(said.contains("Invalid format for TF_REATTACH_PROVIDERS"), "{text}: {said}");
        }
    }
    assert_eq!(world.org().org().divisions, []);
    assert_eq!(world.litter(), Vec::<String>::new());
}

#[test]
fn a_workspace_that_runs_elsewhere_is_said_to_be_out_of_reach() {
    let world = World::new(seed(&[("id-a", "A")]));
    world.divisions(&[("a", "name = \"A\"")]).init();
    // Seen from here, a remote run is a Terraform that starts no provider.
    let program = world.beside().join("terraform");
    let text = format!(
        "#!/bin/sh\n[ \"$1\" = plan ] && exec echo 'Running plan remotely.'\nexec '{}' \"$@\"\n",
        crate::world::terraform().display()
    );
    std::fs::write(&program, text).expect("a script");
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755))
        .expect("permissions");
    let plan = ["run", "--", program.to_str().expect("UTF-8"), "plan"];
    let ran = world.divvy(&plan).ended(0);
    assert!(!ran.stderr.contains("remotely"), "{}", ran.stderr);
    for block in ["cloud {\n    organization = \"o\"\n  }", "backend \"remote\" {}"] {
        world.write("remote.tf", &format!("terraform {{\n  {block}\n}}\n"));
        let ran = world.divvy(&plan).ended(0);
        assert_eq!(ran.stdout, "Running plan remotely.\n");
        assert!(ran.stderr.contains("this workspace seems to run remotely"), "{}", ran.stderr);
    }
}
