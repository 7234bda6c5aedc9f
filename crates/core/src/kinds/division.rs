//! The division: the first kind and the reference for the others.
//!
//! Facts: the vendor's SDK models and docs (`AuthzDivision`: id, name, description,
//! homeDivision), the provider's resource `genesyscloud_auth_division`, and runs of it.
//! What is true only of divisions is the home division: see [`HOME_ATTRIBUTE`].

use crate::kind::{
    DriftingAttribute, DuplicateReply, ImportId, KeyPart, Kind, Paging, Permissions, Special,
    Visibility, Words, Zero,
};

/// The Terraform attribute that claims the org's home division. With it, a create renames Home
/// (`PUT`), and an import of another division plans to delete that one.
pub const HOME_ATTRIBUTE: &str = "home";

/// The data source that reads the home division.
pub const HOME_DATA_SOURCE: &str = "genesyscloud_auth_division_home";

/// The home division.
pub static HOME: Special =
    Special { attribute: HOME_ATTRIBUTE, field: "homeDivision", data_source: HOME_DATA_SOURCE };

/// `genesyscloud_auth_division`.
pub static DIVISION: Kind = Kind {
    terraform_type: "genesyscloud_auth_division",
    words: Words { noun: "division", plural: "divisions", in_provider: "division" },
    key: &[KeyPart { terraform: "name", api: "name", scope: None }],
    collection: "/api/v2/authorization/divisions",
    paging: Paging::Numbered(100),
    visibility: Visibility::WholeOrg,
    import_id: ImportId::Entity,
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
    // A create with the home flag, and a flag that comes or goes, is a replacement: see `HOME`.
    replacing: &[HOME_ATTRIBUTE],
    secrets: &[],
    permissions: Permissions {
        list: &[],
        create: &["authorization:division:add", "authorization:grant:add"],
        deleted: &["authorization:divisionDeleted:view"],
        restore: &["authorization:division:add"],
    },
    data_source: "genesyscloud_auth_division",
    special: Some(&HOME),
};
