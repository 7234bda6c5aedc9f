//! Blocks of one file in Terraform's JSON syntax.
//!
//! Lines are found by looking for the quoted label behind the quoted type, so a place is a good
//! guess there; the block itself is exact.

use std::path::Path;

use serde_json::{Map, Value};

use super::expression::on_one_line;
use super::written::{
    Argument, Form, Found, ImportBlock, Lines, NamedBlock, ResourceBlock, Written,
};

type Object = Map<String, Value>;

pub(super) fn read(text: &str, file: &Path) -> Option<Found> {
    let lines = Lines::of(file, text);
    let value: Value = serde_json::from_str(lines.text).ok()?;
    let mut found = Found::default();
    for top in objects(&value) {
        read_top(top, &lines, &mut found);
    }
    Some(found)
}

fn read_top(top: &Object, lines: &Lines<'_>, found: &mut Found) {
    for (terraform_type, labels) in entries(top, "resource") {
        for (label, bodies) in objects(labels).flatten() {
            found.resources.extend(objects(bodies).map(|body| ResourceBlock {
                terraform_type: terraform_type.clone(),
                label: label.clone(),
                place: place(lines, &[terraform_type, label]),
                body: written(body, lines),
            }));
        }
    }
    for (name, bodies) in entries(top, "provider") {
        for body in objects(bodies) {
            let alias = body.get("alias").and_then(Value::as_str).map(str::to_owned);
            let place = place(lines, &["provider", name]);
            let written = written(body, lines);
            found.providers.push((name.clone(), alias, place, written));
        }
    }
    for (name, bodies) in entries(top, "module") {
        for body in objects(bodies) {
            found.modules.push(NamedBlock::new(name, written(body, lines)));
        }
    }
    for (name, bodies) in entries(top, "variable") {
        for body in objects(bodies) {
            found.variables.push(NamedBlock::new(name, written(body, lines)));
        }
    }
    for body in top.get("locals").into_iter().flat_map(objects) {
        found.locals.merge(written(body, lines));
    }
    for block in top.get("import").into_iter().flat_map(objects) {
        let to = block.get("to").and_then(Value::as_str).unwrap_or_default();
        let (place, body) = (place(lines, &["import", to]), written(block, lines));
        found.imports.push(ImportBlock { to: to.to_owned(), place, body });
    }
    for settings in top.get("terraform").into_iter().flat_map(objects) {
        read_settings(settings, found);
    }
}

fn read_settings(settings: &Object, found: &mut Found) {
    for (backend, _) in entries(settings, "backend") {
        found.backend = Some(backend.clone());
    }
    if settings.contains_key("cloud") {
        found.backend = Some("cloud".to_owned());
    }
    for (name, requirement) in entries(settings, "required_providers") {
        if let Some(source) = requirement.get("source").and_then(Value::as_str) {
            found.required_providers.insert(name.clone(), source.to_owned());
            let version = requirement.get("version").and_then(Value::as_str);
            found
                .required_versions
                .extend(version.map(|version| (source.to_owned(), version.to_owned())));
        }
    }
}

/// Returns one object, or the objects of an array: both spell a list of blocks.
fn objects(value: &Value) -> impl Iterator<Item = &Object> {
    let (one, many) = match value {
        Value::Array(items) => (None, items.as_slice()),
        other => (Some(other), &[][..]),
    };
    one.into_iter().chain(many).filter_map(Value::as_object)
}

fn entries<'a>(object: &'a Object, name: &str) -> impl Iterator<Item = (&'a String, &'a Value)> {
    object.get(name).into_iter().flat_map(objects).flatten()
}

fn place(lines: &Lines<'_>, words: &[&str]) -> super::written::Place {
    let mut at = 0;
    for word in words {
        let quoted = Value::from(*word).to_string();
        at += lines.text[at..].find(&quoted).unwrap_or(0);
    }
    lines.place(at..at)
}

fn written(object: &Object, lines: &Lines<'_>) -> Written {
    let mut written = Written::default();
    for (name, value) in object {
        written.sources.extend(source(value).map(|source| (name.clone(), source)));
        match value {
            Value::Object(_) | Value::Array(_) if name == "dynamic" => {
                let names = objects(value).flatten().map(|(name, _)| name.clone());
                written.dynamic.extend(names);
            }
            Value::Array(items) if !items.is_empty() && items.iter().all(Value::is_string) => {
                let form = Form::Expression(value.to_string());
                written
                    .arguments
                    .insert(name.clone(), Argument { place: place(lines, &[name]), form });
            }
            Value::Object(_) | Value::Array(_) => {
                let blocks = objects(value);
                let blocks = blocks.map(|body| (name.clone(), self::written(body, lines)));
                written.blocks.extend(blocks);
            }
            _ => {
                let argument = Argument { place: place(lines, &[name]), form: form_of(value) };
                written.arguments.insert(name.clone(), argument);
            }
        }
    }
    written
}

