//! Findings and headlines: what [`crate::resolve`] answers with, and on what evidence.
//!
//! Types only. Invariants: a finding says what *is*, what is done about it is [`crate::decide`]; values
//! in it are [`Shown`], and [`crate::resolve`] has let the sensitive ones go.

use std::sync::Arc;

use crate::address::Address;
use crate::alias::Alias;
pub use crate::drift::Drift;
use crate::entity::{Entity, EntityId, OrgId};
use crate::failure::Failure;
use crate::kind::Kind;
use crate::name::Difference;
use crate::shown::{Shown, ShownEntity};
use crate::verdict::{HeadlineKind, Verdict};

/// An entity that could be meant, and how its key differs from the wanted one.
#[derive(Clone, Debug, PartialEq)]
pub struct Candidate {
    /// The entity.
    pub entity: ShownEntity,
    /// In which ways its key differs; empty for an exact match.
    pub differs: Vec<Difference>,
}

impl Candidate {
    /// An entity that has the wanted key.
    pub(crate) fn exact(entity: &Entity) -> Self {
        Self { entity: entity.into(), differs: Vec::new() }
    }
}

/// Why exactly a rule answered, where one verdict has several reasons.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Reason {
    /// The verdict says it all.
    #[default]
    Plain,
    /// The text says why the kind was not listed.
    Unlisted(String),
    /// The text says why no credentials were found.
    Credentials(String),
    /// The id of its parent, of this noun, is not known yet.
    ParentFirst(&'static str),
    /// A refused request that is not the create of this kind.
    OtherRequest,
    /// The state could not be saved, or is locked.
    StateStorage,
    /// The create failed and the org, fully listed, lacks the name.
    NameIsFree,
    /// The plan's own import is right.
    ImportIsRight,
    /// The plan's own import names an id that the org has not.
    ImportedIdAbsent,
    /// The plan's own import names an id that this client does not see, which proves nothing.
    ImportedIdUnseen,
    /// The plan's own import names an entity with another key.
    ImportedNameDiffers,
    /// The plan's own import names the home entity without `home = true`, or another with it.
    ImportedHome,
    /// The name is Home's, and the block lacks `home = true`.
    HomeFlagMissing,
    /// `home = true`, and the name is another entity's.
    HomeNameOfAnother,
    /// `home = true`, and nobody has the name: Home would be renamed.
    HomeRename,
    /// `home = true`, and the name is Home's.
    HomeMatches,
    /// The plan forgets the address that holds the entity (a `removed` block without destroy).
    HolderIsForgotten,
    /// Several blocks claim the home entity.
    HomeTwice,
    /// The failed create was this run's own earlier try.
    SelfMade,
    /// Terraform's own plan of the import was looked at.
    Compared,
    /// A log tells of failures of several units at this address; these are they.
    SeveralUnits(Vec<String>),
}

/// An id that a person may name for an address, and whether it can be taken there.
#[derive(Clone, Debug, PartialEq)]
pub struct Choice {
    /// The id.
    pub id: EntityId,
    /// True for Home, for what another address holds, for what the org has not, and for what the apply
    /// after the import would replace.
    pub is_forbidden: bool,
    /// What an apply after the import would change, its key first.
    pub drift: Vec<Drift>,
}

/// What supports a verdict.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Evidence {
    /// The entity that is meant.
    pub entity: Option<ShownEntity>,
    /// Entities that could be meant.
    pub candidates: Vec<Candidate>,
    /// What an import would find different.
    pub drift: Vec<Drift>,
    /// Other addresses that take part.
    pub others: Vec<Address>,
    /// Labels of other states that take part.
    pub other_states: Vec<String>,
    /// The id that the state holds here.
    pub tracked_id: Option<EntityId>,
    /// Ids that a person may name here: the candidates', and what was named already.
    pub choices: Vec<Choice>,
    /// The failure that the finding explains.
    pub failure: Option<Arc<Failure>>,
    /// Which of the verdict's reasons it is.
    pub reason: Reason,
}

impl Evidence {
    /// The evidence that an entity gives by being there.
    pub(crate) fn of(entity: &Entity) -> Self {
        Self { entity: Some(entity.into()), ..Self::default() }
    }

    /// The evidence where a reason is all of it.
    pub(crate) fn because(reason: Reason) -> Self {
        Self { reason, ..Self::default() }
    }
}

/// One finding.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// The first rule that answered.
    pub verdict: Verdict,
    /// What also applied.
    pub also: Vec<Verdict>,
    /// The kind; `None` for a failure of another type.
    pub kind: Option<&'static Kind>,
    /// The instance; `None` for a failure without an address.
    pub address: Option<Address>,
    /// Its provider configuration.
    pub alias: Option<Alias>,
    /// Its org.
    pub org: Option<OrgId>,
    /// The wanted name (key), as far as it is known.
    pub name: Option<Shown<String>>,
    /// What supports the verdict.
    pub evidence: Evidence,
}

/// Something about the whole run.
#[derive(Clone, Debug, PartialEq)]
pub struct Headline {
    /// Which one.
    pub kind: HeadlineKind,
    /// The org that it is about, if it is about one.
    pub org: Option<OrgId>,
    /// How many instances it rests on (tracked ids absent, planned names that exist, creates).
    pub count: usize,
    /// The number that `count` is compared with (tracked ids, planned creates, head-room).
    pub of: usize,
}

impl Finding {
    /// Returns what an apply would change in the entity of this id once the address holds it.
    pub fn differences(&self, id: &EntityId) -> &[Drift] {
        let choice = self.evidence.choices.iter().find(|choice| choice.id == *id);
        choice.map_or(&self.evidence.drift, |choice| &choice.drift)
    }

    /// Returns the finding as Terraform's own plan of the import leaves it: what an apply would change in
    /// the entity, or would replace it for.
    #[must_use]
    pub fn as_planned(mut self, drift: Vec<Drift>, is_replaced: bool) -> Self {
        let is_adoption = matches!(
            self.verdict,
            Verdict::Adopt | Verdict::AdoptWithDrift | Verdict::WouldReplace
        );
        if is_adoption && self.evidence.reason == Reason::Plain {
            self.evidence.reason = Reason::Compared;
        }
        if is_adoption && is_replaced {
            self.verdict = Verdict::WouldReplace;
        } else if is_adoption && !drift.is_empty() {
            self.verdict = Verdict::AdoptWithDrift;
        }
        if !drift.is_empty() {
            for choice in &mut self.evidence.choices {
                choice.drift.clone_from(&drift);
            }
            self.evidence.drift = drift;
        }
        self
    }

    /// Returns the failure that it explains.
    pub fn failure(&self) -> Option<&Failure> {
        self.evidence.failure.as_deref()
    }
}

/// What follows from a survey.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Resolution {
    /// About the run, the weightiest first.
    pub headlines: Vec<Headline>,
    /// About instances, by address; failures without one come last.
    pub findings: Vec<Finding>,
}
