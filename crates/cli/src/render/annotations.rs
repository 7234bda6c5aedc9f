//! What CI systems show beside a line of the configuration: at most one annotation per line.
//!
//! `for_each` and `count` make many findings of one block, and a CI system shows only some annotations of
//! a run. Never decides. Invariant: every finding that is worth a word is in exactly one annotation.

use std::collections::BTreeMap;

use divvy_core::Hint;

use super::text;
use crate::report::{Finding, Outcome, Place, Report};

/// How grave it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Level {
    /// Done, or nothing to do.
    Notice,
    /// A conflict ahead.
    Warning,
    /// The whole run is in question.
    Error,
}

/// One annotation; its texts are one line each and harmless, but not escaped for any format.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Annotation {
    pub(super) level: Level,
    /// The code of the first finding.
    pub(super) code: &'static str,
    pub(super) title: String,
    pub(super) lines: Vec<String>,
    pub(super) place: Option<Place>,
}

/// How many findings of one line are told one by one.
const MOST: usize = 5;

/// Returns the annotations of a report: headlines first, then by what becomes of the findings.
pub(super) fn annotations(report: &Report) -> Vec<Annotation> {
    let headlines = report.headlines().map(|headline| Annotation {
        level: Level::Error,
        code: headline.code,
        title: format!("{} {}", headline.code, headline.kind),
        lines: lines(&headline.message, &headline.hints),
        place: None,
    });
    let mut all: Vec<Annotation> = headlines.collect();
    let mut at_line: BTreeMap<(&str, usize), usize> = BTreeMap::new();
    let mut groups: Vec<Vec<(&Finding, Level)>> = Vec::new();
    for outcome in Outcome::ALL {
        for finding in report.findings_of(outcome) {
            let Some(level) = level(finding, report.is_carried_out) else { continue };
            let known = finding.place.as_ref().map(|place| (place.file.as_str(), place.line));
            match known.and_then(|key| at_line.get(&key)) {
                Some(group) => groups[*group].push((finding, level)),
                None => {
                    at_line.extend(known.map(|key| (key, groups.len())));
                    groups.push(vec![(finding, level)]);
                }
            }
        }
    }
    all.extend(groups.iter().map(|group| of_group(group)));
    all
}

fn of_group(group: &[(&Finding, Level)]) -> Annotation {
    let (first, _) = group[0];
    let told = |finding: &Finding| format!("{}: {}", text::address(finding), finding.message);
    let mut counts: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for (finding, _) in group {
        *counts.entry((finding.code, finding.verdict.word())).or_default() += 1;
    }
    let counted = counts.iter().map(|((code, word), count)| match (group.len(), count) {
        (1, _) => format!("{code} {word}"),
        (_, count) => format!("{code} {word} ({count})"),
    });
    let title = counted.collect::<Vec<_>>().join(", ");
    let lines = match group {
        [(finding, _)] => lines(&told(finding), &finding.hints),
        several => {
            let mut lines: Vec<String> =
                several.iter().take(MOST).map(|(finding, _)| text::shown(&told(finding))).collect();
            let more = several.len().saturating_sub(MOST);
            lines.extend((more > 0).then(|| format!("and {more} more of this block")));
            let mut hints: Vec<&Hint> = Vec::new();
            for hint in several.iter().take(MOST).flat_map(|(finding, _)| &finding.hints) {
                if !hints.contains(&hint) {
                    hints.push(hint);
                }
            }
            lines.extend(hints.into_iter().map(said));
            lines
        }
    };
    let level = group.iter().map(|(_, level)| *level).max().unwrap_or(Level::Notice);
    Annotation { level, code: first.code, title, lines, place: first.place.clone() }
}

/// A conflict ahead is a warning, what is done or needs nothing a notice; a plain create is silent.
fn level(finding: &Finding, is_carried_out: bool) -> Option<Level> {
    match finding.outcome {
        Outcome::NeedsYou => Some(Level::Warning),
        Outcome::Adopted | Outcome::Repaired if !is_carried_out => Some(Level::Warning),
        Outcome::Created | Outcome::LeftAlone if finding.hints.is_empty() => None,
        Outcome::Adopted | Outcome::Repaired | Outcome::Created | Outcome::LeftAlone => {
            Some(Level::Notice)
        }
    }
}

fn said(hint: &Hint) -> String {
    format!("> {}", text::shown(&hint.to_string()))
}

fn lines(message: &str, hints: &[Hint]) -> Vec<String> {
    let hints = hints.iter().map(said);
    std::iter::once(text::shown(message)).chain(hints).collect()
}
