//! The home entity, which always exists and which no create may touch.

use super::row::{Page, Remedy, Row, Told};
use crate::facts::Facts;
use crate::finding::{Evidence, Reason};
use crate::hint::{CommandLine, Hint};
use crate::world::Existence;

pub(crate) struct Home;

impl Row for Home {
    fn page(&self) -> Page {
        Page {
            title: "the home division, asked for in a way that must not be carried out",
            meaning: "Home always exists. Without `home = true` an import plans to replace it, which ends in 409 and an empty state. With `home = true` under another name, Home is renamed; and an import of an ordinary division with `home = true` deletes that division.",
            fix: "Never imports it as it is; no flag changes that. With --home it adopts Home where the block says `home = true` and has Home's name.",
            example: "resource \"genesyscloud_auth_division\" \"home\" { name = \"Home\" }",
        }
    }

    fn rule(&self, facts: &Facts<'_, '_>) -> Option<Evidence> {
        let is_stale = facts.existence() == Some(Existence::Absent);
        if !facts.makes_an_object() && !is_stale {
            return None;
        }
        if !facts.wants_home() {
            let entity = facts.exact.iter().find(|entity| entity.is_home)?;
            let reason = Reason::HomeFlagMissing;
            return Some(Evidence { reason, ..Evidence::of(entity) });
        }
        if !facts.home_rivals().is_empty() {
            return None;
        }
        let home = facts.home();
        let reason = match (home, facts.exact.as_slice()) {
            (Some(home), [entity]) if entity.id == home.id => Reason::HomeMatches,
            (_, []) => Reason::HomeRename,
            _ => Reason::HomeNameOfAnother,
        };
        let evidence = home.map(|home| facts.about(home)).unwrap_or_default();
        Some(Evidence { reason, ..evidence })
    }

    fn message(&self, told: &Told<'_>) -> String {
        let Told { name, id, .. } = told;
        match told.evidence.reason {
            Reason::HomeNameOfAnother => format!(
                "`home = true`, but {name} is another division: this would end with that division deleted and Home ({id}) renamed."
            ),
            Reason::HomeRename => format!(
                "`home = true`, but Home ({id}) has another name: this apply would rename Home to {name}."
            ),
            Reason::HomeMatches => {
                format!("{name} is the home division ({id}), and the block says so.")
            }
            _ => format!(
                "{name} is the org's home division ({id}), and the block lacks `home = true`: it can be neither created nor imported like this."
            ),
        }
    }

    fn hints(&self, told: &Told<'_>, _terraform: &str) -> Vec<Hint> {
        let special = told.finding.kind.and_then(|kind| kind.special);
        let data_source = special.map_or("", |special| special.data_source);
        let label = told.label();
        let instead =
            format!("use the data source instead: data \"{data_source}\" \"{label}\" {{}}").into();
        match told.evidence.reason {
            Reason::HomeMatches => vec![CommandLine::divvy("fix --home").into()],
            Reason::HomeFlagMissing => {
                vec![instead, "or add home = true to the block, then divvy fix --home".into()]
            }
            _ => vec![instead, "or remove home = true".into()],
        }
    }

    fn remedy(&self, evidence: &Evidence) -> Remedy {
        match evidence.reason {
            Reason::HomeMatches if evidence.entity.is_some() => Remedy::AdoptHome,
            _ => Remedy::Elsewhere,
        }
    }
}
