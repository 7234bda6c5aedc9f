//! Text for people: made harmless, measured and wrapped.
//!
//! Invariant: what [`shown`] returns holds no control character, no direction mark and no blank
//! that a reader would miss, and it is one line.

use divvy_core::name::{harmless, visible};
use divvy_core::shown::Shown;
use divvy_core::verdict::Verdict;
use serde_json::Value;
use unicode_segmentation::UnicodeSegmentation as _;
use unicode_width::UnicodeWidthStr;

use crate::door::{neutral, talk};
use crate::report::{Command, Finding, Org, Outcome, Place, Report};

/// Shows text that is no name (an address, an id, a message): as it is, but with the characters
/// escaped that act or deceive, and with what a CI system would take for a command of its own.
pub(crate) fn shown(text: &str) -> String {
    neutral(&harmless(text))
}

/// Returns whether text is written by [`shown`] as it is.
pub(crate) fn is_harmless(text: &str) -> bool {
    shown(text) == text
}

/// Shows a place as `file:line`.
pub(crate) fn place(place: &Place) -> String {
    format!("{}:{}", shown(&place.file), place.line)
}

/// Shows the address of a finding, else its name; behind its unit, where it has one.
pub(crate) fn address(finding: &Finding) -> String {
    let address = match (&finding.address, &finding.name) {
        (Some(address), _) => shown(address),
        (None, Some(name)) => name.visible(),
        (None, None) => "(no address)".to_owned(),
    };
    match &finding.unit {
        Some(unit) => format!("[{}] {address}", shown(unit)),
        None => address,
    }
}

/// Shows the name of a finding in quotes, or nothing, also where it stands for the address.
pub(crate) fn name(finding: &Finding) -> String {
    let name = finding.name.as_ref().filter(|_| finding.address.is_some());
    name.map(Shown::visible).unwrap_or_default()
}

/// Shows the id of the entity that a finding is about, or nothing.
pub(crate) fn id(finding: &Finding) -> String {
    let imported = finding.imported_id();
    imported
        .or(finding.entity.as_ref().map(|entity| entity.id.as_str()))
        .map(shown)
        .unwrap_or_default()
}

/// Says which orgs were looked at, one line each.
pub(crate) fn orgs(report: &Report) -> Vec<String> {
    let line = |org: &Org| {
        let name = org.name.as_deref().map_or_else(|| shown(&org.id), visible);
        let region = org.region.as_deref().map(|region| format!(", {}", shown(region)));
        let source = org.credentials_from.as_deref();
        let source = source.map(|source| format!(" (credentials: {})", shown(source)));
        format!(
            "{}: org {name}{}{}",
            shown(&org.alias),
            region.unwrap_or_default(),
            source.unwrap_or_default()
        )
    };
    report.orgs.iter().map(line).collect()
}

/// Says what a list of the findings is about: the orgs, and what concerns the whole run.
pub(crate) fn head(report: &Report) -> Vec<String> {
    let headlines = report.headlines().map(|headline| {
        format!("! {} {}: {}", headline.code, headline.kind, shown(&headline.message))
    });
    orgs(report).into_iter().chain(headlines).map(|line| talk(&line)).collect()
}

/// Counts the verdicts, `2 adopt,` `1 near_miss,` `14 managed`, or once it is done what became of
/// them: `2 adopted,` `1 needs you,` `14 managed`.
pub(crate) fn counts(report: &Report) -> Vec<String> {
    let mut counts: Vec<_> = if report.is_carried_out {
        let outcomes = Outcome::ALL.map(|outcome| (outcome, report.findings_of(outcome).count()));
        let any = outcomes.iter().filter(|(_, count)| *count > 0);
        any.map(|(outcome, count)| format!("{count} {}", outcome.title(true).to_lowercase()))
            .collect()
    } else {
        let told = report.summary.iter();
        // What is managed is counted as one, below; what the apply updates is nobody's concern.
        let apart = [Verdict::UpdatesExisting, Verdict::Managed].map(Verdict::word);
        let told = told.filter(|(word, _)| !apart.contains(*word));
        told.map(|(word, count)| format!("{count} {word}")).collect()
    };
    let listed = report.summary.get(Verdict::Managed.word()).filter(|_| !report.is_carried_out);
    let managed = report.managed + listed.copied().unwrap_or_default();
    counts.extend((managed > 0).then(|| format!("{managed} managed")));
    if counts.is_empty() {
        let nothing = match report.command {
            Command::Explain => "no failure was found",
            Command::Check | Command::Fix | Command::Run => {
                "nothing of these kinds is planned or tracked"
            }
        };
        counts.push(nothing.to_owned());
    }
    let last = counts.len() - 1;
    counts[..last].iter_mut().for_each(|count| count.push(','));
    counts
}

