//! A directory in which real Terraform runs against a fake org through the stand-in.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use rustix::process::Pid;
use serde_json::Value;

use super::org::Org;

pub(crate) const STAND_IN: &str = env!("CARGO_BIN_EXE_divvy-stand-in");

/// How a Terraform command ended.
pub(crate) struct Ended {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ended {
    /// The diagnostics of a `-json` run.
    pub(crate) fn diagnostics(&self) -> Vec<Value> {
        let lines = self.stdout.lines().filter_map(|line| serde_json::from_str(line).ok());
        lines
            .filter(|line: &Value| line["type"] == "diagnostic")
            .map(|line| line["diagnostic"].clone())
            .collect()
    }

    #[track_caller]
    pub(crate) fn succeeds(self) -> Self {
        assert_eq!(self.code, 0, "{}\n{}", self.stdout, self.stderr);
        self
    }

    #[track_caller]
    pub(crate) fn fails(self) -> Self {
        assert_eq!(self.code, 1, "{}\n{}", self.stdout, self.stderr);
        self
    }
}

pub(crate) struct Workspace {
    directory: tempfile::TempDir,
    pub(crate) org: Org,
    variables: Vec<(&'static str, String)>,
}

impl Workspace {
    /// Makes a directory with this configuration, and runs `init` from a mirror.
    pub(crate) fn new(configuration: &str) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let mirror = directory.path().join("mirror");
        let mirror = divvy_sandbox::mirror::lay_out(&mirror, Path::new(STAND_IN)).unwrap();
        let cli_configuration = mirror.cli_configuration().display().to_string();
        std::fs::create_dir_all(directory.path().join("t")).unwrap();
        let workspace = Self {
            org: Org::start(),
            variables: vec![
                ("TF_CLI_CONFIG_FILE", cli_configuration),
                ("GENESYSCLOUD_TOKEN_POOL_SIZE", "1".to_owned()),
            ],
            directory,
        };
        let provider = format!(
            r#"
            terraform {{
              required_providers {{
                genesyscloud = {{ source = "mypurecloud/genesyscloud" }}
              }}
            }}
            provider "genesyscloud" {{
              oauthclient_id     = "EXAMPLE"
              oauthclient_secret = "EXAMPLE"
              gateway {{
                protocol = "http"
                host     = "127.0.0.1"
                port     = "{}"
              }}
            }}
            "#,
            workspace.org.port()
        );
        std::fs::write(workspace.path().join("provider.tf"), provider).unwrap();
        workspace.configure(configuration);
        workspace.terraform(&["init"]).succeeds();
        workspace
    }

    pub(crate) fn configure(&self, configuration: &str) {
        std::fs::write(self.path().join("main.tf"), configuration).unwrap();
    }

    /// Sets a variable for all commands that follow.
    pub(crate) fn set(&mut self, name: &'static str, value: &str) {
        self.variables.retain(|(known, _)| *known != name);
        self.variables.push((name, value.to_owned()));
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.directory.path().to_owned()
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("terraform");
        command
            .args(arguments)
            .current_dir(self.directory.path())
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.directory.path())
            .env("TMPDIR", self.directory.path().join("t"))
            .env("TF_IN_AUTOMATION", "1")
            .env("TF_INPUT", "0")
            .env("TF_CLI_ARGS", "-no-color")
            .envs(self.variables.iter().map(|(name, value)| (*name, value)))
            .stdin(Stdio::null());
        command
    }

    pub(crate) fn terraform(&self, arguments: &[&str]) -> Ended {
        let output = self.command(arguments).output().expect("terraform is on the PATH");
        Ended {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    pub(crate) fn apply(&self) -> Ended {
        self.terraform(&["apply", "-auto-approve", "-json"])
    }

    /// Plans and returns the one resource change.
    pub(crate) fn planned_change(&self) -> Value {
        self.terraform(&["plan", "-out=plan"]).succeeds();
        let shown = self.terraform(&["show", "-json", "plan"]).succeeds();
        let plan: Value = serde_json::from_str(&shown.stdout).unwrap();
        plan["resource_changes"][0].clone()
    }

    /// The instances in the state.
    pub(crate) fn instances(&self) -> Vec<Value> {
        let pulled = self.terraform(&["state", "pull"]).succeeds();
        let state: Value = serde_json::from_str(&pulled.stdout).unwrap_or_default();
        let resources = state["resources"].as_array().cloned().unwrap_or_default();
        resources.iter().flat_map(|one| one["instances"].as_array().cloned().unwrap()).collect()
    }
}

/// The stand-in processes that run with this variable, written `NAME=VALUE` (Linux).
pub(crate) fn providers_with(variable: &str) -> Vec<Pid> {
    let has = |process: &Path, file: &str, words: &[u8]| {
        let content = std::fs::read(process.join(file)).unwrap_or_default();
        content.split(|byte| *byte == 0).any(|word| word.ends_with(words))
    };
    let is_provider = |process: &Path| {
        let name = std::fs::read_link(process.join("exe")).unwrap_or_default();
        name.file_name() == Path::new(STAND_IN).file_name()
    };
    let processes = std::fs::read_dir("/proc").unwrap().flatten().map(|entry| entry.path());
    processes
        .filter(|process| is_provider(process) && has(process, "environ", variable.as_bytes()))
        .filter_map(|process| Pid::from_raw(process.file_name()?.to_str()?.parse().ok()?))
        .collect()
}
