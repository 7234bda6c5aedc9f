//! Blocks of one file in HCL's native syntax.
//!
//! Knows hcl-edit, as [`super::expression`] does. It does not take a byte order mark (Terraform does), and
//! stops at the first syntax error: then the whole file counts as unreadable.

use std::path::Path;

use hcl_edit::Span;
use hcl_edit::expr::Expression;
use hcl_edit::structure::{Block, BlockLabel, Body};

use super::expression::on_one_line;
use super::written::{
    Argument, Form, Found, ImportBlock, Lines, NamedBlock, ResourceBlock, Written,
};

pub(super) fn read(text: &str, file: &Path) -> Option<Found> {
    let lines = Lines::of(file, text);
    let body = hcl_edit::parser::parse_body(lines.text).ok()?;
    let mut found = Found::default();
    for block in body.blocks() {
        read_block(block, &lines, &mut found);
    }
    Some(found)
}

fn read_block(block: &Block, lines: &Lines<'_>, found: &mut Found) {
    let labels: Vec<&str> = block.labels.iter().map(BlockLabel::as_str).collect();
    let place = lines.place(block.span().unwrap_or_default());
    match (block.ident.as_str(), labels.as_slice()) {
        ("resource", [terraform_type, label]) => {
            let (terraform_type, label) = ((*terraform_type).to_owned(), (*label).to_owned());
            let body = written(&block.body, lines);
            found.resources.push(ResourceBlock { terraform_type, label, place, body });
        }
        ("provider", [name]) => {
            let alias = text_of(&block.body, "alias");
            let body = written(&block.body, lines);
            found.providers.push(((*name).to_owned(), alias, place, body));
        }
        ("module", [name]) => {
            found.modules.push(NamedBlock::new(*name, written(&block.body, lines)));
        }
        ("variable", [name]) => {
            found.variables.push(NamedBlock::new(*name, written(&block.body, lines)));
        }
        ("locals", []) => found.locals.merge(written(&block.body, lines)),
        ("import", []) => {
            let to = block.body.get_attribute("to");
            let source = to.and_then(|to| source_of(&to.value, lines));
            let body = written(&block.body, lines);
            let to = source.unwrap_or_default().to_owned();
            found.imports.push(ImportBlock { to, place, body });
        }
        ("terraform", []) => read_settings(&block.body, found),
        _ => {}
    }
}

fn read_settings(body: &Body, found: &mut Found) {
    for block in body.blocks() {
        match (block.ident.as_str(), block.labels.first()) {
            ("backend", Some(label)) => found.backend = Some(label.as_str().to_owned()),
            ("cloud", None) => found.backend = Some("cloud".to_owned()),
            ("required_providers", None) => {
                for attribute in block.body.attributes() {
                    let entry = |name: &str| {
                        let mut entries = attribute.value.as_object()?.iter();
                        let is_named = |key: &hcl_edit::expr::ObjectKey| {
                            key.as_ident().is_some_and(|key| key.as_str() == name)
                        };
                        entries.find(|(key, _)| is_named(key))?.1.expr().as_str()
                    };
                    if let Some(source) = entry("source") {
                        let name = attribute.key.as_str().to_owned();
                        found.required_providers.insert(name, source.to_owned());
                        let version = entry("version").map(str::to_owned);
                        found
                            .required_versions
                            .extend(version.map(|version| (source.to_owned(), version)));
                    }
                }
            }
            _ => {}
        }
    }
}

fn text_of(body: &Body, name: &str) -> Option<String> {
    let attribute = body.get_attribute(name)?;
    attribute.value.as_str().map(str::to_owned)
}

fn source_of<'a>(expression: &Expression, lines: &Lines<'a>) -> Option<&'a str> {
    lines.text.get(expression.span()?).map(str::trim)
}

fn written(body: &Body, lines: &Lines<'_>) -> Written {
    let mut written = Written::default();
    for attribute in body.attributes() {
        let name = attribute.key.as_str();
        let source = source_on_one_line(&attribute.value, lines);
        let argument = Argument {
            place: lines.place(attribute.span().unwrap_or_default()),
            form: form_of(&attribute.value, source.as_deref()),
        };
        written.arguments.insert(name.to_owned(), argument);
        written.sources.extend(source.map(|source| (name.to_owned(), source)));
    }
    for block in body.blocks() {
        match (block.ident.as_str(), block.labels.first()) {
            ("dynamic", Some(label)) => written.dynamic.push(label.as_str().to_owned()),
            (name, _) => {
                let nested = self::written(&block.body, lines);
                written.blocks.push((name.to_owned(), nested));
            }
        }
    }
    written
}

fn form_of(expression: &Expression, source: Option<&str>) -> Form {
    match expression {
        Expression::Null(_) => Form::Null,
        Expression::String(text) => Form::Literal(text.as_str().to_owned()),
        Expression::Bool(flag) => Form::Literal(flag.as_ref().to_string()),
        Expression::Number(number) => Form::Literal(number.as_ref().to_string()),
        _ => source.map_or(Form::Opaque, |source| Form::Expression(source.to_owned())),
    }
}

/// One line is all that a piped console takes.
fn source_on_one_line(expression: &Expression, lines: &Lines<'_>) -> Option<String> {
    let source = source_of(expression, lines)?;
    if source.contains(['\n', '#']) || source.contains("//") || source.contains("/*") {
        on_one_line(expression)
    } else {
        Some(source.to_owned())
    }
}
