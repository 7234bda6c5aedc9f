//! Addresses of resource instances, as Terraform spells them.
//!
//! The text is copied from Terraform and never rebuilt, because its quoting is Terraform's own
//! (`["dollar$${x}"]`, `["new\nline"]`). Parsing only tells the parts apart, for the rules that
//! compare two addresses of one resource.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};

use serde::{Serialize, Serializer};

/// The key of one instance of a resource with `count` or `for_each`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum InstanceKey {
    /// No key: a single instance.
    None,
    /// A `count` index.
    Number(u64),
    /// A `for_each` key, still quoted and escaped as in the address, without the quotes.
    Text(String),
}

/// A resource instance address such as `module.a["x"].genesyscloud_auth_division.eng[0]`.
///
/// Equality, order and hash are those of the text.
#[derive(Clone, Debug)]
pub struct Address {
    text: String,
    /// Byte length of the module part with its trailing dot; 0 in the root module.
    module_end: usize,
    /// Byte length up to the instance key.
    resource_end: usize,
    terraform_type: String,
    name: String,
    key: InstanceKey,
}

impl Address {
    /// Reads an instance address of a managed resource; `None` if the text is no such address.
    ///
    /// Data sources (`data.x.y`) are refused: nothing can be imported there.
    pub fn parse(text: &str) -> Option<Self> {
        let (resource_type, resource_name) = instance_of(text)?;
        let key = match (resource_name.key, resource_name.quoted_key()) {
            (None, _) => InstanceKey::None,
            (_, Some(inner)) => InstanceKey::Text(inner.to_owned()),
            (Some(number), None) => InstanceKey::Number(number.parse().ok()?),
        };
        Some(Self {
            text: text.to_owned(),
            module_end: resource_type.start,
            resource_end: resource_name.start + resource_name.name.len(),
            terraform_type: resource_type.name.to_owned(),
            name: resource_name.name.to_owned(),
            key,
        })
    }

    /// Returns whether [`parse`](Self::parse) would read the text, without making an address of it.
    pub fn is_spelled(text: &str) -> bool {
        instance_of(text).is_some_and(|(_, name)| match (name.key, name.quoted_key()) {
            (Some(number), None) => number.parse::<u64>().is_ok(),
            _ => true,
        })
    }

    /// Returns the address exactly as Terraform spelled it.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Returns the module part without its trailing dot, `""` in the root module.
    pub fn module(&self) -> &str {
        self.text[..self.module_end].trim_end_matches('.')
    }

    /// Returns the module path without instance keys, as `configuration` of the plan JSON nests
    /// it: `module.a["x"].module.b` gives `["a", "b"]`.
    pub fn module_path(&self) -> Vec<&str> {
        split_steps(self.module())
            .unwrap_or_default()
            .chunks(2)
            .filter_map(|pair| pair.get(1).map(|step| step.name))
            .collect()
    }

    /// Returns the resource type.
    pub fn terraform_type(&self) -> &str {
        &self.terraform_type
    }

    /// Returns the label of the block.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the instance key.
    pub fn key(&self) -> &InstanceKey {
        &self.key
    }

    /// Returns the address of the whole resource: everything before the instance key.
    pub fn resource(&self) -> &str {
        &self.text[..self.resource_end]
    }
}

/// One dotted step of an address: a name and perhaps a bracketed key.
struct Step<'a> {
    start: usize,
    name: &'a str,
    key: Option<&'a str>,
}

impl<'a> Step<'a> {
    /// The key of `for_each` without its quotes.
    fn quoted_key(&self) -> Option<&'a str> {
        self.key?.strip_prefix('"')?.strip_suffix('"')
    }
}

/// Finds type and label of a managed resource's instance, behind its modules.
fn instance_of(text: &str) -> Option<(Step<'_>, Step<'_>)> {
    let mut steps = Steps { text, at: Some(0) };
    loop {
        let (first, second) = (steps.next()??, steps.next()??);
        if first.name == "module" && first.key.is_none() {
            continue;
        }
        let is_instance = first.key.is_none()
            && first.name != "data"
            && first.name != "module"
            && steps.next().is_none();
        return is_instance.then_some((first, second));
    }
}

