//! Values of Terraform's type system as they travel in plugin messages.
//!
//! Reads and writes MessagePack without a schema; JSON is read too, since some providers answer so.
//! Invariant: decoding what was encoded gives the same value back. Refinements of unknown values
//! are dropped (they only narrow a value that is not there).

use std::collections::BTreeMap;

use serde_json::Number;

use crate::error::Error;
use crate::messages::DynamicValue;

/// A value, as far as it can be told without its schema: sets and tuples are lists, objects are
/// maps.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Value {
    /// `null`.
    #[default]
    Null,
    /// Known after apply.
    Unknown,
    /// `true`, `false`.
    Bool(bool),
    /// A number. One that fits no machine number travels as text.
    Number(Number),
    /// A string.
    Text(String),
    /// A list, set or tuple.
    List(Vec<Value>),
    /// A map or object.
    Map(BTreeMap<String, Value>),
    /// What none of these can hold, such as an infinite number: kept as it came.
    Other(Box<rmpv::Value>),
}

const NULL: Value = Value::Null;

impl Value {
    /// Makes an object.
    pub fn object<N: Into<String>>(entries: impl IntoIterator<Item = (N, Self)>) -> Self {
        Self::Map(entries.into_iter().map(|(name, value)| (name.into(), value)).collect())
    }

    /// Returns an attribute; null if there is none, or if this is no object.
    pub fn get(&self, name: &str) -> &Self {
        match self {
            Self::Map(entries) => entries.get(name).unwrap_or(&NULL),
            _ => &NULL,
        }
    }

    /// Follows a path such as `config.0.name`; null where it leads nowhere.
    pub fn at(&self, path: &str) -> &Self {
        path.split('.').fold(self, |value, step| match (value, step.parse::<usize>()) {
            (Self::List(elements), Ok(index)) => elements.get(index).unwrap_or(&NULL),
            (value, _) => value.get(step),
        })
    }

    /// Returns whether anything at the place where a path leads, or around it, is known only after apply.
    pub fn is_unknown_at(&self, path: &str) -> bool {
        let ends = path.match_indices('.').map(|(at, _)| at).chain([path.len()]);
        ends.into_iter().any(|end| self.at(&path[..end]).is_unknown())
            || self.at(path).holds_unknown()
    }

    /// Returns whether any part of it is known only after apply.
    pub fn holds_unknown(&self) -> bool {
        match self {
            Self::Unknown => true,
            Self::List(elements) => elements.iter().any(Self::holds_unknown),
            Self::Map(entries) => entries.values().any(Self::holds_unknown),
            Self::Null | Self::Bool(_) | Self::Number(_) | Self::Text(_) | Self::Other(_) => false,
        }
    }

    /// Sets an attribute; does nothing if this is no object.
    pub fn set(&mut self, name: &str, value: Self) {
        if let Self::Map(entries) = self {
            entries.insert(name.to_owned(), value);
        }
    }

    /// Returns the text, if it is one.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// Returns the truth value, if it is one.
    pub fn as_bool(&self) -> Option<bool> {
        match self {
            Self::Bool(value) => Some(*value),
            _ => None,
        }
    }

    /// Returns the number as an unsigned integer, if it is one.
    pub fn as_u64(&self) -> Option<u64> {
        match self {
            Self::Number(number) => number.as_u64(),
            _ => None,
        }
    }

    /// Returns the elements; none if this is no list.
    pub fn elements(&self) -> &[Self] {
        match self {
            Self::List(elements) => elements,
            _ => &[],
        }
    }

    /// Returns whether it is null.
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// Returns whether it is known only after apply (itself, not something inside it).
    pub fn is_unknown(&self) -> bool {
        matches!(self, Self::Unknown)
    }

