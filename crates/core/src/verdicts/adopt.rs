//! What has the wanted name, what nearly has it, and what nothing has.

use super::row::{Page, Remedy, Row, Told};
use crate::changes::{Tense, changes};
use crate::drift::{Drift, is_replaced_for};
use crate::facts::Facts;
use crate::finding::{Evidence, Reason};
use crate::hint::{CommandLine, Hint};
use crate::kind::Visibility;
use crate::name::Difference;

pub(crate) struct Ambiguous;

impl Row for Ambiguous {
    fn page(&self) -> Page {
        Page {
            title: "several entities could be meant",
            meaning: "Several have the name exactly, or none exactly and several nearly. Or a log of several units tells of the address, and which of them is this directory is not known. Nothing is chosen by order.",
            fix: "Asks: --id ADDR=ID, or --unit UNIT for the log.",
            example: "\"claims\" is wanted; \"Claims\" and \"CLAIMS\" exist",
        }
    }

    fn rule(&self, facts: &Facts<'_, '_>) -> Option<Evidence> {
        if !facts.creates() {
            return None;
        }
        if facts.subject.is_of_several_units && !facts.exact.is_empty() {
            // The name leads to an entity, but the log that was given may be about another org's.
            let candidates = facts.exact_candidates();
            let reason = Reason::SeveralUnits(facts.units_of_failures());
            return Some(Evidence { candidates, ..Evidence::because(reason) });
        }
        let candidates = match facts.exact.as_slice() {
            [] => facts.near(),
            _ => facts.exact_candidates(),
        };
        (candidates.len() > 1).then(|| Evidence { candidates, ..Evidence::default() })
    }

    fn message(&self, told: &Told<'_>) -> String {
        let candidates = told.candidates();
        match &told.evidence.reason {
            Reason::SeveralUnits(units) => format!(
                "{candidates} is in the org, and the log tells of this address in {}: which of them is this directory is not known.",
                units.join(" and in ")
            ),
            _ => {
                let are_near = told.evidence.candidates.iter().all(|one| !one.differs.is_empty());
                let rename = if told.would_replace_every_candidate() {
                    " None can be adopted as the block is written: the next apply would delete it and make another.".to_owned()
                } else if are_near {
                    format!(" Whichever is adopted, the next apply renames it to {}.", told.name)
                } else {
                    String::new()
                };
                format!("{} could be any of {candidates}.{rename}", told.name)
            }
        }
    }

    fn hints(&self, told: &Told<'_>, _terraform: &str) -> Vec<Hint> {
        let units = match &told.evidence.reason {
            Reason::SeveralUnits(units) => units.as_slice(),
            _ => &[],
        };
        let fix = CommandLine::divvy("fix --from-log FILE --unit");
        let by_unit = units.iter().map(|unit| fix.clone().word(unit).into());
        by_unit.chain(told.choices()).collect()
    }

    fn remedy(&self, evidence: &Evidence) -> Remedy {
        let may_be_new = evidence.candidates.iter().all(|one| !one.differs.is_empty());
        Remedy::Choose { may_be_new }
    }
}

pub(crate) struct Adopt;

impl Row for Adopt {
    fn page(&self) -> Page {
        Page {
            title: "exists, and can be adopted",
            meaning: "Exactly one entity has this name, no address holds its id, and importing it changes nothing.",
            fix: "Imports it, through a plan that is checked to import and nothing else.",
            example: "\"Engineering\" is 5a0bbc2a-…",
        }
    }

    fn rule(&self, facts: &Facts<'_, '_>) -> Option<Evidence> {
        match_of(facts).filter(|evidence| evidence.drift.is_empty())
    }

    fn message(&self, told: &Told<'_>) -> String {
        let foretells = told.evidence.reason == Reason::Compared
            || told.finding.kind.is_none_or(|kind| kind.drifting.is_some());
        let text = exists(told, "");
        if foretells {
            text
        } else {
            format!(
                "{text} What differs is shown before anything is imported, and by divvy check --diff."
            )
        }
    }

    fn hints(&self, _told: &Told<'_>, _terraform: &str) -> Vec<Hint> {
        vec![CommandLine::divvy("fix").into()]
    }

    fn remedy(&self, _evidence: &Evidence) -> Remedy {
        Remedy::Adopt
    }
}

pub(crate) struct WouldReplace;

impl Row for WouldReplace {
    fn page(&self) -> Page {
        Page {
            title: "exists, and the apply after an import would replace it",
            meaning: "Exactly one entity has this name, but an attribute differs that the provider cannot change in place: the apply after an import would delete the live entity, with all that belongs to it, and make another.",
            fix: "Never imports it, whatever the flags. Make the configuration follow the org, let Terraform ignore what the API never tells, or give the block another name.",
            example: "column_names: configuration [\"phone\", \"mail\"], org [\"phone\"]",
        }
    }

