//! The report at the end of a run: ids are joined with the state, which tells the addresses that the
//! plugin protocol does not.
//!
//! Never decides. Invariant: nothing goes to stdout, which is Terraform's.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use divvy_core::Decided;
use divvy_core::survey::{Alias, AliasTarget};
use divvy_terraform::Blocks;

use crate::report::{Command, Outcome, Place, Report, RunInfo};
use crate::run::ledger::{Conclusion, Ledger, Places};

/// Makes the report of a run; `name_of` names a file of the configuration.
pub(crate) fn report(
    ledger: Ledger,
    places: &Places,
    blocks: &Blocks,
    name_of: impl Fn(&Path) -> String,
    mut info: RunInfo,
) -> Report {
    let mut conclusion = ledger.conclude(places);
    name_aliases(&mut conclusion, places);
    sort(&mut conclusion);
    let all = conclusion.decisions.all.iter();
    let addresses = all.filter_map(|one| one.finding.address.as_ref());
    let blocks_at = addresses.filter_map(|address| {
        let place = blocks.resource(address)?;
        Some((address.clone(), Place { file: name_of(&place.file), line: place.line }))
    });
    info.places = blocks_at.collect();
    // Only creates are known of the plan: no word on all that is pending.
    info.orgs = RunInfo::of(&conclusion.survey, &conclusion.credentials_from).orgs;
    info.is_carried_out = conclusion.has_adopted;
    Report::new(Command::Run, &conclusion.decisions, info)
}

/// Returns whether a person should read it: Terraform has said all else.
pub(crate) fn is_worth_reading(report: &Report) -> bool {
    let is_told = |outcome| !matches!(outcome, Outcome::Created | Outcome::LeftAlone);
    report.findings.iter().any(|finding| is_told(finding.outcome))
        || report.headline.is_some()
        || !report.notes.is_empty()
}

/// Puts the findings in the order of their addresses, which are known only now; those without come
/// last, by name.
fn sort(conclusion: &mut Conclusion) {
    conclusion.decisions.all.sort_by_cached_key(|Decided { finding, .. }| {
        (finding.address.is_none(), finding.address.clone(), finding.name.clone())
    });
}

/// Gives each provider configuration the name that the state has for it.
fn name_aliases(conclusion: &mut Conclusion, places: &Places) {
    let mut names: BTreeMap<Alias, Alias> = BTreeMap::new();
    let told: HashMap<_, _> = places.values().map(|(address, told)| (address, told)).collect();
    for Decided { finding, .. } in &conclusion.decisions.all {
        let Some((alias, address)) = finding.alias.as_ref().zip(finding.address.as_ref()) else {
            continue;
        };
        let Some(told) = told.get(address) else { continue };
        let local = alias.as_str().split('.').next().unwrap_or_default();
        let name = match told {
            Some(told) => format!("{local}.{told}"),
            None => local.to_owned(),
        };
        names.insert(alias.clone(), Alias::new(name));
    }
    let labels = std::mem::take(&mut conclusion.labels);
    let named = |alias: &Alias| match (names.get(alias), labels.get(alias)) {
        (Some(name), _) => name.clone(),
        (None, Some(label)) => Alias::new(label),
        (None, None) => alias.clone(),
    };
    for Decided { finding, .. } in &mut conclusion.decisions.all {
        finding.alias = finding.alias.as_ref().map(named);
    }
    // A block that was not known in the plan and is known in the apply was two: the known one counts.
    let mut aliases: Vec<_> = std::mem::take(&mut conclusion.survey.aliases).into_iter().collect();
    aliases.sort_by_key(|(_, target)| matches!(target, AliasTarget::Org(_)));
    conclusion.survey.aliases =
        aliases.into_iter().map(|(alias, target)| (named(&alias), target)).collect();
    let sources = std::mem::take(&mut conclusion.credentials_from);
    conclusion.credentials_from =
        sources.into_iter().map(|(alias, source)| (named(&alias), source)).collect();
}