    /// Reads a value out of a message. A message without the field means null.
    pub fn read(message: Option<&DynamicValue>) -> Result<Self, Error> {
        let Some(message) = message else {
            return Ok(Self::Null);
        };
        if !message.msgpack.is_empty() {
            let mut bytes = message.msgpack.as_ref();
            let packed = rmpv::decode::read_value(&mut bytes)
                .map_err(|error| Error::Value(error.to_string()))?;
            return Ok(Self::from_msgpack(packed));
        }
        if !message.json.is_empty() {
            return Self::from_json_bytes(&message.json);
        }
        Ok(Self::Null)
    }

    /// Reads the JSON form of a value (an answer, or stored attributes).
    pub fn from_json_bytes(bytes: &[u8]) -> Result<Self, Error> {
        let json: serde_json::Value =
            serde_json::from_slice(bytes).map_err(|error| Error::Value(error.to_string()))?;
        Ok(json.into())
    }

    /// Writes the value for a message.
    pub fn write(&self) -> DynamicValue {
        let mut bytes = Vec::new();
        // Writing into a Vec cannot fail; rmpv's signature is that of any writer.
        let _ = rmpv::encode::write_value(&mut bytes, &self.to_msgpack());
        DynamicValue { msgpack: bytes.into(), json: bytes::Bytes::new() }
    }

    fn from_msgpack(packed: rmpv::Value) -> Self {
        use rmpv::Value as Packed;
        match packed {
            Packed::Nil => Self::Null,
            Packed::Boolean(value) => Self::Bool(value),
            Packed::Array(elements) => {
                Self::List(elements.into_iter().map(Self::from_msgpack).collect())
            }
            Packed::Map(entries) if entries.iter().all(|(name, _)| name.as_str().is_some()) => {
                let named = |(name, value): (Packed, Packed)| {
                    Some((name.as_str()?.to_owned(), Self::from_msgpack(value)))
                };
                Self::Map(entries.into_iter().filter_map(named).collect())
            }
            // 0: unknown; 12: unknown with refinements.
            Packed::Ext(..) => Self::Unknown,
            other => match (number(&other), other.as_str()) {
                (Some(number), _) => Self::Number(number),
                (None, Some(text)) => Self::Text(text.to_owned()),
                (None, None) => Self::Other(Box::new(other)),
            },
        }
    }

    fn to_msgpack(&self) -> rmpv::Value {
        use rmpv::Value as Packed;
        match self {
            Self::Null => Packed::Nil,
            Self::Unknown => Packed::Ext(0, vec![0]),
            Self::Bool(value) => Packed::Boolean(*value),
            Self::Number(number) => match (number.as_u64(), number.as_i64(), number.as_f64()) {
                (Some(number), ..) => number.into(),
                (None, Some(number), _) => number.into(),
                (None, None, Some(number)) => number.into(),
                (None, None, None) => number.to_string().into(),
            },
            Self::Text(text) => text.as_str().into(),
            Self::List(elements) => Packed::Array(elements.iter().map(Self::to_msgpack).collect()),
            Self::Map(entries) => Packed::Map(
                entries
                    .iter()
                    .map(|(name, value)| (name.as_str().into(), value.to_msgpack()))
                    .collect(),
            ),
            Self::Other(packed) => (**packed).clone(),
        }
    }
}

/// Reads a number; none if it is none, or is not finite.
fn number(packed: &rmpv::Value) -> Option<Number> {
    match packed {
        rmpv::Value::Integer(number) => {
            number.as_u64().map(Number::from).or(number.as_i64().map(Number::from))
        }
        rmpv::Value::F32(number) => Number::from_f64(f64::from(*number)),
        rmpv::Value::F64(number) => Number::from_f64(*number),
        _ => None,
    }
}

