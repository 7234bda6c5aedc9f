//! Errors of the command line: what happened, to which thing, and what to do next.
//!
//! Rendered once, in [`crate::commands::main`]. Invariant: a hint is data, never text inside the
//! message.

use std::fmt;

use divvy_core::Hint;

/// What sort of failure it is; decides the exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ErrorKind {
    /// The work could not be done: exit code 1.
    Failed,
    /// The command line is wrong: exit code 64.
    Usage,
    /// Only a person can go on, with another input: exit code 3.
    NeedsPerson,
    /// Somebody interrupted: exit code 130.
    Interrupted,
    /// Refused before Terraform was started by `run`: exit code 125.
    Refused,
}

impl ErrorKind {
    /// Returns the exit code, which docs/cli.md lists.
    pub(crate) fn exit_code(self) -> u8 {
        match self {
            Self::Failed => 1,
            Self::Usage => 64,
            Self::NeedsPerson => 3,
            Self::Interrupted => 130,
            Self::Refused => 125,
        }
    }
}

/// The one error type of the binary.
#[derive(Debug)]
pub(crate) struct CommandError {
    pub(crate) kind: ErrorKind,
    pub(crate) message: String,
    pub(crate) hints: Vec<Hint>,
}

/// What a command returns.
pub(crate) type CommandResult<T> = Result<T, CommandError>;

impl CommandError {
    pub(crate) fn failed(message: impl fmt::Display) -> Self {
        Self { kind: ErrorKind::Failed, message: message.to_string(), hints: Vec::new() }
    }

    pub(crate) fn usage(message: impl fmt::Display) -> Self {
        Self { kind: ErrorKind::Usage, ..Self::failed(message) }
    }

    pub(crate) fn interrupted() -> Self {
        Self { kind: ErrorKind::Interrupted, ..Self::failed("interrupted") }
            .hint("run the same command again: it goes on from here")
    }

    pub(crate) fn hint(mut self, hint: impl Into<Hint>) -> Self {
        self.hints.push(hint.into());
        self
    }

    pub(crate) fn hints(mut self, hints: impl IntoIterator<Item = impl Into<Hint>>) -> Self {
        self.hints.extend(hints.into_iter().map(Into::into));
        self
    }

    /// Says what happened and what to do about it, for where hints have no place of their own.
    pub(crate) fn with_hints(self) -> String {
        let hints = self.hints.iter().map(ToString::to_string);
        std::iter::once(self.message).chain(hints).collect::<Vec<_>>().join("; ")
    }
}

impl fmt::Display for CommandError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}
