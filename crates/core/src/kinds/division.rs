//! The division: the first kind and the reference for the others.
//!
//! Its facts are in the table, as those of all kinds; its own rule is [`HOME`].

use std::sync::LazyLock;

pub use super::home::{DIVISION_TYPE, HOME, HOME_ATTRIBUTE, HOME_DATA_SOURCE};
use super::table::of_terraform_type;
use crate::kind::Kind;

/// `genesyscloud_auth_division`.
pub static DIVISION: LazyLock<&'static Kind> = LazyLock::new(|| {
    of_terraform_type(DIVISION_TYPE).expect("a test finds the division in the table")
});
