//! Logs within JSON: every string of a document may hold one, whatever its field is called.
//!
//! Never decides what a string means. Invariant: strings of different fields are never mixed, nor
//! those of different sources.

use std::collections::BTreeMap;

use serde_json::Value;

use super::detail::JsonScan;
use super::order;
use super::seek;
use super::units::plain_unit;

/// Documents up to this length are read as a whole, longer ones string by string.
pub(super) const LONGEST_WHOLE: usize = 4 << 20;
const DEEPEST: usize = 16;
/// The code of what a recorded terminal showed; others are of what was typed, of marks, of its size.
const OUTPUT: &str = "o";

/// Parts of the names of fields that say who wrote a line, where several write at once.
const SOURCES: [&str; 12] = [
    "container",
    "pod",
    "host",
    "job",
    "task",
    "step",
    "stack",
    "service",
    "source",
    "logger",
    "stream_name",
    "logstream",
];

/// What a text that begins like JSON is.
#[derive(Debug)]
pub(super) enum Beginning {
    /// A whole document.
    Whole(Value),
    /// The beginning of one.
    Open,
    /// No JSON.
    None,
}

/// Reads a text as JSON, if it begins like it. What Terraform and the provider print themselves is
/// for others.
pub(super) fn beginning(text: &str) -> Beginning {
    let text = text.trim().trim_end_matches(',');
    let is_own = ["{\"@level\"", "{\"resourceType\""].iter().any(|own| text.starts_with(own));
    if !text.starts_with(['{', '[', '"']) || is_own {
        return Beginning::None;
    }
    match serde_json::from_str(text) {
        Ok(value) => Beginning::Whole(value),
        Err(error) if error.is_eof() => Beginning::Open,
        Err(_) => Beginning::None,
    }
}

/// Finds a document that ends a line: an object behind any text, a string behind the key or the dash
/// of YAML.
pub(super) fn at_end(text: &str) -> Option<(&str, Value)> {
    let trimmed = text.trim_end();
    let start = match trimmed.chars().next_back()? {
        '}' => seek::find(trimmed, "{\"")?,
        '"' => trimmed.find('"').filter(|at| is_yaml(&trimmed[..*at]))?,
        _ => return None,
    };
    let (prefix, document) = trimmed.split_at(start);
    match beginning(document) {
        Beginning::Whole(value) if !prefix.contains('"') => Some((prefix, value)),
        _ => None,
    }
}

/// True for `- ` and `key: `.
fn is_yaml(prefix: &str) -> bool {
    let item = prefix.trim_start();
    let key = item.strip_prefix("- ").unwrap_or(item);
    key.is_empty() && !item.is_empty() || key.strip_suffix(": ").is_some_and(is_key)
}

/// True for the key of a pair.
fn is_key(key: &str) -> bool {
    !key.is_empty()
        && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
}

/// Reads `key=value key="quoted value"`, the other form of structured logs; only where it holds a
/// quoted text.
pub(super) fn pairs(text: &str) -> Option<Value> {
    if !seek::contains(text, "=\"") || !text.split_once('=').is_some_and(|(key, _)| is_key(key)) {
        return None;
    }
    let mut fields = serde_json::Map::new();
    let mut rest = text.trim();
    while let Some((key, value)) = rest.split_once('=') {
        if !is_key(key) {
            return None;
        }
        let after = if value.starts_with('"') {
            // Go quotes the escape byte as JSON does not.
            let length = quoted(value)?;
            let json = value[..length].replace("\\x1b", "\\u001b");
            fields.insert(key.to_owned(), serde_json::from_str(&json).ok()?);
            &value[length..]
        } else {
            let (word, after) = value.split_once(' ').unwrap_or((value, ""));
            let word = word.trim_matches(['[', ']']);
            fields.insert(key.to_owned(), Value::from(word));
            after
        };
        rest = after.trim_start();
    }
    rest.is_empty().then_some(Value::Object(fields))
}

/// Length of a quoted string with its quotes.
fn quoted(text: &str) -> Option<usize> {
    let mut is_escaped = false;
    text.bytes().enumerate().skip(1).find_map(|(at, byte)| match byte {
        _ if is_escaped => {
            is_escaped = false;
            None
        }
        b'\\' => {
            is_escaped = true;
            None
        }
        b'"' => Some(at + 1),
        _ => None,
    })
}

