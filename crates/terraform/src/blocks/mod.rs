//! Blocks of the configuration and where they stand, read from `.tf` and `.tf.json` files.
//!
//! Never evaluates anything and never writes: values come from Terraform's JSON, only places and
//! the text of expressions come from here. A file that cannot be parsed counts as not there, and is
//! named. Invariant: no literal value shows in `Debug` or in a place.

mod expression;
mod hcl;
mod json;
mod visibility;
mod written;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use divvy_core::Address;
use serde::Deserialize;

pub(crate) use self::expression::{Step, references, steps};
pub use self::visibility::Visibility;
pub(crate) use self::written::{Argument, Form, Written};
use self::written::{Found, ResourceBlock};
pub use self::written::{ImportBlock, Place};
use crate::error::Error;
use crate::files::{self, Origin};
use crate::provider_address::ProviderAddress;
use crate::working_directory::is_configuration_file;

/// How a provider block says who is asking.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Credentials {
    /// Not at all: the environment decides, and a listing may start before the plan.
    NotSet,
    /// By expressions.
    Computed,
    /// At least one of them stands there in plain text.
    Literal,
}

/// One `provider` block.
#[derive(Clone, Debug)]
pub struct ProviderBlock {
    /// The names of the modules around it, from the root.
    pub module: Vec<String>,
    /// Its local name: `genesyscloud`.
    pub name: String,
    /// Its alias.
    pub alias: Option<String>,
    /// Where it stands.
    pub place: Place,
    /// What it says of credentials.
    pub credentials: Credentials,
    pub(crate) body: Written,
}

/// The configuration's blocks.
#[derive(Default)]
pub struct Blocks {
    resources: BTreeMap<(Vec<String>, String, String), (Place, Written)>,
    providers: Vec<ProviderBlock>,
    module_calls: BTreeMap<Vec<String>, Written>,
    variables: BTreeMap<(Vec<String>, String), Written>,
    locals: BTreeMap<Vec<String>, Written>,
    imports: Vec<ImportBlock>,
    backend: Option<String>,
    required_providers: BTreeMap<String, String>,
    required_versions: Vec<(String, String)>,
    provider_sources: BTreeSet<String>,
    unreadable: Vec<PathBuf>,
}

#[derive(Deserialize)]
struct ModuleManifest {
    #[serde(rename = "Modules")]
    modules: Vec<ModuleEntry>,
}

#[derive(Deserialize)]
struct ModuleEntry {
    #[serde(rename = "Key")]
    key: String,
    #[serde(rename = "Dir")]
    directory: PathBuf,
}

/// The arguments that say who is asking. The client's id alone is no secret.
const CREDENTIALS: [&str; 3] = ["access_token", "oauthclient_id", "oauthclient_secret"];

impl Blocks {
    /// Reads the root module and every module that `init` has installed.
    ///
    /// `data_directory` is `.terraform`, or what `TF_DATA_DIR` says. Modules that cannot be read
    /// are left out.
    ///
    /// # Errors
    /// [`Error::File`] if the root directory cannot be read.
    pub fn read(root: &Path, data_directory: &Path) -> Result<Self, Error> {
        let mut blocks = Self::default();
        blocks.read_module(root, Path::new(""), &[]).map_err(|e| Error::file(root, "read", e))?;
        let manifest = root.join(data_directory).join("modules/modules.json");
        let installed = files::read(&manifest, Origin::Found)
            .ok()
            .and_then(|text| serde_json::from_slice::<ModuleManifest>(&text).ok());
        for entry in installed.map(|manifest| manifest.modules).unwrap_or_default() {
            if !entry.key.is_empty() {
                let path: Vec<String> = entry.key.split('.').map(str::to_owned).collect();
                if let Err(error) = blocks.read_module(root, &entry.directory, &path) {
                    tracing::debug!(%error, module = entry.key, "module is not there");
                }
            }
        }
        Ok(blocks)
    }

    /// Returns where the resource block of an instance stands.
    pub fn resource(&self, address: &Address) -> Option<&Place> {
        let module = address.module_path().into_iter().map(str::to_owned).collect();
        let terraform_type = address.terraform_type().to_owned();
        let block = self.resources.get(&(module, terraform_type, address.name().to_owned()));
        block.map(|(place, _)| place)
    }

    /// Returns the body of an instance's resource block.
    pub(crate) fn body(&self, address: &Address) -> Option<&Written> {
        let module = address.module_path().into_iter().map(str::to_owned).collect();
        let block = (module, address.terraform_type().to_owned(), address.name().to_owned());
        self.resources.get(&block).map(|(_, body)| body)
    }

