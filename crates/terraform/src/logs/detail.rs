//! Reads what a diagnostic's body tells: the provider's JSON, joined again where Terraform wrapped
//! it, and addresses in Terraform's own prose.
//!
//! Never takes a name or a message from re-joined text, because the blanks at the breaks are lost.
//! Only fields without blanks are read: type, method, path, status, correlation id.

use serde_json::{Map, Value};

use super::diagnostic::Damage;

/// The provider's JSON (source: `BuildAPIDiagnosticError` of the Genesys Cloud provider).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct ApiDetail {
    pub(super) terraform_type: Option<String>,
    pub(super) method: Option<String>,
    pub(super) path: Option<String>,
    pub(super) status: Option<u16>,
    pub(super) correlation_id: Option<String>,
    pub(super) damage: Vec<Damage>,
}

/// Follows a JSON object over several lines to its closing brace.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct JsonScan {
    depth: usize,
    is_in_string: bool,
    is_escaped: bool,
    has_begun: bool,
    is_closed: bool,
}

impl JsonScan {
    /// Follows a document that begins with its next line.
    pub(super) fn of_document() -> Self {
        Self { has_begun: true, ..Self::default() }
    }

    /// True from the first brace on.
    pub(super) fn has_begun(self) -> bool {
        self.has_begun
    }

    /// True within a string.
    pub(super) fn is_in_string(self) -> bool {
        self.is_in_string
    }

    /// True between the first brace and the last.
    pub(super) fn is_open(self) -> bool {
        self.has_begun && !self.is_closed
    }

    /// True after the last brace.
    pub(super) fn is_complete(self) -> bool {
        self.is_closed
    }

    /// Takes in the next line; before the object begins, only a line that begins one counts.
    pub(super) fn feed(&mut self, line: &str) {
        if self.is_closed || !self.has_begun && !begins_object(line) {
            return;
        }
        self.has_begun = true;
        for byte in line.bytes() {
            if self.is_escaped {
                self.is_escaped = false;
            } else if self.is_in_string {
                match byte {
                    b'\\' => self.is_escaped = true,
                    b'"' => self.is_in_string = false,
                    _ => {}
                }
            } else {
                match byte {
                    b'"' => self.is_in_string = true,
                    b'{' | b'[' => self.depth += 1,
                    b'}' | b']' => {
                        self.depth = self.depth.saturating_sub(1);
                        self.is_closed = self.depth == 0;
                    }
                    _ => {}
                }
            }
            if self.is_closed {
                return;
            }
        }
    }
}

/// True if a text begins with the provider's JSON.
pub(super) fn begins_detail(text: &str) -> bool {
    text.trim_start().starts_with("{\"resourceType\":")
}

fn begins_object(line: &str) -> bool {
    line.trim_start().starts_with("{\"")
}

/// Reads the provider's JSON out of a diagnostic's lines; `None` if there is none.
pub(super) fn read_api_detail(lines: &[String]) -> Option<ApiDetail> {
    let first = lines.iter().position(|line| begins_object(line))?;
    let mut scan = JsonScan::default();
    let mut pieces = Vec::new();
    for line in &lines[first..] {
        if scan.is_complete() || line.trim().is_empty() {
            break;
        }
        scan.feed(line);
        pieces.push(line.trim_start());
    }
    let object = |separator: &str| {
        let joined = pieces.join(separator);
        let mut values =
            serde_json::Deserializer::from_str(&joined).into_iter::<Map<String, Value>>();
        values.next()?.ok()
    };
    // Terraform breaks at blanks; terminals that wrap by themselves break anywhere.
    let (object, damage) = match object(" ").or_else(|| object("")) {
        Some(object) => (object, None),
        None => (salvaged(&pieces.join(" "))?, Some(Damage::DetailCut)),
    };
    let mut detail = ApiDetail::default();
    detail.damage.extend(damage);
    for (key, place) in [
        ("resourceType", &mut detail.terraform_type as &mut Option<String>),
        ("method", &mut detail.method),
        ("path", &mut detail.path),
        ("correlationId", &mut detail.correlation_id),
    ] {
        let Some(text) = object.get(key).and_then(Value::as_str) else {
            continue;
        };
        let whole: String = text.split_whitespace().collect();
        if whole.len() != text.len() {
            detail.damage.push(Damage::FieldBroken);
        }
        *place = (!whole.is_empty()).then_some(whole);
    }
    detail.status =
        object.get("statusCode").and_then(Value::as_u64).and_then(|n| u16::try_from(n).ok());
    let is_the_providers = detail.terraform_type.is_some() || detail.correlation_id.is_some();
    is_the_providers.then_some(detail)
}

