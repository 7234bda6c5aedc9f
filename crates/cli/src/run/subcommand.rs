//! What a Terraform command line is about to do, as far as `divvy run` has to know.
//!
//! Never runs and never rewrites it. Invariant: only `plan` and `apply` run with divvy between them and
//! the provider; what may create something without it is known by that.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use divvy_terraform::{Environment, split_words};

/// What is to be run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TerraformCommand {
    /// The program as typed.
    pub(crate) program: OsString,
    /// All its arguments as typed.
    pub(crate) arguments: Vec<OsString>,
    /// `-chdir`.
    pub(crate) chdir: Option<PathBuf>,
    /// `-state` and `-state-out`, relative to the configuration's directory.
    pub(crate) states: Vec<PathBuf>,
    /// What it comes to.
    pub(crate) flow: Flow,
}

/// What a command comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Flow {
    /// Nothing is created, or what is created is thrown away again (`test`): no proxy. `init`,
    /// `get` and `providers` must not have one, or they leave the provider out of the lock file.
    Plain,
    /// `test`, and whatever is not known here: something may be created, and divvy is not between
    /// Terraform and the provider.
    Unwatched,
    /// `plan`, perhaps into a file.
    Plan {
        /// `-out`, relative to the configuration's directory.
        out: Option<PathBuf>,
    },
    /// `apply` with a plan of its own.
    Apply {
        /// True if Terraform asks for yes in between.
        asks: bool,
    },
    /// `apply PLANFILE`: nothing is asked.
    ApplyPlan {
        /// The plan file, relative to the configuration's directory.
        file: PathBuf,
    },
}

impl Flow {
    /// Returns whether the run may change state and org.
    pub(crate) fn applies(&self) -> bool {
        matches!(self, Self::Apply { .. } | Self::ApplyPlan { .. })
    }

    /// Returns whether Terraform shows a plan for a person to think about. With `-auto-approve` it tells
    /// all warnings when the apply is over.
    pub(crate) fn shows_its_plan(&self) -> bool {
        matches!(self, Self::Plan { .. } | Self::Apply { asks: true })
    }
}

/// Subcommands that create nothing in an org.
const PLAIN: [&str; 27] = [
    "init",
    "validate",
    "fmt",
    "show",
    "version",
    "state",
    "import",
    "output",
    "workspace",
    "refresh",
    "destroy",
    "get",
    "providers",
    "console",
    "graph",
    "login",
    "logout",
    "taint",
    "untaint",
    "force-unlock",
    "metadata",
    "modules",
    "query",
    "help",
    "env",
    "0.12upgrade",
    "0.13upgrade",
];

/// Flags of `plan` and `apply` whose value is the next word where it is not behind a `=`.
const WITH_VALUE: [&str; 16] = [
    "backup",
    "exclude",
    "exclude-file",
    "generate-config-out",
    "lock-timeout",
    "out",
    "parallelism",
    "replace",
    "state",
    "state-out",
    "target",
    "target-file",
    "var",
    "var-file",
    "deprecation",
    "json-into",
];

/// What the words behind `plan` or `apply` say.
#[derive(Debug, Default)]
struct Words {
    out: Option<String>,
    asks_nothing: bool,
    is_help: bool,
    destroys: bool,
    file: Option<String>,
    states: Vec<PathBuf>,
}

impl TerraformCommand {
    /// Reads a command line: the program, then its arguments.
    pub(crate) fn read(command: &[OsString], environment: &Environment) -> Self {
        let (program, arguments) = match command {
            [program, arguments @ ..] => (program.clone(), arguments.to_vec()),
            [] => (OsString::from("terraform"), Vec::new()),
        };
        let texts: Vec<String> =
            arguments.iter().map(|word| word.to_string_lossy().into_owned()).collect();
        let count = texts.iter().take_while(|word| word.starts_with('-')).count();
        let (global, rest) = texts.split_at(count);
        let chdir =
            global.iter().find_map(|word| word.trim_start_matches('-').strip_prefix("chdir="));
        let is_only_asked =
            global.iter().any(|word| !word.trim_start_matches('-').starts_with("chdir="));
        let (flow, states) = match rest.split_first() {
            Some((subcommand, words)) if !is_only_asked => flow(subcommand, words, environment),
            _ => (Flow::Plain, Vec::new()),
        };
        Self { program, arguments, chdir: chdir.map(PathBuf::from), states, flow }
    }

    /// Returns whether the typed words leave instances out of the plan, or make it create none.
    pub(crate) fn narrows(&self) -> bool {
        const NARROWING: [&str; 5] =
            ["target", "target-file", "exclude", "exclude-file", "refresh-only"];
        self.arguments.iter().any(|word| {
            let word = word.to_string_lossy();
            let flag = word.strip_prefix("--").or_else(|| word.strip_prefix('-'));
            let name = flag.map(|flag| flag.split('=').next().unwrap_or_default());
            name.is_some_and(|name| NARROWING.contains(&name))
        })
    }

    /// Returns the configuration's directory.
    pub(crate) fn directory(&self, current: &Path) -> PathBuf {
        match &self.chdir {
            Some(chdir) => current.join(chdir),
            None => current.to_owned(),
        }
    }
}

