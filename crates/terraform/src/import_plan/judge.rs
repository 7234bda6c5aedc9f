//! The predicate: whether a plan does nothing but import what was asked for.
//!
//! Pure. Never trusts a plan beyond its JSON. Invariant: `Acceptable` means that applying the plan
//! changes no object, except the updates that were allowed by address.

use std::collections::{BTreeMap, BTreeSet};

use divvy_core::survey::Change;
use divvy_core::{Address, EntityId};

use crate::plan_document::{PlanDocument, ResourceChange};

/// What a plan with import blocks comes to.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Judgement {
    /// It imports exactly what was asked for; updates are only those that were allowed.
    Acceptable,
    /// Some of the wanted imports would do more than import, or would not happen: without them it
    /// may be acceptable.
    Unfit(BTreeMap<Address, Unfit>),
    /// It would change something that is none of the wanted addresses.
    Foreign(BTreeSet<String>),
    /// Terraform itself calls it incomplete.
    Errored,
}

/// Why one address cannot be adopted by an import-only plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unfit {
    /// The import would be followed by an update.
    Updates,
    /// The import would be followed by a replace, a delete, or something unknown.
    Destroys,
    /// The plan holds the address without an import, or lacks it.
    NotImported,
    /// The plan imports another id there.
    OtherId,
}

/// Judges a plan that was made with import blocks for `wanted`.
pub(crate) fn judge(
    plan: &PlanDocument,
    wanted: &BTreeMap<Address, EntityId>,
    may_update: &BTreeSet<Address>,
) -> Judgement {
    if plan.is_errored() {
        return Judgement::Errored;
    }
    let mut unfit: BTreeMap<Address, Unfit> =
        wanted.keys().map(|address| (address.clone(), Unfit::NotImported)).collect();
    let mut foreign = BTreeSet::new();
    for change in plan.changes() {
        let address = Address::parse(&change.address).filter(|_| !change.is_deposed);
        match address.and_then(|address| wanted.get_key_value(&address)) {
            Some((address, id)) => match unfit_of(change, id, may_update.contains(address)) {
                Some(reason) => unfit.insert(address.clone(), reason),
                None => unfit.remove(address),
            }
            .map_or((), drop),
            None if leaves_everything_alone(change) => {}
            None => drop(foreign.insert(change.address.clone())),
        }
    }
    // What is unfit may also be what pulls the foreign changes in.
    if !unfit.is_empty() {
        Judgement::Unfit(unfit)
    } else if !foreign.is_empty() {
        Judgement::Foreign(foreign)
    } else {
        Judgement::Acceptable
    }
}

fn unfit_of(change: &ResourceChange, id: &EntityId, may_update: bool) -> Option<Unfit> {
    match (&change.import_id, change.action) {
        (None, _) => Some(Unfit::NotImported),
        (Some(planned), _) if planned != id.as_str() => Some(Unfit::OtherId),
        (Some(_), Some(Change::NoOp)) => None,
        (Some(_), Some(Change::Update)) if may_update || change.changes_marks_only() => None,
        (Some(_), Some(Change::Update)) => Some(Unfit::Updates),
        (Some(_), _) => Some(Unfit::Destroys),
    }
}

