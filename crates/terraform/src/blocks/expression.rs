//! Expressions as text: on one line, and what they refer to.
//!
//! Knows hcl-edit, as [`super::hcl`] does. Never evaluates anything. Invariant: an expression on one
//! line means what it meant on several; one that cannot be put on a line has none.

use std::collections::BTreeSet;

use hcl_edit::expr::{
    Array, BinaryOperator, Expression, ForCond, ForExpr, ForIntro, FuncArgs, FuncName, Object,
    ObjectKeyMut, ObjectValueTerminator, Traversal, TraversalOperator,
};
use hcl_edit::structure::Body;
use hcl_edit::template::ForTemplateExpr;
use hcl_edit::visit::{self, Visit};
use hcl_edit::visit_mut::{self, VisitMut};
use hcl_edit::{Decor, Decorate, Decorated, Ident, RawString};

/// What an expression refers to: the first name, and the attribute taken of it.
pub(crate) type Reference = (String, Option<String>);

/// Puts an expression on one line, without its comments. `None` for a heredoc, whose lines count.
pub(super) fn on_one_line(expression: &Expression) -> Option<String> {
    let mut expression = expression.clone();
    OneLine.visit_expr_mut(&mut expression);
    let text = expression.to_string();
    let text = text.trim();
    // hcl-edit 0.10 forgets to escape what follows a template within a template.
    let is_faithful = || text.parse::<Expression>().is_ok_and(|again| again == expression);
    (!text.contains('\n') && is_faithful()).then(|| text.to_owned())
}

/// Returns what an expression refers to beyond the names that it binds itself; a function of a
/// provider counts as a reference to `provider`. `None` if the text is no expression.
pub(crate) fn references(text: &str) -> Option<BTreeSet<Reference>> {
    let expression: Expression = text.parse().ok()?;
    let mut found = References::default();
    found.visit_expr(&expression);
    Some(found.references)
}

/// A part of an address whose keys may be expressions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// A name.
    Name(String),
    /// What stands in brackets, on one line.
    Key(String),
}

impl Step {
    /// Returns what stands in its brackets, if it has some.
    pub(crate) fn key(&self) -> Option<&str> {
        match self {
            Self::Key(key) => Some(key),
            Self::Name(_) => None,
        }
    }
}

/// Returns the parts of an address as written in a configuration; `None` if the text is none.
pub(crate) fn steps(text: &str) -> Option<Vec<Step>> {
    let Ok(Expression::Traversal(traversal)) = text.parse::<Expression>() else { return None };
    let Expression::Variable(first) = &traversal.expr else { return None };
    let mut steps = vec![Step::Name(first.as_str().to_owned())];
    for operator in &traversal.operators {
        steps.push(match operator.value() {
            TraversalOperator::GetAttr(name) => Step::Name(name.as_str().to_owned()),
            TraversalOperator::Index(key) => Step::Key(on_one_line(key)?),
            _ => return None,
        });
    }
    Some(steps)
}

/// Returns whether an expression is the id of a resource, and nothing else: no secret, since it stands
/// in every plan.
pub(crate) fn is_id_of_a_resource(text: &str) -> bool {
    const OTHERS: [&str; 8] =
        ["var", "local", "each", "count", "module", "data", "path", "terraform"];
    let Ok(Expression::Traversal(traversal)) = text.parse::<Expression>() else { return false };
    let Expression::Variable(name) = &traversal.expr else { return false };
    let is_id = |operator: &TraversalOperator| matches!(operator, TraversalOperator::GetAttr(name) if name.as_str() == "id");
    let last = traversal.operators.last().map(Decorated::value);
    !OTHERS.contains(&name.as_str()) && traversal.operators.len() > 1 && last.is_some_and(is_id)
}

struct OneLine;

impl OneLine {
    fn decor(decor: &mut Decor) {
        if let Some(flat) = decor.prefix().and_then(Self::flat) {
            decor.set_prefix(flat);
        }
        if let Some(flat) = decor.suffix().and_then(Self::flat) {
            decor.set_suffix(flat);
        }
    }

    /// What to write instead of blanks that hold a line end or a comment.
    fn flat(blanks: &RawString) -> Option<&'static str> {
        blanks.contains(['\n', '#', '/']).then_some(" ")
    }
}

impl VisitMut for OneLine {
    fn visit_expr_mut(&mut self, node: &mut Expression) {
        Self::decor(node.decor_mut());
        visit_mut::visit_expr_mut(self, node);
    }

    fn visit_ident_mut(&mut self, node: &mut Decorated<Ident>) {
        Self::decor(node.decor_mut());
    }

    fn visit_binary_operator_mut(&mut self, node: &mut Decorated<BinaryOperator>) {
        Self::decor(node.decor_mut());
    }

    fn visit_traversal_mut(&mut self, node: &mut Traversal) {
        for operator in &mut node.operators {
            Self::decor(operator.decor_mut());
        }
        visit_mut::visit_traversal_mut(self, node);
    }

    fn visit_array_mut(&mut self, node: &mut Array) {
        if let Some(flat) = Self::flat(node.trailing()) {
            node.set_trailing(flat);
        }
        visit_mut::visit_array_mut(self, node);
    }

    fn visit_object_mut(&mut self, node: &mut Object) {
        if let Some(flat) = Self::flat(node.trailing()) {
            node.set_trailing(flat);
        }
        for (_, value) in &mut *node {
            value.set_terminator(ObjectValueTerminator::Comma);
        }
        visit_mut::visit_object_mut(self, node);
    }

    fn visit_object_key_mut(&mut self, mut node: ObjectKeyMut<'_>) {
        Self::decor(node.decor_mut());
    }

