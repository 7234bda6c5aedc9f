//! What can go wrong while holding Terraform: one error type for the crate.
//!
//! Never holds a secret: only Terraform's own diagnostics, paths and flag names. Findings (a drift,
//! a conflict, an import that was left out) are values elsewhere, never errors.

use std::io;
use std::path::PathBuf;

use serde::de::IgnoredAny;

use crate::failure::Failure;

/// The work could not be done.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No program of that name lies on the path.
    #[error("neither `terraform` nor `tofu` is on PATH")]
    ProgramNotFound,
    /// The named program does not exist or cannot be executed.
    #[error("`{}` cannot be used as Terraform: {reason}", path.display())]
    ProgramUnusable {
        /// What was named.
        path: PathBuf,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The operating system refused to start the program, or lost it.
    #[error("`{}` could not be run: {source}", path.display())]
    CannotRun {
        /// The program.
        path: PathBuf,
        /// The operating system's word.
        source: io::Error,
    },
    /// The program said that all went well, and did nothing of the kind.
    #[error("`{}` ended `{subcommand}` without an error and without a result; it does not seem to be Terraform", path.display())]
    NoResult {
        /// The program.
        path: PathBuf,
        /// The subcommand.
        subcommand: &'static str,
    },
    /// The interrupt fired; Terraform was told, and has ended by itself.
    #[error("interrupted during `{subcommand}`")]
    Interrupted {
        /// The subcommand that ran, or was about to.
        subcommand: &'static str,
    },
    /// Terraform itself failed and said why.
    #[error(transparent)]
    Terraform(#[from] Box<Failure>),
    /// A document of Terraform's could not be read.
    #[error("{document} could not be read: {problem}")]
    Document {
        /// Which document.
        document: Document,
        /// What is wrong with it.
        problem: DocumentProblem,
    },
    /// The directory does not exist, or is none.
    #[error("`{}` is not a directory", path.display())]
    NoDirectory {
        /// What was named.
        path: PathBuf,
    },
    /// The directory holds no configuration.
    #[error("`{}` holds no .tf file", path.display())]
    NoConfiguration {
        /// The directory.
        path: PathBuf,
    },
    /// No private directory for plan files can be made.
    #[error("no temporary directory can be made in `{}`: {}", place.display(), source.kind())]
    NoTemporaryDirectory {
        /// Where: `TMPDIR`, or `/tmp`.
        place: PathBuf,
        /// The operating system's word.
        source: io::Error,
    },
    /// A file could not be read, written or removed.
    #[error("`{}` could not be {action}: {source}", path.display())]
    File {
        /// Which file.
        path: PathBuf,
        /// `read`, `written`, `removed`.
        action: &'static str,
        /// The operating system's word; its kind tells a full disk from a read-only directory.
        source: io::Error,
    },
    /// A flag after `--` that is not in the table of passed flags.
    #[error("`{flag}` cannot be passed to Terraform here; allowed are {allowed}")]
    FlagNotAllowed {
        /// The flag, without its value.
        flag: String,
        /// The flags that are.
        allowed: String,
    },
    /// `-lock=false` for a command that writes the state.
    #[error(
        "`-lock=false` is refused here: this command writes the state, and without the lock another run could write it at the same time"
    )]
    LockNeeded,
    /// A flag after `--` that lacks its value.
    #[error("`{flag}` needs a value")]
    FlagWithoutValue {
        /// The flag.
        flag: String,
    },
}

impl Error {
    pub(crate) fn file(path: impl Into<PathBuf>, action: &'static str, source: io::Error) -> Self {
        Self::File { path: path.into(), action, source }
    }

    pub(crate) fn document(document: Document, problem: DocumentProblem) -> Self {
        Self::Document { document, problem }
    }

    /// Returns what Terraform said, if it was Terraform that failed.
    pub fn failure(&self) -> Option<&Failure> {
        match self {
            Self::Terraform(failure) => Some(failure),
            _ => None,
        }
    }
}

/// A document of Terraform's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Document {
    /// `terraform show -json PLANFILE`.
    Plan,
    /// `terraform state pull`, a `.tfstate` file.
    State,
    /// `terraform version -json`.
    Version,
}

