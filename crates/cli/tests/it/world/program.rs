//! The Terraform of this test run, and what the tests ask of it.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use serde_json::Value;

/// The Terraform program of this test run.
pub(crate) fn terraform() -> &'static Path {
    static FOUND: OnceLock<PathBuf> = OnceLock::new();
    FOUND.get_or_init(|| {
        if let Some(named) = std::env::var_os("DIVVY_TERRAFORM") {
            return named.into();
        }
        let path = std::env::var_os("PATH").unwrap_or_default();
        ["terraform", "tofu"]
            .iter()
            .flat_map(|name| {
                std::env::split_paths(&path).map(move |directory| directory.join(name))
            })
            .find(|program| program.is_file())
            .expect("terraform or tofu on PATH, or DIVVY_TERRAFORM: run scripts/test")
    })
}

/// The same, as a word of a command line.
pub(crate) fn program() -> &'static str {
    terraform().to_str().expect("a path in UTF-8")
}

/// Says whether the program of this test run is OpenTofu.
pub(crate) fn is_opentofu() -> bool {
    terraform().file_stem().is_some_and(|name| name == "tofu")
}

/// Where the program of this test run looks for a provider whose source names no host.
pub(crate) fn registry() -> &'static str {
    if is_opentofu() { "registry.opentofu.org" } else { "registry.terraform.io" }
}

/// The N of the version 1.N.
pub(crate) fn terraform_minor() -> u32 {
    let output = std::process::Command::new(terraform())
        .args(["version", "-json"])
        .env_remove("TF_CLI_CONFIG_FILE")
        .output()
        .expect("terraform starts");
    let version: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let version = version["terraform_version"].as_str().expect("a version");
    version.split('.').nth(1).and_then(|minor| minor.parse().ok()).expect("a minor version")
}
