//! The division: the first kind and the reference for the others.
//!
//! Facts: the vendor's SDK models and docs (`AuthzDivision`: id, name, description,
//! homeDivision), the provider's resource `genesyscloud_auth_division`, and runs of it.
//! What is true only of divisions is the home division: see [`HOME_ATTRIBUTE`].

use crate::kind::{DriftingAttribute, DuplicateReply, Kind, Permissions, Zero};

/// The Terraform attribute that claims the org's home division. With it, a create renames Home
/// (`PUT`), and an import of another division plans to delete that one.
pub const HOME_ATTRIBUTE: &str = "home";

/// The data source that reads the home division.
pub const HOME_DATA_SOURCE: &str = "genesyscloud_auth_division_home";

/// `genesyscloud_auth_division`.
pub static DIVISION: Kind = Kind {
    terraform_type: "genesyscloud_auth_division",
    noun: "division",
    plural: "divisions",
    key: &["name"],
    key_api: &["name"],
    collection: "/api/v2/authorization/divisions",
    page_size: 100,
    limit: Some("/api/v2/authorization/divisions/limit"),
    deleted: Some("/api/v2/authorization/divisions/deleted"),
    duplicates: &[
        DuplicateReply { status: 409, code: None },
        DuplicateReply { status: 400, code: Some("duplicate.name") },
    ],
    drifting: &[DriftingAttribute {
        terraform: "description",
        api: "description",
        zero: Zero::Text,
    }],
    permissions: Permissions {
        list: &[],
        create: &["authorization:division:add", "authorization:grant:add"],
        deleted: &["authorization:divisionDeleted:view"],
        restore: &["authorization:division:add"],
    },
    data_source: "genesyscloud_auth_division",
    home_field: Some("homeDivision"),
};
