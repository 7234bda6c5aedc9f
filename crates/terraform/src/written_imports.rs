//! Which imports a configuration asks for, as far as it tells without a plan.
//!
//! An import of constants is read; keys, ids and `for_each` that are expressions are evaluated by one
//! `terraform console`. Invariant: what cannot be evaluated, or depends on what only a plan knows, gives no
//! import, never a guessed one.

use divvy_core::Address;
use divvy_core::survey::Alias;
use serde::Deserialize;
use serde_json::Value;

use crate::blocks::{Blocks, Form, ImportBlock, Step, steps};
use crate::console::Evaluated;
use crate::instances::{Question, suffix};

/// One import that a plan will make.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WrittenImport {
    /// Where to.
    pub address: Address,
    /// What serves the address.
    pub alias: Alias,
    /// What is imported.
    pub id: String,
}

/// One instance of an import block as the console tells it.
#[derive(Deserialize)]
struct Instance {
    /// What the brackets of `to` come to, from the left.
    keys: Vec<Value>,
    id: String,
}

impl Blocks {
    /// Returns what is to be evaluated for these imports.
    pub(crate) fn questions_of_imports(&self, imports: &[&ImportBlock]) -> Vec<String> {
        let computed = imports.iter().filter(|import| import.constant().is_none());
        computed.filter_map(|import| import.question(self)).collect()
    }

    /// Returns the imports that these blocks ask for, where the blocks tell which provider configuration
    /// serves them.
    pub(crate) fn written_imports(
        &self,
        imports: &[&ImportBlock],
        evaluated: &Evaluated,
    ) -> Vec<WrittenImport> {
        let found = imports.iter().flat_map(|import| {
            let instances = match import.constant() {
                Some(constant) => vec![constant],
                None => import.computed(self, evaluated),
            };
            instances.into_iter().filter_map(|(address, id)| {
                let alias = self.alias_of_import(&address, import)?;
                Some(WrittenImport { address, alias, id })
            })
        });
        found.collect()
    }
}

impl ImportBlock {
    /// Returns the address and the id of an import that stands in the text.
    fn constant(&self) -> Option<(Address, String)> {
        match &self.body.arguments.get("id")?.form {
            Form::Literal(id) if !self.body.says("for_each") => {
                Some((Address::parse(&self.to)?, id.clone()))
            }
            _ => None,
        }
    }

    /// Writes the expression that comes to a list of the instances. Here, unlike at a resource, the keys of a
    /// list are its indexes.
    fn question(&self, blocks: &Blocks) -> Option<String> {
        let id = self.body.sources.get("id")?;
        let steps = steps(&self.to)?;
        let keys: Vec<&str> = steps.iter().filter_map(Step::key).collect();
        let for_each = self.body.sources.get("for_each");
        let instance = format!("{{keys = [{}], id = {id}}}", keys.join(", "));
        let question = match for_each {
            Some(each) => format!(
                "[for each in [for divvy_k, divvy_v in {each} : {{key = divvy_k, value = divvy_v}}] : {instance}]"
            ),
            None if self.body.says("for_each") => return None,
            None => format!("[{instance}]"),
        };
        Question { blocks }.stands_alone(&question).then_some(question)
    }

    fn computed(&self, blocks: &Blocks, evaluated: &Evaluated) -> Vec<(Address, String)> {
        let question = self.question(blocks);
        let answer = question.and_then(|question| evaluated.get(&question).cloned());
        let instances: Vec<Instance> =
            serde_json::from_value(answer.unwrap_or_default()).unwrap_or_default();
        let steps = steps(&self.to).unwrap_or_default();
        let found = instances.into_iter().filter_map(|instance| {
            let address = Address::parse(&spelled(&steps, &instance.keys)?)?;
            Some((address, instance.id))
        });
        found.collect()
    }
}

/// Puts keys into an address.
fn spelled(steps: &[Step], keys: &[Value]) -> Option<String> {
    let mut keys = keys.iter();
    let mut address = String::new();
    for step in steps {
        match step {
            Step::Name(name) if address.is_empty() => address += name,
            Step::Name(name) => address += &format!(".{name}"),
            Step::Key(_) => address += &suffix(keys.next()?)?,
        }
    }
    Some(address)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn what_only_a_plan_knows_is_not_asked_of_a_console() {
        let declared = "variable \"v\" {}\nlocals {\n  l = { a = var.v }\n  later = toy.x.id\n}\n";
        for (id, is_asked) in [
            ("local.l.a", true),
            ("\"x-${upper(var.v)}\"", true),
            ("jsondecode(file(\"${path.module}/ids.json\")).a", true),
            ("yamldecode(file(\"${path.root}/ids.yaml\"))[terraform.workspace]", true),
            ("local.later", false),
            ("local.missing", false),
            ("toy.x.id", false),
            ("data.toy.x.id", false),
            ("module.m.id", false),
            ("try(module.m.id, var.v)", false),
            ("provider::toy::f(var.v)", false),
        ] {
            let directory = tempfile::tempdir().unwrap();
            let text = format!("{declared}import {{\n  to = toy.y\n  id = {id}\n}}\n");
            std::fs::write(directory.path().join("main.tf"), text).unwrap();
            let blocks = Blocks::read(directory.path(), Path::new(".terraform")).unwrap();
            let imports: Vec<_> = blocks.imports().iter().collect();
            assert_eq!(imports.len(), 1, "{id}");
            assert_eq!(!blocks.questions_of_imports(&imports).is_empty(), is_asked, "{id}");
        }
    }
}
