//! Logs that were exported as a table, CSV or TSV: known by its first lines, then given row by row
//! as an object of its columns.
//!
//! Never decides which column holds the log: each is a field. Invariant: behind the first lines no
//! more than a row is kept, and of a cell that is too long each piece is given.

use csv_core::{ReadFieldResult, Reader, ReaderBuilder};
use serde_json::{Map, Value};

use super::decode::Place;
use super::nested::LONGEST_WHOLE;

/// Lines by which a table is known, and how long they may be together.
const SAMPLE: usize = 6;
/// So many rows without a header or a quote are no coincidence.
const FEWEST: usize = 3;
const LONGEST_SAMPLE: usize = 64 << 10;
const DELIMITERS: [u8; 3] = [b'\t', b',', b';'];

/// What a line turned out to be.
pub(super) enum Given<'a> {
    /// Text, in no table.
    Line(&'a str),
    /// A whole row.
    Row(Value),
    /// A piece of a cell that is too long.
    Piece { field: &'a str, text: &'a str, is_end: bool },
}

type Give<'g> = &'g mut dyn FnMut(Given<'_>, Place);

/// Finds out whether a text is a table, and reads it.
#[derive(Debug)]
pub(super) enum Table {
    Sampling(Vec<(String, Place)>),
    Text,
    Rows(Box<Rows>),
}

impl Default for Table {
    fn default() -> Self {
        Self::Sampling(Vec::new())
    }
}

impl Table {
    /// Takes in the next line.
    pub(super) fn feed(&mut self, line: &str, place: Place, give: Give<'_>) {
        match self {
            Self::Text => give(Given::Line(line), place),
            Self::Rows(rows) => rows.feed(line, place, give),
            Self::Sampling(sample) => {
                sample.push((line.to_owned(), place));
                let length: usize = sample.iter().map(|(line, _)| line.len()).sum();
                if sample.len() >= SAMPLE || length > LONGEST_SAMPLE {
                    self.decide(give);
                }
            }
        }
    }

    /// Gives what is left at the end.
    pub(super) fn finish(&mut self, give: Give<'_>) {
        self.decide(give);
        if let Self::Rows(rows) = std::mem::take(self) {
            rows.finish(give);
        }
    }

    fn decide(&mut self, give: Give<'_>) {
        let Self::Sampling(sample) = self else { return };
        let mut sample = std::mem::take(sample);
        // A spreadsheet's own line, which names the delimiter.
        if sample.first().is_some_and(|(line, _)| line.starts_with("sep=")) {
            sample.remove(0);
        }
        let mut text: String = sample.iter().map(|(line, _)| line.clone() + "\n").collect();
        if sample.last().is_some_and(|(_, place)| !place.is_ended) {
            text.pop();
        }
        let found = DELIMITERS.iter().find_map(|delimiter| Rows::of_sample(&text, *delimiter));
        let skipped = usize::from(found.as_ref().is_some_and(|rows| rows.has_header));
        *self = found.map_or(Self::Text, |rows| Self::Rows(Box::new(rows)));
        // The names of the columns are no log; blank lines may stand before them.
        let blank = sample.iter().take_while(|(line, _)| line.is_empty()).count();
        for (line, place) in sample.iter().skip(if skipped > 0 { blank + skipped } else { 0 }) {
            self.feed(line, *place, give);
        }
    }
}

/// Reads the rows of a table.
#[derive(Debug)]
pub(super) struct Rows {
    delimiter: u8,
    has_header: bool,
    columns: Vec<String>,
    reader: Reader,
    output: Vec<u8>,
    row: Map<String, Value>,
    cells: usize,
    cell: String,
    /// A piece of this cell has been given.
    is_in_pieces: bool,
    /// The row as it is written.
    raw: String,
    place: Option<Place>,
}

/// True for a list in JSON.
fn is_list(line: &str) -> bool {
    line.starts_with('[') && serde_json::from_str::<Vec<serde::de::IgnoredAny>>(line).is_ok()
}

impl Rows {
    /// Reads the columns off the first lines; `None` if these are no table.
    fn of_sample(text: &str, delimiter: u8) -> Option<Self> {
        // Tabs need no quotes, so a quote that nothing closes is text.
        let by_line = || text.lines().flat_map(|line| records(line, delimiter)).collect();
        let mut records: Vec<Vec<String>> =
            if delimiter == b'\t' { by_line() } else { records(text, delimiter) };
        let is_open =
            delimiter != b'\t' && text.bytes().filter(|byte| *byte == b'"').count() % 2 == 1;
        let open = if is_open { records.pop() } else { None };
        let (head, rest) = records.split_first()?;
        let width = head.len();
        let is_followed = open.is_some() || !rest.is_empty();
        if !is_followed || open.is_some_and(|open| open.len() > width) {
            return None;
        }
        let all = |fits: fn(usize, usize) -> bool| rest.iter().all(|row| fits(row.len(), width));
        let quoted = [delimiter, b'"'];
        let has_quoted = text.starts_with('"')
            || text.contains("\n\"")
            || text.as_bytes().windows(2).any(|pair| pair == quoted);
        // Lines of JSON have as many commas, too.
        let is_json = text.contains("{\"") && !text.contains("{\"\"")
            || text.lines().next().is_some_and(is_list);
        let has_header = head.iter().all(|cell| is_title(cell))
            && all(|cells, width| cells >= width)
            && (width > 1 || delimiter == b',' && text.split_once('\n')?.1.starts_with('"'));
        let is_regular = width > 1
            && !is_json
            && all(|cells, width| cells == width)
            && (has_quoted || width > 2 && rest.len() >= FEWEST && !text.contains('"'));
        if !has_header && !is_regular {
            return None;
        }
        let name = |(number, cell): (usize, &String)| {
            if has_header { cell.clone() } else { number.to_string() }
        };
        Some(Self {
            columns: head.iter().enumerate().map(name).collect(),
            delimiter,
            has_header,
            reader: reader(delimiter),
            output: Vec::new(),
            row: Map::new(),
            cells: 0,
            cell: String::new(),
            is_in_pieces: false,
            raw: String::new(),
            place: None,
        })
    }

    fn feed(&mut self, line: &str, place: Place, give: Give<'_>) {
        self.place.get_or_insert(place);
        let line_end = if place.is_ended { "\n" } else { "" };
        for input in [line, line_end] {
            self.raw.push_str(input);
            self.read(input.as_bytes(), give);
        }
        if self.delimiter == b'\t' && place.is_ended && (self.cells > 0 || !self.cell.is_empty()) {
            self.reader.reset();
            self.end_cell(give);
            self.end_row(give);
        }
        if self.cell.len() > LONGEST_WHOLE {
            self.give_piece(false, give);
            self.raw.clear();
        }
    }

    fn read(&mut self, mut input: &[u8], give: Give<'_>) {
        self.output.resize(input.len() + 1, 0);
        while !input.is_empty() {
            let (result, read, written) = self.reader.read_field(input, &mut self.output);
            input = &input[read..];
            self.cell.push_str(&String::from_utf8_lossy(&self.output[..written]));
            if let ReadFieldResult::Field { record_end } = result {
                self.end_cell(give);
                if record_end {
                    self.end_row(give);
                }
            }
        }
    }

    fn finish(mut self, give: Give<'_>) {
        if self.cells > 0 || !self.cell.is_empty() {
            self.end_cell(give);
            self.end_row(give);
        }
    }

    /// The field of a cell; what is beyond the last column belongs to it.
    fn field(&self) -> &str {
        &self.columns[self.cells.min(self.columns.len() - 1)]
    }

    fn give_piece(&mut self, is_end: bool, give: Give<'_>) {
        let text = std::mem::take(&mut self.cell);
        let place = self.place.expect("a cell stands in a line");
        let field = format!(".{}", self.field());
        give(Given::Piece { field: &field, text: &text, is_end }, place);
        self.is_in_pieces = !is_end;
    }

    fn end_cell(&mut self, give: Give<'_>) {
        if self.is_in_pieces {
            self.give_piece(true, give);
        } else {
            let cell = std::mem::take(&mut self.cell);
            self.row.insert(self.field().to_owned(), Value::from(cell));
        }
        self.cells += 1;
    }

    fn end_row(&mut self, give: Give<'_>) {
        let raw = std::mem::take(&mut self.raw);
        if std::mem::take(&mut self.cells) > self.columns.len() {
            // Nothing quotes the cells, so the last one holds delimiters of its own.
            let cells =
                raw.trim_end_matches('\n').splitn(self.columns.len(), self.delimiter as char);
            let cells = self.columns.iter().cloned().zip(cells.map(Value::from));
            self.row = cells.collect();
        }
        if let Some(place) = self.place.take() {
            give(Given::Row(Value::Object(std::mem::take(&mut self.row))), place);
        }
    }
}

fn reader(delimiter: u8) -> Reader {
    ReaderBuilder::new().delimiter(delimiter).build()
}

/// Reads all rows of a text.
fn records(text: &str, delimiter: u8) -> Vec<Vec<String>> {
    let mut reader = reader(delimiter);
    let mut output = vec![0; text.len() + 1];
    let (mut input, mut records, mut record) = (text.as_bytes(), Vec::new(), Vec::new());
    let mut cell = String::new();
    loop {
        let (result, read, written) = reader.read_field(input, &mut output);
        input = &input[read..];
        cell.push_str(&String::from_utf8_lossy(&output[..written]));
        match result {
            ReadFieldResult::Field { record_end } => {
                record.push(std::mem::take(&mut cell));
                if record_end {
                    records.push(std::mem::take(&mut record));
                }
            }
            ReadFieldResult::End => return records,
            ReadFieldResult::InputEmpty | ReadFieldResult::OutputFull => {}
        }
    }
}

/// True if a cell may be the name of a column.
fn is_title(cell: &str) -> bool {
    const LONGEST: usize = 40;
    const WORDS: usize = 3;
    let is_of_title = |char: char| char.is_alphanumeric() || " _-.@/()#$:".contains(char);
    cell.len() <= LONGEST
        && cell.starts_with(|first: char| first.is_alphabetic() || "_@#$".contains(first))
        && cell.chars().all(is_of_title)
        && cell.split(' ').count() <= WORDS
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::logs::decode::Harm;

    /// Feeds a text line by line, and writes down what comes of it.
    fn given(text: &str) -> Vec<String> {
        let (mut table, mut all) = (Table::default(), Vec::new());
        let mut give = |given: Given<'_>, place: Place| {
            all.push(match given {
                Given::Line(line) => format!("{} {line}", place.number),
                Given::Row(row) => format!("{} {row}", place.number),
                Given::Piece { field, text, is_end } => {
                    format!("{field} {} {is_end}", text.len())
                }
            });
        };
        for (number, line) in text.lines().enumerate() {
            let place = Place { number: number + 1, is_ended: true, harm: Harm::None };
            table.feed(line, place, &mut give);
        }
        table.finish(&mut give);
        all
    }

    #[test]
    fn a_table_is_known_by_its_header_or_by_its_quotes() {
        for text in ["a,b\n1,x\n", "a\tb\n1\tx\n", "sep\n\"x\"\n", "1,\"x\"\n2,\"y\"\n"] {
            assert!(given(text).iter().all(|row| row.contains('{')), "{text}");
        }
        for text in [
            "Hello, world\nnothing\n",
            "2026-11-28 11:19:00,123 INFO a\n2026-11-28 11:19:00,124 INFO b\n",
            "a.b: Creating...\na.c: Creating...\n",
            "Error: x\n\n  with a.b[\"k\"],\n",
            "a,b\n",
            "",
        ] {
            assert!(!given(text).iter().any(|row| row.contains('{')), "{text}");
        }
    }

    #[test]
    fn cells_keep_their_quotes_line_feeds_and_stray_delimiters() {
        assert_eq!(
            given("t,log\n1,\"a \"\"b\"\"\n\nc\"\n2,x, y\n"),
            [r#"2 {"log":"a \"b\"\n\nc","t":"1"}"#, r#"5 {"log":"x, y","t":"2"}"#]
        );
        assert_eq!(given("1\tx\t\"open\n2\tx\ty\n3\tx\tz\n")[1], r#"2 {"0":"2","1":"x","2":"y"}"#);
    }

    #[test]
    fn a_cell_that_is_too_long_comes_in_pieces() {
        let line = "x".repeat(LONGEST_WHOLE / 2 + 1);
        let found = given(&format!("t,log\n1,\"{line}\n{line}\nend\"\n2,y\n"));
        assert_eq!(found[0], format!(".log {} false", 2 * line.len() + 2));
        assert_eq!(found[1], ".log 3 true");
        assert_eq!(found[3], r#"5 {"log":"y","t":"2"}"#);
    }
}
