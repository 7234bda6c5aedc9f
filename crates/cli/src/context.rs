//! What every command gets: who prints, what the environment held, what was typed, what ends a wait.
//!
//! Never does anything itself. Invariant: it is made once, before a command runs.

use std::sync::Arc;

use divvy_core::Hint;
use tokio_util::sync::CancellationToken;

use crate::console::{Console, Tone};
use crate::environment::Environment;
use crate::given::Given;
use crate::interrupt::UnderWay;

/// What every command gets.
pub(crate) struct Context {
    pub(crate) console: Arc<Console>,
    pub(crate) environment: Environment,
    /// The program, as this user types it: `terraform`, `tofu`. Whatever is said names this one.
    pub(crate) terraform: String,
    /// What a command that is printed has to carry.
    pub(crate) given: Given,
    pub(crate) interrupt: CancellationToken,
    pub(crate) under_way: UnderWay,
}

impl Context {
    /// Says what to do next; a command carries what was given to this one.
    pub(crate) fn hint(&self, hint: impl Into<Hint>) {
        let hint = self.given.complete_hint(&hint.into());
        self.console.mark(Tone::Hint, &hint.to_string());
    }
}
