//! Kinds: what divvy knows of a Terraform type that it can adopt, as data.
//!
//! The rows are in [`crate::kinds`]. Never holds what is true of one kind only.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};

use serde::Deserialize;
use serde_json::Value;

use crate::identity::{Attributes, EntityId, Key, key_text, value_at};
pub use crate::template::{Template, placeholders};

/// An attribute whose value Terraform would change after an import if it differs.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DriftingAttribute {
    /// Its name in Terraform's schema.
    #[serde(rename = "attribute")]
    pub terraform: &'static str,
    /// Its field in the API's JSON.
    #[serde(rename = "field")]
    pub api: &'static str,
    /// The value that null and absent are equal to (SDKv2 compares with the zero value).
    pub zero: Zero,
}

/// The zero value of an attribute's type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Zero {
    /// `""`.
    Text,
    /// `false`.
    Bool,
}

impl Zero {
    /// Returns whether a value counts as unset.
    pub fn is_unset(self, value: &Value) -> bool {
        match (self, value) {
            (_, Value::Null) => true,
            (Self::Text, Value::String(text)) => text.is_empty(),
            (Self::Bool, Value::Bool(flag)) => !flag,
            _ => false,
        }
    }
}

/// One way in which the API says that a create met an existing entity.
#[derive(Debug, Deserialize)]
pub struct DuplicateReply {
    /// HTTP status of the reply.
    pub status: u16,
    /// The API's `code`, where one is needed to tell it from other replies of that status.
    #[serde(default)]
    pub code: Option<&'static str>,
}

/// The words for a kind.
#[derive(Clone, Debug)]
pub struct Words {
    /// In messages: `division`.
    pub noun: &'static str,
    /// Its plural: `divisions`.
    pub plural: &'static str,
    /// As the provider writes it in `Failed to create division …`, where that is known to be followed
    /// by the name.
    pub in_provider: Option<&'static str>,
}

/// Whether and how an instance can be adopted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Adoption {
    /// Its entity is found by what the configuration says of it.
    ByKey,
    /// A create updates or takes over what exists, so there is nothing to adopt.
    NotNeeded,
}

/// Within what a key is unique.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// The org.
    Org,
    /// As far as anybody knows the org, but entities belong to divisions.
    Division,
    /// One entity of another kind.
    Parent,
}

/// Where an entry of a listing shows a part of its key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shows {
    /// In this field of the API's JSON; `integrationType.id` is a field within a field.
    Field(&'static str),
    /// In the path that was read: it is made of what fills these placeholders.
    InPath(Template),
}

impl Shows {
    /// Returns what a value of the part puts in a placeholder of a path; `None` where it fills another.
    pub fn fills<'v>(self, placeholder: &str, value: &'v str) -> Option<&'v str> {
        let Self::InPath(template) = self else { return None };
        let filled = template.split(value)?;
        filled.into_iter().find_map(|(name, text)| (name == placeholder).then_some(text))
    }
}

/// One part of what makes an entity unique.
#[derive(Debug)]
pub struct KeyPart {
    /// The attribute in Terraform's schema, as a path: `name`, `config.0.name`.
    pub terraform: &'static str,
    /// The attribute that says it where that one is not set.
    pub or: Option<&'static str>,
    /// Where an entry of a listing shows it.
    pub shows: Shows,
    /// The type whose id it is.
    pub parent: Option<&'static str>,
}

impl KeyPart {
    /// Returns the top-level attribute that holds it.
    pub fn attribute(&self) -> &'static str {
        self.terraform.split('.').next().unwrap_or_default()
    }

    /// Reads it from attributes under Terraform's names; `None` where it is unknown or unset.
    pub fn of(&self, attributes: &Attributes) -> Option<String> {
        let at = |path: &str| key_text(value_at(attributes, path)?).map(Cow::into_owned);
        at(self.terraform).or_else(|| at(self.or?))
    }
}

