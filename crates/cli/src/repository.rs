//! The repository that a configuration lies in, and how its files are named: relative to its root.
//!
//! CI systems, annotations and links want that name, wherever divvy was started and whatever link led
//! there. Never starts git. Invariant: a name has forward slashes on every system.

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

use divvy_terraform::files::{self, Origin};

use crate::environment::Environment;

/// Variables in which CI systems name the root of the checkout: GitHub, GitLab, Azure.
const ROOTS: [&str; 3] = ["GITHUB_WORKSPACE", "CI_PROJECT_DIR", "BUILD_SOURCESDIRECTORY"];

/// Variables in which they name the commit.
const COMMITS: [&str; 3] = ["GITHUB_SHA", "CI_COMMIT_SHA", "BUILD_SOURCEVERSION"];

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

    /// Names a directory from the repository's own on: `infra/envs/prod`.
    pub(crate) fn name_of_directory(&self, directory: &Path) -> String {
        let own = self.root.file_name().map(|name| name.to_string_lossy().into_owned());
        let below = self.name(directory, Path::new("."));
        let parts = own.into_iter().chain(Some(below).filter(|below| !below.is_empty()));
        parts.collect::<Vec<_>>().join("/")
    }

    /// Returns the commit that is checked out: what the CI system says, else what git's files say.
    pub(crate) fn commit(&self, environment: &Environment) -> Option<String> {
        let said = COMMITS.iter().find_map(|name| environment.variables.get(*name));
        said.cloned().or_else(|| self.commit_of_git()).filter(|commit| is_commit(commit))
    }

    fn commit_of_git(&self) -> Option<String> {
        let read = |path: PathBuf| {
            let text = files::read_text(&path, Origin::Found).ok()?;
            Some(text.trim().to_owned())
        };
        let git = self.root.join(".git");
        // In a worktree `.git` is a file that names the directory.
        let git = if git.is_dir() {
            git
        } else {
            self.root.join(read(git)?.strip_prefix("gitdir:")?.trim())
        };
        let head = read(git.join("HEAD"))?;
        let Some(reference) = head.strip_prefix("ref:").map(str::trim) else { return Some(head) };
        let common = read(git.join("commondir")).map_or_else(|| git.clone(), |path| git.join(path));
        read(common.join(reference)).or_else(|| {
            let packed = read(common.join("packed-refs"))?;
            let mut lines = packed.lines().filter_map(|line| line.split_once(' '));
            lines.find(|(_, name)| *name == reference).map(|(commit, _)| commit.to_owned())
        })
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

fn is_commit(text: &str) -> bool {
    matches!(text.len(), 40 | 64) && text.bytes().all(|byte| byte.is_ascii_hexdigit())
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
    fn the_commit_is_read_from_gits_own_files() {
        let temporary = tempfile::tempdir().unwrap();
        let root = temporary.path().join("infra");
        let git = |arguments: &[&str]| {
            let ran = std::process::Command::new("git")
                .args(["-c", "user.name=n", "-c", "user.email=e@example.invalid"])
                .arg("-C")
                .arg(&root)
                .args(arguments)
                .output()
                .unwrap();
            String::from_utf8(ran.stdout).unwrap().trim().to_owned()
        };
        fs::create_dir_all(root.join("envs/prod")).unwrap();
        git(&["init", "-q"]);
        let of = |directory: &Path| {
            let environment =
                Environment { current_directory: directory.to_owned(), ..Environment::default() };
            let repository = Repository::of(&environment, directory);
            (repository.name_of_directory(directory), repository.commit(&environment))
        };
        let prod = root.join("envs/prod");
        assert_eq!(of(&prod), ("infra/envs/prod".to_owned(), None), "there is none yet");
        git(&["commit", "-q", "--allow-empty", "-m", "one"]);
        let commit = git(&["rev-parse", "HEAD"]);
        assert_eq!(of(&root), ("infra".to_owned(), Some(commit.clone())));
        git(&["pack-refs", "--all"]);
        assert_eq!(of(&root).1, Some(commit.clone()));
        git(&["worktree", "add", "-q", "../tree"]);
        assert_eq!(of(&temporary.path().join("tree")).1, Some(commit.clone()));
        git(&["checkout", "-q", "--detach"]);
        assert_eq!(of(&root).1, Some(commit));
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
