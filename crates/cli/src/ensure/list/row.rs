//! What a list of divisions comes to: its rows, or why it is refused.
//!
//! Types only. Invariant: a row keeps its cells as they were written.

/// One row of a list, as written; empty cells are `None`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Row {
    /// Where it stands: `line 3`, `entry 2`; empty for an argument of the command line.
    pub(crate) place: String,
    pub(crate) name: Option<String>,
    pub(crate) path: Option<String>,
    pub(crate) description: Option<String>,
}

/// A list that was read.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct List {
    pub(crate) rows: Vec<Row>,
    /// Columns that nobody uses.
    pub(crate) unused_columns: Vec<String>,
}

/// Why a list was refused.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Refusal {
    /// One sentence for each thing that is wrong with it.
    pub(crate) problems: Vec<String>,
    /// What to type instead.
    pub(crate) hints: Vec<String>,
}

impl Refusal {
    pub(super) fn new(problem: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { problems: vec![problem.into()], hints: vec![hint.into()] }
    }
}

/// Returns whether a text is a GUID, as ids are.
pub(crate) fn is_guid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}
