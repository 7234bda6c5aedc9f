//! Consent as a command line gives it.
//!
//! Never asks anything. Invariant: only the parsing of arguments makes a [`Said`], so consent without
//! a question cannot be reached from anywhere else.

use clap::builder::{BoolValueParser, TypedValueParser};

/// The witness that this command line itself is consent: [`crate::confirm::by_flag`] takes it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Said(());

impl Said {
    /// The consent of a command whose very call is consent.
    pub(super) fn by_the_call() -> Self {
        Self(())
    }
}

/// A flag that stands for a yes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Yes(Option<Said>);

impl Yes {
    /// Parses the flag; goes with `ArgAction::SetTrue`.
    pub(super) fn parser() -> impl TypedValueParser<Value = Self> {
        BoolValueParser::new().map(|is_given| Self(is_given.then_some(Said(()))))
    }

    /// Returns the witness, if the flag was typed.
    pub(crate) fn said(self) -> Option<Said> {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use crate::arguments::{Arguments, Command};

    #[test]
    fn a_flag_is_consent_only_if_it_was_typed() {
        for (line, is_said) in [
            (&["divvy", "fix"][..], false),
            (&["divvy", "fix", "--dry-run"], false),
            (&["divvy", "fix", "--yes"], true),
            (&["divvy", "undo"], false),
            (&["divvy", "undo", "--yes"], true),
        ] {
            let yes = match Arguments::try_parse_from(line).unwrap().command {
                Command::Fix(fix) => fix.yes,
                Command::Undo(undo) => undo.yes,
                other => panic!("{other:?}"),
            };
            assert_eq!(yes.said().is_some(), is_said, "{line:?}");
        }
    }
}
