//! What `ensure` says on stderr: what goes on, what was done, what comes next, and what went wrong.
//!
//! Decides nothing. Invariant: of thousands of divisions only some are spoken of one by one.

use std::cell::Cell;
use std::time::{Duration, Instant};

use divvy_core::kinds::division::{DIVISION, HOME_DATA_SOURCE};
use divvy_core::name::visible;
use divvy_core::shell::word;
use divvy_core::wish::Near;
use divvy_core::{CommandLine, Hint, Kind};
use divvy_genesys::{NewEntity, Reason};

use super::get_or_create::Event;
use super::make::{Failure, Outcome, Work};
use super::near::{Withheld, words};
use super::output::Item;
use super::turn::{self, NoTurn};
use super::wish::shown;
use crate::console::Tone;
use crate::context::Context;
use crate::error::{CommandError, ErrorKind};

/// How many divisions are spoken of one by one.
const SPOKEN_OF: usize = 10;

/// How often long work says where it is, where no line can move.
const PLAIN_LINE_EVERY: Duration = Duration::from_secs(30);

/// Says what goes on while divisions are created.
pub(crate) struct Teller<'c> {
    context: &'c Context,
    kind: &'static Kind,
    rate: u32,
    all: Cell<usize>,
    last_line: Cell<Instant>,
}

impl<'c> Teller<'c> {
    pub(crate) fn new(context: &'c Context, kind: &'static Kind, rate: u32) -> Self {
        Self { context, kind, rate, all: Cell::new(0), last_line: Cell::new(Instant::now()) }
    }

    pub(crate) fn tell(&self, event: Event<'_>) {
        let console = &self.context.console;
        match event {
            Event::LooksUp => console.progress("looking up what exists"),
            Event::Waits => {
                console.say(&format!(
                    "Another divvy on this machine creates {} in this org; waiting for it, for {} s at \
                     most.",
                    self.kind.words.plural,
                    turn::PATIENCE.as_secs()
                ));
                console.progress("waiting for another divvy");
            }
            Event::HasNoTurn(NoTurn::Busy) => console.mark(
                Tone::Warning,
                "the other divvy is still at it; going on beside it, since the org refuses a name \
                 that is taken",
            ),
            Event::HasNoTurn(NoTurn::Impossible(reason)) => console.mark(
                Tone::Warning,
                &format!("another divvy on this machine could not be told to wait ({reason})"),
            ),
            Event::Creates(work) => {
                self.all.set(work.missing());
                if work.missing() > 1 {
                    self.progress(0);
                }
            }
            Event::HasCreated(done) => self.progress(done),
            Event::LooksForTwins => {
                console.progress("looking once more, because others created at the same time");
            }
            Event::LooksAgain => console.progress("looking again at what was in doubt"),
            Event::CannotLookAgain(error) => console.mark(
                Tone::Warning,
                &format!("what was in doubt could not be looked at again: {error}"),
            ),
        }
    }

    fn progress(&self, done: usize) {
        let text = progress(self.kind, done, self.all.get(), self.rate);
        let console = &self.context.console;
        console.progress(&text);
        if !console.shows_progress() && self.last_line.get().elapsed() >= PLAIN_LINE_EVERY {
            console.say(&text);
            self.last_line.set(Instant::now());
        }
    }
}

/// Says how far a run is, and how long the rest takes at the given rate.
fn progress(kind: &Kind, done: usize, all: usize, rate: u32) -> String {
    let left = u32::try_from(all.saturating_sub(done)).unwrap_or(u32::MAX);
    let time = match left.div_ceil(rate.max(1)) {
        0 | 1 => "less than a minute left".to_owned(),
        minutes => format!("about {minutes} min left at {rate} requests a minute"),
    };
    format!("{done} of {all} {}, {time}", kind.words.plural)
}

/// Says which divisions are there more than once; divvy deletes none of them.
pub(crate) fn tell_twins(context: &Context, work: &Work) {
    for (index, twins) in &work.twins {
        let ids: Vec<&str> = twins.iter().map(|twin| twin.id.as_str()).collect();
        let wish = shown(&work.wishes[*index]);
        context.console.mark(
            Tone::Warning,
            &format!(
                "{wish} exists {} times: {}. The answer names the first of these; so does every \
                 divvy that sees them all.",
                ids.len(),
                ids.join(", ")
            ),
        );
    }
    if !work.twins.is_empty() {
        let place = if *work.kind == **DIVISION {
            ": Admin > People and Permissions > Divisions"
        } else {
            " in Admin"
        };
        context.console.mark(
            Tone::Hint,
            &format!(
                "keep the one named, rename or delete the others{place}; then run the same command \
                 again"
            ),
        );
    }
}

