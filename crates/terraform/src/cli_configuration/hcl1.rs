//! A reader of the first version of HCL, and of its JSON form: keys, texts and objects.
//!
//! Pure. Knows nothing of Terraform. Invariant: what it does not understand is an error, never left
//! out: an argument must not come to light from the middle of something else.

use serde_json::Value as Json;

/// One `key = value`, `key { … }` or `key "label" { … }`.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Item {
    keys: Vec<String>,
    value: Value,
}

#[derive(Debug, PartialEq, Eq)]
enum Value {
    Text(String),
    Object(Vec<Item>),
    /// A number, a truth value, a list.
    Other,
}

impl Item {
    /// Returns the first key.
    pub(super) fn key(&self) -> &str {
        self.keys.first().map_or("", String::as_str)
    }

    /// Returns the value, if it is a text.
    pub(super) fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Text(text) => Some(text),
            Value::Object(_) | Value::Other => None,
        }
    }
}

/// Returns the insides of every object with this key and no label.
pub(super) fn objects<'i>(items: &'i [Item], key: &'i str) -> impl Iterator<Item = &'i [Item]> {
    items.iter().filter_map(move |item| match &item.value {
        Value::Object(inside) if item.keys.len() == 1 && item.key() == key => {
            Some(inside.as_slice())
        }
        _ => None,
    })
}

/// Reads a document in either form.
///
/// # Errors
/// Where it cannot be read on, with the line.
pub(super) fn parse(text: &str) -> Result<Vec<Item>, String> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if text.trim_start().starts_with('{') {
        return match serde_json::from_str(text) {
            Ok(Json::Object(entries)) => Ok(items_of(entries)),
            Ok(_) => Err("it is no object".to_owned()),
            Err(error) => Err(error.to_string()),
        };
    }
    let tokens = tokens(text)?;
    let mut reader = Reader { tokens: &tokens, at: 0 };
    let items = reader.items(false)?;
    Ok(items)
}

/// A list of objects stands for several blocks.
fn items_of(entries: serde_json::Map<String, Json>) -> Vec<Item> {
    let mut items = Vec::new();
    for (key, value) in entries {
        let values = match value {
            Json::Array(values) if values.iter().all(Json::is_object) => values,
            value => vec![value],
        };
        items.extend(values.into_iter().map(|value| {
            let value = match value {
                Json::String(text) => Value::Text(text),
                Json::Object(entries) => Value::Object(items_of(entries)),
                _ => Value::Other,
            };
            Item { keys: vec![key.clone()], value }
        }));
    }
    items
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Token {
    Word(String),
    Text(String),
    Sign(char),
}

struct Reader<'t> {
    tokens: &'t [(usize, Token)],
    at: usize,
}

impl Reader<'_> {
    fn next(&mut self) -> Option<&Token> {
        let (_, token) = self.tokens.get(self.at)?;
        self.at += 1;
        Some(token)
    }

    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at).map(|(_, token)| token)
    }

    fn unexpected<T>(&self) -> Result<T, String> {
        match self.tokens.get(self.at).or(self.tokens.last()) {
            Some((line, _)) => Err(format!("line {line} is not understood")),
            None => Err("it ends too early".to_owned()),
        }
    }

    fn items(&mut self, is_nested: bool) -> Result<Vec<Item>, String> {
        let mut items = Vec::new();
        loop {
            match self.peek() {
                None if !is_nested => return Ok(items),
                Some(Token::Sign('}')) if is_nested => {
                    self.at += 1;
                    return Ok(items);
                }
                Some(Token::Sign(',')) => self.at += 1,
                Some(Token::Word(_) | Token::Text(_)) => items.push(self.item()?),
                _ => return self.unexpected(),
            }
        }
    }

    fn item(&mut self) -> Result<Item, String> {
        let mut keys = Vec::new();
        loop {
            match self.peek() {
                Some(Token::Word(word) | Token::Text(word)) => keys.push(word.clone()),
                Some(Token::Sign('{')) => {
                    self.at += 1;
                    return Ok(Item { keys, value: Value::Object(self.items(true)?) });
                }
                Some(Token::Sign('=')) if keys.len() == 1 => {
                    self.at += 1;
                    return Ok(Item { keys, value: self.value()? });
                }
                _ => return self.unexpected(),
            }
            self.at += 1;
        }
    }

    fn value(&mut self) -> Result<Value, String> {
        match self.next() {
            Some(Token::Text(text)) => Ok(Value::Text(text.clone())),
            Some(Token::Word(_)) => Ok(Value::Other),
            Some(Token::Sign('{')) => Ok(Value::Object(self.items(true)?)),
            Some(Token::Sign('[')) => loop {
                match self.peek() {
                    Some(Token::Sign(']')) => {
                        self.at += 1;
                        return Ok(Value::Other);
                    }
                    Some(Token::Sign(',')) => self.at += 1,
                    _ => {
                        self.value()?;
                    }
                }
            },
            _ => self.unexpected(),
        }
    }
}

