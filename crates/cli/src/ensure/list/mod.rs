//! Lists of divisions: JSON, a table as spreadsheets write it, or one name a line.
//!
//! Never talks to an org and never decides what a name means. Invariant: a list is read whole or
//! refused whole, with every bad row named by its line, and a file's ending is never contradicted
//! by how it is read.

mod json;
mod plain;
mod row;
mod table;

use std::path::Path;

use divvy_core::text;
use encoding_rs::WINDOWS_1252;

pub(crate) use self::row::{List, Refusal, Row, is_guid};

/// What a file's ending promises.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ending {
    /// Nothing: the content decides.
    None,
    Json,
    /// One JSON text a line; none is an empty list.
    JsonLines,
    Csv,
    Tsv,
    /// Something that is not read at all, and how names are got out of it.
    Foreign(&'static str, &'static str),
}

const SAVE_AS_CSV: &str =
    "save the sheet as CSV, with a column `name`: divvy ensure --from divisions.csv";
const YAML: &str = "yq -r '.[].name' FILE | divvy ensure --from -";
const OF_TERRAFORM: &str = "no list is needed for a configuration: divvy check, divvy fix";

/// Endings by their lower-case letters.
const ENDINGS: &[(&str, Ending)] = &[
    ("json", Ending::Json),
    ("ndjson", Ending::JsonLines),
    ("jsonl", Ending::JsonLines),
    ("csv", Ending::Csv),
    ("tsv", Ending::Tsv),
    ("tab", Ending::Tsv),
    ("yaml", Ending::Foreign("YAML", YAML)),
    ("yml", Ending::Foreign("YAML", YAML)),
    ("tf", Ending::Foreign("a Terraform configuration", OF_TERRAFORM)),
    ("tfvars", Ending::Foreign("a file of Terraform variables", OF_TERRAFORM)),
    ("tfstate", Ending::Foreign("a Terraform state", OF_TERRAFORM)),
    ("hcl", Ending::Foreign("HCL", OF_TERRAFORM)),
    ("toml", Ending::Foreign("TOML", PLAIN)),
    ("ini", Ending::Foreign("an INI file", PLAIN)),
    ("md", Ending::Foreign("Markdown", PLAIN)),
    ("markdown", Ending::Foreign("Markdown", PLAIN)),
    ("html", Ending::Foreign("a web page", PLAIN)),
    ("htm", Ending::Foreign("a web page", PLAIN)),
    ("xml", Ending::Foreign("XML", PLAIN)),
    ("xlsx", Ending::Foreign("a workbook", SAVE_AS_CSV)),
    ("xls", Ending::Foreign("a workbook", SAVE_AS_CSV)),
    ("ods", Ending::Foreign("a workbook", SAVE_AS_CSV)),
];

/// What always works.
const PLAIN: &str = "give one name a line, CSV with a column `name`, or a JSON array of names";

impl Ending {
    fn of(file: &Path) -> Self {
        let ending = file.extension().unwrap_or_default().to_string_lossy().to_lowercase();
        ENDINGS.iter().find(|(known, _)| *known == ending).map_or(Self::None, |(_, meant)| *meant)
    }
}

/// Reads a list; `file` is what it was called, `-` for standard input.
///
/// # Errors
/// [`Refusal`], which names every line that is not understood.
pub(crate) fn read(bytes: &[u8], file: &Path) -> Result<List, Refusal> {
    let ending = Ending::of(file);
    if let Ending::Foreign(what, hint) = ending {
        return Err(Refusal::new(format!("{what} is not read as a list of divisions"), hint));
    }
    let text = decode(bytes)?;
    let of_rows = |rows| List { rows, ..List::default() };
    match ending {
        Ending::Json if text.trim().is_empty() => {
            Err(Refusal::new("the file is called JSON and is empty", "an empty list is []"))
        }
        Ending::Json | Ending::JsonLines => json::read(&text).map(of_rows),
        Ending::Csv => table::read(&text, None),
        Ending::Tsv => table::read(&text, Some(b'\t')),
        Ending::None | Ending::Foreign(..) if table::has_header(&text) => table::read(&text, None),
        Ending::None | Ending::Foreign(..) => match text.trim_start().chars().next() {
            None => Ok(List::default()),
            Some('[' | '{') => json::read(&text).map(of_rows),
            // A line in quotes may be a JSON text, or nearly one.
            Some('"') => json::read(&text).or_else(|_| plain::read(&text)).map(of_rows),
            Some(_) => plain::read(&text).map(of_rows),
        },
    }
}

/// Decodes UTF-8 and UTF-16, else code page 1252, which spreadsheets on Windows write.
fn decode(bytes: &[u8]) -> Result<String, Refusal> {
    let has_mark = encoding_rs::Encoding::for_bom(bytes).is_some();
    let text = match text::decode(bytes) {
        Ok(text) => Some(text),
        Err(text::NotText) if has_mark => None,
        Err(text::NotText) => Some(WINDOWS_1252.decode_without_bom_handling(bytes).0.into_owned()),
    };
    let is_binary = |c: char| c.is_control() && !matches!(c, '\n' | '\r' | '\t');
    text.filter(|text| !text.contains(is_binary)).ok_or_else(|| {
        let problem = "the list is no text: neither UTF-8 nor UTF-16 nor code page 1252";
        Refusal::new(problem, "if it is a workbook, save it as CSV (UTF-8)")
    })
}

#[cfg(test)]
mod tests;
