//! What `divvy run` may adopt: the flags, and what they come to for one command.
//!
//! Pure. Invariant: nothing is permitted that was not said, shown and agreed to, or made by this
//! very run.

use crate::arguments::Said;
use crate::arguments::run::{OnConflict, Run};
use crate::pattern;
use crate::run::subcommand::Flow;

/// How one command treats a create of what exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stance {
    /// Adopt.
    Adopt,
    /// Adopt what was announced.
    Announced,
    /// Adopt nothing.
    Warn,
    /// As `Warn`, because nobody was asked.
    WarnUnasked,
    /// Fail the plan.
    Error,
}

impl OnConflict {
    /// Returns whether the user relies on what divvy sees: a run in which it cannot look is refused
    /// then, instead of going on without it.
    pub(crate) fn is_relied_on(self) -> bool {
        matches!(self, Self::Error | Self::Adopt)
    }

    /// Returns the flag, as it is typed.
    pub(crate) fn flag(self) -> &'static str {
        match self {
            Self::Announced => "--on-conflict announced",
            Self::Warn => "--on-conflict warn",
            Self::Error => "--on-conflict error",
            Self::Adopt => "--on-conflict adopt",
        }
    }
}

/// The flags of one run.
#[derive(Clone, Debug)]
pub(crate) struct RunPolicy {
    pub(crate) stance: Stance,
    pub(crate) accept_drift: bool,
    pub(crate) max_adopt: Option<usize>,
    adopt_only: Vec<String>,
    pub(crate) consent: Said,
    /// The program, as it is to be typed.
    pub(crate) terraform: String,
}

impl RunPolicy {
    /// Works out what the flags come to for one command.
    pub(crate) fn of(arguments: &Run, flow: &Flow, terraform: String) -> Self {
        let stance = match (arguments.on_conflict, flow) {
            (OnConflict::Announced, Flow::Apply { asks: false }) => Stance::WarnUnasked,
            (OnConflict::Announced, _) => Stance::Announced,
            (OnConflict::Warn, _) => Stance::Warn,
            (OnConflict::Error, _) => Stance::Error,
            (OnConflict::Adopt, _) => Stance::Adopt,
        };
        Self {
            stance,
            accept_drift: arguments.accept_drift,
            max_adopt: arguments.max_adopt,
            adopt_only: arguments.adopt_only.clone(),
            consent: arguments.consent,
            terraform,
        }
    }

    /// Says why an object is not adopted, as far as its name alone tells.
    ///
    /// # Errors
    /// The reason, as a sentence.
    pub(crate) fn permits(&self, name: &str) -> Result<(), String> {
        match self.stance {
            Stance::Adopt | Stance::Announced => {}
            Stance::Warn => return Err("--on-conflict warn adopts nothing.".to_owned()),
            Stance::Error => return Err("--on-conflict error adopts nothing.".to_owned()),
            Stance::WarnUnasked => {
                return Err(
                    "With -auto-approve nobody is asked, so nothing is adopted: say --on-conflict adopt, or run divvy fix first."
                        .to_owned(),
                );
            }
        }
        if self.adopt_only.is_empty()
            || self.adopt_only.iter().any(|pattern| pattern::matches(pattern, name))
        {
            Ok(())
        } else {
            Err("--adopt-only leaves it out.".to_owned())
        }
    }

    /// Says why so many objects are not adopted.
    ///
    /// # Errors
    /// The reason, as a sentence.
    pub(crate) fn permits_so_many(&self, count: usize) -> Result<(), String> {
        match self.max_adopt {
            Some(limit) if count > limit => Err(format!(
                "{count} objects would be adopted, and --max-adopt allows {limit}: none is."
            )),
            _ => Ok(()),
        }
    }
}
