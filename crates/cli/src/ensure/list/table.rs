//! Tables: CSV and TSV as spreadsheets write them, with a header that names the columns, or of
//! one column.
//!
//! Never guesses which of several columns is the name. Invariant: every bad row is named by its
//! line, and one bad row refuses the table.

use divvy_core::name::visible;

use super::plain;
use super::row::{List, Refusal, Row};

const HEADER: &str = "name the column in the first line: name, or name and description, or path";

/// Returns whether a text begins as a table does: with a `sep=` line, or a header that names a column
/// which divisions have.
pub(super) fn has_header(text: &str) -> bool {
    let (separator, body, _) = without_separator_line(text);
    let header = body.lines().next().unwrap_or_default();
    separator.is_some() || Columns::of_header(header, delimiter_of(header)).is_usable()
}

/// Reads a table; without `delimiter` its first line tells it.
pub(super) fn read(text: &str, delimiter: Option<u8>) -> Result<List, Refusal> {
    let (separator, body, lines_before) = without_separator_line(text);
    let header = body.lines().next().unwrap_or_default();
    let delimiter = separator.or(delimiter).unwrap_or_else(|| delimiter_of(header));
    let columns = Columns::of_header(header, delimiter);
    let refusal = |problems| Refusal { problems, hints: vec![HEADER.to_owned()] };
    if let Some(twice) = &columns.twice {
        return Err(refusal(vec![format!("the first line names the column `{twice}` twice")]));
    }
    if columns.is_usable() {
        return rows(body, delimiter, lines_before, columns, true).map_err(refusal);
    }
    // One column without a header is a list of names, if nothing parts any of its lines.
    let is_parted = |line: &str| line.contains([',', ';', '\t', '|']);
    match &columns.unused[..] {
        [] if body.trim().is_empty() => Ok(List::default()),
        [only] if !plain::is_title(only) && !body.lines().any(is_parted) => {
            let column = Columns { count: 1, name: Some(0), ..Columns::default() };
            let list = rows(body, delimiter, lines_before, column, false).map_err(refusal)?;
            let problem = |row: &Row| {
                let name = row.name.as_deref()?;
                let what = plain::looks_like(name)?;
                Some(format!("{}: {} looks like {what}", row.place, visible(name)))
            };
            let problems: Vec<String> = list.rows.iter().filter_map(problem).collect();
            if problems.is_empty() { Ok(list) } else { Err(refusal(problems)) }
        }
        found => {
            let found: Vec<String> = found.iter().map(|name| format!("`{name}`")).collect();
            Err(refusal(vec![format!(
                "the first line names no column `name` (or `path`); it has {}",
                if found.is_empty() { "no columns".to_owned() } else { found.join(", ") }
            )]))
        }
    }
}

/// Takes the `sep=;` line of a spreadsheet off: its character, the rest, and how many lines went.
fn without_separator_line(text: &str) -> (Option<u8>, &str, u64) {
    let content = text.trim_start_matches(['\r', '\n']);
    let skipped = text[..text.len() - content.len()].matches('\n').count() as u64;
    let text = content;
    let (first, rest) = text.split_once('\n').unwrap_or((text, ""));
    let separator = first.trim_end_matches('\r').trim_matches('"').strip_prefix("sep=");
    match separator.map(str::as_bytes) {
        Some([separator]) => (Some(*separator), rest, skipped + 1),
        Some([]) if first.starts_with("sep=") => (Some(b','), rest, skipped + 1),
        _ => (None, text, skipped),
    }
}

/// Returns the delimiter that stands most often in a header.
fn delimiter_of(header: &str) -> u8 {
    let count = |delimiter: &u8| header.bytes().filter(|byte| byte == delimiter).count();
    // The last of equals wins, so a header without any is one of commas.
    [b'\t', b';', b','].into_iter().max_by_key(count).unwrap_or(b',')
}

/// Which cell holds what.
#[derive(Default)]
struct Columns {
    count: usize,
    name: Option<usize>,
    path: Option<usize>,
    description: Option<usize>,
    unused: Vec<String>,
    /// A column of ours that is there twice.
    twice: Option<String>,
}