/// How one gets to the next page of a listing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Paging {
    /// By its number, in `pageNumber`.
    Numbered,
    /// By a cursor, in this parameter.
    Cursor(&'static str),
    /// By the link `nextUri`.
    NextUri,
    /// By the cursor `nextPage`.
    NextPage,
    /// There is one page.
    Whole,
}

/// How entities are read where nobody knows their ids.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct List {
    /// The path below the API's base, with the parameters that it needs. Its placeholders are filled by parts
    /// of the key.
    pub path: &'static str,
    /// True where the question is the body of a POST.
    pub is_query: bool,
    /// How one gets to the next page.
    pub paging: Paging,
    /// The size of a page to ask for, where one is asked for.
    pub page_size: Option<u32>,
    /// True where the path is that of one entity, whose id follows from its key.
    pub is_item: bool,
    /// The parameter that shows one half of the collection for `true`, the other for `false`; whoever leaves
    /// it out is shown nobody knows what.
    pub halves: Option<&'static str>,
}

/// What fills the placeholders of the path that is read, in their order; empty where there are none.
pub type Filling = Vec<String>;

/// Who sees the entities of a kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Visibility {
    /// Whoever may list them sees all of the org, except that a role in Home alone sees Home alone.
    WholeOrg,
    /// Whoever may list them sees those of the divisions in which the role is granted: that a
    /// listing lacks one proves nothing.
    ByDivision,
}

/// The one entity of an org that the platform makes and that cannot be made again.
#[derive(Debug)]
pub struct Special {
    /// The Terraform attribute that claims it.
    pub attribute: &'static str,
    /// The API's field that marks it.
    pub field: &'static str,
    /// The data source that reads it.
    pub data_source: &'static str,
}

/// Permissions that the requests of a kind need; empty where nobody knows.
#[derive(Clone, Debug)]
pub struct Permissions {
    /// For the listing.
    pub list: &'static [&'static str],
    /// For a create: all of these.
    pub create: &'static [&'static str],
    /// For the list of deleted entities.
    pub deleted: &'static [&'static str],
    /// For a restore.
    pub restore: &'static [&'static str],
}

/// What divvy knows of one Terraform type. `Debug` shows the type only.
#[derive(Clone)]
pub struct Kind {
    /// The resource type, e.g. `genesyscloud_auth_division`.
    pub terraform_type: &'static str,
    /// What it is called.
    pub words: Words,
    /// Whether and how it is adopted.
    pub adoption: Adoption,
    /// Within what its key is unique.
    pub scope: Scope,
    /// What makes an entity unique, in order.
    pub key: &'static [KeyPart],
    /// How its entities are read; `None` where they need not be.
    pub list: Option<List>,
    /// Path below the API's base to which a create is sent, with placeholders for ids of parents; empty
    /// where an upload makes it.
    pub collection: &'static str,
    /// Path of one entity: the last placeholder is its id, where it is known.
    pub item: Option<&'static str>,
    /// Who sees its entities.
    pub visibility: Visibility,
    /// What an import takes.
    pub import_id: Template,
    /// Path that answers the number of entities allowed, below the base, where there is one.
    pub limit: Option<&'static str>,
    /// Path of the list of soft-deleted entities, where there is one.
    pub deleted: Option<&'static str>,
    /// True where a create needs to say its key alone.
    pub is_made_of_key: bool,
    /// The attribute that makes a create an update of what exists, where it has a value.
    pub updates_when: Option<&'static str>,
    /// How a duplicate shows as the answer to `POST` on [`Kind::collection`].
    pub duplicates: &'static [DuplicateReply],
    /// True where the answer to such a `POST` comes at once and leaves nothing behind.
    pub refuses_at_once: bool,
    /// The status of an update to a key that another entity has, where it says nothing else.
    pub rename_clash: Option<u16>,
    /// Attributes beyond the key that an import could find different; `None` where only Terraform can
    /// tell what is.
    pub drifting: Option<&'static [DriftingAttribute]>,
    /// Attributes in which a difference makes Terraform replace the object.
    pub replacing: &'static [&'static str],
    /// Attributes that the API never tells, so that every import plans to write them again.
    pub secrets: &'static [&'static str],
    /// Permissions of its requests.
    pub permissions: Permissions,
    /// The data source that finds one by name.
    pub data_source: &'static str,
    /// The entity with a rule of its own, where the kind has one.
    pub special: Option<&'static Special>,
}

