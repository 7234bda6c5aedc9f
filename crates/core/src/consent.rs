//! Consent: the token that whatever changes org, state or files asks for.
//!
//! Never decides anything. Invariant: only `confirm` of the command line makes one (clippy's
//! `disallowed-methods` holds the rest of the program to that), so a function that takes
//! `&Consent` cannot be reached without somebody's word.

/// Where the word came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// A person answered a question.
    Answer,
    /// `--yes`, or a command whose very call is consent (`ensure`, `demo` in its own directory).
    Flag,
}

/// Somebody said yes to what was shown.
#[derive(Debug)]
pub struct Consent {
    source: Source,
}

impl Consent {
    /// Records that somebody said yes. Called in one place only.
    pub fn given(source: Source) -> Self {
        Self { source }
    }

    /// Returns where the word came from.
    pub fn source(&self) -> Source {
        self.source
    }
}
