//! Wishes: keys that are to exist in an org, each resolved as what it is, a planned create.
//!
//! Never decides by itself: [`crate::resolve`] does. Invariant: one answer for each wish, in their
//! order; nothing is called missing that the listing shows.

use std::collections::{BTreeSet, HashMap};

use serde_json::Value;

use crate::address::Address;
use crate::alias::Alias;
use crate::entity::{Attributes, Entity, EntityId, Key, OrgId};
use crate::finding::Finding;
use crate::kind::Kind;
use crate::name::{Difference, Likeness, compare_keys};
use crate::resolve::resolve;
use crate::survey::{AliasTarget, Change, Desired, Listing, Listings, Org, Planned, Survey};
use crate::verdict::Verdict;

/// What is known of one wish.
#[derive(Clone, Debug, PartialEq)]
pub enum Wished {
    /// This entity has the key.
    Exists(Entity),
    /// Each of these has it, and nothing tells which one is meant.
    Ambiguous(Vec<Entity>),
    /// Nothing has it; these nearly do.
    Missing(Vec<Near>),
}

/// Something whose key differs from a wish only as a person overlooks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Near {
    /// Its key.
    pub key: Key,
    /// Its id; `None` for another wish that does not exist either.
    pub id: Option<EntityId>,
    /// In what it differs.
    pub differs: BTreeSet<Difference>,
}

/// Resolves wishes of one kind against what an org was seen to hold of it.
pub fn resolve_wishes(kind: &'static Kind, keys: &[Key], listing: &Listing) -> Vec<Wished> {
    let (alias, org) = (Alias::new(kind.terraform_type), OrgId::new("org"));
    let addresses: Vec<Address> = (0..keys.len()).map(|at| address(kind, at)).collect();
    let planned = addresses.iter().zip(keys).map(|(address, key)| Planned {
        after: Some(attributes(kind, key)),
        ..Planned::new(address.clone(), kind, alias.clone(), Change::Create)
    });
    let survey = Survey {
        desired: Some(Desired { planned: planned.collect(), ..Desired::default() }),
        aliases: [(alias.clone(), AliasTarget::Org(org.clone()))].into(),
        orgs: [(org, Org { listings: Listings::of(kind, listing.clone()), ..Org::default() })]
            .into(),
        ..Survey::default()
    };
    let findings = resolve(&survey).findings.into_iter();
    let mut findings: HashMap<Address, Finding> =
        findings.filter_map(|finding| Some((finding.address.clone()?, finding))).collect();
    let numbers: HashMap<&Address, usize> = addresses.iter().zip(0..).collect();
    let rivals = |finding: &Finding| -> Vec<Key> {
        let others = finding.evidence.others.iter().filter_map(|other| numbers.get(other));
        others.map(|at| keys[*at].clone()).collect()
    };
    let answers = addresses.iter().zip(keys).map(|(address, key)| {
        // Every planned instance has a finding.
        let finding = findings.remove(address).unwrap_or_else(|| unreachable!("resolve is total"));
        wished(&finding, key, listing, &rivals(&finding))
    });
    answers.collect()
}

fn address(kind: &Kind, at: usize) -> Address {
    let text = format!("{}.wish[{at}]", kind.terraform_type);
    Address::parse(&text).expect("a type, a name and a number make an address")
}

/// Returns the attributes that hold a key whose parts are attributes of their own.
fn attributes(kind: &Kind, key: &Key) -> Attributes {
    let parts = kind.key.iter().zip(key.parts());
    parts.map(|(part, value)| (part.terraform.to_owned(), Value::from(value.clone()))).collect()
}

