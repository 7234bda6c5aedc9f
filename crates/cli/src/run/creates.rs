//! What the plugin protocol tells of a create, in core's terms, and the address that stands for it.
//!
//! Pure. Invariant: an address made here never leaves the run: [`shown`] takes it out.

use std::collections::{BTreeMap, BTreeSet};

use divvy_core::entities::loosest_form;
use divvy_core::kind::{DIVISION_ID, Scope};
use divvy_core::survey::{Alias, key_of};
use divvy_core::{Address, Attributes, Finding, Kind, kinds, value_at};
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
pub(crate) fn attributes(create: &Create, kind: &'static Kind) -> (Attributes, BTreeSet<String>) {
    attributes_of(&create.planned, kind)
}

/// Reads the attributes that matter to a kind (its key, its division, what drifts, the home flag), and
/// the names of those that are not known yet.
pub(crate) fn attributes_of(state: &Value, kind: &'static Kind) -> (Attributes, BTreeSet<String>) {
    let division = (kind.scope == Scope::Division).then_some(DIVISION_ID);
    let special = kind.special.map(|special| special.attribute);
    let (mut after, mut unknown) = (Attributes::new(), BTreeSet::new());
    for path in shown_paths(kind).chain(division).chain(special) {
        let name = top_level(path);
        if state.is_unknown_at(path) {
            unknown.insert(name.to_owned());
        } else {
            after.insert(name.to_owned(), json(state.get(name)));
        }
    }
    (after, unknown)
}

/// Lists the attributes of a kind that a finding may show, as paths.
pub(crate) fn shown_paths(kind: &'static Kind) -> impl Iterator<Item = &'static str> {
    let key = kind.key.iter().flat_map(|part| [part.terraform].into_iter().chain(part.or));
    key.chain(kind.drifting().iter().map(|attribute| attribute.terraform))
}

/// Returns the attribute that a path begins with.
pub(crate) fn top_level(path: &str) -> &str {
    path.split('.').next().unwrap_or(path)
}

/// Follows a path to a text.
pub(crate) fn text_at<'a>(attributes: &'a Attributes, path: &str) -> Option<&'a str> {
    value_at(attributes, path)?.as_str()
}

/// Spells a value as JSON; what is not known, or fits no JSON, is null.
pub(crate) fn json(value: &Value) -> Json {
    match value {
        Value::Null | Value::Unknown | Value::Other(_) => Json::Null,
        Value::Bool(flag) => Json::from(*flag),
        Value::Number(number) => Json::Number(number.clone()),
        Value::Text(text) => Json::from(text.as_str()),
        Value::List(elements) => elements.iter().map(json).collect(),
        Value::Map(entries) => {
            entries.iter().map(|(name, value)| (name.clone(), json(value))).collect()
        }
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

    fn kind(name: &str) -> &'static Kind {
        kinds::of_terraform_type(&format!("genesyscloud_{name}")).expect("a kind")
    }

    #[test]
    fn a_key_inside_a_block_is_read_and_is_open_where_the_block_is() {
        let integration = kind("integration");
        let planned =
            serde_json::json!({ "integration_type": "x", "config": [{ "name": "Data" }] });
        let mut planned = Value::from(planned);
        let (after, unknown) = attributes_of(&planned, integration);
        assert_eq!(
            key_of(integration, &after).map(|key| key.parts().to_vec()).unwrap(),
            ["Data", "x"]
        );
        assert!(unknown.is_empty());
        planned.set("config", Value::Unknown);
        let (after, unknown) = attributes_of(&planned, integration);
        assert_eq!(key_of(integration, &after), None);
        assert_eq!(unknown, BTreeSet::from(["config".to_owned()]));
    }

    #[test]
    fn the_division_of_a_queue_is_read_and_children_of_two_parents_are_apart() {
        let queue = Value::from(serde_json::json!({ "name": "Support", "division_id": "d-1" }));
        let (after, _) = attributes_of(&queue, kind("routing_queue"));
        assert_eq!(text_at(&after, DIVISION_ID), Some("d-1"));
        let row = |table: &str| {
            Value::from(serde_json::json!({ "datatable_id": table, "key_value": "k" }))
        };
        let of = kind("architect_datatable_row").terraform_type;
        assert!(may_be_one(of, &row("t-1"), &row("t-1")));
        assert!(!may_be_one(of, &row("t-1"), &row("t-2")));
    }
}
