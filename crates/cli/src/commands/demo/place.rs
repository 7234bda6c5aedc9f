//! Where the demo plays: a directory of its own, and an environment without anything of the user's.
//!
//! Never takes a directory that holds something: the demo writes a configuration and applies it.
//! Invariant: what a child of the demo gets is what [`Surroundings`] lists, never what this process
//! was started with.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use divvy_core::CommandLine;
use divvy_core::shell::word;
use tempfile::TempDir;

use crate::error::{CommandError, CommandResult};

/// What the demo keeps beside the configuration: provider, org, an empty home, the environment.
pub(super) const OWN: &str = ".demo";
/// The file that puts a shell into the demo's surroundings.
pub(super) const ENVIRONMENT: &str = ".demo/environment";
/// The file that keeps the org.
pub(super) const ORG: &str = ".demo/org.json";

/// A directory that only the demo has written into.
#[derive(Debug)]
pub(super) struct Place {
    pub(super) directory: PathBuf,
    /// True where the user named it: it stays.
    pub(super) is_kept: bool,
    /// Removed with the value.
    _temporary: Option<TempDir>,
}

impl Place {
    /// Takes the directory that the user named, or makes a temporary one.
    pub(super) fn take(named: Option<&Path>) -> CommandResult<Self> {
        match named {
            Some(directory) => Self::claim(directory),
            None => {
                let temporary = tempfile::Builder::new().prefix("divvy-demo-").tempdir();
                let temporary =
                    temporary.map_err(|error| unusable("a temporary directory", &error))?;
                let directory = temporary.path().to_owned();
                fs::create_dir(directory.join(OWN))
                    .map_err(|error| unusable(&directory.display().to_string(), &error))?;
                Ok(Self { directory, is_kept: false, _temporary: Some(temporary) })
            }
        }
    }

    /// Takes a directory that does not exist or is empty. Our own folder is made first, and only by
    /// one: whoever comes at the same time is refused, and so is what was filled meanwhile.
    fn claim(named: &Path) -> CommandResult<Self> {
        let shown = named.display().to_string();
        fs::create_dir_all(named).map_err(|error| match error.kind() {
            ErrorKind::AlreadyExists | ErrorKind::NotADirectory => {
                refused(named, "it is not a directory")
            }
            _ => unusable(&shown, &error),
        })?;
        let directory =
            divvy_os::files::canonical(named).map_err(|error| unusable(&shown, &error))?;
        if let Some(holds) = strangers(&directory, &[]).map_err(|error| unusable(&shown, &error))? {
            return Err(refused(named, &format!("it is not empty: it holds {holds}")));
        }
        let own = directory.join(OWN);
        fs::create_dir(&own).map_err(|error| match error.kind() {
            ErrorKind::AlreadyExists => refused(named, "another demo is using it"),
            _ => unusable(&shown, &error),
        })?;
        match strangers(&directory, &[OWN]).map_err(|error| unusable(&shown, &error))? {
            None => Ok(Self { directory, is_kept: true, _temporary: None }),
            Some(holds) => {
                // Only this folder is ours, and it is empty.
                let _ = fs::remove_dir(&own);
                Err(refused(named, &format!("it is not empty: it now holds {holds}")))
            }
        }
    }

    /// Writes the files of a configuration, where none are.
    pub(super) fn write_configuration(&self, files: &[(&str, String)]) -> CommandResult<()> {
        for (name, text) in files {
            let path = self.directory.join(name);
            let written = fs::create_dir_all(path.parent().unwrap_or(&self.directory))
                .and_then(|()| fs::File::create_new(&path)?.write_all(text.as_bytes()));
            written.map_err(|error| unusable(&path.display().to_string(), &error))?;
        }
        Ok(())
    }

    /// Refuses to go on if somebody has put more files here: an apply would carry them out, too.
    pub(super) fn holds_only_the_demo(&self, files: &[(&str, String)]) -> CommandResult<()> {
        let ours = files.iter().map(|(name, _)| name.split('/').next().unwrap_or(name));
        let known: Vec<_> = ours.chain([OWN]).collect();
        let found = strangers(&self.directory, &known)
            .map_err(|error| unusable(&self.directory.display().to_string(), &error))?;
        match found {
            None => Ok(()),
            Some(holds) => Err(refused(&self.directory, &format!("it now holds {holds}"))),
        }
    }
}