    /// Returns whether `ignore_changes` of an instance's block names an attribute. Terraform takes only
    /// constants there; a list that comments or a heredoc make unreadable counts as none.
    pub fn ignores(&self, address: &Address, attribute: &str) -> bool {
        let nested = self.body(address).into_iter().flat_map(|body| &body.blocks);
        let mut lists = nested
            .filter(|(name, _)| name == "lifecycle")
            .filter_map(|(_, body)| body.arguments.get("ignore_changes"));
        lists.any(|list| match &list.form {
            Form::Literal(names) | Form::Expression(names) => names
                .split([',', '[', ']', ' ', '"'])
                .any(|name| name == attribute || name == "all"),
            Form::Null | Form::Opaque => false,
        })
    }

    /// Returns whether the block of an instance says `create_before_destroy`.
    pub fn creates_first(&self, address: &Address) -> bool {
        let nested = self.body(address).into_iter().flat_map(|body| &body.blocks);
        let mut says = nested
            .filter(|(name, _)| name == "lifecycle")
            .filter_map(|(_, body)| body.arguments.get("create_before_destroy"));
        says.any(|argument| matches!(&argument.form, Form::Literal(text) if text == "true"))
    }

    /// Returns every resource block of a type: module path, label, place.
    pub fn resources_of_type<'a>(
        &'a self,
        terraform_type: &'a str,
    ) -> impl Iterator<Item = (&'a [String], &'a str, &'a Place)> {
        self.resources
            .iter()
            .filter(move |((_, found, _), _)| found == terraform_type)
            .map(|((module, _, label), (place, _))| (module.as_slice(), label.as_str(), place))
    }

    /// Returns every resource block of a type with its body: module path, label, body.
    pub(crate) fn bodies_of_type<'a>(
        &'a self,
        terraform_type: &'a str,
    ) -> impl Iterator<Item = (&'a [String], &'a str, &'a Written)> {
        self.resources
            .iter()
            .filter(move |((_, found, _), _)| found == terraform_type)
            .map(|((module, _, label), (_, body))| (module.as_slice(), label.as_str(), body))
    }

    /// Returns the `provider` blocks of one local name.
    pub fn providers<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a ProviderBlock> {
        self.providers.iter().filter(move |block| block.name == name)
    }

    /// Returns the backend's type (`s3`, `cloud`), `None` for the implicit local one.
    pub fn backend(&self) -> Option<&str> {
        self.backend.as_deref()
    }

    /// Reports whether runs may be made elsewhere (HCP Terraform, Terraform Enterprise): `cloud`, or the
    /// backend `remote`.
    pub fn runs_remotely(&self) -> bool {
        matches!(self.backend(), Some("cloud" | "remote"))
    }

    /// Returns the source that `required_providers` of the root gives a local name.
    pub fn required_provider(&self, name: &str) -> Option<&str> {
        self.required_providers.get(name).map(String::as_str)
    }

    /// Returns every source that `required_providers` of any module names.
    pub fn provider_sources(&self) -> impl Iterator<Item = &str> {
        self.provider_sources.iter().map(String::as_str)
    }

    /// Returns the type of every resource block.
    pub fn resource_types(&self) -> impl Iterator<Item = &str> {
        self.resources.keys().map(|(_, terraform_type, _)| terraform_type.as_str())
    }

    /// Returns what all modules together ask of a provider's version; `provider` is the end of its
    /// source, `mypurecloud/genesyscloud`.
    pub fn required_versions<'a>(&'a self, provider: &'a str) -> impl Iterator<Item = &'a str> {
        let asked = self.required_versions.iter();
        asked
            .filter(move |(source, _)| {
                ProviderAddress::parse(source, "").is_some_and(|address| address.is(provider))
            })
            .map(|(_, version)| version.as_str())
    }

    /// Returns the `import` blocks of the root module, our own left-over files included.
    pub fn imports(&self) -> &[ImportBlock] {
        &self.imports
    }

    /// Returns where credentials stand in plain text; never the values.
    pub fn literal_credentials(&self) -> Vec<&Place> {
        let blocks = self.providers.iter();
        blocks
            .flat_map(|block| {
                let secrets = ["access_token", "oauthclient_secret"].into_iter();
                secrets.filter_map(|name| block.body.arguments.get(name))
            })
            .filter(|argument| argument.form.is_plain_text())
            .map(|argument| &argument.place)
            .collect()
    }

    /// Returns the files that could not be parsed.
    pub fn unreadable(&self) -> &[PathBuf] {
        &self.unreadable
    }

    /// Returns the body of the `provider` block that a plan's JSON names.
    pub(crate) fn provider_body(
        &self,
        module: &[String],
        name: &str,
        alias: Option<&str>,
    ) -> Option<&Written> {
        self.providers
            .iter()
            .find(|block| {
                block.module == module && block.name == name && block.alias.as_deref() == alias
            })
            .map(|block| &block.body)
    }

    /// Returns the arguments of the `module` block that makes the module at `path`.
    pub(crate) fn module_call(&self, path: &[String]) -> Option<&Written> {
        self.module_calls.get(path)
    }

    /// Returns the body of a `variable` block.
    pub(crate) fn variable(&self, module: &[String], name: &str) -> Option<&Written> {
        self.variables.get(&(module.to_vec(), name.to_owned()))
    }

    /// Returns a local value of a module, as an expression on one line.
    pub(crate) fn local(&self, module: &[String], name: &str) -> Option<&str> {
        self.locals.get(module)?.sources.get(name).map(String::as_str)
    }

    fn read_module(
        &mut self,
        root: &Path,
        directory: &Path,
        module: &[String],
    ) -> std::io::Result<()> {
        let mut files = Vec::new();
        for entry in fs::read_dir(root.join(directory))? {
            let name = entry?.file_name().to_string_lossy().into_owned();
            if is_configuration_file(&name) {
                files.push(name);
            }
        }
        files.sort_by_key(|name| (is_override(name), name.clone()));
        for name in files {
            let file = directory.join(&name);
            let text = text_of_configuration(&root.join(&file));
            let found = text.and_then(|text| {
                if Path::new(&name).extension().is_some_and(|extension| extension == "json") {
                    json::read(&text, &file)
                } else {
                    hcl::read(&text, &file)
                }
            });
            match found {
                Some(found) => self.add(found, module, is_override(&name)),
                None => self.unreadable.push(file),
            }
        }
        Ok(())
    }

    fn add(&mut self, found: Found, module: &[String], overrides: bool) {
        for ResourceBlock { terraform_type, label, place, body } in found.resources {
            let key = (module.to_vec(), terraform_type, label);
            self.resources.entry(key).or_insert_with(|| (place, Written::default())).1.merge(body);
        }
        for (name, alias, place, body) in found.providers {
            let earlier = self
                .providers
                .iter_mut()
                .find(|block| block.module == module && block.name == name && block.alias == alias);
            match earlier {
                Some(block) if overrides => {
                    block.body.merge(body);
                    block.credentials = block.body.credentials();
                }
                _ => self.providers.push(ProviderBlock {
                    module: module.to_vec(),
                    name,
                    alias,
                    place,
                    credentials: body.credentials(),
                    body,
                }),
            }
        }
        for call in found.modules {
            let mut path = module.to_vec();
            path.push(call.name);
            self.module_calls.entry(path).or_default().merge(call.body);
        }
        for variable in found.variables {
            let key = (module.to_vec(), variable.name);
            self.variables.entry(key).or_default().merge(variable.body);
        }
        self.locals.entry(module.to_vec()).or_default().merge(found.locals);
        self.required_versions.extend(found.required_versions);
        self.provider_sources.extend(found.required_providers.values().cloned());
        if module.is_empty() {
            self.imports.extend(found.imports);
            self.backend = found.backend.or(self.backend.take());
            self.required_providers.extend(found.required_providers);
        }
    }
}

impl Written {
    fn credentials(&self) -> Credentials {
        let forms = || {
            let named = CREDENTIALS.iter().filter_map(|name| self.arguments.get(*name));
            named.map(|argument| &argument.form)
        };
        if forms().all(Form::says_nothing) {
            Credentials::NotSet
        } else if forms().any(Form::is_plain_text) {
            Credentials::Literal
        } else {
            Credentials::Computed
        }
    }
}

/// Returns whether Terraform lays a file over the others.
fn is_override(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or_default();
    stem == "override" || stem.ends_with("_override")
}

/// Reads a file as Terraform reads it: UTF-8 and nothing else. A mark stays; the reader of HCL counts
/// it in its spans.
fn text_of_configuration(path: &Path) -> Option<String> {
    String::from_utf8(files::read(path, Origin::Found).ok()?).ok()
}

#[cfg(test)]
mod tests;
