//! What an apply changes in an entity, in words: from what to what.
//!
//! Never decides. Invariant: both values are there, and reach the text only through [`visible`].

use serde_json::Value;

use crate::drift::Drift;
use crate::name::visible;
use crate::shown::Shown;

/// When it happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tense {
    /// The next apply does it: "renames".
    Coming,
    /// It would be done: "would rename".
    Conditional,
    /// It was done: "renamed".
    Done,
}

/// Says what is changed, `renames "a" to "b" and changes its description from "x" to none`; nothing
/// where nothing is.
pub fn changes(drift: &[Drift], tense: Tense) -> Option<String> {
    let (rename, change) = match tense {
        Tense::Coming => ("renames", "changes"),
        Tense::Conditional => ("would rename", "would change"),
        Tense::Done => ("renamed", "changed"),
    };
    let words: Vec<_> = drift
        .iter()
        .map(|drift| {
            let (from, to) = (shown(drift.org.as_ref()), shown(drift.config.as_ref()));
            match drift.attribute {
                "name" => format!("{rename} {from} to {to}"),
                attribute => format!("{change} its {attribute} from {from} to {to}"),
            }
        })
        .collect();
    (!words.is_empty()).then(|| words.join(" and "))
}

fn shown(value: Option<&Shown<Value>>) -> String {
    match value {
        Some(Shown::Plain(Value::String(text))) => folded(&visible(text)),
        Some(other) => folded(&other.to_string()),
        None => "none".to_owned(),
    }
}

/// Shortens a long value: a report holds it whole.
fn folded(text: &str) -> String {
    const LONGEST: usize = 200;
    const KEPT: usize = 120;
    let length = text.chars().count();
    if length <= LONGEST {
        return text.to_owned();
    }
    let kept: String = text.chars().take(KEPT).collect();
    format!("{kept}… ({length} characters)")
}