/// Splits at dots and brackets outside quotes; `None` if quotes or brackets do not close.
fn split_steps(text: &str) -> Option<Vec<Step<'_>>> {
    Steps { text, at: (!text.is_empty()).then_some(0) }.collect()
}

/// The steps of an address one by one; a last `None` if quotes or brackets do not close.
struct Steps<'a> {
    text: &'a str,
    /// Where the next step begins; `None` at the end.
    at: Option<usize>,
}

impl<'a> Iterator for Steps<'a> {
    type Item = Option<Step<'a>>;

    fn next(&mut self) -> Option<Self::Item> {
        let start = self.at.take()?;
        Some(self.step_from(start))
    }
}

impl<'a> Steps<'a> {
    fn step_from(&mut self, start: usize) -> Option<Step<'a>> {
        let text = self.text;
        let bytes = text.as_bytes();
        let mut at = start;
        while at < bytes.len() && bytes[at] != b'.' && bytes[at] != b'[' {
            if bytes[at].is_ascii_whitespace() || bytes[at] == b'"' || bytes[at] == b']' {
                return None;
            }
            at += 1;
        }
        let name = &text[start..at];
        if name.is_empty() {
            return None;
        }
        let mut key = None;
        if bytes.get(at) == Some(&b'[') {
            let inner = at + 1;
            at = inner;
            let is_quoted = bytes.get(at) == Some(&b'"');
            if is_quoted {
                at += 1;
                while *bytes.get(at)? != b'"' {
                    at += if bytes[at] == b'\\' { 2 } else { 1 };
                }
                at += 1;
            } else {
                while *bytes.get(at)? != b']' {
                    at += 1;
                }
            }
            if bytes.get(at) != Some(&b']') || at == inner {
                return None;
            }
            key = text.get(inner..at);
            key?;
            at += 1;
        }
        match bytes.get(at) {
            None => {}
            Some(b'.') => self.at = Some(at + 1),
            Some(_) => return None,
        }
        Some(Step { start, name, key })
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Serialize for Address {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

impl PartialEq for Address {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for Address {}

impl PartialOrd for Address {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Address {
    fn cmp(&self, other: &Self) -> Ordering {
        self.text.cmp(&other.text)
    }
}

impl Hash for Address {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.text.hash(state);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_the_parts_of_a_nested_module_address_apart() {
        let address =
            Address::parse(r#"module.a["x.y"].module.b.genesyscloud_auth_division.eng["q\"u]o"]"#)
                .unwrap();
        assert_eq!(address.module(), r#"module.a["x.y"].module.b"#);
        assert_eq!(address.module_path(), ["a", "b"]);
        assert_eq!(address.terraform_type(), "genesyscloud_auth_division");
        assert_eq!(address.name(), "eng");
        assert_eq!(address.key(), &InstanceKey::Text(r#"q\"u]o"#.into()));
        assert_eq!(
            address.resource(),
            r#"module.a["x.y"].module.b.genesyscloud_auth_division.eng"#
        );
    }

    #[test]
    fn a_count_index_is_a_number_and_a_quoted_one_is_text() {
        let key = |text: &str| {
            assert!(Address::is_spelled(text));
            Address::parse(text).unwrap().key().clone()
        };
        assert_eq!(key("a.b[2]"), InstanceKey::Number(2));
        assert_eq!(key(r#"a.b["02"]"#), InstanceKey::Text("02".into()));
        assert_eq!(key("a.b"), InstanceKey::None);
    }

    #[test]
    fn refuses_what_is_no_managed_instance() {
        for text in [
            "",
            "a",
            "data.a.b",
            "module.a",
            "module.a.module.b",
            "module.a.b.c[\"x\"",
            "a.b[",
            "a.b[\"x]",
            "a.b[02x]",
            "a b.c",
            "a.b.c",
            "a..b",
            "module.a.data.b.c",
            "a.b[\"x\\",
        ] {
            assert!(Address::parse(text).is_none(), "{text:?}");
            assert!(!Address::is_spelled(text), "{text:?}");
        }
    }
}
