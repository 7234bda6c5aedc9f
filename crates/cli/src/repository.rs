//! The repository that a configuration lies in, and how its files are named: relative to its root.
//!
//! CI systems, annotations and links want that name, wherever divvy was started and whatever link led
//! there. Never starts git. Invariant: a name has forward slashes on every system.

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

use crate::environment::Environment;

/// Variables in which CI systems name the root of the checkout: GitHub, GitLab, Azure.
const ROOTS: [&str; 3] = ["GITHUB_WORKSPACE", "CI_PROJECT_DIR", "BUILD_SOURCESDIRECTORY"];

/// A repository's root, or what takes its place.
#[derive(Clone, Debug)]
pub(crate) struct Repository {
    root: PathBuf,
}

impl Repository {
    /// Finds the root for a configuration's directory: what the CI system says, else the nearest
    /// directory upward with `.git` (a file in worktrees and submodules), else where divvy was started.
    pub(crate) fn of(environment: &Environment, directory: &Path) -> Self {
        Self::find(&environment.variables, &environment.current_directory, directory)
    }

    fn find(variables: &BTreeMap<String, String>, current: &Path, directory: &Path) -> Self {
        let directory = real(&current.join(directory));
        let named = ROOTS.iter().filter_map(|name| variables.get(*name));
        let named = named.filter(|root| !root.is_empty()).map(|root| real(&current.join(root)));
        let told = named.into_iter().find(|root| directory.starts_with(root));
        let of_git = || {
            let mut upward = directory.ancestors();
            upward.find(|place| place.join(".git").exists()).map(Path::to_owned)
        };
        Self { root: told.or_else(of_git).unwrap_or_else(|| real(current)) }
    }

    /// Names a file that is told relative to `directory`.
    pub(crate) fn name(&self, directory: &Path, file: &Path) -> String {
        let file = directory.join(file);
        // The file itself may be a link: it is named where it stands.
        let file = match (file.parent(), file.file_name()) {
            (Some(parent), Some(name)) => real(parent).join(name),
            _ => file,
        };
        let same = self.root.components().zip(file.components()).take_while(|(a, b)| a == b);
        let same = same.count();
        let up = self.root.components().count() - same;
        let parts = std::iter::repeat_n("..".to_owned(), up).chain(
            file.components()
                .skip(same)
                .map(|part| part.as_os_str().to_string_lossy().into_owned()),
        );
        parts.collect::<Vec<_>>().join("/")
    }
}

/// Resolves links as far as the path exists, and `..` by the text where it does not.
fn real(path: &Path) -> PathBuf {
    if let Ok(real) = path.canonicalize() {
        return real;
    }
    let mut clean = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => drop(clean.pop()),
            part => clean.push(part),
        }
    }
    clean
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::*;

    fn named(variables: &[(&str, &Path)], current: &Path, directory: &Path, file: &str) -> String {
        let variables = variables
            .iter()
            .map(|(name, value)| ((*name).to_owned(), value.to_str().unwrap().to_owned()))
            .collect();
        let repository = Repository::find(&variables, current, directory);
        repository.name(&current.join(directory), Path::new(file))
    }

    #[test]
    fn a_file_is_named_from_the_root_of_the_repository_wherever_divvy_is_started() {
        let temporary = tempfile::tempdir().unwrap();
        let root = temporary.path().join("checkout");
        let prod = root.join("envs/prod");
        fs::create_dir_all(&prod).unwrap();
        fs::create_dir_all(root.join("modules/x")).unwrap();
        fs::create_dir_all(temporary.path().join("elsewhere")).unwrap();
        fs::write(root.join(".git"), "gitdir: somewhere").unwrap();
        let link = temporary.path().join("link");
        symlink(&root, &link).unwrap();
        for (current, directory) in [
            (prod.clone(), "."),
            (root.clone(), "envs/prod"),
            (root.join("modules"), "../envs/prod"),
            (link.join("envs/prod"), "."),
            (temporary.path().to_owned(), "link/envs/prod"),
        ] {
            let name = |file| named(&[], &current, Path::new(directory), file);
            assert_eq!(name("main.tf"), "envs/prod/main.tf", "{}", current.display());
            assert_eq!(name("../../modules/x/main.tf"), "modules/x/main.tf");
            assert_eq!(name("../../../elsewhere/a.tf"), "../elsewhere/a.tf");
        }
    }

    #[test]
    fn the_ci_systems_word_comes_first_if_the_configuration_lies_there() {
        let temporary = tempfile::tempdir().unwrap();
        let root = temporary.path().join("workspace");
        let prod = root.join("checkout/envs/prod");
        fs::create_dir_all(&prod).unwrap();
        fs::create_dir_all(root.join("checkout/.git")).unwrap();
        for variable in ROOTS {
            let name = named(&[(variable, &root)], &prod, Path::new("."), "main.tf");
            assert_eq!(name, "checkout/envs/prod/main.tf");
        }
        let other = temporary.path().join("other");
        let name = named(&[("GITHUB_WORKSPACE", &other)], &prod, Path::new("."), "main.tf");
        assert_eq!(name, "envs/prod/main.tf");
        fs::remove_dir(root.join("checkout/.git")).unwrap();
        assert_eq!(
            named(&[], &root.join("checkout"), Path::new("envs/prod"), "main.tf"),
            "envs/prod/main.tf"
        );
    }
}
