//! A directory with a Terraform configuration, and everything that divvy does in it.
//!
//! The only writer there, and it writes one file only: the import blocks of an adoption, removed on
//! every way out. Plan files lie in a private temporary directory. A call that writes is never
//! made beside another: one state bears no two writers.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use divvy_core::survey::ErroredState;
use divvy_core::{Address, Consent, EntityId};
use divvy_os::files as system;
use serde::Deserialize;

use crate::console::{self, Evaluated};
use crate::error::Error;
use crate::failure::FailureKind;
use crate::files::{self, Origin};
use crate::invocation::{Invocation, PlanRequest};
use crate::passed_flags::PassedFlags;
use crate::plan_document::PlanDocument;
use crate::private_directory::{PLANS, PrivateDirectory};
use crate::program::{Output, Terraform};
use crate::state_document::StateDocument;

/// A directory with a configuration.
#[derive(Debug)]
pub struct WorkingDirectory {
    path: PathBuf,
    terraform: Terraform,
    flags: PassedFlags,
    temporary: PrivateDirectory,
    runs: AtomicUsize,
    plans: AtomicUsize,
}

/// A saved plan in the private temporary directory, removed when it is dropped.
#[derive(Debug)]
pub struct PlanFile {
    path: PathBuf,
    holds_changes: bool,
    changed_outputs: Vec<String>,
}

impl PlanFile {
    fn at(path: PathBuf) -> Self {
        Self { path, holds_changes: true, changed_outputs: Vec::new() }
    }

    /// Returns whether the plan would do anything to a resource. Outputs do not count, and neither
    /// does a pending move; what Terraform did not say counts as a change.
    pub fn holds_changes(&self) -> bool {
        self.holds_changes
    }

    /// Names the outputs that it would change.
    pub fn changed_outputs(&self) -> &[String] {
        &self.changed_outputs
    }

