//! The home division: what is true only of divisions.
//!
//! With its attribute a create renames Home (`PUT`), and an import of another division plans to delete
//! that one.

use crate::kind::Special;

/// The type of a division.
pub const DIVISION_TYPE: &str = "genesyscloud_auth_division";

/// The Terraform attribute that claims the org's home division.
pub const HOME_ATTRIBUTE: &str = "home";

/// The data source that reads the home division.
pub const HOME_DATA_SOURCE: &str = "genesyscloud_auth_division_home";

/// The home division.
pub static HOME: Special =
    Special { attribute: HOME_ATTRIBUTE, field: "homeDivision", data_source: HOME_DATA_SOURCE };