/// A `moved` address is left alone too: the move is the user's own, and touches no object.
fn leaves_everything_alone(change: &ResourceChange) -> bool {
    change.import_id.is_none() && matches!(change.action, Some(Change::NoOp | Change::Read))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::fixture;

    const EVERYDAY: &str = r#"{"address":"a.other","mode":"managed","type":"a","change":{"actions":["no-op"]}},
        {"address":"data.a.x","mode":"data","type":"a","change":{"actions":["read"]}}"#;

    fn plan(changes: &[&str]) -> PlanDocument {
        let json = format!(
            r#"{{"format_version":"1.2","planned_values":{{}},"resource_changes":[{}]}}"#,
            changes.join(",")
        );
        PlanDocument::read(json.as_bytes()).unwrap()
    }

    fn import(address: &str, id: &str, actions: &str) -> String {
        format!(
            r#"{{"address":"{address}","mode":"managed","type":"a","change":{{"actions":[{actions}],"importing":{{"id":"{id}"}}}}}}"#
        )
    }

    fn address(text: &str) -> Address {
        Address::parse(text).unwrap()
    }

    fn judge_one(changes: &[&str], may_update: bool) -> Judgement {
        let wanted = BTreeMap::from([(address("a.x"), EntityId::new("1"))]);
        let allowed = may_update.then(|| address("a.x")).into_iter().collect();
        judge(&plan(changes), &wanted, &allowed)
    }

    fn unfit(reason: Unfit) -> Judgement {
        Judgement::Unfit(BTreeMap::from([(address("a.x"), reason)]))
    }

    #[test]
    fn an_import_beside_no_ops_and_reads_is_acceptable() {
        let wanted = import("a.x", "1", r#""no-op""#);
        assert_eq!(judge_one(&[EVERYDAY, &wanted], false), Judgement::Acceptable);
    }

    #[test]
    fn an_update_is_unfit_unless_this_very_address_may_be_updated() {
        let wanted = import("a.x", "1", r#""update""#);
        assert_eq!(judge_one(&[&wanted], false), unfit(Unfit::Updates));
        assert_eq!(judge_one(&[&wanted], true), Judgement::Acceptable);
    }

    #[test]
    fn an_import_that_only_marks_a_value_as_sensitive_changes_no_object() {
        let import = |before: &str| {
            format!(
                r#"{{"address":"a.x","mode":"managed","type":"genesyscloud_auth_division","change":{{
                "actions":["update"],"importing":{{"id":"1"}},"before":{{"name":"{before}"}},
                "after":{{"name":"A"}},"before_sensitive":{{}},"after_sensitive":{{"name":true}}}}}}"#
            )
        };
        assert_eq!(judge_one(&[&import("A")], false), Judgement::Acceptable);
        assert_eq!(judge_one(&[&import("B")], false), unfit(Unfit::Updates));
    }

    #[test]
    fn a_deposed_object_of_the_same_address_is_foreign() {
        let wanted = import("a.x", "1", r#""no-op""#);
        let deposed = r#"{"address":"a.x","mode":"managed","type":"a","deposed":"0a1b2c3d","change":{"actions":["delete"]}}"#;
        let foreign = Judgement::Foreign(["a.x".to_owned()].into());
        assert_eq!(judge_one(&[&wanted, deposed], false), foreign);
    }

    #[test]
    fn a_replace_is_never_acceptable() {
        let wanted = import("a.x", "1", r#""delete","create""#);
        assert_eq!(judge_one(&[&wanted], true), unfit(Unfit::Destroys));
        let unknown = import("a.x", "1", r#""abandon""#);
        assert_eq!(judge_one(&[&unknown], true), unfit(Unfit::Destroys));
    }

    #[test]
    fn an_import_that_does_not_happen_or_takes_another_id_is_unfit() {
        let create =
            r#"{"address":"a.x","mode":"managed","type":"a","change":{"actions":["create"]}}"#;
        assert_eq!(judge_one(&[create], true), unfit(Unfit::NotImported));
        assert_eq!(judge_one(&[], true), unfit(Unfit::NotImported));
        let other = import("a.x", "2", r#""no-op""#);
        assert_eq!(judge_one(&[&other], true), unfit(Unfit::OtherId));
    }

    #[test]
    fn whatever_else_would_change_is_foreign() {
        let wanted = import("a.x", "1", r#""no-op""#);
        for actions in [
            r#""create""#,
            r#""update""#,
            r#""delete""#,
            r#""forget""#,
            r#""delete","create""#,
            r#""surprise""#,
        ] {
            let other = format!(
                r#"{{"address":"a.y","mode":"managed","type":"a","change":{{"actions":[{actions}]}}}}"#
            );
            assert_eq!(
                judge_one(&[&wanted, &other], true),
                Judgement::Foreign(["a.y".into()].into()),
                "{actions}"
            );
        }
        let import_of_others = import("a.y", "9", r#""no-op""#);
        assert_eq!(
            judge_one(&[&wanted, &import_of_others], true),
            Judgement::Foreign(["a.y".into()].into())
        );
    }

    #[test]
    fn an_errored_plan_is_never_acceptable() {
        let json = br#"{"format_version":"1.2","planned_values":{},"errored":true}"#;
        let plan = PlanDocument::read(json).unwrap();
        assert_eq!(judge(&plan, &BTreeMap::new(), &BTreeSet::new()), Judgement::Errored);
    }

    #[test]
    fn recorded_plans_of_home_are_judged_by_what_they_do() {
        let judge_recorded = |path: &str| {
            let plan = PlanDocument::read(&fixture(path)).unwrap();
            let change = &plan.changes()[0];
            let id = EntityId::new(change.import_id.clone().unwrap());
            let wanted = BTreeMap::from([(address(&change.address), id)]);
            judge(&plan, &wanted, &BTreeSet::new())
        };
        assert_eq!(
            judge_recorded("provider-samples/plan-import-home-with-flag.json"),
            Judgement::Acceptable
        );
        assert!(matches!(
            judge_recorded("provider-samples/plan-import-home-without-flag.json"),
            Judgement::Unfit(unfit) if unfit.values().all(|reason| *reason == Unfit::Destroys)
        ));
    }
}
