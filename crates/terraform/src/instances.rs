//! Which instance of a resource wants which name, as far as the configuration tells without a plan.
//!
//! A name in plain text is read; the others are evaluated by one `terraform console`. It knows the
//! root module only and neither `each` nor `count`, but a `for` may bind these very names: so
//! `each`, `count`, and a module's `var` and `local` become what a `for` goes through, and the
//! expressions of the configuration stay as they are written. Invariant: a name that cannot be
//! evaluated gives no instance, never a guessed one.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde_json::Value;

use crate::blocks::{Blocks, Form, Written, references};
use crate::error::Error;
use crate::state_document::quoted_key;
use crate::working_directory::WorkingDirectory;

/// The address of an instance, and the name that it wants.
pub type NamedInstance = (String, String);

impl Blocks {
    /// Returns the instances of a type whose address and `name` stand in the text: no `count` or
    /// `for_each` on the block and the modules around it, and the name is a constant.
    pub fn named_instances(&self, terraform_type: &str) -> Vec<NamedInstance> {
        let blocks = self.bodies_of_type(terraform_type);
        let named = blocks.filter_map(|(module, label, body)| {
            let name = self.literal_name(module, body)?;
            let keys = vec![Value::Null; module.len() + 1];
            Some((address(module, terraform_type, label, &keys)?, name.to_owned()))
        });
        named.collect()
    }

    /// Returns whether there are resources of a type whose instances only an evaluation tells.
    pub fn has_computed_instances(&self, terraform_type: &str) -> bool {
        self.bodies_of_type(terraform_type)
            .any(|(module, _, body)| self.literal_name(module, body).is_none())
    }

    fn literal_name<'b>(&self, module: &[String], body: &'b Written) -> Option<&'b str> {
        let calls = (1..=module.len()).map(|depth| self.module_call(&module[..depth]));
        let mut around = calls.chain([Some(body)]).flatten();
        let is_single = around.all(|body| matches!(Repetition::of(body), Some(Repetition::None)));
        match &body.arguments.get("name")?.form {
            Form::Literal(name) if is_single => Some(name),
            _ => None,
        }
    }
}

impl WorkingDirectory {
    /// Returns the instances of a type that only an evaluation tells. Starts Terraform once, if
    /// there is anything to evaluate; what depends on something unknown is left out.
    ///
    /// # Errors
    /// As every run.
    pub async fn computed_instances(
        &self,
        blocks: &Blocks,
        terraform_type: &str,
    ) -> Result<Vec<NamedInstance>, Error> {
        let (places, questions): (Vec<_>, Vec<_>) = blocks
            .bodies_of_type(terraform_type)
            .filter(|(module, _, body)| blocks.literal_name(module, body).is_none())
            .filter_map(|(module, label, body)| {
                Some(((module, label), Question { blocks }.of(module, body)?))
            })
            .unzip();
        if questions.is_empty() {
            return Ok(Vec::new());
        }
        let answers = self.evaluated(&questions).await?;
        let found = places.into_iter().zip(&questions).flat_map(|((module, label), question)| {
            let answer = answers.get(question).cloned().unwrap_or_default();
            let instances: Vec<Instance> = serde_json::from_value(answer).unwrap_or_default();
            instances.into_iter().filter_map(move |instance| {
                let address = address(module, terraform_type, label, &instance.keys)?;
                Some((address, instance.name?))
            })
        });
        Ok(found.collect())
    }
}

/// One instance as the console tells it.
#[derive(Deserialize)]
struct Instance {
    /// A key or null for each module around it, from the root, then its own.
    keys: Vec<Value>,
    name: Option<String>,
}

/// Writes an address; `None` if a key is neither text nor number, or there are too few.
fn address(module: &[String], terraform_type: &str, label: &str, keys: &[Value]) -> Option<String> {
    let (own, around) = keys.split_last()?;
    let mut address = String::new();
    for (name, key) in module.iter().zip(around) {
        address += &format!("module.{name}{}.", suffix(key)?);
    }
    let is_whole = module.len() == around.len();
    is_whole.then_some(format!("{address}{terraform_type}.{label}{}", suffix(own)?))
}

/// Writes a key behind a name; `None` if it is neither text nor number, nothing for null.
pub(crate) fn suffix(key: &Value) -> Option<String> {
    match key {
        Value::Null => Some(String::new()),
        Value::String(key) => Some(format!("[{}]", quoted_key(key))),
        Value::Number(index) => Some(format!("[{index}]")),
        _ => None,
    }
}

