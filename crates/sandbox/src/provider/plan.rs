//! How the stand-in plans, imitating SDKv2's legacy type system, and how it reads stored instances.
//!
//! Pure. Invariant: an attribute that is absent and one that holds its type's zero value (empty
//! text, false, 0) are the same, so importing `home = false` next to an absent `home` is a no-op.

use std::collections::BTreeMap;

use divvy_plugin::messages::{AttributePath, RawState};
use divvy_plugin::{Error, Value};

use super::schema::{AttributeRow, Need, Shape, TypeRow};

/// What will become of one instance.
pub(crate) struct Planned {
    pub(crate) state: Value,
    pub(crate) requires_replace: Vec<AttributePath>,
}

/// Plans one instance from what it is and what is proposed.
pub(crate) fn plan(row: &TypeRow, prior: &Value, proposed: &Value) -> Planned {
    if proposed.is_null() {
        return Planned { state: Value::Null, requires_replace: Vec::new() };
    }
    if prior.is_null() {
        return Planned { state: with_unknown_ids(row, proposed), requires_replace: Vec::new() };
    }
    let mut state = prior.clone();
    let mut requires_replace = Vec::new();
    for attribute in row.attributes.iter().filter(|attribute| attribute.need != Need::Computed) {
        let wanted = proposed.get(attribute.name);
        if same(prior.get(attribute.name), wanted) {
            continue;
        }
        state.set(attribute.name, wanted.clone());
        if attribute.forces_replacement {
            requires_replace.push(AttributePath::attribute(attribute.name));
        }
    }
    if !requires_replace.is_empty() {
        state = with_unknown_ids(row, &state);
        state.set("id", Value::Unknown);
    }
    Planned { state, requires_replace }
}

fn with_unknown_ids(row: &TypeRow, proposed: &Value) -> Value {
    let mut state = proposed.clone();
    let by_api = |need| matches!(need, Need::Computed | Need::OptionalComputed);
    for attribute in row.attributes.iter().filter(|attribute| by_api(attribute.need)) {
        if state.get(attribute.name).is_null() {
            state.set(attribute.name, Value::Unknown);
        }
    }
    state
}

/// Returns whether two values are the same to SDKv2: absent equals zero.
pub(crate) fn same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::List(ones), Value::List(others)) if ones.len() == others.len() => {
            ones.iter().zip(others).all(|(one, other)| same(one, other))
        }
        (Value::Map(ones), Value::Map(others)) => {
            let names = ones.keys().chain(others.keys());
            names.into_iter().all(|name| same(one.get(name), other.get(name)))
        }
        _ => one == other || (is_zero(one) && is_zero(other)),
    }
}

fn is_zero(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::Text(text) => text.is_empty(),
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::List(elements) => elements.is_empty(),
        Value::Unknown | Value::Bool(true) | Value::Map(_) | Value::Other(_) => false,
    }
}

/// Brings stored attributes (`attributes`, or an export's `attributes_flat`) to the type's schema.
pub(crate) fn upgrade(row: &TypeRow, raw: &RawState) -> Result<Value, Error> {
    let stored = if raw.json.is_empty() {
        from_flatmap(row, &raw.flatmap)
    } else {
        Value::from_json_bytes(&raw.json)?
    };
    let kept = |attribute: &AttributeRow| match stored.get(attribute.name) {
        Value::Null => attribute.absent(),
        value => value.clone(),
    };
    Ok(Value::object(row.attributes.iter().map(|attribute| (attribute.name, kept(attribute)))))
}

fn from_flatmap(row: &TypeRow, flat: &BTreeMap<String, String>) -> Value {
    let text = |name: &str| flat.get(name).map_or(Value::Null, |text| text.as_str().into());
    let value = |name: &str, shape: Shape| match shape {
        Shape::Block(inner) => Value::from(vec![Value::object(
            inner.iter().map(|part| (part.name, text(&format!("{name}.0.{}", part.name)))),
        )]),
        // No export that is read here holds blocks.
        Shape::Blocks(_) => Vec::new().into(),
        Shape::Texts => {
            let prefix = format!("{name}.");
            let elements = flat.range(prefix.clone()..).take_while(|(k, _)| k.starts_with(&prefix));
            elements
                .filter(|(key, _)| !key.ends_with('#'))
                .map(|(_, text)| text.as_str().into())
                .collect::<Vec<_>>()
                .into()
        }
        Shape::Map => {
            let prefix = format!("{name}.");
            let entries = flat.range(prefix.clone()..).take_while(|(k, _)| k.starts_with(&prefix));
            let entries = entries.map(|(key, text)| (&key[prefix.len()..], text.as_str().into()));
            Value::object(entries.filter(|(key, _)| *key != "%"))
        }
        Shape::Text => text(name),
        Shape::Flag | Shape::Number => flat
            .get(name)
            .and_then(|text| serde_json::from_str::<serde_json::Value>(text).ok())
            .map_or(Value::Null, Value::from),
    };
    Value::object(row.attributes.iter().map(|a| (a.name, value(a.name, a.shape))))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::provider::schema::DIVISION;

    fn division(json: serde_json::Value) -> Value {
        json.into()
    }

    fn planned(prior: serde_json::Value, proposed: serde_json::Value) -> Planned {
        plan(&DIVISION, &division(prior), &division(proposed))
    }

    const SALES: &str = "5a0bbc2a";

    #[test]
    fn a_create_leaves_what_is_not_written_null_and_the_id_unknown() {
        let new = json!({"id": null, "name": "Sales", "description": null, "home": null});
        let state = planned(json!(null), new).state;
        assert!(state.get("id").is_unknown());
        assert!(state.get("description").is_null() && state.get("home").is_null());
    }

    #[test]
    fn absent_and_zero_are_the_same() {
        let prior = json!({"id": SALES, "name": "Sales", "description": "", "home": false});
        let new = json!({"id": SALES, "name": "Sales", "description": null, "home": null});
        assert_eq!(planned(prior.clone(), new).state, division(prior));
    }

    #[test]
    fn a_description_that_the_configuration_lacks_is_blanked() {
        let prior = json!({"id": SALES, "name": "Sales", "description": "IT", "home": false});
        let new = json!({"id": SALES, "name": "Sales", "description": null, "home": null});
        let plan = planned(prior, new);
        assert!(plan.requires_replace.is_empty());
        let after = json!({"id": SALES, "name": "Sales", "description": null, "home": false});
        assert_eq!(plan.state, division(after));
    }

    #[test]
    fn home_without_the_flag_is_replaced() {
        let prior = json!({"id": SALES, "name": "Home", "description": "", "home": true});
        let new = json!({"id": SALES, "name": "Home", "description": null, "home": null});
        let plan = planned(prior, new);
        assert_eq!(plan.requires_replace, [AttributePath::attribute("home")]);
        assert!(plan.state.get("id").is_unknown());
    }

    #[test]
    fn an_exported_flat_state_is_read() {
        let flat = [("id", SALES), ("name", "2"), ("home", "true")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()));
        let raw = RawState { json: bytes::Bytes::new(), flatmap: flat.into() };
        let state = upgrade(&DIVISION, &raw).unwrap();
        assert_eq!(state.get("name").as_str(), Some("2"));
        assert_eq!(state.get("home").as_bool(), Some(true));
        assert!(state.get("description").is_null());
    }
}
