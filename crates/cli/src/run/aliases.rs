//! Which `provider` block an evaluated configuration is of: the plugin protocol tells no alias.
//!
//! Compares arguments, and shows none. Invariant: where several blocks may be meant, all are named.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use divvy_core::ProviderArguments;
use divvy_core::provider_arguments::{Argument, BasicAuth};
use divvy_core::survey::Alias;
use divvy_plugin::Value;
use divvy_terraform::Blocks;
use secrecy::{ExposeSecret as _, SecretString};

use crate::run::provider_block;

/// The configuration that no block has to declare.
const DEFAULT: &str = "genesyscloud";

/// What a block says, by the paths of its arguments.
type Block = BTreeMap<String, Said>;

/// The `provider` blocks of the configuration, by their names.
pub(crate) struct AliasNames(Mutex<BTreeMap<Alias, Block>>);

impl AliasNames {
    /// Reads the blocks, as far as their arguments are constants.
    pub(crate) fn of(blocks: &Blocks) -> Self {
        let mut known: BTreeMap<Alias, Block> = BTreeMap::new();
        for (alias, settings) in blocks.provider_settings() {
            let said = |text: Option<String>| text.map_or(Said::Open, Said::of);
            let settings = settings.into_iter().map(|(name, text)| (name, said(text)));
            known.insert(alias, settings.filter(|(_, said)| *said != Said::Nothing).collect());
        }
        for (alias, arguments) in blocks.constant_provider_arguments() {
            known.entry(alias).or_default().extend(pairs(&arguments));
        }
        // Resources without an alias use it, whether there is a block or not.
        known.entry(Alias::new(DEFAULT)).or_default();
        Self(Mutex::new(known))
    }

    /// Takes in arguments that were evaluated.
    pub(crate) fn learn(&self, evaluated: BTreeMap<Alias, ProviderArguments>) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for (alias, arguments) in evaluated {
            known.entry(alias).or_default().extend(pairs(&arguments));
        }
    }

    /// Returns whether there is more than one block, and one whose arguments are no constants.
    pub(crate) fn may_be_mistaken(&self) -> bool {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.len() > 1 && known.values().any(|block| block.values().any(|one| *one == Said::Open))
    }

    /// Names the block of an evaluated configuration: `genesyscloud.prod`, or all that may be meant.
    pub(crate) fn name(&self, block: &Value) -> String {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut evaluated = settings(block);
        evaluated.extend(pairs(&provider_block::arguments(block)));
        let may_be = |written: &Block| {
            written.keys().chain(evaluated.keys()).all(|name| {
                let said = |of: &Block| of.get(name).cloned().unwrap_or(Said::Nothing);
                match (said(written), said(&evaluated)) {
                    (Said::Open, _) | (_, Said::Open) => true,
                    (one, other) => one == other,
                }
            })
        };
        let names = known.iter().filter(|(_, written)| may_be(written));
        let names: Vec<&str> = names.map(|(alias, _)| alias.as_str()).collect();
        match names.as_slice() {
            // What matches none was read wrongly: any may be meant.
            [] => known.keys().map(Alias::as_str).collect::<Vec<_>>().join(" or "),
            names => names.join(" or "),
        }
    }
}

/// What a block says in one place.
#[derive(Clone, PartialEq, Eq)]
enum Said {
    Nothing,
    This(String),
    Open,
}

impl Said {
    fn of(text: String) -> Self {
        if text.is_empty() { Self::Nothing } else { Self::This(text) }
    }
}

/// Spells the arguments of an evaluated block that are no nested blocks.
fn settings(block: &Value) -> Block {
    let Value::Map(entries) = block else { return Block::new() };
    let said = |value: &Value| match value {
        Value::Text(text) => Some(Said::of(text.clone())),
        Value::Number(number) => Some(Said::of(number.to_string())),
        Value::Bool(flag) => Some(Said::of(flag.to_string())),
        Value::Unknown => Some(Said::Open),
        Value::Null | Value::List(_) | Value::Map(_) | Value::Other(_) => None,
    };
    let entries = entries.iter().filter_map(|(name, value)| Some((name.clone(), said(value)?)));
    entries.filter(|(_, said)| *said != Said::Nothing).collect()
}

