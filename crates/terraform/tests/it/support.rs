//! A configuration in a temporary directory, and a Terraform with a cleared environment.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use divvy_core::effect::{Effect, Observer, Outcome};
use divvy_core::{Address, Consent, consent};
use divvy_terraform::{Environment, PassedFlags, Terraform, WorkingDirectory};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

pub(crate) struct Sandbox {
    root: TempDir,
    pub(crate) environment: Environment,
    pub(crate) effects: Arc<Recorder>,
}

#[derive(Default)]
pub(crate) struct Recorder(Mutex<Vec<String>>);

impl Recorder {
    pub(crate) fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.0.lock().unwrap())
    }
}

impl Observer for Recorder {
    fn before(&self, effect: &Effect) {
        let text = match effect {
            Effect::Terraform { subcommand, .. } => subcommand.clone(),
            Effect::WriteFile { .. } => "write".into(),
            Effect::RemoveFile { .. } => "remove".into(),
            Effect::Request { .. } => unreachable!("no request is sent from here"),
        };
        self.0.lock().unwrap().push(text);
    }

    fn after(&self, _effect: &Effect, _outcome: &Outcome) {}
}

impl Sandbox {
    pub(crate) fn new(configuration: &str) -> Self {
        let root = tempfile::tempdir().unwrap();
        for directory in ["home", "temporary", "work"] {
            std::fs::create_dir(root.path().join(directory)).unwrap();
        }
        let place = |name: &str| root.path().join(name).display().to_string();
        let environment = Environment::from([
            ("PATH".into(), std::env::var("PATH").unwrap()),
            ("HOME".into(), place("home")),
            ("TMPDIR".into(), place("temporary")),
            ("CHECKPOINT_DISABLE".into(), "1".into()),
        ]);
        let sandbox = Self { root, environment, effects: Arc::default() };
        sandbox.write("main.tf", configuration);
        sandbox
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.root.path().join("work")
    }

    pub(crate) fn write(&self, name: &str, content: &str) {
        let path = self.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }

    pub(crate) fn terraform(&self) -> Terraform {
        Terraform::find(None, self.environment.clone()).unwrap().observed_by(self.effects.clone())
    }

    pub(crate) fn open(&self) -> WorkingDirectory {
        self.open_with(&[])
    }

    pub(crate) fn open_with(&self, flags: &[&str]) -> WorkingDirectory {
        let flags = PassedFlags::parse(flags.iter().map(|&flag| flag.to_owned())).unwrap();
        WorkingDirectory::open(&self.path(), self.terraform(), flags).unwrap()
    }

    /// Runs Terraform as a user would.
    pub(crate) fn by_hand(&self, arguments: &[&str]) -> String {
        let output = std::process::Command::new("terraform")
            .args(arguments)
            .current_dir(self.path())
            .env_clear()
            .envs(&self.environment)
            .output()
            .unwrap();
        assert!(output.status.success(), "{arguments:?}: {output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    pub(crate) fn files(&self) -> Vec<String> {
        names_in(&self.path())
    }

    /// Reads a file that a script has left outside the working directory.
    pub(crate) fn left_in_home(&self, name: &str) -> String {
        std::fs::read_to_string(self.root.path().join("home").join(name)).unwrap()
    }

    pub(crate) fn temporary_files(&self) -> Vec<String> {
        names_in(&self.root.path().join("temporary"))
    }
}

fn names_in(directory: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(directory).unwrap();
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[expect(clippy::disallowed_methods, reason = "these tests are the somebody who says yes")]
pub(crate) fn consent() -> Consent {
    Consent::given(consent::Source::Flag)
}

pub(crate) fn address(text: &str) -> Address {
    Address::parse(text).unwrap()
}

/// Runs a future on a runtime of one thread, as the binary does.
pub(crate) fn block_on<F: Future>(future: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

impl Sandbox {
    /// Places a script that plays Terraform's part; `$REAL` is the real one.
    pub(crate) fn scripted(&self, text: &str) -> Terraform {
        let real = self.terraform().program().display().to_string();
        let path = self.root.path().join("script");
        // A shell cannot trap what was ignored when it started, as in a background job.
        let shell = "/usr/bin/env -S --default-signal=INT /bin/sh";
        std::fs::write(&path, format!("#!{shell}\nREAL={real}\n{text}\n")).unwrap();
        std::fs::set_permissions(&path, PermissionsExt::from_mode(0o755)).unwrap();
        let terraform = Terraform::find(Some(&path), self.environment.clone()).unwrap();
        terraform.observed_by(self.effects.clone())
    }

    pub(crate) fn open_scripted(&self, terraform: Terraform) -> WorkingDirectory {
        WorkingDirectory::open(&self.path(), terraform, PassedFlags::default()).unwrap()
    }

    /// Makes a pipe in the working directory that a script can announce itself through.
    pub(crate) fn pipe(&self, name: &str) -> PathBuf {
        let path = self.path().join(name);
        assert!(std::process::Command::new("mkfifo").arg(&path).status().unwrap().success());
        path
    }
}

/// Cancels once somebody has written to the pipe.
pub(crate) fn cancel_when_written(pipe: PathBuf, token: CancellationToken) -> JoinHandle<()> {
    std::thread::spawn(move || {
        std::fs::read(pipe).unwrap();
        token.cancel();
    })
}
