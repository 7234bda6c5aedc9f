//! The arguments of each provider configuration, as Terraform will evaluate them.
//!
//! Constants and variables come from the plan's JSON; what stays open is evaluated by one
//! `terraform console`. Never guesses: `references: [var.x]` alone could be `upper(var.x)`, so the
//! expression's text must be known. Invariant: an open argument names a reference, never a value.

mod serving;

use std::collections::{BTreeMap, BTreeSet};

use divvy_core::ProviderArguments;
use divvy_core::provider_arguments::{Argument, BasicAuth, Gateway, Proxy};
use divvy_core::survey::Alias;
use secrecy::SecretString;
use serde_json::{Map, Value, json};

use self::serving::{PROVIDER, plan_key};
use crate::blocks::{Blocks, Form, ImportBlock, Written};
use crate::console::Evaluated;
use crate::error::Error;
use crate::plan_document::{PlanDocument, ProviderConfig};
use crate::working_directory::WorkingDirectory;
use crate::written_imports::WrittenImport;

impl WorkingDirectory {
    /// Learns the arguments of every provider configuration that the plan knows of.
    ///
    /// Starts Terraform at most once, and only if an argument is an expression that the plan's JSON
    /// leaves open. Arguments that stay open are no error.
    ///
    /// # Errors
    /// [`Error::Interrupted`] and [`Error::CannotRun`].
    pub async fn provider_arguments(
        &self,
        plan: &PlanDocument,
        blocks: &Blocks,
    ) -> Result<BTreeMap<Alias, ProviderArguments>, Error> {
        Ok(self.arguments_and_others(plan, blocks, &[]).await?.0)
    }

    /// Learns the same from the blocks alone, for when no plan can be made: a provider that cannot
    /// log in makes none. Variables of modules stay open.
    ///
    /// # Errors
    /// As [`WorkingDirectory::provider_arguments`].
    pub async fn provider_arguments_without_plan(
        &self,
        blocks: &Blocks,
    ) -> Result<BTreeMap<Alias, ProviderArguments>, Error> {
        self.provider_arguments(&blocks.as_plan(), blocks).await
    }

    /// Learns the same, and which of these imports are to be made, with one Terraform for both.
    ///
    /// # Errors
    /// As [`WorkingDirectory::provider_arguments`].
    pub async fn provider_arguments_and_imports(
        &self,
        blocks: &Blocks,
        imports: &[&ImportBlock],
    ) -> Result<(BTreeMap<Alias, ProviderArguments>, Vec<WrittenImport>), Error> {
        let questions = blocks.questions_of_imports(imports);
        let (arguments, evaluated) =
            self.arguments_and_others(&blocks.as_plan(), blocks, &questions).await?;
        Ok((arguments, blocks.written_imports(imports, &evaluated)))
    }

    async fn arguments_and_others(
        &self,
        plan: &PlanDocument,
        blocks: &Blocks,
        others: &[String],
    ) -> Result<(BTreeMap<Alias, ProviderArguments>, Evaluated), Error> {
        let reader = Reader::new(plan, blocks);
        let mut open = reader.open_expressions();
        open.extend_from_slice(others);
        let mut evaluated = match self.evaluated(&open).await {
            Ok(evaluated) => evaluated,
            Err(Error::Terraform(failure)) => {
                tracing::warn!(%failure, "provider arguments stay open");
                Evaluated::new()
            }
            Err(error) => return Err(error),
        };
        // The console shows no ephemeral value, and no plan holds one: they come from outside.
        for text in open {
            let given = text.strip_prefix("var.").and_then(|name| self.variable_given(name));
            if let Some(value) = given {
                evaluated.entry(text).or_insert(Value::from(value));
            }
        }
        Ok((reader.arguments(&evaluated), evaluated))
    }
}

impl PlanDocument {
    /// Returns the arguments of every provider configuration, as far as the plan's JSON alone tells
    /// them: for a plan that came without its configuration. Whatever is an expression stays open.
    pub fn provider_arguments_as_written(&self) -> BTreeMap<Alias, ProviderArguments> {
        Reader::new(self, &Blocks::default()).arguments(&Evaluated::new())
    }
}

impl Blocks {
    /// Returns the arguments of the only provider configuration of a name, if its block is there to
    /// be read without a plan: nothing in it is an expression. No block at all is an empty one.
    ///
    /// Lets a listing start together with the plan; the plan has the last word.
    pub fn arguments_known_before_a_plan(&self, provider: &str) -> Option<ProviderArguments> {
        if !self.unreadable().is_empty() {
            return None;
        }
        let mut blocks = self.providers(provider);
        let written = match (blocks.next(), blocks.next()) {
            (None, _) => return Some(ProviderArguments::default()),
            (Some(block), None) => &block.body,
            (Some(_), Some(_)) => return None,
        };
        let expressions = written.as_plan_json(Expressions::Refused)?;
        let plan = PlanDocument::default();
        let body = BodyReader {
            reader: &Reader::new(&plan, self),
            module: Vec::new(),
            expressions: Some(&expressions),
            written: None,
        };
        Some(body.arguments(&Evaluated::new()))
    }

