//! Joins the layers: feeds every line to whoever may understand it, and keeps each failure once.
//!
//! Never reads text itself. Invariant: what it keeps is bounded by one [`Budget`] and by the bound of
//! [`Channels`].

use std::io::Read;
use std::rc::Rc;

use divvy_core::Failure;
use serde_json::Value;

use super::channel::{At, Channel, Channels, Held, in_column, in_unit, lane_of, root};
use super::collector::{Collector, LaneLine};
use super::decode::{Harm, Place, each_line, each_row};
use super::diagnostic::{Damage, Diagnostic};
use super::failures::Failures;
use super::mail::Mail;
use super::nested::{self, Beginning, Document, Found, Next};
use super::order::Order;
use super::outcome::{LogError, LogReading};
use super::pieces::Joiner;
use super::prefix::{Step, Stripped};
use super::progress::{self, Budget, Progress};
use super::provider_log::ProviderLog;
use super::signs::{self, Evidence};
use super::table::{Given, Table};
use super::ui_line::{self, UiLine};
use super::unpack::{self, Packing};
use super::{classify, escape, looks, markup, units};

/// Texts within texts.
const DEEPEST: usize = 8;

/// All that has been read so far.
#[derive(Debug, Default)]
pub(super) struct Reading {
    /// The field of the input itself, which has no name.
    root: Rc<str>,
    channels: Channels,
    collector: Collector,
    progress: Progress,
    provider_log: ProviderLog,
    failures: Failures,
    /// Documents of the input itself whose order is not known yet.
    order: Order<At>,
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
            let (mut joiner, mut mail) = (Joiner::default(), Mail::default());
            let mut table = Table::default();
            let mut last = Place { number: 1, is_ended: false, harm: Harm::None };
            let mut take = |line: &str, place: Place| {
                last = place;
                mail.feed(line, &mut |line| {
                    table.feed(line, place, &mut |given, place| self.take_given(given, place));
                });
            };
            let result = each_line(head, input, &mut number, |text, place| {
                joiner.take_in(text, place, &mut take);
            });
            joiner.finish(&mut take);
            let mut give = |given: Given<'_>, place: Place| self.take_given(given, place);
            mail.finish(&mut |line| table.feed(line, last, &mut give));
            table.finish(&mut give);
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
    pub(super) fn failure_of(&self, diagnostic: Diagnostic) -> Failure {
        let (mut failure, _) = classify::classify(diagnostic, &self.progress);
        failure.is_self_made = self.provider_log.is_self_made(&failure);
        failure
    }

    fn take_diagnostic(&mut self, diagnostic: Diagnostic) {
        let (failure, is_own) = classify::classify(diagnostic, &self.progress);
        self.evidence.is_run |= is_own;
        self.is_budget_spent |= !self.failures.add(failure, &mut self.budget);
    }

    /// Reads what the layers below have made of a line of the input.
    fn take_given(&mut self, given: Given<'_>, place: Place) {
        let at = root(&self.root, place);
        match given {
            Given::Line(line) => self.take_line(&at, line),
            Given::Row(row) => self.take_entry(&at, row),
            Given::Piece { field, text, is_end } => {
                self.take_piece(&at.within(field, None), text, is_end);
            }
        }
    }

    /// Reads a document, after those of its text that are older.
    fn take_entry(&mut self, at: &At, value: Value) {
        if at.depth > 0 {
            return self.take_value(at, &value);
        }
        for (at, value) in self.order.push(at.clone(), value) {
            self.take_value(&at, &value);
        }
    }

    fn release_entries(&mut self) {
        for (at, value) in self.order.release() {
            self.take_value(&at, &value);
        }
    }

