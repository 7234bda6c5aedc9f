//! JSON lists: names, divisions and entity listings, in one document or in many.
//!
//! Never skips what it does not know: an entry without a name refuses the list. Invariant: what is
//! not JSON to its last byte is not read.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

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
    let mut problems: Vec<String> = missing(&documents).into_iter().collect();
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
    let mut stream = serde_json::Deserializer::from_str(text).into_iter::<Strict>();
    let (mut line, mut counted) = (1, 0);
    loop {
        let rest = &text[stream.byte_offset()..];
        let start = text.len() - rest.trim_start().len();
        line += text[counted..start].matches('\n').count();
        counted = start;
        match stream.next() {
            None => return Ok(documents),
            Some(Ok(Strict(document))) => documents.push((line, document)),
            Some(Err(error)) => return Err(format!("this JSON is not read: {error}")),
        }
    }
}

/// Reports what pages of an entity listing are not there, by what they say of themselves.
fn missing(documents: &[(usize, Value)]) -> Option<String> {
    let pages: Vec<&Map<String, Value>> = documents
        .iter()
        .filter_map(|(_, document)| document.as_object())
        .filter(|fields| fields.get("entities").is_some_and(Value::is_array))
        .collect();
    let most = |field: &str| pages.iter().filter_map(|page| page.get(field)?.as_u64()).max();
    let entities = |page: &&Map<String, Value>| page["entities"].as_array().map_or(0, Vec::len);
    let found = pages.iter().map(entities).sum::<usize>() as u64;
    if let Some(total) = most("total").filter(|total| *total > found) {
        return Some(format!("the listing has {total} entities, and {found} of them are here"));
    }
    let count = most("pageCount").filter(|count| *count > pages.len() as u64)?;
    let here = pages.len();
    most("total").is_none().then(|| format!("the listing has {count} pages, and {here} is here"))
}

/// A document in which no object has a key twice: the reader would take the last and drop the others.
struct Strict(Value);

impl<'de> Deserialize<'de> for Strict {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(StrictVisitor).map(Self)
    }
}

struct StrictVisitor;

impl<'de> Visitor<'de> for StrictVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Number::from_f64(value).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Value, A::Error> {
        let mut all = Vec::new();
        while let Some(Strict(value)) = list.next_element()? {
            all.push(value);
        }
        Ok(Value::Array(all))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Value, A::Error> {
        let mut fields = Map::new();
        while let Some((key, Strict(value))) = object.next_entry::<String, Strict>()? {
            if fields.contains_key(&key) {
                return Err(A::Error::custom(format!("the key `{key}` is there twice")));
            }
            fields.insert(key, value);
        }
        Ok(Value::Object(fields))
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
