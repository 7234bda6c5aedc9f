//! Joins the layers: feeds every line to whoever may understand it, and keeps each failure once.
//!
//! Never reads text itself. Invariant: what it keeps is bounded by one [`Budget`] and by
//! [`MOST_CHANNELS`].

use std::collections::HashMap;
use std::io::{self, Read};
use std::rc::Rc;

use divvy_core::Failure;

use super::collector::{Collector, LaneLine};
use super::decode::{Harm, Lines};
use super::diagnostic::Damage;
use super::nested::{self, Beginning, Document, Found, Next};
use super::pieces::{Joiner, Place};
use super::prefix::{Prefixes, Step, Stripped};
use super::progress::{Budget, Progress};
use super::provider_log::ProviderLog;
use super::signs::{self, Evidence};
use super::ui_line::{self, UiLine};
use super::unpack::{self, Packing};
use super::{LogError, LogReading, classify, escape, looks, markup, units};

/// Failures of one text in different units that are compared with another telling.
const MOST_TELLINGS: usize = 64;
/// Fields of documents that are read, each with what it has taught.
const MOST_CHANNELS: usize = 256;
/// Texts within texts.
const DEEPEST: usize = 8;

/// One text: the input itself, or a field of the documents in it.
#[derive(Debug, Default)]
struct Channel {
    prefixes: Prefixes,
    /// Lines whose prefix is not certain yet.
    held: Vec<Held>,
    /// A document of several lines that has begun.
    document: Option<Document>,
    /// The unit whose text stands in a column, and how far that is indented.
    column: Option<(Rc<str>, usize)>,
    /// A line whose end has not come, where the strings of a field bring their own line ends.
    begun: String,
    brings_line_ends: bool,
    /// Something of Terraform's stood in it.
    has_signs: bool,
}

#[derive(Debug)]
struct Held {
    text: String,
    unit: Option<Rc<str>>,
    place: Place,
    is_markup: bool,
}

/// Where a line stands.
#[derive(Clone, Debug)]
struct At {
    /// The channel.
    field: Rc<str>,
    unit: Option<Rc<str>>,
    place: Place,
    is_markup: bool,
    depth: usize,
}

impl At {
    fn within(&self, field: &str, unit: Option<&str>) -> Self {
        Self {
            field: format!("{}{field}", self.field).into(),
            unit: unit.map(Rc::from).or_else(|| self.unit.clone()),
            depth: self.depth + 1,
            ..self.clone()
        }
    }
}

/// All that has been read so far.
#[derive(Debug, Default)]
pub(super) struct Reading {
    channels: HashMap<Rc<str>, Channel>,
    collector: Collector,
    progress: Progress,
    provider_log: ProviderLog,
    failures: Vec<Failure>,
    /// Places in `failures` by what two tellings of one failure share.
    index: HashMap<String, Vec<usize>>,
    /// The unit of lines that name none themselves.
    heading: Option<Rc<str>>,
    evidence: Evidence,
    looks_like: Option<&'static str>,
    budget: Budget,
    is_budget_spent: bool,
    broken_lines: Vec<usize>,
    has_lost: bool,
    packing: Packing,
}

impl Reading {
    /// Reads an input to its end.
    pub(super) fn take_in(&mut self, input: impl Read) -> Result<(), LogError> {
        let mut packing = std::mem::take(&mut self.packing);
        let mut number = 0;
        let result = unpack::each_text(input, &mut packing, &mut |(head, input)| {
            self.looks_like.get_or_insert_with(|| looks::looks_like(head));
            let mut joiner = Joiner::default();
            let result = each_line(head, input, &mut number, |text, place| {
                joiner.take_in(text, place, |line, place| self.take_line(&root(place), line));
            });
            joiner.finish(|line, place| self.take_line(&root(place), line));
            self.end_text();
            result
        });
        self.packing = packing;
        result.map_err(|source| LogError::Input { line: number, source })
    }

    /// Reads a log of the provider alone.
    pub(super) fn take_in_provider_log(&mut self, input: impl Read) -> Result<(), LogError> {
        let mut number = 0;
        let result = unpack::each_text(input, &mut Packing::default(), &mut |(head, input)| {
            each_line(head, input, &mut number, |text, _| {
                self.provider_log.look(&escape::without_sequences(text));
            })
        });
        result.map_err(|source| LogError::Input { line: number, source })
    }

    /// Reads a diagnostic that was received as such.
    pub(super) fn failure_of(&self, diagnostic: super::diagnostic::Diagnostic) -> Failure {
        let mut failure = classify::classify(diagnostic, &self.progress);
        failure.is_self_made = self.provider_log.is_self_made(&failure);
        failure
    }

