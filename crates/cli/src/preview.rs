//! What imports would come to, told by Terraform's own plan of them before anybody says yes.
//!
//! Imports nothing. Invariant: a finding changes only by what that plan says of its address.

use divvy_core::decide::{Action, Decision, Decisions, Policy, Question, decide};
use divvy_core::{Address, Consent, Resolution};
use divvy_terraform::{LeftOut, Reason};

use crate::carry_out::{drift_of, import, name_of, why};
use crate::error::CommandResult;
use crate::survey::{Look, Surveyor};
use crate::terraform_errors::of_terraform;

/// What would be done, with what Terraform finds different.
pub(crate) struct Compared {
    pub(crate) decisions: Decisions,
    /// What a person should know, one sentence each.
    pub(crate) notes: Vec<String>,
}

/// Plans the imports that the plain yes would do, and decides anew with what their plan shows.
pub(crate) async fn compare(
    surveyor: &Surveyor<'_>,
    consent: &Consent,
    look: &Look,
    mut resolution: Resolution,
) -> CommandResult<Compared> {
    let policy = Policy::default();
    let decisions = decide(resolution.clone(), &policy);
    let imports: Vec<_> = decisions
        .all
        .iter()
        .filter_map(|one| match (&one.finding.address, one.action()?) {
            (Some(address), Action::Import { id, expect }) => Some(import(address, id, *expect)),
            _ => None,
        })
        .collect();
    if imports.is_empty() {
        let nothing = "Nothing is to be imported, so there was nothing to compare.".to_owned();
        return Ok(Compared { decisions, notes: vec![nothing] });
    }
    let journal = surveyor.begin_journal(consent, "check")?;
    let preview = surveyor
        .directory
        .preview_imports(consent, &imports, journal.id(), look.terraform_version.as_deref())
        .await
        .map_err(of_terraform)?;
    for finding in &mut resolution.findings {
        let Some(address) = &finding.address else { continue };
        let left = preview.left_out.iter().find(|left| left.address == *address);
        let is_clean = preview.imported.iter().any(|imported| imported.address == *address);
        let drift = left.map(|left| left.differences.iter().map(drift_of).collect());
        let is_replaced = left.is_some_and(|left| left.reason == Reason::WouldDestroy);
        if let Some(drift) = drift.or(is_clean.then(Vec::new)) {
            *finding = finding.clone().as_planned(drift, is_replaced);
        }
    }
    let mut compared = Compared { decisions: decide(resolution, &policy), notes: Vec::new() };
    for left in &preview.left_out {
        compared.leave_out(left, look);
    }
    let clean = preview.imported.len();
    let untold = imports.len() - clean - preview.left_out.len();
    let program = surveyor.directory.terraform().name();
    let note = format!(
        "{program} planned the imports: {clean} of {} would change nothing.",
        imports.len()
    );
    compared.notes.push(match untold {
        0 => note,
        _ => format!("{note} {untold} could not be planned, so what they would change is unknown."),
    });
    Ok(compared)
}

impl Compared {
    /// Says of an import that would not be done why, where what differs does not say it.
    fn leave_out(&mut self, left: &LeftOut, look: &Look) {
        let is_told = left.reason == Reason::WouldUpdate && !left.differences.is_empty();
        if is_told || left.reason == Reason::WouldDestroy {
            return;
        }
        let is_it = |address: &Option<Address>| address.as_ref() == Some(&left.address);
        let Some(one) = self.decisions.all.iter_mut().find(|one| is_it(&one.finding.address))
        else {
            return;
        };
        let (_, why) = why(left, &name_of(Some(&one.finding)), &look.survey);
        one.decision = Decision::Ask { question: Question::Elsewhere, then: None };
        self.notes.push(format!("{} would be left out: {why}.", left.address));
    }
}