    fn rule(&self, facts: &Facts<'_, '_>) -> Option<Evidence> {
        let kind = facts.kind?;
        match_of(facts).filter(|evidence| is_replaced_for(kind, &evidence.drift))
    }

    fn message(&self, told: &Told<'_>) -> String {
        let changes = changes(&told.evidence.drift, Tense::Conditional);
        let why = changes.map(|changes| format!(", because it {changes}")).unwrap_or_default();
        exists(
            told,
            &format!(", and an apply after an import would delete it and make another{why}"),
        )
    }

    fn hints(&self, told: &Told<'_>, _terraform: &str) -> Vec<Hint> {
        let drift = told.evidence.drift.iter().cloned();
        let (untold, told_of): (Vec<_>, Vec<_>) = drift.partition(|drift| is_untold(told, drift));
        let names: Vec<_> = untold.iter().map(|drift| drift.attribute).collect();
        let ignore = (!names.is_empty()).then(|| {
            let names = names.join(", ");
            Hint::Advice(format!(
                "add lifecycle {{ ignore_changes = [{names}] }} to the block, then divvy fix: the API never tells its {names}, so no import knows it"
            ))
        });
        keep_attributes(&told_of).into_iter().chain(ignore).collect()
    }

    fn remedy(&self, _evidence: &Evidence) -> Remedy {
        Remedy::Elsewhere
    }
}

pub(crate) struct AdoptWithDrift;

impl Row for AdoptWithDrift {
    fn page(&self) -> Page {
        Page {
            title: "exists, but differs from the configuration",
            meaning: "Importing it is right, but the apply after that would change the live entity: a description that the configuration lacks would be blanked.",
            fix: "Asks. --adopt-drifted imports and leaves the org as it is (the plan is not clean then); --accept-drift imports and updates exactly these.",
            example: "description: configuration none, org \"Owned by IT\"",
        }
    }

    fn rule(&self, facts: &Facts<'_, '_>) -> Option<Evidence> {
        match_of(facts).filter(|evidence| !evidence.drift.is_empty())
    }

    fn message(&self, told: &Told<'_>) -> String {
        let (untold, told_of): (Vec<_>, Vec<_>) =
            told.evidence.drift.iter().cloned().partition(|drift| is_untold(told, drift));
        let mut text = match changes(&told_of, Tense::Conditional) {
            Some(changes) => {
                exists(told, &format!(", but differs: an apply after the import {changes}"))
            }
            None => exists(told, ""),
        };
        if !untold.is_empty() {
            let names: Vec<_> = untold.iter().map(|drift| drift.attribute).collect();
            text.push_str(&format!(
                " The API never tells its {}: every import plans to write it again, and an apply after it writes what the configuration says.",
                names.join(" and ")
            ));
        }
        text
    }

    fn hints(&self, told: &Told<'_>, _terraform: &str) -> Vec<Hint> {
        let told_of: Vec<_> =
            told.evidence.drift.iter().filter(|drift| !is_untold(told, drift)).cloned().collect();
        let mut hints = keep_attributes(&told_of);
        hints.extend([
            CommandLine::divvy("fix --adopt-drifted").because("import, org untouched").into(),
            CommandLine::divvy("fix --accept-drift").because("import, then update it").into(),
        ]);
        hints
    }

    fn remedy(&self, _evidence: &Evidence) -> Remedy {
        Remedy::Adopt
    }
}

/// Returns whether the API never tells an attribute, so that nothing is known to differ in it.
fn is_untold(told: &Told<'_>, drift: &Drift) -> bool {
    told.finding.kind.is_some_and(|kind| kind.secrets.contains(&drift.attribute))
}

/// The one entity that has the wanted name.
fn match_of(facts: &Facts<'_, '_>) -> Option<Evidence> {
    let evidence = facts.about(facts.only_match()?);
    let reason = match facts.failed_create() {
        Some(failure) if failure.is_self_made => Reason::SelfMade,
        _ => Reason::Plain,
    };
    Some(Evidence { reason, ..evidence })
}

fn exists(told: &Told<'_>, but: &str) -> String {
    let made = match told.evidence.reason {
        Reason::SelfMade => "; an earlier try of the same run made it",
        _ => "",
    };
    format!("{} exists as {}{but}{made}.", told.name, told.id)
}

/// Says how the configuration can follow an entity that differs, one attribute each.
pub fn keep_attributes(drift: &[Drift]) -> Vec<Hint> {
    let lines = drift.iter().map(|drift| match drift.line_to_keep() {
        Some(line) => format!("keep the org's value: {line}"),
        None => format!(
            "keep the org's value: set {} to what the org has, which is not shown because the configuration holds it to be sensitive",
            drift.attribute
        ),
    });
    lines.map(Hint::from).collect()
}

