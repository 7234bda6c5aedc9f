//! The state of a world: what it holds, and one that is written by hand.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{World, registry};

impl World {
    /// What the state holds, as address and id, sorted: from its file, else as Terraform shows it.
    pub(crate) fn state(&self) -> Vec<(String, String)> {
        if let Some(mut found) = self.state_file() {
            found.sort();
            return found;
        }
        let shown = self.terraform(&["show", "-json"]).ended(0).json();
        let mut found = Vec::new();
        collect(&shown["values"]["root_module"], &mut found);
        found.sort();
        found
    }

    /// The instances of a plain local state; `None` where that is not all that there is to know.
    fn state_file(&self) -> Option<Vec<(String, String)>> {
        let has_settings = |name: &String| name.starts_with("TF_") && name != "TF_CLI_CONFIG_FILE";
        let is_elsewhere = ["terraform.tfstate", "environment"]
            .iter()
            .any(|name| self.directory.join(".terraform").join(name).exists());
        if is_elsewhere || self.variables.keys().any(has_settings) {
            return None;
        }
        let state: Value = serde_json::from_str(&self.read("terraform.tfstate")).ok()?;
        let mut found = Vec::new();
        for resource in state["resources"].as_array()?.iter().filter(|one| one["mode"] == "managed")
        {
            let module = resource["module"].as_str().map(|module| format!("{module}."));
            let (kind, name) = (resource["type"].as_str()?, resource["name"].as_str()?);
            for instance in resource["instances"].as_array()? {
                let key = match &instance["index_key"] {
                    Value::Null => String::new(),
                    Value::String(key) if key.chars().all(|c| c.is_ascii_alphanumeric()) => {
                        format!("[\"{key}\"]")
                    }
                    Value::Number(number) => format!("[{number}]"),
                    _ => return None,
                };
                let id = instance["attributes"].as_object()?.get("id")?.as_str()?;
                let module = module.as_deref().unwrap_or_default();
                found.push((format!("{module}{kind}.{name}{key}"), id.to_owned()));
            }
        }
        Some(found)
    }

    /// Writes a local state that tracks these divisions: `label`, `id`, `name`, and where needed
    /// `description`, `home`, `key`, `module`, `status`, `alias`.
    pub(crate) fn tracks(&self, instances: &[Value]) -> &Self {
        self.write("terraform.tfstate", &state_text(instances))
    }

    /// The id that the state holds at an address.
    pub(crate) fn id_at(&self, address: &str) -> Option<String> {
        self.state().into_iter().find(|(at, _)| at == address).map(|(_, id)| id)
    }
}

/// A state file, version 4, that tracks divisions as [`World::tracks`] describes them.
pub(crate) fn state_text(instances: &[Value]) -> String {
    let provider = |instance: &Value| {
        let address = format!("provider[\"{}/mypurecloud/genesyscloud\"]", registry());
        match instance["alias"].as_str() {
            Some(alias) => format!("{address}.{alias}"),
            None => address,
        }
    };
    // Instances of one resource stand together.
    let mut resources: BTreeMap<(String, String), Value> = BTreeMap::new();
    for instance in instances {
        let place = (instance["module"].to_string(), instance["label"].to_string());
        let resource = resources.entry(place).or_insert_with(|| {
            let mut resource = serde_json::json!({
                "mode": "managed",
                "type": "genesyscloud_auth_division",
                "name": instance["label"],
                "provider": provider(instance),
                "instances": [],
            });
            if instance["module"].is_string() {
                resource["module"] = instance["module"].clone();
            }
            resource
        });
        let mut entry = serde_json::json!({
            "schema_version": 1,
            "attributes": {
                "description": instance["description"],
                "home": instance["home"],
                "id": instance["id"],
                "name": instance["name"],
            },
            "sensitive_attributes": [],
        });
        for (ours, terraforms) in
            [("key", "index_key"), ("status", "status"), ("deposed", "deposed")]
        {
            if !instance[ours].is_null() {
                entry[terraforms] = instance[ours].clone();
            }
        }
        resource["instances"].as_array_mut().expect("instances").push(entry);
    }
    let state = serde_json::json!({
        "version": 4,
        "terraform_version": "1.5.0",
        "serial": 7,
        "lineage": "46134d28-c2fc-4966-8a30-ef08f20b2320",
        "outputs": {},
        "resources": resources.into_values().collect::<Vec<_>>(),
        "check_results": null,
    });
    state.to_string()
}

fn collect(module: &Value, found: &mut Vec<(String, String)>) {
    for resource in module["resources"].as_array().into_iter().flatten() {
        if resource["mode"] == "managed" {
            let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            found.push((text(&resource["address"]), text(&resource["values"]["id"])));
        }
    }
    for child in module["child_modules"].as_array().into_iter().flatten() {
        collect(child, found);
    }
}