/// As [`counts`], in one line.
pub(crate) fn summary(report: &Report) -> String {
    counts(report).join(" ")
}

/// Says what stands behind a finding, beside its message.
pub(crate) fn asides(finding: &Finding) -> Vec<String> {
    let also: Vec<_> = finding.also.iter().map(|verdict| verdict.word()).collect();
    let also = (!also.is_empty()).then(|| format!("also: {}", also.join(", ")));
    also.into_iter().chain(finding.heard.as_deref().map(shown)).collect()
}

/// Says what the verifying plan proved, if there was one.
pub(crate) fn proof(report: &Report) -> Option<String> {
    let pending = report.pending.unwrap_or_default();
    Some(if report.clean? {
        "The plan is clean: no resource would be changed.".to_owned()
    } else {
        format!(
            "The plan is not clean: {} to create, {} to update, {} to delete.",
            pending.create, pending.update, pending.delete
        )
    })
}

/// Shows a value of an attribute.
pub(crate) fn value(value: Option<&Shown<Value>>) -> String {
    match value {
        None | Some(Shown::Plain(Value::Null)) => "(unset)".to_owned(),
        Some(Shown::Plain(Value::String(text))) => shown(&visible(text)),
        Some(value) => shown(&value.to_string()),
    }
}

/// Returns how many columns a text takes.
pub(crate) fn columns(text: &str) -> usize {
    text.width()
}

/// Breaks a text at blanks into lines of at most `width` columns.
pub(crate) fn wrapped(text: &str, width: usize) -> Vec<String> {
    packed(text.split(' '), width)
}

/// Packs pieces into lines of at most `width` columns; a longer piece stays whole, so that it can
/// be copied.
pub(crate) fn packed<'p>(pieces: impl Iterator<Item = &'p str>, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in pieces {
        match lines.last_mut() {
            Some(line) if columns(line) + 1 + columns(word) <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

/// Cuts a text to at most `width` columns, between characters as they are seen, and marks the cut.
pub(crate) fn cut(text: &str, width: usize) -> String {
    if columns(text) <= width {
        return text.to_owned();
    }
    let mut kept = String::new();
    for seen in text.graphemes(true) {
        if columns(&kept) + columns(seen) + 1 > width {
            break;
        }
        kept.push_str(seen);
    }
    kept + "…"
}

/// As [`cut`], in the middle: an address is told by its end.
pub(crate) fn cut_inside(text: &str, width: usize) -> String {
    if columns(text) <= width {
        return text.to_owned();
    }
    let mut end = String::new();
    for seen in text.graphemes(true).rev() {
        if columns(&end) + columns(seen) > width / 2 {
            break;
        }
        end.insert_str(0, seen);
    }
    cut(text, width - columns(&end)) + &end
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_cut_fits_and_keeps_joined_characters_whole() {
        let family = "👨\u{200d}👩\u{200d}👧";
        for width in 1..24 {
            for text in ["module.a.b[\"east\"]", "東京東京東京", &family.repeat(3)] {
                for kept in [cut(text, width), cut_inside(text, width)] {
                    assert!(columns(&kept) <= width, "{kept} {width}");
                    let bare = kept.replace('…', "").replace(family, "");
                    assert!(!bare.contains('\u{200d}'), "{kept:?}");
                }
            }
        }
        assert_eq!(cut("abcdef", 4), "abc…");
        assert_eq!(cut_inside("module.a.b[\"east\"]", 12), "modul…east\"]");
    }

    #[test]
    fn shown_text_keeps_quotes_and_escapes_what_deceives() {
        assert_eq!(shown(r#"a.b["Tom's \"x\""]"#), r#"a.b["Tom's \"x\""]"#);
        assert_eq!(shown("Zürich 東京"), "Zürich 東京");
        assert_eq!(shown("a\u{1b}[2J\n\u{202e}b\u{a0}"), r"a\u{001b}[2J\n\u{202e}b\u{00a0}");
        assert!(is_harmless("a  b") && !is_harmless("a\tb"));
    }

    #[test]
    fn wrapping_keeps_long_words_and_counts_wide_letters_twice() {
        assert_eq!(wrapped("aa bb cc", 5), ["aa bb", "cc"]);
        assert_eq!(wrapped("a longest b", 3), ["a", "longest", "b"]);
        assert_eq!(wrapped("東京 東京", 8), ["東京", "東京"]);
    }
}
