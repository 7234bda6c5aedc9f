//! Which values of an attribute Terraform would show, as far as the configuration's text proves it.
//!
//! The plugin protocol carries no mark of sensitivity, so this is all that is known while a plan is
//! made. Never evaluates anything. Invariant: what is not proved to be shown is taken for sensitive.

use std::collections::BTreeSet;

use super::expression::is_id_of_a_resource;
use super::{Argument, Blocks, Form, Written, references};

/// What Terraform would show of one attribute of a type.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Visibility {
    /// True if no block of the type can give it a sensitive value.
    pub is_whole: bool,
    /// The values that are written in plain text, once for each block.
    pub written: Vec<String>,
}

/// A local value of a module, by its path and name.
type Local = (Vec<String>, String);

impl Blocks {
    /// Works out what Terraform would show of an attribute in all blocks of a type. The attribute may be
    /// one of a nested block: `config.0.name`.
    pub fn visibility(&self, terraform_type: &str, attribute: &str) -> Visibility {
        let mut visibility = Visibility { is_whole: self.is_all_read(), written: Vec::new() };
        let steps: Vec<&str> =
            attribute.split('.').filter(|step| step.parse::<usize>().is_err()).collect();
        for (module, _, body) in self.bodies_of_type(terraform_type) {
            self.look_into(module, body, body, &steps, &mut visibility);
        }
        visibility
    }

    /// Follows a path from a block, which is `around` or in it, to what is written there.
    fn look_into(
        &self,
        module: &[String],
        around: &Written,
        block: &Written,
        steps: &[&str],
        visibility: &mut Visibility,
    ) {
        let Some((step, rest)) = steps.split_first() else { return };
        match block.arguments.get(*step).map(|argument| &argument.form) {
            Some(Form::Literal(text)) if rest.is_empty() => visibility.written.push(text.clone()),
            None | Some(Form::Null | Form::Literal(_)) => {}
            Some(Form::Expression(text)) => {
                visibility.is_whole &= self.shows(module, text, around, &mut BTreeSet::new());
            }
            Some(Form::Opaque) => visibility.is_whole = false,
        }
        visibility.is_whole &= !block.dynamic.iter().any(|name| name == step);
        for (_, nested) in block.blocks.iter().filter(|(name, _)| name == step) {
            self.look_into(module, around, nested, rest, visibility);
        }
    }

    /// Returns whether every file and every module could be read.
    fn is_all_read(&self) -> bool {
        let is_read = |module: &Vec<String>| self.locals.contains_key(module);
        self.unreadable.is_empty() && self.module_calls.keys().all(is_read)
    }

    /// Returns whether an expression of a module can be no sensitive value; `around` is the block
    /// whose `for_each` its `each` is of.
    fn shows(
        &self,
        module: &[String],
        text: &str,
        around: &Written,
        visited: &mut BTreeSet<Local>,
    ) -> bool {
        if is_id_of_a_resource(text) {
            return true;
        }
        // `nonsensitive` shows what was hidden; whatever it is given is not looked into.
        if names(text).any(|name| name == "sensitive") {
            return false;
        }
        let Some(references) = references(text) else { return false };
        references.into_iter().all(|(name, attribute)| match (name.as_str(), attribute) {
            ("count" | "path" | "terraform", _) => true,
            // A key stands in the address.
            ("each", Some(attribute)) if attribute == "key" => true,
            ("each", _) => around
                .arguments
                .get("for_each")
                .is_some_and(|argument| self.shows_argument(module, argument, around, visited)),
            ("var", Some(name)) => self.shows_variable(module, &name, visited),
            ("local", Some(name)) => self.shows_local(module, &name, visited),
            _ => false,
        })
    }

    fn shows_argument(
        &self,
        module: &[String],
        argument: &Argument,
        around: &Written,
        visited: &mut BTreeSet<Local>,
    ) -> bool {
        match &argument.form {
            Form::Null | Form::Literal(_) => true,
            Form::Expression(text) => self.shows(module, text, around, visited),
            Form::Opaque => false,
        }
    }

    /// Returns whether neither the variable nor what its module is called with is sensitive.
    fn shows_variable(&self, module: &[String], name: &str, visited: &mut BTreeSet<Local>) -> bool {
        let Some(declared) = self.variable(module, name) else { return false };
        let is_plain = |flag: &str| match declared.arguments.get(flag).map(|flag| &flag.form) {
            None | Some(Form::Null) => true,
            Some(Form::Literal(text)) => text == "false",
            Some(Form::Expression(_) | Form::Opaque) => false,
        };
        if !is_plain("sensitive") || !is_plain("ephemeral") {
            return false;
        }
        let Some((_, caller)) = module.split_last() else { return true };
        let Some(call) = self.module_call(module) else { return false };
        match call.arguments.get(name) {
            Some(argument) => self.shows_argument(caller, argument, call, visited),
            None => true,
        }
    }

    fn shows_local(&self, module: &[String], name: &str, visited: &mut BTreeSet<Local>) -> bool {
        let local = (module.to_vec(), name.to_owned());
        // A cycle is an error of Terraform's.
        let is_new = visited.insert(local.clone());
        let body = self.locals.get(module).filter(|_| is_new);
        let argument = body.and_then(|body| body.arguments.get(name));
        let shows = argument.is_some_and(|argument| {
            self.shows_argument(module, argument, &Written::default(), visited)
        });
        visited.remove(&local);
        shows
    }
}

