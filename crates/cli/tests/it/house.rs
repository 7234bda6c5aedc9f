//! The house itself: which crate and which file may lean on which, and what must not come into the
//! tree.

mod arrows;
mod tokens;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

fn metadata() -> Value {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--locked", "--manifest-path"])
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/../../Cargo.toml"))
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("cargo metadata is JSON")
}

fn text<'v>(value: &'v Value, field: &str) -> &'v str {
    value[field].as_str().unwrap_or_default()
}

#[test]
fn the_arrows_between_the_crates_are_those_of_the_architecture() {
    let allowed: BTreeMap<&str, &[&str]> = BTreeMap::from([
        ("divvy-os", &[][..]),
        ("divvy-core", &[][..]),
        ("divvy-plugin", &["divvy-os"][..]),
        ("divvy-genesys", &["divvy-core"][..]),
        ("divvy-terraform", &["divvy-core", "divvy-os"][..]),
        ("divvy-sandbox", &["divvy-os", "divvy-plugin"][..]),
        (
            "divvy",
            &[
                "divvy-core",
                "divvy-genesys",
                "divvy-os",
                "divvy-plugin",
                "divvy-sandbox",
                "divvy-terraform",
            ][..],
        ),
    ]);
    let metadata = metadata();
    let mut seen = BTreeSet::new();
    for package in metadata["packages"].as_array().expect("packages") {
        let name = text(package, "name");
        let Some(allowed) = allowed.get(name) else { continue };
        seen.insert(name);
        // Development dependencies are arrows too: a test that leans the wrong way ties the rooms.
        for dependency in package["dependencies"].as_array().expect("dependencies") {
            let other = text(dependency, "name");
            assert!(
                !other.starts_with("divvy") || allowed.contains(&other),
                "{name} leans on {other}"
            );
        }
    }
    assert_eq!(seen.len(), allowed.len(), "a crate is missing: {seen:?}");
}

#[test]
fn every_file_that_the_architecture_names_is_there() {
    let root = root();
    let architecture = std::fs::read_to_string(root.join("ARCHITECTURE.md")).expect("a page");
    let named = architecture.split('`').skip(1).step_by(2).filter(|text| text.contains("/src/"));
    let mut checked = 0;
    for path in named {
        let is_there = root.join(path).exists() || root.join("crates").join(path).exists();
        assert!(is_there, "{path}");
        checked += 1;
    }
    assert!(checked > 15, "{checked}");
}

#[test]
fn no_c_library_for_tls_came_in() {
    for package in metadata()["packages"].as_array().expect("packages") {
        let name = text(package, "name");
        assert!(
            !matches!(name, "openssl-sys" | "aws-lc-sys" | "native-tls"),
            "{name} came into the tree"
        );
    }
}

fn root() -> PathBuf {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../..")).to_owned()
}

#[test]
fn no_files_of_a_crate_lean_on_each_other_in_a_circle() {
    let mut found = String::new();
    for member in ["core", "genesys", "terraform", "plugin", "sandbox", "cli"] {
        let sources = arrows::Sources::read(&root().join("crates").join(member).join("src/lib.rs"));
        let arrows = sources.arrows();
        assert!(arrows.values().any(|to| !to.is_empty()), "{member} has no arrows at all");
        for circle in arrows::circles(&arrows) {
            found.push_str(&format!("a circle in {member}:\n"));
            for from in &circle {
                let to: Vec<_> = arrows[from].intersection(&circle).cloned().collect();
                found.push_str(&format!("  {from} -> {}\n", to.join(", ")));
            }
        }
    }
    assert!(found.is_empty(), "untie this:\n{found}");
}

/// Returns the identifiers of every Rust file below a directory.
fn identifiers(directory: &Path, with_tests: bool) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let Ok(entries) = std::fs::read_dir(directory) else { return found };
    for path in entries.map(|entry| entry.expect("an entry").path()) {
        if path.is_dir() {
            found.extend(identifiers(&path, with_tests));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = std::fs::read_to_string(&path).expect("a source file is text");
            found.extend(if with_tests { tokens::all(&text) } else { tokens::tokens(&text) });
        }
    }
    found
}

