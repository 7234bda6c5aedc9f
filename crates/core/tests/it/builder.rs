//! Builds small surveys in few words.

use std::collections::BTreeMap;

use divvy_core::decide::{Decision, Policy, decide};
use divvy_core::failure::{Operation, Origin, Shape};
use divvy_core::kinds::division::DIVISION;
use divvy_core::resolve::resolve;
use divvy_core::survey::{
    Alias, AliasTarget, ById, Change, Desired, Listing, Listings, Org, OtherState, Planned,
    StatePresence, Surroundings, Survey, Tracked, TrackedInstance,
};
use divvy_core::{
    Address, Attributes, Entity, EntityId, Failure, Finding, HeadlineKind, Key, OrgId, Resolution,
    Verdict,
};
use serde_json::{Value, json};

/// A survey under construction: one alias, one org, one kind.
#[derive(Clone)]
pub(crate) struct Scene {
    pub(crate) survey: Survey,
}

pub(crate) fn org() -> OrgId {
    OrgId::new("org-1")
}

pub(crate) fn address(label: &str) -> Address {
    let text = if label.contains('.') {
        label.to_owned()
    } else {
        format!("genesyscloud_auth_division.{label}")
    };
    Address::parse(&text).expect("an address")
}

fn attributes(value: Value) -> Attributes {
    match value {
        Value::Object(attributes) => attributes,
        _ => Attributes::new(),
    }
}

pub(crate) fn entity(id: &str, name: &str) -> Entity {
    Entity {
        kind: &DIVISION,
        id: EntityId::new(id),
        key: Key::name(name),
        attributes: attributes(json!({ "name": name })),
        is_home: false,
    }
}

impl Scene {
    /// An org with Home, a present but empty state, an empty plan.
    pub(crate) fn new() -> Self {
        let home = Entity { is_home: true, ..entity("id-home", "Home") };
        let listing =
            Listing { entities: vec![home].into(), is_complete: true, ..Listing::default() };
        let org_read = Org { listings: Listings::of(&DIVISION, listing), ..Org::default() };
        Self {
            survey: Survey {
                desired: Some(Desired::default()),
                tracked: Some(Tracked { presence: StatePresence::Present, ..Tracked::default() }),
                aliases: BTreeMap::from([(Alias::new("genesyscloud"), AliasTarget::Org(org()))]),
                orgs: BTreeMap::from([(org(), org_read)]),
                failures: Vec::new(),
                chosen: BTreeMap::new(),
                surroundings: Surroundings::default(),
            },
        }
    }

    pub(crate) fn listing(&mut self) -> &mut Listing {
        self.survey
            .orgs
            .get_mut(&org())
            .and_then(|org| org.listings.get_mut(&DIVISION))
            .expect("the scene has a listing")
    }

    pub(crate) fn exists(mut self, id: &str, name: &str) -> Self {
        self.listing().entities.add(entity(id, name));
        self
    }

    pub(crate) fn exists_with(mut self, id: &str, name: &str, description: &str) -> Self {
        let mut made = entity(id, name);
        made.attributes.insert("description".into(), description.into());
        self.listing().entities.push(made);
        self
    }

    pub(crate) fn deleted(mut self, id: &str, name: &str) -> Self {
        self.listing().deleted.get_or_insert_default().push(entity(id, name));
        self
    }

    pub(crate) fn absent(mut self, id: &str) -> Self {
        self.listing().by_id.insert(EntityId::new(id), ById::Absent);
        self
    }

    pub(crate) fn plans(
        mut self,
        label: &str,
        change: Change,
        before: Value,
        after: Value,
    ) -> Self {
        let of = |value: Value| (!value.is_null()).then(|| attributes(value));
        self.survey.desired.get_or_insert_default().planned.push(Planned {
            before: of(before),
            after: of(after),
            ..Planned::new(address(label), &DIVISION, Alias::new("genesyscloud"), change)
        });
        self
    }

    pub(crate) fn last(mut self, edit: impl FnOnce(&mut Planned)) -> Self {
        edit(
            self.survey
                .desired
                .as_mut()
                .and_then(|desired| desired.planned.last_mut())
                .expect("a planned instance"),
        );
        self
    }

    pub(crate) fn creates(self, label: &str, name: &str) -> Self {
        self.plans(
            label,
            Change::Create,
            Value::Null,
            json!({ "name": name, "description": null, "home": null }),
        )
    }

    pub(crate) fn tracks(mut self, label: &str, id: &str, name: &str) -> Self {
        self.survey.tracked.get_or_insert_default().instances.push(TrackedInstance {
            address: address(label),
            kind: &DIVISION,
            provider_alias: None,
            id: EntityId::new(id),
            attributes: attributes(json!({ "name": name, "description": "", "home": false })),
            sensitive: std::collections::BTreeSet::new(),
            is_tainted: false,
            is_deposed: false,
        });
        self
    }

    /// Tracked, planned as a no-op, and there.
    pub(crate) fn manages(self, label: &str, id: &str, name: &str) -> Self {
        let values = json!({ "name": name });
        self.tracks(label, id, name).plans(label, Change::NoOp, values.clone(), values)
    }

    pub(crate) fn failed(mut self, label: &str, name: &str, status: u16) -> Self {
        self.survey.failures.push(failure(label, name, status));
        self
    }

    pub(crate) fn other_state(mut self, label: &str, at: &str, id: &str, name: &str) -> Self {
        let tracked = Self::new().tracks(at, id, name).survey.tracked.expect("tracked");
        self.survey.surroundings.other_states.push(OtherState { label: label.to_owned(), tracked });
        self
    }

    pub(crate) fn resolve(&self) -> Resolution {
        resolve(&self.survey)
    }

    pub(crate) fn finding(&self, label: &str) -> Finding {
        let wanted = address(label);
        self.resolve()
            .findings
            .into_iter()
            .find(|finding| finding.address.as_ref() == Some(&wanted))
            .expect("a finding for this address")
    }

    pub(crate) fn verdict(&self, label: &str) -> Verdict {
        self.finding(label).verdict
    }

    pub(crate) fn headlines(&self) -> Vec<HeadlineKind> {
        self.resolve().headlines.iter().map(|headline| headline.kind).collect()
    }

    pub(crate) fn decision(&self, label: &str, policy: &Policy) -> Decision {
        let survey = Survey { chosen: policy.ids.clone(), ..self.survey.clone() };
        let wanted = address(label);
        let mut all = decide(resolve(&survey), policy).all.into_iter();
        let one = all.find(|one| one.finding.address.as_ref() == Some(&wanted));
        one.expect("a finding for this address").decision
    }
}

pub(crate) fn failure(label: &str, name: &str, status: u16) -> Failure {
    Failure {
        unit: None,
        address: Some(address(label)),
        terraform_type: Some(DIVISION.terraform_type.to_owned()),
        operation: Operation::Create,
        shape: Shape::Refused,
        status: Some(status),
        method: Some("POST".to_owned()),
        path: Some(DIVISION.collection.to_owned()),
        name: Some(name.to_owned()),
        correlation_id: None,
        summary: String::new(),
        line: 1,
        damage: Vec::new(),
        is_self_made: false,
        origin: Origin::Log,
    }
}
