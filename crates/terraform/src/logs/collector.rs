//! Finds diagnostics in human output: boxes, plain text, boxes whose rules a code page destroyed,
//! several of them interleaved in lanes.
//!
//! Never understands a diagnostic: it only says where one begins and ends. Invariant: of one
//! diagnostic at most [`LONGEST`] bytes are kept, of [`MOST_LANES`] lanes at most one each.

use super::decode::Harm;
use super::detail::{self, JsonScan};
use super::diagnostic::{Damage, Diagnostic, beginning};
use super::markup;
use super::signs::LOST_RULES;
use super::summary;

const LONGEST: usize = 64 << 10;
const MOST_LANES: usize = 128;
/// A box or a plain diagnostic has ended unnoticed when so many lines went by.
const MOST_LINES: usize = 400;

/// What CI systems and programs print with `Error: `, and Terraform does not.
const FOREIGN_ERRORS: [&str; 3] = [
    "Process completed with exit code",
    "Terraform exited with code",
    "Command failed with exit code",
];

/// A line without layers and where it comes from.
#[derive(Clone, Copy, Debug)]
pub(super) struct LaneLine<'a> {
    pub(super) unit: Option<&'a str>,
    pub(super) lane: Option<&'a str>,
    pub(super) text: &'a str,
    pub(super) number: usize,
    pub(super) is_ended: bool,
    pub(super) harm: Harm,
    /// It came out of HTML or XML.
    pub(super) is_markup: bool,
}

/// How a diagnostic is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Frame {
    /// `╷ │ ╵`.
    Box,
    /// Like a box, but this stands where its left rule was, and nothing marks the end.
    LostRule(&'static str),
    /// `-no-color`: no box.
    Plain,
}

/// A diagnostic whose end has not been seen.
#[derive(Debug)]
struct Open {
    unit: Option<String>,
    lane: Option<String>,
    frame: Frame,
    diagnostic: Diagnostic,
    is_warning: bool,
    has_beginning: bool,
    is_summary_ended: bool,
    /// The summary as it stood, and whether a later line shows that it is HTML or XML.
    is_summary_undone: bool,
    is_markup: bool,
    json: JsonScan,
    bytes: usize,
    lines: usize,
}

/// What becomes of a diagnostic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Whole,
    /// The next one began, or the log ended, before this one was complete.
    Cut,
}

/// Collects the lines of diagnostics.
#[derive(Debug, Default)]
pub(super) struct Collector {
    open: Vec<Open>,
    found: Vec<Diagnostic>,
    has_lost: bool,
    /// One that could not be told was one of Terraform's all the same.
    pub(super) has_lost_own: bool,
}

impl Collector {
    /// Takes in a line; true if it belongs to a diagnostic's frame and says nothing else.
    pub(super) fn feed(&mut self, line: LaneLine<'_>) -> bool {
        let place = self.open.iter().position(|open| {
            open.unit.as_deref() == line.unit && open.lane.as_deref() == line.lane
        });
        let text = line.text.trim_start();
        match text.chars().next() {
            Some('╷') => {
                self.close(place, End::Cut);
                self.begin(line, Frame::Box, true);
                true
            }
            Some('╵') => {
                self.close(place, End::Whole);
                true
            }
            Some('│') => {
                let inner = &text['│'.len_utf8()..];
                self.feed_box(place, line, inner.strip_prefix(' ').unwrap_or(inner));
                true
            }
            _ => self.feed_unframed(place, line, text),
        }
    }

    /// True if a diagnostic is open where this line comes from.
    pub(super) fn is_inside(&self, unit: Option<&str>, lane: Option<&str>) -> bool {
        self.open.iter().any(|open| open.unit.as_deref() == unit && open.lane.as_deref() == lane)
    }

    /// Takes what has been completed so far.
    pub(super) fn take(&mut self) -> Vec<Diagnostic> {
        std::mem::take(&mut self.found)
    }

    /// Ends what is open; true if a diagnostic could not be told at all.
    pub(super) fn finish(&mut self) -> bool {
        while !self.open.is_empty() {
            let is_whole = self.open[0].is_whole();
            self.close(Some(0), if is_whole { End::Whole } else { End::Cut });
        }
        self.has_lost
    }

    fn feed_box(&mut self, place: Option<usize>, line: LaneLine<'_>, inner: &str) {
        let place = match place {
            Some(place) if self.open[place].frame == Frame::Box => {
                // Without the upper rule the next summary is the only sign of another box.
                let open = &self.open[place];
                if !open.has_beginning
                    && !open.json.is_open()
                    && severity(inner).is_some()
                    && open.lines > 0
                {
                    self.close(Some(place), End::Cut);
                    self.begin(line, Frame::Box, false)
                } else {
                    place
                }
            }
            // What was copied from the word `Error` on lacks the rule of its first line alone.
            Some(place) if self.open[place].is_summary_alone() && severity(inner).is_none() => {
                self.open[place].frame = Frame::Box;
                place
            }
            other => {
                self.close(other, End::Cut);
                self.begin(line, Frame::Box, false)
            }
        };
        self.open[place].add(inner, line);
    }

