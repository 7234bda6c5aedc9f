//! What a plan's JSON tells of the state that it was made from: `prior_state`, and the values before
//! each change.
//!
//! Keeps instances of kinds alone. Invariant: an id is told once, at the address that the state held.

use std::collections::BTreeSet;
use std::fmt;

use divvy_core::survey::{Planned, StatePresence, Tracked, TrackedInstance};
use divvy_core::{Address, Attributes, EntityId, kinds};
use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, de};
use serde_json::value::RawValue;

use super::configuration::ProviderKeys;
use super::resource_change::{address_of, marked};
use crate::error::Error;
use crate::kept;

/// The state as a plan's JSON has it.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct PriorState {
    values: Values,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Values {
    root_module: Module,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Module {
    resources: Vec<Resource>,
    child_modules: Vec<Module>,
}

#[derive(Default)]
struct Resource {
    address: String,
    is_data: bool,
    is_tainted: bool,
    is_deposed: bool,
    /// What decides; empty for a type that is no kind.
    values: Attributes,
    sensitive: BTreeSet<String>,
}

impl<'de> Deserialize<'de> for Resource {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(ResourceVisitor)
    }
}

struct ResourceVisitor;

impl<'de> Visitor<'de> for ResourceVisitor {
    type Value = Resource;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a resource of prior_state")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Resource, A::Error> {
        let mut resource = Resource::default();
        let mut of_type = None;
        let (mut values, mut marks) = (None, None);
        while let Some(key) = map.next_key::<String>()? {
            match key.as_str() {
                "address" => resource.address = map.next_value()?,
                "mode" => resource.is_data = map.next_value::<String>()? == "data",
                "type" => {
                    of_type = kinds::of_terraform_type(&map.next_value::<String>()?);
                }
                "tainted" => resource.is_tainted = map.next_value()?,
                "deposed_key" => {
                    resource.is_deposed = map.next_value::<Option<IgnoredAny>>()?.is_some();
                }
                "values" => values = map.next_value::<Option<&'de RawValue>>()?,
                "sensitive_values" => marks = map.next_value::<Option<&'de RawValue>>()?,
                _ => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        if let Some(kind) = of_type {
            resource.sensitive = marked(marks, values).map_err(de::Error::custom)?;
            let kept = kept::what_decides(values, kind, &resource.sensitive);
            resource.values = kept.map_err(de::Error::custom)?.unwrap_or_default();
        }
        Ok(resource)
    }
}

impl Module {
    fn resources<'m>(&'m self, found: &mut Vec<&'m Resource>) {
        found.extend(&self.resources);
        for module in &self.child_modules {
            module.resources(found);
        }
    }
}

/// Returns what the state held, from what the plan has of it and from the values before each change.
pub(super) fn tracked(
    prior: &PriorState,
    served_by: &ProviderKeys,
    planned: Vec<Planned>,
) -> Result<Tracked, Error> {
    let mut resources = Vec::new();
    prior.values.root_module.resources(&mut resources);
    let instance = |address: Address, attributes: &Attributes, sensitive: BTreeSet<String>| {
        let kind = kinds::of_terraform_type(address.terraform_type())?;
        let id = kind.tracked_id(attributes.get("id")?.as_str()?, attributes);
        let alias = served_by.of(&address);
        let local = alias.as_str().rsplit(':').next().unwrap_or_default();
        Some(TrackedInstance {
            kind,
            provider_alias: local.split_once('.').map(|(_, alias)| alias.to_owned()),
            id,
            attributes: attributes.clone(),
            sensitive,
            is_tainted: false,
            is_deposed: false,
            address,
        })
    };
    let mut instances = Vec::new();
    for resource in resources.into_iter().filter(|one| !one.is_data && !one.values.is_empty()) {
        let found =
            instance(address_of(&resource.address)?, &resource.values, resource.sensitive.clone());
        instances.extend(found.map(|found| TrackedInstance {
            is_tainted: resource.is_tainted,
            is_deposed: resource.is_deposed,
            ..found
        }));
    }
    let known: BTreeSet<EntityId> = instances.iter().map(|known| known.id.clone()).collect();
    for planned in planned {
        let address = planned.previous_address.unwrap_or(planned.address);
        // An import has values before, and the state does not hold them yet.
        let before = planned.before.filter(|_| planned.import_id.is_none());
        let found = before.and_then(|before| instance(address, &before, planned.sensitive));
        instances.extend(found.filter(|found| !known.contains(&found.id)));
    }
    Ok(Tracked { presence: StatePresence::Present, instances, ..Tracked::default() })
}

#[cfg(test)]
mod tests {
    use crate::PlanDocument;

    #[test]
    fn a_plans_json_alone_tells_what_the_state_held() {
        let resource = |address: &str, id: &str, more: &str| {
            format!(
                r#"{{"address":"{address}","mode":"managed","type":"genesyscloud_auth_division","name":"x","values":{{"id":"{id}","name":"N"}}{more}}}"#
            )
        };
        let json = format!(
            r#"{{"format_version":"1.2","prior_state":{{"values":{{"root_module":{{"resources":[{},{},
            {{"address":"data.genesyscloud_auth_division.d","mode":"data","type":"genesyscloud_auth_division","name":"d","values":{{"id":"6"}}}},
            {{"address":"terraform_data.t","mode":"managed","type":"terraform_data","name":"t","values":null}}],
            "child_modules":[{{"address":"module.m[0]","resources":[{}]}}]}}}}}},
            "resource_changes":[
              {{"address":"genesyscloud_auth_division.a","mode":"managed","type":"genesyscloud_auth_division","change":{{"actions":["no-op"],"before":{{"id":"1"}},"after":{{"id":"1"}}}}}},
              {{"address":"genesyscloud_auth_division.new","previous_address":"genesyscloud_auth_division.old","mode":"managed","type":"genesyscloud_auth_division","change":{{"actions":["no-op"],"before":{{"id":"4"}},"after":{{"id":"4"}}}}}},
              {{"address":"genesyscloud_auth_division.i","mode":"managed","type":"genesyscloud_auth_division","change":{{"actions":["no-op"],"importing":{{"id":"5"}},"before":{{"id":"5"}},"after":{{"id":"5"}}}}}}]}}"#,
            resource("genesyscloud_auth_division.a", "1", ""),
            resource("genesyscloud_auth_division.b", "2", r#","tainted":true"#),
            resource("module.m[0].genesyscloud_auth_division.c", "3", ""),
        );
        let tracked = PlanDocument::read(json.as_bytes()).unwrap().tracked().unwrap();
        let told: Vec<_> = tracked
            .instances
            .iter()
            .map(|one| (one.address.as_str(), one.id.as_str(), one.is_tainted))
            .collect();
        assert_eq!(
            told,
            [
                ("genesyscloud_auth_division.a", "1", false),
                ("genesyscloud_auth_division.b", "2", true),
                ("module.m[0].genesyscloud_auth_division.c", "3", false),
                ("genesyscloud_auth_division.old", "4", false),
            ]
        );
    }
}
