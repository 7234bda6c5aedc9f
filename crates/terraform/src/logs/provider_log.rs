//! Reads the provider's own log (`TF_LOG_PROVIDER=INFO`): was a create refused because an earlier
//! try of the same run, whose reply was lost, had made the entity?
//!
//! Terraform's diagnostics cannot tell; the log can, since a re-sent request carries
//! `invocation_count`. Never says so where two creates of one name run at the same time.

use std::collections::HashMap;

use divvy_core::Failure;
use serde::Deserialize;
use serde_json::Value;

use super::seek;

/// A line of the SDK that the provider is built on, as far as it is needed.
#[derive(Deserialize)]
struct Line {
    debug_type: String,
    transaction_id: Option<String>,
    invocation_count: Option<u32>,
    invocation_method: String,
    invocation_url: String,
    invocation_status_code: Option<u16>,
    resource_type: Option<String>,
    resource_name: Option<String>,
}

/// What is created where: method, path, Terraform type, name.
type Target = (String, String, String, String);

/// The tries for one target.
#[derive(Debug, Default)]
struct Tries {
    /// The try whose reply has not been seen.
    waiting: Option<String>,
    /// True if an earlier try of the run may have made the entity.
    may_have_made: bool,
    /// True if two creates of the name overlap, so that nothing is certain.
    is_ambiguous: bool,
    is_self_made: bool,
}

/// The tries that a log shows.
#[derive(Debug, Default)]
pub(super) struct ProviderLog {
    tries: HashMap<Target, Tries>,
}

const SIGN: &str = "debug_type";
const MOST_TARGETS: usize = 10_000;
const LONGEST_LINE: usize = 16 << 10;

impl ProviderLog {
    /// Takes in a line of any log.
    pub(super) fn look(&mut self, text: &str) {
        if text.len() > LONGEST_LINE || !seek::has(text, b'{') || !seek::contains(text, SIGN) {
            return;
        }
        if let Some(line) = parse(text) {
            self.take_in(line);
        }
    }

    fn take_in(&mut self, line: Line) {
        let Some(name) = line.resource_name else {
            return;
        };
        let target = (
            line.invocation_method,
            line.invocation_url,
            line.resource_type.unwrap_or_default(),
            name,
        );
        if self.tries.len() >= MOST_TARGETS && !self.tries.contains_key(&target) {
            return;
        }
        let tries = self.tries.entry(target).or_default();
        match line.debug_type.as_str() {
            "SDK DEBUG REQUEST" => {
                let is_resent = line.invocation_count.is_some_and(|count| count > 0);
                let is_unanswered = tries.waiting.is_some();
                if is_resent {
                    tries.may_have_made |= is_unanswered;
                } else {
                    tries.is_ambiguous |= is_unanswered;
                    tries.may_have_made = false;
                }
                tries.waiting = Some(line.transaction_id.unwrap_or_default());
            }
            "SDK DEBUG RESPONSE" => {
                let is_expected = tries.waiting.take() == line.transaction_id;
                tries.is_ambiguous |= !is_expected;
                match line.invocation_status_code {
                    Some(409) => tries.is_self_made = tries.may_have_made,
                    // After 429 nothing was done; after 5xx nobody knows.
                    Some(500..) | None => tries.may_have_made = true,
                    Some(_) => {}
                }
            }
            _ => {}
        }
    }

    /// True if the run itself had made what this failure says exists.
    pub(super) fn is_self_made(&self, failure: &Failure) -> bool {
        let Some(409) = failure.status else {
            return false;
        };
        let target = (&failure.method, &failure.path, &failure.terraform_type, &failure.name);
        let (Some(method), Some(path), Some(terraform_type), Some(name)) = target else {
            return false;
        };
        let target = (method.clone(), path.clone(), terraform_type.clone(), name.clone());
        self.tries.get(&target).is_some_and(|tries| tries.is_self_made && !tries.is_ambiguous)
    }
}

/// Reads the SDK's object out of a log line, also where the log line itself is JSON (`TF_LOG=JSON`).
fn parse(text: &str) -> Option<Line> {
    let text = if text.contains("\\\"debug_type\\\"") {
        let outer: Value = serde_json::from_str(&text[text.find('{')?..]).ok()?;
        outer.get("@message")?.as_str()?.to_owned()
    } else {
        text.to_owned()
    };
    let object = &text[text.find("{\"debug_type\"")?..];
    serde_json::Deserializer::from_str(object).into_iter::<Line>().next()?.ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(kind: &str, transaction: &str, more: &str) -> String {
        format!(
            r#"x [INFO] p: {{"debug_type":"SDK DEBUG {kind}","transaction_id":"{transaction}",{more}"invocation_method":"POST","invocation_url":"/p","resource_type":"t","resource_name":"n"}}: timestamp=x"#
        )
    }

    fn is_self_made(lines: &[String]) -> bool {
        let mut log = ProviderLog::default();
        for line in lines {
            log.look(line);
        }
        let tries = log.tries.values().next().unwrap();
        tries.is_self_made && !tries.is_ambiguous
    }

    const COUNT: &str = r#""invocation_count":1,"#;
    const REFUSED: &str = r#""invocation_status_code":409,"#;

    #[test]
    fn only_a_try_after_an_unknown_outcome_is_self_made() {
        let lost =
            [line("REQUEST", "a", ""), line("REQUEST", "b", COUNT), line("RESPONSE", "b", REFUSED)];
        assert!(is_self_made(&lost));
        let gateway = r#""invocation_status_code":503,"#;
        let late = [
            line("REQUEST", "a", ""),
            line("RESPONSE", "a", gateway),
            line("REQUEST", "b", COUNT),
            line("RESPONSE", "b", REFUSED),
        ];
        assert!(is_self_made(&late));
    }

    #[test]
    fn a_first_try_or_one_after_429_is_not_self_made() {
        assert!(!is_self_made(&[line("REQUEST", "a", ""), line("RESPONSE", "a", REFUSED)]));
        let paced = r#""invocation_status_code":429,"#;
        assert!(!is_self_made(&[
            line("REQUEST", "a", ""),
            line("RESPONSE", "a", paced),
            line("REQUEST", "b", COUNT),
            line("RESPONSE", "b", REFUSED),
        ]));
    }

    #[test]
    fn two_creates_of_one_name_at_the_same_time_prove_nothing() {
        assert!(!is_self_made(&[
            line("REQUEST", "a", ""),
            line("REQUEST", "other", ""),
            line("REQUEST", "b", COUNT),
            line("RESPONSE", "b", REFUSED),
        ]));
    }

    #[test]
    fn a_log_in_json_is_read_too() {
        let inner = line("REQUEST", "a", "");
        let outer = serde_json::json!({"@level": "info", "@message": inner}).to_string();
        assert_eq!(parse(&outer).unwrap().resource_name.as_deref(), Some("n"));
    }
}
