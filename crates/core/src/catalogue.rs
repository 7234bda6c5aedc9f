//! The texts: a page for each verdict and headline, and what one finding says and advises.
//!
//! Never decides. What belongs to one verdict is in [`crate::verdicts`]. Invariant: each verdict and
//! headline has a page.

mod entry;
mod headlines;

pub use entry::Entry;
pub use headlines::{headline_hints, headline_message, move_errored_state_away};

pub use crate::changes::{Tense, changes};
pub use crate::hcl::hcl;
pub use crate::verdicts::keep_attributes;

use crate::finding::Finding;
use crate::hint::Hint;
use crate::verdict::{HeadlineKind, Verdict};
use crate::verdicts::{Page, Told, row};

/// Returns the page of a code (`DVY101`, in any letter case) or of a word (`adopt`).
pub fn entry(code_or_word: &str) -> Option<Entry> {
    let wanted = code_or_word.trim();
    entries().find(|entry| entry.code.eq_ignore_ascii_case(wanted) || entry.word == wanted)
}

/// Returns the page whose code or word comes nearest to a text that may be meant as one: it begins
/// as a code does, or differs from a word in a few letters.
pub fn nearest(text: &str) -> Option<Entry> {
    const MOST_WRONG: usize = 2;
    let wanted = text.trim().to_ascii_uppercase();
    let distance = |entry: &Entry| {
        let word = strsim::osa_distance(&wanted, &entry.word.to_ascii_uppercase());
        word.min(strsim::osa_distance(&wanted, entry.code))
    };
    let is_meant = |distance: usize| wanted.starts_with("DVY") || distance <= MOST_WRONG;
    let near = entries().map(|entry| (distance(&entry), entry.code, entry));
    near.min_by_key(|(distance, code, _)| (*distance, *code))
        .filter(|(distance, ..)| is_meant(*distance))
        .map(|(.., entry)| entry)
}

/// Returns every page, verdicts first.
pub fn entries() -> impl Iterator<Item = Entry> {
    let verdicts = Verdict::ALL.iter().map(|verdict| verdict_entry(*verdict));
    verdicts.chain(HeadlineKind::ALL.iter().map(|headline| headlines::entry_of(*headline)))
}

/// Returns the page of a verdict.
pub fn verdict_entry(verdict: Verdict) -> Entry {
    let Page { title, meaning, fix, example } = row(verdict).page();
    Entry { code: verdict.code(), word: verdict.word(), title, meaning, fix, example }
}

/// Says what a finding means for its instance, in one or two sentences.
pub fn message(finding: &Finding) -> String {
    let told = Told::of(finding);
    let mut text = row(finding.verdict).message(&told);
    if finding.also.contains(&Verdict::DuplicateInConfig) {
        text.push_str(&format!(" {} wants nearly the same name.", told.others));
    }
    text
}

/// Returns what to type or change next, most useful first. `terraform` is the program as it is
/// typed: `terraform`, `tofu`.
pub fn hints(finding: &Finding, terraform: &str) -> Vec<Hint> {
    row(finding.verdict).hints(&Told::of(finding), terraform)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_page_is_found_by_its_code_and_its_word() {
        for page in entries() {
            assert_eq!(entry(&page.code.to_lowercase()).unwrap().word, page.word);
            assert_eq!(entry(page.word).unwrap().code, page.code);
            for text in [page.title, page.meaning, page.fix, page.example] {
                assert!(!text.is_empty(), "{}", page.code);
            }
        }
        assert!(entry("DVY999").is_none());
    }
}