/// What a document holds.
pub(super) enum Found<'v> {
    /// A string: the field it stands in with its source, the unit it names, and the text.
    Text { field: &'v str, unit: Option<&'v str>, text: &'v str },
    /// What a terminal was sent next: it goes on in the next text of its field.
    Sent { field: &'v str, unit: Option<&'v str>, text: &'v str },
    /// A message of the machine-readable UI, as one line.
    Message { unit: Option<&'v str>, text: String },
    /// The provider's detail, as one line.
    Detail { field: &'v str, unit: Option<&'v str>, text: String },
}

/// Gives everything in a document in its order. A document's own text has a field, too: `$`.
pub(super) fn visit(value: &Value, give: &mut dyn FnMut(Found<'_>)) {
    visit_at(value, "$", None, 0, give);
}

fn visit_at(
    value: &Value,
    field: &str,
    unit: Option<&str>,
    depth: usize,
    give: &mut dyn FnMut(Found<'_>),
) {
    if depth > DEEPEST {
        return;
    }
    match value {
        Value::String(text) => give(Found::Text { field, unit, text }),
        Value::Array(all) => {
            if let Some(text) = text_of_bytes(all) {
                return give(Found::Text { field, unit, text: &text });
            }
            if let Some((code, text)) = event_of_recording(all, field) {
                if code == OUTPUT {
                    give(Found::Sent { field, unit, text });
                }
                return;
            }
            let mut visit = |value| visit_at(value, field, unit, depth + 1, give);
            if order::is_newest_first(all) {
                all.iter().rev().for_each(&mut visit);
            } else {
                all.iter().for_each(&mut visit);
            }
        }
        Value::Object(fields) => {
            let has = |key: &str| fields.contains_key(key);
            if has("@level") && (has("diagnostic") || has("hook") || has("type")) {
                return give(Found::Message { unit, text: value.to_string() });
            }
            if has("resourceType") && (has("correlationId") || has("statusCode")) {
                return give(Found::Detail { field, unit, text: value.to_string() });
            }
            // Terragrunt's structured log.
            let named = fields.get("prefix").filter(|_| has("msg")).and_then(Value::as_str);
            let named = named.map(plain_unit).filter(|unit| !unit.is_empty() && *unit != ".");
            let source = source_of(value);
            for (key, value) in fields {
                let field = format!("{field}{source}.{key}");
                visit_at(value, &field, named.or(unit), depth + 1, give);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Reads an event of a recorded terminal, and what kind of event it is: `[seconds, code, text]`, in the
/// oldest form `[seconds, text]` in the list `stdout` (asciinema manual, "asciicast v1", "v2", "v3").
/// Elsewhere a number and a text are a line with its time.
fn event_of_recording<'v>(all: &'v [Value], field: &str) -> Option<(&'v str, &'v str)> {
    match all {
        [Value::Number(_), Value::String(text)] if field.ends_with(".stdout") => {
            Some((OUTPUT, text))
        }
        [Value::Number(_), Value::String(code), Value::String(text)] if code.len() == 1 => {
            Some((code, text))
        }
        _ => None,
    }
}

/// Reads a list of bytes, as journald prints a text that holds an escape byte.
fn text_of_bytes(all: &[Value]) -> Option<String> {
    let byte = |value: &Value| u8::try_from(value.as_u64()?).ok();
    let bytes: Vec<u8> = all.iter().map(byte).collect::<Option<_>>()?;
    String::from_utf8(bytes).ok().filter(|text| !text.is_empty())
}

/// The values of an object that say who wrote its text.
fn source_of(value: &Value) -> String {
    const LONGEST: usize = 256;
    let mut found = BTreeMap::new();
    collect_sources(value, 0, &mut found);
    let mut source = String::new();
    for (_, value) in found {
        source.push(' ');
        source.push_str(super::diagnostic::beginning(value, LONGEST));
    }
    source
}

fn collect_sources<'v>(value: &'v Value, depth: usize, found: &mut BTreeMap<String, &'v str>) {
    const DEEPEST: usize = 3;
    let Value::Object(fields) = value else { return };
    for (key, value) in fields {
        let is_source = || {
            let key = key.to_ascii_lowercase();
            SOURCES.iter().any(|source| key.contains(source))
        };
        match value {
            Value::String(text) if !text.contains('\n') && is_source() => {
                found.insert(format!("{depth} {key}"), text);
            }
            Value::Object(_) if depth < DEEPEST => collect_sources(value, depth + 1, found),
            _ => {}
        }
    }
}

/// A document of several lines, or of one that is too long to be read as a whole.
#[derive(Debug)]
pub(super) struct Document {
    text: String,
    scan: JsonScan,
    strings: Option<Strings>,
}

/// How a document goes on after a line.
pub(super) enum Next {
    /// More must follow.
    More,
    /// It is whole.
    Whole(Value),
    /// It ended, and is no sound JSON.
    Broken,
}

impl Document {
    /// Begins a document.
    pub(super) fn new() -> Self {
        Self { text: String::new(), scan: JsonScan::of_document(), strings: None }
    }

    /// Takes in a line, or a piece of one. Of a document that is too long each string is given.
    pub(super) fn feed(
        &mut self,
        line: &str,
        is_ended: bool,
        give: &mut dyn FnMut(&str, &str, bool),
    ) -> Next {
        self.scan.feed(line);
        let is_broken = is_ended && self.scan.is_in_string();
        if let Some(strings) = &mut self.strings {
            strings.feed(line, give);
        } else {
            self.text.push_str(line);
            self.text.push(if is_ended { '\n' } else { ' ' });
            if !is_ended {
                self.text.pop();
            }
            if self.text.len() > LONGEST_WHOLE {
                self.rest(give);
            }
        }
        if self.scan.is_complete() {
            let text = self.text.trim_end().trim_end_matches(',');
            return serde_json::from_str(text).map_or(Next::Broken, Next::Whole);
        }
        if is_broken { Next::Broken } else { Next::More }
    }

    /// Gives the strings of what has been kept, and reads on string by string.
    pub(super) fn rest(&mut self, give: &mut dyn FnMut(&str, &str, bool)) {
        let text = std::mem::take(&mut self.text);
        self.strings.get_or_insert_default().feed(&text, give);
    }

    /// Gives what is left at the end of the input, where the document is cut.
    pub(super) fn finish(mut self, give: &mut dyn FnMut(&str, &str, bool)) {
        self.rest(give);
        if let Some(strings) = &mut self.strings {
            strings.end(give);
        }
    }
}

/// Reads the strings of JSON that need not be whole, in constant memory.
#[derive(Debug, Default)]
struct Strings {
    /// Of each open object its last key, of each array `None`.
    open: Vec<Option<String>>,
    text: String,
    /// What has come of an escape.
    escape: String,
    is_in_string: bool,
    expects_key: bool,
}

impl Strings {
    /// `give` takes field, text, and whether the string ends; long strings come line by line.
    fn feed(&mut self, json: &str, give: &mut dyn FnMut(&str, &str, bool)) {
        for char in json.chars() {
            if !self.is_in_string {
                match char {
                    '"' => self.is_in_string = true,
                    '{' | '[' => {
                        self.expects_key = char == '{';
                        self.open.push(self.expects_key.then(String::new));
                    }
                    '}' | ']' => {
                        self.open.pop();
                    }
                    ',' => self.expects_key = matches!(self.open.last(), Some(Some(_))),
                    _ => {}
                }
                continue;
            }
            if !self.escape.is_empty() || char == '\\' {
                self.escape.push(char);
                self.unescape();
            } else if char == '"' {
                self.is_in_string = false;
                self.end(give);
            } else {
                self.text.push(char);
            }
            let is_line = self.text.ends_with('\n') || self.text.len() > LONGEST_WHOLE;
            if is_line && !self.expects_key {
                give(&self.field(), &self.text, false);
                self.text.clear();
            }
        }
    }

    fn unescape(&mut self) {
        const UNICODE: usize = 6;
        let escape = self.escape.as_str();
        if escape.len() < 2 || escape.starts_with("\\u") && escape.len() < UNICODE {
            return;
        }
        let decoded = serde_json::from_str::<String>(&format!("\"{escape}\""));
        self.text.push_str(decoded.as_deref().unwrap_or("\u{fffd}"));
        self.escape.clear();
    }

    fn field(&self) -> String {
        self.open.iter().flatten().map(|key| format!(".{key}")).collect()
    }

    /// A string ended.
    fn end(&mut self, give: &mut dyn FnMut(&str, &str, bool)) {
        let text = std::mem::take(&mut self.text);
        match self.open.last_mut() {
            Some(Some(key)) if self.expects_key => {
                *key = text;
                self.expects_key = false;
            }
            _ => give(&self.field(), &text, true),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(json: &str) -> Vec<(String, String)> {
        let mut all = Vec::new();
        visit(&serde_json::from_str(json).unwrap(), &mut |found| {
            if let Found::Text { field, text, .. } = found {
                all.push((field.to_owned(), text.to_owned()));
            }
        });
        all
    }

    #[test]
    fn each_field_and_source_has_its_own_text() {
        assert_eq!(
            found(r#"[{"a":{"b":["1","2"]}},"3"]"#),
            [("$.a.b", "1"), ("$.a.b", "2"), ("$", "3")].map(|(a, b)| (a.to_owned(), b.to_owned()))
        );
        let field = |pod: &str| {
            let json = format!(r#"{{"k8s":{{"pod_name":"{pod}"}},"log":"x"}}"#);
            found(&json).into_iter().find(|(_, text)| text == "x").unwrap().0
        };
        assert_ne!(field("a"), field("b"));
    }

    #[test]
    fn pairs_are_read_with_their_quotes() {
        let value = pairs(r#"time=x prefix=[orgs/dev] msg="\x1b[31m│ \"x\"""#).unwrap();
        assert_eq!(value["msg"], "\u{1b}[31m│ \"x\"");
        assert_eq!(value["prefix"], "orgs/dev");
        for line in ["a=b c", "+ name = \"x\"", "name=\"x", "with a.b[\"x=\"],"] {
            assert_eq!(pairs(line), None, "{line}");
        }
    }

    #[test]
    fn strings_of_a_cut_document_are_read_as_far_as_they_go() {
        let mut document = Document::new();
        let mut all = Vec::new();
        let mut give = |field: &str, text: &str, is_end: bool| {
            all.push((field.to_owned(), text.to_owned(), is_end));
        };
        assert!(matches!(
            document.feed(r#"{"a":[{"log":"one\ntw\u006f\nthr"#, false, &mut give),
            Next::More
        ));
        document.finish(&mut give);
        let texts: Vec<_> =
            all.iter().map(|(field, text, _)| (field.as_str(), text.as_str())).collect();
        assert_eq!(texts, [(".a.log", "one\n"), (".a.log", "two\n"), (".a.log", "thr")]);
    }
}
