//! Finds a text within a line, fast where it is rare: by its first byte, many bytes at a time.
//!
//! Never for a text whose first byte is common: each place of that byte is compared.

/// Returns where the text stands first.
pub(super) fn find(line: &str, text: &'static str) -> Option<usize> {
    let first = *text.as_bytes().first()?;
    let line = line.as_bytes();
    memchr::memchr_iter(first, line).find(|&at| line[at..].starts_with(text.as_bytes()))
}

/// True if the text stands in the line.
pub(super) fn contains(line: &str, text: &'static str) -> bool {
    find(line, text).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_found_behind_false_beginnings() {
        assert_eq!(find("é{\"{\"@level\"", "{\"@level\""), Some(4));
        assert_eq!(find("{\"@leve", "{\"@level\""), None);
        assert!(!contains("", "{"));
    }
}