impl std::fmt::Display for Document {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Plan => "the plan's JSON",
            Self::State => "the state",
            Self::Version => "the version's JSON",
        })
    }
}

/// What is wrong with a document.
#[derive(Debug, thiserror::Error)]
pub enum DocumentProblem {
    /// Nothing but blanks.
    #[error("it is empty")]
    Empty,
    /// It ends before it is complete.
    #[error("it is cut off at line {line}")]
    CutOff {
        /// The last line.
        line: usize,
    },
    /// It is a web page: a proxy or a login page answered.
    #[error("it is a web page, not JSON")]
    WebPage,
    /// The JSON is there, with other text before or after it: what printed it is not Terraform alone.
    #[error(
        "there is other text before or after the JSON, so a wrapper runs in front of Terraform"
    )]
    Surrounded,
    /// It is JSON of Terraform's, but of a state or a configuration.
    #[error("it is no plan (a state's JSON looks like this)")]
    NoPlan,
    /// It is no JSON, or has another shape.
    #[error("it is {what} at line {line} column {column}")]
    Malformed {
        /// What it is instead. Never the parser's own words: they quote values, and these documents
        /// hold secrets.
        what: &'static str,
        /// The line, from 1.
        line: usize,
        /// The column, from 1.
        column: usize,
    },
    /// A format version that this program does not know.
    #[error("format version {found} is not known (known: {known})")]
    FormatVersion {
        /// What it says.
        found: String,
        /// What is known.
        known: &'static str,
    },
    /// An address of a kind's instance that cannot be told apart.
    #[error("the address `{0}` is not understood")]
    Address(String),
}

impl DocumentProblem {
    /// Sorts a parser's error by what a person can do about it.
    pub(crate) fn of_parse(text: &[u8], error: &serde_json::Error) -> Self {
        let start = text.trim_ascii_start();
        if start.is_empty() {
            Self::Empty
        } else if start.starts_with(b"<") {
            Self::WebPage
        } else if let Some(problem) = Self::of_surroundings(start) {
            problem
        } else if error.is_eof() {
            Self::CutOff { line: error.line() }
        } else {
            let what = if error.is_data() { "JSON of another shape" } else { "no JSON" };
            Self::Malformed { what, line: error.line(), column: error.column() }
        }
    }

    /// Looks for what stands around a JSON object; `None` if there is no object, or nothing else.
    fn of_surroundings(text: &[u8]) -> Option<Self> {
        let lines = || text.split(|byte| *byte == b'\n');
        let before: usize =
            lines().take_while(|line| !line.starts_with(b"{")).map(|l| l.len() + 1).sum();
        let object = text.get(before..)?;
        let mut values = serde_json::Deserializer::from_slice(object).into_iter::<IgnoredAny>();
        let is_whole = values.next()?.is_ok();
        let after = object.get(values.byte_offset()..).unwrap_or_default().trim_ascii_start();
        match (before, after) {
            (0, [b'{', ..]) if is_whole => {
                Some(Self::Malformed { what: "a stream of JSON lines", line: 1, column: 1 })
            }
            (0, after) if !is_whole || after.is_empty() => None,
            _ => is_whole.then_some(Self::Surrounded),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(text: &str) -> String {
        let error = serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(text);
        DocumentProblem::of_parse(text.as_bytes(), &error.unwrap_err()).to_string()
    }

    #[test]
    fn json_that_a_wrapper_prints_its_own_lines_around_is_told_apart_from_broken_json() {
        for text in [
            "[command]/opt/terraform-bin show -json plan\n{\"a\": 1}\n",
            "{\"a\": 1}\n::debug::Terraform exited with code 0.\n",
            "Switched to version 1.11.4\n{\n  \"a\": 1\n}\nbye\n",
        ] {
            assert!(problem(text).contains("wrapper"), "{text}: {}", problem(text));
        }
        for (text, reason) in [
            ("{\"a\": 1}\n{\"b\": 2}\n", "a stream of JSON lines"),
            ("{\"a\": ", "cut off"),
            ("plan\n", "no JSON"),
            ("[1]", "another shape"),
            ("{\"a\" 1}", "no JSON"),
        ] {
            assert!(problem(text).contains(reason), "{text}: {}", problem(text));
        }
    }
}
