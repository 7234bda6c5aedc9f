//! Why an emulator could not be started, or could not keep a change.
//!
//! Never an answer of the API: those are in [`super::replies`]. Invariant: no variant holds a secret.

/// Why an emulator could not be started, or could not keep what it was told.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No socket, or no thread.
    #[error("the emulator cannot serve: {0}")]
    Serve(#[from] std::io::Error),
    /// The store refused.
    #[error("the emulator's store failed: {0}")]
    Store(#[source] Box<redb::Error>),
    /// A file of another version of the emulator.
    #[error("the data file has schema {found}, this emulator reads {known}; name another file")]
    Schema {
        /// The version in the file.
        found: u64,
        /// The version that this emulator writes.
        known: u64,
    },
    /// A seed, a fault script or a record of the store is no JSON of the expected form.
    #[error("unreadable document: {0}")]
    Unreadable(#[from] serde_json::Error),
    /// A seed that contradicts itself.
    #[error("the seed gives the id {id} to two divisions; every division needs an id of its own")]
    DoubleId {
        /// The id.
        id: String,
    },
}

impl From<redb::Error> for Error {
    fn from(source: redb::Error) -> Self {
        Self::Store(Box::new(source))
    }
}
