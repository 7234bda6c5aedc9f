//! Question and answer of one `terraform console`.
//!
//! Piped, it prints the value of its last line alone, refuses expressions over several lines, and
//! shows `(sensitive value)` or `(known after apply)` in place of one element. So all expressions
//! go into one tuple on one line, each as Base64 of JSON, which needs no unquoting.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

/// Values of expressions of the root module, by their text.
pub(crate) type Evaluated = BTreeMap<String, Value>;

/// Writes the tuple. `nonsensitive` fails on a value that is not sensitive, hence `try`; an
/// expression that fails by itself must not take the others along.
pub(crate) fn question(expressions: &[String]) -> String {
    let elements: Vec<String> = expressions
        .iter()
        .map(|text| {
            format!("try(base64encode(jsonencode(try(nonsensitive({text}), {text}))), \"\")")
        })
        .collect();
    format!("[{}]", elements.join(", "))
}

/// Reads what was printed; an expression without a usable answer is left out.
pub(crate) fn answers(expressions: &[String], printed: &str) -> Evaluated {
    let lines: Vec<&str> = printed
        .lines()
        .map(str::trim)
        .skip_while(|line| *line != "[")
        .skip(1)
        .take_while(|line| *line != "]")
        .collect();
    if lines.len() != expressions.len() {
        return Evaluated::new();
    }
    let answered = expressions.iter().zip(lines);
    answered
        .filter_map(|(text, line)| {
            let encoded = line.strip_prefix('"')?.strip_suffix("\",")?;
            let json = STANDARD.decode(encoded).ok()?;
            Some((text.clone(), serde_json::from_slice(&json).ok()?))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_no_answer_is_left_out_and_a_strange_answer_counts_for_nothing() {
        let expressions = ["a".to_owned(), "b".to_owned(), "c".to_owned()];
        let printed = "[\n  \"InYi\",\n  (known after apply),\n  \"MQ==\",\n]\n";
        let found = answers(&expressions, printed);
        assert_eq!(
            found,
            BTreeMap::from([("a".into(), Value::from("v")), ("c".into(), Value::from(1))])
        );
        assert!(answers(&expressions, "[\n  \"InYi\",\n]").is_empty());
        assert!(answers(&expressions, "(sensitive value)").is_empty());
    }
}
