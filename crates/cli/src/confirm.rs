//! Asking for a word before anything is changed: the only maker of [`Consent`].
//!
//! Invariant: no answer, an end of input, or anything but yes is no.

use std::io::BufRead;

use divvy_core::Consent;
use divvy_core::consent::Source;

use crate::console::Console;

/// Returns the consent that `--yes`, or the very call of the command, is.
#[expect(clippy::disallowed_methods, reason = "this is the one place that makes consent")]
pub(crate) fn by_flag() -> Consent {
    Consent::given(Source::Flag)
}

/// Asks a yes-or-no question; only `y` and `yes` are yes.
#[expect(clippy::disallowed_methods, reason = "this is the one place that makes consent")]
pub(crate) fn ask(console: &Console, input: &mut dyn BufRead, question: &str) -> Option<Consent> {
    console.ask(&format!("{question} [y/N]"));
    let mut answer = String::new();
    input.read_line(&mut answer).ok()?;
    matches!(answer.trim().to_lowercase().as_str(), "y" | "yes")
        .then(|| Consent::given(Source::Answer))
}

/// Lets a person choose one of several lines by number; `None` for none of them.
pub(crate) fn choose(
    console: &Console,
    input: &mut dyn BufRead,
    question: &str,
    choices: &[String],
) -> Option<usize> {
    console.say(question);
    for (index, choice) in choices.iter().enumerate() {
        console.say(&format!("  {}) {choice}", index + 1));
    }
    console.ask(&format!("Which one? [1-{}, Enter for none]", choices.len()));
    let mut answer = String::new();
    input.read_line(&mut answer).ok()?;
    let number: usize = answer.trim().parse().ok()?;
    (1..=choices.len()).contains(&number).then(|| number - 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arguments::ColorChoice;

    #[test]
    fn only_a_plain_yes_is_consent() {
        let console = Console::new(ColorChoice::Never, true, false);
        for (answer, expected) in [
            ("y\n", true),
            ("YES\n", true),
            ("\n", false),
            ("", false),
            ("yes please\n", false),
            ("n\n", false),
        ] {
            assert_eq!(
                ask(&console, &mut answer.as_bytes(), "Go?").is_some(),
                expected,
                "{answer:?}"
            );
        }
    }

    #[test]
    fn a_choice_is_a_number_that_was_offered() {
        let console = Console::new(ColorChoice::Never, true, false);
        let choices = ["a".to_owned(), "b".to_owned()];
        for (answer, expected) in
            [("2\n", Some(1)), ("3\n", None), ("0\n", None), ("\n", None), ("x\n", None)]
        {
            assert_eq!(
                choose(&console, &mut answer.as_bytes(), "?", &choices),
                expected,
                "{answer:?}"
            );
        }
    }
}
