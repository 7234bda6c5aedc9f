//! The verdicts, one file for each family: rule, page, message, hints and remedy side by side.
//!
//! Their order, codes and words are in [`crate::verdict`], which also names the file of each. A rule
//! never looks at a flag. Invariant: every verdict has its row ([`row`] is exhaustive).

mod access;
mod adopt;
mod config;
mod home;
mod names;
mod row;
mod state;

pub use self::adopt::keep_attributes;
pub(crate) use self::row::{Page, Remedy, Row, Told};
use crate::verdict::{Verdict, each_verdict};

macro_rules! rows {
    ($($(#[$doc:meta])* $variant:ident = $code:literal, $word:literal, $family:ident;)+) => {
        /// Returns all that belongs to a verdict.
        pub(crate) fn row(verdict: Verdict) -> &'static dyn Row {
            match verdict {
                $(Verdict::$variant => &$family::$variant,)+
            }
        }
    };
}

each_verdict!(rows);
