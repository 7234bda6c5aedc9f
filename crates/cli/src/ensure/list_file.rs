//! Lists of divisions: plain lines, CSV as spreadsheets write it, or a JSON array.
//!
//! Never talks to an org and never decides what a name means. Invariant: a list is read whole or
//! refused whole, with every bad row named by its line.

use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};
use serde::Deserialize;

/// One row of a list, as written; empty cells are `None`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Row {
    /// Where it stands: `line 3`, `entry 2`; empty for an argument of the command line.
    pub(crate) place: String,
    pub(crate) name: Option<String>,
    pub(crate) path: Option<String>,
    pub(crate) description: Option<String>,
}

/// A list that was read.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct List {
    pub(crate) rows: Vec<Row>,
    /// Columns that nobody uses.
    pub(crate) unused_columns: Vec<String>,
}

/// Reads a list; `Err` holds one sentence for each thing that is wrong with it.
pub(crate) fn read(bytes: &[u8], is_named_csv: bool) -> Result<List, Vec<String>> {
    let text = decode(bytes).map_err(|problem| vec![problem])?;
    if let Some(rows) = json(&text) {
        return rows.map(|rows| List { rows, ..List::default() }).map_err(|problem| vec![problem]);
    }
    let (separator, body, lines_before) = without_separator_line(&text);
    let header = body.lines().next().unwrap_or_default();
    let delimiter = separator.unwrap_or_else(|| delimiter_of(header));
    if separator.is_some() || is_named_csv || Columns::of_header(header, delimiter).is_usable() {
        return csv(body, delimiter, lines_before);
    }
    Ok(plain(&text))
}

/// Makes text of the bytes: what the mark says, else UTF-16 if every other byte is zero, else
/// UTF-8, else code page 1252, which spreadsheets on Windows write.
fn decode(bytes: &[u8]) -> Result<String, String> {
    let encoding = match Encoding::for_bom(bytes) {
        Some((encoding, _)) => encoding,
        None => match bytes {
            [0, second, ..] if *second != 0 => UTF_16BE,
            [first, 0, ..] if *first != 0 => UTF_16LE,
            _ if std::str::from_utf8(bytes).is_ok() => UTF_8,
            _ => WINDOWS_1252,
        },
    };
    let (text, _, has_errors) = encoding.decode(bytes);
    if has_errors {
        return Err(format!("the list is no text in {}", encoding.name()));
    }
    Ok(text.into_owned())
}

/// One entry of a JSON list; fields of other names are somebody else's.
#[derive(Deserialize)]
#[serde(untagged)]
enum Entry {
    Name(String),
    Division { name: Option<String>, path: Option<String>, description: Option<String> },
}

/// Reads a JSON array; `None` if the text does not look like one.
fn json(text: &str) -> Option<Result<Vec<Row>, String>> {
    let inside = text.trim_start().strip_prefix('[')?.trim_start();
    if !inside.starts_with(['"', '{', ']']) {
        return None;
    }
    let entries = serde_json::from_str::<Vec<Entry>>(text).map_err(|error| {
        format!("no JSON array of names or of objects with name, path, description: {error}")
    });
    let row = |(index, entry)| {
        let place = format!("entry {}", index + 1);
        match entry {
            Entry::Name(name) => Row { place, name: Some(name), ..Row::default() },
            Entry::Division { name, path, description } => Row { place, name, path, description },
        }
    };
    Some(entries.map(|entries| entries.into_iter().enumerate().map(row).collect()))
}

