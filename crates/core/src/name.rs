//! Names: when two are equal, when they are near, and how to show one safely.
//!
//! Equality is exact on the NFC form. Everything less is evidence for a person and never acted on
//! by itself. Invariant: [`compare`] is symmetric.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use serde::Serialize;
use unicode_normalization::UnicodeNormalization;
use unicode_security::skeleton;

use crate::entity::Key;

/// A way in which two unequal names differ although a person may take them for one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Difference {
    /// Upper and lower case.
    Case,
    /// Blanks: leading, trailing, doubled, no-break, or inside a word.
    Blanks,
    /// Compatibility form (NFKC): ligatures, full-width letters.
    CompatibilityForm,
    /// Letters of another alphabet that look alike.
    LookAlike,
    /// The name is the same, the division is another one.
    Division,
}

impl Difference {
    /// Says in words what differs.
    pub fn words(self) -> &'static str {
        match self {
            Self::Case => "letter case",
            Self::Blanks => "blanks",
            Self::CompatibilityForm => "compatibility characters",
            Self::LookAlike => "look-alike letters",
            Self::Division => "division",
        }
    }
}

/// What a comparison of two names found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Likeness {
    /// Equal on the NFC form.
    Equal,
    /// Unequal, but only in these ways.
    Near(BTreeSet<Difference>),
    /// Different names.
    Different,
}

/// Returns the NFC form, the one that equality looks at.
pub fn nfc(name: &str) -> String {
    if name.is_ascii() {
        return name.to_owned();
    }
    name.nfc().collect()
}

/// Compares two names.
pub fn compare(one: &str, other: &str) -> Likeness {
    if nfc(one) == nfc(other) {
        return Likeness::Equal;
    }
    if loosest(one) != loosest(other) {
        return Likeness::Different;
    }
    // The smallest set of ways that closes the gap explains it.
    let mut sets: Vec<Vec<Difference>> = (1_u8..16)
        .map(|bits| {
            WAYS.into_iter()
                .enumerate()
                .filter(|(i, _)| bits & (1 << i) != 0)
                .map(|(_, way)| way)
                .collect()
        })
        .collect();
    sets.sort_by_key(Vec::len);
    let closes = |ways: &Vec<Difference>| folded(one, ways) == folded(other, ways);
    Likeness::Near(
        sets.into_iter().find(closes).unwrap_or_else(|| WAYS.to_vec()).into_iter().collect(),
    )
}

/// Compares two keys part by part; near if every part is at least near.
pub fn compare_keys(one: &Key, other: &Key) -> Likeness {
    if one.parts().len() != other.parts().len() {
        return Likeness::Different;
    }
    let mut differs = BTreeSet::new();
    let mut all_equal = true;
    for (a, b) in one.parts().iter().zip(other.parts()) {
        match compare(a, b) {
            Likeness::Equal => {}
            Likeness::Near(ways) => {
                all_equal = false;
                differs.extend(ways);
            }
            Likeness::Different => return Likeness::Different,
        }
    }
    if all_equal { Likeness::Equal } else { Likeness::Near(differs) }
}

/// Every way, in the order in which they are folded away and preferred as explanations.
const WAYS: [Difference; 4] =
    [Difference::Blanks, Difference::Case, Difference::CompatibilityForm, Difference::LookAlike];

/// Returns the form under which near names meet: the index for near matches.
pub fn loosest(name: &str) -> String {
    if name.is_ascii() {
        return name.bytes().map(|byte| LOOSEST_OF_ASCII[usize::from(byte)].as_str()).collect();
    }
    folded(name, &WAYS)
}

/// The loosest form of each ASCII character; that of a name in ASCII is made of these. Most names
/// are such, and an org of thousands is indexed again and again.
static LOOSEST_OF_ASCII: LazyLock<Vec<String>> = LazyLock::new(|| {
    let characters = (0..=0x7f_u8).map(char::from);
    characters.map(|character| folded(&character.to_string(), &WAYS)).collect()
});

/// Folds ways of differing away, starting from the NFC form.
fn folded(name: &str, ways: &[Difference]) -> String {
    ways.iter().fold(nfc(name), |name, way| match way {
        Difference::Blanks => name.chars().filter(|c| !is_blank(*c)).collect(),
        Difference::Case => name.to_lowercase(),
        Difference::CompatibilityForm => name.nfkc().collect(),
        Difference::LookAlike => skeleton(&name).collect(),
        Difference::Division => name,
    })
}

/// Blank to the eye: white space of any width, and characters without any.
fn is_blank(c: char) -> bool {
    c.is_whitespace() || matches!(c, '\u{200b}'..='\u{200d}' | '\u{2060}' | '\u{feff}' | '\u{00ad}')
}

/// Shows a name in quotes so that nothing in it can deceive: blanks that a reader would miss,
/// control characters and direction marks are written as escapes.
pub fn visible(name: &str) -> String {
    let mut shown = String::with_capacity(name.len() + 2);
    shown.push('"');
    let last = name.chars().count().saturating_sub(1);
    let mut previous_was_blank = false;
    for (index, (at, c)) in name.char_indices().enumerate() {
        let plain_space = c == ' ' && !previous_was_blank && index != 0 && index != last;
        match c {
            '"' => shown.push_str("\\\""),
            '\\' => shown.push_str("\\\\"),
            ' ' if !plain_space => shown.push('\u{2423}'),
            c => push_harmless(&mut shown, name, at, c),
        }
        previous_was_blank = c == ' ';
    }
    shown.push('"');
    shown
}

