//! The division: the first kind and the reference for the others.
//!
//! Its facts are in the table, as those of all kinds; its own rule is [`HOME`].

use std::sync::LazyLock;

pub use super::home::{DIVISION_TYPE, HOME, HOME_ATTRIBUTE, HOME_DATA_SOURCE};
use super::table::of_terraform_type;
use crate::kind::{KeyPart, Kind, Shows};

/// `genesyscloud_auth_division`.
pub static DIVISION: LazyLock<&'static Kind> = LazyLock::new(|| {
    of_terraform_type(DIVISION_TYPE).expect("a test finds the division in the table")
});

/// The division of an API whose divisions have paths: there name and path make it unique, and none is
/// the org's home.
pub static PATHED_DIVISION: LazyLock<Kind> =
    LazyLock::new(|| Kind { key: &NAME_AND_PATH, special: None, ..Kind::clone(&DIVISION) });

static NAME_AND_PATH: [KeyPart; 2] = [
    KeyPart { terraform: "name", or: None, shows: Shows::Field("name"), parent: None },
    KeyPart { terraform: "path", or: None, shows: Shows::Field("path"), parent: None },
];
