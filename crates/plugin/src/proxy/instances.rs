//! Which of the creates of one walk replace something.
//!
//! The protocol does not tell: an instance that is to be replaced is planned as a change, and then again
//! as a create, and a forced replacement looks like two instances with one configuration. But Terraform
//! validates each instance once before it plans it. So where more plans than validations were seen of one
//! configuration, one of them was the second of a replacement. Holds no value, only hashes.

use std::collections::HashMap;

use prost::Message as _;
use sha2::{Digest as _, Sha256};

use crate::messages::DynamicValue;

/// What one walk has asked about its instances, by type and configuration.
#[derive(Default)]
pub(crate) struct Instances(HashMap<[u8; 32], Asked>);

#[derive(Default)]
struct Asked {
    validated: usize,
    created: usize,
    /// Ids of the objects that were planned as a change.
    changed: Vec<String>,
}

impl Instances {
    /// Takes in that an instance was validated.
    pub(crate) fn validated(&mut self, type_name: &str, config: Option<&DynamicValue>) {
        self.asked(type_name, config).validated += 1;
    }

    /// Takes in that a change of an object was planned.
    pub(crate) fn changed(&mut self, type_name: &str, config: Option<&DynamicValue>, id: String) {
        self.asked(type_name, config).changed.push(id);
    }

    /// Takes in that a create was planned; returns the id of what it replaces.
    pub(crate) fn created(
        &mut self,
        type_name: &str,
        config: Option<&DynamicValue>,
    ) -> Option<String> {
        let asked = self.asked(type_name, config);
        if asked.created + 1 + asked.changed.len() > asked.validated
            && let Some(replaced) = asked.changed.pop()
        {
            asked.validated = asked.validated.saturating_sub(1);
            return Some(replaced);
        }
        asked.created += 1;
        None
    }

    fn asked(&mut self, type_name: &str, config: Option<&DynamicValue>) -> &mut Asked {
        let config = config.map(DynamicValue::encode_to_vec).unwrap_or_default();
        let hash = Sha256::new().chain_update(type_name).chain_update([0]).chain_update(config);
        self.0.entry(hash.finalize().into()).or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::Value;

    fn config(name: &str) -> DynamicValue {
        Value::from(serde_json::json!({ "name": name })).write()
    }

    #[test]
    fn a_create_replaces_what_was_planned_as_a_change_of_the_same_instance() {
        let mut instances = Instances::default();
        let (sales, claims) = (config("Sales"), config("Claims"));
        for one in [&sales, &claims] {
            instances.validated("toy", Some(one));
        }
        instances.changed("toy", Some(&sales), "s".to_owned());
        assert_eq!(instances.created("toy", Some(&claims)), None, "a create of its own");
        assert_eq!(instances.created("toy", Some(&sales)).as_deref(), Some("s"));
        // Another instance with the very same configuration.
        instances.validated("toy", Some(&sales));
        assert_eq!(instances.created("toy", Some(&sales)), None);
    }

    #[test]
    fn two_instances_with_one_configuration_are_not_taken_for_a_replacement() {
        for changed_first in [true, false] {
            let mut instances = Instances::default();
            let sales = config("Sales");
            instances.validated("toy", Some(&sales));
            if changed_first {
                instances.changed("toy", Some(&sales), "s".to_owned());
            }
            instances.validated("toy", Some(&sales));
            assert_eq!(instances.created("toy", Some(&sales)), None, "{changed_first}");
        }
    }

    #[test]
    fn ignored_changes_that_alter_the_planned_configuration_do_not_hide_a_replacement() {
        let mut instances = Instances::default();
        instances.validated("toy", Some(&config("written")));
        let planned = config("kept from the state");
        instances.changed("toy", Some(&planned), "s".to_owned());
        assert_eq!(instances.created("toy", Some(&planned)).as_deref(), Some("s"));
    }
}