    fn take_diagnostic(&mut self, diagnostic: super::diagnostic::Diagnostic) {
        self.add(classify::classify(diagnostic, &self.progress));
    }

    fn channel(&mut self, field: &Rc<str>) -> &mut Channel {
        let is_full = self.channels.len() >= MOST_CHANNELS && !self.channels.contains_key(field);
        let field = if is_full { Rc::from("…") } else { Rc::clone(field) };
        self.channels.entry(field).or_default()
    }

    /// Reads a line of a channel, whatever it may be wrapped in.
    fn take_line(&mut self, at: &At, line: &str) {
        if at.depth > DEEPEST {
            return;
        }
        let line = escape::without_sequences(line);
        if let Some(mut document) = self.channel(&at.field).document.take() {
            let next = document.feed(&line, at.place.is_ended, &mut |field, text, is_end| {
                self.take_piece(&at.within(field, None), text, is_end);
            });
            match next {
                Next::More => self.channel(&at.field).document = Some(document),
                Next::Whole(value) => self.take_value(at, &value),
                Next::Broken => self.end_document(at, document),
            }
            return;
        }
        match markup::undone(&line) {
            Some(undone) => {
                let is_markup = at.is_markup || undone.is_markup;
                let at = At { depth: at.depth + 1, is_markup, ..at.clone() };
                for line in undone.lines {
                    self.take_line(&at, &line);
                }
            }
            None => self.take_prefixed(at, &line),
        }
    }

    /// Reads a line that may have a prefix.
    fn take_prefixed(&mut self, at: &At, line: &str) {
        let channel = self.channel(&at.field);
        let behind = channel.prefixes.behind(line);
        if channel.held.is_empty() && self.take_structured(at, line, behind) {
            return;
        }
        let channel = self.channel(&at.field);
        let step = channel.prefixes.learn(line);
        let held = if step == Step::Hold { Vec::new() } else { std::mem::take(&mut channel.held) };
        if step == Step::Hold {
            let At { unit, place, is_markup, .. } = at.clone();
            channel.held.push(Held { text: line.to_owned(), unit, place, is_markup });
            return;
        }
        for Held { text, unit, place, is_markup } in held {
            self.take_known(&At { unit, place, is_markup, ..at.clone() }, &text);
        }
        self.take_known(at, line);
    }

    /// Reads a line that is a document, or begins or ends with one; false if it is none.
    fn take_structured(&mut self, at: &At, line: &str, behind: &str) -> bool {
        if !behind.contains(['{', '[', '"']) {
            return false;
        }
        let prefix = &line[..line.len() - behind.len()];
        match nested::beginning(behind) {
            Beginning::Whole(value) => {
                if behind.starts_with([' ', '\t']) && self.is_inside(at, line, prefix) {
                    return false;
                }
                self.take_value(&in_unit(at, prefix), &value);
                return true;
            }
            Beginning::Open => {
                let is_first = !self.channel(&at.field).has_signs && behind.starts_with(['{', '[']);
                if is_first || !at.place.is_ended && !self.is_inside(at, line, prefix) {
                    self.channel(&at.field).document = Some(Document::new());
                    self.take_line(at, behind);
                    return true;
                }
            }
            Beginning::None => {}
        }
        if let Some(value) = nested::pairs(behind) {
            self.take_value(&in_unit(at, prefix), &value);
            return true;
        }
        let Some((before, value)) = nested::at_end(behind) else { return false };
        if signs::anchor(before).is_some() || self.is_inside(at, line, prefix) {
            return false;
        }
        let before = &line[..prefix.len() + before.len()];
        self.channel(&at.field).prefixes.teach(before);
        self.provider_log.look(line);
        self.take_value(&in_unit(at, before), &value);
        true
    }

    /// True if a diagnostic is open where a line comes from.
    fn is_inside(&self, at: &At, line: &str, prefix: &str) -> bool {
        let unit = in_unit(at, prefix).unit.or_else(|| self.heading.clone());
        let lane = self.channels.get(&at.field).and_then(|channel| channel.prefixes.lane(line));
        self.collector.is_inside(unit.as_deref(), lane_of(&at.field, lane).as_deref())
    }

    /// Reads everything in a document.
    fn take_value(&mut self, at: &At, value: &serde_json::Value) {
        nested::visit(value, &mut |found| match found {
            Found::Text { field, unit, text } => {
                self.take_string(&at.within(field, unit), text);
            }
            Found::Message { unit, text } => {
                let at = at.within("", unit);
                self.take_messages(at.unit.as_deref(), &text, at.place);
            }
            Found::Detail { field, unit, text } => {
                self.take_detail(&at.within(field, unit), text);
            }
        });
    }