    /// Returns where it lies.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Makes sure that the file is whole, and for its owner alone.
    fn secured(&self) -> Result<(), Error> {
        let failed = |action, error| Error::file(&self.path, action, error);
        // On a full disk Terraform ends well and leaves a part of the file, or none of it.
        if !is_whole(&self.path).map_err(|error| failed("read", error))? {
            return Err(failed("written", io::ErrorKind::StorageFull.into()));
        }
        let Some(permissions) = system::permissions(0o600) else { return Ok(()) };
        fs::set_permissions(&self.path, permissions).map_err(|error| failed("written", error))
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
    /// [`Error::NoDirectory`], [`Error::NoConfiguration`], [`Error::NoTemporaryDirectory`], and
    /// [`Error::File`] if the directory cannot be read.
    pub fn open(path: &Path, terraform: Terraform, flags: PassedFlags) -> Result<Self, Error> {
        if !path.is_dir() {
            return Err(Error::NoDirectory { path: path.to_owned() });
        }
        let path = std::path::absolute(path).map_err(|e| Error::file(path, "read", e))?;
        if !holds_configuration(&path)? {
            return Err(Error::NoConfiguration { path });
        }
        let place = divvy_os::places::temporary_directory(terraform.environment());
        let temporary = PrivateDirectory::make(&place, PLANS)
            .map_err(|source| Error::NoTemporaryDirectory { place, source })?;
        Ok(Self {
            path,
            terraform,
            flags,
            temporary,
            runs: AtomicUsize::new(0),
            plans: AtomicUsize::new(0),
        })
    }

    /// Returns the directory's absolute path.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Returns the program that runs here.
    pub fn terraform(&self) -> &Terraform {
        &self.terraform
    }

    /// Returns the flags that the user handed on.
    pub fn flags(&self) -> &PassedFlags {
        &self.flags
    }

    /// Returns how often Terraform was started here.
    pub fn terraform_runs(&self) -> usize {
        self.runs.load(Ordering::Relaxed)
    }

    /// Makes a plan and saves it.
    ///
    /// # Errors
    /// As every run, and [`Error::NoResult`].
    pub async fn plan(&self, request: PlanRequest<'_>) -> Result<PlanFile, Error> {
        self.plan_or_part(request).await.map_err(|(error, _)| error)
    }

    /// Makes a plan as [`Self::plan`] does; beside a failure stands the part of the plan that Terraform
    /// saved all the same, which says which conditions do not hold.
    pub(crate) async fn plan_or_part(
        &self,
        request: PlanRequest<'_>,
    ) -> Result<PlanFile, (Error, Option<PlanFile>)> {
        let name = format!("plan-{}", self.plans.fetch_add(1, Ordering::Relaxed));
        let path = self.temporary.path().join(name);
        let invocation = Invocation::plan(&self.flags, &request, &path);
        let output = match self.run(&invocation).await {
            Ok(output) => output,
            Err(error) => {
                let part = path.exists().then(|| PlanFile {
                    path,
                    holds_changes: true,
                    changed_outputs: Vec::new(),
                });
                return Err((error, part));
            }
        };
        if !path.exists() {
            if system::is_full(self.temporary.path()) {
                let error = Error::file(&path, "written", io::ErrorKind::StorageFull.into());
                return Err((error, None));
            }
            let path = self.terraform.program().to_owned();
            let subcommand = invocation.subcommand.words();
            return Err((Error::NoResult { path, subcommand }, None));
        }
        let (holds_changes, changed_outputs) = summary(&output.stdout);
        let file = PlanFile { path, holds_changes, changed_outputs };
        match file.secured() {
            Ok(()) => Ok(file),
            Err(error) => Err((error, None)),
        }
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

    /// Reads a saved plan that lies here: the plan file, or its JSON.
    ///
    /// # Errors
    /// [`Error::File`], [`Error::Document`], and as every run for a plan file.
    pub async fn read_plan_file(&self, path: &Path) -> Result<PlanDocument, Error> {
        let content = files::read(path, Origin::Found).map_err(|e| Error::file(path, "read", e))?;
        self.read_plan(path, content).await
    }

    /// Reads a saved plan whose content was read from `path`: the plan file, or its JSON. Terraform is
    /// started for a plan file only.
    ///
    /// # Errors
    /// As [`Self::read_plan_file`].
    pub async fn read_plan(&self, path: &Path, content: Vec<u8>) -> Result<PlanDocument, Error> {
        if !is_plan_file(&content) {
            let text = files::text_of(content).map_err(|e| Error::file(path, "read", e))?;
            return PlanDocument::read(text.as_bytes());
        }
        if path.is_file() {
            let absolute = std::path::absolute(path).map_err(|e| Error::file(path, "read", e))?;
            return self.show_path(&absolute).await;
        }
        // It came through a pipe, which can be read once.
        let name = format!("plan-{}", self.plans.fetch_add(1, Ordering::Relaxed));
        let copy = PlanFile::at(self.temporary.path().join(name));
        files::replace(&copy.path, &content).map_err(|e| Error::file(&copy.path, "written", e))?;
        self.show_path(&copy.path).await
    }

    /// Reads the state as the backend has it.
    ///
    /// # Errors
    /// As every run, and [`Error::Document`].
    pub async fn state_pull(&self) -> Result<StateDocument, Error> {
        let output = self.run(&Invocation::state_pull()).await?;
        StateDocument::read(&output.stdout)
    }

    /// Reads the state as [`Self::state_pull`] does, but from its file where that lies here: a start of
    /// Terraform costs more than all else that the answer is needed for.
    ///
    /// # Errors
    /// As [`Self::state_pull`].
    pub async fn state(&self) -> Result<StateDocument, Error> {
        match self.state_here() {
            Some(state) => Ok(state),
            None => self.state_pull().await,
        }
    }

    /// Reads a state file that somebody named, relative to here; nothing if there is none yet.
    ///
    /// # Errors
    /// [`Error::File`] and [`Error::Document`].
    pub fn state_file(&self, file: &Path) -> Result<Option<StateDocument>, Error> {
        match files::read_text(&self.path.join(file), Origin::Found) {
            Ok(content) => StateDocument::read(content.as_bytes()).map(Some),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(Error::file(file, "read", error)),
        }
    }

    /// Reads the file of the default workspace where no backend is configured; nothing if Terraform
    /// is to be asked: where a backend is known, and for whatever is no whole and readable state,
    /// such as one that is being written, or that OpenTofu has encrypted.
    fn state_here(&self) -> Option<StateDocument> {
        let backend = self.data_directory().join("terraform.tfstate");
        let has_backend = backend.try_exists().unwrap_or(true);
        if has_backend || self.workspace().is_some() {
            return None;
        }
        let content = files::read(&self.path.join("terraform.tfstate"), Origin::Found).ok()?;
        StateDocument::read(&content).ok().filter(StateDocument::is_written)
    }

    /// Evaluates expressions of one line each in the root module, with one run, or none if there are none.
    /// One without a known value is left out.
    ///
    /// # Errors
    /// As every run.
    pub(crate) async fn evaluated(&self, expressions: &[String]) -> Result<Evaluated, Error> {
        if expressions.is_empty() {
            return Ok(Evaluated::new());
        }
        let question = console::question(expressions);
        let output = self.run(&Invocation::console(&self.flags, question)).await?;
        Ok(console::answers(expressions, &String::from_utf8_lossy(&output.stdout)))
    }

    /// Draws which blocks of the configuration wait for which, in DOT.
    ///
    /// # Errors
    /// As every run.
    pub(crate) async fn graph(&self) -> Result<String, Error> {
        let output = self.run(&Invocation::graph()).await?;
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// Returns the value of a variable that a flag, else the environment gives; `None` where a
    /// file of values could win.
    pub(crate) fn variable_given(&self, name: &str) -> Option<&str> {
        if let Some(value) = self.flags.variable(name) {
            return Some(value);
        }
        let is_of_values = |name: &str| name.ends_with(".tfvars") || name.ends_with(".tfvars.json");
        let mut entries = fs::read_dir(&self.path).ok()?.flatten();
        let has_files = self.flags.variables().iter().any(|flag| flag.starts_with("-var-file"))
            || entries.any(|entry| entry.file_name().to_str().is_some_and(is_of_values));
        if has_files {
            return None;
        }
        self.terraform.environment().get(&format!("TF_VAR_{name}")).map(String::as_str)
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

    /// Finds the state that an earlier apply could not save.
    pub fn errored_state(&self) -> Option<ErroredState> {
        errored_state(&self.path)
    }

    /// Returns the selected workspace, `None` for `default`.
    pub fn workspace(&self) -> Option<String> {
        let named = self.terraform.environment().get("TF_WORKSPACE").cloned();
        let selected =
            || files::read_text(&self.data_directory().join("environment"), Origin::Found).ok();
        let named = named.or_else(selected);
        named
            .map(|name| name.trim().to_owned())
            .filter(|name| !name.is_empty() && name != "default")
    }

    fn data_directory(&self) -> PathBuf {
        let named = self.terraform.environment().get("TF_DATA_DIR");
        self.path.join(named.map_or(".terraform", String::as_str))
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

/// Returns whether a directory holds files that Terraform or OpenTofu reads as configuration.
///
/// # Errors
/// [`Error::File`] if the directory cannot be read.
pub fn holds_configuration(path: &Path) -> Result<bool, Error> {
    let entries = fs::read_dir(path).map_err(|e| Error::file(path, "read", e))?;
    let names = entries
        .map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()))
        .collect::<io::Result<Vec<_>>>()
        .map_err(|e| Error::file(path, "read", e))?;
    Ok(names.iter().any(|name| is_configuration_file(name)))
}

/// Returns whether Terraform or OpenTofu reads a file of this name as configuration.
pub(crate) fn is_configuration_file(name: &str) -> bool {
    let is_ignored = name.starts_with('.') || name.starts_with('#') || name.ends_with('~');
    let extensions = [".tf", ".tf.json", ".tofu", ".tofu.json"];
    !is_ignored && extensions.iter().any(|extension| name.ends_with(extension))
}

/// Reports whether bytes are a plan file, which only Terraform can read: an archive, or what HCP
/// Terraform leaves in its place, which names a run.
pub fn is_plan_file(content: &[u8]) -> bool {
    #[derive(Deserialize)]
    struct RemotePlan {
        #[serde(rename = "remote_plan_format")]
        _format: u64,
    }
    content.starts_with(b"PK") || serde_json::from_slice::<RemotePlan>(content).is_ok()
}

/// Returns whether a plan file has an end: of a ZIP its last record (the plan of a cloud backend is
/// JSON), of anything else one byte.
fn is_whole(plan: &Path) -> io::Result<bool> {
    const LAST_RECORD: usize = 22;
    let content = files::read(plan, Origin::Private)?;
    if !content.starts_with(b"PK") {
        return Ok(!content.is_empty());
    }
    let end = content.len().checked_sub(LAST_RECORD).and_then(|start| content.get(start..));
    Ok(end.is_some_and(|record| record.starts_with(b"PK\x05\x06")))
}

/// Reads from the lines of `plan -json` whether a resource would change, and which outputs would.
fn summary(lines: &[u8]) -> (bool, Vec<String>) {
    #[derive(Deserialize)]
    #[serde(tag = "type", rename_all = "snake_case")]
    enum Line {
        ChangeSummary { changes: BTreeMap<String, serde_json::Value> },
        Outputs { outputs: BTreeMap<String, Output> },
    }
    #[derive(Deserialize)]
    struct Output {
        action: Option<String>,
    }
    let mut holds_changes = true;
    let mut changed_outputs = Vec::new();
    for line in lines.split(|byte| *byte == b'\n') {
        match serde_json::from_slice(line) {
            Ok(Line::ChangeSummary { changes }) => {
                holds_changes =
                    changes.values().any(|count| count.as_u64().is_some_and(|count| count > 0));
            }
            Ok(Line::Outputs { outputs }) => {
                let changes = |output: &Output| {
                    output.action.as_deref().is_some_and(|action| action != "noop")
                };
                let changed = outputs.into_iter().filter(|(_, output)| changes(output));
                changed_outputs = changed.map(|(name, _)| name).collect();
            }
            // Another line, or none of Terraform's.
            Err(_) => {}
        }
    }
    (holds_changes, changed_outputs)
}

/// Finds the state that an earlier apply could not save, in a directory. A file that cannot be read as a
/// state still counts; it has no lineage then.
pub fn errored_state(directory: &Path) -> Option<ErroredState> {
    let content = match files::read(&directory.join("errored.tfstate"), Origin::Found) {
        Ok(content) => content,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return None,
        Err(_) => Vec::new(),
    };
    Some(StateDocument::read(&content).unwrap_or_default().as_errored())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_of_outputs_alone_changes_no_resource() {
        let lines = br#"not JSON
{"@message":"Terraform 1.11.4","type":"version","ui":"1.2"}
{"changes":{"add":0,"change":0,"import":0,"remove":0,"operation":"plan"},"type":"change_summary"}
{"outputs":{"a":{"sensitive":false,"action":"create"},"b":{"action":"noop"}},"type":"outputs"}"#;
        assert_eq!(summary(lines), (false, vec!["a".to_owned()]));
        let lines = br#"{"changes":{"add":1,"operation":"plan"},"type":"change_summary"}"#;
        assert_eq!(summary(lines), (true, Vec::new()));
        assert!(summary(b"").0, "what Terraform did not say counts as a change");
    }
}
