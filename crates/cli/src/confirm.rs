//! Asking for a word before anything is changed: the only maker of [`Consent`].
//!
//! Invariants: no answer, an end of input, or anything but yes is no; an interrupt ends the wait.

use std::io::BufRead;
use std::sync::mpsc;

use divvy_core::Consent;
use divvy_core::consent::Source;
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

use crate::console::Console;
use crate::error::{CommandError, CommandResult};

/// Returns the consent that `--yes`, or the very call of the command, is.
#[expect(clippy::disallowed_methods, reason = "this is the one place that makes consent")]
pub(crate) fn by_flag() -> Consent {
    Consent::given(Source::Flag)
}

/// Where answers come from, line by line. They are read beside the runtime, which has one thread: a
/// read on it would keep the interrupt from being heard.
pub(crate) struct Answers {
    wanted: mpsc::Sender<oneshot::Sender<String>>,
    interrupt: CancellationToken,
}

impl Answers {
    /// From standard input, which is left alone until something is asked.
    pub(crate) fn of_terminal(interrupt: &CancellationToken) -> Self {
        Self::of(std::io::BufReader::new(std::io::stdin()), interrupt)
    }

    fn of(mut input: impl BufRead + Send + 'static, interrupt: &CancellationToken) -> Self {
        let (wanted, requests) = mpsc::channel::<oneshot::Sender<String>>();
        // Ends with the process at the latest: nothing can end a read from a terminal.
        std::thread::spawn(move || {
            for request in requests {
                let mut line = String::new();
                if input.read_line(&mut line).is_err() {
                    return;
                }
                let _ = request.send(line);
            }
        });
        Self { wanted, interrupt: interrupt.clone() }
    }

    /// Returns the next line, trimmed; an end of input is an empty one.
    async fn line(&self) -> CommandResult<String> {
        let (sender, answer) = oneshot::channel();
        if self.wanted.send(sender).is_err() {
            return Ok(String::new());
        }
        tokio::select! {
            biased;
            () = self.interrupt.cancelled() => Err(CommandError::interrupted()),
            line = answer => Ok(line.unwrap_or_default().trim().to_owned()),
        }
    }
}

/// Asks a yes-or-no question; only `y` and `yes` are yes.
#[expect(clippy::disallowed_methods, reason = "this is the one place that makes consent")]
pub(crate) async fn ask(
    console: &Console,
    answers: &Answers,
    question: &str,
) -> CommandResult<Option<Consent>> {
    console.ask(&format!("{question} [y/N]"));
    let answer = answers.line().await?.to_lowercase();
    Ok(matches!(answer.as_str(), "y" | "yes").then(|| Consent::given(Source::Answer)))
}

/// Lets a person choose one of several lines by number; `None` for none of them.
pub(crate) async fn choose(
    console: &Console,
    answers: &Answers,
    question: &str,
    choices: &[String],
) -> CommandResult<Option<usize>> {
    console.say(question);
    for (index, choice) in choices.iter().enumerate() {
        console.say(&format!("  {}) {choice}", index + 1));
    }
    console.ask(&match choices.len() {
        1 => "Which one? [1, Enter for none]".to_owned(),
        several => format!("Which one? [1-{several}, Enter for none]"),
    });
    let number: Option<usize> = answers.line().await?.parse().ok();
    Ok(number.filter(|number| (1..=choices.len()).contains(number)).map(|number| number - 1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arguments::ColorChoice;

    fn answers(text: &'static str) -> Answers {
        Answers::of(text.as_bytes(), &CancellationToken::new())
    }

    #[tokio::test]
    async fn only_a_plain_yes_is_consent() {
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
                ask(&console, &answers(answer), "Go?").await.unwrap().is_some(),
                expected,
                "{answer:?}"
            );
        }
    }

    #[tokio::test]
    async fn a_choice_is_a_number_that_was_offered() {
        let console = Console::new(ColorChoice::Never, true, false);
        let choices = ["a".to_owned(), "b".to_owned()];
        for (answer, expected) in
            [("2\n", Some(1)), ("3\n", None), ("0\n", None), ("\n", None), ("x\n", None)]
        {
            assert_eq!(
                choose(&console, &answers(answer), "?", &choices).await.unwrap(),
                expected,
                "{answer:?}"
            );
        }
    }

    #[tokio::test]
    async fn an_interrupt_ends_the_wait_for_an_answer() {
        let (reader, _nobody_writes) = std::io::pipe().unwrap();
        let interrupt = CancellationToken::new();
        let answers = Answers::of(std::io::BufReader::new(reader), &interrupt);
        let console = Console::new(ColorChoice::Never, true, false);
        interrupt.cancel();
        let error = ask(&console, &answers, "Go?").await.unwrap_err();
        assert_eq!(error.kind.exit_code(), 130);
    }
}