/// The attribute that holds the id of an instance.
const ID: &str = "id";

/// The attribute that holds the division of an instance or entity.
pub const DIVISION_ID: &str = "division_id";

impl Kind {
    /// Returns whether a reply to `POST` on [`Kind::collection`] says that the key is taken. Without
    /// `code` (a log does not tell it) only a status that needs none counts.
    pub fn is_duplicate(&self, status: u16, code: Option<&str>) -> bool {
        let says_so = |reply: &DuplicateReply| {
            reply.status == status && (reply.code.is_none() || reply.code == code)
        };
        self.duplicates.iter().any(says_so)
    }

    /// Returns whether a reply of this status may say that the key is taken, among other things.
    pub fn may_be_duplicate(&self, status: u16) -> bool {
        self.duplicates.iter().any(|reply| reply.status == status)
    }

    /// Returns whether a path is the one that a create is sent to.
    pub fn is_created_at(&self, path: &str) -> bool {
        let (mut wanted, mut found) = (self.collection.split('/'), path.split('/'));
        loop {
            match (wanted.next(), found.next()) {
                (None, None) => return true,
                (Some(wanted), Some(found))
                    if wanted == found || (wanted.starts_with('{') && !found.is_empty()) => {}
                _ => return false,
            }
        }
    }

    /// Returns whether a decision about an instance may rest on this top-level attribute.
    pub fn decides_by(&self, attribute: &str) -> bool {
        let of_key = |part: &KeyPart| part.attribute() == attribute || part.or == Some(attribute);
        [ID, DIVISION_ID].contains(&attribute)
            || self.key.iter().any(of_key)
            || self.drifting().iter().any(|known| known.terraform == attribute)
            || self.special.is_some_and(|special| special.attribute == attribute)
            || self.updates_when == Some(attribute)
            || self.import_id.holds(attribute)
    }

    /// Returns whether one listing shows all entities, so that no part of a key has to be known.
    pub fn is_read_whole(&self) -> bool {
        self.list.is_some_and(|list| placeholders(list.path).next().is_none())
    }

    /// Returns the attributes that an import could find different, as far as they are known.
    pub fn drifting(&self) -> &'static [DriftingAttribute] {
        self.drifting.unwrap_or_default()
    }

    /// Returns what fills the path that is read to find an entity of this key; `None` where nothing is
    /// read for this kind.
    pub fn filling(&self, key: &Key) -> Option<Filling> {
        let path = self.list?.path;
        let parts = self.key.iter().zip(key.parts());
        let of = |placeholder: &'static str| {
            let mut parts = parts.clone();
            parts.find_map(|(part, value)| part.shows.fills(placeholder, value).map(str::to_owned))
        };
        placeholders(path).map(of).collect()
    }

    /// Returns the id that an import takes, from the API's own id and the key.
    pub fn entity_id(&self, id: &str, key: &Key) -> EntityId {
        let parts = || self.key.iter().zip(key.parts());
        let composed = self.import_id.compose(|name| match name {
            "id" => Some(id.to_owned()),
            _ => parts().find(|(part, _)| part.terraform == name).map(|(_, value)| value.clone()),
        });
        EntityId::new(composed.as_deref().unwrap_or(id))
    }

    /// Returns the id that an import takes, from an instance that a state holds: some states have the
    /// API's own id where the import takes more.
    pub fn tracked_id(&self, id: &str, attributes: &Attributes) -> EntityId {
        let of = |name: &str| match name {
            "id" => Some(id.to_owned()),
            _ => attributes.get(name).and_then(Value::as_str).map(str::to_owned),
        };
        let is_whole = self.import_id.split(id).is_some_and(|parts| {
            parts.iter().all(|(name, value)| *name == "id" || of(name).as_deref() == Some(value))
        });
        let composed = if is_whole { None } else { self.import_id.compose(of) };
        EntityId::new(composed.as_deref().unwrap_or(id))
    }

    /// Returns the parts of its key that are shown, with their places: not the ids of parents, unless there is
    /// nothing else.
    pub fn shown_parts(&self) -> impl Iterator<Item = (usize, &KeyPart)> {
        let has_own = self.key.iter().any(|part| part.parent.is_none());
        let parts = self.key.iter().enumerate();
        parts.filter(move |(_, part)| !has_own || part.parent.is_none())
    }

    /// Returns how a key is shown.
    pub fn shown_key(&self, key: &Key) -> String {
        let texts = self.shown_parts().filter_map(|(at, _)| key.parts().get(at));
        texts.map(String::as_str).collect::<Vec<_>>().join(" / ")
    }
}

