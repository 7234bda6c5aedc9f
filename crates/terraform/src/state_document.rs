//! The state, version 4, as `terraform state pull` prints it and as `.tfstate` files hold it.
//!
//! Never writes a state. Addresses are rebuilt here, because a state has no address text: the
//! quoting is Terraform's own (see [`quoted_key`]).

use std::collections::BTreeSet;
use std::fmt;
use std::fmt::Write as _;

use divvy_core::kind::Zero;
use divvy_core::kinds;
use divvy_core::survey::{ErroredState, StatePresence, Tracked, TrackedInstance};
use divvy_core::{Address, Attributes, Kind};
use serde::{Deserialize, Deserializer, de};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::error::{Document, DocumentProblem, Error};
use crate::kept;

/// A state.
#[derive(Default, Deserialize)]
pub struct StateDocument {
    #[serde(default)]
    version: Value,
    #[serde(default)]
    lineage: Option<String>,
    #[serde(default)]
    serial: Option<u64>,
    #[serde(default)]
    resources: Vec<Resource>,
}

struct Resource {
    module: Option<String>,
    mode: String,
    terraform_type: String,
    name: String,
    provider: String,
    instances: Vec<Instance>,
}

struct Instance {
    index_key: Option<Value>,
    status: Option<String>,
    is_deposed: bool,
    /// What decides; empty where its type is no kind.
    attributes: Attributes,
    sensitive: BTreeSet<String>,
    create_before_destroy: bool,
}

#[derive(Deserialize)]
struct WireResource<'a> {
    #[serde(default)]
    module: Option<String>,
    #[serde(default)]
    mode: String,
    #[serde(rename = "type")]
    terraform_type: String,
    name: String,
    #[serde(default)]
    provider: String,
    #[serde(borrow, default)]
    instances: Vec<WireInstance<'a>>,
}

/// An instance; its attributes are found and not read yet.
#[derive(Deserialize)]
struct WireInstance<'a> {
    #[serde(default)]
    index_key: Option<Value>,
    #[serde(default)]
    status: Option<String>,
    #[serde(default)]
    deposed: Option<String>,
    #[serde(borrow, default)]
    attributes: Option<&'a RawValue>,
    #[serde(borrow, default)]
    attributes_flat: Option<&'a RawValue>,
    #[serde(default)]
    sensitive_attributes: Value,
    #[serde(default)]
    create_before_destroy: bool,
}

impl<'de> Deserialize<'de> for Resource {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let wire = WireResource::deserialize(deserializer)?;
        let kind = kinds::of_terraform_type(&wire.terraform_type);
        let instances = wire.instances.into_iter().map(|instance| instance.read(kind));
        Ok(Self {
            instances: instances.collect::<Result<_, _>>().map_err(de::Error::custom)?,
            module: wire.module,
            mode: wire.mode,
            terraform_type: wire.terraform_type,
            name: wire.name,
            provider: wire.provider,
        })
    }
}

impl WireInstance<'_> {
    fn read(self, kind: Option<&'static Kind>) -> serde_json::Result<Instance> {
        let sensitive = sensitive(&self.sensitive_attributes);
        let attributes = match (kind, self.attributes, self.attributes_flat) {
            (Some(kind), Some(json), _) => kept::what_decides(Some(json), kind, &sensitive)?,
            (Some(kind), None, flat) => kept::all(flat)?.map(|flat| unflattened(&flat, kind)),
            (None, ..) => None,
        };
        Ok(Instance {
            index_key: self.index_key,
            status: self.status,
            is_deposed: self.deposed.is_some(),
            attributes: attributes.unwrap_or_default(),
            sensitive,
            create_before_destroy: self.create_before_destroy,
        })
    }
}

impl fmt::Debug for StateDocument {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StateDocument")
            .field("lineage", &self.lineage)
            .field("serial", &self.serial)
            .field("resources", &self.resources.len())
            .finish_non_exhaustive()
    }
}

