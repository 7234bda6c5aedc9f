//! Structured logs of Terragrunt, which carry one line of Terraform's output, or several, in a field.
//!
//! Never reads the text within. Invariant: a line that is no such envelope is `None`.

use std::borrow::Cow;

use serde::Deserialize;

use super::layers;

/// A line of Terragrunt's JSON log, with a line of Terraform in it.
#[derive(Deserialize)]
struct JsonLine<'a> {
    #[serde(borrow)]
    msg: Cow<'a, str>,
    #[serde(borrow)]
    prefix: Option<Cow<'a, str>>,
}

/// Opens a line of Terragrunt's structured log: its unit and the text within.
pub(super) fn opened(text: &str) -> Option<(Option<String>, String)> {
    let known_unit = |unit: &str| {
        let unit = layers::plain_unit(unit);
        (!unit.is_empty() && unit != ".").then(|| unit.to_owned())
    };
    if text.starts_with('{') && text.contains("\"msg\"") && !text.contains("\"@level\":") {
        let line: JsonLine = serde_json::from_str(text.trim_end()).ok()?;
        return Some((line.prefix.and_then(|unit| known_unit(&unit)), line.msg.into_owned()));
    }
    if text.starts_with("time=") {
        let message = logfmt_value(text, " msg=")?;
        return Some((logfmt_value(text, " prefix=").and_then(|unit| known_unit(&unit)), message));
    }
    None
}

/// Reads one value of `key=value key="quoted value"`.
fn logfmt_value(text: &str, key: &str) -> Option<String> {
    let rest = &text[text.find(key)? + key.len()..];
    if rest.starts_with('"') {
        // Go quotes the escape byte as JSON does not.
        let rest = rest.replace("\\x1b", "\\u001b");
        return serde_json::Deserializer::from_str(&rest).into_iter::<String>().next()?.ok();
    }
    let value = rest.split(' ').next()?;
    Some(value.trim_matches(['[', ']']).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unit_and_text(line: &str) -> (Option<String>, String) {
        opened(line).unwrap()
    }

    #[test]
    fn both_forms_give_unit_and_text() {
        let expected = (Some("orgs/dev".to_owned()), "│ \"x\"".to_owned());
        let json = r#"{"level":"stdout","prefix":"./orgs/dev","msg":"│ \"x\""}"#;
        let pairs = r#"time=2026-11-20T08:20:00Z level=stdout prefix=[orgs/dev] tf-path=tofu msg="│ \"x\"""#;
        assert_eq!(unit_and_text(json), expected);
        assert_eq!(unit_and_text(pairs), expected);
        assert_eq!(unit_and_text(r#"time=x msg="\x1b[31mx""#).1, "\u{1b}[31mx");
        assert_eq!(unit_and_text(r#"{"prefix":".","msg":"x"}"#).0, None);
    }

    #[test]
    fn messages_of_terraform_and_cut_lines_are_no_envelopes() {
        for line in
            [r#"{"@level":"info","msg":"x"}"#, r#"{"level":"stdout","msg":"x"#, "{}", "time=x"]
        {
            assert_eq!(opened(line), None, "{line}");
        }
    }
}
