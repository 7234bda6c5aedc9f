//! What could not be looked at, and failures that are no taken name.

use super::names;
use super::row::{Page, Remedy, Row, Told, apply};
use crate::facts::Facts;
use crate::failure::{Operation, Origin, Shape};
use crate::finding::{Evidence, Reason};
use crate::hint::{CommandLine, Hint};
use crate::kind::{Adoption, Kind};
use crate::survey::{AliasTarget, Change, Seen};

/// Why a kind is unlisted that nobody asked for.
const UNREAD: &str = "it was not asked for them";

pub(crate) struct UpdatesExisting;

impl Row for UpdatesExisting {
    fn page(&self) -> Page {
        Page {
            title: "nothing to adopt: the apply updates what exists",
            meaning: "Objects of this type exist in every org, or belong to another object. The provider's create updates them, so it meets no taken name.",
            fix: "Nothing. It is printed only where it failed.",
            example: "genesyscloud_routing_settings, genesyscloud_user_roles",
        }
    }

    fn rule(&self, facts: &Facts<'_, '_>) -> Option<Evidence> {
        let is_quiet = facts.updates_existing() && facts.subject.failure.is_none();
        is_quiet.then(Evidence::default)
    }

    fn message(&self, _told: &Told<'_>) -> String {
        "Nothing to adopt: the apply updates what exists.".to_owned()
    }

    fn hints(&self, _told: &Told<'_>, _terraform: &str) -> Vec<Hint> {
        Vec::new()
    }
}

pub(crate) struct Unlisted;

impl Row for Unlisted {
    fn page(&self) -> Page {
        Page {
            title: "the org was asked, but not for entities of this kind",
            meaning: "The listing of this kind was refused or failed, or never asked for, so nothing is known of its names. Whether the apply meets one that exists cannot be predicted.",
            fix: "Nothing. Remove what keeps the listing from being read, then run again.",
            example: "403 from the kind's listing, and the plan creates one",
        }
    }

    fn rule(&self, facts: &Facts<'_, '_>) -> Option<Evidence> {
        let is_asked_of_the_org = facts.makes_an_object() || facts.imports() || facts.renames();
        // Where it would be read is known only once its parents are.
        let is_readable = facts.filling().is_some() || facts.kind.is_some_and(Kind::is_read_whole);
        if !is_asked_of_the_org || facts.listing.is_some() || !is_readable {
            return None;
        }
        let reason = match facts.seen()? {
            Seen::Unlisted(reason) => reason.clone().into_owned(),
            Seen::Listed(_) if facts.filling().is_some() => UNREAD.to_owned(),
            Seen::Listed(_) => return None,
        };
        Some(Evidence { reason: Reason::Unlisted(reason), ..Evidence::default() })
    }

    fn message(&self, told: &Told<'_>) -> String {
        let reason = match &told.evidence.reason {
            Reason::Unlisted(reason) => reason.as_str(),
            _ => UNREAD,
        };
        let plural = told.finding.kind.map_or("entities", |kind| kind.words.plural);
        format!(
            "{} was not looked up: the org's {plural} could not be listed ({reason}).",
            told.name
        )
    }

    fn hints(&self, _told: &Told<'_>, _terraform: &str) -> Vec<Hint> {
        vec![CommandLine::divvy("doctor").into()]
    }

    fn remedy(&self, _evidence: &Evidence) -> Remedy {
        Remedy::Elsewhere
    }
}

pub(crate) struct UnresolvedCredentials;

impl Row for UnresolvedCredentials {
    fn page(&self) -> Page {
        Page {
            title: "the org of this provider configuration could not be asked",
            meaning: "The provider block (or the environment) of this alias leads to no client or token, or the org did not answer to it. Nothing is guessed from another alias.",
            fix: "Nothing. divvy doctor says what is missing; a gc profile for the alias: --org ALIAS=PROFILE.",
            example: "provider \"genesyscloud\" { alias = \"prod\" } with credentials that only CI knows",
        }
    }

    fn rule(&self, facts: &Facts<'_, '_>) -> Option<Evidence> {
        if facts.org.is_some() || !(facts.makes_an_object() || facts.imports()) {
            return None;
        }
        let reason = match facts.alias.and_then(|alias| facts.world.survey.aliases.get(alias)) {
            Some(AliasTarget::Unresolved(reason)) => reason.clone(),
            Some(AliasTarget::Org(_)) | None => "no org is known for it".to_owned(),
        };
        Some(Evidence::because(Reason::Credentials(reason)))
    }

    fn message(&self, told: &Told<'_>) -> String {
        let alias = told.finding.alias.as_ref();
        let alias = alias.map_or("its provider configuration", |alias| alias.as_str());
        let reason = match &told.evidence.reason {
            Reason::Credentials(reason) => reason.as_str(),
            _ => "no credentials",
        };
        format!(
            "{} was not looked up: the org of {alias} could not be asked ({reason}).",
            told.name
        )
    }

