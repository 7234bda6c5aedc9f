//! Which provider configuration serves an instance, as far as the blocks alone tell.
//!
//! Reads nothing. Never guesses: a configuration that is not declared, or a name that cannot be followed, is none, since
//! a question to another org would be answered, and wrongly. Invariant: the alias is spelled as a plan's JSON spells it.

use std::collections::BTreeMap;

use divvy_core::Address;
use divvy_core::survey::Alias;

use crate::blocks::{Blocks, Form, ImportBlock, ProviderBlock, Written};

/// The local name and the last part of the source of the provider that is read here.
pub(super) const PROVIDER: &str = "genesyscloud";

impl Blocks {
    /// Returns the provider configuration that serves an instance which an import block names. What Terraform
    /// makes of an empty block in a module depends on the call, so such a block tells nothing.
    pub(crate) fn alias_of_import(&self, address: &Address, import: &ImportBlock) -> Option<Alias> {
        let named = self.body(address).and_then(Written::provider_named);
        let named = named.or_else(|| import.body.provider_named());
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
        match (handed_down(self.module_call(&path)?), own) {
            (Some(handed), _) => self.alias_seen_from(outer, handed.get(named)?),
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

/// Reads from the `providers` of a module call what each of the module's own names stands for outside; `None`
/// where the call has none. One that cannot be read hands nothing down.
fn handed_down(call: &Written) -> Option<BTreeMap<String, String>> {
    if let Some(argument) = call.arguments.get("providers") {
        let inside = match &argument.form {
            Form::Expression(text) => {
                text.trim().strip_prefix('{').and_then(|text| text.strip_suffix('}'))
            }
            Form::Null | Form::Literal(_) | Form::Opaque => None,
        };
        let pairs = inside
            .unwrap_or_default()
            .split([',', '\n'])
            .filter_map(|pair| pair.split_once(['=', ':']));
        let named = |text: &str| text.trim().to_owned();
        return Some(pairs.map(|(inner, outer)| (named(inner), named(outer))).collect());
    }
    let (_, body) = call.blocks.iter().find(|(name, _)| name == "providers")?;
    let pairs = body.arguments.iter().filter_map(|(inner, argument)| match &argument.form {
        Form::Literal(outer) | Form::Expression(outer) => Some((inner.clone(), outer.clone())),
        Form::Null | Form::Opaque => None,
    });
    Some(pairs.collect())
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