    fn visit_func_args_mut(&mut self, node: &mut FuncArgs) {
        Self::decor(node.decor_mut());
        if let Some(flat) = Self::flat(node.trailing()) {
            node.set_trailing(flat);
        }
        visit_mut::visit_func_args_mut(self, node);
    }

    fn visit_for_intro_mut(&mut self, node: &mut ForIntro) {
        Self::decor(node.decor_mut());
        visit_mut::visit_for_intro_mut(self, node);
    }

    fn visit_for_cond_mut(&mut self, node: &mut ForCond) {
        Self::decor(node.decor_mut());
        visit_mut::visit_for_cond_mut(self, node);
    }
}

#[derive(Default)]
struct References {
    references: BTreeSet<Reference>,
    /// Names that the `for` expressions around bind.
    bound: Vec<String>,
}

impl References {
    fn refer(&mut self, name: &str, attribute: Option<&str>) {
        if !self.bound.iter().any(|bound| bound == name) {
            self.references.insert((name.to_owned(), attribute.map(str::to_owned)));
        }
    }

    /// Binds names for the time of `visit`.
    fn within<'i>(
        &mut self,
        names: impl IntoIterator<Item = &'i Decorated<Ident>>,
        visit: impl FnOnce(&mut Self),
    ) {
        let before = self.bound.len();
        self.bound.extend(names.into_iter().map(|name| name.as_str().to_owned()));
        visit(self);
        self.bound.truncate(before);
    }
}

impl Visit for References {
    fn visit_expr(&mut self, node: &Expression) {
        match node {
            Expression::Variable(name) => self.refer(name.as_str(), None),
            _ => visit::visit_expr(self, node),
        }
    }

    fn visit_traversal(&mut self, node: &Traversal) {
        let first = node.operators.first().map(Decorated::value);
        match (&node.expr, first) {
            (Expression::Variable(name), Some(TraversalOperator::GetAttr(attribute))) => {
                self.refer(name.as_str(), Some(attribute.as_str()));
            }
            (expression, _) => self.visit_expr(expression),
        }
        for operator in &node.operators {
            self.visit_traversal_operator(operator);
        }
    }

    fn visit_func_name(&mut self, node: &FuncName) {
        if node.is_namespaced() {
            self.refer("provider", None);
        }
    }

    fn visit_for_expr(&mut self, node: &ForExpr) {
        self.visit_expr(&node.intro.collection_expr);
        let names = node.intro.key_var.iter().chain([&node.intro.value_var]);
        self.within(names, |this| {
            if let Some(key) = &node.key_expr {
                this.visit_expr(key);
            }
            this.visit_expr(&node.value_expr);
            if let Some(condition) = &node.cond {
                this.visit_for_cond(condition);
            }
        });
    }

    fn visit_for_template_expr(&mut self, node: &ForTemplateExpr) {
        self.visit_expr(&node.collection_expr);
        let names = node.key_var.iter().chain([&node.value_var]);
        self.within(names, |this| this.visit_template(&node.template));
    }

    fn visit_body(&mut self, _node: &Body) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one_line(text: &str) -> Option<String> {
        on_one_line(&text.parse().unwrap())
    }

    #[test]
    fn lines_and_comments_go_and_the_items_of_an_object_stay_apart() {
        let object = "{\n  # people\n  a = { name = \"A\" } // first\n  \"b c\" : [\n    1,\n    2, /* two */\n  ]\n}";
        let flat = one_line(object).unwrap();
        assert!(!flat.contains("people") && !flat.contains("two"), "{flat}");
        assert!(flat.parse::<Expression>().is_ok(), "{flat}");
        assert_eq!(references(&flat), Some(BTreeSet::new()));
        let words: String = flat.chars().filter(|c| !c.is_whitespace()).collect();
        assert_eq!(words, "{a={name=\"A\",},\"bc\":[1,2,],}");
    }

    #[test]
    fn every_form_of_expression_fits_on_a_line() {
        for text in [
            "{\n for k, v in\n var.x :\n k => upper(\n v\n)... # all\n if\n v != null\n}",
            "[\n for v in var.x : v\n]",
            "(var.a\n ? var.b\n : var.c)",
            "merge(\n var.a,\n {\n  x = 1\n  y = 2\n },\n)",
            "[\n  var.a &&\n  var.b,\n  \"${\n  var.c\n  }\",\n]",
        ] {
            let flat = one_line(text).unwrap_or_else(|| panic!("{text}"));
            assert!(flat.parse::<Expression>().is_ok(), "{flat}");
            assert_eq!(references(&flat), references(text), "{flat}");
        }
        assert_eq!(one_line("(var.a\n      ? var.b : \"x\")").unwrap(), "(var.a ? var.b : \"x\")");
        assert_eq!(one_line("<<EOT\na\nEOT"), None);
        assert_eq!(one_line("[\n\"${f(\"${x}\")} \\\"\"]"), None, "it would not mean the same");
    }

    #[test]
    fn what_a_for_binds_is_no_reference() {
        let found = |text: &str| -> Vec<String> {
            let found = references(text).unwrap().into_iter();
            found
                .map(|(name, attribute)| format!("{name}.{}", attribute.unwrap_or_default()))
                .collect()
        };
        assert_eq!(
            found("{ for k, v in var.x : k => \"${v.name} ${local.y}\" }"),
            ["local.y", "var.x"]
        );
        assert_eq!(found("[for v in v : v]"), ["v."]);
        assert_eq!(found("var.a[each.key].b"), ["each.key", "var.a"]);
        assert_eq!(
            found("\"%{ for x in var.l }${x}${each.value}%{ endfor }\""),
            ["each.value", "var.l"]
        );
        assert_eq!(found("provider::x::f(1)"), ["provider."]);
        assert_eq!(references("a b"), None);
    }
}
