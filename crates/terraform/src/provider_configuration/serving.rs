//! Which provider configuration serves an instance, as far as the blocks alone tell.
//!
//! Reads nothing. Never guesses: a configuration that is not declared, or a name that cannot be followed, is none, since
//! a question to another org would be answered, and wrongly. Invariant: the alias is spelled as a plan's JSON spells it.

use divvy_core::Address;
use divvy_core::survey::Alias;

use crate::blocks::{Blocks, Form, ImportBlock, ProviderBlock, Written};

/// The local name and the last part of the source of the provider that is read here.
pub(super) const PROVIDER: &str = "genesyscloud";

impl Blocks {
    /// Returns the provider configuration that serves the instance which an import block names. What Terraform
    /// makes of an empty block in a module depends on the call, so such a block tells nothing.
    pub fn alias_of_import(&self, import: &ImportBlock) -> Option<Alias> {
        let address = Address::parse(&import.to)?;
        let named = self.body(&address).and_then(Written::provider_named);
        let named = named.or_else(|| import.provider.clone());
        self.alias_seen_from(&address.module_path(), named.as_deref().unwrap_or(PROVIDER))
    }

    /// Follows the name that a module has for a provider configuration to where that is declared. A name of another
    /// provider is declared nowhere here.
    fn alias_seen_from(&self, module: &[&str], named: &str) -> Option<Alias> {
        let path: Vec<String> = module.iter().map(|name| (*name).to_owned()).collect();
        let mut declared = self.providers(PROVIDER);
        let own = declared.find(|block| block.module == path && local(block) == named);
        let [outer @ .., _] = module else {
            // The default one need not be declared.
            return match own {
                Some(block) => Some(Alias::new(plan_key(block).1)),
                None => (named == PROVIDER).then(|| Alias::new(PROVIDER)),
            };
        };
        match (self.module_call(&path)?.arguments.get("providers"), own) {
            (Some(handed), _) => match &handed.form {
                Form::Expression(text) => self.alias_seen_from(outer, handed_down(text, named)?),
                Form::Null | Form::Literal(_) | Form::Opaque => None,
            },
            (None, Some(block)) => says_something(block).then(|| Alias::new(plan_key(block).1)),
            (None, None) if named == PROVIDER => self.alias_seen_from(outer, named),
            (None, None) => None,
        }
    }
}

fn says_something(block: &ProviderBlock) -> bool {
    let mut arguments = block.body.arguments.keys();
    arguments.any(|name| name != "alias") || !block.body.blocks.is_empty()
}

/// Reads from the `providers` of a module call what a module's own name stands for outside.
fn handed_down<'t>(providers: &'t str, named: &str) -> Option<&'t str> {
    let inside = providers.trim().strip_prefix('{')?.strip_suffix('}')?;
    let pairs = inside.split([',', '\n']).filter_map(|pair| pair.split_once(['=', ':']));
    let mut pairs = pairs.map(|(inner, outer)| (inner.trim(), outer.trim()));
    pairs.find(|(inner, _)| *inner == named).map(|(_, outer)| outer)
}

/// Returns the module's address, and the key that a plan's JSON has for a block.
pub(super) fn plan_key(block: &ProviderBlock) -> (Option<String>, String) {
    let module_address = (!block.module.is_empty())
        .then(|| block.module.iter().map(|name| format!("module.{name}")))
        .map(|steps| steps.collect::<Vec<_>>().join("."));
    let local = local(block);
    let key = match &module_address {
        Some(module) => format!("{module}:{local}"),
        None => local,
    };
    (module_address, key)
}

/// Returns the name that a block has in its own module.
fn local(block: &ProviderBlock) -> String {
    match &block.alias {
        Some(alias) => format!("{PROVIDER}.{alias}"),
        None => PROVIDER.to_owned(),
    }
}