/// How often a block is there.
enum Repetition<'b> {
    None,
    Each(&'b str),
    Count(&'b str),
}

impl<'b> Repetition<'b> {
    /// Reads it off a block; `None` if it cannot be written on one line.
    fn of(body: &'b Written) -> Option<Self> {
        let source = |name: &str| body.sources.get(name).map(String::as_str);
        match (body.says("for_each"), body.says("count")) {
            (false, false) => Some(Self::None),
            (true, false) => source("for_each").map(Self::Each),
            (false, true) => source("count").map(Self::Count),
            (true, true) => None,
        }
    }

    fn source(&self) -> Option<&'b str> {
        match self {
            Self::None => None,
            Self::Each(source) | Self::Count(source) => Some(source),
        }
    }

    /// The expression of an instance's key.
    fn key(&self) -> &'static str {
        match self {
            Self::None => "null",
            Self::Each(_) => "tostring(each.key)",
            Self::Count(_) => "count.index",
        }
    }

    /// Makes one list of the lists that `body` is for each instance. Where a variable's type would
    /// have made a set of a list, the list's items are the keys: nothing else is possible there.
    fn around(&self, body: &str) -> String {
        match self {
            Self::None => body.to_owned(),
            Self::Each(source) => format!(
                "flatten([for divvy_all in [{source}] : [for each in concat(\
                 [for divvy_k, divvy_v in divvy_all : {{key = divvy_k, value = divvy_v}} if can(keys(divvy_all))], \
                 [for divvy_v in divvy_all : {{key = divvy_v, value = divvy_v}} if !can(keys(divvy_all))]) : {body}]])"
            ),
            Self::Count(source) => format!(
                "flatten([for count in [for divvy_n in range({source}) : {{index = divvy_n}}] : {body}])"
            ),
        }
    }
}

/// Writes the expression that comes to a list of a block's instances.
pub(crate) struct Question<'b> {
    pub(crate) blocks: &'b Blocks,
}

/// What an expression of a module needs: variables, and local values, each behind those that it
/// needs itself.
#[derive(Default)]
struct Needs<'b> {
    variables: BTreeSet<String>,
    locals: Vec<(String, &'b str)>,
    open: Vec<String>,
}

impl<'b> Question<'b> {
    fn of(&self, module: &[String], body: &'b Written) -> Option<String> {
        let repetition = Repetition::of(body)?;
        let name = body.sources.get("name")?;
        let instance = format!("[{{keys = [{}], name = {name}}}]", repetition.key());
        let mut question = repetition.around(&instance);
        // Expressions of the module that `question` holds, and that are evaluated in it.
        let mut held: Vec<&str> = repetition.source().into_iter().chain([name.as_str()]).collect();
        for depth in (1..=module.len()).rev() {
            let path = &module[..depth];
            let call = self.blocks.module_call(path)?;
            let mut needs = Needs::default();
            for text in held {
                self.collect(path, text, &mut needs)?;
            }
            for (name, source) in needs.locals.iter().rev() {
                question =
                    format!("[for local in [merge(local, {{{name} = {source}}})] : {question}]");
            }
            let given = needs.variables.into_iter().map(|variable| {
                let source = match call.sources.get(&variable) {
                    Some(source) => source,
                    None => self.blocks.variable(path, &variable)?.sources.get("default")?,
                };
                Some((variable, source.as_str()))
            });
            let given: Vec<(String, &str)> = given.collect::<Option<_>>()?;
            let arguments: Vec<String> =
                given.iter().map(|(name, source)| format!("{name} = {source}")).collect();
            let repetition = Repetition::of(call)?;
            question = format!(
                "[for divvy_i in flatten([for var in [{{{}}}] : [for local in [{{}}] : {question}]]) : \
                 {{keys = concat([{}], divvy_i.keys), name = divvy_i.name}}]",
                arguments.join(", "),
                repetition.key()
            );
            question = repetition.around(&question);
            held = given.into_iter().map(|(_, source)| source).chain(repetition.source()).collect();
        }
        Some(question)
    }

    /// Returns whether the root module's variables and local values are all that an expression needs.
    pub(crate) fn stands_alone(&self, text: &'b str) -> bool {
        self.collect(&[], text, &mut Needs::default()).is_some()
    }

    /// Collects what an expression needs; `None` if it needs something that is only there while
    /// Terraform is at work in that module.
    fn collect(&self, module: &[String], text: &'b str, needs: &mut Needs<'b>) -> Option<()> {
        for reference in references(text)? {
            match (reference.0.as_str(), reference.1) {
                ("each" | "count" | "terraform", _) => {}
                // A module's own directory is another one than the console's.
                ("path", attribute)
                    if module.is_empty() || attribute.as_deref() != Some("module") => {}
                ("var", Some(name)) => {
                    needs.variables.insert(name);
                }
                ("local", Some(name)) => {
                    if needs.locals.iter().any(|(known, _)| *known == name) {
                        continue;
                    }
                    if needs.open.contains(&name) {
                        return None;
                    }
                    needs.open.push(name.clone());
                    let source = self.blocks.local(module, &name)?;
                    self.collect(module, source, needs)?;
                    needs.locals.push((name, source));
                }
                _ => return None,
            }
        }
        Some(())
    }
}