    /// A line that no box rule begins: plain text, or output in the middle of a box.
    fn feed_unframed(&mut self, place: Option<usize>, line: LaneLine<'_>, text: &str) -> bool {
        let begins = severity(text).is_some()
            && !FOREIGN_ERRORS.iter().any(|foreign| text.contains(foreign));
        let Some(place) = place else {
            return self.begin_unframed(line, text, begins);
        };
        match self.open[place].frame {
            Frame::Box => {
                self.open[place].lines += 1;
                if self.open[place].lines > MOST_LINES {
                    self.close(Some(place), End::Cut);
                }
                false
            }
            Frame::LostRule(rule) => match text.strip_prefix(rule) {
                Some(inner) => {
                    let inner = inner.strip_prefix(' ').unwrap_or(inner);
                    if severity(inner).is_some() && !self.open[place].json.is_open() {
                        self.close(Some(place), End::Whole);
                        let place = self.begin(line, Frame::LostRule(rule), true);
                        self.open[place].add(inner, line);
                    } else {
                        self.open[place].add(inner, line);
                    }
                    true
                }
                None => {
                    self.close(Some(place), End::Whole);
                    self.begin_unframed(line, text, begins)
                }
            },
            Frame::Plain => {
                let open = &mut self.open[place];
                if begins && !open.json.is_open() || ends_plain(text) || open.lines > MOST_LINES {
                    let end = if open.is_wanting() { End::Cut } else { End::Whole };
                    self.close(Some(place), end);
                    return self.begin_unframed(line, text, begins);
                }
                open.add(line.text, line);
                if open.json.is_complete() && open.diagnostic.location.is_some() {
                    self.close(Some(place), End::Whole);
                } else {
                    self.close_detail(place);
                }
                false
            }
        }
    }

    fn begin_unframed(&mut self, line: LaneLine<'_>, text: &str, begins: bool) -> bool {
        if begins || detail::begins_detail(text) {
            let place = self.begin(line, Frame::Plain, true);
            self.open[place].add(text, line);
            self.close_detail(place);
            return false;
        }
        let lost = LOST_RULES.iter().find_map(|rule| {
            let inner = text.strip_prefix(rule)?.strip_prefix(' ')?;
            severity(inner).map(|_| (*rule, inner))
        });
        let Some((rule, inner)) = lost else {
            return false;
        };
        let place = self.begin(line, Frame::LostRule(rule), true);
        self.open[place].add(inner, line);
        true
    }

    /// A detail without a diagnostic around it ends with its last brace.
    fn close_detail(&mut self, place: usize) {
        if self.open[place].is_detail_alone() && self.open[place].json.is_complete() {
            self.close(Some(place), End::Whole);
        }
    }

    fn begin(&mut self, line: LaneLine<'_>, frame: Frame, has_beginning: bool) -> usize {
        if self.open.len() >= MOST_LANES {
            self.close(Some(0), End::Cut);
        }
        self.open.push(Open {
            unit: line.unit.map(str::to_owned),
            lane: line.lane.map(str::to_owned),
            frame,
            diagnostic: Diagnostic {
                unit: line.unit.map(str::to_owned),
                line: line.number,
                ..Diagnostic::default()
            },
            is_warning: false,
            has_beginning,
            is_summary_ended: false,
            is_summary_undone: false,
            is_markup: false,
            json: JsonScan::default(),
            bytes: 0,
            lines: 0,
        });
        let place = self.open.len() - 1;
        if matches!(frame, Frame::LostRule(_)) {
            self.open[place].diagnostic.damage(Damage::BoxLost);
        }
        place
    }

    fn close(&mut self, place: Option<usize>, end: End) {
        let Some(place) = place else { return };
        let mut open = self.open.remove(place);
        if open.is_markup && !open.is_summary_undone {
            open.diagnostic.summary = markup::decoded(&open.diagnostic.summary);
        }
        // The provider's detail is enough where it is all that was copied.
        if open.is_detail_alone() {
            open.diagnostic.damage(Damage::BeginningMissing);
        }
        open.diagnostic.is_boxed =
            open.frame == Frame::Box && (open.has_beginning || end == End::Whole);
        let has_summary = !open.diagnostic.summary.is_empty() || open.is_detail_alone();
        self.has_lost_own |=
            open.diagnostic.location.is_some() || summary::is_providers(&open.diagnostic.summary);
        if open.is_warning || !has_summary && end == End::Cut {
            return;
        }
        if end == End::Cut {
            open.diagnostic.damage(Damage::BreaksOff);
        }
        if has_summary && open.is_summary_ended {
            self.found.push(open.diagnostic);
        } else {
            // Its summary is cut, or the log begins inside of it.
            self.has_lost |= has_summary || !open.diagnostic.damage.is_empty();
        }
    }
}

