//! Joins the layers: feeds every line to whoever may understand it, and keeps each failure once.
//!
//! Never reads text itself. Invariant: what it keeps is bounded by one [`Budget`].

use std::borrow::Cow;
use std::collections::HashMap;
use std::io::Read;
use std::rc::Rc;

use divvy_core::Failure;
use divvy_core::failure::Shape;

use super::collector::{Collector, LaneLine};
use super::decode::{Harm, Lines};
use super::diagnostic::Damage;
use super::layers::Stripped;
use super::pieces::{Joiner, Place};
use super::progress::{Budget, Progress};
use super::provider_log::ProviderLog;
use super::ui_line::{self, UiLine};
use super::{LogError, LogReading, classify, envelopes, escape, headings, layers, seek};

/// Failures of one text in different units that are compared with another telling.
const MOST_TELLINGS: usize = 64;

/// All that has been read so far.
#[derive(Debug, Default)]
pub(super) struct Reading {
    collector: Collector,
    progress: Progress,
    provider_log: ProviderLog,
    failures: Vec<Failure>,
    /// Places in `failures` by what two tellings of one failure share.
    index: HashMap<String, Vec<usize>>,
    /// The unit of lines that name none themselves.
    heading: Option<Rc<str>>,
    /// The unit whose text stands in a column, and how far that is indented.
    column: Option<(Rc<str>, usize)>,
    budget: Budget,
    is_budget_spent: bool,
    broken_lines: Vec<usize>,
}

impl Reading {
    /// Reads an input to its end.
    pub(super) fn take_in(&mut self, input: impl Read) -> Result<(), LogError> {
        let mut joiner = Joiner::default();
        each_line(input, |text, place| {
            joiner.take_in(text, place, |line, place| self.take_in_layers(line, place));
        })?;
        joiner.finish(|line, place| self.take_in_layers(line, place));
        Ok(())
    }

    /// Reads a log of the provider alone.
    pub(super) fn take_in_provider_log(&mut self, input: impl Read) -> Result<(), LogError> {
        each_line(input, |text, _| self.provider_log.look(text))
    }

    fn take_in_layers(&mut self, text: &str, place: Place) {
        let stripped = layers::strip(text);
        if let Some((unit, message)) = envelopes::opened(stripped.text) {
            for line in message.split('\n') {
                let line = escape::without_sequences(Cow::Borrowed(line.trim_end_matches('\r')));
                let inner = layers::strip(&line);
                self.take_in_text(
                    unit.as_deref().or(inner.unit),
                    inner.lane.as_deref(),
                    inner.text,
                    place,
                );
            }
            return;
        }
        if let Some((unit, text)) = self.in_column(&stripped) {
            return self.take_in_text(Some(&unit), None, text, place);
        }
        self.take_in_text(stripped.unit, stripped.lane.as_deref(), stripped.text, place);
    }

