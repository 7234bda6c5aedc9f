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
        const OTHERS: &str = "cannot be listed by itself: a create updates what exists, or it is below a parent, or nobody knows how it is listed (docs/kinds.md)";
        read(text, is_listed, OTHERS).map(Self)
    }
}

impl FromStr for MadeOfKey {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        const OTHERS: &str = "needs more than a name to be created: let Terraform create it";
        read(text, |kind| kind.is_made_of_key, OTHERS).map(Self)
    }
}

fn is_listed(kind: &Kind) -> bool {
    kind.adoption == Adoption::ByKey && kind.is_read_whole()
}

/// Reads a kind that serves; `others` says what is the matter with those that do not.
fn read(text: &str, serves: impl Fn(&Kind) -> bool, others: &str) -> Result<&'static Kind, String> {
    let wanted = plain(text);
    let named = |kind: &&&'static Kind| names(kind).iter().any(|name| plain(name) == wanted);
    let known: Vec<&'static Kind> = KINDS.iter().filter(named).copied().collect();
    let serving: Vec<&'static Kind> = known.iter().copied().filter(|kind| serves(kind)).collect();
    match (&serving[..], known.first()) {
        ([only], _) => Ok(only),
        ([], Some(kind)) => Err(format!("{} {others}", kind.terraform_type)),
        ([], None) => Err(match nearest(&wanted, serves) {
            Some(kind) => format!("there is no such type; did you mean {}?", short(kind)),
            None => "there is no such type; docs/kinds.md names all of them".to_owned(),
        }),
        _ => {
            let types: Vec<&str> = serving.iter().map(|kind| kind.terraform_type).collect();
            Err(format!("that could be {}", types.join(" or ")))
        }
    }
}

/// Finds the kind of which one name is one or two slips away.
fn nearest(wanted: &str, serves: impl Fn(&Kind) -> bool) -> Option<&'static Kind> {
    const SLIPS: usize = 2;
    let slips = |kind: &&'static Kind| {
        names(kind).iter().map(|name| strsim::osa_distance(&plain(name), wanted)).min()
    };
    let serving = KINDS.iter().copied().filter(|kind| serves(kind));
    let near = serving.filter_map(|kind| Some((slips(&kind)?, kind)));
    near.filter(|(slips, _)| *slips <= SLIPS).min_by_key(|(slips, _)| *slips).map(|(_, kind)| kind)
}

fn names(kind: &Kind) -> [&'static str; 4] {
    [kind.words.noun, kind.words.plural, kind.terraform_type, short(kind)]
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
    fn what_is_no_type_here_says_why_or_what_may_have_been_meant() {
        let told = "queue".parse::<MadeOfKey>().unwrap_err();
        assert!(told.starts_with("genesyscloud_routing_queue needs more than a name"), "{told}");
        let told = "user_roles".parse::<Listed>().unwrap_err();
        assert!(told.starts_with("genesyscloud_user_roles cannot be listed"), "{told}");
        for (slip, meant) in [("skil", "routing_skill"), ("Langauges", "routing_language")] {
            let told = slip.parse::<MadeOfKey>().unwrap_err();
            assert_eq!(told, format!("there is no such type; did you mean {meant}?"));
        }
        assert!("nonsense".parse::<MadeOfKey>().unwrap_err().ends_with("names all of them"));
    }

    #[test]
    fn no_name_that_is_offered_is_that_of_two_kinds() {
        assert!(MadeOfKey::names().all(|name| name.parse::<MadeOfKey>().is_ok()));
        assert!(Listed::names().all(|name| name.parse::<Listed>().is_ok()));
    }
}
