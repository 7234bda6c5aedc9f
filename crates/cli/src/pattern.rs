//! Patterns that people type to choose names: `*` stands for any letters, `?` for one.
//!
//! Pure. Invariant: a pattern matches a whole text or nothing of it.

/// Reports whether a pattern matches the whole of a name.
pub(crate) fn matches(pattern: &str, name: &str) -> bool {
    let name: Vec<char> = name.chars().collect();
    // ends[i]: the pattern so far matches the first i letters.
    let mut ends = vec![false; name.len() + 1];
    ends[0] = true;
    for wanted in pattern.chars() {
        if wanted == '*' {
            for i in 1..ends.len() {
                ends[i] |= ends[i - 1];
            }
        } else {
            for i in (1..ends.len()).rev() {
                ends[i] = ends[i - 1] && (wanted == '?' || wanted == name[i - 1]);
            }
            ends[0] = false;
        }
    }
    ends[name.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_whole_names() {
        for (pattern, name, expected) in [
            ("Sales", "Sales", true),
            ("Sales", "Sales EMEA", false),
            ("Sales*", "Sales EMEA", true),
            ("*EMEA", "Sales EMEA", true),
            ("S*E*A", "Sales EMEA", true),
            ("Team ?", "Team 7", true),
            ("Team ?", "Team 17", false),
            ("*", "", true),
            ("?", "ü", true),
        ] {
            assert_eq!(matches(pattern, name), expected, "{pattern} {name}");
        }
    }
}