impl StateDocument {
    /// Reads a state; no text at all is the state that was never written.
    ///
    /// # Errors
    /// [`Error::Document`] if it is cut off, a web page, no JSON, or not version 4.
    pub fn read(json: &[u8]) -> Result<Self, Error> {
        if json.trim_ascii().is_empty() {
            return Ok(Self::default());
        }
        let refuse = |problem| Error::document(Document::State, problem);
        let document: Self = kept::document(json)
            .map_err(|error| refuse(DocumentProblem::of_parse(json, &error)))?;
        if document.version != 4 {
            return Err(refuse(DocumentProblem::FormatVersion {
                found: document.version.to_string(),
                known: "4",
            }));
        }
        Ok(document)
    }

    /// Returns whether there was any state at all.
    pub(crate) fn is_written(&self) -> bool {
        !self.version.is_null()
    }

    /// Returns every instance of a kind.
    ///
    /// # Errors
    /// [`Error::Document`] if an address of a kind is not understood.
    pub fn tracked(&self) -> Result<Tracked, Error> {
        let mut instances = Vec::new();
        for resource in self.resources.iter().filter(|r| r.mode == "managed") {
            let Some(kind) = kinds::of_terraform_type(&resource.terraform_type) else {
                continue;
            };
            for instance in &resource.instances {
                instances.extend(tracked_instance(resource, instance, kind)?);
            }
        }
        Ok(Tracked {
            presence: if self.is_written() {
                StatePresence::Present
            } else {
                StatePresence::Nothing
            },
            instances,
            lineage: self.lineage(),
            serial: self.serial,
        })
    }

    /// Returns the address of each instance that is created before its object is destroyed, as the last
    /// apply had it: Terraform hands this on to whatever such an instance depends on.
    ///
    /// # Errors
    /// [`Error::Document`] if an address is not understood.
    pub fn created_first(&self) -> Result<BTreeSet<Address>, Error> {
        let instances = self
            .resources
            .iter()
            .filter(|resource| kinds::of_terraform_type(&resource.terraform_type).is_some())
            .flat_map(|resource| resource.instances.iter().map(move |one| (resource, one)));
        let first = instances.filter(|(_, instance)| instance.create_before_destroy);
        let addresses = first.map(|(resource, instance)| {
            let text = address_text(resource, instance);
            Address::parse(&text)
                .ok_or_else(|| Error::document(Document::State, DocumentProblem::Address(text)))
        });
        addresses.collect()
    }

    /// Returns every managed instance's address, of all types, deposed objects left out.
    pub fn addresses(&self) -> Vec<String> {
        let managed = self.resources.iter().filter(|r| r.mode == "managed");
        managed
            .flat_map(|resource| {
                let instances = resource.instances.iter();
                instances
                    .filter(|instance| !instance.is_deposed)
                    .map(|instance| address_text(resource, instance))
            })
            .collect()
    }

    /// Returns its lineage; a state that nobody has written yet has an empty one.
    fn lineage(&self) -> Option<String> {
        self.lineage.clone().filter(|lineage| !lineage.is_empty())
    }

    /// Returns lineage and serial alone, for an `errored.tfstate`.
    pub fn as_errored(&self) -> ErroredState {
        ErroredState { lineage: self.lineage(), serial: self.serial }
    }
}

/// Returns `None` for an instance without an id: a half-written object that nobody can find.
fn tracked_instance(
    resource: &Resource,
    instance: &Instance,
    kind: &'static Kind,
) -> Result<Option<TrackedInstance>, Error> {
    let text = address_text(resource, instance);
    let address = Address::parse(&text)
        .ok_or_else(|| Error::document(Document::State, DocumentProblem::Address(text)))?;
    let Some(id) = instance.attributes.get("id").and_then(Value::as_str) else {
        return Ok(None);
    };
    Ok(Some(TrackedInstance {
        address,
        kind,
        provider_alias: alias_of(&resource.provider),
        id: kind.tracked_id(id, &instance.attributes),
        is_tainted: instance.status.as_deref() == Some("tainted"),
        is_deposed: instance.is_deposed,
        sensitive: instance.sensitive.clone(),
        attributes: instance.attributes.clone(),
    }))
}