    /// Reads a line below one whose layer said that its text is a column: its unit, and the text.
    fn in_column<'a>(&mut self, line: &Stripped<'a>) -> Option<(Rc<str>, &'a str)> {
        if let (Some(width), Some(unit)) = (line.column, line.unit) {
            let is_known = |known: &(Rc<str>, usize)| *known.0 == *unit && known.1 == width;
            if !self.column.as_ref().is_some_and(is_known) {
                self.column = Some((unit.into(), width));
            }
            return None;
        }
        let (unit, width) = self.column.as_ref()?;
        let indent = line.text.bytes().take_while(|&byte| byte == b' ').count();
        let is_below = line.unit.is_none() && line.lane.is_none() && indent >= *width;
        if is_below {
            return Some((Rc::clone(unit), &line.text[*width..]));
        }
        if indent < line.text.len() {
            self.column = None;
        }
        None
    }

    fn take_in_text(&mut self, unit: Option<&str>, lane: Option<&str>, text: &str, place: Place) {
        if unit.is_none()
            && let Some(heading) = headings::heading(text)
        {
            self.heading = Some(heading.into());
        }
        let heading = self.heading.clone();
        let unit = unit.or(heading.as_deref());
        if ui_line::read(text, unit, place.number, |message| {
            self.take_in_message(message, unit, place);
        }) {
            return self.provider_log.look(text);
        }
        let Place { number, is_ended, harm } = place;
        let is_framed = self.collect(LaneLine { unit, lane, text, number, is_ended, harm });
        if is_framed {
            return;
        }
        self.provider_log.look(text);
        // A name or an address whose letters may be wrong is worse than none.
        if harm != Harm::Lost || text.is_ascii() {
            self.is_budget_spent |= !self.progress.look(unit, text, &mut self.budget);
        }
    }

    fn take_in_message(&mut self, message: UiLine, unit: Option<&str>, place: Place) {
        let fits = match message {
            UiLine::Error(mut diagnostic) => {
                diagnostic.harm(place.harm);
                self.add(classify::classify(diagnostic, &self.progress));
                true
            }
            UiLine::Started { address, operation } => {
                self.progress.started(unit, &address, operation, &mut self.budget)
            }
            UiLine::Completed { address, operation, id } => {
                self.progress.completed(unit, &address, operation, id.as_deref(), &mut self.budget)
            }
            UiLine::Other => true,
            UiLine::Broken => {
                const MOST: usize = 5;
                if self.broken_lines.len() < MOST {
                    self.broken_lines.push(place.number);
                }
                true
            }
        };
        self.is_budget_spent |= !fits;
    }

    fn collect(&mut self, line: LaneLine<'_>) -> bool {
        let is_framed = self.collector.feed(line);
        self.take_found();
        is_framed
    }

    fn take_found(&mut self) {
        for diagnostic in self.collector.take() {
            self.add(classify::classify(diagnostic, &self.progress));
        }
    }

    /// Keeps a failure, unless it has been told before.
    fn add(&mut self, failure: Failure) {
        let key = match (&failure.correlation_id, &failure.address) {
            (Some(id), _) => id.clone(),
            (None, Some(address)) => format!("{address}\n{}", failure.summary),
            (None, None) => failure.summary.clone(),
        };
        let places = self.index.get(&key).into_iter().flatten().copied();
        let known = places.take(MOST_TELLINGS).find(|&place| {
            let known = &self.failures[place];
            may_be_same(known.address.as_ref(), failure.address.as_ref())
                && (failure.correlation_id.is_some()
                    || may_be_same(known.unit.as_ref(), failure.unit.as_ref()))
        });
        if let Some(place) = known {
            absorb(&mut self.failures[place], failure);
            return;
        }
        let cost = key.len() + failure.summary.len() + failure.name.as_ref().map_or(0, String::len);
        if self.budget.take(cost + size_of::<Failure>()) {
            self.index.entry(key).or_default().push(self.failures.len());
            self.failures.push(failure);
        } else {
            self.is_budget_spent = true;
        }
    }

    /// Ends the reading.
    pub(super) fn finish(mut self) -> LogReading {
        let has_lost = self.collector.finish();
        self.take_found();
        for failure in &mut self.failures {
            failure.is_self_made = self.provider_log.is_self_made(failure);
        }
        let mut notes = Vec::new();
        if has_lost || self.breaks_off() {
            notes.push(
                "The log breaks off inside a diagnostic: there may be more failures.".to_owned(),
            );
        }
        if let Some(first) = self.broken_lines.first() {
            notes.push(format!("Line {first} is a cut JSON message: there may be more failures."));
        }
        let unended = self.unended();
        if let Some(first) = unended.first() {
            notes.push(format!(
                "The log does not say how {} operation(s) ended, such as the one at {first}: \
                 was standard error kept too?",
                unended.len()
            ));
        }
        if self.is_budget_spent {
            notes.push("The log tells of more than is kept: run again on a part of it.".to_owned());
        }
        LogReading {
            is_incomplete: !notes.is_empty(),
            state_not_saved: self
                .failures
                .iter()
                .any(|failure| failure.shape == Shape::StateNotSaved),
            failures: self.failures,
            created: self.progress.into_created(),
            notes,
        }
    }

    /// True if a diagnostic is cut and was not told again as a whole.
    fn breaks_off(&self) -> bool {
        let is_cut = |damage: &String| damage == Damage::BreaksOff.words();
        self.failures.iter().any(|failure| failure.damage.iter().any(is_cut))
    }

    /// Addresses whose operation began and of whose end the log says nothing, sorted.
    fn unended(&self) -> Vec<&str> {
        let mut told: HashMap<&str, Vec<Option<&str>>> = HashMap::new();
        for failure in &self.failures {
            if let Some(address) = &failure.address {
                told.entry(address.as_str()).or_default().push(failure.unit.as_deref());
            }
        }
        let is_told = |unit: Option<&str>, address: &str| {
            told.get(address).is_some_and(|units| {
                units.iter().any(|told| unit.is_none() || told.is_none() || *told == unit)
            })
        };
        let in_flight = self.progress.in_flight.keys();
        let mut unended: Vec<&str> = in_flight
            .filter(|place| !is_told(place.unit.as_deref(), &place.address))
            .map(|place| place.address.as_str())
            .collect();
        // A failure without an address may be the end of any of them.
        let unaddressed = self.failures.iter().filter(|failure| failure.address.is_none()).count();
        if unended.len() <= unaddressed {
            return Vec::new();
        }
        unended.sort_unstable();
        unended
    }
}

/// Gives every line of an input, without terminal sequences, in pieces where carriage returns
/// overwrite.
fn each_line(input: impl Read, mut take: impl FnMut(&str, Place)) -> Result<(), LogError> {
    let mut lines = Lines::new(input);
    loop {
        let number = lines.number();
        let line = lines.next().map_err(|source| LogError::Input { line: number, source })?;
        let Some(line) = line else { return Ok(()) };
        let place = Place { number: line.number, is_ended: line.is_ended, harm: line.harm };
        let text = escape::without_sequences(line.text);
        if !seek::contains(&text, "\r") {
            take(&text, place);
            continue;
        }
        for piece in text.split('\r').filter(|piece| !piece.is_empty()) {
            take(piece, place);
        }
    }
}

/// True unless both are known and differ.
fn may_be_same<T: PartialEq>(one: Option<&T>, other: Option<&T>) -> bool {
    one.is_none() || other.is_none() || one == other
}

/// Adds what a second telling knows better; the place stays that of the first.
fn absorb(known: &mut Failure, other: Failure) {
    if other.damage.is_empty() && !known.damage.is_empty() {
        let first = std::mem::replace(known, other);
        known.line = first.line;
        return absorb(known, Failure { damage: Vec::new(), ..first });
    }
    known.unit = known.unit.take().or(other.unit);
    known.address = known.address.take().or(other.address);
    known.terraform_type = known.terraform_type.take().or(other.terraform_type);
    known.status = known.status.or(other.status);
    known.method = known.method.take().or(other.method);
    known.path = known.path.take().or(other.path);
    known.name = known.name.take().or(other.name);
    known.correlation_id = known.correlation_id.take().or(other.correlation_id);
}