fn tokens(text: &str) -> Result<Vec<(usize, Token)>, String> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let line = text[..text.len() - rest.len()].matches('\n').count() + 1;
        let failed = |what: &str| format!("line {line}: {what}");
        if first.is_whitespace() {
            rest = &rest[first.len_utf8()..];
        } else if first == '#' || rest.starts_with("//") {
            rest = rest.find('\n').map_or("", |end| &rest[end..]);
        } else if rest.starts_with("/*") {
            let end = rest.find("*/").ok_or_else(|| failed("a comment has no end"))?;
            rest = &rest[end + 2..];
        } else if first == '"' {
            let (token, end) = quoted(rest).ok_or_else(|| failed("a text has no end"))?;
            found.push((line, Token::Text(token)));
            rest = &rest[end..];
        } else if rest.starts_with("<<") {
            let (token, end) = heredoc(rest).ok_or_else(|| failed("a text has no end"))?;
            found.push((line, Token::Text(token)));
            rest = &rest[end..];
        } else if "{}[]=,".contains(first) {
            found.push((line, Token::Sign(first)));
            rest = &rest[1..];
        } else if is_of_a_word(first) {
            let end = rest.find(|c| !is_of_a_word(c)).unwrap_or(rest.len());
            found.push((line, Token::Word(rest[..end].to_owned())));
            rest = &rest[end..];
        } else {
            return Err(failed("it is not understood"));
        }
    }
    Ok(found)
}

fn is_of_a_word(letter: char) -> bool {
    letter.is_alphanumeric() || "_-.+".contains(letter)
}

/// Reads a text in quotes: what it says, and where it ends. What `${` begins ends with its brace, and
/// may hold quotes.
fn quoted(text: &str) -> Option<(String, usize)> {
    let mut said = String::new();
    let mut depth = 0_usize;
    let mut letters = text.char_indices().skip(1).peekable();
    while let Some((at, letter)) = letters.next() {
        match letter {
            '"' if depth == 0 => return Some((said, at + 1)),
            '\\' if depth == 0 => {
                let (_, escaped) = letters.next()?;
                said.push(match escaped {
                    'n' => '\n',
                    't' => '\t',
                    'r' => '\r',
                    other => other,
                });
                continue;
            }
            '$' if letters.peek().is_some_and(|(_, next)| *next == '{') => {
                depth += 1;
                letters.next();
                said.push_str("${");
                continue;
            }
            '{' if depth > 0 => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            '\n' if depth == 0 => return None,
            _ => {}
        }
        said.push(letter);
    }
    None
}

/// Reads `<<MARK` or `<<-MARK` up to the line of the mark.
fn heredoc(text: &str) -> Option<(String, usize)> {
    let (first, body) = text.split_once('\n')?;
    let mark = first[2..].trim_start_matches('-').trim();
    let mut at = first.len() + 1;
    let mut said = String::new();
    for line in body.split_inclusive('\n') {
        if line.trim() == mark {
            return (!mark.is_empty()).then_some((said, at + line.trim_end().len()));
        }
        said.push_str(line);
        at += line.len();
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_cut_short_is_an_error_with_its_line() {
        for (text, line) in [
            ("a {", "line 1"),
            ("a = 1\nb = \"x", "line 2"),
            ("/* a", "line 1"),
            ("a = <<E\nx", "line 1"),
            ("}", "line 1"),
            ("a = [1, ", "line 1"),
            ("a b = 1", "line 1"),
            ("a = 1\n?", "line 2"),
        ] {
            let error = parse(text).unwrap_err();
            assert!(error.contains(line), "{text:?}: {error}");
        }
    }

    #[test]
    fn texts_hold_what_looks_like_syntax() {
        let items = parse("a = \"\\\"{ # ${x(\"{}\")} \\n\"\nb \"l\" { c = [1, \"}\"] }").unwrap();
        assert_eq!(items[0].text(), Some("\"{ # ${x(\"{}\")} \n"));
        assert_eq!(items[1].keys, ["b", "l"]);
        assert_eq!(objects(&items, "b").count(), 0, "a label makes it another block");
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused_never_a_panic(text in "\\PC{0,40}|[a{}=\"$#/*<\\\\\\n ]{0,30}") {
            let _ = parse(&text);
        }
    }
}
