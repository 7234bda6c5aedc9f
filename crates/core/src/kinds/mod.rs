//! The table of kinds. Its facts are in `kinds.json`, with the source of each; a file here holds what is
//! true of one kind only.

pub mod division;
mod home;
mod row;
mod table;

pub use self::row::{FACTS, Gap, Row, rows};
pub use self::table::{KINDS, of_terraform_type};

#[cfg(test)]
mod tests {
    use super::division::{DIVISION, HOME_ATTRIBUTE};
    use super::*;
    use crate::kind::Adoption;

    #[test]
    fn each_kind_is_found_by_its_own_type_and_has_a_key_where_it_needs_one() {
        for kind in KINDS.iter() {
            assert_eq!(of_terraform_type(kind.terraform_type), Some(*kind));
            let is_found_by_key = kind.adoption == Adoption::ByKey;
            assert!(!is_found_by_key || !kind.key.is_empty(), "{kind:?}");
            assert_eq!(kind.list.is_some(), is_found_by_key, "{kind:?}");
        }
        assert_eq!(of_terraform_type("genesyscloud_tf_export"), None);
        assert_eq!(of_terraform_type("aws_instance"), None);
    }

    #[test]
    fn the_division_has_the_rule_that_is_its_own() {
        let special = DIVISION.special.map(|special| special.attribute);
        assert_eq!(special, Some(HOME_ATTRIBUTE));
        assert!(KINDS.iter().all(|kind| kind.special.is_none() || *kind == *DIVISION));
    }
}
