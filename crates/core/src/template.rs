//! Texts with placeholders in braces: what an import takes, and what paths hold.
//!
//! Never knows what a placeholder stands for. Invariant: a text that a template makes is taken apart by it.

/// A text with placeholders, such as what `terraform import` takes: `{id}`, `{worktype_id}/{id}`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Template(pub &'static str);

impl Template {
    /// Returns placeholders and the text that follows each; and the text before the first.
    fn parts(self) -> (&'static str, Vec<(&'static str, &'static str)>) {
        let (before, rest) = self.0.split_once('{').unwrap_or((self.0, ""));
        let parts = rest.split('{').filter_map(|part| part.split_once('}'));
        (before, parts.collect())
    }

    /// Returns whether it has this placeholder.
    pub fn holds(self, placeholder: &str) -> bool {
        self.parts().1.iter().any(|(name, _)| *name == placeholder)
    }

    /// Fills it; `None` where a value is unknown.
    pub fn compose(self, value: impl Fn(&str) -> Option<String>) -> Option<String> {
        let (before, parts) = self.parts();
        let mut text = before.to_owned();
        for (name, after) in parts {
            text.push_str(&value(name)?);
            text.push_str(after);
        }
        Some(text)
    }

    /// Takes a text apart: what fills each placeholder. `None` where it has another form.
    pub fn split(self, text: &str) -> Option<Vec<(&'static str, &str)>> {
        let (before, parts) = self.parts();
        let mut rest = text.strip_prefix(before)?;
        let mut values = Vec::new();
        for (name, after) in parts {
            let (value, left) = match after {
                "" => (rest, ""),
                _ => rest.split_once(after)?,
            };
            values.push((name, value));
            rest = left;
        }
        (rest.is_empty() && values.iter().all(|(_, value)| !value.is_empty())).then_some(values)
    }
}

/// Returns the names between braces.
pub fn placeholders(template: &'static str) -> impl Iterator<Item = &'static str> {
    template.split('{').skip(1).filter_map(|part| part.split('}').next())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_import_id_is_taken_apart_as_it_was_composed() {
        for template in ["{id}", "{worktype_id}/{id}", "{id},{knowledge_base_id}", "x-{id} y"] {
            let import_id = Template(template);
            let composed = import_id.compose(|name| Some(format!("<{name}>"))).unwrap();
            for (name, value) in import_id.split(composed.as_str()).unwrap() {
                assert_eq!(value, format!("<{name}>"));
            }
        }
        assert_eq!(Template("{a}/{id}").split("one"), None);
        assert_eq!(Template("{a}/{id}").split("/one"), None);
        assert_eq!(Template("{a}/{id}").compose(|name| (name == "id").then(String::new)), None);
    }
}
