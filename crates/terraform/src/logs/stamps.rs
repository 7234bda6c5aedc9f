//! Clock times and dates before a line, in the spellings of CI systems.
//!
//! Never checks that a time exists: the shape is enough. Invariant: returns a suffix of its input.

/// Matches a shape in which `d` stands for a digit, and returns what follows it.
pub(super) fn after_shape<'a>(text: &'a str, shape: &str) -> Option<&'a str> {
    let bytes = text.as_bytes();
    let fits = bytes.len() >= shape.len()
        && shape.bytes().zip(bytes).all(|(want, have)| match want {
            b'd' => have.is_ascii_digit(),
            _ => want == *have,
        });
    if fits { text.get(shape.len()..) } else { None }
}

pub(super) fn starts_with_digit(text: &str) -> bool {
    text.as_bytes().first().is_some_and(u8::is_ascii_digit)
}

/// `2026-11-20T08:15:03.2604977Z`, with a blank or `/` in it, any fraction, any zone.
pub(super) fn after_stamp(text: &str) -> Option<&str> {
    if !starts_with_digit(text) {
        return None;
    }
    const SHAPES: [&str; 3] = ["dddd-dd-ddTdd:dd:dd", "dddd-dd-dd dd:dd:dd", "dddd/dd/dd dd:dd:dd"];
    let rest = SHAPES.iter().find_map(|shape| after_shape(text, shape))?;
    let rest = after_fraction(rest);
    let zone = ["Z", " UTC"].iter().find_map(|zone| rest.strip_prefix(zone));
    let offset = ["+dd:dd", "-dd:dd", "+dddd", "-dddd"];
    Some(zone.or_else(|| offset.iter().find_map(|shape| after_shape(rest, shape))).unwrap_or(rest))
}

pub(super) fn after_fraction(text: &str) -> &str {
    match text.strip_prefix(['.', ',']) {
        Some(digits) if starts_with_digit(digits) => {
            digits.trim_start_matches(|char: char| char.is_ascii_digit())
        }
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_of_a_stamp_is_known() {
        for stamp in [
            "2026-11-20T08:15:03Z",
            "2026-11-20T08:15:03.1234567Z",
            "2026-11-20T08:15:03,123+01:00",
            "2026-11-20 08:15:03 UTC",
            "2026/11/20 08:15:03",
            "2026-11-20T08:15:03-0500",
        ] {
            assert_eq!(after_stamp(&format!("{stamp} x")), Some(" x"), "{stamp}");
        }
        assert_eq!(after_stamp("2026-11-20"), None);
    }
}