impl Open {
    /// True if more must follow: an open JSON object, or the provider's summary without its detail.
    fn is_wanting(&self) -> bool {
        self.json.is_open()
            || self.diagnostic.summary.contains(" error: API Error: ") && !self.has_its_detail()
    }

    /// True if the provider's detail has come whole, also within the summary.
    fn has_its_detail(&self) -> bool {
        self.json.is_complete() || summary::last_error(&self.diagnostic.summary).is_some()
    }

    /// True if nothing is missing though its end was not seen: a detail that is complete says so
    /// also in a box, since copies often lack the last rule.
    fn is_whole(&self) -> bool {
        match self.frame {
            Frame::Box => self.has_its_detail() && self.diagnostic.location.is_some(),
            Frame::LostRule(_) | Frame::Plain => !self.is_wanting(),
        }
    }

    /// True if it began with the provider's detail.
    fn is_detail_alone(&self) -> bool {
        self.diagnostic.summary.is_empty() && self.json.has_begun()
    }

    /// True if only its first line has come, without a box.
    fn is_summary_alone(&self) -> bool {
        self.frame == Frame::Plain && self.lines == 1
    }

    fn add(&mut self, inner: &str, line: LaneLine<'_>) {
        self.lines += 1;
        self.diagnostic.harm(line.harm);
        let room = LONGEST.saturating_sub(self.bytes);
        if inner.len() > room {
            self.diagnostic.damage(Damage::TooLong);
        }
        let inner = beginning(inner, room);
        self.bytes += inner.len() + size_of::<String>();
        self.is_markup |= line.is_markup;
        let is_detail = self.json.has_begun() || detail::begins_detail(inner);
        if self.diagnostic.summary.is_empty() && !is_detail {
            match severity(inner) {
                Some((is_warning, summary)) => {
                    self.is_warning = is_warning;
                    self.diagnostic.line = line.number;
                    summary.clone_into(&mut self.diagnostic.summary);
                    self.is_summary_ended = line.is_ended || has_correlation_id(summary);
                    self.is_summary_undone = line.is_markup;
                }
                None if inner.trim().is_empty() => {}
                None => {
                    self.diagnostic.damage(Damage::BeginningMissing);
                    if let Some(location) = location(inner) {
                        self.diagnostic.location = Some(location.to_owned());
                    }
                }
            }
            return;
        }
        let is_blank = inner.trim().is_empty();
        if !self.json.is_open()
            && self.diagnostic.location.is_none()
            && let Some(location) = location(inner)
        {
            self.diagnostic.location = Some(location.to_owned());
            return;
        }
        if is_blank && self.json.is_open() {
            // Wrapped JSON holds no empty line: it was cut.
            self.json = JsonScan::default();
        }
        self.json.feed(inner);
        self.is_summary_ended |= self.diagnostic.summary.is_empty();
        if self.bytes < LONGEST {
            self.diagnostic.body.push(inner.to_owned());
        }
    }
}

/// Reads the first line of a diagnostic: is it a warning, and its summary.
fn severity(text: &str) -> Option<(bool, &str)> {
    let text = text.trim_start();
    let error = text.strip_prefix("Error: ").map(|summary| (false, summary));
    error
        .or_else(|| text.strip_prefix("Warning: ").map(|summary| (true, summary)))
        // A page shows it without the word, and it is copied so.
        .or_else(|| summary::is_providers(text).then_some((false, text)))
}

/// Reads `  with ADDRESS,`.
fn location(inner: &str) -> Option<&str> {
    let place = inner.trim().strip_prefix("with ")?.strip_suffix(',')?;
    (place.contains('.') || place.contains('[')).then_some(place)
}

/// True for lines that no plain diagnostic holds, since it has no mark at its end.
fn ends_plain(text: &str) -> bool {
    const SIGNS: [&str; 6] = [
        "```",
        "</details>",
        "Releasing state lock",
        "Apply complete!",
        "{\"@level\"",
        "* Failed to execute ",
    ];
    SIGNS.iter().any(|sign| text.starts_with(sign)) || super::progress::is_progress(text)
}

/// True if a summary ends with `(correlation id)`: then it is not cut, also without a line end.
fn has_correlation_id(summary: &str) -> bool {
    summary::correlation_id_in(summary).is_some()
}