/// A text is a template in JSON; one that is a single interpolation is an expression.
fn form_of(value: &Value) -> Form {
    let Some(text) = value.as_str() else {
        return if value.is_null() { Form::Null } else { Form::Literal(value.to_string()) };
    };
    let interpolation = text.strip_prefix("${").and_then(|rest| rest.strip_suffix('}'));
    match interpolation {
        Some(inner) if !inner.contains("${") && !inner.contains(['}', '\n']) => {
            Form::Expression(inner.trim().to_owned())
        }
        _ if text.contains("${") || text.contains("%{") => Form::Opaque,
        _ => Form::Literal(text.to_owned()),
    }
}

/// Writes a value in HCL's native syntax, on one line.
fn source(value: &Value) -> Option<String> {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => Some(value.to_string()),
        Value::String(text) => template(text),
        Value::Array(items) => {
            let items: Option<Vec<String>> = items.iter().map(source).collect();
            Some(format!("[{}]", items?.join(", ")))
        }
        Value::Object(items) => {
            let item = |(key, value): (&String, &Value)| {
                Some(format!("({}) = {}", template(key)?, source(value)?))
            };
            let items: Option<Vec<String>> = items.iter().map(item).collect();
            Some(format!("{{{}}}", items?.join(", ")))
        }
    }
}

/// Quotes a text as the template that it is in Terraform's JSON: what stands between interpolations
/// is escaped, what stands in them is not. `None` if that is no template.
fn template(text: &str) -> Option<String> {
    let mut quoted = String::from("\"");
    // What is open around here: a brace, or a quote of a text within one.
    let mut open: Vec<char> = Vec::new();
    let mut rest = text;
    while let Some(character) = rest.chars().next() {
        let is_in_text = open.last() != Some(&'{');
        let marks = [("$${", None), ("%%{", None), ("${", Some('{')), ("%{", Some('{'))];
        let mark = marks.iter().find(|(mark, _)| is_in_text && rest.starts_with(mark));
        let escaped = format!("\\{}", rest.chars().nth(1).unwrap_or_default());
        let length = match (open.last(), character, mark) {
            (_, _, Some((mark, opens))) => {
                open.extend(opens);
                mark.len()
            }
            (Some('"'), '\\', None) => escaped.len().min(rest.len()),
            (None, _, None) => {
                quoted.push_str(&escape(character));
                rest = &rest[character.len_utf8()..];
                continue;
            }
            (Some('{'), '{' | '"', None) => {
                open.push(character);
                1
            }
            (Some('{'), '}', None) | (Some('"'), '"', None) => {
                open.pop();
                1
            }
            (Some(_), _, None) => character.len_utf8(),
        };
        quoted.push_str(&rest[..length]);
        rest = &rest[length..];
    }
    quoted.push('"');
    let expression = quoted.parse().ok()?;
    if quoted.contains('\n') { on_one_line(&expression) } else { Some(quoted) }
}

fn escape(character: char) -> String {
    match character {
        '"' | '\\' => format!("\\{character}"),
        '\n' => "\\n".to_owned(),
        '\r' => "\\r".to_owned(),
        '\t' => "\\t".to_owned(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_of_json_is_the_template_that_terraform_reads() {
        for (text, wanted) in [
            ("plain \"x\" \\ $5 {}", r#""plain \"x\" \\ $5 {}""#),
            ("two\nlines", r#""two\nlines""#),
            ("${toset([\"B\"])}", r#""${toset(["B"])}""#),
            ("a ${upper(\"x}\\\"${var.y}\")} \"b\"", r#""a ${upper("x}\"${var.y}")} \"b\"""#),
            ("$${no}", r#""$${no}""#),
            ("${\nvar.x\n}", r#""${ var.x }""#),
        ] {
            assert_eq!(template(text).as_deref(), Some(wanted), "{text}");
        }
        assert_eq!(template("${"), None);
        let value = serde_json::json!({"a": ["${var.x}", 1, null], "b c": true});
        assert_eq!(source(&value).unwrap(), r#"{("a") = ["${var.x}", 1, null], ("b c") = true}"#);
    }
}