impl From<serde_json::Value> for Value {
    fn from(json: serde_json::Value) -> Self {
        use serde_json::Value as Json;
        match json {
            Json::Null => Self::Null,
            Json::Bool(value) => Self::Bool(value),
            Json::Number(number) => Self::Number(number),
            Json::String(text) => Self::Text(text),
            Json::Array(elements) => Self::List(elements.into_iter().map(Self::from).collect()),
            Json::Object(entries) => {
                Self::Map(entries.into_iter().map(|(name, v)| (name, v.into())).collect())
            }
        }
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<Vec<Value>> for Value {
    fn from(elements: Vec<Value>) -> Self {
        Self::List(elements)
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn values() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            Just(Value::Unknown),
            any::<bool>().prop_map(Value::Bool),
            any::<u64>().prop_map(|number| Value::Number(number.into())),
            (i64::MIN..0).prop_map(|number| Value::Number(number.into())),
            any::<String>().prop_map(Value::Text),
        ];
        leaf.prop_recursive(3, 24, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::List),
                prop::collection::btree_map(any::<String>(), inner, 0..4).prop_map(Value::Map),
            ]
        })
    }

    proptest! {
        #[test]
        fn what_was_written_is_read_back(value in values()) {
            prop_assert_eq!(Value::read(Some(&value.write())).unwrap(), value);
        }

        #[test]
        fn any_bytes_are_an_error_or_a_value_never_a_panic(bytes in any::<Vec<u8>>()) {
            let message = DynamicValue { msgpack: bytes.into(), json: bytes::Bytes::new() };
            let _ = Value::read(Some(&message));
        }
    }

    #[test]
    fn null_and_unknown_have_the_bytes_that_terraform_expects() {
        assert_eq!(Value::Null.write().msgpack.as_ref(), [0xc0]);
        assert_eq!(Value::Unknown.write().msgpack.as_ref(), [0xd4, 0, 0]);
    }

    #[test]
    fn what_no_value_can_hold_is_read_and_written_as_it_came() {
        let infinite = rmpv::Value::F64(f64::INFINITY);
        let binary = rmpv::Value::Binary(vec![0xff]);
        let keyed = rmpv::Value::Map(vec![(7.into(), rmpv::Value::Nil)]);
        let entries = vec![
            ("name".into(), "Sales".into()),
            ("odd".into(), rmpv::Value::Array(vec![infinite, binary, keyed])),
        ];
        let mut bytes = Vec::new();
        rmpv::encode::write_value(&mut bytes, &rmpv::Value::Map(entries)).unwrap();
        let message = DynamicValue { msgpack: bytes.into(), json: bytes::Bytes::new() };
        let value = Value::read(Some(&message)).unwrap();
        assert_eq!(value.get("name").as_str(), Some("Sales"));
        assert_eq!(value.write(), message);
    }

    #[test]
    fn a_path_leads_into_nested_blocks_and_stops_at_what_is_unknown() {
        let state: Value =
            serde_json::json!({ "config": [{ "name": "Data" }], "type": "x" }).into();
        assert_eq!(state.at("config.0.name").as_str(), Some("Data"));
        for nowhere in ["config.1.name", "config.name", "type.0", "none.0.name"] {
            assert!(state.at(nowhere).is_null(), "{nowhere}");
        }
        let mut open = state.clone();
        open.set("config", Value::Unknown);
        assert!(open.is_unknown_at("config.0.name") && !state.is_unknown_at("config.0.name"));
    }

    #[test]
    fn a_refined_unknown_is_unknown() {
        let refined = DynamicValue {
            msgpack: bytes::Bytes::from_static(&[0xc7, 3, 12, 0x81, 1, 0xc2]),
            json: bytes::Bytes::new(),
        };
        assert_eq!(Value::read(Some(&refined)).unwrap(), Value::Unknown);
    }

    #[test]
    fn an_answer_may_be_json() {
        let message = DynamicValue {
            msgpack: bytes::Bytes::new(),
            json: bytes::Bytes::from_static(br#"{"name":"Sales","home":null}"#),
        };
        let value = Value::read(Some(&message)).unwrap();
        assert_eq!(value.get("name").as_str(), Some("Sales"));
        assert!(value.get("home").is_null());
    }
}
