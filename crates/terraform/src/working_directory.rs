//! A directory with a Terraform configuration, and everything that divvy does in it.
//!
//! The only writer there, and it writes one file only: the import blocks of an adoption, removed on
//! every way out. Plan files lie in a private temporary directory. A call that writes is never
//! made beside another: one state bears no two writers.

use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use divvy_core::survey::ErroredState;
use divvy_core::{Address, Consent, EntityId};
use serde::Deserialize;
use tempfile::TempDir;

use crate::error::Error;
use crate::failure::FailureKind;
use crate::invocation::{Invocation, PlanRequest};
use crate::passed_flags::PassedFlags;
use crate::plan_document::PlanDocument;
use crate::program::{Output, Terraform};
use crate::state_document::StateDocument;

/// A directory with a configuration.
#[derive(Debug)]
pub struct WorkingDirectory {
    path: PathBuf,
    terraform: Terraform,
    flags: PassedFlags,
    /// Mode 0700; goes with this value.
    temporary: TempDir,
    runs: AtomicUsize,
}

/// A saved plan in the private temporary directory, removed when it is dropped.
#[derive(Debug)]
pub struct PlanFile {
    path: PathBuf,
    holds_changes: bool,
}

impl PlanFile {
    /// Says whether the plan would do anything to a resource. Outputs do not count, and neither
    /// does a pending move; what Terraform did not say counts as a change.
    pub fn holds_changes(&self) -> bool {
        self.holds_changes
    }

    /// Returns where it lies.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for PlanFile {
    fn drop(&mut self) {
        // The directory around it is removed as well; this only keeps secrets shorter on disk.
        let _ = fs::remove_file(&self.path);
    }
}

impl WorkingDirectory {
    /// Opens a directory that holds a configuration.
    ///
    /// # Errors
    /// [`Error::NoDirectory`], [`Error::NoConfiguration`], and [`Error::File`] if the directory
    /// cannot be read or no temporary directory can be made.
    pub fn open(path: &Path, terraform: Terraform, flags: PassedFlags) -> Result<Self, Error> {
        if !path.is_dir() {
            return Err(Error::NoDirectory { path: path.to_owned() });
        }
        let path = std::path::absolute(path).map_err(|e| Error::file(path, "read", e))?;
        if !holds_configuration(&path)? {
            return Err(Error::NoConfiguration { path });
        }
        let place = terraform.environment().get("TMPDIR").map_or("/tmp", String::as_str);
        let temporary = tempfile::Builder::new()
            .prefix("divvy-")
            .permissions(fs::Permissions::from_mode(0o700))
            .tempdir_in(place)
            .map_err(|e| Error::file(place, "written", e))?;
        Ok(Self { path, terraform, flags, temporary, runs: AtomicUsize::new(0) })
    }

    /// Returns the directory's absolute path.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Returns the program that runs here.
    pub fn terraform(&self) -> &Terraform {
        &self.terraform
    }

    /// Returns how often Terraform was started here.
    pub fn terraform_runs(&self) -> usize {
        self.runs.load(Ordering::Relaxed)
    }

    /// Makes a plan and saves it.
    ///
    /// # Errors
    /// As every run.
    pub async fn plan(&self, request: PlanRequest<'_>) -> Result<PlanFile, Error> {
        let name = format!("plan-{}", self.terraform_runs());
        let mut file = PlanFile { path: self.temporary.path().join(name), holds_changes: true };
        let output = self.run(&Invocation::plan(&self.flags, &request, &file.path)).await?;
        file.holds_changes = holds_changes(&output.stdout);
        fs::set_permissions(&file.path, fs::Permissions::from_mode(0o600))
            .map_err(|e| Error::file(&file.path, "written", e))?;
        Ok(file)
    }

    /// Reads a saved plan.
    ///
    /// # Errors
    /// As every run, and [`Error::Document`].
    pub async fn show(&self, plan: &PlanFile) -> Result<PlanDocument, Error> {
        self.show_path(&plan.path).await
    }

    async fn show_path(&self, plan: &Path) -> Result<PlanDocument, Error> {
        let output = self.run(&Invocation::show(&self.flags, plan)).await?;
        PlanDocument::read(&output.stdout)
    }

    /// Reads a plan that somebody else saved: the plan file, or its JSON.
    ///
    /// # Errors
    /// [`Error::File`], [`Error::Document`], and as every run for a plan file.
    pub async fn read_plan_file(&self, path: &Path) -> Result<PlanDocument, Error> {
        let absolute = std::path::absolute(path).map_err(|e| Error::file(path, "read", e))?;
        let content = fs::read(&absolute).map_err(|e| Error::file(path, "read", e))?;
        if content.starts_with(b"PK") {
            self.show_path(&absolute).await
        } else {
            PlanDocument::read(&content)
        }
    }

    /// Reads the state as the backend has it.
    ///
    /// # Errors
    /// As every run, and [`Error::Document`].
    pub async fn state_pull(&self) -> Result<StateDocument, Error> {
        let output = self.run(&Invocation::state_pull()).await?;
        StateDocument::read(&output.stdout)
    }

