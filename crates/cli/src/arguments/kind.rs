//! `--type`: the kind that `list` and `ensure` are about.
//!
//! Never guesses: a word that fits no kind, or several, is refused with what is there.

use std::str::FromStr;

use divvy_core::Kind;
use divvy_core::kind::Adoption;
use divvy_core::kinds::KINDS;

/// A kind that can be listed as a whole. Read from the Terraform type, with or without `genesyscloud_`,
/// or the noun in the singular or plural; case, blanks and hyphens do not count.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Listed(pub(crate) &'static Kind);

/// A kind that is made of its key alone, read as [`Listed`] is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct MadeOfKey(pub(crate) &'static Kind);

impl Listed {
    /// Names all of them, for completions.
    pub(super) fn names() -> impl Iterator<Item = &'static str> {
        KINDS.iter().filter(|kind| is_listed(kind)).map(|kind| short(kind))
    }
}

impl MadeOfKey {
    /// Names all of them, for completions.
    pub(super) fn names() -> impl Iterator<Item = &'static str> {
        KINDS.iter().filter(|kind| kind.is_made_of_key).map(|kind| short(kind))
    }
}

impl FromStr for Listed {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        read(text, is_listed).map(Self)
    }
}

impl FromStr for MadeOfKey {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        read(text, |kind| kind.is_made_of_key).map(Self)
    }
}

fn is_listed(kind: &Kind) -> bool {
    kind.adoption == Adoption::ByKey && kind.is_read_whole()
}

fn read(text: &str, serves: impl Fn(&Kind) -> bool) -> Result<&'static Kind, String> {
    let wanted = plain(text);
    let is_meant = |kind: &&&'static Kind| {
        let Kind { words, terraform_type, .. } = kind;
        let names = [words.noun, words.plural, *terraform_type, short(kind)];
        names.iter().any(|name| plain(name) == wanted)
    };
    let known: Vec<&'static Kind> = KINDS.iter().filter(is_meant).copied().collect();
    let serving: Vec<&'static Kind> = known.iter().copied().filter(|kind| serves(kind)).collect();
    match (serving[..].len(), known.first()) {
        (1, _) => Ok(serving[0]),
        (0, Some(kind)) => Err(format!(
            "{} cannot be given here: it takes {}",
            kind.terraform_type,
            offered(serves)
        )),
        (0, None) => Err(format!("there is no such type; it takes {}", offered(serves))),
        _ => {
            let types: Vec<&str> = serving.iter().map(|kind| kind.terraform_type).collect();
            Err(format!("that could be {}", types.join(" or ")))
        }
    }
}

/// Returns the type without the provider's name.
fn short(kind: &Kind) -> &'static str {
    let name = kind.terraform_type;
    name.strip_prefix("genesyscloud_").unwrap_or(name)
}

/// Returns letters and digits alone, in lower case.
fn plain(text: &str) -> String {
    text.chars().filter(|one| one.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

fn offered(serves: impl Fn(&Kind) -> bool) -> String {
    const SHOWN: usize = 12;
    let names: Vec<&str> =
        KINDS.iter().filter(|kind| serves(kind)).map(|kind| short(kind)).collect();
    let more = names.len().saturating_sub(SHOWN);
    let shown = names.iter().take(SHOWN).copied().collect::<Vec<_>>().join(", ");
    if more == 0 { shown } else { format!("{shown} and {more} more (docs/kinds.md)") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_is_known_by_its_name_its_noun_and_its_plural() {
        for text in ["skill", "Skills", "routing_skill", "genesyscloud_routing_skill"] {
            assert_eq!(
                text.parse::<MadeOfKey>().unwrap().0.terraform_type,
                "genesyscloud_routing_skill"
            );
        }
        for text in ["wrapupcode", "wrap-up code", "Wrap-up codes"] {
            let kind = text.parse::<MadeOfKey>().unwrap().0;
            assert_eq!(kind.terraform_type, "genesyscloud_routing_wrapupcode");
        }
        assert_eq!(
            "queue".parse::<Listed>().unwrap().0.terraform_type,
            "genesyscloud_routing_queue"
        );
    }

    #[test]
    fn what_cannot_be_made_of_a_name_is_refused_with_what_can() {
        let told = "queue".parse::<MadeOfKey>().unwrap_err();
        assert!(told.starts_with("genesyscloud_routing_queue cannot be given here"), "{told}");
        assert!(told.contains("routing_skill"), "{told}");
        assert!("nonsense".parse::<MadeOfKey>().unwrap_err().starts_with("there is no such type"));
    }

    #[test]
    fn no_name_that_is_offered_is_that_of_two_kinds() {
        assert!(MadeOfKey::names().all(|name| name.parse::<MadeOfKey>().is_ok()));
        assert!(Listed::names().all(|name| name.parse::<Listed>().is_ok()));
    }
}