/// Takes the `sep=;` line of a spreadsheet off: its character, the rest, and how many lines went.
fn without_separator_line(text: &str) -> (Option<u8>, &str, u64) {
    let (first, rest) = text.split_once('\n').unwrap_or((text, ""));
    let separator = first.trim_end_matches('\r').trim_matches('"').strip_prefix("sep=");
    match separator.map(str::as_bytes) {
        Some([separator]) => (Some(*separator), rest, 1),
        Some([]) if first.starts_with("sep=") => (Some(b','), rest, 1),
        _ => (None, text, 0),
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
                columns.unused.push(cell.trim().to_owned());
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

fn csv(text: &str, delimiter: u8, lines_before: u64) -> Result<List, Vec<String>> {
    let columns = Columns::of_header(text.lines().next().unwrap_or_default(), delimiter);
    if !columns.is_usable() {
        let found: Vec<String> = columns.unused.iter().map(|name| format!("`{name}`")).collect();
        return Err(vec![format!(
            "the first line names no column `name` (or `path`); it has {}",
            if found.is_empty() { "no columns".to_owned() } else { found.join(", ") }
        )]);
    }
    if let Some(line) = unclosed_quote(text, delimiter) {
        return Err(vec![format!(
            "line {}: a quote is opened and never closed",
            line + lines_before
        )]);
    }
    let mut rows = Vec::new();
    let mut problems = Vec::new();
    let (mut line, mut counted) = (lines_before + 1, 0);
    for record in reader(text, delimiter).into_records().skip(1) {
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

fn plain(text: &str) -> List {
    let rows = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    let rows = rows.map(|(index, line)| Row {
        place: format!("line {}", index + 1),
        name: Some(line.to_owned()),
        ..Row::default()
    });
    List { rows: rows.collect(), ..List::default() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(text: &str) -> Vec<(String, String)> {
        let rows = read(text.as_bytes(), false).unwrap().rows;
        rows.into_iter().map(|row| (row.place, row.name.unwrap_or_default())).collect()
    }

    fn pair(place: &str, name: &str) -> (String, String) {
        (place.to_owned(), name.to_owned())
    }

    #[test]
    fn the_five_files_of_a_spreadsheet_read_alike() {
        let wanted = [
            ("Zürich Support", Some("Swiss desk")),
            ("Sales, Direct", Some("says \"hi\"")),
            ("Field Service", None),
        ];
        for file in ["comma-bom", "semicolon-bom", "semicolon-cp1252", "sep-line", "tab-utf16"] {
            let path = format!(
                "{}/../../fixtures/cases/20-csv-from-a-spreadsheet/divisions-{file}.csv",
                env!("CARGO_MANIFEST_DIR")
            );
            let list = read(&std::fs::read(&path).unwrap(), true).unwrap();
            let rows: Vec<_> = list
                .rows
                .iter()
                .map(|row| (row.name.as_deref().unwrap(), row.description.as_deref()))
                .collect();
            assert_eq!(rows, wanted, "{file}");
        }
    }

    #[test]
    fn plain_lines_are_names_with_commas_and_brackets() {
        let wanted = [pair("line 1", "Sales, Direct"), pair("line 3", "[old] Claims; East")];
        assert_eq!(names("Sales, Direct\r\n\r\n[old] Claims; East\n"), wanted);
        assert_eq!(names(""), []);
    }

    #[test]
    fn a_json_list_holds_texts_or_objects() {
        let list =
            read(br#"[ "A", {"name": "B", "description": null, "id": "x"}]"#, false).unwrap();
        assert_eq!(list.rows[0].name.as_deref(), Some("A"));
        assert_eq!(list.rows[1].place, "entry 2");
        assert_eq!(list.rows[1].description, None);
        assert!(read(br#"["A", 3]"#, false).unwrap_err()[0].contains("no JSON array"));
    }

    #[test]
    fn columns_stand_in_any_order_and_others_are_named() {
        let list = read(b"Path;owner;NAME\n/A;x;A\n/B;;\n", false).unwrap();
        assert_eq!(list.unused_columns, ["owner"]);
        assert_eq!(list.rows[0].path.as_deref(), Some("/A"));
        assert_eq!((&list.rows[1].name, list.rows[1].path.as_deref()), (&None, Some("/B")));
    }

    #[test]
    fn lines_are_counted_through_quoted_line_breaks_and_the_separator_line() {
        let text = "sep=;\r\nname;description\r\nA;\"two\r\nlines\"\r\nB;\r\n";
        let list = read(text.as_bytes(), false).unwrap();
        assert_eq!(list.rows[0].description.as_deref(), Some("two\r\nlines"));
        assert_eq!(list.rows[1].place, "line 5");
    }

    #[test]
    fn every_bad_row_is_told() {
        let told = read(b"name,description\nSales, Direct, x\nA,b\nB,c,d\n", false).unwrap_err();
        assert_eq!(told.len(), 2);
        assert!(
            told[0].starts_with("line 2: 3 cells") && told[1].starts_with("line 4"),
            "{told:?}"
        );
        let told = read(b"name\n\"A\nB\nC\n", false).unwrap_err();
        assert_eq!(told, ["line 2: a quote is opened and never closed"]);
        let told = read(b"title,owner\nA,b\n", true).unwrap_err();
        assert!(told[0].contains("`title`, `owner`"), "{told:?}");
        assert!(read(b"\xff\xfeA", false).is_err());
    }

    #[test]
    fn utf16_without_a_mark_is_read_in_both_orders() {
        for order in [u16::to_le_bytes, u16::to_be_bytes] {
            let bytes: Vec<u8> = "name\nBüro".encode_utf16().flat_map(order).collect();
            assert_eq!(read(&bytes, false).unwrap().rows[0].name.as_deref(), Some("Büro"));
        }
    }
    proptest::proptest! {
        #[test]
        fn no_bytes_make_it_panic(
            text in "(sep=;\\PC?\n)?(name[,;\t]path\r?\n)?([\"\\[;,\t\r\nÄa{}]|\\PC){0,60}",
            is_named_csv: bool,
        ) {
            if let Ok(list) = read(text.as_bytes(), is_named_csv) {
                assert!(list.rows.iter().all(|row| !row.place.is_empty()));
            }
            let utf16: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).skip(1).collect();
            let _ = read(&utf16, is_named_csv);
        }
    }
}