    fn channel(&mut self, field: &Rc<str>) -> &mut Channel {
        self.channels.of(field)
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
                Next::Whole(value) => self.take_entry(at, value),
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
        if at.depth == 0 {
            self.release_entries();
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
        if memchr::memchr3(b'{', b'[', b'"', behind.as_bytes()).is_none() {
            return false;
        }
        let prefix = &line[..line.len() - behind.len()];
        match nested::beginning(behind) {
            Beginning::Whole(value) => {
                if behind.starts_with([' ', '\t']) && self.is_inside(at, line, prefix) {
                    return false;
                }
                self.take_entry(&in_unit(at, prefix), value);
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
            self.take_entry(&in_unit(at, prefix), value);
            return true;
        }
        let Some((before, value)) = nested::at_end(behind) else { return false };
        if signs::anchor(before).is_some() || self.is_inside(at, line, prefix) {
            return false;
        }
        let before = &line[..prefix.len() + before.len()];
        self.channel(&at.field).prefixes.teach(before);
        self.provider_log.look(line);
        self.take_entry(&in_unit(at, before), value);
        true
    }

    /// True if a diagnostic is open where a line comes from.
    fn is_inside(&self, at: &At, line: &str, prefix: &str) -> bool {
        let unit = in_unit(at, prefix).unit.or_else(|| self.heading.clone());
        let lane = self.channels.lane(&at.field, line);
        self.collector.is_inside(unit.as_deref(), lane_of(&at.field, lane).as_deref())
    }

    /// Reads everything in a document.
    fn take_value(&mut self, at: &At, value: &Value) {
        nested::visit(value, &mut |found| match found {
            Found::Text { field, unit, text } => {
                self.take_string(&at.within(field, unit), text);
            }
            Found::Sent { field, unit, text } => {
                self.take_piece(&at.within(field, unit), text, false);
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
        let diagnostic = Diagnostic {
            unit: at.unit.as_deref().map(str::to_owned),
            line: at.place.number,
            body: vec![text],
            damage: vec![Damage::BeginningMissing],
            ..Diagnostic::default()
        };
        self.take_diagnostic(diagnostic);
    }

    /// Reads a line whose prefix is known.
    fn take_known(&mut self, at: &At, line: &str) {
        let channel = self.channel(&at.field);
        let Stripped { prefix, text, lane } = channel.prefixes.take_off(line);
        let lane = lane_of(&at.field, lane);
        let (column, text) = in_column(&mut channel.column, prefix, text);
        let text = signs::undecorated(text);
        channel.has_signs = channel.has_signs || signs::anchor(text).is_some();
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
            let fits = match progress::sign_of(text) {
                Some(sign) => {
                    self.evidence.runs();
                    self.progress.take_in(unit, &sign, &mut self.budget)
                }
                None => self.progress.look_at_plan(unit, text, &mut self.budget),
            };
            self.is_budget_spent |= !fits;
        }
    }

    /// Reads the messages of the machine-readable UI in a line; false if there is none.
    fn take_messages(&mut self, unit: Option<&str>, text: &str, place: Place) -> bool {
        ui_line::read(text, unit, place.number, |message| self.take_message(message, unit, place))
    }

    fn take_message(&mut self, message: UiLine, unit: Option<&str>, place: Place) {
        let is_own =
            !matches!(message, UiLine::Other { is_own: false } | UiLine::Broken { is_own: false });
        self.evidence.is_run |= is_own;
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
            UiLine::Other { .. } => true,
            UiLine::Broken { .. } => {
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
        self.release_entries();
        // What is still held may hold more of it, but never deeper than this.
        for _ in 0..DEEPEST {
            for field in self.channels.all() {
                let place = Place { number: 1, is_ended: false, harm: Harm::None };
                self.end_channel(&root(&field, place));
            }
        }
        self.order = Order::default();
        self.channels = Channels::default();
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

    /// Ends the reading.
    pub(super) fn finish(mut self) -> LogReading {
        for failure in &mut self.failures.all {
            failure.is_self_made = self.provider_log.is_self_made(failure);
        }
        let mut notes = std::mem::take(&mut self.packing.notes);
        let Evidence { is_run, is_ended } = self.evidence;
        if !is_run && !self.collector.has_lost_own {
            let looks_like = self.looks_like.unwrap_or("an archive without a file");
            return LogReading {
                is_incomplete: !notes.is_empty(),
                not_terraform: notes.is_empty().then_some(looks_like),
                notes,
                ..LogReading::default()
            };
        }
        if self.has_lost || self.failures.breaks_off() {
            notes.push(
                "The log breaks off inside a diagnostic: there may be more failures.".to_owned(),
            );
        }
        if let Some(first) = self.broken_lines.first() {
            notes.push(format!("Line {first} is a cut JSON message: there may be more failures."));
        }
        let unended = self.failures.unended(&self.progress);
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
        if !is_ended && notes.is_empty() && self.failures.all.is_empty() {
            notes.push(
                "The log ends before the run does: how the run ended is not known.".to_owned(),
            );
        }
        LogReading {
            is_incomplete: !notes.is_empty(),
            not_terraform: None,
            failures: self.failures.all,
            created: self.progress.into_created(),
            notes,
        }
    }
}
