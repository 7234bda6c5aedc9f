//! One entry of `resource_changes`, read in a stream.
//!
//! Attributes are read only where the type is a kind, once the whole entry has been passed. Never assumes
//! an order of keys.

use std::collections::BTreeSet;
use std::fmt;

use divvy_core::survey::Change;
use divvy_core::{Address, Attributes, Kind, kinds};
use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, de};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::error::{Document, DocumentProblem, Error};
use crate::kept::{self, read_or_default};

/// What the plan would do with one instance of any type.
#[derive(Clone, Debug)]
pub struct ResourceChange {
    /// Its address, as Terraform spells it; data sources are here too.
    pub address: String,
    /// Where a `moved` block takes it from.
    pub previous_address: Option<String>,
    /// True for a data source.
    pub is_data: bool,
    /// True for a deposed object beside the instance of this address.
    pub is_deposed: bool,
    /// Its type.
    pub terraform_type: String,
    /// What would be done; `None` for actions that this program does not know.
    pub action: Option<Change>,
    /// The id that is imported.
    pub import_id: Option<String>,
    /// Why Terraform chose the action.
    pub action_reason: Option<String>,
    pub(crate) attributes: Option<ChangeAttributes>,
}

impl ResourceChange {
    /// Returns whether an update changes nothing but which values are sensitive. Terraform carries it
    /// out in the state alone, without a call of the provider. Known for kinds only.
    pub fn changes_marks_only(&self) -> bool {
        let keeps_values = |attributes: &ChangeAttributes| {
            attributes.before.is_some()
                && attributes.before == attributes.after
                && attributes.unknown.is_empty()
        };
        self.action == Some(Change::Update) && self.attributes.as_ref().is_some_and(keeps_values)
    }
}

/// An attribute that a change would give another value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The top-level attribute or block.
    pub attribute: String,
    /// What it has; `None` where it is unset.
    pub before: Option<Value>,
    /// What it would get.
    pub after: Option<Value>,
    /// True where Terraform holds it to be sensitive.
    pub is_sensitive: bool,
    /// True where the difference makes Terraform replace the object.
    pub forces_replacement: bool,
}

impl ResourceChange {
    /// Returns the attributes that the change would give another value that is known. To the provider's
    /// SDK, what is unset and what is empty are the same. Known for kinds only.
    pub fn differences(&self) -> Vec<Difference> {
        let Some(ChangeAttributes { before, after, unknown, sensitive, replaced_by }) =
            &self.attributes
        else {
            return Vec::new();
        };
        let (Some(before), Some(after)) = (before, after) else { return Vec::new() };
        let names: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
        let set = |value: Option<&Value>| value.filter(|value| !is_unset(value)).cloned();
        names
            .into_iter()
            .filter(|name| !unknown.contains(*name))
            .map(|name| Difference {
                attribute: name.clone(),
                before: set(before.get(name)),
                after: set(after.get(name)),
                is_sensitive: sensitive.contains(name),
                forces_replacement: replaced_by.contains(name),
            })
            .filter(|difference| difference.before != difference.after)
            .collect()
    }
}

/// Returns whether a value is its type's zero.
fn is_unset(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::Bool(true) => false,
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(entries) => entries.values().all(is_unset),
    }
}

/// The attributes of a kind's instance. `Debug` shows none of their values.
#[derive(Clone, Default)]
pub(crate) struct ChangeAttributes {
    pub(crate) before: Option<Attributes>,
    pub(crate) after: Option<Attributes>,
    pub(crate) unknown: BTreeSet<String>,
    pub(crate) sensitive: BTreeSet<String>,
    pub(crate) replaced_by: BTreeSet<String>,
}

impl fmt::Debug for ChangeAttributes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ChangeAttributes { .. }")
    }
}

impl<'de> Deserialize<'de> for ResourceChange {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(EntryVisitor)
    }
}

struct EntryVisitor;