/// Asks whether a name that nearly exists is meant.
pub(crate) fn question(wish: &NewEntity, near: &[Near]) -> String {
    let near: Vec<String> = near.iter().take(SPOKEN_OF).map(words).collect();
    format!("{} does not exist; {}. Create it as well?", shown(wish), near.join("; "))
}

/// Reports what was not created because a person has to call it new first, and how that is done.
/// Returns whether there is any.
pub(crate) fn tell_withheld(context: &Context, work: &Work) -> bool {
    let console = &context.console;
    let withheld: Vec<(&NewEntity, &Withheld)> = (work.wishes.iter().zip(&work.outcomes))
        .filter_map(|(wish, outcome)| match outcome {
            Outcome::Withheld(why) => Some((wish, why)),
            _ => None,
        })
        .collect();
    for (wish, why) in withheld.iter().take(SPOKEN_OF) {
        let why = match why {
            Withheld::Near(near) => words(&near[0]),
            Withheld::Gap(gap) => format!("it may exist unseen, because {gap}"),
        };
        console.mark(Tone::Warning, &format!("{} was not created: {why}", shown(wish)));
    }
    if withheld.len() > SPOKEN_OF {
        let more = withheld.len() - SPOKEN_OF;
        console.mark(Tone::Warning, &format!("{more} more were not created for such reasons"));
    }
    let skipped =
        work.outcomes.iter().filter(|outcome| matches!(outcome, Outcome::Skipped)).count();
    if let [(first, why), ..] = withheld[..] {
        if skipped > 0 {
            console
                .mark(Tone::Warning, &format!("{skipped} that would lie in these were left out"));
        }
        if matches!(why, Withheld::Gap(_)) {
            console.mark(Tone::Hint, "run the same command again: the next listing may be whole");
        }
        let literal = first.path().unwrap_or_else(|| first.name());
        console.mark(
            Tone::Hint,
            &format!(
                "if it is meant as a new one, add --new {}; else correct the name",
                word(literal)
            ),
        );
    }
    !withheld.is_empty()
}

