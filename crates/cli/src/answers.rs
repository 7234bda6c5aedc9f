//! How a person answers: by keys in a prompt, or in plain lines.
//!
//! Never makes consent and never says what a question means. Invariant: an answer is one that was
//! offered, or none; an interrupt ends every wait.

mod keys;
mod lines;

use crate::context::Context;
use keys::Keys;
pub(crate) use lines::Lines;

/// Where answers come from.
pub(crate) enum Answers {
    /// Plain lines, also for a terminal that knows no more.
    Lines(Lines),
    /// Prompts in which keys move and mark.
    Keys(Keys),
}

impl Answers {
    /// From this terminal, which is left alone until something is asked.
    pub(crate) fn of_terminal(context: &Context) -> Self {
        if context.console.asks_plainly() {
            Self::Lines(Lines::of_terminal(&context.interrupt))
        } else {
            Self::Keys(Keys::new(&context.interrupt, context.console.stderr_is_colored()))
        }
    }
}

/// What was chosen of several things.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Chosen {
    /// Which one; `None` for none of them.
    pub(crate) index: Option<usize>,
    /// True where the same was said for everything like it.
    pub(crate) for_all: bool,
}

/// Holds an answer to what may be answered to a choice among `count` things: a number, or nothing for
/// none; with `all` behind it for everything like it, where there is more. Nothing where it is neither.
pub(crate) fn chosen(line: &str, count: usize, has_more: bool) -> Option<Chosen> {
    let (line, for_all) = match line.strip_suffix("all").map(str::trim_end) {
        Some(line) if has_more => (line, true),
        Some(_) => return None,
        None => (line, false),
    };
    let index = match line.parse::<usize>() {
        Ok(number) if (1..=count).contains(&number) => Some(number - 1),
        _ if matches!(line, "" | "n" | "no" | "none") && !(line.is_empty() && for_all) => None,
        _ => return None,
    };
    Some(Chosen { index, for_all })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_one_that_was_offered_or_none() {
        let some = |index, for_all| Some(Chosen { index: Some(index), for_all });
        let none = |for_all| Some(Chosen { index: None, for_all });
        for (line, has_more, expected) in [
            ("1", false, some(0, false)),
            ("2", true, some(1, false)),
            ("2 all", true, some(1, true)),
            ("2all", true, some(1, true)),
            ("2 all", false, None),
            ("3", true, None),
            ("0 all", true, None),
            ("", true, none(false)),
            ("none", false, none(false)),
            ("no all", true, none(true)),
            ("all", true, None),
            ("both", true, None),
        ] {
            assert_eq!(chosen(line, 2, has_more), expected, "{line:?} {has_more}");
        }
    }
}
