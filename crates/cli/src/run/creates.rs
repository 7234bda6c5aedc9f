//! What the plugin protocol tells of a create, in core's terms, and the address that stands for it.
//!
//! Pure. Invariant: an address made here never leaves the run: [`shown`] takes it out.

use std::collections::{BTreeMap, BTreeSet};

use divvy_core::entities::loosest_form;
use divvy_core::survey::{Alias, key_of};
use divvy_core::{Address, Attributes, Finding, Kind, kinds};
use divvy_plugin::Value;
use divvy_plugin::proxy::Create;
use serde_json::Value as Json;

/// The label of an instance whose address is not known.
const UNADDRESSED: &str = "unaddressed";

/// Makes the address that stands for the create with this number.
pub(crate) fn unaddressed(kind: &Kind, number: usize) -> Address {
    let text = format!("{}.{UNADDRESSED}[{number}]", kind.terraform_type);
    Address::parse(&text).expect("a type, a label and a number make an address")
}

/// Gives a finding the addresses and names of provider blocks that are known, and takes those away that
/// are ours alone.
pub(crate) fn shown(
    finding: &Finding,
    known: &BTreeMap<Address, Address>,
    labels: &BTreeMap<Alias, String>,
) -> Finding {
    let real = |address: &Address| match known.get(address) {
        Some(real) => Some(real.clone()),
        None => (address.name() != UNADDRESSED).then(|| address.clone()),
    };
    let mut finding = finding.clone();
    finding.address = finding.address.as_ref().and_then(real);
    finding.alias = finding.alias.map(|alias| labels.get(&alias).map_or(alias, Alias::new));
    finding.evidence.others = finding.evidence.others.iter().filter_map(real).collect();
    finding
}

/// Returns whether two planned instances of a type may come to one object: the platform may take names
/// for equal that are only nearly so, and a name that is not known may be any.
pub(crate) fn may_be_one(type_name: &str, one: &Value, other: &Value) -> bool {
    let loosest = |planned: &Value| {
        let kind = kinds::of_terraform_type(type_name)?;
        key_of(kind, &attributes_of(planned, kind).0).map(|key| loosest_form(&key))
    };
    loosest(one).zip(loosest(other)).is_none_or(|(one, other)| one == other)
}

/// Reads the attributes of a planned instance that matter to its kind.
pub(crate) fn attributes(create: &Create, kind: &Kind) -> (Attributes, BTreeSet<String>) {
    attributes_of(&create.planned, kind)
}

/// Reads the attributes that matter to a kind (its key, what drifts, the home flag), and the names
/// of those that are not known yet.
pub(crate) fn attributes_of(state: &Value, kind: &Kind) -> (Attributes, BTreeSet<String>) {
    let drifting = kind.drifting().iter().map(|attribute| attribute.terraform);
    let special = kind.special.map(|special| special.attribute);
    let (mut after, mut unknown) = (Attributes::new(), BTreeSet::new());
    let key = kind.key.iter().map(|part| part.terraform);
    for name in key.chain(drifting).chain(special) {
        let value = match state.get(name) {
            Value::Text(text) => Json::from(text.as_str()),
            Value::Bool(flag) => Json::from(*flag),
            Value::Number(number) => Json::Number(number.clone()),
            Value::Unknown => {
                unknown.insert(name.to_owned());
                continue;
            }
            Value::Null | Value::List(_) | Value::Map(_) | Value::Other(_) => Json::Null,
        };
        after.insert(name.to_owned(), value);
    }
    (after, unknown)
}

/// Returns whether any part of a value is known only after apply.
pub(crate) fn holds_unknown(value: &Value) -> bool {
    match value {
        Value::Unknown => true,
        Value::List(items) => items.iter().any(holds_unknown),
        Value::Map(entries) => entries.values().any(holds_unknown),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Text(_) | Value::Other(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use divvy_core::Verdict;
    use divvy_core::finding::Evidence;
    use divvy_core::kinds::division::DIVISION;

    use super::*;

    #[test]
    fn addresses_of_ours_are_replaced_or_taken_out() {
        let (known, unknown) = (unaddressed(&DIVISION, 0), unaddressed(&DIVISION, 1));
        let real = Address::parse("genesyscloud_auth_division.eng").unwrap();
        let others = vec![known.clone(), unknown.clone(), real.clone()];
        let finding = Finding {
            verdict: Verdict::DuplicateInConfig,
            also: Vec::new(),
            kind: Some(&DIVISION),
            address: Some(unknown),
            alias: None,
            org: None,
            name: None,
            evidence: Evidence { others, ..Evidence::default() },
        };
        let finding = shown(&finding, &BTreeMap::from([(known, real.clone())]), &BTreeMap::new());
        assert_eq!(finding.address, None);
        assert_eq!(finding.evidence.others, [real.clone(), real]);
    }

    #[test]
    fn instances_are_apart_only_if_their_names_are_far_from_equal() {
        let of = |name: &str| Value::from(serde_json::json!({ "name": name }));
        let may = |one: &Value, other: &Value| may_be_one(DIVISION.terraform_type, one, other);
        let sales = of("Sales");
        for near in ["Sales", " sales", "S\u{202f}ales"] {
            assert!(may(&sales, &of(near)) && may(&of(near), &sales), "{near:?}");
        }
        assert!(!may(&sales, &of("Sales EMEA")));
        assert!(may(&sales, &Value::object([("name", Value::Unknown)])));
        assert!(may_be_one("another_type", &sales, &of("Sales EMEA")), "nothing is known of it");
    }
}
