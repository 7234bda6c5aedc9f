//! Asking before anything is changed: the only maker of [`Consent`].
//!
//! Invariants: consent comes from an answer or from this command line, of which [`Said`] is the
//! witness. Only a plain yes is yes; an end of input is no; what is neither yes nor no is asked
//! again; an interrupt ends the wait.

use std::io::BufRead;
use std::sync::mpsc;

use divvy_core::Consent;
use divvy_core::consent::Source;
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

use crate::arguments::Said;
use crate::console::{self, Console};
use crate::error::{CommandError, CommandResult};
use crate::render::text::{shown, wrapped};

/// Returns the consent that this command line is: `--yes`, or a command whose call is consent.
#[expect(clippy::disallowed_methods, reason = "this is the one place that makes consent")]
pub(crate) fn by_flag(_: Said) -> Consent {
    Consent::given(Source::Flag)
}

/// What is asked: what yes does, and to what. One line of text each; they are wrapped here.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Ask {
    /// What it is about, one thing each.
    pub(crate) items: Vec<String>,
    /// What yes (or a choice) does.
    pub(crate) question: String,
}

impl Ask {
    /// How many things are named; the report above has them all.
    const MOST: usize = 10;

    pub(crate) fn new(question: impl Into<String>, items: Vec<String>) -> Self {
        Self { items, question: question.into() }
    }

    fn text(&self, width: usize) -> String {
        let mut lines = Vec::new();
        for item in self.items.iter().take(Self::MOST) {
            lines.extend(hanging("  ", item, width));
        }
        if let Some(more @ 1..) = self.items.len().checked_sub(Self::MOST) {
            lines.push(format!("  and {more} more, as shown above"));
        }
        lines.extend(wrapped(&format!("{} [y/N]", shown(&self.question)), width));
        lines.join("\n")
    }
}

/// Wraps an item behind its mark; further lines are indented.
fn hanging(mark: &str, item: &str, width: usize) -> Vec<String> {
    let lines = wrapped(&shown(item), width.saturating_sub(mark.len() + 2));
    let indent = " ".repeat(mark.len() + 2);
    let lines = lines.iter().enumerate();
    lines.map(|(at, line)| format!("{}{line}", if at == 0 { mark } else { &indent })).collect()
}

/// Where answers come from, line by line. They are read beside the runtime, which has one thread: a
/// read on it would keep the interrupt from being heard.
pub(crate) struct Answers {
    wanted: mpsc::Sender<oneshot::Sender<Option<String>>>,
    interrupt: CancellationToken,
}

impl Answers {
    /// From standard input, which is left alone until something is asked.
    pub(crate) fn of_terminal(interrupt: &CancellationToken) -> Self {
        Self::of(std::io::BufReader::new(std::io::stdin()), interrupt)
    }

    pub(crate) fn of(
        mut input: impl BufRead + Send + 'static,
        interrupt: &CancellationToken,
    ) -> Self {
        let (wanted, requests) = mpsc::channel::<oneshot::Sender<Option<String>>>();
        // Ends with the process at the latest: nothing can end a read from a terminal.
        std::thread::spawn(move || {
            for request in requests {
                let mut line = Vec::new();
                let answer = match input.read_until(b'\n', &mut line) {
                    Ok(0) | Err(_) => None,
                    Ok(_) => Some(String::from_utf8_lossy(&line).trim().to_lowercase()),
                };
                let _ = request.send(answer);
            }
        });
        Self { wanted, interrupt: interrupt.clone() }
    }

    /// Returns the next line, trimmed and in lower case; nothing at the end of input.
    async fn line(&self) -> CommandResult<Option<String>> {
        let (sender, answer) = oneshot::channel();
        if self.wanted.send(sender).is_err() {
            return Ok(None);
        }
        tokio::select! {
            biased;
            () = self.interrupt.cancelled() => Err(CommandError::interrupted()),
            line = answer => Ok(line.unwrap_or_default()),
        }
    }
}

/// Asks a yes-or-no question until it is answered.
#[expect(clippy::disallowed_methods, reason = "this is the one place that makes consent")]
pub(crate) async fn ask(
    console: &Console,
    answers: &Answers,
    ask: &Ask,
) -> CommandResult<Option<Consent>> {
    console.ask(&ask.text(console::talk_width()));
    loop {
        match answers.line().await?.as_deref() {
            Some("y" | "yes") => return Ok(Some(Consent::given(Source::Answer))),
            Some("" | "n" | "no") => return Ok(None),
            Some(_) => console.ask("Please type y or n (Enter is n):"),
            None => {
                console.end_of_input();
                return Ok(None);
            }
        }
    }
}