/// Says what was done and what comes next, unless the import lines are on stdout already.
pub(crate) fn tell(context: &Context, work: &Work, items: &[Item<'_>], lines_are_out: bool) {
    let console = &context.console;
    let count =
        |is: fn(&Outcome) -> bool| work.outcomes.iter().filter(|outcome| is(outcome)).count();
    let (created, existed, missing) = (
        count(|outcome| matches!(outcome, Outcome::Created(_))),
        count(|outcome| matches!(outcome, Outcome::Existed(_))),
        count(|outcome| matches!(outcome, Outcome::Missing)),
    );
    for (index, (wish, item)) in work.wishes.iter().zip(items).enumerate().take(SPOKEN_OF) {
        let what = match &item.outcome {
            Outcome::Created(entity) if index >= work.asked => {
                format!(
                    "Created {} ({}), the parent of what was asked for.",
                    shown(wish),
                    entity.id
                )
            }
            Outcome::Created(entity) => format!("Created {} ({}).", shown(wish), entity.id),
            Outcome::Existed(entity) => {
                tell_difference(context, wish, entity);
                format!("{} exists ({}).", shown(wish), entity.id)
            }
            Outcome::Missing => format!("{} is missing and would be created.", shown(wish)),
            Outcome::Failed(_) | Outcome::Withheld(_) | Outcome::Skipped => continue,
        };
        console.say(&what);
        match (item.import_command(), item.entity()) {
            (Some(line), _) if !lines_are_out => console.mark(Tone::Hint, &line),
            (None, Some(entity)) if entity.is_home => console.mark(
                Tone::Hint,
                &format!(
                    "this is the home division: use data \"{HOME_DATA_SOURCE}\", never an import"
                ),
            ),
            _ => {}
        }
    }
    if items.len() > SPOKEN_OF {
        console.say(&format!(
            "{} {}: {created} created, {existed} existed, {missing} missing.",
            items.len(),
            work.kind.words.plural
        ));
        if !lines_are_out {
            console.mark(Tone::Hint, "the import lines of all: the same command with -o commands");
        }
    }
}

fn tell_difference(context: &Context, wish: &NewEntity, entity: &divvy_core::Entity) {
    let Some(wanted) = &wish.description else { return };
    let found = entity.text("description").unwrap_or_default();
    if found != wanted {
        context.console.mark(
            Tone::Warning,
            &format!(
                "{} has the description {}; it was left as it is",
                shown(wish),
                visible(found)
            ),
        );
    }
}

/// Makes one error of all failures.
pub(crate) fn failures(work: &Work) -> Option<CommandError> {
    let mut messages = Vec::new();
    let mut hints: Vec<Hint> = Vec::new();
    let mut is_interrupted = false;
    for (wish, outcome) in work.wishes.iter().zip(&work.outcomes) {
        let Outcome::Failed(failure) = outcome else { continue };
        let (message, more) = explained(work.kind, wish, failure);
        is_interrupted |=
            matches!(&**failure, Failure::Refused(error) if error.reason == Reason::Interrupted);
        messages.push(message);
        for hint in more {
            if !hints.contains(&hint) {
                hints.push(hint);
            }
        }
    }
    if messages.is_empty() {
        return None;
    }
    let skipped =
        work.outcomes.iter().filter(|outcome| matches!(outcome, Outcome::Skipped)).count();
    if messages.len() > SPOKEN_OF {
        let more = messages.len() - SPOKEN_OF;
        messages.truncate(SPOKEN_OF);
        messages.push(format!("{more} more like these"));
    }
    if skipped > 0 {
        messages.push(format!("{skipped} more were not tried because of this"));
    }
    let mut error = CommandError::failed(messages.join("\n       ")).hints(hints);
    if is_interrupted {
        error.kind = ErrorKind::Interrupted;
        error.hints = vec!["run the same command again: it goes on where it stopped".into()];
    }
    Some(error)
}

/// Says why a wish did not come true, and what to do.
fn explained(kind: &Kind, wish: &NewEntity, failure: &Failure) -> (String, Vec<Hint>) {
    let (shown_wish, noun) = (shown(wish), kind.words.noun);
    match failure {
        Failure::Refused(error) => {
            (format!("{shown_wish} was not created: {error}"), error.hints())
        }
        Failure::Hidden { error, deleted: Some(request) } => (
            format!("{shown_wish} is taken by a deleted {noun}: {error}"),
            vec![format!("restore it: {} {} {}", request.method, request.url, request.body).into()],
        ),
        Failure::Hidden { error, deleted: None } => {
            (format!("{shown_wish} is taken, but nothing visible has it: {error}"), hidden(wish))
        }
        Failure::NoParent(parent) => (
            format!("{shown_wish} was not created: its parent {} is not there", shown(parent)),
            vec!["create missing parents too: --parents".into()],
        ),
        Failure::ForeignId(entity) => (
            format!(
                "{shown_wish}: the create was answered with the id {} of another {noun}, and no \
                 listing shows it",
                visible(entity.id.as_str())
            ),
            vec![
                list_of(kind)
                    .word(wish.name())
                    .because("in a minute, to see whether it is there")
                    .into(),
            ],
        ),
        Failure::Ambiguous(entities) => {
            let ids: Vec<&str> = entities.iter().map(|entity| entity.id.as_str()).collect();
            (
                format!("{shown_wish} exists more than once: {}", ids.join(", ")),
                vec!["rename all but one of them".into()],
            )
        }
    }
}

/// Returns the command that lists a kind.
fn list_of(kind: &Kind) -> CommandLine {
    let list = CommandLine::divvy("list");
    if *kind == **DIVISION { list } else { list.words("--type").word(kind.terraform_type) }
}

/// Says why something can be there unseen, the likeliest first.
fn hidden(wish: &NewEntity) -> Vec<Hint> {
    let sight = match wish.path() {
        None => {
            "grant the OAuth client's role for all divisions: one granted in a single division \
             shows only that one"
        }
        Some(_) => "give the OAuth client the scope division:read for the whole organization",
    };
    [
        sight,
        "run the same command again in a minute: a new one may not be listed yet",
        "check the region: this may be another org",
    ]
    .map(Hint::from)
    .to_vec()
}

#[cfg(test)]
mod tests {
    use divvy_core::kinds::division::DIVISION;

    use super::progress;

    #[test]
    fn the_estimate_follows_the_rate() {
        assert_eq!(
            progress(&DIVISION, 0, 5000, 300),
            "0 of 5000 divisions, about 17 min left at 300 requests a minute"
        );
        assert_eq!(
            progress(&DIVISION, 4900, 5000, 300),
            "4900 of 5000 divisions, less than a minute left"
        );
        assert_eq!(
            progress(&DIVISION, 5000, 5000, 300),
            "5000 of 5000 divisions, less than a minute left"
        );
    }
}
