//! What every verdict has: a rule, a page, a message, hints, and what `fix` may do about it.
//!
//! Types only. Invariant: a verdict that lacks one of them does not compile.

use crate::address::Address;
use crate::drift::{Drift, is_replaced_for};
use crate::entity::EntityId;
use crate::facts::Facts;
use crate::finding::{Candidate, Evidence, Finding};
use crate::hint::{CommandLine, Hint};
use crate::kind::DIVISION_ID;
use crate::shown::Shown;

/// One verdict, whole.
pub(crate) trait Row: Sync {
    /// Returns its page in the catalogue.
    fn page(&self) -> Page;

    /// Returns the evidence for it, where it holds.
    fn rule(&self, facts: &Facts<'_, '_>) -> Option<Evidence>;

    /// Says what it means for one instance, in one or two sentences.
    fn message(&self, told: &Told<'_>) -> String;

    /// Returns what to do next, most useful first. `terraform` is the program as it is typed.
    fn hints(&self, told: &Told<'_>, terraform: &str) -> Vec<Hint>;

    /// Returns what `fix` can do about it.
    fn remedy(&self, _evidence: &Evidence) -> Remedy {
        Remedy::Nothing
    }
}

/// What a page says, apart from code and word.
pub(crate) struct Page {
    /// What it is, in one line.
    pub(crate) title: &'static str,
    /// When it is found, and why.
    pub(crate) meaning: &'static str,
    /// What `divvy fix` does about it.
    pub(crate) fix: &'static str,
    /// What it looks like.
    pub(crate) example: &'static str,
}

/// What `fix` can do about a finding, before anybody was asked.
pub(crate) enum Remedy {
    /// Nothing is to be done.
    Nothing,
    /// Nothing, unless a person named an id: they may know of an entity that the name does not lead to.
    NothingUnlessChosen,
    /// The configuration, the state's owner or the org must change.
    Elsewhere,
    /// Import the entity of the evidence.
    Adopt,
    /// Import the home entity.
    AdoptHome,
    /// A person names the entity. `may_be_new`: or says that none is meant.
    Choose {
        /// Only near names are there.
        may_be_new: bool,
    },
    /// Take the instance out of the state, and import the entity of the evidence.
    Replace,
    /// Move the state's entry from this address.
    Move(Address),
    /// Take the mark `tainted` off.
    Untaint,
}

/// A finding in words.
pub(crate) struct Told<'f> {
    pub(crate) finding: &'f Finding,
    pub(crate) evidence: &'f Evidence,
    pub(crate) noun: &'static str,
    /// The wanted name, quoted.
    pub(crate) name: String,
    /// The id of the entity that is meant.
    pub(crate) id: String,
    /// The id that the state holds.
    pub(crate) tracked_id: String,
    /// The other addresses that take part.
    pub(crate) others: String,
}

impl<'f> Told<'f> {
    pub(crate) fn of(finding: &'f Finding) -> Self {
        let evidence = &finding.evidence;
        let id = |id: Option<&EntityId>| id.map(ToString::to_string).unwrap_or_default();
        Self {
            finding,
            evidence,
            noun: finding.kind.map_or("entity", |kind| kind.words.noun),
            name: finding.name.as_ref().map_or_else(|| "its name".to_owned(), Shown::visible),
            id: id(evidence.entity.as_ref().map(|entity| &entity.id)),
            tracked_id: id(evidence.tracked_id.as_ref()),
            others: match evidence.others.as_slice() {
                // The plugin protocol tells no addresses.
                [] => "another address".to_owned(),
                others => join(others.iter().map(ToString::to_string)),
            },
        }
    }

    /// Returns the address as it is typed, or what stands for one.
    pub(crate) fn address(&self) -> &str {
        self.finding.address.as_ref().map_or("ADDR", Address::as_str)
    }

    /// Returns the label of the block, or `home`.
    pub(crate) fn label(&self) -> &str {
        self.finding.address.as_ref().map_or("home", Address::name)
    }

    /// Returns the command that takes an id for this address.
    pub(crate) fn choose(&self, id: &str) -> CommandLine {
        CommandLine::divvy("fix --id").word(&format!("{}={id}", self.address()))
    }

    /// Returns the commands that take one of the candidates that may be taken, and the other way out.
    pub(crate) fn choices(&self) -> Vec<Hint> {
        let candidates = &self.evidence.candidates;
        let may_be_taken = |candidate: &&Candidate| {
            let mut choices = self.evidence.choices.iter();
            !choices.any(|choice| choice.id == candidate.entity.id && choice.is_forbidden)
        };
        let mut hints: Vec<Hint> = candidates
            .iter()
            .filter(may_be_taken)
            .map(|candidate| self.choose(candidate.entity.id.as_str()).into())
            .collect();
        for candidate in candidates.iter().take(1).filter(|one| !one.differs.is_empty()) {
            let or = if hints.is_empty() { "" } else { "or " };
            let id = &candidate.entity.id;
            let lines: Option<Vec<_>> = self.key_changes(id).map(Drift::line_to_keep).collect();
            hints.push(Hint::Advice(match lines.filter(|lines| !lines.is_empty()) {
                Some(lines) => format!("{or}change the configuration to {}", lines.join(" and ")),
                None => {
                    format!("{or}change the configuration to the name that the org has for {id}")
                }
            }));
        }
        hints
    }

    /// Returns the parts of the key in which the configuration differs from an entity.
    fn key_changes(&self, id: &EntityId) -> impl Iterator<Item = &'f Drift> {
        let key = self.finding.kind.map_or(&[][..], |kind| kind.key);
        let drift = self.finding.differences(id).iter();
        drift.filter(|drift| key.iter().any(|part| part.terraform == drift.attribute))
    }

    /// Reports whether the next apply would replace each candidate, whichever was adopted.
    pub(crate) fn would_replace_every_candidate(&self) -> bool {
        let mut ids = self.evidence.candidates.iter().map(|candidate| &candidate.entity.id);
        self.finding.kind.is_some_and(|kind| {
            ids.len() > 0 && ids.all(|id| is_replaced_for(kind, self.finding.differences(id)))
        })
    }

    /// Names the candidates, each with what differs.
    pub(crate) fn candidates(&self) -> String {
        join(self.evidence.candidates.iter().map(|candidate| {
            let entity = &candidate.entity;
            let differs = join(candidate.differs.iter().map(|way| way.words().to_owned()));
            let division =
                entity.text(DIVISION_ID).map(|division| format!("; division {division}"));
            let division = division.unwrap_or_default();
            let name = entity.key.map(|key| entity.kind.shown_key(key)).visible();
            if differs.is_empty() {
                format!("{name} ({}{division})", entity.id)
            } else {
                format!("{name} ({}{division}; differs in {differs})", entity.id)
            }
        }))
    }
}

pub(crate) fn join(texts: impl Iterator<Item = String>) -> String {
    texts.collect::<Vec<_>>().join(", ")
}

/// Returns the command that repairs the state.
pub(crate) fn repair() -> Hint {
    CommandLine::divvy("fix --repair").into()
}

/// Returns the command that goes on with the apply.
pub(crate) fn apply(terraform: &str) -> Hint {
    CommandLine::of(terraform).words("apply").into()
}