/// Names the top-level attributes that the paths of `sensitive_attributes` lead into:
/// `[[{"type":"get_attr","value":"name"}]]`, or without the outer list's steps in old states.
fn sensitive(paths: &Value) -> BTreeSet<String> {
    let paths = paths.as_array().into_iter().flatten();
    let first = paths.filter_map(|path| match path {
        Value::Array(steps) => steps.first(),
        step => Some(step),
    });
    first.filter_map(|step| step.get("value")?.as_str().map(str::to_owned)).collect()
}

/// Gives the flags of a kind back their type: `attributes_flat` is all text.
fn unflattened(flat: &Attributes, kind: &Kind) -> Attributes {
    let is_flag = |name: &str| {
        let mut drifting = kind.drifting().iter();
        kind.special.is_some_and(|special| special.attribute == name)
            || drifting.any(|entry| entry.terraform == name && entry.zero == Zero::Bool)
    };
    flat.iter()
        .map(|(name, value)| {
            let value = match value.as_str() {
                Some("true") if is_flag(name) => Value::Bool(true),
                Some("false") if is_flag(name) => Value::Bool(false),
                _ => value.clone(),
            };
            (name.clone(), value)
        })
        .collect()
}

fn address_text(resource: &Resource, instance: &Instance) -> String {
    let mut text = String::new();
    if let Some(module) = &resource.module {
        text.push_str(module);
        text.push('.');
    }
    text.push_str(&resource.terraform_type);
    text.push('.');
    text.push_str(&resource.name);
    match &instance.index_key {
        None | Some(Value::Null) => {}
        Some(Value::String(key)) => {
            text.push('[');
            text.push_str(&quoted_key(key));
            text.push(']');
        }
        Some(number) => {
            text.push('[');
            text.push_str(&number.to_string());
            text.push(']');
        }
    }
    text
}

/// Quotes an instance key as Terraform does in addresses, with its quotes.
///
/// Source: Terraform's `addrs.toHCLQuotedString`, compared with `state list` in a test.
pub fn quoted_key(key: &str) -> String {
    let mut quoted = String::from("\"");
    let mut rest = key.chars();
    while let Some(character) = rest.next() {
        match character {
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '$' | '%' => {
                quoted.push(character);
                if rest.as_str().starts_with('{') {
                    quoted.push(character);
                }
            }
            _ if is_printable(character) => quoted.push(character),
            _ if character <= '\u{ffff}' => {
                let _ = write!(quoted, "\\u{:04x}", u32::from(character));
            }
            _ => {
                let _ = write!(quoted, "\\U{:08x}", u32::from(character));
            }
        }
    }
    quoted.push('"');
    quoted
}

/// Returns whether Go's `unicode.IsPrint` holds: letters, marks, numbers, punctuation, symbols and the
/// plain blank. Rust's text escaping draws the same line, except for a leading combining mark.
fn is_printable(character: char) -> bool {
    let mut text = String::from("a");
    text.push(character);
    character == '\'' || text.escape_debug().nth(1) != Some('\\')
}