    /// Returns the arguments of every provider configuration, as far as they are constants.
    pub fn constant_provider_arguments(&self) -> BTreeMap<Alias, ProviderArguments> {
        Reader::new(&self.as_plan(), self).arguments(&Evaluated::new())
    }

    /// Returns every argument of each provider configuration that is no nested block: its text, or
    /// nothing for an expression. Some are secrets.
    pub fn provider_settings(&self) -> BTreeMap<Alias, BTreeMap<String, Option<String>>> {
        let settings = self.providers(PROVIDER).map(|block| {
            let written = block.body.arguments.iter().filter_map(|(name, argument)| {
                let text = match &argument.form {
                    Form::Null => return None,
                    Form::Literal(text) => Some(text.clone()),
                    Form::Expression(_) | Form::Opaque => None,
                };
                Some((name.clone(), text))
            });
            let (_, key) = plan_key(block);
            (Alias::new(key), written.filter(|(name, _)| name != "alias").collect())
        });
        settings.collect()
    }

    /// Spells the provider blocks as a plan's JSON would.
    fn as_plan(&self) -> PlanDocument {
        let configurations = self.providers(PROVIDER).map(|block| {
            let (module_address, key) = plan_key(block);
            let configuration = ProviderConfig {
                name: PROVIDER.to_owned(),
                full_name: String::new(),
                alias: block.alias.clone(),
                module_address,
                expressions: block.body.as_plan_json(Expressions::Open).unwrap_or_default(),
            };
            (key, configuration)
        });
        PlanDocument::of_providers(configurations.collect())
    }
}

/// What becomes of a body that holds more than constants.
#[derive(Clone, Copy, PartialEq)]
enum Expressions {
    /// It is not spelled at all.
    Refused,
    /// What is no constant is an open reference.
    Open,
}

impl Written {
    /// Spells a body as a plan's JSON would.
    fn as_plan_json(&self, expressions: Expressions) -> Option<Map<String, Value>> {
        if expressions == Expressions::Refused && !self.dynamic.is_empty() {
            return None;
        }
        let mut json = Map::new();
        for (name, argument) in &self.arguments {
            let spelled = match (&argument.form, expressions) {
                (Form::Null, _) => json!({ "constant_value": null }),
                (Form::Literal(text), _) => json!({ "constant_value": text }),
                // Only a plain reference: another expression may hold a secret.
                (Form::Expression(text), Expressions::Open) if is_traversal(text) => {
                    json!({ "references": [text] })
                }
                (Form::Expression(_) | Form::Opaque, Expressions::Open) => json!({}),
                (Form::Expression(_) | Form::Opaque, Expressions::Refused) => return None,
            };
            json.insert(name.clone(), spelled);
        }
        for (name, body) in &self.blocks {
            let bodies = json.entry(name.clone()).or_insert_with(|| Value::Array(Vec::new()));
            bodies.as_array_mut()?.push(Value::Object(body.as_plan_json(expressions)?));
        }
        Some(json)
    }
}

/// What an expression comes to without evaluating it.
#[derive(Clone, Debug, PartialEq)]
enum Resolved {
    Value(Value),
    /// An expression of the root module, by its text, and the reference to show if it stays open.
    Root {
        text: String,
        shown: String,
    },
    /// Nothing that can be evaluated from here; the reference to show.
    Open(String),
}

struct Reader<'a> {
    plan: &'a PlanDocument,
    blocks: &'a Blocks,
}

impl<'a> Reader<'a> {
    fn new(plan: &'a PlanDocument, blocks: &'a Blocks) -> Self {
        Self { plan, blocks }
    }

    /// Returns each provider configuration, and an empty one for an alias that no block declares.
    fn arguments(&self, evaluated: &Evaluated) -> BTreeMap<Alias, ProviderArguments> {
        let mut arguments: BTreeMap<Alias, ProviderArguments> =
            self.bodies().map(|(alias, body)| (alias, body.arguments(evaluated))).collect();
        for alias in self.plan.configuration().provider_keys().aliases() {
            arguments.entry(alias).or_default();
        }
        arguments
    }

