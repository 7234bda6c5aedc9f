//! Carries decisions out: moves, untaints, removals, and one adoption for all imports.
//!
//! Never decides. Invariant: what is about to be done stands in the journal first, with the ids
//! that would be needed to undo it; killed at any point, the next `fix` finds the rest to do.

use std::collections::BTreeSet;

use divvy_core::decide::{Action, Decided, Decision, Expect, Question};
use divvy_core::drift::{Drift, attribute_name};
use divvy_core::shown::Shown;
use divvy_core::survey::Change;
use divvy_core::{Address, Consent, EntityId, Finding, Survey};
use divvy_terraform::{
    Adoption, Difference, Import, LeftOut, Reason, Way, WhenDrifted, WorkingDirectory,
};
use serde_json::{Value, json};

use crate::error::CommandResult;
use crate::journal::Journal;
use crate::terraform_errors::of_terraform;

/// What became of the decisions of one round.
#[derive(Debug, Default)]
pub(crate) struct Carried {
    /// Each finding that was acted on, with what the decision came to.
    pub(crate) done: Vec<Decided>,
    /// What a person should know, one sentence each.
    pub(crate) notes: Vec<String>,
    /// Whether the state had changed since the look: another run was faster.
    pub(crate) is_overtaken: bool,
}

/// Carries out what is to be done, in an order that never leaves an id at two addresses.
pub(crate) async fn carry_out(
    directory: &WorkingDirectory,
    journal: &Journal,
    acts: Vec<(Finding, Action)>,
    survey: &Survey,
    terraform_version: Option<&str>,
    consent: &Consent,
) -> CommandResult<Carried> {
    let mut carried = Carried::default();
    let mut imports = Vec::new();
    for (finding, action) in acts {
        let Some(address) = finding.address.clone() else { continue };
        record(journal, &finding, &address, &action);
        match &action {
            Action::StateMv { from } => {
                directory.state_mv(consent, from, &address).await.map_err(of_terraform)?;
                carried.done.push(Decided { finding, decision: Decision::Act(action) });
            }
            Action::Untaint => {
                directory.untaint(consent, &address).await.map_err(of_terraform)?;
                carried.done.push(Decided { finding, decision: Decision::Act(action) });
            }
            Action::StateRmImport { id, expect } => {
                directory.state_rm(consent, &address).await.map_err(of_terraform)?;
                imports.push(import(&address, id, *expect));
                carried.done.push(Decided { finding, decision: Decision::Act(action) });
            }
            Action::Import { id, expect } => {
                imports.push(import(&address, id, *expect));
                carried.done.push(Decided { finding, decision: Decision::Act(action) });
            }
        }
    }
    if !imports.is_empty() {
        let done: BTreeSet<_> =
            carried.done.iter().filter_map(|done| done.finding.address.as_ref()).collect();
        let planned = survey.desired.iter().flat_map(|desired| &desired.planned);
        let created = planned
            .filter(|planned| planned.change == Change::Create && !done.contains(&planned.address))
            .map(|planned| planned.address.clone());
        let created = created.collect();
        let adoption = directory
            .adopt(consent, &imports, &created, journal.id(), terraform_version)
            .await
            .map_err(of_terraform)?;
        account_for(&mut carried, &adoption, journal, survey, &directory.terraform().name());
    }
    Ok(carried)
}

/// Makes the import of a decision.
pub(crate) fn import(address: &Address, id: &EntityId, expect: Expect) -> Import {
    let when_drifted = match expect {
        Expect::NoOp => WhenDrifted::LeaveOut,
        Expect::DriftStays => WhenDrifted::ImportOnly,
        Expect::Update => WhenDrifted::Update,
    };
    Import { address: address.clone(), id: id.clone(), when_drifted }
}