#[test]
fn every_dependency_is_named_by_the_sources_that_it_is_declared_for() {
    let metadata = metadata();
    let mut unused = Vec::new();
    for package in metadata["packages"].as_array().expect("packages") {
        let name = text(package, "name");
        let is_ours = name == "divvy" || name.starts_with("divvy-");
        let manifest = Path::new(text(package, "manifest_path"));
        let (true, Some(directory)) = (is_ours, manifest.parent()) else { continue };
        let sources = identifiers(&directory.join("src"), false);
        let mut tests = identifiers(&directory.join("src"), true);
        for more in ["tests", "examples", "benches"] {
            tests.extend(identifiers(&directory.join(more), true));
        }
        for dependency in package["dependencies"].as_array().expect("dependencies") {
            let crate_name = dependency["rename"].as_str().unwrap_or(text(dependency, "name"));
            let identifier = crate_name.replace('-', "_");
            let named_in = match text(dependency, "kind") {
                "dev" => &tests,
                _ => &sources,
            };
            if !named_in.contains(&identifier) {
                unused.push(format!("{name}: {crate_name} {}", text(dependency, "kind")));
            }
        }
    }
    assert!(unused.is_empty(), "declared and never named: {unused:#?}");
}

/// Lists the words by which a file asks on which operating system it is.
fn questions_about_the_system(text: &str) -> Vec<String> {
    const SYSTEMS: [&str; 5] = ["unix", "windows", "target_os", "target_family", "target_env"];
    const CRATES: [&str; 3] = ["rustix", "windows_sys", "libc"];
    let tokens = tokens::tokens(text);
    let mut asked = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        let after = |distance: usize| tokens.get(at + distance).map_or("", String::as_str);
        let inside = match token.as_str() {
            "cfg" | "cfg_attr" => {
                let open = at + if after(1) == "!" { 2 } else { 1 };
                tokens::closing(&tokens, open).map_or(&[][..], |end| &tokens[open..end])
            }
            "os" | "signal" if after(1) == "::" => &tokens[at + 2..at + 3],
            known if CRATES.contains(&known) => &tokens[at..=at],
            _ => continue,
        };
        let is_one =
            |word: &&String| SYSTEMS.contains(&word.as_str()) || CRATES.contains(&word.as_str());
        asked.extend(inside.iter().filter(is_one).cloned());
    }
    asked
}

#[test]
fn one_crate_alone_asks_which_operating_system_it_is_on() {
    let asked = |text| questions_about_the_system(text).join(" ");
    assert_eq!(asked("#[cfg(unix)] fn f() {}"), "unix");
    assert_eq!(asked("fn f() { if cfg!(all(windows, x)) {} }"), "windows");
    assert_eq!(asked("use std::os::unix::fs; use tokio::signal::windows::x;"), "unix windows");
    assert_eq!(asked("fn f() { rustix::x() }"), "rustix");
    assert_eq!(asked("fn f(x: &[u8]) { x.windows(2); #[cfg(debug_assertions)] g() }"), "");
    assert_eq!(asked("#[cfg(test)] mod tests { use std::os::unix::fs; }"), "");
    let mut files = Vec::new();
    let members = ["core", "genesys", "terraform", "plugin", "sandbox", "cli"];
    let mut open: Vec<PathBuf> =
        members.iter().map(|member| root().join("crates").join(member).join("src")).collect();
    while let Some(directory) = open.pop() {
        for entry in std::fs::read_dir(directory).expect("sources") {
            let path = entry.expect("an entry").path();
            match path.extension().and_then(|extension| extension.to_str()) {
                _ if path.is_dir() => open.push(path),
                // Whole files of tests.
                Some("rs") if !path.ends_with("tests.rs") => files.push(path),
                _ => {}
            }
        }
    }
    assert!(files.len() > 100, "{}", files.len());
    for path in files {
        let text = std::fs::read_to_string(&path).expect("a source file is text");
        let asked = questions_about_the_system(&text);
        assert!(asked.is_empty(), "{}: {asked:?} (ask crates/os)", path.display());
    }
}

#[test]
fn every_dependency_of_the_workspace_is_inherited_by_a_crate() {
    let manifest = std::fs::read_to_string(root().join("Cargo.toml")).expect("a manifest");
    let declared = manifest.split("[workspace.dependencies]").nth(1).expect("dependencies");
    let declared = declared.lines().take_while(|line| !line.starts_with('['));
    let declared = declared.filter_map(|line| Some(line.split_once(" = ")?.0));
    let metadata = metadata();
    let packages = metadata["packages"].as_array().expect("packages");
    let ours = packages.iter().filter(|package| package["source"].is_null());
    let inherited: BTreeSet<_> = ours
        .flat_map(|package| package["dependencies"].as_array().expect("dependencies"))
        .map(|dependency| text(dependency, "name"))
        .collect();
    let idle: Vec<_> = declared.filter(|name| !inherited.contains(name)).collect();
    assert!(idle.is_empty(), "declared for the workspace and used by no crate: {idle:?}");
}
