//! The table of kinds, one file for each row, with what is true only of it.
//!
//! Invariant: a Terraform type is in [`KINDS`] once.

pub mod division;

use crate::kind::Kind;

/// Every kind, in the order in which reports list them.
pub static KINDS: &[&Kind] = &[&division::DIVISION];

/// Returns the kind of a Terraform type such as `genesyscloud_auth_division`.
pub fn of_terraform_type(terraform_type: &str) -> Option<&'static Kind> {
    KINDS.iter().copied().find(|kind| kind.terraform_type == terraform_type)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_is_found_by_its_own_type_and_has_a_key() {
        for kind in KINDS {
            assert_eq!(of_terraform_type(kind.terraform_type), Some(*kind));
            assert!(!kind.key.is_empty(), "{kind:?}");
        }
        assert_eq!(of_terraform_type("genesyscloud_flow"), None);
    }
}
