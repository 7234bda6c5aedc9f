//! Names that the plan itself brings into each other's way.

use super::row::{Page, Remedy, Row, Told};
use crate::address::Address;
use crate::facts::Facts;
use crate::finding::{Evidence, Reason};
use crate::hint::{CommandLine, Hint};
use crate::kinds;
use crate::name::{self, Likeness};
use crate::survey::{Change, Planned};

pub(crate) struct UnknownName;

impl Row for UnknownName {
    fn page(&self) -> Page {
        Page {
            title: "the name is known only after apply",
            meaning: "The name is built from something that does not exist yet, or the object is below a parent that is not in the state yet, so nothing can be compared.",
            fix: "Nothing in this round; a later round sees the name once its parts are known, so a child follows its adopted parent by itself.",
            example: "name = \"Team ${genesyscloud_auth_division.a.id}\"",
        }
    }

    fn rule(&self, facts: &Facts<'_, '_>) -> Option<Evidence> {
        let is_unknown = facts.makes_an_object() && facts.wanted.is_none();
        let parent = facts.subject.planned.and_then(Planned::awaited_parent);
        is_unknown.then(|| match parent.and_then(kinds::of_terraform_type) {
            Some(parent) => Evidence::because(Reason::ParentFirst(parent.words.noun)),
            None => Evidence::default(),
        })
    }

    fn message(&self, told: &Told<'_>) -> String {
        match told.evidence.reason {
            Reason::ParentFirst(parent) => format!(
                "It is looked up once its {parent} is in the state: after adopting that one, `divvy fix` goes on with this by itself."
            ),
            _ => "The name is known only after apply; nothing can be compared yet.".to_owned(),
        }
    }

    fn hints(&self, told: &Told<'_>, terraform: &str) -> Vec<Hint> {
        let run = CommandLine::divvy("run --").word(terraform).words("apply");
        match told.evidence.reason {
            Reason::ParentFirst(parent) => {
                vec![run.because(format!("if the {parent} is new")).into()]
            }
            _ => vec![run.into()],
        }
    }
}

pub(crate) struct ReplaceCycle;

impl Row for ReplaceCycle {
    fn page(&self) -> Page {
        Page {
            title: "a create_before_destroy replacement meets its own name",
            meaning: "Terraform would make the new object before it deletes the old one, and the old one has the name.",
            fix: "Nothing. Remove create_before_destroy for this block, or rename first.",
            example: "lifecycle { create_before_destroy = true }",
        }
    }

    fn rule(&self, facts: &Facts<'_, '_>) -> Option<Evidence> {
        let mut exact = facts.exact.iter();
        if facts.creates() {
            // What such a replacement left behind when it was cut short: imported, it would be deleted.
            let (entity, holder) =
                exact.find_map(|entity| Some((entity, facts.deposed_holder(&entity.id)?)))?;
            let tracked_id = Some(holder.id.clone());
            return Some(Evidence { tracked_id, ..Evidence::of(entity) });
        }
        let Some(Change::Replace { create_first: true }) = facts.change() else {
            return None;
        };
        let tracked = facts.subject.tracked?;
        let entity = exact.find(|entity| entity.id == tracked.id)?;
        let tracked_id = Some(tracked.id.clone());
        Some(Evidence { tracked_id, ..Evidence::of(entity) })
    }

    fn message(&self, told: &Told<'_>) -> String {
        let Told { tracked_id, name, .. } = told;
        format!(
            "The replacement is made before {tracked_id} goes, and that one has the name {name}: 409."
        )
    }

    fn hints(&self, _told: &Told<'_>, _terraform: &str) -> Vec<Hint> {
        vec!["remove create_before_destroy from this block".into()]
    }

    fn remedy(&self, _evidence: &Evidence) -> Remedy {
        Remedy::Elsewhere
    }
}

/// Returns whether a name that is to be taken over is left by its holder in the same apply, and the
/// evidence; `None` where no name is taken over from anything that has it.
pub(super) fn rename(facts: &Facts<'_, '_>) -> Option<(bool, Evidence)> {
    let own_id = facts.subject.tracked.map(|tracked| &tracked.id);
    let is_create = match facts.change()? {
        Change::Create => true,
        _ if facts.renames() => false,
        _ => return None,
    };
    let entity = facts.exact.iter().find(|entity| Some(&entity.id) != own_id)?;
    let holders = facts.other_holders(&entity.id);
    let leaves = holders.iter().any(|holder| {
        facts.planned_at(&holder.address).is_some_and(|planned| {
            let renames_away = planned.stays()
                && planned
                    .wanted_key()
                    .is_some_and(|key| name::compare_keys(&key, &entity.key) != Likeness::Equal);
            renames_away || (planned.change == Change::Delete && !is_create)
        })
    });
    if is_create && !leaves {
        return None;
    }
    let others = facts.other_addresses(&entity.id);
    Some((leaves, Evidence { others, tracked_id: own_id.cloned(), ..Evidence::of(entity) }))
}

