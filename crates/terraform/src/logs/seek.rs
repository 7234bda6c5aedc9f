//! Looks for words in lines: by their first byte, which several are compared with at once, since nearly
//! every line lacks nearly every word.
//!
//! Never allocates. Invariant: each answer is that of the `str` method of the same name.

/// Returns whether a line holds an ASCII character.
pub(super) fn has(line: &str, byte: u8) -> bool {
    debug_assert!(byte.is_ascii());
    memchr::memchr(byte, line.as_bytes()).is_some()
}

/// Returns where a word begins, the first time.
pub(super) fn find(line: &str, word: &str) -> Option<usize> {
    let (bytes, word) = (line.as_bytes(), word.as_bytes());
    let mut places = memchr::memchr_iter(*word.first()?, bytes);
    places.find(|at| bytes[*at..].starts_with(word))
}

/// Returns whether a line holds a word.
pub(super) fn contains(line: &str, word: &str) -> bool {
    find(line, word).is_some()
}

/// Returns whether a text begins with a word; meant for tables of words.
#[inline]
pub(super) fn starts_with(text: &str, word: &str) -> bool {
    text.as_bytes().first() == word.as_bytes().first() && text.starts_with(word)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_answer_is_that_of_the_standard_library(line in "[ab{ü]{0,12}", word in "[ab{]{1,3}") {
            prop_assert_eq!(super::find(&line, &word), line.find(&word));
            prop_assert_eq!(super::contains(&line, &word), line.contains(&word));
            prop_assert_eq!(super::starts_with(&line, &word), line.starts_with(&word));
            prop_assert_eq!(super::has(&line, b'{'), line.contains('{'));
        }
    }
}
