//! Fields of the API's JSON by their paths: `config.name`, `libraries.0.id`.

use serde_json::{Map, Value, json};

/// Follows a path; `None` where it leads nowhere.
pub fn at<'f>(fields: &'f Map<String, Value>, path: &str) -> Option<&'f Value> {
    let mut steps = path.split('.');
    let first = fields.get(steps.next()?)?;
    steps.try_fold(first, |value, step| match step.parse::<usize>() {
        Ok(index) => value.get(index),
        Err(_) => value.get(step),
    })
}

/// Puts a value where a path leads, as all that its outermost field holds: a list gets one entry.
pub fn put(fields: &mut Map<String, Value>, path: &str, value: Value) {
    let (outer, inner) = path.split_once('.').unwrap_or((path, ""));
    let steps = inner.rsplit('.').filter(|step| !step.is_empty());
    let nested = steps.fold(value, |inner, step| match step.parse::<usize>() {
        Ok(_) => json!([inner]),
        Err(_) => json!({ step: inner }),
    });
    fields.insert(outer.to_owned(), nested);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_put_is_found_there() {
        for path in ["name", "outcome.id", "libraries.0.id"] {
            let mut fields = Map::new();
            put(&mut fields, path, json!("x"));
            assert_eq!(at(&fields, path), Some(&json!("x")), "{fields:?}");
        }
        assert_eq!(at(&Map::new(), "name"), None);
    }
}