pub(crate) struct RenameChain;

impl Row for RenameChain {
    fn page(&self) -> Page {
        Page {
            title: "planned renames hand names on to one another",
            meaning: "An entry was inserted into (or taken out of) a `count` list, so each instance takes its neighbour's name. The API refuses the first of them with 409, in an order that nobody controls.",
            fix: "Nothing, before anything is renamed. Use for_each with the names as keys, or `moved` blocks.",
            example: "[0] A -> X, [1] B -> A, [2] creates B",
        }
    }

    fn rule(&self, facts: &Facts<'_, '_>) -> Option<Evidence> {
        rename(facts).and_then(|(leaves, evidence)| leaves.then_some(evidence))
    }

    fn message(&self, told: &Told<'_>) -> String {
        let Told { name, id, others, .. } = told;
        format!(
            "It takes the name {name} from {id}, which {others} gives up in the same apply. Depending on the order, the API answers 409 or the two swap."
        )
    }

    fn hints(&self, _told: &Told<'_>, _terraform: &str) -> Vec<Hint> {
        vec!["use for_each with the names as keys, or `moved` blocks".into()]
    }

    fn remedy(&self, _evidence: &Evidence) -> Remedy {
        Remedy::Elsewhere
    }
}

pub(crate) struct RenameClash;

impl Row for RenameClash {
    fn page(&self) -> Page {
        Page {
            title: "a planned rename goes to a name that another entity has",
            meaning: "The update (PUT) will be refused with 409. Afterwards the state claims the new name although the org kept the old one: believe the API.",
            fix: "Nothing. Choose another name, or adopt the entity that has it.",
            example: "\"Engineering\" -> \"Taken\", and \"Taken\" exists",
        }
    }

    fn rule(&self, facts: &Facts<'_, '_>) -> Option<Evidence> {
        rename(facts).and_then(|(leaves, evidence)| (!leaves).then_some(evidence))
    }

    fn message(&self, told: &Told<'_>) -> String {
        let Told { name, id, .. } = told;
        format!(
            "It is to be renamed to {name}, and {id} has that name: the update will be refused with 409."
        )
    }

    fn hints(&self, told: &Told<'_>, _terraform: &str) -> Vec<Hint> {
        vec![format!("choose another name, or adopt the {} that has this one", told.noun).into()]
    }

    fn remedy(&self, _evidence: &Evidence) -> Remedy {
        Remedy::Elsewhere
    }
}

pub(crate) struct DuplicateInConfig;

impl Row for DuplicateInConfig {
    fn page(&self) -> Page {
        Page {
            title: "two addresses want one name in one org",
            meaning: "One of them would be created (or is tracked), the other refused with 409; which one is chance.",
            fix: "Nothing. Remove one block, or give it another name.",
            example: "genesyscloud_auth_division.retail and module.shops.genesyscloud_auth_division.this",
        }
    }

    fn rule(&self, facts: &Facts<'_, '_>) -> Option<Evidence> {
        if !facts.creates() {
            return None;
        }
        let home_rivals = facts.home_rivals();
        if facts.wants_home() && !home_rivals.is_empty() {
            let others = home_rivals.into_iter().cloned().collect();
            return Some(Evidence { others, ..Evidence::because(Reason::HomeTwice) });
        }
        let mut others: Vec<Address> = facts.rivals().into_iter().cloned().collect();
        let entity = facts.exact.first();
        for holder in entity.into_iter().flat_map(|entity| facts.other_holders(&entity.id)) {
            if facts.planned_at(&holder.address).is_some_and(Planned::stays)
                && !others.contains(&holder.address)
            {
                others.push(holder.address.clone());
            }
        }
        if others.is_empty() {
            return None;
        }
        let evidence = entity.map(|entity| Evidence::of(entity)).unwrap_or_default();
        Some(Evidence { others, ..evidence })
    }

    fn message(&self, told: &Told<'_>) -> String {
        let Told { name, others, .. } = told;
        match told.evidence.reason {
            Reason::HomeTwice => {
                format!("It claims the home division, and so does {others}.")
            }
            _ => format!("{name} is also wanted by {others}: one gets it, the other a 409."),
        }
    }

    fn hints(&self, _told: &Told<'_>, _terraform: &str) -> Vec<Hint> {
        vec!["remove one of the blocks, or give it another name".into()]
    }

    fn remedy(&self, _evidence: &Evidence) -> Remedy {
        Remedy::Elsewhere
    }
}
