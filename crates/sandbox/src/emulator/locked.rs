//! Locks a mutex, whatever became of the thread that held it before.
//!
//! Never waits asynchronously. Invariant: every value behind such a lock is changed by one
//! assignment at a time, so no half-made value can be seen.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Locks, also after a thread panicked under the lock.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
