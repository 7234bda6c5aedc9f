//! Which values of an attribute are written in plain text, and so may be shown.
//!
//! Knows no create. Invariant: what is not proved to be shown is hidden.

use std::collections::HashMap;

use divvy_terraform::Visibility;

/// What the configuration's text proves to be shown of one attribute, and what is wanted of it.
pub(super) struct PlainText {
    is_whole: bool,
    /// How many blocks have a value in plain text.
    written: HashMap<String, usize>,
    /// How many creates want it.
    pub(super) wanted: HashMap<String, usize>,
}

impl PlainText {
    pub(super) fn of(visibility: Visibility) -> Self {
        let mut written = HashMap::new();
        for text in visibility.written {
            *written.entry(text).or_default() += 1;
        }
        Self { is_whole: visibility.is_whole, written, wanted: HashMap::new() }
    }

    /// Returns whether a value is proved to be shown: by all blocks of the type, or because it is
    /// written in plain text, as often as it is wanted.
    pub(super) fn shows(&self, text: Option<&str>) -> bool {
        let count = |of: &HashMap<String, usize>, text: &str| of.get(text).copied().unwrap_or(0);
        self.is_whole
            || text.is_some_and(|text| count(&self.wanted, text) <= count(&self.written, text))
    }
}