impl Columns {
    fn of_header(header: &str, delimiter: u8) -> Self {
        let mut reader = reader(header, delimiter);
        let cells = reader.records().next().and_then(Result::ok).unwrap_or_default();
        let mut columns = Self { count: cells.len(), ..Self::default() };
        for (index, cell) in cells.iter().enumerate() {
            let column = match cell.trim().to_lowercase().as_str() {
                "name" => &mut columns.name,
                "path" => &mut columns.path,
                "description" => &mut columns.description,
                _ => {
                    columns.unused.push(cell.trim().to_owned());
                    continue;
                }
            };
            if column.replace(index).is_some() {
                columns.twice = Some(cell.trim().to_owned());
            }
        }
        columns
    }

    fn is_usable(&self) -> bool {
        self.name.is_some() || self.path.is_some()
    }
}

fn reader(text: &str, delimiter: u8) -> csv::Reader<&[u8]> {
    csv::ReaderBuilder::new()
        .delimiter(delimiter)
        .has_headers(false)
        .flexible(true)
        .from_reader(text.as_bytes())
}

/// Reads the rows behind the header, if there is one.
fn rows(
    text: &str,
    delimiter: u8,
    lines_before: u64,
    columns: Columns,
    has_header: bool,
) -> Result<List, Vec<String>> {
    if let Some(line) = unclosed_quote(text, delimiter) {
        return Err(vec![format!(
            "line {}: a quote is opened and never closed",
            line + lines_before
        )]);
    }
    let mut rows = Vec::new();
    let mut problems = Vec::new();
    let (mut line, mut counted) = (lines_before + 1, 0);
    for record in reader(text, delimiter).into_records().skip(usize::from(has_header)) {
        let record = record.map_err(|error| vec![error.to_string()])?;
        let start = record_start(text, &record);
        line += text[counted..start].matches('\n').count() as u64;
        counted = start;
        if record.iter().all(|cell| cell.trim().is_empty()) {
            continue;
        }
        if record.iter().skip(columns.count).any(|cell| !cell.is_empty()) {
            problems.push(format!(
                "line {line}: {} cells for {} columns; is a cell with `{}` not quoted?",
                record.len(),
                columns.count,
                char::from(delimiter)
            ));
            continue;
        }
        let cell = |column: Option<usize>| {
            let cell = record.get(column?)?;
            (!cell.is_empty()).then(|| cell.to_owned())
        };
        let (name, path) = (cell(columns.name), cell(columns.path));
        let description = cell(columns.description);
        rows.push(Row { place: format!("line {line}"), name, path, description });
    }
    if problems.is_empty() {
        let unused_columns = columns.unused.into_iter().filter(|name| !name.is_empty()).collect();
        Ok(List { rows, unused_columns })
    } else {
        Err(problems)
    }
}

/// Returns where a record begins. The reader's own position (and line) may lie before the line end
/// of the record before it.
fn record_start(text: &str, record: &csv::StringRecord) -> usize {
    let position = record.position().map_or(0, csv::Position::byte);
    let position = usize::try_from(position).unwrap_or(usize::MAX).min(text.len());
    let rest = &text[position..];
    position + rest.len() - rest.trim_start_matches(['\r', '\n']).len()
}

/// Returns the line of a quote that no other closes: the rest of the file would be one cell.
fn unclosed_quote(text: &str, delimiter: u8) -> Option<u64> {
    let mut line = 1;
    let mut opened_at = None;
    let mut is_at_start = true;
    for byte in text.bytes() {
        match (byte, opened_at) {
            // A doubled quote closes and opens again, which comes to the same.
            (b'"', Some(_)) => opened_at = None,
            (b'"', None) if is_at_start => opened_at = Some(line),
            _ => {}
        }
        line += u64::from(byte == b'\n');
        is_at_start = byte == b'"' || byte == b'\n' || byte == b'\r' || byte == delimiter;
    }
    opened_at
}
