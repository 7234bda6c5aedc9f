//! Where things lie.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The variable that names the directory of temporary files.
pub const TEMPORARY_VARIABLE: &str = "TMP";

/// Variables whose names Windows spells as it likes, such as `Path`. All others keep the spelling that
/// their readers ask for: `TF_VAR_name` is not `TF_VAR_NAME`.
const FOLDED: [&str; 16] = [
    "APPDATA",
    "COMSPEC",
    "HOMEDRIVE",
    "HOMEPATH",
    "HTTPS_PROXY",
    "HTTP_PROXY",
    "LOCALAPPDATA",
    "NO_PROXY",
    "PATH",
    "PATHEXT",
    "PROGRAMDATA",
    "SYSTEMDRIVE",
    "SYSTEMROOT",
    "TEMP",
    "TMP",
    "USERPROFILE",
];

fn set<'v>(variables: &'v BTreeMap<String, String>, name: &str) -> Option<&'v str> {
    variables.get(name).map(String::as_str).filter(|value| !value.is_empty())
}

/// Returns the directory of temporary files that the variables name, in the system's order.
pub fn temporary_directory(variables: &BTreeMap<String, String>) -> PathBuf {
    let named = ["TMP", "TEMP", "USERPROFILE"].iter().find_map(|name| set(variables, name));
    named.map_or_else(std::env::temp_dir, PathBuf::from)
}

/// Returns a directory for sockets: there is no limit, since they are ports.
pub fn for_sockets(temporary: &Path) -> &Path {
    temporary
}

/// Lists where locks may lie that all processes of a user agree on, the best place first.
pub fn for_locks(variables: &BTreeMap<String, String>) -> Vec<PathBuf> {
    let named = ["LOCALAPPDATA", "TEMP", "TMP"].iter().filter_map(|name| set(variables, name));
    named.map(PathBuf::from).filter(|place| place.is_absolute()).collect()
}

/// Returns the file in which a user keeps the settings of a program, such as
/// `%APPDATA%\terraform.rc`.
pub fn settings_file(variables: &BTreeMap<String, String>, program: &str) -> Option<PathBuf> {
    Some(Path::new(set(variables, "APPDATA")?).join(format!("{program}.rc")))
}

/// Returns the directory in which a user keeps the settings of a program, such as
/// `%APPDATA%\terraform.d`.
pub fn settings_directory(variables: &BTreeMap<String, String>, program: &str) -> Option<PathBuf> {
    Some(Path::new(set(variables, "APPDATA")?).join(format!("{program}.d")))
}

/// Returns a variable's name as this program looks it up.
pub fn variable_name(name: String) -> String {
    let folded = name.to_uppercase();
    if FOLDED.contains(&folded.as_str()) { folded } else { name }
}