/// Shows text that is no name as it is, but for the characters that act on a terminal or deceive a
/// reader: they are written as escapes, line ends among them. Quotes, backslashes and blanks stay.
pub fn harmless(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for (at, c) in text.char_indices() {
        push_harmless(&mut shown, text, at, c);
    }
    shown
}

/// Writes one character of a text, escaped where it is not to be shown raw.
fn push_harmless(shown: &mut String, text: &str, at: usize, c: char) {
    match c {
        ' '..='~' => shown.push(c),
        '\n' => shown.push_str("\\n"),
        '\r' => shown.push_str("\\r"),
        '\t' => shown.push_str("\\t"),
        JOINER if joins_emoji(text, at) => shown.push(c),
        c if c.is_control() || is_blank(c) || is_deceptive(c) => {
            shown.push_str(&format!("\\u{{{:04x}}}", u32::from(c)));
        }
        c => shown.push(c),
    }
}

/// The zero-width joiner: blank to the eye, except between emoji, which it makes one.
const JOINER: char = '\u{200d}';

/// Reports whether the joiner here stands between two emoji.
fn joins_emoji(text: &str, at: usize) -> bool {
    let is_emoji = |c: char| matches!(c, '\u{2190}'..='\u{21ff}' | '\u{2600}'..='\u{27bf}' | '\u{2b00}'..='\u{2bff}' | '\u{1f000}'..='\u{1faff}');
    let is_part = |c: char| is_emoji(c) || c == '\u{fe0f}';
    text[..at].chars().next_back().is_some_and(is_part)
        && text[at + JOINER.len_utf8()..].chars().next().is_some_and(is_emoji)
}

/// Marks that change the direction of text, or tags: never shown raw.
fn is_deceptive(c: char) -> bool {
    matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{061c}' | '\u{e0000}'..='\u{e007f}' | '\u{fff9}'..='\u{fffb}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use Difference::{Blanks, Case, CompatibilityForm, LookAlike};

    fn near(one: &str, other: &str) -> Vec<Difference> {
        match compare(one, other) {
            Likeness::Near(ways) => ways.into_iter().collect(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn composed_and_decomposed_letters_are_one_name() {
        assert_eq!(compare("Zürich", "Zu\u{308}rich"), Likeness::Equal);
    }

    #[test]
    fn each_way_of_differing_is_named() {
        assert_eq!(near("marketing", "Marketing"), [Case]);
        assert_eq!(near("Sales ", "Sales"), [Blanks]);
        assert_eq!(near("Back\u{a0}Office", "Back Office"), [Blanks]);
        assert_eq!(near("DEX_CENTRE_ EST", "DEX_CENTRE_EST"), [Blanks]);
        assert_eq!(near("oﬃce", "office"), [CompatibilityForm]);
        assert_eq!(near("Sаles", "Sales"), [LookAlike]);
        assert_eq!(near("retail ", "Retail"), [Case, Blanks]);
    }

    #[test]
    fn the_short_way_of_names_in_ascii_ends_where_the_long_one_does() {
        let every: String = (0..128_u8).map(char::from).collect();
        let pairs = every.chars().flat_map(|a| every.chars().map(move |b| format!("{a}{b}")));
        for name in pairs.chain([every.clone()]) {
            assert_eq!(loosest(&name), folded(&name, &WAYS), "{name:?}");
            assert_eq!(nfc(&name), name.nfc().collect::<String>(), "{name:?}");
        }
    }

    #[test]
    fn other_names_are_different() {
        assert_eq!(compare("EMEA/Support", "EMEA/Support/"), Likeness::Different);
        assert_eq!(compare("Ops", "DevOps"), Likeness::Different);
    }

    #[test]
    fn joined_emoji_stay_whole_and_a_joiner_elsewhere_is_seen() {
        let family =
            "\u{1f468}\u{200d}\u{1f469}\u{200d}\u{1f467} \u{2764}\u{fe0f}\u{200d}\u{1f525}";
        assert_eq!(harmless(family), family);
        assert_eq!(visible(family), format!("\"{family}\""));
        assert_eq!(harmless("a\u{200d}b \u{1f468}\u{200d}"), "a\\u{200d}b \u{1f468}\\u{200d}");
    }

    #[test]
    fn hidden_characters_are_made_visible() {
        assert_eq!(visible("Sales "), "\"Sales␣\"");
        assert_eq!(visible("a  b"), "\"a ␣b\"");
        assert_eq!(visible("a\u{a0}b\u{1b}[2J\u{202e}"), "\"a\\u{00a0}b\\u{001b}[2J\\u{202e}\"");
        assert_eq!(visible("Field Service"), "\"Field Service\"");
        assert_eq!(visible(" "), "\"␣\"");
    }
}