    /// Reads a whole string of a field.
    fn take_string(&mut self, at: &At, text: &str) {
        let ends_line = text.ends_with('\n');
        let channel = self.channel(&at.field);
        channel.brings_line_ends |= ends_line;
        let goes_on = channel.brings_line_ends && !ends_line && !text.contains('\n');
        self.take_piece(at, text, !goes_on);
    }

    /// Reads a part of a field's text; `is_end` ends the last line of it.
    fn take_piece(&mut self, at: &At, text: &str, is_end: bool) {
        const LONGEST: usize = super::decode::LONGEST_LINE;
        let begun = std::mem::take(&mut self.channel(&at.field).begun);
        let text = if begun.is_empty() { text.to_owned() } else { begun + text };
        let (lines, rest) = text
            .rsplit_once('\n')
            .map_or((None, text.as_str()), |(lines, rest)| (Some(lines), rest));
        for line in lines.into_iter().flat_map(|lines| lines.split('\n')) {
            self.take_rows(at, line);
        }
        if is_end && (lines.is_none() || !rest.is_empty()) || rest.len() > LONGEST {
            self.take_rows(at, rest);
        } else if !rest.is_empty() {
            rest.clone_into(&mut self.channel(&at.field).begun);
        }
    }

    /// Reads a line in which carriage returns overwrite.
    fn take_rows(&mut self, at: &At, line: &str) {
        let at = At { place: Place { is_ended: true, ..at.place }, ..at.clone() };
        each_row(line.trim_end_matches('\r'), |row| self.take_line(&at, row));
    }

    fn take_detail(&mut self, at: &At, text: String) {
        let diagnostic = super::diagnostic::Diagnostic {
            unit: at.unit.as_deref().map(str::to_owned),
            line: at.place.number,
            body: vec![text],
            damage: vec![Damage::BeginningMissing],
            ..super::diagnostic::Diagnostic::default()
        };
        self.take_diagnostic(diagnostic);
    }

    /// Reads a line whose prefix is known.
    fn take_known(&mut self, at: &At, line: &str) {
        let channel = self.channel(&at.field);
        channel.prefixes.count(line);
        let lane = lane_of(&at.field, channel.prefixes.lane(line));
        let Stripped { prefix, text } = channel.prefixes.strip(line);
        let (column, text) = in_column(&mut channel.column, prefix, text);
        let text = signs::undecorated(text);
        channel.has_signs |= signs::anchor(text).is_some();
        let named = units::unit_in(prefix).map(Rc::from).or(column);
        self.take_text(
            At { unit: named.or_else(|| at.unit.clone()), ..at.clone() },
            lane.as_deref(),
            text,
        );
    }

    fn take_text(&mut self, at: At, lane: Option<&str>, text: &str) {
        if at.unit.is_none()
            && let Some(heading) = units::heading(text)
        {
            self.heading = Some(heading.into());
        }
        let At { unit, place, is_markup, .. } = at;
        let unit = unit.or_else(|| self.heading.clone());
        let unit = unit.as_deref();
        if self.take_messages(unit, text, place) {
            return self.provider_log.look(text);
        }
        let Place { number, is_ended, harm } = place;
        let line = LaneLine { unit, lane, text, number, is_ended, harm, is_markup };
        let is_framed = self.collector.feed(line);
        self.take_found();
        if is_framed {
            return;
        }
        self.provider_log.look(text);
        self.evidence.look(text);
        // A name or an address whose letters may be wrong is worse than none.
        if harm != Harm::Lost || text.is_ascii() {
            if super::progress::is_progress(text) {
                self.evidence.runs();
            }
            self.is_budget_spent |= !self.progress.look(unit, text, &mut self.budget);
        }
    }

    /// Reads the messages of the machine-readable UI in a line; false if there is none.
    fn take_messages(&mut self, unit: Option<&str>, text: &str, place: Place) -> bool {
        ui_line::read(text, unit, place.number, |message| self.take_message(message, unit, place))
    }