/// Reads the alias out of `provider["registry…/genesyscloud"].eu` (or `provider.genesyscloud.eu` of
/// Terraform 0.12).
fn alias_of(provider: &str) -> Option<String> {
    let alias = match provider.rsplit_once("\"]") {
        Some((_, rest)) => rest.strip_prefix('.')?,
        None => {
            let (_, after) = provider.rsplit_once("provider.")?;
            after.split_once('.')?.1
        }
    };
    Some(alias.to_owned()).filter(|alias| !alias.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::fixture;

    fn tracked(path: &str) -> Tracked {
        StateDocument::read(&fixture(path)).unwrap().tracked().unwrap()
    }

    #[test]
    fn no_text_at_all_is_no_state_and_an_empty_state_is_one() {
        let nothing = StateDocument::read(b"\n").unwrap().tracked().unwrap();
        assert_eq!(nothing.presence, StatePresence::Nothing);
        let empty = tracked("cases/17-errored-tfstate/remote-state.json");
        assert_eq!(empty.presence, StatePresence::Present);
        assert_eq!(empty.serial, Some(8));
        assert!(empty.instances.is_empty());
    }

    #[test]
    fn an_exported_state_keeps_its_values_flat_and_its_flags_become_flags() {
        let tracked = tracked("configs/04-exported-json-tree/terraform.tfstate");
        let home = &tracked.instances[0];
        assert_eq!(home.address.as_str(), "genesyscloud_auth_division.Home");
        assert_eq!(home.attributes["home"], Value::Bool(true));
        assert_eq!(home.attributes["name"], "Home");
        assert_eq!(tracked.instances[1].attributes["home"], Value::Bool(false));
        assert_eq!(home.id.as_str(), "bcad90e6-a569-4f11-aadf-b93f463dea36");
    }

    #[test]
    fn modules_keys_taint_and_aliases_are_read() {
        let tainted = tracked("provider-samples/state-tainted.json");
        assert!(tainted.instances[0].is_tainted);
        let number = tracked("cases/06-keys-and-shells/terraform.tfstate");
        assert_eq!(number.instances[0].address.as_str(), "genesyscloud_auth_division.desk[2]");
        let module = tracked("cases/16-two-addresses-one-name/terraform.tfstate");
        assert_eq!(
            module.instances[0].address.as_str(),
            "module.shops.genesyscloud_auth_division.this"
        );
    }

    #[test]
    fn a_deposed_object_and_an_object_without_an_id() {
        let json = br#"{"version":4,"serial":1,"lineage":"l","resources":[{"mode":"managed",
            "type":"genesyscloud_auth_division","name":"a","module":"module.m[\"x\"]",
            "provider":"provider[\"genesys.com/mypurecloud/genesyscloud\"].eu","instances":[
            {"index_key":"k","deposed":"12ab","attributes":{"id":"1"}},{"attributes":{"id":null}}]}]}"#;
        let tracked = StateDocument::read(json).unwrap().tracked().unwrap();
        assert_eq!(tracked.instances.len(), 1);
        let instance = &tracked.instances[0];
        assert!(instance.is_deposed);
        assert_eq!(instance.provider_alias.as_deref(), Some("eu"));
        assert!(instance.sensitive.is_empty());
        assert_eq!(instance.address.as_str(), r#"module.m["x"].genesyscloud_auth_division.a["k"]"#);
    }

    #[test]
    fn what_the_state_marks_as_sensitive_is_named() {
        let json = br#"{"version":4,"serial":1,"lineage":"l","resources":[{"mode":"managed",
            "type":"genesyscloud_auth_division","name":"a","provider":"p","instances":[{
            "attributes":{"id":"1","name":"hush"},"sensitive_attributes":[
            [{"type":"get_attr","value":"name"}],
            [{"type":"get_attr","value":"list"},{"type":"index","value":{"value":0}}],[]]}]}]}"#;
        let tracked = StateDocument::read(json).unwrap().tracked().unwrap();
        assert_eq!(Vec::from_iter(&tracked.instances[0].sensitive), ["list", "name"]);
    }

    #[test]
    fn quotes_keys_as_terraform_does() {
        for (key, quoted) in [
            ("plain x", r#""plain x""#),
            ("q\"u${o}", r#""q\"u$${o}""#),
            ("%{y} 5% $", r#""%%{y} 5% $""#),
            ("$${x}", r#""$$${x}""#),
            ("ü\n\t\\", r#""ü\n\t\\""#),
            ("\u{1}\u{7f}\u{a0}\u{200b}", r#""\u0001\u007f\u00a0\u200b""#),
            ("\u{301}'😀", "\"\u{301}'😀\""),
            ("\u{e0001}", r#""\U000e0001""#),
            ("", r#""""#),
        ] {
            assert_eq!(quoted_key(key), quoted, "{key:?}");
        }
    }

    #[test]
    fn reads_the_alias_of_old_and_new_spellings() {
        assert_eq!(alias_of(r#"provider["r/n/genesyscloud"]"#), None);
        assert_eq!(alias_of(r#"module.a.provider["r/n/genesyscloud"].eu"#).as_deref(), Some("eu"));
        assert_eq!(alias_of("provider.genesyscloud"), None);
        assert_eq!(alias_of("provider.genesyscloud.eu").as_deref(), Some("eu"));
    }

    #[test]
    fn another_version_is_refused() {
        let error = StateDocument::read(br#"{"version":3}"#).unwrap_err();
        assert!(error.to_string().contains("format version 3"), "{error}");
    }
}