/// Lists the words of an expression that may be names.
fn names(text: &str) -> impl Iterator<Item = &str> {
    text.split(|letter: char| !(letter.is_alphanumeric() || matches!(letter, '_' | '-')))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn read(root: &str, module: &str) -> Blocks {
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join("main.tf"), root).unwrap();
        std::fs::create_dir_all(directory.path().join(".terraform/modules")).unwrap();
        std::fs::create_dir(directory.path().join("m")).unwrap();
        std::fs::write(directory.path().join("m/main.tf"), module).unwrap();
        std::fs::write(
            directory.path().join(".terraform/modules/modules.json"),
            r#"{"Modules":[{"Key":"","Dir":"."},{"Key":"m","Dir":"m"}]}"#,
        )
        .unwrap();
        Blocks::read(directory.path(), Path::new(".terraform")).unwrap()
    }

    fn whole(root: &str, module: &str) -> bool {
        read(root, module).visibility("toy", "name").is_whole
    }

    const DECLARED: &str = "variable \"open\" {}\nvariable \"off\" { sensitive = false }\n\
        variable \"shut\" { sensitive = true }\nvariable \"gone\" { ephemeral = true }\n\
        locals {\n a = var.open\n b = \"${local.a}-x\"\n c = upper(var.shut)\n d = local.d\n e = { k = var.shut }\n f = { k = \"x\" }\n}\n";

    fn with_name(expression: &str) -> String {
        format!("{DECLARED}resource \"toy\" \"x\" {{\n name = {expression}\n}}\n")
    }

    #[test]
    fn a_value_is_shown_only_where_nothing_sensitive_can_reach_it() {
        for (expression, shown) in [
            ("\"Sales\"", true),
            ("var.open", true),
            ("var.off", true),
            ("\"${upper(local.b)}-${terraform.workspace}\"", true),
            ("local.f.k", true),
            ("var.shut", false),
            ("\"x-${var.shut}\"", false),
            ("var.gone", false),
            ("var.undeclared", false),
            ("local.c", false),
            ("local.d", false),
            ("local.e.k", false),
            ("local.missing", false),
            ("sensitive(var.open)", false),
            ("\"${sensitive (\"Sales\")}\"", false),
            ("data.vault.x.name", false),
            ("module.m.name", false),
            ("random_password.x.result", false),
            ("provider::x::f(var.open)", false),
            ("toy_thing.x.id", true),
            ("toy_thing.x[each.key].id", true),
            ("toy_thing.x[0].name", false),
            ("\"${toy_thing.x.id}-${var.shut}\"", false),
        ] {
            assert_eq!(whole(&with_name(expression), ""), shown, "{expression}");
        }
    }

    #[test]
    fn what_for_each_goes_over_counts_for_its_values_and_not_for_its_keys() {
        let block = |set: &str, name: &str| {
            format!("{DECLARED}resource \"toy\" \"x\" {{\n for_each = {set}\n name = {name}\n}}\n")
        };
        assert!(whole(&block("toset([\"a\"])", "each.value"), ""));
        assert!(whole(&block("{ a = var.shut }", "each.key"), ""));
        assert!(!whole(&block("{ a = var.shut }", "each.value"), ""));
        assert!(!whole(&block("data.x.y.z", "each.value"), ""));
    }

    #[test]
    fn a_variable_of_a_module_is_as_sensitive_as_what_it_is_called_with() {
        let module = "variable \"n\" {}\nresource \"toy\" \"x\" { name = var.n }\n";
        let call = |value: &str| {
            format!("{DECLARED}module \"m\" {{\n source = \"./m\"\n n = {value}\n}}\n")
        };
        assert!(whole(&call("\"Sales\""), module));
        assert!(whole(&call("var.open"), module));
        assert!(!whole(&call("var.shut"), module));
        assert!(!whole(&call("data.x.y.z"), module));
    }

    #[test]
    fn what_could_not_be_read_hides_everything() {
        assert!(!whole("module \"far\" { source = \"x/y/z\" }", ""));
        assert!(!whole("resource {{", ""));
        assert!(whole("", ""));
    }

    #[test]
    fn a_name_in_a_nested_block_is_shown_as_one_beside_it() {
        let shown = |block: &str| {
            let text = format!("{DECLARED}resource \"toy\" \"x\" {{\n {block}\n}}\n");
            read(&text, "").visibility("toy", "config.0.name")
        };
        let plain = Visibility { is_whole: true, written: vec!["Data".to_owned()] };
        assert_eq!(shown("config {\n name = \"Data\"\n }"), plain);
        assert!(shown("config {\n name = var.open\n key = var.shut\n }").is_whole);
        assert!(!shown("config {\n name = var.shut\n }").is_whole);
        assert!(!shown("dynamic \"config\" {\n for_each = []\n content {}\n }").is_whole);
        assert!(!shown("config = [{ name = var.shut }]").is_whole);
    }

    #[test]
    fn plain_text_is_known_beside_what_is_hidden() {
        let text =
            format!("{}resource \"toy\" \"y\" {{ name = \"Sales\" }}\n", with_name("var.shut"));
        let expected = Visibility { is_whole: false, written: vec!["Sales".to_owned()] };
        assert_eq!(read(&text, "").visibility("toy", "name"), expected);
    }
}