impl fmt::Debug for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Kind").field(&self.terraform_type).finish()
    }
}

impl PartialEq for Kind {
    fn eq(&self, other: &Self) -> bool {
        self.terraform_type == other.terraform_type
    }
}

impl Eq for Kind {}

impl PartialOrd for Kind {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Kind {
    fn cmp(&self, other: &Self) -> Ordering {
        self.terraform_type.cmp(other.terraform_type)
    }
}

impl Hash for Kind {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.terraform_type.hash(state);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn kind(name: &str) -> &'static Kind {
        crate::kinds::of_terraform_type(&format!("genesyscloud_{name}")).expect("a kind")
    }

    fn attributes(value: Value) -> Attributes {
        match value {
            Value::Object(attributes) => attributes,
            _ => Attributes::new(),
        }
    }

    #[test]
    fn a_state_that_holds_the_bare_id_leads_to_the_id_that_an_import_takes() {
        let route = kind("routing_email_route");
        let held = attributes(json!({ "domain_id": "acme.example", "pattern": "info" }));
        assert_eq!(route.tracked_id("r-1", &held).as_str(), "acme.example/r-1");
        let status = kind("task_management_worktype_status");
        let held = attributes(json!({ "worktype_id": "w-1" }));
        assert_eq!(status.tracked_id("w-1/s-1", &held).as_str(), "w-1/s-1");
        assert_eq!(status.tracked_id("s-1", &held).as_str(), "w-1/s-1");
        assert_eq!(status.tracked_id("s-1", &Attributes::new()).as_str(), "s-1");
        assert_eq!(kind("routing_queue").tracked_id("a/b", &held).as_str(), "a/b");
    }

    #[test]
    fn a_part_of_a_key_is_read_inside_nested_blocks() {
        let integration = kind("integration");
        let planned = json!({ "integration_type": "x", "config": [{ "name": "Data" }] });
        let key = crate::survey::key_of(integration, &attributes(planned)).unwrap();
        assert_eq!(key.parts(), ["Data", "x"]);
        let unknown = attributes(json!({ "integration_type": "x", "config": [{}] }));
        assert_eq!(crate::survey::key_of(integration, &unknown), None);
    }

    #[test]
    fn a_key_with_a_parent_says_below_which_entity_to_look() {
        let status = kind("task_management_worktype_status");
        let key = Key::from_parts(vec!["Open".into(), "w-1".into()]);
        assert_eq!(status.filling(&key), Some(vec!["w-1".to_owned()]));
        assert_eq!(status.entity_id("s-1", &key).as_str(), "w-1/s-1");
        assert_eq!(status.shown_key(&key), "Open");
        let path = "/api/v2/taskmanagement/worktypes/w-1/statuses";
        assert!(status.is_created_at(path));
        assert!(!status.is_created_at("/api/v2/taskmanagement/worktypes//statuses"));
        assert!(!status.is_created_at(&format!("{path}/s-1")));
    }
}
