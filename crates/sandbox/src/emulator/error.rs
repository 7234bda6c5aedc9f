//! Why an emulator could not be started, or could not keep a change.
//!
//! Never an answer of the API: those are in [`super::replies`]. Invariant: no variant holds a secret.

use std::path::PathBuf;

/// Why an emulator could not be started, or could not keep what it was told.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No socket, or no thread.
    #[error("the emulator cannot serve: {0}")]
    Serve(#[from] std::io::Error),
    /// The data file cannot be read or written.
    #[error("the data file {} failed: {source}", path.display())]
    Store {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Another emulator keeps its org there.
    #[error("another emulator is running on {}; name another file", path.display())]
    InUse {
        /// The file.
        path: PathBuf,
    },
    /// A file that no emulator wrote.
    #[error("{} holds no org of the emulator ({source}); name another file", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
        /// Where its text stops making sense.
        source: serde_json::Error,
    },
    /// A file of another version of the emulator.
    #[error("the data file has schema {found}, this emulator reads {known}; name another file")]
    Schema {
        /// The version in the file.
        found: u64,
        /// The version that this emulator writes.
        known: u64,
    },
    /// A seed or a fault script is no JSON of the expected form.
    #[error("unreadable document: {0}")]
    Unreadable(#[from] serde_json::Error),
    /// A seed that holds objects of a path where nothing is created.
    #[error(
        "the seed has objects at {path}; write the path of a create, such as /api/v2/routing/skills"
    )]
    NoCollection {
        /// The path.
        path: String,
    },
    /// A seed that contradicts itself.
    #[error("the seed gives the id {id} to two objects; every object needs an id of its own")]
    DoubleId {
        /// The id.
        id: String,
    },
}
