//! Terraform as a program and as documents.
//!
//! Runs it, reads its plan, state and messages, finds blocks in `.tf` files, and adopts through
//! import-only plans. Never talks to Genesys Cloud, never decides what to adopt, never reads the
//! environment. Invariant: user files are never rewritten, and whatever changes state takes
//! [`divvy_core::Consent`].

mod blocks;
mod cli_configuration;
mod console;
mod constraint;
mod diagnostics;
mod error;
mod failure;
pub mod files;
mod import_plan;
mod instances;
mod invocation;
mod kept;
pub mod locate;
mod lock_file;
pub mod logs;
mod passed_flags;
pub mod plan_archive;
mod plan_document;
mod private_directory;
mod program;
mod provider_address;
mod provider_configuration;
mod state_document;
mod subcommand;
mod working_directory;
mod written_imports;

pub use blocks::{Blocks, Credentials, ImportBlock, Place, ProviderBlock, Visibility};
pub use cli_configuration::{CliConfiguration, CliConfigurationError, DevOverride};
pub use diagnostics::Diagnostic;
pub use error::{Document, DocumentProblem, Error};
pub use failure::{Failure, FailureKind, LockHolder};
pub use import_plan::{
    Adoption, Import, Imported, LeftOut, LeftOver, Reason, Way, WhenDrifted, left_over_imports,
};
pub use instances::NamedInstance;
pub use invocation::PlanRequest;
pub use lock_file::{LockFile, LockedProvider};
pub use passed_flags::{Access, PassedFlags, split_words};
pub use plan_document::{Difference, PlanDocument, ResourceChange};
pub use private_directory::PrivateDirectory;
pub use program::{PROGRAM_VARIABLE, Terraform};
pub use provider_address::ProviderAddress;
pub use state_document::{StateDocument, quoted_key};
pub use working_directory::{
    PlanFile, WorkingDirectory, errored_state, holds_configuration, is_plan_file,
};
pub use written_imports::WrittenImport;

/// A snapshot of environment variables; the command line takes one and hands it down.
pub type Environment = std::collections::BTreeMap<String, String>;

#[cfg(test)]
mod tests {
    //! Where the recorded documents lie.

    use std::path::PathBuf;

    const FIXTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/");

    pub(crate) fn fixture(path: &str) -> Vec<u8> {
        let path = format!("{FIXTURES}{path}");
        std::fs::read(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    /// Every fixture whose file name begins and ends like this.
    pub(crate) fn fixtures_named(start: &str, extension: &str) -> Vec<PathBuf> {
        let mut found = Vec::new();
        let mut open = vec![PathBuf::from(FIXTURES)];
        while let Some(directory) = open.pop() {
            for entry in std::fs::read_dir(directory).unwrap() {
                let path = entry.unwrap().path();
                let name = path.file_name().unwrap().to_string_lossy().into_owned();
                if path.is_dir() {
                    open.push(path);
                } else if name.starts_with(start) && name.ends_with(&format!(".{extension}")) {
                    found.push(path);
                }
            }
        }
        found
    }
}
