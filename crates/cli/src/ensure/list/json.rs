//! JSON lists: names, divisions and entity listings, in one document or in many.
//!
//! Never skips what it does not know: an entry without a name refuses the list. Invariant: what is
//! not JSON to its last byte is not read.

use serde_json::{Map, Value};

use super::row::{Refusal, Row};

/// Fields whose array is the list: an entity listing's, and a seed's.
const WRAPPERS: [&str; 2] = ["entities", "divisions"];

const FORMS: &str = "give a JSON array of names, or objects with name, path, description; out of \
                     another form: jq -r '.[].name' FILE | divvy ensure --from -";

/// Reads one or several JSON documents, each a name, a division, an array of these, or an object
/// that holds such an array as `entities` or `divisions`.
pub(super) fn read(text: &str) -> Result<Vec<Row>, Refusal> {
    let documents = documents(text).map_err(|problem| Refusal::new(problem, FORMS))?;
    let is_one = documents.len() == 1;
    let mut rows = Vec::new();
    let mut problems = Vec::new();
    for (line, document) in documents {
        let (list, is_list) = match unwrapped(document) {
            Ok(list) => (list, true),
            Err(single) => (vec![single], false),
        };
        for (index, entry) in list.into_iter().enumerate() {
            let place = match (is_list, is_one) {
                (true, true) => format!("entry {}", index + 1),
                (true, false) => format!("line {line}, entry {}", index + 1),
                (false, _) => format!("line {line}"),
            };
            match row(place, entry) {
                Ok(row) => rows.push(row),
                Err(problem) => problems.push(problem),
            }
        }
    }
    if problems.is_empty() {
        return Ok(rows);
    }
    Err(Refusal { problems, hints: vec![FORMS.to_owned()] })
}

/// Parses every document, each with the line that it begins on.
fn documents(text: &str) -> Result<Vec<(usize, Value)>, String> {
    let mut documents = Vec::new();
    let mut stream = serde_json::Deserializer::from_str(text).into_iter::<Value>();
    let (mut line, mut counted) = (1, 0);
    loop {
        let rest = &text[stream.byte_offset()..];
        let start = text.len() - rest.trim_start().len();
        line += text[counted..start].matches('\n').count();
        counted = start;
        match stream.next() {
            None => return Ok(documents),
            Some(Ok(document)) => documents.push((line, document)),
            Some(Err(error)) => return Err(format!("this is no valid JSON: {error}")),
        }
    }
}

/// Returns the array that a document is or holds, else the document itself.
fn unwrapped(document: Value) -> Result<Vec<Value>, Value> {
    match document {
        Value::Array(list) => Ok(list),
        Value::Object(mut fields) if !fields.contains_key("name") => {
            let held: Vec<&str> = WRAPPERS
                .into_iter()
                .filter(|field| fields.get(*field).is_some_and(Value::is_array))
                .collect();
            match held[..] {
                [only] => match fields.remove(only) {
                    Some(Value::Array(list)) => Ok(list),
                    _ => Err(Value::Object(fields)),
                },
                _ => Err(Value::Object(fields)),
            }
        }
        other => Err(other),
    }
}

fn row(place: String, entry: Value) -> Result<Row, String> {
    let mut fields = match entry {
        Value::String(name) => return Ok(Row { place, name: Some(name), ..Row::default() }),
        Value::Object(fields) => fields,
        Value::Null => return Err(format!("{place}: null is neither a name nor a division")),
        Value::Bool(_) => return Err(format!("{place}: a truth value is no name")),
        Value::Number(number) => {
            return Err(format!("{place}: {number} is a number, no name (in quotes it is one)"));
        }
        Value::Array(_) => return Err(format!("{place}: a list in a list is not read")),
    };
    let mut text = |field: &str| match fields.remove(field) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(format!("{place}: `{field}` is no text")),
    };
    let (name, path, description) = (text("name")?, text("path")?, text("description")?);
    if name.is_none() && path.is_none() {
        return Err(format!("{place}: there is neither name nor path{}", among(&fields)));
    }
    Ok(Row { place, name, path, description })
}

/// Names the fields that are there instead.
fn among(fields: &Map<String, Value>) -> String {
    const SHOWN: usize = 6;
    let names: Vec<String> = fields.keys().take(SHOWN).map(|name| format!("`{name}`")).collect();
    if names.is_empty() { String::new() } else { format!(" among {}", names.join(", ")) }
}