fn wished(finding: &Finding, key: &Key, listing: &Listing, rivals: &[Key]) -> Wished {
    let evidence = &finding.evidence;
    let likeness = |entity: &Entity| compare_keys(key, &entity.key);
    let meant = evidence.entity.iter().map(|entity| &entity.id);
    let candidates = evidence.candidates.iter().map(|candidate| &candidate.entity.id);
    // A deleted entity is none that is there.
    let ids: BTreeSet<&EntityId> = meant.chain(candidates).collect();
    let seen: Vec<&Entity> = ids.into_iter().filter_map(|id| listing.entity(id)).collect();
    let is_there = |entity: &&Entity| likeness(entity) == Likeness::Equal;
    let same: Vec<Entity> = seen.iter().copied().filter(is_there).cloned().collect();
    match <[Entity; 1]>::try_from(same) {
        Ok([entity]) if finding.verdict != Verdict::Ambiguous => Wished::Exists(entity),
        Ok(several) => Wished::Ambiguous(several.into()),
        Err(several) if !several.is_empty() => Wished::Ambiguous(several),
        Err(_) => {
            let near = |key_of: &Key, id: Option<EntityId>| match compare_keys(key, key_of) {
                Likeness::Near(differs) => Some(Near { key: key_of.clone(), id, differs }),
                Likeness::Equal | Likeness::Different => None,
            };
            let existing = seen.iter().filter_map(|one| near(&one.key, Some(one.id.clone())));
            let asked = rivals.iter().filter_map(|rival| near(rival, None));
            Wished::Missing(existing.chain(asked).collect())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kinds::division::{DIVISION, PATHED_DIVISION};

    fn listing(kind: &'static Kind, entities: &[(&str, &[&str])]) -> Listing {
        let entity = |(id, key): &(&str, &[&str])| Entity {
            kind,
            id: EntityId::new(*id),
            key: Key::from_parts(key.iter().map(|part| (*part).to_owned()).collect()),
            attributes: Attributes::new(),
            is_home: *id == "home",
        };
        let entities = entities.iter().map(entity).collect();
        Listing { entities, is_complete: true, ..Listing::default() }
    }

    /// `=ID`, `ID|ID` for several, else what is near.
    fn told(kind: &'static Kind, there: &[(&str, &[&str])], wishes: &[&[&str]]) -> Vec<String> {
        let key = |parts: &&[&str]| {
            Key::from_parts(parts.iter().map(|part| (*part).to_owned()).collect())
        };
        let keys: Vec<Key> = wishes.iter().map(key).collect();
        let answers = resolve_wishes(kind, &keys, &listing(kind, there)).into_iter();
        let tell = |answer| match answer {
            Wished::Exists(entity) => format!("={}", entity.id),
            Wished::Ambiguous(all) => {
                all.iter().map(|one| one.id.as_str()).collect::<Vec<_>>().join("|")
            }
            Wished::Missing(near) => {
                let near = near.iter().map(|near| {
                    let id = near.id.as_ref().map_or("wish", EntityId::as_str);
                    let ways: Vec<_> = near.differs.iter().map(|way| way.words()).collect();
                    format!("{id}: {}", ways.join(", "))
                });
                near.collect::<Vec<_>>().join("; ")
            }
        };
        answers.map(tell).collect()
    }

    #[test]
    fn among_equal_names_the_very_bytes_count_and_twins_are_told() {
        let there: &[(&str, &[&str])] = &[
            ("1", &["Zürich"]),
            ("2", &["Zu\u{308}rich"]),
            ("3", &["Twin"]),
            ("4", &["Twin"]),
            ("home", &["Home"]),
        ];
        let wishes: &[&[&str]] = &[&["Zürich"], &["Zu\u{308}rich"]];
        assert_eq!(told(*DIVISION, there, &wishes[..1]), ["=1"]);
        assert_eq!(told(*DIVISION, there, &wishes[1..]), ["=2"]);
        assert_eq!(told(*DIVISION, there, &[&["Twin"], &["Home"], &["New"]]), ["3|4", "=home", ""]);
        assert_eq!(
            told(*DIVISION, there, &[&["twin "], &["home"]]),
            ["3: letter case, blanks; 4: letter case, blanks", "home: letter case"]
        );
    }

    #[test]
    fn each_way_of_overlooking_a_difference_is_noticed() {
        for (name, way) in [
            ("sales emea", "letter case"),
            ("Sales  EMEA", "blanks"),
            ("Sales\u{a0}EMEA", "blanks"),
            ("Sales EMEA\u{200b}", "blanks"),
            ("Ｓales EMEA", "compatibility characters"),
            ("Sаles EMEA", "look-alike letters"),
        ] {
            let there: &[(&str, &[&str])] = &[("1", &["Sales EMEA"])];
            assert_eq!(told(*DIVISION, there, &[&[name], &["Other"]]), [&format!("1: {way}"), ""]);
        }
        let both = told(*DIVISION, &[], &[&["Sales"], &["sales"], &["Ops"]]);
        assert_eq!(both, ["wish: letter case", "wish: letter case", ""]);
    }

    #[test]
    fn with_paths_name_and_path_make_a_match() {
        let there: &[(&str, &[&str])] = &[("1", &["Eng.", "/Engineering"])];
        let kind: &Kind = &PATHED_DIVISION;
        let wishes: &[&[&str]] = &[
            &["Eng.", "/Engineering"],
            &["Engineering", "/Engineering"],
            &["ENG.", "/Engineering"],
            &["Eng.", "/Labs/Eng."],
        ];
        assert_eq!(told(kind, there, &wishes[..2]), ["=1", ""]);
        assert_eq!(told(kind, there, &wishes[2..]), ["1: letter case", ""]);
    }
}
