//! Hints: what to do next, either a command to type or advice.
//!
//! Never parsed again: whoever needs to know whether a hint can be typed asks its type. Invariant: a
//! [`CommandLine`] is valid in a POSIX shell as it is written; what explains it follows ` # `.

use std::fmt;

use serde::{Serialize, Serializer};

use crate::shell;

/// What a person can do next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Hint {
    /// A command to type.
    Command(CommandLine),
    /// A sentence.
    Advice(String),
}

impl Hint {
    /// Returns the command, where the hint is one.
    pub fn command(&self) -> Option<&CommandLine> {
        match self {
            Self::Command(command) => Some(command),
            Self::Advice(_) => None,
        }
    }

    /// Returns the command that `next:` may name: one that needs no explanation, since what is
    /// explained is right under a condition only, or follows another command.
    pub fn next(&self) -> Option<&CommandLine> {
        self.command().filter(|command| command.explanation.is_none())
    }
}

impl From<CommandLine> for Hint {
    fn from(command: CommandLine) -> Self {
        Self::Command(command)
    }
}

impl From<String> for Hint {
    fn from(advice: String) -> Self {
        Self::Advice(advice)
    }
}

impl From<&str> for Hint {
    fn from(advice: &str) -> Self {
        Self::Advice(advice.to_owned())
    }
}

impl fmt::Display for Hint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Command(command) => command.fmt(f),
            Self::Advice(advice) => f.write_str(advice),
        }
    }
}

impl Serialize for Hint {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// A command, word by word, and perhaps why it is typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommandLine {
    /// Each as a POSIX shell takes it; the program comes first.
    words: Vec<String>,
    explanation: Option<String>,
}

impl CommandLine {
    /// Begins a command of any program.
    pub fn of(program: &str) -> Self {
        Self { words: vec![shell::word(program).into_owned()], explanation: None }
    }

    /// Begins a command of divvy. `words` are written as they are, as in [`Self::words`].
    pub fn divvy(words: &'static str) -> Self {
        Self::of("divvy").words(words)
    }

    /// Appends words that need no quotes: subcommands, flags, placeholders.
    #[must_use]
    pub fn words(mut self, words: &'static str) -> Self {
        self.words.extend(words.split(' ').map(str::to_owned));
        self
    }

    /// Appends one word, quoted where a shell would look at any part of it.
    #[must_use]
    pub fn word(mut self, word: &str) -> Self {
        self.words.push(shell::word(word).into_owned());
        self
    }

    /// Appends one word with a part that a person fills in, which quotes would hide; what else is in
    /// it needs no quotes.
    #[must_use]
    pub fn placeholder(mut self, word: impl Into<String>) -> Self {
        self.words.push(word.into());
        self
    }

    /// Says when or why it is typed; written behind ` # `.
    #[must_use]
    pub fn because(mut self, explanation: impl Into<String>) -> Self {
        // A line end would end the comment.
        let explanation = explanation.into().replace(['\n', '\r'], " ");
        self.explanation = Some(explanation);
        self
    }

    /// Returns the words, each as a shell takes it.
    pub fn typed(&self) -> &[String] {
        &self.words
    }

    /// Returns the command with other words, for the same reason.
    #[must_use]
    pub fn retyped(&self, words: Vec<String>) -> Self {
        Self { words, explanation: self.explanation.clone() }
    }

    /// Returns the program, as a shell takes it.
    pub fn program(&self) -> &str {
        self.words.first().map_or("", String::as_str)
    }

    /// Returns whether it is this command of divvy (`doctor`), whatever its flags.
    pub fn is_divvy(&self, subcommand: &str) -> bool {
        matches!(self.words.as_slice(), [program, word, ..] if program == "divvy" && word == subcommand)
    }
}

impl fmt::Display for CommandLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.words.join(" "))?;
        match &self.explanation {
            Some(explanation) => write!(f, " # {explanation}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_typed_as_it_is_written() {
        let command = CommandLine::divvy("fix --id").word("a.b[\"c\"]=1");
        assert_eq!(command.to_string(), r#"divvy fix --id 'a.b["c"]=1'"#);
        assert!(command.is_divvy("fix") && !command.is_divvy("check"));
        let elsewhere = CommandLine::of("/opt/my tools/tofu").words("apply -lock-timeout=120s");
        assert_eq!(elsewhere.to_string(), "'/opt/my tools/tofu' apply -lock-timeout=120s");
        assert!(!elsewhere.is_divvy("apply"));
    }

    #[test]
    fn an_explanation_is_a_comment_and_is_never_the_next_command() {
        let command = CommandLine::divvy("fix --new ADDR");
        assert_eq!(Hint::from(command.clone()).next(), Some(&command));
        let explained = Hint::from(command.because("if it is\nanother"));
        assert_eq!(explained.to_string(), "divvy fix --new ADDR # if it is another");
        assert_eq!(explained.next(), None);
        assert!(explained.command().is_some());
        assert_eq!(Hint::from("divvy fix").command(), None);
    }
}