/// Writes what is about to be done, and what undoing it would take.
fn record(journal: &Journal, finding: &Finding, address: &Address, action: &Action) {
    let (what, id, from) = match action {
        Action::Import { id, .. } => ("import", Some(id), None),
        Action::StateRmImport { id, .. } => ("state_rm_import", Some(id), None),
        Action::StateMv { from } => {
            ("state_mv", finding.evidence.entity.as_ref().map(|entity| &entity.id), Some(from))
        }
        Action::Untaint => ("untaint", finding.evidence.tracked_id.as_ref(), None),
    };
    journal.write(&json!({
        "event": "action",
        "do": what,
        "address": address,
        "id": id,
        "from": from,
        "tracked_id": finding.evidence.tracked_id,
        "org": finding.org,
    }));
}

impl Carried {
    /// Takes in what Terraform would change after the import at an address; of what it would replace,
    /// the attributes that force it.
    fn learn(&mut self, address: &Address, differences: &[Difference], is_replaced: bool) {
        let forces = differences.iter().any(|one| one.forces_replacement);
        let told =
            differences.iter().filter(|one| !is_replaced || !forces || one.forces_replacement);
        let drift: Vec<_> = told.map(drift_of).collect();
        for one in &mut self.done {
            if one.finding.address.as_ref() == Some(address) {
                let finding = one.finding.clone();
                one.finding = finding.as_planned(drift.clone(), is_replaced);
            }
        }
    }
}

/// Returns what differs as it may be shown.
pub(crate) fn drift_of(difference: &Difference) -> Drift {
    let shown = |value: &Option<Value>| {
        let value = value.clone()?;
        Some(if difference.is_sensitive { Shown::Sensitive } else { Shown::Plain(value) })
    };
    Drift {
        attribute: attribute_name(&difference.attribute),
        config: shown(&difference.after),
        org: shown(&difference.before),
    }
}

/// Names the entity that was to be taken, as the org calls it.
pub(crate) fn name_of(finding: Option<&Finding>) -> String {
    let Some(finding) = finding else { return "object".to_owned() };
    let noun = finding.kind.map_or("object", |kind| kind.words.noun);
    let entity = finding.evidence.entity.as_ref().map(|entity| entity.key.visible());
    match entity.or(finding.name.as_ref().map(Shown::visible)) {
        Some(name) => format!("{noun} {name}"),
        None => noun.to_owned(),
    }
}

/// Turns what Terraform made of the imports into decisions and notes.
fn account_for(
    carried: &mut Carried,
    adoption: &Adoption,
    journal: &Journal,
    survey: &Survey,
    terraform: &str,
) {
    for imported in &adoption.imported {
        carried.learn(&imported.address, &imported.differences, false);
        journal.write(&json!({ "event": "imported", "address": imported.address, "id": imported.id, "updated": imported.updated }));
        // Terraform's word on drift wins over the forecast: it may ignore an attribute.
        if imported.way != Way::Command && !imported.updated {
            let of_import = carried
                .done
                .iter_mut()
                .filter(|one| one.finding.address.as_ref() == Some(&imported.address));
            for one in of_import {
                if let Decision::Act(
                    Action::Import { expect, .. } | Action::StateRmImport { expect, .. },
                ) = &mut one.decision
                {
                    *expect = Expect::NoOp;
                }
            }
        }
    }
    if adoption.imported.iter().any(|imported| imported.way == Way::WholePlan) {
        carried.notes.push("A plan of the targets alone was not possible; the whole plan was checked to import and nothing else.".to_owned());
    }
    let by_command =
        adoption.imported.iter().filter(|imported| imported.way == Way::Command).count();
    if by_command > 0 {
        let were = if by_command == 1 { "was" } else { "were" };
        carried.notes.push(format!("{by_command} {were} imported one by one with `{terraform} import`, which changes nothing in the org."));
    }
    for left in &adoption.left_out {
        carried.is_overtaken |= matches!(left.reason, Reason::NotImported);
        carried.learn(
            &left.address,
            &left.differences,
            matches!(left.reason, Reason::WouldDestroy),
        );
        let tried =
            carried.done.iter().find(|one| one.finding.address.as_ref() == Some(&left.address));
        let (question, why) = why(left, &name_of(tried.map(|one| &one.finding)), survey);
        carried.notes.push(format!("{} was left out: {why}.", left.address));
        for one in &mut carried.done {
            if one.finding.address.as_ref() == Some(&left.address) {
                one.decision = Decision::Ask { question, then: None };
            }
        }
    }
    if !adoption.changed_outputs.is_empty() {
        carried.notes.push(format!(
            "Output values changed with the import: {}.",
            adoption.changed_outputs.join(", ")
        ));
    }
    for check in &adoption.failed_checks {
        carried.notes.push(format!("The check {check} does not hold."));
    }
    for (from, to) in &adoption.moved {
        carried
            .notes
            .push(format!("A pending `moved` block was carried out on the way: {from} to {to}."));
    }
}

