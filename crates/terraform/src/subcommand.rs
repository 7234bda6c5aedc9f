//! The subcommands of Terraform that are ever run.
//!
//! Never a call: that is [`crate::invocation`]. Invariant: `state push` and `init` are not among them.

/// The subcommands that are ever run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Subcommand {
    Version,
    Plan,
    Show,
    Console,
    Graph,
    StatePull,
    Apply,
    Import,
    StateRm,
    StateMv,
    Untaint,
}

impl Subcommand {
    /// Its words, as typed.
    pub(crate) fn words(self) -> &'static str {
        match self {
            Self::Version => "version",
            Self::Plan => "plan",
            Self::Show => "show",
            Self::Console => "console",
            Self::Graph => "graph",
            Self::StatePull => "state pull",
            Self::Apply => "apply",
            Self::Import => "import",
            Self::StateRm => "state rm",
            Self::StateMv => "state mv",
            Self::Untaint => "untaint",
        }
    }

    /// Returns whether it can change state or org.
    pub(crate) fn writes(self) -> bool {
        match self {
            Self::Version
            | Self::Plan
            | Self::Show
            | Self::Console
            | Self::Graph
            | Self::StatePull => false,
            Self::Apply | Self::Import | Self::StateRm | Self::StateMv | Self::Untaint => true,
        }
    }
}