    /// Returns the root expressions that have to be evaluated, each once.
    fn open_expressions(&self) -> Vec<String> {
        let mut open = BTreeSet::new();
        for (_, body) in self.bodies() {
            body.collect_open(&mut open);
        }
        open.into_iter().collect()
    }

    fn bodies(&self) -> impl Iterator<Item = (Alias, BodyReader<'_>)> {
        let configurations = self.plan.configuration().providers.iter();
        configurations
            .filter(|(_, config)| {
                config.name == PROVIDER || config.full_name.ends_with(&format!("/{PROVIDER}"))
            })
            .map(|(key, config)| {
                let module = module_path(config.module_address.as_deref());
                let alias = config.alias.as_deref();
                let written = self.blocks.provider_body(&module, &config.name, alias);
                let body = BodyReader {
                    reader: self,
                    module,
                    expressions: Some(&config.expressions),
                    written,
                };
                (Alias::new(key), body)
            })
    }

    /// Resolves one expression of a module: `json` is its representation in the plan, `written`
    /// its form in the file.
    fn resolve(&self, module: &[String], json: &Value, written: Option<&Form>) -> Resolved {
        if let Some(constant) = json.get("constant_value") {
            return Resolved::Value(constant.clone());
        }
        let shown = reference_of(json);
        match written {
            Some(Form::Null) => Resolved::Value(Value::Null),
            Some(Form::Expression(text)) => match text.strip_prefix("var.") {
                Some(name) if is_identifier(name) => self.variable(module, name),
                _ if module.is_empty() => Resolved::Root { text: text.clone(), shown },
                _ => Resolved::Open(shown),
            },
            Some(Form::Literal(_) | Form::Opaque) | None => Resolved::Open(shown),
        }
    }

    /// Follows a variable up to the argument of the module call, or to the root's value.
    fn variable(&self, module: &[String], name: &str) -> Resolved {
        let shown = format!("var.{name}");
        let Some((call_name, parent)) = module.split_last() else {
            return match self.plan.variable(name) {
                Some(value) => Resolved::Value(value.clone()),
                // Ephemeral values are in no plan of an older Terraform.
                None => Resolved::Root { text: shown.clone(), shown },
            };
        };
        let configuration = self.plan.configuration();
        let Some(call) =
            configuration.module(parent).and_then(|parent| parent.calls.get(call_name))
        else {
            return Resolved::Open(shown);
        };
        match call.expressions.get(name) {
            Some(json) => {
                let written = self.blocks.module_call(module);
                let form = written.and_then(|written| written.arguments.get(name));
                self.resolve(parent, json, form.map(|argument| &argument.form))
            }
            None => {
                let declared = call.module.variables.get(name);
                match declared.and_then(|declared| declared.default.clone()) {
                    Some(default) => Resolved::Value(default),
                    None => Resolved::Open(shown),
                }
            }
        }
    }
}

/// One block's body: the plan's expressions and the file's text of the same block.
#[derive(Clone)]
struct BodyReader<'a> {
    reader: &'a Reader<'a>,
    module: Vec<String>,
    expressions: Option<&'a Map<String, Value>>,
    written: Option<&'a Written>,
}