    fn take_message(&mut self, message: UiLine, unit: Option<&str>, place: Place) {
        self.evidence.is_run = true;
        let fits = match message {
            UiLine::Error(mut diagnostic) => {
                diagnostic.harm(place.harm);
                self.take_diagnostic(diagnostic);
                true
            }
            UiLine::Started { address, operation } => {
                self.evidence.runs();
                self.progress.started(unit, &address, operation, &mut self.budget)
            }
            UiLine::Completed { address, operation, id } => {
                self.progress.completed(unit, &address, operation, id.as_deref(), &mut self.budget)
            }
            UiLine::Summary => {
                self.evidence.ends();
                true
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

    fn take_found(&mut self) {
        for diagnostic in self.collector.take() {
            self.take_diagnostic(diagnostic);
        }
    }

    /// Ends a text: what is held back comes, and no line continues one of another text.
    fn end_text(&mut self) {
        // What is still held may hold more of it, but never deeper than this.
        for _ in 0..DEEPEST {
            let mut fields: Vec<Rc<str>> = self.channels.keys().cloned().collect();
            fields.sort_unstable();
            for field in fields {
                let at =
                    At { field, ..root(Place { number: 1, is_ended: false, harm: Harm::None }) };
                self.end_channel(&at);
            }
        }
        self.channels.clear();
        self.heading = None;
        self.has_lost |= self.collector.finish();
        self.take_found();
    }

    fn end_channel(&mut self, at: &At) {
        let channel = self.channel(&at.field);
        let (begun, document) = (std::mem::take(&mut channel.begun), channel.document.take());
        if let Some(document) = document {
            self.end_document(at, document);
        }
        if !begun.is_empty() {
            self.take_line(at, &begun);
        }
        let channel = self.channel(&at.field);
        for Held { text, unit, place, is_markup } in std::mem::take(&mut channel.held) {
            self.take_known(&At { unit, place, is_markup, ..at.clone() }, &text);
        }
    }

    /// Reads the strings of a document that is cut.
    fn end_document(&mut self, at: &At, document: Document) {
        document.finish(&mut |field, text, is_end| {
            self.take_piece(&at.within(field, None), text, is_end);
        });
    }

    /// Keeps a failure, unless it has been told before.
    fn add(&mut self, failure: Failure) {
        self.evidence.is_run |= failure.address.is_some()
            || failure.status.is_some()
            || signs::is_own_summary(&failure.summary);
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
        for failure in &mut self.failures {
            failure.is_self_made = self.provider_log.is_self_made(failure);
        }
        let mut notes = std::mem::take(&mut self.packing.notes);
        if self.has_lost || self.breaks_off() {
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
        let Evidence { is_run, is_ended } = self.evidence;
        if is_run && !is_ended && notes.is_empty() && self.failures.is_empty() {
            notes.push(
                "The log ends before the run does: how the run ended is not known.".to_owned(),
            );
        }
        let is_foreign = !is_run && notes.is_empty() && self.failures.is_empty();
        LogReading {
            is_incomplete: !notes.is_empty(),
            not_terraform: self.looks_like.filter(|_| is_foreign),
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
            .filter(|(unit, address)| !is_told(unit.as_deref(), address))
            .map(|(_, address)| address.as_str())
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

fn root(place: Place) -> At {
    At { field: Rc::from(""), unit: None, place, is_markup: false, depth: 0 }
}

/// The place, in the unit that a prefix names.
fn in_unit(at: &At, prefix: &str) -> At {
    let unit = units::unit_in(prefix).map(Rc::from).or_else(|| at.unit.clone());
    At { unit, ..at.clone() }
}

/// Names the source of a line: the channel and the prefix.
fn lane_of(field: &str, lane: Option<String>) -> Option<String> {
    match (field.is_empty(), lane) {
        (true, lane) => lane,
        (false, None) => Some(field.to_owned()),
        (false, Some(lane)) => Some(format!("{field}\n{lane}")),
    }
}

/// Reads the unit of a line in or below a column of text, and takes the indentation off.
fn in_column<'a>(
    column: &mut Option<(Rc<str>, usize)>,
    prefix: &str,
    text: &'a str,
) -> (Option<Rc<str>>, &'a str) {
    if units::is_column(prefix) {
        *column = units::unit_in(prefix).map(|unit| (unit.into(), prefix.len()));
        return (None, text);
    }
    let Some((unit, width)) = column else { return (None, text) };
    let indent = text.bytes().take_while(|&byte| byte == b' ').count();
    if prefix.is_empty() && indent >= *width {
        return (Some(Rc::clone(unit)), &text[*width..]);
    }
    if !prefix.is_empty() || indent < text.len() {
        *column = None;
    }
    (None, text)
}

/// Gives every line of an input, in pieces where carriage returns overwrite.
fn each_line(
    head: &[u8],
    input: impl Read,
    number: &mut usize,
    mut take: impl FnMut(&str, Place),
) -> io::Result<()> {
    let mut lines = Lines::new(head, input);
    loop {
        *number = lines.number() - 1;
        let Some(line) = lines.next()? else { return Ok(()) };
        let place = Place { number: line.number, is_ended: line.is_ended, harm: line.harm };
        each_row(&line.text, |row| take(row, place));
    }
}

fn each_row(line: &str, mut take: impl FnMut(&str)) {
    if !line.contains('\r') {
        return take(line);
    }
    line.split('\r').filter(|piece| !piece.is_empty()).for_each(take);
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