/// Lets a person choose one of several things by number, until an offered one or none is chosen.
pub(crate) async fn choose(
    console: &Console,
    answers: &Answers,
    ask: &Ask,
) -> CommandResult<Option<usize>> {
    let width = console::talk_width();
    let count = ask.items.len();
    let mut lines = wrapped(&shown(&ask.question), width);
    for (index, item) in ask.items.iter().enumerate() {
        lines.extend(hanging(&format!("  {}) ", index + 1), item, width));
    }
    let offered = match count {
        1 => "1".to_owned(),
        several => format!("1-{several}"),
    };
    lines.push(format!("Which one? [{offered}, Enter for none]"));
    console.ask(&lines.join("\n"));
    loop {
        let Some(line) = answers.line().await? else {
            console.end_of_input();
            return Ok(None);
        };
        match line.parse::<usize>() {
            Ok(number) if (1..=count).contains(&number) => return Ok(Some(number - 1)),
            _ if matches!(line.as_str(), "" | "n" | "no" | "none") => return Ok(None),
            _ => console.ask(&format!("Please type {offered}, or Enter for none:")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arguments::ColorChoice;

    fn answers(text: &'static str) -> Answers {
        Answers::of(text.as_bytes(), &CancellationToken::new())
    }

    fn console() -> Console {
        Console::new(ColorChoice::Never, true, false)
    }

    #[tokio::test]
    async fn a_wrong_answer_is_asked_again_and_only_a_plain_yes_is_consent() {
        let question = Ask::new("Go?", Vec::new());
        for (typed, expected, left) in [
            ("y\n!\n", true, true),
            (" YES \n!\n", true, true),
            ("\n!\n", false, true),
            ("n\n!\n", false, true),
            ("yes please\nmaybe\nyes\n!\n", true, true),
            ("ja\nno\n!\n", false, true),
            ("\u{fffd}\n", false, false),
            ("", false, false),
        ] {
            let answers = answers(typed);
            let consent = ask(&console(), &answers, &question).await.unwrap();
            assert_eq!(consent.is_some(), expected, "{typed:?}");
            let next = answers.line().await.unwrap();
            assert_eq!(
                next.is_some(),
                left,
                "{typed:?}: what follows is left for the next question"
            );
        }
    }

    #[tokio::test]
    async fn a_choice_outside_the_list_is_asked_again_and_is_never_none() {
        let question = Ask::new("?", vec!["a".to_owned(), "b".to_owned()]);
        for (typed, expected) in [
            ("2\n", Some(1)),
            ("3\n1\n", Some(0)),
            ("0\n-1\nx\n2\n", Some(1)),
            ("3\n\n", None),
            ("99999999999999999999999\nnone\n", None),
            ("\n", None),
            ("", None),
        ] {
            let chosen = choose(&console(), &answers(typed), &question).await.unwrap();
            assert_eq!(chosen, expected, "{typed:?}");
        }
    }

    #[test]
    fn a_question_fits_eighty_columns_and_breaks_no_address() {
        let address = format!("module.a.genesyscloud_auth_division.eng[\"{}\"]", "x".repeat(70));
        let items = (0..12).map(|n| format!("{address}: \"Engineering {n}\" (an id)")).collect();
        let text = Ask::new(
            "Import these 12 divisions into the Terraform state? Nothing changes in Genesys Cloud.",
            items,
        )
        .text(80);
        for line in text.lines().filter(|line| !line.contains(&address)) {
            assert!(line.chars().count() <= 80, "{line}");
        }
        assert_eq!(text.matches(&address).count(), 10);
        assert!(text.contains("and 2 more") && text.ends_with(" [y/N]"), "{text}");
    }

    #[tokio::test]
    async fn an_interrupt_ends_the_wait_for_an_answer() {
        let (reader, _nobody_writes) = std::io::pipe().unwrap();
        let interrupt = CancellationToken::new();
        let answers = Answers::of(std::io::BufReader::new(reader), &interrupt);
        interrupt.cancel();
        let error = ask(&console(), &answers, &Ask::default()).await.unwrap_err();
        assert_eq!(error.kind.exit_code(), 130);
    }
}