/// Reads the whole fields of an object that is cut: drops the last ones until the rest is JSON.
fn salvaged(cut: &str) -> Option<Map<String, Value>> {
    const MOST_FIELDS: usize = 16;
    let mut rest = cut;
    for _ in 0..MOST_FIELDS {
        rest = &rest[..rest.rfind(",\"")?];
        if let Ok(object) = serde_json::from_str(&format!("{rest}}}")) {
            return Some(object);
        }
    }
    None
}

/// An address that stands in prose, as in `When applying changes to ADDRESS, provider …`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ProseAddress {
    pub(super) text: String,
    /// True if a line break falls into it: blanks in its key may be lost.
    pub(super) is_broken: bool,
}

/// What stands before and after an address in Terraform's own sentences.
const SENTENCES: [(&str, &str); 4] = [
    ("When applying changes to ", ", provider"),
    ("When refreshing ", ", provider"),
    ("importing an existing object to \"", "\", the provider"),
    ("import an existing object to \"", "\", the provider"),
];

/// Finds the address that Terraform's prose names, where a diagnostic has no `with` line.
pub(super) fn address_in_prose(lines: &[String]) -> Option<ProseAddress> {
    const BREAK: char = '\n';
    let joined = lines.join("\n");
    // Breaks are blanks for the search, byte for byte, and seen again in what was found.
    let spaced = joined.replace(BREAK, " ");
    SENTENCES.iter().find_map(|(before, after)| {
        let start = spaced.find(before)? + before.len();
        let end = start + spaced[start..].find(after)?;
        Some(ProseAddress {
            text: spaced[start..end].to_owned(),
            is_broken: joined[start..end].trim_start().contains(BREAK),
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<String> {
        text.lines().map(str::to_owned).collect()
    }

    #[test]
    fn a_wrapped_detail_is_joined_and_its_fields_are_whole() {
        let detail = read_api_detail(&lines(
            "  on main.tf line 1:\n\n{\"resourceType\":\"t\",\"method\":\"POST\",\"path\":\"/p\",\"statusCode\":409,\"errorMessage\":\"API\nError: 409 - a \\\"}\n(c)\",\"correlationId\":\"c\"}",
        ))
        .unwrap();
        assert_eq!(detail.status, Some(409));
        assert_eq!(detail.correlation_id.as_deref(), Some("c"));
        assert!(detail.damage.is_empty());
    }

    #[test]
    fn a_detail_that_a_terminal_broke_within_a_word_is_joined() {
        let detail = read_api_detail(&lines(
            "{\"resourceType\":\"t\",\"statusCode\":4\n09,\"correlationId\":\"c\"}",
        ));
        assert_eq!(detail.unwrap().status, Some(409));
        let detail =
            read_api_detail(&lines("{\"resourceType\":\"t\",\"correlationId\":\"a-\nb\"}"))
                .unwrap();
        assert_eq!(detail.correlation_id.as_deref(), Some("a-b"));
        assert_eq!(detail.damage.len(), 1);
    }

    #[test]
    fn a_cut_detail_gives_its_whole_fields_and_says_so() {
        let detail =
            read_api_detail(&lines("{\"resourceType\":\"t\",\"statusCode\":409,\"path\":\"/a"))
                .unwrap();
        assert_eq!((detail.status, detail.path), (Some(409), None));
        assert_eq!(detail.damage.len(), 1);
    }

    #[test]
    fn json_that_is_not_the_providers_is_no_detail() {
        assert_eq!(read_api_detail(&lines("{\"statusCode\":409,\"method\":\"POST\"}")), None);
        assert_eq!(read_api_detail(&lines("no json")), None);
    }

    #[test]
    fn an_address_in_prose_says_whether_it_is_broken() {
        let whole =
            address_in_prose(&lines("When applying changes to\na.b[\"x y\"], provider\n\"p\""))
                .unwrap();
        assert_eq!((whole.text.as_str(), whole.is_broken), ("a.b[\"x y\"]", false));
        let broken =
            address_in_prose(&lines("When applying changes to a.b[\"x\ny\"], provider")).unwrap();
        assert_eq!((broken.text.as_str(), broken.is_broken), ("a.b[\"x y\"]", true));
    }
}
