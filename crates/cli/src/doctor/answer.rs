//! What a check of `divvy doctor` came to.
//!
//! Never asks. Invariant: a question that does not arise, or could not be asked, is neither right nor wrong.

use divvy_core::Hint;

use super::facts::{Reply, Trouble};

/// What a check came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Answer {
    /// `None` where the question does not arise, or could not be asked.
    pub(super) ok: Option<bool>,
    pub(super) message: String,
    pub(super) hints: Vec<Hint>,
}

impl Answer {
    pub(super) fn new(ok: Option<bool>, message: impl Into<String>) -> Self {
        Self { ok, message: message.into(), hints: Vec::new() }
    }

    pub(super) fn tick(message: impl Into<String>) -> Self {
        Self::new(Some(true), message)
    }

    pub(super) fn cross(message: impl Into<String>) -> Self {
        Self::new(Some(false), message)
    }

    pub(super) fn open(message: impl Into<String>) -> Self {
        Self::new(None, message)
    }

    pub(super) fn refused(trouble: &Trouble) -> Self {
        Self::cross(&trouble.message).hints(trouble.hints.iter().cloned())
    }

    pub(super) fn hint(self, hint: impl Into<Hint>) -> Self {
        self.hints([hint.into()])
    }

    pub(super) fn hints(mut self, hints: impl IntoIterator<Item = impl Into<Hint>>) -> Self {
        self.hints.extend(hints.into_iter().map(Into::into));
        self
    }
}

/// Judges what was told; what was refused is a cross, what was not asked is left open.
pub(super) fn of_heard<T>(
    reply: &Reply<T>,
    unasked: &str,
    judge: impl FnOnce(&T) -> Answer,
) -> Answer {
    match reply {
        Reply::Unasked => Answer::open(unasked),
        Reply::Refused(trouble) => Answer::refused(trouble),
        Reply::Told(value) => judge(value),
    }
}