impl<'de> Visitor<'de> for EntryVisitor {
    type Value = ResourceChange;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an entry of resource_changes")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<ResourceChange, A::Error> {
        let mut address = None;
        let mut terraform_type: Option<String> = None;
        let mut change = None;
        let mut previous_address = None;
        let mut action_reason = None;
        let mut is_data = false;
        let mut is_deposed = false;
        while let Some(key) = map.next_key::<String>()? {
            match key.as_str() {
                "address" => address = Some(map.next_value()?),
                "previous_address" => previous_address = map.next_value()?,
                "action_reason" => action_reason = map.next_value()?,
                "mode" => is_data = map.next_value::<String>()? == "data",
                "deposed" => is_deposed = map.next_value::<Option<IgnoredAny>>()?.is_some(),
                "type" => terraform_type = Some(map.next_value()?),
                "change" => {
                    change = Some(map.next_value::<WireChange<'de>>()?);
                }
                _ => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        let terraform_type = terraform_type.ok_or_else(|| de::Error::missing_field("type"))?;
        let change = change.ok_or_else(|| de::Error::missing_field("change"))?;
        let kind = kinds::of_terraform_type(&terraform_type);
        let attributes = kind.map(|kind| change.attributes(kind)).transpose();
        Ok(ResourceChange {
            address: address.ok_or_else(|| de::Error::missing_field("address"))?,
            previous_address,
            is_data,
            is_deposed,
            action: change.action(),
            import_id: change.import_id(),
            attributes: attributes.map_err(de::Error::custom)?,
            terraform_type,
            action_reason,
        })
    }
}

/// A `change`; its attributes are found and not read yet.
#[derive(Default, Deserialize)]
#[serde(default)]
struct WireChange<'a> {
    actions: Vec<String>,
    importing: Option<Importing>,
    #[serde(borrow)]
    before: Option<&'a RawValue>,
    #[serde(borrow)]
    after: Option<&'a RawValue>,
    #[serde(borrow)]
    after_unknown: Option<&'a RawValue>,
    #[serde(borrow)]
    before_sensitive: Option<&'a RawValue>,
    #[serde(borrow)]
    after_sensitive: Option<&'a RawValue>,
    /// Paths to what makes Terraform replace the object.
    #[serde(borrow)]
    replace_paths: Option<&'a RawValue>,
}

#[derive(Default, Deserialize)]
struct Importing {
    id: Option<String>,
}

impl WireChange<'_> {
    fn action(&self) -> Option<Change> {
        let actions: Vec<&str> = self.actions.iter().map(String::as_str).collect();
        Some(match actions.as_slice() {
            ["no-op"] => Change::NoOp,
            ["create"] => Change::Create,
            ["read"] => Change::Read,
            ["update"] => Change::Update,
            ["delete"] => Change::Delete,
            ["delete", "create"] => Change::Replace { create_first: false },
            ["create", "delete"] => Change::Replace { create_first: true },
            ["forget"] => Change::Forget,
            _ => return None,
        })
    }

    /// An import whose id is not known yet (deferred) counts as one of an empty id.
    fn import_id(&self) -> Option<String> {
        let importing = self.importing.as_ref()?;
        Some(importing.id.clone().unwrap_or_default())
    }

    /// Reads all attributes where values are compared, else what decides.
    fn attributes(&self, kind: &'static Kind) -> serde_json::Result<ChangeAttributes> {
        let mut sensitive = marked(self.after_sensitive, self.after)?;
        sensitive.extend(marked(self.before_sensitive, self.before)?);
        let changes = !matches!(self.action(), Some(Change::Create | Change::NoOp));
        let read = |json| {
            if changes { kept::all(json) } else { kept::what_decides(json, kind, &sensitive) }
        };
        let (before, after) = (read(self.before)?, read(self.after)?);
        let paths: Vec<Vec<Value>> = read_or_default(self.replace_paths)?;
        let first = |path: &Vec<Value>| Some(path.first()?.as_str()?.to_owned());
        Ok(ChangeAttributes {
            replaced_by: paths.iter().filter_map(first).collect(),
            unknown: marked(self.after_unknown, self.after)?,
            before,
            after,
            sensitive,
        })
    }
}

/// Names the top-level attributes that a tree of marks marks anywhere inside; a bare `true` marks
/// all of them.
pub(super) fn marked(
    marks: Option<&RawValue>,
    attributes: Option<&RawValue>,
) -> serde_json::Result<BTreeSet<String>> {
    Ok(match read_or_default(marks)? {
        Value::Object(marks) => {
            let marks = marks.into_iter().filter(|(_, mark)| marks_anything(mark));
            marks.map(|(name, _)| name).collect()
        }
        Value::Bool(true) => {
            kept::all(attributes)?.into_iter().flatten().map(|(name, _)| name).collect()
        }
        _ => BTreeSet::new(),
    })
}

fn marks_anything(mark: &Value) -> bool {
    match mark {
        Value::Bool(is_marked) => *is_marked,
        Value::Array(items) => items.iter().any(marks_anything),
        Value::Object(entries) => entries.values().any(marks_anything),
        _ => false,
    }
}

/// Reads an address of the plan.
pub(super) fn address_of(text: &str) -> Result<Address, Error> {
    Address::parse(text)
        .ok_or_else(|| Error::document(Document::Plan, DocumentProblem::Address(text.to_owned())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_differs_is_told_without_what_is_unset_on_both_sides_or_not_known_yet() {
        let json = r#"{"address":"genesyscloud_outbound_contact_list.x","mode":"managed",
            "type":"genesyscloud_outbound_contact_list","change":{"actions":["delete","create"],
            "before":{"name":"A","column_names":["phone"],"notes":"","same":[{"a":1}],"id":"1"},
            "after":{"name":"B","column_names":["mail"],"notes":null,"same":[{"a":1}]},
            "after_unknown":{"id":true},"before_sensitive":{"name":true},
            "replace_paths":[["column_names"]]}}"#;
        let change: ResourceChange = serde_json::from_str(json).unwrap();
        let told: Vec<_> = change
            .differences()
            .into_iter()
            .map(|one| (one.attribute, one.forces_replacement, one.is_sensitive))
            .collect();
        let expected = [("column_names".to_owned(), true, false), ("name".to_owned(), false, true)];
        assert_eq!(told, expected);
    }
}
