//! Kinds: what divvy knows of a Terraform type that it can adopt, as data.
//!
//! The rows are in [`crate::kinds`]. Never holds what is true of one kind only.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};

use serde_json::Value;

/// An attribute whose value Terraform would change after an import if it differs.
#[derive(Debug)]
pub struct DriftingAttribute {
    /// Its name in Terraform's schema.
    pub terraform: &'static str,
    /// Its field in the API's JSON.
    pub api: &'static str,
    /// The value that null and absent are equal to (SDKv2 compares with the zero value).
    pub zero: Zero,
}

/// The zero value of an attribute's type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Zero {
    /// `""`.
    Text,
    /// `false`.
    Bool,
}

impl Zero {
    /// Says whether a value counts as unset.
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
#[derive(Debug)]
pub struct DuplicateReply {
    /// HTTP status of the reply.
    pub status: u16,
    /// The API's `code`, where one is needed to tell it from other replies of that status.
    pub code: Option<&'static str>,
}

/// The words for a kind.
#[derive(Debug)]
pub struct Words {
    /// In messages: `division`.
    pub noun: &'static str,
    /// Its plural: `divisions`.
    pub plural: &'static str,
    /// As the provider writes it: `Failed to create division …`.
    pub in_provider: &'static str,
}

/// One part of what makes an entity unique.
#[derive(Debug)]
pub struct KeyPart {
    /// The attribute in Terraform's schema.
    pub terraform: &'static str,
    /// The field in the API's JSON.
    pub api: &'static str,
    /// The attribute that holds the parent, where the part is unique below one only.
    pub scope: Option<&'static str>,
}

/// How the pages of a listing are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Paging {
    /// `pageNumber` and `pageSize`, up to this size.
    Numbered(u32),
}

/// Who sees the entities of a kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Visibility {
    /// Whoever may list them sees all of the org, except that a role in Home alone sees Home alone.
    WholeOrg,
    /// Whoever may list them sees those of the divisions in which the role is granted: that a
    /// listing lacks one proves nothing.
    ByDivision,
}

/// What `terraform import` takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ImportId {
    /// The entity's id.
    Entity,
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

/// Permissions that the requests of a kind need (source: the vendor's SDK docs).
#[derive(Debug)]
pub struct Permissions {
    /// For the listing; empty where none is declared.
    pub list: &'static [&'static str],
    /// For a create: all of these.
    pub create: &'static [&'static str],
    /// For the list of deleted entities.
    pub deleted: &'static [&'static str],
    /// For a restore.
    pub restore: &'static [&'static str],
}

/// What divvy knows of one Terraform type. `Debug` shows the type only.
pub struct Kind {
    /// The resource type, e.g. `genesyscloud_auth_division`.
    pub terraform_type: &'static str,
    /// What it is called.
    pub words: Words,
    /// What makes an entity unique, in order.
    pub key: &'static [KeyPart],
    /// Path of the collection below the API's base, e.g. `/api/v2/authorization/divisions`.
    pub collection: &'static str,
    /// How its pages are asked for.
    pub paging: Paging,
    /// Who sees its entities.
    pub visibility: Visibility,
    /// What an import takes.
    pub import_id: ImportId,
    /// Path that answers the number of entities allowed, below the base, where there is one.
    pub limit: Option<&'static str>,
    /// Path of the list of soft-deleted entities, where there is one.
    pub deleted: Option<&'static str>,
    /// How a duplicate shows as the answer to `POST` on [`Kind::collection`].
    pub duplicates: &'static [DuplicateReply],
    /// Attributes beyond the key that an import could find different.
    pub drifting: &'static [DriftingAttribute],
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
