//! A page of the catalogue, as a value.

/// One page of the catalogue.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// The stable code.
    pub code: &'static str,
    /// The word in JSON.
    pub word: &'static str,
    /// What it is, in one line.
    pub title: &'static str,
    /// When it is said, and why.
    pub meaning: &'static str,
    /// What `divvy fix` does about it.
    pub fix: &'static str,
    /// What it looks like.
    pub example: &'static str,
}