/// Says why an import was left out: what it comes to, and a clause that shows nothing sensitive.
pub(crate) fn why(left: &LeftOut, name: &str, survey: &Survey) -> (Question, String) {
    let shown = |text: &str| survey.without_secrets(text, &left.address, &left.id);
    match &left.reason {
        Reason::WouldUpdate => {
            (Question::Drift, "Terraform would change it after the import".to_owned())
        }
        Reason::WouldDestroy => {
            (Question::Elsewhere, "Terraform would delete or replace it".to_owned())
        }
        Reason::NotImported => {
            (Question::Elsewhere, "another run has put it into the state meanwhile".to_owned())
        }
        Reason::OtherIdPlanned => {
            (Question::Elsewhere, "the configuration imports another id there".to_owned())
        }
        Reason::ConditionFails(messages) => (
            Question::Elsewhere,
            format!(
                "the existing {name} ({}) fails a rule of the block: {}",
                left.id,
                shown(messages.join(" ").trim_end_matches('.'))
            ),
        ),
        Reason::NotFound => {
            (Question::Elsewhere, "Terraform finds no object of this id".to_owned())
        }
        Reason::Refused(failure) => (Question::Elsewhere, shown(&failure.diagnostic.summary)),
    }
}

#[cfg(test)]
mod tests {
    use divvy_core::kinds::division::DIVISION;
    use divvy_core::survey::{Alias, Change, Desired, Listing, Listings, Org, Planned};
    use divvy_core::{Attributes, Entity, Key, OrgId};
    use divvy_terraform::{Diagnostic, Failure, FailureKind};

    use super::*;

    fn attributes(json: Value) -> Attributes {
        serde_json::from_value(json).unwrap()
    }

    #[test]
    fn why_an_import_was_refused_is_told_without_what_is_sensitive() {
        let address = Address::parse("genesyscloud_auth_division.x").unwrap();
        let alias = Alias::new("genesyscloud");
        let planned = Planned {
            after: Some(attributes(json!({ "name": "hush-Name", "description": "hush-ours" }))),
            sensitive: ["name".to_owned(), "description".to_owned()].into(),
            ..Planned::new(address.clone(), &DIVISION, alias, Change::Create)
        };
        let entity = Entity {
            kind: &DIVISION,
            id: EntityId::new("id-x"),
            key: Key::name("hush-NAME"),
            attributes: attributes(json!({ "description": "hush-theirs" })),
            is_home: false,
        };
        let listing = Listing { entities: vec![entity].into(), ..Listing::default() };
        let org = Org { listings: Listings::of(&DIVISION, listing), ..Org::default() };
        let survey = Survey {
            desired: Some(Desired { planned: vec![planned], ..Desired::default() }),
            orgs: [(OrgId::new("org"), org)].into(),
            ..Survey::default()
        };
        let told = "hush-Name is no hush-ours, but hush-NAME and hush-theirs";
        let refused = Failure {
            kind: FailureKind::Other,
            program: "terraform".to_owned(),
            subcommand: "import",
            code: Some(1),
            diagnostic: Diagnostic { summary: told.to_owned(), ..Diagnostic::default() },
        };
        for reason in
            [Reason::ConditionFails(vec![told.to_owned()]), Reason::Refused(Box::new(refused))]
        {
            let left = LeftOut {
                address: address.clone(),
                id: EntityId::new("id-x"),
                reason,
                differences: Vec::new(),
            };
            let (_, why) = why(&left, "division", &survey);
            assert!(!why.contains("hush"), "{why}");
            assert!(why.contains("(sensitive value) is no (sensitive value), but"), "{why}");
        }
    }
}
