//! The `configuration` of a plan's JSON: provider blocks, modules, and who serves which resource.
//!
//! Never evaluates anything: expressions stay as the JSON has them (a constant, or references).

use std::collections::{BTreeMap, HashMap};

use divvy_core::Address;
use divvy_core::kinds;
use divvy_core::survey::Alias;
use serde::Deserialize;
use serde_json::Value;

/// The configuration as far as it is kept.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct Configuration {
    /// By `provider_config_key`.
    #[serde(rename = "provider_config")]
    pub(crate) providers: BTreeMap<String, ProviderConfig>,
    pub(crate) root_module: Module,
}

/// One provider block.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct ProviderConfig {
    pub(crate) name: String,
    pub(crate) full_name: String,
    pub(crate) alias: Option<String>,
    /// The module that declares it, `None` for the root.
    pub(crate) module_address: Option<String>,
    pub(crate) expressions: serde_json::Map<String, Value>,
}

/// One module.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct Module {
    resources: Vec<Resource>,
    #[serde(rename = "module_calls")]
    pub(crate) calls: BTreeMap<String, ModuleCall>,
    pub(crate) variables: BTreeMap<String, VariableDeclaration>,
}

#[derive(Deserialize)]
struct Resource {
    #[serde(default)]
    mode: String,
    #[serde(rename = "type")]
    terraform_type: String,
    name: String,
    #[serde(default)]
    provider_config_key: String,
}

/// One `module` block.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct ModuleCall {
    pub(crate) expressions: serde_json::Map<String, Value>,
    pub(crate) module: Module,
}

/// One `variable` block.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct VariableDeclaration {
    pub(crate) default: Option<Value>,
}

/// Which provider configuration serves which resource block of a kind.
pub(crate) struct ProviderKeys(HashMap<(Vec<String>, String), Alias>);

impl Configuration {
    pub(crate) fn provider_keys(&self) -> ProviderKeys {
        let mut keys = ProviderKeys(HashMap::new());
        self.collect(&self.root_module, &mut Vec::new(), &mut keys);
        keys
    }

    /// Returns the module at a path of call names.
    pub(crate) fn module(&self, path: &[String]) -> Option<&Module> {
        path.iter()
            .try_fold(&self.root_module, |module, name| Some(&module.calls.get(name)?.module))
    }

    fn collect(&self, module: &Module, path: &mut Vec<String>, keys: &mut ProviderKeys) {
        for resource in &module.resources {
            if resource.mode != "data"
                && kinds::of_terraform_type(&resource.terraform_type).is_some()
            {
                let block = format!("{}.{}", resource.terraform_type, resource.name);
                let alias = self.declared(&resource.provider_config_key);
                keys.0.insert((path.clone(), block), alias);
            }
        }
        for (name, call) in &module.calls {
            path.push(name.clone());
            self.collect(&call.module, path, keys);
            path.pop();
        }
    }

    /// Follows a key of an older Terraform, which names the module that uses it
    /// (`module.a.module.b:genesyscloud`), up to the module that declares it.
    fn declared(&self, key: &str) -> Alias {
        let mut key = key.to_owned();
        while !self.providers.contains_key(&key) {
            let Some((module, provider)) = key.rsplit_once(':') else {
                break;
            };
            key = match module.rsplit_once(".module.") {
                Some((parent, _)) => format!("{parent}:{provider}"),
                None => provider.to_owned(),
            };
        }
        Alias::new(key)
    }
}

impl ProviderKeys {
    /// Returns every alias that serves a kind.
    pub(crate) fn aliases(&self) -> impl Iterator<Item = Alias> {
        self.0.values().cloned()
    }

    /// Returns the alias that serves an instance; an instance without a block (it is about to be
    /// deleted) belongs to the default configuration.
    pub(crate) fn of(&self, address: &Address) -> Alias {
        let path: Vec<String> = address.module_path().into_iter().map(str::to_owned).collect();
        let block = format!("{}.{}", address.terraform_type(), address.name());
        self.0.get(&(path, block)).cloned().unwrap_or_else(|| {
            let provider = address.terraform_type().split('_').next();
            Alias::new(provider.unwrap_or_default())
        })
    }
}
