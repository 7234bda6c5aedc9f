//! What the state holds, here or elsewhere.

use super::adopt::keep_attributes;
use super::row::{Page, Remedy, Row, Told, apply, repair};
use crate::changes::{Tense, changes};
use crate::facts::Facts;
use crate::finding::{Evidence, Reason};
use crate::hint::{CommandLine, Hint};
use crate::world::Existence;

pub(crate) struct DoubleTracked;

impl Row for DoubleTracked {
    fn page(&self) -> Page {
        Page {
            title: "one id at two addresses of the state",
            meaning: "Two addresses manage one entity: deleting either destroys it for both.",
            fix: "Nothing. Take one of them out of the state with state rm.",
            example: "state rm genesyscloud_auth_division.old",
        }
    }

    fn rule(&self, facts: &Facts<'_, '_>) -> Option<Evidence> {
        let tracked = facts.subject.tracked?;
        // A `removed` block without destroy is the remedy: after it, one address holds the id.
        if facts.is_forgotten() {
            return None;
        }
        let mut others = facts.other_addresses(&tracked.id);
        others.retain(|other| !facts.forgets(other));
        let tracked_id = Some(tracked.id.clone());
        (!others.is_empty()).then(|| Evidence { others, tracked_id, ..Evidence::default() })
    }

    fn message(&self, told: &Told<'_>) -> String {
        let Told { noun, tracked_id, others, .. } = told;
        format!(
            "The state holds {noun} {tracked_id} here and at {others}: destroying one destroys both."
        )
    }

    fn hints(&self, told: &Told<'_>, terraform: &str) -> Vec<Hint> {
        let remove = CommandLine::of(terraform).words("state rm");
        let others = told.evidence.others.iter();
        others.map(|other| remove.clone().word(other.as_str()).into()).collect()
    }

    fn remedy(&self, _evidence: &Evidence) -> Remedy {
        Remedy::Elsewhere
    }
}

pub(crate) struct Stale;

impl Row for Stale {
    fn page(&self) -> Page {
        Page {
            title: "the state holds an id that is gone; the name lives under another id",
            meaning: "The entity was deleted and made again outside Terraform. The API, asked for the id itself, says 404. An import block is ignored while the address is occupied, so every apply ends in 409.",
            fix: "With --repair: journal, state rm, import of the living id.",
            example: "state: 4f6e… (absent), org: \"Retail\" is 18ae…",
        }
    }

    fn rule(&self, facts: &Facts<'_, '_>) -> Option<Evidence> {
        let tracked_id = Some(facts.absent_id()?.clone());
        match facts.exact.as_slice() {
            [] => None,
            [entity] if entity.is_home && !facts.wants_home() => None,
            [entity] => {
                let others = facts.other_addresses(&entity.id);
                Some(Evidence { tracked_id, others, ..facts.about(entity) })
            }
            _ => {
                let candidates = facts.exact_candidates();
                Some(Evidence { tracked_id, candidates, ..Evidence::default() })
            }
        }
    }

    fn message(&self, told: &Told<'_>) -> String {
        let Told { name, id, tracked_id, others, .. } = told;
        let evidence = told.evidence;
        let gone = format!("The state holds {tracked_id}, which the org no longer has");
        if evidence.entity.is_none() {
            format!("{gone}; several others have the name {name}: {}.", told.candidates())
        } else if !evidence.others.is_empty() {
            format!("{gone}; {name} is now {id}, and {others} holds that one.")
        } else {
            format!("{gone}; {name} is now {id}.")
        }
    }

    fn hints(&self, told: &Told<'_>, _terraform: &str) -> Vec<Hint> {
        match self.remedy(told.evidence) {
            Remedy::Replace => vec![repair()],
            _ => vec![CommandLine::divvy("explain DVY115").into()],
        }
    }

    fn remedy(&self, evidence: &Evidence) -> Remedy {
        if evidence.entity.is_some() && evidence.others.is_empty() {
            Remedy::Replace
        } else {
            Remedy::Elsewhere
        }
    }
}

pub(crate) struct Gone;

impl Row for Gone {
    fn page(&self) -> Page {
        Page {
            title: "the state holds an id that is gone, and the name is free",
            meaning: "The entity was deleted outside Terraform. The next apply makes it again.",
            fix: "Nothing.",
            example: "state: 4f6e… (absent), no \"Retail\" in the org",
        }
    }

    fn rule(&self, facts: &Facts<'_, '_>) -> Option<Evidence> {
        let tracked_id = Some(facts.absent_id()?.clone());
        facts.exact.is_empty().then(|| Evidence { tracked_id, ..Evidence::default() })
    }

    fn message(&self, told: &Told<'_>) -> String {
        let Told { tracked_id, name, .. } = told;
        format!(
            "The state holds {tracked_id}, which the org no longer has, and {name} is free: the next apply creates it again."
        )
    }

    fn hints(&self, _told: &Told<'_>, terraform: &str) -> Vec<Hint> {
        vec![apply(terraform)]
    }
}

pub(crate) struct Tainted;

impl Row for Tainted {
    fn page(&self) -> Page {
        Page {
            title: "tainted: the next apply deletes the real entity and makes another",
            meaning: "An earlier create was interrupted after the entity was made. Destroying it would lose its members and grants, and the new one gets another id.",
            fix: "With --repair: untaint.",
            example: "an apply that was stopped while the provider waited for a reply",
        }
    }

    fn rule(&self, facts: &Facts<'_, '_>) -> Option<Evidence> {
        let tracked = facts.subject.tracked.filter(|tracked| tracked.is_tainted)?;
        if facts.is_forgotten() {
            return None;
        }
        let evidence = match facts.existence() {
            Some(Existence::Present(entity)) => Evidence::of(entity),
            _ => Evidence::default(),
        };
        Some(Evidence { tracked_id: Some(tracked.id.clone()), ..evidence })
    }