    fn hints(&self, told: &Told<'_>, _terraform: &str) -> Vec<Hint> {
        let alias = told.finding.alias.as_ref().map_or("ALIAS", |alias| alias.as_str());
        vec![
            CommandLine::divvy("doctor").into(),
            CommandLine::divvy("check --org").placeholder(format!("{alias}=PROFILE")).into(),
        ]
    }

    fn remedy(&self, _evidence: &Evidence) -> Remedy {
        Remedy::Elsewhere
    }
}

pub(crate) struct NotAConflict;

impl Row for NotAConflict {
    fn page(&self) -> Page {
        Page {
            title: "a failure, but no taken name",
            meaning: "The refused request was not the create of this kind (another method or path, the state's storage, a lock), or the org, fully listed, has no such name any more.",
            fix: "Nothing. Usually the same apply succeeds when it is run again.",
            example: "409 from PUT /api/v2/architect/schedules/…",
        }
    }

    fn rule(&self, facts: &Facts<'_, '_>) -> Option<Evidence> {
        let failure = facts.subject.failure?;
        // After a refused update the state claims what the org refused: only where every attribute is
        // known is it seen whether it was carried out after all.
        let is_seen_through = failure.operation != Operation::Update
            || facts.kind.is_none_or(|kind| kind.drifting.is_some());
        let is_settled = facts.subject.tracked.is_some() && facts.change() != Some(Change::Update);
        if is_settled && is_seen_through {
            return None;
        }
        if matches!(failure.shape, Shape::StateNotSaved | Shape::Locked) {
            return Some(Evidence::because(Reason::StateStorage));
        }
        if facts.kind.is_none() || facts.updates_existing() || facts.failed_create().is_none() {
            // A clashing rename is better told by its own rule.
            return match names::rename(facts) {
                Some(_) => None,
                None => Some(Evidence::because(Reason::OtherRequest)),
            };
        }
        if !facts.exact.is_empty() || facts.wanted.is_none() || facts.org.is_none() {
            return None;
        }
        let told_duplicate = facts.was_told_duplicate();
        if told_duplicate && (!facts.deleted_twins().is_empty() || !facts.near().is_empty()) {
            return None;
        }
        // An old 409 whose name a full and unrestricted listing lacks is over; a fresh one is not.
        if told_duplicate && (failure.origin == Origin::Live || !facts.absence_is_proof()) {
            return None;
        }
        Some(Evidence::because(Reason::NameIsFree))
    }

    fn message(&self, told: &Told<'_>) -> String {
        let (name, noun) = (&told.name, told.noun);
        match (&told.evidence.reason, told.finding.kind) {
            (Reason::StateStorage, _) => "The state's storage refused or is locked; no entity is in the way. Look after the state first.".to_owned(),
            (Reason::NameIsFree, _) => format!("The create failed, but no {noun} is called {name} now: nothing is in the way any more."),
            (_, Some(kind)) if kind.adoption == Adoption::NotNeeded => format!("The create of a {noun} updates what exists: no taken name is behind this failure."),
            (_, Some(_)) => format!("Not the create of a {noun}: no taken name is behind this failure."),
            (_, None) => "Not the create of a kind that divvy knows: no taken name is behind this failure.".to_owned(),
        }
    }

    fn hints(&self, told: &Told<'_>, terraform: &str) -> Vec<Hint> {
        let mut hints = vec![apply(terraform)];
        if told.evidence.reason == Reason::NameIsFree {
            let page = CommandLine::divvy("explain DVY106");
            hints.push(page.because("if the 409 stays").into());
        }
        hints
    }

    fn remedy(&self, _evidence: &Evidence) -> Remedy {
        Remedy::NothingUnlessChosen
    }
}

pub(crate) struct Hidden;

impl Row for Hidden {
    fn page(&self) -> Page {
        Page {
            title: "the API said 409, and nothing is to be seen",
            meaning: "In order of likelihood: the client's role is granted in some divisions only (a role in Home alone sees Home alone); the listing lags behind; the credentials belong to another org.",
            fix: "Asks. An id that you know is tested and taken with --id ADDR=ID.",
            example: "409 for \"Engineering\", which the listing lacks",
        }
    }

    fn rule(&self, facts: &Facts<'_, '_>) -> Option<Evidence> {
        (facts.lacks_a_match() && facts.was_told_duplicate()).then(Evidence::default)
    }

    fn message(&self, told: &Told<'_>) -> String {
        format!("The API says that {} exists, but this client cannot see it.", told.name)
    }

    fn hints(&self, told: &Told<'_>, _terraform: &str) -> Vec<Hint> {
        vec![
            CommandLine::divvy("doctor").into(),
            "grant the client's role in all divisions (Admin > People & Permissions > Roles); it can take five minutes to act".into(),
            told.choose("ID").because("if you know the id").into(),
        ]
    }

    fn remedy(&self, _evidence: &Evidence) -> Remedy {
        Remedy::Choose { may_be_new: false }
    }
}
