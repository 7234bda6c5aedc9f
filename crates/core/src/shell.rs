//! Words for a POSIX shell: the one way to write what a person is told to type.
//!
//! Never decides what may be shown on a terminal. Invariant: a shell reads the word back as the very
//! text, whatever it holds, and looks at no part of it.

use std::borrow::Cow;

/// Writes text as one word for sh, bash, zsh: as it is where no shell looks at any of it, else in
/// single quotes.
///
/// A word that begins with a dash is still a flag to the program that gets it.
pub fn word(text: &str) -> Cow<'_, str> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./+:@".contains(c);
    if !text.is_empty() && text.chars().all(is_plain) {
        Cow::Borrowed(text)
    } else {
        Cow::Owned(format!("'{}'", text.replace('\'', r"'\''")))
    }
}
