//! What must hold however a run ends: nothing lost, nothing left, no secret anywhere; and the
//! message, held to its recorded form.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::world::{Ran, SECRET, World, is_opentofu, terraform};

/// Holds what stood in the directory and in the org, to be compared later.
#[derive(Debug, PartialEq)]
pub(super) struct Everything {
    files: BTreeMap<PathBuf, Vec<u8>>,
    org: String,
}

impl Everything {
    /// Reads it all. `.divvy` is divvy's own to write, `.terraform` Terraform's.
    pub(super) fn of(world: &World) -> Self {
        let files = files_below(world.directory()).into_iter();
        let is_ours = |path: &Path| {
            path.components()
                .any(|part| part.as_os_str() == ".divvy" || part.as_os_str() == ".terraform")
        };
        Self {
            files: files
                .filter(|path| !is_ours(path))
                .map(|path| (path.clone(), fs::read(path).expect("a file")))
                .collect(),
            org: org(world),
        }
    }
}

/// The first org, as a seed.
pub(super) fn org(world: &World) -> String {
    serde_json::to_string_pretty(&world.org().org()).expect("a seed is JSON")
}

/// Runs a command that must fail with `code`: nothing is lost, nothing is left, and what is said is
/// what was recorded under this name.
#[track_caller]
pub(super) fn refuses(world: &World, name: &str, code: i32, arguments: &[&str]) {
    let before = Everything::of(world);
    let ran = world.divvy(arguments).ended(code);
    assert_eq!(Everything::of(world), before, "{name}: something was changed");
    leaves_nothing(world);
    says(world, name, arguments, &ran);
}

/// As [`refuses`], for `check` and for `fix --yes`, which must say the same.
#[track_caller]
pub(super) fn both_refuse(world: &World, name: &str, code: i32, arguments: &[&str]) {
    let with = |command: &[&'static str]| -> Vec<String> {
        command.iter().copied().chain(arguments.iter().copied()).map(str::to_owned).collect()
    };
    let (check, fix) = (with(&["check"]), with(&["fix", "--yes"]));
    let check: Vec<&str> = check.iter().map(String::as_str).collect();
    let fix: Vec<&str> = fix.iter().map(String::as_str).collect();
    refuses(world, name, code, &check);
    let before = Everything::of(world);
    let _ = world.divvy(&fix).ended(code);
    assert_eq!(Everything::of(world), before, "{name}: fix changed something");
    leaves_nothing(world);
}

/// No blocks file, no plan, and no secret in what divvy may have written.
#[track_caller]
pub(super) fn leaves_nothing(world: &World) {
    assert_eq!(world.litter(), Vec::<String>::new());
    holds_no_secret(world);
}

/// The secret is in no journal, no report, no temporary file.
#[track_caller]
pub(super) fn holds_no_secret(world: &World) {
    for place in [
        world.directory().join(".divvy"),
        world.beside().join("tmp"),
        world.beside().join("reports"),
    ] {
        for file in files_below(&place) {
            let content = fs::read(&file).unwrap_or_default();
            let has_secret =
                content.windows(SECRET.len()).any(|window| window == SECRET.as_bytes());
            assert!(!has_secret, "{} holds the secret", file.display());
        }
    }
}

fn files_below(directory: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(directory) else { return Vec::new() };
    let mut found = Vec::new();
    for entry in entries {
        let path = entry.expect("an entry").path();
        match path.symlink_metadata() {
            Ok(metadata) if metadata.is_dir() => found.extend(files_below(&path)),
            Ok(metadata) if metadata.is_file() => found.push(path),
            _ => {}
        }
    }
    found.sort();
    found
}

/// What OpenTofu says about these differs in more than names.
const OTHERWISE_WITH_OPENTOFU: [&str; 5] = [
    "a_configuration_that_wants_another_terraform",
    "a_full_disk_for_temporary_files",
    "a_plan_file_cut_off",
    "a_state_that_is_cut_off",
    "a_state_of_a_newer_terraform",
];

/// Holds what was said to what was recorded.
#[track_caller]
pub(super) fn says(world: &World, name: &str, arguments: &[&str], ran: &Ran) {
    let mut settings = insta::Settings::clone_current();
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    let quoted = |path: &Path| path.to_str().expect("UTF-8").replace('.', "\\.");
    settings.add_filter(&quoted(world.beside()), "[WORLD]");
    settings.add_filter(&quoted(terraform()), "[TERRAFORM]");
    for (pattern, replacement) in [
        (r"127\.0\.0\.1:\d+", "127.0.0.1:[PORT]"),
        (r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", "[ID]"),
        (r"\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}[.\d]* (\+0000 )?UTC", "[TIME]"),
        (r"[\w.-]+@[\w.-]+", "[USER]@[HOST]"),
        (r"process \d+", "process [PID]"),
        (r"divvy-plans-[A-Za-z0-9]{6}\b", "divvy-plans-[TEMP]"),
        (r"\b1\.1?\d\.\d+\b", "[VERSION]"),
        (r"(?m)[ \t]+$", ""),
    ] {
        settings.add_filter(pattern, replacement);
    }
    let mut name = name.to_owned();
    if is_opentofu() {
        for (pattern, replacement) in [
            ("OpenTofu", "Terraform"),
            // This one is ours.
            ("or newer, or Terraform", "or newer, or OpenTofu"),
            (r"([^.])\btofu ", "${1}terraform "),
            ("registry.opentofu.org", "registry.terraform.io"),
            ("failed to write backup file: ", ""),
        ] {
            settings.add_filter(pattern, replacement);
        }
        if OTHERWISE_WITH_OPENTOFU.contains(&name.as_str()) {
            name.push_str("_with_opentofu");
        }
    }
    let text = format!(
        "$ divvy {}\n{}{}[exit code {}]\n",
        arguments.join(" "),
        ran.stderr,
        ran.stdout,
        ran.code
    );
    settings.bind(|| insta::assert_snapshot!(name, text));
}