/// Says what a subcommand comes to, and which state files it names.
fn flow(subcommand: &str, words: &[String], environment: &Environment) -> (Flow, Vec<PathBuf>) {
    if !matches!(subcommand, "plan" | "apply") {
        let flow = if PLAIN.contains(&subcommand) || read_words(words.iter().cloned()).is_help {
            Flow::Plain
        } else {
            Flow::Unwatched
        };
        return (flow, Vec::new());
    }
    let added = ["TF_CLI_ARGS".to_owned(), format!("TF_CLI_ARGS_{subcommand}")];
    let added = added.iter().filter_map(|name| split_words(environment.get(name)?)).flatten();
    let words = read_words(added.chain(words.iter().cloned()));
    let flow = match (subcommand, words.file) {
        _ if words.is_help || words.destroys => Flow::Plain,
        ("plan", _) => Flow::Plan { out: words.out.map(PathBuf::from) },
        (_, Some(file)) => Flow::ApplyPlan { file: PathBuf::from(file) },
        (_, None) => Flow::Apply { asks: !words.asks_nothing },
    };
    (flow, words.states)
}

fn read_words(words: impl Iterator<Item = String>) -> Words {
    let mut read = Words::default();
    let mut words = words;
    while let Some(word) = words.next() {
        let Some(flag) =
            word.strip_prefix("--").or(word.strip_prefix('-')).filter(|flag| !flag.is_empty())
        else {
            // Terraform reads no flag behind the first word that is none.
            read.file = Some(word);
            break;
        };
        let (name, value) = match flag.split_once('=') {
            Some((name, value)) => (name, Some(value.to_owned())),
            None if WITH_VALUE.contains(&flag) => (flag, words.next()),
            None => (flag, None),
        };
        let is_on = value
            .as_deref()
            .is_none_or(|value| !matches!(value, "false" | "0" | "f" | "F" | "FALSE" | "False"));
        match name {
            "out" => read.out = value,
            "state" | "state-out" => read.states.extend(value.map(PathBuf::from)),
            // Whoever says it anywhere may not be asked.
            "auto-approve" => read.asks_nothing |= is_on,
            "destroy" => read.destroys |= is_on,
            "h" | "help" => read.is_help = true,
            _ => {}
        }
    }
    read
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flow_with(words: &[&str], environment: &[(&str, &str)]) -> Flow {
        let command: Vec<OsString> = ["terraform"].iter().chain(words).map(Into::into).collect();
        let environment =
            environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        TerraformCommand::read(&command, &environment.collect()).flow
    }

    #[test]
    fn each_command_line_comes_to_its_flow() {
        let asks = Flow::Apply { asks: true };
        let silent = Flow::Apply { asks: false };
        let saved = |file: &str| Flow::ApplyPlan { file: file.into() };
        for (words, expected) in [
            (&["apply"][..], asks.clone()),
            (&["apply", "-var", "a=b", "-target", "x.y"], asks.clone()),
            (&["apply", "-auto-approve"], silent.clone()),
            (&["apply", "--auto-approve=true"], silent.clone()),
            (&["apply", "-auto-approve=false"], asks.clone()),
            (&["apply", "-var", "-auto-approve"], asks.clone()),
            (&["-chdir=x", "apply", "-lock-timeout=5s", "p.bin"], saved("p.bin")),
            (&["apply", "-parallelism", "3", "p.bin"], saved("p.bin")),
            (&["apply", "-destroy"], Flow::Plain),
            (&["plan"], Flow::Plan { out: None }),
            (&["plan", "-out=p"], Flow::Plan { out: Some("p".into()) }),
            (&["plan", "-out", "p", "-json"], Flow::Plan { out: Some("p".into()) }),
            (&["plan", "-help"], Flow::Plain),
            (&["-help", "plan"], Flow::Plain),
            (&["init"], Flow::Plain),
            (&["test"], Flow::Unwatched),
            (&["test", "-help"], Flow::Plain),
            (&["stacks", "apply"], Flow::Unwatched),
            (&["destroy", "-auto-approve"], Flow::Plain),
            (&["providers", "lock"], Flow::Plain),
            (&["-version"], Flow::Plain),
            (&[], Flow::Plain),
        ] {
            assert_eq!(flow_with(words, &[]), expected, "{words:?}");
        }
    }

    #[test]
    fn the_state_files_that_are_named_are_known() {
        let command = ["terraform", "apply", "-state", "a", "-state-out=b", "p"].map(Into::into);
        let environment = [("TF_CLI_ARGS".to_owned(), "-state=c".to_owned())].into();
        let states = TerraformCommand::read(&command, &environment).states;
        assert_eq!(states, ["c", "a", "b"].map(PathBuf::from));
    }

    #[test]
    fn words_of_the_environment_count_as_typed() {
        let silent = Flow::Apply { asks: false };
        assert_eq!(flow_with(&["apply"], &[("TF_CLI_ARGS_apply", "-auto-approve")]), silent);
        assert_eq!(flow_with(&["apply"], &[("TF_CLI_ARGS", "-no-color -auto-approve")]), silent);
        assert_eq!(
            flow_with(&["apply"], &[("TF_CLI_ARGS_plan", "-auto-approve")]),
            Flow::Apply { asks: true }
        );
        let out = Flow::Plan { out: Some("p".into()) };
        assert_eq!(flow_with(&["plan"], &[("TF_CLI_ARGS_plan", "-out p")]), out);
    }

    #[test]
    fn the_directory_is_that_of_chdir() {
        let command: Vec<OsString> =
            ["tofu", "-chdir=a/b", "plan"].iter().map(Into::into).collect();
        let read = TerraformCommand::read(&command, &Environment::new());
        assert_eq!(read.directory(Path::new("/x")), Path::new("/x/a/b"));
    }
}