/// Spells the arguments that lead to an org, nested ones by their paths.
fn pairs(arguments: &ProviderArguments) -> Block {
    let text = |argument: &Argument<String>| match argument {
        Argument::Absent => Said::Nothing,
        Argument::Known(text) => Said::of(text.clone()),
        Argument::Open(_) => Said::Open,
    };
    let secret = |argument: &Argument<SecretString>| match argument {
        Argument::Absent => Said::Nothing,
        Argument::Known(text) => Said::of(text.expose_secret().to_owned()),
        Argument::Open(_) => Said::Open,
    };
    let mut pairs = BTreeMap::new();
    let mut add = |name: String, said: Said| {
        if said != Said::Nothing {
            pairs.insert(name, said);
        }
    };
    add("access_token".into(), secret(&arguments.access_token));
    add("oauthclient_id".into(), text(&arguments.oauthclient_id));
    add("oauthclient_secret".into(), secret(&arguments.oauthclient_secret));
    add("aws_region".into(), text(&arguments.aws_region));
    let add_auth = |block: &str, auth: Option<&BasicAuth>, add: &mut dyn FnMut(String, Said)| {
        if let Some(auth) = auth {
            add(format!("{block}.auth.username"), text(&auth.username));
            add(format!("{block}.auth.password"), secret(&auth.password));
        }
    };
    if let Some(gateway) = &arguments.gateway {
        add("gateway".into(), Said::This(String::new()));
        add("gateway.protocol".into(), text(&gateway.protocol));
        add("gateway.host".into(), text(&gateway.host));
        add("gateway.port".into(), text(&gateway.port));
        // A set: its order says nothing, and neither does an open element's.
        let mut paths: Vec<_> =
            gateway.path_params.iter().map(|(name, value)| (text(name), text(value))).collect();
        paths.sort_by_key(|(name, _)| match name {
            Said::This(name) => name.clone(),
            Said::Nothing | Said::Open => String::new(),
        });
        for (name, value) in paths {
            let name = match name {
                Said::This(name) => name,
                Said::Nothing | Said::Open => String::new(),
            };
            add(format!("gateway.path_params.{name}"), value);
        }
        add_auth("gateway", gateway.auth.as_ref(), &mut add);
    }
    if let Some(proxy) = &arguments.proxy {
        add("proxy".into(), Said::This(String::new()));
        add("proxy.protocol".into(), text(&proxy.protocol));
        add("proxy.host".into(), text(&proxy.host));
        add("proxy.port".into(), text(&proxy.port));
        add_auth("proxy", proxy.auth.as_ref(), &mut add);
    }
    pairs
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use serde_json::json;

    use super::*;

    fn names(text: &str) -> AliasNames {
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join("main.tf"), text).unwrap();
        AliasNames::of(&Blocks::read(directory.path(), Path::new(".terraform")).unwrap())
    }

    const TWO: &str = "provider \"genesyscloud\" {\n oauthclient_id = \"one\"\n gateway {\n host = \"h\"\n port = 1\n }\n}\n\
        provider \"genesyscloud\" {\n alias = \"prod\"\n oauthclient_id = \"two\"\n gateway {\n host = \"h\"\n port = 2\n }\n}\n";

    fn block(id: &str, port: &str) -> Value {
        json!({ "oauthclient_id": id, "access_token": null, "gateway": [{ "host": "h", "port": port }] }).into()
    }

    #[test]
    fn aliases_with_different_arguments_are_never_swapped() {
        let names = names(TWO);
        assert_eq!(names.name(&block("two", "2")), "genesyscloud.prod");
        assert_eq!(names.name(&block("one", "1")), "genesyscloud");
    }

    #[test]
    fn an_argument_that_names_no_org_tells_aliases_apart_too() {
        let names = names(
            "provider \"genesyscloud\" {}\nprovider \"genesyscloud\" {\n alias = \"b\"\n token_pool_size = 2\n}\n",
        );
        assert_eq!(names.name(&json!({ "token_pool_size": 2 }).into()), "genesyscloud.b");
        assert_eq!(names.name(&json!({ "token_pool_size": null }).into()), "genesyscloud");
    }

    #[test]
    fn where_two_aliases_may_be_meant_both_are_named() {
        let open = TWO
            .replace("\"one\"", "var.id")
            .replace("\"two\"", "var.other")
            .replace("port = 2", "port = 1");
        let names = names(&open);
        assert!(names.may_be_mistaken());
        assert_eq!(names.name(&block("x", "1")), "genesyscloud or genesyscloud.prod");
        let evaluated = AliasNames::of(&Blocks::default());
        let arguments = |id: &str| ProviderArguments {
            oauthclient_id: Argument::Known(id.to_owned()),
            ..ProviderArguments::default()
        };
        evaluated.learn(BTreeMap::from([(Alias::new("genesyscloud.prod"), arguments("x"))]));
        assert_eq!(evaluated.name(&json!({ "oauthclient_id": "x" }).into()), "genesyscloud.prod");
        assert_eq!(evaluated.name(&json!({ "oauthclient_id": null }).into()), "genesyscloud");
    }

    #[test]
    fn a_block_that_is_not_known_yet_has_every_name_that_it_may_have() {
        let mut unknown = block("two", "2");
        unknown.set("oauthclient_id", Value::Unknown);
        assert_eq!(names(TWO).name(&unknown), "genesyscloud.prod", "the port tells");
    }
}
