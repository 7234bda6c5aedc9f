//! Where things lie.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The variable that names the directory of temporary files.
pub const TEMPORARY_VARIABLE: &str = "TMPDIR";

/// A socket's path has room for about a hundred bytes, and its name needs some of them.
const LONGEST: usize = 64;

/// Returns the directory of temporary files that the variables name.
pub fn temporary_directory(variables: &BTreeMap<String, String>) -> PathBuf {
    variables.get(TEMPORARY_VARIABLE).map_or_else(|| "/tmp".into(), PathBuf::from)
}

/// Returns a directory for sockets: the temporary one, or one whose path is short enough.
pub fn for_sockets(temporary: &Path) -> &Path {
    if temporary.as_os_str().len() > LONGEST { Path::new("/tmp") } else { temporary }
}

/// Lists where locks may lie that all processes of a user agree on, the best place first.
pub fn for_locks(variables: &BTreeMap<String, String>) -> Vec<PathBuf> {
    const CACHE: &str = if cfg!(target_os = "macos") { "Library/Caches" } else { ".cache" };
    let named = [("XDG_CACHE_HOME", ""), ("HOME", CACHE), ("XDG_RUNTIME_DIR", "")];
    let place = |(variable, below): (&str, &str)| {
        let root = variables.get(variable).map(Path::new).filter(|root| root.is_absolute())?;
        Some(root.join(below))
    };
    named.into_iter().filter_map(place).collect()
}

/// Returns the file in which a user keeps the settings of a program, such as `~/.terraformrc`.
pub fn settings_file(variables: &BTreeMap<String, String>, program: &str) -> Option<PathBuf> {
    Some(home(variables)?.join(format!(".{program}rc")))
}

/// Returns the directory in which a user keeps the settings of a program, such as `~/.terraform.d`.
pub fn settings_directory(variables: &BTreeMap<String, String>, program: &str) -> Option<PathBuf> {
    Some(home(variables)?.join(format!(".{program}.d")))
}

fn home(variables: &BTreeMap<String, String>) -> Option<&Path> {
    variables.get("HOME").filter(|home| !home.is_empty()).map(Path::new)
}

/// Returns a variable's name as this program looks it up: as it is.
pub fn variable_name(name: String) -> String {
    name
}
