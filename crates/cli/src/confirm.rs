//! Asking before anything is changed: the only maker of [`Consent`].
//!
//! Invariants: consent comes from an answer or from this command line, of which [`Said`] and
//! [`checklist::Yes`] are the witnesses. Only a plain yes is yes; an end of input is no; what is neither
//! yes nor no is asked again; an interrupt ends the wait.

use divvy_core::Consent;
use divvy_core::consent::Source;

use crate::answers::{self, Answers, Chosen, Lines};
use crate::arguments::Said;
use crate::checklist;
use crate::console::{self, Console};
use crate::door;
use crate::error::CommandResult;
use crate::render::text::{cut, shown, wrapped};

/// Returns the consent that this command line is: `--yes`, or a command whose call is consent.
#[expect(clippy::disallowed_methods, reason = "this is the one place that makes consent")]
pub(crate) fn by_flag(_: Said) -> Consent {
    Consent::given(Source::Flag)
}

/// Returns the consent that a yes below a checklist is.
#[expect(clippy::disallowed_methods, reason = "this is the one place that makes consent")]
pub(crate) fn by_checklist(_: checklist::Yes) -> Consent {
    Consent::given(Source::Answer)
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

    /// Writes what it is about, and the question with `room` left at its end.
    pub(crate) fn lines(&self, width: usize, room: usize) -> Vec<String> {
        let mut lines = Vec::new();
        for item in self.items.iter().take(Self::MOST) {
            lines.extend(hanging("  ", item, width));
        }
        if let Some(more @ 1..) = self.items.len().checked_sub(Self::MOST) {
            lines.push(format!("  and {more} more, as shown above"));
        }
        lines.extend(wrapped(&shown(&self.question), width.saturating_sub(room)));
        lines
    }

    fn text(&self, width: usize) -> String {
        let mut lines = self.lines(width, " [y/N]".len());
        if let Some(last) = lines.last_mut() {
            last.push_str(" [y/N]");
        }
        lines.join("\n")
    }
}

/// A choice among several things to do about what is asked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Choice {
    /// What it is about.
    pub(crate) ask: Ask,
    /// What can be chosen, a line each.
    pub(crate) options: Vec<String>,
    /// How many questions like this one are left, this one included: they can be answered at once.
    pub(crate) alike: usize,
}

impl Choice {
    /// Numbers what can be chosen.
    fn numbered(&self, width: usize) -> Vec<String> {
        let options = self.options.iter().enumerate();
        options.flat_map(|(at, one)| hanging(&format!("  {}) ", at + 1), one, width)).collect()
    }

    fn offered(&self) -> String {
        match self.options.len() {
            1 => "1".to_owned(),
            several => format!("1-{several}"),
        }
    }
}

/// Wraps an item behind its mark; further lines are indented.
fn hanging(mark: &str, item: &str, width: usize) -> Vec<String> {
    let lines = wrapped(&shown(item), width.saturating_sub(mark.len() + 2));
    let indent = " ".repeat(mark.len() + 2);
    let lines = lines.iter().enumerate();
    lines.map(|(at, line)| format!("{}{line}", if at == 0 { mark } else { &indent })).collect()
}

/// Asks a yes-or-no question until it is answered.
#[expect(clippy::disallowed_methods, reason = "this is the one place that makes consent")]
pub(crate) async fn ask(
    console: &Console,
    answers: &Answers,
    ask: &Ask,
) -> CommandResult<Option<Consent>> {
    let width = console::talk_width();
    let is_yes = match answers {
        Answers::Lines(lines) => {
            console.ask(&ask.text(width));
            yes_or_no(console, lines).await?
        }
        Answers::Keys(keys) => {
            console.show_before_keys(&ask.lines(width, 0));
            keys.yes_or_no("Do this?").await?
        }
    };
    Ok(is_yes.then(|| Consent::given(Source::Answer)))
}