pub(crate) struct DeletedTwin;

impl Row for DeletedTwin {
    fn page(&self) -> Page {
        Page {
            title: "a deleted entity still has the name",
            meaning: "The create was refused, nothing visible has the name, but the list of deleted ones does.",
            fix: "Says so and prints the request that restores it; divvy never restores by itself, because members and grants come back too.",
            example: "POST /api/v2/authorization/divisions/{id}/restore",
        }
    }

    fn rule(&self, facts: &Facts<'_, '_>) -> Option<Evidence> {
        facts.failed_create()?;
        let twin = *facts.deleted_twins().first()?;
        facts.lacks_a_match().then(|| facts.about(twin))
    }

    fn message(&self, told: &Told<'_>) -> String {
        format!("{} is taken by the deleted {} {}.", told.name, told.noun, told.id)
    }

    fn hints(&self, told: &Told<'_>, _terraform: &str) -> Vec<Hint> {
        let entity = told.evidence.entity.as_ref();
        let restore = told.finding.kind.zip(entity).map(|(kind, entity)| {
            let path = kind.collection;
            format!("restore it: POST {path}/{}/restore, then divvy fix", entity.id).into()
        });
        restore.into_iter().chain(["or choose another name".into()]).collect()
    }

    fn remedy(&self, _evidence: &Evidence) -> Remedy {
        Remedy::Elsewhere
    }
}

pub(crate) struct NearMiss;

impl Row for NearMiss {
    fn page(&self) -> Page {
        Page {
            title: "no exact match, but one nearly",
            meaning: "One entity differs only in letter case, blanks, compatibility characters or look-alike letters. The platform may take both for one name; adopting it would rename it.",
            fix: "Asks: --id ADDR=ID takes it, --new ADDR says that it is another.",
            example: "\"marketing\" is wanted; \"Marketing\" exists",
        }
    }

    fn rule(&self, facts: &Facts<'_, '_>) -> Option<Evidence> {
        if !facts.lacks_a_match() {
            return None;
        }
        let candidates = facts.near();
        let nearest = facts.listing?.entity(&candidates.first()?.entity.id)?;
        let drift = facts.changes_to(nearest);
        Some(Evidence { candidates, drift, ..Evidence::default() })
    }

    fn message(&self, told: &Told<'_>) -> String {
        let mut text = format!("{} is not in the org, but {} is.", told.name, told.candidates());
        if told.would_replace_every_candidate() {
            text.push_str(" It cannot be adopted as the block is written: the next apply would delete it and make another.");
        } else if let Some(changes) = changes(&told.evidence.drift, Tense::Coming) {
            text.push_str(&format!(" If that one is adopted, the next apply {changes}."));
        }
        text
    }

    fn hints(&self, told: &Told<'_>, _terraform: &str) -> Vec<Hint> {
        let new = CommandLine::divvy("fix --new").word(told.address());
        let mut hints = told.choices();
        hints.push(new.because("if it is another").into());
        hints
    }

    fn remedy(&self, _evidence: &Evidence) -> Remedy {
        Remedy::Choose { may_be_new: true }
    }
}

pub(crate) struct Create;

impl Row for Create {
    fn page(&self) -> Page {
        Page {
            title: "not in the org: will be created",
            meaning: "Nothing has this name, so the apply can create it.",
            fix: "Nothing.",
            example: "\"Claims\" is free",
        }
    }

    fn rule(&self, facts: &Facts<'_, '_>) -> Option<Evidence> {
        let mut candidates = facts.namesakes();
        candidates.extend(facts.look_alikes());
        facts.lacks_a_match().then(|| Evidence { candidates, ..Evidence::default() })
    }

    fn message(&self, told: &Told<'_>) -> String {
        let name = &told.name;
        let shows_all =
            told.finding.kind.is_none_or(|kind| kind.visibility == Visibility::WholeOrg);
        let text = if shows_all {
            format!("{name} is not in the org; the apply creates it.")
        } else {
            format!(
                "{name} is not among the {} that this client sees; the apply creates it unless a division hides one.",
                told.finding.kind.map_or("entities", |kind| kind.words.plural)
            )
        };
        let candidates = told.evidence.candidates.as_slice();
        match candidates {
            [] => text,
            [..] if candidates.iter().all(|one| one.differs == [Difference::Division]) => {
                format!("{text} Of that name in another division: {}.", told.candidates())
            }
            _ => format!("{text} It looks like {}.", told.candidates()),
        }
    }

    fn hints(&self, _told: &Told<'_>, _terraform: &str) -> Vec<Hint> {
        Vec::new()
    }

    fn remedy(&self, _evidence: &Evidence) -> Remedy {
        Remedy::NothingUnlessChosen
    }
}
