//! Verdicts and headlines: the closed lists of what divvy can say, with their stable codes.
//!
//! Rules and texts are in [`crate::verdicts`]. Invariant: a code is never given a new meaning; a
//! retired one is never used again.

use std::fmt;

use serde::{Serialize, Serializer};

macro_rules! coded {
    ($(#[$meta:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident = $code:literal, $word:literal;)+ }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name {
            $($(#[$doc])* $variant,)+
        }

        impl $name {
            /// Every value, in the order of its list.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// Returns the stable code, such as `DVY101`.
            pub fn code(self) -> &'static str {
                match self { $(Self::$variant => $code,)+ }
            }

            /// Returns the word used in JSON and docs.
            pub fn word(self) -> &'static str {
                match self { $(Self::$variant => $word,)+ }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.word())
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.word())
            }
        }
    };
}

/// Hands every verdict to a macro: its name, code and word, and the file in `verdicts/` that holds
/// its rule and its texts. The order is that of the rules: they are asked from top to bottom, the
/// first that answers gives the verdict, and the last one always answers.
macro_rules! each_verdict {
    ($with:ident) => {
        $with! {
            /// Its create updates what exists.
            UpdatesExisting = "DVY126", "updates_existing", access;
            /// Its org was asked, but not for entities of this kind.
            Unlisted = "DVY109", "unlisted", access;
            /// Its provider configuration leads to no credentials.
            UnresolvedCredentials = "DVY110", "unresolved_credentials", access;
            /// A failure, but no taken name.
            NotAConflict = "DVY111", "not_a_conflict", access;
            /// The plan itself moves the address.
            MovePending = "DVY112", "move_pending", config;
            /// The plan already imports it.
            PlannedImport = "DVY113", "planned_import", config;
            /// One id at two addresses of the state.
            DoubleTracked = "DVY114", "double_tracked", state;
            /// The tracked id is gone, the name lives under another id.
            Stale = "DVY115", "stale", state;
            /// The tracked id is gone and the name is free.
            Gone = "DVY116", "gone", state;
            /// Tainted in the state.
            Tainted = "DVY117", "tainted", state;
            /// The home division is asked for in a way that must not be carried out.
            Home = "DVY118", "home", home;
            /// The name is known only after apply.
            UnknownName = "DVY119", "unknown_name", names;
            /// A `create_before_destroy` replacement meets its own name.
            ReplaceCycle = "DVY120", "replace_cycle", names;
            /// Planned renames hand names on to one another.
            RenameChain = "DVY121", "rename_chain", names;
            /// A planned rename goes to a name that another entity has.
            RenameClash = "DVY122", "rename_clash", names;
            /// Two addresses want one name in one org.
            DuplicateInConfig = "DVY123", "duplicate_in_config", names;
            /// The id is tracked at an address that the plan deletes or lacks.
            Moved = "DVY124", "moved", state;
            /// Another state manages the id.
            OtherOwner = "DVY125", "other_owner", state;
            /// Several entities could be meant.
            Ambiguous = "DVY104", "ambiguous", adopt;
            /// As adopt, but the next apply would replace the entity.
            WouldReplace = "DVY127", "would_replace", adopt;
            /// Exactly one entity has this name and importing it changes nothing.
            Adopt = "DVY101", "adopt", adopt;
            /// As adopt, but the next apply would change the entity.
            AdoptWithDrift = "DVY102", "adopt_with_drift", adopt;
            /// A deleted entity still has the name.
            DeletedTwin = "DVY105", "deleted_twin", adopt;
            /// No exact match; one differs in a way that a person may have overlooked.
            NearMiss = "DVY103", "near_miss", adopt;
            /// The API said 409 and nothing is to be seen.
            Hidden = "DVY106", "hidden", access;
            /// Not in the org: the apply will create it.
            Create = "DVY107", "create", adopt;
            /// Tracked and well.
            Managed = "DVY108", "managed", state;
        }
    };
}
pub(crate) use each_verdict;

macro_rules! verdicts {
    ($($(#[$doc:meta])* $variant:ident = $code:literal, $word:literal, $family:ident;)+) => {
        coded! {
            /// What divvy finds about one instance. The order is that of the rules: first match wins.
            Verdict { $($(#[$doc])* $variant = $code, $word;)+ }
        }
    };
}

each_verdict!(verdicts);

coded! {
    /// What divvy finds about the whole run.
    HeadlineKind {
        /// An earlier state was never saved.
        ErroredState = "DVY201", "errored_state";
        /// A file of that name lies here, and cannot be pushed.
        UnusableErroredState = "DVY207", "unusable_errored_state";
        /// Only the home division is visible.
        RestrictedView = "DVY202", "restricted_view";
        /// None of the tracked ids is in this org.
        WrongOrg = "DVY203", "wrong_org";
        /// There is no state at all, and everything planned exists.
        MissingState = "DVY204", "missing_state";
        /// The planned creates exceed what the org may hold.
        Limit = "DVY205", "limit";
        /// The listing contradicts itself, so absence from it proves nothing.
        IncompleteListing = "DVY206", "incomplete_listing";
    }
}

impl HeadlineKind {
    /// Returns whether this headline stops every write before it starts.
    pub fn stops_writing(self) -> bool {
        matches!(self, Self::ErroredState | Self::UnusableErroredState | Self::WrongOrg)
    }
}

impl Verdict {
    /// Returns whether it is worth telling beside another that came first.
    pub(crate) fn is_caution(self) -> bool {
        !matches!(
            self,
            Self::Adopt | Self::Create | Self::Managed | Self::Ambiguous | Self::UpdatesExisting
        )
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn no_code_and_no_word_is_used_twice() {
        let codes: Vec<_> = Verdict::ALL
            .iter()
            .map(|verdict| verdict.code())
            .chain(HeadlineKind::ALL.iter().map(|headline| headline.code()))
            .collect();
        assert_eq!(codes.iter().collect::<BTreeSet<_>>().len(), codes.len());
        let words: BTreeSet<_> = Verdict::ALL.iter().map(|verdict| verdict.word()).collect();
        assert_eq!(words.len(), Verdict::ALL.len());
    }
}
