//! Where the program lies.
//!
//! Only names and looks at files, starts nothing.

use std::io;
use std::path::{Path, PathBuf};

use divvy_os::process;

use crate::Environment;
use crate::error::Error;

/// The environment variable that names the program.
pub const PROGRAM_VARIABLE: &str = "DIVVY_TERRAFORM";

/// The variable in which setup-terraform names its directory, and how the program is called there that
/// its wrapper stands in front of.
pub(super) const WRAPPER_DIRECTORY: &str = "TERRAFORM_CLI_PATH";
pub(super) const BEHIND_WRAPPER: &str = "terraform-bin";

pub(super) fn usable(named: PathBuf, search_path: &str) -> Result<PathBuf, Error> {
    let is_bare_name = named.components().count() == 1 && !named.exists();
    let found = if is_bare_name {
        on_path(&named.to_string_lossy(), search_path)
    } else {
        std::path::absolute(&named).ok()
    };
    let reason = match found {
        Some(path) if process::is_executable(&path) => return Ok(path),
        Some(path) if path.is_dir() => "it is a directory",
        Some(path) if path.exists() => "it is not executable",
        Some(path) if is_out_of_reach(&path) => "its directory may not be searched",
        _ => "it does not exist",
    };
    Err(Error::ProgramUnusable { path: named, reason })
}

fn is_out_of_reach(path: &Path) -> bool {
    path.metadata().is_err_and(|error| error.kind() == io::ErrorKind::PermissionDenied)
}

pub(super) fn on_path(name: &str, search_path: &str) -> Option<PathBuf> {
    std::env::split_paths(search_path)
        .filter(|directory| directory.is_absolute())
        .flat_map(|directory| {
            process::names_of_program(name).into_iter().map(move |name| directory.join(name))
        })
        .find(|path| process::is_executable(path))
}

/// Finds the program behind the wrapper of setup-terraform, if it is the wrapper that was found.
pub(super) fn behind_wrapper(program: &Path, environment: &Environment) -> Option<PathBuf> {
    let directory = Path::new(environment.get(WRAPPER_DIRECTORY).filter(|path| !path.is_empty())?);
    let wrapper = directory.join("terraform").canonicalize().ok()?;
    let is_wrapper = program.canonicalize().is_ok_and(|program| program == wrapper);
    Some(directory.join(BEHIND_WRAPPER)).filter(|path| is_wrapper && process::is_executable(path))
}