/// Names the first entry that is none of these.
fn strangers(directory: &Path, known: &[&str]) -> std::io::Result<Option<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(directory)? {
        let name = entry?.file_name();
        if !known.iter().any(|known| name == *known) {
            names.push(name.to_string_lossy().into_owned());
        }
    }
    names.sort();
    Ok(names.into_iter().next())
}

fn refused(directory: &Path, why: &str) -> CommandError {
    let free = (1..=99)
        .map(|number| match number {
            1 => directory.with_file_name("divvy-demo"),
            _ => directory.with_file_name(format!("divvy-demo-{number}")),
        })
        .find(|path| fs::symlink_metadata(path).is_err());
    let free = free.unwrap_or_else(|| PathBuf::from("divvy-demo"));
    let message = format!("--directory {}: {why}", directory.display());
    CommandError::usage(message)
        .hint(
            "the demo applies a configuration of its own, so it takes a new or an empty directory",
        )
        .hint(CommandLine::divvy("demo --directory").word(&free.to_string_lossy()))
}

fn unusable(what: &str, error: &std::io::Error) -> CommandError {
    CommandError::failed(format!("could not use {what} for the demo: {error}"))
        .hint("name a directory that can be written: divvy demo --directory DIR")
}

/// Variables that a child keeps: none of them says anything about an org, a state or a proxy.
const KEPT: &[&str] = &[
    "PATH",
    "PATHEXT",
    "SYSTEMROOT",
    "SYSTEMDRIVE",
    "WINDIR",
    "COMSPEC",
    "TMPDIR",
    "TMP",
    "TEMP",
    "LANG",
    "LANGUAGE",
    "TZ",
    "TERM",
    "COLORTERM",
    "NO_COLOR",
    "CLICOLOR",
    "CLICOLOR_FORCE",
    "COLUMNS",
    "LINES",
    "USER",
    "LOGNAME",
    "LD_LIBRARY_PATH",
    "DYLD_LIBRARY_PATH",
];

/// Reports whether a child of the demo keeps a variable of this name.
fn is_kept(name: &str) -> bool {
    let name = name.to_uppercase();
    KEPT.contains(&name.as_str()) || name.starts_with("LC_")
}

/// The environment of every child.
pub(super) struct Surroundings {
    own: BTreeMap<&'static str, OsString>,
}

impl Surroundings {
    /// Makes them for a place: Terraform takes the stand-in provider only, and finds no credentials,
    /// no settings and no proxy of the user's.
    pub(super) fn of(
        place: &Place,
        cli_configuration: &Path,
        terraform: &Path,
    ) -> CommandResult<Self> {
        let home = place.directory.join(OWN).join("home");
        fs::create_dir_all(&home).map_err(|error| unusable(&home.display().to_string(), &error))?;
        let own = BTreeMap::from([
            ("HOME", home.clone().into_os_string()),
            ("USERPROFILE", home.into_os_string()),
            ("TF_CLI_CONFIG_FILE", cli_configuration.as_os_str().to_owned()),
            ("CHECKPOINT_DISABLE", "1".into()),
            ("DIVVY_TERRAFORM", terraform.as_os_str().to_owned()),
            ("GENESYSCLOUD_TOKEN_POOL_SIZE", "1".into()),
            // For the commands that read no configuration.
            ("GENESYSCLOUD_OAUTHCLIENT_ID", "demo".into()),
            ("GENESYSCLOUD_OAUTHCLIENT_SECRET", "demo".into()),
        ]);
        Ok(Self { own })
    }

    /// Returns what a child gets of `variables`, and what is the demo's own.
    pub(super) fn variables(
        &self,
        variables: &BTreeMap<String, String>,
    ) -> BTreeMap<OsString, OsString> {
        let kept = variables.iter().filter(|(name, _)| is_kept(name));
        let own = self.own.iter().map(|(name, value)| (OsString::from(name), value.clone()));
        kept.map(|(name, value)| (name.into(), value.into())).chain(own).collect()
    }