async fn yes_or_no(console: &Console, lines: &Lines) -> CommandResult<bool> {
    loop {
        match lines.line().await?.as_deref() {
            Some("y" | "yes") => return Ok(true),
            Some("" | "n" | "no") => return Ok(false),
            Some(_) => console.ask("Please type y or n (Enter is n):"),
            None => {
                console.end_of_input();
                return Ok(false);
            }
        }
    }
}

/// Lets a person choose one of several things, until an offered one or none is chosen.
pub(crate) async fn choose(
    console: &Console,
    answers: &Answers,
    choice: &Choice,
) -> CommandResult<Chosen> {
    let width = console::talk_width();
    let mut text = choice.ask.lines(width, 0);
    match answers {
        Answers::Lines(lines) => {
            text.extend(choice.numbered(width));
            let all = match choice.alike {
                0 | 1 => String::new(),
                more => format!("; add \"all\" for all {more} of them"),
            };
            text.push(format!("Which one? [{}, Enter for none{all}]", choice.offered()));
            console.ask(&text.join("\n"));
            chosen_line(console, lines, choice).await
        }
        Answers::Keys(keys) => {
            let room = width.saturating_sub(4);
            let mut options = vec!["Leave it alone".to_owned()];
            options.extend(choice.options.iter().map(|one| cut(&shown(one), room)));
            if options.iter().any(|one| one.ends_with('…')) {
                text.extend(choice.numbered(width));
            }
            console.show_before_keys(&text);
            let options = options.iter().map(|one| door::talk(one)).collect();
            let index = keys.one_of("Which one?", options).await?;
            Ok(Chosen { index: index.and_then(|index| index.checked_sub(1)), for_all: false })
        }
    }
}

async fn chosen_line(console: &Console, lines: &Lines, choice: &Choice) -> CommandResult<Chosen> {
    loop {
        let Some(line) = lines.line().await? else {
            console.end_of_input();
            return Ok(Chosen::default());
        };
        match answers::chosen(&line, choice.options.len(), choice.alike > 1) {
            Some(chosen) => return Ok(chosen),
            None => console.ask(&format!("Please type {}, or Enter for none:", choice.offered())),
        }
    }
}

/// Lets a person say yes to some of several items, or in plain lines to all of them or none.
pub(crate) async fn mark(
    console: &Console,
    answers: &Answers,
    about: &Ask,
) -> CommandResult<Vec<usize>> {
    let count = about.items.len();
    let Answers::Keys(keys) = answers else {
        let is_yes = ask(console, answers, about).await?.is_some();
        return Ok(if is_yes { (0..count).collect() } else { Vec::new() });
    };
    let width = console::talk_width();
    console.show_before_keys(&Ask::new(about.question.clone(), Vec::new()).lines(width, 0));
    let room = width.saturating_sub(8);
    let items = about.items.iter().map(|item| door::talk(&cut(&shown(item), room)));
    keys.some_of("Which ones?", items.collect()).await
}

#[cfg(test)]
mod tests {
    use tokio_util::sync::CancellationToken;

    use super::*;
    use crate::arguments::ColorChoice;

    fn answers(text: &'static str) -> Answers {
        Answers::Lines(Lines::of(text.as_bytes(), &CancellationToken::new()))
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
            let Answers::Lines(lines) = &answers else { unreachable!("they were made above") };
            let next = lines.line().await.unwrap();
            assert_eq!(
                next.is_some(),
                left,
                "{typed:?}: what follows is left for the next question"
            );
        }
    }

    #[tokio::test]
    async fn a_choice_outside_the_list_is_asked_again_and_is_never_none() {
        let options = vec!["a".to_owned(), "b".to_owned()];
        let question = Choice { options, alike: 1, ..Choice::default() };
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
            assert_eq!(chosen, Chosen { index: expected, for_all: false }, "{typed:?}");
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
        let answers = Answers::Lines(Lines::of(std::io::BufReader::new(reader), &interrupt));
        interrupt.cancel();
        let error = ask(&console(), &answers, &Ask::default()).await.unwrap_err();
        assert_eq!(error.kind.exit_code(), 130);
    }
}
