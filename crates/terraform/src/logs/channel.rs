//! The texts that an input holds: itself, and each field of the documents in it, with what it has
//! taught.
//!
//! Never reads a line. Invariant: texts of different channels are never joined.

use std::collections::HashMap;
use std::rc::Rc;

use super::decode::Place;
use super::nested::Document;
use super::prefix::Prefixes;
use super::units;

/// One text: the input itself, or a field of the documents in it.
#[derive(Debug, Default)]
pub(super) struct Channel {
    pub(super) prefixes: Prefixes,
    /// Lines whose prefix is not certain yet.
    pub(super) held: Vec<Held>,
    /// A document of several lines that has begun.
    pub(super) document: Option<Document>,
    /// The unit whose text stands in a column, and how far that is indented.
    pub(super) column: Option<(Rc<str>, usize)>,
    /// A line whose end has not come, where the strings of a field bring their own line ends.
    pub(super) begun: String,
    pub(super) brings_line_ends: bool,
    /// Something of Terraform's stood in it.
    pub(super) has_signs: bool,
}

/// Fields of documents that are read, each with what it has taught.
const MOST: usize = 256;

/// All texts of an input, by their fields.
#[derive(Debug, Default)]
pub(super) struct Channels {
    /// The input itself, whose field has no name and whose lines are nearly all there are.
    input: Channel,
    fields: HashMap<Rc<str>, Channel>,
}

impl Channels {
    /// Returns the text of a field; fields beyond the bound share one.
    pub(super) fn of(&mut self, field: &Rc<str>) -> &mut Channel {
        if field.is_empty() {
            return &mut self.input;
        }
        let is_full = self.fields.len() >= MOST && !self.fields.contains_key(field);
        let field = if is_full { Rc::from("…") } else { Rc::clone(field) };
        self.fields.entry(field).or_default()
    }

    /// Returns what keeps a line together with others of its source, as far as is known.
    pub(super) fn lane(&self, field: &str, line: &str) -> Option<String> {
        let channel = if field.is_empty() { &self.input } else { self.fields.get(field)? };
        channel.prefixes.lane(line)
    }

    /// Returns the fields so far, the input itself first.
    pub(super) fn all(&self) -> Vec<Rc<str>> {
        let mut all: Vec<_> = self.fields.keys().cloned().chain([Rc::from("")]).collect();
        all.sort_unstable();
        all
    }
}

#[derive(Debug)]
pub(super) struct Held {
    pub(super) text: String,
    pub(super) unit: Option<Rc<str>>,
    pub(super) place: Place,
    pub(super) is_markup: bool,
}

/// Where a line stands.
#[derive(Clone, Debug)]
pub(super) struct At {
    /// The channel.
    pub(super) field: Rc<str>,
    pub(super) unit: Option<Rc<str>>,
    pub(super) place: Place,
    pub(super) is_markup: bool,
    pub(super) depth: usize,
}

impl At {
    /// The place within a field of what stands here.
    pub(super) fn within(&self, field: &str, unit: Option<&str>) -> Self {
        Self {
            field: format!("{}{field}", self.field).into(),
            unit: unit.map(Rc::from).or_else(|| self.unit.clone()),
            depth: self.depth + 1,
            ..self.clone()
        }
    }
}

/// The place of a line that no document holds.
pub(super) fn root(field: &Rc<str>, place: Place) -> At {
    At { field: Rc::clone(field), unit: None, place, is_markup: false, depth: 0 }
}

/// The place, in the unit that a prefix names.
pub(super) fn in_unit(at: &At, prefix: &str) -> At {
    let unit = units::unit_in(prefix).map(Rc::from).or_else(|| at.unit.clone());
    At { unit, ..at.clone() }
}

/// Names the source of a line: the channel and the prefix.
pub(super) fn lane_of(field: &str, lane: Option<String>) -> Option<String> {
    match (field.is_empty(), lane) {
        (true, lane) => lane,
        (false, None) => Some(field.to_owned()),
        (false, Some(lane)) => Some(format!("{field}\n{lane}")),
    }
}

/// Reads the unit of a line in or below a column of text, and takes the indentation off.
pub(super) fn in_column<'a>(
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