    fn message(&self, told: &Told<'_>) -> String {
        let Told { name, tracked_id, .. } = told;
        format!(
            "{name} ({tracked_id}) is tainted: the next apply would delete it and make another."
        )
    }

    fn hints(&self, _told: &Told<'_>, _terraform: &str) -> Vec<Hint> {
        vec![repair()]
    }

    fn remedy(&self, evidence: &Evidence) -> Remedy {
        if evidence.entity.is_some() { Remedy::Untaint } else { Remedy::Elsewhere }
    }
}

pub(crate) struct Moved;

impl Row for Moved {
    fn page(&self) -> Page {
        Page {
            title: "the entity is tracked at an address that the configuration no longer has",
            meaning: "The address was renamed (or got a key) without a `moved` block. The plan deletes (or, with a removed block, forgets) the live entity under the old address while it creates the new one: a 409, or a loss.",
            fix: "Never imports. With --repair: state mv.",
            example: "state: region (no key), configuration: region[\"EMEA\"]",
        }
    }

    fn rule(&self, facts: &Facts<'_, '_>) -> Option<Evidence> {
        let entity = facts.only_match()?;
        let others = facts.other_addresses(&entity.id);
        let reason = if others.iter().all(|other| facts.forgets(other)) {
            Reason::HolderIsForgotten
        } else {
            Reason::Plain
        };
        (!others.is_empty()).then(|| Evidence { others, reason, ..facts.about(entity) })
    }

    fn message(&self, told: &Told<'_>) -> String {
        let Told { name, id, others, .. } = told;
        let does = match told.evidence.reason {
            Reason::HolderIsForgotten => {
                "forgets it there (removed block) and creates another here: 409"
            }
            _ => "would delete it",
        };
        format!(
            "{name} ({id}) is already managed, at {others}, which the configuration no longer has: the plan {does}."
        )
    }

    fn hints(&self, told: &Told<'_>, _terraform: &str) -> Vec<Hint> {
        match told.evidence.others.as_slice() {
            [from] => {
                let to = told.address();
                vec![
                    repair(),
                    format!("or add a moved block with from = {from} and to = {to}").into(),
                ]
            }
            _ => vec![CommandLine::divvy("explain DVY124").into()],
        }
    }

    fn remedy(&self, evidence: &Evidence) -> Remedy {
        match evidence.others.as_slice() {
            [from] => Remedy::Move(from.clone()),
            _ => Remedy::Elsewhere,
        }
    }
}

pub(crate) struct OtherOwner;

impl Row for OtherOwner {
    fn page(&self) -> Page {
        Page {
            title: "another state manages this entity",
            meaning: "A state named with --other-state holds the id. With two owners, a destroy in either deletes it for both.",
            fix: "Asks. Take it out there first (removed block, state rm), or use a data source here.",
            example: "roots/legacy holds it as genesyscloud_auth_division.claims",
        }
    }

    fn rule(&self, facts: &Facts<'_, '_>) -> Option<Evidence> {
        let entity = facts.only_match()?;
        let (other_states, others): (Vec<_>, Vec<_>) = facts
            .other_owners(&entity.id)
            .into_iter()
            .map(|(state, tracked)| (state.label.clone(), tracked.address.clone()))
            .unzip();
        (!others.is_empty()).then(|| Evidence { other_states, others, ..facts.about(entity) })
    }

    fn message(&self, told: &Told<'_>) -> String {
        let Told { name, id, others, .. } = told;
        let states = told.evidence.other_states.join(", ");
        format!("{name} ({id}) is managed by another state: {states} as {others}.")
    }

    fn hints(&self, told: &Told<'_>, terraform: &str) -> Vec<Hint> {
        let data_source = told.finding.kind.map_or("", |kind| kind.data_source);
        let mut hints = vec![
            format!("take it out there first: a removed block with destroy = false, or {terraform} state rm").into(),
            format!("or use data \"{data_source}\" here").into(),
        ];
        if let Some(entity) = &told.evidence.entity {
            hints.push(told.choose(entity.id.as_str()).because("to move it here now").into());
        }
        hints
    }

    fn remedy(&self, _evidence: &Evidence) -> Remedy {
        Remedy::Choose { may_be_new: false }
    }
}

pub(crate) struct Managed;

impl Row for Managed {
    fn page(&self) -> Page {
        Page {
            title: "tracked and well",
            meaning: "The state's id exists, and nothing is in its way. Where the configuration has another name than the org, the next apply renames the live entity.",
            fix: "Nothing; it is printed only where the next apply renames it.",
            example: "genesyscloud_auth_division.eng",
        }
    }

    /// Always answers: it is the last one that is asked.
    fn rule(&self, facts: &Facts<'_, '_>) -> Option<Evidence> {
        let tracked_id = facts.subject.tracked.map(|tracked| tracked.id.clone());
        let evidence = match facts.existence() {
            // The live entity is called something else: an adopted near name, or a refused rename.
            Some(Existence::Present(entity)) if facts.stays() && !facts.keeps_its_key() => {
                Evidence { drift: facts.changes_to(entity), ..Evidence::of(entity) }
            }
            _ => Evidence::default(),
        };
        Some(Evidence { tracked_id, ..evidence })
    }

    fn message(&self, told: &Told<'_>) -> String {
        match changes(&told.evidence.drift, Tense::Coming) {
            Some(changes) => {
                format!("{} is managed here, and the next apply {changes}.", told.id)
            }
            None => format!("{} is managed.", told.name),
        }
    }

    fn hints(&self, told: &Told<'_>, _terraform: &str) -> Vec<Hint> {
        keep_attributes(&told.evidence.drift)
    }
}