    /// Returns a script for a POSIX shell that puts it into the same surroundings, whatever its own
    /// are: every other variable of Terraform, Genesys Cloud and proxies goes.
    pub(super) fn script(&self) -> String {
        let mut script = String::from(
            "# The surroundings of divvy demo, for a POSIX shell: . ./.demo/environment\n\
             for name in $(env | sed -n 's/^\\([A-Za-z_][A-Za-z0-9_]*\\)=.*/\\1/p'); do\n  \
             case $name in\n    \
             TF_*|TOFU_*|GENESYSCLOUD_*|DIVVY_*|TERRAGRUNT_*|TG_*|XDG_*) unset \"$name\" ;;\n    \
             *_PROXY|*_proxy) unset \"$name\" ;;\n  \
             esac\n\
             done\n",
        );
        for (name, value) in &self.own {
            script.push_str(&format!("export {name}={}\n", word(&value.to_string_lossy())));
        }
        script
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_new_or_an_empty_directory_is_taken_and_nothing_is_written_into_another() {
        let root = tempfile::tempdir().unwrap();
        let path = |name: &str| root.path().join(name);
        for (name, file) in [("full", "main.tf"), ("state", "terraform.tfstate"), ("dot", ".x")] {
            fs::create_dir(path(name)).unwrap();
            fs::write(path(name).join(file), "mine").unwrap();
        }
        fs::write(path("file"), "mine").unwrap();
        std::os::unix::fs::symlink(path("full"), path("link")).unwrap();
        std::os::unix::fs::symlink(path("nowhere"), path("dangling")).unwrap();
        for name in ["full", "state", "dot", "file", "link", "dangling", "file/below"] {
            let error = Place::take(Some(&path(name))).unwrap_err();
            assert_eq!(error.kind.exit_code(), 64, "{name}: {error}");
            let typed = error.hints[1].command().unwrap();
            assert!(typed.is_divvy("demo"), "{:?}", error.hints);
        }
        assert_eq!(fs::read_dir(path("full")).unwrap().count(), 1);
        assert!(!path("nowhere").exists());
        fs::create_dir(path("empty")).unwrap();
        std::os::unix::fs::symlink(path("empty"), path("to-empty")).unwrap();
        for name in ["new/below", "to-empty"] {
            let place = Place::take(Some(&path(name))).unwrap();
            let files = [("main.tf", "text".to_owned()), ("modules/a/main.tf", String::new())];
            place.write_configuration(&files).unwrap();
            place.holds_only_the_demo(&files).unwrap();
            // A second demo comes too late.
            assert_eq!(Place::take(Some(&path(name))).unwrap_err().kind.exit_code(), 64);
        }
    }

    #[test]
    fn a_directory_that_is_filled_while_the_demo_begins_is_left_alone() {
        let root = tempfile::tempdir().unwrap();
        let place = Place::take(Some(&root.path().join("demo"))).unwrap();
        fs::write(place.directory.join("other.tf"), "mine").unwrap();
        let files = [("main.tf", "ours".to_owned())];
        let error = place.holds_only_the_demo(&files).unwrap_err();
        assert!(error.message.contains("other.tf"), "{error}");
        fs::write(place.directory.join("main.tf"), "mine").unwrap();
        place.write_configuration(&files).unwrap_err();
        assert_eq!(fs::read_to_string(place.directory.join("main.tf")).unwrap(), "mine");
    }

    #[test]
    fn nothing_of_terraform_genesys_cloud_or_a_proxy_reaches_a_child() {
        let root = tempfile::tempdir().unwrap();
        let place = Place::take(Some(&root.path().join("demo"))).unwrap();
        let surroundings =
            Surroundings::of(&place, Path::new("/rc"), Path::new("/bin/terraform")).unwrap();
        let mine = [
            "TF_WORKSPACE",
            "TF_DATA_DIR",
            "TF_CLI_ARGS_apply",
            "TF_REATTACH_PROVIDERS",
            "TF_VAR_x",
            "GENESYSCLOUD_ACCESS_TOKEN",
            "GENESYSCLOUD_REGION",
            "HTTPS_PROXY",
            "http_proxy",
            "DIVVY_PROFILE",
            "XDG_CONFIG_HOME",
            "HOME",
            "TF_CLI_CONFIG_FILE",
            "AWS_PROFILE",
        ];
        let mut variables: BTreeMap<String, String> =
            mine.iter().map(|name| ((*name).to_owned(), "MINE".to_owned())).collect();
        variables.insert("PATH".to_owned(), "/bin".to_owned());
        variables.insert("LC_ALL".to_owned(), "C".to_owned());
        let given = surroundings.variables(&variables);
        assert!(given.values().all(|value| value != "MINE"), "{given:?}");
        assert_eq!(given[&OsString::from("PATH")], "/bin");
        assert_eq!(given[&OsString::from("LC_ALL")], "C");
        assert_eq!(given[&OsString::from("TF_CLI_CONFIG_FILE")], "/rc");
    }
}