    /// Evaluates one expression of one line in the root module, and returns what was printed.
    ///
    /// # Errors
    /// As every run.
    pub(crate) async fn console(&self, expression: String) -> Result<String, Error> {
        let output = self.run(&Invocation::console(&self.flags, expression)).await?;
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// Applies exactly a saved plan.
    ///
    /// # Errors
    /// As every run.
    pub async fn apply_plan(&self, _consent: &Consent, plan: &PlanFile) -> Result<(), Error> {
        let apply = |with_variables| Invocation::apply(&self.flags, &plan.path, with_variables);
        match self.run(&apply(false)).await {
            // Nothing is done yet: a value of an ephemeral variable is in no plan file.
            Err(Error::Terraform(failure)) if failure.kind == FailureKind::MissingVariable => {
                self.run(&apply(true)).await?;
            }
            ended => {
                ended?;
            }
        }
        Ok(())
    }

    /// Imports one object at one address, without changing the object.
    ///
    /// # Errors
    /// As every run.
    pub async fn import(
        &self,
        _consent: &Consent,
        address: &Address,
        id: &EntityId,
    ) -> Result<(), Error> {
        self.run(&Invocation::import(&self.flags, address, id)).await?;
        Ok(())
    }

    /// Forgets one instance.
    ///
    /// # Errors
    /// As every run.
    pub async fn state_rm(&self, _consent: &Consent, address: &Address) -> Result<(), Error> {
        self.run(&Invocation::state_rm(&self.flags, address)).await?;
        Ok(())
    }

    /// Moves one instance to another address.
    ///
    /// # Errors
    /// As every run.
    pub async fn state_mv(
        &self,
        _consent: &Consent,
        from: &Address,
        to: &Address,
    ) -> Result<(), Error> {
        self.run(&Invocation::state_mv(&self.flags, from, to)).await?;
        Ok(())
    }

    /// Takes the taint off one instance.
    ///
    /// # Errors
    /// As every run.
    pub async fn untaint(&self, _consent: &Consent, address: &Address) -> Result<(), Error> {
        self.run(&Invocation::untaint(&self.flags, address)).await?;
        Ok(())
    }

    /// Finds the state that an earlier apply could not save. A file that cannot be read as a state
    /// still counts.
    pub fn errored_state(&self) -> Option<ErroredState> {
        let content = fs::read(self.path.join("errored.tfstate")).ok()?;
        let state = StateDocument::read(&content).unwrap_or_default();
        Some(state.as_errored())
    }

    /// Returns the selected workspace, `None` for `default`.
    pub fn workspace(&self) -> Option<String> {
        let environment = self.terraform.environment();
        let named = environment.get("TF_WORKSPACE").cloned().or_else(|| {
            let data = environment.get("TF_DATA_DIR").map_or(".terraform", String::as_str);
            fs::read_to_string(self.path.join(data).join("environment")).ok()
        });
        named
            .map(|name| name.trim().to_owned())
            .filter(|name| !name.is_empty() && name != "default")
    }

    /// Runs one call; what is worth it is tried once more.
    async fn run(&self, invocation: &Invocation) -> Result<Output, Error> {
        self.runs.fetch_add(1, Ordering::Relaxed);
        let writes = invocation.subcommand.writes();
        match self.terraform.run(&self.path, invocation).await {
            Err(Error::Terraform(failure)) if failure.is_worth_another_try(writes) => {
                tracing::warn!(%failure, "trying once more");
                self.runs.fetch_add(1, Ordering::Relaxed);
                self.terraform.run(&self.path, invocation).await
            }
            ended => ended,
        }
    }
}

/// Says whether a directory holds configuration files of Terraform or OpenTofu.
///
/// # Errors
/// [`Error::File`] if it cannot be read.
pub fn holds_configuration(path: &Path) -> Result<bool, Error> {
    let entries = fs::read_dir(path).map_err(|e| Error::file(path, "read", e))?;
    let names = entries
        .map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()))
        .collect::<io::Result<Vec<_>>>()
        .map_err(|e| Error::file(path, "read", e))?;
    Ok(names.iter().any(|name| is_configuration_file(name)))
}

/// Says whether Terraform or OpenTofu reads a file of this name as configuration.
pub(crate) fn is_configuration_file(name: &str) -> bool {
    let is_ignored = name.starts_with('.') || name.starts_with('#') || name.ends_with('~');
    let extensions = [".tf", ".tf.json", ".tofu", ".tofu.json"];
    !is_ignored && extensions.iter().any(|extension| name.ends_with(extension))
}

/// Reads the `change_summary` line of `plan -json`.
fn holds_changes(lines: &[u8]) -> bool {
    #[derive(Deserialize)]
    struct Line {
        r#type: String,
        changes: Option<std::collections::BTreeMap<String, serde_json::Value>>,
    }
    let summary = lines
        .split(|byte| *byte == b'\n')
        .rev()
        .filter_map(|line| serde_json::from_slice::<Line>(line).ok())
        .find(|line| line.r#type == "change_summary");
    summary.and_then(|line| line.changes).is_none_or(|changes| {
        changes.values().any(|count| count.as_u64().is_some_and(|count| count > 0))
    })
}
