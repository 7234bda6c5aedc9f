//! The table of kinds: what divvy knows of each Terraform type that it can adopt, as data.
//!
//! Never holds behaviour: a special rule is a flag here and a file in [`crate::kinds`].
//! Invariant: `terraform_type` is unique in [`KINDS`].

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};

use serde_json::Value;

use crate::kinds::division::DIVISION;

/// Every kind, in the order in which reports list them.
pub static KINDS: &[&Kind] = &[&DIVISION];

/// Returns the kind of a Terraform type such as `genesyscloud_auth_division`.
pub fn of_terraform_type(terraform_type: &str) -> Option<&'static Kind> {
    KINDS.iter().copied().find(|kind| kind.terraform_type == terraform_type)
}

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
    /// The noun in messages: `division`.
    pub noun: &'static str,
    /// Its plural: `divisions`.
    pub plural: &'static str,
    /// The Terraform attributes whose values make an entity unique, in order.
    pub key: &'static [&'static str],
    /// The fields of the API's JSON for [`Kind::key`], in the same order.
    pub key_api: &'static [&'static str],
    /// Path of the collection below the API's base, e.g. `/api/v2/authorization/divisions`.
    pub collection: &'static str,
    /// Largest page that the listing takes.
    pub page_size: u32,
    /// Path that answers the number of entities allowed, below the base, where there is one.
    pub limit: Option<&'static str>,
    /// Path of the list of soft-deleted entities, where there is one.
    pub deleted: Option<&'static str>,
    /// How a duplicate shows as the answer to `POST` on [`Kind::collection`].
    pub duplicates: &'static [DuplicateReply],
    /// Attributes beyond the key that an import could find different.
    pub drifting: &'static [DriftingAttribute],
    /// Permissions of its requests.
    pub permissions: Permissions,
    /// The data source that finds one by name.
    pub data_source: &'static str,
    /// API field that marks the org's home entity; only divisions have one.
    pub home_field: Option<&'static str>,
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

    #[test]
    fn each_kind_is_found_by_its_own_type_and_maps_its_whole_key() {
        for kind in KINDS {
            assert_eq!(of_terraform_type(kind.terraform_type), Some(*kind));
            assert_eq!(kind.key.len(), kind.key_api.len(), "{}", kind.terraform_type);
            assert!(!kind.key.is_empty());
        }
        assert_eq!(of_terraform_type("genesyscloud_flow"), None);
    }
}