impl BodyReader<'_> {
    fn resolved(&self, name: &str) -> Option<Resolved> {
        let json = self.expressions?.get(name)?;
        let argument = self.written.and_then(|written| written.arguments.get(name));
        let form = argument.map(|argument| &argument.form);
        Some(self.reader.resolve(&self.module, json, form))
    }

    fn text(&self, name: &str, evaluated: &Evaluated) -> Argument<String> {
        match self.resolved(name) {
            None => Argument::Absent,
            Some(Resolved::Value(value)) => known(&value, name),
            Some(Resolved::Root { text, shown }) => match evaluated.get(&text) {
                Some(value) => known(value, &shown),
                None => Argument::Open(shown),
            },
            Some(Resolved::Open(shown)) => Argument::Open(shown),
        }
    }

    fn secret(&self, name: &str, evaluated: &Evaluated) -> Argument<SecretString> {
        match self.text(name, evaluated) {
            Argument::Absent => Argument::Absent,
            Argument::Known(value) => Argument::Known(SecretString::from(value)),
            Argument::Open(shown) => Argument::Open(shown),
        }
    }

    /// Returns the nested blocks of one name, in order.
    fn blocks(&self, name: &str) -> Vec<Self> {
        let bodies: Vec<&Map<String, Value>> = match self.expressions.and_then(|e| e.get(name)) {
            Some(Value::Array(items)) => items.iter().filter_map(Value::as_object).collect(),
            Some(Value::Object(one)) => vec![one],
            _ => Vec::new(),
        };
        let written: Vec<&Written> = self
            .written
            .map(|written| {
                let named = written.blocks.iter().filter(|(found, _)| found == name);
                named.map(|(_, body)| body).collect()
            })
            .unwrap_or_default();
        let is_dynamic = self.is_dynamic(name);
        bodies
            .into_iter()
            .enumerate()
            .map(|(index, expressions)| Self {
                reader: self.reader,
                module: self.module.clone(),
                expressions: Some(expressions),
                // Where a `dynamic` block mixes in, the order of the two need not agree.
                written: written.get(index).copied().filter(|_| !is_dynamic),
            })
            .collect()
    }

    /// The plan's JSON leaves `dynamic` blocks out without a word.
    fn is_dynamic(&self, name: &str) -> bool {
        self.written.is_some_and(|written| written.dynamic.iter().any(|found| found == name))
    }

    fn arguments(&self, evaluated: &Evaluated) -> ProviderArguments {
        let mut gateway = self.blocks("gateway").first().map(|body| body.gateway(evaluated));
        if gateway.is_none() && self.is_dynamic("gateway") {
            gateway = Some(Gateway {
                host: Argument::Open("dynamic \"gateway\"".to_owned()),
                ..Gateway::default()
            });
        }
        ProviderArguments {
            access_token: self.secret("access_token", evaluated),
            oauthclient_id: self.text("oauthclient_id", evaluated),
            oauthclient_secret: self.secret("oauthclient_secret", evaluated),
            aws_region: self.text("aws_region", evaluated),
            gateway,
            proxy: self.blocks("proxy").first().map(|body| body.proxy(evaluated)),
        }
    }

    fn gateway(&self, evaluated: &Evaluated) -> Gateway {
        let pairs = self.blocks("path_params");
        Gateway {
            protocol: self.text("protocol", evaluated),
            host: self.text("host", evaluated),
            port: self.text("port", evaluated),
            path_params: pairs
                .iter()
                .map(|pair| (pair.text("path_name", evaluated), pair.text("path_value", evaluated)))
                .collect(),
            auth: self.auth(evaluated),
        }
    }

    fn proxy(&self, evaluated: &Evaluated) -> Proxy {
        Proxy {
            protocol: self.text("protocol", evaluated),
            host: self.text("host", evaluated),
            port: self.text("port", evaluated),
            auth: self.auth(evaluated),
        }
    }

    fn auth(&self, evaluated: &Evaluated) -> Option<BasicAuth> {
        let auth = self.blocks("auth").into_iter().next()?;
        Some(BasicAuth {
            username: auth.text("username", evaluated),
            password: auth.secret("password", evaluated),
        })
    }

    /// Collects what [`Self::arguments`] would have to ask for.
    fn collect_open(&self, open: &mut BTreeSet<String>) {
        const ARGUMENTS: [&str; 11] = [
            "access_token",
            "oauthclient_id",
            "oauthclient_secret",
            "aws_region",
            "protocol",
            "host",
            "port",
            "path_name",
            "path_value",
            "username",
            "password",
        ];
        for name in ARGUMENTS {
            if let Some(Resolved::Root { text, .. }) = self.resolved(name) {
                open.insert(text);
            }
        }
        for name in ["gateway", "proxy", "path_params", "auth"] {
            for block in self.blocks(name) {
                block.collect_open(open);
            }
        }
    }
}

/// Turns a value into text as Terraform converts it; null is as good as absent.
fn known(value: &Value, shown: &str) -> Argument<String> {
    match value {
        Value::Null => Argument::Absent,
        Value::String(text) => Argument::Known(text.clone()),
        Value::Number(_) | Value::Bool(_) => Argument::Known(value.to_string()),
        Value::Array(_) | Value::Object(_) => Argument::Open(shown.to_owned()),
    }
}

/// Names what an expression refers to; the JSON lists the most telling reference first.
fn reference_of(json: &Value) -> String {
    let reference = json.get("references").and_then(|references| references.get(0));
    match reference.and_then(Value::as_str) {
        Some(reference) => reference.to_owned(),
        None => "an expression".to_owned(),
    }
}

fn is_identifier(text: &str) -> bool {
    let mut characters = text.chars();
    characters.next().is_some_and(|c| c.is_alphabetic() || c == '_')
        && characters.all(|c| c.is_alphanumeric() || c == '_' || c == '-')
}

/// Returns whether a text is names and dots alone, such as `data.vault_secret.gc.id`.
fn is_traversal(text: &str) -> bool {
    text.split('.').all(is_identifier)
}

/// Reads `module.a.module.b`: modules with provider blocks of their own have no instance keys.
fn module_path(address: Option<&str>) -> Vec<String> {
    let steps = address.unwrap_or_default().split('.');
    steps.skip(1).step_by(2).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests;
